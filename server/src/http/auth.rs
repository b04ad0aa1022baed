//! Who is calling: a merchant's backend or an administrator by a bearer secret, a buyer by a JWT or by the
//! token of one session.
//! Says who, and whether that kind of caller may; what they may do with which payment is decided
//! where the payment is. Credentials are never logged or repeated.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{
    error::{HttpErrorCode, Problem},
    limits::RateKey,
    request::RequestContext,
    session_token::SessionTokens,
};
use crate::config::{NamedSecret, Secrets};
use crate::domain_clock::DomainClock;

/// A caller whose credentials hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The merchant's backend of this name.
    Merchant(Arc<str>),
    /// The administrator of this name: the actor in approvals and audit.
    Admin(Arc<str>),
    /// The buyer whose token says so.
    Buyer(Arc<str>),
    /// Whoever holds the token of this session.
    Session(Arc<str>),
}

/// What kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A merchant's backend.
    Merchant,
    /// An administrator.
    Admin,
    /// A buyer.
    Buyer,
    /// The holder of one session's token.
    Session,
}

impl Principal {
    /// What kind of caller this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Merchant(_) => Kind::Merchant,
            Self::Admin(_) => Kind::Admin,
            Self::Buyer(_) => Kind::Buyer,
            Self::Session(_) => Kind::Session,
        }
    }

    /// The name of the key, the buyer's id, or the session's.
    pub fn name(&self) -> &str {
        match self {
            Self::Merchant(name) | Self::Admin(name) | Self::Buyer(name) | Self::Session(name) => {
                name
            }
        }
    }
}

/// How far a buyer's clock and ours may differ.
const LEEWAY_S: i64 = 30;
/// The longest `sub` that is taken for a buyer's id.
const SUBJECT_LENGTH_MAX: usize = 128;

/// Knows every secret by its digest.
pub struct Authenticator {
    holders: Vec<Holder>,
    token_key: DecodingKey,
    token_rules: Validation,
    sessions: SessionTokens,
}

struct Holder {
    digest: [u8; 32],
    principal: Principal,
}

/// What we read of a buyer's token.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
}

impl Authenticator {
    /// Takes the secrets in.
    pub fn new(secrets: &Secrets) -> Self {
        let holder = |named: &NamedSecret, principal: fn(Arc<str>) -> Principal| Holder {
            digest: Sha256::digest(named.secret.expose()).into(),
            principal: principal(named.name.as_str().into()),
        };
        let merchants = secrets
            .merchants
            .iter()
            .map(|named| holder(named, Principal::Merchant));
        let admins = secrets
            .admins
            .iter()
            .map(|named| holder(named, Principal::Admin));
        // The library would look at the machine's clock itself; times are checked below.
        let mut token_rules = Validation::new(Algorithm::HS256);
        token_rules.validate_exp = false;
        token_rules.validate_aud = false;
        Self {
            holders: merchants.chain(admins).collect(),
            token_key: DecodingKey::from_secret(secrets.buyer_jwt.expose().as_bytes()),
            token_rules,
            sessions: SessionTokens::new(&secrets.data_key),
        }
    }

    /// Who sent these headers, and the key their rate is counted under.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        clock: &DomainClock,
    ) -> Result<(Principal, RateKey), Problem> {
        let credential = bearer(headers).ok_or(HttpErrorCode::Unauthenticated)?;
        let digest: [u8; 32] = Sha256::digest(credential).into();
        match self.holder(&digest) {
            Some(principal) => Ok((principal.clone(), rate_key(digest))),
            None if SessionTokens::is_one(credential) => {
                // A session ends in the shop's time, as its order does.
                let session = self.sessions.verify(credential, clock.now())?;
                let name: Arc<str> = session.to_string().into();
                Ok((Principal::Session(name), rate_key(digest)))
            }
            None => self.buyer(credential, clock.world().machine_now_ms().div_euclid(1000)),
        }
    }

    /// Looks at every holder, however early one matches: how long it takes tells nothing.
    fn holder(&self, digest: &[u8; 32]) -> Option<&Principal> {
        let mut found = u64::MAX;
        for (index, holder) in (0_u64..).zip(&self.holders) {
            let same: Choice = holder.digest.ct_eq(digest);
            found.conditional_assign(&index, same);
        }
        let found = usize::try_from(found).ok()?;
        self.holders.get(found).map(|holder| &holder.principal)
    }

    fn buyer(&self, token: &str, now_s: i64) -> Result<(Principal, RateKey), Problem> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.token_key, &self.token_rules)
            .map_err(|_| HttpErrorCode::InvalidCredentials)?
            .claims;
        let subject_fits = (1..=SUBJECT_LENGTH_MAX).contains(&claims.sub.len())
            && !claims.sub.chars().any(char::is_control);
        let begun = claims
            .nbf
            .is_none_or(|nbf| nbf <= now_s.saturating_add(LEEWAY_S));
        if !subject_fits || !begun {
            return Err(HttpErrorCode::InvalidCredentials.into());
        }
        if claims.exp.saturating_add(LEEWAY_S) <= now_s {
            return Err(HttpErrorCode::TokenExpired.into());
        }
        let digest = Sha256::new_with_prefix("buyer:")
            .chain_update(&claims.sub)
            .finalize();
        Ok((Principal::Buyer(claims.sub.into()), rate_key(digest.into())))
    }
}

fn rate_key(digest: [u8; 32]) -> RateKey {
    let [key, _] = digest.as_chunks::<16>().0 else {
        return RateKey::default();
    };
    *key
}

/// The credential of the one `Authorization: Bearer` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, credential) = value.to_str().ok()?.split_once(' ')?;
    let credential = credential.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !credential.is_empty()).then_some(credential)
}

impl RequestContext {
    /// The caller, if their credentials hold, they keep their rate, and they are of an `allowed`
    /// kind.
    pub fn require(&self, headers: &HeaderMap, allowed: &[Kind]) -> Result<Principal, Problem> {
        let front = &self.front;
        let (principal, key) = front.authenticator.authenticate(headers, &front.clock)?;
        front.rates.count_key(&key)?;
        if allowed.contains(&principal.kind()) {
            Ok(principal)
        } else {
            Err(HttpErrorCode::Forbidden.into())
        }
    }
}

/// Extracts the name of a merchant's backend; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Merchant(pub Arc<str>);

/// Extracts the name of an administrator; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Admin(pub Arc<str>);

/// Extracts a buyer's id; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Buyer(pub Arc<str>);

/// Extracts whoever it is; strangers are refused.
#[derive(Debug, Clone)]
pub struct Caller(pub Principal);

macro_rules! extracts {
    ($Extractor:ident, $($Kind:ident)|+) => {
        impl<S: Sync> FromRequestParts<S> for $Extractor {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                let context = RequestContext::of(&parts.extensions)?;
                let principal = context.require(&parts.headers, &[$(Kind::$Kind),+])?;
                Ok(Self::from(principal))
            }
        }
    };
    ($Extractor:ident) => {
        extracts!($Extractor, $Extractor);

        impl From<Principal> for $Extractor {
            fn from(principal: Principal) -> Self {
                match principal {
                    Principal::Merchant(name)
                    | Principal::Admin(name)
                    | Principal::Buyer(name)
                    | Principal::Session(name) => Self(name),
                }
            }
        }
    };
}

extracts!(Merchant);
extracts!(Admin);
extracts!(Buyer);
extracts!(Caller, Merchant | Admin | Buyer);

/// Extracts a merchant's backend or an administrator; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Office(pub Principal);

/// Extracts a merchant's backend or a buyer; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Payer(pub Principal);

/// Extracts a merchant's backend, a buyer, or the holder of a session's token; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Checkout(pub Principal);

/// Extracts a merchant's backend with its kind; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Backend(pub Principal);

extracts!(Office, Merchant | Admin);
extracts!(Payer, Merchant | Buyer);
extracts!(Backend, Merchant);
extracts!(Checkout, Merchant | Buyer | Session);

macro_rules! whole_principal {
    ($($Extractor:ident)+) => { $(
        impl From<Principal> for $Extractor {
            fn from(principal: Principal) -> Self {
                Self(principal)
            }
        }
    )+ };
}

whole_principal!(Office Payer Backend Checkout);

impl From<Principal> for Caller {
    fn from(principal: Principal) -> Self {
        Self(principal)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::config::{DataKey, Secret, Value};
    use crate::domain_clock::DomainClock;
    use crate::world::ManualWorld;

    const SHOP: &str = "shop-shop-shop-shop-shop-shop-shop";
    const KIM: &str = "kim-kim-kim-kim-kim-kim-kim-kim-kim";
    const SIGNING: &str = "signing-signing-signing-signing-signing";
    const NOW_S: i64 = 1_800_000_000;

    fn authenticator() -> Authenticator {
        let named = |name: &str, secret: &str| {
            vec![NamedSecret {
                name: name.into(),
                secret: Secret::parse(secret).unwrap(),
            }]
        };
        Authenticator::new(&Secrets {
            merchants: named("shop", SHOP),
            admins: named("kim", KIM),
            buyer_jwt: Secret::parse(SIGNING).unwrap(),
            data_key: DataKey::parse(&"00".repeat(32)).unwrap(),
            mock_webhook: Vec::new(),
        })
    }

    fn clock_at(now_ms: i64) -> DomainClock {
        DomainClock::new(Arc::new(ManualWorld::new(now_ms, 1)), false)
    }

    fn calling(authorization: &str) -> Result<Principal, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        let answer = authenticator().authenticate(&headers, &clock_at(NOW_S * 1000));
        answer
            .map(|(principal, _)| principal)
            .map_err(|problem| problem.code())
    }

    fn token(algorithm: Algorithm, secret: &str, claims: &Json) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        format!(
            "Bearer {}",
            encode(&Header::new(algorithm), claims, &key).unwrap()
        )
    }

    fn with_claims(claims: &Json) -> Result<Principal, &'static str> {
        calling(&token(Algorithm::HS256, SIGNING, claims))
    }

    #[test]
    fn each_secret_is_its_holder() {
        assert_eq!(
            calling(&format!("Bearer {SHOP}")),
            Ok(Principal::Merchant("shop".into()))
        );
        assert_eq!(
            calling(&format!("bearer  {KIM}")),
            Ok(Principal::Admin("kim".into()))
        );
    }

    #[test]
    fn nobody_is_told_apart_from_a_stranger() {
        for unreadable in ["", "Bearer", "Bearer ", "Basic abc", SHOP] {
            assert_eq!(calling(unreadable), Err("UNAUTHENTICATED"), "{unreadable}");
        }
        for stranger in [format!("Bearer {SHOP}x"), format!("Bearer {}", &SHOP[1..])] {
            assert_eq!(calling(&stranger), Err("INVALID_CREDENTIALS"));
        }
        let mut twice = HeaderMap::new();
        for secret in [SHOP, KIM] {
            let value = format!("Bearer {secret}").parse().unwrap();
            twice.append(header::AUTHORIZATION, value);
        }
        let refused = authenticator()
            .authenticate(&twice, &clock_at(0))
            .unwrap_err();
        assert_eq!(refused.code(), "UNAUTHENTICATED");
    }

    #[test]
    fn a_buyer_is_who_the_token_says() {
        let claims = json!({"sub": "buyer-1", "exp": NOW_S + 60, "aud": "shop", "role": "x"});
        assert_eq!(with_claims(&claims), Ok(Principal::Buyer("buyer-1".into())));
    }

    #[test]
    fn a_token_ends_after_the_leeway() {
        let until = |exp| with_claims(&json!({"sub": "b", "exp": exp}));
        assert!(until(NOW_S - LEEWAY_S + 1).is_ok());
        assert_eq!(until(NOW_S - LEEWAY_S), Err("TOKEN_EXPIRED"));
        let from = |nbf| with_claims(&json!({"sub": "b", "exp": NOW_S + 999, "nbf": nbf}));
        assert!(from(NOW_S + LEEWAY_S).is_ok());
        assert_eq!(from(NOW_S + LEEWAY_S + 1), Err("INVALID_CREDENTIALS"));
    }

    #[test]
    fn a_token_that_does_not_hold_is_nobodys() {
        for claims in [
            json!({"exp": NOW_S + 60}),
            json!({"sub": "b"}),
            json!({"sub": "", "exp": NOW_S + 60}),
            json!({"sub": 7, "exp": NOW_S + 60}),
            json!({"sub": "b", "exp": "soon"}),
            json!({"sub": "b\n", "exp": NOW_S + 60}),
            json!({"sub": "b".repeat(129), "exp": NOW_S + 60}),
        ] {
            assert_eq!(with_claims(&claims), Err("INVALID_CREDENTIALS"), "{claims}");
        }
        let claims = json!({"sub": "b", "exp": NOW_S + 60});
        let forged = token(Algorithm::HS256, KIM, &claims);
        assert_eq!(calling(&forged), Err("INVALID_CREDENTIALS"));
        let other_algorithm = token(Algorithm::HS512, SIGNING, &claims);
        assert_eq!(calling(&other_algorithm), Err("INVALID_CREDENTIALS"));
        // {"alg":"none","typ":"JWT"} with our claims and no signature
        let signed = token(Algorithm::HS256, SIGNING, &claims);
        let body = signed.split('.').nth(1).unwrap();
        let unsigned = format!("Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
        assert_eq!(calling(&unsigned), Err("INVALID_CREDENTIALS"));
    }
}
