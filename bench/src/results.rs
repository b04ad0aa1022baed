//! The results of a run: every figure of every round, as `--json` writes it and the report reads it.

use std::fs;
use std::path::Path;
use std::thread;

use serde::Serialize;

use crate::ceilings::sizes::Sizes;
use crate::endurance::{Rebuilt, Restarts};
use crate::failure::{Failure, While};
use crate::measure::{Figures, Inside, Latencies, share};
use crate::options::{Options, Subject};

/// One subject's turn.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Measurement {
    pub(crate) payments: u64,
    pub(crate) round: u32,
    pub(crate) connections: usize,
    pub(crate) subject: Subject,
    pub(crate) figures: Figures,
    /// The product's only.
    pub(crate) inside: Inside,
    pub(crate) journal_bytes_per_request: u64,
}

impl Measurement {
    pub(crate) fn new(
        payments: u64,
        round: u32,
        connections: usize,
        subject: Subject,
        figures: Figures,
    ) -> Self {
        Self {
            payments,
            round,
            connections,
            subject,
            figures,
            inside: Inside::default(),
            journal_bytes_per_request: 0,
        }
    }

    /// With what only the product has.
    pub(crate) fn with(self, inside: Inside, journal_bytes: u64) -> Self {
        let answered = self.figures.answered;
        Self {
            inside,
            journal_bytes_per_request: share(journal_bytes, answered),
            ..self
        }
    }
}

/// The bare disk.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Synced {
    pub(crate) bytes: usize,
    pub(crate) per_second: u64,
    pub(crate) latencies: Latencies,
}

/// The machine that it was measured on.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) file_system: String,
    pub(crate) kernel: String,
    pub(crate) load_before: String,
}

/// All of a run.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) rounds: u32,
    pub(crate) sizes: String,
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) synced: Vec<Synced>,
    pub(crate) empty_start_us: Vec<u64>,
    /// By payments in the store.
    pub(crate) restarts: Vec<(u64, Restarts)>,
    pub(crate) rebuilt: Vec<(u64, Rebuilt)>,
}

impl Results {
    pub(crate) fn new(options: &Options, folder: &Path, sizes: Sizes) -> Result<Self, Failure> {
        Ok(Self {
            machine: Machine::here(folder)?,
            rounds: options.rounds,
            sizes: sizes.to_string(),
            measurements: Vec::new(),
            synced: Vec::new(),
            empty_start_us: Vec::new(),
            restarts: Vec::new(),
            rebuilt: Vec::new(),
        })
    }

    pub(crate) fn measured(&mut self, measurement: Measurement) {
        let Measurement {
            subject, figures, ..
        } = &measurement;
        let (name, speed) = (subject.name(), figures.per_second);
        eprintln!("  {name}: {speed} requests/s");
        self.measurements.push(measurement);
    }

    /// The last speed of `create+complete` in the same place.
    pub(crate) fn last_speed(&self, payments: u64, connections: usize) -> Option<u64> {
        let all = self.of(payments, connections, Subject::Cycle);
        all.last().map(|measured| measured.figures.per_second)
    }

    /// A subject's measurements in a place, by round.
    pub(crate) fn of(
        &self,
        payments: u64,
        connections: usize,
        subject: Subject,
    ) -> Vec<&Measurement> {
        let same = |measured: &&Measurement| {
            (measured.payments, measured.connections, measured.subject)
                == (payments, connections, subject)
        };
        self.measurements.iter().filter(same).collect()
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let json = serde_json::to_vec_pretty(self).when("the results")?;
        fs::write(path, json).when(path.display())
    }
}

impl Machine {
    fn here(folder: &Path) -> Result<Self, Failure> {
        let cores = thread::available_parallelism().when("cores")?.get();
        let processors = fs::read_to_string("/proc/cpuinfo").when("/proc/cpuinfo")?;
        let processor = processors.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == "model name").then(|| value.trim().to_owned())
        });
        let mounts = fs::read_to_string("/proc/self/mounts").when("/proc/self/mounts")?;
        let folder = folder.canonicalize().when(folder.display())?;
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").when("osrelease")?;
        let load = fs::read_to_string("/proc/loadavg").when("/proc/loadavg")?;
        Ok(Self {
            cores,
            processor: processor.unwrap_or_else(|| "unknown processor".to_owned()),
            file_system: file_system(&mounts, &folder).unwrap_or_else(|| "unknown".to_owned()),
            kernel: kernel.trim().to_owned(),
            load_before: load.split(' ').next().unwrap_or_default().to_owned(),
        })
    }
}

/// The type of the innermost mount that holds a folder.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    let mount = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let point = words.next()?.to_owned();
        let kind = words.next()?.to_owned();
        folder.starts_with(&point).then_some((point.len(), kind))
    };
    let innermost = mounts
        .lines()
        .filter_map(mount)
        .max_by_key(|(length, _)| *length);
    innermost.map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /t xfs rw 0 0";
        let of = |path: &str| file_system(mounts, Path::new(path));
        assert_eq!(of("/tmp/x").as_deref(), Some("tmpfs"));
        assert_eq!(of("/target/x").as_deref(), Some("ext4"));
        assert_eq!(of("/t/x").as_deref(), Some("xfs"));
    }
}
