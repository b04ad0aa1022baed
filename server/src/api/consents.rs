//! Consents at a checkout: what is asked for, and what a request says was given. A consent to a text that this server
//! shows is taken by the text's hash; one to a text of the shop's own is taken at its word.

use daegeum_engine::consent::{Agreed, Consent};
use daegeum_engine::event::Provider;
use daegeum_engine::wire::Hex;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::vocabulary;
use crate::app::App;
use crate::hex;
use crate::http::{HttpErrorCode, Problem};
use crate::pages::{ConsentText, Language};

/// A consent that the buyer gives.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenConsent {
    /// To what.
    #[schema(value_type = vocabulary::ConsentName)]
    consent: Consent,
    /// SHA-256 of the text that was agreed to, in UTF-8: 64 lower-case hexadecimal digits.
    #[schema(value_type = vocabulary::TextHash)]
    text_hash: String,
    /// The version of a text of the shop's own, in its words. Without one it is a text that this server shows, as the
    /// session has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::TextVersion>)]
    version: Option<String>,
}

/// What the version of a text of this server's begins with.
const HOSTED: &str = "hosted-";

/// The consents that were given, each once.
pub fn check(app: &App, provider: Provider, sent: &[GivenConsent]) -> Result<Vec<Agreed>, Problem> {
    let mut agreed: Vec<Agreed> = Vec::with_capacity(Consent::ALL.len());
    for (at, given) in sent.iter().enumerate() {
        if agreed.iter().any(|known| known.consent == given.consent) {
            let rule = "Each consent stands here once.";
            return Err(refused(at, "consent", rule));
        }
        agreed.push(given.check(app, provider, at)?);
    }
    Ok(agreed)
}

fn refused(at: usize, field: &str, rule: &str) -> Problem {
    Problem::from(HttpErrorCode::InvalidValue).at(format!("consents[{at}].{field}"), rule)
}

impl GivenConsent {
    fn check(&self, app: &App, provider: Provider, at: usize) -> Result<Agreed, Problem> {
        let text_hash = hash(&self.text_hash).ok_or_else(|| {
            refused(
                at,
                "text_hash",
                "SHA-256 is 64 lower-case hexadecimal digits.",
            )
        })?;
        let version = if let Some(version) = &self.version {
            own(version, at)?
        } else {
            let shown = app.consents.find(provider, self.consent, &text_hash);
            let shown = shown.ok_or_else(|| unknown(at))?;
            format!("{HOSTED}{}", shown.language.tag())
        };
        Ok(Agreed {
            consent: self.consent,
            text_hash,
            version: version.into(),
        })
    }
}

/// The hash is of no text that this checkout shows.
fn unknown(at: usize) -> Problem {
    let field = format!("consents[{at}].text_hash");
    let rule = "It is of no text that this checkout shows; one of your own has a version.";
    Problem::from(HttpErrorCode::ConsentTextUnknown).at(field, rule)
}

/// A version in the shop's words, which are told from this server's.
fn own(version: &str, at: usize) -> Result<String, Problem> {
    let fits = (1..=Agreed::VERSION_MAX).contains(&version.len());
    let plain = version.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && plain && !version.starts_with(HOSTED) {
        return Ok(version.to_owned());
    }
    let rule = "A version is 1 to 40 visible ASCII characters and does not begin with hosted-.";
    Err(refused(at, "version", rule))
}

fn hash(text: &str) -> Option<[u8; 32]> {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    hex::bytes32(text).filter(|_| is_lower)
}

/// A consent that a checkout asks for.
#[derive(Serialize)]
pub struct AskedConsent<'a> {
    consent: &'static str,
    required: bool,
    ko: Option<ShownText<'a>>,
    en: Option<ShownText<'a>>,
}

#[derive(Serialize)]
struct ShownText<'a> {
    text: &'a str,
    text_hash: String,
}

/// What a checkout at this gateway asks consent to.
pub fn asked(app: &App, provider: Provider) -> Vec<AskedConsent<'_>> {
    let required = &app.config.settings.checkout.required_consents;
    let all = app.consents.at(provider);
    let asked = all.map(|(consent, texts)| AskedConsent {
        consent: consent.name(),
        required: required.contains(&consent),
        ko: shown(texts, Language::Korean),
        en: shown(texts, Language::English),
    });
    asked.collect()
}

fn shown(texts: &[ConsentText], language: Language) -> Option<ShownText<'_>> {
    let text = texts.iter().find(|text| text.language == language)?;
    Some(ShownText {
        text: &text.text,
        text_hash: Hex(&text.hash).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_lower_case_digits() {
        let text = "00ff".repeat(16);
        assert_eq!(hash(&text).unwrap()[..2], [0, 0xff]);
        for wrong in [
            "",
            "00",
            &"0".repeat(63),
            &"0".repeat(65),
            &"FF".repeat(32),
            &"zz".repeat(32),
        ] {
            assert_eq!(hash(wrong), None, "{wrong}");
        }
    }
}
