//! Typestate payment engine: pure decisions, and a journal that keeps them.

#[cfg(feature = "store")]
pub mod store;
