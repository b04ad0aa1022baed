//! The embedded store: an append-only journal that is the truth, and an index that may trail it.

pub mod files;
pub mod index;
pub mod journal;
pub mod keyring;
#[cfg(test)]
mod layout;
