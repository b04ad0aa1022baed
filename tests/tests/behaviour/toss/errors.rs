//! Every refusal that Toss documents, of confirmations and of refunds: a certain one frees the order at once, a
//! doubtful one is inquired about until the outcome is known.

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_server::gateway::toss::errors::{CODES, Certainty, ErrorEntry};
use daegeum_tests::toss::{Approved, Gateway};
use daegeum_tests::{CheckoutVisit, Shop};
use tokio::task::JoinSet;

/// Refusals with these statuses are never certain.
const DOUBTFUL_STATUSES: [u16; 4] = [404, 409, 429, 500];

/// These codes are doubtful although their status means "not done": the call was done before, may have been done
/// behind Toss, or is in progress.
const DOUBTFUL: [&str; 12] = [
    "ALREADY_CANCELED_PAYMENT",
    "ALREADY_COMPLETED_PAYMENT",
    "ALREADY_PROCESSED_PAYMENT",
    "ALREADY_REFUNDING_PAYMENT",
    "ALREADY_REFUND_PAYMENT",
    "CARD_PROCESSING_ERROR",
    "DUPLICATED_ORDER_ID",
    "DUPLICATED_REQUEST",
    "EXCEED_UNKNOWN_CASE",
    "FORBIDDEN_CONSECUTIVE_REQUEST",
    "PROVIDER_ERROR",
    "UNAPPROVED_ORDER_ID",
];

fn doubtful(said: &ErrorEntry) -> bool {
    DOUBTFUL_STATUSES.contains(&said.status) || DOUBTFUL.contains(&said.code)
}

/// Toss's table, without the codes that are ours where Toss gives none.
fn documented(certain: bool) -> impl Iterator<Item = &'static ErrorEntry> {
    let all = CODES.iter().filter(|said| said.status >= 400);
    all.filter(move |said| doubtful(said) != certain)
}

#[test]
fn doubtful_codes_are_treated_as_doubtful() {
    for said in documented(true).chain(documented(false)) {
        let ours = said.certainty == Certainty::Unknown;
        assert_eq!(ours, doubtful(said), "{}", said.code);
    }
    assert_eq!(documented(true).count() + documented(false).count(), 164);
}

async fn begun(shop: &Shop, toss: &Gateway, id: &str) -> CheckoutVisit {
    shop.order(id).register().await.checkout(toss).await
}

#[tokio::test]
async fn certain_refusal_frees_the_order_for_another_payment() {
    let (shop, toss) = Shop::open_with_toss().await;
    let mut stories = JoinSet::new();
    for said in documented(true) {
        let (order, toss) = (shop.order(said.code), toss.clone());
        stories.spawn(async move {
            let first = order.register().await.checkout(&toss).await;
            refused_and_paid_by_another(said.code, &first, &toss).await;
        });
        if stories.len() >= 8 {
            stories.join_next().await.expect("one").expect("no panic");
        }
    }
    while let Some(ended) = stories.join_next().await {
        ended.expect("no panic");
    }
    toss.agrees_with(&shop).await;
}

async fn refused_and_paid_by_another(code: &str, first: &CheckoutVisit, toss: &Gateway) {
    let approved = first.approve_what_fails(code).await;
    let refused = first.confirm(&approved).await.expect(200);
    assert_eq!(refused.text("detail"), "FAILED", "{code}");
    let failure = &refused["failure"];
    assert_eq!(failure["code"], code);
    let word = |name: &str| failure[name].as_str().expect("a word").to_owned();
    assert!(
        ["buyer", "merchant", "gateway", "ours"].contains(&&*word("fault")),
        "{code}"
    );
    assert!(
        ["now", "later", "other_method", "never"].contains(&&*word("retry")),
        "{code}"
    );
    for language in ["ko", "en"] {
        let message = failure["message"][language].as_str().expect("a text");
        assert!(message.len() > 10, "{code}: {message}");
    }
    assert_eq!(first.order.status().await, "PAYMENT_PENDING", "{code}");

    let second = first.order.checkout(toss).await;
    assert_eq!(second.pay().await.expect(200).text("detail"), "CAPTURED");
    assert_eq!(first.order.status().await, "PAID", "{code}");
    let [one] = &first.payment.operations().await[..] else {
        panic!("{code}: one call");
    };
    let [other] = &second.payment.operations().await[..] else {
        panic!("{code}: one call");
    };
    let keys = toss.keys();
    assert_eq!((keys[one], keys[other]), (0, 1), "{code}");
}

/// Toss's action, whatever it answered.
#[derive(Debug, Clone, Copy)]
enum Truth {
    /// It has canceled the payment.
    GivenUp,
    /// It has not done it yet; a repetition succeeds.
    NotYet,
    /// It has done it.
    Done,
}

/// The number run at once: five calls in a row without an answer open the circuit breaker.
const AT_ONCE: usize = 4;

fn cases(truths: &[Truth]) -> Vec<(&'static ErrorEntry, Truth)> {
    let each = documented(false).flat_map(|said| truths.iter().map(move |truth| (said, *truth)));
    each.collect()
}

#[tokio::test]
async fn doubtful_refusal_is_inquired_about_until_known() {
    let (shop, toss) = Shop::open_with_toss().await;
    let cases = cases(&[Truth::GivenUp, Truth::NotYet, Truth::Done]);
    for some in cases.chunks(AT_ONCE) {
        let mut confirming = Vec::new();
        for (said, truth) in some {
            let order_id = format!("{}-{truth:?}", said.code);
            let checkout = begun(&shop, &toss, &order_id).await;
            let approved = doubted(&checkout, &toss, said, *truth).await;
            let answer = checkout.confirm_without_answer(&approved).await;
            assert_eq!(checkout.order.status().await, "PAYMENT_PENDING");
            confirming.push((checkout, answer, *truth));
        }
        for (checkout, answer, truth) in confirming {
            shop.settle(&checkout.payment).await;
            let known = answer.await.expect("no panic").expect(200);
            let expected = match truth {
                Truth::GivenUp => "FAILED",
                Truth::NotYet | Truth::Done => "CAPTURED",
            };
            assert_eq!(known.text("detail"), expected, "{}", checkout.order.id);
            let operations = checkout.payment.operations().await;
            assert_eq!(operations.len(), 1, "{}", checkout.order.id);
        }
    }
    toss.agrees_with(&shop).await;
}

async fn doubted(
    checkout: &CheckoutVisit,
    toss: &Gateway,
    said: &ErrorEntry,
    truth: Truth,
) -> Approved {
    let (status, code, kept) = (said.status, said.code.to_owned(), false);
    let fault = match truth {
        Truth::GivenUp => return checkout.approve_what_fails(said.code).await,
        Truth::NotYet => Fault::ErrorBefore { status, code, kept },
        Truth::Done => Fault::ErrorAfter { status, code, kept },
    };
    toss.fails_once(&checkout.payment, CallFilter::Confirm, fault);
    checkout.approve().await
}

#[tokio::test]
async fn certain_refusal_of_a_refund_leaves_the_money() {
    let (shop, toss) = Shop::open_with_toss().await;
    let mut stories = JoinSet::new();
    for said in documented(true) {
        let (order, toss) = (shop.order(said.code), toss.clone());
        stories.spawn(async move {
            let paid = order.register().await.checkout(&toss).await;
            paid.pay().await.expect(200);
            kept_and_given_back_at_the_second_request(said, &paid, &toss).await;
        });
        if stories.len() >= 8 {
            stories.join_next().await.expect("one").expect("no panic");
        }
    }
    while let Some(ended) = stories.join_next().await {
        ended.expect("no panic");
    }
    toss.agrees_with(&shop).await;
    assert_eq!(shop.balance("hold").await, 0);
    assert_eq!(shop.balance("refund_pending").await, 0);
}

async fn kept_and_given_back_at_the_second_request(
    said: &ErrorEntry,
    paid: &CheckoutVisit,
    toss: &Gateway,
) {
    let (status, code) = (said.status, said.code.to_owned());
    let kept = true;
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&paid.payment, CallFilter::Cancel, refuses);
    let still = paid.payment.cancel().await.expect(200);
    assert_eq!(still.text("detail"), "CAPTURED", "{}", said.code);
    assert_eq!(still["operation"]["state"], "REFUSED", "{}", said.code);
    assert_eq!(paid.order.status().await, "PAID", "{}", said.code);
    let back = paid.payment.cancel().await.expect(200);
    assert_eq!(back.text("detail"), "REFUNDED", "{}", said.code);
    let [_, first, second] = &paid.payment.operations().await[..] else {
        panic!("{}: a confirmation and two cancellations", said.code);
    };
    let keys = toss.keys();
    assert_eq!((keys[first], keys[second]), (0, 1), "{}", said.code);
}

#[tokio::test]
async fn doubtful_refusal_of_a_refund_refunds_once() {
    let (shop, toss) = Shop::open_with_toss().await;
    for some in cases(&[Truth::NotYet, Truth::Done]).chunks(AT_ONCE) {
        let mut asked = Vec::new();
        for (said, truth) in some {
            let order_id = format!("{}-{truth:?}", said.code);
            let paid = begun(&shop, &toss, &order_id).await;
            paid.pay().await.expect(200);
            let (status, code, kept) = (said.status, said.code.to_owned(), false);
            let fault = match truth {
                Truth::Done => Fault::ErrorAfter { status, code, kept },
                _ => Fault::ErrorBefore { status, code, kept },
            };
            toss.fails_once(&paid.payment, CallFilter::Cancel, fault);
            let answer = paid.payment.cancel_without_answer().await;
            assert_eq!(paid.payment.detail().await, "CAPTURED", "{order_id}");
            asked.push((paid, answer));
        }
        for (paid, answer) in asked {
            shop.settle(&paid.payment).await;
            let back = answer.await.expect("no panic").expect(200);
            assert_eq!(back.text("detail"), "REFUNDED", "{}", paid.order.id);
            assert_eq!(paid.payment.operations().await.len(), 2);
        }
    }
    toss.agrees_with(&shop).await;
}
