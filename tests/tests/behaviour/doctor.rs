//! `daegeum doctor`: its good and bad findings, and that it never shows a secret.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use daegeum_tests::gateway::{Delivery, NotificationContent};
use daegeum_tests::login::{self, Login, SigningKey};
use daegeum_tests::{NoAnswer, Shop, program, secrets};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SECRET_KEY: &str = "test_sk_zXLkKEypNArWmo50nX3l";
const CLIENT_KEY: &str = "test_ck_D5GePWvyJnrK0W0k6q8g";
const NOT_FOUND: &str =
    r#"{"code":"NOT_FOUND_PAYMENT","message":"존재하지 않는 결제 정보 입니다."}"#;

/// Someone who answers one request at a Toss's address, and tells what was asked.
struct FakeToss {
    address: SocketAddr,
    asked: Receiver<String>,
}

impl FakeToss {
    fn answering(status: u16, date: Option<Timestamp>, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let date = date.map(|at| {
            DateTimePrinter::new()
                .timestamp_to_rfc9110_string(&at)
                .unwrap()
        });
        let date = date
            .map(|date| format!("Date: {date}\r\n"))
            .unwrap_or_default();
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} X\r\n{date}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let (tell, asked) = channel();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            tell.send(String::from_utf8(request).unwrap()).unwrap();
        });
        Self { address, asked }
    }

    fn now(status: u16, body: &str) -> Self {
        Self::answering(status, Some(Timestamp::now()), body)
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// The doctor's report.
struct Told {
    well: bool,
    findings: Vec<Value>,
}

impl Told {
    /// How one thing stands, with what was found and what to do.
    #[track_caller]
    fn about(&self, what: &str) -> (&str, String) {
        let finding = self.findings.iter().find(|one| one["about"] == what);
        let finding =
            finding.unwrap_or_else(|| panic!("nothing about {what}: {:?}", self.findings));
        let text = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
        let said = format!("{} → {}", text("found"), text("todo"));
        (finding["state"].as_str().unwrap(), said)
    }

    #[track_caller]
    fn expect(&self, what: &str, state: &str, part: &str) -> &Self {
        let (found, said) = self.about(what);
        assert_eq!(found, state, "{what}: {said}");
        assert!(said.contains(part), "{part:?} is not in {said:?}");
        self
    }
}

/// Runs it twice, for people and for programs; both have to agree, and neither may show a secret.
fn doctor(data: &Path, more: &[(&str, &str)], arguments: &[&str]) -> Told {
    let run = |json: bool, variables: &[(String, String)]| {
        let mut command = Command::new(program::path());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("DAEGEUM_") || name.starts_with("TOSS_") || name == "APP_BASE_URL" {
                command.env_remove(name);
            }
        }
        command
            .arg("doctor")
            .arg("--data")
            .arg(data)
            .args(arguments);
        if json {
            command.arg("--json");
        }
        let output = command.envs(variables.iter().cloned()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(errors, "");
        let basic = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            format!("{SECRET_KEY}:"),
        );
        for secret in secrets::all()
            .iter()
            .chain([&SECRET_KEY.to_owned(), &basic])
        {
            assert!(!said.contains(secret), "{said}");
        }
        (output.status.code(), said)
    };
    let mut variables = secrets::environment();
    // An address without a listener: other programs on this machine must not affect the test.
    variables.push(("DAEGEUM_LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
    let more = more
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    variables.extend(more);
    let (code, json) = run(true, &variables);
    let json: Value = serde_json::from_str(&json).unwrap();
    let well = json["ok"].as_bool().unwrap();
    assert_eq!(code, Some(i32::from(!well)));
    let findings = json["findings"].as_array().unwrap().clone();
    if !variables
        .iter()
        .any(|(name, _)| name == "TOSS_PAYMENTS_BASE_URL")
    {
        // The fake Toss answers once; anybody else can be asked again.
        let (again, text) = run(false, &variables);
        assert_eq!(again, code);
        assert_eq!(text.lines().count(), findings.len() + 1, "{text}");
    }
    Told { well, findings }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The doctor where Toss is at this address.
fn doctor_at(url: &str, private: bool) -> Told {
    doctor_with(url, private, &[])
}

fn doctor_with(url: &str, private: bool, more: &[(&str, &str)]) -> Told {
    let private = if private { "true" } else { "false" };
    let mut variables = vec![
        ("TOSS_PAYMENTS_SECRET_KEY", SECRET_KEY),
        ("TOSS_PAYMENTS_CLIENT_KEY", CLIENT_KEY),
        ("TOSS_PAYMENTS_BASE_URL", url),
        ("APP_BASE_URL", "https://pay.shop.example"),
        ("DAEGEUM_GATEWAYS_ALLOW_PRIVATE", private),
    ];
    variables.extend(more);
    doctor(folder().path(), &variables, &[])
}

#[test]
fn valid_key_is_confirmed_by_a_call_that_moves_nothing() {
    let toss = FakeToss::now(404, NOT_FOUND);
    let told = doctor_at(&toss.url(), true);
    assert!(told.well);
    told.expect("settings", "ok", "Toss (a test API key)")
        .expect("toss key", "ok", "accepted")
        .expect("clock", "ok", "0 s")
        .expect("toss", "warn", "without TLS")
        .expect("public address", "ok", "https://pay.shop.example");
    let asked = toss.asked.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(asked.starts_with("GET /v1/payments/orders/pay_"), "{asked}");
    assert!(asked.contains("authorization: Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbDo="));
}

#[tokio::test]
async fn gateway_needs_a_certificate_that_this_machine_trusts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src/http/tests");
    let tls = daegeum_server::config::Tls {
        cert: Some(folder.join("leaf.pem")),
        key: Some(folder.join("leaf.key")),
    };
    let acceptor = daegeum_server::http::acceptor(&tls).unwrap().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            let length = NOT_FOUND.len();
            let head = format!("HTTP/1.1 404 X\r\nContent-Length: {length}\r\n\r\n{NOT_FOUND}");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    let look = |roots: &Path| {
        let roots = roots.to_str().unwrap().to_owned();
        tokio::task::spawn_blocking(move || {
            let url = format!("https://localhost:{port}");
            doctor_with(&url, true, &[("SSL_CERT_FILE", &roots)])
        })
    };
    let told = look(&folder.join("ca.pem")).await.unwrap();
    told.expect("toss", "ok", "over TLS")
        .expect("toss key", "ok", "accepted");
    let told = look(&folder.join("leaf.key")).await.unwrap();
    assert!(!told.well);
    told.expect("toss", "fail", "certificate");
}

#[test]
fn key_refused_by_toss_is_a_failure_with_its_remedy() {
    for (status, code) in [
        (401, "UNAUTHORIZED_KEY"),
        (403, "INCORRECT_BASIC_AUTH_FORMAT"),
    ] {
        let body = format!(r#"{{"code":"{code}","message":"인증되지 않은 시크릿 키입니다."}}"#);
        let told = doctor_at(&FakeToss::now(status, &body).url(), true);
        assert!(!told.well);
        told.expect("toss key", "fail", code)
            .expect("toss key", "fail", "developer centre");
    }
}

#[test]
fn wrong_toss_address_is_a_failure() {
    for (status, body) in [
        (404, "<html>Not Found</html>"),
        (404, r#"{"code":"NOT_FOUND","message":"x"}"#),
        (200, "{}"),
        (302, ""),
        (401, "<html>"),
    ] {
        let told = doctor_at(&FakeToss::now(status, body).url(), true);
        assert!(!told.well);
        told.expect("toss key", "fail", "base_url");
    }
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let told = doctor_at(&format!("http://{nobody}"), true);
    assert!(!told.well);
    told.expect("toss", "fail", "cannot be reached");
    let told = doctor_at("https://127.0.0.1:1", false);
    told.expect("toss", "fail", "private address");
}

#[test]
fn outage_of_toss_is_no_fault_of_the_settings() {
    for (status, body) in [(503, "<html>점검 중</html>"), (429, "")] {
        let told = doctor_at(&FakeToss::now(status, body).url(), true);
        assert!(told.well);
        told.expect("toss key", "warn", "look again");
    }
}

#[test]
fn wrong_clock_is_reported_with_its_offset() {
    for (off_s, state, part) in [
        (3, "ok", "behind"),
        (20, "warn", "behind"),
        (-20, "warn", "ahead of"),
        (600, "fail", "NTP"),
        (-600, "fail", "ahead of"),
    ] {
        let date = Timestamp::from_second(Timestamp::now().as_second() + off_s).unwrap();
        let told = doctor_at(&FakeToss::answering(404, Some(date), NOT_FOUND).url(), true);
        told.expect("clock", state, part);
        assert_eq!(told.well, state != "fail");
    }
    let told = doctor_at(&FakeToss::answering(404, None, NOT_FOUND).url(), true);
    told.expect("clock", "warn", "no time");
}

#[test]
fn every_problem_of_the_settings_is_a_finding() {
    let wrong = [
        ("TOSS_PAYMENTS_SECRET_KEY", SECRET_KEY),
        ("TOSS_PAYMENTS_CLIENT_KEY", "live_ck_D5GePWvyJnrK0W0k6q8g"),
        ("DAEGEUM_METRICS_LISTEN", "0.0.0.0:9"),
        ("DAEGEUM_ADMIN_KYE", "x"),
    ];
    let told = doctor(folder().path(), &wrong, &[]);
    assert!(!told.well);
    let all: Vec<_> = told
        .findings
        .iter()
        .map(|one| one["found"].to_string())
        .collect();
    for part in ["DAEGEUM_ADMIN_KYE", "metrics.listen", "a live API key"] {
        assert!(
            all.iter().any(|found| found.contains(part)),
            "{part} is not in {all:?}"
        );
    }
    assert!(told.findings.iter().all(|one| one["state"] == "fail"));
}

#[tokio::test]
async fn running_server_is_asked_for_its_health() {
    let shop = Shop::open().await;
    let base = shop.stranger().base().to_owned();
    let look = |more: Vec<(&'static str, &'static str)>| {
        let (data, base) = (shop.folder().to_owned(), base.clone());
        async move {
            let look = move || doctor(&data, &more, &["--url", &base]);
            tokio::task::spawn_blocking(look).await.unwrap()
        }
    };
    let mock = ("DAEGEUM_GATEWAYS_MOCK", "true");
    let told = look(vec![mock]).await;
    assert!(told.well);
    told.expect("settings", "ok", "the mock gateway")
        .expect("data directory", "ok", "open in a running server")
        .expect("journal", "ok", "format 1")
        .expect("server", "ok", "takes payments")
        .expect("unknown outcomes", "ok", "none");

    let payment = shop.order("o-1").register().await.pay().await;
    payment.complete(NoAnswer).await;
    let told = look(vec![mock]).await;
    told.expect("unknown outcomes", "warn", "1 payments without");
    assert!(told.well);

    let other_key = ("DAEGEUM_ADMIN_KEYS", "kim:0123456789abcdef0123456789abcdef");
    look(vec![mock, other_key])
        .await
        .expect("figures", "warn", "another admin key");
}

#[tokio::test]
async fn missing_server_is_a_failure() {
    let shop = Shop::open().await;
    let data = shop.folder().to_owned();
    // The settings say another port than the one that the shop got.
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let listen = nobody.to_string();
    let look = move || doctor(&data, &[("DAEGEUM_LISTEN", &listen)], &[]);
    let told = tokio::task::spawn_blocking(look).await.unwrap();
    assert!(!told.well);
    told.expect("server", "fail", "--url");
}

#[tokio::test]
async fn server_of_other_data_at_the_address_is_recognised() {
    let other = Shop::open().await;
    let listen = other.address().replace("http://", "");
    let look = move || doctor(folder().path(), &[("DAEGEUM_LISTEN", &listen)], &[]);
    let told = tokio::task::spawn_blocking(look).await.unwrap();
    assert!(told.well);
    told.expect("server", "warn", "another server answers");
    assert!(told.findings.iter().all(|one| one["about"] != "figures"));
}

#[tokio::test]
async fn data_directory_is_examined_without_opening_it() {
    let shop = Shop::open().await;
    let payment = shop.order("o-1").register().await.pay().await;
    // A notification is sealed, and so there is a key file.
    let body = NotificationContent::Captured.about(&payment.id, payment.amount);
    shop.deliver(&Delivery::now("evt-1", &body))
        .await
        .expect(200);
    let folder = shop.close();
    let data = folder.path().to_owned();
    let look = move |more: &[(&str, &str)]| doctor(&data, more, &[]);
    let told = look(&[]);
    assert!(told.well);
    told.expect("data directory", "ok", "open in no server")
        .expect("key file", "ok", "opens")
        .expect("server", "warn", "none answers");

    let other = (
        "DAEGEUM_DATA_KEY",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    let told = look(&[other]);
    assert!(!told.well);
    told.expect("key file", "fail", "another DAEGEUM_DATA_KEY");

    let segment = folder.path().join("journal/00000001.seg");
    let sound = std::fs::read(&segment).unwrap();
    for (at, value, part) in [(8, 9, "format 9"), (0, b'X', "does not begin as a journal")] {
        let mut changed = sound.clone();
        changed[at] = value;
        std::fs::write(&segment, changed).unwrap();
        let told = look(&[]);
        assert!(!told.well);
        told.expect("journal", "fail", part);
    }
    std::fs::write(&segment, &sound).unwrap();

    std::fs::remove_file(folder.path().join("keyring")).unwrap();
    look(&[]).expect("key file", "fail", "restore it");
}

#[test]
fn missing_directory_is_not_created() {
    let folder = folder();
    let data = folder.path().join("data");
    let told = doctor(&data, &[], &[]);
    told.expect("data directory", "warn", "not there yet")
        .expect("settings", "warn", "no gateway");
    assert!(!data.exists());
    std::fs::write(&data, "a file").unwrap();
    let told = doctor(&data, &[], &[]);
    told.expect("data directory", "fail", "not a directory");
    assert!(!told.well);
}

#[tokio::test(flavor = "multi_thread")]
async fn key_set_of_buyers_tokens_is_checked() {
    let login = Login::open(&[&SigningKey::rsa("r"), &SigningKey::ec("e")]).await;
    let url = login.url();
    let mut said = vec![
        ("DAEGEUM_BUYERS_ISSUER", login::ISSUER),
        ("DAEGEUM_BUYERS_AUDIENCE", login::AUDIENCE),
        ("DAEGEUM_BUYERS_JWK_SET_URL", &url),
        ("DAEGEUM_GATEWAYS_ALLOW_PRIVATE", "true"),
    ];
    let folder = folder();
    let told = doctor(folder.path(), &said, &[]);
    told.expect("buyers' tokens", "ok", "by 2 keys");
    login.answer("404 Not Found", "", "");
    let told = doctor(folder.path(), &said, &[]);
    told.expect("buyers' tokens", "fail", "answered with status 404");
    said.pop();
    said[2].1 = "https://127.0.0.1:9/keys";
    let told = doctor(folder.path(), &said, &[]);
    told.expect("buyers' tokens", "fail", "private address");
}
