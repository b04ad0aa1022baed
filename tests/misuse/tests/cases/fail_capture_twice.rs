//! A payment is taken by the step it takes: there is nothing left to capture again.

use daegeum_engine::event::Source;
use daegeum_engine::payment::{Authorized, Capture, Payment};
use daegeum_engine::time::Timestamp;

fn twice(held: Payment<Authorized>, now: Timestamp) {
    let theirs = held.core().amounts;
    let _first = held.capture(
        Capture {
            theirs,
            source: Source::Answer,
        },
        now,
    );
    let _again = held.capture(
        Capture {
            theirs,
            source: Source::Answer,
        },
        now,
    );
}

fn main() {}
