//! Calls that the table has compile: the same calls as in the other cases, in states that have them.

use daegeum_engine::event::Source;
use daegeum_engine::order::CancelReason;
use daegeum_engine::payment::{
    Authorized, Capture, Captured, Payment, PaymentTransition, Void, Voided,
};
use daegeum_engine::rejection::Rejection;
use daegeum_engine::time::Timestamp;

fn capture(
    held: Payment<Authorized>,
    now: Timestamp,
) -> Result<PaymentTransition<Payment<Captured>>, Rejection> {
    let theirs = held.core().amounts;
    held.capture(
        Capture {
            theirs,
            source: Source::Answer,
        },
        now,
    )
}

fn void(
    held: Payment<Authorized>,
    now: Timestamp,
) -> Result<PaymentTransition<Payment<Voided>>, Rejection> {
    held.void(
        Void {
            reason: CancelReason::Requested,
        },
        now,
    )
}

fn main() {
    let _ = (capture, void);
}
