//! The form of refusals: `application/problem+json` with a stable code, for every path, existing or not. Handlers
//! return a [`Problem`]; the front writes it out, because only there the request's id is known, and logs it
//! (`refusals.rs`).

use std::{borrow::Cow, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::request::RequestId;

macro_rules! codes {
    ($( $(#[doc = $about:literal])+ $Variant:ident = $code:literal, $status:ident, $message:literal; )+) => {
        /// Why this layer refuses a request. The code is part of the API and never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum HttpErrorCode { $( $(#[doc = $about])+ $Variant, )+ }

        impl HttpErrorCode {
            /// Every code, in the order of their statuses.
            pub const ALL: &[Self] = &[$( Self::$Variant ),+];

            /// The stable name.
            pub fn code(self) -> &'static str {
                match self { $( Self::$Variant => $code ),+ }
            }

            /// The status it is answered with.
            pub fn status(self) -> StatusCode {
                match self { $( Self::$Variant => StatusCode::$status ),+ }
            }

            /// The message to the caller.
            pub fn message(self) -> &'static str {
                match self { $( Self::$Variant => $message ),+ }
            }

            /// When it happens, for the documentation.
            pub fn about(self) -> &'static str {
                match self { $( Self::$Variant => concat!($($about),+) ),+ }
            }
        }
    };
}

codes! {
    /// The request is not understood for a reason no other code names.
    MalformedRequest = "MALFORMED_REQUEST", BAD_REQUEST, "The request cannot be understood.";
    /// A `%` in the path is not followed by two hex digits, or the path is not UTF-8.
    MalformedPath = "MALFORMED_PATH", BAD_REQUEST, "The path is not percent-encoded UTF-8.";
    /// A `%` in the query is not followed by two hex digits, or the query is not UTF-8.
    MalformedQuery = "MALFORMED_QUERY", BAD_REQUEST, "The query is not percent-encoded UTF-8.";
    /// The query has a parameter this path does not know.
    UnknownParameter = "UNKNOWN_PARAMETER", BAD_REQUEST, "The query has an unknown parameter.";
    /// The query has a parameter twice.
    DuplicateParameter = "DUPLICATE_PARAMETER", BAD_REQUEST, "The query has a parameter twice.";
    /// A query parameter is missing, or is not what it should be.
    InvalidParameter = "INVALID_PARAMETER", BAD_REQUEST, "A query parameter is not valid.";
    /// A body is needed and there is none.
    EmptyBody = "EMPTY_BODY", BAD_REQUEST, "The body is empty; JSON is expected.";
    /// The connection ended, or a chunk was malformed, before the body was complete.
    IncompleteBody = "INCOMPLETE_BODY", BAD_REQUEST, "The body did not arrive whole.";
    /// The body is not UTF-8, not JSON, or goes on after its value.
    MalformedJson = "MALFORMED_JSON", BAD_REQUEST, "The body is not JSON.";
    /// An object in the body, at any depth, has a key twice.
    DuplicateField = "DUPLICATE_FIELD", BAD_REQUEST, "An object in the body has a field twice.";
    /// The body is nested deeper than 32 levels.
    NestedTooDeep = "NESTED_TOO_DEEP", BAD_REQUEST, "The body is nested deeper than 32 levels.";
    /// The body has a field this path does not know.
    UnknownField = "UNKNOWN_FIELD", BAD_REQUEST, "The body has an unknown field.";
    /// The body lacks a field.
    MissingField = "MISSING_FIELD", BAD_REQUEST, "The body lacks a field.";
    /// A field has the wrong JSON type; amounts are whole numbers, not text or fractions.
    WrongType = "WRONG_TYPE", BAD_REQUEST, "A field has the wrong type.";
    /// A field has the right type and a value that can never be meant.
    InvalidValue = "INVALID_VALUE", BAD_REQUEST, "A field has a value that is not possible.";
    /// The operation takes money or moves state and needs an idempotency key.
    IdempotencyKeyRequired = "IDEMPOTENCY_KEY_REQUIRED", BAD_REQUEST,
        "An idempotency key is required: the header Idempotency-Key or the field idempotency_key.";
    /// The idempotency key is empty, longer than 255, not printable ASCII, or sent twice.
    InvalidIdempotencyKey = "INVALID_IDEMPOTENCY_KEY", BAD_REQUEST,
        "The idempotency key must be 1 to 255 printable ASCII characters.";
    /// Header and body carry different idempotency keys.
    ConflictingIdempotencyKeys = "CONFLICTING_IDEMPOTENCY_KEYS", BAD_REQUEST,
        "The header Idempotency-Key and the field idempotency_key differ.";
    /// No `Authorization: Bearer …` that can be read.
    Unauthenticated = "UNAUTHENTICATED", UNAUTHORIZED,
        "Send a key or token as Authorization: Bearer.";
    /// The bearer secret or token is nobody's, or the token's signature or claims do not hold.
    InvalidCredentials = "INVALID_CREDENTIALS", UNAUTHORIZED, "The key or token is not valid.";
    /// The buyer's token was valid until its `exp`.
    TokenExpired = "TOKEN_EXPIRED", UNAUTHORIZED, "The token has expired.";
    /// A notification without its three headers, or whose signature or time does not hold.
    InvalidSignature = "INVALID_SIGNATURE", UNAUTHORIZED, "The notification's signature does not hold.";
    /// The caller is known and may not do this.
    Forbidden = "FORBIDDEN", FORBIDDEN, "These credentials do not allow this.";
    /// Nothing is at this path.
    NotFound = "NOT_FOUND", NOT_FOUND, "There is nothing at this path.";
    /// The path exists, the method does not; `Allow` names those that do.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED,
        "This path does not have this method; see Allow.";
    /// The body took longer than `limits.body_timeout` to arrive.
    BodyTimeout = "BODY_TIMEOUT", REQUEST_TIMEOUT, "The body took too long to arrive.";
    /// No money of this payment was taken, or it has gone back.
    ReceiptUnavailable = "RECEIPT_UNAVAILABLE", CONFLICT, "Only money that was taken and not given back has a receipt.";
    /// The text that a consent names is none that this server shows for the checkout, or not any more: read the session
    /// again. A text of the shop's own has a version.
    ConsentTextUnknown = "CONSENT_TEXT_UNKNOWN", CONFLICT, "The text that was agreed to is not shown here.";
    /// `after` is of another generation of the feed: the server was restored from a backup since. Forget what was read
    /// behind the backup, and begin again without `after`.
    FeedBegunAnew = "FEED_BEGUN_ANEW", CONFLICT, "The feed was begun anew; read it from the beginning, without `after`.";
    /// The body is longer than `limits.body`.
    BodyTooLarge = "BODY_TOO_LARGE", PAYLOAD_TOO_LARGE, "The body is too large.";
    /// The body's `Content-Type` is not `application/json`.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", UNSUPPORTED_MEDIA_TYPE,
        "The body must be sent with Content-Type: application/json.";
    /// The body is compressed.
    UnsupportedContentEncoding = "UNSUPPORTED_CONTENT_ENCODING", UNSUPPORTED_MEDIA_TYPE,
        "The body must be sent without Content-Encoding.";
    /// The source or the key sends more than its rate; `Retry-After` says when to go on.
    RateLimited = "RATE_LIMITED", TOO_MANY_REQUESTS, "Too many requests; see Retry-After.";
    /// The request line and the headers are longer than `limits.head` together.
    HeadTooLarge = "HEAD_TOO_LARGE", REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large.";
    /// Our fault; the request id finds it in the log.
    Internal = "INTERNAL", INTERNAL_SERVER_ERROR, "Something went wrong on our side.";
    /// More work is queued than can be done soon; `Retry-After` says when to try again.
    Overloaded = "OVERLOADED", SERVICE_UNAVAILABLE, "Too much is waiting; see Retry-After.";
    /// The disk is full: reading goes on, nothing new is taken until there is room again.
    StorageFull = "STORAGE_FULL", SERVICE_UNAVAILABLE, "There is no room to store this; see Retry-After.";
    /// A part of the index was not to be believed, and all of it is made anew from the journal. Nothing is lost, and
    /// nothing of the request happened.
    IndexRebuilding = "INDEX_REBUILDING", SERVICE_UNAVAILABLE,
        "What is stored cannot be looked up right now; see Retry-After.";
    /// The server is being stopped, or its store has failed.
    Stopping = "STOPPING", SERVICE_UNAVAILABLE, "The server takes no requests right now; see Retry-After.";
    /// The JWK set that the token would be verified by could not be read since the start; the log says why. Tokens of
    /// `buyer_jwt_secret` are verified all the same.
    BuyerKeysUnavailable = "BUYER_KEYS_UNAVAILABLE", SERVICE_UNAVAILABLE,
        "Buyers' tokens cannot be verified right now; see Retry-After.";
    /// The payment gateway does not answer anybody right now; nothing was begun, and `Retry-After` says when to try
    /// again.
    GatewayUnavailable = "GATEWAY_UNAVAILABLE", SERVICE_UNAVAILABLE,
        "The payment gateway cannot be reached right now; nothing was charged. See Retry-After.";
    /// The request took longer than `limits.request_timeout`. What it set in motion goes on: ask
    /// again with the same idempotency key.
    RequestTimeout = "REQUEST_TIMEOUT", SERVICE_UNAVAILABLE,
        "The request took too long; its outcome is not known yet.";
    /// More than `limits.connections` are open.
    TooManyConnections = "TOO_MANY_CONNECTIONS", SERVICE_UNAVAILABLE,
        "Too many connections; see Retry-After.";
}

/// An error in one field of a body or one parameter of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where: `lines[0].quantity`.
    pub field: String,
    /// What, for programs.
    pub code: &'static str,
    /// What, for people.
    pub message: String,
}

/// The accepted alternatives to a refused request.
#[derive(Debug, Clone, Default, Serialize)]
struct Instead {
    /// The present state, where the state is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// The actions that the state permits.
    #[serde(skip_serializing_if = "Option::is_none")]
    permitted: Option<Vec<&'static str>>,
    /// The least amount that would do, where the amount is too small; minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_amount: Option<u64>,
}

/// A refusal on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
    /// The accepted alternative, if it is known.
    instead: Option<Box<Instead>>,
    /// The request that was refused first, if this refusal is a stored one.
    first_asked_by: Option<Box<str>>,
    /// The internal cause: for the log, never for the caller.
    cause: Option<Box<str>>,
}

impl Problem {
    /// A refusal with a code of another layer's.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let message = message.into();
        Self {
            status,
            code,
            message,
            errors: Vec::new(),
            retry_after_s: None,
            instead: None,
            first_asked_by: None,
            cause: None,
        }
    }

    /// An internal error: the caller gets a request id, the log gets `cause`.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string().into()),
            ..HttpErrorCode::Internal.into()
        }
    }

    /// Names the invalid field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        let error = FieldError {
            field: field.into(),
            code: self.code,
            message: message.into(),
        };
        self.errors.push(error);
        self
    }

    /// Replaces the code's own message.
    #[must_use]
    pub fn saying(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// Says when to try again: in `wait`, rounded up to whole seconds.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        let whole = wait
            .as_secs()
            .saturating_add(u64::from(wait.subsec_nanos() > 0));
        self.retry_after_s = Some(u32::try_from(whole).unwrap_or(u32::MAX).max(1));
        self
    }

    /// Says that the present state is the reason, and what it permits.
    #[must_use]
    pub fn in_state(mut self, state: &'static str, permitted: Vec<&'static str>) -> Self {
        let instead = self.instead.get_or_insert_default();
        instead.state = Some(state);
        instead.permitted = Some(permitted);
        self
    }

    /// Says which amount would be enough, in minor units.
    #[must_use]
    pub fn with_minimum(mut self, amount: u64) -> Self {
        self.instead.get_or_insert_default().minimum_amount = Some(amount);
        self
    }

    /// Names the request that this refusal was first given to, so that a replay has the same bytes.
    #[must_use]
    pub fn of_request(mut self, request_id: &str) -> Self {
        self.first_asked_by = Some(request_id.into());
        self
    }

    /// The status it will be answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The request that was refused first, where this is that refusal again.
    pub fn first_asked_by(&self) -> Option<&str> {
        self.first_asked_by.as_deref()
    }

    /// The internal cause, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The answer's body.
    pub(super) fn to_json(&self, request_id: &RequestId) -> Vec<u8> {
        let body = ProblemBody {
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            message: &self.message,
            request_id: self
                .first_asked_by
                .as_deref()
                .unwrap_or(request_id.as_str()),
            errors: &self.errors,
            instead: self.instead.as_deref(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// Writes the refusal onto `answer`, keeping its headers (`Allow`).
    pub(super) fn write(&self, answer: &mut Response, request_id: &RequestId) {
        *answer.status_mut() = self.status;
        *answer.body_mut() = Body::from(self.to_json(request_id));
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.remove(header::CONTENT_LENGTH);
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED
            && self.code != HttpErrorCode::InvalidSignature.code()
        {
            headers.insert(header::WWW_AUTHENTICATE, self.challenge());
        }
    }

    /// RFC 6750: the challenge to a request without credentials names no error.
    fn challenge(&self) -> HeaderValue {
        HeaderValue::from_static(if self.code == HttpErrorCode::Unauthenticated.code() {
            "Bearer realm=\"daegeum\""
        } else {
            "Bearer realm=\"daegeum\", error=\"invalid_token\""
        })
    }
}

/// An extension of the answer: it is a page that explains the error itself.
#[derive(Debug, Clone, Copy)]
pub struct SaysItself;

/// The media type of every refusal (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

#[derive(Serialize)]
struct ProblemBody<'a> {
    title: &'a str,
    status: u16,
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    instead: Option<&'a Instead>,
}

impl From<HttpErrorCode> for Problem {
    fn from(code: HttpErrorCode) -> Self {
        let problem = Self::new(code.status(), code.code(), code.message());
        if problem.status == StatusCode::SERVICE_UNAVAILABLE {
            return problem.retry_after(Duration::from_secs(1));
        }
        problem
    }
}

/// The front finds the problem among the answer's extensions and writes it out.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = self.status;
        answer.extensions_mut().insert(self);
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_ordered_by_status() {
        let codes: HashSet<_> = HttpErrorCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), HttpErrorCode::ALL.len());
        assert!(HttpErrorCode::ALL.is_sorted_by_key(|code| code.status()));
    }

    #[test]
    fn a_wait_is_rounded_up() {
        let waits = |ms| {
            let problem = Problem::from(HttpErrorCode::RateLimited);
            problem.retry_after(Duration::from_millis(ms)).retry_after_s
        };
        assert_eq!(
            (waits(0), waits(1), waits(1000), waits(1001)),
            (Some(1), Some(1), Some(1), Some(2))
        );
    }

    #[test]
    fn internal_cause_is_not_shown_to_the_caller() {
        let problem = Problem::internal("disk /dev/x is on fire");
        let body = problem.to_json(&RequestId::generate(&crate::world::ManualWorld::new(0, 1)));
        assert!(!String::from_utf8(body).unwrap().contains("fire"));
        assert_eq!(problem.cause(), Some("disk /dev/x is on fire"));
    }
}
