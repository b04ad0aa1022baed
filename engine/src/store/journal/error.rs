//! Errors of a journal: which file, which byte, and what to do about it.

use std::cmp::Ordering;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A byte of a segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The segment's file.
    pub file: PathBuf,
    /// Bytes from the start of the file.
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.file.display(), self.offset)
    }
}

/// Why the journal refuses.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk refused. A write or sync that failed also poisons the journal.
    #[error("cannot {action} {}: {source}; check the disk, then start again", file.display())]
    Io {
        /// The action, as a verb.
        action: &'static str,
        /// To which file or directory.
        file: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// An earlier write or sync failed, so what is on disk is not known; nothing more is written.
    #[error("the journal stopped after a failed write or sync; end the process and start it again")]
    Poisoned,
    /// The disk is too full to prepare the next segment. Nothing is damaged.
    #[error(
        "no room for {}: {needed_bytes} bytes needed, {free_bytes} free; make room on the disk",
        file.display()
    )]
    NoRoom {
        /// The segment that cannot be prepared.
        file: PathBuf,
        /// What it and the reserve take.
        needed_bytes: u64,
        /// What the disk has.
        free_bytes: u64,
    },
    /// The frame is larger than the journal takes; nothing was written.
    #[error("a frame of {bytes} bytes is above the limit of {limit}; commit less at once")]
    TooLarge {
        /// Its body.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// No mask makes every sector of this body look written; only made-up data can be like this.
    #[error("a frame of {bytes} bytes cannot be told from unwritten disk; commit it in parts")]
    Unmaskable {
        /// Its body.
        bytes: usize,
    },
    /// The frame does not continue the journal; the caller has lost count.
    #[error("the next frame must begin with {what} {expected}, not {found}; this is a defect")]
    NotNext {
        /// "record", "event" or "time".
        what: &'static str,
        /// What the journal ends with.
        expected: u64,
        /// What was offered.
        found: u64,
    },
    /// Bytes that were once written are no longer what was written.
    #[error(
        "{place} was altered: {what}; do not start on it: restore this file from a backup, or move \
         the whole data directory aside and restore that"
    )]
    Altered {
        /// The first byte known to be wrong, or the frame it is in.
        place: Place,
        /// What is wrong there.
        what: &'static str,
    },
    /// A segment is not there although later ones are.
    #[error("{} is missing; restore it from a backup before starting", file.display())]
    Missing {
        /// The file that should be there.
        file: PathBuf,
    },
    /// Written by a newer version of this program.
    #[error(
        "{} has format {version}, this program reads up to {supported}; start the newer program",
        file.display()
    )]
    Newer {
        /// The segment.
        file: PathBuf,
        /// Its format.
        version: u32,
        /// Ours.
        supported: u32,
    },
    /// The journal does not end where the last clean stop left it.
    #[error("{}", end_differs(place, *found_record, *expected_record))]
    EndDiffers {
        /// Where it ends now.
        place: Place,
        /// The record that would come next.
        found_record: u64,
        /// The record that came next when the process stopped.
        expected_record: u64,
    },
    /// The options contradict each other.
    #[error("journal options: {0}")]
    Options(&'static str),
}

/// Which of the two can be believed depends on which is ahead.
fn end_differs(place: &Place, found: u64, expected: u64) -> String {
    let says = "marker.json says that the last clean stop was before record";
    let mean = "remove marker.json and start again: the index is then made anew from this journal";
    match found.cmp(&expected) {
        Ordering::Greater => format!(
            "{says} {expected}, but the journal goes on behind that, soundly, up to before record {found} ({place}): \
             marker.json is older than the journal beside it, as when one of them was restored or copied without the \
             other. Nothing of the journal is lost. If it is the one you mean, {mean}"
        ),
        Ordering::Less => format!(
            "{says} {expected}, but the journal ends before record {found} ({place}): the journal has lost its end, or \
             is older than the marker.json beside it, as when one of them was restored or copied without the other. \
             Restore both from one backup. If this older journal is the one you mean, and what came after it is to be \
             given up, {mean}"
        ),
        Ordering::Equal => format!(
            "{says} {expected}, and there the journal ends too ({place}), but with other content: they are of different \
             installations or different pasts. Restore both from one backup. If this journal is the one you mean, {mean}"
        ),
    }
}

impl JournalError {
    /// The file or directory that it is about.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Io { file, .. }
            | Self::NoRoom { file, .. }
            | Self::Missing { file }
            | Self::Newer { file, .. } => Some(file),
            Self::Altered { place, .. } | Self::EndDiffers { place, .. } => Some(&place.file),
            Self::Poisoned
            | Self::TooLarge { .. }
            | Self::Unmaskable { .. }
            | Self::NotNext { .. }
            | Self::Options(_) => None,
        }
    }

    /// The byte of the file, where one is known.
    pub const fn offset(&self) -> Option<u64> {
        match self {
            Self::Altered { place, .. } | Self::EndDiffers { place, .. } => Some(place.offset),
            Self::Io { .. }
            | Self::Poisoned
            | Self::NoRoom { .. }
            | Self::TooLarge { .. }
            | Self::Unmaskable { .. }
            | Self::NotNext { .. }
            | Self::Missing { .. }
            | Self::Newer { .. }
            | Self::Options(_) => None,
        }
    }

    /// What kind of refusal the system's was, where the system refused.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } => Some(source.kind()),
            Self::Poisoned
            | Self::NoRoom { .. }
            | Self::TooLarge { .. }
            | Self::Unmaskable { .. }
            | Self::NotNext { .. }
            | Self::Altered { .. }
            | Self::Missing { .. }
            | Self::Newer { .. }
            | Self::EndDiffers { .. }
            | Self::Options(_) => None,
        }
    }

    pub(super) fn io(action: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            file: file.to_path_buf(),
            source,
        }
    }

    pub(super) fn altered(file: &Path, offset: u64, what: &'static str) -> Self {
        Self::Altered {
            place: Place {
                file: file.to_path_buf(),
                offset,
            },
            what,
        }
    }
}
