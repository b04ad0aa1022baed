//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;

use crate::ceilings::sizes::Sizes;

/// Measures the release server beside this machine's own ceilings.
#[derive(Parser)]
#[command(name = "cargo xtask bench", args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) own: Option<Own>,
}

/// Processes that this program starts of itself.
#[derive(Subcommand)]
pub(crate) enum Own {
    /// The bare ceiling
    #[command(hide = true)]
    Bare { listen: SocketAddr, sizes: Sizes },
    /// The log-only ceiling
    #[command(hide = true)]
    LogOnly {
        listen: SocketAddr,
        sizes: Sizes,
        folder: PathBuf,
    },
    /// Becomes a program that dies with its parent
    #[command(hide = true)]
    Hold {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
}

/// The subjects of measurement, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub(crate) enum Subject {
    /// Appends synced per second
    Disk,
    /// hyper that answers at once
    Bare,
    /// hyper and a synced log, no engine
    LogOnly,
    /// Order, payment, completion
    #[value(name = "create+complete")]
    Cycle,
    /// Signed notifications
    Webhook,
    /// Starts after a stop and after a kill
    Restart,
    /// The index made anew
    Rebuild,
}

impl Serialize for Subject {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

impl Subject {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Bare => "bare hyper",
            Self::LogOnly => "log-only",
            Self::Cycle => "create+complete",
            Self::Webhook => "webhook",
            Self::Restart => "restart",
            Self::Rebuild => "rebuild",
        }
    }
}

#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Rounds; in each every subject has its turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,

    /// Seconds of each measurement of the server; a ceiling has half of it
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,

    /// Connections, each with one request at a time
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256")]
    pub(crate) connections: Vec<usize>,

    /// Payments in the store beforehand
    #[arg(long, value_delimiter = ',', default_value = "0,1000000")]
    pub(crate) payments: Vec<u64>,

    /// Where the filled store is kept for the next run [default: nowhere]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Only these
    #[arg(long, value_delimiter = ',')]
    only: Vec<Subject>,

    /// Threads of the generator
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) threads: u32,

    /// About a minute: an empty store, 1 and 64 connections, 3 rounds of 1 second
    #[arg(long)]
    quick: bool,

    /// All figures of all rounds
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// A setting of the server's, such as `DAEGEUM_STORE_OVERLAY=100000`; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,

    /// The server
    #[arg(long, env = "DAEGEUM_BIN", value_name = "PROGRAM")]
    pub(crate) server: Option<PathBuf>,
}

impl Options {
    /// As they are meant.
    pub(crate) fn settled(mut self) -> Self {
        if self.quick {
            (self.rounds, self.seconds) = (3, 1);
            (self.connections, self.payments) = (vec![1, 64], vec![0]);
        }
        self
    }

    pub(crate) fn measures(&self, subject: Subject) -> bool {
        self.only.is_empty() || self.only.contains(&subject)
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    pub(crate) fn ceiling_time(&self) -> Duration {
        Duration::from_millis(self.seconds.saturating_mul(500))
    }

    /// Not counted, so that connections, caches and the processor's clock are warm.
    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_millis(self.seconds.saturating_mul(250).min(500))
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is wanted")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn everything_is_measured_unless_something_is_named() {
        let options = |words: &[&str]| Cli::parse_from([&["bench"], words].concat()).options;
        assert!(options(&[]).measures(Subject::Restart));
        let only = options(&["--only", "webhook,log-only"]);
        assert!(only.measures(Subject::Webhook) && only.measures(Subject::LogOnly));
        assert!(!only.measures(Subject::Cycle));
    }
}
