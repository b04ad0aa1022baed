//! A canceled order is not paid.

use daegeum_engine::id::PaymentId;
use daegeum_engine::order::{Canceled, Order, Pay};
use daegeum_engine::time::Timestamp;

fn pay(canceled: Order<Canceled>, payment: PaymentId, now: Timestamp) {
    let _paid = canceled.pay(Pay(payment), now);
}

fn main() {}
