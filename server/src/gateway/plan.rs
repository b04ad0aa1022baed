//! Plans the next request about an unanswered call. Pure: a function of the payment, how often the gateway was asked,
//! and how long the call has waited.
//!
//! A call is first sent. While the gateway may still do it, inquiries and repetitions under the same idempotency key
//! alternate; after that there are only inquiries. A call ends by the gateway's answer, which after its window may be
//! "not found", or by a person's decision; a call that was never sent ends when it is too late to send it.

use std::time::Duration;

use daegeum_engine::event::Credentials;
use daegeum_engine::operation::{AnyOperation, OperationKind};
use daegeum_engine::payment::{AnyPayment, PaymentCore};
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::time::Timestamp;

use super::operations::HINTS_EVERY;
use super::{Ask, By};

/// The allowance for a difference between the gateway's clock and ours before its window counts as over.
const SKEW_MS: u64 = 60_000;
/// How long a refund is repeated; one that the gateway does not know after that was not made. If it is made later all
/// the same, the gateway's books show it, and a second one finds nothing left to refund.
const CANCEL_WINDOW_MS: u64 = 30 * 60_000;
/// The longest pause between two inquiries while an answer is expected soon, and later.
const SOON_MAX: Duration = Duration::from_secs(30);
const LATER_MAX: Duration = Duration::from_hours(1);

/// The next step of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Make this request.
    Ask(Ask),
    /// The call certainly never reached the gateway, and now it is too late to send it.
    NeverSent(OperationKind),
}

/// The inputs of a plan besides the payment.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// How long the call has waited by every clock: decides when a call ends.
    pub waited: Duration,
    /// How long it may have waited by any clock: decides what is sent.
    pub waited_at_most: Duration,
    /// Whether it was made with other credentials than the present ones.
    pub other_credentials: bool,
    /// Whether its order is to be canceled, so that no money may be captured for it any more.
    pub order_is_given_up: bool,
}

/// The next step of the payment's unanswered call; `None` if it has none.
pub fn next(payment: &AnyPayment, asked: u32, circumstances: &Circumstances) -> Option<Next> {
    let core = payment.core();
    let call = core.call_in_flight()?;
    let kind = call.core().kind;
    let window_over = window_over(core, call, circumstances.waited);
    let unwanted = circumstances.order_is_given_up && takes_money(kind);
    let send = match kind {
        OperationKind::Confirm => Ask::Confirm,
        OperationKind::Capture => Ask::Capture,
        OperationKind::Void => Ask::Void,
        OperationKind::Cancel => Ask::Cancel,
    };
    if let AnyOperation::Intended(_) = call {
        return Some(if window_over || unwanted {
            Next::NeverSent(kind)
        } else {
            Next::Ask(send)
        });
    }
    let inquire = Ask::Inquire {
        about: Some(kind),
        window_over,
        by: asks_by(kind, asked, window_over),
    };
    // The first step after a lost answer is an inquiry: mostly the call was done. Under other credentials nothing is
    // sent again: the gateway would treat it as another merchant's first call. Nor is a call that would capture money
    // that is no longer wanted, or whose idempotency key the gateway may have forgotten.
    let may_send = !window_over
        && !unwanted
        && !circumstances.other_credentials
        && remembers_key(core, circumstances.waited_at_most);
    let send_again = asked > 0 && asked.is_multiple_of(2) && may_send;
    Some(Next::Ask(if send_again { send } else { inquire }))
}

/// The name to inquire by. The gateway's name came from the browser; if it belongs to another merchant, the gateway
/// tells us nothing, and after the confirmation's window the order number gives the answer.
const fn asks_by(kind: OperationKind, asked: u32, window_over: bool) -> By {
    match kind {
        OperationKind::Confirm if window_over && asked.is_multiple_of(2) => By::OrderNumber,
        OperationKind::Confirm
        | OperationKind::Capture
        | OperationKind::Void
        | OperationKind::Cancel => By::Name,
    }
}

/// Whether the call captures or authorizes money.
const fn takes_money(kind: OperationKind) -> bool {
    match kind {
        OperationKind::Confirm | OperationKind::Capture => true,
        OperationKind::Void | OperationKind::Cancel => false,
    }
}

/// Whether the gateway still recognises the call's idempotency key, so that a repetition is not a second call.
fn remembers_key(core: &PaymentCore, waited_at_most: Duration) -> bool {
    let kept_ms = core.provider.capabilities().idempotency_ms;
    waited_at_most < Duration::from_millis(kept_ms.saturating_sub(SKEW_MS))
}

/// An inquiry about the payment, about none of our calls.
pub const HOW_IT_STANDS: Ask = Ask::Inquire {
    about: None,
    window_over: false,
    by: By::Name,
};

/// Whether the gateway can no longer do the call: its window is over, or the idempotency key has expired.
fn window_over(core: &PaymentCore, call: &AnyOperation, waited: Duration) -> bool {
    waited > window(core, call)
}

fn window(core: &PaymentCore, call: &AnyOperation) -> Duration {
    let capabilities = core.provider.capabilities();
    let window_ms = match call.core().kind {
        OperationKind::Confirm => capabilities.confirm_window_ms.saturating_add(SKEW_MS),
        OperationKind::Capture | OperationKind::Void | OperationKind::Cancel => {
            CANCEL_WINDOW_MS.min(capabilities.idempotency_ms.saturating_sub(SKEW_MS))
        }
    };
    Duration::from_millis(window_ms)
}

/// The pause before another inquiry because of an unanswered hint.
pub fn rest_after_hint(asked: u32) -> Duration {
    let longer = Duration::from_secs(1_u64.checked_shl(asked.min(20)).unwrap_or(u64::MAX));
    longer.clamp(HINTS_EVERY, LATER_MAX)
}

/// The pause before the next inquiry: none at first, then growing. After the call's window it grows with the time
/// since its end, so that the first inquiries after it come soon.
pub fn rest(payment: &AnyPayment, asked: u32, waited: Duration) -> Duration {
    let Some(first) = asked.checked_sub(1) else {
        return Duration::ZERO;
    };
    let doubled = Duration::from_secs(1_u64.checked_shl(first.min(20)).unwrap_or(u64::MAX));
    let soon = doubled.min(SOON_MAX);
    let call = payment.core().operation.as_ref();
    let late = call.and_then(|call| waited.checked_sub(window(payment.core(), call)));
    late.map_or(soon, |late| late.clamp(soon, LATER_MAX))
}

/// Whether a person has to look at the call: it has waited too long, or it was made with other credentials, under
/// which its gateway may never tell its outcome.
pub fn needs_person(core: &PaymentCore, now: Timestamp, own: Option<Credentials>) -> bool {
    let waiting = core.call_in_flight();
    waiting.is_some_and(|call| call.core().needs_person(now)) || made_with_others(core, own)
}

/// Whether the payment's unanswered call was made with other credentials than these.
pub fn made_with_others(core: &PaymentCore, own: Option<Credentials>) -> bool {
    let made_with = core
        .call_in_flight()
        .and_then(|call| call.core().credentials);
    match (made_with, own) {
        (Some(made_with), Some(own)) => made_with != own && !planted::is(Bug::CredentialsForgotten),
        (None, _) | (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use daegeum_engine::amounts::Amounts;
    use daegeum_engine::event::{
        OperationIntended, OperationUnanswered, PaymentInitiated, Provider,
    };
    use daegeum_engine::id::{BuyerId, OperationId, OrderId, PaymentId};
    use daegeum_engine::money::{Currency, Money};
    use daegeum_engine::order::CaptureMode;
    use daegeum_engine::payment::Payment;

    use super::*;

    const KINDS: [(OperationKind, Ask); 4] = [
        (OperationKind::Confirm, Ask::Confirm),
        (OperationKind::Capture, Ask::Capture),
        (OperationKind::Void, Ask::Void),
        (OperationKind::Cancel, Ask::Cancel),
    ];
    const BEGUN: Timestamp = Timestamp::from_millis(1_707_794_294_000);

    fn ours() -> Credentials {
        Credentials::of(Provider::Toss, b"test_sk_ours")
    }

    fn others() -> Credentials {
        Credentials::of(Provider::Toss, b"test_sk_others")
    }

    fn without_call() -> AnyPayment {
        let amounts = Amounts::whole(Money::new(11_000, Currency::Krw).unwrap());
        let initiated = PaymentInitiated {
            order_id: OrderId::parse("o-1").unwrap(),
            buyer_id: BuyerId::parse("buyer-1").unwrap(),
            amounts,
            provider: Provider::Toss,
            capture: CaptureMode::Automatic,
        };
        let id = PaymentId::parse("pay_0190163d8b4f7c8a9d2e3f4a5b6c7d8e").unwrap();
        Payment::initiated(id, &initiated, BEGUN).into()
    }

    fn operation() -> OperationId {
        OperationId::parse("op_0190163d8b4f7c8a9d2e3f4a5b6c7d8f").unwrap()
    }

    fn intended_with(kind: OperationKind, credentials: Option<Credentials>) -> AnyPayment {
        let intended = OperationIntended {
            operation: operation(),
            kind,
            amounts: None,
            refund: None,
            credentials,
        };
        without_call().evolve(&intended.into(), BEGUN).unwrap()
    }

    fn intended(kind: OperationKind) -> AnyPayment {
        intended_with(kind, Some(ours()))
    }

    fn unanswered(kind: OperationKind) -> AnyPayment {
        let unanswered = OperationUnanswered {
            operation: operation(),
        };
        intended(kind).evolve(&unanswered.into(), BEGUN).unwrap()
    }

    /// How long a call of this kind may still be done.
    fn window(kind: OperationKind) -> Duration {
        match kind {
            OperationKind::Confirm => Duration::from_mins(11),
            OperationKind::Capture | OperationKind::Void | OperationKind::Cancel => {
                Duration::from_mins(30)
            }
        }
    }

    const AT_ONCE: Circumstances = Circumstances {
        waited: Duration::ZERO,
        waited_at_most: Duration::ZERO,
        other_credentials: false,
        order_is_given_up: false,
    };

    fn after(waited: Duration) -> Circumstances {
        Circumstances {
            waited,
            waited_at_most: waited,
            ..AT_ONCE
        }
    }

    fn inquiry(kind: OperationKind, window_over: bool) -> Next {
        Next::Ask(Ask::Inquire {
            about: Some(kind),
            window_over,
            by: By::Name,
        })
    }

    #[test]
    fn a_payment_without_a_call_has_no_next_step() {
        assert_eq!(next(&without_call(), 0, &AT_ONCE), None);
    }

    #[test]
    fn intended_call_is_sent_until_it_is_too_late() {
        for (kind, ask) in KINDS {
            let payment = intended(kind);
            let at = |waited| next(&payment, 0, &after(waited));
            assert_eq!(at(Duration::ZERO), Some(Next::Ask(ask)));
            assert_eq!(at(window(kind)), Some(Next::Ask(ask)));
            let too_late = window(kind) + Duration::from_millis(1);
            assert_eq!(at(too_late), Some(Next::NeverSent(kind)));
        }
    }

    #[test]
    fn unanswered_call_alternates_inquiry_and_repetition() {
        for (kind, ask) in KINDS {
            let payment = unanswered(kind);
            for asked in 0..10 {
                let again = asked > 0 && asked % 2 == 0;
                let expected = if again {
                    Next::Ask(ask)
                } else {
                    inquiry(kind, false)
                };
                let planned = next(&payment, asked, &after(window(kind)));
                assert_eq!(planned, Some(expected), "{asked}");
            }
        }
    }

    #[test]
    fn call_after_its_window_is_only_inquired_about() {
        for (kind, _) in KINDS {
            let waited = window(kind) + Duration::from_millis(1);
            for asked in 0..10 {
                let planned = next(&unanswered(kind), asked, &after(waited));
                let by_order_number = kind == OperationKind::Confirm && asked % 2 == 0;
                let by = if by_order_number {
                    By::OrderNumber
                } else {
                    By::Name
                };
                let expected = Next::Ask(Ask::Inquire {
                    about: Some(kind),
                    window_over: true,
                    by,
                });
                assert_eq!(planned, Some(expected), "{asked}");
            }
        }
    }

    #[test]
    fn call_of_other_credentials_is_only_inquired_about() {
        for (kind, _) in KINDS {
            for asked in 0..10 {
                let others = Circumstances {
                    other_credentials: true,
                    ..AT_ONCE
                };
                let planned = next(&unanswered(kind), asked, &others);
                assert_eq!(planned, Some(inquiry(kind, false)), "{asked}");
            }
        }
    }

    #[test]
    fn order_to_be_canceled_has_no_money_captured() {
        let given_up = Circumstances {
            order_is_given_up: true,
            ..AT_ONCE
        };
        for (kind, ask) in KINDS {
            let first = next(&intended(kind), 0, &given_up);
            let again = next(&unanswered(kind), 2, &given_up);
            let expected = match kind {
                OperationKind::Confirm | OperationKind::Capture => {
                    (Next::NeverSent(kind), inquiry(kind, false))
                }
                OperationKind::Void | OperationKind::Cancel => (Next::Ask(ask), Next::Ask(ask)),
            };
            assert_eq!((first, again), (Some(expected.0), Some(expected.1)));
        }
    }

    #[test]
    fn call_with_an_expired_key_is_not_repeated() {
        let fifteen_days = Duration::from_hours(15 * 24);
        for (kind, ask) in KINDS {
            let at = |waited_at_most| {
                let late = Circumstances {
                    waited_at_most,
                    ..AT_ONCE
                };
                next(&unanswered(kind), 2, &late)
            };
            assert_eq!(
                at(Duration::from_mins(15 * 24 * 60 - 2)),
                Some(Next::Ask(ask))
            );
            assert_eq!(at(fifteen_days), Some(inquiry(kind, false)));
        }
    }

    #[test]
    fn pauses_double_to_half_a_minute_and_later_to_an_hour() {
        for (kind, _) in KINDS {
            let payment = unanswered(kind);
            let soon = |asked| rest(&payment, asked, Duration::ZERO).as_secs();
            assert_eq!(
                [0, 1, 2, 3, 4, 5, 6, 7].map(soon),
                [0, 1, 2, 4, 8, 16, 30, 30]
            );
            let late = |minutes: u64| {
                let waited = window(kind) + Duration::from_mins(minutes);
                rest(&payment, 26, waited).as_secs()
            };
            assert_eq!([0, 1, 10, 60, 600].map(late), [30, 60, 600, 3_600, 3_600]);
            assert_eq!(rest(&payment, u32::MAX, Duration::MAX).as_secs(), 3_600);
        }
    }

    #[test]
    fn unanswered_hint_is_followed_with_growing_pauses() {
        let rests = [0, 2, 3, 10, 12, 100, u32::MAX].map(|asked| rest_after_hint(asked).as_secs());
        assert_eq!(rests, [5, 5, 8, 1_024, 3_600, 3_600, 3_600]);
    }

    #[test]
    fn call_needs_a_person_after_an_hour_or_at_once_with_other_keys() {
        let payment = intended(OperationKind::Confirm);
        let needs = |minutes: u64, own| {
            needs_person(payment.core(), BEGUN.plus_millis(minutes * 60_000), own)
        };
        for own in [Some(ours()), None] {
            assert!(!needs(59, own));
            assert!(needs(60, own));
        }
        assert!(needs(0, Some(others())));
        assert!(!needs_person(without_call().core(), BEGUN, Some(others())));
    }

    #[test]
    fn calls_without_recorded_credentials_count_as_made_with_these() {
        let confirm = OperationKind::Confirm;
        for (made_with, own, other) in [
            (Some(ours()), Some(ours()), false),
            (Some(ours()), Some(others()), true),
            (None, Some(ours()), false),
            (Some(ours()), None, false),
        ] {
            let payment = intended_with(confirm, made_with);
            assert_eq!(made_with_others(payment.core(), own), other);
        }
        assert!(!made_with_others(without_call().core(), Some(others())));
    }
}
