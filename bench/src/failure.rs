//! The reason why a run stopped: one sentence.

use std::fmt;

/// A sentence for the person at the terminal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Puts what was being attempted in front of what went wrong.
pub(crate) trait While<T> {
    fn when(self, attempt: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn when(self, attempt: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure(format!("{attempt}: {error}")))
    }
}
