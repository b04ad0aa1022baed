//! Runs the rounds; each measures every subject in turn, so that other load on the machine affects all of them alike.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::ceilings::{disk, sizes::Sizes};
use crate::endurance;
use crate::failure::{Failure, While};
use crate::folder::{self, Folder};
use crate::generator::{self, Span};
use crate::identity::Numbers;
use crate::journal;
use crate::look::{captured, probe};
use crate::measure::{Figures, Latencies, load, load_product, share};
use crate::metrics;
use crate::options::{Options, Subject};
use crate::process::{self, Server};
use crate::product::{ADMIN_KEY, Product, requests};
use crate::results::{Measurement, Results, Synced};
use crate::store::Store;
use crate::workloads::{cycle::Cycle, echo::Echo, webhook::Webhook};

const CEILING_PATIENCE: Duration = Duration::from_secs(20);
const PREPARING_CONNECTIONS: usize = 64;
/// When nothing is known of the server's speed yet.
const PREPARED_PER_SECOND: u64 = 20_000;
/// The payments that fill an empty store for restarts and rebuild.
const LEAST_FILLED: u64 = 20_000;

/// One run.
pub(crate) struct Run {
    options: Options,
    product: Product,
    folder: Folder,
    numbers: Arc<Numbers>,
    sizes: Sizes,
    results: Results,
}

/// The position of a measurement in the run.
#[derive(Clone, Copy)]
struct Turn {
    payments: u64,
    round: u32,
    connections: usize,
}

impl Run {
    pub(crate) fn new(options: Options) -> Result<Self, Failure> {
        let program = options.server.clone();
        let program = program.ok_or_else(|| Failure::new("no server: set DAEGEUM_BIN"))?;
        let folder = Folder::new()?;
        let product = Product {
            program,
            settings: options.set.clone(),
            log: folder.path().join("server.log"),
        };
        let numbers = Arc::new(Numbers::new()?);
        let sizes = probe(&product, &folder, &numbers)?;
        Ok(Self {
            results: Results::new(&options, folder.path(), sizes)?,
            options,
            product,
            folder,
            numbers,
            sizes,
        })
    }

    /// All of it, or what there was before a failure, and the failure.
    pub(crate) fn finish(mut self) -> (Results, Result<(), Failure>) {
        let stores = self.options.payments.clone();
        let outcome = stores.into_iter().try_for_each(|payments| match payments {
            0 => self.at_nothing(),
            _ => self.at(payments),
        });
        (self.results, outcome)
    }

    /// Each measurement on a store of its own.
    fn at_nothing(&mut self) -> Result<(), Failure> {
        self.rounds(0, None)?;
        let data = self.folder.fresh("data")?;
        if self.endures() {
            let server = self.product.serve(&data)?;
            endurance::fill(&server, &self.numbers, LEAST_FILLED)?;
            Product::stop(server)?;
        }
        self.endure(LEAST_FILLED, &data)?;
        folder::remove(&data)
    }

    /// All measurements on one filled store, which grows by them.
    fn at(&mut self, payments: u64) -> Result<(), Failure> {
        let kept = self.options.data.clone();
        let store = match kept {
            Some(path) => Store::kept(path),
            None => Store::passing(self.folder.fresh("filled")?),
        };
        store.fill(&self.product, &self.numbers, payments)?;
        let server = self.product.serve(store.data())?;
        self.rounds(payments, Some((&server, store.data())))?;
        Product::stop(server)?;
        self.endure(payments, store.data())?;
        store.leave()
    }

    fn endures(&self) -> bool {
        self.options.measures(Subject::Restart) || self.options.measures(Subject::Rebuild)
    }

    fn endure(&mut self, payments: u64, data: &Path) -> Result<(), Failure> {
        if self.options.measures(Subject::Restart) {
            say("restarts …");
            let (rounds, numbers) = (self.options.rounds, &self.numbers);
            let restarts = endurance::restarts(&self.product, data, numbers, rounds)?;
            say(&format!("  {restarts:?}"));
            self.results.restarts.push((payments, restarts));
        }
        if self.options.measures(Subject::Rebuild) {
            say("rebuild and verify …");
            let rebuilt = endurance::rebuild(&self.product, data)?;
            say(&format!("  {rebuilt:?}"));
            self.results.rebuilt.push((payments, rebuilt));
        }
        Ok(())
    }

    fn rounds(&mut self, payments: u64, filled: Option<(&Server, &Path)>) -> Result<(), Failure> {
        for round in 1..=self.options.rounds {
            if self.options.measures(Subject::Disk) {
                self.disk()?;
            }
            for connections in self.options.connections.clone() {
                let all = self.options.rounds;
                say(&format!(
                    "{payments} payments, round {round} of {all}, {connections} connections …"
                ));
                let turn = Turn {
                    payments,
                    round,
                    connections,
                };
                self.ceiling(turn, Subject::Bare)?;
                self.ceiling(turn, Subject::LogOnly)?;
                self.on_product(turn, Subject::Cycle, filled)?;
                self.on_product(turn, Subject::Webhook, filled)?;
            }
        }
        Ok(())
    }

    fn disk(&mut self) -> Result<(), Failure> {
        for bytes in disk::APPENDS {
            let time = self.options.warm_up();
            let syncs = disk::syncs(self.folder.path(), bytes, time)?;
            self.results.synced.push(Synced {
                bytes,
                per_second: share(syncs.count().saturating_mul(1000), millis(time)),
                latencies: Latencies::of("sync", &syncs),
            });
        }
        Ok(())
    }

    fn ceiling(&mut self, turn: Turn, subject: Subject) -> Result<(), Failure> {
        if !self.options.measures(subject) {
            return Ok(());
        }
        let address = process::free_address()?;
        let mut command = Command::new(std::env::current_exe().when("this program")?);
        command = process::held(Path::new(command.get_program()))?;
        let (name, folder) = match subject {
            Subject::LogOnly => ("log-only", Some(self.folder.path())),
            _ => ("bare", None),
        };
        command.args([name, &address.to_string(), &self.sizes.to_string()]);
        command.args(folder);
        let log = self.folder.path().join("ceiling.log");
        let server = Server::start(command, address, &log, CEILING_PATIENCE)?;
        let echo = || {
            Ok(Echo::new(
                requests()?,
                Arc::clone(&self.numbers),
                self.sizes,
            ))
        };
        let mut echoes = self.threads(echo)?;
        let span = self.span(self.options.ceiling_time());
        let figures = load(&server, turn.connections, span, &mut echoes)?;
        self.results.measured(turn.place(subject, figures));
        Ok(())
    }

    fn on_product(
        &mut self,
        turn: Turn,
        subject: Subject,
        filled: Option<(&Server, &Path)>,
    ) -> Result<(), Failure> {
        if !self.options.measures(subject) {
            return Ok(());
        }
        if let Some((server, data)) = filled {
            metrics::settle(server.address, ADMIN_KEY)?;
            return self.subject(turn, subject, server, data);
        }
        let data = self.folder.fresh("data")?;
        let server = self.product.serve(&data)?;
        self.results
            .empty_start_us
            .push(endurance::micros(server.started_in));
        self.subject(turn, subject, &server, &data)?;
        Product::stop(server)?;
        folder::remove(&data)
    }

    fn subject(
        &mut self,
        turn: Turn,
        subject: Subject,
        server: &Server,
        data: &Path,
    ) -> Result<(), Failure> {
        match subject {
            Subject::Webhook => self.webhook(turn, server, data),
            _ => self.cycle(turn, server, data),
        }
    }

    fn cycle(&mut self, turn: Turn, server: &Server, data: &Path) -> Result<(), Failure> {
        let cycle = || Ok(Cycle::whole(requests()?, Arc::clone(&self.numbers), None));
        let mut cycles = self.threads(cycle)?;
        let before = journal::bytes_written(data)?;
        let span = self.span(self.options.time());
        let (figures, inside) = load_product(server, turn.connections, span, &mut cycles)?;
        let bytes = journal::bytes_written(data)?.saturating_sub(before);
        let measurement = turn.place(Subject::Cycle, figures).with(inside, bytes);
        self.results.measured(measurement);
        Ok(())
    }

    fn webhook(&mut self, turn: Turn, server: &Server, data: &Path) -> Result<(), Failure> {
        let mut workloads = self.notifications(turn, server)?;
        metrics::settle(server.address, ADMIN_KEY)?;
        let before = journal::bytes_written(data)?;
        let span = self.span(self.options.time());
        let (figures, inside) = load_product(server, turn.connections, span, &mut workloads)?;
        captured(server, &workloads)?;
        let bytes = journal::bytes_written(data)?.saturating_sub(before);
        let measurement = turn.place(Subject::Webhook, figures).with(inside, bytes);
        self.results.measured(measurement);
        Ok(())
    }

    /// Makes the payments to notify of: a tenth more than the other workload's speed would use.
    /// Should they be used up sooner, counting ends there.
    fn notifications(&self, turn: Turn, server: &Server) -> Result<Vec<Webhook>, Failure> {
        let time = self.options.time().saturating_add(self.options.warm_up());
        let speed = self.results.last_speed(turn.payments, turn.connections);
        let each_second = speed.unwrap_or(PREPARED_PER_SECOND);
        let used = share(each_second.saturating_mul(millis(time)), 1_000);
        let payments = used.saturating_add(used / 10);
        let of_thread = payments.div_ceil(u64::from(self.options.threads));
        self.threads(|| {
            let numbers = || Arc::clone(&self.numbers);
            let mut preparing = [Cycle::preparing(requests()?, numbers(), of_thread)];
            let connections = PREPARING_CONNECTIONS;
            generator::drive(server.address, connections, Span::Whole, &mut preparing)?;
            let [Cycle { waiting, .. }] = preparing;
            Ok(Webhook::new(requests()?, numbers(), waiting))
        })
    }

    fn span(&self, time: Duration) -> Span {
        Span::Timed {
            warm_up: self.options.warm_up(),
            time,
        }
    }

    fn threads<W>(&self, new: impl Fn() -> Result<W, Failure>) -> Result<Vec<W>, Failure> {
        (0..self.options.threads).map(|_| new()).collect()
    }
}

impl Turn {
    fn place(self, subject: Subject, figures: Figures) -> Measurement {
        Measurement::new(
            self.payments,
            self.round,
            self.connections,
            subject,
            figures,
        )
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn say(what: &str) {
    eprintln!("{what}");
}
