//! A buyer's checkout: the session is opened with its first payment, prepared, and confirmed when the buyer comes
//! back.

use super::{Context, Outcome, Progress, Subject, calls, free, payment};
use crate::command::{Asker, Choice, NewSession};
use crate::event::{
    BuyerChose, BuyerReturned, FailureUrlGiven, Provider, ProviderPaymentId, SessionOpened,
};
use crate::group::Work;
use crate::id::{OrderId, PaymentId, SessionId};
use crate::method::Method;
use crate::money::Money;
use crate::payment::{AnyPayment, PaymentAction, PaymentCommand, PaymentState, Prepare, Stage};
use crate::planted::{self, Bug};
use crate::rejection::Rejection;
use crate::sealed::Sealed;

/// The values that a buyer's browser brings back from a gateway's window.
pub(super) struct Returned {
    /// The gateway's name for the payment.
    pub(super) name: ProviderPaymentId,
    /// The amount that the browser claims is to be paid.
    pub(super) amount: Money,
    /// All returned parameters, in the gateway's form, sealed.
    pub(super) brought: Sealed,
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
    let (id, progress) = payment::create(work, asker, order_id, total, wanted, context)?;
    let provider = work.payment(id)?.core().provider;
    if let Some(method) = session.method {
        payment::takes_by(provider, method, total)?;
    }
    let shard = work.order()?.core().shard();
    let opened = SessionOpened {
        session: SessionId::in_shard(context.ids, shard),
        expires_at: work.now().plus_millis(context.policy.session_ms),
        method: session.method.map(stored),
        redirect_url: session.redirect_url,
        buyer: session.buyer,
    };
    work.note_payment(id, opened)?;
    if let Some(url) = session.failure_url {
        work.note_payment(id, FailureUrlGiven { url })?;
    }
    Ok((Subject::Payment(id), progress))
}

/// Lets the buyer go to the gateway, with what they chose. Preparing twice is one preparation, and the choice is made
/// once: a window may be open under it, and what was noted is bounded by the payments of an order. Where there is nothing
/// to pay there is no gateway to go to, and the order has what it waits for.
pub(super) fn prepare(
    work: &mut Work,
    asker: &Asker,
    id: PaymentId,
    choice: Option<Choice>,
    context: &mut Context<'_>,
) -> Outcome {
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
            if let Some(Choice { method, buyer }) = choice {
                if let Some(method) = method {
                    let core = work.payment(id)?.core();
                    payment::takes_by(core.provider, method, core.amount())?;
                }
                let method = method.map(stored);
                work.note_payment(id, BuyerChose { method, buyer })?;
            }
            work.step_payment(id, PaymentCommand::Prepare(Prepare))?;
            free::settle(work, id, context)?;
        }
        state @ (PaymentState::Authorized
        | PaymentState::Captured
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired
        | PaymentState::Voided
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned
        | PaymentState::AwaitingDeposit
        | PaymentState::Refunded) => {
            return Err(not_permitted(state, PaymentAction::Prepare).into());
        }
    }
    Ok((Subject::Payment(id), Progress::Done))
}

/// Events keep a method by its name.
fn stored(method: Method) -> Box<str> {
    method.name().into()
}

/// Accepts the values that the buyer's browser brings back: checked before anything is sent, and sent once however
/// often it is asked for. A repetition gets the first answer again.
pub(super) fn confirm(
    work: &mut Work,
    asker: &Asker,
    id: PaymentId,
    returned: Returned,
    context: &mut Context<'_>,
) -> Outcome {
    let Returned {
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
    let state = payment.state();
    match state.stage() {
        Stage::Begun => {
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
                Err(not_permitted(state, PaymentAction::Capture).into())
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

const fn not_permitted(state: PaymentState, action: PaymentAction) -> Rejection {
    Rejection::PaymentNotPermitted { state, action }
}
