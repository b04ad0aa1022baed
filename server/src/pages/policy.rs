//! What a page may load and who may do what with it: the headers of every page, and in one table what each
//! gateway's script needs of them. Nothing is allowed inline, for nobody.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::config::{HttpUrl, Settings, WebOrigin};

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What a gateway's script loads and opens, by origin.
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
            // Compiling our own module is all that 'wasm-unsafe-eval' permits; `eval` it does not.
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
            // Gateways look at where their window was opened from; no path is told to them.
            (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
            // Not `same-origin`: the page has to hear its own popup, which is a gateway's.
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

/// Toss's script is at `sdk_url`; the real one then opens a window of its own, which is a frame of the page or a
/// page of its own, and asks Toss's hosts for what it shows. A simulator has all of it in one place.
fn toss_needs(sdk_url: &HttpUrl) -> Needs {
    const HOSTS: &str = "https://*.tosspayments.com";
    let sdk = WebOrigin::of(sdk_url.as_str());
    let sdk = sdk.map_or_else(String::new, |origin| origin.as_str().to_owned());
    let is_toss = sdk.ends_with(".tosspayments.com");
    let others = if is_toss {
        HOSTS.to_owned()
    } else {
        sdk.clone()
    };
    Needs {
        scripts: vec![sdk],
        frames: vec![others.clone()],
        connections: vec![others.clone()],
        images: vec![others],
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
