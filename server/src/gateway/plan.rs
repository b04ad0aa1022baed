//! What to ask a gateway next about a call without an answer. Pure: a payment, how often it was asked, how long it
//! has waited.
//!
//! Sent first. While the gateway may still do it, it is asked how the payment stands and sent again under
//! the same key, in turn; after that it is only asked. A call ends by the gateway's word, which after its time may be
//! that it knows of no such thing, or by a person's; one that was never sent ends when it is too late to send it.

use std::time::Duration;

use daegeum_engine::event::Credentials;
use daegeum_engine::operation::{AnyOperation, OperationKind};
use daegeum_engine::payment::{AnyPayment, PaymentCore};
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::time::Timestamp;

use super::operations::HINTS_EVERY;
use super::{Ask, By};

/// How far the gateway's clock may be from ours before we say that its time is over.
const SKEW_MS: u64 = 60_000;
/// So long a cancellation is sent again; one that the gateway does not know of by then was not made. Should it be
/// made later all the same, the gateway's books say so, and a second one finds nothing left to return.
const CANCEL_WINDOW_MS: u64 = 30 * 60_000;
/// The rests between two questions while an answer can be had soon, and later.
const SOON_MAX: Duration = Duration::from_secs(30);
const LATER_MAX: Duration = Duration::from_hours(1);

/// The next step of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask this.
    Ask(Ask),
    /// It certainly never reached the gateway, and now it is too late to send it.
    NeverSent(OperationKind),
}

/// What to do about the payment's call without an answer; nothing if it has none.
pub fn next(
    payment: &AnyPayment,
    asked: u32,
    waited: Duration,
    other_credentials: bool,
) -> Option<Next> {
    let core = payment.core();
    let call = core.operation.as_ref().filter(|call| call.in_flight())?;
    let kind = call.core().kind;
    let window_over = window_over(core, call, waited);
    let send = match kind {
        OperationKind::Confirm => Ask::Confirm,
        OperationKind::Capture => Ask::Capture,
        OperationKind::Void => Ask::Void,
        OperationKind::Cancel => Ask::Cancel,
    };
    if let AnyOperation::Intended(_) = call {
        return Some(if window_over {
            Next::NeverSent(kind)
        } else {
            Next::Ask(send)
        });
    }
    let inquire = Ask::Inquire {
        about: Some(kind),
        window_over,
        by: By::Name,
    };
    // The first question after a lost answer is how it stands: mostly it is done. Under other credentials nothing is
    // sent again: the gateway would take it for another merchant's first.
    let send_again = asked > 0 && asked.is_multiple_of(2) && !window_over && !other_credentials;
    Some(Next::Ask(if send_again { send } else { inquire }))
}

/// Asks how a payment stands, about none of our calls.
pub const HOW_IT_STANDS: Ask = Ask::Inquire {
    about: None,
    window_over: false,
    by: By::Name,
};

/// Whether the gateway can no longer do what the call asks: its window is over, or it has forgotten the key.
fn window_over(core: &PaymentCore, call: &AnyOperation, waited: Duration) -> bool {
    let capabilities = core.provider.capabilities();
    let window_ms = match call.core().kind {
        OperationKind::Confirm => capabilities.confirm_window_ms.saturating_add(SKEW_MS),
        OperationKind::Capture | OperationKind::Void | OperationKind::Cancel => {
            CANCEL_WINDOW_MS.min(capabilities.idempotency_ms.saturating_sub(SKEW_MS))
        }
    };
    waited > Duration::from_millis(window_ms)
}

/// How long to rest before asking again because of a hint that was not answered.
pub fn rest_after_hint(asked: u32) -> Duration {
    let longer = Duration::from_secs(1_u64.checked_shl(asked.min(20)).unwrap_or(u64::MAX));
    longer.clamp(HINTS_EVERY, LATER_MAX)
}

/// How long to rest before the next question: at once at first, then longer and longer.
pub fn rest(payment: &AnyPayment, asked: u32, waited: Duration) -> Duration {
    let Some(first) = asked.checked_sub(1) else {
        return Duration::ZERO;
    };
    let call = payment.core().operation.as_ref();
    let late = call.is_none_or(|call| window_over(payment.core(), call, waited));
    let most = if late { LATER_MAX } else { SOON_MAX };
    Duration::from_secs(1_u64.checked_shl(first.min(20)).unwrap_or(u64::MAX)).min(most)
}

/// Whether a person has to look at the call: it has waited so long, or it was made with other credentials, under which
/// its gateway may never say what became of it.
pub fn needs_person(core: &PaymentCore, now: Timestamp, own: Option<Credentials>) -> bool {
    let waiting = core.call_in_flight();
    waiting.is_some_and(|call| call.core().needs_person(now)) || made_with_others(core, own)
}

/// Whether the payment's call without an answer was made with other credentials than these.
pub fn made_with_others(core: &PaymentCore, own: Option<Credentials>) -> bool {
    let made_with = core
        .call_in_flight()
        .and_then(|call| call.core().credentials);
    match (made_with, own) {
        (Some(made_with), Some(own)) => made_with != own && !planted::is(Bug::CredentialsForgotten),
        (None, _) | (_, None) => false,
    }
}
