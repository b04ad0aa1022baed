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
/// How many calls without an answer a restart takes up at most; the others follow as these end.
const MOST_RESUMED: usize = 10_000;
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
    let waiting = match app.reader.in_flight(MOST_RESUMED) {
        Ok(waiting) => waiting,
        // Said where it began. A look that saw nothing was none.
        Err(error) if error.is_passing() => return app.operations.look_again(),
        Err(error) => return tracing::error!(%error, "calls without an answer cannot be read"),
    };
    tell_of_people(&waiting, now);
    let started_at = app.operations.started_at();
    let left_behind = |payment: &&AnyPayment| {
        let call = payment.core().operation.as_ref();
        !planted::is(Bug::NotResumed)
            && call.is_some_and(|call| {
                let intended_at = call.core().intended_at;
                intended_at < started_at || now.millis_since(intended_at) > FORGOTTEN_AFTER_MS
            })
    };
    for payment in waiting.iter().filter(left_behind) {
        calling::resume(app, payment).await;
    }
}

/// What has waited too long is for a person; it is said again with each look, because nothing else will end it.
fn tell_of_people(waiting: &[AnyPayment], now: Timestamp) {
    let late = waiting.iter().map(AnyPayment::core);
    let late: Vec<_> = late.filter(|core| plan::needs_person(core, now)).collect();
    if let Some(oldest) = late.first() {
        tracing::error!(
            count = late.len(), payment_id = %oldest.id,
            "calls to a gateway wait for a person: look at the gateway, then resolve them"
        );
    }
}

fn ask_about_deposits(app: &App, now: Timestamp) {
    let filter = PaymentFilter {
        states: vec![PaymentState::AwaitingDeposit],
        ..PaymentFilter::default()
    };
    match app.reader.payments(&filter, None, MOST_RESUMED) {
        Ok(page) => {
            for payment in &page.payments {
                app.operations.ask_about_deposit(payment.core().id, now);
            }
        }
        Err(error) if error.is_passing() => app.operations.look_again(),
        Err(error) => tracing::error!(%error, "awaited deposits cannot be read"),
    }
}
