//! The reason for each effect of a fact: one sentence for each, shared by the states where the reason is the same.

use super::facts::SampleFact;
use super::situations::Situation;
use super::{Effect, PaymentState, Told, all_went_back};

pub(super) fn of(situation: &Situation, said: SampleFact, effect: Effect) -> &'static str {
    match effect {
        Effect::Known if situation.is_over_with(said) => {
            "Nothing is under way any more. The order is canceled, and the payment with it."
        }
        Effect::Known => known(situation.state, said),
        Effect::Overtaken => overtaken(situation.state, said),
        Effect::Hold { .. } => {
            "The authorization reserves the order. It is voided if the order cannot be reserved or the amount differs."
        }
        Effect::ReleaseHold => "The payment has ended. No authorization may stay open for it.",
        Effect::AwaitDeposit { .. } => {
            "The buyer can transfer the money. The account is closed again if the order does not wait for it."
        }
        Effect::Take(told) => take(situation.order_takes, told, said),
        Effect::SetAside(_) => {
            "The amount differs from the order's. A person, or a later answer, decides whose it is."
        }
        Effect::GiveToOrder(_) => "The amount matches the order after all, and all of it is there.",
        Effect::ComeAndGo(_) => {
            "The money was captured and refunded before any message reached us. Both are recorded; the order can be paid again."
        }
        Effect::GoBack(_) if said == SampleFact::Canceled => {
            "The gateway that was asked for the refund says that it has no money of the payment."
        }
        Effect::GoBack(told) if told.left.is_zero() => {
            "The gateway has no money of the payment left."
        }
        Effect::GoBack(_) => {
            "A part of the money was refunded: by our call if it asked for so much, else by somebody at the gateway."
        }
        Effect::Disagree { .. } if said == SampleFact::AwaitingDeposit => {
            "The deposit was returned at the gateway. A person looks."
        }
        Effect::Disagree { .. } if said == SampleFact::Failed => {
            "The captured money is gone: a deposit was returned, and its account has expired. A person looks."
        }
        Effect::Disagree { holds, .. }
            if holds.is_zero() && all_went_back(situation.build().payment()) =>
        {
            "The gateway refunded it as well, so the buyer has it twice. A person looks."
        }
        Effect::Disagree { .. } if all_went_back(situation.build().payment()) => {
            "Our books have a refund, and the gateway that was asked has another amount. A person looks."
        }
        Effect::Disagree { .. } => {
            "The gateway has another amount, or another split, than our books say."
        }
        Effect::Agree => "The gateway agrees with our books again. Nothing is left to decide.",
        Effect::Fail => "Nothing was captured. The order can be paid by another payment.",
        Effect::GiveUp => give_up(situation.state),
    }
}

fn known(state: PaymentState, said: SampleFact) -> &'static str {
    match said {
        SampleFact::CallRefused => "It is about a call of ours. The payment is unchanged.",
        SampleFact::Undecided => "Nothing was captured so far, and nothing else is known.",
        SampleFact::Other => "An unknown fact is recorded and changes nothing.",
        SampleFact::HeldAnother => {
            "An authorization is known. Its amount is compared when it is captured."
        }
        SampleFact::AwaitingDeposit if !state.is_open() => {
            "No money is there. The gateway will report a later transfer to the account."
        }
        SampleFact::Failed | SampleFact::Canceled => {
            "The payment has ended already, without money."
        }
        SampleFact::Held
        | SampleFact::AwaitingDeposit
        | SampleFact::Taken
        | SampleFact::PartlyReturned
        | SampleFact::WhollyReturned
        | SampleFact::AnotherSplit
        | SampleFact::AnotherAmount
        | SampleFact::AnotherAmountPartlyReturned
        | SampleFact::AnotherAmountReturned
        | SampleFact::AnotherCurrency => "We know it already.",
    }
}

fn overtaken(state: PaymentState, said: SampleFact) -> &'static str {
    match said {
        SampleFact::Held | SampleFact::HeldAnother | SampleFact::AwaitingDeposit
            if state == PaymentState::Voided =>
        {
            "The hold was released since."
        }
        SampleFact::Held
        | SampleFact::HeldAnother
        | SampleFact::AwaitingDeposit
        | SampleFact::Failed
        | SampleFact::Canceled
        | SampleFact::CallRefused
        | SampleFact::Undecided
        | SampleFact::Other => more_is_known(state),
        SampleFact::Taken
        | SampleFact::PartlyReturned
        | SampleFact::WhollyReturned
        | SampleFact::AnotherSplit
        | SampleFact::AnotherAmount
        | SampleFact::AnotherAmountPartlyReturned
        | SampleFact::AnotherAmountReturned
        | SampleFact::AnotherCurrency => {
            "Refunded money never comes back: this answer is older than the gateway's later one."
        }
    }
}

fn more_is_known(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Authorized => "More is known: the payment is authorized.",
        PaymentState::AwaitingDeposit => "More is known: the buyer has an account to transfer to.",
        PaymentState::Initiated
        | PaymentState::Prepared
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired
        | PaymentState::Voided
        | PaymentState::Captured
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned => "More is known: money was captured.",
    }
}

fn take(order_takes: bool, told: Told, said: SampleFact) -> &'static str {
    let whole = told.left == told.taken && said != SampleFact::AnotherSplit;
    match (order_takes, whole) {
        (true, true) => "The order waits for this money.",
        (true, false) if told.left != told.taken => {
            "The total pays the order. The part that went back already was refunded at the gateway."
        }
        (true, false) => {
            "The total pays the order. The gateway's amount differs from our books, so a person looks."
        }
        (false, true) => {
            "The order cannot take it. It is refunded if the order is to be canceled; otherwise a person decides."
        }
        (false, false) => {
            "The order cannot take it. The gateway's amount is refunded if the order is to be canceled; otherwise a person decides."
        }
    }
}

fn give_up(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Authorized => {
            "The hold is released. The order can be paid by another payment."
        }
        PaymentState::Failed => "A failure and a cancellation end alike, in either order.",
        PaymentState::Initiated
        | PaymentState::Prepared
        | PaymentState::AwaitingDeposit
        | PaymentState::Captured
        | PaymentState::Canceled
        | PaymentState::Expired
        | PaymentState::Voided
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned => {
            "Nothing was captured. The order can be paid by another payment."
        }
    }
}
