//! `verify` and `rebuild`: work on a data directory that no server has open.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use daegeum_engine::store::StoreError;
use daegeum_engine::store::files::{DiskFiles, Files};
use daegeum_engine::store::index::SledHome;
use daegeum_engine::store::opening::OpenOptions;
use daegeum_engine::store::replay::Progress;
use daegeum_engine::store::verify;

use crate::world::World;

const CACHE_BYTES: u64 = 64 << 20;

/// Verifies and prints the result; returns whether everything is correct.
pub fn verify(data: &Path, world: &dyn World) -> Result<bool, StoreError> {
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let home = SledHome::new(data, CACHE_BYTES);
    let began = world.monotonic_ns();
    let report = verify::verify(&files, &home, &OpenOptions::new(data), &mut show)?;
    let seconds = seconds_since(began, world);
    eprintln!("\r\x1b[K");
    println!(
        "records    {:>12}   chain, order and states hold",
        report.records
    );
    println!("events     {:>12}   in the feed", report.events);
    println!("index keys {:>12}   compared with the journal", report.keys);
    println!(
        "trailing   {:>12}   records the index had not seen yet (no fault)",
        report.trailing
    );
    for (name, minor) in &report.balances {
        println!("balance    {minor:>12}   {name}");
    }
    println!("took       {seconds:>12} s");
    for fault in &report.faults {
        println!("FAULT      {fault}");
    }
    if report.faults.is_empty() {
        println!("Everything holds.");
    } else {
        println!(
            "Something does not hold. The journal is sound: `daegeum rebuild` makes the index anew."
        );
    }
    Ok(report.faults.is_empty())
}

/// Rebuilds the index and prints how long it took.
pub fn rebuild(data: &Path, world: &dyn World) -> Result<(), StoreError> {
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let home = SledHome::new(data, CACHE_BYTES);
    let began = world.monotonic_ns();
    let rebuilt = verify::rebuild(&files, &home, &OpenOptions::new(data), &mut show)?;
    let seconds = seconds_since(began, world);
    eprintln!("\r\x1b[K");
    println!(
        "The index was rebuilt from {} records ({} events of the feed) in {seconds} s.",
        rebuilt.records, rebuilt.events
    );
    println!("The index it had before is beside it, in index.set-aside; remove it when you like.");
    Ok(())
}

fn seconds_since(began_ns: u64, world: &dyn World) -> String {
    let took_ms = world.monotonic_ns().saturating_sub(began_ns) / 1_000_000;
    format!("{}.{:03}", took_ms / 1_000, took_ms % 1_000)
}

/// Prints the progress over the previous line.
fn show(progress: Progress) {
    let percent = progress
        .done
        .saturating_mul(100)
        .checked_div(progress.total)
        .unwrap_or(100);
    eprint!(
        "\r{percent:>3} %  {} of {} records",
        progress.done, progress.total
    );
    // If the terminal cannot be written to, progress is not needed.
    let _ = std::io::stderr().flush();
}
