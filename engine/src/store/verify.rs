//! Verifies and rebuilds a data directory that no server has open: chain, states, postings, balances and every key of
//! the index, recomputed from the journal alone.

use std::sync::Arc;

use super::StoreError;
use super::codec;
use super::files::Files;
use super::index::{Checked, Direction, Index, IndexHome};
use super::journal::{Journal, JournalReader, LastStop, Walk};
use super::keys;
use super::marker::{self, Marker};
use super::opening::{self, OpenOptions};
use super::replay::{self, Progress};
use super::view::Balance;
use crate::wire::Hex;

/// The result of verifying.
#[derive(Debug, Default)]
pub struct Report {
    /// Records whose chain, order and states are correct.
    pub records: u64,
    /// Events of the merchant's feed.
    pub events: u64,
    /// Keys of the index that were compared.
    pub keys: u64,
    /// Records that the index did not have yet, which is no fault.
    pub trailing: u64,
    /// Balances with their names.
    pub balances: Vec<(String, i128)>,
    /// The first few faults, in words.
    pub faults: Vec<String>,
}

const MOST_FAULTS: usize = 20;
const PAGE: usize = 5_000;

/// Recomputes everything. An altered journal is an error that names the place; an index that differs is a fault.
pub fn verify(
    files: &Arc<dyn Files>,
    home: &dyn IndexHome,
    options: &OpenOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, StoreError> {
    let _lock = opening::lock_existing(files.as_ref(), &options.dir)?;
    walk(files, options)?;
    let journal = open_journal(files, options)?;
    let reader = journal.reader();
    let mut report = Report {
        records: journal.tail().next_record.saturating_sub(1),
        events: journal.tail().next_event.saturating_sub(1),
        ..Report::default()
    };
    home.drop_scratch()?;
    let rebuilt = Checked::over(home.scratch()?);
    let outcome = replay::replay(&reader, 1, rebuilt.as_ref(), progress).and_then(|_| {
        match opening::usable_index(&reader, home)? {
            Ok((index, from)) => {
                look_at(&reader, (index, from), &rebuilt, progress, &mut report)?;
            }
            Err(reason) => report.cannot_be_used(&reason),
        }
        balances(rebuilt.as_ref(), &mut report)
    });
    drop(rebuilt);
    home.drop_scratch()?;
    outcome.map(|()| report)
}

impl Report {
    fn cannot_be_used(&mut self, reason: &str) {
        self.faults
            .push(format!("the index cannot be used: {reason}"));
    }
}

/// Brings the index to the journal's end, as a start would, and compares it. The journal was verified before, so a
/// failure here is the index's fault.
fn look_at(
    journal: &JournalReader,
    (index, from): (Arc<dyn Index>, u64),
    rebuilt: &Arc<dyn Index>,
    progress: &mut dyn FnMut(Progress),
    report: &mut Report,
) -> Result<(), StoreError> {
    let compared = replay::replay(journal, from, index.as_ref(), progress).and_then(|trailing| {
        report.trailing = trailing;
        compare(index.as_ref(), rebuilt.as_ref(), report)
    });
    match compared {
        Err(StoreError::Index(why) | StoreError::Damaged(why)) => {
            report.cannot_be_used(&why);
            Ok(())
        }
        compared => compared,
    }
}

/// The numbers of a rebuild.
#[derive(Debug, Clone, Copy)]
pub struct RebuiltFrom {
    /// Records of the journal.
    pub records: u64,
    /// Events of the merchant's feed among them.
    pub events: u64,
}

/// Deletes the index and rebuilds it from the journal.
pub fn rebuild(
    files: &Arc<dyn Files>,
    home: &dyn IndexHome,
    options: &OpenOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<RebuiltFrom, StoreError> {
    let _lock = opening::lock_existing(files.as_ref(), &options.dir)?;
    let journal = open_journal(files, options)?;
    opening::rebuild(&journal.reader(), home, progress)?;
    let boot_id = files.boot_id().map_err(StoreError::boot_id)?;
    marker::write(
        files.as_ref(),
        &options.dir,
        &Marker::stopped(boot_id, journal.tail()),
    )?;
    let tail = journal.tail();
    Ok(RebuiltFrom {
        records: tail.next_record.saturating_sub(1),
        events: tail.next_event.saturating_sub(1),
    })
}

/// Reads every byte of the journal: replay reads only the frames, not the bytes behind and between them.
fn walk(files: &Arc<dyn Files>, options: &OpenOptions) -> Result<(), StoreError> {
    let last_stop = last_stop(files.as_ref(), options)?;
    let frames = Walk::begin(Arc::clone(files), &options.journal_dir(), &last_stop);
    for frame in frames.map_err(StoreError::reading)? {
        frame.map_err(StoreError::reading)?;
    }
    Ok(())
}

fn last_stop(files: &dyn Files, options: &OpenOptions) -> Result<LastStop, StoreError> {
    let boot_id = files.boot_id().map_err(StoreError::boot_id)?;
    let marker = marker::read(files, &options.dir)?;
    Ok(marker.map_or(LastStop::Unknown, |marker| marker.last_stop(&boot_id)))
}

fn open_journal(files: &Arc<dyn Files>, options: &OpenOptions) -> Result<Journal, StoreError> {
    let last_stop = last_stop(files.as_ref(), options)?;
    let dir = options.journal_dir();
    let opened = Journal::open(Arc::clone(files), &dir, options.journal.clone(), &last_stop);
    let (journal, _) = opened.map_err(StoreError::opening)?;
    Ok(journal)
}

/// Walks both indexes in parallel.
fn compare(index: &dyn Index, rebuilt: &dyn Index, report: &mut Report) -> Result<(), StoreError> {
    let (mut from, end) = (vec![0], [u8::MAX]);
    loop {
        let ours = index.range(&from, &end, Direction::Ascending, PAGE)?;
        let right = rebuilt.range(&from, &end, Direction::Ascending, PAGE)?;
        report.keys = report
            .keys
            .saturating_add(u64::try_from(right.len()).unwrap_or(u64::MAX));
        if ours != right {
            describe(&ours, &right, report);
            return Ok(());
        }
        let Some((last, _)) = right.last().filter(|_| right.len() == PAGE) else {
            return Ok(());
        };
        from.clone_from(last);
        from.push(0);
    }
}

fn describe(ours: &[(Vec<u8>, Vec<u8>)], right: &[(Vec<u8>, Vec<u8>)], report: &mut Report) {
    use std::collections::BTreeMap;
    let ours: BTreeMap<_, _> = ours.iter().cloned().collect();
    let right: BTreeMap<_, _> = right.iter().cloned().collect();
    let missing = right
        .keys()
        .filter(|key| !ours.contains_key(*key))
        .map(|key| ("is missing from", key));
    let stale = ours
        .keys()
        .filter(|key| !right.contains_key(*key))
        .map(|key| ("is stale in", key));
    let differing = right
        .iter()
        .filter(|(key, value)| ours.get(*key).is_some_and(|ours| ours != *value));
    let differing = differing.map(|(key, _)| ("differs in", key));
    for (how, key) in missing.chain(stale).chain(differing).take(MOST_FAULTS) {
        report
            .faults
            .push(format!("key {} {how} the index", printable(key)));
    }
}

fn printable(key: &[u8]) -> String {
    let (shown, _) = key.split_at(key.len().min(48));
    Hex(shown).to_string()
}

fn balances(index: &dyn Index, report: &mut Report) -> Result<(), StoreError> {
    let range = keys::all_balances();
    let mut sums = std::collections::BTreeMap::<String, i128>::new();
    for (key, value) in index.range(&range.from, &range.to, Direction::Ascending, PAGE)? {
        let name = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
        let balance: Balance = codec::decode(codec::Kind::Balance, &value)?;
        let currency = name.rsplit('|').next().unwrap_or_default().to_owned();
        let sum = sums.entry(currency).or_default();
        *sum = sum.saturating_add(balance.minor);
        report.balances.push((name, balance.minor));
    }
    for (currency, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
        report.faults.push(format!(
            "the postings in {currency} sum to {sum}, not to zero"
        ));
    }
    Ok(())
}
