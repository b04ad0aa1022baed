//! Settings that a service manager provides as files: systemd's credentials, or the secrets of a container.
//!
//! A file `daegeum_data_key` in the folder `CREDENTIALS_DIRECTORY` stands for the variable `DAEGEUM_DATA_KEY`. The
//! environment itself takes precedence. Files without our prefix are ignored; one with it that names no setting is a
//! problem, as such a variable is.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

/// The variable that names the folder.
pub const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The prefix of our files' names.
const PREFIX: &str = "daegeum_";
/// The note that a package puts beside them.
const NOTE: &str = "daegeum_README";

/// A credential that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the credential {} cannot be read: {error}", path.display())]
pub struct CredentialError {
    path: PathBuf,
    error: std::io::Error,
}

/// Each credential as the variable that it stands for.
pub fn credentials(folder: Option<&OsStr>) -> Result<Vec<(String, String)>, CredentialError> {
    let Some(folder) = folder.filter(|folder| !folder.is_empty()).map(Path::new) else {
        return Ok(Vec::new());
    };
    let failed = |path: &Path, error| CredentialError {
        path: path.to_owned(),
        error,
    };
    let mut said = Vec::new();
    let files = fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    for file in files {
        let file = file.map_err(|error| failed(folder, error))?;
        let name = file.file_name().to_string_lossy().into_owned();
        if !name.starts_with(PREFIX) || name == NOTE {
            continue;
        }
        let path = file.path();
        let text = fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        // Editors and `openssl rand` end a file with a line feed; no secret does.
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        said.push((name.to_uppercase(), text));
    }
    said.sort();
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test makes the files that it reads"
    )]
    fn a_file_of_ours_says_what_its_variable_would() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("daegeum_data_key", "AAAA=\n");
        write("daegeum_admin_keys", "kim:abc,lee:def\r\n");
        write("daegeum_README", "not a secret");
        write("another_services", "x");
        let said = credentials(Some(folder.path().as_os_str())).unwrap();
        let expected = [
            ("DAEGEUM_ADMIN_KEYS", "kim:abc,lee:def"),
            ("DAEGEUM_DATA_KEY", "AAAA="),
        ];
        assert_eq!(
            said,
            expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
    }

    #[test]
    fn missing_credentials_folder_is_an_error_only_if_it_is_named() {
        assert!(credentials(None).unwrap().is_empty());
        assert!(credentials(Some(OsStr::new(""))).unwrap().is_empty());
        let told = credentials(Some(OsStr::new("/nowhere/at/all"))).unwrap_err();
        assert!(told.to_string().contains("/nowhere/at/all"), "{told}");
    }
}
