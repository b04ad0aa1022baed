//! The past of one order, however long: the state that an answer shows, pages of events, and limits on refusals.

use std::path::Path;
use std::sync::Arc;

use super::{Shop, new_order, open, samples};
use crate::amounts::Amounts;
use crate::card::CardChoice;
use crate::command::{Asker, Choice, Command, Fact, Learned, NewSession, News};
use crate::event::{FailureCode, PaymentEvent, Provider, ProviderPaymentId, Source};
use crate::id::{OrderId, PaymentId};
use crate::idempotency::{Answer, KeyedRequest};
use crate::method::Method;
use crate::money::{Currency, Money};
use crate::order::{CaptureMode, OrderState};
use crate::payment::{AnyPayment, PaymentCore, PaymentDetail};
use crate::rejection::Rejection;
use crate::sealed::RetentionClass;
use crate::store::executor::Since;
use crate::store::files::{Files, SimulatedFiles};
use crate::store::index::MemoryHome;
use crate::store::reader::Reader;

const HOUR_MS: u64 = 3_600_000;
const KEY: &str = "their-key";

fn shop() -> Shop {
    let files: Arc<dyn Files> = Arc::new(SimulatedFiles::new());
    open(&files, &MemoryHome::default(), Path::new("data"), 1_000_000)
}

fn price() -> Money {
    Money::new(11_000, Currency::Krw).unwrap()
}

impl Shop {
    fn reader(&self) -> Reader {
        self.executor.store().reader()
    }

    fn learn(&mut self, payment_id: PaymentId, fact: Fact) {
        let payment = self.reader().payment(payment_id).unwrap().unwrap().value;
        let operation = payment.core().operation.as_ref().unwrap().core().id;
        let learned = Learned {
            payment_id,
            operation: Some(operation),
            name: Some(ProviderPaymentId(KEY.into())),
            news: News::Fact(fact),
            source: Source::Answer,
            paid_with: None,
            easy_pay: None,
            slip: None,
            exchange: None,
            asked_since_hint: false,
        };
        self.run(Command::Learn(Box::new(learned)), None);
    }

    /// A session of a new order, paid.
    fn paid_session(&mut self, order: &str) -> PaymentId {
        self.run(new_order(order), None);
        let session = NewSession {
            method: Some(Method::Card),
            card: CardChoice::default(),
            redirect_url: None,
            failure_url: None,
            buyer: None,
        };
        let opened = self.run(
            Command::OpenSession {
                asker: Asker::Merchant,
                order_id: OrderId::parse(order).unwrap(),
                provider: Some(Provider::Toss),
                session,
            },
            None,
        );
        let Answer::Payment { payment_id, .. } = opened.answer else {
            panic!("{opened:?}")
        };
        let choice = Choice {
            method: Some(Method::Transfer),
            card: CardChoice::default(),
            buyer: None,
        };
        let asker = Asker::Merchant;
        let prepared = Command::PreparePayment {
            asker,
            payment_id,
            choice: Some(choice),
            consents: Vec::new(),
        };
        self.run(prepared, None);
        let confirmed = Command::ConfirmPayment {
            asker: Asker::Merchant,
            payment_id,
            name: ProviderPaymentId(KEY.into()),
            amount: price(),
            brought: samples::sealed(RetentionClass::Evidence),
        };
        self.run(confirmed, None);
        self.learn(payment_id, Fact::captured(Amounts::whole(price())));
        payment_id
    }

    fn ask_back(&mut self, payment_id: PaymentId) -> Answer {
        let asker = Asker::Merchant;
        self.run(Command::CancelPayment { asker, payment_id }, None)
            .answer
    }

    /// The merchant asks for a refund, and the gateway refuses; returns the version that was answered with.
    fn refused_refund(&mut self, payment_id: PaymentId) -> u64 {
        let answer = self.ask_back(payment_id);
        let Answer::Payment {
            status: 202,
            version,
            ..
        } = answer
        else {
            panic!("{answer:?}")
        };
        let code = FailureCode::new("NOT_CANCELABLE_AMOUNT");
        self.learn(payment_id, Fact::CallRefused { code });
        version
    }
}

fn text(payment: Option<AnyPayment>) -> String {
    format!("{:?}", payment.unwrap())
}

#[test]
fn an_order_has_no_longest_history() {
    // Many times the window of record numbers that a replay holds (16 in tests). With 10,050 refusals, more than the
    // 20,000 records at which an order once ended, this takes half a minute.
    const REFUSALS: u64 = 200;
    let mut shop = shop();
    let payment = shop.paid_session("o-1");
    let first = shop.refused_refund(payment);
    let after_first = shop.reader().payment(payment).unwrap().unwrap().value;
    let mut last = first;
    for _ in 1..REFUSALS {
        shop.inputs.now += HOUR_MS;
        last = shop.refused_refund(payment);
    }
    let reader = shop.reader();
    let now = reader.payment(payment).unwrap().unwrap();
    assert!(now.record > 2 * REFUSALS);
    let shown = |payment: Option<AnyPayment>| payment.unwrap().core().version;
    assert_eq!(shown(reader.payment_at(payment, first).unwrap()), first);
    assert_eq!(
        text(reader.after_call(payment, first).unwrap()),
        format!("{after_first:?}")
    );
    assert_eq!(
        text(reader.after_call(payment, last).unwrap()),
        format!("{:?}", now.value)
    );
    let page = reader.payment_events(&now, 0, 3).unwrap();
    let names: Vec<_> = page.events.iter().map(|past| past.number).collect();
    assert_eq!((names, page.next), (vec![1, 2, 3], Some(3)));
    let taken = reader.record(now.marks.taken).unwrap();
    assert!(taken.at < now.value.core().updated_at);
}

#[test]
fn every_version_of_a_payment_is_shown_as_it_was() {
    let mut shop = shop();
    let payment = shop.paid_session("o-1");
    let order = OrderId::parse("o-1").unwrap();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let begun = shop.refused_refund(payment);
        let ended = shop.reader().payment(payment).unwrap().unwrap().value;
        seen.push((begun, format!("{ended:?}")));
        // Records of other payments and orders lie in between.
        shop.paid_session(&format!("other-{begun}"));
    }
    let reader = shop.reader();
    let last = reader
        .payment(payment)
        .unwrap()
        .unwrap()
        .value
        .core()
        .version;
    for version in 1..=last {
        let was = reader.payment_at(payment, version).unwrap().unwrap();
        assert_eq!(was.core().version, version);
    }
    assert!(reader.payment_at(payment, last + 1).unwrap().is_none());
    assert!(reader.after_call(payment, last + 1).unwrap().is_none());
    for (begun, ended) in seen {
        assert_eq!(text(reader.after_call(payment, begun).unwrap()), ended);
    }
    let last = reader.order(&order).unwrap().unwrap().value.core().version;
    for version in 1..=last {
        let was = reader.order_at(&order, version).unwrap().unwrap();
        assert_eq!(was.core().version, version);
    }
}

#[test]
fn event_pages_follow_each_other_without_a_gap() {
    let mut shop = shop();
    let payment = shop.paid_session("o-1");
    for _ in 0..4 {
        shop.refused_refund(payment);
        shop.paid_session(&format!("other-{}", shop.inputs.now));
    }
    let reader = shop.reader();
    let now = reader.payment(payment).unwrap().unwrap();
    for limit in 1..=9 {
        let (mut numbers, mut after) = (Vec::new(), Some(0));
        while let Some(from) = after {
            let page = reader.payment_events(&now, from, limit).unwrap();
            assert!(page.events.len() <= limit);
            numbers.extend(page.events.iter().map(|past| past.number));
            after = page.next;
        }
        assert!(numbers.into_iter().eq(1..=now.value.core().version));
    }
}

#[test]
fn records_that_are_often_read_are_marked() {
    let mut shop = shop();
    let payment = shop.paid_session("o-1");
    shop.refused_refund(payment);
    let reader = shop.reader();
    let now = reader.payment(payment).unwrap().unwrap();
    let in_record = |number| reader.events_in(number, payment).unwrap();
    let has = |number, wanted: fn(&PaymentEvent) -> bool| in_record(number).iter().any(wanted);
    assert!(has(now.first_record, |event| matches!(
        event,
        PaymentEvent::SessionOpened(_)
    )));
    assert!(has(now.marks.chosen, |event| matches!(
        event,
        PaymentEvent::BuyerChose(_)
    )));
    assert!(has(now.marks.taken, |event| matches!(
        event,
        PaymentEvent::PaymentCaptured(_)
    )));
}

#[test]
fn repeatedly_refused_refund_has_to_rest() {
    let mut shop = shop();
    let payment = shop.paid_session("o-1");
    for _ in 0..PaymentCore::RESTS_AFTER {
        shop.refused_refund(payment);
    }
    let records = shop.executor.store().journal().tail().next_record;
    let mut rests = Vec::new();
    for _ in 0..10 {
        let Answer::Rejected {
            rejection: Rejection::RefundResting { rest_ms },
            ..
        } = shop.ask_back(payment)
        else {
            panic!("it may be asked again at once")
        };
        rests.push(rest_ms.div_ceil(60_000));
        shop.inputs.now += rest_ms;
        shop.refused_refund(payment);
    }
    assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60], "minutes");
    let written = shop.executor.store().journal().tail().next_record - records;
    assert_eq!(written, 20, "a refusal to ask writes nothing");
    // Once the cause is removed, the request succeeds after the rest period.
    shop.inputs.now += HOUR_MS;
    shop.ask_back(payment);
    shop.learn(payment, Fact::refunded(Amounts::whole(price())));
    let now = shop.reader().payment(payment).unwrap().unwrap().value;
    assert_eq!(
        (now.detail(), now.core().refusals),
        (PaymentDetail::Refunded, 0)
    );
}

#[test]
fn temporary_refusal_is_not_kept_under_its_key() {
    let mut shop = shop();
    let payment_id = shop.paid_session("o-1");
    for _ in 0..PaymentCore::RESTS_AFTER {
        shop.refused_refund(payment_id);
    }
    let keyed = Some(KeyedRequest {
        key: [7; 16],
        fingerprint: [8; 16],
    });
    let ask = || Command::CancelPayment {
        asker: Asker::Merchant,
        payment_id,
    };
    let refused = shop.run(ask(), keyed).answer;
    assert!(matches!(refused, Answer::Rejected { .. }));
    shop.inputs.now += HOUR_MS;
    let granted = shop.run(ask(), keyed);
    assert!(!granted.replayed);
    assert!(matches!(
        granted.answer,
        Answer::Payment { status: 202, .. }
    ));
}

#[test]
fn repeated_cancellation_gets_the_answer_of_how_it_ended() {
    let mut shop = shop();
    let Command::CreateOrder(mut new) = new_order("o-1") else {
        panic!("an order is registered otherwise")
    };
    new.capture = CaptureMode::OnConfirmation;
    let order = new.order_id.clone();
    shop.run(Command::CreateOrder(new), None);
    let payment = shop.paid_session("o-1");
    let (mut seen, last) = (Vec::new(), 9_u8);
    for n in 1..=last {
        let key = [n; 16];
        let fingerprint = [0; 16];
        let order_id = order.clone();
        let keyed = KeyedRequest { key, fingerprint };
        let asked = shop.run(Command::CancelOrder { order_id }, Some(keyed));
        let Answer::Order {
            status: 202,
            version,
            ..
        } = asked.answer
        else {
            panic!("{asked:?}")
        };
        let after = shop.reader().after_calls(&order, version, asked.since);
        assert!(after.unwrap().is_none(), "its call is under way");
        // Records of others lie in between.
        shop.paid_session(&format!("other-{n}"));
        if n == last {
            shop.learn(payment, Fact::refunded(Amounts::whole(price())));
        } else {
            let code = FailureCode::new("NOT_CANCELABLE_AMOUNT");
            shop.learn(payment, Fact::CallRefused { code });
        }
        let ended = shop.reader().order(&order).unwrap().unwrap().value;
        assert_eq!(ended.state() == OrderState::Canceled, n == last);
        seen.push((version, asked.since, Since::Key(key), format!("{ended:?}")));
    }
    let reader = shop.reader();
    for (version, asked, repeated, ended) in seen {
        for since in [asked, repeated] {
            let after = reader.after_calls(&order, version, since).unwrap();
            assert_eq!(format!("{:?}", after.unwrap()), ended);
        }
    }
}
