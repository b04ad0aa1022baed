//! Requests whose path says everything: no parameters, and no body except perhaps an idempotency key.

use serde::Deserialize;

use super::vocabulary::IdempotencyKey;
use crate::http::BodyKey;

/// The body of an action. It may be absent; unknown fields are refused, not ignored.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {
    /// The idempotency key; it may be sent in the header `Idempotency-Key` instead.
    #[serde(default)]
    #[schema(value_type = IdempotencyKey)]
    idempotency_key: BodyKey,
}

impl Nothing {
    /// The key, if one was sent.
    pub const fn key(&self) -> &BodyKey {
        &self.idempotency_key
    }
}

/// The query of a path that has no parameters.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}
