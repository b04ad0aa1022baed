//! `simulate`: runs seeds, or shows one.

use std::ops::Range;
use std::process::ExitCode;

use daegeum_simulation::many::{guarded, run_all};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
simulate [--seeds A..B] [--ops N] [--trace SEED | --planted]

  --seeds A..B   these seeds, each one world of its own (0..2000)
  --ops N        so many operations of people each, at least (200)
  --trace SEED   this seed alone, everything that happens in it printed
  --planted      every planted bug, with how many seeds it takes to find it; wants a build with `--cfg planted`
";

struct Asked {
    seeds: Range<u64>,
    operations: u64,
    trace: Option<u64>,
    planted: bool,
}

fn main() -> ExitCode {
    match asked(std::env::args().skip(1)) {
        Ok(asked) if simulate(&asked) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(complaint) => {
            eprint!("{complaint}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn asked(mut words: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked {
        seeds: 0..2_000,
        operations: 200,
        trace: None,
        planted: false,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: &str| {
            text.parse::<u64>()
                .map_err(|_| format!("{text} is no number"))
        };
        match word.as_str() {
            "--seeds" => {
                let value = value()?;
                let (from, to) = value.split_once("..").ok_or("--seeds wants A..B")?;
                asked.seeds = number(from)?..number(to)?;
            }
            "--ops" => asked.operations = number(&value()?)?,
            "--planted" => asked.planted = true,
            "--trace" => asked.trace = Some(number(&value()?)?),
            _ => return Err(format!("`{word}` means nothing here")),
        }
    }
    Ok(asked)
}

fn simulate(asked: &Asked) -> bool {
    let operations = asked.operations;
    if asked.planted {
        return find_planted(operations);
    }
    if let Some(seed) = asked.trace {
        return match guarded(seed, operations, true) {
            Ok(outcome) => {
                println!(
                    "{} operations, hash {}",
                    outcome.operations,
                    hex(&outcome.hash)
                );
                true
            }
            Err(what) => {
                println!("seed {seed}: {what}");
                false
            }
        };
    }
    match run_all(asked.seeds.clone(), operations) {
        Ok(summary) => {
            let seconds = summary.took.as_secs_f64();
            let per_second = summary.seeds as f64 / seconds;
            let micros = seconds * 1e6 / summary.operations as f64;
            println!(
                "{} seeds held: {} operations, {} records, {} starts, {} seeds alike twice; {seconds:.1} s, \
                 {per_second:.0} seeds/s, {micros:.0} µs an operation",
                summary.seeds, summary.operations, summary.records, summary.starts, summary.twice,
            );
            let never = summary.never();
            for name in &never {
                println!("{name} never happened: the simulation does not try it");
            }
            // A handful of seeds does not see everything.
            never.is_empty() || summary.seeds < 500
        }
        Err(failed) => {
            println!(
                "seed {} of {operations} operations: {}\n\nsee it again: cargo xtask simulate --trace {} --ops {operations}",
                failed.seed, failed.what, failed.seed
            );
            false
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(planted)]
fn find_planted(operations: u64) -> bool {
    use daegeum_simulation::planted::{SEEDS_MAX, find_all};
    println!("{:<28} {:>5}  what does not hold", "bug", "seeds");
    find_all(operations, |found| match &found.by {
        Some((seeds, what)) => {
            let what: String = what.chars().take(110).collect();
            println!("{:<28} {seeds:>5}  {what}", format!("{:?}", found.bug));
        }
        None => println!(
            "{:<28}     -  not found in {SEEDS_MAX} seeds",
            format!("{:?}", found.bug)
        ),
    })
}

#[cfg(not(planted))]
fn find_planted(_: u64) -> bool {
    eprintln!("this build has no bugs to plant: cargo xtask simulate --planted makes one that has");
    false
}
