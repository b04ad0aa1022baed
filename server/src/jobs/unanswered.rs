//! Calls to gateways that are not answered: begun ones are made at once, unanswered ones asked about when their
//! time has come, and those that a restart found without an answer are taken up again.

use std::sync::{Arc, Weak};

use daegeum_engine::id::PaymentId;
use daegeum_engine::payment::{AnyPayment, PaymentState};
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::store::reader::PaymentFilter;
use daegeum_engine::time::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::App;
use crate::gateway::{calling, plan};

/// How many are taken up in one turn; each waits for a gateway beside the others.
const BATCH: usize = 64;
/// How many payments are read at a time; all are looked at, page by page.
const PAGE: usize = 500;
/// A call that nobody has taken up after this long was forgotten by its task.
const FORGOTTEN_AFTER_MS: u64 = 2 * 60_000;
/// How often it is asked whether a transfer has come: no notification tells that its time is over.
const DEPOSITS_EVERY_MS: u64 = 10 * 60_000;

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
    let now = app.now();
    if app.operations.look_around(now) {
        resume(&app, now).await;
        app.operations.tidy(now, DEPOSITS_EVERY_MS);
        ask_about_deposits(&app, now);
    }
    for id in app.operations.due(now, BATCH) {
        let task = calling::take_up(Arc::clone(&app), id);
        app.world.spawn(Box::pin(task));
    }
}

/// Takes up what nobody has taken up: all of it after a start, later only what was forgotten.
async fn resume(app: &App, now: Timestamp) {
    let mut late = Late::default();
    let mut after = None;
    loop {
        let page = match app.reader.in_flight(after, PAGE) {
            Ok(page) => page,
            Err(error) => {
                return tracing::error!(%error, "calls without an answer cannot be read");
            }
        };
        late.count(&page.payments, now);
        for payment in &page.payments {
            if is_left_behind(app, payment, now) {
                calling::resume(app, payment).await;
            }
        }
        after = page.next;
        if after.is_none() {
            return late.tell();
        }
    }
}

fn is_left_behind(app: &App, payment: &AnyPayment, now: Timestamp) -> bool {
    let started_at = app.operations.started_at();
    let call = payment.core().operation.as_ref();
    !planted::is(Bug::NotResumed)
        && call.is_some_and(|call| {
            let intended_at = call.core().intended_at;
            intended_at < started_at || now.millis_since(intended_at) > FORGOTTEN_AFTER_MS
        })
}

/// What has waited so long that it is for a person.
#[derive(Default)]
struct Late {
    count: usize,
    oldest: Option<PaymentId>,
}

impl Late {
    fn count(&mut self, waiting: &[AnyPayment], now: Timestamp) {
        let waiting = waiting.iter().map(AnyPayment::core);
        for core in waiting.filter(|core| plan::needs_person(core, now)) {
            self.count = self.count.saturating_add(1);
            self.oldest.get_or_insert(core.id);
        }
    }

    /// It is said again with each look, because nothing else will end it.
    fn tell(&self) {
        if let Some(oldest) = self.oldest {
            tracing::error!(
                count = self.count, payment_id = %oldest,
                "calls to a gateway wait for a person: look at the gateway, then resolve them"
            );
        }
    }
}

fn ask_about_deposits(app: &App, now: Timestamp) {
    let filter = PaymentFilter {
        states: vec![PaymentState::AwaitingDeposit],
        ..PaymentFilter::default()
    };
    let mut before = None;
    loop {
        let page = match app.reader.payments(&filter, before, PAGE) {
            Ok(page) => page,
            Err(error) => return tracing::error!(%error, "awaited deposits cannot be read"),
        };
        for payment in &page.payments {
            app.operations.ask_about_deposit(payment.core().id, now);
        }
        before = page.next;
        if before.is_none() {
            return;
        }
    }
}
