//! Toss Payments: its requests, and what its answers mean.
//!
//! Pure, like every gateway. What is promised: a failure is only reported where Toss certainly did
//! nothing, a success only where its answer proves itself, and everything else is asked about.
//! `docs/gateways/toss.md` says where each rule comes from.

mod answer;
pub mod errors;
mod issuers;
mod payment;
mod redact;
mod requests;
mod wallets;
mod window;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use daegeum_engine::card::CardOffer;
use daegeum_engine::event::{Credentials, PaidWith, Provider};
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::wire::Wording;
use http::{HeaderValue, Request, Response};

use super::{Ask, Call, Gateway, Offer, Outcome};
use crate::config::{self, HttpUrl, TossClientKey, TossSecretKey};
use crate::world::Undelivered;

/// What people call whoever issued what was paid with.
pub(super) fn issuer(paid_with: &PaidWith) -> Option<Wording> {
    issuers::name(paid_with.method.as_deref(), paid_with.issuer.as_deref()?)
}

/// Toss asks for at least a minute where money moves.
const MONEY_DEADLINE: Duration = Duration::from_mins(1);
const INQUIRY_DEADLINE: Duration = Duration::from_secs(30);

/// The client of one merchant's Toss.
pub struct Toss {
    base_url: HttpUrl,
    sdk_url: HttpUrl,
    client_key: TossClientKey,
    authorization: HeaderValue,
    credentials: Credentials,
    card_offer: CardOffer,
}

impl Toss {
    /// The client of the merchant whose keys these are; none where there are none.
    pub fn configured(settings: &config::Toss) -> Option<Self> {
        Some(Self {
            base_url: settings.base_url.clone(),
            sdk_url: settings.sdk_url.clone(),
            client_key: settings.client_key.clone()?,
            authorization: authorization(settings.secret_key.as_ref()?),
            credentials: credentials(settings.secret_key.as_ref()?),
            card_offer: card_offer(settings),
        })
    }
}

fn card_offer(settings: &config::Toss) -> CardOffer {
    CardOffer {
        easy_pays: settings.easy_pays.clone(),
        installments_max: settings.installments_max.months(),
        installments_from_minor: settings.installments_minimum.into(),
    }
}

/// The secret key alone says whose payments Toss knows: addresses change, and the client key is public.
fn credentials(secret_key: &TossSecretKey) -> Credentials {
    Credentials::of(Provider::Toss, secret_key.expose().as_bytes())
}

fn authorization(secret_key: &TossSecretKey) -> HeaderValue {
    // The colon belongs to it: a user name without a password.
    let basic = STANDARD.encode(format!("{}:", secret_key.expose()));
    // Base64 can always be a header; the other arm is for the compiler.
    let mut authorization = HeaderValue::try_from(format!("Basic {basic}"))
        .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    authorization.set_sensitive(true);
    authorization
}

impl Gateway for Toss {
    fn provider(&self) -> Provider {
        Provider::Toss
    }

    fn credentials(&self) -> Credentials {
        self.credentials
    }

    fn card_offer(&self) -> CardOffer {
        self.card_offer.clone()
    }

    fn request(&self, call: &Call) -> Request<Bytes> {
        requests::request(&self.base_url, &self.authorization, call)
    }

    fn window(&self, offer: &Offer<'_>) -> serde_json::Value {
        window::window(&self.sdk_url, &self.client_key, offer)
    }

    fn deadline(&self, ask: Ask) -> Duration {
        match ask {
            Ask::Confirm | Ask::Capture | Ask::Void | Ask::Cancel => MONEY_DEADLINE,
            Ask::Inquire { .. } => INQUIRY_DEADLINE,
        }
    }

    fn read(&self, call: &Call, came: &Result<Response<Bytes>, Undelivered>) -> Outcome {
        match came {
            Ok(response) => answer::read(call, response),
            Err(Undelivered::NotSent(_)) => Outcome::NotSent,
            Err(Undelivered::NoAnswer(_)) if planted::is(Bug::NoAnswerIsNotSent) => {
                Outcome::NotSent
            }
            Err(Undelivered::NoAnswer(_)) => Outcome::Unknown,
        }
    }

    fn redact(&self, body: &[u8]) -> String {
        redact::redact(body)
    }
}

#[cfg(test)]
mod tests;
