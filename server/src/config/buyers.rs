//! Settings about buyers' tokens: who issues them, for whom, and where the keys are that others sign them with.

use super::secret::decode_base64;
use super::settings::{Buyers, Settings};
use super::value::{Value, parts, quoted, quoted_list};

impl Buyers {
    /// Whether tokens of a third-party login are accepted.
    pub fn has_key_set(&self) -> bool {
        self.jwk_set_file.is_some() || self.jwk_set_url.is_some()
    }
}

/// A value of `iss` or `aud`, compared letter by letter: 1 to 255 visible ASCII characters without a comma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimText(String);

impl ClaimText {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for ClaimText {
    const KIND: &'static str = "a text such as https://login.example, written as the token has it";

    fn parse(text: &str) -> Result<Self, String> {
        let plain = text.chars().all(|c| c.is_ascii_graphic() && c != ',');
        if plain && (1..=255).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("expected {}", Self::KIND))
        }
    }

    fn toml(&self) -> String {
        quoted(&self.0)
    }
}

impl Value for Vec<ClaimText> {
    const KIND: &'static str = "texts: shop-web, shop-app";

    fn parse(text: &str) -> Result<Self, String> {
        parts(text).map(ClaimText::parse).collect()
    }

    fn toml(&self) -> String {
        quoted_list(self.iter().map(|text| text.0.as_str()))
    }
}

/// Checks these settings together, and the secret beside them.
pub(super) fn check(settings: &Settings, problems: &mut Vec<String>) {
    check_buyer_secret(settings, problems);
    let plain_is_fine = settings.server.sandbox || settings.gateways.allow_private;
    check_set(&settings.buyers, plain_is_fine, problems);
}

fn check_set(buyers: &Buyers, plain_is_fine: bool, problems: &mut Vec<String>) {
    if buyers.jwk_set_file.is_some() && buyers.jwk_set_url.is_some() {
        problems.push(
            "buyers.jwk_set_file and buyers.jwk_set_url: set one of them; keys come from one place"
                .into(),
        );
    }
    if let Some(url) = buyers.jwk_set_url.as_ref().filter(|url| !url.is_https())
        && !plain_is_fine
    {
        problems.push(format!(
            "buyers.jwk_set_url = {url}: must be https, or anybody on the way can be every buyer; \
             gateways.allow_private = true allows http, for a simulator"
        ));
    }
    if !buyers.has_key_set() {
        return;
    }
    // A login signs tokens for many services; without these two, tokens for any other service would be accepted here.
    if buyers.issuer.is_none() {
        problems.push(
            "buyers.issuer is missing beside a JWK set; set it to the `iss` of the login's tokens"
                .into(),
        );
    }
    if buyers.audience.is_empty() {
        problems.push(
            "buyers.audience is missing beside a JWK set; set it to the `aud` of tokens that are meant for this \
             shop, or tokens for any other service of the same login would open it"
                .into(),
        );
    }
}

/// A public key in the secret's place would be a secret that everybody knows.
fn check_buyer_secret(settings: &Settings, problems: &mut Vec<String>) {
    let secret = settings.keys.buyer_jwt_secret.as_ref();
    if secret.is_some_and(|secret| is_public_key(secret.expose())) {
        problems.push(
            "buyer_jwt_secret is a public key, which everybody knows; name the JWK set of who signs the tokens in \
             buyers.jwk_set_file or buyers.jwk_set_url"
                .into(),
        );
    }
}

/// A JWK, PEM, or what is inside of PEM: the DER of a key or a certificate in base64.
fn is_public_key(text: &str) -> bool {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    const CURVE: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let named = |der: &[u8], identifier: &[u8]| {
        let mut places = der.windows(identifier.len());
        places.any(|place| place == identifier)
    };
    let is_der = |der: &[u8]| {
        // The last is PKCS #1, which has no identifier: a long sequence that begins with a long number.
        der.starts_with(&[0x30])
            && (named(der, RSA)
                || named(der, CURVE)
                || matches!(der, [_, 0x82, _, _, 0x02, 0x82, ..]))
    };
    text.starts_with('{')
        || text.starts_with("-----")
        || decode_base64(text).is_some_and(|der| is_der(&der))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_visible_ascii_and_an_audience_is_a_list_of_them() {
        for good in ["https://login.example/", "shop", "urn:example:shop"] {
            assert_eq!(ClaimText::parse(good).unwrap().as_str(), good);
        }
        for wrong in ["", "a b", "a,b", "상점", &"x".repeat(256)] {
            assert!(ClaimText::parse(wrong).is_err(), "{wrong} was taken");
        }
        let listed = <Vec<ClaimText> as Value>::parse("shop-web, shop-app,").unwrap();
        assert_eq!(listed.toml(), r#"["shop-web", "shop-app"]"#);
        assert!(<Vec<ClaimText> as Value>::parse("a b").is_err());
    }
}
