//! A gateway for tests: it authorizes money, and captures or voids it by calls over the network. It keeps its own
//! books, answers late or never when told to, and shares no code with our client.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use daegeum_engine::amounts::Amounts;
use daegeum_engine::command::Fact;
use daegeum_engine::event::{Credentials, FailureCode, Provider, ProviderPaymentId};
use daegeum_engine::operation::OperationKind;
use daegeum_engine::time::Timestamp;
use daegeum_server::gateway::{Ask, Call, Gateway, Offer, Outcome};
use daegeum_server::world::Undelivered;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::checkout;
use crate::story::{Order, Payment};
use crate::toss::Approved;

/// The treatment of one request.
#[derive(Debug, Clone)]
pub enum Treats {
    /// It does what is asked, and the answer is lost.
    AnswerLost,
    /// The request is lost; nothing is done.
    RequestLost,
    /// It does what is asked, and says nothing until it is told to speak.
    Silent,
    /// It refuses, with this code.
    Refuses(&'static str),
}

/// The state of a payment's money, by the drill's books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Money {
    /// Held for the merchant.
    Held,
    /// Taken.
    Taken,
    /// Voided on request.
    Released,
    /// Expired.
    Lapsed,
    /// Taken and given back.
    Returned,
}

impl Money {
    const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Taken => "taken",
            Self::Released => "released",
            Self::Lapsed => "lapsed",
            Self::Returned => "returned",
        }
    }

    /// The state after a request; `None` if the request is impossible.
    fn by(was: Option<Self>, asked: &str) -> Option<Self> {
        match (was, asked) {
            (None, "confirm") => Some(Self::Held),
            (Some(Self::Held), "capture") => Some(Self::Taken),
            (Some(Self::Held), "void") => Some(Self::Released),
            (Some(Self::Taken), "cancel") => Some(Self::Returned),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Book {
    payments: BTreeMap<String, (Money, u64)>,
    /// The answer to each idempotency key: a repetition gets it again, without an effect.
    answered: BTreeMap<String, (u16, Value)>,
    /// Everything that was done, in order.
    done: Vec<(String, String)>,
    treats: BTreeMap<(String, String), VecDeque<Treats>>,
}

/// The gateway; clones are the same one.
#[derive(Clone)]
pub struct Drill {
    book: Arc<Mutex<Book>>,
    speaks: Arc<Notify>,
    address: SocketAddr,
}

impl Drill {
    /// Opens one, on a thread and a port of its own.
    pub async fn open() -> Self {
        let (book, speaks) = (Arc::<Mutex<Book>>::default(), Arc::new(Notify::new()));
        let (tell, told) = tokio::sync::oneshot::channel();
        let theirs = (Arc::clone(&book), Arc::clone(&speaks));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let address = listener.local_addr().expect("an address");
                tell.send(address).expect("the test waits");
                while let Ok((stream, _)) = listener.accept().await {
                    let (book, speaks) = theirs.clone();
                    tokio::spawn(async move {
                        // A caller that goes away in the middle of a request gets no answer.
                        serve(stream, &book, &speaks).await;
                    });
                }
            });
        });
        let address = told.await.expect("it listens");
        Self {
            book,
            speaks,
            address,
        }
    }

    /// The server's client of it.
    pub fn client(&self) -> Arc<dyn Gateway> {
        Arc::new(Client(self.address))
    }

    /// How it treats the next request of this kind about the payment (`confirm`, `capture`, `void`, `cancel`).
    pub fn treats(&self, payment: &Payment, asked: &str, how: Treats) {
        let about = (payment.id.clone(), asked.to_owned());
        let mut book = self.book.lock();
        book.treats.entry(about).or_default().push_back(how);
    }

    /// Sends the answers that it has held back.
    pub fn speaks(&self) {
        self.speaks.notify_one();
    }

    /// Something happens to the money without a request of ours.
    pub fn becomes(&self, payment: &Payment, money: Money) {
        let mut book = self.book.lock();
        let entry = book.payments.get_mut(&payment.id);
        entry.expect("a payment").0 = money;
    }

    /// The state of the payment's money.
    pub fn money(&self, payment: &Payment) -> Option<Money> {
        self.book
            .lock()
            .payments
            .get(&payment.id)
            .map(|entry| entry.0)
    }

    /// How often this was done to the payment.
    pub fn times(&self, payment: &Payment, asked: &str) -> usize {
        let book = self.book.lock();
        let done = book.done.iter();
        done.filter(|(id, did)| *id == payment.id && did == asked)
            .count()
    }

    /// The total captured and not refunded.
    pub fn taken(&self) -> i64 {
        let book = self.book.lock();
        let taken = book
            .payments
            .values()
            .filter(|entry| entry.0 == Money::Taken);
        i64::try_from(taken.map(|entry| entry.1).sum::<u64>()).expect("not that much")
    }

    /// The order's buyer comes to a window of this gateway and approves: the money of the payment is held.
    pub async fn holds(&self, order: &Order) -> Payment {
        let payment = self.approved(order).await;
        assert_eq!(payment.detail().await, "AUTHORIZED");
        payment
    }

    /// The same, whatever the gateway says.
    pub async fn approved(&self, order: &Order) -> Payment {
        let path = "/api/v1/payments/sessions";
        let body = json!({"order_id": order.id});
        let begun = order.merchant().post(path, &body).await.expect(201);
        let payment = order.payment(&begun);
        let path = format!(
            "/api/v1/payments/sessions/{}/prepare",
            begun.text("session_id")
        );
        order.merchant().ask(&path).await.expect(200);
        let approved = Approved {
            payment_key: format!("drill-{}", payment.id),
            order_id: payment.id.clone(),
            amount: payment.amount,
        };
        checkout::confirm(order.merchant(), &approved).await;
        payment
    }
}

/// One request on one connection. `None` where no answer is given.
async fn serve(mut stream: TcpStream, book: &Mutex<Book>, speaks: &Notify) -> Option<()> {
    let asked = request(&mut stream).await?;
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let about = (text("payment"), text("ask"));
    let how = {
        let mut book = book.lock();
        let waiting = book.treats.get_mut(&about);
        waiting.and_then(VecDeque::pop_front)
    };
    let answer = || book.lock().answer(&asked);
    let (status, body) = match how {
        Some(Treats::RequestLost) => return None,
        Some(Treats::AnswerLost) => {
            answer();
            return None;
        }
        Some(Treats::Silent) => {
            let answer = answer();
            speaks.notified().await;
            answer
        }
        Some(Treats::Refuses(code)) => (409, json!({"refused": code})),
        None => answer(),
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body.as_bytes()).await.ok()
}

/// The body of a request, read to its end.
async fn request(stream: &mut TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    loop {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head) = head
            && let Ok(body) = serde_json::from_slice(&bytes[head + 4..])
        {
            return Some(body);
        }
        let mut piece = [0; 4_096];
        match stream.read(&mut piece).await.ok()? {
            0 => return None,
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

impl Book {
    fn answer(&mut self, asked: &Value) -> (u16, Value) {
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let (payment, ask, key) = (text("payment"), text("ask"), text("key"));
        if ask == "inquire" {
            return (200, self.stands(&payment));
        }
        if let Some(answered) = self.answered.get(&key) {
            return answered.clone();
        }
        let was = self.payments.get(&payment).copied();
        let answer = match Money::by(was.map(|was| was.0), &ask) {
            Some(money) => {
                let amount = was.map_or(asked["amount"].as_u64().unwrap_or(0), |was| was.1);
                self.payments.insert(payment.clone(), (money, amount));
                self.done.push((payment.clone(), ask));
                (200, self.stands(&payment))
            }
            // It refuses an impossible request with the present state.
            None => (409, self.stands(&payment)),
        };
        self.answered.insert(key, answer.clone());
        answer
    }

    fn stands(&self, payment: &str) -> Value {
        match self.payments.get(payment) {
            Some((money, amount)) => json!({"money": money.word(), "amount": amount}),
            None => json!({"money": "none"}),
        }
    }
}

/// The drill's client, as the server has one of every gateway.
struct Client(SocketAddr);

impl Gateway for Client {
    fn provider(&self) -> Provider {
        Provider::Drill
    }

    fn credentials(&self) -> Credentials {
        Credentials::of(Provider::Drill, b"drill")
    }

    fn request(&self, call: &Call) -> http::Request<Bytes> {
        let body = json!({
            "ask": call.ask.kind().name(),
            "payment": call.payment.to_string(),
            "key": call.operation.map(|operation| operation.to_string()),
            "amount": call.amounts.total().minor(),
        });
        let body = body.to_string();
        let request = http::Request::post(format!("http://{}/", self.0));
        let request = request.header("content-type", "application/json");
        request.body(body.into()).expect("a request")
    }

    fn window(&self, offer: &Offer<'_>) -> Value {
        json!({"provider": "DRILL", "order_id": offer.payment.to_string()})
    }

    fn deadline(&self, _: Ask) -> Duration {
        Duration::from_mins(1)
    }

    fn read(&self, call: &Call, came: &Result<http::Response<Bytes>, Undelivered>) -> Outcome {
        let answer = match came {
            Ok(answer) => answer,
            Err(Undelivered::NotSent(_)) => return Outcome::NotSent,
            Err(Undelivered::NoAnswer(_)) => return Outcome::Unknown,
        };
        let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        fact(call, &said).map_or(Outcome::Unknown, |fact| Outcome::Answered {
            name: call.name.clone().or_else(|| name(call)),
            fact,
            description: Box::default(),
        })
    }

    fn redact(&self, body: &[u8]) -> String {
        String::from_utf8_lossy(body).into_owned()
    }
}

fn name(call: &Call) -> Option<ProviderPaymentId> {
    ProviderPaymentId::parse(&format!("drill-{}", call.payment))
}

/// The meaning of the drill's words.
fn fact(call: &Call, said: &Value) -> Option<Fact> {
    if let Some(code) = said["refused"].as_str() {
        let code = FailureCode::new(code);
        return match call.ask {
            _ if call.sent_before => None,
            Ask::Confirm => Some(Fact::Failed { code }),
            Ask::Capture | Ask::Void | Ask::Cancel => Some(Fact::CallRefused { code }),
            Ask::Inquire { .. } => None,
        };
    }
    let all: Amounts = call.amounts;
    Some(match said["money"].as_str()? {
        "held" => match call.ask {
            Ask::Inquire {
                about: Some(OperationKind::Capture | OperationKind::Void),
                window_over: true,
                ..
            } => Fact::CallRefused {
                code: FailureCode::new("NOT_DONE"),
            },
            Ask::Confirm | Ask::Capture | Ask::Void | Ask::Cancel | Ask::Inquire { .. } => {
                Fact::Authorized {
                    held: all,
                    expires_at: Timestamp::from_millis(NEVER_MS),
                }
            }
        },
        "taken" => Fact::captured(all),
        "returned" => Fact::refunded(all),
        "released" | "lapsed" => Fact::Canceled,
        "none" => Fact::Undecided,
        _ => return None,
    })
}

/// A test ends the drill's holds explicitly, not a clock. The year 2100.
const NEVER_MS: u64 = 4_102_444_800_000;
