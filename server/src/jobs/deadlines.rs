//! Deadlines: unpaid orders are canceled, holds expire. Due items are read from the index, so a restart forgets
//! nothing; deciding one again changes nothing.

use std::sync::Arc;

use daegeum_engine::command::Command;
use daegeum_engine::store::keys::DueItem;

use crate::app::{App, Asked, Told};
use crate::telemetry::log_store_failure;

/// How many are taken at once.
const BATCH: usize = 500;

/// Decides everything that is due.
pub async fn run(app: Arc<App>) {
    let (now, mut after, mut found) = (app.now(), None, 0_usize);
    loop {
        // An item that cannot be decided yet stays due, so each page begins after the one before it.
        let page = match app.reader.due(now, after, BATCH) {
            Ok(page) => page,
            // Reported where it began; the next turn finds the due items.
            Err(error) if error.is_passing() => return,
            Err(error) => return log_store_failure(&error, "what is due cannot be read"),
        };
        found = found.saturating_add(page.items.len());
        let waiting = i64::try_from(found).unwrap_or(i64::MAX);
        app.metrics.jobs.in_state("due").set(waiting);
        // All at once, so that they share the writer's syncs.
        let items = page.items.into_iter();
        let told: Vec<Told> = items.map(|item| decide(&app, item)).collect();
        for outcome in told {
            // Busy or stopping: the next turn finds it again.
            if let Err(problem) = outcome.await {
                return tracing::debug!(code = problem.code(), "a deadline waits");
            }
        }
        after = page.next;
        if after.is_none() {
            return tracing::trace!(found, "deadlines were looked at");
        }
    }
}

fn decide(app: &App, item: DueItem) -> Told {
    let command = match item {
        DueItem::Order(order_id) => Command::OrderDue { order_id },
        DueItem::Hold(payment_id) => Command::HoldDue { payment_id },
    };
    let id = app.job_id();
    app.submit(Asked {
        command,
        keyed: None,
        request_id: id.as_str(),
    })
}
