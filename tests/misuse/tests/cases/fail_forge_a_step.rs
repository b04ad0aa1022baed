//! Steps are taken by verbs; nobody else can take one.

use daegeum_engine::event::{PaymentCaptured, Source};
use daegeum_engine::payment::{Capture, Captured, Failed, Payment};
use daegeum_engine::time::Timestamp;

fn step(failed: Payment<Failed>, now: Timestamp) {
    let captured = failed.core().amounts;
    let _taken = failed.step::<Capture, Captured>(
        PaymentCaptured {
            captured,
            theirs: captured,
            source: Source::Person,
        },
        now,
    );
}

fn main() {}
