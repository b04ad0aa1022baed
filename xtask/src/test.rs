//! `cargo xtask test`: the stages one after the other, stopping at the first that fails, and a
//! table of where the time went.

use std::time::Instant;

use crate::Stop;
use crate::options::Options;
use crate::report;
use crate::stages::{DEEP, Outcome, Run, STAGES, Stage};

const HELP: &str = "\
cargo xtask test [--deep] [--only STAGE[,STAGE…]] [--skip STAGE[,STAGE…]] [--list]

Runs every check CI runs and prints the seconds of each stage. Stops at the first failure and
names the command that repeats it. What is missing on a fresh machine is installed once below
the cache folder (XDG_CACHE_HOME, else ~/.cache): cargo-deny, promtool, Python's tools, and std for wasm32.

  --deep    also what takes minutes and changes seldom: the Debian package, lived through
  --only    these stages, in their usual order
  --skip    all but these
  --list    the stages and what they look at

DAEGEUM_WASM_TOOLCHAIN=installed|rustup|sources names one way to std for wasm32; else all are
tried, in that order.
";

pub(crate) fn command(args: &[String]) -> Result<(), Stop> {
    let mut options = Options::new(args, HELP);
    if options.wants_help() {
        return Err(Stop::Help(HELP));
    }
    let stages = chosen(&mut options)?;
    let only_list = options.flag("--list");
    options.finish()?;
    if only_list {
        for stage in &stages {
            println!("{:<10} {}", stage.name, stage.about);
        }
        return Ok(());
    }
    run(&stages)
}

fn chosen(options: &mut Options) -> Result<Vec<&'static Stage>, Stop> {
    let only = options.list("--only")?;
    let skip = options.list("--skip")?;
    let deep = options.flag("--deep");
    let known = |name: &&String| STAGES.iter().any(|stage| stage.name == *name);
    if let Some(unknown) = only.iter().chain(&skip).find(|name| !known(name)) {
        let names = STAGES.each_ref().map(|stage| stage.name).join(", ");
        return Err(options.usage(&format!("there is no stage `{unknown}`; there are {names}")));
    }
    let named = |list: &[String], stage: &Stage| list.iter().any(|name| name == stage.name);
    let usual = |stage: &Stage| deep || !DEEP.contains(&stage.name);
    let asked = |stage: &Stage| (only.is_empty() && usual(stage)) || named(&only, stage);
    let wanted = |stage: &&Stage| asked(stage) && !named(&skip, stage);
    Ok(STAGES.iter().filter(wanted).collect())
}

fn run(stages: &[&'static Stage]) -> Result<(), Stop> {
    let mut run = Run::new()?;
    for stage in stages {
        println!("\n== {}: {}", stage.name, stage.about);
        let started = Instant::now();
        let outcome = (stage.run)(&mut run);
        let (note, failure) = match outcome {
            Ok(Outcome::Checked) => (None, None),
            Ok(Outcome::NotChecked(what)) => (Some(what), None),
            Err(failure) => (Some("failed".to_owned()), Some(failure)),
        };
        run.seconds.push((stage.name, started.elapsed(), note));
        if let Some(failure) = failure {
            report::failed(stage.name, &failure, &run);
            return Err(Stop::Reported);
        }
    }
    report::passed(&run);
    Ok(())
}
