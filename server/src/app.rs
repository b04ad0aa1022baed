//! All that a handler may touch: the engine's queue and readers, the world, settings, metrics, the log.

use std::sync::Arc;

use daegeum_engine::command::Command;
use daegeum_engine::event::Provider;
use daegeum_engine::idempotency::KeyedRequest;
use daegeum_engine::signature::WebhookSecret;
use daegeum_engine::store::executor::{Executed, Request};
use daegeum_engine::store::reader::Reader;
use daegeum_engine::store::writer::{Queue, Unavailable};
use daegeum_engine::time::Timestamp;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::engine_room::Condition;
use crate::http::{HttpErrorCode, Problem, RequestId};
use crate::seal::Seals;
use crate::telemetry::{Metrics, TransitionLog};
use crate::transitions::{self, Counters};
use crate::world::SharedWorld;

/// The application, shared by every handler and job.
pub struct App {
    /// Time, chance, tasks, timers.
    pub world: SharedWorld,
    /// What was configured.
    pub config: Arc<Config>,
    /// Where commands are put.
    pub queue: Queue,
    /// What is durable.
    pub reader: Reader,
    /// Seals and opens personal data.
    pub seals: Seals,
    /// What the mock gateway's notifications are verified with; empty where there is no mock gateway.
    pub mock_secrets: Vec<WebhookSecret>,
    /// Whether the store is well.
    pub condition: Arc<Condition>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// The counters that commands bump.
    pub counters: Counters,
    /// The log of transitions.
    pub transitions: TransitionLog,
}

/// A request to the engine as a handler or a job makes it.
pub struct Asked<'a> {
    /// What is asked.
    pub command: Command,
    /// The caller's idempotency key, hashed, with the key itself for the log.
    pub keyed: Option<(KeyedRequest, &'a str)>,
    /// Names the request in the log and in a kept refusal.
    pub request_id: &'a str,
}

impl App {
    /// The domain's time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(u64::try_from(self.world.now_ms()).unwrap_or(0))
    }

    /// Executes a command; what is returned is durable. Dropping the future does not undo it.
    pub async fn execute(&self, asked: Asked<'_>) -> Result<Executed, Problem> {
        let (tell, told) = oneshot::channel();
        let request = Request {
            command: asked.command,
            keyed: asked.keyed.as_ref().map(|(keyed, _)| *keyed),
            request_id: asked.request_id.into(),
        };
        self.queue.submit(request, move |outcome| {
            // The caller may have gone; what happened is durable all the same.
            let _ = tell.send(outcome);
        });
        let executed = told
            .await
            .unwrap_or(Err(Unavailable::Stopped))
            .map_err(unavailable)?;
        let key = asked.keyed.map(|(_, key)| key);
        transitions::note(self, &executed, key, asked.request_id);
        Ok(executed)
    }

    /// Whether a gateway takes payments here.
    pub fn takes(&self, provider: Provider) -> bool {
        match provider {
            Provider::Mock => self.config.settings.gateways.mock,
        }
    }

    /// A new request id, for what nobody asked for.
    pub fn job_id(&self) -> RequestId {
        RequestId::generate(&*self.world)
    }
}

fn unavailable(why: Unavailable) -> Problem {
    match why {
        Unavailable::Busy => HttpErrorCode::Overloaded.into(),
        Unavailable::DiskFull => HttpErrorCode::StorageFull.into(),
        Unavailable::Stopped => HttpErrorCode::Stopping.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_cannot_take_a_request_says_why_and_when_to_come_back() {
        let told = [
            (Unavailable::Busy, "OVERLOADED"),
            (Unavailable::DiskFull, "STORAGE_FULL"),
            (Unavailable::Stopped, "STOPPING"),
        ];
        for (why, code) in told {
            let problem = unavailable(why);
            assert_eq!((problem.code(), problem.status().as_u16()), (code, 503));
        }
    }
}
