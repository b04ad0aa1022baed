//! The end of a run: once the faults have stopped and time has passed, nothing may be pending, everything
//! acknowledged is there, our books agree with the gateways', and `verify` finds no fault.

use daegeum_engine::event::Provider;
use daegeum_engine::id::OrderId;
use daegeum_engine::operation::{AnyOperation, OperationState};
use daegeum_engine::order::{AnyOrder, OrderState};
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::store::reader::PaymentFilter;
use daegeum_engine::store::{KeyRange, StoreError};
use daegeum_engine::time::Timestamp;
use daegeum_server::app::App;
use daegeum_server::gateway::plan;
use memchr::memmem;

use crate::books;
use crate::caller::{Caller, Who};
use crate::mock::{self, Did};
use crate::people::office;
use crate::run::{MS, Outcome, Run};
use crate::secrets::{PERSONAL, SECRET};
use crate::town::Town;

/// The longest time to settle once nothing goes wrong any more.
const PATIENCE_MS: u64 = 6 * HOUR_MS;
const HOUR_MS: u64 = 3_600_000;
/// The longest time an unanswered call may go without an inquiry.
const QUIET_MS: u64 = 2 * HOUR_MS + 600_000;
/// How long a person leaves an unanswered call alone.
const PERSON_AFTER_MS: u64 = 3 * HOUR_MS;
/// How often one looks.
const LOOK_MS: u64 = 600_000;

/// Lets time pass until nothing is pending.
pub fn settle(run: &mut Run) -> Result<(), String> {
    if run.town.dice.one_in(2) {
        run.town.clocks.set_ahead(0);
    }
    let mut time = time_goes_on(run, None)?;
    let mut waited = 0;
    mend(run)?;
    let keys_back_at = run.town.dice.below(4) * HOUR_MS;
    let mut reminded = false;
    loop {
        if waited >= keys_back_at {
            run.give_keys_back()?;
            if !std::mem::replace(&mut reminded, true) {
                books::remind(run);
            }
        }
        gateway_speaks(run)?;
        person_looks(run, waited)?;
        if waited < 2 * HOUR_MS && run.town.dice.one_in(2) {
            run.town.send_out(office::office_hours(run.town.clone()));
        }
        run.pass(LOOK_MS)?;
        waited += LOOK_MS;
        time = time_goes_on(run, time)?;
        let hanging = hanging(run)?.or_else(|| books::compare(run).err());
        match hanging {
            None => return Ok(()),
            Some(what) if waited >= PATIENCE_MS => {
                return Err(format!(
                    "after {} minutes without faults: {what}",
                    waited / 60_000
                ));
            }
            Some(_) => {}
        }
    }
}

/// Domain time keeps nearly the pace of true time, wherever the wall clock is; a start may resume at the last
/// record's time.
fn time_goes_on(
    run: &Run,
    before: Option<(u64, Timestamp)>,
) -> Result<Option<(u64, Timestamp)>, String> {
    let Some(app) = run.machine.app() else {
        return Ok(None);
    };
    let (starts, now) = (run.starts(), app.now());
    if let Some((_, then)) = before.filter(|(same, _)| *same == starts) {
        let passed_ms = now.millis_since(then);
        if passed_ms < LOOK_MS - LOOK_MS / 8 {
            return Err(format!(
                "domain time went on by {passed_ms} ms while {LOOK_MS} ms passed"
            ));
        }
    }
    Ok(Some((starts, now)))
}

/// Reads every key of the index, so that damage is detected and mended before anything is counted.
fn mend(run: &mut Run) -> Result<(), String> {
    let everything = KeyRange {
        from: vec![0],
        to: vec![u8::MAX],
        reverse: false,
    };
    let mut why = "the server is down".to_owned();
    for _ in 0..PATIENCE_MS / LOOK_MS {
        let app = run.machine.app().cloned();
        match app.map(|app| app.reader.scan(&everything, usize::MAX / 2)) {
            Some(Ok(_)) => return Ok(()),
            Some(Err(error)) if error.is_passing() => why = error.to_string(),
            Some(Err(error)) => return Err(error.to_string()),
            None => {}
        }
        run.pass(LOOK_MS)?;
    }
    Err(format!("the index was not mended: {why}"))
}

/// The mock gateway says what it did about calls whose callers never learnt that they were made.
fn gateway_speaks(run: &Run) -> Result<(), String> {
    let Some(app) = run.machine.app() else {
        return Ok(());
    };
    for payment in app
        .reader
        .in_flight(None, usize::MAX)
        .map_err(unreadable)?
        .payments
    {
        let core = payment.core();
        if core.provider == Provider::Mock {
            mock::unanswered(&run.town, &core.id.to_string(), core.amount().minor());
        }
    }
    Ok(())
}

/// A person handles everything that waits for one: resolves what the gateway's books can tell, and repeats a
/// cancellation whose refund the gateway refused.
fn person_looks(run: &Run, waited_ms: u64) -> Result<(), String> {
    let Some(app) = run.machine.app() else {
        return Ok(());
    };
    let waiting = app.reader.in_flight(None, usize::MAX).map_err(unreadable)?;
    for payment in waiting.payments {
        let id = payment.core().id.to_string();
        let quiet_ns = run.town.executor.now_ns() - run.town.gateways.last_asked_ns(&id);
        let quiet_ms = (quiet_ns / MS).min(waited_ms);
        if payment.core().provider == Provider::Toss && quiet_ms > QUIET_MS {
            return Err(format!(
                "{id} has no answer, and nobody asks for it any more"
            ));
        }
        if waited_ms > PERSON_AFTER_MS && needs_person(app, &payment) {
            run.town
                .send_out(office::say_what_happened(run.town.clone(), id));
        }
    }
    for id in run.town.orders() {
        let order = app.reader.order(&parsed(&id)?).map_err(unreadable)?;
        if order.is_some_and(|order| order.value.state() == OrderState::CancelRequested) {
            run.town
                .send_out(office::cancel_again(run.town.clone(), id));
        }
    }
    Ok(())
}

fn needs_person(app: &App, payment: &AnyPayment) -> bool {
    let core = payment.core();
    let own = app.gateways.credentials(core.provider);
    plan::needs_person(core, app.now(), own)
}

/// At the end every store can be read: one that cannot is what was found.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn unreadable(error: StoreError) -> String {
    format!("the store cannot be read: {error}")
}

fn parsed(id: &str) -> Result<OrderId, String> {
    OrderId::parse(id).map_err(|error| format!("{error:?}"))
}

/// Everything unfinished that nothing will finish.
fn hanging(run: &Run) -> Result<Option<String>, String> {
    let Some(app) = run.machine.app() else {
        return Ok(Some("the server is down".to_owned()));
    };
    if let Some(why) = run.machine.not_ready() {
        return Ok(Some(format!("the server takes no payments: {why:?}")));
    }
    for id in run.town.orders() {
        let id = parsed(&id)?;
        let Some(order) = app.reader.order(&id).map_err(unreadable)? else {
            return Err(format!("the acknowledged order {id} is not there"));
        };
        let settled = match order.value.state() {
            OrderState::PaymentPending => order.value.core().expires_at > app.now(),
            OrderState::CancelRequested => refund_was_refused(app, &order.value)?,
            _ => true,
        };
        if !settled {
            return Ok(Some(format!(
                "the order {id} is {}",
                order.value.state().name()
            )));
        }
    }
    let page = app
        .reader
        .payments(&PaymentFilter::default(), None, usize::MAX);
    for payment in page.map_err(unreadable)?.payments {
        let id = payment.core().id;
        if payment.core().operation_in_flight() {
            return Ok(Some(format!(
                "the payment {id} waits for its gateway's answer"
            )));
        }
        if payment.core().inquiry_wanted {
            return Ok(Some(format!(
                "there is news of the payment {id}, and nobody asks for it"
            )));
        }
    }
    Ok(None)
}

/// Whether the gateway refuses to refund an order: the merchant was told, and has to ask again.
fn refund_was_refused(app: &App, order: &AnyOrder) -> Result<bool, String> {
    let Some(holder) = order.core().claim.holder() else {
        return Ok(false);
    };
    let payment = app.reader.payment(holder).map_err(unreadable)?;
    let operation = payment.and_then(|payment| match payment.value {
        AnyPayment::Captured(taken) => taken.core().operation.as_ref().map(AnyOperation::state),
        AnyPayment::AwaitingDeposit(account) => {
            account.core().operation.as_ref().map(AnyOperation::state)
        }
        _ => None,
    });
    Ok(operation == Some(OperationState::Refused))
}

/// Counts everything.
pub fn count(run: &mut Run) -> Result<Outcome, String> {
    run.town.send_out(recount(run.town.clone()));
    while run.town.people_out() > 0 {
        run.pass(1_000)?;
    }
    mock_books(run)?;
    run.machine.stop()?;
    let report = run.machine.verify()?;
    if let Some(fault) = report.faults.first() {
        return Err(format!("verify finds: {fault}"));
    }
    let receivable: i128 = report
        .balances
        .iter()
        .filter(|(name, _)| name.starts_with("gateway_receivable|"))
        .map(|(_, minor)| *minor)
        .sum();
    let counted = i128::from(run.audit.receivable());
    if receivable != counted {
        return Err(format!(
            "the gateways owe {receivable} by the balances and {counted} by the records"
        ));
    }
    for (name, bytes) in run.machine.bytes_on_disk() {
        for word in [SECRET, PERSONAL] {
            if memmem::find(&bytes, word).is_some() {
                return Err(format!(
                    "{name} has {} in the clear",
                    String::from_utf8_lossy(word)
                ));
            }
        }
        run.town.trace.note(
            "left on disk:",
            &[name.as_bytes(), &bytes.len().to_le_bytes()],
        );
    }
    Ok(Outcome {
        operations: run.town.operations(),
        records: report.records,
        starts: run.starts(),
        happened: run.audit.happened().clone(),
        hash: run.town.trace.hash(),
    })
}

/// Everything that was ever told to a caller can be read, and has not gone back.
async fn recount(town: Town) {
    let merchant = Caller::new(&town, Who::Merchant);
    let told: Vec<String> = {
        let told = town.told.lock();
        told.shown().map(|(id, _)| id.to_owned()).collect()
    };
    for id in told {
        let kind = if id.starts_with("pay_") {
            "payments"
        } else {
            "orders"
        };
        let path = format!("/api/v1/{kind}/{id}");
        match merchant.read(&path).await {
            Some(answer) if answer.status == 200 => {}
            Some(answer) => {
                town.violated(|| format!("{path} was acknowledged and is answered {}", answer.json))
            }
            None => town.violated(|| format!("{path} is not answered although all is well")),
        }
    }
}

/// The mock gateway's unanswered actions have arrived in our books.
fn mock_books(run: &Run) -> Result<(), String> {
    let mock = run.town.mock.lock();
    for (payment, did) in mock.books() {
        let ours = run.audit.won(payment);
        let theirs = match did {
            Did::Took(won) => won,
            Did::Refused | Did::GaveUp => continue,
        };
        // Of a payment that a person said was taken, the gateway's own amount stands beside ours.
        let booked = ours.came.max(ours.there);
        if booked < theirs {
            return Err(format!(
                "the gateway took {theirs} for {payment} and {booked} are in the books"
            ));
        }
    }
    Ok(())
}
