//! The least and the most of every count and size. A value outside of them would panic in what it is handed to, take
//! more memory than any machine has, or refuse every request.

use std::fmt::Display;

use super::settings::Settings;
use super::value::Bytes;

/// One kibibyte.
const KIB: usize = 1 << 10;
/// One mebibyte.
const MIB: usize = 1 << 20;
/// One gibibyte.
const GIB: usize = 1 << 30;

/// Adds a problem for every count and size outside of its bounds.
pub(super) fn check(settings: &Settings, problems: &mut Vec<String>) {
    let Settings {
        limits,
        store,
        retention,
        traces,
        log,
        checkout,
        ..
    } = settings;
    let mut bounds = Bounds(problems);
    // tokio's semaphore panics with more places than an eighth of all numbers.
    bounds.count("limits.connections", limits.connections, 1, 1_000_000);
    bounds.size("limits.body", limits.body, 1, 64 * MIB);
    bounds.size("limits.head", limits.head, 1, MIB);
    bounds.count("limits.rate_per_source", limits.rate_per_source, 0, RATE);
    bounds.count("limits.rate_per_key", limits.rate_per_key, 0, RATE);
    bounds.count("limits.rates_tracked", limits.rates_tracked, 1, 10_000_000);
    // The queue's places are taken from memory at the start.
    bounds.count("store.queue", store.queue, 1, 100_000);
    // sled panics below 256 bytes; below a mebibyte its 256 parts hold not even one page each.
    bounds.size("store.index_cache", store.index_cache, MIB, 1024 * GIB);
    bounds.count("store.overlay", store.overlay, 1, 100_000_000);
    bounds.count("retention.personal_days", retention.personal_days, 0, DAYS);
    bounds.count("retention.evidence_days", retention.evidence_days, 0, DAYS);
    bounds.count("retention.buyer_days", retention.buyer_days, 0, DAYS);
    bounds.count("traces.percent", traces.percent, 0, 100);
    bounds.count("log.refusals_per_second", log.refusals_per_second, 0, RATE);
    bounds.size("log.buffer", log.buffer, 4 * KIB, GIB);
    let years = checkout.gateway_keeps_years;
    bounds.count("checkout.gateway_keeps_years", years, 1, 100);
}

/// The most of anything per second.
const RATE: u32 = 1_000_000;

/// A hundred years.
const DAYS: u32 = 36_500;

struct Bounds<'p>(&'p mut Vec<String>);

impl Bounds<'_> {
    fn count<N: Copy + Ord + Display>(&mut self, name: &str, set: N, least: N, most: N) {
        if set < least {
            self.refuse(name, &set, "least", &least);
        } else if set > most {
            self.refuse(name, &set, "most", &most);
        }
    }

    fn size(&mut self, name: &str, set: Bytes, least: usize, most: usize) {
        if set.0 < least {
            self.refuse(name, &set, "least", &Bytes(least));
        } else if set.0 > most {
            self.refuse(name, &set, "most", &Bytes(most));
        }
    }

    fn refuse(&mut self, name: &str, set: &dyn Display, end: &str, bound: &dyn Display) {
        self.0.push(format!("{name} = {set}: set at {end} {bound}"));
    }
}
