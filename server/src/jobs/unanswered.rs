//! Drives calls to gateways: makes new calls at once, inquires about unanswered ones when due, and takes up those
//! that a restart found unanswered.

use std::sync::{Arc, Weak};
use std::time::Duration;

use daegeum_engine::id::PaymentId;
use daegeum_engine::payment::{AnyPayment, PaymentDetail};
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::store::reader::PaymentFilter;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::App;
use crate::gateway::{calling, plan};
use crate::telemetry::log_store_failure;

/// The number taken up in one turn; their exchanges run in parallel.
const BATCH: usize = 64;
/// How many payments are read at a time; all are looked at, page by page.
const PAGE: usize = 500;
/// A call without a task after this long was forgotten by its task.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(2);
/// How often to check whether a transfer has arrived: no notification tells that its due date has passed.
const DEPOSITS_EVERY: Duration = Duration::from_mins(10);

/// Makes calls as soon as their intent is committed.
pub async fn begin(app: Weak<App>, mut begun: UnboundedReceiver<PaymentId>) {
    while let Some(id) = begun.recv().await {
        let Some(app) = app.upgrade() else { return };
        let world = Arc::clone(&app.world);
        world.spawn(Box::pin(calling::take_up(app, id)));
    }
}

/// Makes the inquiries that are due.
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

/// Takes up calls without a task: all of them after a start, later only forgotten ones.
async fn resume(app: &App) {
    let mut late = Late::default();
    let mut after = None;
    loop {
        let page = match app.reader.in_flight(after, PAGE) {
            Ok(page) => page,
            // Reported where it began. A failed look counts as none.
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

/// Inquires about payments with a hint and without a task here: after a start all of them, later forgotten ones.
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

/// Calls that end only with other keys, or by a person.
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

    /// Logged with each look, because nothing else will end it.
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
        details: vec![PaymentDetail::AwaitingDeposit],
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
