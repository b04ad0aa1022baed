//! A failure of the store as a line of the log: beside its words what is known of it as fields, so that whoever looks
//! for a disk that fails need not read sentences.

use daegeum_engine::store::{JournalAccess, StoreError, StoreFailure};

/// Logs, at `error`, that something could not be done because of the store: `during` what the journal was asked for,
/// `file` and `offset` where, `io_error` the kind of the system's refusal, as far as each is known.
pub fn log_store_failure(error: &StoreError, message: &'static str) {
    let failure = error.failure();
    let during = failure
        .and_then(StoreFailure::during)
        .map(JournalAccess::name);
    let file = failure.and_then(StoreFailure::file);
    let file = file.map(|file| file.display().to_string());
    let offset = failure.and_then(StoreFailure::offset);
    let io_error = failure.and_then(StoreFailure::io_kind);
    let io_error = io_error.map(|kind| kind.to_string());
    tracing::error!(%error, during, file, offset, io_error, "{message}");
}

#[cfg(test)]
mod tests {
    use std::io;

    use daegeum_engine::store::journal::{JournalError, Place};
    use serde_json::Value;

    use super::super::sink::tests::CapturedOutput;
    use super::*;

    fn logged(error: &StoreError) -> Value {
        let lines = CapturedOutput::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            log_store_failure(error, "a segment of the journal cannot be prepared");
        });
        let line = lines.0.lock();
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn what_is_known_of_a_failure_is_in_fields_of_its_line() {
        let file = std::path::PathBuf::from("data/journal/00000002.seg");
        let line = logged(&StoreError::preparing(JournalError::Io {
            action: "sync",
            file: file.clone(),
            source: io::ErrorKind::ReadOnlyFilesystem.into(),
        }));
        assert_eq!(
            line["message"],
            "a segment of the journal cannot be prepared"
        );
        assert_eq!(line["level"], "ERROR");
        assert_eq!(line["during"], "prepare");
        assert_eq!(line["file"], "data/journal/00000002.seg");
        assert_eq!(
            line["io_error"],
            io::ErrorKind::ReadOnlyFilesystem.to_string()
        );
        assert!(line.get("offset").is_none(), "{line}");
        let place = Place { file, offset: 700 };
        let what = "its checksum";
        let line = logged(&StoreError::preparing(JournalError::Altered {
            place,
            what,
        }));
        assert_eq!(line["offset"], 700);
        assert!(line.get("io_error").is_none(), "{line}");
    }

    #[test]
    fn a_failure_without_a_file_is_words_alone() {
        let line = logged(&StoreError::failed("the writer panicked"));
        assert_eq!(line["error"], "the store failed: the writer panicked");
        for field in ["during", "file", "offset", "io_error"] {
            assert!(line.get(field).is_none(), "{line}");
        }
    }
}
