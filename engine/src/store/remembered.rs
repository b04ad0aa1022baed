//! Keeps the absence filter across restarts: a file with the filter and the record it reaches to. Later keys are
//! added from the journal. Without a file the filter is filled from the index, or from the journal if the index may
//! not be read.

use super::StoreError;
use super::codec;
use super::files::Files;
use super::filter::AbsenceFilter;
use super::index::Direction;
use super::journal::Journal;
use super::keys;
use super::opening::OpenOptions;
use super::replay::first_written;
use super::served_index::ServedIndex;

const NAME: &str = "absent.filter";
const MAGIC: &[u8; 8] = b"DGABSNT1";
/// Magic, next record, chain hash, and a checksum of everything else.
const HEADER_BYTES: usize = 8 + 8 + 32 + 4;

/// The filter's size for this store: about sixteen bits for each key it will have when it has doubled.
fn wanted_bytes(options: &OpenOptions, journal: &Journal) -> usize {
    const MOST: usize = 256 << 20;
    let records = usize::try_from(journal.tail().next_record).unwrap_or(usize::MAX);
    let wanted = records.saturating_mul(2).min(MOST).next_power_of_two();
    wanted.clamp(options.filter_bytes.max(64), MOST)
}

/// The filter of all keys up to the journal's end.
pub fn filter(
    files: &dyn Files,
    options: &OpenOptions,
    journal: &Journal,
    served: &ServedIndex,
) -> Result<AbsenceFilter, StoreError> {
    let wanted = wanted_bytes(options, journal);
    let (filter, from) = match read(files, options, journal)? {
        Some(known) => known,
        None => match from_index(wanted, served) {
            Ok(filter) => (filter, journal.tail().next_record),
            // The journal has every key too, but not in one place.
            Err(error) if error.is_passing() => (AbsenceFilter::new(wanted), 1),
            Err(error) => return Err(error),
        },
    };
    for frame in journal.reader().frames_from(from) {
        let frame = frame.map_err(StoreError::reading)?;
        for record in codec::records(&frame.body) {
            first_written(&record?)?
                .iter()
                .for_each(|key| filter.insert(key));
        }
    }
    Ok(filter)
}

/// Saves the filter, which has all keys before the journal's end.
pub fn save(
    files: &dyn Files,
    options: &OpenOptions,
    journal: &super::journal::Tail,
    filter: &AbsenceFilter,
) -> Result<(), StoreError> {
    let body = filter.to_bytes();
    let mut bytes = Vec::with_capacity(HEADER_BYTES.saturating_add(body.len()));
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&journal.next_record.to_le_bytes());
    bytes.extend_from_slice(&journal.chain);
    bytes.extend_from_slice(&checksum(journal.next_record, &journal.chain, &body).to_le_bytes());
    bytes.extend_from_slice(&body);
    let path = options.dir.join(NAME);
    files
        .write_whole(&path, &bytes)
        .map_err(StoreError::file("write", &path))
}

fn checksum(next_record: u64, chain: &[u8; 32], body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&next_record.to_le_bytes());
    crc.update(chain);
    crc.update(body);
    crc.finalize()
}

/// The saved filter with the record it reaches to, if it belongs to this journal's history and has the requested
/// size.
fn read(
    files: &dyn Files,
    options: &OpenOptions,
    journal: &Journal,
) -> Result<Option<(AbsenceFilter, u64)>, StoreError> {
    let wanted = wanted_bytes(options, journal);
    let limit = wanted.saturating_mul(4).saturating_add(HEADER_BYTES);
    let Ok(Some(bytes)) = files.read_whole(&options.dir.join(NAME), limit) else {
        return Ok(None);
    };
    let Some((magic, rest)) = bytes.split_first_chunk::<8>() else {
        return Ok(None);
    };
    let Some((next_record, rest)) = rest.split_first_chunk::<8>() else {
        return Ok(None);
    };
    let Some((chain, rest)) = rest.split_first_chunk::<32>() else {
        return Ok(None);
    };
    let Some((crc, body)) = rest.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let next_record = u64::from_le_bytes(*next_record);
    let sound = magic == MAGIC
        && body.len() >= wanted
        && checksum(next_record, chain, body) == u32::from_le_bytes(*crc);
    if !sound || !is_past(journal, next_record, chain)? {
        return Ok(None);
    }
    Ok(AbsenceFilter::from_bytes(body).map(|filter| (filter, next_record)))
}

fn is_past(journal: &Journal, next_record: u64, chain: &[u8; 32]) -> Result<bool, StoreError> {
    if next_record <= 1 {
        return Ok(next_record == 1);
    }
    let frame = journal
        .reader()
        .frame_of_record(next_record.saturating_sub(1))
        .map_err(StoreError::reading)?;
    Ok(frame.is_some_and(|frame| frame.chain == *chain))
}

fn from_index(bytes: usize, served: &ServedIndex) -> Result<AbsenceFilter, StoreError> {
    const PAGE: usize = 10_000;
    let filter = AbsenceFilter::new(bytes);
    for range in keys::mostly_absent() {
        let mut from = range.from;
        loop {
            let page = served.range(&from, &range.to, Direction::Ascending, PAGE)?;
            for (key, _) in &page {
                filter.insert(key);
            }
            let Some((last, _)) = page.last().filter(|_| page.len() == PAGE) else {
                break;
            };
            from.clone_from(last);
            from.push(0);
        }
    }
    Ok(filter)
}
