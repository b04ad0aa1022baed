//! The decision function: the events that a command causes in a group, or the refusal. Pure: the same input gives the
//! same answer.
//!
//! Every check comes first; the effects follow after the last check. A command that is refused half-way leaves
//! nothing behind, because only a finished [`Work`] is committed.
//!
//! The modules build on each other in this order, and none calls a later one: the claim on an order's money
//! (`claims`), calls to gateways (`calls`), consequences for payment and order (`consequences`), the meaning of
//! gateways' answers ([`evidence`]), and then the commands, one file each.

#![deny(clippy::wildcard_enum_match_arm)]

mod calls;
mod checkout;
mod claims;
mod consents;
mod consequences;
pub mod evidence;
mod free;
mod inline;
mod learning;
mod mock;
mod notification;
mod order;
mod payment;
mod refund;
mod resolution;

use crate::card::CardOffer;
use crate::command::Command;
use crate::consent::Consent;
use crate::event::{Credentials, Provider};
use crate::group::{Group, GroupEvent, Refusal, Work};
use crate::id::{Ids, OrderId, PaymentId};
use crate::time::Timestamp;

/// The merchant's settings for deadlines and credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// An order without a deadline of its own is canceled this long after it was registered, if unpaid.
    pub unpaid_after_ms: u64,
    /// Whether an order is canceled as soon as one payment for it fails.
    pub cancel_on_failure: bool,
    /// How long a buyer's view of a payment can be used.
    pub session_ms: u64,
    /// What a buyer has to agree to before they can pay.
    pub required_consents: Vec<Consent>,
    /// The merchant's credentials at each gateway that is called.
    pub credentials: Vec<(Provider, Credentials)>,
    /// What it offers of card payments at each gateway, where it offers anything.
    pub card_offers: Vec<(Provider, CardOffer)>,
}

/// Of card payments, where the settings say nothing.
static NOTHING_OFFERED: CardOffer = CardOffer {
    easy_pays: Vec::new(),
    installments_max: 0,
    installments_from_minor: 0,
};

impl Policy {
    /// The credentials that calls to this gateway are made with.
    pub fn credentials_at(&self, provider: Provider) -> Option<Credentials> {
        let mut all = self.credentials.iter();
        all.find(|(at, _)| *at == provider).map(|(_, own)| *own)
    }

    /// What is offered of card payments at this gateway.
    pub fn card_offer(&self, provider: Provider) -> &CardOffer {
        let mut all = self.card_offers.iter();
        let found = all.find(|(at, _)| *at == provider);
        found.map_or(&NOTHING_OFFERED, |(_, own)| own)
    }
}

impl Default for Policy {
    fn default() -> Self {
        const MINUTE: u64 = 60_000;
        Self {
            unpaid_after_ms: 30 * MINUTE,
            cancel_on_failure: false,
            session_ms: 24 * 60 * MINUTE,
            required_consents: Vec::new(),
            credentials: Vec::new(),
            card_offers: Vec::new(),
        }
    }
}

/// Everything a decision may use besides the group and the command.
pub struct Context<'a> {
    /// The time of the decision.
    pub now: Timestamp,
    /// The merchant's settings.
    pub policy: &'a Policy,
    /// The source of new ids.
    pub ids: &'a mut dyn Ids,
}

/// The order or payment that an answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An order.
    Order(OrderId),
    /// A payment.
    Payment(PaymentId),
}

/// How far the command got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Something new exists.
    Created,
    /// It is done, by this command or by an earlier one.
    Done,
    /// The gateway's answer is outstanding.
    InFlight,
}

impl Progress {
    /// The HTTP status that says so.
    pub const fn status(self) -> u16 {
        match self {
            Self::Created => 201,
            Self::Done => 200,
            Self::InFlight => 202,
        }
    }
}

/// The result of a command.
#[derive(Debug)]
pub struct Decision {
    /// The group after the command.
    pub group: Group,
    /// The events; empty if all of it had happened before.
    pub events: Vec<GroupEvent>,
    /// The order or payment that the answer is about.
    pub subject: Subject,
    /// How far the command got.
    pub progress: Progress,
}

type Outcome = Result<(Subject, Progress), Refusal>;

/// Decides `command` on `group`.
pub fn decide(
    group: Group,
    command: Command,
    context: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut work = Work::new(group, context.now);
    let (subject, progress) = dispatch(&mut work, command, context)?;
    let progress = inline::answer_calls(&mut work, progress, context)?;
    let (group, events) = work.finish();
    Ok(Decision {
        group,
        events,
        subject,
        progress,
    })
}

fn dispatch(work: &mut Work, command: Command, context: &mut Context<'_>) -> Outcome {
    match command {
        Command::CreateOrder(new) => order::create(work, new, context),
        Command::CancelOrder { order_id } => order::cancel(work, order_id, context),
        Command::ConfirmOrder { order_id } => order::confirm(work, order_id, context),
        Command::OrderDue { order_id } => order::due(work, order_id, context),
        Command::CreatePayment {
            asker,
            order_id,
            amount,
            provider,
        } => payment::begin(work, &asker, &order_id, amount, provider, context),
        Command::OpenSession {
            asker,
            order_id,
            provider,
            session,
        } => checkout::open(work, &asker, &order_id, provider, session, context),
        Command::PreparePayment {
            asker,
            payment_id,
            choice,
            consents,
        } => {
            let said = checkout::AtCheckout { choice, consents };
            checkout::prepare(work, &asker, payment_id, said, context)
        }
        Command::ConfirmPayment {
            asker,
            payment_id,
            name,
            amount,
            brought,
        } => {
            let returned = checkout::WindowReturn {
                name,
                amount,
                brought,
            };
            checkout::confirm(work, &asker, payment_id, returned, context)
        }
        Command::Learn(learned) => learning::take_in(work, *learned, context),
        Command::CompleteMock { payment_id, result } => {
            mock::complete(work, payment_id, result, context)
        }
        Command::CapturePayment { payment_id } => payment::capture(work, payment_id, context),
        Command::CancelPayment { asker, payment_id } => {
            payment::cancel(work, &asker, payment_id, context)
        }
        Command::RefundPayment { payment_id, refund } => {
            refund::request(work, payment_id, refund, context)
        }
        Command::HoldDue { payment_id } => payment::hold_due(work, payment_id, context),
        Command::Notify(notification) => notification::take_in(work, notification, context),
        Command::WantInquiry { payment_id, hint } => notification::hint(work, payment_id, hint),
        Command::Resolve {
            payment_id,
            resolution,
            actor,
            reason,
        } => resolution::resolve(work, payment_id, resolution, (actor, reason), context),
        Command::ErasePersonalData { payment_id, actor } => {
            resolution::erase(work, payment_id, actor)
        }
    }
}
