//! Files of other programs and damaged files: refused with a message, never a panic.

use std::path::Path;

use daegeum_engine::store::files::{Files as _, SimulatedFiles};
use daegeum_engine::store::index::MemoryHome;

use crate::chance::{self, Dice};
use crate::machine::{Clock, DATA, Machine};

/// A file of random bytes, of zeros, or of something in between.
fn rubbish(dice: &mut Dice) -> Vec<u8> {
    let length = [0, 1, 511, 512, 513, 4_096, 24 << 10][dice.below(7)];
    let kind = dice.below(3);
    let begins_well = dice.below(2) == 0;
    let mut bytes: Vec<u8> = (0..length)
        .map(|_| match kind {
            0 => dice.next() as u8,
            1 => 0,
            _ => [0, 0, 0, dice.next() as u8][dice.below(4)],
        })
        .collect();
    if begins_well {
        let magic = b"DAEGJRNL\x01\0\0\0\x01\0\0\0";
        let known = magic.len().min(bytes.len());
        bytes[..known].copy_from_slice(&magic[..known]);
    }
    bytes
}

#[test]
fn garbage_files_are_refused_or_unused_and_never_a_panic() {
    let seed = chance::seed();
    println!("PROPTEST_RNG_SEED={seed}");
    let mut dice = Dice(seed);
    let names = [
        "journal/00000001.seg",
        "journal/00000002.seg",
        "marker.json",
        "absent.filter",
        "journal/00000001.seg.new",
    ];
    let (mut refused, mut opened) = (0, 0);
    for _ in 0..chance::cases(600) {
        let files = SimulatedFiles::new();
        files.create_dir(&Path::new(DATA).join("journal")).unwrap();
        for name in names {
            if dice.below(2) == 0 {
                files
                    .write_whole(&Path::new(DATA).join(name), &rubbish(&mut dice))
                    .unwrap();
            }
        }
        match Machine::on(files, MemoryHome::default(), Clock::new()) {
            Ok(_) => opened += 1,
            Err(error) => {
                assert!(error.to_string().len() > 20, "{error}");
                refused += 1;
            }
        }
    }
    assert!(
        refused > 0 && opened > 0,
        "{refused} refused, {opened} opened"
    );
}
