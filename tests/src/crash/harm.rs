//! Damages the index of a stopped server, as a failing disk would.

use std::path::{Path, PathBuf};

use super::chance::Chance;

/// Alters something in one of the files below `index`; says what.
pub fn below(index: &Path, chance: &mut Chance) -> std::io::Result<String> {
    let path = one_of(index, chance)?;
    let mut bytes = std::fs::read(&path)?;
    let length = u64::try_from(bytes.len()).expect("a length");
    if length == 0 {
        return Ok("nothing".to_owned());
    }
    let from = chance.below(length);
    let most = *chance.of(&[1, 512, 4_096]);
    let to = length.min(from + 1 + chance.below(most));
    let zeros = chance.one_in(3);
    let range = usize::try_from(from).expect("it fits")..usize::try_from(to).expect("it fits");
    for byte in &mut bytes[range] {
        let altered = u8::try_from(1 + chance.below(255)).expect("a byte");
        *byte = if zeros { 0 } else { *byte ^ altered };
    }
    std::fs::write(&path, bytes)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{name} from {from} to {to}"))
}

/// The large file mostly; each of the others now and then.
fn one_of(index: &Path, chance: &mut Chance) -> std::io::Result<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(index)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    let large = index.join("db");
    Ok(if large.is_file() && !chance.one_in(4) {
        large
    } else {
        chance.of(&files).clone()
    })
}
