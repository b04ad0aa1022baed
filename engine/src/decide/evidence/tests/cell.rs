//! One cell: a fact in a situation, and the assertions that hold afterwards.

use super::facts::SampleFact;
use super::shop::{self, Shop};
use super::situations::Situation;
use super::{CallEnd, Effect, PaymentState, Way, all_went_back, counts, end_of_call, judge};
use crate::command::{Fact, Resolution};
use crate::event::Source;
use crate::operation::AnyOperation;
use crate::payment::{AnyPayment, Stage};

type Tell = fn(&mut Shop, Fact);

pub(super) fn drive_all(state: PaymentState) {
    for situation in Situation::of(state) {
        for said in SampleFact::ALL {
            drive(situation, said);
        }
    }
}

pub(super) fn effect(situation: &Situation, said: SampleFact) -> Effect {
    let shop = situation.build();
    judge(shop.payment(), shop.order_takes(), &said.fact())
}

fn drive(situation: &Situation, said: SampleFact) {
    let at = format!(
        "{} ({}): {}",
        situation.state.name(),
        situation.words,
        said.words()
    );
    let ways: [(Source, Tell); 3] = [
        (Source::Answer, Shop::learns),
        (Source::Inquiry, Shop::asks_about_call),
        (Source::Notification, Shop::hears),
    ];
    for (source, tell) in ways {
        let (effect, end) = weighed(situation, said, source);
        let told = || {
            let mut shop = situation.build();
            tell(&mut shop, said.fact());
            shop
        };
        let shop = told();
        println!("{at}, {source:?}: {}", effect.name());
        moved_as_it_says(situation, said, effect, shop.payment());
        call_ended_as_it_says(situation, end, shop.payment());
        shop.assert_books();
        left_money_shows(&said.fact(), effect, source, shop.payment());
        a_person_can_resolve(told);
    }
}

/// The effect of a fact that comes this way. A fact that does not count is overtaken.
fn weighed(situation: &Situation, said: SampleFact, source: Source) -> (Effect, CallEnd) {
    let shop = situation.build();
    let (payment, fact) = (shop.payment(), said.fact());
    let way = Way {
        // If no call waits for an answer, an inquiry was made.
        source: if source == Source::Answer && !payment.core().operation_in_flight() {
            Source::Inquiry
        } else {
            source
        },
        name: payment.core().provider_payment_id.as_ref(),
        about_call: true,
    };
    if !counts(payment, &fact, way) {
        return (Effect::Overtaken, CallEnd::Open);
    }
    let effect = judge(payment, shop.order_takes(), &fact);
    (effect, end_of_call(payment, effect, &fact))
}

/// The state that the effect leads to; the money decides, not the call.
fn leads_to(situation: &Situation, said: SampleFact, effect: Effect) -> PaymentState {
    match effect {
        Effect::Known if situation.is_over_with(said) => PaymentState::Canceled,
        Effect::Known
        | Effect::Overtaken
        | Effect::ReleaseHold
        | Effect::Disagree { .. }
        | Effect::Agree => situation.state,
        Effect::Hold { .. } => PaymentState::Authorized,
        Effect::AwaitDeposit { .. } => PaymentState::AwaitingDeposit,
        Effect::Take(_) if !situation.order_takes => PaymentState::Orphaned,
        Effect::Take(_) | Effect::GiveToOrder(_) => PaymentState::Captured,
        Effect::SetAside(_) => PaymentState::Mismatched,
        Effect::GoBack(_) if situation.state == PaymentState::Captured => PaymentState::Captured,
        Effect::ComeAndGo(_) | Effect::GoBack(_) => PaymentState::Returned,
        Effect::Fail => PaymentState::Failed,
        Effect::GiveUp if situation.state == PaymentState::Authorized => PaymentState::Voided,
        Effect::GiveUp => PaymentState::Canceled,
    }
}

fn moved_as_it_says(situation: &Situation, said: SampleFact, effect: Effect, after: &AnyPayment) {
    assert_eq!(after.state(), leads_to(situation, said, effect));
    let core = after.core();
    match effect {
        Effect::Disagree { holds, .. } => assert_eq!(core.disagreement, Some(holds)),
        Effect::Agree => assert_eq!(core.disagreement, None),
        Effect::ReleaseHold => assert!(core.operation_in_flight()),
        Effect::Take(told)
        | Effect::SetAside(told)
        | Effect::GiveToOrder(told)
        | Effect::GoBack(told) => {
            assert!(after.rounds_like(&told.left, &core.held_by_gateway()));
        }
        Effect::ComeAndGo(_) => assert!(core.held_by_gateway().is_zero()),
        Effect::Known
        | Effect::Overtaken
        | Effect::Hold { .. }
        | Effect::AwaitDeposit { .. }
        | Effect::Fail
        | Effect::GiveUp => {}
    }
}

fn call_ended_as_it_says(situation: &Situation, end: CallEnd, after: &AnyPayment) {
    let before = situation.build();
    let Some(call) = before.payment().core().call_in_flight() else {
        return;
    };
    let call = call.core().id;
    let now = after.core().operation.as_ref().unwrap();
    // The end of one call may have led to another call.
    if now.core().id != call {
        return assert_ne!(end, CallEnd::Open);
    }
    let ended = match now {
        AnyOperation::Intended(_) | AnyOperation::Unknown(_) => CallEnd::Open,
        AnyOperation::Succeeded(_) => CallEnd::Done,
        AnyOperation::Refused(_) => CallEnd::NotDone,
    };
    assert_eq!(ended, end);
}

/// Money that the gateway has is captured by the order, set aside or a disagreement, unless the fact is outdated.
fn left_money_shows(fact: &Fact, effect: Effect, source: Source, after: &AnyPayment) {
    let Fact::Taken { left, .. } = fact else {
        return;
    };
    if left.is_zero() {
        return;
    }
    if effect == Effect::Overtaken {
        // Refunded money does not come back, unless only a person recorded the refund: then it may not have happened.
        let certain = source != Source::Inquiry || !after.is_back_by_a_persons_word();
        let is_back = all_went_back(after) && certain;
        return assert!(is_back || !after.core().held_by_gateway().is_zero());
    }
    let shows = match after.stage() {
        Stage::Taken | Stage::Aside => true,
        Stage::Begun | Stage::Held | Stage::AwaitsDeposit | Stage::Over | Stage::Back => {
            after.core().disagreement.is_some() || !after.core().at_gateway.is_zero()
        }
    };
    assert!(shows && after.rounds_like(left, &after.core().held_by_gateway()));
}

/// Ends the call in flight, if there is one, by a gateway's refusal.
fn at_rest(told: &dyn Fn() -> Shop) -> Shop {
    let mut shop = told();
    while shop.payment().core().operation_in_flight() {
        shop.learns(SampleFact::CallRefused.fact());
    }
    shop
}

/// Each resolution that the payment should offer is accepted, and the books are right after it.
fn a_person_can_resolve(told: impl Fn() -> Shop) {
    let shop = at_rest(&told);
    let payment = shop.payment();
    if payment.core().disagreement.is_some() {
        let mut shop = at_rest(&told);
        shop.resolves(Resolution::Accept);
        shop.assert_books();
        assert_eq!(shop.payment().core().disagreement, None);
    }
    match payment.stage() {
        Stage::Aside => {
            for resolution in [Resolution::Return, Resolution::Returned] {
                let mut shop = at_rest(&told);
                shop.resolves(resolution);
                shop.assert_books();
            }
            if shop.order_takes() && payment.core().disagreement.is_none() {
                let mut shop = at_rest(&told);
                shop.resolves(Resolution::Take);
                shop.assert_books();
            }
        }
        Stage::Taken | Stage::Held | Stage::AwaitsDeposit => {
            let mut shop = at_rest(&told);
            shop.tries(shop::cancel).unwrap();
            shop.assert_books();
        }
        Stage::Back => {
            if payment.is_on_the_desk() {
                let mut shop = at_rest(&told);
                shop.resolves(Resolution::Return);
                shop.assert_books();
            }
        }
        Stage::Begun | Stage::Over => {}
    }
}
