//! The situations in which a payment can receive a fact, each reached by commands and facts alone.

use super::facts::{SampleFact, taken};
use super::shop::Shop;
use crate::command::Resolution;
use crate::operation::OperationKind::{self, Cancel, Capture, Confirm, Void};
use crate::payment::PaymentState;

/// A payment, its order and its call.
#[derive(Debug)]
pub(super) struct Situation {
    pub(super) state: PaymentState,
    /// The situation's words in the document.
    pub(super) words: &'static str,
    pub(super) order_takes: bool,
    pub(super) call: Option<OperationKind>,
    make: fn() -> Shop,
}

impl Situation {
    pub(super) fn of(state: PaymentState) -> impl Iterator<Item = &'static Self> {
        ALL.iter().filter(move |one| one.state == state)
    }

    /// Whether this fact ends the last call about the order, so that its cancellation is carried out.
    pub(super) fn is_over_with(&self, said: SampleFact) -> bool {
        said == SampleFact::CallRefused && self.call == Some(Confirm) && !self.order_takes
    }

    pub(super) fn build(&self) -> Shop {
        (self.make)()
    }
}

macro_rules! situations {
    ($($State:ident $words:literal $takes:literal $call:expr, $make:expr;)+) => {
        pub(super) const ALL: &[Situation] = &[$(Situation {
            state: PaymentState::$State,
            words: $words,
            order_takes: $takes,
            call: $call,
            make: $make,
        }),+];
    };
}

situations! {
    Initiated "the order is free" true None, Shop::new;
    Initiated "another payment has the claim" false None, || with_rival(Shop::new());
    Initiated "confirm in flight" true Some(Confirm), confirming;
    Initiated "confirm in flight, the order is to be canceled" false Some(Confirm), || ended(confirming());
    Prepared "the order is free" true None, prepared;
    Prepared "another payment has the claim" false None, || with_rival(prepared());
    Prepared "confirm in flight" true Some(Confirm), prepared_confirming;
    Prepared "confirm in flight, the order is to be canceled" false Some(Confirm), || ended(prepared_confirming());
    Authorized "the order is reserved" true None, authorized;
    Authorized "capture in flight" true Some(Capture), || then(authorized(), Shop::captures);
    Authorized "capture in flight, the order is to be canceled" false Some(Capture),
        || ended(then(authorized(), Shop::captures));
    Authorized "void in flight" true Some(Void), || then(authorized(), Shop::cancels);
    Authorized "void in flight, the order is to be canceled" false Some(Void), || ended(authorized());
    AwaitingDeposit "the order waits" true None, awaiting;
    AwaitingDeposit "another payment has the claim" false None,
        || says(with_rival(Shop::new()), SampleFact::AwaitingDeposit);
    AwaitingDeposit "another payment has the money, cancel in flight" false Some(Cancel), outpaid;
    AwaitingDeposit "cancel in flight" true Some(Cancel), || then(awaiting(), Shop::cancels);
    AwaitingDeposit "cancel in flight, the order is to be canceled" false Some(Cancel), || ended(awaiting());
    Failed "the order waits" true None, failed;
    Failed "the order is canceled" false None, || ended(failed());
    Failed "void in flight" true Some(Void), || says(failed(), SampleFact::Held);
    Canceled "the order waits" true None, canceled;
    Canceled "the order is canceled" false None, || ended(canceled());
    Canceled "void in flight" true Some(Void), || says(canceled(), SampleFact::Held);
    Expired "the order waits" true None, || then(authorized(), Shop::hold_runs_out);
    Expired "the order is canceled" false None, || then(Shop::new(), Shop::runs_out);
    Expired "void in flight, the order is canceled" false Some(Void),
        || says(then(Shop::new(), Shop::runs_out), SampleFact::Held);
    Voided "the order waits" true None, || says(then(authorized(), Shop::cancels), SampleFact::Canceled);
    Voided "the order is canceled" false None, || says(ended(authorized()), SampleFact::Canceled);
    Captured "the gateway agrees" false None, captured;
    Captured "somebody refunded a part at the gateway" false None, || says(captured(), SampleFact::PartlyReturned);
    Captured "the gateway splits it otherwise" false None, || says(captured(), SampleFact::AnotherSplit);
    Captured "the deposit was taken back" false None, || says(captured(), SampleFact::AwaitingDeposit);
    Captured "the deposit was taken back, which was accepted" false None, lost;
    Captured "the deposit was taken back, which was accepted, and cancel is in flight" false Some(Cancel),
        || then(lost(), Shop::cancels);
    Captured "cancel in flight" false Some(Cancel), || then(captured(), Shop::cancels);
    Captured "cancel was refused" false None, refused;
    Captured "a part was refunded" false None, partly_refunded;
    Captured "a part was refunded, cancel of the rest in flight" false Some(Cancel), || then(partly_refunded(), Shop::cancels);
    Captured "cancel of a part in flight" false Some(Cancel), || then(captured(), Shop::refunds_a_part);
    Captured "cancel of a part was refused" false None, || says(then(captured(), Shop::refunds_a_part), SampleFact::CallRefused);
    Mismatched "the order waits" true None, mismatched;
    Mismatched "the order is canceled" false None, || ended(mismatched());
    Mismatched "cancel in flight" true Some(Cancel), || resolved(mismatched(), Resolution::Return);
    Orphaned "the order waits" true None, orphaned_and_wanted;
    Orphaned "the order is canceled" false None, orphaned;
    Orphaned "the order is canceled, the gateway has less" false None, || says(orphaned(), SampleFact::PartlyReturned);
    Orphaned "cancel in flight, the order is to be canceled" false Some(Cancel), || says(ended(confirming()), SampleFact::Taken);
    Returned "by the gateway" false None,
        || says(resolved(orphaned(), Resolution::Return), SampleFact::WhollyReturned);
    Returned "by a person's word" false None,
        || by_a_persons_word(resolved(orphaned(), Resolution::Return));
    Returned "by a person's word, and the gateway has it" false None,
        || asked(by_a_persons_word(resolved(orphaned(), Resolution::Return)), SampleFact::Taken);
    Returned "by bank transfer" false None, || resolved(orphaned(), Resolution::Returned);
    Captured "all of it was refunded, by the gateway" false None, refunded;
    Captured "all of it was refunded by a person's word" false None, refunded_by_a_persons_word;
    Captured "all of it was refunded by a person's word, and the gateway has it" false None,
        has_it_after_all;
    Captured "all of it was refunded by a person's word, the gateway has it, and cancel is in flight" false Some(Cancel), || {
        resolved(has_it_after_all(), Resolution::Return)
    };
    Captured "all of it was refunded by bank transfer" false None, || resolved(refused(), Resolution::Returned);
}

fn then(mut shop: Shop, act: fn(&mut Shop)) -> Shop {
    act(&mut shop);
    shop
}

fn says(mut shop: Shop, said: SampleFact) -> Shop {
    shop.learns(said.fact());
    shop
}

fn asked(mut shop: Shop, said: SampleFact) -> Shop {
    shop.asks_about_call(said.fact());
    shop
}

fn resolved(mut shop: Shop, resolution: Resolution) -> Shop {
    shop.resolves(resolution);
    shop
}

fn ended(shop: Shop) -> Shop {
    then(shop, Shop::cancel_order)
}

/// Another payment of the order is being confirmed.
fn with_rival(mut shop: Shop) -> Shop {
    shop.begins_payment();
    shop.confirms(1);
    shop
}

pub(in crate::decide) fn prepared() -> Shop {
    then(Shop::new(), Shop::prepares)
}

fn confirming() -> Shop {
    then(Shop::new(), |shop| shop.confirms(0))
}

fn prepared_confirming() -> Shop {
    then(prepared(), |shop| shop.confirms(0))
}

pub(super) fn authorized() -> Shop {
    says(confirming(), SampleFact::Held)
}

pub(in crate::decide) fn awaiting() -> Shop {
    says(confirming(), SampleFact::AwaitingDeposit)
}

fn failed() -> Shop {
    says(confirming(), SampleFact::Failed)
}

fn canceled() -> Shop {
    then(Shop::new(), Shop::cancels)
}

pub(in crate::decide) fn captured() -> Shop {
    says(confirming(), SampleFact::Taken)
}

fn lost() -> Shop {
    resolved(
        says(captured(), SampleFact::AwaitingDeposit),
        Resolution::Accept,
    )
}

pub(in crate::decide) fn refunded() -> Shop {
    says(then(captured(), Shop::cancels), SampleFact::WhollyReturned)
}

/// A person recorded a refund, and the gateway still has the money.
pub(in crate::decide) fn has_it_after_all() -> Shop {
    asked(refunded_by_a_persons_word(), SampleFact::Taken)
}

pub(in crate::decide) fn refunded_by_a_persons_word() -> Shop {
    by_a_persons_word(then(captured(), Shop::cancels))
}

/// The answer to the call in flight is lost, and a person records that it succeeded.
fn by_a_persons_word(mut shop: Shop) -> Shop {
    shop.loses_answer();
    resolved(shop, Resolution::Done)
}

/// The merchant refunded [`PART`].
pub(in crate::decide) fn partly_refunded() -> Shop {
    says(
        then(captured(), Shop::refunds_a_part),
        SampleFact::PartlyReturned,
    )
}

fn refused() -> Shop {
    says(then(captured(), Shop::cancels), SampleFact::CallRefused)
}

pub(super) fn mismatched() -> Shop {
    let mut shop = confirming();
    shop.learns(taken(9_000, 9_000));
    shop
}

fn orphaned() -> Shop {
    says(ended(canceled()), SampleFact::Taken)
}

/// Another payment has paid the order while this one's deposit account was open.
pub(super) fn outpaid() -> Shop {
    let mut shop = says(with_rival(Shop::new()), SampleFact::AwaitingDeposit);
    shop.learns_of(1, SampleFact::Taken.fact());
    shop
}

/// Another payment held the claim when the money came, and failed later.
pub(super) fn orphaned_and_wanted() -> Shop {
    let mut shop = says(with_rival(Shop::new()), SampleFact::Taken);
    shop.learns_of(1, SampleFact::Failed.fact());
    shop
}
