//! Which consents are required, as a setting.

use daegeum_engine::consent::Consent;

use super::value::{Value, parts, quoted_list};

impl Value for Vec<Consent> {
    const KIND: &'static str = "consents: purchase, personal_data";

    fn parse(text: &str) -> Result<Self, String> {
        let listed = |name| {
            Consent::from_name(name).ok_or_else(|| {
                format!("`{name}` is no consent; there are purchase and personal_data")
            })
        };
        parts(text).map(listed).collect()
    }

    fn toml(&self) -> String {
        quoted_list(self.iter().map(|consent| consent.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consents_are_listed_by_their_names() {
        let both = <Vec<Consent> as Value>::parse("personal_data, purchase,").unwrap();
        assert_eq!(both, [Consent::PersonalData, Consent::Purchase]);
        assert_eq!(both.toml(), r#"["personal_data", "purchase"]"#);
        assert!(<Vec<Consent> as Value>::parse("all").is_err());
    }
}
