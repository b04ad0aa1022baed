//! Lists: every filter and every page against a naive model, a vector of all payments.

use std::path::Path;
use std::time::Duration;

use daegeum_tests::{Answer, Fail, NoAnswer, NotificationContent, Order, Says, Shop, Success};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// A filter as it is asked, and as the model reads it.
type Filter = (String, Box<dyn Fn(&Value) -> bool>);

/// Forty payments of several buyers in every state that can be had.
async fn busy_shop() -> (Shop, Vec<Value>) {
    let shop = Shop::open().await;
    let mut payments = Vec::new();
    for n in 0..14_usize {
        let buyer = ["ari", "bora", "carol"][n % 3];
        let mut order = shop.order(&format!("o-{n}")).by(buyer);
        if n % 5 == 4 {
            order = order.on_confirmation();
        }
        let order = order.register().await;
        let own = [order.pay().await, order.pay().await, order.pay().await];
        let says = [Some(Success), Some(Fail), Some(NoAnswer), None][n % 4];
        if let Some(says) = says {
            own[n % 3].complete(says).await;
        }
        live(&order, n, says).await;
        if n == 3 {
            own[0].notify(NotificationContent::CapturedOf(1)).await;
        }
        payments.extend(own);
        // Different times, so that the filters by time have something to cut.
        shop.advance(Duration::from_secs(1));
    }
    let mut seen = Vec::new();
    // Newest first is by the id, whose first half is the time: it settles a tie within a millisecond.
    payments.sort_by(|one, other| other.id.cmp(&one.id));
    for payment in &payments {
        seen.push(payment.now().await.json().clone());
    }
    (shop, seen)
}

async fn live(order: &Order, n: usize, says: Option<Says>) {
    if n % 7 == 6 && says != Some(Success) {
        order.cancel().await;
    }
}

fn items(page: &Answer) -> Vec<Value> {
    page["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn filters_and_pages_match_the_model() {
    let (shop, all) = busy_shop().await;
    let merchant = shop.merchant();
    for (query, holds) in filters(&all) {
        let right: Vec<&Value> = all.iter().filter(|payment| holds(payment)).collect();
        for limit in [1, 3, 7, 100] {
            let (mut after, mut found) = (String::new(), Vec::new());
            loop {
                let path = format!("/api/v1/payments?limit={limit}{query}{after}");
                let page = merchant.get(&path).await.expect(200);
                assert!(items(&page).len() <= limit, "{path}");
                found.extend(items(&page));
                match page["next"].as_str() {
                    Some(next) => after = format!("&after={next}"),
                    None => break,
                }
                assert!(found.len() <= all.len(), "{path} does not end");
            }
            assert_eq!(
                found.iter().collect::<Vec<_>>(),
                right,
                "{query} by {limit}"
            );
        }
    }
}

fn filters(all: &[Value]) -> Vec<Filter> {
    let mut filters: Vec<Filter> = vec![(String::new(), Box::new(|_| true))];
    let mut equal = |name: &str, field: &'static str, value: &str| {
        let (query, value) = (format!("&{name}={value}"), value.to_owned());
        filters.push((
            query,
            Box::new(move |payment| payment[field] == value.as_str()),
        ));
    };
    for status in ["INITIATED", "AUTHORIZED", "CAPTURED", "FAILED", "CANCELED"] {
        equal("status", "status", status);
    }
    for detail in ["PREPARED", "MISMATCHED", "ORPHANED", "VOIDED", "EXPIRED"] {
        equal("status", "detail", detail);
    }
    for order in ["o-0", "o-7", "o-13", "not-there"] {
        equal("order_id", "order_id", order);
    }
    let of_ari = |payment: &Value| number(payment).is_multiple_of(3);
    filters.push(("&buyer_id=ari".into(), Box::new(of_ari)));
    filters.push(("&buyer_id=nobody".into(), Box::new(|_| false)));
    let captured_of_ari = move |payment: &Value| of_ari(payment) && payment["status"] == "CAPTURED";
    filters.push((
        "&buyer_id=ari&status=CAPTURED".into(),
        Box::new(captured_of_ari),
    ));
    let of_order =
        |payment: &Value| payment["order_id"] == "o-4" && payment["status"] == "CANCELED";
    filters.push(("&order_id=o-4&status=CANCELED".into(), Box::new(of_order)));
    let other_buyer =
        |payment: &Value| payment["order_id"] == "o-4" && number(payment).is_multiple_of(3);
    filters.push(("&order_id=o-4&buyer_id=ari".into(), Box::new(other_buyer)));
    let time = |payment: &Value| payment["created_at"].as_str().unwrap().to_owned();
    let (from, to) = (time(&all[30]), time(&all[10]));
    let (since, until) = (from.clone(), to.clone());
    let between = move |payment: &Value| (since.clone()..until.clone()).contains(&time(payment));
    filters.push((
        format!("&created_from={from}&created_to={to}"),
        Box::new(between),
    ));
    let since = from.clone();
    let failed = move |payment: &Value| time(payment) >= since && payment["status"] == "INITIATED";
    filters.push((
        format!("&created_from={from}&status=INITIATED"),
        Box::new(failed),
    ));
    filters.push((
        format!("&created_from={to}&created_to={from}"),
        Box::new(|_| false),
    ));
    filters
}

fn number(payment: &Value) -> usize {
    payment["order_id"].as_str().unwrap()[2..].parse().unwrap()
}

/// The ids of all pages of one payment each, under this query.
async fn ids(shop: &Shop, query: &str) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/payments?limit=1{query}{after}");
        let page = shop.merchant().get(&path).await.expect(200);
        let page_ids = items(&page);
        let page_ids = page_ids.iter().map(|item| item["payment_id"].as_str());
        found.extend(page_ids.map(|id| id.expect("an id").to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn payments_are_listed_by_merchant_resource() {
    let shop = Shop::open().await;
    let order = |id: &str| shop.order(id);
    let lesson = order("o-1").for_resource("lesson", "7").register().await;
    let again = order("o-2").for_resource("lesson", "7").by("buyer-2");
    let again = again.register().await;
    let others = [
        order("o-3").for_resource("lesson", "77").register().await,
        order("o-4").for_resource("file", "7").register().await,
        order("o-5").register().await,
    ];
    let shown = lesson.now().await;
    let resource = (&shown["resource_type"], &shown["resource_id"]);
    assert_eq!(resource, (&json!("lesson"), &json!("7")));
    let without = others[2].now().await;
    assert!(without.json().get("resource_type").is_none(), "{without:?}");

    let mut own = Vec::new();
    for order in [&lesson, &again, &lesson] {
        own.insert(0, order.pay().await.id);
        shop.advance(Duration::from_millis(1));
    }
    for order in &others {
        order.pay().await.complete(Success).await.expect(200);
    }
    let failed = lesson.pay().await;
    failed.complete(Fail).await.expect(200);
    let by = "&resource_type=lesson&resource_id=7";
    let mut all = vec![failed.id.clone()];
    all.extend(own.clone());
    assert_eq!(ids(&shop, by).await, all);
    assert_eq!(ids(&shop, &format!("{by}&status=INITIATED")).await, own);
    let of_second = format!("{by}&buyer_id=buyer-2");
    assert_eq!(ids(&shop, &of_second).await, [own[1].as_str()]);
    let nothing = "&resource_type=lesson&resource_id=8";
    assert_eq!(ids(&shop, nothing).await, Vec::<String>::new());

    let merchant = shop.merchant();
    for half in ["resource_type=lesson", "resource_id=7"] {
        let path = format!("/api/v1/payments?{half}");
        merchant.get(&path).await.refused(400, "INVALID_PARAMETER");
    }
    let mut half = order("o-6").for_resource("lesson", "7").body();
    half.as_object_mut()
        .expect("an object")
        .remove("resource_id");
    let refused = merchant.post("/api/v1/orders", &half).await;
    let refused = refused.refused(400, "INVALID_VALUE");
    assert_eq!(refused["errors"][0]["field"], "resource_id");

    let shop = shop.reopen().await;
    assert_eq!(ids(&shop, by).await, all, "after a restart");
}

#[tokio::test]
async fn the_pages_are_the_same_after_a_restart() {
    let (shop, all) = busy_shop().await;
    let shop = shop.reopen().await;
    let page = shop
        .merchant()
        .get("/api/v1/payments?limit=100")
        .await
        .expect(200);
    assert_eq!(items(&page), all);
    assert_eq!(page["next"], Value::Null);
}

#[tokio::test]
async fn page_is_stable_while_new_payments_come() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let mut own = Vec::new();
    for _ in 0..4 {
        own.push(order.pay().await.id);
    }
    own.sort_by(|one, other| other.cmp(one));
    let merchant = shop.merchant();
    let first = merchant.get("/api/v1/payments?limit=2").await.expect(200);
    shop.advance(Duration::from_millis(1));
    order.pay().await;
    let path = format!("/api/v1/payments?limit=2&after={}", first.text("next"));
    let second = merchant.get(&path).await.expect(200);
    let ids: Vec<Value> = items(&first)
        .into_iter()
        .chain(items(&second))
        .map(|item| item["payment_id"].clone())
        .collect();
    assert_eq!(json!(ids), json!(own));
}

#[tokio::test]
async fn the_feed_is_read_in_pieces_of_any_size_without_gap_or_repetition() {
    let (shop, _) = busy_shop().await;
    let whole = shop.feed().await;
    for limit in [1_usize, 7, 99] {
        let mut read: Vec<Value> = Vec::new();
        while read.len() < whole.len() {
            let path = format!("/api/v1/events?limit={limit}&after={}", read.len());
            let piece = items(&shop.merchant().get(&path).await.expect(200));
            assert_eq!(piece.len(), limit.min(whole.len() - read.len()), "{path}");
            read.extend(piece);
        }
        assert_eq!(read, whole, "by {limit}");
    }
    let beyond = format!("/api/v1/events?after={}", whole.len());
    assert_eq!(
        items(&shop.merchant().get(&beyond).await),
        Vec::<Value>::new()
    );
    let shop = shop.reopen().await;
    assert_eq!(shop.feed().await, whole);
}

#[tokio::test]
async fn payments_of_one_millisecond_are_all_listed() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let beginning = (0..32).map(|n| {
        let order = order.clone();
        async move { order.pay_with(&format!("k-{n}")).await.id }
    });
    let mut all = beginning.collect::<JoinSet<_>>().join_all().await;
    all.sort_by(|one, other| other.cmp(one));
    for query in [
        "",
        "&order_id=o-1",
        "&buyer_id=buyer-1",
        "&status=INITIATED",
    ] {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/payments?limit=1{query}{after}");
            let page = shop.merchant().get(&path).await.expect(200);
            let ids = items(&page);
            found.extend(
                ids.iter()
                    .map(|item| item["payment_id"].as_str().unwrap().to_owned()),
            );
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(found, all, "{query}");
    }
}

#[tokio::test]
async fn a_cursor_carries_the_generation_of_the_feed() {
    let shop = Shop::open().await;
    shop.order("o-1").register().await.pay().await;
    let merchant = shop.merchant();
    let read = |after: &str| {
        let (merchant, path) = (merchant.clone(), format!("/api/v1/events?after={after}"));
        async move { merchant.get(&path).await }
    };
    let whole = merchant.get("/api/v1/events").await.expect(200);
    assert_eq!(whole["generation"], 1);
    let first = &whole["items"][0];
    assert_eq!(
        (first["cursor"].as_str(), &first["sequence"]),
        (Some("1-1"), &json!(1))
    );
    let behind = read("1-1").await.expect(200);
    assert_eq!(behind.bytes, read("1").await.expect(200).bytes);
    assert_eq!(behind["items"][0]["cursor"], "1-2");
    for elsewhere in ["2-1", "1-99"] {
        read(elsewhere).await.refused(409, "FEED_BEGUN_ANEW");
    }
    for wrong in ["x", "1-", "-1", "1-x", "1-1-1"] {
        read(wrong).await.refused(400, "INVALID_PARAMETER");
    }
}

/// Events after the backup are gone, and others may get their numbers: a reader of the lost ones is told.
#[tokio::test]
async fn restore_from_a_backup_begins_the_feed_anew() {
    let shop = Shop::open().await;
    shop.order("o-1").register().await.pay().await;
    let folder = shop.folder().to_owned();
    let backup = tempfile::tempdir().unwrap();
    let shop = shop.reopen_after(|| copy(&folder, backup.path())).await;
    shop.order("o-2").register().await.pay().await;
    let last = shop.last_event().await;
    let shop = shop
        .reopen_after(|| {
            std::fs::remove_dir_all(folder.join("index")).unwrap();
            std::fs::remove_file(folder.join("marker.json")).unwrap();
            std::fs::remove_dir_all(folder.join("journal")).unwrap();
            copy(backup.path(), &folder);
        })
        .await;
    for id in ["o-3", "o-4", "o-5"] {
        shop.order(id).register().await.pay().await;
    }
    assert!(shop.last_event().await > last);
    let merchant = shop.merchant();
    let read = |after: String| {
        let (merchant, path) = (merchant.clone(), format!("/api/v1/events?after={after}"));
        async move { merchant.get(&path).await }
    };
    read(format!("1-{last}"))
        .await
        .refused(409, "FEED_BEGUN_ANEW");
    let whole = merchant.get("/api/v1/events").await.expect(200);
    assert_eq!(whole["generation"], 2);
    assert_eq!(whole["items"][0]["cursor"], "2-1");
    let shop = shop.reopen().await;
    let again = shop.merchant().get("/api/v1/events").await.expect(200);
    assert_eq!(again["generation"], 2, "a start is no restore");
}

/// The files that the operating manual says to copy.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.join("journal")).unwrap();
    for file in ["keyring", "identity"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    for segment in std::fs::read_dir(from.join("journal")).unwrap() {
        let segment = segment.unwrap();
        std::fs::copy(segment.path(), to.join("journal").join(segment.file_name())).unwrap();
    }
}

#[tokio::test]
async fn orders_are_listed_newest_first_in_pages_and_by_filter() {
    let shop = Shop::open().await;
    let merchant = shop.merchant();
    let mut all = Vec::new();
    for n in 0..7 {
        let buyer = if n % 2 == 0 { "buyer-1" } else { "buyer-2" };
        let order = shop.order(&format!("o-{n}")).by(buyer);
        let order = order.for_resource("lesson", &format!("l-{}", n % 3));
        all.push(order.register().await);
        shop.advance(Duration::from_secs(1));
    }
    all[2].pay().await.complete(Success).await.expect(200);
    all[3].cancel().await.expect(200);
    let ids = |query: &str| {
        let (merchant, query) = (merchant.clone(), query.to_owned());
        async move {
            let (mut found, mut page) = (Vec::new(), String::new());
            loop {
                let path = format!("/api/v1/orders?limit=2&{query}{page}");
                let answer = merchant.get(&path).await.expect(200);
                let items = answer["items"].as_array().expect("items");
                found.extend(
                    items
                        .iter()
                        .map(|one| one["order_id"].as_str().expect("an id").to_owned()),
                );
                let Some(next) = answer["next"].as_str() else {
                    return found;
                };
                page = format!("&after={next}");
            }
        }
    };
    assert_eq!(
        ids("").await,
        ["o-6", "o-5", "o-4", "o-3", "o-2", "o-1", "o-0"]
    );
    assert_eq!(ids("buyer_id=buyer-2").await, ["o-5", "o-3", "o-1"]);
    assert_eq!(ids("status=PAID").await, ["o-2"]);
    assert_eq!(ids("status=CANCELED").await, ["o-3"]);
    assert_eq!(
        ids("resource_type=lesson&resource_id=l-1").await,
        ["o-4", "o-1"]
    );
    let began = all[3].now().await;
    let at = began.text("created_at").to_owned();
    assert_eq!(
        ids(&format!("created_from={at}")).await,
        ["o-6", "o-5", "o-4", "o-3"]
    );
    assert_eq!(
        ids(&format!("created_to={at}")).await,
        ["o-2", "o-1", "o-0"]
    );
    let listed = merchant
        .get("/api/v1/orders?limit=100&status=CANCELED")
        .await;
    let alone = all[3].now().await;
    assert_eq!(listed.expect(200)["items"][0], *alone.json());
    for (query, field) in [
        ("limit=0", "limit"),
        ("after=unknown", "after"),
        ("status=WAITING", "status"),
        ("created_from=today", "created_from"),
        ("resource_id=l-1", "resource_type"),
    ] {
        let refused = merchant.get(&format!("/api/v1/orders?{query}")).await;
        let refused = refused.refused(400, "INVALID_PARAMETER");
        assert_eq!(refused["errors"][0]["field"], field);
    }
    shop.buyer("buyer-1")
        .get("/api/v1/orders")
        .await
        .refused(403, "FORBIDDEN");
}
