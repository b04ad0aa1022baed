//! Why a store cannot go on: what it means for whoever asked ([`StoreError`]), and what is known of the failure
//! ([`StoreFailure`]): for the journal, what it was asked for and its own error, with file, offset and the system's
//! error.

#[cfg(feature = "store")]
use std::io;
#[cfg(feature = "store")]
use std::path::{Path, PathBuf};

use thiserror::Error;

#[cfg(feature = "store")]
use super::journal::JournalError;

/// Why a store cannot go on. The embedded one stops the process on the first of these but `Full` and `Index`.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No room to write; nothing was written and reading goes on.
    #[error("the disk is full: {0}")]
    Full(StoreFailure),
    /// The index is not to be believed and is being made anew, or cannot be written. Nothing was done, and the
    /// journal has everything: come back later.
    #[error("the index cannot be asked: {0}")]
    Index(String),
    /// What is stored is damaged or contradicts itself.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// The store itself failed.
    #[error("the store failed: {0}")]
    Failed(StoreFailure),
}

/// What is known of a failure.
#[derive(Debug, Error)]
pub enum StoreFailure {
    /// The journal refused.
    #[cfg(feature = "store")]
    #[error("{error}")]
    Journal {
        /// What it was asked for.
        during: JournalAccess,
        /// Its own error.
        error: JournalError,
    },
    /// The disk refused a file or a directory beside the journal.
    #[cfg(feature = "store")]
    #[error("cannot {action} {}: {error}", file.display())]
    File {
        /// What was being done, as a verb.
        action: &'static str,
        /// To which file or directory.
        file: PathBuf,
        /// The system's own words.
        error: io::Error,
    },
    /// The system does not say which boot this is.
    #[cfg(feature = "store")]
    #[error("the boot id cannot be read: {0}")]
    BootId(io::Error),
    /// Somebody else has the data directory open.
    #[cfg(feature = "store")]
    #[error(
        "{} is in use by another process, perhaps another daegeum; stop it first, or give this one a directory of its \
         own (--data DIR)",
        dir.display()
    )]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// What should be a data directory is none.
    #[cfg(feature = "store")]
    #[error("{} holds no journal; is it the right directory?", dir.display())]
    NoJournal {
        /// The directory.
        dir: PathBuf,
    },
    /// Something else, in words.
    #[error("{0}")]
    Other(String),
}

/// What the journal is asked for.
#[cfg(feature = "store")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalAccess {
    /// Opening it, a torn end cut.
    Open,
    /// Writing a frame.
    Append,
    /// Making what was written durable.
    Sync,
    /// Reading what is durable.
    Read,
    /// Making segments ready.
    Prepare,
}

#[cfg(feature = "store")]
impl JournalAccess {
    /// As logs name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Append => "append",
            Self::Sync => "sync",
            Self::Read => "read",
            Self::Prepare => "prepare",
        }
    }

    /// What the journal's refusal means to the store: no room for another segment is a state, anything else a failure.
    fn refused(self, error: JournalError) -> StoreError {
        let no_room = matches!(error, JournalError::NoRoom { .. });
        let failure = StoreFailure::Journal {
            during: self,
            error,
        };
        if no_room {
            StoreError::Full(failure)
        } else {
            StoreError::Failed(failure)
        }
    }
}

impl StoreError {
    /// A failure that has no file.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed(StoreFailure::Other(why.into()))
    }

    /// No room, as the index says.
    pub fn full(why: impl Into<String>) -> Self {
        Self::Full(StoreFailure::Other(why.into()))
    }

    /// The journal did not open.
    #[cfg(feature = "store")]
    pub(crate) fn opening(error: JournalError) -> Self {
        JournalAccess::Open.refused(error)
    }

    /// The journal did not take a frame.
    #[cfg(feature = "store")]
    pub(crate) fn appending(error: JournalError) -> Self {
        JournalAccess::Append.refused(error)
    }

    /// The journal did not make durable what it had taken.
    #[cfg(feature = "store")]
    pub(crate) fn syncing(error: JournalError) -> Self {
        JournalAccess::Sync.refused(error)
    }

    /// The journal did not give what it has.
    #[cfg(feature = "store")]
    pub(crate) fn reading(error: JournalError) -> Self {
        JournalAccess::Read.refused(error)
    }

    /// The journal did not make a segment ready.
    #[cfg(feature = "store")]
    pub fn preparing(error: JournalError) -> Self {
        JournalAccess::Prepare.refused(error)
    }

    /// The disk refused `file`, beside the journal: no room is a state, anything else a failure.
    #[cfg(feature = "store")]
    pub(crate) fn file(action: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| {
            let full = super::files::is_full(&error);
            let file = file.to_path_buf();
            let failure = StoreFailure::File {
                action,
                file,
                error,
            };
            if full {
                Self::Full(failure)
            } else {
                Self::Failed(failure)
            }
        }
    }

    /// The system does not say which boot this is.
    #[cfg(feature = "store")]
    pub(crate) fn boot_id(error: io::Error) -> Self {
        Self::Failed(StoreFailure::BootId(error))
    }

    /// Somebody else has the data directory open.
    #[cfg(feature = "store")]
    pub fn in_use(dir: &Path) -> Self {
        let dir = dir.to_path_buf();
        Self::Failed(StoreFailure::InUse { dir })
    }

    /// Whether it ends by itself: nothing was done, and whoever comes back later may be served.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Full(_) | Self::Index(_) => true,
            Self::Damaged(_) | Self::Failed(_) => false,
        }
    }

    /// What is known of the failure, if it is one of the disk or of the store itself.
    pub const fn failure(&self) -> Option<&StoreFailure> {
        match self {
            Self::Full(failure) | Self::Failed(failure) => Some(failure),
            Self::Index(_) | Self::Damaged(_) => None,
        }
    }
}

#[cfg(feature = "store")]
impl StoreFailure {
    /// What the journal was asked for, if it was the journal.
    pub const fn during(&self) -> Option<JournalAccess> {
        match self {
            Self::Journal { during, .. } => Some(*during),
            Self::File { .. }
            | Self::BootId(_)
            | Self::InUse { .. }
            | Self::NoJournal { .. }
            | Self::Other(_) => None,
        }
    }

    /// The file or directory that it is about.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Journal { error, .. } => error.file(),
            Self::File { file, .. } => Some(file),
            Self::InUse { dir } | Self::NoJournal { dir } => Some(dir),
            Self::BootId(_) | Self::Other(_) => None,
        }
    }

    /// The byte of the file, where one is known.
    pub const fn offset(&self) -> Option<u64> {
        match self {
            Self::Journal { error, .. } => error.offset(),
            Self::File { .. }
            | Self::BootId(_)
            | Self::InUse { .. }
            | Self::NoJournal { .. }
            | Self::Other(_) => None,
        }
    }

    /// What kind of refusal the system's was, where the system refused.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Journal { error, .. } => error.io_kind(),
            Self::File { error, .. } | Self::BootId(error) => Some(error.kind()),
            Self::InUse { .. } | Self::NoJournal { .. } | Self::Other(_) => None,
        }
    }
}
