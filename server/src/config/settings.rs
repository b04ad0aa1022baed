//! Every setting: its name, its type, its default and what it means, once. The structs, the table
//! in `docs/settings.md`, the environment's names and `--print-config` all come from here.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use daegeum_engine::card::Installments;
use daegeum_engine::consent::Consent;
use daegeum_engine::easy_pay::EasyPay;

use super::{
    buyers::ClaimText,
    layers::Reader,
    network::Network,
    receipts::{RetiredKeys, SigningKey},
    secret::{DataKey, NamedSecrets, Secret, WebhookSecrets},
    seller::{BusinessNumber, Line, MailAddress, Telephone},
    toss::{TossClientKey, TossSecretKey, TossSecurityKey},
    url::{FetchUrl, HttpUrl, Link, OwnUrl, WebOrigin},
    value::{Bytes, LogLevel, Value},
};

/// One setting as people meet it.
pub struct Setting {
    /// Its name in the file: `limits.connections`.
    pub path: &'static str,
    /// What it is when nobody says otherwise; empty for "not set".
    pub default: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What may be written, in words.
    pub kind: &'static str,
    /// Never shown.
    pub secret: bool,
}

impl Setting {
    /// Its name in the environment: `DAEGEUM_LIMITS_CONNECTIONS`.
    pub fn environment(&self) -> String {
        format!(
            "{ENVIRONMENT_PREFIX}{}",
            self.path.replace('.', "_").to_uppercase()
        )
    }

    /// Another name it has in the environment, from installations that had it before us.
    pub fn alias(&self) -> Option<&'static str> {
        let mut aliases = ALIASES.iter();
        let found = aliases.find(|(path, _)| *path == self.path);
        found.map(|(_, name)| *name)
    }
}

/// The prefix of our environment variables.
pub const ENVIRONMENT_PREFIX: &str = "DAEGEUM_";

/// Names that a setting also has in the environment; ours wins.
const ALIASES: &[(&str, &str)] = &[
    ("public_url", "APP_BASE_URL"),
    ("gateways.toss.base_url", "TOSS_PAYMENTS_BASE_URL"),
    ("gateways.toss.secret_key", "TOSS_PAYMENTS_SECRET_KEY"),
    ("gateways.toss.client_key", "TOSS_PAYMENTS_CLIENT_KEY"),
    (
        "gateways.toss.webhook_secret",
        "TOSS_PAYMENTS_WEBHOOK_SECRET",
    ),
];

/// Settings that belong together: a table of the file.
pub struct Section {
    /// The table's name with a dot, or nothing for the top of the file.
    pub prefix: &'static str,
    /// What the settings are about.
    pub about: &'static str,
    /// In the order they are shown.
    pub settings: &'static [Setting],
}

macro_rules! settings {
    ($(
        $(#[doc = $section_about:literal])+
        $section:ident: $Section:ident in $prefix:literal {
            $( $(#[doc = $about:literal])+ $field:ident: $Type:ty = $default:literal, )+
        }
    )+) => {
        /// All settings, each of its type; what they mean together is checked by
        /// [`Config`](super::Config).
        #[derive(Debug, Clone)]
        pub struct Settings { $( $(#[doc = $section_about])+ pub $section: $Section, )+ }

        impl Settings {
            /// Reads every setting, so that every problem is told at once.
            pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
                $( let $section = $Section::read(reader); )+
                Some(Self { $( $section: $section?, )+ })
            }

            /// Each setting's path and its value as TOML, secrets hidden.
            pub(super) fn shown(&self) -> Vec<(&'static str, String)> {
                let mut shown = Vec::new();
                $( self.$section.show(&mut shown); )+
                shown
            }
        }

        $(
            $(#[doc = $section_about])+
            #[derive(Debug, Clone)]
            pub struct $Section { $( $(#[doc = $about])+ pub $field: $Type, )+ }

            impl $Section {
                fn read(reader: &mut Reader<'_>) -> Option<Self> {
                    $( let $field = reader.read::<$Type>(concat!($prefix, stringify!($field))); )+
                    Some(Self { $( $field: $field?, )+ })
                }

                fn show(&self, shown: &mut Vec<(&'static str, String)>) {
                    $( shown.push((concat!($prefix, stringify!($field)), self.$field.toml())); )+
                }
            }
        )+

        /// The table of all settings.
        pub const SECTIONS: &[Section] = &[ $( Section {
            prefix: $prefix,
            about: concat!($($section_about),+),
            settings: &[ $( Setting {
                path: concat!($prefix, stringify!($field)),
                default: $default,
                about: concat!($($about),+),
                kind: <$Type as Value>::KIND,
                secret: <$Type as Value>::SECRET,
            } ),+ ],
        } ),+ ];
    };
}

settings! {
    /// Where the server is and what it keeps.
    server: Server in "" {
        /// Where the API is served.
        listen: SocketAddr = "127.0.0.1:8080",
        /// The address that buyers' browsers reach this server at; without it, the address it
        /// listens on. No path: the server is at the root of its host.
        public_url: Option<OwnUrl> = "",
        /// The directory of the journal, its index and the sandbox's books.
        data: PathBuf = "./data",
        /// Serve without configuration, on loopback only, with the mock gateway, simulated gateways
        /// and a clock that can be moved. No live gateway is reachable.
        sandbox: bool = "false",
        /// The first of the loopback ports that the sandbox's simulators listen on; 0 lets the
        /// system choose them.
        sandbox_ports: u16 = "0",
        /// Proxies whose `X-Forwarded-For` is believed. Behind a proxy that is not listed here,
        /// all callers look like one source.
        trusted_proxies: Vec<Network> = "",
    }
    /// Who may call, and what data at rest is sealed with. At least 32 bytes each; better in the
    /// environment than in a file.
    keys: Keys in "" {
        /// The merchant backend's bearer secret, under the name `merchant`.
        merchant_key: Option<Secret> = "",
        /// More merchant backends, each under its own name.
        merchant_keys: NamedSecrets = "",
        /// The administrator's bearer secret, under the name `admin`.
        admin_key: Option<Secret> = "",
        /// Administrators by name. The name is the actor in approvals and in the audit trail.
        admin_keys: NamedSecrets = "",
        /// What the shop's backend signs buyers' tokens with (JWT, HS256). May be left out where `buyers` names a
        /// JWK set.
        buyer_jwt_secret: Option<Secret> = "",
        /// What the mock gateway signs its notifications with. The first signs; all verify, so
        /// that a secret can be replaced without a gap.
        mock_webhook_secret: WebhookSecrets = "",
        /// Wraps the keys that personal data is sealed with. Without it sealed data cannot be
        /// read again: keep a copy apart from the data directory.
        data_key: Option<DataKey> = "",
    }
    /// Buyers' tokens that somebody else signs, such as the shop's login: RS256 and ES256, by a JWK set. Beside one,
    /// issuer and audience must be set; both hold for every buyer's token, the shop's own included.
    buyers: Buyers in "buyers." {
        /// The `iss` that a buyer's token must have. Without it, `iss` is not looked at.
        issuer: Option<ClaimText> = "",
        /// One of these must be in the `aud` of a buyer's token. Without any, `aud` is not looked at.
        audience: Vec<ClaimText> = "",
        /// A JWK set in a file. Read again when it changes.
        jwk_set_file: Option<PathBuf> = "",
        /// A JWK set at an https address. Fetched at the start, every ten minutes, and for a `kid` that is not in
        /// it at most once a minute.
        jwk_set_url: Option<FetchUrl> = "",
    }
    /// What happens to an order nobody pays.
    orders: Orders in "orders." {
        /// How long an order without its own `expires_at` waits for its payment.
        unpaid_after: Duration = "30m",
        /// Cancel an order when a payment for it fails, instead of letting the buyer try again.
        cancel_on_failure: bool = "false",
    }
    /// Bounds. A rate of 0 is no limit, and 1000000 is the most; `--sandbox` starts with both rates at 0.
    limits: Limits in "limits." {
        /// Connections served at once; the next is told 503 and closed. At most 1000000.
        connections: usize = "1024",
        /// The longest request body; a longer one is answered 413. At most 64MiB.
        body: Bytes = "256KiB",
        /// The longest request line with all headers; a longer one is answered 431, beyond twice of it in no more than that.
        /// At most 1MiB.
        head: Bytes = "64KiB",
        /// From the end of one answer (or the connection's begin) to the end of the next request's
        /// headers; then the connection is closed. So also how long an idle one is kept.
        header_timeout: Duration = "30s",
        /// How long a body may take to arrive; then 408.
        body_timeout: Duration = "15s",
        /// How long a request may take in all; then 503. What it set in motion goes on.
        request_timeout: Duration = "30s",
        /// How long a stop waits for requests in flight.
        shutdown_timeout: Duration = "30s",
        /// Requests per second from one address (IPv6: one /64), with or without a key; twice as
        /// many may come at once.
        rate_per_source: u32 = "1000",
        /// Requests per second with one key or one buyer's token; twice as many may come at once.
        rate_per_key: u32 = "5000",
        /// Addresses and keys whose rates are remembered; the longest unheard are forgotten. At most
        /// 10000000.
        rates_tracked: usize = "65536",
    }
    /// The journal's writer and its index.
    store: Store in "store." {
        /// Commands waiting for the writer; the next is told 503. At most 100000.
        queue: usize = "4096",
        /// Memory for the index's cache. At least 1MiB.
        index_cache: Bytes = "64MiB",
        /// Changes the index may trail behind the journal, in memory. At most 100000000.
        overlay: usize = "200000",
    }
    /// After how many days the keys of sealed personal data are dropped, by class. Korean law
    /// asks for five years for payment records. At most 36500.
    retention: Retention in "retention." {
        /// What administrators wrote to explain a decision.
        personal_days: u32 = "1825",
        /// What gateways sent, word for word.
        evidence_days: u32 = "1825",
        /// Who buyers said they are when they paid: names, telephone numbers, mail addresses.
        buyer_days: u32 = "1825",
    }
    /// What receipts of captured payments are signed with (Ed25519). To rotate, put the `x` of the key in use, as
    /// `/.well-known/jwks.json` shows it, among the retired ones, and a new key in its place.
    receipts: Receipts in "receipts." {
        /// The signing key's seed. Without one, it is derived from `data_key`.
        key: Option<SigningKey> = "",
        /// Public keys that are still published, so that receipts of before go on being verified.
        retired: RetiredKeys = "",
    }
    /// Serve HTTPS without a proxy. Both or neither.
    tls: Tls in "tls." {
        /// The certificate chain, PEM.
        cert: Option<PathBuf> = "",
        /// Its private key, PEM.
        key: Option<PathBuf> = "",
    }
    /// Metrics.
    metrics: Metrics in "metrics." {
        /// A loopback address that serves `/metrics` without a key. `/metrics` is also on the API's listener, for
        /// `metrics.key` and for administrators.
        listen: Option<SocketAddr> = "",
        /// A bearer secret that may read `/metrics` and nothing else, for a Prometheus that comes from elsewhere. At
        /// least 32 bytes.
        key: Option<Secret> = "",
    }
    /// Traces by OTLP over HTTP: a span for each request and for each exchange with a gateway. Off without an endpoint.
    traces: Traces in "traces." {
        /// The collector's address, to which `/v1/traces` is added, such as `http://127.0.0.1:4318`.
        endpoint: Option<HttpUrl> = "",
        /// Of a hundred traces, how many are sent. Which, follows from the trace's id, so that everybody who knows a
        /// trace decides alike.
        percent: u32 = "100",
    }
    /// Logs: JSON lines on standard output.
    log: Log in "log." {
        /// The least that is logged. `info` has payments' transitions and refused requests, `debug` every request and
        /// every exchange with a gateway, `trace` commits and what jobs do. Libraries are logged up to `info`.
        level: LogLevel = "info",
        /// Lines about refused requests that are written each second, for each code, and for each cause of an internal
        /// error up to sixteen causes; twice as many may come at once. The others are counted in
        /// `http_refusals_unlogged_total`. 0 is no limit, and 1000000 the most.
        refusals_per_second: u32 = "50",
        /// Lines waiting to be written; more are dropped and counted rather than waited for. 4KiB to 1GiB.
        buffer: Bytes = "4MiB",
    }
    /// Where buyers are sent.
    checkout: Checkout in "checkout." {
        /// The origins of the shop's pages: those that a session's `redirect_url` may have (no buyer is sent anywhere
        /// else), and whose scripts may call the buyer's part of the API.
        redirect_origins: Vec<WebOrigin> = "",
        /// Where "back to the shop" leads on the checkout page; without it there is no such link. With
        /// `--sandbox` it is the sandbox's shop.
        shop_url: Option<Link> = "",
        /// Consents without which a checkout is not prepared (`CONSENT_REQUIRED`). The hosted page asks for both
        /// whatever is set here; set them where pages of your own have to ask, too.
        required_consents: Vec<Consent> = "",
        /// For how many years the text about personal data says that the gateway keeps it. Look at the gateway's own
        /// terms: five is what Korean law has at most for records of electronic payments. 1 to 100.
        gateway_keeps_years: u32 = "5",
    }
    /// Who sells: named at the checkout and on receipts. In Korea a seller must be ([legal.md](legal.md)); what is not
    /// set is left out.
    shop: Seller in "shop." {
        /// The name of the shop or of its company.
        name: Option<Line> = "",
        /// The business registration number (사업자등록번호).
        business_number: Option<BusinessNumber> = "",
        /// Who represents the company (대표자).
        representative: Option<Line> = "",
        /// The place of business.
        address: Option<Line> = "",
        /// Where buyers can ring.
        telephone: Option<Telephone> = "",
        /// Where buyers can write.
        email: Option<MailAddress> = "",
        /// The number of the report as a mail-order seller (통신판매업신고번호).
        mail_order_number: Option<Line> = "",
        /// Who hosts the shop (호스팅서비스 제공자).
        hosting_provider: Option<Line> = "",
        /// Where the terms of use are.
        terms_url: Option<Link> = "",
        /// Where the rules of returns and refunds are.
        refund_rules_url: Option<Link> = "",
        /// Where the privacy policy is.
        privacy_url: Option<Link> = "",
    }
    /// Which gateways take payments.
    gateways: Gateways in "gateways." {
        /// The mock gateway: payments complete when told to. Refused beside a gateway with a live
        /// key; on with `--sandbox`.
        mock: bool = "false",
        /// Call gateways at private, loopback and link-local addresses too, and without TLS. For
        /// simulators; on with `--sandbox`.
        allow_private: bool = "false",
    }
    /// Toss Payments. On when its secret key is set.
    toss: Toss in "gateways.toss." {
        /// The secret key. Test or live, API or widget, as the client key is.
        secret_key: Option<TossSecretKey> = "",
        /// The client key, which browsers are given.
        client_key: Option<TossClientKey> = "",
        /// Where its API is.
        base_url: HttpUrl = "https://api.tosspayments.com",
        /// Where browsers get its script.
        sdk_url: HttpUrl = "https://js.tosspayments.com/v2/standard",
        /// The security key, which the events of payouts and sellers are signed with. Notifications
        /// of payments are not signed by anything.
        webhook_secret: Option<TossSecurityKey> = "",
        /// The wallets that the checkout offers by name, each of which Toss's contract with the shop has
        /// to have. A card's window has those of the contract in any case.
        easy_pays: Vec<EasyPay> = "",
        /// In at most how many months the checkout lets a card pay; 0 leaves the question to Toss's
        /// window.
        installments_max: Installments = "0",
        /// The least amount, in won, that the checkout offers instalments for. 50000 is what card
        /// companies usually take; each has its own.
        installments_minimum: u32 = "50000",
    }
}
