//! Every altered byte is found and named; files that are missing, swapped or newer are refused.

use super::*;
use crate::store::journal::{Place, Preparation, recovery};

/// A journal of two segments in use and one prepared, and its end.
fn journal_of_two_segments() -> (SimulatedFiles, Tail) {
    let files = SimulatedFiles::new();
    let small = JournalOptions {
        segment_bytes: 2048,
        prepared_ahead: 1,
        max_body_bytes: 1200,
        reserve_bytes: 0,
    };
    let mut journal = Journal::open(Arc::new(files.clone()), &dir(), small, &LastStop::Unknown)
        .unwrap()
        .0;
    for length in [40, 700, 0, 300, 333, 150] {
        let meta = meta_at(journal.tail());
        journal
            .append(meta, &body_of(meta.first_record, length))
            .unwrap();
        journal.sync().unwrap();
    }
    while journal.preparer().turn().unwrap() != Preparation::Ready {}
    let tail = journal.tail().clone();
    assert_eq!(tail.segment, 2);
    (files, tail)
}

fn place_of(error: &JournalError) -> Option<&Place> {
    match error {
        JournalError::Altered { place, .. } => Some(place),
        _ => None,
    }
}

/// The beginning and end of every frame of the journal.
fn frames_of(files: &SimulatedFiles) -> Vec<(PathBuf, u64, u64)> {
    let walk = Walk::begin(Arc::new(files.clone()), &dir(), &LastStop::Unknown).unwrap();
    walk.map(|frame| {
        let frame = frame.unwrap();
        let start = frame.position.offset;
        let length = crate::store::journal::frame::frame_bytes(frame.body.len() as u64);
        (segment(frame.position.segment), start, start + length)
    })
    .collect()
}

#[test]
fn every_flipped_bit_is_found_and_named() {
    let (files, tail) = journal_of_two_segments();
    let frames = frames_of(&files);
    for number in 1..=3 {
        let path = segment(number);
        for offset in 0..2048 {
            for bit in 0..8 {
                let altered = files.kill();
                altered.flip(&path, offset as usize, bit);
                let found = walk(&altered, &LastStop::Unknown);
                let unseen = format!("bit {bit} of byte {offset} of {}", path.display());
                let error = found.expect_err(&unseen);
                let place = place_of(&error).unwrap_or_else(|| panic!("{error}"));
                assert_eq!(place.file, path, "byte {offset}: {error}");
                let frame = frames
                    .iter()
                    .find(|(file, start, end)| *file == path && (*start..*end).contains(&offset));
                match frame {
                    Some((_, start, end)) => {
                        assert!(
                            (*start..*end).contains(&place.offset),
                            "byte {offset}: {error}"
                        );
                    }
                    None if offset >= 512 => assert_eq!(place.offset, offset, "{error}"),
                    None => assert!(place.offset < 512, "byte {offset}: {error}"),
                }
                // In the last segment, opening alone detects it, and changes nothing.
                if number >= 2 {
                    let error = open(&altered, &LastStop::Unknown).unwrap_err();
                    assert_eq!(place_of(&error).map(|place| &place.file), Some(&path));
                    let expected = LastStop::Clean((&tail).into());
                    assert!(open(&altered, &expected).is_err());
                    assert!(open(&altered, &LastStop::Killed).is_err());
                }
            }
        }
    }
}

/// The last frame's header and end mark, and the bytes after them: every place whose damage could be mistaken for a
/// tear, wherever the frame lies in its sectors.
#[test]
fn flipped_bit_at_the_tail_is_found_wherever_the_tail_is() {
    for in_sector in (0..64).step_by(9).chain([54, 55, 62]) {
        for length in [0, 24, 600] {
            let files = SimulatedFiles::new();
            let mut journal = open_any(&files);
            for length in [(in_sector * 8 + 512 - 88) % 512, length] {
                let meta = FrameMeta {
                    records: 1,
                    ..meta_at(journal.tail())
                };
                journal
                    .append(meta, &body_of(meta.first_record, length))
                    .unwrap();
                journal.sync().unwrap();
            }
            let (_, start, end) = frames_of(&files).pop().unwrap();
            let header = start..start + 80;
            for offset in header.chain(end - 8..end + 90).chain([end + 600]) {
                for bit in 0..8 {
                    files.flip(&segment(1), offset as usize, bit);
                    let found = recovery::examine(&files, &dir(), &LastStop::Unknown);
                    let story = format!("frame from {start} to {end}, byte {offset}, bit {bit}");
                    let error = found.map(|_| ()).expect_err(&story);
                    let place = place_of(&error).unwrap();
                    if offset >= end {
                        assert_eq!(place.offset, offset, "{story}");
                    } else {
                        assert!((start..end).contains(&place.offset), "{story}");
                    }
                    files.flip(&segment(1), offset as usize, bit);
                }
            }
        }
    }
}

#[test]
fn flipped_bit_behind_a_torn_frame_is_not_part_of_it() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    commit_many(&mut journal, 2);
    let start = journal.tail().offset;
    append(&mut journal).unwrap();
    let end = journal.tail().offset;
    let hole = (start + 1).next_multiple_of(512);
    assert!(hole + 512 < end || hole < end);
    write_file(
        &files,
        &segment(1),
        hole,
        &vec![0; (end - hole).min(512) as usize],
    );
    assert!(open(&files.kill(), &LastStop::Unknown).unwrap().1.cut_bytes > 0);
    files.flip(&segment(1), end as usize + 40, 5);
    let error = open(&files, &LastStop::Unknown).unwrap_err();
    assert_eq!(
        place_of(&error).map(|place| place.offset),
        Some(end + 40),
        "{error}"
    );
}

#[test]
fn flipped_bit_in_a_prepared_segment_is_found_before_it_is_used() {
    let files = SimulatedFiles::new();
    let large = JournalOptions {
        segment_bytes: 128 * 1024,
        prepared_ahead: 1,
        ..options()
    };
    let open = || {
        let files = Arc::new(files.clone());
        Journal::open(files, &dir(), large.clone(), &LastStop::Unknown)
            .unwrap()
            .0
    };
    let mut journal = open();
    commit(&mut journal).unwrap();
    while journal.preparer().turn().unwrap() != Preparation::Ready {}
    files.flip(&segment(2), 100_000, 0);
    let expected = Place {
        file: segment(2),
        offset: 100_000,
    };
    assert_eq!(
        place_of(&walk(&files, &LastStop::Unknown).unwrap_err()),
        Some(&expected)
    );
    let mut journal = open();
    let error = journal.preparer().turn().unwrap_err();
    assert_eq!(place_of(&error), Some(&expected));
    let error = loop {
        if let Err(error) = commit(&mut journal) {
            break error;
        }
    };
    assert_eq!(place_of(&error), Some(&expected));
    assert_eq!(journal.tail().segment, 1);
}

#[test]
fn removed_last_frame_is_a_loss_after_a_clean_stop() {
    let (files, tail) = journal_of_two_segments();
    let (path, start, end) = frames_of(&files).pop().unwrap();
    write_file(&files, &path, start, &vec![0; (end - start) as usize]);
    let error = walk(&files, &LastStop::Clean((&tail).into())).unwrap_err();
    assert!(matches!(error, JournalError::EndDiffers { .. }), "{error}");
}

#[test]
fn a_hole_before_a_later_frame_is_an_alteration_not_a_tear() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    commit_many(&mut journal, 5);
    let frames = frames_of(&files);
    for (path, start, end) in &frames[..4] {
        let altered = files.kill();
        write_file(&altered, path, *start, &vec![0; (end - start) as usize]);
        let error = open(&altered, &LastStop::Unknown).unwrap_err();
        let place = place_of(&error).unwrap();
        assert_eq!((&place.file, place.offset), (path, *start), "{error}");
    }
}

#[test]
fn bytes_that_never_were_a_frame_are_refused() {
    let (files, tail) = journal_of_two_segments();
    for (behind, bytes) in [
        (0, &b"x"[..]),
        (100, b"hello"),
        (200, b"DGFE"),
        (8, b"DGFR"),
    ] {
        let altered = files.kill();
        write_file(&altered, &segment(2), tail.offset + behind, bytes);
        for last_stop in [
            LastStop::Unknown,
            LastStop::Killed,
            LastStop::Clean((&tail).into()),
        ] {
            let error = open(&altered, &last_stop).unwrap_err();
            assert!(place_of(&error).is_some(), "{error}");
        }
    }
}

#[test]
fn missing_segments_are_named() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    while journal.tail().segment < 4 {
        commit(&mut journal).unwrap();
    }
    for number in 1..4 {
        let left = files.kill();
        left.remove(&segment(number)).unwrap();
        let error = open(&left, &LastStop::Unknown).unwrap_err();
        match error {
            JournalError::Missing { file } => assert_eq!(file, segment(number)),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn swapped_copied_and_shortened_segments_are_refused() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    while journal.tail().segment < 3 {
        commit(&mut journal).unwrap();
    }
    let swapped = files.kill();
    let (one, two) = (
        read_file(&files, &segment(1)),
        read_file(&files, &segment(2)),
    );
    write_file(&swapped, &segment(1), 0, &two);
    write_file(&swapped, &segment(2), 0, &one);
    let error = open(&swapped, &LastStop::Unknown).unwrap_err();
    assert_eq!(
        place_of(&error).map(|place| place.file.clone()),
        Some(segment(1)),
        "{error}"
    );

    let shortened = files.kill();
    shortened
        .open(&segment(2))
        .unwrap()
        .set_length(SEGMENT - 512)
        .unwrap();
    let error = open(&shortened, &LastStop::Unknown).unwrap_err();
    assert_eq!(
        place_of(&error).map(|place| place.file.clone()),
        Some(segment(2)),
        "{error}"
    );

    let other = SimulatedFiles::new();
    let mut another = open_any(&other);
    let meta = FrameMeta {
        at_ms: 7,
        ..meta_at(another.tail())
    };
    another.append(meta, b"another journal").unwrap();
    while another.tail().segment < 3 {
        commit(&mut another).unwrap();
    }
    let mixed = files.kill();
    write_file(&mixed, &segment(2), 0, &read_file(&other, &segment(2)));
    assert!(walk(&mixed, &LastStop::Unknown).is_err());
}

#[test]
fn wiped_header_of_a_used_segment_is_damage() {
    let (files, _) = journal_of_two_segments();
    for number in [1, 2] {
        let wiped = files.kill();
        write_file(&wiped, &segment(number), 0, &[0; 512]);
        let error = open(&wiped, &LastStop::Unknown).unwrap_err();
        assert_eq!(
            place_of(&error).map(|place| place.file.clone()),
            Some(segment(number))
        );
    }
}

#[test]
fn newer_segment_format_is_not_touched() {
    let (files, _) = journal_of_two_segments();
    let mut header = read_file(&files, &segment(1))[..508].to_vec();
    header[8..12].copy_from_slice(&2_u32.to_le_bytes());
    header[100] = 1;
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    write_file(&files, &segment(1), 0, &header);
    let operations = files.operations();
    let error = open(&files, &LastStop::Unknown).unwrap_err();
    assert!(
        matches!(
            error,
            JournalError::Newer {
                version: 2,
                supported: 1,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(files.operations(), operations);
}

#[test]
fn refusals_name_file_byte_and_remedy() {
    let (files, tail) = journal_of_two_segments();
    files.flip(&segment(2), tail.offset as usize, 3);
    let error = open(&files, &LastStop::Unknown).unwrap_err().to_string();
    let place = format!("data/journal/00000002.seg at byte {}", tail.offset);
    assert!(error.starts_with(&place), "{error}");
    assert!(error.contains("restore"), "{error}");
}
