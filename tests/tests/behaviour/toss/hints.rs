//! Toss's notifications of payments are unsigned. Whatever is sent, however often, at most makes us ask Toss, and
//! only Toss's answer moves anything.

use std::path::Path;
use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Answer, Caller, CheckoutVisit, Shop, until};
use serde_json::{Value, json};

const WEBHOOK: &str = "/api/v1/payments/webhook/toss";

/// A notification that anyone can send.
fn forged(payment_id: &str, status: &str) -> Value {
    json!({
        "eventType": "PAYMENT_STATUS_CHANGED",
        "createdAt": "2026-01-01T00:00:00.000000",
        "data": {
            "paymentKey": "tgen_forged", "orderId": payment_id, "status": status,
            "totalAmount": 11_000, "balanceAmount": 11_000, "secret": "ps_forged",
        },
    })
}

async fn send(shop: &Shop, body: &Value) -> Answer {
    let answer = shop.stranger().post(WEBHOOK, body).await.expect(200);
    assert_eq!(answer.json(), &json!({ "result": "received" }));
    answer
}

async fn heard(shop: &Shop, status: &str) -> u64 {
    let name = format!("payment_webhook_total{{provider=\"TOSS\",status=\"{status}\"}}");
    shop.figure(&name).await
}

async fn begun(shop: &Shop, toss: &Gateway, id: &str) -> CheckoutVisit {
    shop.order(id).register().await.checkout(toss).await
}

#[tokio::test]
async fn forged_success_changes_nothing_and_costs_one_inquiry_in_five_seconds() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = begun(&shop, &toss, "o-1").await;
    checkout.approve().await;
    let last = shop.last_event().await;
    for _ in 0..20 {
        send(&shop, &forged(&checkout.payment.id, "DONE")).await;
    }
    shop.ask_gateway().await;
    assert_eq!(toss.calls(), (0, 1, 0));
    for _ in 0..20 {
        send(&shop, &forged(&checkout.payment.id, "DONE")).await;
        shop.ask_gateway().await;
    }
    assert_eq!(toss.calls(), (0, 1, 0));
    shop.advance(Duration::from_secs(5));
    shop.ask_gateway().await;
    assert_eq!(toss.calls(), (0, 2, 0));
    shop.advance(Duration::from_mins(1));
    shop.ask_gateway().await;
    assert_eq!(toss.calls(), (0, 2, 0), "no hint is followed twice");

    assert_eq!(
        (
            heard(&shop, "followed").await,
            heard(&shop, "coalesced").await
        ),
        (2, 38)
    );
    assert_eq!(checkout.status().await, "prepared");
    assert_eq!(shop.last_event().await, last);
    assert!(
        !checkout
            .payment
            .events()
            .await
            .contains(&"HINT_FOLLOWED".to_owned())
    );
    assert_eq!(shop.balance("gateway_receivable").await, 0);
}

#[tokio::test]
async fn forged_failure_or_cancellation_changes_no_captured_payment() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = begun(&shop, &toss, "o-1").await;
    checkout.pay().await.expect(200);
    for status in [
        "ABORTED",
        "EXPIRED",
        "CANCELED",
        "WAITING_FOR_DEPOSIT",
        "PARTIAL_CANCELED",
    ] {
        send(&shop, &forged(&checkout.payment.id, status)).await;
        shop.advance(Duration::from_secs(6));
        shop.ask_gateway().await;
        assert_eq!(checkout.payment.detail().await, "CAPTURED", "{status}");
    }
    assert_eq!(toss.calls().1, 5);
    assert_eq!(checkout.order.status().await, "PAID");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn persistent_forgeries_do_not_fill_the_journal() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = begun(&shop, &toss, "o-1").await;
    for _ in 0..64 {
        send(&shop, &forged(&checkout.payment.id, "DONE")).await;
        shop.ask_gateway().await;
        shop.advance(Duration::from_secs(6));
    }
    let last = written(&shop).await;
    // From here on a sender is answered after Toss was asked, and nothing is recorded.
    for _ in 0..6 {
        let body = forged(&checkout.payment.id, "DONE");
        tokio::select! {
            biased;
            _ = send(&shop, &body) => {}
            () = asking(&shop) => {}
        }
        shop.advance(Duration::from_secs(6));
    }
    assert_eq!(toss.calls().1, 70);
    let events = checkout.payment.events().await;
    let count = |name: &str| events.iter().filter(|event| *event == name).count();
    assert_eq!((count("GATEWAY_CALLED"), count("INQUIRY_WANTED")), (64, 64));
    assert_eq!(written(&shop).await, last, "the journal grows no more");
    toss.notifies(Some(&shop.address()));
    checkout.pay().await.expect(200);
    assert_eq!(checkout.order.status().await, "PAID");
}

/// After forgeries have used up the marks, a notification is answered only once Toss has told the payment's state.
#[tokio::test]
async fn genuine_notification_after_forgeries_waits_for_toss() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = begun(&shop, &toss, "o-1").await;
    checkout.pay().await.expect(200);
    for _ in 0..64 {
        send(&shop, &forged(&checkout.payment.id, "CANCELED")).await;
        shop.ask_gateway().await;
        shop.advance(Duration::from_secs(6));
    }
    toss.cancel_in_dashboard(&checkout.approved_key().await);
    let silent = Fault::ResponseLost { silent_ms: 0 };
    toss.fails_always(&checkout.payment, CallFilter::Any, silent);
    let body = forged(&checkout.payment.id, "CANCELED");
    let put_off = tokio::select! {
        biased;
        answer = async { shop.stranger().post(WEBHOOK, &body).await } => answer,
        () = asking(&shop) => unreachable!("it asks without end"),
    };
    put_off.refused(503, "OVERLOADED");
    assert_eq!(heard(&shop, "put_off").await, 1);

    toss.recovers();
    shop.advance(Duration::from_secs(6));
    tokio::select! {
        biased;
        _ = send(&shop, &body) => {}
        () = asking(&shop) => {}
    }
    assert_eq!(checkout.payment.detail().await, "REFUNDED");
    // There was news: the next one is marked again.
    shop.advance(Duration::from_secs(6));
    send(&shop, &body).await;
    let events = checkout.payment.events().await;
    let marks = events.iter().filter(|event| *event == "INQUIRY_WANTED");
    assert_eq!(marks.count(), 65);
    toss.agrees_with(&shop).await;
}

/// Has what is due asked about, again and again.
async fn asking(shop: &Shop) {
    loop {
        shop.ask_gateway().await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn notification_that_overtakes_the_answer_changes_nothing() {
    let (shop, toss) = Shop::open_with_toss().await;
    toss.notifies(Some(&shop.address()));
    let checkout = begun(&shop, &toss, "o-1").await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::Delay { ms: 600 }, 1);
    let asked = checkout.begin_to_confirm(&approved);
    until("Toss has told of it", || async {
        heard(&shop, "followed").await == 1
    })
    .await;
    shop.look_at_unanswered().await;
    assert_eq!(toss.calls(), (1, 0, 0), "the call under way will say it");
    asked.await.expect("no panic").expect(200);
    let last = shop.last_event().await;
    shop.ask_gateway().await;
    assert_eq!(toss.calls(), (1, 1, 0));
    assert_eq!(shop.last_event().await, last);
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn notification_ends_the_waiting_and_is_recorded_as_a_hint() {
    let (shop, toss) = Shop::open_with_toss().await;
    toss.notifies(Some(&shop.address()));
    let checkout = begun(&shop, &toss, "o-1").await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::ResponseLost { silent_ms: 0 }, 1);
    let asked = checkout.confirm_without_answer(&approved).await;
    until("Toss has told of it", || async {
        heard(&shop, "followed").await + heard(&shop, "coalesced").await == 1
    })
    .await;
    shop.ask_gateway().await;
    let paid = asked.await.expect("no panic").expect(200);
    assert_eq!(paid.text("detail"), "CAPTURED");
    let hint = checkout.happened("INQUIRY_WANTED").await;
    assert_eq!(hint["from"], "127.0.0.1");
    assert!(hint["heard_at"].as_str().expect("a time").ends_with('Z'));
    assert_eq!(hint["hash"].as_str().expect("a hash").len(), 32);
    assert_eq!(
        checkout.happened("CAPTURE_SUCCEEDED").await["source"],
        "inquiry"
    );
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn notifications_in_any_order_give_the_same_end() {
    let (shop, toss) = Shop::open_with_toss().await;
    toss.notifies(Some(&shop.address()));
    for (name, fault) in [
        ("lost", Fault::Lost {}),
        ("duplicated", Fault::Duplicated { n: 5 }),
        ("reordered", Fault::Reordered { within_ms: 60_000 }),
        ("late", Fault::Late { ms: 3_600_000 }),
        ("forged", Fault::Forged {}),
        ("unknown", Fault::Unknown {}),
    ] {
        let checkout = begun(&shop, &toss, name).await;
        toss.fails_always(&checkout.payment, CallFilter::Notify, fault);
        let approved = checkout.approve().await;
        let lost = Fault::ResponseLost { silent_ms: 0 };
        toss.fails_once(&checkout.payment, CallFilter::Confirm, lost);
        let asked = checkout.confirm_without_answer(&approved).await;
        shop.settle(&checkout.payment).await;
        asked.await.expect("no panic").expect(200);
        checkout.payment.cancel().await.expect(200);
    }
    until("all were delivered", || async {
        shop.advance(Duration::from_mins(10));
        shop.ask_gateway().await;
        toss.books()["notifications"]["waiting"] == 0
    })
    .await;
    shop.advance(Duration::from_mins(1));
    shop.ask_gateway().await;
    for order in [
        "lost",
        "duplicated",
        "reordered",
        "late",
        "forged",
        "unknown",
    ] {
        let order = shop
            .merchant()
            .get(&format!("/api/v1/orders/{order}"))
            .await;
        assert_eq!(order.text("status"), "REFUNDED", "{}", order.body());
    }
    assert_eq!(toss.balance(), 0);
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn flood_of_hints_to_unknown_payments_leaves_the_journal_unchanged() {
    const FLOOD: usize = 10_000;
    const SENDERS: usize = 16;
    let (shop, toss) = Shop::open_with_toss().await;
    begun(&shop, &toss, "o-1").await.pay().await.expect(200);
    let before = (written(&shop).await, journal(shop.folder()));
    let mut senders = Vec::new();
    for sender in 0..SENDERS {
        let stranger = shop.stranger().clone();
        senders.push(tokio::spawn(flood(stranger, sender, FLOOD / SENDERS)));
    }
    for sender in senders {
        sender.await.expect("no panic");
    }
    assert_eq!(heard(&shop, "unmatched").await, 10_000);
    shop.ask_gateway().await;
    assert_eq!(toss.calls(), (1, 0, 0), "nobody is asked about them");
    assert_eq!(written(&shop).await, before.0);
    assert!(journal(shop.folder()) == before.1, "the journal is another");
}

async fn flood(stranger: Caller, sender: usize, times: usize) {
    for n in 0..times {
        let stranger_to_us = format!("pay_0193a1b2c3d47e8f9a0b{sender:04x}{n:08x}");
        let body = forged(&stranger_to_us, "DONE");
        stranger.post(WEBHOOK, &body).await.expect(200);
    }
}

/// How many commits there were, and of how many bytes.
async fn written(shop: &Shop) -> Vec<String> {
    let figures = shop.admin().get("/metrics").await.expect(200).body();
    let lines = figures.lines();
    let commits = lines.filter(|line| line.starts_with("store_commit_bytes_"));
    let commits: Vec<_> = commits.map(str::to_owned).collect();
    assert!(commits.len() >= 2, "count and sum");
    commits
}

/// Every byte of the journal.
fn journal(data: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = std::fs::read_dir(data.join("journal")).expect("a journal");
    let mut files: Vec<_> = folder
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("a file");
            // What is prepared for later is all zeros.
            let end = bytes
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |at| at + 1);
            (path.display().to_string(), bytes[..end].to_vec())
        })
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[tokio::test]
async fn garbage_is_answered_and_counted() {
    let (shop, toss) = Shop::open_with_toss().await;
    let last = written(&shop).await;
    let deep = "[".repeat(100_000);
    let deeper = format!("{{\"data\":{}", "{\"data\":".repeat(20_000));
    let long = "x".repeat(200 << 10);
    let rubbish: Vec<Vec<u8>> = vec![
        b"".into(),
        b"null".into(),
        b"{}".into(),
        b"[]".into(),
        b"not JSON".into(),
        b"\xff\xfe\x00".into(),
        b"{\"orderId\":7}".into(),
        b"{\"orderId\":\"\"}".into(),
        b"{\"data\":{\"orderId\":\"pay_\"}}".into(),
        b"{\"eventType\":\"BILLING_DELETED\",\"data\":{\"billingKey\":\"x\"}}".into(),
        deep.into(),
        deeper.into(),
        long.into(),
    ];
    let count = u64::try_from(rubbish.len()).expect("few");
    for body in rubbish {
        shop.stranger().post_raw(WEBHOOK, body).await.expect(200);
    }
    assert_eq!(heard(&shop, "malformed").await, count);
    let marked = format!("\u{feff}{{\"orderId\":\"pay_{:032x}\"}}", 7);
    let hint = shop.stranger().post_raw(WEBHOOK, marked).await;
    hint.expect(200);
    assert_eq!(
        heard(&shop, "unmatched").await,
        1,
        "a mark before it is read past"
    );
    let get = shop.stranger().get(WEBHOOK).await;
    get.expect(405);
    assert_eq!(written(&shop).await, last);
    assert_eq!(toss.calls(), (0, 0, 0));
}

#[tokio::test]
async fn shop_without_toss_refuses_its_notifications() {
    let shop = Shop::open().await;
    let body = forged("pay_x", "DONE");
    let told = shop.stranger().post(WEBHOOK, &body).await;
    told.refused(404, "NOT_FOUND");
}
