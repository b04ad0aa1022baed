//! Scrapes the server's own metrics while it works: index lag and commit sizes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use crate::client::Client;
use crate::failure::Failure;

const SCRAPE_EVERY: Duration = Duration::from_millis(200);
const INDEX_LAG: &str = "store_index_lag";
const COMMITS: &str = "store_commit_commands_count";
const COMMANDS: &str = "store_commit_commands_sum";

/// One scrape.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scrape {
    pub(crate) index_lag: u64,
    pub(crate) commits: u64,
    pub(crate) commands: u64,
}

pub(crate) fn scrape(address: SocketAddr, admin_key: &str) -> Result<Scrape, Failure> {
    scrape_with(&mut Client::connect(address)?, admin_key)
}

/// The largest lag seen until told to stop.
pub(crate) fn watch_lag(
    address: SocketAddr,
    admin_key: &str,
    stop: &AtomicBool,
) -> Result<u64, Failure> {
    let mut client = Client::connect(address)?;
    let mut largest = 0;
    while !stop.load(Ordering::Relaxed) {
        largest = scrape_with(&mut client, admin_key)?.index_lag.max(largest);
        sleep(SCRAPE_EVERY);
    }
    Ok(largest)
}

/// Waits for the index to have caught up, or for the time to pass.
pub(crate) fn settle(address: SocketAddr, admin_key: &str) -> Result<(), Failure> {
    let mut client = Client::connect(address)?;
    for _ in 0..50 {
        if scrape_with(&mut client, admin_key)?.index_lag == 0 {
            return Ok(());
        }
        sleep(SCRAPE_EVERY);
    }
    Ok(())
}

fn scrape_with(client: &mut Client, admin_key: &str) -> Result<Scrape, Failure> {
    let answer = client.get("/metrics", admin_key)?;
    if answer.status != 200 {
        return Err(Failure::new(format!("/metrics: {}", answer.shown())));
    }
    let text = String::from_utf8_lossy(answer.body);
    let value = |name| value(&text, name).ok_or_else(|| missing(name));
    Ok(Scrape {
        index_lag: value(INDEX_LAG)?,
        commits: value(COMMITS)?,
        commands: value(COMMANDS)?,
    })
}

fn missing(name: &str) -> Failure {
    Failure::new(format!("/metrics has no {name}"))
}

/// The whole part of a metric without labels.
fn value(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines();
    let written = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    written.split('.').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let text = "# HELP store_index_lag x\nstore_index_lag_old 9\nstore_index_lag 12\n\
            store_commit_commands_sum 4096.0\n";
        assert_eq!(value(text, INDEX_LAG), Some(12));
        assert_eq!(value(text, COMMANDS), Some(4096));
        assert_eq!(value(text, COMMITS), None);
    }
}
