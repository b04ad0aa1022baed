//! A buyer's checkout: the session is opened with its first payment, prepared, and confirmed when the buyer comes
//! back.

use super::{Context, Outcome, Progress, Subject, calls, consents, free, payment};
use crate::card::{CardChoice, Installments};
use crate::command::{Asker, Choice, NewSession};
use crate::consent::Agreed;
use crate::event::{
    BuyerChose, BuyerReturned, CardChosen, FailureUrlGiven, Provider, ProviderPaymentId,
    SessionOpened,
};
use crate::group::{Refusal, Work};
use crate::id::{OrderId, PaymentId, SessionId};
use crate::method::Method;
use crate::money::Money;
use crate::payment::{AnyPayment, PaymentAction, PaymentCommand, PaymentState, Prepare, Stage};
use crate::planted::{self, Bug};
use crate::rejection::Rejection;
use crate::sealed::Sealed;

/// The values that a buyer's browser brings back from a gateway's window.
pub(super) struct WindowReturn {
    /// The gateway's name for the payment.
    pub(super) name: ProviderPaymentId,
    /// The amount that the browser claims is to be paid.
    pub(super) amount: Money,
    /// All returned parameters, in the gateway's form, sealed.
    pub(super) brought: Sealed,
}

/// What a buyer says at their checkout.
pub(super) struct AtCheckout {
    /// How they mean to pay and who they are; nothing if it stays as it was.
    pub(super) choice: Option<Choice>,
    /// What they agree to.
    pub(super) consents: Vec<Agreed>,
}

/// Begins a payment of the order's total, and opens the buyer's checkout with it.
pub(super) fn open(
    work: &mut Work,
    asker: &Asker,
    order_id: &OrderId,
    wanted: Option<Provider>,
    session: NewSession,
    context: &mut Context<'_>,
) -> Outcome {
    let total = work.order()?.core().total();
    let wanted = (wanted, session.method);
    let (id, progress) = payment::create(work, asker, order_id, total, wanted, context)?;
    let provider = work.payment(id)?.core().provider;
    context
        .policy
        .card_offer(provider)
        .takes(session.card, total)?;
    let shard = work.order()?.core().shard();
    let opened = SessionOpened {
        session: SessionId::in_shard(context.ids, shard),
        expires_at: work.now().plus_millis(context.policy.session_ms),
        method: session.method.map(stored),
        redirect_url: session.redirect_url,
        buyer: session.buyer,
    };
    work.note_payment(id, opened)?;
    note_card(work, id, session.card)?;
    if let Some(url) = session.failure_url {
        work.note_payment(id, FailureUrlGiven { url })?;
    }
    Ok((Subject::Payment(id), progress))
}

/// Lets the buyer go to the gateway with the method they chose. A second preparation changes nothing, and the choice
/// and the consents are given once: a window may already be open under them, and the records stay bounded by the
/// payments of an order. An order that costs nothing has no gateway to go to and is settled here.
pub(super) fn prepare(
    work: &mut Work,
    asker: &Asker,
    id: PaymentId,
    said: AtCheckout,
    context: &mut Context<'_>,
) -> Outcome {
    let AtCheckout { choice, consents } = said;
    let payment = visible(work, asker, id)?;
    let is_free = payment.core().amount().is_zero();
    match payment.state() {
        PaymentState::Captured if is_free => {}
        PaymentState::Prepared if choice.is_some() => {
            return Err(Rejection::SessionPrepared.into());
        }
        PaymentState::Prepared => {}
        PaymentState::Initiated => {
            payable(work)?;
            consents::give(work, id, consents, context)?;
            if let Some(choice) = choice {
                choose(work, id, choice, context)?;
            }
            work.step_payment(id, PaymentCommand::Prepare(Prepare))?;
            free::settle(work, id, context)?;
        }
        PaymentState::Authorized
        | PaymentState::Captured
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired
        | PaymentState::Voided
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned
        | PaymentState::AwaitingDeposit => {
            return Err(not_permitted(payment, PaymentAction::Prepare).into());
        }
    }
    Ok((Subject::Payment(id), Progress::Done))
}

/// Notes what the buyer chose, if the gateway takes the payment so here.
fn choose(
    work: &mut Work,
    id: PaymentId,
    choice: Choice,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    let Choice {
        method,
        card,
        buyer,
    } = choice;
    let core = work.payment(id)?.core();
    let (provider, amount) = (core.provider, core.amount());
    if let Some(method) = method {
        payment::takes_by(provider, method, amount)?;
    }
    context.policy.card_offer(provider).takes(card, amount)?;
    let method = method.map(stored);
    work.note_payment(id, BuyerChose { method, buyer })?;
    note_card(work, id, card)
}

/// Notes what of a card payment was decided, beside the method and in the same record: whoever reads one reads both.
fn note_card(work: &mut Work, id: PaymentId, card: CardChoice) -> Result<(), Refusal> {
    if card.is_open() {
        return Ok(());
    }
    let chosen = CardChosen {
        easy_pay: card.easy_pay.map(|wallet| wallet.name().into()),
        installments: card.installments.map(Installments::months),
    };
    work.note_payment(id, chosen)?;
    Ok(())
}

/// Events store a method by its name.
fn stored(method: Method) -> Box<str> {
    method.name().into()
}

/// Accepts the values that the buyer's browser brings back: checked before anything is sent, and sent once however
/// often it is asked for. A repetition gets the first answer again.
pub(super) fn confirm(
    work: &mut Work,
    asker: &Asker,
    id: PaymentId,
    returned: WindowReturn,
    context: &mut Context<'_>,
) -> Outcome {
    let WindowReturn {
        name,
        amount,
        brought,
    } = returned;
    let payment = visible(work, asker, id)?;
    let core = payment.core();
    let compared = !planted::is(Bug::ReturnNotCompared);
    if (compared && amount != core.amount()) || !core.provider.capabilities().remote {
        return Err(Rejection::ReturnMismatched.into());
    }
    let same_name = core.provider_payment_id.as_ref() == Some(&name);
    let subject = Subject::Payment(id);
    if core.operation_in_flight() {
        return if same_name {
            Ok((subject, Progress::InFlight))
        } else {
            Err(Rejection::OperationInFlight.into())
        };
    }
    match payment.stage() {
        Stage::Begun => {
            // The consents are given when the payment is prepared; a window can be opened without that.
            if payment.state() == PaymentState::Initiated && *asker != Asker::Merchant {
                consents::required(work, id, &[], context)?;
            }
            let event = BuyerReturned {
                provider_payment_id: Some(name),
                brought: Some(brought),
            };
            work.note_payment(id, event)?;
            calls::confirm(work, id, context)?;
            Ok((subject, Progress::InFlight))
        }
        Stage::Held
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Taken
        | Stage::Aside
        | Stage::Back => {
            if same_name {
                Ok((subject, Progress::Done))
            } else {
                Err(not_permitted(payment, PaymentAction::Capture).into())
            }
        }
    }
}

/// The payment, if it exists, this asker may see it, and their session has not ended.
fn visible<'w>(work: &'w Work, asker: &Asker, id: PaymentId) -> Result<&'w AnyPayment, Rejection> {
    let payment = work.payment(id)?;
    let core = payment.core();
    if !asker.may_see_payment(core) {
        return Err(Rejection::PaymentNotFound);
    }
    if core
        .session
        .is_some_and(|session| session.until <= work.now())
    {
        return Err(Rejection::SessionExpired);
    }
    Ok(payment)
}

fn payable(work: &Work) -> Result<(), Rejection> {
    let order = work.order()?;
    if order.is_payable(work.now()) {
        return Ok(());
    }
    let state = order.state();
    Err(Rejection::OrderNotPayable { state })
}

fn not_permitted(payment: &AnyPayment, action: PaymentAction) -> Rejection {
    let state = payment.detail();
    Rejection::PaymentNotPermitted { state, action }
}
