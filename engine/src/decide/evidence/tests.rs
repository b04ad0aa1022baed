//! Every fact in every situation, through `decide`: the payment moves as `judge` says, the books balance and agree
//! with the gateway, and money left there can be resolved. `docs/evidence.md` is generated from the same cells.

mod cell;
pub(in crate::decide) mod facts;
mod page;
pub(in crate::decide) mod shop;
pub(in crate::decide) mod situations;
mod why;

use super::*;
use crate::command::Resolution;
use crate::ledger::Account;
use crate::order::OrderState;
use crate::rejection::Rejection;
use facts::Said;
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
    facts_about_a_refunded_payment: Refunded;
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
    assert!(shop.payment().is_on_the_desk());
    shop.resolves(Resolution::Return);
    shop.learns(Said::WhollyReturned.fact());
    assert_eq!(shop.payment().state(), PaymentState::Refunded);
    assert!(!shop.payment().is_on_the_desk());
    shop.assert_books();
}

#[test]
fn what_comes_unasked_after_all_went_back_is_old() {
    let mut shop = situations::refunded();
    shop.hears(Said::Taken.fact());
    shop.asks_about_call(Said::Taken.fact());
    assert!(!shop.payment().is_on_the_desk(), "the gateway gave it back");
    let mut shop = situations::refunded_by_a_persons_word();
    shop.hears(Said::Taken.fact());
    assert!(!shop.payment().is_on_the_desk());
    let mut shop = situations::captured();
    shop.hears(Said::Failed.fact());
    assert!(!shop.payment().is_on_the_desk());
}

#[test]
fn deposit_returned_after_its_due_date_comes_to_the_desk() {
    let mut shop = situations::captured();
    shop.learns(Said::Failed.fact());
    assert!(shop.payment().is_on_the_desk());
    assert!(shop.payment().core().held_by_gateway().is_zero());
}

#[test]
fn refused_refund_is_forgotten_once_the_order_takes_the_money() {
    let mut shop = situations::orphaned_and_wanted();
    shop.resolves(Resolution::Return);
    shop.learns(Said::CallRefused.fact());
    shop.resolves(Resolution::Take);
    assert_eq!(shop.payment().state(), PaymentState::Captured);
    assert!(!shop.payment().is_on_the_desk());
}

#[test]
fn unclosable_account_is_on_the_desk_until_its_deposit_comes() {
    let mut shop = situations::awaiting();
    shop.cancels();
    shop.learns(Said::CallRefused.fact());
    assert!(shop.payment().is_on_the_desk());
    shop.learns(Said::Taken.fact());
    assert_eq!(shop.payment().state(), PaymentState::Captured);
    assert!(!shop.payment().is_on_the_desk());
}

#[test]
fn accepted_split_is_kept_when_the_order_takes_the_money() {
    let mut shop = situations::orphaned_and_wanted();
    shop.learns(facts::Said::AnotherSplit.fact());
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
            shop.learns(facts::Said::CallRefused.fact());
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
    shop.learns(facts::Said::CallRefused.fact());
    let call = shop.payment().core().kind_in_flight();
    assert_eq!(call, Some(OperationKind::Void));
    shop.learns(facts::Said::Canceled.fact());
    assert_eq!(shop.order().state(), OrderState::Canceled);
}

#[test]
fn generated_evidence() {
    page::is_fresh();
}
