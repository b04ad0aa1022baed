//! One measurement: a load on a server, and the resources used meanwhile by the server, the generator and other
//! processes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde::Serialize;

use crate::failure::{Failure, While};
use crate::generator::{self, Counted, Span, Workload};
use crate::histogram::Histogram;
use crate::metrics;
use crate::process::Server;
use crate::product::ADMIN_KEY;
use crate::requests::Step;
use crate::usage::{self, Cpu};

/// Latencies in nanoseconds.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Latencies {
    pub(crate) what: &'static str,
    pub(crate) requests: u64,
    pub(crate) p50_ns: u64,
    pub(crate) p99_ns: u64,
    pub(crate) max_ns: u64,
}

impl Latencies {
    pub(crate) fn of(what: &'static str, histogram: &Histogram) -> Self {
        Self {
            what,
            requests: histogram.count(),
            p50_ns: histogram.quantile(500),
            p99_ns: histogram.quantile(990),
            max_ns: histogram.max(),
        }
    }
}

/// CPU in nanoseconds per request, of all threads of a name together.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Spent {
    pub(crate) thread: String,
    pub(crate) ns_per_request: u64,
}

/// The result of one measurement.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) per_second: u64,
    pub(crate) all: Latencies,
    pub(crate) steps: Vec<Latencies>,
    pub(crate) server_cpu_ns: u64,
    pub(crate) server_threads: Vec<Spent>,
    pub(crate) generator_cpu_ns: u64,
    /// Of the whole machine's CPU, used by neither.
    pub(crate) others_per_mille: u64,
    pub(crate) resident_kb: u64,
    pub(crate) resident_most_kb: u64,
    /// Requests answered, those before and after the counting included.
    pub(crate) answered: u64,
}

/// Figures that only the product has.
#[derive(Serialize, Clone, Debug, Default)]
pub(crate) struct Inside {
    pub(crate) index_lag_most: u64,
    pub(crate) commands_per_commit_tenths: u64,
}

/// Loads a server and looks at it.
pub(crate) fn load<W: Workload>(
    server: &Server,
    connections: usize,
    span: Span,
    workloads: &mut [W],
) -> Result<Figures, Failure> {
    let before = Used::now(server)?;
    let counted = generator::drive(server.address, connections, span, workloads)?;
    let used = Used::now(server)?.since(&before);
    let (resident_kb, resident_most_kb) = usage::resident(server.pid())?;
    let per_request = |micros: u64| share(micros.saturating_mul(1000), counted.answered);
    let ours = used.server.total.saturating_add(used.generator);
    let threads = used.server.threads.iter().map(|(thread, micros)| Spent {
        thread: thread.clone(),
        ns_per_request: per_request(*micros),
    });
    Ok(Figures {
        per_second: counted.per_second(),
        all: Latencies::of("all", &counted.all),
        steps: steps(&counted),
        server_cpu_ns: per_request(used.server.total),
        server_threads: threads.filter(|spent| spent.ns_per_request >= 50).collect(),
        generator_cpu_ns: per_request(used.generator),
        others_per_mille: of_machine(used.machine.saturating_sub(ours), used.elapsed_micros),
        resident_kb,
        resident_most_kb,
        answered: counted.answered,
    })
}

/// The same for the product, its metrics watched.
pub(crate) fn load_product<W: Workload>(
    server: &Server,
    connections: usize,
    span: Span,
    workloads: &mut [W],
) -> Result<(Figures, Inside), Failure> {
    let before = metrics::scrape(server.address, ADMIN_KEY)?;
    let stop = AtomicBool::new(false);
    let (figures, lag) = thread::scope(|scope| {
        let watch = scope.spawn(|| metrics::watch_lag(server.address, ADMIN_KEY, &stop));
        let figures = load(server, connections, span, workloads);
        stop.store(true, Ordering::Relaxed);
        (figures, watch.join())
    });
    let figures = figures?;
    let lag = lag.map_err(|_| Failure::new("the watching thread panicked"))?;
    let after = metrics::scrape(server.address, ADMIN_KEY)?;
    let commands = after.commands.saturating_sub(before.commands);
    let commits = after.commits.saturating_sub(before.commits);
    let inside = Inside {
        index_lag_most: lag?,
        commands_per_commit_tenths: share(commands.saturating_mul(10), commits),
    };
    Ok((figures, inside))
}

/// CPU in microseconds.
struct Used {
    server: Cpu,
    generator: u64,
    machine: u64,
    elapsed_micros: u64,
    at: std::time::Instant,
}

impl Used {
    fn now(server: &Server) -> Result<Self, Failure> {
        Ok(Self {
            server: Cpu::of(server.pid())?,
            generator: Cpu::of(std::process::id())?.total,
            machine: usage::machine()?,
            elapsed_micros: 0,
            at: std::time::Instant::now(),
        })
    }

    fn since(&self, earlier: &Self) -> Self {
        let elapsed = self.at.saturating_duration_since(earlier.at).as_micros();
        Self {
            server: self.server.since(&earlier.server),
            generator: self.generator.saturating_sub(earlier.generator),
            machine: self.machine.saturating_sub(earlier.machine),
            elapsed_micros: u64::try_from(elapsed).unwrap_or(u64::MAX),
            at: self.at,
        }
    }
}

fn of_machine(micros: u64, elapsed_micros: u64) -> u64 {
    let cores = thread::available_parallelism().when("cores");
    let cores = cores.map_or(1, |cores| u64::try_from(cores.get()).unwrap_or(1));
    share(
        micros.saturating_mul(1000),
        elapsed_micros.saturating_mul(cores),
    )
}

fn steps(counted: &Counted) -> Vec<Latencies> {
    let step = |step: Step| Some(Latencies::of(step.name(), counted.step(step)?));
    let all = Step::ALL.into_iter().filter_map(step);
    all.filter(|latencies| latencies.requests > 0).collect()
}

/// Rounded down; nothing of nothing is 0.
pub(crate) fn share(sum: u64, parts: u64) -> u64 {
    sum.checked_div(parts).unwrap_or(0)
}
