//! Every fact in every situation, through `decide`: the payment moves as `judge` says, the books balance and agree
//! with the gateway, and money left there can be resolved. `docs/evidence.md` is generated from the same cells.

mod cell;
pub(in crate::decide) mod facts;
mod page;
pub(in crate::decide) mod shop;
pub(in crate::decide) mod situations;
mod why;

use super::*;
use crate::amounts::Portion;
use crate::command::{RefundOf, Resolution};
use crate::event::PaymentEvent;
use crate::ledger::Account;
use crate::order::OrderState;
use crate::payment::{DeskReason, PaymentDetail};
use crate::rejection::Rejection;
use facts::SampleFact;
use shop::Shop;
use situations::Situation;

macro_rules! tests_by_state {
    ($($test:ident: $State:ident;)+) => {
        $(#[test]
        fn $test() {
            cell::drive_all(PaymentState::$State);
        })+

        /// The test that drives all cells of this state.
        const fn test_of(state: PaymentState) -> &'static str {
            match state { $(PaymentState::$State => stringify!($test)),+ }
        }
    };
}

tests_by_state! {
    facts_about_an_initiated_payment: Initiated;
    facts_about_a_prepared_payment: Prepared;
    facts_about_an_authorized_payment: Authorized;
    facts_about_a_captured_payment: Captured;
    facts_about_a_failed_payment: Failed;
    facts_about_a_canceled_payment: Canceled;
    facts_about_an_expired_payment: Expired;
    facts_about_a_voided_payment: Voided;
    facts_about_a_mismatched_payment: Mismatched;
    facts_about_an_orphaned_payment: Orphaned;
    facts_about_a_returned_payment: Returned;
    facts_about_a_payment_that_awaits_a_deposit: AwaitingDeposit;
}

#[test]
fn every_state_has_situations_that_are_in_that_state() {
    for state in PaymentState::ALL {
        assert!(Situation::of(*state).next().is_some(), "{}", state.name());
    }
    for situation in situations::ALL {
        let shop = situation.build();
        assert_eq!(shop.payment().state(), situation.state, "{situation:?}");
        assert_eq!(
            shop.payment().core().kind_in_flight(),
            situation.call,
            "{situation:?}"
        );
        assert_eq!(shop.order_takes(), situation.order_takes, "{situation:?}");
    }
}

#[test]
fn excess_that_the_gateway_refunds_ends_the_disagreement() {
    let mut shop = situations::mismatched();
    shop.cancel_order();
    shop.learns(facts::taken(11_700, 11_700));
    assert!(shop.payment().core().disagreement.is_some());
    shop.learns(facts::taken(9_000, 9_000));
    assert_eq!(shop.payment().core().disagreement, None);
}

#[test]
fn accepted_difference_ends_before_the_order_takes_the_money() {
    let mut shop = situations::mismatched();
    shop.learns(facts::taken(9_000, 8_000));
    shop.resolves(Resolution::Accept);
    shop.learns(facts::taken(11_700, 11_700));
    assert_eq!(shop.payment().state(), PaymentState::Captured);
    shop.assert_books();
}

#[test]
fn partly_refunded_money_is_not_given_to_its_order() {
    let mut shop = situations::orphaned_and_wanted();
    shop.learns(facts::taken(11_700, 11_000));
    shop.resolves(Resolution::Accept);
    let refused = shop.tries(shop::resolve(Resolution::Take));
    assert_eq!(refused, Err(Rejection::OrderCannotTake.into()));
}

#[test]
fn bank_transfer_covers_only_what_the_gateway_did_not_refund() {
    for accepted in [false, true] {
        let mut shop = situations::orphaned_and_wanted();
        shop.learns(facts::taken(11_700, 7_000));
        if accepted {
            shop.resolves(Resolution::Accept);
        }
        shop.resolves(Resolution::Returned);
        assert_eq!(shop.payment().state(), PaymentState::Returned);
        assert!(!shop.payment().is_on_the_desk());
        shop.assert_books();
        assert_eq!(shop.total(Account::SettlementBank), -7_000);
        assert_eq!(
            shop.total(Account::ReconciliationDifference(shop::GATEWAY)),
            0
        );
    }
}

#[test]
fn refund_recorded_only_in_our_books_can_be_repeated_at_the_gateway() {
    let mut shop = situations::has_it_after_all();
    assert_eq!(shop.payment().desk_reason(), Some(DeskReason::Disagreement));
    shop.resolves(Resolution::Return);
    shop.learns(SampleFact::WhollyReturned.fact());
    assert_eq!(shop.payment().detail(), PaymentDetail::Refunded);
    assert!(!shop.payment().is_on_the_desk());
    shop.assert_books();
}

/// The refunds of a payment as they are posted: by whom, and how much.
fn refunds(shop: &Shop) -> Vec<(bool, u64)> {
    let refunds = shop.events().filter_map(|event| {
        let PaymentEvent::PaymentRefunded(e) = event else {
            return None;
        };
        Some((e.requested, e.refunded.total().minor()))
    });
    refunds.collect()
}

#[test]
fn parts_are_refunded_one_after_the_other_until_nothing_is_left() {
    for parts in [[1_000, 1_000, 9_700], [5, 50, 11_645], [1, 1, 1]] {
        let mut shop = situations::captured();
        let mut left = facts::PRICE;
        for part in parts {
            shop.refunds(RefundOf::Amount(part));
            left -= part;
            shop.learns(facts::taken(facts::PRICE, left));
            assert_eq!(shop.payment().refundable().total(), facts::won(left));
            shop.assert_books();
        }
        if left > 0 {
            assert_eq!(shop.payment().detail(), PaymentDetail::PartiallyRefunded);
            assert_eq!(shop.order().state(), OrderState::Paid);
            shop.refunds(RefundOf::AllThatIsLeft);
            shop.learns(SampleFact::WhollyReturned.fact());
        }
        assert_eq!(shop.payment().detail(), PaymentDetail::Refunded);
        assert!(shop.payment().refundable().is_zero());
        shop.assert_books();
        for account in [Account::Hold, Account::RefundPending(shop::GATEWAY)] {
            assert_eq!(shop.total(account), 0, "{parts:?}");
        }
    }
}

#[test]
fn refund_of_more_than_is_left_is_refused_with_what_is_left() {
    let refundable_minor = facts::PRICE - facts::PART;
    let out_of_range = Err(Rejection::RefundOutOfRange { refundable_minor }.into());
    for of in [
        RefundOf::Amount(refundable_minor + 1),
        RefundOf::Amount(0),
        RefundOf::Portion(Portion {
            tax_free: 701,
            ..Portion::default()
        }),
        RefundOf::Portion(Portion::default()),
    ] {
        let mut shop = situations::partly_refunded();
        assert_eq!(shop.tries(shop::refund(of)), out_of_range, "{of:?}");
    }
    situations::partly_refunded().refunds(RefundOf::Amount(refundable_minor));
}

#[test]
fn one_refund_at_a_time_and_a_refused_one_leaves_its_amount() {
    let refunding = || {
        let mut shop = situations::captured();
        shop.refunds_a_part();
        shop
    };
    let second = refunding().tries(shop::refund(RefundOf::Amount(1)));
    assert_eq!(second, Err(Rejection::OperationInFlight.into()));
    let mut shop = refunding();
    shop.learns(SampleFact::CallRefused.fact());
    assert_eq!(shop.payment().refundable(), facts::own());
    assert_eq!(shop.total(Account::RefundPending(shop::GATEWAY)), 0);
    shop.refunds(RefundOf::AllThatIsLeft);
    shop.loses_answer();
    let blocked = shop.tries(shop::refund(RefundOf::Amount(1)));
    assert_eq!(blocked, Err(Rejection::OperationInFlight.into()));
}

#[test]
fn refund_made_at_the_gateway_is_told_from_ours() {
    let ours = |shop: &Shop| shop.payment().core().call_in_flight().unwrap().core().id;
    // Somebody refunds as much as we asked for, and our call is not among the refunds.
    let mut shop = situations::captured();
    shop.refunds_a_part();
    let call = ours(&shop);
    shop.asks_about_call(facts::refunded_by(vec![], facts::PRICE - facts::PART));
    assert_eq!(refunds(&shop), [(false, facts::PART)]);
    assert!(shop.payment().core().operation_in_flight());
    shop.assert_books();
    // Then ours is done too.
    shop.asks_about_call(facts::refunded_by(
        vec![call],
        facts::PRICE - 2 * facts::PART,
    ));
    assert_eq!(refunds(&shop), [(false, facts::PART), (true, facts::PART)]);
    assert!(!shop.payment().core().operation_in_flight());
    shop.assert_books();
}

#[test]
fn ours_and_another_refund_in_one_answer_are_two() {
    let mut shop = situations::captured();
    shop.refunds_a_part();
    let call = shop.payment().core().call_in_flight().unwrap().core().id;
    shop.asks_about_call(facts::refunded_by(
        vec![call],
        facts::PRICE - 3 * facts::PART,
    ));
    assert_eq!(
        refunds(&shop),
        [(true, facts::PART), (false, 2 * facts::PART)]
    );
    assert!(!shop.payment().is_on_the_desk());
    shop.assert_books();
}

#[test]
fn refund_is_not_done_once_somebody_else_has_refunded_everything() {
    let mut shop = situations::captured();
    shop.refunds_a_part();
    shop.asks_about_call(facts::refunded_by(vec![], 0));
    assert_eq!(refunds(&shop), [(false, facts::PRICE)]);
    assert!(!shop.payment().core().operation_in_flight());
    assert_eq!(shop.payment().detail(), PaymentDetail::Refunded);
    assert_eq!(shop.total(Account::RefundPending(shop::GATEWAY)), 0);
    shop.assert_books();
}

#[test]
fn older_answer_after_a_refund_of_a_part_changes_nothing() {
    let mut shop = situations::partly_refunded();
    for tell in [Shop::hears, Shop::asks_about_call] {
        tell(&mut shop, SampleFact::Taken.fact());
        assert_eq!(shop.payment().detail(), PaymentDetail::PartiallyRefunded);
        assert!(!shop.payment().is_on_the_desk());
    }
}

#[test]
fn canceling_the_payment_refunds_what_is_left() {
    let mut shop = situations::partly_refunded();
    assert_eq!(shop.order().state(), OrderState::Paid);
    shop.cancels();
    shop.learns(SampleFact::WhollyReturned.fact());
    assert_eq!(shop.order().state(), OrderState::Refunded);
    assert_eq!(
        refunds(&shop),
        [(true, facts::PART), (true, facts::PRICE - facts::PART)]
    );
    shop.assert_books();
}

#[test]
fn desk_reason_names_set_aside_money_before_a_disagreement() {
    let mut also_disagrees = situations::orphaned_and_wanted();
    also_disagrees.learns(facts::taken(11_700, 7_000));
    assert!(also_disagrees.payment().core().disagreement.is_some());
    let mut keeps = situations::captured();
    keeps.cancels();
    keeps.learns(SampleFact::CallRefused.fact());
    for (shop, reason) in [
        (situations::captured(), None),
        (
            situations::orphaned_and_wanted(),
            Some(DeskReason::Orphaned),
        ),
        (also_disagrees, Some(DeskReason::Orphaned)),
        (situations::mismatched(), Some(DeskReason::Mismatched)),
        (
            situations::has_it_after_all(),
            Some(DeskReason::Disagreement),
        ),
        (keeps, Some(DeskReason::RefundRefused)),
    ] {
        assert_eq!(shop.payment().desk_reason(), reason);
        assert_eq!(shop.payment().is_on_the_desk(), reason.is_some());
    }
}

#[test]
fn unasked_capture_after_a_full_refund_is_outdated() {
    let mut shop = situations::refunded();
    shop.hears(SampleFact::Taken.fact());
    shop.asks_about_call(SampleFact::Taken.fact());
    assert!(!shop.payment().is_on_the_desk(), "the gateway gave it back");
    let mut shop = situations::refunded_by_a_persons_word();
    shop.hears(SampleFact::Taken.fact());
    assert!(!shop.payment().is_on_the_desk());
    let mut shop = situations::captured();
    shop.hears(SampleFact::Failed.fact());
    assert!(!shop.payment().is_on_the_desk());
}

#[test]
fn deposit_returned_after_its_due_date_comes_to_the_desk() {
    let mut shop = situations::captured();
    shop.learns(SampleFact::Failed.fact());
    assert_eq!(shop.payment().desk_reason(), Some(DeskReason::Disagreement));
    assert!(shop.payment().core().held_by_gateway().is_zero());
}

#[test]
fn refused_refund_is_forgotten_once_the_order_takes_the_money() {
    let mut shop = situations::orphaned_and_wanted();
    shop.resolves(Resolution::Return);
    shop.learns(SampleFact::CallRefused.fact());
    shop.resolves(Resolution::Take);
    assert_eq!(shop.payment().state(), PaymentState::Captured);
    assert!(!shop.payment().is_on_the_desk());
}

#[test]
fn unclosable_account_is_on_the_desk_until_its_deposit_comes() {
    let mut shop = situations::awaiting();
    shop.cancels();
    shop.learns(SampleFact::CallRefused.fact());
    assert_eq!(shop.payment().desk_reason(), Some(DeskReason::CloseRefused));
    shop.learns(SampleFact::Taken.fact());
    assert_eq!(shop.payment().state(), PaymentState::Captured);
    assert!(!shop.payment().is_on_the_desk());
}

#[test]
fn accepted_split_is_kept_when_the_order_takes_the_money() {
    let mut shop = situations::orphaned_and_wanted();
    shop.learns(facts::SampleFact::AnotherSplit.fact());
    shop.resolves(Resolution::Accept);
    shop.resolves(Resolution::Take);
    assert_eq!(shop.payment().state(), PaymentState::Captured);
    assert!(shop.payment().core().disagreement.is_some());
    shop.assert_books();
    shop.resolves(Resolution::Accept);
    shop.assert_books();
}

#[test]
fn refused_confirmation_releases_its_claim() {
    for state in [PaymentState::Initiated, PaymentState::Prepared] {
        let confirming = |words| {
            let mut all = Situation::of(state);
            let mut shop = all.find(|one| one.words == words).unwrap().build();
            shop.learns(facts::SampleFact::CallRefused.fact());
            shop
        };
        let waits = confirming("confirm in flight");
        assert_eq!(waits.order().core().claim.holder(), None);
        let ended = confirming("confirm in flight, the order is to be canceled");
        assert_eq!(ended.order().state(), OrderState::Canceled);
    }
}

#[test]
fn account_is_closed_by_a_call_once_another_payment_pays_its_order() {
    let mut shop = situations::outpaid();
    assert_eq!(shop.order().state(), OrderState::Paid);
    assert_eq!(
        shop.payment().core().kind_in_flight(),
        Some(OperationKind::Cancel)
    );
    shop.learns(Fact::Canceled);
    assert_eq!(shop.payment().state(), PaymentState::Canceled);
    assert_eq!(shop.order().state(), OrderState::Paid);
    shop.assert_books();
}

#[test]
fn refused_capture_releases_the_hold_of_an_order_to_be_canceled() {
    let mut shop = situations::authorized();
    shop.captures();
    shop.cancel_order();
    assert_eq!(shop.order().state(), OrderState::CancelRequested);
    shop.learns(facts::SampleFact::CallRefused.fact());
    let call = shop.payment().core().kind_in_flight();
    assert_eq!(call, Some(OperationKind::Void));
    shop.learns(facts::SampleFact::Canceled.fact());
    assert_eq!(shop.order().state(), OrderState::Canceled);
}

#[test]
fn generated_evidence() {
    page::is_fresh();
}
