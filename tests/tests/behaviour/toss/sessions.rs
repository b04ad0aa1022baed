//! A checkout's token opens that checkout, for as long as it lasts, and nothing else.

use std::time::Duration;

use daegeum_tests::checkout::confirm;
use daegeum_tests::{Caller, Shop, secrets};
use serde_json::json;

const SESSIONS: &str = "/api/v1/payments/sessions";

#[tokio::test]
async fn token_opens_only_its_own_checkout() {
    let (shop, toss) = Shop::open_with_toss().await;
    let own = shop.order("o-1").register().await.checkout(&toss).await;
    let same_buyer = shop.order("o-2").register().await.checkout(&toss).await;
    let same_order = own.order.checkout(&toss).await;
    let session = |id: &str| format!("{SESSIONS}/{id}");
    own.browser.get(&session(&own.id)).await.expect(200);
    for other in [&same_buyer, &same_order] {
        let seen = own.browser.get(&session(&other.id)).await;
        seen.refused(404, "PAYMENT_NOT_FOUND");
        let prepared = format!("{}/prepare", session(&other.id));
        own.browser
            .ask(&prepared)
            .await
            .refused(404, "PAYMENT_NOT_FOUND");
        let approved = other.approve().await;
        // The same answer as for a tampered return.
        confirm(&own.browser, &approved)
            .await
            .refused(422, "MISMATCHED");
    }
    assert_eq!(toss.calls(), (0, 0, 0));
    closed_to(&own.browser, &own.payment.id, &own.order.id).await;
}

/// Everything that is not the checkout.
async fn closed_to(browser: &Caller, payment: &str, order: &str) {
    let of_payment = format!("/api/v1/payments/{payment}");
    for path in [
        "/api/v1/payments".to_owned(),
        of_payment.clone(),
        format!("{of_payment}/transactions"),
        format!("/api/v1/orders/{order}"),
        "/api/v1/me/payments".to_owned(),
        "/api/v1/events".to_owned(),
        "/api/v1/admin/desk".to_owned(),
        "/api/v1/admin/unanswered".to_owned(),
        "/api/v1/admin/balances".to_owned(),
        "/metrics".to_owned(),
    ] {
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.body());
    }
    for path in [
        format!("{of_payment}/cancel"),
        format!("{of_payment}/capture"),
        format!("/api/v1/orders/{order}/cancel"),
        format!("/api/v1/orders/{order}/confirm"),
        "/api/v1/admin/buyers/buyer-1/erase".to_owned(),
    ] {
        let answer = browser.ask(&path).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.body());
    }
    let more = browser.post(SESSIONS, &json!({ "order_id": "o-2" })).await;
    assert_eq!((more.status, order), (404, "o-1"), "{}", more.body());
}

#[tokio::test]
async fn checkout_shows_the_order_and_its_payment_methods() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").of(16_500).register().await;
    let checkout = order
        .checkout_with(&toss, json!({ "method": "transfer" }))
        .await;
    let seen = checkout.now().await;
    assert_eq!(seen["method"], "transfer");
    assert_eq!(seen["methods"], json!(["card", "transfer", "mobile"]));
    assert_eq!(
        (&seen["buyer_known"], &seen["payable"]),
        (&json!(false), &json!(true))
    );
    let summary = &seen["order"];
    assert_eq!(summary["status"], "PAYMENT_PENDING");
    assert_eq!(summary["total"], 16_500);
    assert_eq!(
        summary["amounts"],
        json!({ "supply": 15_000, "vat": 1_500, "tax_free": 0 })
    );
    assert_eq!(summary["lines"][0]["quantity"], 1);
    assert!(!summary["title"].as_str().expect("a title").is_empty());
    checkout.pay().await.expect(200);
    let paid = checkout.now().await;
    assert_eq!(paid["order"]["status"], "PAID");
    assert_eq!(paid["payable"], false);
}

/// The buyer's choice at the checkout replaces the shop's values, and is made once.
#[tokio::test]
async fn a_choice_is_made_with_the_first_preparation() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let said = json!({ "buyer_name": "상점이 아는 이름", "method": "card" });
    let checkout = order.checkout_with(&toss, said).await;
    let path = format!("{SESSIONS}/{}/prepare", checkout.id);
    let choice =
        json!({ "method": "mobile", "buyer_name": "김하나", "buyer_tel": "010-1234-5678" });
    for bad in [
        json!({ "buyer_tel": "12" }),
        json!({ "method": "barter" }),
        json!({ "amount": 1 }),
    ] {
        checkout.browser.post(&path, &bad).await.expect(400);
    }
    let account = json!({ "method": "virtual_account" });
    let refused = checkout.browser.post(&path, &account).await;
    refused.refused(422, "METHOD_UNAVAILABLE");
    assert_eq!(checkout.status().await, "created");
    let first = checkout.browser.post(&path, &choice).await.expect(200);
    assert_eq!(first["window"]["method"], "MOBILE_PHONE");
    assert_eq!(first["window"]["customer_name"], "김하나");
    assert_eq!(first["window"]["customer_mobile_phone"], "01012345678");
    for same in [choice, json!({}), json!({ "method": "mobile" })] {
        let again = checkout.browser.post(&path, &same).await.expect(200);
        assert_eq!(again["window"], first["window"]);
    }
    for other in [
        json!({ "method": "card" }),
        json!({ "buyer_name": "김두리" }),
    ] {
        let refused = checkout.browser.post(&path, &other).await;
        refused.refused(409, "SESSION_PREPARED");
    }
    let seen = checkout.now().await;
    assert_eq!(
        (&seen["method"], &seen["buyer_known"]),
        (&json!("mobile"), &json!(true))
    );
    assert!(!seen.body().contains("김하나"));
    checkout.pay().await.expect(200);
}

/// Two tabs choose the same at one moment: neither is refused.
#[tokio::test]
async fn concurrent_equal_choices_are_one_choice() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let path = format!("{SESSIONS}/{}/prepare", checkout.id);
    let choice = json!({ "method": "transfer", "buyer_email": "hana@example.com" });
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (browser, path, choice) = (checkout.browser.clone(), path.clone(), choice.clone());
        asked.spawn(async move { browser.post(&path, &choice).await });
    }
    while let Some(answer) = asked.join_next().await {
        let answer = answer.expect("an answer").expect(200);
        assert_eq!(answer["window"]["method"], "TRANSFER");
    }
    let events = format!("/api/v1/payments/{}/transactions", checkout.payment.id);
    let seen = shop.merchant().get(&events).await.expect(200);
    let chosen = seen["items"].as_array().expect("events").iter();
    let chosen = chosen.filter(|item| item["event_type"] == "BUYER_CHOSE");
    assert_eq!(chosen.count(), 1);
}

/// Two tabs choose differently at one moment: no tab gets a window for a choice that is not its own.
#[tokio::test]
async fn second_choice_is_refused_and_replaces_nothing() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let said = json!({ "method": "card" });
    for _ in 0..20 {
        let checkout = order.checkout_with(&toss, said.clone()).await;
        let path = format!("{SESSIONS}/{}/prepare", checkout.id);
        let (transfer, card) = (json!({ "method": "transfer" }), json!({ "method": "card" }));
        let (one, other) = tokio::join!(
            checkout.browser.post(&path, &transfer),
            checkout.browser.post(&path, &card)
        );
        for (answer, window) in [(one, "TRANSFER"), (other, "CARD")] {
            if answer.status == 200 {
                assert_eq!(answer["window"]["method"], window);
            } else {
                answer.refused(409, "SESSION_PREPARED");
            }
        }
    }
}

/// After a declined card or a change of mind the order stays, and the token of its checkout begins the next.
#[tokio::test]
async fn buyer_begins_another_session_with_the_same_token() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let buyer = json!({ "buyer_name": "김하나", "method": "card" });
    let first = order.checkout_with(&toss, buyer).await;
    first.prepare().await.expect(200);
    let again = json!({ "order_id": "o-1", "method": "transfer" });
    let begun = first.browser.post(SESSIONS, &again).await.expect(201);
    let second = order.begun(&begun, &toss);
    assert_ne!(second.id, first.id);
    let window = second.prepare().await.expect(200)["window"].clone();
    assert_eq!(window["method"], "TRANSFER");
    assert_eq!(window["customer_name"], "김하나", "handed on");
    assert_eq!(
        window["success_url"], "https://shop.example/return",
        "handed on"
    );
    second.pay().await.expect(200);
    assert_eq!(first.status().await, "paid_by_another");
    let late = first.browser.post(SESSIONS, &again).await;
    late.refused(409, "ORDER_NOT_PAYABLE");
}

#[tokio::test]
async fn checkout_ends_in_domain_time() {
    let (shop, toss) = Shop::open_with_toss().await;
    let late = daegeum_tests::story::rfc3339_in(Duration::from_hours(72));
    let order = shop.order("o-1").expiring_at(&late).register().await;
    let checkout = order.checkout(&toss).await;
    checkout.prepare().await.expect(200);
    shop.advance(Duration::from_hours(23));
    let approved = checkout.approve().await;
    assert_eq!(checkout.status().await, "prepared");
    shop.advance(Duration::from_mins(61));
    let path = format!("{SESSIONS}/{}", checkout.id);
    let gone = checkout.browser.get(&path).await;
    gone.refused(401, "TOKEN_EXPIRED");
    checkout
        .confirm(&approved)
        .await
        .refused(401, "TOKEN_EXPIRED");
    // For any caller, this checkout has ended.
    let buyer = shop.buyer("buyer-1");
    let seen = buyer.get(&path).await.expect(200);
    assert_eq!(
        (seen.text("status"), seen.text("next")),
        ("expired", "begin_again")
    );
    confirm(&buyer, &approved)
        .await
        .refused(409, "SESSION_EXPIRED");
    let prepared = buyer.ask(&format!("{path}/prepare")).await;
    prepared.refused(409, "SESSION_EXPIRED");
    assert_eq!(toss.calls(), (0, 0, 0));
    order.checkout(&toss).await.pay().await.expect(200);
    assert_eq!(order.status().await, "PAID");
}

#[tokio::test]
async fn forged_token_opens_nothing() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let begun = order.send_session(json!({})).await.expect(201);
    let (token, path) = (
        begun.text("session_token").to_owned(),
        format!("{SESSIONS}/{}", begun.text("session_id")),
    );
    let other_data_key = "11".repeat(32);
    let (elsewhere, _) =
        Shop::open_with_toss_and(&[("DAEGEUM_DATA_KEY", other_data_key.as_str())]).await;
    let theirs = elsewhere.order("o-1").register().await;
    let foreign = theirs.send_session(json!({})).await.expect(201);
    let mut parts: Vec<&str> = token.split('.').collect();
    let later = "9999999999999";
    parts[1] = later;
    let stretched = parts.join(".");
    let cut = &token[..token.len() - 1];
    for bad in [
        stretched.as_str(),
        cut,
        foreign.text("session_token"),
        begun.text("session_id"),
        "ses_",
    ] {
        let answer = shop.stranger().with(bad).get(&path).await;
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    let stranger = shop.stranger().get(&path).await;
    stranger.refused(401, "UNAUTHENTICATED");
    shop.stranger().with(token).get(&path).await.expect(200);
    assert_eq!(toss.calls(), (0, 0, 0));
}

#[tokio::test]
async fn checkout_is_not_found_for_another_buyer() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").by("ari").register().await;
    let checkout = checkout.checkout(&toss).await;
    let approved = checkout.approve().await;
    let (ari, bora) = (shop.buyer("ari"), shop.buyer("bora"));
    let path = format!("{SESSIONS}/{}", checkout.id);
    bora.get(&path).await.refused(404, "PAYMENT_NOT_FOUND");
    let prepare = format!("{path}/prepare");
    bora.ask(&prepare).await.refused(404, "PAYMENT_NOT_FOUND");
    confirm(&bora, &approved)
        .await
        .refused(404, "PAYMENT_NOT_FOUND");
    let more = bora.post(SESSIONS, &json!({ "order_id": "o-1" })).await;
    more.refused(404, "ORDER_NOT_FOUND");
    let old = secrets::token_of(&json!({ "sub": "ari", "exp": 1 }), secrets::TOKENS);
    shop.stranger().with(old).get(&path).await.expect(401);
    assert_eq!(toss.calls(), (0, 0, 0));
    ari.get(&path).await.expect(200);
    confirm(&ari, &approved).await.expect(200);
    assert_eq!(checkout.status().await, "paid");
}

#[tokio::test]
async fn beginning_again_under_the_same_key_gives_the_same_bytes() {
    let (shop, _toss) = Shop::open_with_toss().await;
    shop.order("o-1").register().await;
    let begin = json!({ "order_id": "o-1", "buyer_name": "김하나" });
    let merchant = shop.merchant();
    let first = merchant.post_keyed(SESSIONS, "k-1", &begin).await;
    let first = first.expect(201);
    shop.advance(Duration::from_hours(2));
    let again = merchant.post_keyed(SESSIONS, "k-1", &begin).await;
    assert_eq!(again.status, 201);
    assert!(again.replayed() && !first.replayed());
    assert_eq!(again.bytes, first.bytes, "the token and all");
    let other = json!({ "order_id": "o-1", "buyer_name": "김두리" });
    let other = merchant.post_keyed(SESSIONS, "k-1", &other).await;
    other.refused(422, "IDEMPOTENCY_KEY_REUSED");
    let order = merchant.get("/api/v1/orders/o-1").await;
    let payments = order.expect(200)["payments"].clone();
    assert_eq!(payments.as_array().expect("ids").len(), 1);
}

#[tokio::test]
async fn redirects_are_limited_to_listed_origins() {
    let (shop, _toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    for allowed in [
        "https://shop.example/return",
        "https://shop.example",
        "https://SHOP.example:443/x?y=1",
    ] {
        let with = json!({ "redirect_url": allowed });
        order.send_session(with).await.expect(201);
    }
    let long = format!("https://shop.example/{}", "x".repeat(2_000));
    let not_listed = "is not one of checkout.redirect_origins";
    for (refused, why) in [
        ("https://evil.example/return", not_listed),
        ("http://shop.example/return", not_listed),
        ("https://shop.example:8443/", not_listed),
        ("https://shop.example.evil.example/", not_listed),
        ("https://evil.example/https://shop.example", not_listed),
        ("https://shop.example@evil.example/", "names a user"),
        ("https://shop.example/x#y", "has a fragment"),
        ("https://shop.example/결제", "percent-encode"),
        ("https://shop.example/a b", "percent-encode"),
        ("//shop.example/return", "no whole address"),
        ("/return", "no whole address"),
        ("javascript:alert(1)", "no whole address"),
        ("https://", "no whole address"),
        ("", "no whole address"),
        (long.as_str(), "longer than 2,000"),
    ] {
        let with = json!({ "redirect_url": refused });
        let answer = order.send_session(with).await;
        let answer = answer.refused(400, "INVALID_VALUE");
        let error = &answer["errors"][0];
        assert_eq!(error["field"], "redirect_url", "{refused}");
        let said = error["message"].as_str().expect("a message");
        assert!(said.contains(why), "{refused}: {said}");
        let path = refused
            .splitn(4, '/')
            .nth(3)
            .filter(|path| !path.is_empty());
        assert!(
            path.is_none_or(|path| !answer.body().contains(path)),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn invalid_contact_is_refused_without_repeating_it() {
    let (shop, _toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let long_name = "김".repeat(61);
    for (field, bad) in [
        ("buyer_name", ""),
        ("buyer_name", "   "),
        ("buyer_name", "bell\u{7}"),
        ("buyer_name", long_name.as_str()),
        ("buyer_email", "nobody"),
        ("buyer_email", "no@where"),
        ("buyer_email", "two@at@example.com"),
        ("buyer_email", "with space@example.com"),
        ("buyer_tel", "1234567"),
        ("buyer_tel", "1234567890123456"),
        ("buyer_tel", "전화번호"),
    ] {
        let answer = order.send_session(json!({ field: bad })).await;
        let answer = answer.refused(400, "INVALID_VALUE");
        assert_eq!(answer["errors"][0]["field"], field, "{bad}");
        assert!(
            bad.trim().len() < 4 || !answer.body().contains(bad),
            "{bad}"
        );
    }
    for with in [
        json!({ "buyer_name": 7 }),
        json!({ "method": "barter" }),
        json!({ "amount": 1 }),
        json!({ "provider": 1 }),
    ] {
        order.send_session(with).await.expect(400);
    }
    let nowhere = order.send_session(json!({ "provider": "KCP" })).await;
    nowhere.refused(422, "PROVIDER_UNAVAILABLE");
    let good = json!({ "buyer_name": "김", "buyer_email": "a@b.kr", "buyer_tel": "010-1234-5678" });
    order.send_session(good).await.expect(201);
}

#[tokio::test]
async fn contact_data_is_in_the_window_until_it_is_erased() {
    let (shop, _toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let buyer = json!({ "buyer_name": "김하나", "buyer_tel": "010-1234-5678" });
    let begun = order.send_session(buyer).await.expect(201);
    assert!(!begun.body().contains("김하나"));
    let browser = shop.stranger().with(begun.text("session_token"));
    let path = format!("{SESSIONS}/{}/prepare", begun.text("session_id"));
    let prepared = browser.ask(&path).await.expect(200);
    let window = &prepared["window"];
    assert_eq!(window["customer_name"], "김하나");
    assert_eq!(window["customer_mobile_phone"], "01012345678");
    assert_eq!(window["order_id"], begun["payment_id"]);
    let named = window["customer_key"].as_str().expect("a name");
    assert!(!named.contains("buyer-1"));
    let erase = "/api/v1/admin/buyers/buyer-1/erase";
    shop.admin().ask(erase).await.expect(200);
    let prepared = browser.ask(&path).await.expect(200);
    assert!(!prepared.body().contains("김하나"));
    assert!(!prepared.body().contains("01012345678"));
    // A page that still has the form open says it again: it is the same preparation, and nothing is noted.
    let again = json!({ "buyer_name": "김하나" });
    let again = browser.post(&path, &again).await.expect(200);
    assert!(!again.body().contains("김하나"));
    let next = browser.post(SESSIONS, &json!({ "order_id": "o-1" })).await;
    let next = next.expect(201);
    let other = shop.stranger().with(next.text("session_token"));
    let path = format!("{SESSIONS}/{}/prepare", next.text("session_id"));
    let prepared = other.ask(&path).await.expect(200);
    assert!(!prepared.body().contains("김하나"), "handed on");
}

/// An amount below what Toss takes is known before anybody opens a window.
#[tokio::test]
async fn amount_below_the_minimum_of_toss_is_refused_at_once() {
    let (shop, _toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").of(99).register().await;
    let refused = order.send_session(json!({})).await;
    refused.refused(422, "AMOUNT_BELOW_MINIMUM");
    let order = shop.order("o-2").of(100).register().await;
    order.send_session(json!({})).await.expect(201);
}

/// Toss takes 100 won by card and 200 from an account.
#[tokio::test]
async fn method_that_cannot_take_the_amount_is_not_offered_and_refused_with_its_least() {
    let (shop, toss) = Shop::open_with_toss().await;
    let small = shop.order("o-1").of(150).register().await;
    let by_transfer = json!({ "method": "transfer" });
    let begun = small.send_session(by_transfer.clone()).await;
    let refused = begun.refused(422, "AMOUNT_BELOW_MINIMUM");
    assert_eq!(refused["minimum_amount"], 200);
    assert_eq!(refused["errors"][0]["field"], "method");
    let checkout = small.checkout(&toss).await;
    assert_eq!(checkout.now().await["methods"], json!(["card", "mobile"]));
    let path = format!("{SESSIONS}/{}/prepare", checkout.id);
    let prepared = checkout.browser.post(&path, &by_transfer).await;
    let refused = prepared.refused(422, "AMOUNT_BELOW_MINIMUM");
    assert_eq!(refused["minimum_amount"], 200);
    assert_eq!(refused["errors"][0]["field"], "method");
    assert_eq!(checkout.status().await, "created");
    checkout.pay().await.expect(200);
    let enough = shop.order("o-2").of(200).register().await;
    let checkout = enough.checkout_with(&toss, by_transfer).await;
    assert_eq!(
        checkout.now().await["methods"],
        json!(["card", "transfer", "mobile"])
    );
    checkout.pay().await.expect(200);
    let listed = shop.merchant().get("/api/v1/gateways").await.expect(200);
    assert_eq!(
        listed["items"][0]["methods"][1],
        json!({ "method": "transfer", "minimum_amount": 200 })
    );
}

#[tokio::test]
async fn session_says_where_its_buyer_is_sent_and_hands_it_on() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let elsewhere = json!({ "failure_redirect_url": "https://evil.example/cart" });
    let refused = order.send_session(elsewhere).await;
    let refused = refused.refused(400, "INVALID_VALUE");
    assert_eq!(refused["errors"][0]["field"], "failure_redirect_url");
    let addresses = json!({
        "redirect_url": "https://shop.example/done", "failure_redirect_url": "https://shop.example/cart",
    });
    let checkout = order.checkout_with(&toss, addresses.clone()).await;
    let next = json!({ "order_id": "o-1" });
    let next = checkout.browser.post(SESSIONS, &next).await.expect(201);
    let next = order.begun(&next, &toss);
    for seen in [checkout.now().await, next.now().await] {
        for field in ["redirect_url", "failure_redirect_url"] {
            assert_eq!(seen[field], addresses[field]);
        }
    }
}
