//! Orders that cost nothing. Their payments have the same events, receipts and cancellation as all others, but no
//! gateway is asked: every call that is intended is answered within the decision. Facts are of no use here: with an
//! amount of zero, "captured" and "refunded" look the same.

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

/// The gateway of a payment of this amount; `wanted` is the gateway that was asked for.
pub(super) fn provider_for(
    amount: Amount,
    wanted: Option<Provider>,
) -> Result<Provider, Rejection> {
    if amount.is_zero() {
        return Ok(Provider::Free);
    }
    wanted.ok_or(Rejection::ProviderUnavailable)
}

/// Captures a payment of zero. Changes nothing for any other amount.
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

/// Answers a call of a payment that costs nothing.
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
                amounts: work.payment(id)?.refundable(),
                requested: true,
                way: RefundWay::Gateway,
                source,
            };
            consequences::money_back(work, id, back, context)
        }
        // A free payment is never authorized, so neither call is intended.
        OperationKind::Capture | OperationKind::Void => Ok(()),
    }
}
