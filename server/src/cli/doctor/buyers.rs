//! Checks the JWK set of buyers' tokens: it can be read, and has usable keys.

use super::Findings;
use crate::config::Config;
use crate::http::buyer_token::look_once;
use crate::world::SharedWorld;

const ABOUT: &str = "buyers' tokens";

/// Checks it, if a JWK set is configured.
pub(super) async fn look(config: &Config, world: &SharedWorld, findings: &mut Findings) {
    let Some(looked) = look_once(&config.settings.buyers, &**world).await else {
        return;
    };
    match looked {
        Ok((keys, left_out)) if left_out.is_empty() => {
            findings.ok(ABOUT, format!("verified by {keys} keys of the JWK set"));
        }
        Ok((keys, left_out)) => findings.ok(
            ABOUT,
            format!(
                "verified by {keys} keys of the JWK set; not used: {}",
                left_out.join("; ")
            ),
        ),
        Err(error) => findings.fail(
            ABOUT,
            error.to_string(),
            "correct buyers.jwk_set_file or buyers.jwk_set_url; until then buyers are answered 503",
        ),
    }
}
