//! The golden segment: written and read the same in every version, as docs/journal.md describes it.

use super::*;
use crate::store::layout::{Table, tables};
use sha2::{Digest, Sha256};

/// Segment 2 of the journal that [`write_golden`] writes; format version 1.
static GOLDEN: &[u8] = include_bytes!("golden-v1.seg");

/// The frames of the golden journal. The first two fill segment 1; of the others one is plain, one is empty, and one
/// is all zeros, which needs a mask.
fn golden_frames() -> [(FrameMeta, Vec<u8>); 5] {
    let frame = |first_record, records, first_event, events, at_ms, body: &[u8]| {
        let meta = FrameMeta {
            first_record,
            records,
            first_event,
            events,
            at_ms,
        };
        (meta, body.to_vec())
    };
    [
        frame(1, 3, 1, 2, 1_780_000_000_000, &[8; 1100]),
        frame(4, 1, 3, 0, 1_780_000_000_000, &[9; 200]),
        frame(5, 1, 3, 5, 1_780_000_000_001, b"captured \xEA\xB8\x88"),
        frame(6, 258, 8, 0, 1_780_000_000_001, b""),
        frame(264, 1, 8, 1, 1_780_000_086_400, &[0; 777]),
    ]
}

fn write_golden() -> SimulatedFiles {
    let files = SimulatedFiles::new();
    let options = JournalOptions {
        segment_bytes: 2048,
        prepared_ahead: 0,
        max_body_bytes: 1400,
        reserve_bytes: 0,
    };
    let journal = Journal::open(Arc::new(files.clone()), &dir(), options, &LastStop::Unknown);
    let mut journal = journal.unwrap().0;
    for (meta, body) in golden_frames() {
        journal.append(meta, &body).unwrap();
    }
    journal.sync().unwrap();
    assert_eq!(journal.tail().segment, 2);
    files
}

#[test]
fn segment_matches_its_golden_bytes() {
    let written = read_file(&write_golden(), &segment(2));
    assert_eq!(
        written, GOLDEN,
        "the stored format changed; old journals must stay readable"
    );
}

#[test]
fn segment_matches_its_documented_layout() {
    let [header, frame, trailer, ..] = &tables()[..] else {
        panic!("tables are gone")
    };
    assert_eq!(header.length(), 512);
    assert_eq!(frame.length(), 80);
    assert_eq!(trailer.length(), 8);

    assert_eq!(header.field(GOLDEN, "magic"), b"DAEGJRNL");
    let numbers = [
        "format_version",
        "segment",
        "length",
        "first_record",
        "first_event",
    ];
    let found = numbers.map(|field| header.number(GOLDEN, field));
    assert_eq!(found, [1, 2, 2048, 5, 3]);
    assert_eq!(header.number(GOLDEN, "last_at_ms"), 1_780_000_000_000);
    assert!(
        header
            .field(GOLDEN, "reserved")
            .iter()
            .all(|byte| *byte == 0)
    );
    let sum = u64::from(crc32fast::hash(&GOLDEN[..508]));
    assert_eq!(header.number(GOLDEN, "checksum"), sum);

    let mut chain = header.field(GOLDEN, "chain_before").to_vec();
    let mut rest = &GOLDEN[512..];
    for (meta, body) in &golden_frames()[2..] {
        rest = read_by_document(frame, trailer, rest, *meta, body, &mut chain);
    }
    assert!(rest.iter().all(|byte| *byte == 0));
}

/// Decodes one frame by the document alone; returns the bytes after it.
fn read_by_document<'a>(
    frame: &Table,
    trailer: &Table,
    bytes: &'a [u8],
    meta: FrameMeta,
    body: &[u8],
    chain: &mut Vec<u8>,
) -> &'a [u8] {
    assert_eq!(frame.field(bytes, "magic"), b"DGFR");
    let fields = ["first_record", "records", "first_event", "events", "at_ms"];
    let found = fields.map(|field| frame.number(bytes, field));
    let FrameMeta {
        first_record,
        records,
        first_event,
        events,
        at_ms,
    } = meta;
    assert_eq!(
        found,
        [
            first_record,
            records.into(),
            first_event,
            events.into(),
            at_ms
        ]
    );
    let sum = u64::from(crc32fast::hash(&bytes[..76]));
    assert_eq!(frame.number(bytes, "header_checksum"), sum);

    let length = frame.number(bytes, "body_bytes") as usize;
    let stored = &frame.field(bytes, "body")[..length];
    let mask = frame.field(bytes, "mask");
    assert!(mask.iter().all(|byte| *byte == mask[0]));
    assert_eq!(mask[0] != 0, body.len() == 777, "only zeros need a mask");
    let unmasked: Vec<u8> = stored.iter().map(|byte| byte ^ mask[0]).collect();
    assert_eq!(unmasked, body);

    let filled = length.next_multiple_of(8);
    let padded = &bytes[80..80 + filled];
    assert!(padded[length..].iter().all(|byte| *byte == 0xFF));
    let behind = &bytes[80 + filled..];
    let sum = u64::from(crc32fast::hash(padded));
    assert_eq!(trailer.number(behind, "body_checksum"), sum);
    assert_eq!(trailer.field(behind, "end_mark"), b"DGFE");

    let mut hash = Sha256::new();
    hash.update(&*chain);
    hash.update(&bytes[4..40]);
    hash.update(body);
    *chain = hash.finalize().to_vec();
    assert_eq!(frame.field(bytes, "chain"), &chain[..]);
    &behind[8..]
}
