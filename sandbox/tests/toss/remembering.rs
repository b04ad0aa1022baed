//! The books: a restart forgets nothing, and the same calls give the same answers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use daegeum_sandbox::toss::{
    Books, BooksError, CallFilter, Dial, Ending, Fault, FileBooks, MemoryBooks, Rule, Toss,
};
use serde_json::json;

use crate::shop::{Answer, DAY_MS, NOON_MS, Shop, confirm, order, settings};

/// Anything that can be asked, drawn by a generator of the test's own.
struct Script {
    state: u64,
    keys: Vec<(String, String)>,
    held: Vec<daegeum_sandbox::toss::HeldId>,
}

impl Script {
    fn new(seed: u64) -> Self {
        Self {
            state: seed,
            keys: Vec::new(),
            held: Vec::new(),
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.state >> 33).unwrap() % bound
    }

    fn step(&mut self, shop: &mut Shop) -> Vec<u8> {
        let ms = i64::try_from(self.below(45_000)).unwrap();
        shop.pass(ms);
        // One of the latest, so that some get to the end before they expire.
        let back = self.below(5);
        let nobody = ("tgen_nobody".to_owned(), "order-none".to_owned());
        let (key, order_id) = self.keys.iter().rev().nth(back).cloned().unwrap_or(nobody);
        let idempotency = format!("key-{}", self.below(20));
        let keyed = [("idempotency-key", idempotency.as_str())];
        match self.below(12) {
            0 | 1 => {
                let order_id = format!("order-{}", self.below(50));
                let mut asked = order(&order_id, 10_000);
                asked["method"] = json!(["CARD", "VIRTUAL_ACCOUNT", "TRANSFER"][self.below(3)]);
                let opened = shop.desk(&http::Method::POST, "/sandbox/windows", &asked);
                if let Some(key) = opened.body["paymentKey"].as_str() {
                    self.keys.push((key.to_owned(), order_id));
                }
                opened.bytes.to_vec()
            }
            2 | 3 => format!("{:?}", shop.toss.approve(shop.now_ms, &key, None, None)).into_bytes(),
            4 | 5 => {
                let body = confirm(&key, &order_id, 10_000);
                let answer = shop.post_with("/v1/payments/confirm", &keyed, &body);
                if let Ending::Held { id, .. } = answer.transport.ending {
                    self.held.push(id);
                }
                told(&answer)
            }
            6 => {
                let body = json!({"cancelReason": "x", "cancelAmount": 1_000});
                told(&shop.post_with(&format!("/v1/payments/{key}/cancel"), &keyed, &body))
            }
            7 => told(&shop.inquire(&key)),
            8 => format!("{:?}", shop.toss.deposit(shop.now_ms, &key, false)).into_bytes(),
            9 => {
                let answers = [Some(200), Some(500), None];
                let due = shop.toss.due(shop.now_ms);
                let said = format!("{due:?}").into_bytes();
                for delivery in due {
                    let status = answers[self.below(3)];
                    shop.toss.delivered(shop.now_ms, delivery.id, status);
                }
                said
            }
            10 => match self.held.pop() {
                Some(id) => format!("{:?}", shop.toss.resume(shop.now_ms, id)).into_bytes(),
                None => Vec::new(),
            },
            _ => {
                shop.toss.set_dial(self.dial()).unwrap();
                Vec::new()
            }
        }
    }

    fn dial(&mut self) -> Dial {
        let faults = [
            Fault::RequestLost { silent_ms: 0 },
            Fault::ResponseLost { silent_ms: 0 },
            Fault::Held { ms: 30_000 },
            Fault::Delay { ms: 30_000 },
            Fault::Garbage {},
        ];
        let fault = faults[self.below(5)].clone();
        let mut any = Rule::always(CallFilter::Any, fault);
        any.probability_ppm = Some(200_000);
        let mut stale = Rule::always(
            CallFilter::Confirm,
            Fault::StaleRead {
                ms: Some(500_000),
                reads: Some(3),
            },
        );
        stale.times = Some(2);
        Dial {
            rules: vec![any, stale, Rule::once(CallFilter::Notify, Fault::Forged {})],
            requests_per_minute: Some(20),
        }
    }
}

fn told(answer: &Answer) -> Vec<u8> {
    format!(
        "{} {:?} {:?}",
        answer.status, answer.transport, answer.bytes
    )
    .into_bytes()
}

fn run(seed: u64, steps: usize, mut after: impl FnMut(&Shop)) -> (Vec<Vec<u8>>, Shop) {
    let mut shop = Shop::listening();
    let mut script = Script::new(seed);
    let mut trace = Vec::new();
    for _ in 0..steps {
        trace.push(script.step(&mut shop));
        after(&shop);
    }
    (trace, shop)
}

#[test]
fn books_give_the_same_state_at_every_step() {
    for seed in 0..4 {
        run(seed, 80, |shop| {
            let again = Toss::open(Box::new(shop.books.fork()), settings()).unwrap();
            let (now, then) = (shop.toss.snapshot(), again.snapshot());
            assert_eq!(String::from_utf8(now), String::from_utf8(then));
        });
    }
}

#[test]
fn restart_changes_no_answer() {
    for seed in 0..4 {
        let (straight, shop) = run(seed, 120, |_| {});
        let mut restarted = Shop::listening();
        let mut script = Script::new(seed);
        for (step, said) in straight.iter().enumerate() {
            let again = Toss::open(Box::new(restarted.books.clone()), settings()).unwrap();
            restarted.toss = again;
            assert_eq!(&script.step(&mut restarted), said, "step {step}");
        }
        assert_eq!(shop.toss.snapshot(), restarted.toss.snapshot());
        let books = shop.toss.books();
        let done = books["totals"]["taken"].as_i64().unwrap();
        assert!(done > 0, "else this proves little");
    }
}

#[test]
fn the_same_seed_gives_the_same_answers_and_another_does_not() {
    let (first, one) = run(3, 200, |_| {});
    let (second, two) = run(3, 200, |_| {});
    assert_eq!(first, second);
    assert_eq!(one.toss.snapshot(), two.toss.snapshot());
    let mut shop = Shop::with(daegeum_sandbox::toss::Settings {
        seed: 8,
        ..settings()
    });
    assert_ne!(
        shop.approved("order-1", 1_000),
        Shop::new().approved("order-1", 1_000)
    );
}

#[test]
fn money_adds_up_whatever_happens() {
    for seed in 0..20 {
        let (_, shop) = run(seed, 300, |_| {});
        let books = shop.toss.books();
        let lines = books["payments"].as_array().unwrap();
        let sum = |field: &str| {
            lines
                .iter()
                .map(|line| line[field].as_i64().unwrap())
                .sum::<i64>()
        };
        assert_eq!(books["totals"]["taken"], sum("taken"));
        assert_eq!(books["totals"]["returned"], sum("returned"));
        let mut paid = std::collections::BTreeSet::new();
        for line in lines {
            let had = line["taken"].as_i64().unwrap() - line["returned"].as_i64().unwrap();
            assert!(had >= 0, "{line}");
            if had > 0 {
                assert_eq!(line["balanceAmount"], had, "{line}");
            }
            if line["confirms"] != 0 {
                assert!(
                    paid.insert(line["orderId"].to_string()),
                    "an order is paid once: {line}"
                );
            }
        }
        for key in books["keys"].as_array().unwrap() {
            assert!(key["effects"].as_u64().unwrap() <= 1, "{key}");
        }
    }
}

#[test]
fn file_is_read_again_without_a_torn_last_line() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        Toss::open(
            Box::new(FileBooks::open(folder.path()).unwrap()),
            settings(),
        )
    };
    let mut shop = Shop::new();
    shop.toss = open().unwrap();
    assert!(FileBooks::open(folder.path()).is_err(), "one at a time");
    let key = shop.paid("order-1", 1_000);
    let before = shop.toss.snapshot();
    let file = folder.path().join("toss.jsonl");
    let mut lines = std::fs::read(&file).unwrap();
    let whole = lines.len();
    lines.extend_from_slice(b"{\"payments\":[{\"key\":");
    std::fs::write(&file, &lines).unwrap();
    shop.toss = Shop::new().toss;
    shop.toss = open().unwrap();
    assert_eq!(shop.toss.snapshot(), before);
    assert_eq!(std::fs::read(&file).unwrap().len(), whole);
    shop.cancel(&key, &json!({"cancelReason": "x"}))
        .is_payment("CANCELED");
    shop.toss = Shop::new().toss;
    shop.toss = open().unwrap();
    shop.inquire(&key).is_payment("CANCELED");

    let mut lines = std::fs::read(&file).unwrap();
    lines.splice(0..1, *b"[");
    std::fs::write(&file, &lines).unwrap();
    shop.toss = Shop::new().toss;
    assert!(matches!(
        open(),
        Err(BooksError::Unreadable { line: 1, .. })
    ));
}

/// Books whose disk fills up.
struct Full {
    inner: MemoryBooks,
    room: Arc<AtomicUsize>,
}

impl Books for Full {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let left = self.room.load(Ordering::Relaxed).checked_sub(1);
        let left = left.ok_or(io::ErrorKind::StorageFull)?;
        self.room.store(left, Ordering::Relaxed);
        self.inner.append(line)
    }

    fn load(&mut self) -> io::Result<Vec<u8>> {
        self.inner.load()
    }
}

#[test]
fn unwritable_exchange_is_not_answered() {
    let inner = MemoryBooks::default();
    let full = Full {
        inner: inner.clone(),
        room: Arc::new(AtomicUsize::new(2)),
    };
    let mut shop = Shop::new();
    shop.toss = Toss::open(Box::new(full), settings()).unwrap();
    let key = shop.approved("order-1", 1_000);
    shop.confirm(&key, "order-1", 1_000)
        .is_refused(500, "FAILED_DB_PROCESSING");
    shop.inquire(&key).is_refused(500, "FAILED_DB_PROCESSING");
    shop.toss = Toss::open(Box::new(inner), settings()).unwrap();
    shop.inquire(&key).is_payment("IN_PROGRESS");
}

#[test]
fn unwritten_line_is_written_when_there_is_room() {
    let inner = MemoryBooks::default();
    let room = Arc::new(AtomicUsize::new(2));
    let full = Full {
        inner: inner.clone(),
        room: Arc::clone(&room),
    };
    let mut shop = Shop::new();
    shop.toss = Toss::open(Box::new(full), settings()).unwrap();
    let key = shop.approved("order-1", 1_000);
    shop.confirm(&key, "order-1", 1_000)
        .is_refused(500, "FAILED_DB_PROCESSING");
    shop.inquire(&key).is_refused(500, "FAILED_DB_PROCESSING");
    room.store(9, Ordering::Relaxed);
    shop.inquire(&key).is_payment("DONE");
    shop.toss = Toss::open(Box::new(inner), settings()).unwrap();
    shop.inquire(&key).is_payment("DONE");
}

#[test]
fn an_inquiry_writes_nothing() {
    let mut shop = Shop::new();
    let key = shop.paid("order-1", 1_000);
    let before = shop.books.fork().load().unwrap();
    shop.inquire(&key);
    shop.inquire("tgen_nobody");
    shop.once(CallFilter::Notify, Fault::Lost {});
    let dialed = shop.books.fork().load().unwrap();
    assert!(dialed.len() > before.len());
    shop.pass(20 * DAY_MS);
    shop.inquire(&key);
    assert_eq!(shop.books.fork().load().unwrap(), dialed);
    assert_eq!(shop.toss.calls().inquire, 3);
    assert_eq!(shop.now_ms, NOON_MS + 20 * DAY_MS);
}
