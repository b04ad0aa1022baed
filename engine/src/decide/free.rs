//! Orders that cost nothing. Their payments go the way of all others, with the same events, receipt and cancellation, but
//! no gateway is asked: whatever is intended for one is done within the decision. Facts are of no use here, because of
//! nothing the words for "taken" and for "gone back" are the same.

use super::consequences::{self, Money};
use super::inline::Intended;
use super::{Context, calls};
use crate::amounts::Amounts;
use crate::event::{Provider, ProviderPaymentId, RefundWay, Source};
use crate::group::{Refusal, Work};
use crate::id::PaymentId;
use crate::money::Money as Amount;
use crate::operation::OperationKind;
use crate::payment;
use crate::rejection::Rejection;

/// The gateway of a payment of this amount, where `wanted` is the one that was asked for.
pub(super) fn provider_for(
    amount: Amount,
    wanted: Option<Provider>,
) -> Result<Provider, Rejection> {
    if amount.is_zero() {
        return Ok(Provider::Free);
    }
    wanted.ok_or(Rejection::ProviderUnavailable)
}

/// Takes the nothing that the payment is about. Of any other payment nothing is taken.
pub(super) fn settle(
    work: &mut Work,
    id: PaymentId,
    context: &mut Context<'_>,
) -> Result<(), Refusal> {
    match work.payment(id)?.core().provider {
        Provider::Free => calls::confirm(work, id, context),
        Provider::Mock | Provider::Toss | Provider::Drill => Ok(()),
    }
}

/// Does what was intended for a payment that costs nothing.
pub(super) fn answer(
    work: &mut Work,
    id: PaymentId,
    (kind, refund): Intended,
    context: &mut Context<'_>,
) -> Result<(), Refusal> {
    let source = Source::Answer;
    let name = ProviderPaymentId(format!("free_{:032x}", id.bits()).into());
    calls::done(work, id, name, source)?;
    match kind {
        OperationKind::Confirm => {
            let nothing = Amounts::zero(work.payment(id)?.core().amount().currency());
            let money = Money {
                taken: nothing,
                left: nothing,
                source,
            };
            consequences::captured(work, id, money, context)
        }
        OperationKind::Cancel => {
            let back = payment::Refund {
                refund,
                requested: true,
                way: RefundWay::Gateway,
                source,
            };
            consequences::money_back(work, id, back, context)
        }
        // Nothing is ever held, so that neither is intended.
        OperationKind::Capture | OperationKind::Void => Ok(()),
    }
}
