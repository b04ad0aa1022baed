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
use crate::telemetry::log_store_failure;

/// How many are taken up in one turn; each waits for a gateway beside the others.
const BATCH: usize = 64;
/// How many payments are read at a time; all are looked at, page by page.
const PAGE: usize = 500;
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
    let mut late = Late::default();
    let mut after = None;
    loop {
        let page = match app.reader.in_flight(after, PAGE) {
            Ok(page) => page,
            // Said where it began. A look that saw nothing was none.
            Err(error) if error.is_passing() => return app.operations.look_again(),
            Err(error) => {
                return log_store_failure(&error, "calls without an answer cannot be read");
            }
        };
        late.count(app, &page.payments);
        for payment in page
            .payments
            .iter()
            .filter(|_| !planted::is(Bug::NotResumed))
        {
            calling::resume(app, payment.core().id, FORGOTTEN_AFTER).await;
        }
        after = page.next;
        if after.is_none() {
            return late.tell();
        }
    }
}

/// Asks about the payments that somebody said there is news of, and that nobody here has in hand: after a start all
/// of them, later what was forgotten.
fn ask_because_of_hints(app: &App, now_ns: u64) {
    let mut after = None;
    loop {
        let page = match app.reader.inquiries_wanted(after, PAGE) {
            Ok(page) => page,
            Err(error) if error.is_passing() => return app.operations.look_again(),
            Err(error) => {
                return log_store_failure(&error, "payments to be asked about cannot be read");
            }
        };
        let ids = page.payments.iter().map(|payment| payment.core().id);
        for id in ids.filter(|id| !app.operations.knows(*id)) {
            app.operations.hint(id, now_ns);
        }
        after = page.next;
        if after.is_none() {
            return;
        }
    }
}

/// What ends only with other keys, or with a person.
#[derive(Default)]
struct Late {
    of_other_keys: Found,
    for_people: Found,
}

/// So many payments, and the first of them.
#[derive(Default)]
struct Found {
    count: usize,
    oldest: Option<PaymentId>,
}

impl Found {
    fn add(&mut self, id: PaymentId) {
        self.count = self.count.saturating_add(1);
        self.oldest.get_or_insert(id);
    }
}

impl Late {
    fn count(&mut self, app: &App, waiting: &[AnyPayment]) {
        let now = app.now();
        for core in waiting.iter().map(AnyPayment::core) {
            let credentials = app.gateways.credentials(core.provider);
            if plan::made_with_others(core, credentials) {
                self.of_other_keys.add(core.id);
            }
            if plan::needs_person(core, now, credentials) {
                self.for_people.add(core.id);
            }
        }
    }

    /// It is said again with each look, because nothing else will end it.
    fn tell(&self) {
        if let Some(oldest) = self.of_other_keys.oldest {
            tracing::error!(
                count = self.of_other_keys.count, payment_id = %oldest,
                "calls without an answer were made with other keys of their gateway than these: nothing that is said \
                 under these keys ends them, and their orders cannot be paid meanwhile; start with the keys they were \
                 made with, or resolve them"
            );
        }
        if let Some(oldest) = self.for_people.oldest {
            tracing::error!(
                count = self.for_people.count, payment_id = %oldest,
                "calls to a gateway wait for a person: look at the gateway, then resolve them"
            );
        }
    }
}

fn ask_about_deposits(app: &App, now_ns: u64) {
    let filter = PaymentFilter {
        states: vec![PaymentState::AwaitingDeposit],
        ..PaymentFilter::default()
    };
    let mut before = None;
    loop {
        let page = match app.reader.payments(&filter, before, PAGE) {
            Ok(page) => page,
            Err(error) if error.is_passing() => return app.operations.look_again(),
            Err(error) => return log_store_failure(&error, "awaited deposits cannot be read"),
        };
        for payment in &page.payments {
            app.operations.ask_about_deposit(payment.core().id, now_ns);
        }
        before = page.next;
        if before.is_none() {
            return;
        }
    }
}
