//! Deadlines: unpaid orders are canceled, holds run out. What is due is read from the index, so a restart
//! forgets nothing; deciding again what was decided changes nothing.

use std::sync::Arc;

use daegeum_engine::command::Command;
use daegeum_engine::store::keys::DueItem;

use crate::app::{App, Asked, Told};

/// How many are taken at once.
const BATCH: usize = 500;

/// Decides everything that has come due.
pub async fn run(app: Arc<App>) {
    loop {
        let due = match app.reader.due(app.now(), BATCH) {
            Ok(due) => due,
            // Said where it began; the next turn finds what is due.
            Err(error) if error.is_passing() => return,
            Err(error) => return tracing::error!(%error, "what is due cannot be read"),
        };
        let waiting = i64::try_from(due.len()).unwrap_or(i64::MAX);
        app.metrics.jobs.in_state("due").set(waiting);
        let more = due.len() == BATCH;
        // All of them at once: they share the writer's syncs.
        let told: Vec<Told> = due.into_iter().map(|item| decide(&app, item)).collect();
        let mut moved = 0_usize;
        for outcome in told {
            match outcome.await {
                Ok(executed) => {
                    moved = moved.saturating_add(usize::from(!executed.events.is_empty()));
                }
                // Busy or stopping: the next turn finds it again.
                Err(problem) => return tracing::warn!(code = problem.code(), "a deadline waits"),
            }
        }
        if !more || moved == 0 {
            return;
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
