//! The reason for each effect of a fact: one sentence for each, shared by the states where the reason is the same.

use super::facts::Said;
use super::situations::Situation;
use super::{Effect, PaymentState, Told, all_went_back};

pub(super) fn of(situation: &Situation, said: Said, effect: Effect) -> &'static str {
    match effect {
        Effect::Known if situation.is_over_with(said) => {
            "Nothing is under way any more. The order is canceled, and the payment with it."
        }
        Effect::Known => known(situation.state, said),
        Effect::Overtaken => overtaken(situation.state, said),
        Effect::Hold { .. } => {
            "Held funds reserve the order. They are released if it cannot be reserved or the amount differs."
        }
        Effect::ReleaseHold => "The payment is over. No funds may stay held for it.",
        Effect::AwaitDeposit { .. } => {
            "The buyer can transfer the money. The account is closed again if the order does not wait for it."
        }
        Effect::Take(told) => take(situation.order_takes, told, said),
        Effect::SetAside(_) => {
            "It is not the order's amount. A person, or a later word, says whose it is."
        }
        Effect::GiveToOrder(_) => "The amount is the order's after all, and all of it is there.",
        Effect::ComeAndGo(_) => {
            "The money came and went before we heard. Both are on record; the order can be paid again."
        }
        Effect::GoBack if said == Said::Canceled => {
            "The gateway that was asked to give it back says that nothing is there."
        }
        Effect::GoBack => "Nothing of the money is left at the gateway.",
        Effect::Disagree { .. } if said == Said::AwaitingDeposit => {
            "The deposit was taken back at the gateway. A person looks."
        }
        Effect::Disagree { .. } if said == Said::Failed => {
            "What was taken is not there: of a deposit that was taken back, the account's time is over. A person looks."
        }
        Effect::Disagree { holds, .. } if holds.is_zero() && all_went_back(situation.state) => {
            "It went back at the gateway as well, so that the buyer has it twice. A person looks."
        }
        Effect::Disagree { .. } if all_went_back(situation.state) => {
            "Our books say how it went back, and the gateway that was asked has another amount. A person looks."
        }
        Effect::Disagree { .. } => {
            "The gateway has another amount, or another split, than our books say."
        }
        Effect::Agree => "The gateway has again what our books say. Nothing is left to decide.",
        Effect::Fail => "Nothing was taken. The order can be paid by another payment.",
        Effect::GiveUp => give_up(situation.state),
    }
}

fn known(state: PaymentState, said: Said) -> &'static str {
    match said {
        Said::CallRefused => "It is about a call of ours. The payment stands as it did.",
        Said::Undecided => "Nothing was taken so far, and we know of nothing else.",
        Said::Other => "A word that we do not know is recorded and moves nothing.",
        Said::HeldAnother => "A hold is known. What is taken of it is compared when it is taken.",
        Said::AwaitingDeposit if !state.is_open() => {
            "No money is there. If somebody transfers to the account later, the gateway says so."
        }
        Said::Failed | Said::Canceled => "The payment is over already, without money.",
        Said::Held
        | Said::AwaitingDeposit
        | Said::Taken
        | Said::PartlyReturned
        | Said::WhollyReturned
        | Said::AnotherSplit
        | Said::AnotherAmount
        | Said::AnotherAmountPartlyReturned
        | Said::AnotherAmountReturned
        | Said::AnotherCurrency => "We know it already.",
    }
}

fn overtaken(state: PaymentState, said: Said) -> &'static str {
    match said {
        Said::Held | Said::HeldAnother | Said::AwaitingDeposit if state == PaymentState::Voided => {
            "The hold was released since."
        }
        Said::Held
        | Said::HeldAnother
        | Said::AwaitingDeposit
        | Said::Failed
        | Said::Canceled
        | Said::CallRefused
        | Said::Undecided
        | Said::Other => more_is_known(state),
        Said::Taken
        | Said::PartlyReturned
        | Said::WhollyReturned
        | Said::AnotherSplit
        | Said::AnotherAmount
        | Said::AnotherAmountPartlyReturned
        | Said::AnotherAmountReturned
        | Said::AnotherCurrency => {
            "What went back never returns: the word is older than what the gateway said since."
        }
    }
}

fn more_is_known(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Authorized => "More is known: funds are held.",
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
        | PaymentState::Returned
        | PaymentState::Refunded => "More is known: money was taken.",
    }
}

fn take(order_takes: bool, told: Told, said: Said) -> &'static str {
    let whole = told.left == told.taken && said != Said::AnotherSplit;
    match (order_takes, whole) {
        (true, true) => "The order waits for this money.",
        (true, false) => {
            "The sum pays the order. What the gateway has of it differs from our books, so a person looks."
        }
        (false, true) => {
            "The order cannot take it. It goes back if the order is to be canceled; else a person decides."
        }
        (false, false) => {
            "The order cannot take it. What of it is at the gateway goes back if the order is to be canceled; else a person decides."
        }
    }
}

fn give_up(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Authorized => {
            "The hold is released. The order can be paid by another payment."
        }
        PaymentState::Failed => {
            "A failure and a cancellation end alike, in whichever order they are heard."
        }
        PaymentState::Initiated
        | PaymentState::Prepared
        | PaymentState::AwaitingDeposit
        | PaymentState::Captured
        | PaymentState::Canceled
        | PaymentState::Expired
        | PaymentState::Voided
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned
        | PaymentState::Refunded => "Nothing was taken. The order can be paid by another payment.",
    }
}
