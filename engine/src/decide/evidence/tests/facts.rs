//! One example of each fact that a gateway can tell.

use crate::amounts::Amounts;
use crate::command::Fact;
use crate::event::FailureCode;
use crate::id::OperationId;
use crate::money::{Currency, Money};
use crate::time::Timestamp;

/// The examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decide) enum SampleFact {
    Held,
    HeldAnother,
    Taken,
    PartlyReturned,
    WhollyReturned,
    AnotherSplit,
    AnotherAmount,
    AnotherAmountPartlyReturned,
    AnotherAmountReturned,
    AnotherCurrency,
    AwaitingDeposit,
    Failed,
    Canceled,
    CallRefused,
    Undecided,
    Other,
}

impl SampleFact {
    pub(in crate::decide) const ALL: [Self; 16] = [
        Self::Held,
        Self::HeldAnother,
        Self::Taken,
        Self::PartlyReturned,
        Self::WhollyReturned,
        Self::AnotherSplit,
        Self::AnotherAmount,
        Self::AnotherAmountPartlyReturned,
        Self::AnotherAmountReturned,
        Self::AnotherCurrency,
        Self::AwaitingDeposit,
        Self::Failed,
        Self::Canceled,
        Self::CallRefused,
        Self::Undecided,
        Self::Other,
    ];

    /// The fact's words in the document.
    pub(in crate::decide) const fn words(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::HeldAnother => "held, another amount",
            Self::Taken => "taken",
            Self::PartlyReturned => "taken, a part returned",
            Self::WhollyReturned => "taken, all returned",
            Self::AnotherSplit => "taken, split otherwise",
            Self::AnotherAmount => "taken, another amount",
            Self::AnotherAmountPartlyReturned => "taken, another amount, a part returned",
            Self::AnotherAmountReturned => "taken, another amount, all returned",
            Self::AnotherCurrency => "taken, another currency",
            Self::AwaitingDeposit => "awaits a deposit",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::CallRefused => "call refused",
            Self::Undecided => "undecided",
            Self::Other => "something unknown",
        }
    }

    pub(in crate::decide) fn fact(self) -> Fact {
        let code = FailureCode::new("DECLINED");
        match self {
            Self::Held => held(own()),
            Self::HeldAnother => held(whole(9_000)),
            Self::Taken => Fact::captured(own()),
            Self::PartlyReturned => taken(PRICE, PRICE - PART),
            Self::WhollyReturned => Fact::refunded(own()),
            Self::AnotherSplit => Fact::captured(untaxed()),
            Self::AnotherAmount => taken(8_500, 8_500),
            Self::AnotherAmountPartlyReturned => taken(8_500, 8_000),
            Self::AnotherAmountReturned => taken(8_500, 0),
            Self::AnotherCurrency => {
                let dollars = Money::new(PRICE, Currency::Usd).unwrap();
                Fact::captured(Amounts::whole(dollars))
            }
            Self::AwaitingDeposit => Fact::AwaitingDeposit { due_at: LATER },
            Self::Failed => Fact::Failed { code },
            Self::Canceled => Fact::Canceled,
            Self::CallRefused => Fact::CallRefused { code },
            Self::Undecided => Fact::Undecided,
            Self::Other => Fact::Other,
        }
    }
}

/// The order's price: 11,000 won with VAT and 700 won tax-free.
pub(in crate::decide) const PRICE: u64 = 11_700;
/// The part of it that is refunded where only a part is.
pub(in crate::decide) const PART: u64 = 1_000;
pub(in crate::decide) const LATER: Timestamp = Timestamp::from_millis(2_000_000_000_000);

pub(in crate::decide) fn won(minor: u64) -> Money {
    Money::new(minor, Currency::Krw).unwrap()
}

pub(in crate::decide) fn own() -> Amounts {
    Amounts::of(won(11_000), won(700)).unwrap()
}

pub(in crate::decide) fn taken(taken: u64, left: u64) -> Fact {
    Fact::left_of(whole(taken), whole(left))
}

/// As [`taken`], of a gateway that names our calls among those that refunded some of it.
pub(in crate::decide) fn refunded_by(ours: Vec<OperationId>, left: u64) -> Fact {
    Fact::Taken {
        taken: whole(PRICE),
        left: whole(left),
        ours: Some(ours),
    }
}

fn whole(minor: u64) -> Amounts {
    Amounts::whole(won(minor))
}

fn untaxed() -> Amounts {
    Amounts::split(won(0), won(0), won(PRICE)).unwrap()
}

fn held(held: Amounts) -> Fact {
    let expires_at = LATER;
    Fact::Authorized { held, expires_at }
}
