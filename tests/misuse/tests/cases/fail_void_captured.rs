//! Captured money is not released, it is refunded.

use daegeum_engine::order::CancelReason;
use daegeum_engine::payment::{Captured, Payment, Void};
use daegeum_engine::time::Timestamp;

fn void(captured: Payment<Captured>, now: Timestamp) {
    let _released = captured.void(
        Void {
            reason: CancelReason::Requested,
        },
        now,
    );
}

fn main() {}
