//! Idempotency as handlers use it: whose key, for which request, and on whose behalf.

use axum::http::HeaderMap;
use daegeum_engine::command::Asker;
use daegeum_engine::id::{BuyerId, SessionId};
use daegeum_engine::idempotency::{KeyedRequest, hash16};
use serde::Serialize;

use crate::http::{BodyKey, IdempotencyKey, Kind, Principal, Problem};

/// A key with what it is recognised by.
pub struct Keyed {
    request: KeyedRequest,
    key: IdempotencyKey,
}

/// Hash of the route and the canonical body: the typed body written out again, so that spacing and the order
/// of fields do not make another request.
pub fn fingerprint(route: &str, body: &impl Serialize) -> Result<[u8; 16], Problem> {
    let canonical = serde_json::to_vec(body).map_err(Problem::internal)?;
    Ok(hash16(&[route.as_bytes(), &canonical]))
}

/// The key of the header or the body, if one was sent.
pub fn optional(
    headers: &HeaderMap,
    body: &BodyKey,
    who: &Principal,
    fingerprint: [u8; 16],
) -> Result<Option<Keyed>, Problem> {
    let key = IdempotencyKey::of(headers, body)?;
    Ok(key.map(|key| keyed(key, who, fingerprint)))
}

/// The key of the header or the body; one has to be there.
pub fn required(
    headers: &HeaderMap,
    body: &BodyKey,
    who: &Principal,
    fingerprint: [u8; 16],
) -> Result<Keyed, Problem> {
    Ok(keyed(
        IdempotencyKey::required(headers, body)?,
        who,
        fingerprint,
    ))
}

fn keyed(key: IdempotencyKey, who: &Principal, fingerprint: [u8; 16]) -> Keyed {
    let kind: &[u8] = match who.kind() {
        Kind::Merchant => b"merchant",
        Kind::Admin => b"admin",
        Kind::Buyer => b"buyer",
        Kind::Session => b"session",
        Kind::Scraper => b"scraper",
    };
    let hash = hash16(&[kind, who.name().as_bytes(), key.as_str().as_bytes()]);
    Keyed {
        request: KeyedRequest {
            key: hash,
            fingerprint,
        },
        key,
    }
}

/// As [`crate::app::Asked`] wants it.
pub fn of(keyed: Option<&Keyed>) -> Option<(KeyedRequest, &str)> {
    keyed.map(Keyed::parts)
}

impl Keyed {
    /// Its hash and fingerprint, and the key itself.
    pub fn parts(&self) -> (KeyedRequest, &str) {
        (self.request, self.key.as_str())
    }
}

/// On whose behalf a caller acts. A token whose subject no order can have sees nothing.
pub fn asker(who: &Principal) -> Asker {
    match who {
        Principal::Merchant(_) | Principal::Admin(_) => Asker::Merchant,
        Principal::Scraper(_) => Asker::Nobody,
        Principal::Buyer(sub) => BuyerId::parse(sub).map_or(Asker::Nobody, Asker::Buyer),
        Principal::Session(id) => match SessionId::parse(id) {
            Ok(session) => Asker::Session(session),
            Err(_) => Asker::Nobody,
        },
    }
}
