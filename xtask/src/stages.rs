//! The stages of `cargo xtask test`, in order: fast ones first, then those that need the build, then those that
//! rarely fail.
//!
//! Everything native is compiled with the dev profile, once. Tests want its assertions, what they wait for most is
//! optimized in it (Cargo.toml), and a release build with LTO for the crash stage alone would be minutes more on two
//! cores; killing a slower server proves the same. The simulation compiles four crates once more, optimized: it waits
//! for nothing else. Clippy and rustdoc compile again, since they need type-checked crates, not linked ones.

use std::time::Duration;

use crate::cargo::{Profile, cargo};
use crate::failure::Failure;
use crate::generated::Documents;
use crate::suites::{self, Chosen, Suite, Tally, TestProgram};
use crate::{browser, contract, deny, dist, docs, pages, process, product, promtool, wasm};

/// One line of the table.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Run) -> Result<Outcome, Failure>,
}

/// Stages that run only with `--deep` or by name: they take minutes, and their subjects seldom change.
pub(crate) const DEEP: [&str; 1] = ["package"];

/// The result of a stage that has not failed.
pub(crate) enum Outcome {
    Checked,
    /// A part could not be checked here; the text says what, why and what would help.
    NotChecked(String),
}

pub(crate) const STAGES: [Stage; 19] = [
    Stage {
        name: "fmt",
        about: "every file as rustfmt writes it",
        run: fmt,
    },
    Stage {
        name: "clippy",
        about: "no warning, pedantic ones included",
        run: clippy,
    },
    Stage {
        name: "wasm",
        about: "the core is pure, and the package for browsers is whole",
        run: wasm,
    },
    Stage {
        name: "pages",
        about: "scripts and style sheets of the pages, and what they weigh",
        run: pages,
    },
    Stage {
        name: "build",
        about: "all tests and programs, once for all stages",
        run: build,
    },
    Stage {
        name: "unit",
        about: "the tests beside the code",
        run: unit,
    },
    Stage {
        name: "behaviour",
        about: "stories through HTTP, power loss, misuse",
        run: behaviour,
    },
    Stage {
        name: "alerts",
        about: "alert rules and dashboard against the figures of a story each",
        run: alerts,
    },
    Stage {
        name: "contract",
        about: "the API's description, in the hands of validators and generated clients",
        run: contract,
    },
    Stage {
        name: "browser",
        about: "stories in Chromium: the shop, the checkout, and everything that goes wrong",
        run: browser,
    },
    Stage {
        name: "bundlers",
        about: "the package, imported by each bundler and runtime",
        run: bundlers,
    },
    Stage {
        name: "property",
        about: "models against the engine",
        run: property,
    },
    Stage {
        name: "crash",
        about: "25 kills under load",
        run: crash,
    },
    Stage {
        name: "simulation",
        about: "2,000 seeds of the whole system, faults and crashes included",
        run: simulation,
    },
    Stage {
        name: "planted",
        about: "the simulation finds every planted bug",
        run: planted,
    },
    Stage {
        name: "package",
        about: "the Debian package installed, upgraded over older data, removed (only with --deep)",
        run: package,
    },
    Stage {
        name: "deny",
        about: "licences, sources, bans and advisories",
        run: deny,
    },
    Stage {
        name: "docs",
        about: "rustdoc, its examples, links between documents",
        run: docs,
    },
    Stage {
        name: "generated",
        about: "documents written by tests are fresh",
        run: generated,
    },
];

/// State shared by the stages of one run.
pub(crate) struct Run {
    pub(crate) tally: Tally,
    pub(crate) seconds: Vec<(&'static str, Duration, Option<String>)>,
    programs: Option<Vec<TestProgram>>,
    documents: Documents,
}

impl Run {
    pub(crate) fn new() -> Result<Self, Failure> {
        let documents = Documents::now()?;
        Ok(Self {
            tally: Tally::default(),
            seconds: Vec::new(),
            programs: None,
            documents,
        })
    }

    fn has_run(&self, stage: &str) -> bool {
        self.seconds.iter().any(|(name, ..)| *name == stage)
    }

    fn run_suite(&mut self, suite: Suite, chosen: Chosen<'_>) -> Result<(), Failure> {
        if self.programs.is_none() {
            self.programs = Some(suites::build()?);
        }
        let programs = self.programs.as_deref().unwrap_or_default();
        suites::run(suite, programs, chosen, &mut self.tally)
    }
}

fn fmt(_: &mut Run) -> Result<Outcome, Failure> {
    checked(process::run(&mut cargo(["fmt", "--all", "--check"])))
}

fn clippy(_: &mut Run) -> Result<Outcome, Failure> {
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    checked(process::run(&mut cargo(clippy)))
}

fn build(run: &mut Run) -> Result<Outcome, Failure> {
    run.programs = Some(suites::build()?);
    checked(product::harness(Profile::Dev, "crash").map(drop))
}

fn unit(run: &mut Run) -> Result<Outcome, Failure> {
    checked(run.run_suite(Suite::Unit, Chosen::default()))
}

fn behaviour(run: &mut Run) -> Result<Outcome, Failure> {
    let but_alerts = Chosen {
        arguments: &["--skip", ALERTS],
        variable: None,
    };
    checked(run.run_suite(Suite::Behaviour, but_alerts))
}

/// The chapter of the behaviour tests that needs promtool.
const ALERTS: &str = "alerts::";

/// A missing promtool is reported and is no failure, as with cargo-deny: it comes from outside.
fn alerts(run: &mut Run) -> Result<Outcome, Failure> {
    let (variable, promtool) = match promtool::ready() {
        Ok(promtool) => promtool,
        Err(failure) => {
            println!("{failure}");
            let what = "not checked: promtool cannot be had (Debian's package prometheus)";
            return Ok(Outcome::NotChecked(what.to_owned()));
        }
    };
    let alerts = Chosen {
        arguments: &[ALERTS],
        variable: Some((variable, &promtool)),
    };
    checked(run.run_suite(Suite::Behaviour, alerts))
}

/// The same as `cargo xtask browser`.
fn browser(run: &mut Run) -> Result<Outcome, Failure> {
    if !run.has_run("pages") {
        pages::all()?;
    }
    checked(browser::tell(None, &mut run.tally))
}

/// Of the package that `wasm` has built, or builds it.
fn bundlers(run: &mut Run) -> Result<Outcome, Failure> {
    if !run.has_run("wasm") {
        wasm::package()?;
    }
    checked(wasm::check_bundlers(&mut run.tally))
}

fn contract(run: &mut Run) -> Result<Outcome, Failure> {
    checked(contract::check(&mut run.tally))
}

fn property(run: &mut Run) -> Result<Outcome, Failure> {
    checked(run.run_suite(Suite::Property, Chosen::default()))
}

/// The same as `cargo xtask crash --cycles 25 --dev`.
fn crash(_: &mut Run) -> Result<Outcome, Failure> {
    let mut harness = product::harness(Profile::Dev, "crash")?;
    checked(process::run(harness.args(["--cycles", "25"])))
}

/// The same as `cargo xtask simulate`.
fn simulation(_: &mut Run) -> Result<Outcome, Failure> {
    checked(process::run(&mut product::simulation()?))
}

/// The same as `cargo xtask simulate --planted`.
fn planted(_: &mut Run) -> Result<Outcome, Failure> {
    checked(process::run(product::simulation()?.arg("--planted")))
}

/// With the program that the other stages have built: what is looked at is the package.
fn package(_: &mut Run) -> Result<Outcome, Failure> {
    dist::check(Profile::Dev)
}

fn wasm(run: &mut Run) -> Result<Outcome, Failure> {
    checked(wasm::check(&mut run.tally))
}

/// Of the package that `wasm` has built, or builds it.
fn pages(run: &mut Run) -> Result<Outcome, Failure> {
    if !run.has_run("wasm") {
        wasm::package()?;
    }
    checked(pages::build())
}

fn deny(_: &mut Run) -> Result<Outcome, Failure> {
    deny::check()
}

fn docs(run: &mut Run) -> Result<Outcome, Failure> {
    checked(docs::check(&mut run.tally))
}

/// Generated documents are written by tests, which fail when one was out of date; that is checked in `unit` and
/// `behaviour`. This stage checks that running them has changed no document, so that a test that writes without
/// failing is found too. On its own it first runs the tests with `generated` in their name.
fn generated(run: &mut Run) -> Result<Outcome, Failure> {
    if !(run.has_run("unit") && run.has_run("behaviour")) {
        let generated = Chosen {
            arguments: &["generated"],
            variable: None,
        };
        run.run_suite(Suite::Unit, generated)?;
        run.run_suite(Suite::Behaviour, generated)?;
    }
    checked(run.documents.unchanged())
}

fn checked(result: Result<(), Failure>) -> Result<Outcome, Failure> {
    result.map(|()| Outcome::Checked)
}
