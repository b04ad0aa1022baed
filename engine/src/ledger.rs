//! The ledger: double entry, derived from events. Each entry moves one amount from one account to another, so that
//! all postings sum to zero by construction.

#![deny(clippy::wildcard_enum_match_arm)]

use bincode::{Decode, Encode};

use crate::amounts::{Amounts, Component};
use crate::event::{PaymentEvent, Provider, RefundWay};
use crate::group::GroupEvent;
use crate::id::PaymentId;
use crate::money::Currency;
use crate::stream::Stream;
use crate::time::Timestamp;

/// An account, from the platform's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Account {
    /// Money that a gateway owes us.
    GatewayReceivable(Provider),
    /// Money captured for an order whose seller has not earned it yet.
    Hold,
    /// Captured money that belongs to no payable order.
    Suspense(Provider),
    /// Money to be refunded to buyers; the gateway has not confirmed it yet.
    RefundPending(Provider),
    /// The platform's own account, which gateways settle into.
    SettlementBank,
    /// The accepted difference between our books and the gateway's own amount.
    ReconciliationDifference(Provider),
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
            Self::ReconciliationDifference(_) => "reconciliation_difference",
        }
    }

    /// The gateway of the account, if it has one.
    pub const fn provider(self) -> Option<Provider> {
        match self {
            Self::GatewayReceivable(provider)
            | Self::Suspense(provider)
            | Self::RefundPending(provider)
            | Self::ReconciliationDifference(provider) => Some(provider),
            Self::Hold | Self::SettlementBank => None,
        }
    }
}

/// The cause of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause<'a> {
    /// The stream of the record.
    pub stream: &'a Stream,
    /// The time of the decision.
    pub at: Timestamp,
    /// The payment, if the entry belongs to one.
    pub payment: Option<PaymentId>,
    /// The seller, if the entry belongs to one.
    pub seller: Option<&'a str>,
}

/// One entry: an amount of one component from one account to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting<'a> {
    /// The cause.
    pub cause: Cause<'a>,
    /// The debited account: an asset grows, a liability shrinks.
    pub from: Account,
    /// The credited account: a liability grows, an asset shrinks.
    pub to: Account,
    /// The component of the amount.
    pub component: Component,
    /// The number of minor units.
    pub minor: u64,
    /// The currency.
    pub currency: Currency,
}

/// The entries of one event of a stream. They depend on the event alone; `provider` is the payment's, which never
/// changes.
pub fn postings<'a>(
    stream: &'a Stream,
    at: Timestamp,
    event: &GroupEvent,
    provider: Provider,
) -> Vec<Posting<'a>> {
    let GroupEvent::Payment(payment, event) = event else {
        return Vec::new();
    };
    let mut book = Book {
        cause: Cause {
            stream,
            at,
            payment: Some(*payment),
            seller: None,
        },
        entries: Vec::new(),
    };
    payment_postings(event, provider, &mut book);
    book.entries
}

fn payment_postings(event: &PaymentEvent, provider: Provider, book: &mut Book<'_>) {
    let receivable = Account::GatewayReceivable(provider);
    let suspense = Account::Suspense(provider);
    let pending = Account::RefundPending(provider);
    match event {
        PaymentEvent::PaymentCaptured(e) => book.move_all(receivable, Account::Hold, &e.captured),
        PaymentEvent::PaymentMismatched(e) => book.move_all(receivable, suspense, &e.received),
        PaymentEvent::PaymentOrphaned(e) => book.move_all(receivable, suspense, &e.received),
        PaymentEvent::SuspendedMoneyTaken(e) => {
            book.move_all(suspense, receivable, &e.suspended);
            book.move_all(receivable, Account::Hold, &e.captured);
        }
        PaymentEvent::SuspendedMoneyReturned(e) => {
            let from = book.source(e.way, provider, &e.at_gateway, &e.suspended);
            book.move_all(suspense, from, &e.suspended);
        }
        PaymentEvent::RefundRequested(e) => book.move_all(Account::Hold, pending, &e.amounts),
        PaymentEvent::RefundFailed(e) => book.move_all(pending, Account::Hold, &e.amounts),
        PaymentEvent::PaymentRefunded(e) => {
            let owed = if e.requested { pending } else { Account::Hold };
            let from = book.source(e.way, provider, &e.at_gateway, &e.refunded);
            book.move_all(owed, from, &e.refunded);
        }
        PaymentEvent::DisagreementAccepted(e) => book.becomes(provider, &e.ours, &e.theirs),
        PaymentEvent::PaymentInitiated(_)
        | PaymentEvent::PaymentPrepared(_)
        | PaymentEvent::PaymentAuthorized(_)
        | PaymentEvent::PaymentFailed(_)
        | PaymentEvent::PaymentCanceled(_)
        | PaymentEvent::PaymentExpired(_)
        | PaymentEvent::PaymentVoided(_)
        | PaymentEvent::OperationIntended(_)
        | PaymentEvent::OperationUnanswered(_)
        | PaymentEvent::ProviderConfirmed(_)
        | PaymentEvent::ProviderRefused(_)
        | PaymentEvent::WebhookReceived(_)
        | PaymentEvent::PersonDecided(_)
        | PaymentEvent::PersonalDataErased(_)
        | PaymentEvent::SessionOpened(_)
        | PaymentEvent::BuyerReturned(_)
        | PaymentEvent::GatewayCalled(_)
        | PaymentEvent::HintFollowed(_)
        | PaymentEvent::DepositAwaited(_)
        | PaymentEvent::GatewayDisagreed(_)
        | PaymentEvent::GatewayAgreed(_)
        | PaymentEvent::BuyerChose(_)
        | PaymentEvent::PaymentMethodKnown(_)
        | PaymentEvent::InquiryWanted(_)
        | PaymentEvent::InquirySettled(_)
        | PaymentEvent::ConsentGiven(_)
        | PaymentEvent::FailureUrlGiven(_)
        | PaymentEvent::CardChosen(_)
        | PaymentEvent::EasyPayKnown(_)
        | PaymentEvent::SlipKnown(_)
        | PaymentEvent::RefundAskedFor(_) => {}
    }
}

/// Collects the entries of one event.
struct Book<'a> {
    cause: Cause<'a>,
    entries: Vec<Posting<'a>>,
}

impl Book<'_> {
    fn post(
        &mut self,
        from: Account,
        to: Account,
        component: Component,
        minor: u64,
        currency: Currency,
    ) {
        self.entries.push(Posting {
            cause: self.cause,
            from,
            to,
            component,
            minor,
            currency,
        });
    }

    fn move_all(&mut self, from: Account, to: Account, amounts: &Amounts) {
        for (component, minor) in amounts.parts() {
            self.post(from, to, component, minor, amounts.currency());
        }
    }

    /// The account that refunded money came from. A difference between our books and the gateway that had been
    /// accepted ends here.
    fn source(
        &mut self,
        way: RefundWay,
        provider: Provider,
        at_gateway: &Amounts,
        went_back: &Amounts,
    ) -> Account {
        match way {
            RefundWay::Gateway => {
                self.becomes(provider, at_gateway, went_back);
                Account::GatewayReceivable(provider)
            }
            RefundWay::BankTransfer if at_gateway == went_back => Account::SettlementBank,
            // Only the part that the gateway had not refunded itself was transferred.
            RefundWay::BankTransfer => {
                let difference = Account::ReconciliationDifference(provider);
                self.move_all(difference, Account::SettlementBank, at_gateway);
                difference
            }
        }
    }

    /// Changes the gateway receivable to another amount; the difference is posted to an account of its own.
    fn becomes(&mut self, provider: Provider, before: &Amounts, after: &Amounts) {
        let receivable = Account::GatewayReceivable(provider);
        let difference = Account::ReconciliationDifference(provider);
        if before.currency() != after.currency() {
            self.move_all(difference, receivable, before);
            self.move_all(receivable, difference, after);
            return;
        }
        for component in Component::ALL {
            let (had, has) = (before.get(component), after.get(component));
            let currency = before.currency();
            if let Some(less) = had.checked_sub(has).filter(|less| *less > 0) {
                self.post(difference, receivable, component, less, currency);
            } else if let Some(more) = has.checked_sub(had).filter(|more| *more > 0) {
                self.post(receivable, difference, component, more, currency);
            }
        }
    }
}

#[cfg(test)]
mod tests;
