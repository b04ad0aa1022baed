//! Logs and counts commits: log lines with related ids, and the promised counters. Once per executed command, after
//! it is durable, whether or not its caller still waits.

use std::sync::Arc;
use std::time::Duration;

use daegeum_engine::event::{PaymentEvent, PaymentEventKind};
use daegeum_engine::group::GroupEvent;
use daegeum_engine::idempotency::Answer;
use daegeum_engine::money::{Currency, Money};
use daegeum_engine::operation::OperationKind;
use daegeum_engine::payment::PaymentCore;
use daegeum_engine::store::executor::{Executed, Shown};
use prometheus_client::metrics::{counter::Counter, histogram::Histogram};

use crate::telemetry::{Metrics, Transition, TransitionLog};
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
    refund_requested: Counter,
    refund_succeeded: Counter,
    refund_failed: Counter,
    captured_amount: Amount,
    refunded_amount: Amount,
    completion: Histogram,
}

/// An amount counted by its currency.
struct Amount {
    won: Counter,
    cents: Counter,
}

impl Amount {
    fn add(&self, money: Money) {
        let counter = match money.currency() {
            Currency::Krw => &self.won,
            Currency::Usd => &self.cents,
        };
        counter.inc_by(money.minor());
    }
}

impl Counters {
    /// Resolves them.
    pub fn new(metrics: &Metrics) -> Self {
        let (payments, money) = (&metrics.payments, &metrics.money);
        let amount = |counter: &dyn Fn(&'static str) -> Counter| Amount {
            won: counter(Currency::Krw.code()),
            cents: counter(Currency::Usd.code()),
        };
        Self {
            created: payments.create("created"),
            create_refused: payments.create("refused"),
            captured: payments.capture("captured"),
            failed: payments.capture("failed"),
            orphaned: payments.capture("orphaned"),
            mismatched: payments.capture("mismatched"),
            replayed: payments.idempotent_hit.clone(),
            refund_requested: money.refunds("requested"),
            refund_succeeded: money.refunds("succeeded"),
            refund_failed: money.refunds("failed"),
            captured_amount: amount(&|currency| money.captured(currency)),
            refunded_amount: amount(&|currency| money.refunded(currency)),
            completion: money.completion.clone(),
        }
    }

    /// A payment was asked for and refused by the rules.
    pub fn create_refused(&self) {
        self.create_refused.inc();
    }

    fn count(&self, event: &GroupEvent) {
        match event {
            GroupEvent::Payment(_, event) => self.count_payment(event),
            // An order's events follow its payments', which are counted.
            GroupEvent::Order(_) => {}
        }
    }

    fn count_payment(&self, event: &PaymentEvent) {
        let counter = match event {
            PaymentEvent::PaymentInitiated(_) => &self.created,
            PaymentEvent::PaymentCaptured(taken) => {
                self.captured_amount.add(taken.captured.total());
                &self.captured
            }
            PaymentEvent::SuspendedMoneyTaken(taken) => {
                self.captured_amount.add(taken.captured.total());
                &self.captured
            }
            PaymentEvent::PaymentFailed(_) => &self.failed,
            PaymentEvent::PaymentOrphaned(_) => &self.orphaned,
            PaymentEvent::PaymentMismatched(_) => &self.mismatched,
            PaymentEvent::RefundRequested(_) => &self.refund_requested,
            PaymentEvent::PaymentRefunded(back) => {
                self.refunded_amount.add(back.refunded.total());
                &self.refund_succeeded
            }
            PaymentEvent::RefundFailed(_) => &self.refund_failed,
            // No order is refunded by it: the books have it as a difference, and a later refund gives back the rest.
            PaymentEvent::DisagreementAccepted(_)
            // It was never counted as taken.
            | PaymentEvent::SuspendedMoneyReturned(_)
            | PaymentEvent::PaymentPrepared(_)
            | PaymentEvent::PaymentAuthorized(_)
            | PaymentEvent::PaymentCanceled(_)
            | PaymentEvent::PaymentExpired(_)
            | PaymentEvent::PaymentVoided(_)
            | PaymentEvent::OperationIntended(_)
            | PaymentEvent::OperationUnanswered(_)
            | PaymentEvent::ProviderConfirmed(_)
            | PaymentEvent::ProviderRefused(_)
            | PaymentEvent::WebhookReceived(_)
            | PaymentEvent::PersonDecided(_)
            | PaymentEvent::PersonalDataErased(_)
            | PaymentEvent::SessionOpened(_)
            | PaymentEvent::BuyerReturned(_)
            | PaymentEvent::GatewayCalled(_)
            | PaymentEvent::HintFollowed(_)
            | PaymentEvent::DepositAwaited(_)
            | PaymentEvent::GatewayDisagreed(_)
            | PaymentEvent::GatewayAgreed(_)
            | PaymentEvent::BuyerChose(_)
            | PaymentEvent::PaymentMethodKnown(_)
            | PaymentEvent::InquiryWanted(_)
            | PaymentEvent::InquirySettled(_)
            | PaymentEvent::ConsentGiven(_)
            | PaymentEvent::FailureUrlGiven(_)
            | PaymentEvent::CardChosen(_)
            | PaymentEvent::EasyPayKnown(_)
            | PaymentEvent::SlipKnown(_)
            | PaymentEvent::RefundAskedFor(_) => return,
        };
        counter.inc();
    }

    /// Measures how long a completed payment took: until its money was authorized or, without an authorization,
    /// captured.
    fn time(&self, executed: &Executed) {
        let Some(Shown::Payment(payment)) = &executed.shown else {
            return;
        };
        let core = payment.core();
        let is_done = |event: &GroupEvent| match event {
            GroupEvent::Payment(id, event) if *id == core.id => match event.kind() {
                PaymentEventKind::PaymentAuthorized => true,
                PaymentEventKind::PaymentCaptured => !was_held(core),
                _ => false,
            },
            _ => false,
        };
        if executed.events.iter().any(is_done) {
            let took_ms = core.updated_at.millis_since(core.created_at);
            self.completion
                .observe(Duration::from_millis(took_ms).as_secs_f64());
        }
    }
}

/// Whether captured money had been authorized before.
fn was_held(core: &PaymentCore) -> bool {
    let call = core.operation.as_ref();
    call.is_some_and(|call| call.core().kind == OperationKind::Capture)
}

/// The caller and request of a logged command.
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
        self.counters.time(executed);
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

/// The ids that the lines of one commit share: the order's, and those of the payment it was about.
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
