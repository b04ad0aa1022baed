//! Commands in few words.

use daegeum_engine::command::{
    Asker, Command, Fact, MockResult, NewLine, NewOrder, Notification, Resolution,
};
use daegeum_engine::event::{FailureCode, Provider};
use daegeum_engine::id::{BuyerId, OrderId, PaymentId};
use daegeum_engine::idempotency::{Answer, KeyedRequest, hash16};
use daegeum_engine::money::{Currency, Money};
use daegeum_engine::order::{CaptureMode, Tax};
use daegeum_engine::sealed::{RetentionClass, Sealed, SealingKey, SealingKeyId};
use daegeum_engine::store::executor::Executed;
use daegeum_engine::time::Timestamp;

pub fn won(minor: u64) -> Money {
    Money::new(minor, Currency::Krw).unwrap()
}

pub fn order_id(n: usize) -> OrderId {
    OrderId::parse(&format!("order-{n}")).unwrap()
}

pub fn buyer(n: usize) -> BuyerId {
    BuyerId::parse(&format!("buyer-{n}")).unwrap()
}

pub fn keyed(key: u64, fingerprint: u8) -> KeyedRequest {
    KeyedRequest {
        key: hash16(&[&key.to_be_bytes()]),
        fingerprint: [fingerprint; 16],
    }
}

pub fn line(quantity: u32, unit_price: u64, tax: Tax) -> NewLine {
    NewLine {
        name: "강의".into(),
        quantity,
        unit_price,
        tax,
        item_id: Some("item-1".into()),
        seller_id: None,
    }
}

/// One line of 11,000 won and one of 700 won without tax.
pub const TOTAL: u64 = 11_700;

pub fn new_order(n: usize, capture: CaptureMode, expires_at: Option<u64>) -> NewOrder {
    NewOrder {
        order_id: order_id(n),
        buyer_id: buyer(n % 2),
        total: won(TOTAL),
        resource: None,
        lines: vec![line(2, 5_500, Tax::Taxable), line(1, 700, Tax::TaxFree)],
        discounts: Vec::new(),
        capture,
        expires_at: expires_at.map(Timestamp::from_millis),
        fingerprint: hash16(&[&n.to_be_bytes()]),
    }
}

pub fn create_order(n: usize, capture: CaptureMode) -> Command {
    Command::CreateOrder(new_order(n, capture, None))
}

pub fn create_payment(n: usize) -> Command {
    Command::CreatePayment {
        asker: Asker::Merchant,
        order_id: order_id(n),
        amount: won(TOTAL),
        provider: Some(Provider::Mock),
    }
}

pub fn complete(payment_id: PaymentId, result: MockResult) -> Command {
    Command::CompleteMock { payment_id, result }
}

pub fn notify(payment_id: PaymentId, event_id: &str, fact: Fact) -> Command {
    Command::Notify(Notification {
        provider: Provider::Mock,
        event_id: event_id.into(),
        event_type: "payment.test".into(),
        payment_id,
        provider_payment_id: None,
        fact,
        body: sealed("{\"buyer\":\"김철수\"}"),
    })
}

pub fn failed() -> Fact {
    Fact::Failed {
        code: FailureCode::new("DECLINED"),
    }
}

pub fn resolve(payment_id: PaymentId, resolution: Resolution) -> Command {
    Command::Resolve {
        payment_id,
        resolution,
        actor: "kim".into(),
        reason: sealed("전화로 확인"),
    }
}

pub fn sealed(plain: &str) -> Sealed {
    let id = SealingKeyId::Day {
        day: 20_000,
        class: RetentionClass::Evidence,
    };
    Sealed::seal(&SealingKey::new(id, [7; 32]), [9; 12], plain.as_bytes()).unwrap()
}

/// The payment an answer is about.
pub fn payment_of(executed: &Executed) -> PaymentId {
    match &executed.answer {
        Answer::Payment { payment_id, .. } => *payment_id,
        other => panic!("not about a payment: {other:?}"),
    }
}
