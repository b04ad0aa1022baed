//! The texts of consents, word for word, as the hosted page shows them. A consent is recorded with the hash of its
//! text, so changing a text changes its hash.

use daegeum_engine::consent::Consent;
use daegeum_engine::event::Provider;
use sha2::{Digest, Sha256};

use super::{Language, Words};
use crate::config::Settings;

/// One text, in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentText {
    /// The language it is in.
    pub language: Language,
    /// The text, as it is shown: the first line says what is agreed to, the others in detail.
    pub text: String,
    /// SHA-256 of it, in UTF-8.
    pub hash: [u8; 32],
}

/// The texts of every consent, for every gateway, under these settings.
#[derive(Debug, Clone)]
pub struct ConsentTexts(Vec<(Consent, Provider, [ConsentText; 2])>);

impl ConsentTexts {
    /// Writes them.
    pub fn new(settings: &Settings) -> Self {
        let providers = Provider::ALL
            .iter()
            .chain(&[Provider::Drill, Provider::Free]);
        let all = providers.flat_map(|&provider| {
            let consents = Consent::ALL.iter().copied();
            consents.map(move |consent| {
                let texts =
                    Language::ALL.map(|language| write(consent, provider, language, settings));
                (consent, provider, texts)
            })
        });
        Self(all.collect())
    }

    /// The texts that a checkout at this gateway asks consent to.
    pub fn at(&self, provider: Provider) -> impl Iterator<Item = (Consent, &[ConsentText; 2])> {
        let here = self.0.iter().filter(move |(consent, of, _)| {
            *of == provider && !(provider == Provider::Free && consent.needs_gateway())
        });
        here.map(|(consent, _, texts)| (*consent, texts))
    }

    /// The one of them with this hash.
    pub fn find(
        &self,
        provider: Provider,
        consent: Consent,
        hash: &[u8; 32],
    ) -> Option<&ConsentText> {
        let mut at = self.at(provider).filter(|(of, _)| *of == consent);
        at.find_map(|(_, texts)| texts.iter().find(|text| text.hash == *hash))
    }
}

fn write(
    consent: Consent,
    provider: Provider,
    language: Language,
    settings: &Settings,
) -> ConsentText {
    let words = language.words();
    let text = match consent {
        Consent::Purchase => purchase(words, settings),
        Consent::PersonalData => {
            let years = settings.checkout.gateway_keeps_years.to_string();
            let text = words.consent_personal_data;
            let text = text.replace("{gateway}", gateway(words, provider));
            text.replace("{years}", &years)
        }
    };
    let hash = Sha256::digest(text.as_bytes()).into();
    ConsentText {
        language,
        text,
        hash,
    }
}

fn purchase(words: &Words, settings: &Settings) -> String {
    let shop = &settings.shop;
    let seller = shop
        .name
        .as_ref()
        .map_or(words.consent_seller, |name| name.as_str());
    let mut text = words.consent_purchase.replace("{seller}", seller);
    for (about, address) in [
        (words.consent_terms, &shop.terms_url),
        (words.consent_refund_rules, &shop.refund_rules_url),
    ] {
        if let Some(address) = address {
            text.push('\n');
            text.push_str(&about.replace("{address}", &address.to_string()));
        }
    }
    text
}

/// What people call it.
const fn gateway(words: &Words, provider: Provider) -> &str {
    match provider {
        Provider::Toss => words.gateway_toss,
        Provider::Mock | Provider::Drill | Provider::Free => words.gateway_mock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Flags, Purpose};
    use crate::world::ManualWorld;

    fn texts(said: &[(&str, &str)]) -> ConsentTexts {
        let folder = tempfile::tempdir().unwrap();
        let flags = Flags {
            sandbox: true,
            data: Some(folder.path().into()),
            ..Flags::default()
        };
        let said = said
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = Config::load(&flags, said, Purpose::Show, &ManualWorld::new(0, 1)).unwrap();
        ConsentTexts::new(&config.settings)
    }

    fn of(texts: &ConsentTexts, provider: Provider, consent: Consent) -> [String; 2] {
        let mut found = texts.at(provider).filter(|(one, _)| *one == consent);
        let (_, both) = found.next().unwrap();
        both.clone().map(|one| one.text)
    }

    #[test]
    fn the_purchase_names_the_seller_with_terms_and_refund_rules() {
        let texts = texts(&[("DAEGEUM_SHOP_NAME", "붓과 물")]);
        for text in of(&texts, Provider::Toss, Consent::Purchase) {
            for named in [
                "붓과 물",
                "https://shop.example/terms",
                "https://shop.example/refunds",
            ] {
                assert!(text.contains(named), "{named} in {text}");
            }
            assert!(!text.contains('{'), "{text}");
        }
    }

    #[test]
    fn personal_data_goes_to_a_named_gateway_with_items_purpose_and_retention() {
        let texts = texts(&[("DAEGEUM_CHECKOUT_GATEWAY_KEEPS_YEARS", "3")]);
        let [korean, english] = of(&texts, Provider::Toss, Consent::PersonalData);
        for said in ["토스페이먼츠", "항목", "목적", "3년"] {
            assert!(korean.contains(said), "{said} in {korean}");
        }
        for said in ["Toss Payments", "What is passed on", "What for", "3 years"] {
            assert!(english.contains(said), "{said} in {english}");
        }
        assert!(!(korean + &english).contains('{'));
    }

    #[test]
    fn where_nothing_is_paid_no_gateway_is_given_anything() {
        let texts = texts(&[]);
        let asked: Vec<_> = texts
            .at(Provider::Free)
            .map(|(consent, _)| consent)
            .collect();
        assert_eq!(asked, [Consent::Purchase]);
    }

    #[test]
    fn a_text_is_found_by_its_hash_and_its_consent() {
        let texts = texts(&[]);
        let (consent, [korean, english]) = texts.at(Provider::Toss).next().unwrap();
        assert_eq!(korean.hash, <[u8; 32]>::from(Sha256::digest(&korean.text)));
        for text in [korean, english] {
            let found = texts.find(Provider::Toss, consent, &text.hash);
            assert_eq!(found, Some(text));
        }
        assert_eq!(
            texts.find(Provider::Toss, Consent::PersonalData, &korean.hash),
            None
        );
        assert_eq!(texts.find(Provider::Toss, consent, &[0; 32]), None);
    }
}
