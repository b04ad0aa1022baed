//! One contract for every index; then tests of sled alone.
#![allow(
    clippy::disallowed_methods,
    reason = "damages real files behind the index's back"
)]

use super::*;
use std::path::Path;

fn contract(index: &dyn Index) {
    let entry = |key: &[u8], value: &[u8]| (key.to_vec(), value.to_vec());
    assert_eq!(index.get(b"a").unwrap(), None);
    assert_eq!(index.count().unwrap(), 0);
    for (key, value) in [
        (b"b", b"2"),
        (b"a", b"0"),
        (b"d", b"4"),
        (b"c", b"3"),
        (b"a", b"1"),
    ] {
        index.insert(key, value).unwrap();
    }
    index.insert(b"a\0", b"").unwrap();
    assert_eq!(index.get(b"a").unwrap(), Some(b"1".to_vec()));
    assert_eq!(index.get(b"a\0").unwrap(), Some(Vec::new()));
    assert_eq!(index.count().unwrap(), 5);

    let all = [
        entry(b"a", b"1"),
        entry(b"a\0", b""),
        entry(b"b", b"2"),
        entry(b"c", b"3"),
    ];
    let up =
        |from: &[u8], to: &[u8], limit| index.range(from, to, Direction::Ascending, limit).unwrap();
    let down = |from: &[u8], to: &[u8], limit| {
        index.range(from, to, Direction::Descending, limit).unwrap()
    };
    assert_eq!(up(b"a", b"d", 9), all, "the end is not part of the range");
    assert_eq!(up(b"a", b"d", 2), all[..2]);
    assert_eq!(up(b"aa", b"c", 9), all[2..3]);
    assert_eq!(up(b"a", b"d", 0), []);
    let mut reversed = all.to_vec();
    reversed.reverse();
    assert_eq!(down(b"a", b"d", 9), reversed);
    assert_eq!(down(b"a", b"d", 1), reversed[..1]);
    assert_eq!(down(b"d", b"a", 9), [], "an end before the start");
    assert_eq!(up(b"b", b"b", 9), []);

    index.remove(b"b").unwrap();
    index.remove(b"nothing").unwrap();
    assert_eq!(index.get(b"b").unwrap(), None);
    let mut seen = Vec::new();
    index
        .visit(&mut |key, _| {
            seen.push(key.to_vec());
            seen.len() < 3
        })
        .unwrap();
    assert_eq!(seen, [b"a".to_vec(), b"a\0".to_vec(), b"c".to_vec()]);

    index.insert(b"large", &[7; MAX_VALUE_BYTES]).unwrap();
    let error = index
        .insert(b"larger", &[7; MAX_VALUE_BYTES + 1])
        .unwrap_err();
    assert!(
        matches!(error, IndexError::TooLarge { bytes: 4101 }),
        "{error}"
    );
    assert_eq!(index.get(b"larger").unwrap(), None);
    index.settle(100);
    index.flush().unwrap();
}

fn open(dir: &Path) -> Result<SledIndex, IndexError> {
    SledIndex::open(
        dir,
        &SledOptions {
            cache_bytes: 1024 * 1024,
        },
    )
}

#[test]
fn the_index_in_memory_keeps_the_contract() {
    contract(&MemoryIndex::new());
}

#[test]
fn the_index_on_disk_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract(&open(&dir.path().join("index")).unwrap());
}

/// A copy of an index's files: sled keeps its lock for a moment after it is dropped.
fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}

#[test]
fn flushed_entries_are_in_a_copy_of_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(dir.path()).unwrap();
    for number in 0..500_u32 {
        index.insert(&number.to_be_bytes(), &[7; 100]).unwrap();
    }
    index.flush().unwrap();
    let copy = copy_of(dir.path());
    // Left behind by a crash while sled opens.
    std::fs::write(
        copy.path().join("snap.0000000000000FFF.generating"),
        b"half",
    )
    .unwrap();
    let reopened = open(copy.path()).unwrap();
    assert_eq!(reopened.count().unwrap(), 500);
    assert!(
        !copy
            .path()
            .join("snap.0000000000000FFF.generating")
            .exists()
    );
}

#[test]
fn blobs_make_an_index_unusable() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let copy = copy_of(dir.path());
    std::fs::create_dir(copy.path().join("blobs")).unwrap();
    std::fs::write(copy.path().join("blobs/12"), b"x").unwrap();
    let error = open(copy.path()).unwrap_err();
    assert!(matches!(error, IndexError::Unusable { .. }), "{error}");
    assert!(error.to_string().contains("rebuild"), "{error}");
}

#[test]
fn second_opening_and_damaged_file_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(dir.path()).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, IndexError::Unusable { .. }), "{error}");
    drop(index);
    let copy = copy_of(dir.path());
    std::fs::write(copy.path().join("conf"), b"not sled's").unwrap();
    let error = open(copy.path()).unwrap_err();
    assert!(matches!(error, IndexError::Unusable { .. }), "{error}");
}

/// An index with several segments, reopened once.
fn several_segments() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let index = open(dir.path()).unwrap();
    let write = |index: &SledIndex, round: u32| {
        for number in 0..6_000_u32 {
            index
                .insert(&number.to_be_bytes(), &[round.to_le_bytes()[0]; 200])
                .unwrap();
        }
        index.flush().unwrap();
    };
    write(&index, 1);
    drop(index);
    let again = copy_of(dir.path());
    let index = open(again.path()).unwrap();
    write(&index, 2);
    write(&index, 3);
    copy_of(again.path())
}

/// Opened by sled alone, such an index has its last key, so it looks complete, and has lost others.
#[test]
fn bad_checksum_before_the_end_of_the_log_makes_an_index_unusable() {
    let whole = several_segments();
    let length = std::fs::metadata(whole.path().join("db")).unwrap().len();
    assert!(length > 4 << 19, "{length} bytes are too few segments");
    assert_eq!(
        open(copy_of(whole.path()).path()).unwrap().count().unwrap(),
        6_000
    );
    let (mut refused, mut forgotten) = (0, 0);
    for part in 0..24 {
        let harmed = copy_of(whole.path());
        let path = harmed.path().join("db");
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() * part / 24 + 5_000;
        for byte in bytes.iter_mut().skip(at).take(64) {
            *byte ^= 0x5a;
        }
        std::fs::write(&path, bytes).unwrap();
        match open(harmed.path()) {
            Err(error) => {
                assert!(matches!(error, IndexError::Unusable { .. }), "{error}");
                refused += 1;
            }
            Ok(index) => {
                let all = index.range(&[0], &[u8::MAX], Direction::Ascending, usize::MAX);
                // Unreadable entries are reported; readable ones must be right, or lie at the log's end.
                let all = all.unwrap_or_default();
                forgotten +=
                    usize::from(!all.is_empty() && all.iter().any(|(_, value)| value[0] != 3));
            }
        }
    }
    let found = refused > 4 && forgotten <= 1;
    assert!(found, "{refused} refused, {forgotten} have forgotten");
}
