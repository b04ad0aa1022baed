//! A copy could take the same step twice.

use daegeum_engine::payment::{AnyPayment, Authorized, Payment};

fn copy(held: &Payment<Authorized>, any: &AnyPayment) -> (Payment<Authorized>, AnyPayment) {
    (held.clone(), any.clone())
}

fn main() {}
