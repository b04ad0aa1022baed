//! The errors thrown: a `CheckoutError` with a code that never changes its meaning.

use wasm_bindgen::prelude::*;

use crate::fields::{Fields, Wrong, object, or_null};

/// The codes. The names are part of the package's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The server could not be reached, or its answer did not come.
    Network,
    /// The caller's signal aborted it.
    Aborted,
    /// The gateway's script could not be loaded.
    ScriptBlocked,
    /// The buyer closed the gateway's window.
    WindowClosed,
    /// The gateway's window ended without an approval.
    WindowRefused,
    /// The browser did not let the window open.
    PopupBlocked,
    /// The token is malformed, or was not made by this server.
    InvalidLink,
    /// The checkout has ended.
    SessionExpired,
    /// The return does not belong to this payment.
    Mismatched,
    /// The server would not accept this name, mail address or telephone number.
    InvalidBuyer,
    /// The state of the payment or of its order does not permit this.
    NotPermitted,
    /// A receipt that was not signed by these keys, or says something else.
    ReceiptInvalid,
    /// This environment or this release of the package cannot do it.
    Unsupported,
    /// An argument has the wrong type; `field` is its name.
    InvalidArgument,
    /// The server does not allow calls from pages of this origin.
    OriginNotAllowed,
    /// The server refused for another reason.
    Api,
}

impl Code {
    const ALL: [Self; 16] = [
        Self::Network,
        Self::Aborted,
        Self::ScriptBlocked,
        Self::WindowClosed,
        Self::WindowRefused,
        Self::PopupBlocked,
        Self::InvalidLink,
        Self::SessionExpired,
        Self::Mismatched,
        Self::InvalidBuyer,
        Self::NotPermitted,
        Self::ReceiptInvalid,
        Self::Unsupported,
        Self::InvalidArgument,
        Self::OriginNotAllowed,
        Self::Api,
    ];

    /// The name in JavaScript.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Aborted => "aborted",
            Self::ScriptBlocked => "script_blocked",
            Self::WindowClosed => "window_closed",
            Self::WindowRefused => "window_refused",
            Self::PopupBlocked => "popup_blocked",
            Self::InvalidLink => "invalid_link",
            Self::SessionExpired => "session_expired",
            Self::Mismatched => "mismatched",
            Self::InvalidBuyer => "invalid_buyer",
            Self::NotPermitted => "not_permitted",
            Self::ReceiptInvalid => "receipt_invalid",
            Self::Unsupported => "unsupported",
            Self::InvalidArgument => "invalid_argument",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::Api => "api",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// Whether repeating the same call unchanged may succeed.
    const fn invites_retry(self) -> bool {
        matches!(
            self,
            Self::Network | Self::ScriptBlocked | Self::WindowClosed | Self::PopupBlocked
        )
    }
}

#[wasm_bindgen(raw_module = "./errors.js")]
extern "C" {
    /// The class in `js/errors.js`.
    pub type CheckoutError;

    #[wasm_bindgen(constructor, js_class = "CheckoutError")]
    fn new(code: &str, message: &str, details: JsValue) -> CheckoutError;

    #[wasm_bindgen(method, getter)]
    fn code(this: &CheckoutError) -> String;
}

/// An error on its way to the caller.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub code: Code,
    /// Whether repeating the same call unchanged may succeed.
    pub retry: bool,
    /// The server's code, if the server refused.
    pub api_code: Option<String>,
    /// When to retry, if the server says so.
    pub retry_after_ms: Option<u64>,
    thrown: JsValue,
}

/// The fields of a `CheckoutError` besides its code and its message.
#[derive(Default)]
struct Details<'a> {
    reason: Option<&'a str>,
    api_code: Option<&'a str>,
    status: Option<u16>,
    request_id: Option<&'a str>,
    field: Option<&'a str>,
    retry: bool,
    cause: JsValue,
}

impl Details<'_> {
    fn to_js(&self) -> JsValue {
        object([
            ("reason", or_null(self.reason)),
            ("api_code", or_null(self.api_code)),
            ("status", self.status.map_or(JsValue::NULL, JsValue::from)),
            ("request_id", or_null(self.request_id)),
            ("field", or_null(self.field)),
            ("retry", self.retry.into()),
            ("cause", self.cause.clone()),
        ])
    }
}

impl Failure {
    /// A failure of ours.
    pub fn new(code: Code, message: &str) -> Self {
        Self::because(code, None, message)
    }

    /// With the word for programs that tells failures of one code apart.
    pub fn because(code: Code, reason: Option<&str>, message: &str) -> Self {
        Self::caused(code, reason, message, JsValue::UNDEFINED)
    }

    /// With the error of a third-party script.
    pub fn caused(code: Code, reason: Option<&str>, message: &str, cause: JsValue) -> Self {
        let details = Details {
            reason,
            retry: code.invites_retry(),
            cause,
            ..Details::default()
        };
        Self::detailed(code, message, &details)
    }

    /// About one field of what was passed.
    pub fn at(code: Code, field: &str, reason: &str, message: &str) -> Self {
        let details = Details {
            reason: Some(reason),
            field: Some(field),
            ..Details::default()
        };
        Self::detailed(code, message, &details)
    }

    /// An argument has the wrong type.
    pub fn misuse(argument: &str, message: &str) -> Self {
        let details = Details {
            field: Some(argument),
            ..Details::default()
        };
        Self::detailed(Code::InvalidArgument, message, &details)
    }

    fn detailed(code: Code, message: &str, details: &Details<'_>) -> Self {
        let thrown = CheckoutError::new(code.name(), message, details.to_js());
        Self {
            code,
            retry: details.retry,
            api_code: details.api_code.map(str::to_owned),
            retry_after_ms: None,
            thrown: thrown.into(),
        }
    }

    /// Whether the outcome of the request is unknown: there was no answer, or none that is certain.
    pub const fn is_uncertain(&self) -> bool {
        matches!(self.code, Code::Network | Code::Api) && self.retry
    }

    /// Whether the server refuses only until a gateway has answered.
    pub fn passes(&self) -> bool {
        self.is_queued() || self.api_code.as_deref() == Some("OPERATION_IN_FLIGHT")
    }

    /// Whether that gateway's answer is about another payment of the order.
    pub fn is_queued(&self) -> bool {
        self.api_code.as_deref() == Some("ORDER_PAYMENT_IN_PROGRESS")
    }

    /// The error that the page gets.
    pub fn into_js(self) -> JsValue {
        self.thrown
    }
}

impl From<JsValue> for Failure {
    /// An error thrown by the host: one of its own `CheckoutError`s, or an unexpected one, which is passed on.
    fn from(thrown: JsValue) -> Self {
        let said = thrown.dyn_ref::<CheckoutError>();
        let code = said.and_then(|error| Code::from_name(&error.code()));
        let code = code.unwrap_or(Code::Unsupported);
        Self {
            code,
            retry: code.invites_retry(),
            api_code: None,
            retry_after_ms: None,
            thrown,
        }
    }
}

impl From<Wrong> for Failure {
    fn from(Wrong(name): Wrong) -> Self {
        let message = ["`", name, "` is missing or is not what it should be."].concat();
        Self::misuse(name, &message)
    }
}

/// A refusal as the server writes it (RFC 9457).
#[derive(Debug, Default)]
pub struct Problem {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    /// The first field at fault, and what is wrong with it.
    field: Option<String>,
    about_field: Option<String>,
}

/// The credential of the refused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// None, or a key of the caller's own.
    Own,
    /// The session's token, which came with a link.
    Token,
}

impl Problem {
    /// The readable part of a refusal: a proxy's error has another body.
    pub fn read(body: &JsValue) -> Self {
        let text = |fields: &Fields<'_>, name| fields.value(name).as_string();
        let body = Fields(body);
        let first = body.list("errors").get(0);
        let first = Fields(&first);
        Self {
            code: text(&body, "code"),
            message: text(&body, "message"),
            request_id: text(&body, "request_id"),
            field: text(&first, "field"),
            about_field: text(&first, "message"),
        }
    }

    /// As what it is thrown.
    pub fn into_failure(self, status: u16, bearer: Bearer) -> Failure {
        let details = Details {
            reason: None,
            api_code: self.code.as_deref(),
            status: Some(status),
            request_id: self.request_id.as_deref(),
            field: self.field.as_deref(),
            retry: matches!(status, 408 | 429 | 500..),
            cause: JsValue::UNDEFINED,
        };
        let said = self.about_field.as_deref().or(self.message.as_deref());
        let message = said.unwrap_or("The server refused without a reason.");
        Failure::detailed(self.meaning(status, bearer), message, &details)
    }

    fn meaning(&self, status: u16, bearer: Bearer) -> Code {
        let field = self.field.as_deref().unwrap_or_default();
        match (status, self.code.as_deref().unwrap_or_default()) {
            (_, "TOKEN_EXPIRED" | "SESSION_EXPIRED") => Code::SessionExpired,
            (_, "MISMATCHED") => Code::Mismatched,
            (_, "INVALID_VALUE") if field.starts_with("buyer_") => Code::InvalidBuyer,
            (401, _) if bearer == Bearer::Token => Code::InvalidLink,
            (409, _) => Code::NotPermitted,
            _ => Code::Api,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, code: &str, field: &str, bearer: Bearer) -> Code {
        let problem = Problem {
            code: Some(code.to_owned()),
            field: Some(field.to_owned()),
            ..Problem::default()
        };
        problem.meaning(status, bearer)
    }

    #[test]
    fn every_code_is_found_by_its_name() {
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(code));
        }
    }

    #[test]
    fn refusal_is_classified_by_the_pages_reaction() {
        use Bearer::{Own, Token};
        for (status, code, field, bearer, thrown) in [
            (401, "TOKEN_EXPIRED", "", Token, Code::SessionExpired),
            (409, "SESSION_EXPIRED", "", Token, Code::SessionExpired),
            (401, "INVALID_CREDENTIALS", "", Token, Code::InvalidLink),
            (401, "INVALID_CREDENTIALS", "", Own, Code::Api),
            (422, "MISMATCHED", "", Token, Code::Mismatched),
            (409, "SESSION_PREPARED", "", Token, Code::NotPermitted),
            (400, "INVALID_VALUE", "buyer_tel", Token, Code::InvalidBuyer),
            (400, "INVALID_VALUE", "redirect_url", Own, Code::Api),
            (503, "OVERLOADED", "", Token, Code::Api),
        ] {
            assert_eq!(meaning(status, code, field, bearer), thrown, "{code}");
        }
    }
}
