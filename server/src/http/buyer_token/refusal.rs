//! The reasons why a buyer's token is invalid, and the caller's answer. The reason helps only the signer of tokens,
//! so all of them lead to the same answer.

use std::time::Duration;

use super::header::Header;
use crate::http::error::{HttpErrorCode, Problem};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not three parts of base64url: perhaps an unknown bearer secret.
    NotAToken,
    Header,
    Critical,
    Type,
    /// No key here verifies by the algorithm that the token names, or the named key by another.
    Algorithm,
    UnknownKey,
    /// No `kid`, and several keys.
    KeyNotNamed,
    Signature,
    Claims,
    Subject,
    Issuer,
    Audience,
    TooEarly,
    Expired,
    /// The JWK set has not been read yet; when it is tried again.
    NoKeysYet(Duration),
}

impl Refusal {
    /// Whether reading the JWK set again may help.
    pub(super) fn may_pass_with_other_keys(self, header: &Header) -> bool {
        match self {
            Self::UnknownKey | Self::NoKeysYet(_) => true,
            // A single key without an id may have been replaced.
            Self::Signature => header.kid.is_none(),
            Self::NotAToken
            | Self::Header
            | Self::Critical
            | Self::Type
            | Self::Algorithm
            | Self::KeyNotNamed
            | Self::Claims
            | Self::Subject
            | Self::Issuer
            | Self::Audience
            | Self::TooEarly
            | Self::Expired => false,
        }
    }

    /// The reason in words, if the code does not say it.
    fn told(self) -> Option<&'static str> {
        Some(match self {
            Self::NotAToken | Self::NoKeysYet(_) | Self::Expired => return None,
            Self::Header => "The token's header is not a JSON object with alg (RFC 7515).",
            Self::Critical => "The token's header has crit, and no extension is known here.",
            Self::Type => "The token's typ is neither JWT nor at+jwt: it is for something else.",
            Self::Algorithm => {
                "No key here verifies tokens by this alg, or the key that the token names does not."
            }
            Self::UnknownKey => "The token's key (kid) is not in the configured JWK set.",
            Self::KeyNotNamed => {
                "The token names no key (kid), and the configured JWK set has several."
            }
            Self::Signature => "The token's signature does not hold.",
            Self::Claims => {
                "The token needs sub and exp; exp, nbf and iat are seconds since 1970, iss is a text, aud is one or a \
                 list of them."
            }
            Self::Subject => "The token's sub must have 1 to 128 bytes and no control character.",
            Self::Issuer => "The token's iss is not the one in buyers.issuer.",
            Self::Audience => "The token's aud has none of buyers.audience.",
            Self::TooEarly => "The token's nbf is in the future.",
        })
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::from(match refusal {
            Refusal::Expired => HttpErrorCode::TokenExpired,
            Refusal::NoKeysYet(_) => HttpErrorCode::BuyerKeysUnavailable,
            Refusal::NotAToken
            | Refusal::Header
            | Refusal::Critical
            | Refusal::Type
            | Refusal::Algorithm
            | Refusal::UnknownKey
            | Refusal::KeyNotNamed
            | Refusal::Signature
            | Refusal::Claims
            | Refusal::Subject
            | Refusal::Issuer
            | Refusal::Audience
            | Refusal::TooEarly => HttpErrorCode::InvalidCredentials,
        });
        match (refusal, refusal.told()) {
            (Refusal::NoKeysYet(wait), _) => problem.retry_after(wait),
            (_, Some(told)) => problem.saying(told),
            (_, None) => problem,
        }
    }
}
