//! The security headers of every page, and one table of what each gateway's script needs of them. Nothing inline is
//! allowed.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::config::{HttpUrl, Settings, WebOrigin};

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The origins that a gateway's script loads and opens.
struct Needs {
    scripts: Vec<String>,
    frames: Vec<String>,
    connections: Vec<String>,
    images: Vec<String>,
}

/// The headers that every page carries.
#[derive(Debug, Clone)]
pub struct Policy {
    content: HeaderValue,
}

impl Policy {
    /// The policy of pages on which these gateways' windows are opened.
    pub fn new(settings: &Settings) -> Self {
        let gateways = gateways(settings);
        let from = |of: fn(&Needs) -> &Vec<String>| {
            let mut origins: Vec<&str> = gateways.iter().flat_map(of).map(String::as_str).collect();
            origins.dedup();
            origins
        };
        let directives = [
            directive("default-src", &["'none'"], &[]),
            // 'wasm-unsafe-eval' permits compiling our own module only; `eval` stays forbidden.
            directive(
                "script-src",
                &["'self'", "'wasm-unsafe-eval'"],
                &from(|needs| &needs.scripts),
            ),
            directive("style-src", &["'self'"], &[]),
            directive(
                "connect-src",
                &["'self'"],
                &from(|needs| &needs.connections),
            ),
            directive(
                "img-src",
                &["'self'", "data:"],
                &from(|needs| &needs.images),
            ),
            directive("font-src", &["'self'"], &[]),
            frames(&from(|needs| &needs.frames)),
            directive("form-action", &["'self'"], &[]),
            directive("base-uri", &["'none'"], &[]),
            directive("frame-ancestors", &["'none'"], &[]),
        ];
        // Settings' addresses are ASCII without spaces; the other arm forbids everything.
        let content = HeaderValue::try_from(directives.join("; "))
            .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"));
        Self { content }
    }

    /// Puts the headers on a page.
    pub fn protect(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_SECURITY_POLICY, self.content.clone());
        for (name, value) in [
            // A page is in the visitor's language and says what is in force now.
            (header::CACHE_CONTROL, "no-store"),
            (header::VARY, "Accept-Language, Cookie, Accept-Encoding"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            // Gateways check the origin that opened their window; no path is sent to them.
            (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
            // Not `same-origin`: the page must receive messages from its own popup, which is a gateway's.
            (CROSS_ORIGIN_OPENER_POLICY, "same-origin-allow-popups"),
            (
                PERMISSIONS_POLICY,
                "camera=(), microphone=(), geolocation=(), browsing-topics=()",
            ),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// One row for each gateway that is on.
fn gateways(settings: &Settings) -> Vec<Needs> {
    let toss = &settings.toss;
    let toss = toss.secret_key.as_ref().map(|_| toss_needs(&toss.sdk_url));
    toss.into_iter().collect()
}

/// Toss's script is at `sdk_url`. The real one opens its window as a frame or as a page of its own, and requests
/// content from Toss's hosts; the list is what shops that use Toss allow, not what Toss promises. A simulator's
/// script opens pages of its own and nothing else.
fn toss_needs(sdk_url: &HttpUrl) -> Needs {
    let listed = |origins: &[&str]| origins.iter().copied().map(str::to_owned).collect();
    let sdk = WebOrigin::of(sdk_url.as_str());
    let scripts: Vec<String> = sdk
        .iter()
        .map(|origin| origin.as_str().to_owned())
        .collect();
    let is_toss = scripts.iter().any(|one| one.ends_with(".tosspayments.com"));
    let others: &[&str] = if is_toss {
        &["https://*.tosspayments.com"]
    } else {
        &[]
    };
    let frames: &[&str] = if is_toss {
        &["https://*.tosspayments.com", "https://*.toss.im"]
    } else {
        &[]
    };
    Needs {
        scripts,
        frames: listed(frames),
        connections: listed(others),
        images: listed(others),
    }
}

fn frames(origins: &[&str]) -> String {
    if origins.is_empty() {
        return "frame-src 'none'".to_owned();
    }
    directive("frame-src", &[], origins)
}

fn directive(name: &str, own: &[&str], others: &[&str]) -> String {
    let sources = own.iter().chain(others).copied();
    std::iter::once(name)
        .chain(sources)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Flags, Purpose};
    use crate::world::ManualWorld;

    const KEYS: [(&str, &str); 2] = [
        ("TOSS_PAYMENTS_SECRET_KEY", "test_sk_aaaaaaaaaaaaaaaaaaaa"),
        ("TOSS_PAYMENTS_CLIENT_KEY", "test_ck_aaaaaaaaaaaaaaaaaaaa"),
    ];

    /// The policy under `said`, beside what a server cannot do without.
    fn content(said: &[(&str, &str)]) -> String {
        let secrets = [
            ("DAEGEUM_MERCHANT_KEY", "m".repeat(32)),
            ("DAEGEUM_ADMIN_KEY", "a".repeat(32)),
            ("DAEGEUM_BUYER_JWT_SECRET", "b".repeat(32)),
            ("DAEGEUM_DATA_KEY", format!("{}=", "A".repeat(43))),
        ];
        let said = said
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let secrets = secrets
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let world = ManualWorld::new(0, 1);
        let config = Config::load(
            &Flags::default(),
            secrets.chain(said),
            Purpose::Show,
            &world,
        );
        let mut headers = HeaderMap::new();
        Policy::new(&config.unwrap().settings).protect(&mut headers);
        let content = headers.get(header::CONTENT_SECURITY_POLICY).unwrap();
        content.to_str().unwrap().to_owned()
    }

    fn directive_of<'a>(content: &'a str, name: &str) -> &'a str {
        let mut all = content.split("; ");
        all.find_map(|one| one.strip_prefix(name)).unwrap().trim()
    }

    #[test]
    fn without_a_gateway_only_our_own_is_loaded() {
        let content = content(&[]);
        assert_eq!(directive_of(&content, "default-src"), "'none'");
        assert_eq!(
            directive_of(&content, "script-src"),
            "'self' 'wasm-unsafe-eval'"
        );
        assert_eq!(directive_of(&content, "frame-src"), "'none'");
        assert_eq!(directive_of(&content, "connect-src"), "'self'");
        assert!(!content.contains("http"), "{content}");
    }

    #[test]
    fn toss_is_allowed_what_its_script_needs() {
        let content = content(&KEYS);
        assert_eq!(
            directive_of(&content, "script-src"),
            "'self' 'wasm-unsafe-eval' https://js.tosspayments.com"
        );
        assert_eq!(
            directive_of(&content, "frame-src"),
            "https://*.tosspayments.com https://*.toss.im"
        );
        assert_eq!(directive_of(&content, "style-src"), "'self'");
    }

    #[test]
    fn a_simulator_is_allowed_its_script_and_nothing_else() {
        let simulator = (
            "DAEGEUM_GATEWAYS_TOSS_SDK_URL",
            "http://127.0.0.1:4100/v2/standard",
        );
        let private = ("DAEGEUM_GATEWAYS_ALLOW_PRIVATE", "true");
        let content = content(&[&KEYS[..], &[simulator, private]].concat());
        assert_eq!(
            directive_of(&content, "script-src"),
            "'self' 'wasm-unsafe-eval' http://127.0.0.1:4100"
        );
        assert_eq!(content.matches("4100").count(), 1, "{content}");
    }

    #[test]
    fn policy_forbids_inline_code_and_framing() {
        for content in [content(&[]), content(&KEYS)] {
            for hole in ["unsafe-inline", "unsafe-eval'", " *", "blob:", "http:"] {
                let holes = content.replace("'wasm-unsafe-eval'", "");
                assert!(!holes.contains(hole), "{hole} in {content}");
            }
            assert_eq!(directive_of(&content, "frame-ancestors"), "'none'");
            assert_eq!(directive_of(&content, "base-uri"), "'none'");
            assert_eq!(directive_of(&content, "form-action"), "'self'");
        }
    }
}
