//! Calls to gateways that are not answered: begun ones are made at once, unanswered ones asked about when their
//! time has come, and those that a restart found without an answer are taken up again.

use std::sync::{Arc, Weak};
use std::time::Duration;

use daegeum_engine::id::PaymentId;
use daegeum_engine::payment::{AnyPayment, PaymentState};
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::store::reader::PaymentFilter;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::App;
use crate::gateway::{calling, plan};

/// How many are taken up in one turn; each waits for a gateway beside the others.
const BATCH: usize = 64;
/// How many calls without an answer a restart takes up at most; the others follow as these end.
const MOST_RESUMED: usize = 10_000;
/// A call that nobody has taken up after this long was forgotten by its task.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(2);
/// How often it is asked whether a transfer has come: no notification tells that its time is over.
const DEPOSITS_EVERY: Duration = Duration::from_mins(10);

/// Makes calls as soon as their intent is committed.
pub async fn begin(app: Weak<App>, mut begun: UnboundedReceiver<PaymentId>) {
    while let Some(id) = begun.recv().await {
        let Some(app) = app.upgrade() else { return };
        let world = Arc::clone(&app.world);
        world.spawn(Box::pin(calling::take_up(app, id)));
    }
}

/// Asks about what is due.
pub async fn run(app: Arc<App>) {
    if app.gateways.all().next().is_none() {
        return;
    }
    let now_ns = app.world.monotonic_ns();
    if app.operations.look_around(now_ns) {
        resume(&app).await;
        ask_because_of_hints(&app, now_ns);
        app.operations.tidy(now_ns, DEPOSITS_EVERY);
        ask_about_deposits(&app, now_ns);
    }
    for id in app.operations.due(now_ns, BATCH) {
        let task = calling::take_up(Arc::clone(&app), id);
        app.world.spawn(Box::pin(task));
    }
}

/// Takes up what nobody has taken up: all of it after a start, later only what was forgotten.
async fn resume(app: &App) {
    let waiting = match app.reader.in_flight(MOST_RESUMED) {
        Ok(waiting) => waiting,
        Err(error) => return tracing::error!(%error, "calls without an answer cannot be read"),
    };
    tell_of_other_keys(app, &waiting);
    tell_of_people(app, &waiting);
    for payment in waiting.iter().filter(|_| !planted::is(Bug::NotResumed)) {
        calling::resume(app, payment.core().id, FORGOTTEN_AFTER).await;
    }
}

/// Asks about the payments that somebody said there is news of, and that nobody here has in hand: after a start all
/// of them, later what was forgotten.
fn ask_because_of_hints(app: &App, now_ns: u64) {
    match app.reader.inquiries_wanted(MOST_RESUMED) {
        Ok(wanted) => {
            for id in wanted.into_iter().filter(|id| !app.operations.knows(*id)) {
                app.operations.hint(id, now_ns);
            }
        }
        Err(error) => tracing::error!(%error, "payments to be asked about cannot be read"),
    }
}

/// Calls that were made with other keys are not answered under these; they end with those, or with a person.
fn tell_of_other_keys(app: &App, waiting: &[AnyPayment]) {
    let cores = waiting.iter().map(AnyPayment::core);
    let others: Vec<_> = cores
        .filter(|core| plan::made_with_others(core, app.gateways.credentials(core.provider)))
        .collect();
    if let Some(oldest) = others.first() {
        tracing::error!(
            count = others.len(), payment_id = %oldest.id, provider = oldest.provider.name(),
            "calls without an answer were made with other keys of their gateway than these: nothing that is said under \
             these keys ends them, and their orders cannot be paid meanwhile; start with the keys they were made with, or \
             resolve them"
        );
    }
}

/// What has waited too long is for a person; it is said again with each look, because nothing else will end it.
fn tell_of_people(app: &App, waiting: &[AnyPayment]) {
    let now = app.now();
    let late = waiting.iter().map(AnyPayment::core);
    let late: Vec<_> = late
        .filter(|core| plan::needs_person(core, now, app.gateways.credentials(core.provider)))
        .collect();
    if let Some(oldest) = late.first() {
        tracing::error!(
            count = late.len(), payment_id = %oldest.id,
            "calls to a gateway wait for a person: look at the gateway, then resolve them"
        );
    }
}

fn ask_about_deposits(app: &App, now_ns: u64) {
    let filter = PaymentFilter {
        states: vec![PaymentState::AwaitingDeposit],
        ..PaymentFilter::default()
    };
    match app.reader.payments(&filter, None, MOST_RESUMED) {
        Ok(page) => {
            for payment in &page.payments {
                app.operations.ask_about_deposit(payment.core().id, now_ns);
            }
        }
        Err(error) => tracing::error!(%error, "awaited deposits cannot be read"),
    }
}
