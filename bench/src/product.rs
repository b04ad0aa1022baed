//! The product as it is started here: the release server in sandbox mode with known secrets, real
//! syncs, its log written to a file.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::Failure;
use crate::process::{self, Server};
use crate::requests::Requests;
use crate::signature::Signer;

pub(crate) const ADMIN_KEY: &str = "bench-admin-key-0123456789abcdef0123456789abcdef";
pub(crate) const MERCHANT_KEY: &str = "bench-merchant-key-0123456789abcdef0123456789ab";
const BUYER_JWT_SECRET: &str = "bench-buyer-secret-0123456789abcdef0123456789ab";
const WEBHOOK_SECRET: &str = "whsec_YmVuY2gtd2ViaG9vay1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg==";
const DATA_KEY: &str = "YmVuY2gtZGF0YS1rZXktMDEyMzQ1Njc4OWFiY2RlZjA=";

/// A rebuild of what a power loss left belongs to a start.
const START_PATIENCE: Duration = Duration::from_mins(2);
const STOP_PATIENCE: Duration = Duration::from_mins(1);
const OFFLINE_PATIENCE: Duration = Duration::from_mins(10);

/// How to start it.
#[derive(Clone)]
pub(crate) struct Product {
    pub(crate) program: PathBuf,
    /// More settings, as `NAME=VALUE`.
    pub(crate) settings: Vec<(String, String)>,
    /// The file for its output.
    pub(crate) log: PathBuf,
}

impl Product {
    pub(crate) fn serve(&self, data: &Path) -> Result<Server, Failure> {
        self.serve_with(data, &[])
    }

    /// Starts with settings for this once.
    pub(crate) fn serve_with(
        &self,
        data: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Server, Failure> {
        let address = process::free_address()?;
        let mut command = self.command("serve", data)?;
        command.args(["--sandbox", "--listen", &address.to_string()]);
        command.envs(settings.iter().copied());
        Server::start(command, address, &self.log, START_PATIENCE)
    }

    pub(crate) fn stop(server: Server) -> Result<Duration, Failure> {
        server.stop(STOP_PATIENCE)
    }

    /// Runs `verify` or `rebuild`, and gives the time and the last of what it said.
    pub(crate) fn offline(&self, what: &str, data: &Path) -> Result<(Duration, String), Failure> {
        process::output(self.command(what, data)?, &self.log, OFFLINE_PATIENCE)
    }

    fn command(&self, what: &str, data: &Path) -> Result<Command, Failure> {
        let mut command = process::held(&self.program)?;
        // What is set around us for another server is none of this one's.
        command.env_clear();
        command.envs([
            ("DAEGEUM_ADMIN_KEY", ADMIN_KEY),
            ("DAEGEUM_MERCHANT_KEY", MERCHANT_KEY),
            ("DAEGEUM_BUYER_JWT_SECRET", BUYER_JWT_SECRET),
            ("DAEGEUM_MOCK_WEBHOOK_SECRET", WEBHOOK_SECRET),
            ("DAEGEUM_DATA_KEY", DATA_KEY),
        ]);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.arg(what).arg("--data").arg(data);
        Ok(command)
    }
}

/// Requests with the keys the product was started with.
pub(crate) fn requests() -> Result<Requests, Failure> {
    Ok(Requests::new(MERCHANT_KEY, Signer::new(WEBHOOK_SECRET)?))
}
