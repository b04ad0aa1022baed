//! Keys are durable before they are used, and gone after they are dropped.
#![allow(clippy::arithmetic_side_effects, reason = "tests overflow loudly")]

use super::*;
use crate::store::files::{FaultOn, SimulatedFiles};
use crate::store::layout::{Table, tables};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};

/// The file that [`write_golden`] writes; format version 1.
static GOLDEN: &[u8] = include_bytes!("tests/golden-v1.keys");

const CLASS: u8 = 3;

fn path() -> PathBuf {
    PathBuf::from("data/keys")
}

fn disk() -> SimulatedFiles {
    let files = SimulatedFiles::recording();
    files.create_dir(Path::new("data")).unwrap();
    files
}

fn open(files: &SimulatedFiles, master: u8) -> Result<Keyring, KeyringError> {
    Keyring::open(
        Arc::new(files.clone()),
        &path(),
        MasterKey::new([master; 32]),
    )
}

/// Bytes that differ from call to call.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_add(1);
            *byte = next ^ 0xA5;
        }
    }
}

#[test]
fn key_stays_the_same_and_differs_by_day_and_class() {
    let files = disk();
    let keyring = open(&files, 1).unwrap();
    let random = &mut counting();
    let key = keyring.key_for(20_000, CLASS, random).unwrap();
    assert_eq!(keyring.key_for(20_000, CLASS, random).unwrap(), key);
    assert_ne!(keyring.key_for(20_001, CLASS, random).unwrap(), key);
    assert_ne!(keyring.key_for(20_000, CLASS + 1, random).unwrap(), key);
    let operations = files.operations();
    let again = open(&files, 1).unwrap();
    assert_eq!(again.key_for(20_000, CLASS, random).unwrap(), key);
    assert_eq!(
        again.get(KeyId {
            day: 20_000,
            class: CLASS
        }),
        Some(key)
    );
    assert_eq!(
        again.get(KeyId {
            day: 20_002,
            class: CLASS
        }),
        None
    );
    assert_eq!(
        files.operations(),
        operations + 1,
        "opening syncs the directory, reading nothing"
    );
}

#[test]
fn keyring_counts_earlier_days_and_knows_the_first_kept_day() {
    let keyring = open(&disk(), 1).unwrap();
    let random = &mut counting();
    for day in [20_000, 20_001, 20_003] {
        keyring.key_for(day, CLASS, random).unwrap();
        keyring.key_for(day, CLASS + 1, random).unwrap();
    }
    assert_eq!(keyring.kept_from(CLASS), 0);
    assert_eq!(keyring.days_before(20_003, CLASS), 2);
    keyring.drop_before(20_002, CLASS, random).unwrap();
    assert_eq!(keyring.kept_from(CLASS), 20_002);
    assert_eq!(keyring.days_before(20_003, CLASS), 0);
    assert_eq!(keyring.kept_from(CLASS + 1), 0);
}

#[test]
fn concurrent_threads_get_the_same_key() {
    let files = disk();
    let keyring = open(&files, 1).unwrap();
    let keys: Vec<DataKey> = std::thread::scope(|scope| {
        let ask = |seed: u8| {
            let keyring = &keyring;
            scope.spawn(move || {
                let mut random = move |bytes: &mut [u8]| bytes.fill(seed);
                keyring.key_for(1, CLASS, &mut random).unwrap()
            })
        };
        let asking: Vec<_> = (1..=8).map(ask).collect();
        asking
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(
        open(&files, 1).unwrap().get(KeyId {
            day: 1,
            class: CLASS
        }),
        Some(keys[0])
    );
}

#[test]
fn dropped_keys_are_gone_from_the_file_and_never_made_again() {
    let files = disk();
    let keyring = open(&files, 1).unwrap();
    let random = &mut counting();
    for day in 10..20 {
        keyring.key_for(day, CLASS, random).unwrap();
        keyring.key_for(day, CLASS + 1, random).unwrap();
    }
    assert_eq!(keyring.drop_before(15, CLASS, random).unwrap(), 5);
    let operations = files.operations();
    assert_eq!(keyring.drop_before(15, CLASS, random).unwrap(), 0);
    assert_eq!(keyring.drop_before(12, CLASS, random).unwrap(), 0);
    assert_eq!(
        files.operations(),
        operations,
        "nothing to do, nothing written"
    );
    for keyring in [&keyring, &open(&files.power_loss(1), 1).unwrap()] {
        for day in 10..20 {
            let held = keyring.get(KeyId { day, class: CLASS }).is_some();
            assert_eq!(held, day >= 15, "day {day}");
            assert!(
                keyring
                    .get(KeyId {
                        day,
                        class: CLASS + 1
                    })
                    .is_some()
            );
        }
        let error = keyring.key_for(14, CLASS, random).unwrap_err();
        assert!(matches!(error, KeyringError::Erased { .. }), "{error}");
    }
}

#[test]
fn crash_at_any_moment_leaves_every_key_that_was_handed_out() {
    let files = disk();
    let mut handed_out = Vec::new();
    let keyring = open(&files, 1).unwrap();
    let random = &mut counting();
    for day in 0..6 {
        let key = keyring.key_for(day, CLASS, random).unwrap();
        handed_out.push((files.operations(), day, key));
    }
    // Operation 0 made the directory.
    for operation in 1..=files.operations() {
        for seed in 0..16 {
            let killed = files.killed_at(operation, seed);
            let lost = files.power_lost_at(operation, seed);
            for left in [&killed, &lost] {
                let keyring = open(left, 1).unwrap();
                let known = handed_out.iter().filter(|(at, ..)| *at <= operation);
                for (_, day, key) in known {
                    assert_eq!(
                        keyring.get(KeyId {
                            day: *day,
                            class: CLASS
                        }),
                        Some(*key)
                    );
                }
                // Any key it hands out now survives as well, even one that was found and not made.
                let key = keyring.key_for(5, CLASS, random).unwrap();
                let after = open(&left.power_loss(seed), 1).unwrap();
                assert_eq!(
                    after.get(KeyId {
                        day: 5,
                        class: CLASS
                    }),
                    Some(key),
                    "{operation}"
                );
            }
        }
    }
}

#[test]
fn key_that_could_not_be_stored_is_not_handed_out() {
    for (on, count) in [
        (FaultOn::Create, 1),
        (FaultOn::Write, 1),
        (FaultOn::Sync, 2),
    ] {
        for nth in 1..=count {
            let files = disk();
            files.fail(on, nth, 28);
            let keyring = open(&files, 1).unwrap();
            let random = &mut counting();
            let error = keyring.key_for(1, CLASS, random).unwrap_err();
            assert!(matches!(error, KeyringError::Io { .. }), "{error}");
            assert_eq!(
                keyring.get(KeyId {
                    day: 1,
                    class: CLASS
                }),
                None
            );
            let key = keyring.key_for(1, CLASS, random).unwrap();
            let after = open(&files.power_loss(nth), 1).unwrap();
            assert_eq!(
                after.get(KeyId {
                    day: 1,
                    class: CLASS
                }),
                Some(key)
            );
        }
    }
}

#[test]
fn wrong_master_key_is_told_from_a_damaged_file() {
    let files = disk();
    open(&files, 1)
        .unwrap()
        .key_for(1, CLASS, &mut counting())
        .unwrap();
    let error = open(&files, 2).unwrap_err();
    assert!(matches!(error, KeyringError::WrongMaster { .. }), "{error}");
    let length = files.read_whole(&path(), 1 << 20).unwrap().unwrap().len();
    for offset in 0..length {
        for bit in 0..8 {
            files.flip(&path(), offset, bit);
            let error = open(&files, 1).unwrap_err();
            assert!(
                matches!(error, KeyringError::Damaged { .. }),
                "byte {offset}: {error}"
            );
            files.flip(&path(), offset, bit);
        }
    }
    let file = files.open(&path()).unwrap();
    for cut in [0, 3, 4, 20, length - 1] {
        file.set_length(u64::try_from(cut).unwrap()).unwrap();
        assert!(matches!(
            open(&files, 1).unwrap_err(),
            KeyringError::Damaged { .. }
        ));
    }
}

#[test]
fn erasure_cannot_be_undone_without_the_master_key() {
    let files = disk();
    let keyring = open(&files, 1).unwrap();
    keyring.key_for(9, CLASS, &mut counting()).unwrap();
    keyring.drop_before(9, CLASS, &mut counting()).unwrap();
    let mut forged = files.read_whole(&path(), 1 << 20).unwrap().unwrap();
    forged[21] = 1; // the first day that is kept
    let end = forged.len() - 4;
    let sum = crc32fast::hash(&forged[..end]).to_le_bytes();
    forged[end..].copy_from_slice(&sum);
    files.write_whole(&path(), &forged).unwrap();
    assert!(matches!(
        open(&files, 1).unwrap_err(),
        KeyringError::WrongMaster { .. }
    ));
}

#[test]
fn newer_key_file_format_is_not_touched() {
    let files = disk();
    let mut bytes = b"DAEGKEYS\x03\0\0\0".to_vec();
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    files.write_whole(&path(), &bytes).unwrap();
    assert!(matches!(
        open(&files, 1).unwrap_err(),
        KeyringError::Newer { version: 3, .. }
    ));
}

#[test]
fn keys_and_master_key_are_absent_from_the_file_and_debug_output() {
    let files = disk();
    let keyring = open(&files, 0x41).unwrap();
    let key = keyring
        .key_for(1, CLASS, &mut |bytes| bytes.fill(0x42))
        .unwrap();
    let bytes = files.read_whole(&path(), 1 << 20).unwrap().unwrap();
    assert!(!bytes.windows(32).any(|window| window == key.expose()));
    let shown = format!("{keyring:?} {key:?}");
    assert!(
        !shown.contains("66, 66") && !shown.contains("65, 65"),
        "{shown}"
    );
}

fn write_golden() -> Vec<u8> {
    let files = disk();
    let keyring = open(&files, 1).unwrap();
    let random = &mut counting();
    for day in [20_000, 20_001] {
        keyring.key_for(day, CLASS, random).unwrap();
    }
    keyring.drop_before(20_001, CLASS, random).unwrap();
    files.read_whole(&path(), 1 << 20).unwrap().unwrap()
}

#[test]
fn key_file_matches_its_golden_bytes_and_documented_layout() {
    assert_eq!(write_golden(), GOLDEN, "the stored format changed");
    let [_, _, _, head, erasure, entry, foot, ..] = &tables()[..] else {
        panic!("tables are gone")
    };
    assert_eq!(
        [head, erasure, entry, foot].map(Table::length),
        [20, 5, 65, 32]
    );
    assert_eq!(head.field(GOLDEN, "magic"), b"DAEGKEYS");
    let counts = ["format_version", "erased_classes", "keys"];
    assert_eq!(counts.map(|field| head.number(GOLDEN, field)), [1, 1, 1]);

    let bytes = &GOLDEN[20..];
    assert_eq!(erasure.number(bytes, "class"), u64::from(CLASS));
    assert_eq!(erasure.number(bytes, "kept_from"), 20_001);
    let bytes = &bytes[5..];
    assert_eq!(
        (entry.number(bytes, "class"), entry.number(bytes, "day")),
        (CLASS.into(), 20_001)
    );

    let master = chacha20poly1305::ChaCha20Poly1305::new(&[1; 32].into());
    let open_by_hand = |nonce: &[u8], sealed: &[u8], context: &[u8]| {
        master
            .decrypt(
                nonce.into(),
                Payload {
                    msg: sealed,
                    aad: context,
                },
            )
            .unwrap()
    };
    let mut context = b"daegeum data key 1".to_vec();
    context.extend_from_slice(&bytes[..5]);
    let (nonce, wrapped) = (entry.field(bytes, "nonce"), entry.field(bytes, "wrapped"));
    let plain = open_by_hand(nonce, wrapped, &context);
    let files = disk();
    files.write_whole(&path(), GOLDEN).unwrap();
    let opened = open(&files, 1).unwrap().get(KeyId {
        day: 20_001,
        class: CLASS,
    });
    assert_eq!(opened.unwrap().expose()[..], plain);

    let bytes = &bytes[65..];
    let all_before = &GOLDEN[..GOLDEN.len() - 32];
    let (nonce, seal) = (foot.field(bytes, "seal_nonce"), foot.field(bytes, "seal"));
    assert!(open_by_hand(nonce, seal, all_before).is_empty());
    let sum = u64::from(crc32fast::hash(&GOLDEN[..GOLDEN.len() - 4]));
    assert_eq!(foot.number(bytes, "checksum"), sum);
}

#[test]
fn subject_key_outlives_days_and_is_erased_with_its_subject() {
    let files = disk();
    let keyring = open(&files, 1).unwrap();
    let random = &mut counting();
    let (kim, lee) = (SubjectId([1; 16]), SubjectId([2; 16]));
    let key = keyring.standing_for(kim, random).unwrap();
    assert_ne!(keyring.standing_for(lee, random).unwrap(), key);
    keyring.drop_before(u32::MAX, CLASS, random).unwrap();
    let again = open(&files, 1).unwrap();
    assert_eq!(again.standing(kim), Some(key));
    assert!(again.drop_standing(kim, random).unwrap());
    assert!(!again.drop_standing(kim, random).unwrap());
    let after = open(&files, 1).unwrap();
    assert_eq!(after.standing(kim), None);
    assert!(after.standing(lee).is_some());
    assert!(matches!(
        open(&files, 2),
        Err(KeyringError::WrongMaster { .. })
    ));
}

#[test]
fn the_lookup_key_is_made_once_and_does_not_depend_on_the_master_key() {
    let random = &mut counting();
    let files = disk();
    let keyring = open(&files, 1).unwrap();
    let phone = |keyring: &Keyring, random: Random<'_>| {
        keyring.lookup_key(random).unwrap().of("phone", "0100000")
    };
    let first = phone(&keyring, random);
    assert_eq!(phone(&keyring, random), first);
    assert_eq!(phone(&open(&files, 1).unwrap(), random), first);
}

#[test]
fn a_file_without_subjects_stays_in_the_format_that_earlier_versions_read() {
    let files = disk();
    let keyring = open(&files, 1).unwrap();
    let random = &mut counting();
    let version = || files.read_whole(&path(), 1 << 20).unwrap().unwrap()[8];
    keyring.key_for(20_000, CLASS, random).unwrap();
    assert_eq!(version(), 1);
    keyring.standing_for(SubjectId([1; 16]), random).unwrap();
    assert_eq!(version(), 2);
    keyring.drop_standing(SubjectId([1; 16]), random).unwrap();
    assert_eq!(version(), 1);
}
