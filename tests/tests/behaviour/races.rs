//! Concurrency: one key begins one payment, and whichever racer comes first, the order is paid at most once and every
//! won is accounted for.

use std::time::Duration;

use daegeum_tests::{Answer, Captured, Order, Payment, Shop, Success};
use serde_json::json;
use tokio::task::JoinSet;

async fn together<F: Future<Output = Answer> + Send + 'static>(all: Vec<F>) -> Vec<Answer> {
    all.into_iter().collect::<JoinSet<_>>().join_all().await
}

#[tokio::test]
async fn sixty_four_callers_with_one_key_begin_one_payment() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let callers = (0..64).map(|_| {
        let order = order.clone();
        async move { order.send_payment("one-key").await }
    });
    let answers = together(callers.collect()).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert!(
        answers
            .iter()
            .all(|answer| answer.bytes == answers[0].bytes)
    );
    assert_eq!(
        answers.iter().filter(|answer| !answer.replayed()).count(),
        1
    );
    assert_eq!(order.now().await["payments"].as_array().unwrap().len(), 1);
    let hits = shop.figure("payment_idempotent_hit_total").await;
    assert_eq!(hits, 63);
    assert_eq!(
        shop.figure("payment_create_total{status=\"created\"}")
            .await,
        1
    );
}

#[tokio::test]
async fn sixty_four_callers_register_one_order_and_complete_one_payment() {
    let shop = Shop::open().await;
    let registering = (0..64).map(|_| {
        let order = shop.order("o-1");
        async move { order.send().await }
    });
    let answers = together(registering.collect()).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 201 && answer.bytes == answers[0].bytes)
    );
    let order = Order::known(shop.merchant(), "o-1", 11_000);
    let payment = order.pay().await;
    let completing = (0..64).map(|_| {
        let payment = payment.clone();
        async move { payment.complete(Success).await }
    });
    let answers = together(completing.collect()).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 200 && answer.bytes == answers[0].bytes)
    );
    assert_eq!(shop.balance("hold").await, -11_000);
}

/// The subjects of one round, to check afterwards.
struct Round {
    order: Order,
    payments: [Payment; 2],
    heard: usize,
}

#[tokio::test]
async fn completion_races_notification_cancellation_and_deadline() {
    const ROUNDS: u32 = 60;
    let shop = Shop::open().await;
    let mut rounds = Vec::new();
    for number in 0..ROUNDS {
        let order = shop.order(&format!("o-{number}")).register().await;
        let payments = [order.pay().await, order.pay().await];
        // Every second round the deadline runs too; it takes all orders that still wait.
        if number.is_multiple_of(2) {
            shop.advance(Duration::from_mins(31));
        }
        let heard = race(&shop, &order, &payments, number).await;
        rounds.push(Round {
            order,
            payments,
            heard,
        });
    }
    let (mut taken, mut aside) = (0, 0);
    for round in &rounds {
        let (captured, orphaned) = looked_at(round).await;
        taken += captured;
        aside += orphaned;
    }
    assert_eq!(shop.balance("hold").await, -11_000 * taken);
    assert_eq!(shop.balance("suspense").await, -11_000 * aside);
    assert_eq!(
        shop.balance("gateway_receivable").await,
        11_000 * (taken + aside)
    );
    let feed = shop.feed().await;
    let paid = feed
        .iter()
        .filter(|event| event["event_type"] == "PAYMENT_SUCCEEDED");
    assert_eq!(i64::try_from(paid.count()).unwrap(), taken);
}

/// All at once; how many payments the gateway has said it captured.
async fn race(shop: &Shop, order: &Order, payments: &[Payment; 2], number: u32) -> usize {
    let [first, second] = payments.clone();
    let (canceled, completed) = (order.clone(), first.clone());
    let mut racers = JoinSet::new();
    racers.spawn(async move { drop(completed.complete(Success).await) });
    racers.spawn(async move { drop(first.notify(Captured).await) });
    racers.spawn(async move { drop(canceled.cancel().await) });
    let both = number.is_multiple_of(3);
    if both {
        racers.spawn(async move { drop(second.notify(Captured).await) });
    }
    if number.is_multiple_of(2) {
        shop.look_at_deadlines().await;
    }
    racers.join_all().await;
    1 + usize::from(both)
}

/// The result of a round: how many payments its order took, and how many are set aside.
async fn looked_at(round: &Round) -> (i64, i64) {
    let status = round.order.status().await;
    let mut details = Vec::new();
    for payment in &round.payments {
        details.push(payment.detail().await);
    }
    let count = |detail: &str| details.iter().filter(|one| *one == detail).count();
    let (captured, orphaned) = (count("CAPTURED"), count("ORPHANED"));
    assert!(captured <= 1, "paid twice: {details:?}");
    assert_eq!(status == "PAID", captured == 1, "{status}: {details:?}");
    assert!(
        status == "PAID" || status == "CANCELED",
        "{status}: {details:?}"
    );
    assert_eq!(captured + orphaned, round.heard, "{status}: {details:?}");
    (
        i64::try_from(captured).unwrap(),
        i64::try_from(orphaned).unwrap(),
    )
}

#[tokio::test]
async fn concurrent_deliveries_of_a_notification_are_applied_once() {
    let shop = Shop::open().await;
    let payment = shop.order("o-1").register().await.pay().await;
    let delivering = (0..32).map(|_| {
        let payment = payment.clone();
        async move { payment.notify_as("evt-1", Captured).await }
    });
    let results = delivering.collect::<JoinSet<_>>().join_all().await;
    assert_eq!(
        results.iter().filter(|result| *result == "applied").count(),
        1
    );
    assert_eq!(
        results
            .iter()
            .filter(|result| *result == "duplicate")
            .count(),
        31
    );
    let heard = payment.events().await;
    assert_eq!(
        heard
            .iter()
            .filter(|name| *name == "WEBHOOK_RECEIVED")
            .count(),
        1
    );
}

#[tokio::test]
async fn payments_of_one_order_race_for_its_money() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let mut payments = Vec::new();
    for _ in 0..16 {
        payments.push(order.pay().await);
    }
    let completing = payments
        .iter()
        .cloned()
        .map(|payment| async move { payment.complete(Success).await });
    let answers = together(completing.collect()).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 200 || answer.code() == "PAYMENT_NOT_PERMITTED")
    );
    assert_eq!(shop.balance("hold").await, -11_000);
    assert_eq!(
        order.now().await["payments"],
        json!(
            payments
                .iter()
                .map(|payment| &payment.id)
                .collect::<Vec<_>>()
        )
    );
}
