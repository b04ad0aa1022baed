//! Consents at a checkout: to which texts, recorded with the moment, and required where the settings say so.

use daegeum_tests::checkout::CheckoutVisit;
use daegeum_tests::{Answer, Shop};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const REQUIRED: [(&str, &str); 1] = [(
    "DAEGEUM_CHECKOUT_REQUIRED_CONSENTS",
    "purchase,personal_data",
)];

async fn prepare(checkout: &CheckoutVisit, consents: Value) -> Answer {
    let path = format!("/api/v1/payments/sessions/{}/prepare", checkout.id);
    let body = json!({ "consents": consents });
    checkout.browser.post(&path, &body).await
}

/// What a page sends that shows the server's own texts, of the consents with these names.
async fn agreeing_to(checkout: &CheckoutVisit, names: &[&str]) -> Value {
    let now = checkout.now().await;
    let asked = now["consents"].as_array().expect("consents").clone();
    let named = asked
        .iter()
        .filter(|one| names.contains(&one["consent"].as_str().expect("a name")));
    named
        .map(|one| json!({"consent": one["consent"], "text_hash": one["ko"]["text_hash"]}))
        .collect()
}

fn hash_of(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

#[tokio::test]
async fn checkout_shows_each_text_with_its_own_hash() {
    let (shop, toss) = Shop::open_with_toss_and(&[("DAEGEUM_SHOP_NAME", "붓과 물")]).await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let now = checkout.now().await;
    let asked = now["consents"].as_array().expect("consents");
    let names: Vec<_> = asked.iter().map(|one| &one["consent"]).collect();
    assert_eq!(names, ["purchase", "personal_data"]);
    for one in asked {
        assert_eq!(one["required"], false);
        for language in ["ko", "en"] {
            let text = one[language]["text"].as_str().expect("a text");
            assert_eq!(one[language]["text_hash"], hash_of(text));
        }
    }
    let said = |at: usize, text: &str| asked[at]["ko"]["text"].as_str().unwrap().contains(text);
    assert!(said(0, "붓과 물") && said(1, "토스페이먼츠"));
}

#[tokio::test]
async fn consents_are_recorded_once_with_hash_and_moment() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let consents = agreeing_to(&checkout, &["purchase", "personal_data"]).await;
    prepare(&checkout, consents.clone()).await.expect(200);
    prepare(&checkout, consents.clone()).await.expect(200);
    let events = checkout.payment.transactions().await;
    let given = events
        .iter()
        .filter(|event| event["event_type"] == "CONSENT_GIVEN");
    let given: Vec<_> = given.collect();
    assert_eq!(given.len(), 2, "twice is once: {events:?}");
    for (event, sent) in given.iter().zip(consents.as_array().unwrap()) {
        let payload = &event["payload"];
        assert_eq!(payload["consent"], sent["consent"]);
        assert_eq!(payload["text_hash"], sent["text_hash"]);
        assert_eq!(payload["version"], "hosted-ko");
        assert_eq!(payload["given_at"], event["created_at"]);
    }
    let feed = shop.feed().await;
    let told = feed
        .iter()
        .filter(|one| one["event_type"] == "CONSENT_GIVEN");
    assert_eq!(told.count(), 2);
    checkout.pay().await.expect(200);
}

#[tokio::test]
async fn nothing_is_prepared_without_the_consents_that_are_required() {
    let (shop, toss) = Shop::open_with_toss_and(&REQUIRED).await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let asked = checkout.now().await["consents"].clone();
    assert!(
        asked
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["required"] == true)
    );
    for given in [&[][..], &["purchase"], &["personal_data"]] {
        let consents = agreeing_to(&checkout, given).await;
        let refused = prepare(&checkout, consents).await;
        let refused = refused.refused(422, "CONSENT_REQUIRED");
        assert_eq!(refused["errors"][0]["field"], "consents");
    }
    assert_eq!(checkout.status().await, "created");
    let events = checkout.payment.events().await;
    assert!(
        !events.iter().any(|name| name == "CONSENT_GIVEN"),
        "{events:?}"
    );
    let both = agreeing_to(&checkout, &["purchase", "personal_data"]).await;
    prepare(&checkout, both).await.expect(200);
    // Another payment of the order is agreed to anew.
    let again = shop.order("o-1").register().await.checkout(&toss).await;
    again.prepare().await.refused(422, "CONSENT_REQUIRED");
}

#[tokio::test]
async fn free_order_asks_nothing_about_a_gateway() {
    let (shop, toss) = Shop::open_with_toss_and(&REQUIRED).await;
    let checkout = shop
        .order("o-1")
        .of(0)
        .register()
        .await
        .checkout(&toss)
        .await;
    let asked = checkout.now().await["consents"].clone();
    assert_eq!(asked.as_array().unwrap().len(), 1, "{asked}");
    checkout.prepare().await.refused(422, "CONSENT_REQUIRED");
    let purchase = agreeing_to(&checkout, &["purchase"]).await;
    let paid = prepare(&checkout, purchase).await.expect(200);
    assert_eq!(paid.text("status"), "paid");
}

#[tokio::test]
async fn text_that_is_not_shown_here_needs_a_version_of_its_own() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let text_hash = hash_of("구매에 동의합니다.");
    let unknown = json!([{"consent": "purchase", "text_hash": text_hash}]);
    let refused = prepare(&checkout, unknown).await;
    let refused = refused.refused(409, "CONSENT_TEXT_UNKNOWN");
    assert_eq!(refused["errors"][0]["field"], "consents[0].text_hash");
    let own = json!([{"consent": "purchase", "text_hash": text_hash, "version": "2026-11"}]);
    prepare(&checkout, own).await.expect(200);
    let given = checkout.happened("CONSENT_GIVEN").await;
    assert_eq!(given["version"], "2026-11");
    assert_eq!(given["text_hash"], text_hash);
}

#[tokio::test]
async fn malformed_consent_is_refused_with_its_field() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let good = json!({"consent": "purchase", "text_hash": hash_of("x"), "version": "1"});
    let with = |field: &str, value: Value| {
        let mut one = good.clone();
        one[field] = value;
        json!([one])
    };
    for (consents, field) in [
        (json!([good, good]), "consents[1].consent"),
        (with("text_hash", json!("ABC")), "consents[0].text_hash"),
        (with("version", json!("")), "consents[0].version"),
        (with("version", json!("hosted-ko")), "consents[0].version"),
        (
            with("version", json!("v".repeat(41))),
            "consents[0].version",
        ),
        (with("version", json!("첫째")), "consents[0].version"),
    ] {
        let refused = prepare(&checkout, consents).await;
        let refused = refused.refused(400, "INVALID_VALUE");
        assert_eq!(refused["errors"][0]["field"], field);
    }
    let unknown = prepare(&checkout, with("why", json!(1))).await;
    unknown.refused(400, "UNKNOWN_FIELD");
}
