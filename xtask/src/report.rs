//! The summary of `cargo xtask test`: seconds per stage, failures with the command to repeat them, and a
//! machine-readable last line.

use std::time::Duration;

use crate::failure::Failure;
use crate::stages::Run;

pub(crate) fn passed(run: &Run) {
    println!("\n{}", table(run));
    println!("{}", closing(run, 0));
}

pub(crate) fn failed(stage: &str, failure: &Failure, run: &Run) {
    println!("\n{}", table(run));
    println!("{stage} failed: {failure}\nrepeat it with: cargo xtask test --only {stage}\n");
    // A check that is not a test counts as one: a failed run must not close with `0 failed`.
    println!("{}", closing(run, 1));
}

fn closing(run: &Run, least_failed: u64) -> String {
    let failed = run.tally.failed.max(least_failed);
    format!("{} passed, {failed} failed", run.tally.passed)
}

fn table(run: &Run) -> String {
    let line = |name: &str, seconds: f64, note: &str| {
        format!("{name:<10} {seconds:>8.1} s  {note}")
            .trim_end()
            .to_owned()
            + "\n"
    };
    let stages = run.seconds.iter().map(|(name, spent, note)| {
        line(
            name,
            spent.as_secs_f64(),
            note.as_deref().unwrap_or_default(),
        )
    });
    let spent = run.seconds.iter().map(|(_, spent, _)| *spent);
    let total = spent.fold(Duration::ZERO, Duration::saturating_add);
    stages
        .chain([line("total", total.as_secs_f64(), "")])
        .collect()
}
