//! The shop's visitors: a random id in a token that the shop signs, kept in a cookie. The payment API knows the buyer
//! by the same token, so the shop can read only that visitor's history.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::config::{Buyers, ClaimText, Secret};
use crate::world::{SharedWorld, random_bytes};

const COOKIE: &str = "visitor";
/// How long a token holds. Past half of it a visit renews it.
const HOLDS: Duration = Duration::from_hours(30 * 24);

/// One visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The visitor's id at the payment API.
    pub id: String,
    /// Their token.
    pub token: String,
    /// To be kept by the browser, if it has no token or an old one.
    pub cookie: Option<HeaderValue>,
}

/// Knows visitors by their cookies.
pub struct Visitors {
    world: SharedWorld,
    signing: EncodingKey,
    verifying: DecodingKey,
    rules: Validation,
    issuer: Option<String>,
    audience: Option<String>,
    over_tls: bool,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
}

impl Visitors {
    /// Signs with `secret`, which the payment API verifies buyers' tokens with.
    pub fn new(world: SharedWorld, secret: &Secret, over_tls: bool) -> Self {
        // The library would look at the machine's clock itself; `exp` is checked below.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.validate_exp = false;
        // What a token claims besides is for the payment API.
        rules.validate_aud = false;
        Self {
            world,
            signing: EncodingKey::from_secret(secret.expose().as_bytes()),
            verifying: DecodingKey::from_secret(secret.expose().as_bytes()),
            rules,
            issuer: None,
            audience: None,
            over_tls,
        }
    }

    /// The same, with tokens that claim what the payment API asks of every token.
    #[must_use]
    pub fn claiming(self, buyers: &Buyers) -> Self {
        let text = |claim: &ClaimText| claim.as_str().to_owned();
        Self {
            issuer: buyers.issuer.as_ref().map(text),
            audience: buyers.audience.first().map(text),
            ..self
        }
    }

    /// The visitor these headers come from; a new one if they name none.
    pub fn of(&self, headers: &HeaderMap) -> Result<Visitor, jsonwebtoken::errors::Error> {
        let now_s = self.world.machine_now_ms().div_euclid(1000);
        let known = cookie(headers).and_then(|token| Some((token, self.holding(token, now_s)?)));
        match known {
            Some((token, claims)) if self.does_for_long(&claims, now_s) => Ok(Visitor {
                id: claims.sub,
                token: token.to_owned(),
                cookie: None,
            }),
            Some((_, claims)) => self.mint(claims.sub, now_s),
            None => self.mint(self.new_id(), now_s),
        }
    }

    fn holding(&self, token: &str, now_s: i64) -> Option<Claims> {
        let read = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.rules);
        let claims = read.ok()?.claims;
        (claims.exp > now_s).then_some(claims)
    }

    /// Whether no other token is needed yet, by its time and by what the payment API asks for now.
    fn does_for_long(&self, claims: &Claims, now_s: i64) -> bool {
        claims.exp.saturating_sub(now_s) > holds_s() / 2
            && claims.iss == self.issuer
            && claims.aud == self.audience
    }

    fn mint(&self, id: String, now_s: i64) -> Result<Visitor, jsonwebtoken::errors::Error> {
        let claims = Claims {
            sub: id,
            exp: now_s.saturating_add(holds_s()),
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)?;
        Ok(Visitor {
            cookie: self.kept(&token),
            id: claims.sub,
            token,
        })
    }

    /// Out of reach of scripts, and not sent with what another site posts.
    fn kept(&self, token: &str) -> Option<HeaderValue> {
        let secure = if self.over_tls { "; Secure" } else { "" };
        let seconds = HOLDS.as_secs();
        let cookie = format!(
            "{COOKIE}={token}; Path=/shop; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
        );
        HeaderValue::from_str(&cookie).ok()
    }

    fn new_id(&self) -> String {
        let random = u128::from_be_bytes(random_bytes(&*self.world));
        format!("visitor-{random:032x}")
    }
}

fn holds_s() -> i64 {
    i64::try_from(HOLDS.as_secs()).unwrap_or(i64::MAX)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Value;
    use crate::world::ManualWorld;

    const DAY: Duration = Duration::from_hours(24);

    fn shop() -> (Visitors, ManualWorld) {
        let world = ManualWorld::new(1_800_000_000_000, 7);
        let secret = Secret::parse("signing-signing-signing-signing-signing").unwrap();
        let visitors = Visitors::new(Arc::new(world.clone()), &secret, false);
        (visitors, world)
    }

    fn with_cookie(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        headers
    }

    #[test]
    fn a_new_visitor_is_known_again_by_the_cookie() {
        let (visitors, _) = shop();
        let first = visitors.of(&HeaderMap::new()).unwrap();
        let kept = first.cookie.clone().expect("a cookie to keep");
        let kept = kept.to_str().unwrap();
        assert!(kept.contains("; HttpOnly; SameSite=Lax"), "{kept}");
        let (pair, _) = kept.split_once(';').unwrap();

        let again = visitors
            .of(&with_cookie(&format!("lang=en; {pair}")))
            .unwrap();
        assert_eq!((&again.id, &again.token), (&first.id, &first.token));
        assert_eq!(again.cookie, None, "there is nothing new to keep");
    }

    #[test]
    fn an_old_token_is_renewed_and_an_expired_one_forgotten() {
        let (visitors, world) = shop();
        let first = visitors.of(&HeaderMap::new()).unwrap();
        let headers = with_cookie(&format!("visitor={}", first.token));
        world.advance(DAY * 16);
        let renewed = visitors.of(&headers).unwrap();
        assert_eq!(renewed.id, first.id);
        assert!(renewed.cookie.is_some() && renewed.token != first.token);

        world.advance(DAY * 14);
        let stranger = visitors.of(&headers).unwrap();
        assert_ne!(stranger.id, first.id);
    }

    #[test]
    fn a_token_claims_what_the_payment_api_asks_for_now() {
        let (visitors, _) = shop();
        let before = visitors.of(&HeaderMap::new()).unwrap();
        let visitors = visitors.claiming(&Buyers {
            issuer: Value::parse("https://login.example").unwrap(),
            audience: Value::parse("shop-web,shop-app").unwrap(),
            jwk_set_file: None,
            jwk_set_url: None,
        });
        let same = visitors
            .of(&with_cookie(&format!("visitor={}", before.token)))
            .unwrap();
        assert_eq!(same.id, before.id);
        let claims = visitors.holding(&same.token, 1_800_000_000).unwrap();
        assert_eq!(claims.iss.as_deref(), Some("https://login.example"));
        assert_eq!(claims.aud.as_deref(), Some("shop-web"));
        let again = visitors
            .of(&with_cookie(&format!("visitor={}", same.token)))
            .unwrap();
        assert_eq!(again.cookie, None);
    }

    #[test]
    fn forged_cookie_does_not_become_another_visitor() {
        let (visitors, _) = shop();
        let first = visitors.of(&HeaderMap::new()).unwrap();
        let forged = first.token.replace('.', "x.");
        for wrong in [forged.as_str(), "", "visitor", "e30.e30.e30"] {
            let other = visitors
                .of(&with_cookie(&format!("visitor={wrong}")))
                .unwrap();
            assert_ne!(other.id, first.id, "{wrong}");
        }
    }
}
