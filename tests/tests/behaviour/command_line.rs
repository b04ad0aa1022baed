//! The program's command line: refusals to start, and the commands on a directory that no server has open.

use std::path::Path;
use std::process::{Command, Output};

use daegeum_tests::program::{self, Program};
use daegeum_tests::{Shop, Success, secrets};
use tempfile::TempDir;

/// Runs it with nothing of this process's environment that could be a setting.
fn run(arguments: &[&str], variables: &[(String, String)]) -> Output {
    let ours =
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DAEGEUM_"));
    let mut command = Command::new(program::path());
    for (name, _) in ours {
        command.env_remove(name);
    }
    command.args(arguments).envs(variables.iter().cloned());
    command.output().expect("the server can be run")
}

#[track_caller]
fn refused(output: &Output, why: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    for part in why {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
    for secret in secrets::all() {
        assert!(!said.contains(&secret), "{said}");
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A directory that a shop has left in order, with a paid order and an open one in it.
async fn left_in_order() -> std::sync::Arc<TempDir> {
    let shop = Shop::open().await;
    shop.order("paid")
        .register()
        .await
        .pay()
        .await
        .complete(Success)
        .await
        .expect(200);
    shop.order("open").register().await.pay().await;
    shop.close()
}

#[test]
fn production_does_not_start_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    refused(
        &run(&["serve", "--data", data], &[]),
        &[
            "DAEGEUM_MERCHANT_KEY",
            "DAEGEUM_ADMIN_KEY",
            "DAEGEUM_BUYER_JWT_SECRET",
            "DAEGEUM_DATA_KEY",
        ],
    );
    let mut short = secrets::environment();
    short.push(("DAEGEUM_MERCHANT_KEY".into(), "short".into()));
    refused(
        &run(&["serve", "--data", data], &short),
        &["merchant_key", "32"],
    );
    let everywhere = [
        "serve",
        "--sandbox",
        "--listen",
        "0.0.0.0:0",
        "--data",
        data,
    ];
    refused(&run(&everywhere, &[]), &["loopback"]);
    let unknown = [("DAEGEUM_LIMITS_BODDY".to_owned(), "1KiB".to_owned())];
    refused(
        &run(&["serve", "--sandbox", "--data", data], &unknown),
        &["BODDY"],
    );
    assert!(
        !Path::new(data).join("journal").exists(),
        "nothing was made"
    );
}

#[test]
fn settings_are_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let shown = run(
        &["serve", "--print-config", "--data", data],
        &secrets::environment(),
    );
    assert!(
        shown.status.success(),
        "{}",
        String::from_utf8_lossy(&shown.stderr)
    );
    let text = said(&shown);
    assert!(
        text.contains("unpaid_after") && text.contains("(hidden)"),
        "{text}"
    );
    for secret in secrets::all() {
        assert!(!text.contains(&secret), "{text}");
    }
}

#[tokio::test]
async fn directory_is_opened_by_one_process_only() {
    let shop = Shop::open().await;
    let data = shop.folder().to_str().unwrap().to_owned();
    for arguments in [["verify", "--data", &data], ["rebuild", "--data", &data]] {
        refused(&run(&arguments, &[]), &["in use"]);
    }
    let second = ["serve", "--listen", "127.0.0.1:0", "--data", &data];
    refused(&run(&second, &secrets::environment()), &["in use"]);
    shop.order("o-1").register().await;
}

#[tokio::test]
async fn lost_index_is_rebuilt_from_the_journal() {
    let folder = left_in_order().await;
    let (data, log) = (folder.path(), folder.path().join("log"));
    std::fs::remove_dir_all(data.join("index")).unwrap();
    let mut server = Program::start(data, &secrets::environment(), &["--sandbox"], &log);
    server.ready().await;
    let merchant = daegeum_tests::Caller::new(&server.base()).with(secrets::MERCHANT);
    for (order, status) in [("paid", "PAID"), ("open", "PAYMENT_PENDING")] {
        let order = merchant
            .get(&format!("/api/v1/orders/{order}"))
            .await
            .expect(200);
        assert_eq!(order["status"], status);
    }
    assert!(server.stop().success());
    let verified = program::run(&["verify"], data);
    assert!(
        said(&verified).contains("Everything holds."),
        "{}",
        said(&verified)
    );
    let rebuilt = program::run(&["rebuild"], data);
    assert!(
        said(&rebuilt).contains("rebuilt from"),
        "{}",
        said(&rebuilt)
    );
    assert!(program::run(&["verify"], data).status.success());
}

#[tokio::test]
async fn changed_byte_of_the_journal_is_found_and_named() {
    let folder = left_in_order().await;
    let segment = folder.path().join("journal/00000001.seg");
    let sound = std::fs::read(&segment).unwrap();
    let needle = b"buyer-1";
    let at = sound
        .windows(needle.len())
        .position(|window| window == needle)
        .expect("it is there");
    let mut changed = sound.clone();
    changed[at] ^= 1;
    std::fs::write(&segment, changed).unwrap();
    let data = folder.path().to_str().unwrap();
    refused(&run(&["verify", "--data", data], &[]), &["00000001.seg"]);
    refused(
        &run(
            &["serve", "--listen", "127.0.0.1:0", "--data", data],
            &secrets::environment(),
        ),
        &["00000001.seg"],
    );
    std::fs::write(&segment, sound).unwrap();
    assert!(program::run(&["verify"], folder.path()).status.success());
}

/// The commands that a sandbox prints at its start, as copied from the terminal.
pub(super) async fn welcome(log: &Path) -> String {
    let said = || std::fs::read_to_string(log).unwrap();
    daegeum_tests::until("the welcome is printed", || async {
        said().contains("$API/orders/$ORDER\n")
    })
    .await;
    let said = said();
    let (_, block) = said.split_once("\nTry it").expect("a block to paste");
    let lines = block.lines().skip(1);
    let lines = lines.take_while(|line| line.starts_with("  "));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// The output of a shell that reads the commands from a paste: line by line, whatever each returns.
pub(super) fn pasted(shell: &str, commands: &str) -> String {
    let mut child = Command::new(shell)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut paste = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut paste, commands.as_bytes()).unwrap();
    drop(paste);
    said(&child.wait_with_output().unwrap())
}

#[tokio::test]
async fn welcome_commands_can_be_pasted_whole_and_repeatedly() {
    let own_toss = [
        (
            "DAEGEUM_GATEWAYS_TOSS_SECRET_KEY",
            "test_sk_0123456789abcdef",
        ),
        (
            "DAEGEUM_GATEWAYS_TOSS_CLIENT_KEY",
            "test_ck_0123456789abcdef",
        ),
    ];
    for (way, settings) in [("TOSS", &[][..]), ("MOCK", &own_toss[..])] {
        let folder = tempfile::tempdir().unwrap();
        let (data, log) = (folder.path().join("data"), folder.path().join("log"));
        let said = settings.iter();
        let said = said.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut server = Program::start(&data, &said.collect::<Vec<_>>(), &["--sandbox"], &log);
        server.ready().await;
        let commands = welcome(&log).await;
        for shell in ["sh", "bash"] {
            let answers = pasted(shell, &commands);
            let order = answers.lines().last().unwrap_or_default();
            assert!(
                order.contains("\"status\":\"PAID\""),
                "{way}, {shell}:\n{answers}"
            );
        }
        assert!(server.stop().success());
    }
}

#[tokio::test]
async fn start_is_logged_with_version_gateways_and_data() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let mut server = Program::start(&data, &[], &["--sandbox"], &log);
    server.ready().await;
    let base = server.base();
    assert!(server.stop().success());
    let said = std::fs::read_to_string(&log).unwrap();
    let line = said
        .lines()
        .find(|line| line.contains("\"message\":\"serving\""));
    let line: serde_json::Value = serde_json::from_str(line.expect("a line")).unwrap();
    assert_eq!(line["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        line["gateways"],
        "the mock gateway, Toss (a test API key, simulated)"
    );
    assert_eq!(line["data"], data.to_str().unwrap());
    assert_eq!(line["address"], base);
    assert_eq!(line["sandbox"], true);
}
