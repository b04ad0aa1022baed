//! `daegeum doctor`: examines everything that a payment needs, and reports in one line each what is fine, what is
//! not, and the remedy. It changes nothing, moves no money and shows no secret.

mod buyers;
mod directory;
mod finding;
mod running;
mod toss;

use crate::cli::Doctor;
use crate::config::{Config, Flags, Purpose};
use crate::pages;
use crate::world::SharedWorld;

pub use finding::{Finding, Findings, State};

/// Two worlds for requests: to gateways, as the settings allow, and to our own server, wherever it is.
pub struct Ways {
    /// As far as the settings allow.
    pub to_gateways: SharedWorld,
    /// To the running server, which is likely on this machine.
    pub to_server: SharedWorld,
}

impl Doctor {
    /// The flags for the settings.
    pub fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            data: self.data.clone(),
            sandbox: self.sandbox,
            ..Flags::default()
        }
    }
}

/// Reads the settings as a start would; each problem is a finding.
pub fn settings(
    command: &Doctor,
    environment: impl Iterator<Item = (String, String)>,
    world: &SharedWorld,
) -> Result<Config, Findings> {
    Config::load(&command.flags(), environment, Purpose::Show, &**world).map_err(|error| {
        let mut findings = Findings::default();
        for problem in error.0 {
            findings.fail("settings", problem, "correct it, then look again");
        }
        findings
    })
}

/// Examines everything else.
pub async fn examine(command: &Doctor, config: &Config, ways: &Ways) -> Findings {
    let mut findings = Findings::default();
    look_at_settings(config, &mut findings);
    buyers::look(config, &ways.to_gateways, &mut findings).await;
    toss::look(config, &ways.to_gateways, &mut findings).await;
    let now_ms = ways.to_server.wall_ms();
    let held = directory::look(config, now_ms, &mut findings);
    let url = command.url.as_deref();
    running::look(config, url, held, &ways.to_server, &mut findings).await;
    findings
}

fn look_at_settings(config: &Config, findings: &mut Findings) {
    let gateways = config.gateways_in_words();
    if gateways.is_empty() {
        let todo = "set gateways.toss.secret_key and client_key";
        findings.warn("settings", "valid, but no gateway takes payments", todo);
    } else {
        findings.ok("settings", format!("valid; {}", gateways.join(", ")));
    }
    let server = &config.settings.server;
    match &server.public_url {
        Some(url) => findings.ok("public address", url.to_string()),
        None if server.sandbox => {}
        None => findings.warn(
            "public address",
            "not set",
            "set public_url to the address at which buyers' browsers reach this server",
        ),
    }
    look_at_seller(config, findings);
    look_at_pages(findings);
}

/// In Korea a seller must be named; elsewhere nobody is the worse for it.
fn look_at_seller(config: &Config, findings: &mut Findings) {
    const ABOUT: &str = "seller";
    let unnamed = config.settings.shop.unnamed();
    if unnamed.is_empty() {
        return findings.ok(ABOUT, "named at the checkout and on receipts");
    }
    let todo = "set what applies to the shop (docs/legal.md), unless buyers pay on pages of the shop's own";
    findings.warn(ABOUT, format!("not named by {}", unnamed.join(", ")), todo);
}

fn look_at_pages(findings: &mut Findings) {
    const ABOUT: &str = "checkout page";
    if pages::are_built() {
        findings.ok(ABOUT, "built into this program");
    } else {
        let todo =
            "run `cargo xtask pages` and build again, unless buyers pay on pages of the shop's own";
        findings.warn(ABOUT, "not in this program: /checkout answers 503", todo);
    }
}
