//! The layer that every request shares: connections, request ids, authentication, rate limits, reading of bodies and
//! queries, and the form of refusals. Nothing here knows what a payment is.

pub mod auth;
pub mod body;
pub mod buyer_token;
pub mod cross_origin;
pub mod error;
mod front;
pub mod idempotency;
pub mod integer;
pub mod json;
mod latency;

pub mod limits;
mod objects;
pub mod query;
mod refusals;
pub mod request;
mod serve;
mod session_token;
mod shutdown;
mod source;
mod stalled;
mod strict;
mod tls;
mod turn_away;

pub use auth::{
    Admin, Authenticator, Backend, Buyer, Caller, CheckoutCaller, Kind, Merchant, Observer, Office,
    Payer, Principal,
};
pub use body::RawBody;
pub use error::{FieldError, HttpErrorCode, Problem, SaysItself};
pub use front::Front;
pub use idempotency::{BodyKey, IdempotencyKey, KeyHeader};
pub use integer::Integer;
pub use json::{Json, OptionalJson};
pub use query::Query;
pub use request::{RequestContext, RequestId};
pub use serve::{Drained, serve};
pub use session_token::SessionTokens;
pub use shutdown::stop_signal;
pub use tls::{TlsError, acceptor};

#[cfg(test)]
mod tests;
