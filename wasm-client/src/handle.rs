//! A checkout as its token describes it: session and end. Nothing is sent.
//!
//! The token is `{session}.{end in ms}.{proof}`; only the server can verify the proof. It does not name the payment:
//! the session does, and that can change when another gateway takes it over.

use daegeum_engine::id::SessionId;
use wasm_bindgen::JsValue;

use crate::fields::{Fields, Wrong, object, or_null};
use crate::host;

/// A checkout, and where its server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle {
    /// The server's origin, without a slash at its end.
    pub api: String,
    /// The token.
    pub token: String,
    /// The session.
    pub session_id: String,
    /// When the token ends, in milliseconds since 1970.
    pub until_ms: u64,
}

impl Handle {
    /// The checkout that this token opens, if it is well formed.
    pub fn read(api: &str, token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let session = SessionId::parse(parts.next()?).ok()?;
        let until_ms = parts.next()?.parse().ok()?;
        let proof = parts.next().filter(|proof| !proof.is_empty())?;
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if parts.next().is_some() || !proof.bytes().all(base64url) {
            return None;
        }
        Some(Self {
            api: api.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            session_id: session.to_string(),
            until_ms,
        })
    }

    /// Whether a fragment is meant to be a token, whole or not.
    pub fn looks_like_token(fragment: &str) -> bool {
        fragment.starts_with(SessionId::PREFIX)
    }

    /// One that JavaScript held meanwhile.
    pub fn from_js(held: &JsValue) -> Result<Self, Wrong> {
        let held = Fields(held);
        let (api, token) = (held.text("api")?, held.text("token")?);
        Self::read(&api, &token).ok_or(Wrong("token"))
    }

    /// For JavaScript to hold.
    pub fn to_js(&self) -> JsValue {
        object([
            ("api", (&*self.api).into()),
            ("token", (&*self.token).into()),
            ("session_id", (&*self.session_id).into()),
            (
                "expires_at",
                or_null(host::moment(self.until_ms).as_deref()),
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ses_019300000000700080000000000000aa.1767225600000.c2lnbmF0dXJl";

    #[test]
    fn a_token_names_its_session_and_its_end() {
        let handle = Handle::read("https://pay.example/", TOKEN).expect("well formed");
        assert_eq!(handle.api, "https://pay.example");
        assert_eq!(handle.session_id, "ses_019300000000700080000000000000aa");
        assert_eq!(handle.until_ms, 1_767_225_600_000);
    }

    #[test]
    fn truncated_or_changed_token_is_refused() {
        for cut in 0..TOKEN.rfind('.').unwrap_or_default() + 2 {
            let (short, _) = TOKEN.split_at(cut);
            let whole = short.len() > TOKEN.rfind('.').unwrap_or_default() + 1;
            assert_eq!(Handle::read("", short).is_some(), whole, "{short}");
        }
        assert_eq!(Handle::read("", &format!("{TOKEN}.more")), None);
        assert_eq!(Handle::read("", &format!("{TOKEN}%20")), None);
        assert_eq!(Handle::read("", &TOKEN.to_uppercase()), None);
    }
}
