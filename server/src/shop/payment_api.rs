//! The shop's way to its payments: the public API over HTTP, as any merchant's backend calls it. Reads of an
//! answer what the shop shows, and nothing else of it.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::catalogue::{Capture, Line};
use crate::config::Secret;
use crate::world::{Outbound, SharedWorld, Undelivered};

/// Longer than the API itself waits for a gateway.
const DEADLINE: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: usize = 512 * 1024;
/// How many payments a visitor's history goes back.
const PAYMENTS_MAX: u8 = 100;

/// The API at an address that is only known once the server listens.
pub struct PaymentApi {
    world: SharedWorld,
    key: Secret,
    scheme: &'static str,
    address: OnceLock<SocketAddr>,
}

/// An order to register.
#[derive(Debug, Serialize)]
pub struct NewOrder<'a> {
    /// The shop's name for it.
    pub order_id: &'a str,
    /// The buyer.
    pub buyer_id: &'a str,
    /// `KRW`.
    pub currency: &'static str,
    /// The total.
    pub total: u64,
    /// The lines.
    pub lines: Vec<Line>,
    /// When the money is taken.
    pub capture: Capture,
}

/// A checkout that was begun.
#[derive(Debug, Deserialize)]
pub struct Session {
    /// Opens it, for the buyer's browser.
    pub session_token: String,
}

/// An order as the API tells of it.
#[derive(Debug, Deserialize)]
pub struct Order {
    /// The shop's name for it.
    #[serde(rename = "order_id")]
    pub id: String,
    /// `PAYMENT_PENDING`, `PAID`, …
    pub status: String,
    /// The total.
    pub total: u64,
    /// The same by component.
    pub amounts: Amounts,
    /// The lines.
    pub lines: Vec<OrderedLine>,
    /// Until when it can be paid, RFC 3339.
    pub expires_at: String,
    /// When it was registered, RFC 3339.
    pub created_at: String,
}

/// An amount by component.
#[derive(Debug, Deserialize)]
pub struct Amounts {
    /// Taxable, without its VAT.
    pub supply: u64,
    /// VAT.
    pub vat: u64,
    /// Free of VAT.
    pub tax_free: u64,
}

/// A line of an order.
#[derive(Debug, Deserialize)]
pub struct OrderedLine {
    /// What.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// For how much each.
    pub unit_price: u64,
    /// `taxable` or `tax_free`.
    pub tax: String,
}

impl OrderedLine {
    /// The line's total.
    pub fn total(&self) -> u64 {
        self.unit_price.saturating_mul(u64::from(self.quantity))
    }
}

/// A payment in a list.
#[derive(Debug, Deserialize)]
pub struct Payment {
    /// Its name.
    #[serde(rename = "payment_id")]
    pub id: String,
    /// The order it pays.
    pub order_id: String,
    /// Its exact state.
    pub detail: String,
    /// Its latest call to the gateway.
    pub operation: Option<Operation>,
}

/// A call to the gateway.
#[derive(Debug, Deserialize)]
pub struct Operation {
    /// `confirm`, `cancel`, …
    pub kind: String,
    /// `INTENDED`, `UNKNOWN`, `SUCCEEDED`, `REFUSED`.
    pub state: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Payment>,
}

/// The body of an API refusal.
#[derive(Deserialize)]
struct Refusal {
    code: String,
}

/// Why the shop has no answer that it can go on with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The API refuses, with its code; nothing of its message is shown.
    #[error("{1} ({0})")]
    Refused(u16, String),
    /// No answer came.
    #[error("{0}")]
    Undelivered(#[from] Undelivered),
    /// Not an answer of this API.
    #[error("the answer is not understood: {0}")]
    Garbled(String),
}

impl PaymentApi {
    /// The API for the holder of `key`; its address is set later.
    pub fn new(world: SharedWorld, key: Secret, over_tls: bool) -> Self {
        Self {
            world,
            key,
            scheme: if over_tls { "https" } else { "http" },
            address: OnceLock::new(),
        }
    }

    /// Says where it is. A server has one address; only the first counts.
    pub fn is_at(&self, address: SocketAddr) {
        self.address.get_or_init(|| address);
    }

    /// Registers an order.
    pub async fn register(&self, order: &NewOrder<'_>) -> Result<(), Trouble> {
        let body = json(order)?;
        self.ask(Method::POST, "/orders", self.key.expose(), body)
            .await
            .map(drop)
    }

    /// Begins a checkout of an order. The same order again, while its first checkout is open, is another payment
    /// of it; at most one of them takes money.
    pub async fn begin_session(&self, order_id: &str) -> Result<Session, Trouble> {
        let body = json(&serde_json::json!({ "order_id": order_id }))?;
        let answer = self
            .ask(Method::POST, "/payments/sessions", self.key.expose(), body)
            .await?;
        read(&answer)
    }

    /// An order of the holder of this token; nothing if it is not theirs.
    pub async fn order(&self, token: &str, order_id: &str) -> Result<Option<Order>, Trouble> {
        let path = format!("/orders/{}", in_path(order_id));
        match self.ask(Method::GET, &path, token, Bytes::new()).await {
            Ok(answer) => read(&answer).map(Some),
            Err(Trouble::Refused(404, _)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The payments of the holder of this token, newest first.
    pub async fn payments(&self, token: &str) -> Result<Vec<Payment>, Trouble> {
        let path = format!("/me/payments?limit={PAYMENTS_MAX}");
        self.list(&path, token).await
    }

    /// The payments of one order of theirs, newest first.
    pub async fn payments_of(&self, token: &str, order_id: &str) -> Result<Vec<Payment>, Trouble> {
        let path = format!(
            "/me/payments?limit={PAYMENTS_MAX}&order_id={}",
            in_path(order_id)
        );
        self.list(&path, token).await
    }

    /// Takes a reserved order's money for good.
    pub async fn confirm(&self, order_id: &str) -> Result<(), Trouble> {
        self.order_on("orders", order_id, "confirm").await
    }

    /// Cancels an order that is not paid, or only reserved: what was taken for it goes back.
    pub async fn cancel(&self, order_id: &str) -> Result<(), Trouble> {
        self.order_on("orders", order_id, "cancel").await
    }

    /// Gives a payment's money back.
    pub async fn give_back(&self, payment_id: &str) -> Result<(), Trouble> {
        self.order_on("payments", payment_id, "cancel").await
    }

    async fn order_on(&self, kind: &str, id: &str, verb: &str) -> Result<(), Trouble> {
        let path = format!("/{kind}/{}/{verb}", in_path(id));
        self.ask(Method::POST, &path, self.key.expose(), Bytes::new())
            .await
            .map(drop)
    }

    async fn list(&self, path: &str, token: &str) -> Result<Vec<Payment>, Trouble> {
        let answer = self.ask(Method::GET, path, token, Bytes::new()).await?;
        read::<Page>(&answer).map(|page| page.items)
    }

    /// One exchange; anything but success is trouble.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        credential: &str,
        body: Bytes,
    ) -> Result<Response<Bytes>, Trouble> {
        let request = self.request(method, path, credential, body)?;
        let outbound = Outbound {
            request,
            deadline: DEADLINE,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let answer = self.world.send(outbound).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let refusal = read::<Refusal>(&answer)?;
        Err(Trouble::Refused(answer.status().as_u16(), refusal.code))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        credential: &str,
        body: Bytes,
    ) -> Result<Request<Bytes>, Trouble> {
        let not_yet = || Undelivered::NotSent("the server does not listen yet".to_owned());
        let address = self.address.get().ok_or_else(not_yet)?;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}://{address}/api/v1{path}", self.scheme))
            .header(header::AUTHORIZATION, format!("Bearer {credential}"));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let made = request.body(body);
        Ok(made.map_err(|error| Undelivered::NotSent(error.to_string()))?)
    }
}

fn json(value: &impl Serialize) -> Result<Bytes, Trouble> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| Trouble::Garbled(error.to_string()))
}

fn read<T: DeserializeOwned>(answer: &Response<Bytes>) -> Result<T, Trouble> {
    serde_json::from_slice(answer.body())
        .map_err(|error| Trouble::Garbled(format!("{} with a body where {error}", answer.status())))
}

/// A piece of a path or query out of what a browser sent: nothing in it can end the piece.
fn in_path(piece: &str) -> String {
    form_urlencoded::byte_serialize(piece.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_path_stays_one_piece() {
        assert_eq!(in_path("shop-0a1b"), "shop-0a1b");
        assert_eq!(in_path("../a b?c#d%"), "..%2Fa%20b%3Fc%23d%25");
    }

    #[test]
    fn an_order_is_read_out_of_more_than_the_shop_wants() {
        let answer = Response::new(Bytes::from_static(
            br#"{"order_id":"shop-1","buyer_id":"b","status":"PAID","detail":"PAID","currency":"KRW","total":500,
            "amounts":{"supply":455,"vat":45,"tax_free":0},"capture":"automatic",
            "lines":[{"name":"card","quantity":1,"unit_price":500,"tax":"taxable","item_id":"postcard"}],
            "payments":["pay_1"],"expires_at":"2026-01-01T00:00:00.000Z","created_at":"2026-01-01T00:00:00.000Z",
            "updated_at":"2026-01-01T00:00:00.000Z"}"#,
        ));
        let order: Order = read(&answer).expect("an order");
        assert_eq!((order.total, order.amounts.vat), (500, 45));
        assert_eq!(order.lines[0].tax, "taxable");
    }

    #[test]
    fn what_is_no_answer_of_the_api_is_not_taken_for_one() {
        let answer = Response::new(Bytes::from_static(b"<html>"));
        let read = read::<Session>(&answer);
        assert!(matches!(read, Err(Trouble::Garbled(_))));
    }
}
