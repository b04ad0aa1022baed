//! This process and its disk, looked at when somebody scrapes: which build it is, what it uses, and what room is left.
//! The names are those of Prometheus' own client libraries. On a system without `/proc` only the disk is told.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge, info::Info},
    registry::{Registry, Unit},
};

/// `daegeum_build_info{version,sandbox,debug_assertions} 1`.
pub(super) fn register_build(registry: &mut Registry) {
    let yes_or_no = |yes: bool| if yes { "true" } else { "false" };
    let build = Info::new([
        ("version", env!("CARGO_PKG_VERSION")),
        ("sandbox", yes_or_no(cfg!(feature = "sandbox"))),
        ("debug_assertions", yes_or_no(cfg!(debug_assertions))),
    ]);
    registry.register("daegeum_build", "Which build of the program runs", build);
}

/// Looks at the process and at the disk that its data is on.
#[derive(Debug)]
pub(super) struct ProcessFigures {
    data: PathBuf,
}

impl ProcessFigures {
    pub(super) fn of(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
        }
    }
}

impl Collector for ProcessFigures {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        encode_disk(&self.data, &mut encoder)?;
        #[cfg(target_os = "linux")]
        linux::encode_process(&mut encoder)?;
        Ok(())
    }
}

/// Before the first start there is no directory and nothing to tell.
fn encode_disk(data: &Path, encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
    let Ok(disk) = rustix::fs::statvfs(data) else {
        return Ok(());
    };
    for (name, help, blocks) in [
        (
            "store_disk_free",
            "Room that is left for this program on the disk of the data directory",
            disk.f_bavail,
        ),
        (
            "store_disk_size",
            "Size of the disk that the data directory is on",
            disk.f_blocks,
        ),
    ] {
        gauge(
            encoder,
            name,
            help,
            Some(&Unit::Bytes),
            blocks.saturating_mul(disk.f_frsize),
        )?;
    }
    Ok(())
}

fn gauge(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: u64,
) -> Result<(), fmt::Error> {
    let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    let metric = encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
    gauge.encode(metric)
}

#[cfg(target_os = "linux")]
mod linux {
    use procfs::{WithCurrentSystemInfo, process::Process, process::Stat};

    use super::{ConstCounter, ConstGauge, DescriptorEncoder, EncodeMetric, Unit, fmt, gauge};

    /// Unreadable figures are left out: a scrape is not refused for them.
    pub(super) fn encode_process(encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
        let Ok(process) = Process::myself() else {
            return Ok(());
        };
        if let Ok(stat) = process.stat() {
            encode_stat(&stat, encoder)?;
        }
        if let Ok(open) = process.fd_count() {
            let open = u64::try_from(open).unwrap_or(u64::MAX);
            gauge(
                encoder,
                "process_open_fds",
                "Open file descriptors",
                None,
                open,
            )?;
        }
        let limit = process
            .limits()
            .map(|limits| limits.max_open_files.soft_limit);
        if let Ok(procfs::process::LimitValue::Value(most)) = limit {
            gauge(
                encoder,
                "process_max_fds",
                "File descriptors that may be open",
                None,
                most,
            )?;
        }
        Ok(())
    }

    fn encode_stat(stat: &Stat, encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
        let ticks = stat.utime.saturating_add(stat.stime);
        let cpu = ConstCounter::new(seconds_of(ticks));
        let about = "CPU time that the process has used, its own and the system's";
        let metric = encoder.encode_descriptor(
            "process_cpu",
            about,
            Some(&Unit::Seconds),
            cpu.metric_type(),
        )?;
        cpu.encode(metric)?;
        if let Some(began_s) = began_s(stat) {
            let began = ConstGauge::new(began_s);
            let about = "When the process began, in seconds since 1970";
            let metric = encoder.encode_descriptor(
                "process_start_time",
                about,
                Some(&Unit::Seconds),
                began.metric_type(),
            )?;
            began.encode(metric)?;
        }
        let resident = stat.rss_bytes().get();
        let bytes = Some(&Unit::Bytes);
        gauge(
            encoder,
            "process_resident_memory",
            "Memory that is in RAM",
            bytes,
            resident,
        )?;
        gauge(
            encoder,
            "process_virtual_memory",
            "Memory that is mapped",
            bytes,
            stat.vsize,
        )?;
        let threads = u64::try_from(stat.num_threads).unwrap_or_default();
        gauge(
            encoder,
            "process_threads",
            "Threads of the process",
            None,
            threads,
        )
    }

    fn seconds_of(ticks: u64) -> f64 {
        let a_second = procfs::ticks_per_second().max(1);
        let ms = ticks
            .saturating_mul(1_000)
            .checked_div(a_second)
            .unwrap_or_default();
        std::time::Duration::from_millis(ms).as_secs_f64()
    }

    fn began_s(stat: &Stat) -> Option<f64> {
        let booted_s = procfs::boot_time_secs().ok()?;
        let since_boot = seconds_of(stat.starttime);
        let booted = std::time::Duration::from_secs(booted_s);
        let since_boot = std::time::Duration::try_from_secs_f64(since_boot).ok()?;
        Some(booted.saturating_add(since_boot).as_secs_f64())
    }
}
