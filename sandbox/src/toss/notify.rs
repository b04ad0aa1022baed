//! Outgoing notifications: content, time and repetitions. Each is tried until it is answered 200, seven times more
//! after 1, 4, 16, 64, 256, 1024 and 4096 minutes; then it is given up.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use serde::{Deserialize, Serialize};

use super::{
    Toss,
    dial::{CallFilter, Fault},
    payment::{Payment, Status},
    refusal::{Language, Refusal},
    show::{self, Shown},
    when::{self, MINUTE_MS},
};

/// How long after each failed attempt the next follows.
const RETRIES_MINUTES: [i64; 7] = [1, 4, 16, 64, 256, 1_024, 4_096];
/// The number handed to the listener at once; further ones when these are done.
const BATCH: usize = 64;
/// The longest queue; further notifications are dropped, because nothing has listened for long.
const WAITING_MAX: usize = 100_000;

/// One notification on its way.
#[derive(Debug)]
pub struct Delivery {
    /// To be named when saying how it went.
    pub id: DeliveryId,
    /// The request to send.
    pub request: Request<Bytes>,
}

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId(u64);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Notice {
    pub(super) due_ms: i64,
    transmission_id: String,
    body: String,
    retried: usize,
}

/// A notification that an administrator, or a forger, wants sent now.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notification {
    /// Of which payment; of one that does not exist, if absent.
    #[serde(default)]
    pub payment_key: Option<String>,
    /// The status to claim; the true one, if absent.
    #[serde(default)]
    pub status: Option<String>,
    /// This instead, as it is.
    #[serde(default)]
    pub body: Option<serde_json::Value>,
    /// So many of them.
    #[serde(default)]
    pub times: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusChanged<'a> {
    event_type: &'static str,
    created_at: String,
    data: Shown<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DepositCallback<'a> {
    created_at: String,
    secret: Option<&'a str>,
    status: Status,
    transaction_key: Option<&'a str>,
    order_id: &'a str,
}

impl Toss {
    /// Tells of a payment's new state, if it is one that is told of.
    pub(super) fn announce(&mut self, now_ms: i64, payment: &Payment) {
        if self.state.desk().notification_url.is_none()
            || matches!(payment.status, Status::Ready | Status::InProgress)
        {
            return;
        }
        let body = self.status_changed(now_ms, payment);
        self.post(now_ms, payment, &body);
        let of_deposits = payment.is_virtual_account()
            && !matches!(payment.status, Status::Aborted | Status::Expired);
        if of_deposits && self.settings.deposit_callback {
            self.post(now_ms, payment, &deposit_callback(now_ms, payment));
        }
    }

    fn status_changed(&self, now_ms: i64, payment: &Payment) -> String {
        let changed = StatusChanged {
            event_type: "PAYMENT_STATUS_CHANGED",
            created_at: when::without_zone(now_ms),
            data: show::shown(payment, &self.shop_of(payment), now_ms, Language::Korean),
        };
        serde_json::to_string(&changed).unwrap_or_default()
    }

    /// Queues one, whatever the dial does to it.
    fn post(&mut self, now_ms: i64, payment: &Payment, body: &str) {
        let fault = self.pick(CallFilter::Notify, Some(&payment.order_id));
        let mut due_ms = now_ms;
        let mut copies = 0;
        match fault {
            Some(Fault::Lost {}) => return,
            Some(Fault::Duplicated { n }) => copies = n,
            Some(Fault::Reordered { within_ms }) => {
                due_ms = now_ms.saturating_add_unsigned(self.state.below(within_ms));
            }
            Some(Fault::Late { ms }) => due_ms = now_ms.saturating_add_unsigned(ms),
            Some(Fault::Forged {}) => {
                let lie = self.lie(now_ms, payment);
                self.queue(now_ms, &lie, 0);
            }
            Some(Fault::Unknown {}) => {
                let stranger = self.stranger(now_ms);
                self.queue(now_ms, &stranger, 0);
            }
            _ => {}
        }
        self.queue(due_ms, body, copies);
    }

    /// The false outcome: failure for success, and the other way round.
    fn lie(&self, now_ms: i64, payment: &Payment) -> String {
        let mut other = payment.clone();
        other.status = match payment.status {
            Status::Done => Status::Canceled,
            _ => Status::Done,
        };
        self.status_changed(now_ms, &other)
    }

    fn stranger(&mut self, now_ms: i64) -> String {
        let (key, order) = (self.random_key(20), self.random_key(20));
        let body = serde_json::json!({
            "eventType": "PAYMENT_STATUS_CHANGED",
            "createdAt": when::without_zone(now_ms),
            "data": {"paymentKey": key, "orderId": order, "status": "DONE"},
        });
        body.to_string()
    }

    /// Copies have the same id, by which they can be told from new ones.
    fn queue(&mut self, due_ms: i64, body: &str, copies: u32) {
        let transmission_id = format!("whtrans_{}", self.random_key(24));
        for _ in 0..=copies {
            if self.state.notices_waiting() >= WAITING_MAX {
                return;
            }
            let id = self.state.number();
            let notice = Notice {
                due_ms,
                transmission_id: transmission_id.clone(),
                body: body.to_owned(),
                retried: 0,
            };
            self.state.set_notice(id, Some(notice));
        }
    }

    /// Sends a requested notification, true or not.
    pub(super) fn send(&mut self, now_ms: i64, wanted: &Notification) -> Result<u32, Refusal> {
        if self.state.desk().notification_url.is_none() {
            return Err(Refusal::of("NOT_FOUND"));
        }
        let times = wanted.times.unwrap_or(1).min(10_000);
        for _ in 0..times {
            let body = self.wanted(now_ms, wanted)?;
            self.queue(now_ms, &body, 0);
        }
        Ok(times)
    }

    fn wanted(&mut self, now_ms: i64, wanted: &Notification) -> Result<String, Refusal> {
        if let Some(body) = &wanted.body {
            return Ok(body.to_string());
        }
        let Some(key) = &wanted.payment_key else {
            return Ok(self.stranger(now_ms));
        };
        let mut payment = self
            .state
            .payment(key)
            .cloned()
            .ok_or_else(|| Refusal::of("NOT_FOUND_PAYMENT"))?;
        if let Some(status) = &wanted.status {
            payment.status = serde_json::from_value(status.as_str().into())
                .map_err(|_| Refusal::of("INVALID_REQUEST"))?;
        }
        Ok(self.status_changed(now_ms, &payment))
    }

    /// The notifications due now, one batch at most. Each is returned once, until its delivery is reported. None
    /// while there is no address.
    pub fn due(&mut self, now_ms: i64) -> Vec<Delivery> {
        self.tick(now_ms);
        let mut due = Vec::new();
        if !self.is_written() {
            return due;
        }
        while due.len() < BATCH
            && let Some(first) = self.state.first_notice()
            && first.0 <= now_ms
            && let Some(request) = self.request(now_ms, first.1)
        {
            self.state.take_notice(first);
            due.push(Delivery {
                id: DeliveryId(first.1),
                request,
            });
        }
        due
    }

    fn request(&self, now_ms: i64, id: u64) -> Option<Request<Bytes>> {
        let url = self.state.desk().notification_url.as_ref()?;
        let notice = self.state.notice(id)?;
        let mut request = Request::new(Bytes::from(notice.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.parse().ok()?;
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        for (name, value) in [
            (
                "tosspayments-webhook-transmission-time",
                when::with_offset(now_ms),
            ),
            (
                "tosspayments-webhook-transmission-retried-count",
                notice.retried.to_string(),
            ),
            (
                "tosspayments-webhook-transmission-id",
                notice.transmission_id.clone(),
            ),
        ] {
            headers.insert(name, HeaderValue::from_str(&value).ok()?);
        }
        Some(request)
    }

    /// Reports a delivery: the HTTP status, or `None` if there was no answer in ten seconds. Only 200 is success.
    pub fn delivered(&mut self, now_ms: i64, id: DeliveryId, status: Option<u16>) {
        let Some(mut notice) = self.state.notice(id.0).cloned() else {
            return;
        };
        let minutes = RETRIES_MINUTES.get(notice.retried).copied();
        if status == Some(200) {
            self.state.set_notice(id.0, None);
            let desk = self.state.desk_mut();
            desk.notified = desk.notified.saturating_add(1);
        } else if let Some(minutes) = minutes {
            notice.due_ms = now_ms.saturating_add(minutes.saturating_mul(MINUTE_MS));
            notice.retried = notice.retried.saturating_add(1);
            self.state.set_notice(id.0, Some(notice));
        } else {
            self.state.set_notice(id.0, None);
            let desk = self.state.desk_mut();
            desk.given_up = desk.given_up.saturating_add(1);
        }
        self.commit();
    }
}

fn deposit_callback(now_ms: i64, payment: &Payment) -> String {
    let callback = DepositCallback {
        created_at: when::without_zone(now_ms),
        secret: payment.secret.as_deref(),
        status: payment.status,
        transaction_key: payment.last_transaction_key.as_deref(),
        order_id: &payment.order_id,
    };
    serde_json::to_string(&callback).unwrap_or_default()
}
