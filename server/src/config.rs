//! Configuration: one value, made of defaults, a TOML file, the environment and flags, checked once when the program
//! starts. A [`Config`] needs no further checks: in production every secret is there, and the mock gateway is never
//! on beside a live one.

mod bounds;
mod buyers;
mod card;
mod consents;
mod credentials;
mod generate;
mod kubernetes;
mod layers;
mod network;
mod receipts;
mod secret;
mod seller;
mod settings;
mod show;
mod together;
mod toss;
mod url;
mod value;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use buyers::ClaimText;
pub use credentials::{CREDENTIALS_VARIABLE, CredentialError, credentials};
pub use layers::Origin;
pub use network::Network;
pub use receipts::{RetiredKeys, SigningKey};
pub use secret::{DataKey, NamedSecret, NamedSecrets, Secret, WebhookSecret, WebhookSecrets};
pub use seller::{BusinessNumber, Line, MailAddress, Telephone};
pub use settings::{
    Buyers, Checkout, Gateways, Keys, Limits, Log, Metrics, Orders, Receipts, Retention, SECTIONS,
    Section, Seller, Server, Setting, Settings, Store, Tls, Toss, Traces,
};
pub use show::settings_table;
pub use toss::{KeyKind, KeyMode, KeyProduct, TossClientKey, TossSecretKey, TossSecurityKey};
pub use url::{FetchUrl, HttpUrl, Link, WebOrigin};
pub use value::{Bytes, LogLevel, Value, parse_duration};

use crate::world::World;
use layers::{CONFIG_FILE_VARIABLE, Layers, Reader};
use together::check_together;

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// The settings.
    pub settings: Settings,
    /// The secrets, none missing.
    pub secrets: Secrets,
    /// The secrets' file that `--sandbox` made or found, to be named at the start.
    pub sandbox_secrets: Option<PathBuf>,
    /// Whether a directory whose key file is lost is opened with a new one, by flag.
    pub accept_lost_keys: bool,
    /// The file that settings were read from; it may contain secrets.
    pub read_from: Option<PathBuf>,
    origins: Vec<(&'static str, Origin)>,
}

/// The server's secrets. Every principal has another secret.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The merchant's backends.
    pub merchants: Vec<NamedSecret>,
    /// The administrators.
    pub admins: Vec<NamedSecret>,
    /// The key that may read the metrics, and nothing else.
    pub scraper: Option<Secret>,
    /// The key that the shop's backend signs buyers' tokens with; optional if a JWK set is configured.
    pub buyer_jwt: Option<Secret>,
    /// Wraps the keys of sealed data.
    pub data_key: DataKey,
    /// The mock gateway's; empty if it is off.
    pub mock_webhook: Vec<WebhookSecret>,
}

/// The command line's settings.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config FILE`
    pub config: Option<PathBuf>,
    /// `--listen ADDRESS`
    pub listen: Option<String>,
    /// `--data DIR`
    pub data: Option<PathBuf>,
    /// `--sandbox`
    pub sandbox: bool,
    /// `--sandbox-ports BASE`
    pub sandbox_ports: Option<u16>,
    /// `--accept-lost-keys`
    pub accept_lost_keys: bool,
}

/// Whether the sandbox's secrets are kept for the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The server starts: missing sandbox secrets are made and kept.
    Serve,
    /// The configuration is only shown: nothing is written.
    Show,
}

/// All problems of the configuration, at once.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl Config {
    /// The server's own address, as browsers know it.
    pub fn address(&self) -> String {
        let server = &self.settings.server;
        match &server.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", server.listen),
        }
    }

    /// Loads and checks the configuration.
    pub fn load(
        flags: &Flags,
        environment: impl Iterator<Item = (String, String)>,
        purpose: Purpose,
        world: &dyn World,
    ) -> Result<Self, ConfigError> {
        let environment: Vec<_> = environment.collect();
        let mut layers = Layers::default();
        // The sandbox's own layer lies below these layers, but they say whether there is one.
        lay_what_was_said(&mut layers, flags, &environment)?;
        let sandbox_secrets = if Reader::new(&layers).read("sandbox") == Some(true) {
            let data = layers.said_of("data").0.to_owned();
            let mut below = Layers::default();
            let kept = generate::lay_sandbox(&mut below, Path::new(&data), purpose, world)?;
            if !layers.configured_under("gateways.toss.") {
                generate::lay_simulated_toss(&mut below);
            }
            lay_what_was_said(&mut below, flags, &environment)?;
            layers = below;
            Some(kept)
        } else {
            None
        };
        let checked = Self::check(&layers, sandbox_secrets)?;
        Ok(Self {
            accept_lost_keys: flags.accept_lost_keys,
            read_from: file_of(flags, &environment),
            ..checked
        })
    }

    /// The gateways that take payments, in words: `Toss (a live API key)`.
    pub fn gateways_in_words(&self) -> Vec<String> {
        let settings = &self.settings;
        let simulated = if self.toss_is_simulated() {
            ", simulated"
        } else {
            ""
        };
        let mock = settings
            .gateways
            .mock
            .then(|| "the mock gateway".to_owned());
        let toss = settings.toss.secret_key.as_ref();
        let toss = toss.map(|key| format!("Toss ({}{simulated})", key.kind()));
        mock.into_iter().chain(toss).collect()
    }

    /// Whether a gateway takes real money here and there is no public address for browsers.
    pub fn is_live_without_address(&self) -> bool {
        let key = self.settings.toss.secret_key.as_ref();
        let is_live = key.is_some_and(|key| key.kind().mode == KeyMode::Live);
        is_live && self.settings.server.public_url.is_none()
    }

    /// Whether Toss is the sandbox's simulator, not a configured one.
    pub fn toss_is_simulated(&self) -> bool {
        let base = self
            .origins
            .iter()
            .find(|(path, _)| *path == "gateways.toss.base_url");
        base.is_some_and(|(_, origin)| *origin == Origin::Sandbox)
    }

    /// The same configuration with Toss's simulator at `address`, which is only known once it
    /// listens. A Toss that was configured stays where it is.
    #[must_use]
    pub fn with_toss_at(mut self, address: SocketAddr) -> Self {
        if self.toss_is_simulated() {
            self.settings.toss.base_url = HttpUrl::of_simulator(address, "");
            self.settings.toss.sdk_url = HttpUrl::of_simulator(address, "/v2/standard");
        }
        self
    }

    fn check(layers: &Layers, sandbox_secrets: Option<PathBuf>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(layers);
        let settings = Settings::read(&mut reader);
        let mut problems = reader.problems;
        let Some(settings) = settings else {
            return Err(ConfigError(problems));
        };
        check_together(&settings, &mut problems);
        let secrets = check_secrets(&settings, &mut problems);
        match secrets {
            Some(secrets) if problems.is_empty() => {
                let origins = layers::all()
                    .map(|one| (one.path, layers.said_of(one.path).1))
                    .collect();
                Ok(Self {
                    settings,
                    secrets,
                    sandbox_secrets,
                    accept_lost_keys: false,
                    read_from: None,
                    origins,
                })
            }
            _ => Err(ConfigError(problems)),
        }
    }
}

/// The configuration file, if one is named.
fn file_of(flags: &Flags, environment: &[(String, String)]) -> Option<PathBuf> {
    let named = environment
        .iter()
        .find(|(name, _)| name == CONFIG_FILE_VARIABLE);
    let named = named.map(|(_, path)| PathBuf::from(path));
    flags.config.clone().or(named)
}

fn lay_what_was_said(
    layers: &mut Layers,
    flags: &Flags,
    environment: &[(String, String)],
) -> Result<(), ConfigError> {
    if let Some(file) = file_of(flags, environment) {
        let text = std::fs::read_to_string(&file)
            .map_err(|error| ConfigError(vec![format!("{}: {error}", file.display())]))?;
        layers.put_file(&text);
    }
    layers.put_environment(environment.iter().cloned());
    if let Some(listen) = &flags.listen {
        layers.put("listen", listen.clone(), Origin::Flag("--listen"));
    }
    if let Some(data) = &flags.data {
        layers.put(
            "data",
            data.to_string_lossy().into_owned(),
            Origin::Flag("--data"),
        );
    }
    if flags.sandbox {
        layers.put("sandbox", "true".into(), Origin::Flag("--sandbox"));
    }
    if let Some(first) = flags.sandbox_ports {
        let flag = Origin::Flag("--sandbox-ports");
        layers.put("sandbox_ports", first.to_string(), flag);
    }
    Ok(())
}

/// All secrets, or an error for every missing one with how to make it.
fn check_secrets(settings: &Settings, problems: &mut Vec<String>) -> Option<Secrets> {
    let keys = &settings.keys;
    let merchants = principals("merchant", keys.merchant_key.as_ref(), &keys.merchant_keys);
    let admins = principals("admin", keys.admin_key.as_ref(), &keys.admin_keys);
    let mut missing = |absent: bool, name: &str, make: &str| {
        if absent {
            problems.push(format!("{name} is missing; {make}"));
        }
    };
    missing(
        merchants.is_empty(),
        "DAEGEUM_MERCHANT_KEY (or DAEGEUM_MERCHANT_KEYS)",
        secret::MAKE_SECRET,
    );
    missing(
        admins.is_empty(),
        "DAEGEUM_ADMIN_KEY (or DAEGEUM_ADMIN_KEYS)",
        secret::MAKE_SECRET,
    );
    missing(
        keys.buyer_jwt_secret.is_none() && !settings.buyers.has_key_set(),
        "DAEGEUM_BUYER_JWT_SECRET",
        secret::MAKE_SECRET,
    );
    missing(
        keys.data_key.is_none(),
        "DAEGEUM_DATA_KEY",
        secret::MAKE_DATA_KEY,
    );
    missing(
        settings.gateways.mock && keys.mock_webhook_secret.0.is_empty(),
        "DAEGEUM_MOCK_WEBHOOK_SECRET",
        secret::MAKE_WEBHOOK_SECRET,
    );
    let scraper = settings.metrics.key.as_ref();
    let others = [
        ("buyer_jwt_secret", keys.buyer_jwt_secret.as_ref()),
        ("metrics.key", scraper),
    ];
    check_distinct(&merchants, &admins, others, problems);
    Some(Secrets {
        merchants,
        admins,
        scraper: scraper.cloned(),
        buyer_jwt: keys.buyer_jwt_secret.clone(),
        data_key: keys.data_key.clone()?,
        mock_webhook: keys.mock_webhook_secret.0.clone(),
    })
}

fn principals(name: &str, single: Option<&Secret>, named: &NamedSecrets) -> Vec<NamedSecret> {
    let single = single.map(|secret| NamedSecret {
        name: name.into(),
        secret: secret.clone(),
    });
    single.into_iter().chain(named.0.iter().cloned()).collect()
}

/// Each secret belongs to one principal: a shared one would not identify the caller.
fn check_distinct(
    merchants: &[NamedSecret],
    admins: &[NamedSecret],
    others: [(&str, Option<&Secret>); 2],
    problems: &mut Vec<String>,
) {
    let named = |kind: &'static str| {
        move |one: &'_ NamedSecret| (format!("{kind} {}", one.name), one.secret.clone())
    };
    let mut seen: Vec<(String, Secret)> = Vec::new();
    let others = others.into_iter().filter_map(|(name, secret)| {
        let secret = secret?;
        Some((name.to_owned(), secret.clone()))
    });
    let everyone = merchants
        .iter()
        .map(named("merchant"))
        .chain(admins.iter().map(named("admin")))
        .chain(others);
    for (holder, secret) in everyone {
        if let Some((other, _)) = seen
            .iter()
            .find(|(name, one)| *one == secret || *name == holder)
        {
            problems.push(if *other == holder {
                format!("{holder} is named twice")
            } else {
                format!("{other} and {holder} have the same secret; each needs its own")
            });
        }
        seen.push((holder, secret));
    }
}

#[cfg(test)]
mod tests;
