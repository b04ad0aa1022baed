//! A key with the one algorithm that it verifies by.

use jsonwebtoken::{Algorithm, DecodingKey};

use super::header::Header;

/// See the module's text.
pub(super) struct VerifyingKey {
    algorithm: Algorithm,
    name: &'static str,
    decoding: DecodingKey,
}

impl VerifyingKey {
    /// A key that verifies by `algorithm` and by no other.
    pub(super) fn new(algorithm: Algorithm, decoding: DecodingKey) -> Self {
        Self {
            algorithm,
            name: name(algorithm),
            decoding,
        }
    }

    /// Whether a token says that it is signed by this key's algorithm.
    pub(super) fn is_for(&self, header: &Header) -> bool {
        header.alg == self.name
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

/// The algorithms that keys of a JWK set can have here.
pub(super) const OF_SETS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];

/// Whether a key of some JWK set could verify the token at all.
pub(super) fn is_of_a_set(header: &Header) -> bool {
    OF_SETS.iter().any(|one| header.alg == name(*one))
}

/// How tokens and JWKs write an algorithm. One that no key has here has no name, so that nothing is for it.
pub(super) fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HS256 => "HS256",
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        _ => "",
    }
}
