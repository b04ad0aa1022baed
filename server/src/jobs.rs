//! Background jobs: deadlines, retention, calls to gateways, and the clock. Each job is idempotent; all of them stop
//! with the server.

pub mod clock;
mod deadlines;
mod retention;
mod unanswered;

use std::sync::{Arc, Weak};
use std::time::Duration;

use daegeum_engine::id::PaymentId;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::App;

/// How often deadlines are checked.
const DEADLINES_EVERY: Duration = Duration::from_millis(500);
/// How often scheduled inquiries are checked.
pub const UNANSWERED_EVERY: Duration = Duration::from_millis(250);
const RETENTION_EVERY: Duration = Duration::from_hours(1);

/// Starts the jobs. They hold the application only while they work, so that the server can stop.
pub fn start(app: &Arc<App>, begun: UnboundedReceiver<PaymentId>) {
    let world = Arc::clone(&app.world);
    let weak = Arc::downgrade(app);
    world.spawn(Box::pin(repeat(weak, DEADLINES_EVERY, |app| {
        Box::pin(deadlines::run(app))
    })));
    world.spawn(Box::pin(clock::watch(Arc::downgrade(app))));
    let weak = Arc::downgrade(app);
    world.spawn(Box::pin(unanswered::begin(weak, begun)));
    let weak = Arc::downgrade(app);
    world.spawn(Box::pin(repeat(weak, UNANSWERED_EVERY, |app| {
        Box::pin(unanswered::run(app))
    })));
    let weak = Arc::downgrade(app);
    world.spawn(Box::pin(repeat(weak, RETENTION_EVERY, |app| {
        Box::pin(async move { retention::run(&app) })
    })));
}

type Run = fn(Arc<App>) -> crate::world::BoxFuture;

async fn repeat(app: Weak<App>, every: Duration, run: Run) {
    loop {
        let Some(strong) = app.upgrade() else { return };
        let world = Arc::clone(&strong.world);
        run(strong).await;
        world.sleep(every).await;
    }
}
