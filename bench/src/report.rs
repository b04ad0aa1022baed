//! The tables people read: medians with the least and most of the rounds, and units.

use std::fmt::Write as _;

use crate::aims;
use crate::measure::{Figures, share};
use crate::options::Subject;
use crate::results::{Measurement, Results};
use crate::spread::{Spread, thousandths};

const LOADED: [Subject; 4] = [
    Subject::Bare,
    Subject::LogOnly,
    Subject::Cycle,
    Subject::Webhook,
];

/// The whole report.
pub(crate) fn text(results: &Results) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = machine(results, &mut out);
    let _ = disk(results, &mut out);
    for payments in stores(results) {
        let _ = throughput(results, payments, &mut out);
        let _ = spent(results, payments, &mut out);
        let _ = steps(results, payments, &mut out);
    }
    let _ = endurance(results, &mut out);
    let _ = aims::write(results, &mut out);
    out
}

/// How full the stores were, in order, each once.
pub(crate) fn stores(results: &Results) -> Vec<u64> {
    let mut stores: Vec<u64> = results.measurements.iter().map(|m| m.payments).collect();
    stores.sort_unstable();
    stores.dedup();
    stores
}

fn machine(results: &Results, out: &mut String) -> std::fmt::Result {
    let machine = &results.machine;
    writeln!(
        out,
        "{} cores ({}), {}, Linux {}, load before {}; {} rounds; answers of {} (status+head+body bytes)",
        machine.cores,
        machine.processor,
        machine.file_system,
        machine.kernel,
        machine.load_before,
        results.rounds,
        results.sizes,
    )?;
    writeln!(
        out,
        "Median [least–most] of the rounds; ratios are taken within a round, to ceilings that get the\n\
         bytes of create+complete. Generator and server share the cores; closed loop. A filled store\n\
         grows by what is measured on it."
    )
}

fn disk(results: &Results, out: &mut String) -> std::fmt::Result {
    let mut sizes: Vec<usize> = results.synced.iter().map(|synced| synced.bytes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    if !sizes.is_empty() {
        writeln!(out, "\nAppend + fdatasync into written space")?;
    }
    for bytes in sizes {
        let of_size = || results.synced.iter().filter(|synced| synced.bytes == bytes);
        let speed = Spread::of(of_size().map(|s| s.per_second)).unwrap_or_default();
        let p99 = Spread::of(of_size().map(|s| s.latencies.p99_ns / 1000)).unwrap_or_default();
        let p99 = thousandths(p99.median);
        writeln!(out, "  {:>3} KiB  {speed}/s, p99 {p99} ms", bytes / 1024)?;
    }
    Ok(())
}

fn throughput(results: &Results, payments: u64, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\nWith {payments} payments in the store")?;
    writeln!(
        out,
        "{:<16} {:>5}  {:<24} {:>9} {:>9} {:>9}  {:>7} {:>7}  {:>6} {:>6} {:>8} {:>7} {:>7}",
        "",
        "conn",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "max ms",
        "of bare",
        "of log",
        "RSS MB",
        "B/req",
        "index lag",
        "commit",
        "others",
    )?;
    for connections in levels(results, payments) {
        for subject in LOADED {
            let all = results.of(payments, connections, subject);
            if !all.is_empty() {
                row(results, &all, subject, out)?;
            }
        }
    }
    Ok(())
}

fn row(
    results: &Results,
    all: &[&Measurement],
    subject: Subject,
    out: &mut String,
) -> std::fmt::Result {
    let (payments, connections) = all.first().map_or((0, 0), |m| (m.payments, m.connections));
    let speed = spread(all, |figures| figures.per_second);
    let ms = |of: fn(&Figures) -> u64| thousandths(share(spread(all, of).median, 1000));
    let ratio = |ceiling| {
        let ceiling = results.of(payments, connections, ceiling);
        let ratio = Spread::per_cent(&speeds(all), &speeds(&ceiling));
        ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{} %", ratio.median))
    };
    let is_product = matches!(subject, Subject::Cycle | Subject::Webhook);
    let inside = |of: fn(&Measurement) -> u64| {
        let spread = Spread::of(all.iter().map(|measured| of(measured)));
        spread.filter(|_| is_product).map(|spread| spread.median)
    };
    let shown = |figure: Option<u64>| figure.map_or_else(|| "–".to_owned(), |n| n.to_string());
    let commit = inside(|m| m.inside.commands_per_commit_tenths);
    let commit = commit.map_or_else(|| "–".to_owned(), |n| format!("{}.{}", n / 10, n % 10));
    writeln!(
        out,
        "{:<16} {:>5}  {:<24} {:>9} {:>9} {:>9}  {:>7} {:>7}  {:>6} {:>6} {:>8} {:>7} {:>5} %",
        subject.name(),
        connections,
        speed.to_string(),
        ms(|f| f.all.p50_ns),
        ms(|f| f.all.p99_ns),
        ms(|f| f.all.max_ns),
        ratio(Subject::Bare),
        ratio(Subject::LogOnly),
        spread(all, |f| f.resident_kb).median / 1024,
        shown(inside(|m| m.journal_bytes_per_request)),
        shown(inside(|m| m.inside.index_lag_most)),
        commit,
        spread(all, |f| f.others_per_mille).median / 10,
    )
}

/// The distribution of time.
fn spent(results: &Results, payments: u64, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "\nCPU µs per request: server (by its threads) and generator"
    )?;
    for connections in levels(results, payments) {
        for subject in LOADED {
            let all = results.of(payments, connections, subject);
            if all.is_empty() {
                continue;
            }
            let server = thousandths(spread(&all, |f| f.server_cpu_ns).median);
            let generator = thousandths(spread(&all, |f| f.generator_cpu_ns).median);
            let threads = threads(&all);
            let name = subject.name();
            writeln!(
                out,
                "{name:<16} {connections:>5}  {server:>7} ({threads}) + {generator}"
            )?;
        }
    }
    Ok(())
}

fn threads(all: &[&Measurement]) -> String {
    let of_all = || all.iter().flat_map(|m| &m.figures.server_threads);
    let mut names: Vec<&str> = of_all().map(|spent| spent.thread.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let shown = names.into_iter().map(|name| {
        let of_name = of_all().filter(|spent| spent.thread == name);
        let spread = Spread::of(of_name.map(|spent| spent.ns_per_request)).unwrap_or_default();
        format!("{name} {}", thousandths(spread.median))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn steps(results: &Results, payments: u64, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\nBy step of create+complete")?;
    for connections in levels(results, payments) {
        let all = results.of(payments, connections, Subject::Cycle);
        for step in ["order", "payment", "complete"] {
            let of_step = || {
                let steps = all.iter().flat_map(|m| &m.figures.steps);
                steps.filter(|latencies| latencies.what == step)
            };
            let [p50, p99, max] = [
                Spread::of(of_step().map(|l| l.p50_ns)),
                Spread::of(of_step().map(|l| l.p99_ns)),
                Spread::of(of_step().map(|l| l.max_ns)),
            ]
            .map(|spread| thousandths(spread.unwrap_or_default().median / 1000));
            if of_step().next().is_some() {
                writeln!(
                    out,
                    "{step:<16} {connections:>5}  p50 {p50} ms, p99 {p99} ms, max {max} ms"
                )?;
            }
        }
    }
    Ok(())
}

fn endurance(results: &Results, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\nStart to the first 200 of /healthz, ms")?;
    let ms = |figures: &[u64]| {
        let spread = Spread::of(figures.iter().copied()).unwrap_or_default();
        let [median, least, most] = [spread.median, spread.least, spread.most].map(thousandths);
        format!("{median} [{least}–{most}]")
    };
    if !results.empty_start_us.is_empty() {
        writeln!(
            out,
            "  empty directory      {}",
            ms(&results.empty_start_us)
        )?;
    }
    for (payments, restarts) in &results.restarts {
        writeln!(
            out,
            "  {payments} payments: after a stop {}, after a kill {}; the stop itself {}",
            ms(&restarts.starts_after_stop),
            ms(&restarts.starts_after_kill),
            ms(&restarts.stops),
        )?;
    }
    for (payments, rebuilt) in &results.rebuilt {
        let per_second = |n: u64| share(n.saturating_mul(1_000_000), rebuilt.elapsed_us);
        writeln!(
            out,
            "  {payments} payments and more: rebuild {} ms = {} records/s ({} events of the feed/s); verify {} ms, holds",
            thousandths(rebuilt.elapsed_us),
            per_second(rebuilt.records),
            per_second(rebuilt.events),
            thousandths(rebuilt.verify_us),
        )?;
    }
    Ok(())
}

fn levels(results: &Results, payments: u64) -> Vec<usize> {
    let of_store = results
        .measurements
        .iter()
        .filter(|m| m.payments == payments);
    let mut levels: Vec<usize> = of_store.map(|measured| measured.connections).collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

fn speeds(all: &[&Measurement]) -> Vec<u64> {
    all.iter()
        .map(|measured| measured.figures.per_second)
        .collect()
}

fn spread(all: &[&Measurement], of: impl Fn(&Figures) -> u64) -> Spread {
    Spread::of(all.iter().map(|measured| of(&measured.figures))).unwrap_or_default()
}
