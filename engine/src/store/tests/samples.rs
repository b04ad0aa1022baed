//! One sample of each stored type, with distinct values, for the golden files.

use crate::amounts::Amounts;
use crate::event::*;
use crate::group::GroupEvent;
use crate::id::{BuyerId, OperationId, OrderId, PaymentId, RefundId, SessionId};
use crate::idempotency::{Answer, Reply};
use crate::money::{Currency, Money};
use crate::operation::OperationKind;
use crate::order::{
    AnyOrder, BorneBy, CancelReason, CaptureMode, Discount, Line, Order, OrderKind, Resource,
    SellerSum, Tax,
};
use crate::payment::{AnyPayment, Payment};
use crate::rejection::Rejection;
use crate::sealed::{RetentionClass, Sealed, SealingKey, SealingKeyId};
use crate::store::codec::{self, Kind};
use crate::store::record::{Body, GroupRecord, Record, UnmatchedNotification};
use crate::store::view::{Marks, Stored};
use crate::stream::Stream;
use crate::time::Timestamp;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + ms)
}

fn won(minor: u64) -> Money {
    Money::new(minor, Currency::Krw).unwrap()
}

fn amounts() -> Amounts {
    Amounts::of(won(11_000), won(700)).unwrap()
}

fn order_id() -> OrderId {
    OrderId::parse("ORD-2026.11:1").unwrap()
}

fn buyer_id() -> BuyerId {
    BuyerId::parse("김철수").unwrap()
}

fn payment() -> PaymentId {
    PaymentId::from_bits(0x01a1_ee56_5e78_7bab_abab_abab_abab_0001)
}

fn operation() -> OperationId {
    OperationId::from_bits(0x01a1_ee56_5e78_7bab_abab_abab_abab_0002)
}

fn session() -> SessionId {
    SessionId::from_bits(0x01a1_ee56_5e78_7bab_abab_abab_abab_0003)
}

fn refund() -> RefundId {
    RefundId::from_bits(0x01a1_ee56_5e78_7bab_abab_abab_abab_0004)
}

pub(super) fn sealed(class: RetentionClass) -> Sealed {
    let id = SealingKeyId::Day { day: 20_776, class };
    let key = SealingKey::new(id, [3; 32]);
    Sealed::seal(&key, [5; 12], "010-1234-5678".as_bytes()).unwrap()
}

fn code() -> FailureCode {
    FailureCode::new("EXCEED_MAX_CARD_INSTALLMENT_PLAN")
}

fn initiated(capture: CaptureMode) -> PaymentInitiated {
    PaymentInitiated {
        order_id: order_id(),
        buyer_id: buyer_id(),
        amounts: amounts(),
        provider: Provider::Mock,
        capture,
    }
}

fn created() -> OrderCreated {
    let line = |tax, item_id: Option<&str>| Line {
        name: "수업".into(),
        quantity: 300,
        unit_price: 70_000,
        tax,
        item_id: item_id.map(Into::into),
        seller_id: Some("seller-1".into()),
        amounts: amounts(),
    };
    let discount = Discount {
        name: "첫 수업".into(),
        minor: 700,
        lines: Some(vec![0]),
        borne_by: BorneBy::Seller,
    };
    let sum = SellerSum {
        seller_id: Some("seller-1".into()),
        amounts: amounts(),
    };
    OrderCreated {
        buyer_id: buyer_id(),
        kind: OrderKind::Booking,
        resource: Resource::parse(Some("lesson"), Some("L-7")).unwrap(),
        discounts: vec![discount],
        sellers: vec![sum],
        lines: vec![line(Tax::Taxable, Some("item-1")), line(Tax::TaxFree, None)],
        amounts: amounts(),
        capture: CaptureMode::OnConfirmation,
        expires_at: at(1_800_000),
        fingerprint: [0xf1; 16],
    }
}

/// One of each kind, in the order of their numbers.
fn payment_events() -> Vec<PaymentEvent> {
    let (captured, source) = (amounts(), Source::Notification);
    let provider_payment_id = ProviderPaymentId("mock_01".into());
    let confirmed = ProviderConfirmed {
        provider_payment_id,
        source: Source::Answer,
    };
    let received = WebhookReceived {
        event_id: "evt_1".into(),
        event_type: "payment.captured".into(),
        body: sealed(RetentionClass::Evidence),
    };
    let reason = sealed(RetentionClass::Remark);
    vec![
        initiated(CaptureMode::Automatic).into(),
        PaymentPrepared {}.into(),
        PaymentAuthorized {
            authorized: amounts(),
            expires_at: at(604_800_000),
            source,
        }
        .into(),
        PaymentCaptured {
            captured,
            theirs: Amounts::whole(won(11_700)),
            source,
        }
        .into(),
        PaymentFailed { code: code() }.into(),
        PaymentCanceled {
            reason: CancelReason::Requested,
        }
        .into(),
        PaymentExpired {}.into(),
        PaymentVoided {
            reason: CancelReason::Provider,
        }
        .into(),
        PaymentMismatched {
            received: Amounts::whole(Money::new(999, Currency::Usd).unwrap()),
            source,
        }
        .into(),
        PaymentOrphaned {
            received: amounts(),
            source,
        }
        .into(),
        SuspendedMoneyTaken {
            suspended: Amounts::whole(won(999)),
            captured,
            source: Source::Person,
        }
        .into(),
        SuspendedMoneyReturned {
            suspended: Amounts::whole(won(11_700)),
            at_gateway: Amounts::whole(won(10_700)),
            way: RefundWay::BankTransfer,
            source: Source::Person,
        }
        .into(),
        OperationIntended {
            operation: operation(),
            kind: OperationKind::Void,
            amounts: Some(amounts()),
            refund: Some(refund()),
            credentials: Some(Credentials::of(Provider::Toss, b"test_sk_x")),
        }
        .into(),
        OperationUnanswered {
            operation: operation(),
        }
        .into(),
        confirmed.into(),
        ProviderRefused {
            code: code(),
            source,
        }
        .into(),
        received.into(),
        PersonDecided {
            actor: "kim".into(),
            reason,
        }
        .into(),
        PersonalDataErased {
            actor: "lee".into(),
        }
        .into(),
    ]
    .into_iter()
    .chain(checkout_events())
    .chain(choice_events())
    .chain(paper_events())
    .collect()
}

/// Events of a checkout at a real gateway, in the order of their numbers.
fn checkout_events() -> Vec<PaymentEvent> {
    vec![
        SessionOpened {
            session: session(),
            expires_at: at(86_400_000),
            method: Some("card".into()),
            redirect_url: Some("https://shop.example/return".into()),
            buyer: Some(sealed(RetentionClass::Buyer)),
        }
        .into(),
        BuyerReturned {
            provider_payment_id: Some(ProviderPaymentId("tviva20261121".into())),
            brought: Some(sealed(RetentionClass::Evidence)),
        }
        .into(),
        GatewayCalled {
            operation: Some(operation()),
            call: CallKind::Inquire,
            status: CallStatus::Pending,
            http_status: Some(404),
            took_ms: 1_234,
            exchange: sealed(RetentionClass::Evidence),
        }
        .into(),
        HintFollowed {
            hash: [0x5a; 16],
            heard_at: at(9),
            from: sealed(RetentionClass::Evidence),
        }
        .into(),
        DepositAwaited {
            due_at: at(604_800_000),
        }
        .into(),
        RefundRequested {
            refund: Some(refund()),
            amounts: amounts(),
            way: RefundWay::Gateway,
        }
        .into(),
        PaymentRefunded {
            refund: Some(refund()),
            at_gateway: Amounts::whole(won(11_000)),
            refunded: amounts(),
            requested: true,
            way: RefundWay::BankTransfer,
            source: Source::Inquiry,
        }
        .into(),
        RefundFailed {
            refund: Some(refund()),
            amounts: amounts(),
            code: code(),
        }
        .into(),
        GatewayDisagreed {
            taken: Some(amounts()),
            holds: Amounts::whole(won(7_000)),
        }
        .into(),
        GatewayAgreed {}.into(),
        BuyerChose {
            method: Some("transfer".into()),
            buyer: Some(sealed(RetentionClass::Buyer)),
        }
        .into(),
        DisagreementAccepted {
            ours: amounts(),
            theirs: Amounts::whole(won(7_000)),
        }
        .into(),
        PaymentMethodKnown {
            paid_with: PaidWith {
                method: Some("card".into()),
                issuer: Some("61".into()),
                last4: Some("123*".into()),
                card_type: Some("신용".into()),
                approval: Some("00000000".into()),
                installments: Some(3),
            },
        }
        .into(),
        InquiryWanted {
            hash: [0x5b; 16],
            heard_at: at(10),
            from: sealed(RetentionClass::Evidence),
        }
        .into(),
        InquirySettled { news: true }.into(),
    ]
}

/// What buyer and shop say of a checkout besides, and which wallet it was.
fn choice_events() -> Vec<PaymentEvent> {
    vec![
        FailureUrlGiven {
            url: "https://shop.example/failed".into(),
        }
        .into(),
        CardChosen {
            easy_pay: Some("kakaopay".into()),
            installments: Some(3),
        }
        .into(),
        EasyPayKnown {
            easy_pay: "kakaopay".into(),
        }
        .into(),
    ]
}

/// What a buyer agreed to, and what they were given.
fn paper_events() -> Vec<PaymentEvent> {
    vec![
        ConsentGiven {
            text_hash: [0xc0; 32],
            version: "2026-11".into(),
            at: at(11),
        }
        .into(),
        SlipKnown {
            url: sealed(RetentionClass::Evidence),
        }
        .into(),
        RefundAskedFor {
            refund: refund(),
            asked_by: "shop".into(),
            reason: Some(sealed(RetentionClass::Remark)),
        }
        .into(),
    ]
}

fn order_events() -> Vec<OrderEvent> {
    let payment = payment();
    vec![
        created().into(),
        PaymentAttached { payment }.into(),
        ClaimTaken { payment }.into(),
        ClaimReleased { payment }.into(),
        OrderReserved { payment }.into(),
        OrderPaid { payment }.into(),
        OrderPaymentFailed { payment }.into(),
        OrderCancelRequested {
            reason: CancelReason::Unpaid,
        }
        .into(),
        OrderCanceled {
            reason: CancelReason::PaymentFailed,
        }
        .into(),
        OrderReopened { payment }.into(),
        OrderRefunded { payment }.into(),
    ]
}

fn group(events: Vec<GroupEvent>, reply: Option<Reply>) -> Record {
    let group = GroupRecord {
        previous: 300,
        events,
        reply,
    };
    Record::new(at(1), Stream::Order(order_id()), Body::Group(group))
}

pub(super) fn records() -> Vec<(String, Record)> {
    let mut samples = Vec::new();
    for event in payment_events() {
        let name = format!("payment.{}", event.name());
        samples.push((
            name,
            group(vec![GroupEvent::Payment(payment(), event)], None),
        ));
    }
    for event in order_events() {
        let name = format!("order.{}", event.name());
        samples.push((name, group(vec![GroupEvent::Order(event)], None)));
    }
    let both = vec![
        GroupEvent::Order(PaymentAttached { payment: payment() }.into()),
        GroupEvent::Payment(payment(), initiated(CaptureMode::OnConfirmation).into()),
    ];
    samples.push((
        "group.keyed".to_owned(),
        group(both, replies().pop().map(|(_, reply)| reply)),
    ));
    for (name, reply) in replies() {
        samples.push((
            format!("refused.{name}"),
            Record::new(at(2), Stream::Order(order_id()), Body::Kept(reply)),
        ));
    }
    let unmatched = UnmatchedNotification {
        provider: Provider::Mock,
        event_id: "evt_2".into(),
        event_type: "payment.failed".into(),
        payment_id: payment(),
        body: sealed(RetentionClass::Evidence),
    };
    samples.push((
        "unmatched".to_owned(),
        Record::new(at(3), Stream::Stray(payment()), Body::Unmatched(unmatched)),
    ));
    samples
}

pub(super) fn replies() -> Vec<(String, Reply)> {
    let reply = |answer| Reply {
        key: [0xab; 16],
        fingerprint: [0xcd; 16],
        answer,
    };
    let rejected = |rejection| Answer::Rejected {
        wire: 1,
        rejection,
        request_id: "req_01".into(),
    };
    let mut samples: Vec<_> = Rejection::all()
        .into_iter()
        .map(|rejection| (name_of(&rejection), reply(rejected(rejection))))
        .collect();
    let order = Answer::Order {
        wire: 1,
        status: 201,
        order_id: order_id(),
        version: 1,
    };
    let paid = Answer::Payment {
        wire: 1,
        status: 202,
        payment_id: payment(),
        version: 300,
    };
    samples.push(("order".to_owned(), reply(order)));
    samples.push(("payment".to_owned(), reply(paid)));
    samples
}

/// The rejection's code; of several that share a code, those after the first have their place behind it.
fn name_of(rejection: &Rejection) -> String {
    let code = rejection.code();
    let mut alike = Rejection::all()
        .into_iter()
        .filter(|one| one.code() == code);
    match alike.position(|one| one == *rejection) {
        Some(at) if at > 0 => format!("{code}.{}", at + 1),
        Some(_) | None => code.to_owned(),
    }
}

fn stored<T>(value: T) -> Stored<T> {
    Stored {
        first_record: 7,
        record: 70_000,
        marks: Marks {
            chosen: 300,
            taken: 69_999,
            call: 69_000,
        },
        value,
    }
}

fn order_after(events: Vec<OrderEvent>) -> Stored<AnyOrder> {
    let mut order: AnyOrder = Order::created(order_id(), &created(), at(4)).into();
    for event in events {
        order = order.evolve(&event, at(5)).unwrap();
    }
    stored(order)
}

/// Every state an order can be stored in.
pub(super) fn orders() -> Vec<(String, Stored<AnyOrder>)> {
    let payment = payment();
    let attached: OrderEvent = PaymentAttached { payment }.into();
    let claimed: OrderEvent = ClaimTaken { payment }.into();
    let reserved = vec![
        attached.clone(),
        claimed.clone(),
        OrderReserved { payment }.into(),
    ];
    let (again, claim_again) = (attached.clone(), claimed.clone());
    let asked = OrderCancelRequested {
        reason: CancelReason::Requested,
    };
    let canceled = OrderCanceled {
        reason: CancelReason::Unpaid,
    };
    let samples = [
        ("PAYMENT_PENDING", vec![]),
        ("RESERVED", reserved),
        (
            "PAID",
            vec![
                attached.clone(),
                claimed.clone(),
                OrderPaid { payment }.into(),
            ],
        ),
        ("CANCEL_REQUESTED", vec![attached, claimed, asked.into()]),
        ("CANCELED", vec![canceled.into()]),
        (
            "REFUNDED",
            vec![
                again,
                claim_again,
                OrderPaid { payment }.into(),
                OrderRefunded { payment }.into(),
            ],
        ),
    ];
    samples
        .into_iter()
        .map(|(name, events)| (name.to_owned(), order_after(events)))
        .collect()
}

fn payment_after(events: Vec<PaymentEvent>) -> Stored<AnyPayment> {
    let mut payment: AnyPayment =
        Payment::initiated(payment(), &initiated(CaptureMode::OnConfirmation), at(6)).into();
    for event in events {
        payment = payment.evolve(&event, at(7)).unwrap();
    }
    stored(payment)
}

/// Every state a payment can be stored in, and every state of its call.
pub(super) fn payments() -> Vec<(String, Stored<AnyPayment>)> {
    let named = |name: &str| {
        let found = payment_events()
            .into_iter()
            .find(|event| event.name() == name);
        found.unwrap_or_else(|| panic!("no event {name}"))
    };
    let samples: [(&str, &[&str]); 22] = [
        ("INITIATED", &[]),
        ("PREPARED", &["PAYMENT_PREPARED"]),
        (
            "AUTHORIZED",
            &[
                "OPERATION_INTENDED",
                "PROVIDER_CONFIRMED",
                "AUTHORIZE_SUCCEEDED",
            ],
        ),
        (
            "CAPTURED",
            &[
                "WEBHOOK_RECEIVED",
                "PROVIDER_CONFIRMED",
                "CAPTURE_SUCCEEDED",
            ],
        ),
        (
            "FAILED",
            &["OPERATION_INTENDED", "PROVIDER_REFUSED", "CAPTURE_FAILED"],
        ),
        ("CANCELED", &["CANCEL_SUCCEEDED"]),
        ("EXPIRED", &["PAYMENT_EXPIRED"]),
        ("VOIDED", &["AUTHORIZE_SUCCEEDED", "VOID_SUCCEEDED"]),
        ("MISMATCHED", &["AMOUNT_MISMATCHED"]),
        ("ORPHANED", &["MONEY_ORPHANED"]),
        (
            "RETURNED",
            &[
                "MONEY_ORPHANED",
                "PERSON_DECIDED",
                "SUSPENDED_MONEY_RETURNED",
            ],
        ),
        ("TAKEN", &["MONEY_ORPHANED", "SUSPENDED_MONEY_TAKEN"]),
        ("INTENDED", &["OPERATION_INTENDED"]),
        ("UNKNOWN", &["OPERATION_INTENDED", "OPERATION_UNANSWERED"]),
        ("ERASED", &["PERSONAL_DATA_ERASED"]),
        (
            "SESSION",
            &["SESSION_OPENED", "BUYER_RETURNED", "GATEWAY_CALLED"],
        ),
        ("PAID_WITH", &["CAPTURE_SUCCEEDED", "PAYMENT_METHOD_KNOWN"]),
        ("TO_BE_ASKED", &["PAYMENT_PREPARED", "INQUIRY_WANTED"]),
        (
            "ACCEPTED",
            &[
                "CAPTURE_SUCCEEDED",
                "GATEWAY_DISAGREED",
                "DISAGREEMENT_ACCEPTED",
            ],
        ),
        ("AWAITING_DEPOSIT", &["DEPOSIT_AWAITED"]),
        ("DISAGREED", &["CAPTURE_SUCCEEDED", "GATEWAY_DISAGREED"]),
        (
            "REFUNDED",
            &["CAPTURE_SUCCEEDED", "REFUND_REQUESTED", "REFUND_SUCCEEDED"],
        ),
    ];
    let after = |events: &[&str]| payment_after(events.iter().map(|name| named(name)).collect());
    samples
        .into_iter()
        .map(|(name, events)| (name.to_owned(), after(events)))
        .collect()
}

/// An order with the most payments, and a payment with the most notifications, with the longest texts.
pub(super) fn largest() -> Vec<(&'static str, Vec<u8>)> {
    let long = |letter: &str, times| -> Box<str> { letter.repeat(times).into() };
    let buyer = BuyerId::parse(&"가".repeat(42)).unwrap();
    let order = OrderId::parse(&"o".repeat(OrderId::MAX_LEN)).unwrap();
    let line = created().lines.remove(0);
    let created = OrderCreated {
        buyer_id: buyer.clone(),
        resource: Resource::parse(Some(&"k".repeat(64)), Some(&"r".repeat(64))).unwrap(),
        lines: vec![line; 100],
        ..created()
    };
    let mut whole: AnyOrder = Order::created(order.clone(), &created, at(4)).into();
    for n in 0..100 {
        let payment = PaymentId::from_bits(u128::MAX - n);
        let attached: OrderEvent = PaymentAttached { payment }.into();
        whole = whole.evolve(&attached, at(5)).unwrap();
    }
    let begun = PaymentInitiated {
        order_id: order,
        buyer_id: buyer,
        ..initiated(CaptureMode::OnConfirmation)
    };
    let mut paid: AnyPayment = Payment::initiated(payment(), &begun, at(6)).into();
    let confirmed = ProviderConfirmed {
        provider_payment_id: ProviderPaymentId(long("p", ProviderPaymentId::MAX_LEN)),
        source: Source::Answer,
    };
    let mut events: Vec<PaymentEvent> = (0..64)
        .map(|n| {
            let event_id: Box<str> = format!("evt_{n}").into();
            WebhookReceived {
                event_id,
                event_type: "payment.captured".into(),
                body: sealed(RetentionClass::Evidence),
            }
            .into()
        })
        .collect();
    let named = |name| {
        let found = payment_events()
            .into_iter()
            .find(|event| event.name() == name);
        found.unwrap()
    };
    events.push(confirmed.into());
    for name in [
        "SESSION_OPENED",
        "CAPTURE_SUCCEEDED",
        "OPERATION_INTENDED",
        "GATEWAY_DISAGREED",
        "PAYMENT_METHOD_KNOWN",
    ] {
        events.push(named(name));
    }
    for event in events {
        paid = paid.evolve(&event, at(7)).unwrap();
    }
    vec![
        (
            "an order",
            codec::encode(Kind::Order, &stored(whole)).unwrap(),
        ),
        (
            "a payment",
            codec::encode(Kind::Payment, &stored(paid)).unwrap(),
        ),
    ]
}
