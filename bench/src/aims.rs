//! The performance targets, and whether this run reached them. They are for two quiet cores: a run beside other work
//! shows that in its column `others`.

use std::fmt::{self, Write as _};

use crate::measure::share;
use crate::options::Subject;
use crate::results::{Measurement, Results};
use crate::spread::Spread;

const FULL: u64 = 1_000_000;

/// One line of the list.
struct Aim {
    what: &'static str,
    wanted: u64,
    unit: &'static str,
    at_least: bool,
    found: Option<u64>,
}

impl fmt::Display for Aim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what, wanted, unit, ..
        } = self;
        let sign = if self.at_least { "≥" } else { "≤" };
        let Some(found) = self.found else {
            return write!(out, "  –       {what} {sign} {wanted} {unit}: not measured");
        };
        let reached = if self.at_least {
            found >= *wanted
        } else {
            found <= *wanted
        };
        let verdict = if reached { "reached" } else { "MISSED " };
        write!(out, "  {verdict} {what} {sign} {wanted} {unit}: {found}")
    }
}

/// Writes the list.
pub(crate) fn write(results: &Results, out: &mut String) -> fmt::Result {
    writeln!(out, "\nAims")?;
    for aim in aims(results) {
        writeln!(out, "{aim}")?;
    }
    Ok(())
}

fn aims(results: &Results) -> Vec<Aim> {
    let cycles = |payments, connections| results.of(payments, connections, Subject::Cycle);
    let speed = |m: &Measurement| m.figures.per_second;
    let p99 = |m: &Measurement| m.figures.all.p99_ns / 1000;
    let p50 = |m: &Measurement| m.figures.all.p50_ns / 1000;
    let bytes = |m: &Measurement| m.journal_bytes_per_request;
    let resident = |m: &Measurement| m.figures.resident_most_kb / 1024;
    let (fresh, full) = (cycles(0, 64), cycles(FULL, 64));
    vec![
        at_least(
            "create+complete, 64 connections, empty",
            40_000,
            "requests/s",
            median(&fresh, speed),
        ),
        at_least("the same, of log-only", 60, "%", of_log(results, &fresh)),
        at_most("its p99", 6_000, "µs", median(&fresh, p99)),
        at_least(
            "at 1,000,000 payments",
            25_000,
            "requests/s",
            median(&full, speed),
        ),
        at_most("its p99", 10_000, "µs", median(&full, p99)),
        at_most("RSS there", 600, "MiB", median(&full, resident)),
        at_most("journal per transition", 600, "B", median(&fresh, bytes)),
        at_most(
            "p50 at one connection",
            350,
            "µs",
            median(&cycles(0, 1), p50),
        ),
        at_most(
            "start, empty",
            50_000,
            "µs",
            middle(&results.empty_start_us),
        ),
        at_most(
            "start after a stop, 1,000,000",
            3_000_000,
            "µs",
            start(results, false),
        ),
        at_most(
            "start after a kill, 1,000,000",
            3_000_000,
            "µs",
            start(results, true),
        ),
        at_least("rebuild", 100_000, "events/s", rebuild(results)),
    ]
}

fn at_least(what: &'static str, wanted: u64, unit: &'static str, found: Option<u64>) -> Aim {
    Aim {
        what,
        wanted,
        unit,
        at_least: true,
        found,
    }
}

fn at_most(what: &'static str, wanted: u64, unit: &'static str, found: Option<u64>) -> Aim {
    Aim {
        at_least: false,
        ..at_least(what, wanted, unit, found)
    }
}

fn median(all: &[&Measurement], of: impl Fn(&Measurement) -> u64) -> Option<u64> {
    Spread::of(all.iter().map(|measured| of(measured))).map(|spread| spread.median)
}

fn middle(figures: &[u64]) -> Option<u64> {
    Spread::of(figures.iter().copied()).map(|spread| spread.median)
}

fn of_log(results: &Results, cycles: &[&Measurement]) -> Option<u64> {
    let logs = results.of(0, 64, Subject::LogOnly);
    let speeds = |all: &[&Measurement]| -> Vec<u64> {
        all.iter()
            .map(|measured| measured.figures.per_second)
            .collect()
    };
    Spread::per_cent(&speeds(cycles), &speeds(&logs)).map(|ratio| ratio.median)
}

fn start(results: &Results, killed: bool) -> Option<u64> {
    let full = results
        .restarts
        .iter()
        .find(|(payments, _)| *payments == FULL);
    let (_, restarts) = full?;
    middle(if killed {
        &restarts.starts_after_kill
    } else {
        &restarts.starts_after_stop
    })
}

/// Of the fullest store.
fn rebuild(results: &Results) -> Option<u64> {
    let (_, rebuilt) = results
        .rebuilt
        .iter()
        .max_by_key(|(payments, _)| *payments)?;
    Some(share(
        rebuilt.records.saturating_mul(1_000_000),
        rebuilt.elapsed_us,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aim_reports_whether_it_was_reached() {
        let shown = |aim: Aim| aim.to_string();
        assert!(shown(at_least("a", 10, "x", Some(10))).contains("reached"));
        assert!(shown(at_least("a", 10, "x", Some(9))).contains("MISSED"));
        assert!(shown(at_most("a", 10, "x", Some(11))).contains("MISSED"));
        assert!(shown(at_most("a", 10, "x", None)).contains("not measured"));
    }
}
