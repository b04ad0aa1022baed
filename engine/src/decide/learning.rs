//! Exchanges with a gateway: recorded for the audit trail, and applied where they tell something new.

use super::evidence::{CallEnd, Effect, Way};
use super::{Context, Outcome, Progress, Subject, calls, evidence};
use crate::command::{Exchange, Learned, News};
use crate::event::{
    EasyPayKnown, GatewayCalled, InquirySettled, PaymentMethodKnown, ProviderPaymentId, SlipKnown,
    Source,
};
use crate::group::{Refusal, Work};
use crate::id::{OperationId, PaymentId};
use crate::operation::AnyOperation;
use crate::payment::PaymentCore;

/// The result of weighing the news against the payment.
struct Weighed {
    /// The news changes the payment.
    moves: bool,
    /// The exchange leaves a call unanswered that was not known to be unanswered yet.
    parks: bool,
    stand: Stand,
}

/// The news about the payment's present state.
#[derive(Default)]
struct Stand {
    /// The answer is not older than what is known.
    is_current: bool,
    /// The answer clears the "ask the gateway" mark: it is current and need not be heard twice, or it is about
    /// another window of the same order, which the gateway names only while no payment of ours has captured money.
    settles: bool,
}

/// Records the exchange and applies its news.
pub(super) fn take_in(work: &mut Work, learned: Learned, context: &mut Context<'_>) -> Outcome {
    let id = learned.payment_id;
    let weighed = weigh(work, &learned)?;
    let core = work.payment(id)?.core();
    let known_name = core.provider_payment_id.clone();
    let settles = core.inquiry_wanted
        && learned.asked_since_hint
        && learned.source == Source::Inquiry
        && weighed.stand.settles;
    let may_record = core.calls < PaymentCore::MAX_CALLS;
    let records = weighed.moves || weighed.parks || may_record;
    if let Some(exchange) = learned.exchange.filter(|_| records) {
        record(work, id, learned.operation, exchange)?;
    }
    if let Some(paid_with) = learned.paid_with
        && work.payment(id)?.core().paid_with.as_ref() != Some(&paid_with)
        && weighed.stand.is_current
    {
        work.note_payment(id, PaymentMethodKnown { paid_with })?;
    }
    if let Some(easy_pay) = learned.easy_pay
        && work.payment(id)?.core().easy_pay.as_ref() != Some(&easy_pay)
        && weighed.stand.is_current
    {
        work.note_payment(id, EasyPayKnown { easy_pay })?;
    }
    if let Some(url) = learned.slip
        && work.payment(id)?.core().slip.is_none()
        && weighed.stand.is_current
    {
        work.note_payment(id, SlipKnown { url })?;
    }
    if weighed.moves {
        match learned.news {
            News::Fact(fact) => {
                let name = learned.name.or(known_name);
                let name = name.unwrap_or_else(|| ProviderPaymentId("".into()));
                evidence::apply(work, id, &fact, name, learned.source, context)?;
            }
            News::None | News::NotSent => calls::unanswered(work, id)?,
        }
    } else if weighed.parks {
        calls::unanswered(work, id)?;
    }
    if settles {
        let news = weighed.moves;
        work.note_payment(id, InquirySettled { news })?;
    }
    let progress = if work.payment(id)?.core().operation_in_flight() {
        Progress::InFlight
    } else {
        Progress::Done
    };
    Ok((Subject::Payment(id), progress))
}

fn weigh(work: &Work, learned: &Learned) -> Result<Weighed, Refusal> {
    let id = learned.payment_id;
    let core = work.payment(id)?.core();
    let about_call = is_current(core, learned.operation);
    let newly_unanswered = learned.operation.is_some() && about_call && !is_unknown(core);
    Ok(match &learned.news {
        News::NotSent => Weighed {
            moves: false,
            parks: false,
            stand: Stand::default(),
        },
        News::None => Weighed {
            moves: newly_unanswered,
            parks: false,
            stand: Stand::default(),
        },
        News::Fact(fact) => {
            let (effect, end) = evidence::weigh(work, id, fact)?;
            let way = Way {
                source: learned.source,
                name: learned.name.as_ref(),
                about_call,
            };
            let counts = evidence::counts(work.payment(id)?, fact, way);
            let moves = counts && (effect.moves() || end != CallEnd::Open);
            Weighed {
                moves,
                // The gateway answered the call, and its answer does not fit: a person can end the call.
                parks: !moves && newly_unanswered,
                stand: Stand {
                    is_current: moves || (counts && effect == Effect::Known),
                    settles: (moves && !evidence::brings_more(work.payment(id)?, effect))
                        || (about_call && effect == Effect::Known),
                },
            }
        }
    })
}

/// Whether the exchange was about the unanswered call. An exchange that asked about no call is about the payment's
/// present state, and so counts for any call.
fn is_current(core: &PaymentCore, about: Option<OperationId>) -> bool {
    let Some(about) = about else { return true };
    core.call_in_flight()
        .is_some_and(|call| call.core().id == about)
}

const fn is_unknown(core: &PaymentCore) -> bool {
    matches!(core.operation, Some(AnyOperation::Unknown(_)))
}

fn record(
    work: &mut Work,
    id: PaymentId,
    operation: Option<OperationId>,
    exchange: Exchange,
) -> Result<(), Refusal> {
    let called = GatewayCalled {
        operation,
        call: exchange.call,
        status: exchange.status,
        http_status: exchange.http_status,
        took_ms: exchange.took_ms,
        exchange: exchange.content,
    };
    Ok(work.note_payment(id, called)?)
}

#[cfg(test)]
mod tests;
