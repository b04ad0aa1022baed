//! Addresses as settings: of gateways, of this server, and of the pages that a buyer may be sent back to. Checked
//! when the program starts, so that no check fails while a buyer waits.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;

use super::value::{Value, parts, quoted, quoted_list};

/// An absolute `http` or `https` address without user, query or fragment, and without a `/` at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl(String);

impl HttpUrl {
    /// Its text; a path can be put after it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of a simulator.
    pub(super) fn of_simulator(address: SocketAddr, path: &str) -> Self {
        Self(format!("http://{address}{path}"))
    }

    /// Whether what is sent there is encrypted.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for HttpUrl {
    const KIND: &'static str = "an address such as https://shop.example";

    fn parse(text: &str) -> Result<Self, String> {
        let (uri, host) = absolute(text).ok_or_else(|| format!("expected {}", Self::KIND))?;
        if uri.query().is_some() || host.is_empty() {
            return Err(format!("expected {}", Self::KIND));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    fn toml(&self) -> String {
        quoted(&self.0)
    }
}

/// The address of this server for browsers: scheme, host and perhaps a port. Its pages, its links and the issuer in
/// receipts are at the root of that host, so it has no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnUrl(HttpUrl);

impl Deref for OwnUrl {
    type Target = HttpUrl;

    fn deref(&self) -> &HttpUrl {
        &self.0
    }
}

impl fmt::Display for OwnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Value for OwnUrl {
    const KIND: &'static str = "an address such as https://pay.shop.example, without a path";

    fn parse(text: &str) -> Result<Self, String> {
        let url = HttpUrl::parse(text)?;
        let has_path = absolute(url.as_str()).is_some_and(|(uri, _)| uri.path() != "/");
        if has_path {
            return Err(
                "has a path, and this server is at the root of its host: leave out the path, and give the server a \
                 host of its own, such as https://pay.shop.example"
                    .to_owned(),
            );
        }
        Ok(Self(url))
    }

    fn toml(&self) -> String {
        self.0.toml()
    }
}

/// An absolute `http` or `https` address that is requested exactly as written, including its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchUrl {
    text: String,
    uri: http::Uri,
}

impl FetchUrl {
    /// Its text, as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URI to request.
    pub fn uri(&self) -> http::Uri {
        self.uri.clone()
    }

    /// Whether the connection is encrypted and authenticated.
    pub fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&http::uri::Scheme::HTTPS)
    }
}

impl fmt::Display for FetchUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Value for FetchUrl {
    const KIND: &'static str = "an address such as https://login.example/.well-known/jwks.json";

    fn parse(text: &str) -> Result<Self, String> {
        let (uri, _) = absolute(text).ok_or_else(|| format!("expected {}", Self::KIND))?;
        let text = text.to_owned();
        Ok(Self { text, uri })
    }

    fn toml(&self) -> String {
        quoted(&self.text)
    }
}

/// A link: an absolute `http` or `https` address, or a path on this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(String);

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for Link {
    const KIND: &'static str =
        "an address such as https://shop.example/orders, or a path such as /shop";

    fn parse(text: &str) -> Result<Self, String> {
        // Two slashes, or characters that browsers treat as slashes, would begin another host.
        let is_path = text.starts_with('/')
            && !text.starts_with("//")
            && text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
        if is_path || absolute(text).is_some() {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("expected {}", Self::KIND))
    }

    fn toml(&self) -> String {
        quoted(&self.0)
    }
}

/// The origin of a page that a buyer may be sent back to: a scheme, a host and perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// Its text, in lower case, without a port that is the scheme's own.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of a return address, or the reason why buyers cannot be sent there.
    pub fn of_return(url: &str) -> Result<Self, NoReturn> {
        if url.len() > RETURN_LENGTH_MAX {
            return Err(NoReturn::TooLong);
        }
        if !is_encoded(url) {
            return Err(NoReturn::Encoding);
        }
        if url.contains('#') {
            return Err(NoReturn::Fragment);
        }
        let (uri, _) = split(url).ok_or(NoReturn::Partial)?;
        if uri
            .authority()
            .is_some_and(|whole| whole.as_str().contains('@'))
        {
            return Err(NoReturn::User);
        }
        Self::of(url).ok_or(NoReturn::Partial)
    }

    /// The origin of `url`; `None` if it has none that could be listed. A text before an `@` is not the host, so an
    /// address with one has no origin here.
    pub fn of(url: &str) -> Option<Self> {
        let (uri, host) = absolute(url)?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let own_port = if scheme == "https" { 443 } else { 80 };
        let port = uri.port_u16().filter(|port| *port != own_port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(Self(format!("{scheme}://{host}{port}")))
    }
}

/// The longest return address.
const RETURN_LENGTH_MAX: usize = 2_000;

/// The reason why an address cannot be a return address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoReturn {
    /// Browsers and gateways truncate longer addresses.
    #[error("It is longer than 2,000 characters.")]
    TooLong,
    /// Browsers and gateways would encode these characters differently.
    #[error(
        "It has characters that an address has not: percent-encode spaces, letters beyond ASCII and `\\` (and a `%` \
         that stands for itself), and write a host of such letters in its xn-- form."
    )]
    Encoding,
    /// The fragment is used for the session's token.
    #[error(
        "It has a fragment, which is where the session's token goes: leave out `#` and what follows. A page that \
         routes by fragment passes its address to the package as `returnUrl`."
    )]
    Fragment,
    /// A path, another scheme, or no host.
    #[error("It is no whole address, such as https://shop.example/pay.")]
    Partial,
    /// People take the text before an `@` for the host.
    #[error("It names a user before its host: leave out what ends in `@`.")]
    User,
}

/// Whether it has only address characters, and two hexadecimal digits after each `%`.
fn is_encoded(url: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"\\\"<>^`{|}".contains(c);
    let mut parts = url.split('%');
    let begins = parts.next().unwrap_or_default();
    let is_escape = |part: &str| {
        part.get(..2)
            .is_some_and(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    begins.chars().all(plain) && parts.all(|part| part.chars().all(plain) && is_escape(part))
}

impl Value for Vec<WebOrigin> {
    const KIND: &'static str = "origins: https://shop.example, https://m.shop.example";

    fn parse(text: &str) -> Result<Self, String> {
        parts(text).map(listed).collect()
    }

    fn toml(&self) -> String {
        quoted_list(self.iter().map(WebOrigin::as_str))
    }
}

fn listed(text: &str) -> Result<WebOrigin, String> {
    let no_origin = || format!("`{text}` is no origin such as https://shop.example");
    if text.contains('*') {
        return Err(format!(
            "`{text}` has a `*`, which stands for nothing here; list each origin, such as https://shop.example"
        ));
    }
    let (uri, host) = absolute(text).ok_or_else(no_origin)?;
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(format!(
            "`{text}` is more than an origin; leave out its path"
        ));
    }
    if uri.scheme_str() == Some("http") && !is_loopback(&host) {
        return Err(format!(
            "`{text}` is not https; http is for this machine alone, to try things out"
        ));
    }
    WebOrigin::of(text).ok_or_else(no_origin)
}

/// Parsed, with its host in lower case, if it is absolute, http(s), plain ASCII and names no user.
fn absolute(text: &str) -> Option<(http::Uri, String)> {
    let (uri, host) = split(text)?;
    let authority = uri.authority()?.as_str();
    let port_is_read = authority.rsplit(']').next()?.contains(':') == uri.port_u16().is_some();
    (!authority.contains('@') && port_is_read).then_some((uri, host))
}

/// Parsed, with its host in lower case, if it is absolute, http(s) and plain ASCII.
fn split(text: &str) -> Option<(http::Uri, String)> {
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '\\' | '#');
    if text.contains(odd) {
        return None;
    }
    let uri: http::Uri = text.parse().ok()?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host()?.to_ascii_lowercase();
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    (known && !host.is_empty() && host.chars().all(is_host)).then_some((uri, host))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_absolute_and_carries_nothing_more() {
        for (text, kept) in [
            (
                "https://api.tosspayments.com",
                "https://api.tosspayments.com",
            ),
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
            (
                "https://[2001:db8::1]:8443/pay",
                "https://[2001:db8::1]:8443/pay",
            ),
        ] {
            assert_eq!(HttpUrl::parse(text).unwrap().as_str(), kept);
        }
        for wrong in [
            "api.tosspayments.com",
            "/v1",
            "ftp://a.example",
            "https://",
            "https://user@a.example",
            "https://a.example?x=1",
            "https://a.example#x",
            "https://a.example/\\b",
            "https://a b.example",
            "https://a.example:port",
            "https://한글.example",
            "https://*.a.example",
            "javascript:alert(1)",
        ] {
            assert!(HttpUrl::parse(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn an_address_to_fetch_keeps_its_query_and_its_last_slash() {
        for good in [
            "https://login.example/keys?p=signin",
            "https://login.example/keys/",
            "http://127.0.0.1:9000/jwks.json",
        ] {
            assert_eq!(FetchUrl::parse(good).unwrap().as_str(), good);
        }
        for wrong in [
            "login.example/keys",
            "/jwks.json",
            "file:///etc/passwd",
            "https://user@login.example/keys",
            "https://login.example/keys#x",
        ] {
            assert!(FetchUrl::parse(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn a_link_is_an_address_or_a_path_of_this_host() {
        for good in [
            "/shop",
            "/",
            "/shop?from=checkout",
            "https://shop.example/orders?all=1",
        ] {
            assert_eq!(Link::parse(good).unwrap().to_string(), good);
        }
        for wrong in [
            "shop",
            "//evil.example/",
            "/\\evil.example",
            "javascript:alert(1)",
            "https://user@shop.example/",
            "/a b",
            "/한글",
        ] {
            assert!(Link::parse(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn an_origin_is_compared_as_browsers_do() {
        let listed = <Vec<WebOrigin> as Value>::parse(
            "https://Shop.example, https://shop.example:8443,http://localhost:3000",
        )
        .unwrap();
        let allowed = |url: &str| WebOrigin::of(url).is_some_and(|one| listed.contains(&one));
        for good in [
            "https://shop.example/done?order=1",
            "https://SHOP.example:443/",
            "https://shop.example:8443",
            "http://localhost:3000/x",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "http://shop.example/",
            "https://shop.example.evil.example/",
            "https://shop.example@evil.example/",
            "https://evil.example/https://shop.example",
            "https://shop.example:444/",
            "https://shop.example\\@evil.example/",
            "//shop.example/",
            "javascript://shop.example/%0aalert(1)",
            "",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }

    #[test]
    fn a_list_of_origins_is_https_and_without_paths() {
        for wrong in [
            "https://shop.example/pay",
            "http://shop.example",
            "https://shop.example?x",
            "https://a.example,nonsense",
        ] {
            assert!(<Vec<WebOrigin> as Value>::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_star_in_origins_is_refused_with_the_reason() {
        for wrong in ["*", "https://*.shop.example", "https://a.example,https://*"] {
            let why = <Vec<WebOrigin> as Value>::parse(wrong).unwrap_err();
            assert!(why.contains("list each origin"), "{wrong}: {why}");
        }
    }

    #[test]
    fn the_servers_own_address_has_no_path() {
        for good in [
            "https://pay.example",
            "https://pay.example/",
            "http://127.0.0.1:8080",
        ] {
            let kept = OwnUrl::parse(good).unwrap();
            assert_eq!(kept.as_str(), good.trim_end_matches('/'));
        }
        let why = OwnUrl::parse("https://shop.example/pay/").unwrap_err();
        assert!(why.contains("leave out the path"), "{why}");
        assert!(OwnUrl::parse("https://*.example").is_err());
    }

    #[test]
    fn a_return_is_refused_for_what_is_wrong_with_it() {
        let long = format!("https://shop.example/{}", "x".repeat(2_000));
        for (url, why) in [
            (long.as_str(), NoReturn::TooLong),
            ("https://shop.example/결제", NoReturn::Encoding),
            ("https://한글.example/", NoReturn::Encoding),
            ("https://shop.example/a b", NoReturn::Encoding),
            ("https://shop.example/?q=100%", NoReturn::Encoding),
            ("https://shop.example/%zz", NoReturn::Encoding),
            ("https://shop.example\\@evil.example/", NoReturn::Encoding),
            ("https://shop.example/#/pay", NoReturn::Fragment),
            ("https://shop.example/x#", NoReturn::Fragment),
            ("https://shop.example@evil.example/", NoReturn::User),
            ("/return", NoReturn::Partial),
            ("//shop.example/return", NoReturn::Partial),
            ("shop.example/return", NoReturn::Partial),
            ("javascript:alert(1)", NoReturn::Partial),
            ("https://", NoReturn::Partial),
            ("https://shop.example:port/", NoReturn::Partial),
            ("", NoReturn::Partial),
        ] {
            assert_eq!(WebOrigin::of_return(url), Err(why), "{url}");
        }
        let good = "https://Shop.example/%EA%B2%B0?a=1&b=%25";
        assert_eq!(
            WebOrigin::of_return(good).unwrap().as_str(),
            "https://shop.example"
        );
    }
}
