//! The requests' bytes. What does not change from one to the next is rendered once.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::identity::{self, Basket};
use crate::signature::Signer;

/// The kinds of requests; each is counted separately.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Order,
    Payment,
    Complete,
    Webhook,
}

impl Step {
    pub(crate) const ALL: [Self; 4] = [Self::Order, Self::Payment, Self::Complete, Self::Webhook];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Payment => "payment",
            Self::Complete => "complete",
            Self::Webhook => "webhook",
        }
    }
}

/// Renders requests; one per generator thread, so that its buffers are its own.
pub(crate) struct Requests {
    /// The headers of every merchant's request, after its path.
    merchant_head: String,
    /// The headers of a notification, after its path.
    notification_head: String,
    signer: Signer,
    body: Vec<u8>,
    text: String,
}

impl Requests {
    pub(crate) fn new(merchant_key: &str, signer: Signer) -> Self {
        let common = "host: 127.0.0.1\r\ncontent-type: application/json\r\n";
        Self {
            merchant_head: format!("{common}authorization: Bearer {merchant_key}\r\n"),
            notification_head: common.to_owned(),
            signer,
            body: Vec::with_capacity(1024),
            text: String::with_capacity(256),
        }
    }

    /// Asks for the order of a number's basket.
    pub(crate) fn order(&mut self, order_id: &[u8], number: u64, out: &mut Vec<u8>) {
        let Basket {
            quantity,
            unit_price,
            tax_free,
        } = Basket::of(number);
        let (buyer, total) = (identity::buyer(number), Basket::of(number).total());
        let order_id = String::from_utf8_lossy(order_id);
        self.body.clear();
        // Writing to a Vec does not fail.
        let _ = write!(
            self.body,
            r#"{{"order_id":"{order_id}","buyer_id":"buyer-{buyer:05}","currency":"KRW","total":{total},"lines":[{{"name":"한강 야간 유람선","quantity":{quantity},"unit_price":{unit_price},"tax":"taxable"}},{{"name":"여행 안내서","quantity":1,"unit_price":{tax_free},"tax":"tax_free"}}],"capture":"automatic"}}"#
        );
        self.finish("/api/v1/orders", out);
    }

    pub(crate) fn payment(&mut self, order_id: &[u8], amount: u64, number: u64, out: &mut Vec<u8>) {
        identity::key(number, &mut self.text);
        let (order_id, key) = (String::from_utf8_lossy(order_id), &self.text);
        self.body.clear();
        let _ = write!(
            self.body,
            r#"{{"order_id":"{order_id}","amount":{amount},"idempotency_key":"{key}","provider":"MOCK"}}"#
        );
        self.finish("/api/v1/payments", out);
    }

    pub(crate) fn complete(&mut self, payment_id: &str, out: &mut Vec<u8>) {
        self.body.clear();
        self.body.extend_from_slice(br#"{"result":"SUCCESS"}"#);
        let path = format_args!("/api/v1/payments/{payment_id}/mock/complete");
        render(path, &self.merchant_head, &self.body, out);
    }

    /// A notification, signed now.
    pub(crate) fn webhook(
        &mut self,
        payment_id: &str,
        amount: u64,
        number: u64,
        out: &mut Vec<u8>,
    ) {
        self.body.clear();
        let _ = write!(
            self.body,
            r#"{{"type":"payment.captured","payment_id":"{payment_id}","amount":{amount}}}"#
        );
        identity::key(number, &mut self.text);
        let id = format!("msg_{}", self.text);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs()).to_string();
        let mut head = self.notification_head.clone();
        for (name, value) in [("webhook-id: ", &id), ("webhook-timestamp: ", &now)] {
            head.push_str(name);
            head.push_str(value);
            head.push_str("\r\n");
        }
        head.push_str("webhook-signature: ");
        self.signer.sign(&id, &now, &self.body, &mut head);
        head.push_str("\r\n");
        let path = format_args!("/api/v1/payments/webhook/mock");
        render(path, &head, &self.body, out);
    }

    fn finish(&self, path: &str, out: &mut Vec<u8>) {
        render(format_args!("{path}"), &self.merchant_head, &self.body, out);
    }
}

fn render(path: std::fmt::Arguments<'_>, head: &str, body: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let length = body.len();
    let _ = write!(
        out,
        "POST {path} HTTP/1.1\r\n{head}content-length: {length}\r\n\r\n"
    );
    out.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> Requests {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        Requests::new("key", signer)
    }

    fn body(request: &[u8]) -> serde_json::Value {
        let text = std::str::from_utf8(request).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("content-length: {}", body.len())));
        serde_json::from_str(body).expect("JSON")
    }

    #[test]
    fn an_orders_lines_add_up_to_its_total() {
        let mut out = Vec::new();
        for number in 0..200 {
            requests().order(b"ORD-1", number, &mut out);
            let order = body(&out);
            let lines = order["lines"].as_array().expect("lines");
            let price = |line: &serde_json::Value| {
                line["quantity"]
                    .as_u64()
                    .zip(line["unit_price"].as_u64())
                    .map(|(n, won)| n * won)
            };
            let sum: Option<u64> = lines.iter().map(price).sum();
            assert_eq!(sum, order["total"].as_u64());
        }
    }

    #[test]
    fn a_notification_names_payment_and_amount_and_is_signed() {
        let mut out = Vec::new();
        requests().webhook("pay_1", 12_900, 7, &mut out);
        assert_eq!(body(&out)["amount"], 12_900);
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(text.starts_with("POST /api/v1/payments/webhook/mock HTTP/1.1\r\n"));
        assert!(text.contains("\r\nwebhook-signature: v1,"));
        assert!(!text.contains("authorization"));
    }
}
