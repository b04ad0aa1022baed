//! Records as version 0.1 wrote them (schema 1). Frozen: these types only decode.
//!
//! Types that are missing here have not changed since and are read as today's types. In this schema, amounts had no
//! tip and no unsplit part, calls recorded neither their amount nor their credentials, sessions had their payment's
//! digits, and refunds did not record their way.

use bincode::Decode;

use crate::amounts;
use crate::event::{
    self, CallKind, CallStatus, FailureCode, OrderEvent, PaymentEvent, Provider, ProviderPaymentId,
    RefundWay, Source,
};
use crate::group;
use crate::id::{BuyerId, OperationId, OrderId, PaymentId, SessionId};
use crate::idempotency::Reply;
use crate::money::{Currency, Money};
use crate::operation::OperationKind;
use crate::order::{self, CaptureMode, OrderKind, SellerSum, Tax};
use crate::sealed;
use crate::store::record;
use crate::stream::Stream;
use crate::time::Timestamp;

/// One commit.
#[derive(Debug, Decode)]
pub struct Record {
    at: Timestamp,
    body: Body,
}

#[derive(Debug, Decode)]
enum Body {
    Group(GroupRecord),
    Kept(Reply),
    Unmatched(UnmatchedNotification),
}

#[derive(Debug, Decode)]
struct GroupRecord {
    order_id: OrderId,
    previous: u64,
    events: Vec<GroupEvent>,
    reply: Option<Reply>,
}

#[derive(Debug, Decode)]
struct UnmatchedNotification {
    provider: Provider,
    event_id: Box<str>,
    event_type: Box<str>,
    payment_id: PaymentId,
    body: Sealed,
}

#[derive(Debug, Decode)]
enum GroupEvent {
    Order(Order),
    Payment(PaymentId, Payment),
}

#[derive(Debug, Clone, Copy, Decode)]
struct Amounts {
    currency: Currency,
    supply: u64,
    vat: u64,
    tax_free: u64,
}

#[derive(Debug, Decode)]
struct Line {
    name: Box<str>,
    quantity: u32,
    unit_price: u64,
    tax: Tax,
    item_id: Option<Box<str>>,
    seller_id: Option<Box<str>>,
}

#[derive(Debug, Decode)]
struct Sealed {
    day: u32,
    class: sealed::RetentionClass,
    nonce: [u8; 12],
    ciphertext: Box<[u8]>,
}

/// Payment events, in the order of their numbers.
#[derive(Debug, Decode)]
enum Payment {
    Initiated {
        order_id: OrderId,
        buyer_id: BuyerId,
        amounts: Amounts,
        provider: Provider,
        capture: CaptureMode,
    },
    Prepared(event::PaymentPrepared),
    Authorized {
        authorized: Amounts,
        expires_at: Timestamp,
    },
    Captured {
        captured: Amounts,
        source: Source,
    },
    Failed(event::PaymentFailed),
    Canceled(event::PaymentCanceled),
    Expired(event::PaymentExpired),
    Voided(event::PaymentVoided),
    Mismatched {
        received: Money,
    },
    Orphaned {
        received: Money,
    },
    SuspendedMoneyTaken {
        suspended: Money,
        captured: Amounts,
        source: Source,
    },
    SuspendedMoneyReturned {
        suspended: Money,
    },
    OperationIntended {
        operation: OperationId,
        kind: OperationKind,
    },
    OperationUnanswered(event::OperationUnanswered),
    ProviderConfirmed(event::ProviderConfirmed),
    ProviderRefused(event::ProviderRefused),
    WebhookReceived {
        event_id: Box<str>,
        event_type: Box<str>,
        body: Sealed,
    },
    PersonDecided {
        actor: Box<str>,
        reason: Sealed,
    },
    PersonalDataErased(event::PersonalDataErased),
    SessionOpened {
        expires_at: Timestamp,
        method: Option<Box<str>>,
        redirect_url: Option<Box<str>>,
        buyer: Option<Sealed>,
    },
    BuyerReturned {
        provider_payment_id: ProviderPaymentId,
    },
    GatewayCalled {
        operation: Option<OperationId>,
        call: CallKind,
        status: CallStatus,
        http_status: Option<u16>,
        took_ms: u32,
        exchange: Sealed,
    },
    HintFollowed {
        hash: [u8; 16],
        heard_at: Timestamp,
        from: Sealed,
    },
    DepositAwaited(event::DepositAwaited),
    RefundRequested {
        amounts: Amounts,
    },
    Refunded {
        refunded: Amounts,
        requested: bool,
        way: RefundWay,
        source: Source,
    },
    RefundFailed {
        amounts: Amounts,
        code: FailureCode,
    },
    GatewayDisagreed {
        holds: Money,
    },
    GatewayAgreed(event::GatewayAgreed),
    BuyerChose {
        method: Option<Box<str>>,
        buyer: Option<Sealed>,
    },
}

/// Order events, in the order of their numbers.
#[derive(Debug, Decode)]
enum Order {
    Created {
        buyer_id: BuyerId,
        lines: Vec<Line>,
        amounts: Amounts,
        capture: CaptureMode,
        expires_at: Timestamp,
        fingerprint: [u8; 16],
    },
    PaymentAttached(event::PaymentAttached),
    ClaimTaken(event::ClaimTaken),
    ClaimReleased(event::ClaimReleased),
    Reserved(event::OrderReserved),
    Paid(event::OrderPaid),
    PaymentFailed(event::OrderPaymentFailed),
    CancelRequested(event::OrderCancelRequested),
    Canceled(event::OrderCanceled),
    Reopened(event::OrderReopened),
    Refunded(event::OrderRefunded),
}

impl From<Record> for record::Record {
    fn from(old: Record) -> Self {
        let Record { at, body } = old;
        match body {
            Body::Group(old) => {
                let group = record::GroupRecord {
                    previous: old.previous,
                    events: old.events.into_iter().map(group_event).collect(),
                    reply: old.reply,
                };
                Self::new(at, Stream::Order(old.order_id), record::Body::Group(group))
            }
            Body::Kept(reply) => Self::new(at, Stream::Unsaid, record::Body::Kept(reply)),
            Body::Unmatched(old) => {
                let stream = Stream::Stray(old.payment_id);
                let sent = record::UnmatchedNotification {
                    provider: old.provider,
                    event_id: old.event_id,
                    event_type: old.event_type,
                    payment_id: old.payment_id,
                    body: old.body.into(),
                };
                Self::new(at, stream, record::Body::Unmatched(sent))
            }
        }
    }
}

impl From<Sealed> for sealed::Sealed {
    fn from(old: Sealed) -> Self {
        let key = sealed::SealingKeyId::Day {
            day: old.day,
            class: old.class,
        };
        Self::from_parts(key, old.nonce, old.ciphertext)
    }
}

impl From<Amounts> for amounts::Amounts {
    fn from(old: Amounts) -> Self {
        let won = |minor| Money::new(minor, old.currency).unwrap_or(Money::zero(old.currency));
        let split = Self::split(won(old.supply), won(old.vat), won(old.tax_free));
        split.unwrap_or(Self::zero(old.currency))
    }
}

fn group_event(old: GroupEvent) -> group::GroupEvent {
    match old {
        GroupEvent::Order(old) => group::GroupEvent::Order(order_event(old)),
        GroupEvent::Payment(id, old) => group::GroupEvent::Payment(id, payment_event(id, old)),
    }
}

fn order_event(old: Order) -> OrderEvent {
    match old {
        Order::Created {
            buyer_id,
            lines,
            amounts,
            capture,
            expires_at,
            fingerprint,
        } => {
            let amounts = amounts.into();
            let lines = priced(lines, &amounts);
            event::OrderCreated {
                buyer_id,
                kind: OrderKind::of(capture),
                resource: None,
                sellers: SellerSum::of_lines(&lines).unwrap_or_default(),
                lines,
                discounts: Vec::new(),
                amounts,
                capture,
                expires_at,
                fingerprint,
            }
            .into()
        }
        Order::PaymentAttached(same) => same.into(),
        Order::ClaimTaken(same) => same.into(),
        Order::ClaimReleased(same) => same.into(),
        Order::Reserved(same) => same.into(),
        Order::Paid(same) => same.into(),
        Order::PaymentFailed(same) => same.into(),
        Order::CancelRequested(same) => same.into(),
        Order::Canceled(same) => same.into(),
        Order::Reopened(same) => same.into(),
        Order::Refunded(same) => same.into(),
    }
}

/// Lines did not record their cost by component.
fn priced(lines: Vec<Line>, whole: &amounts::Amounts) -> Vec<order::Line> {
    let sum = |line: &Line| {
        let minor = line.unit_price.saturating_mul(u64::from(line.quantity));
        (minor, line.tax == Tax::Taxable)
    };
    let sums: Vec<(u64, bool)> = lines.iter().map(sum).collect();
    let shares = whole.shared(&sums);
    let with_share = |(line, amounts): (Line, amounts::Amounts)| order::Line {
        name: line.name,
        quantity: line.quantity,
        unit_price: line.unit_price,
        tax: line.tax,
        item_id: line.item_id,
        seller_id: line.seller_id,
        amounts,
    };
    lines.into_iter().zip(shares).map(with_share).collect()
}

#[expect(clippy::too_many_lines, reason = "one arm an event")]
fn payment_event(id: PaymentId, old: Payment) -> PaymentEvent {
    let whole = amounts::Amounts::whole;
    // The source of set-aside or refunded money was not recorded.
    let untold = Source::Answer;
    match old {
        Payment::Initiated {
            order_id,
            buyer_id,
            amounts,
            provider,
            capture,
        } => event::PaymentInitiated {
            order_id,
            buyer_id,
            amounts: amounts.into(),
            provider,
            capture,
        }
        .into(),
        Payment::Prepared(same) => same.into(),
        Payment::Authorized {
            authorized,
            expires_at,
        } => event::PaymentAuthorized {
            authorized: authorized.into(),
            expires_at,
            source: untold,
        }
        .into(),
        Payment::Captured { captured, source } => event::PaymentCaptured {
            captured: captured.into(),
            theirs: captured.into(),
            source,
        }
        .into(),
        Payment::Failed(same) => same.into(),
        Payment::Canceled(same) => same.into(),
        Payment::Expired(same) => same.into(),
        Payment::Voided(same) => same.into(),
        Payment::Mismatched { received } => event::PaymentMismatched {
            received: whole(received),
            source: untold,
        }
        .into(),
        Payment::Orphaned { received } => event::PaymentOrphaned {
            received: whole(received),
            source: untold,
        }
        .into(),
        Payment::SuspendedMoneyTaken {
            suspended,
            captured,
            source,
        } => event::SuspendedMoneyTaken {
            suspended: whole(suspended),
            captured: captured.into(),
            source,
        }
        .into(),
        Payment::SuspendedMoneyReturned { suspended } => event::SuspendedMoneyReturned {
            suspended: whole(suspended),
            at_gateway: whole(suspended),
            way: RefundWay::Gateway,
            source: untold,
        }
        .into(),
        Payment::OperationIntended { operation, kind } => event::OperationIntended {
            operation,
            kind,
            amounts: None,
            refund: None,
            credentials: None,
        }
        .into(),
        Payment::OperationUnanswered(same) => same.into(),
        Payment::ProviderConfirmed(same) => same.into(),
        Payment::ProviderRefused(same) => same.into(),
        Payment::WebhookReceived {
            event_id,
            event_type,
            body,
        } => event::WebhookReceived {
            event_id,
            event_type,
            body: body.into(),
        }
        .into(),
        Payment::PersonDecided { actor, reason } => event::PersonDecided {
            actor,
            reason: reason.into(),
        }
        .into(),
        Payment::PersonalDataErased(same) => same.into(),
        Payment::SessionOpened {
            expires_at,
            method,
            redirect_url,
            buyer,
        } => event::SessionOpened {
            session: SessionId::from_bits(id.bits()),
            expires_at,
            method,
            redirect_url,
            buyer: buyer.map(Into::into),
        }
        .into(),
        Payment::BuyerReturned {
            provider_payment_id,
        } => event::BuyerReturned {
            provider_payment_id: Some(provider_payment_id),
            brought: None,
        }
        .into(),
        Payment::GatewayCalled {
            operation,
            call,
            status,
            http_status,
            took_ms,
            exchange,
        } => event::GatewayCalled {
            operation,
            call,
            status,
            http_status,
            took_ms,
            exchange: exchange.into(),
        }
        .into(),
        Payment::HintFollowed {
            hash,
            heard_at,
            from,
        } => event::HintFollowed {
            hash,
            heard_at,
            from: from.into(),
        }
        .into(),
        Payment::DepositAwaited(same) => same.into(),
        Payment::RefundRequested { amounts } => event::RefundRequested {
            refund: None,
            amounts: amounts.into(),
            way: RefundWay::Gateway,
        }
        .into(),
        Payment::Refunded {
            refunded,
            requested,
            way,
            source,
        } => event::PaymentRefunded {
            refund: None,
            refunded: refunded.into(),
            at_gateway: refunded.into(),
            requested,
            way,
            source,
        }
        .into(),
        Payment::RefundFailed { amounts, code } => event::RefundFailed {
            refund: None,
            amounts: amounts.into(),
            code,
        }
        .into(),
        Payment::GatewayDisagreed { holds } => event::GatewayDisagreed {
            taken: None,
            holds: whole(holds),
        }
        .into(),
        Payment::GatewayAgreed(same) => same.into(),
        Payment::BuyerChose { method, buyer } => event::BuyerChose {
            method,
            buyer: buyer.map(Into::into),
        }
        .into(),
    }
}
