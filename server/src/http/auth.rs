//! Authentication: a merchant's backend or an administrator by a bearer secret, a buyer by a JWT or by the token of
//! one session.
//! Decides who is calling and whether that kind of caller is allowed; the rights to a single payment are decided
//! where the payment is. Credentials are never logged or repeated.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{
    buyer_token::BuyerTokens,
    error::{HttpErrorCode, Problem},
    limits::RateKey,
    request::RequestContext,
    session_token::SessionTokens,
};
use crate::config::{Config, NamedSecret, Secret};
use crate::domain_clock::DomainClock;
use crate::world::SharedWorld;

/// A caller whose credentials hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The merchant's backend of this name.
    Merchant(Arc<str>),
    /// The administrator of this name: the actor in approvals and audit.
    Admin(Arc<str>),
    /// The reader of the metrics.
    Scraper(Arc<str>),
    /// The buyer named by a token.
    Buyer(Arc<str>),
    /// The holder of this session's token.
    Session(Arc<str>),
}

/// The kinds of callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A merchant's backend.
    Merchant,
    /// An administrator.
    Admin,
    /// The reader of the metrics.
    Scraper,
    /// A buyer.
    Buyer,
    /// The holder of one session's token.
    Session,
}

impl Kind {
    /// The word in the API's description.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Admin => "admin",
            Self::Buyer => "buyer",
            Self::Session => "session",
            Self::Scraper => "scraper",
        }
    }
}

impl Principal {
    /// The kind of this caller.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Merchant(_) => Kind::Merchant,
            Self::Admin(_) => Kind::Admin,
            Self::Scraper(_) => Kind::Scraper,
            Self::Buyer(_) => Kind::Buyer,
            Self::Session(_) => Kind::Session,
        }
    }

    /// The name of the key, the buyer's id, or the session's.
    pub fn name(&self) -> &str {
        match self {
            Self::Merchant(name)
            | Self::Admin(name)
            | Self::Scraper(name)
            | Self::Buyer(name)
            | Self::Session(name) => name,
        }
    }
}

/// Verifies credentials; stores the digest of every secret.
pub struct Authenticator {
    holders: Vec<Holder>,
    buyers: BuyerTokens,
    sessions: SessionTokens,
}

struct Holder {
    digest: [u8; 32],
    principal: Principal,
}

impl Authenticator {
    /// Loads the secrets.
    pub fn new(config: &Config) -> Self {
        let secrets = &config.secrets;
        let known = |secret: &Secret, principal| Holder {
            digest: Sha256::digest(secret.expose()).into(),
            principal,
        };
        let holder = |named: &NamedSecret, principal: fn(Arc<str>) -> Principal| {
            known(&named.secret, principal(named.name.as_str().into()))
        };
        let scraper = secrets.scraper.iter();
        let scraper = scraper.map(|secret| known(secret, Principal::Scraper("metrics".into())));
        let merchants = secrets
            .merchants
            .iter()
            .map(|named| holder(named, Principal::Merchant));
        let admins = secrets
            .admins
            .iter()
            .map(|named| holder(named, Principal::Admin));
        Self {
            holders: merchants.chain(admins).chain(scraper).collect(),
            buyers: BuyerTokens::new(config),
            sessions: SessionTokens::new(&secrets.data_key),
        }
    }

    /// Starts the background task that buyers' tokens need.
    pub fn begin(&self, world: &SharedWorld) {
        self.buyers.begin(world);
    }

    /// The caller of a request with these headers, and the key of their rate limit.
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        clock: &DomainClock,
    ) -> Result<(Principal, RateKey), Problem> {
        let credential = bearer(headers).ok_or(HttpErrorCode::Unauthenticated)?;
        let digest: [u8; 32] = Sha256::digest(credential).into();
        match self.holder(&digest) {
            Some(principal) => Ok((principal.clone(), rate_key(digest))),
            None if SessionTokens::is_one(credential) => {
                // A session ends in domain time, as its order does.
                let session = self.sessions.verify(credential, clock.now())?;
                let name: Arc<str> = session.to_string().into();
                Ok((Principal::Session(name), rate_key(digest)))
            }
            None => {
                let buyer = self.buyers.buyer(credential, &**clock.world()).await?;
                let digest = Sha256::new_with_prefix("buyer:").chain_update(&buyer);
                let key = rate_key(digest.finalize().into());
                Ok((Principal::Buyer(buyer.into()), key))
            }
        }
    }

    /// Compares with every secret, even after a match, so that the time reveals nothing.
    fn holder(&self, digest: &[u8; 32]) -> Option<&Principal> {
        let mut found = u64::MAX;
        for (index, holder) in (0_u64..).zip(&self.holders) {
            let same: Choice = holder.digest.ct_eq(digest);
            found.conditional_assign(&index, same);
        }
        let found = usize::try_from(found).ok()?;
        self.holders.get(found).map(|holder| &holder.principal)
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
    /// The caller, if their credentials are valid, their rate limit permits it, and they are of an `allowed` kind.
    pub async fn require(
        &self,
        headers: &HeaderMap,
        allowed: &[Kind],
    ) -> Result<Principal, Problem> {
        let front = &self.front;
        let authenticated = front.authenticator.authenticate(headers, &front.clock);
        let (principal, key) = authenticated.await?;
        self.noted.principal(&principal);
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

/// Extracts any authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller(pub Principal);

macro_rules! extracts {
    ($Extractor:ident, $($Kind:ident)|+) => {
        impl<S: Sync> FromRequestParts<S> for $Extractor {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                let context = RequestContext::of(&parts.extensions)?;
                let principal = context.require(&parts.headers, Self::KINDS).await?;
                Ok(Self::from(principal))
            }
        }

        impl $Extractor {
            /// The kinds it admits.
            pub const KINDS: &'static [Kind] = &[$(Kind::$Kind),+];
        }
    };
    ($Extractor:ident) => {
        extracts!($Extractor, $Extractor);

        impl From<Principal> for $Extractor {
            fn from(principal: Principal) -> Self {
                match principal {
                    Principal::Merchant(name)
                    | Principal::Admin(name)
                    | Principal::Scraper(name)
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

/// Extracts an administrator or the reader of the metrics; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Observer(pub Principal);

/// Extracts a merchant's backend or an administrator; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Office(pub Principal);

/// Extracts a merchant's backend or a buyer; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Payer(pub Principal);

/// Extracts a merchant's backend, a buyer, or the holder of a session's token; anyone else is refused.
#[derive(Debug, Clone)]
pub struct CheckoutCaller(pub Principal);

/// Extracts a merchant's backend with its kind; anyone else is refused.
#[derive(Debug, Clone)]
pub struct Backend(pub Principal);

extracts!(Observer, Admin | Scraper);
extracts!(Office, Merchant | Admin);
extracts!(Payer, Merchant | Buyer);
extracts!(Backend, Merchant);
extracts!(CheckoutCaller, Merchant | Buyer | Session);

macro_rules! whole_principal {
    ($($Extractor:ident)+) => { $(
        impl From<Principal> for $Extractor {
            fn from(principal: Principal) -> Self {
                Self(principal)
            }
        }
    )+ };
}

whole_principal!(Observer Office Payer Backend CheckoutCaller);

impl From<Principal> for Caller {
    fn from(principal: Principal) -> Self {
        Self(principal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, Purpose};
    use crate::domain_clock::DomainClock;
    use crate::world::ManualWorld;

    const SHOP: &str = "shop-shop-shop-shop-shop-shop-shop";
    const KIM: &str = "kim-kim-kim-kim-kim-kim-kim-kim-kim";
    const SCRAPER: &str = "scraper-scraper-scraper-scraper-scraper";

    async fn answer(headers: &HeaderMap) -> Result<Principal, &'static str> {
        let world = ManualWorld::new(1_800_000_000_000, 1);
        let said = [
            ("DAEGEUM_MERCHANT_KEYS", format!("shop:{SHOP}")),
            ("DAEGEUM_ADMIN_KEYS", format!("kim:{KIM}")),
            ("DAEGEUM_BUYER_JWT_SECRET", "b".repeat(32)),
            ("DAEGEUM_METRICS_KEY", SCRAPER.to_owned()),
            ("DAEGEUM_DATA_KEY", "00".repeat(32)),
        ];
        let said = said.map(|(name, text)| (name.to_owned(), text));
        let config = Config::load(&Flags::default(), said.into_iter(), Purpose::Show, &world);
        let clock = DomainClock::new(Arc::new(world), false);
        let authenticator = Authenticator::new(&config.unwrap());
        let answer = authenticator.authenticate(headers, &clock).await;
        answer
            .map(|(principal, _)| principal)
            .map_err(|problem| problem.code())
    }

    async fn calling(authorization: &str) -> Result<Principal, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        answer(&headers).await
    }

    #[tokio::test]
    async fn secret_identifies_its_holder() {
        assert_eq!(
            calling(&format!("Bearer {SHOP}")).await,
            Ok(Principal::Merchant("shop".into()))
        );
        assert_eq!(
            calling(&format!("bearer  {KIM}")).await,
            Ok(Principal::Admin("kim".into()))
        );
        assert_eq!(
            calling(&format!("Bearer {SCRAPER}")).await,
            Ok(Principal::Scraper("metrics".into()))
        );
    }

    #[tokio::test]
    async fn wrong_credentials_all_get_the_same_refusal() {
        for unreadable in ["", "Bearer", "Bearer ", "Basic abc", SHOP] {
            let told = calling(unreadable).await;
            assert_eq!(told, Err("UNAUTHENTICATED"), "{unreadable}");
        }
        for stranger in [format!("Bearer {SHOP}x"), format!("Bearer {}", &SHOP[1..])] {
            assert_eq!(calling(&stranger).await, Err("INVALID_CREDENTIALS"));
        }
        let mut twice = HeaderMap::new();
        for secret in [SHOP, KIM] {
            let value = format!("Bearer {secret}").parse().unwrap();
            twice.append(header::AUTHORIZATION, value);
        }
        assert_eq!(answer(&twice).await, Err("UNAUTHENTICATED"));
    }
}
