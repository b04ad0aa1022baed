//! A step that is not recorded has not happened; dropping it is a warning, here an error.
#![deny(unused_must_use)]

use daegeum_engine::payment::{Payment, PaymentTransition, Voided};

fn voided() -> PaymentTransition<Payment<Voided>> {
    unimplemented!()
}

fn main() {
    voided();
}
