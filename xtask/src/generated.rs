//! Snapshots the documents below `docs/` before a run, to detect that a test rewrote one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo;
use crate::failure::{Failure, While};

/// The bytes of every document. Compared with each other, not with git: a person's own edits
/// are not what this is about.
pub(crate) struct Documents(BTreeMap<PathBuf, Vec<u8>>);

impl Documents {
    pub(crate) fn now() -> Result<Self, Failure> {
        let mut documents = BTreeMap::new();
        let folder = cargo::root().join("docs");
        if folder.is_dir() {
            read_below(&folder, &mut documents)?;
        }
        Ok(Self(documents))
    }

    /// Fails with the names of those that are new, gone or different.
    pub(crate) fn unchanged(&self) -> Result<(), Failure> {
        let changed = self.changed(&Self::now()?);
        if changed.is_empty() {
            println!("{} documents are as they were", self.0.len());
            return Ok(());
        }
        let names = changed.join(", ");
        Err(Failure::new(format!(
            "the tests rewrote {names}: look at it and commit it"
        )))
    }

    fn changed(&self, now: &Self) -> Vec<String> {
        let mut names: Vec<&PathBuf> = self.0.keys().chain(now.0.keys()).collect();
        names.sort();
        names.dedup();
        names.retain(|name| self.0.get(*name) != now.0.get(*name));
        let root = cargo::root();
        let short = |name: &PathBuf| {
            name.strip_prefix(&root)
                .unwrap_or(name)
                .display()
                .to_string()
        };
        names.into_iter().map(short).collect()
    }
}

fn read_below(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).when(folder.display())? {
        let path = entry.when(folder.display())?.path();
        if path.is_dir() {
            read_below(&path, into)?;
        } else {
            let bytes = fs::read(&path).when(path.display())?;
            into.insert(path, bytes);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(files: &[(&str, &str)]) -> Documents {
        let own = |(name, text): &(&str, &str)| (PathBuf::from(name), text.as_bytes().to_vec());
        Documents(files.iter().map(own).collect())
    }

    #[test]
    fn new_gone_and_different_documents_are_named() {
        let before = documents(&[("same", "1"), ("gone", "2"), ("different", "3")]);
        let after = documents(&[("same", "1"), ("new", "2"), ("different", "4")]);
        assert_eq!(before.changed(&after), ["different", "gone", "new"]);
        assert!(before.changed(&before).is_empty());
    }
}
