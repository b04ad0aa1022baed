//! Money that was not captured cannot be refunded.

use daegeum_engine::payment::{Authorized, Payment};
use daegeum_engine::time::Timestamp;

fn refund(held: Payment<Authorized>, now: Timestamp) {
    let _returned = held.refund(held.core().amount(), now);
}

fn main() {}
