//! A bit flipped anywhere in the journal of a data directory: opening or verifying reports it, with file and offset.

use std::path::{Path, PathBuf};

use daegeum_engine::command::MockResult;
use daegeum_engine::order::CaptureMode;
use daegeum_engine::store::files::{Files as _, SimulatedFiles};
use daegeum_engine::store::index::MemoryHome;
use daegeum_engine::store::verify;

use crate::chance::{self, Dice};
use crate::machine::{DATA, Machine, copy_of, dynamic, options};
use crate::shop;

/// A stopped directory of several segments.
fn directory() -> (SimulatedFiles, MemoryHome) {
    let mut machine = Machine::new();
    for n in 0..40 {
        machine.run(shop::create_order(n, CaptureMode::Automatic));
        let payment = shop::payment_of(&machine.run(shop::create_payment(n)));
        machine.run(shop::complete(payment, MockResult::Success));
        machine.running.upkeep.prepare().unwrap();
    }
    let (files, home, _) = machine.stop();
    (files, home)
}

fn segments(files: &SimulatedFiles) -> Vec<(PathBuf, u64)> {
    let dir = Path::new(DATA).join("journal");
    let names = files.list(&dir).unwrap().into_iter();
    let names = names.filter(|name| name.ends_with(".seg"));
    names
        .map(|name| {
            let path = dir.join(name);
            let length = files.open(&path).unwrap().length().unwrap();
            (path, length)
        })
        .collect()
}

/// The error of opening or verifying, if there is one.
fn complaint(files: &SimulatedFiles, home: &MemoryHome) -> Option<String> {
    let home = MemoryHome::holding(copy_of(home.index().as_ref()));
    match verify::verify(
        &dynamic(files),
        &home,
        &options(Path::new(DATA)),
        &mut |_| {},
    ) {
        Ok(report) if report.faults.is_empty() => None,
        Ok(report) => Some(report.faults.join("; ")),
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn every_flipped_bit_of_the_journal_is_found_and_named() {
    let seed = chance::seed();
    println!("PROPTEST_RNG_SEED={seed}");
    let mut dice = Dice(seed);
    let (files, home) = directory();
    assert_eq!(complaint(&files.kill(), &home), None);
    let segments = segments(&files);
    assert!(segments.len() >= 3, "{segments:?}");
    let mut missed = Vec::new();
    for nth in 0..chance::cases(2_000) as usize {
        let (path, length) = &segments[nth % segments.len()];
        let (offset, bit) = match nth % 5 {
            0 => (dice.below(512), dice.below(8) as u32),
            _ => (dice.below(*length as usize), dice.below(8) as u32),
        };
        let damaged = files.kill();
        damaged.flip(path, offset, bit);
        match complaint(&damaged, &home) {
            Some(said) => {
                let named = said.contains(path.to_str().unwrap()) && said.contains("at byte");
                assert!(named, "bit {bit} of {} at {offset}: {said}", path.display());
            }
            None => missed.push((path.clone(), offset, bit)),
        }
    }
    assert!(
        missed.is_empty(),
        "{} of them were not found: {:?}",
        missed.len(),
        &missed[..missed.len().min(5)]
    );
}
