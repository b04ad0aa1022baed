//! The answers that clear the "ask the gateway" mark of a payment.

use super::super::evidence::tests::facts::SampleFact;
use super::super::evidence::tests::shop::{self, Shop};
use super::super::evidence::tests::situations;
use super::*;
use crate::payment::PaymentDetail;

/// Whether the mark is set, and how many inquiries in a row brought no news.
fn mark(shop: &Shop) -> (bool, u8) {
    let core = shop.payment().core();
    (core.inquiry_wanted, core.idle_inquiries)
}

/// A payment with captured money and an unsigned notification.
fn hinted() -> Shop {
    let mut shop = situations::captured();
    shop.is_hinted();
    assert_eq!(mark(&shop), (true, 0));
    shop
}

const AS_ASKED: fn(&mut Learned) = |_| {};

#[test]
fn answer_that_is_known_already_clears_the_mark() {
    let mut shop = hinted();
    shop.asks(AS_ASKED, SampleFact::Taken.fact());
    assert_eq!(mark(&shop), (false, 1));
}

#[test]
fn news_clear_the_mark_and_the_count_of_idle_inquiries() {
    let mut shop = hinted();
    shop.asks(AS_ASKED, SampleFact::Taken.fact());
    shop.is_hinted();
    shop.asks(AS_ASKED, SampleFact::WhollyReturned.fact());
    assert_eq!(mark(&shop), (false, 0));
    assert_eq!(shop.payment().detail(), PaymentDetail::Refunded);
}

#[test]
fn outdated_answer_keeps_the_mark() {
    for said in [SampleFact::Undecided, SampleFact::Held, SampleFact::Other] {
        let mut shop = hinted();
        shop.asks(AS_ASKED, said.fact());
        let settled = said == SampleFact::Other;
        assert_eq!(mark(&shop).0, !settled, "{said:?}");
    }
}

#[test]
fn answer_to_an_earlier_inquiry_or_to_a_call_keeps_the_mark() {
    let early: [fn(&mut Learned); 3] = [
        |learned| learned.asked_since_hint = false,
        |learned| learned.source = Source::Answer,
        |learned| learned.news = News::None,
    ];
    for change in early {
        let mut shop = hinted();
        shop.asks(change, SampleFact::Taken.fact());
        assert_eq!(mark(&shop), (true, 0));
    }
}

#[test]
fn more_money_than_is_known_is_inquired_about_again() {
    let mut shop = situations::captured();
    shop.learns(SampleFact::AwaitingDeposit.fact());
    assert!(shop.payment().core().disagreement.is_some());
    shop.is_hinted();
    shop.asks(AS_ASKED, SampleFact::Taken.fact());
    assert_eq!(shop.payment().core().disagreement, None);
    assert!(mark(&shop).0, "an old answer says the same");
    shop.asks(AS_ASKED, SampleFact::Taken.fact());
    assert!(!mark(&shop).0);
}

#[test]
fn another_window_of_the_order_clears_the_mark_while_nothing_is_captured() {
    let another: fn(&mut Learned) = |learned| learned.name = Some(shop::name(1));
    let mut shop = situations::prepared();
    shop.is_hinted();
    shop.asks(another, SampleFact::Undecided.fact());
    assert!(!mark(&shop).0);

    let mut shop = hinted();
    shop.asks(another, SampleFact::Undecided.fact());
    assert!(mark(&shop).0);
}
