//! `POST /v1/payments/confirm`: the one step that takes money, or issues the account to pay into.

use serde::Deserialize;

use super::{
    Toss,
    api::{Answer, ApiRequest},
    payment::{Instrument, Method, Pair, Payment, Status},
    refusal::Refusal,
    state::DIGITS,
    when::HOUR_MS,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    payment_key: String,
    order_id: String,
    amount: i64,
}

/// Banks that a virtual account can be of; the first unless asked otherwise.
pub(super) const BANKS: &[&str] = &[
    "20", "02", "03", "06", "07", "11", "12", "23", "27", "31", "32", "34", "35", "37", "39", "45",
    "48", "50", "54", "64", "71", "81", "88", "89", "90", "92",
];

impl Toss {
    pub(super) fn confirm(&mut self, now_ms: i64, ask: &ApiRequest, pair: Pair) -> Answer {
        let body: Body = ask
            .body
            .as_deref()
            .and_then(|body| serde_json::from_str(body).ok())
            .ok_or_else(|| Refusal::of("INVALID_REQUEST"))?;
        let mut payment = self.confirmable(&body, pair)?;
        if let Some(code) = payment.decline.clone() {
            payment.status = Status::Aborted;
            payment.failure = Some(code.clone());
            self.state.put(payment.clone());
            self.announce(now_ms, &payment);
            return Err(Refusal::of(&code));
        }
        self.approve_now(now_ms, &mut payment);
        self.state.put(payment.clone());
        self.announce(now_ms, &payment);
        Ok(self.shown(&payment, now_ms, ask.language))
    }

    /// Toss's order of checks is not published; facts about the payment are checked before mistakes in the request.
    fn confirmable(&self, body: &Body, pair: Pair) -> Result<Payment, Refusal> {
        let payment = self
            .known_payment(&body.payment_key, pair)
            .ok_or_else(|| Refusal::of("NOT_FOUND_PAYMENT"))?;
        if payment.pair != pair {
            return Err(Refusal::of("INVALID_API_KEY"));
        }
        match payment.status {
            Status::InProgress => {}
            // No buyer authenticated it, or too long ago.
            Status::Ready | Status::Expired => {
                return Err(Refusal::of("NOT_FOUND_PAYMENT_SESSION"));
            }
            _ => return Err(Refusal::of("ALREADY_PROCESSED_PAYMENT")),
        }
        if body.order_id != payment.order_id || body.amount != payment.amount {
            return Err(Refusal::of("INVALID_REQUEST"));
        }
        if self
            .state
            .order_is_taken(&payment.order_id, Some(&payment.key))
        {
            return Err(Refusal::of("DUPLICATED_ORDER_ID"));
        }
        Ok(payment.clone())
    }

    fn approve_now(&mut self, now_ms: i64, payment: &mut Payment) {
        payment.instrument = Some(self.instrument(now_ms, payment));
        payment.secret = Some(format!("ps_{}", self.random_key(32)));
        payment.last_transaction_key = Some(self.transaction_key());
        self.effect();
        if payment.method == Method::VirtualAccount {
            payment.status = Status::WaitingForDeposit;
        } else {
            self.take(now_ms, payment);
        }
    }

    /// The shop has the money from now on.
    pub(super) fn take(&mut self, now_ms: i64, payment: &mut Payment) {
        payment.status = Status::Done;
        payment.approved_at_ms = Some(now_ms);
        payment.taken_times = payment.taken_times.saturating_add(1);
        payment.taken = payment.taken.saturating_add(payment.amount);
        let desk = self.state.desk_mut();
        desk.taken = desk.taken.saturating_add(payment.amount);
    }

    /// An invented means of payment.
    fn instrument(&mut self, now_ms: i64, payment: &Payment) -> Instrument {
        match payment.method {
            Method::Card => {
                let (first, last) = (self.digits(4), self.digits(3));
                Instrument::Card {
                    number: format!("4330{first}****{last}*"),
                    issuer: "61".to_owned(),
                    approve_no: self.digits(8),
                }
            }
            Method::EasyPay => Instrument::EasyPay {
                provider: payment
                    .easy_pay
                    .clone()
                    .unwrap_or_else(|| "토스페이".to_owned()),
            },
            Method::Transfer => Instrument::Account {
                bank: "92".to_owned(),
            },
            Method::VirtualAccount => Instrument::VirtualAccount {
                bank: "20".to_owned(),
                // Test accounts begin with an X.
                number: format!("X{}", self.digits(13)),
                due_ms: now_ms.saturating_add(payment.valid_hours.saturating_mul(HOUR_MS)),
            },
            Method::MobilePhone => Instrument::Phone {
                number: payment
                    .customer_phone
                    .as_deref()
                    .map_or_else(|| "010****0000".to_owned(), masked),
            },
            Method::CultureGiftCertificate
            | Method::BookGiftCertificate
            | Method::GameGiftCertificate => Instrument::GiftCertificate {
                approve_no: self.digits(8),
            },
        }
    }

    pub(super) fn transaction_key(&mut self) -> String {
        self.state.text("0123456789ABCDEF", 32)
    }

    fn digits(&mut self, length: usize) -> String {
        self.state.text(DIGITS, length)
    }
}

/// The first three digits and the last four.
fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let first: String = digits.iter().take(3).collect();
    let last: String = digits.iter().skip(digits.len().saturating_sub(4)).collect();
    format!("{first}****{last}")
}
