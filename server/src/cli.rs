//! The command line: what can be typed and what it means; below, what is done offline.

pub mod doctor;
pub mod offline;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Flags, Purpose};

/// A payment engine for one marketplace: orders, payments and their journal, in one program.
#[derive(Debug, Parser)]
#[command(
    name = "daegeum",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take payments.
    #[command(after_help = AFTER_SERVE_HELP)]
    Serve(Serve),
    /// Run the gateways' simulators alone, for another client than this server.
    #[cfg(feature = "sandbox")]
    Sandbox(Sandbox),
    /// Check a data directory: chain, states, postings, balances, indexes. Like a start it cuts a
    /// torn last frame and brings the index to the journal's end. The server must be stopped.
    Verify(DataDirectory),
    /// Make the index of a data directory anew from its journal. The server must be stopped.
    Rebuild(DataDirectory),
    /// Look at what a payment needs: settings, gateways, clocks, the data directory, the running
    /// server. Changes nothing; fails if something has to be corrected.
    Doctor(Doctor),
}

const AFTER_SERVE_HELP: &str = "\
Every setting can also be written in the file or the environment (DAEGEUM_LISTEN, \
DAEGEUM_LIMITS_BODY, …); a flag beats the environment, the environment beats the file. \
docs/settings.md lists them all.

To try it:        daegeum serve --sandbox
To see settings:  daegeum serve --sandbox --print-config";

/// How to serve.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Serve {
    /// Serve without configuration: on loopback only, with the mock gateway and made-up secrets
    #[arg(long)]
    pub sandbox: bool,

    /// The first of the ports that the sandbox's simulators listen on [default: any]
    #[arg(long, value_name = "BASE", requires = "sandbox")]
    pub sandbox_ports: Option<u16>,

    /// Where the API is served [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,

    /// Where the journal and its index are kept [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Take this machine's clock for right, however far it is ahead of the last record: once, after a
    /// long pause. A clock that is wrong dates every later record
    #[arg(long)]
    pub trust_clock: bool,

    /// Start although the key file is lost for good: what was sealed is given up, and new keys are begun
    #[arg(long)]
    pub accept_lost_keys: bool,

    /// Print the settings in force and where each comes from, secrets hidden, and stop
    #[arg(long)]
    pub print_config: bool,
}

/// How to simulate.
#[derive(Debug, Args)]
pub struct Sandbox {
    /// The first of the loopback ports to listen on; 0 lets the system choose
    #[arg(long, value_name = "BASE", default_value_t = 0)]
    pub ports: u16,

    /// Where the books and the clock are kept
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,

    /// Where notifications go, an http address of this machine [default: nowhere]
    #[arg(long, value_name = "URL")]
    pub notify: Option<String>,
}

/// Where to look, and how to tell.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Look at a sandbox
    #[arg(long)]
    pub sandbox: bool,

    /// Where the journal and its index are kept [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Where the running server is [default: where the settings say that it listens]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,

    /// Tell programs instead of people
    #[arg(long)]
    pub json: bool,
}

/// Whose data.
#[derive(Debug, Args)]
pub struct DataDirectory {
    /// Where the journal and its index are kept
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
}

impl Serve {
    /// The settings among the arguments.
    pub fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            listen: self.listen.clone(),
            data: self.data.clone(),
            sandbox: self.sandbox,
            sandbox_ports: self.sandbox_ports,
            accept_lost_keys: self.accept_lost_keys,
        }
    }

    /// Whether to serve, or only to look.
    pub fn purpose(&self) -> Purpose {
        if self.print_config {
            Purpose::Show
        } else {
            Purpose::Serve
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let typed =
            "daegeum serve --sandbox --sandbox-ports 9000 --listen 127.0.0.1:1 --data d --config c";
        let Command::Serve(serve) = Cli::parse_from(typed.split(' ')).command else {
            panic!("not serve");
        };
        let flags = serve.flags();
        assert!(flags.sandbox && serve.purpose() == Purpose::Serve);
        assert_eq!(flags.sandbox_ports, Some(9000));
        assert_eq!(flags.listen.as_deref(), Some("127.0.0.1:1"));
        assert_eq!(
            (flags.data, flags.config),
            (Some("d".into()), Some("c".into()))
        );
    }

    #[test]
    fn what_nobody_can_mean_is_refused() {
        for typed in [
            "daegeum",
            "daegeum sevre",
            "daegeum serve --sandbux",
            "daegeum verify x",
        ] {
            assert!(Cli::try_parse_from(typed.split(' ')).is_err(), "{typed}");
        }
    }
}
