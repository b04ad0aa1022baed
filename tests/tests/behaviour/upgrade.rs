//! A data directory of an older stored format is opened, gives its old answers, verifies, is rebuilt, and goes on.
//! `golden/directory-1` is such a directory, with the answers of the server of that time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, copy};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daegeum_engine::time::Timestamp;
use daegeum_tests::story::NewOrder;
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Answer, Caller, Order, Payment, Shop, Success, program, secrets};
use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Fields that answers have gained since: by the beginning of the path asked for, the places in the answer.
const GAINED: &[(&str, &[&str])] = &[
    (
        "/api/v1/events",
        &[
            ".generation",
            ".items[].cursor",
            ".items[].payload.amounts",
            ".items[].payload.way",
        ],
    ),
    (
        "/api/v1/payments/pay_",
        &[
            ".next",
            ".refunded",
            ".items[].payload.amounts",
            ".items[].payload.way",
        ],
    ),
    ("/api/v1/payments?", &[".items[].refunded"]),
    ("/api/v1/me/payments", &[".items[].refunded"]),
    (
        "/api/v1/payments/sessions/",
        &[
            ".redirect_url",
            ".failure_redirect_url",
            ".easy_pay",
            ".easy_pays",
            ".installments",
            ".installments_max",
            ".consents",
            ".receipt",
            ".payment.refunded",
        ],
    ),
    ("/api/v1/admin/balances", &[]),
    (
        "/api/v1/admin/desk",
        &[".count", ".at_least", ".items[].refunded"],
    ),
    (
        "/api/v1/admin/unanswered",
        &[".count", ".at_least", ".next", ".items[].payment.refunded"],
    ),
];

/// Keys of repetitions that need Toss to be on, as it was then.
const WITH_TOSS: &[&str] = &[
    "session-toss-paid",
    "prepare-toss-paid",
    "session-by-buyer",
    "prepare-chosen",
];

fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/directory-1");
    folder.join(name)
}

fn unpacked(name: &str) -> GzDecoder<File> {
    GzDecoder::new(File::open(golden(name)).expect("it is there"))
}

/// The directory as it was left.
fn directory() -> Arc<TempDir> {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("journal");
    fs::create_dir(&journal).expect("made");
    for name in ["keyring", "marker.json"] {
        fs::copy(golden(name), folder.path().join(name)).expect("copied");
    }
    for name in ["00000001.seg", "00000002.seg"] {
        let mut segment = File::create(journal.join(name)).expect("made");
        let packed = format!("journal/{name}.gz");
        copy(&mut unpacked(&packed), &mut segment).expect("unpacked");
    }
    Arc::new(folder)
}

/// The settings that the server of that time was started with.
struct Then(Value);

impl Then {
    fn new() -> Self {
        let text = fs::read(golden("secrets.json")).expect("it is there");
        Self(serde_json::from_slice(&text).expect("JSON"))
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().expect("a text")
    }

    fn stopped_at(&self) -> Timestamp {
        Timestamp::parse_rfc3339(self.text("stopped_at")).expect("a moment")
    }

    fn settings(&self) -> Vec<(String, String)> {
        let admins = format!("{}:{}", self.text("admin_name"), self.text("admin"));
        [
            ("LISTEN", "127.0.0.1:0"),
            ("LIMITS_RATE_PER_SOURCE", "0"),
            ("LIMITS_RATE_PER_KEY", "0"),
            ("GATEWAYS_MOCK", "true"),
            ("GATEWAYS_ALLOW_PRIVATE", "true"),
            ("GATEWAYS_TOSS_SDK_URL", self.text("toss_sdk_url")),
            ("MERCHANT_KEY", self.text("merchant")),
            ("ADMIN_KEYS", &admins),
            ("BUYER_JWT_SECRET", self.text("buyer_jwt_secret")),
            ("MOCK_WEBHOOK_SECRET", self.text("mock_webhook_secret")),
            ("DATA_KEY", self.text("data_key")),
            ("PUBLIC_URL", self.text("public_url")),
            ("CHECKOUT_REDIRECT_ORIGINS", self.text("redirect_origins")),
        ]
        .map(|(name, value)| (format!("DAEGEUM_{name}"), value.to_owned()))
        .into()
    }

    /// The same with Toss, whose place `toss` takes; what answers show of Toss is as it was then.
    fn settings_with(&self, toss: &Gateway) -> Vec<(String, String)> {
        let mut all: BTreeMap<_, _> = toss.settings().into_iter().collect();
        all.extend(self.settings());
        let client_key = self.text("toss_client_key").to_owned();
        all.insert("DAEGEUM_GATEWAYS_TOSS_CLIENT_KEY".to_owned(), client_key);
        all.into_iter().collect()
    }

    /// Who asked, by the word for it in a question.
    fn caller(&self, shop: &Shop, who: Option<&str>) -> Caller {
        let stranger = shop.stranger();
        let Some(who) = who else {
            return stranger.clone();
        };
        match who.strip_prefix("buyer:") {
            Some(buyer) => {
                let claims = json!({"sub": buyer, "exp": secrets::now_s() + 600});
                stranger.with(secrets::token_of(&claims, self.text("buyer_jwt_secret")))
            }
            None => stranger.with(self.text(who)),
        }
    }
}

/// A question that was asked then, and its answer.
struct Asked(Value);

impl Asked {
    fn all() -> Vec<Self> {
        let lines = BufReader::new(unpacked("answers.jsonl.gz")).lines();
        let asked = |line: String| Self(serde_json::from_str(&line).expect("JSON"));
        lines.map(|line| asked(line.expect("text"))).collect()
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().expect("a text")
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.0["headers"][name].as_str()
    }

    fn needs_toss(&self) -> bool {
        let key = self.header("idempotency-key");
        key.is_some_and(|key| WITH_TOSS.contains(&key))
    }

    async fn again(&self, shop: &Shop, then: &Then) -> Answer {
        let method: Method = self.text("method").parse().expect("a method");
        // Transactions had no pages then.
        let path = match self.text("path") {
            path if path.ends_with("/transactions") => format!("{path}?limit=100"),
            path => path.to_owned(),
        };
        let caller = then.caller(shop, self.header("authorization"));
        let mut request = caller.request(method, &path);
        for name in ["x-request-id", "idempotency-key", "content-type"] {
            if let Some(value) = self.header(name) {
                request = request.header(name, value);
            }
        }
        if let Some(body) = self.0["body"].as_str() {
            request = request.body(body.to_owned());
        }
        Answer::to(request).await
    }

    /// The differences; empty if there are none.
    fn differs(&self, now: &Answer) -> Option<String> {
        let (then, path) = (self.text("answer"), self.text("path"));
        let about = |what: &str| Some(format!("{} {path}: {what}", self.text("method")));
        if u64::from(now.status) != self.0["status"].as_u64().expect("a status") {
            return about(&format!("{} {}", now.status, now.body()));
        }
        if now.bytes == then.as_bytes() {
            return None;
        }
        let gained = GAINED.iter().find(|(of, _)| path.starts_with(of));
        let Some((_, gained)) = gained.filter(|_| self.text("method") == "GET") else {
            return about(&now.body());
        };
        let then: Value = serde_json::from_str(then).expect("JSON");
        let (then, now) = (
            in_any_order(path, then),
            in_any_order(path, now.json().clone()),
        );
        grown(gained, "", &then, &now).and_then(|what| about(&what))
    }
}

/// Work lists now begin with the oldest entry, and have ages.
fn in_any_order(path: &str, mut answer: Value) -> Value {
    if path.starts_with("/api/v1/admin/") {
        let items = answer["items"].as_array_mut().expect("items");
        items.sort_by_key(|item| item["payment_id"].to_string());
        for item in items {
            item.as_object_mut().expect("an item").remove("age_seconds");
        }
    }
    answer
}

/// Where `now` is not `then` with fields besides that are named in `gained`.
fn grown(gained: &[&str], at: &str, then: &Value, now: &Value) -> Option<String> {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            let new = now.keys().filter(|name| !then.contains_key(*name));
            let mut new = new.map(|name| format!("{at}.{name}"));
            if let Some(new) = new.find(|new| !gained.contains(&new.as_str())) {
                return Some(format!("{new} is new"));
            }
            let mut old = then.iter();
            old.find_map(|(name, then)| {
                let now = now.get(name).unwrap_or(&Value::Null);
                grown(gained, &format!("{at}.{name}"), then, now)
            })
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            let mut both = then.iter().zip(now);
            both.find_map(|(then, now)| grown(gained, &format!("{at}[]"), then, now))
        }
        // Sums are written out since, so that no reader has to keep a large number exact.
        (Value::Number(then), Value::String(now))
            if at == ".items[].amount" && then.to_string() == *now =>
        {
            None
        }
        (then, now) => (then != now).then(|| format!("{at} was {then}, is {now}")),
    }
}

/// Asks all that `is_asked` again, and fails with everything that is not answered as it was.
async fn answers_as_then(shop: &Shop, then: &Then, is_asked: impl Fn(&Asked) -> bool) -> usize {
    let asked: Vec<Asked> = Asked::all().into_iter().filter(is_asked).collect();
    let mut differ = Vec::new();
    for question in &asked {
        let now = question.again(shop, then).await;
        differ.extend(question.differs(&now));
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    asked.len()
}

fn verifies(folder: &TempDir) {
    let verified = program::run(&["verify"], folder.path());
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(said.contains("Everything holds."), "{said}{verified:?}");
}

/// The order that was left with this name, and its last payment.
async fn left(shop: &Shop, then: &Then, order: &str) -> (Order, Payment) {
    let merchant = then.caller(shop, Some("merchant"));
    let now = merchant.get(&format!("/api/v1/orders/{order}")).await;
    let total = now["total"].as_u64().expect("an amount");
    let payments = now["payments"].as_array().expect("payments");
    let id = payments.last().expect("a payment").as_str();
    let id = id.expect("an id").to_owned();
    let payment = Payment::known(merchant.clone(), &id, total);
    (Order::known(merchant, order, total), payment)
}

async fn open(folder: &Arc<TempDir>, then: &Then) -> Shop {
    Shop::open_over(Arc::clone(folder), then.settings(), then.stopped_at()).await
}

#[tokio::test]
async fn older_directory_gives_its_old_answers_and_is_rebuilt() {
    let (folder, then) = (directory(), Then::new());
    let shop = open(&folder, &then).await;
    let asked = answers_as_then(&shop, &then, |asked| !asked.needs_toss()).await;
    assert_eq!(asked, 502, "all but those that need Toss");
    drop(shop);
    verifies(&folder);

    fs::remove_dir_all(folder.path().join("index")).expect("it was made");
    let rebuilt = program::run(&["rebuild"], folder.path());
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    verifies(&folder);
    let shop = open(&folder, &then).await;
    answers_as_then(&shop, &then, |asked| !asked.needs_toss()).await;
}

#[tokio::test]
async fn an_older_directory_goes_on() {
    let (folder, then) = (directory(), Then::new());
    let shop = open(&folder, &then).await;
    let merchant = then.caller(&shop, Some("merchant"));
    let feed = merchant.get("/api/v1/events?limit=1").await.expect(200);
    assert_eq!(feed["last"], 783);

    let order = NewOrder::new(merchant.clone(), "later").register().await;
    order.pay().await.complete(Success).await.expect(200);
    assert_eq!(order.status().await, "PAID");

    let admin = then.caller(&shop, Some("admin"));
    let (_, aside) = left(&shop, &then, "v1-mock-orphan-on-desk").await;
    let (refused_order, refused) = left(&shop, &then, "v1-toss-booked-cancel-refused").await;
    let returned = json!({"resolution": "returned", "reason": "계좌로 보냄"});
    for (payment, detail) in [(&aside, "RETURNED"), (&refused, "REFUNDED")] {
        let path = format!("/api/v1/admin/payments/{}/resolve", payment.id);
        let decided = admin.post(&path, &returned).await.expect(200);
        assert_eq!(decided["detail"], detail);
    }
    assert_eq!(refused_order.status().await, "CANCELED");
    drop(shop);
    verifies(&folder);

    let shop = open(&folder, &then).await;
    let order = order.at(&shop.address());
    assert_eq!(order.status().await, "PAID");
    assert_eq!(aside.at(&shop.address()).detail().await, "RETURNED");
    // What happened since does not change what was answered before.
    answers_as_then(&shop, &then, |asked| {
        asked.text("method") == "POST" && !asked.needs_toss()
    })
    .await;
}

#[tokio::test]
async fn unanswered_call_of_an_older_server_is_taken_up() {
    let (folder, then) = (directory(), Then::new());
    let toss = Gateway::open(Arc::default()).await;
    let settings = then.settings_with(&toss);
    let shop = Shop::open_over(Arc::clone(&folder), settings, then.stopped_at()).await;
    let asked = answers_as_then(&shop, &then, Asked::needs_toss).await;
    assert_eq!(asked, WITH_TOSS.len());

    let (order, payment) = left(&shop, &then, "v1-toss-confirm-intended").await;
    // This Toss never heard of it; when its time is over that is an answer.
    shop.settle(&payment).await;
    assert_eq!(payment.detail().await, "FAILED");
    let events = payment.events().await;
    assert!(
        events.contains(&"OPERATION_UNANSWERED".to_owned()),
        "{events:?}"
    );
    let second = order.pay().await;
    second.complete(Success).await.expect(200);
    assert_eq!(order.status().await, "PAID");
    drop(shop);
    verifies(&folder);
}
