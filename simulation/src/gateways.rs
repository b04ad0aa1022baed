//! The gateways as the server reaches them, and as they reach the server: the simulated Toss behind a network that
//! loses, delays and duplicates. A request that was sent arrives even if its sender is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use daegeum_sandbox::toss::{
    Delivery, Ending, Exchange, Fault, NoBooks, OpenWindow, Refusal, Settings, Toss,
};
use daegeum_server::world::{BoxFuture, Outbound, Undelivered};
use http::{Request, Response};
use http_body_util::Full;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::dial;
use crate::dice::Dice;
use crate::executor::{Executor, OUTSIDE};
use crate::network::Network;
use crate::secrets;
use crate::swarm::Swarm;
use crate::trace::Trace;
use crate::world::{BEGINNING_MS, Clocks};

/// All gateways. Clones are the same.
#[derive(Clone)]
pub struct Gateways {
    toss: Arc<Mutex<Toss>>,
    /// Toss as another shop's keys see it: it knows none of this shop's payments.
    elsewhere: Arc<Mutex<Toss>>,
    /// The time of the simulator's next own event; known until it is touched.
    due_ns: Arc<Mutex<Option<Option<u64>>>>,
    loses_notifications: bool,
    heard: Arc<Mutex<RequestLog>>,
    /// Whether a notification was answered 200 since the last query.
    hinted: Arc<AtomicBool>,
    executor: Executor,
    clocks: Clocks,
    dice: Dice,
    swarm: Swarm,
    trace: Trace,
    network: Network,
}

/// The server's calls, by payment.
#[derive(Debug, Default)]
struct RequestLog {
    /// Payments by the gateway's names for them.
    named: BTreeMap<String, String>,
    /// The tax-free part of an amount, as its window was opened, by the gateway's names.
    tax_free: BTreeMap<String, u64>,
    /// Idempotency keys by payment and call.
    keys: BTreeMap<(String, &'static str), BTreeSet<Vec<u8>>>,
    /// When it last asked about a payment.
    last_ns: BTreeMap<String, u64>,
}

type Came = Result<Response<Bytes>, Undelivered>;

/// How long Toss waits for an answer to its notification.
const NOTIFIED_WITHIN_MS: u64 = 10_000;

impl Gateways {
    /// Gateways with empty books and a dial of faults.
    pub fn new(
        executor: &Executor,
        clocks: &Clocks,
        dice: Dice,
        swarm: &Swarm,
        trace: &Trace,
        network: &Network,
    ) -> Self {
        let shop = |secret_key: &str| {
            let settings = Settings {
                client_key: secrets::TOSS_CLIENT.to_owned(),
                secret_key: secret_key.to_owned(),
                seed: dice.next(),
                ..Settings::default()
            };
            Toss::open(Box::new(NoBooks), settings).expect("empty books")
        };
        let (mut toss, elsewhere) = (shop(secrets::TOSS_SECRET), shop(secrets::OTHER_SECRET));
        toss.set_notification_url(Some(
            "https://shop.example/api/v1/payments/webhook/toss".into(),
        ));
        let dial = dial::draw(&dice, &swarm.gateway);
        let loses_notifications = dial.rules.iter().any(|rule| rule.fault == Fault::Lost {});
        toss.set_dial(dial).expect("rules that are allowed");
        Self {
            toss: Arc::new(Mutex::new(toss)),
            elsewhere: Arc::new(Mutex::new(elsewhere)),
            due_ns: Arc::default(),
            loses_notifications,
            heard: Arc::default(),
            hinted: Arc::default(),
            executor: executor.clone(),
            clocks: clocks.clone(),
            dice,
            swarm: swarm.clone(),
            trace: trace.clone(),
            network: network.clone(),
        }
    }

    /// Whether notifications may get lost for good in this run.
    pub fn loses_notifications(&self) -> bool {
        self.loses_notifications
    }

    /// Nothing goes wrong on purpose any more.
    pub fn calm_down(&self) {
        let calm = daegeum_sandbox::toss::Dial::default();
        self.with_toss(|toss, _| toss.set_dial(calm))
            .expect("no rules");
    }

    /// Does something at Toss, now.
    pub fn with_toss<T>(&self, act: impl FnOnce(&mut Toss, i64) -> T) -> T {
        let done = act(&mut self.toss.lock(), self.clocks.true_ms());
        *self.due_ns.lock() = None;
        done
    }

    /// Opens a buyer's window, which gives the payment a name of the gateway's.
    pub fn open_window(&self, open: &OpenWindow) -> Result<String, Refusal> {
        let key = self.with_toss(|toss, now_ms| toss.open_window(now_ms, open))?;
        let tax_free = u64::try_from(open.tax_free_amount.unwrap_or(0)).expect("not negative");
        let mut heard = self.heard.lock();
        heard.named.insert(key.clone(), open.order_id.clone());
        heard.tax_free.insert(key.clone(), tax_free);
        Ok(key)
    }

    /// The tax-free part of a payment, as its window was opened.
    pub fn tax_free(&self, key: &str) -> u64 {
        self.heard.lock().tax_free.get(key).copied().unwrap_or(0)
    }

    /// The gateway's name for some payment.
    pub fn some_name(&self) -> Option<String> {
        let heard = self.heard.lock();
        let names: Vec<&String> = heard.named.keys().collect();
        (!names.is_empty()).then(|| (*self.dice.pick(&names)).clone())
    }

    /// Whether this is the gateway's name for this payment.
    pub fn is_about(&self, name: &Value, payment: &str) -> bool {
        let heard = self.heard.lock();
        let about = name.as_str().and_then(|name| heard.named.get(name));
        about.is_some_and(|about| about == payment)
    }

    /// Whether a notification was answered 200 since this was last asked.
    pub fn take_hinted(&self) -> bool {
        self.hinted.swap(false, Ordering::Relaxed)
    }

    /// Payments and calls with how many idempotency keys they were made under.
    pub fn keys(&self) -> Vec<(String, &'static str, usize)> {
        let heard = self.heard.lock();
        let keys = heard.keys.iter();
        keys.map(|((payment, call), keys)| (payment.clone(), *call, keys.len()))
            .collect()
    }

    /// When the server last asked about a payment.
    pub fn last_asked_ns(&self, payment: &str) -> u64 {
        self.heard.lock().last_ns.get(payment).copied().unwrap_or(0)
    }

    fn hear(&self, request: &Request<Bytes>) {
        let said: Value = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        let path = request.uri().path();
        let call = match path.rsplit('/').next() {
            Some("confirm") => "confirm",
            Some("cancel") => "cancel",
            _ => "inquire",
        };
        let mut heard = self.heard.lock();
        let words = path.split('/').chain(said["orderId"].as_str());
        let payment = words
            .filter_map(|word| match word {
                word if word.starts_with("pay_") => Some(word.to_owned()),
                word => heard.named.get(word).cloned(),
            })
            .next_back();
        let Some(payment) = payment else { return };
        heard
            .last_ns
            .insert(payment.clone(), self.executor.now_ns());
        if let Some(key) = request.headers().get("idempotency-key") {
            let keys = heard.keys.entry((payment, call)).or_default();
            keys.insert(key.as_bytes().to_vec());
        }
    }

    /// When a gateway does something of its own accord.
    pub fn next_due_ns(&self) -> Option<u64> {
        let mut known = self.due_ns.lock();
        *known.get_or_insert_with(|| {
            let due_ms = self.toss.lock().next_due_ms()?;
            let since_ms = u64::try_from(due_ms - BEGINNING_MS).unwrap_or(0);
            Some(since_ms * 1_000_000)
        })
    }

    /// Lets them do it.
    pub fn wake(&self) {
        let due = self.with_toss(|toss, now_ms| {
            toss.tick(now_ms);
            toss.due(now_ms)
        });
        for delivery in due {
            let own = self.clone();
            let deliver = async move { own.deliver(delivery).await };
            self.executor.spawn(OUTSIDE, Box::pin(deliver));
        }
    }

    async fn deliver(&self, delivery: Delivery) {
        let (head, body) = delivery.request.into_parts();
        self.trace.note("notified:", &[&body]);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = head.method;
        *request.headers_mut() = head.headers;
        *request.uri_mut() = "/api/v1/payments/webhook/toss".parse().expect("a path");
        let source = [13, 124, 18, 147];
        let answer = self.network.call(request, source, NOTIFIED_WITHIN_MS).await;
        let status = answer.ok().map(|answer| answer.status);
        if status == Some(200) {
            self.hinted.store(true, Ordering::Relaxed);
        }
        self.trace
            .count("which is answered", u64::from(status.unwrap_or(0)));
        self.with_toss(|toss, now_ms| toss.delivered(now_ms, delivery.id, status));
    }

    /// Sends the server's request to the gateway it is for.
    pub fn send(&self, outbound: Outbound) -> BoxFuture<Came> {
        let (tell, told) = oneshot::channel();
        let own = self.clone();
        let request = outbound.request;
        self.hear(&request);
        let faults = &self.swarm.gateway;
        if self.swarm.strikes(&self.dice, faults.not_sent) {
            return Box::pin(async move {
                own.on_the_way().await;
                own.trace
                    .note("not sent:", &[request.uri().path().as_bytes()]);
                Err(Undelivered::NotSent("connection refused".to_owned()))
            });
        }
        let arrive = async move {
            let came = own.exchange(request).await;
            // The sender may be gone.
            tell.send(came).ok();
        };
        self.executor.spawn(OUTSIDE, Box::pin(arrive));
        let deadline = self.executor.sleep(outbound.deadline);
        let trace = self.trace.clone();
        Box::pin(async move {
            let nothing = |why: &str| Err(Undelivered::NoAnswer(why.to_owned()));
            let came = tokio::select! {
                biased;
                came = told => came.unwrap_or_else(|_| nothing("the connection was closed")),
                () = deadline => nothing("the deadline passed"),
            };
            match &came {
                Ok(answer) => {
                    trace.count("the gateway answers", u64::from(answer.status().as_u16()))
                }
                Err(why) => trace.note("the gateway:", &[why.to_string().as_bytes()]),
            }
            came
        })
    }

    /// One exchange, from the wire's point of view.
    async fn exchange(&self, mut request: Request<Bytes>) -> Came {
        let faults = &self.swarm.gateway;
        let lost = || Err(Undelivered::NoAnswer("the connection was reset".to_owned()));
        self.on_the_way().await;
        if self.swarm.strikes(&self.dice, faults.request_lost) {
            return self.silence().await;
        }
        if self.swarm.strikes(&self.dice, faults.too_late) {
            let late = Duration::from_secs(self.dice.between(20, 400));
            self.executor.sleep(late).await;
        }
        let path = request.uri().path().as_bytes();
        self.trace.note(
            "asked:",
            &[request.method().as_str().as_bytes(), path, request.body()],
        );
        if is_elsewhere(&request) {
            let now_ms = self.clocks.true_ms();
            let exchange = self.elsewhere.lock().exchange(now_ms, &request);
            self.on_the_way().await;
            return Ok(exchange.response);
        }
        self.forget(&mut request);
        let mut exchange = self.with_toss(|toss, now_ms| toss.exchange(now_ms, &request));
        let answer = loop {
            let Exchange {
                response,
                transport,
            } = exchange;
            self.executor
                .sleep(Duration::from_millis(transport.delay_ms))
                .await;
            match transport.ending {
                Ending::Whole => break response,
                Ending::Drip { bytes, every_ms } => {
                    let pieces = response.body().len().div_ceil(bytes.max(1)) as u64;
                    let slowly = Duration::from_millis(pieces * every_ms);
                    self.executor.sleep(slowly).await;
                    break response;
                }
                Ending::RequestLost { silent_ms } | Ending::ResponseLost { silent_ms } => {
                    self.executor.sleep(Duration::from_millis(silent_ms)).await;
                    return lost();
                }
                Ending::Reset | Ending::Truncated { .. } => return lost(),
                Ending::Held { id, until_ms } => {
                    let wait_ms = u64::try_from(until_ms - self.clocks.true_ms()).unwrap_or(0);
                    self.executor.sleep(Duration::from_millis(wait_ms)).await;
                    let resumed = self.with_toss(|toss, now_ms| toss.resume(now_ms, id));
                    match resumed {
                        Some(resumed) => exchange = resumed,
                        None => return lost(),
                    }
                }
            }
        };
        let status = u64::from(answer.status().as_u16());
        self.trace.count("says", status);
        self.trace.note("with", &[answer.body()]);
        if self.swarm.strikes(&self.dice, faults.answer_lost) {
            return self.silence().await;
        }
        self.on_the_way().await;
        Ok(answer)
    }

    /// A gateway that has forgotten a key treats the request as one with a new key.
    fn forget(&self, request: &mut Request<Bytes>) {
        let forgotten = self
            .swarm
            .strikes(&self.dice, self.swarm.gateway.forgets_keys);
        if let Some(key) = request.headers_mut().get_mut("idempotency-key")
            && forgotten
        {
            let another = format!("forgotten-{}", self.dice.next());
            *key = another.parse().expect("a header's value");
            self.trace.note("a key is forgotten", &[]);
        }
    }

    async fn on_the_way(&self) {
        let most_ms = if self.swarm.is_calm() {
            20
        } else {
            self.swarm.gateway.latency_ms
        };
        let micros = self.dice.below(most_ms * 1_000 + 1);
        self.executor.sleep(Duration::from_micros(micros)).await;
    }

    /// Until the caller's patience ends, or the connection is found to be dead.
    async fn silence(&self) -> Came {
        let seconds = *self.dice.pick(&[1, 20, 300]);
        self.executor.sleep(Duration::from_secs(seconds)).await;
        Err(Undelivered::NoAnswer("the connection was reset".to_owned()))
    }
}

/// Whether the request is made with another shop's keys.
fn is_elsewhere(request: &Request<Bytes>) -> bool {
    let said = request.headers().get(http::header::AUTHORIZATION);
    said.is_some_and(|said| said.as_bytes() == secrets::other_authorization().as_bytes())
}
