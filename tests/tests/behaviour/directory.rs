//! A data directory that is incomplete, under another key, or open elsewhere: the start is refused with the true
//! reason and the remedy; and other users of the machine cannot read its content.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use daegeum_tests::program::{self, Program};
use daegeum_tests::{Shop, Success, secrets};
use tempfile::TempDir;

const OTHER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A directory that a shop has left in order.
async fn left_in_order() -> Arc<TempDir> {
    let shop = Shop::open().await;
    let payment = shop.order("paid").register().await.pay().await;
    payment.complete(Success).await.expect(200);
    shop.close()
}

/// The message of a start that is refused.
fn refusal(data: &Path, more: &[&str], key: &str) -> String {
    refused_with(data, more, &[("DAEGEUM_DATA_KEY", key.to_owned())])
}

fn refused_with(data: &Path, more: &[&str], variables: &[(&str, String)]) -> String {
    let mut command = Command::new(program::path());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DAEGEUM_") {
            command.env_remove(name);
        }
    }
    command.args(["serve", "--data"]).arg(data).args(more);
    command.env("DAEGEUM_LISTEN", "127.0.0.1:0");
    command.envs(secrets::environment());
    let output = command.envs(variables.iter().cloned()).output();
    let output = output.expect("the server can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    said
}

fn own_key() -> String {
    let all = secrets::environment();
    let own = all.iter().find(|(name, _)| name == "DAEGEUM_DATA_KEY");
    own.expect("a data key").1.clone()
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
}

#[tokio::test]
async fn lost_key_file_is_not_replaced_silently() {
    let folder = left_in_order().await;
    let data = folder.path();
    fs::remove_file(data.join("keyring")).expect("it was there");
    let said = refusal(data, &[], &own_key());
    says(
        &said,
        &["keyring", "restore it from a backup", "--accept-lost-keys"],
    );
    let said = refusal(data, &[], OTHER_KEY);
    says(&said, &["another DAEGEUM_DATA_KEY"]);
    assert!(!data.join("keyring").exists(), "nothing was made");

    let log = data.join("log");
    let accepted = ["--sandbox", "--accept-lost-keys"];
    let mut server = Program::start(data, &secrets::environment(), &accepted, &log);
    server.ready().await;
    let merchant = daegeum_tests::Caller::new(&server.base()).with(secrets::MERCHANT);
    let order = merchant.get("/api/v1/orders/paid").await.expect(200);
    assert_eq!(order["status"], "PAID");
    assert!(server.stop().success());
    assert!(data.join("keyring").exists());
}

#[tokio::test]
async fn wrong_data_key_is_refused() {
    let folder = left_in_order().await;
    let said = refusal(folder.path(), &[], OTHER_KEY);
    says(&said, &["another DAEGEUM_DATA_KEY", "start with that one"]);
}

#[tokio::test]
async fn marker_older_than_its_journal_is_told_from_a_lost_journal() {
    let folder = left_in_order().await;
    let (data, marker) = (folder.path(), folder.path().join("marker.json"));
    let (older, log) = (fs::read(&marker).expect("a marker"), data.join("log"));
    let mut server = Program::start(data, &secrets::environment(), &["--sandbox"], &log);
    server.ready().await;
    let merchant = daegeum_tests::Caller::new(&server.base()).with(secrets::MERCHANT);
    let order = merchant.get("/api/v1/orders/paid").await.expect(200);
    let body = serde_json::json!({
        "order_id": "later", "buyer_id": order["buyer_id"], "total": 11_000, "currency": "KRW", "capture": "automatic",
        "lines": [{"name": "a", "quantity": 1, "unit_price": 11_000, "tax": "taxable"}],
    });
    merchant.post("/api/v1/orders", &body).await.expect(201);
    assert!(server.stop().success());
    fs::write(&marker, older).expect("written");
    let said = refusal(data, &[], &own_key());
    says(
        &said,
        &[
            "older than the journal",
            "Nothing of the journal is lost",
            "remove marker.json",
        ],
    );

    fs::remove_file(&marker).expect("it was there");
    let mut server = Program::start(data, &secrets::environment(), &["--sandbox"], &log);
    server.ready().await;
    let merchant = daegeum_tests::Caller::new(&server.base()).with(secrets::MERCHANT);
    merchant.get("/api/v1/orders/later").await.expect(200);
    assert!(server.stop().success());
}

fn mode(path: &Path) -> u32 {
    let about = fs::metadata(path).expect("it is there");
    about.permissions().mode() & 0o777
}

#[tokio::test]
async fn files_are_private_and_open_ones_are_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let mut server = Program::start(&data, &[], &["--sandbox"], &log);
    server.ready().await;
    assert_eq!(mode(&data), 0o700);
    for name in ["keyring", "identity", "marker.json", "sandbox/secrets.toml"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    assert!(server.stop().success());
    let told = program::run(&["doctor", "--sandbox"], &data);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    says(&told, &["open to their user alone"]);

    for (path, open) in [(data.join("keyring"), 0o644), (data.clone(), 0o755)] {
        fs::set_permissions(path, fs::Permissions::from_mode(open)).expect("changed");
    }
    let told = program::run(&["doctor", "--sandbox"], &data);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    says(&told, &["mode 644", "chmod 600", "mode 755", "chmod 700"]);
    let mut server = Program::start(&data, &[], &["--sandbox"], &log);
    server.ready().await;
    assert!(server.stop().success());
    let logged = fs::read_to_string(&log).expect("a log");
    says(&logged, &["chmod 600", "chmod 700"]);
}

#[tokio::test]
async fn second_server_reports_the_conflict() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    let (log, port) = (folder.path().join("log"), free_port());
    let mut server = Program::start(
        &data,
        &[],
        &["--sandbox", "--sandbox-ports", &port.to_string()],
        &log,
    );
    server.ready().await;
    let address = server.base().replace("http://", "");
    let key = own_key();

    let said = refusal(&data, &["--sandbox"], &key);
    says(
        &said,
        &["in use by another process", "another daegeum", "--data"],
    );
    let said = refusal(
        &data,
        &["--sandbox", "--sandbox-ports", &port.to_string()],
        &key,
    );
    says(&said, &["in use by another process"]);
    let same = ["--sandbox", "--sandbox-ports", &port.to_string()];
    let said = refusal(&other, &same, &key);
    says(
        &said,
        &[
            "sandbox_ports",
            &port.to_string(),
            "--sandbox-ports",
            "another daegeum",
        ],
    );
    let figures = [("DAEGEUM_METRICS_LISTEN", address.clone())];
    let said = refused_with(&other, &[], &figures);
    says(
        &said,
        &["metrics.listen", &address, "DAEGEUM_METRICS_LISTEN"],
    );
    let listen = [("DAEGEUM_LISTEN", address.clone())];
    let said = refused_with(&other, &[], &listen);
    says(&said, &["listen = ", &address, "--listen", "stop it"]);
    assert!(server.stop().success());
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
