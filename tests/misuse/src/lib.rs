//! Nothing: the cases in `tests/cases` are the content of this package.
