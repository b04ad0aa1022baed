//! What a commit shows to those who watch: log lines with the ids that belong together, and the counters of
//! the contract. Called once per executed command, after it is durable.

use daegeum_engine::event::PaymentEventKind;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::idempotency::Answer;
use daegeum_engine::store::executor::{Executed, Shown};
use prometheus_client::metrics::counter::Counter;

use crate::app::App;
use crate::telemetry::{PaymentMetrics, Transition};

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

/// Logs and counts what a command did.
pub fn note(app: &App, executed: &Executed, key: Option<&str>, request_id: &str) {
    if executed.replayed {
        app.counters.replayed.inc();
    }
    if executed.events.is_empty() {
        return;
    }
    let ids = Ids::of(executed);
    let now_ms = app.world.machine_now_ms();
    for event in &executed.events {
        app.counters.count(event);
        if event.is_transition() {
            app.transitions
                .log(&ids.line(event, key, request_id), now_ms);
        }
    }
}

/// The ids that the lines of one commit share.
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

    fn line<'a>(
        &'a self,
        event: &GroupEvent,
        key: Option<&'a str>,
        request_id: &'a str,
    ) -> Transition<'a> {
        Transition {
            order_id: self.order.as_deref(),
            payment_id: self.payment.as_deref(),
            provider_payment_id: self.provider_payment.as_deref(),
            idempotency_key: key,
            transition: match event {
                GroupEvent::Order(event) => event.name(),
                GroupEvent::Payment(_, event) => event.name(),
            },
            request_id: Some(request_id),
        }
    }
}
