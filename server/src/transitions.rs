//! What a commit shows to those who watch: log lines with the ids that belong together, and the counters of
//! the contract. Once per executed command, after it is durable, whether or not its caller still waits.

use std::sync::Arc;

use daegeum_engine::event::PaymentEventKind;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::idempotency::Answer;
use daegeum_engine::store::executor::{Executed, Shown};
use prometheus_client::metrics::counter::Counter;

use crate::telemetry::{PaymentMetrics, Transition, TransitionLog};
use crate::world::SharedWorld;

/// The counters that commands bump, resolved once.
pub struct Counters {
    created: Counter,
    create_refused: Counter,
    captured: Counter,
    failed: Counter,
    orphaned: Counter,
    mismatched: Counter,
    replayed: Counter,
}

impl Counters {
    /// Resolves them.
    pub fn new(metrics: &PaymentMetrics) -> Self {
        Self {
            created: metrics.create("created"),
            create_refused: metrics.create("refused"),
            captured: metrics.capture("captured"),
            failed: metrics.capture("failed"),
            orphaned: metrics.capture("orphaned"),
            mismatched: metrics.capture("mismatched"),
            replayed: metrics.idempotent_hit.clone(),
        }
    }

    /// A payment was asked for and refused by the rules.
    pub fn create_refused(&self) {
        self.create_refused.inc();
    }

    fn count(&self, event: &GroupEvent) {
        let GroupEvent::Payment(_, event) = event else {
            return;
        };
        let counter = match event.kind() {
            PaymentEventKind::PaymentInitiated => &self.created,
            PaymentEventKind::PaymentCaptured | PaymentEventKind::SuspendedMoneyTaken => {
                &self.captured
            }
            PaymentEventKind::PaymentFailed => &self.failed,
            PaymentEventKind::PaymentOrphaned => &self.orphaned,
            PaymentEventKind::PaymentMismatched => &self.mismatched,
            _ => return,
        };
        counter.inc();
    }
}

/// Who asked for what is logged.
#[derive(Debug, Clone)]
pub struct Asker {
    key: Option<Arc<str>>,
    request_id: Arc<str>,
}

impl Asker {
    /// With the caller's idempotency key and the request's id.
    pub fn new(key: Option<&str>, request_id: &str) -> Self {
        Self {
            key: key.map(Into::into),
            request_id: request_id.into(),
        }
    }
}

/// Logs and counts what commands did.
pub struct Witness {
    /// The counters that commands bump.
    pub counters: Counters,
    log: TransitionLog,
    world: SharedWorld,
}

impl Witness {
    /// Counts with `counters` and logs to `log`.
    pub fn new(counters: Counters, log: TransitionLog, world: SharedWorld) -> Self {
        Self {
            counters,
            log,
            world,
        }
    }

    /// Logs and counts what a command did.
    pub fn note(&self, executed: &Executed, asker: &Asker) {
        if executed.replayed {
            self.counters.replayed.inc();
        }
        if executed.events.is_empty() {
            return;
        }
        let ids = Ids::of(executed);
        let now_ms = self.world.machine_now_ms();
        for event in &executed.events {
            self.counters.count(event);
            if event.is_transition() {
                ids.log(event, asker, &self.log, now_ms);
            }
        }
    }
}

/// The ids that the lines of one commit share: its order's, and what is known of the payment it was about.
#[derive(Default)]
struct Ids {
    order: Option<String>,
    payment: Option<String>,
    provider_payment: Option<String>,
}

impl Ids {
    fn of(executed: &Executed) -> Self {
        match (&executed.shown, &executed.answer) {
            (Some(Shown::Payment(payment)), _) => {
                let core = payment.core();
                Self {
                    order: Some(core.order_id.to_string()),
                    payment: Some(core.id.to_string()),
                    provider_payment: core.provider_payment_id.as_ref().map(|id| id.0.to_string()),
                }
            }
            (_, Answer::Order { order_id, .. }) => Self {
                order: Some(order_id.to_string()),
                ..Self::default()
            },
            (_, Answer::Payment { payment_id, .. }) => Self {
                payment: Some(payment_id.to_string()),
                ..Self::default()
            },
            (_, Answer::Rejected { .. }) => Self::default(),
        }
    }

    /// One line. An event of another payment than the commit was about carries that payment's id alone.
    fn log(&self, event: &GroupEvent, asker: &Asker, log: &TransitionLog, now_ms: i64) {
        let own = match event {
            GroupEvent::Payment(id, _) => Some(id.to_string()),
            GroupEvent::Order(_) => self.payment.clone(),
        };
        let same = own == self.payment;
        let line = Transition {
            order_id: self.order.as_deref(),
            payment_id: own.as_deref(),
            provider_payment_id: self.provider_payment.as_deref().filter(|_| same),
            idempotency_key: asker.key.as_deref(),
            transition: match event {
                GroupEvent::Order(event) => event.name(),
                GroupEvent::Payment(_, event) => event.name(),
            },
            request_id: Some(&asker.request_id),
        };
        log.log(&line, now_ms);
    }
}
