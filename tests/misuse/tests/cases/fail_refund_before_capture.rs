//! What was not taken cannot be given back.

use daegeum_engine::payment::{Authorized, Payment};
use daegeum_engine::time::Timestamp;

fn refund(held: Payment<Authorized>, now: Timestamp) {
    let _returned = held.refund(held.core().amount(), now);
}

fn main() {}
