//! Everything that a handler may use: the engine's queue and readers, the world, settings, metrics, the log.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use daegeum_engine::command::Command;
use daegeum_engine::event::Provider;
use daegeum_engine::idempotency::KeyedRequest;
use daegeum_engine::signature::WebhookSecret;
use daegeum_engine::store::executor::{Executed, Request};
use daegeum_engine::store::identity::Identity;
use daegeum_engine::store::reader::Reader;
use daegeum_engine::store::writer::{Queue, Unavailable};
use daegeum_engine::time::Timestamp;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::domain_clock::DomainClock;
use crate::engine_room::Condition;
use crate::gateway::Gateways;
use crate::gateway::operations::Operations;
use crate::http::{HttpErrorCode, Problem, RequestId, SessionTokens};
use crate::pages::ConsentTexts;
use crate::receipts::ReceiptSigner;
use crate::seal::Seals;
use crate::telemetry::Metrics;
use crate::transitions::{Asker, Witness};
use crate::world::SharedWorld;

/// The application, shared by every handler and job.
pub struct App {
    /// Time, chance, tasks, timers.
    pub world: SharedWorld,
    /// The domain's clock.
    pub clock: Arc<DomainClock>,
    /// The configuration.
    pub config: Arc<Config>,
    /// Takes commands for the writer.
    pub queue: Queue,
    /// Reads durable data.
    pub reader: Reader,
    /// Seals and opens personal data.
    pub seals: Seals,
    /// The identity of the data directory.
    pub identity: Identity,
    /// The secrets that verify the mock gateway's notifications; empty if there is no mock gateway.
    pub mock_secrets: Vec<WebhookSecret>,
    /// Issues and verifies the tokens of sessions.
    pub session_tokens: SessionTokens,
    /// Signs receipts.
    pub receipts: ReceiptSigner,
    /// The real gateways that take payments here.
    pub gateways: Gateways,
    /// What buyers agree to at a checkout, word for word.
    pub consents: ConsentTexts,
    /// The calls to them.
    pub operations: Arc<Operations>,
    /// Whether the store is healthy.
    pub condition: Arc<Condition>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Logs and counts the results of commands.
    pub witness: Arc<Witness>,
}

/// A request to the engine as a handler or a job makes it.
pub struct Asked<'a> {
    /// The command.
    pub command: Command,
    /// The caller's idempotency key, hashed, with the key itself for the log.
    pub keyed: Option<(KeyedRequest, &'a str)>,
    /// The request's id, for the log and for a stored refusal.
    pub request_id: &'a str,
}

impl App {
    /// The domain time, the same that the engine uses.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Executes a command; the result is durable when this returns. Dropping the future does not undo it.
    pub async fn execute(&self, asked: Asked<'_>) -> Result<Executed, Problem> {
        self.submit(asked).await
    }

    /// Queues a command at once; the future resolves to its outcome.
    pub fn submit(&self, asked: Asked<'_>) -> Told {
        let (tell, told) = oneshot::channel();
        let key = asked.keyed.as_ref().map(|(_, key)| *key);
        let caller = Asker::new(key, asked.request_id);
        let request = Request {
            command: asked.command,
            keyed: asked.keyed.map(|(keyed, _)| keyed),
            request_id: asked.request_id.into(),
        };
        let (witness, for_witness) = (Arc::clone(&self.witness), caller.clone());
        let (operations, world) = (Arc::clone(&self.operations), Arc::clone(&self.world));
        self.queue.submit(request, move |outcome| {
            // Here, not in the waiting request: intended calls are made even if the caller goes away.
            if let Ok(executed) = &outcome {
                operations.observe(&executed.events, world.monotonic_ns());
            }
            // The caller is gone; the events are logged and counted all the same.
            if let Err(Ok(executed)) = tell.send(outcome) {
                witness.note(&executed, &for_witness);
            }
        });
        Told {
            outcome: told,
            witness: Arc::clone(&self.witness),
            caller,
        }
    }

    /// Whether a gateway takes payments here.
    pub fn takes(&self, provider: Provider) -> bool {
        match provider {
            Provider::Mock => self.config.settings.gateways.mock,
            Provider::Toss | Provider::Drill => self.gateways.of(provider).is_some(),
            // It cannot be requested: it is used where there is nothing to pay.
            Provider::Free => false,
        }
    }

    /// A new request id, for a job.
    pub fn job_id(&self) -> RequestId {
        RequestId::generate(&*self.world)
    }
}

/// The pending outcome of a command. Whether it is awaited or dropped, it is logged and counted once.
pub struct Told {
    outcome: oneshot::Receiver<Result<Executed, Unavailable>>,
    witness: Arc<Witness>,
    caller: Asker,
}

impl Future for Told {
    type Output = Result<Executed, Problem>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(Pin::new(&mut self.outcome).poll(context));
        let executed = outcome
            .unwrap_or(Err(Unavailable::Stopped))
            .map_err(unavailable)?;
        self.witness.note(&executed, &self.caller);
        Poll::Ready(Ok(executed))
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // Close first: from here on the writer's side logs it, unless the outcome was sent already.
        self.outcome.close();
        if let Ok(Ok(executed)) = self.outcome.try_recv() {
            self.witness.note(&executed, &self.caller);
        }
    }
}

fn unavailable(why: Unavailable) -> Problem {
    match why {
        Unavailable::Busy => HttpErrorCode::Overloaded.into(),
        Unavailable::DiskFull => HttpErrorCode::StorageFull.into(),
        Unavailable::Rebuilding => HttpErrorCode::IndexRebuilding.into(),
        Unavailable::Stopped => HttpErrorCode::Stopping.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_store_refuses_with_reason_and_retry_time() {
        let told = [
            (Unavailable::Busy, "OVERLOADED"),
            (Unavailable::DiskFull, "STORAGE_FULL"),
            (Unavailable::Rebuilding, "INDEX_REBUILDING"),
            (Unavailable::Stopped, "STOPPING"),
        ];
        for (why, code) in told {
            let problem = unavailable(why);
            assert_eq!((problem.code(), problem.status().as_u16()), (code, 503));
        }
    }
}
