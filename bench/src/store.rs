//! A store filled beforehand: made for this run, or kept in a folder for the next.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::endurance;
use crate::failure::{Failure, While};
use crate::folder;
use crate::identity::Numbers;
use crate::product::Product;

/// Beside the data, since the data directory is the server's.
const COUNT: &str = "payments";

/// A folder with the data and how many payments were put there.
pub(crate) struct Store {
    folder: PathBuf,
    data: PathBuf,
    is_kept: bool,
}

impl Store {
    pub(crate) fn kept(folder: PathBuf) -> Self {
        Self {
            data: folder.join("data"),
            folder,
            is_kept: true,
        }
    }

    pub(crate) fn passing(folder: PathBuf) -> Self {
        Self {
            is_kept: false,
            ..Self::kept(folder)
        }
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Fills it up to so many. The count is written when it is reached: what an interrupted run
    /// left is not counted and does no harm.
    pub(crate) fn fill(
        &self,
        product: &Product,
        numbers: &Arc<Numbers>,
        payments: u64,
    ) -> Result<(), Failure> {
        fs::create_dir_all(&self.folder).when(self.folder.display())?;
        let count = self.folder.join(COUNT);
        let there = match fs::read_to_string(&count) {
            Ok(text) => text.trim().parse().when(count.display())?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error).when(count.display()),
        };
        let missing = payments.saturating_sub(there);
        if missing == 0 {
            return Ok(());
        }
        // A million payments' lines of log are nothing that is measured.
        let quietly = [("DAEGEUM_LOG_LEVEL", "error")];
        let server = product.serve_with(&self.data, &quietly)?;
        endurance::fill(&server, numbers, missing)?;
        Product::stop(server)?;
        fs::write(&count, payments.to_string()).when(count.display())
    }

    /// Removes what was made for this run.
    pub(crate) fn leave(self) -> Result<(), Failure> {
        if self.is_kept {
            return Ok(());
        }
        folder::remove(&self.folder)
    }
}
