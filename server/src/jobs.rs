//! Work that nobody asks for: deadlines and retention. Each job is idempotent; all of them stop with the server.

mod deadlines;
mod retention;

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::app::App;

/// How often each looks.
const DEADLINES_EVERY: Duration = Duration::from_millis(500);
const RETENTION_EVERY: Duration = Duration::from_hours(1);

/// Starts the jobs. They hold the application only while they work, so that it can be stopped.
pub fn start(app: &Arc<App>) {
    let world = Arc::clone(&app.world);
    let weak = Arc::downgrade(app);
    world.spawn(Box::pin(repeat(weak, DEADLINES_EVERY, |app| {
        Box::pin(deadlines::run(app))
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
