//! A failed payment has nothing to capture.

use daegeum_engine::event::Source;
use daegeum_engine::payment::{Capture, Failed, Payment};
use daegeum_engine::time::Timestamp;

fn capture(failed: Payment<Failed>, now: Timestamp) {
    let theirs = failed.core().amounts;
    let _taken = failed.capture(
        Capture {
            theirs,
            source: Source::Answer,
        },
        now,
    );
}

fn main() {}
