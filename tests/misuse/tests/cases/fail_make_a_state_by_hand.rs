//! A state is made by its events alone.

use daegeum_engine::payment::{Captured, Payment, PaymentCore};

fn by_hand(core: PaymentCore, detail: Captured) -> Payment<Captured> {
    Payment { core, detail }
}

fn main() {}
