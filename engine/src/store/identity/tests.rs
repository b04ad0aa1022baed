//! A directory opens with its own key and its own keyring, or reports what is missing.

use super::*;
use crate::store::files::SimulatedFiles;
use crate::store::keyring::KeyId;
use crate::store::layout::tables;

/// What [`identity_file_matches_its_golden_bytes`] writes; format version 1.
static GOLDEN: &[u8] = include_bytes!("tests/golden-v1.identity");

const NEW: Unlocking = Unlocking {
    used: false,
    accept_lost_keys: false,
    was_restored: false,
};
const USED: Unlocking = Unlocking { used: true, ..NEW };
const ACCEPTED: Unlocking = Unlocking {
    accept_lost_keys: true,
    ..USED
};

fn dir() -> &'static Path {
    Path::new("data")
}

fn disk() -> SimulatedFiles {
    let files = SimulatedFiles::new();
    files.create_dir(dir()).unwrap();
    files
}

fn open(files: &SimulatedFiles, master: u8, how: Unlocking) -> Result<Unlocked, IdentityError> {
    let shared: Arc<dyn Files> = Arc::new(files.clone());
    let mut random = |bytes: &mut [u8]| bytes.fill(0xA5);
    let master = MasterKey::new([master; 32]);
    unlock(&shared, dir(), &master, how, &mut random)
}

fn refusal(opened: Result<Unlocked, IdentityError>) -> String {
    opened.expect_err("refused").to_string()
}

#[test]
fn identity_file_matches_its_golden_bytes() {
    let identity = Identity {
        installation: [0xA5; 16],
        generation: 7,
    };
    let master = MasterKey::new([1; 32]);
    let bytes = identity.encode(&master);
    assert_eq!(bytes, GOLDEN);
    let known = Known::decode(GOLDEN).unwrap();
    assert_eq!(known.identity, identity);
    assert!(known.is_under(&master));
    assert!(!known.is_under(&MasterKey::new([2; 32])));
}

#[test]
fn identity_file_matches_its_documented_layout() {
    let tables = tables();
    let table = tables.last().unwrap();
    assert_eq!(table.length(), LENGTH);
    assert_eq!(table.field(GOLDEN, "magic"), MAGIC);
    assert_eq!(table.number(GOLDEN, "format_version"), 1);
    assert_eq!(table.field(GOLDEN, "installation"), [0xA5; 16]);
    assert_eq!(table.number(GOLDEN, "generation"), 7);
    let sum = u64::from(crc32fast::hash(&GOLDEN[..64]));
    assert_eq!(table.number(GOLDEN, "checksum"), sum);
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&[1; 32]).unwrap();
    mac.update(b"daegeum identity 1");
    mac.update(&GOLDEN[..32]);
    assert_eq!(
        table.field(GOLDEN, "check"),
        mac.finalize().into_bytes().as_slice()
    );
}

#[test]
fn altered_identity_is_damage_and_a_newer_format_is_refused() {
    for at in 0..GOLDEN.len() {
        let mut bytes = GOLDEN.to_vec();
        bytes[at] ^= 1;
        assert!(Known::decode(&bytes).is_err(), "byte {at}");
        assert!(Known::decode(&GOLDEN[..at]).is_err(), "{at} bytes");
    }
    let mut newer = GOLDEN[..64].to_vec();
    newer[8] = 9;
    let sum = crc32fast::hash(&newer).to_le_bytes();
    newer.extend_from_slice(&sum);
    assert_eq!(Known::decode(&newer).unwrap_err(), IdentityDefect::Newer(9));
}

#[test]
fn new_directory_gets_both_files_and_reopens_with_the_same_identity() {
    let files = disk();
    let first = open(&files, 1, NEW).unwrap();
    assert!(files.exists(&dir().join("keyring")).unwrap());
    assert_eq!(first.identity.generation, 1);
    let again = open(&files, 1, USED).unwrap();
    assert_eq!(again.identity, first.identity);
    assert!(!again.keys_were_lost);
}

#[test]
fn another_data_key_is_refused_whether_or_not_the_keyring_is_there() {
    let files = disk();
    open(&files, 1, NEW).unwrap();
    let told = refusal(open(&files, 2, USED));
    assert!(told.contains("another DAEGEUM_DATA_KEY"), "{told}");
    files.remove(&dir().join("keyring")).unwrap();
    let told = refusal(open(&files, 2, USED));
    assert!(told.contains("another DAEGEUM_DATA_KEY"), "{told}");
}

#[test]
fn lost_keyring_is_refused_until_the_operator_gives_it_up() {
    let files = disk();
    let first = open(&files, 1, NEW).unwrap();
    let key = first.keyring.key_for(20_000, 1, &mut |bytes| bytes.fill(7));
    files.remove(&dir().join("keyring")).unwrap();
    for how in [NEW, USED] {
        let told = refusal(open(&files, 1, how));
        assert!(told.contains("restore it from a backup"), "{told}");
        assert!(told.contains("--accept-lost-keys"), "{told}");
    }
    let after = open(&files, 1, ACCEPTED).unwrap();
    assert!(after.keys_were_lost && key.is_ok());
    assert_eq!(after.identity, first.identity, "the same installation");
    let id = KeyId {
        class: 1,
        day: 20_000,
    };
    assert_eq!(after.keyring.get(id), None);
    assert!(!open(&files, 1, ACCEPTED).unwrap().keys_were_lost);
}

#[test]
fn a_lost_data_key_can_be_given_up_with_its_keyring() {
    let files = disk();
    open(&files, 1, NEW).unwrap();
    refusal(open(&files, 2, ACCEPTED));
    files.remove(&dir().join("keyring")).unwrap();
    assert!(open(&files, 2, ACCEPTED).unwrap().keys_were_lost);
    open(&files, 2, USED).unwrap();
    refusal(open(&files, 1, USED));
}

#[test]
fn directory_of_an_earlier_version_gets_its_identity_from_its_keyring() {
    let files = disk();
    open(&files, 1, NEW).unwrap();
    files.remove(&dir().join("identity")).unwrap();
    let told = refusal(open(&files, 2, USED));
    assert!(told.contains("another DAEGEUM_DATA_KEY"), "{told}");
    open(&files, 1, USED).unwrap();
    assert!(files.exists(&dir().join("identity")).unwrap());
    // Neither file but records: their data may need the lost keys.
    for name in ["identity", "keyring"] {
        files.remove(&dir().join(name)).unwrap();
    }
    refusal(open(&files, 1, USED));
    open(&files, 1, NEW).unwrap();
}

#[test]
fn a_restore_begins_the_next_generation_once() {
    let files = disk();
    let first = open(&files, 1, NEW).unwrap().identity;
    let restored = Unlocking {
        was_restored: true,
        ..USED
    };
    let second = open(&files, 1, restored).unwrap().identity;
    assert_eq!(second.installation, first.installation);
    assert_eq!((first.generation, second.generation), (1, 2));
    assert_eq!(open(&files, 1, USED).unwrap().identity, second);
    // A backup without its identity becomes another installation, but counts as restored all the same.
    files.remove(&dir().join("identity")).unwrap();
    assert_eq!(open(&files, 1, restored).unwrap().identity.generation, 2);
}
