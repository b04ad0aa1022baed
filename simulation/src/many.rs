//! Many seeds on all cores: each seed is one world on one thread. The first failure stops the rest and prints how to
//! reproduce it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use daegeum_engine::event::{OrderEventKind, PaymentEventKind};

use crate::run::{self, Outcome};

/// The sums over many runs.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Their operations.
    pub operations: u64,
    /// Their records.
    pub records: u64,
    /// Starts of their servers.
    pub starts: u64,
    /// Seeds that were run twice, with the same hash.
    pub twice: u64,
    /// How often each kind of event happened.
    pub happened: BTreeMap<&'static str, u64>,
    /// How long it took.
    pub took: Duration,
}

/// Kinds of events that nothing writes: any more, and not yet.
const NOT_WRITTEN: [PaymentEventKind; 2] = [
    PaymentEventKind::HintFollowed,
    PaymentEventKind::ConsentGiven,
];

impl Summary {
    /// Kinds of events that never happened in these runs, so their code was not tested.
    pub fn never(&self) -> Vec<&'static str> {
        let payments = PaymentEventKind::ALL.iter();
        let payments = payments.filter(|kind| !NOT_WRITTEN.contains(kind));
        let payments = payments.map(|kind| kind.name());
        let orders = OrderEventKind::ALL.iter().map(|kind| kind.name());
        let mut never: Vec<_> = payments.chain(orders).collect();
        never.retain(|name| !self.happened.contains_key(name));
        never
    }
}

/// A seed that failed.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Which.
    pub seed: u64,
    /// The broken promise.
    pub what: String,
}

/// One seed in so many is run twice, to see that it is the same.
const TWICE_EVERY: u64 = 40;

/// Runs these seeds, each for so many operations, until one fails; some of them twice.
pub fn run_all(seeds: Range<u64>, operations: u64) -> Result<Summary, Failed> {
    on_all_cores(seeds, |seed| once_or_twice(seed, operations))
}

/// Runs these seeds once, until one fails.
pub fn run_once_each(seeds: Range<u64>, operations: u64) -> Result<Summary, Failed> {
    on_all_cores(seeds, |seed| Ok((guarded(seed, operations, false)?, false)))
}

type Ran = Result<(Outcome, bool), String>;

fn on_all_cores(seeds: Range<u64>, run: impl Fn(u64) -> Ran + Sync) -> Result<Summary, Failed> {
    let began = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let stopped = AtomicBool::new(false);
    let summary = Mutex::new(Summary::default());
    let failed: Mutex<Option<Failed>> = Mutex::new(None);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !stopped.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    match run(seed) {
                        Ok((outcome, twice)) => add(&summary, &outcome, twice),
                        Err(what) => {
                            stopped.store(true, Ordering::Relaxed);
                            let mut failed = failed.lock().expect("nobody panics with it");
                            // The lowest failing seed is reported, whichever core was first.
                            if failed.as_ref().is_none_or(|other| other.seed > seed) {
                                *failed = Some(Failed { seed, what });
                            }
                        }
                    }
                }
            });
        }
    });
    match failed.into_inner().expect("nobody panics with it") {
        Some(failed) => Err(failed),
        None => {
            let mut summary = summary.into_inner().expect("nobody panics with it");
            summary.took = began.elapsed();
            Ok(summary)
        }
    }
}

fn add(summary: &Mutex<Summary>, outcome: &Outcome, twice: bool) {
    let mut summary = summary.lock().expect("nobody panics with it");
    summary.seeds += 1;
    summary.operations += outcome.operations;
    summary.records += outcome.records;
    summary.starts += outcome.starts;
    summary.twice += u64::from(twice);
    for (name, times) in &outcome.happened {
        *summary.happened.entry(*name).or_default() += times;
    }
}

fn once_or_twice(seed: u64, operations: u64) -> Ran {
    let outcome = guarded(seed, operations, false)?;
    if !seed.is_multiple_of(TWICE_EVERY) {
        return Ok((outcome, false));
    }
    if guarded(seed, operations, false)? == outcome {
        Ok((outcome, true))
    } else {
        Err("the same seed gives another run".to_owned())
    }
}

/// Runs a seed; a panic of the product is a failure like any other.
pub fn guarded(seed: u64, operations: u64, printed: bool) -> Result<Outcome, String> {
    catch_unwind(AssertUnwindSafe(|| run::run(seed, operations, printed))).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("a panic: {}", text.unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_the_same_run_every_time_and_no_other() {
        let runs: Vec<_> = [3, 3, 4].map(|seed| guarded(seed, 40, false)).into();
        assert_eq!(runs[0], runs[1]);
        let hashes = runs.iter().map(|run| run.as_ref().map(|run| run.hash));
        assert_eq!(hashes.collect::<std::collections::BTreeSet<_>>().len(), 2);
    }

    #[test]
    fn the_lowest_seed_that_fails_is_told() {
        let failed = on_all_cores(0..20, |seed| match seed {
            7 | 8 => Err(format!("{seed} fails")),
            seed => Ok((guarded(seed, 1, false)?, false)),
        });
        let failed = failed.expect_err("two of them fail");
        assert_eq!((failed.seed, &*failed.what), (7, "7 fails"));
    }

    #[test]
    fn what_never_happened_is_named() {
        let name = PaymentEventKind::PaymentCaptured.name();
        let mut summary = Summary::default();
        assert!(summary.never().contains(&name));
        summary.happened.insert(name, 1);
        assert!(!summary.never().contains(&name));
    }
}
