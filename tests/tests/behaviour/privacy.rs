//! Secrets and personal data: never in the log, never in clear on the disk, gone when erased; and the books still
//! balance.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::gateway::{Delivery, NotificationContent};
use daegeum_tests::program::{self, Program};
use daegeum_tests::story::NewOrder;
use daegeum_tests::{Caller, Captured, Payment, Shop, Success, secrets, toss};
use serde_json::{Value, json};

/// Strings found nowhere else: what a gateway wrote of a buyer, and what an administrator wrote.
const PHONE: &str = "010-9876-5432.canary";
const REASON: &str = "환불 요청: 김카나리아 010-1111-2222";

fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            let mut bytes = std::fs::read(&path).expect("a file");
            // What is prepared for later is all zeros, and much.
            let used = bytes.iter().rposition(|byte| *byte != 0);
            bytes.truncate(used.map_or(0, |at| at + 1));
            files.push((path.display().to_string(), bytes));
        }
    }
    files
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// A notification that can be recognised word for word: fields we do not know are refused, so what
/// marks it is how its payment's id is written.
fn with_canary(payment: &Payment, heard: &NotificationContent) -> String {
    let body = heard.about(&payment.id, payment.amount).to_string();
    body.replace(&payment.id, &escaped(&payment.id))
}

/// Every character as `\u00..`: a mark that only the raw body has.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|one| format!("\\u{:04x}", u32::from(one)))
        .collect()
}

/// A text that only the raw body of a notification about this payment contains.
fn mark(payment: &Payment) -> String {
    escaped(&payment.id)
}

async fn hear(shop: &Shop, payment: &Payment, heard: NotificationContent) {
    let body = with_canary(payment, &heard);
    let delivery = Delivery::signed("evt-canary", secrets::now_s(), body, secrets::WEBHOOK_NEW);
    shop.deliver(&delivery).await.expect(200);
}

fn opened(events: &[Value]) -> Vec<Value> {
    let payloads = events.iter().map(|event| &event["payload"]);
    let of = |payload: &Value| {
        payload
            .get("body")
            .or_else(|| payload.get("reason"))
            .cloned()
    };
    payloads
        .filter(|payload| payload.get("event_id").is_some() || payload.get("actor").is_some())
        .filter_map(of)
        .collect()
}

/// A payment of `ari` with a notification and a decision in its past.
async fn marked(shop: &Shop, id: &str) -> Payment {
    let order = shop.order(id).by("ari").register().await;
    let payment = order.pay().await;
    order.cancel().await.expect(200);
    hear(shop, &payment, Captured).await;
    let path = format!("/api/v1/admin/payments/{}/resolve", payment.id);
    let decision = json!({"resolution": "return", "reason": REASON});
    shop.admin().post(&path, &decision).await.expect(200);
    payment
}

#[tokio::test]
async fn personal_data_is_never_in_clear_on_the_disk() {
    let shop = Shop::open().await;
    let payment = marked(&shop, "o-1").await;
    let [body, reason] = &opened(&payment.transactions().await)[..] else {
        panic!("two sealed values");
    };
    assert!(
        body.as_str().unwrap().contains(&mark(&payment)),
        "the body is kept word for word"
    );
    assert_eq!(reason, REASON);
    let folder = shop.close();
    let files = files_below(folder.path());
    assert!(
        files.iter().any(|(_, bytes)| holds(bytes, "evt-canary")),
        "the search finds what is there"
    );
    for (name, bytes) in &files {
        for canary in [REASON, "김카나리아", &mark(&payment)] {
            assert!(!holds(bytes, canary), "{canary} is in {name}");
        }
        for secret in secrets::all() {
            assert!(!holds(bytes, &secret), "a secret is in {name}");
        }
    }
    verified(folder.path());
}

/// Whoever has the address of a gateway's slip sees what was bought, by whom and with which card.
#[tokio::test]
async fn gateways_slip_is_never_in_clear_on_the_disk() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let slip = checkout.now().await["receipt"]["slip_url"].clone();
    let slip = slip.as_str().expect("a slip").to_owned();
    let (_, path) = slip.split_once("/sandbox/").expect("the simulator's");
    let key = checkout.approved_key().await;
    let folder = shop.close();
    let files = files_below(folder.path());
    assert!(
        files.iter().any(|(_, bytes)| holds(bytes, &key)),
        "the search finds what is there"
    );
    for (name, bytes) in &files {
        assert!(!holds(bytes, path), "{path} is in {name}");
    }
}

#[track_caller]
fn verified(data: &Path) {
    let output = program::run(&["verify"], data);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("Everything holds."),
        "{said}"
    );
}

#[tokio::test]
async fn erasing_a_buyer_hides_their_data_and_the_books_still_balance() {
    let shop = Shop::open().await;
    let (payment, other) = (marked(&shop, "o-1").await, marked(&shop, "o-2").await);
    let bora = shop.order("o-3").by("bora").register().await.pay().await;
    hear(&shop, &bora, Captured).await;
    let erase = "/api/v1/admin/buyers/ari/erase";
    assert_eq!(
        shop.admin().ask(erase).await.expect(200).json(),
        &json!({"payments": 2})
    );
    assert_eq!(
        shop.admin().ask(erase).await.expect(200).json(),
        &json!({"payments": 0})
    );
    let nobody = shop
        .admin()
        .ask("/api/v1/admin/buyers/nobody/erase")
        .await
        .expect(200);
    assert_eq!(nobody.json(), &json!({"payments": 0}));
    for erased in [&payment, &other] {
        let events = erased.transactions().await;
        assert_eq!(opened(&events)[..2], [Value::Null, Value::Null]);
        assert_eq!(events.last().unwrap()["payload"], json!({"actor": "kim"}));
    }
    assert!(
        opened(&bora.transactions().await)[0].is_string(),
        "another buyer's stays"
    );
    let path = payment.path("/transactions");
    let before = payment.transactions().await;
    let shop = shop.reopen().await;
    let after = shop.merchant().get(&path).await.expect(200);
    assert_eq!(after["items"], json!(before));
    verified(shop.close().path());
}

#[tokio::test]
async fn data_past_its_retention_is_erased() {
    let settings = [
        ("DAEGEUM_RETENTION_EVIDENCE_DAYS", "30"),
        ("DAEGEUM_RETENTION_PERSONAL_DAYS", "90"),
    ];
    let shop = Shop::open_with(&settings).await;
    let payment = marked(&shop, "o-1").await;
    // An order a day: records say how time passes.
    let after_days = async |days: u64| {
        for _ in 0..days {
            shop.advance(Duration::from_hours(24));
            let order = format!("after-{}", shop.last_event().await);
            shop.order(&order).register().await;
        }
        shop.look_at_retention().await;
        let told = opened(&payment.transactions().await);
        (told[0].is_string(), told[1].is_string())
    };
    let due = "retention_days_due{class=\"evidence\"}";
    assert_eq!(after_days(29).await, (true, true));
    assert_eq!(shop.figure(due).await, 0);
    assert_eq!(after_days(3).await, (true, true));
    assert_eq!(shop.figure(due).await, 1, "it is said beforehand");
    assert_eq!(after_days(3).await, (false, true), "what the gateway sent");
    assert_eq!(shop.figure(due).await, 0);
    assert_eq!(
        after_days(60).await,
        (false, false),
        "what the administrator wrote"
    );
    let detail = payment.detail().await;
    assert_eq!(detail, "RETURNED");
    verified(shop.close().path());
}

#[tokio::test]
async fn gap_in_the_records_erases_nothing() {
    let shop = Shop::open_with(&[("DAEGEUM_RETENTION_EVIDENCE_DAYS", "30")]).await;
    let payment = marked(&shop, "o-1").await;
    for _ in 0..5 {
        shop.advance(Duration::from_hours(24 * 40));
        shop.order(&format!("after-{}", shop.last_event().await))
            .register()
            .await;
        shop.look_at_retention().await;
    }
    assert!(opened(&payment.transactions().await)[0].is_string());
    let doubted = "retention_days_doubted{class=\"evidence\"}";
    assert_eq!(shop.figure(doubted).await, 1, "and it is said");
}

#[tokio::test]
async fn log_has_the_ids_and_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let mut program = Program::start(&data, &secrets::environment(), &["--sandbox"], &log);
    program.ready().await;
    let stranger = Caller::new(&program.base());
    let order = NewOrder::new(stranger.with(secrets::MERCHANT), "o-1")
        .by("ari")
        .register()
        .await;
    let payment = order.pay_with("k-logged").await;
    payment.complete(Success).await.expect(200);
    let mut body = Captured.about(&payment.id, 11_000);
    body["phone"] = PHONE.into();
    Delivery::now("evt-1", &body)
        .to(&stranger)
        .await
        .refused(400, "UNKNOWN_FIELD");
    let body = with_canary(
        &payment,
        &NotificationContent::Other("payment.noticed".into()),
    );
    let delivery = Delivery::signed("evt-2", secrets::now_s(), body, secrets::WEBHOOK_OLD);
    delivery.to(&stranger).await.expect(200);
    let token = secrets::token("ari");
    stranger
        .with(token.as_str())
        .get("/api/v1/me/payments")
        .await
        .expect(200);
    stranger
        .with("not-a-secret-but-a-canary")
        .get("/api/v1/payments")
        .await
        .expect(401);
    stranger
        .with(secrets::KIM)
        .get("/api/v1/admin/desk")
        .await
        .expect(200);
    stranger
        .with(secrets::MERCHANT)
        .get(&format!("/api/v1/orders?q={PHONE}"))
        .await
        .expect(400);
    let base = program.base();
    assert!(program.stop().success(), "{base} did not stop in order");

    let logged = std::fs::read_to_string(&log).expect("a log");
    let mut hidden = secrets::all();
    hidden.extend([PHONE.into(), "canary".into(), mark(&payment), token]);
    for secret in hidden {
        // The welcome of a sandbox shows its merchant key on purpose: a curl to be pasted.
        let lines = logged.lines().filter(|line| line.starts_with('{'));
        for line in lines {
            assert!(!line.contains(&secret), "{secret} is in the log: {line}");
        }
    }
    let lines = logged
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut transitions = lines.filter(|line| line["message"] == "transition");
    let begun = transitions
        .find(|line| line["transition"] == "PAYMENT_INITIATED")
        .expect("logged");
    assert_eq!(
        (&begun["order_id"], &begun["payment_id"]),
        (&json!("o-1"), &json!(payment.id))
    );
    assert_eq!(begun["idempotency_key"], "k-logged");
    assert!(begun["request_id"].as_str().unwrap().starts_with("req_"));
    let taken = transitions
        .find(|line| line["transition"] == "CAPTURE_SUCCEEDED")
        .expect("logged");
    assert!(
        taken["provider_payment_id"]
            .as_str()
            .unwrap()
            .starts_with("mock_")
    );
}

/// A buyer's contact data, each value unique.
const BUYER: [&str; 3] = ["김까나리아", "canary.kim@example.com", "01093717394"];

fn said_of_the_buyer() -> Value {
    json!({ "buyer_name": BUYER[0], "buyer_email": BUYER[1], "buyer_tel": "010-9371-7394" })
}

/// What a checkout is opened with, and what its gateway is called with, besides [`secrets::all`].
fn of_the_checkout(token: &str) -> Vec<String> {
    let basic = STANDARD.encode(format!("{}:", toss::SECRET_KEY));
    let secrets = [toss::SECRET_KEY, &basic, token].map(str::to_owned);
    secrets
        .into_iter()
        .chain(BUYER.map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn buyers_contact_data_is_sealed_and_can_be_erased() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").by("ari").register().await;
    let begun = order.send_session(said_of_the_buyer()).await.expect(201);
    let checkout = order.begun(&begun, &toss);
    let by_name = checkout.prepare().await.expect(200);
    assert_eq!(by_name["window"]["customer_name"], BUYER[0], "it is kept");
    checkout.pay().await.expect(200);
    let hint = json!({ "orderId": checkout.payment.id, "customerName": BUYER[0] });
    let webhook = "/api/v1/payments/webhook/toss";
    shop.stranger().post(webhook, &hint).await.expect(200);
    shop.ask_gateway().await;
    let audit = checkout.payment.path("/transactions");
    let audit = shop.merchant().get(&audit).await.expect(200).body();
    for canary in of_the_checkout(begun.text("session_token")) {
        assert!(!audit.contains(&canary), "{canary} is in the audit trail");
    }
    let erase = "/api/v1/admin/buyers/ari/erase";
    shop.admin().ask(erase).await.expect(200);
    let transactions = checkout.payment.transactions().await;
    let calls = transactions
        .iter()
        .filter(|event| event["event_type"] == "GATEWAY_CALLED");
    assert!(
        calls
            .into_iter()
            .all(|call| call["payload"]["exchange"].is_null())
    );
    let folder = shop.close();
    let mut hidden = secrets::all();
    hidden.extend(of_the_checkout(begun.text("session_token")));
    // What Toss was told and said is sealed too.
    hidden.extend(["approveNo", "paymentKey\"", "127.0.0.1"].map(str::to_owned));
    for (name, bytes) in files_below(folder.path()) {
        for canary in &hidden {
            assert!(!holds(&bytes, canary), "{canary} is in {name}");
        }
    }
    verified(folder.path());
}

#[tokio::test]
async fn log_and_errors_of_a_checkout_contain_no_personal_data() {
    let toss = toss::Gateway::open(std::sync::Arc::default()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let settings: Vec<_> = secrets::environment()
        .into_iter()
        .chain(toss.settings())
        .collect();
    let mut program = Program::start(&data, &settings, &[], &log);
    program.ready().await;
    let merchant = Caller::new(&program.base()).with(secrets::MERCHANT);
    let order = NewOrder::new(merchant.clone(), "o-1").register().await;
    let begun = order.send_session(said_of_the_buyer()).await.expect(201);
    let checkout = order.begun(&begun, &toss);
    let approved = checkout.approve().await;
    let lost = Fault::ResponseLost { silent_ms: 0 };
    toss.fails(CallFilter::Confirm, lost, 1);
    toss.fails(CallFilter::Inquire, Fault::Garbage {}, 1);
    checkout.confirm(&approved).await.expect(200);
    let mut tampered = approved.clone();
    tampered.amount = 1;
    let mut answers = vec![checkout.confirm(&tampered).await.refused(422, "MISMATCHED")];
    for (field, wrong) in [
        ("buyer_name", format!("{}\u{7}", BUYER[0])),
        ("buyer_email", format!("{} ", BUYER[1])),
        ("buyer_tel", format!("{}#", BUYER[2])),
        ("buyer_phone", BUYER[2].to_owned()),
    ] {
        answers.push(
            order
                .send_session(json!({ field: wrong }))
                .await
                .expect(400),
        );
    }
    let query = format!("/api/v1/payments/sessions/{}?tel={}", checkout.id, BUYER[2]);
    answers.push(merchant.get(&query).await.expect(400));
    assert!(program.stop().success());
    let logged = std::fs::read_to_string(&log).expect("a log");
    assert!(
        logged.contains(&checkout.payment.id),
        "it logs what it does"
    );
    let mut hidden = secrets::all();
    hidden.extend(of_the_checkout(begun.text("session_token")));
    for canary in &hidden {
        let line = logged.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "{canary} is in the log");
        for answer in &answers {
            assert!(!answer.body().contains(canary), "{}", answer.body());
        }
    }
}
