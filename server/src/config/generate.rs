//! Settings that `--sandbox` makes by itself: the mock gateway, simulated ones, no rate limits, and secrets,
//! kept in `DATA/sandbox/secrets.toml` so that the next start opens what this one sealed. What was
//! configured wins over all of it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    ConfigError, Purpose,
    layers::{Layers, Origin},
};
use crate::world::{World, random_bytes};

const SECRETS: [&str; 5] = [
    "merchant_key",
    "admin_key",
    "buyer_jwt_secret",
    "mock_webhook_secret",
    "data_key",
];

/// What stands in for Toss until its simulator is started: keys of Toss's form that open nothing,
/// and an address where nobody listens, so that the sandbox calls no stranger.
const SIMULATED_TOSS: [(&str, &str); 4] = [
    ("gateways.toss.secret_key", "test_sk_daegeumsandbox"),
    ("gateways.toss.client_key", "test_ck_daegeumsandbox"),
    ("gateways.toss.base_url", "http://127.0.0.1:9"),
    ("gateways.toss.sdk_url", "http://127.0.0.1:9/v2/standard"),
];

/// Lays a simulated Toss at the bottom.
pub(super) fn lay_simulated_toss(layers: &mut Layers) {
    for (path, text) in SIMULATED_TOSS {
        layers.put(path, text.into(), Origin::Sandbox);
    }
}

/// Lays the sandbox's own settings at the bottom, and says where its secrets are kept.
pub(super) fn lay_sandbox(
    layers: &mut Layers,
    data: &Path,
    purpose: Purpose,
    world: &dyn World,
) -> Result<PathBuf, ConfigError> {
    for (path, text) in [
        ("gateways.mock", "true"),
        ("gateways.allow_private", "true"),
        ("limits.rate_per_source", "0"),
        ("limits.rate_per_key", "0"),
        ("checkout.shop_url", "/shop"),
    ] {
        layers.put(path, text.into(), Origin::Sandbox);
    }
    let file = data.join("sandbox").join("secrets.toml");
    let secrets = kept_secrets(&file, purpose, world).map_err(|wrong| {
        ConfigError(vec![format!(
            "the sandbox's secrets, {}: {wrong}",
            file.display()
        )])
    })?;
    for (name, secret) in secrets {
        if let Some(secret) = secret.as_str() {
            layers.put(&name, secret.into(), Origin::Sandbox);
        }
    }
    Ok(file)
}

/// The kept secrets; missing ones are made, and written if the server is to start.
fn kept_secrets(file: &Path, purpose: Purpose, world: &dyn World) -> io::Result<toml::Table> {
    let mut secrets = match std::fs::read_to_string(file) {
        // The error's own message would quote the line, and with it a secret.
        Ok(text) => text.parse().map_err(|_| io::Error::other("is not TOML"))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => toml::Table::new(),
        Err(error) => return Err(error),
    };
    let kept = secrets.len();
    for name in SECRETS {
        secrets
            .entry(name)
            .or_insert_with(|| make(name, world).into());
    }
    if secrets.len() != kept && purpose == Purpose::Serve {
        keep(file, &secrets)?;
    }
    Ok(secrets)
}

fn make(name: &str, world: &dyn World) -> String {
    let random = STANDARD.encode(random_bytes::<32>(world));
    match name {
        "mock_webhook_secret" => format!("whsec_{random}"),
        "data_key" => random,
        // Without characters that a shell or a URL would need quoted.
        _ => format!("sandbox_{}", random.replace(['+', '/', '='], "")),
    }
}

/// Writes the file readable by its owner alone, atomically, before anything is sealed with it.
#[expect(
    clippy::disallowed_methods,
    reason = "secrets are made before there is a store"
)]
fn keep(file: &Path, secrets: &toml::Table) -> io::Result<()> {
    let folder = file.parent().unwrap_or(file);
    let mut directory = std::fs::DirBuilder::new();
    directory.recursive(true);
    // The data directory may be made here; only its user may enter it.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut directory, 0o700);
    directory.create(folder)?;
    let fresh = file.with_extension("fresh");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&fresh)?;
    writeln!(
        out,
        "# Made by `daegeum serve --sandbox`. Of no use outside this sandbox."
    )?;
    write!(out, "{secrets}")?;
    out.sync_all()?;
    std::fs::rename(&fresh, file)?;
    std::fs::File::open(folder)?.sync_all()
}
