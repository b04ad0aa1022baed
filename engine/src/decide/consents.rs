//! Consents that the merchant requires before a buyer can pay.

use super::Context;
use crate::consent::{Agreed, Consent};
use crate::event::ConsentGiven;
use crate::group::{Refusal, Work};
use crate::id::PaymentId;
use crate::rejection::Rejection;

/// Refuses if a required consent is not among those given.
pub(super) fn required(
    work: &Work,
    id: PaymentId,
    given: &[Agreed],
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let is_free = work.payment(id)?.core().amount().is_zero();
    let required = context.policy.required_consents.iter().copied();
    let mut required = required.filter(|consent| !(is_free && consent.needs_gateway()));
    let is_lacking = |consent: &Consent| !given.iter().any(|agreed| agreed.consent == *consent);
    match required.find(is_lacking) {
        Some(consent) => Err(Rejection::ConsentRequired { consent }),
        None => Ok(()),
    }
}

/// Notes the consents that the buyer gave, unless a required one is lacking.
pub(super) fn give(
    work: &mut Work,
    id: PaymentId,
    given: Vec<Agreed>,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    required(work, id, &given, context)?;
    for agreed in given {
        let given = ConsentGiven {
            text_hash: agreed.text_hash,
            version: agreed.label(),
            at: work.now(),
        };
        work.note_payment(id, given)?;
    }
    Ok(())
}
