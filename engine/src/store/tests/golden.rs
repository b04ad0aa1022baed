//! Golden files: the bytes of everything that is stored, of every version. Today's bytes have to be read and written
//! back unchanged; older versions' bytes have to be read as the same events for ever.
//!
//! `DAEGEUM_BLESS=1` adds lines that are missing and never changes one: a changed line is a new version.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use bincode::{Decode, Encode};

use super::samples;
use crate::event::{OrderEventKind, PaymentEventKind};
use crate::group::GroupEvent;
use crate::idempotency::Reply;
use crate::order::AnyOrder;
use crate::payment::AnyPayment;
use crate::rejection::Rejection;
use crate::store::codec::{self, Kind};
use crate::store::cursor::Cursor;
use crate::store::record::Record;
use crate::store::view::{Balance, Stored};

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(file)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "golden files lie in the source tree, not in a store"
)]
fn lines(file: &str) -> BTreeMap<String, Vec<u8>> {
    let text = std::fs::read(path(file)).unwrap_or_default();
    let text = String::from_utf8(text).unwrap();
    let split = |line: &str| {
        let (name, hex) = line.split_once(' ').unwrap();
        (name.to_owned(), unhex(hex))
    };
    text.lines().map(split).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "golden files lie in the source tree, not in a store"
)]
fn bless(file: &str, lines: &BTreeMap<String, Vec<u8>>) {
    let text = lines.iter().fold(String::new(), |mut text, (name, bytes)| {
        writeln!(text, "{name} {}", hex(bytes)).unwrap();
        text
    });
    std::fs::write(path(file), text).unwrap();
}

/// Compares `samples` with the file: each is written as its line, and the line is read as the sample.
fn holds<T: Encode + Decode<()> + std::fmt::Debug>(
    file: &str,
    kind: Kind,
    samples: &[(String, T)],
) {
    let mut golden = lines(file);
    if std::env::var_os("DAEGEUM_BLESS").is_some() {
        for (name, sample) in samples {
            let bytes = codec::encode(kind, sample).unwrap();
            golden.entry(name.clone()).or_insert(bytes);
        }
        bless(file, &golden);
    }
    let names: Vec<&String> = samples.iter().map(|(name, _)| name).collect();
    let unknown: Vec<_> = golden.keys().filter(|name| !names.contains(name)).collect();
    assert!(
        unknown.is_empty(),
        "{file} has lines that nobody reads: {unknown:?}"
    );
    for (name, sample) in samples {
        let bytes = golden
            .get(name)
            .unwrap_or_else(|| panic!("{file} lacks {name}"));
        assert_eq!(
            hex(&codec::encode(kind, sample).unwrap()),
            hex(bytes),
            "{file}: {name} is written otherwise"
        );
        let read: T =
            codec::decode(kind, bytes).unwrap_or_else(|error| panic!("{file}: {name}: {error}"));
        assert_eq!(
            format!("{read:?}"),
            format!("{sample:?}"),
            "{file}: {name} is read otherwise"
        );
        every_bit_counts(kind, bytes, &read, name);
    }
}

/// No two byte strings mean the same: a changed one is refused, or decodes to another value.
fn every_bit_counts<T: Encode + Decode<()>>(kind: Kind, bytes: &[u8], read: &T, name: &str) {
    let written = codec::encode(kind, read).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        if let Ok(other) = codec::decode::<T>(kind, &changed) {
            assert_ne!(
                codec::encode(kind, &other).unwrap(),
                written,
                "{name}, byte {at}"
            );
        }
    }
}

#[test]
fn records_match_their_golden_bytes() {
    let samples = samples::records();
    let kinds = PaymentEventKind::ALL
        .iter()
        .map(|kind| format!("payment.{}", kind.name()));
    let kinds = kinds.chain(
        OrderEventKind::ALL
            .iter()
            .map(|kind| format!("order.{}", kind.name())),
    );
    for kind in kinds {
        assert!(
            samples.iter().any(|(name, _)| *name == kind),
            "no sample of {kind}"
        );
    }
    holds::<Record>("record.v2.hex", Kind::Record, &samples);
}

/// Each line of an old version is read as the line beside it.
fn reads_as(old: &str, today: &str) {
    let mut read: BTreeMap<String, Vec<u8>> = lines(today);
    let blesses = std::env::var_os("DAEGEUM_BLESS").is_some();
    for (name, bytes) in lines(old) {
        let record =
            codec::decode_record(&bytes).unwrap_or_else(|error| panic!("{old}: {name}: {error}"));
        let written = codec::encode(Kind::Record, &record).unwrap();
        if blesses {
            read.entry(name.clone()).or_insert(written.clone());
        }
        let known = read
            .get(&name)
            .unwrap_or_else(|| panic!("{today} lacks {name}"));
        assert_eq!(hex(&written), hex(known), "{old}: {name} is read otherwise");
    }
    if blesses {
        bless(today, &read);
    }
}

/// In every state of an order and a payment, their values fit the index.
#[test]
fn the_largest_values_of_the_index_are_at_most_4_kib() {
    for (name, bytes) in samples::largest() {
        let most = crate::store::index::MAX_VALUE_BYTES;
        assert!(bytes.len() <= most, "{name} has {} bytes", bytes.len());
        assert!(bytes.len() > 1_000, "{name} is no large one");
    }
}

#[test]
fn records_of_version_1_are_read_as_the_same_events() {
    let names = lines("record.v1.hex").into_keys();
    assert!(names.count() > 60, "its golden file is there");
    reads_as("record.v1.hex", "record.v1-in-v2.hex");
}

#[test]
fn record_of_version_1_becomes_todays_event() {
    let old = lines("record.v1.hex");
    for (name, today) in samples::records() {
        let Some(bytes) = old.get(&name) else {
            continue;
        };
        let read = codec::decode_record(bytes).unwrap();
        let kinds = |record: &Record| match record.group() {
            Some((_, group)) => group
                .events
                .iter()
                .map(|event| match event {
                    GroupEvent::Order(event) => event.name(),
                    GroupEvent::Payment(_, event) => event.name(),
                })
                .collect(),
            None => Vec::new(),
        };
        assert_eq!(kinds(&read), kinds(&today), "{name}");
        assert_eq!(read.at, today.at, "{name}");
    }
}

#[test]
fn record_of_an_unknown_schema_is_refused_with_a_message() {
    let mut bytes = lines("record.v2.hex").into_values().next().unwrap();
    bytes[1] = 3;
    let refused = codec::decode_record(&bytes).unwrap_err().to_string();
    assert!(refused.contains("newer than this program"), "{refused}");
    bytes[1] = 0;
    let refused = codec::decode_record(&bytes).unwrap_err().to_string();
    assert!(refused.contains("does not read"), "{refused}");
}

#[test]
fn answers_match_their_golden_bytes() {
    let samples = samples::replies();
    for rejection in Rejection::all() {
        assert!(
            samples.iter().any(|(name, _)| name == rejection.code()),
            "no sample of {rejection:?}"
        );
    }
    holds::<Reply>("reply.v1.hex", Kind::Reply, &samples);
}

#[test]
fn orders_match_their_golden_bytes() {
    holds::<Stored<AnyOrder>>("order.v2.hex", Kind::Order, &samples::orders());
}

#[test]
fn payments_are_written_as_they_always_were() {
    holds::<Stored<AnyPayment>>("payment.v4.hex", Kind::Payment, &samples::payments());
}

#[test]
fn balances_and_cursor_match_their_golden_bytes() {
    let balance = |record, minor| Balance { record, minor };
    let balances = vec![
        ("credit".to_owned(), balance(300, -11_000)),
        ("debit".to_owned(), balance(70_000, 9_007_199_254_740_991)),
        ("nothing".to_owned(), balance(0, 0)),
    ];
    holds("balance.v1.hex", Kind::Balance, &balances);
    let cursor = Cursor {
        format: 1,
        next_record: 65_537,
        chain: [0xc4; 32],
    };
    holds(
        "applied.v1.hex",
        Kind::Applied,
        &[("cursor".to_owned(), cursor)],
    );
}

/// Decoding must never panic, whatever the bytes are.
#[test]
fn garbage_and_altered_records_are_refused_without_a_panic() {
    let mut state = 7_u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let versions = ["record.v1.hex", "record.v2.hex"];
    let golden = versions.iter().flat_map(|file| lines(file).into_values());
    let golden: Vec<Vec<u8>> = golden.collect();
    assert!(!golden.is_empty());
    for _ in 0..20_000 {
        let mut bytes = golden[next() % golden.len()].clone();
        for _ in 0..=next() % 4 {
            let at = next() % bytes.len();
            match next() % 3 {
                0 => bytes[at] = u8::try_from(next() % 256).unwrap(),
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, 0xff),
            }
        }
        drop(codec::decode_record(&bytes));
        drop(codec::decode::<Stored<AnyPayment>>(Kind::Payment, &bytes));
        drop(codec::decode::<Stored<AnyOrder>>(Kind::Order, &bytes));
        drop(codec::decode::<Reply>(Kind::Reply, &bytes));
        for record in codec::records(&bytes) {
            drop(record);
        }
    }
}
