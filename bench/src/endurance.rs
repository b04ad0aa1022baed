//! Measurements other than serving: filling a store, starting after a stop and after a kill, rebuilding the index.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::failure::Failure;
use crate::generator::{self, Span};
use crate::identity::Numbers;
use crate::measure::share;
use crate::process::Server;
use crate::product::{Product, requests};
use crate::workloads::cycle::Cycle;

const FILLING_CONNECTIONS: usize = 128;
const FILLED_AT_ONCE: u64 = 20_000;
const BURST: Span = Span::Timed {
    warm_up: Duration::ZERO,
    time: Duration::from_millis(500),
};

/// Takes so many payments, whole cycles, and says how it goes. Gives how many there were made.
pub(crate) fn fill(server: &Server, numbers: &Arc<Numbers>, payments: u64) -> Result<(), Failure> {
    let begin = Instant::now();
    let mut made = 0_u64;
    while made < payments {
        let part = payments.saturating_sub(made).min(FILLED_AT_ONCE);
        let cycle = Cycle::whole(requests()?, Arc::clone(numbers), Some(part));
        let mut cycles = [cycle];
        generator::drive(
            server.address,
            FILLING_CONNECTIONS,
            Span::Whole,
            &mut cycles,
        )?;
        made = made.saturating_add(part);
        progress(made, payments, begin.elapsed());
    }
    Ok(())
}

/// On a terminal the line is written over; in a log ten lines are enough.
fn progress(made: u64, payments: u64, elapsed: Duration) {
    let seconds = elapsed.as_secs().max(1);
    let line = format!(
        "filling: {made} of {payments} payments, {} a second",
        share(made, seconds)
    );
    let mut out = std::io::stderr();
    // Progress that cannot be shown is no reason to stop.
    let _ = if out.is_terminal() {
        let end = if made < payments { "\r" } else { "\n" };
        write!(out, "{line}{end}")
    } else if made.is_multiple_of(share(payments, 10).max(FILLED_AT_ONCE)) || made == payments {
        writeln!(out, "{line}")
    } else {
        Ok(())
    };
}

/// Times in microseconds, one a round.
#[derive(Serialize, Clone, Debug, Default)]
pub(crate) struct Restarts {
    pub(crate) stops: Vec<u64>,
    pub(crate) starts_after_stop: Vec<u64>,
    pub(crate) starts_after_kill: Vec<u64>,
}

/// Stops and starts, kills and starts, each time with the index behind after half a second of load.
pub(crate) fn restarts(
    product: &Product,
    data: &Path,
    numbers: &Arc<Numbers>,
    rounds: u32,
) -> Result<Restarts, Failure> {
    let mut restarts = Restarts::default();
    let mut server = product.serve(data)?;
    for _ in 0..rounds {
        burst(&server, numbers)?;
        restarts.stops.push(micros(Product::stop(server)?));
        server = product.serve(data)?;
        restarts.starts_after_stop.push(micros(server.started_in));
        burst(&server, numbers)?;
        server.kill();
        server = product.serve(data)?;
        restarts.starts_after_kill.push(micros(server.started_in));
    }
    Product::stop(server)?;
    Ok(restarts)
}

fn burst(server: &Server, numbers: &Arc<Numbers>) -> Result<(), Failure> {
    let mut cycles = [Cycle::whole(requests()?, Arc::clone(numbers), None)];
    generator::drive(server.address, FILLING_CONNECTIONS, BURST, &mut cycles).map(drop)
}

/// The index made anew from the journal.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Rebuilt {
    pub(crate) elapsed_us: u64,
    pub(crate) records: u64,
    pub(crate) events: u64,
    pub(crate) verify_us: u64,
}

/// Rebuilds and then verifies, which proves the store that was measured and the rebuild alike.
pub(crate) fn rebuild(product: &Product, data: &Path) -> Result<Rebuilt, Failure> {
    let (elapsed, said) = product.offline("rebuild", data)?;
    let (verified, _) = product.offline("verify", data)?;
    let number = |word| number_before(&said, word).ok_or_else(|| unsaid(word, &said));
    Ok(Rebuilt {
        elapsed_us: micros(elapsed),
        records: number("records")?,
        events: number("events")?,
        verify_us: micros(verified),
    })
}

fn unsaid(word: &str, said: &str) -> Failure {
    Failure::new(format!("rebuild did not say how many {word}: {said}"))
}

/// The number in front of a word, in the last line that has both.
fn number_before(text: &str, word: &str) -> Option<u64> {
    text.lines().rev().find_map(|line| {
        let words: Vec<_> = line.split([' ', '(', ')']).collect();
        let mut pairs = words.iter().zip(words.iter().skip(1));
        pairs.find_map(|(number, next)| (*next == word).then(|| number.parse().ok())?)
    })
}

pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_a_rebuild_are_read() {
        let said = "records 5 of 9\nThe index was rebuilt from 12345 records (678 events of the \
            feed) in 1.2 s.";
        assert_eq!(number_before(said, "records"), Some(12_345));
        assert_eq!(number_before(said, "events"), Some(678));
        assert_eq!(number_before(said, "payments"), None);
    }
}
