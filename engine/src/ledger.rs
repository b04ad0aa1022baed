//! The ledger: double entry, derived from events. Each entry moves one amount from one account to another,
//! so that all postings sum to zero by their shape.

use bincode::{Decode, Encode};

use crate::amounts::{Amounts, Component};
use crate::event::{PaymentEvent, Provider, RefundWay};
use crate::group::GroupEvent;
use crate::id::PaymentId;
use crate::money::{Currency, Money};

/// Where money is, from the platform's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Account {
    /// A gateway owes it to us.
    GatewayReceivable(Provider),
    /// Taken for an order whose seller has not earned it yet.
    Hold,
    /// Taken, and belonging to no payable order.
    Suspense(Provider),
    /// To go back to buyers; the gateway has not said yet that it did.
    RefundPending(Provider),
    /// The platform's own account, into which gateways settle.
    SettlementBank,
}

impl Account {
    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GatewayReceivable(_) => "gateway_receivable",
            Self::Hold => "hold",
            Self::Suspense(_) => "suspense",
            Self::RefundPending(_) => "refund_pending",
            Self::SettlementBank => "settlement_bank",
        }
    }

    /// The gateway it is about, if it is about one.
    pub const fn provider(self) -> Option<Provider> {
        match self {
            Self::GatewayReceivable(provider)
            | Self::Suspense(provider)
            | Self::RefundPending(provider) => Some(provider),
            Self::Hold | Self::SettlementBank => None,
        }
    }
}

/// One entry: an amount of one component from one account to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The payment that caused it.
    pub payment: PaymentId,
    /// Debited: an asset grows, a liability shrinks.
    pub from: Account,
    /// Credited: a liability grows, an asset shrinks.
    pub to: Account,
    /// Which part of the amount.
    pub component: Component,
    /// Count of minor units.
    pub minor: u64,
    /// Of which currency.
    pub currency: Currency,
}

/// The entries of one event. They follow from the event alone; `provider` is the payment's, which never changes.
pub fn postings(event: &GroupEvent, provider: Provider) -> Vec<Posting> {
    let GroupEvent::Payment(payment, event) = event else {
        return Vec::new();
    };
    let receivable = Account::GatewayReceivable(provider);
    let suspense = Account::Suspense(provider);
    let pending = Account::RefundPending(provider);
    let whole = |from, to, money: Money| Posting {
        payment: *payment,
        from,
        to,
        component: Component::Unsplit,
        minor: money.minor(),
        currency: money.currency(),
    };
    match event {
        PaymentEvent::PaymentCaptured(e) => {
            by_component(*payment, receivable, Account::Hold, &e.captured).collect()
        }
        PaymentEvent::PaymentMismatched(e) => vec![whole(receivable, suspense, e.received)],
        PaymentEvent::PaymentOrphaned(e) => vec![whole(receivable, suspense, e.received)],
        PaymentEvent::SuspendedMoneyTaken(e) => {
            std::iter::once(whole(suspense, receivable, e.suspended))
                .chain(by_component(
                    *payment,
                    receivable,
                    Account::Hold,
                    &e.captured,
                ))
                .collect()
        }
        PaymentEvent::SuspendedMoneyReturned(e) => vec![whole(suspense, receivable, e.suspended)],
        PaymentEvent::RefundRequested(e) => {
            by_component(*payment, Account::Hold, pending, &e.amounts).collect()
        }
        PaymentEvent::RefundFailed(e) => {
            by_component(*payment, pending, Account::Hold, &e.amounts).collect()
        }
        PaymentEvent::PaymentRefunded(e) => {
            let owed = if e.requested { pending } else { Account::Hold };
            let from = match e.way {
                RefundWay::Gateway => receivable,
                RefundWay::BankTransfer => Account::SettlementBank,
            };
            by_component(*payment, owed, from, &e.refunded).collect()
        }
        _ => Vec::new(),
    }
}

fn by_component(
    payment: PaymentId,
    from: Account,
    to: Account,
    amounts: &Amounts,
) -> impl Iterator<Item = Posting> + use<> {
    let currency = amounts.currency();
    amounts.parts().map(move |(component, minor)| Posting {
        payment,
        from,
        to,
        component,
        minor,
        currency,
    })
}
