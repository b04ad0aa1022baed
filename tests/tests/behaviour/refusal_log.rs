//! The log of refusals: every `request_id` that a caller got is found there, and a flood of refusals cannot fill it.

use std::io::Read;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use daegeum_tests::program::Program;
use daegeum_tests::story::NewOrder;
use daegeum_tests::{Answer, Caller, secrets, until};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running server whose log can be read once it has stopped.
struct Logged {
    folder: TempDir,
    server: Program,
}

impl Logged {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let said = settings.iter();
        let said = said.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variables: Vec<_> = secrets::environment().into_iter().chain(said).collect();
        let (data, log) = (folder.path().join("data"), log_of(folder.path()));
        let mut server = Program::start(&data, &variables, &["--sandbox"], &log);
        server.ready().await;
        Self { folder, server }
    }

    fn stranger(&self) -> Caller {
        Caller::new(&self.server.base())
    }

    fn merchant(&self) -> Caller {
        self.stranger().with(secrets::MERCHANT)
    }

    /// Stops the server and reads what it wrote: its lines are all there then.
    fn lines(self) -> Vec<Value> {
        assert!(self.server.stop().success());
        let text = std::fs::read_to_string(log_of(self.folder.path())).expect("a log");
        // The welcome shows the sandbox's own secrets to people; the log never does.
        let lines = text.lines().filter(|line| line.starts_with('{'));
        let lines = lines.inspect(|line| {
            for secret in secrets::all() {
                assert!(!line.contains(&secret), "{line}");
            }
        });
        let parsed = lines.map(|line| serde_json::from_str(line).expect("a JSON line"));
        parsed.collect()
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("log")
}

fn id_of(answer: &Answer) -> String {
    answer.headers["x-request-id"]
        .to_str()
        .expect("an id")
        .to_owned()
}

/// The lines about one request.
fn about<'l>(lines: &'l [Value], id: &str) -> Vec<&'l Value> {
    lines
        .iter()
        .filter(|line| line["request_id"] == id)
        .collect()
}

#[tokio::test]
async fn refusal_is_found_by_its_request_id() {
    let logged = Logged::start(&[]).await;
    let (stranger, merchant) = (logged.stranger(), logged.merchant());
    let buyer = stranger.with(secrets::token("hana@example.com"));
    let order = NewOrder::new(merchant.clone(), "o-1").register().await;
    order
        .pay()
        .await
        .complete(daegeum_tests::Success)
        .await
        .expect(200);
    let first = order.send_payment("k-1").await;
    let again = order.send_payment("k-1").await;
    let bad_body = merchant
        .post("/api/v1/orders", &json!({"order_id": 7}))
        .await;
    let route = Some("/api/v1/orders/{order_id}");
    let refused = [
        (
            stranger.get("/api/v1/orders/o-1").await,
            route,
            None,
            "UNAUTHENTICATED",
            401,
        ),
        (
            merchant.get("/api/v1/orders/o-2").await,
            route,
            Some("merchant:merchant"),
            "ORDER_NOT_FOUND",
            404,
        ),
        (
            buyer.get("/api/v1/admin/desk").await,
            Some("/api/v1/admin/desk"),
            Some("buyer"),
            "FORBIDDEN",
            403,
        ),
        (
            merchant.get("/kim@example.com").await,
            None,
            None,
            "NOT_FOUND",
            404,
        ),
        (
            merchant.get("/%zz").await,
            None,
            None,
            "MALFORMED_PATH",
            400,
        ),
        (
            merchant.ask("/healthz").await,
            Some("/healthz"),
            None,
            "METHOD_NOT_ALLOWED",
            405,
        ),
        (
            bad_body,
            Some("/api/v1/orders"),
            Some("merchant:merchant"),
            "WRONG_TYPE",
            400,
        ),
        (
            first,
            Some("/api/v1/payments"),
            Some("merchant:merchant"),
            "ORDER_NOT_PAYABLE",
            409,
        ),
    ];
    let accepted = merchant.get("/api/v1/orders/o-1").await.expect(200);

    let lines = logged.lines();
    for (answer, route, principal, code, status) in &refused {
        assert_eq!((answer.status, answer.code()), (*status, *code));
        let [line] = about(&lines, &id_of(answer))[..] else {
            panic!("one line for {code}: {lines:#?}");
        };
        assert_eq!(line["level"], "INFO", "{line}");
        assert_eq!(line["message"], "request refused");
        assert_eq!(line["status"], *status);
        assert_eq!(line["code"], *code);
        assert_eq!(line["route"].as_str(), *route, "{line}");
        assert_eq!(line["principal"].as_str(), *principal, "{line}");
    }
    let [line] = about(&lines, &id_of(&again))[..] else {
        panic!("one line for the repetition: {lines:#?}");
    };
    assert_eq!(
        line["first_request_id"], again["request_id"],
        "the body names the first"
    );
    assert!(about(&lines, &id_of(&accepted)).is_empty());
    let text = format!("{lines:?}");
    assert!(
        !text.contains("@example.com"),
        "neither buyers nor paths: {text}"
    );
}

#[tokio::test]
async fn flood_of_one_refusal_is_sampled_and_hides_no_other() {
    const ASKED: u64 = 200;
    let logged = Logged::start(&[("DAEGEUM_LOG_REFUSALS_PER_SECOND", "1")]).await;
    let (stranger, merchant) = (logged.stranger(), logged.merchant());
    for _ in 0..ASKED {
        merchant.get("/nowhere").await.expect(404);
    }
    let other = stranger.get("/api/v1/orders/o-1").await.expect(401);
    let admin = stranger.with(secrets::KIM);
    let figures = admin.get("/metrics").await.expect(200).body();
    let figure = |name: &str| {
        let value = figures.lines().find_map(|line| line.strip_prefix(name));
        value.map_or(0, |value| value.trim().parse::<u64>().expect("a count"))
    };
    let left_out = figure("http_refusals_unlogged_total");
    assert_eq!(figure("http_refusals_total{code=\"NOT_FOUND\"}"), ASKED);

    let lines = logged.lines();
    let written = lines
        .iter()
        .filter(|line| line["code"] == "NOT_FOUND")
        .count();
    assert_eq!(u64::try_from(written).expect("few") + left_out, ASKED);
    assert!(left_out > 0, "200 requests do not take 200 seconds");
    assert_eq!(about(&lines, &id_of(&other)).len(), 1, "{lines:#?}");
}

#[tokio::test]
async fn debug_logs_accepted_requests_and_trace_logs_commits() {
    for (level, also_commits) in [("debug", false), ("trace", true)] {
        let logged = Logged::start(&[("DAEGEUM_LOG_LEVEL", level)]).await;
        let order = NewOrder::new(logged.merchant(), "o-1")
            .send()
            .await
            .expect(201);
        let lines = logged.lines();
        let told = about(&lines, &id_of(&order));
        let mut answered = told.iter();
        let line = answered.find(|line| line["message"] == "request answered");
        let line = line.expect("a line for the accepted request");
        assert_eq!(line["route"], "/api/v1/orders");
        assert_eq!(
            (&line["method"], &line["status"]),
            (&json!("POST"), &json!(201))
        );
        assert!(line["took_us"].as_u64().is_some(), "{line}");
        let commits = lines.iter().any(|line| line["message"] == "committed");
        assert_eq!(commits, also_commits, "{level}");
        let foreign = lines.iter().find(|line| {
            let target = line["target"].as_str().unwrap_or("daegeum");
            line["level"] != "INFO" && !target.starts_with("daegeum")
        });
        assert_eq!(foreign, None, "libraries log what we cannot answer for");
    }
}

#[tokio::test]
async fn connection_over_the_limit_is_logged_like_any_refusal() {
    let logged = Logged::start(&[("DAEGEUM_LIMITS_CONNECTIONS", "1")]).await;
    // Takes the one place, once the readiness check has left it, and keeps the connection.
    let first = logged.stranger();
    until("the place is taken", || async {
        let answer = Answer::try_to(first.request(Method::GET, "/healthz")).await;
        answer.is_ok_and(|answer| answer.status == 200)
    })
    .await;
    let id = turned_away(&logged.server.base());
    let lines = logged.lines();
    let [line] = about(&lines, &id)[..] else {
        panic!("one line: {lines:#?}");
    };
    assert_eq!(line["code"], "TOO_MANY_CONNECTIONS");
}

/// The request id that a connection over the limit is given. The server need not read the request to refuse it.
fn turned_away(base: &str) -> String {
    let address = base.strip_prefix("http://").expect("an address");
    let mut connection = TcpStream::connect(address).expect("a connection");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let mut headers = answer.lines();
    let id = headers.find_map(|line| line.strip_prefix("x-request-id: "));
    id.expect("an id").to_owned()
}
