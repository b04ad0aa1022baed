//! Both disks keep the contract; the simulated one loses exactly what a real disk may lose.

#![allow(clippy::arithmetic_side_effects, reason = "tests overflow loudly")]

use super::*;

fn contract(files: &dyn Files, dir: &Path) {
    let (a, b) = (dir.join("a"), dir.join("b"));
    files.create_dir(dir).unwrap();
    files.create_dir(dir).unwrap();
    assert_eq!(files.open(&a).unwrap_err().kind(), io::ErrorKind::NotFound);
    let file = files.create(&a).unwrap();
    assert_eq!(
        files.create(&a).unwrap_err().kind(),
        io::ErrorKind::AlreadyExists
    );
    file.write_at(3, b"defg").unwrap();
    let mut buffer = [9; 6];
    assert_eq!(file.read_at(2, &mut buffer).unwrap(), 5);
    assert_eq!(&buffer, b"\0defg\x09");
    assert_eq!(file.read_at(100, &mut buffer).unwrap(), 0);
    file.set_length(4).unwrap();
    assert_eq!(files.open(&a).unwrap().length().unwrap(), 4);
    file.sync_data().unwrap();
    files.rename(&a, &b).unwrap();
    files.sync_dir(dir).unwrap();
    assert_eq!(files.list(dir).unwrap(), ["b"]);
    assert_eq!(files.read_whole(&a, 9).unwrap(), None);
    assert_eq!(files.read_whole(&b, 4).unwrap().unwrap(), b"\0\0\0d");
    assert_eq!(
        files.read_whole(&b, 3).unwrap_err().kind(),
        io::ErrorKind::FileTooLarge
    );
    files.write_whole(&b, b"new").unwrap();
    files.write_whole(&b, b"newer").unwrap();
    assert_eq!(files.read_whole(&b, 9).unwrap().unwrap(), b"newer");
    assert_eq!(files.list(dir).unwrap(), ["b"]);
    files.remove(&b).unwrap();
    assert_eq!(
        files.remove(&b).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    assert!(files.list(dir).unwrap().is_empty());
    assert!(files.list(&dir.join("none")).is_err());
    assert!(files.free_bytes(dir).unwrap() > 0);
    assert!(!files.boot_id().unwrap().is_empty());

    let lock = files.lock(&dir.join("lock")).unwrap();
    assert!(lock.is_some());
    assert!(
        files.lock(&dir.join("lock")).unwrap().is_none(),
        "one process a directory"
    );
    drop(lock);
    assert!(files.lock(&dir.join("lock")).unwrap().is_some());
}

#[test]
fn both_disks_keep_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract(&DiskFiles, &dir.path().join("data"));
    contract(&SimulatedFiles::new(), Path::new("data"));
}

fn with_file(name: &str) -> (SimulatedFiles, PathBuf, Box<dyn FileHandle>) {
    let files = SimulatedFiles::recording();
    files.create_dir(Path::new("data")).unwrap();
    let path = Path::new("data").join(name);
    let file = files.create(&path).unwrap();
    (files, path, file)
}

#[test]
fn power_loss_keeps_synced_data_and_any_part_of_the_rest() {
    let (files, path, file) = with_file("a");
    file.write_at(0, &[1; 2048]).unwrap();
    file.sync_data().unwrap();
    files.sync_dir(Path::new("data")).unwrap();
    file.write_at(256, &[2; 1024]).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let left = files.power_loss(seed);
        let bytes = left.read_whole(&path, 4096).unwrap().unwrap();
        assert_eq!(
            bytes,
            files
                .power_loss(seed)
                .read_whole(&path, 4096)
                .unwrap()
                .unwrap()
        );
        assert_eq!(
            (&bytes[..256], &bytes[1536..]),
            (&[1; 256][..], &[1; 512][..])
        );
        for sector in bytes[256..1280].chunks(256) {
            assert!(sector.iter().all(|byte| *byte == sector[0]));
        }
        assert_eq!(
            bytes[512], bytes[1023],
            "a sector is written whole or not at all"
        );
        kinds.insert((bytes[256], bytes[512], bytes[1024]));
        assert_ne!(left.boot_id().unwrap(), files.boot_id().unwrap());
    }
    assert_eq!(
        kinds.len(),
        8,
        "every combination of sectors, in any order: {kinds:?}"
    );
}

#[test]
fn names_are_durable_only_after_their_directory_was_synced() {
    let (files, path, file) = with_file("a");
    file.write_at(0, b"x").unwrap();
    file.sync_data().unwrap();
    let found = |files: &SimulatedFiles| {
        (0..64)
            .filter(|seed| {
                files
                    .power_loss(*seed)
                    .read_whole(&path, 9)
                    .unwrap()
                    .is_some()
            })
            .count()
    };
    assert!((1..64).contains(&found(&files)));
    files.sync_dir(Path::new("data")).unwrap();
    assert_eq!(found(&files), 64);
    files.remove(&path).unwrap();
    assert!((1..64).contains(&found(&files)));
}

#[test]
fn kill_keeps_everything_but_the_end_of_the_write_under_way() {
    let (files, path, file) = with_file("a");
    file.write_at(100, &[1; 10_000]).unwrap();
    let last = files.operations() - 1;
    let mut lengths: Vec<usize> = (0..64)
        .map(|seed| {
            files
                .killed_at(last, seed)
                .read_whole(&path, 20_000)
                .unwrap()
                .unwrap()
                .len()
        })
        .collect();
    lengths.sort_unstable();
    lengths.dedup();
    assert_eq!(lengths, [0, 4096, 8192, 10_100]);
    let killed = files.kill();
    assert_eq!(
        killed.read_whole(&path, 20_000).unwrap().unwrap().len(),
        10_100
    );
    assert_eq!(killed.boot_id().unwrap(), files.boot_id().unwrap());
    // Data that a killed process left unsynced can still be lost.
    assert!((0..64).any(|seed| killed.power_loss(seed).open(&path).is_err()));
}

#[test]
fn failed_sync_leaves_bytes_that_are_read_but_not_on_disk() {
    let (files, path, file) = with_file("a");
    files.sync_dir(Path::new("data")).unwrap();
    file.write_at(0, &[0; 512]).unwrap();
    file.sync_data().unwrap();
    file.write_at(0, &[1; 512]).unwrap();
    files.fail(FaultOn::Sync, files.counters().syncs + 1, 5);
    assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(5));
    file.sync_data().unwrap();
    assert_eq!(
        files.kill().read_whole(&path, 512).unwrap().unwrap(),
        [1; 512]
    );
    assert_eq!(
        files.power_loss(1).read_whole(&path, 512).unwrap().unwrap(),
        [0; 512]
    );
}

#[test]
fn writes_fail_at_capacity_and_all_operations_without_power() {
    let (files, _, file) = with_file("a");
    files.set_capacity(Some(1000));
    file.write_at(0, &[1; 900]).unwrap();
    assert_eq!(files.free_bytes(Path::new("data")).unwrap(), 100);
    assert_eq!(
        file.write_at(0, &[1; 1001]).unwrap_err().kind(),
        io::ErrorKind::StorageFull
    );
    file.write_at(0, &[2; 1000]).unwrap();
    files.power_off_at(files.operations());
    assert!(file.sync_data().is_err());
    assert!(files.create(Path::new("data/b")).is_err());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test looks at the real disk")]
fn what_is_made_on_the_real_disk_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("above").join("data");
    DiskFiles.create_dir(&dir).unwrap();
    let (whole, file, lock) = (dir.join("whole"), dir.join("file"), dir.join("lock"));
    std::fs::write(&whole, b"open to all").unwrap();
    DiskFiles.write_whole(&whole, b"closed").unwrap();
    drop(DiskFiles.create(&file).unwrap());
    drop(DiskFiles.lock(&lock).unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!([mode(&whole), mode(&file), mode(&lock)], [0o600; 3]);
}
