//! One seed's day: the server starts, people come and go, disasters strike; then the faults stop, everyone finishes,
//! and everything is checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::audit::Audit;
use crate::books;
use crate::disasters::{Disaster, Plan, wrong_by};
use crate::ending;
use crate::logs;
use crate::machine::{Death, Machine, Turned};
use crate::people::{office_hours, order_story, stranger};
use crate::secrets;
use crate::town::Town;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Requests of people and what they did at a gateway's window.
    pub operations: u64,
    /// Records in the journal at the end.
    pub records: u64,
    /// How often the server was started.
    pub starts: u64,
    /// How often each kind of event happened.
    pub happened: BTreeMap<&'static str, u64>,
    /// The hash of all that happened.
    pub hash: [u8; 32],
}

/// A day under way.
pub struct Run {
    pub(crate) town: Town,
    pub(crate) machine: Machine,
    pub(crate) audit: Audit,
    plan: Plan,
    /// Polls until the process dies, and how.
    doomed: Option<(u64, Death)>,
    starts_at: Option<u64>,
    starts: u64,
    /// Whether an order is canceled once its payment has failed.
    cancels_on_failure: bool,
    /// Whether the server has another shop's keys, and whether it ever had.
    other_keys: (bool, bool),
    stops_after_hints: u64,
}

/// More disasters than any plan has.
const STARTS_MAX: u64 = 20_000;

/// Nanoseconds of a millisecond.
pub const MS: u64 = 1_000_000;

/// Runs a seed for at least so many operations. An error says what does not hold.
pub fn run(seed: u64, operations: u64, printed: bool) -> Result<Outcome, String> {
    let town = Town::new(seed, printed);
    let logged = logs::listen(&town.trace);
    let mut run = Run::new(town, operations);
    run.start()?;
    run.town.send_out(director(run.town.clone(), operations));
    run.until_everybody_is_home()?;
    ending::settle(&mut run)?;
    let outcome = ending::count(&mut run)?;
    logged.check(&run.machine.logged())?;
    Ok(outcome)
}

/// Sends people out until enough has been done, then lets the faults stop.
async fn director(town: Town, operations: u64) {
    for n in 0..town.swarm.strangers {
        town.send_out(stranger(town.clone(), n));
    }
    let pace_ms = *town.dice.pick(&[20, 500, 3_000, 20_000]);
    let mut n = 0;
    while town.operations() < operations && !town.is_violated() {
        n += 1;
        town.send_out(order_story(town.clone(), n));
        if town.dice.one_in(6) {
            town.send_out(office_hours(town.clone()));
        }
        town.wait_up_to(pace_ms).await;
        while town.people_out() > 40 {
            town.wait_up_to(1_000).await;
        }
    }
    town.swarm.stop();
    town.gateways.calm_down();
    town.trace.note("calm", &[]);
}

impl Run {
    fn new(town: Town, operations: u64) -> Self {
        let plan = Plan::draw(&town.dice.fork(), &town.swarm, operations);
        Self {
            machine: Machine::new(&town, Arc::new(secrets::config())),
            cancels_on_failure: town.dice.one_in(4),
            other_keys: (false, false),
            stops_after_hints: town.swarm.stops_after_hints,
            town,
            audit: Audit::default(),
            plan,
            doomed: None,
            starts_at: None,
            starts: 0,
        }
    }

    /// How often the server was started.
    pub const fn starts(&self) -> u64 {
        self.starts
    }

    /// Whether the server ever had another shop's keys.
    pub const fn had_other_keys(&self) -> bool {
        self.other_keys.1
    }

    /// The server has the shop's own keys from its next start on.
    pub fn give_keys_back(&mut self) -> Result<(), String> {
        if std::mem::take(&mut self.other_keys.0) && self.machine.is_up() {
            self.town.trace.note("the keys are given back", &[]);
            self.stop()?;
        }
        Ok(())
    }

    /// Stops the server in order. If a disk fault ended it before, or prevents the stop, it counts as dead, and is
    /// restarted all the same.
    fn stop(&mut self) -> Result<(), String> {
        self.doomed = None;
        match self.machine.stop() {
            Ok(()) => self.come_back(),
            Err(why) => match self.machine.fuse_blown() {
                Some(death) => self.die(death),
                None if self.town.swarm.disk_refuses() => self.die(Death::Kill),
                None => return Err(format!("the server does not stop: {why}")),
            },
        }
        Ok(())
    }

    /// The configuration of the server's next start. It may have another shop's keys by mistake; once the faults are
    /// over, only the right ones.
    fn configure(&mut self) {
        let drawn = self.town.dice.below(100) < self.town.swarm.other_keys;
        if !self.town.swarm.is_calm() {
            self.other_keys.0 = drawn;
        }
        let mut config = if self.other_keys.0 {
            self.town.trace.note("another shop's keys", &[]);
            self.other_keys.1 = true;
            secrets::config_with_other_keys()
        } else {
            secrets::config()
        };
        config.settings.orders.cancel_on_failure = self.cancels_on_failure;
        self.machine.configure(config);
    }

    /// Starts the server and looks at what it found.
    pub fn start(&mut self) -> Result<(), String> {
        self.starts_at = None;
        self.starts += 1;
        if self.starts > STARTS_MAX {
            return Err(format!("the server went away {STARTS_MAX} times"));
        }
        self.configure();
        let wrong = self.town.dice.below(100) < self.town.swarm.wrong_at_start;
        if wrong && !self.town.swarm.is_calm() {
            let by = wrong_by(&self.town.dice);
            self.town
                .trace
                .say(format_args!("the clock is wrong by {by} ms"));
            self.town.clocks.set_ahead(by);
        }
        if let Err(why) = self.machine.start() {
            if self.town.swarm.is_calm() || !self.town.swarm.disk_refuses() {
                return Err(format!("the server does not start: {why}"));
            }
            self.town.trace.note("no start:", &[why.as_bytes()]);
            self.die(Death::Kill);
            return Ok(());
        }
        let found = self.machine.records(1)?;
        self.audit.after_crash(found)
    }

    /// Runs until all people are done.
    fn until_everybody_is_home(&mut self) -> Result<(), String> {
        while self.town.people_out() > 0 {
            if !self.step()? {
                return Err("everybody waits for something that will never happen".to_owned());
            }
        }
        Ok(())
    }

    /// Runs for so much time.
    pub fn pass(&mut self, ms: u64) -> Result<(), String> {
        let until = self.town.executor.now_ns() + ms * MS;
        while self.town.executor.now_ns() < until {
            if !self.step()? {
                self.town.executor.advance_to(until);
            }
        }
        Ok(())
    }

    /// The next thing that happens; says whether there was one.
    fn step(&mut self) -> Result<bool, String> {
        self.disasters()?;
        if self.town.executor.poll_one() {
            self.polled();
            return self.judge().map(|()| true);
        }
        let timer = self.town.executor.next_timer_ns();
        let turn = self.machine.next_turn_ns();
        let gateway = self.town.gateways.next_due_ns();
        let Some(next) = [timer, turn, gateway, self.starts_at]
            .into_iter()
            .flatten()
            .min()
        else {
            return Ok(false);
        };
        self.town.executor.advance_to(next);
        if self.starts_at.is_some_and(|at| at <= next) {
            self.start()?;
        } else if turn.is_some_and(|at| at <= next) {
            self.turn()?;
        }
        if gateway.is_some_and(|at| at <= next) {
            self.town.gateways.wake();
        }
        self.judge().map(|()| true)
    }

    fn judge(&self) -> Result<(), String> {
        match self.town.verdict() {
            Some(violated) => Err(violated),
            None => Ok(()),
        }
    }

    fn turn(&mut self) -> Result<(), String> {
        match self.machine.turn() {
            Turned::Wrote => {
                let new = self.machine.records(self.audit.next())?;
                self.town.trace.count("committed", new.len() as u64);
                self.audit.look(new)?;
                self.audit.promise();
                for failed in self.audit.take_failed() {
                    if books::has_taken(&self.town, &failed.to_string()) {
                        return Err(format!(
                            "{failed} is called failed, and the gateway has its money"
                        ));
                    }
                }
                let feed = self.machine.app().map_or(0, |app| app.reader.last_event());
                if feed != self.audit.feed() {
                    return Err(format!(
                        "the feed has {feed} events of {}",
                        self.audit.feed()
                    ));
                }
            }
            Turned::Kept => {}
            Turned::Died(death) => self.die(death),
        }
        Ok(())
    }

    fn polled(&mut self) {
        if let Some(death) = self.machine.fuse_blown() {
            self.die(death);
        }
        if let Some((polls, death)) = self.doomed {
            match polls.checked_sub(1) {
                Some(left) => self.doomed = Some((left, death)),
                None => self.die(death),
            }
        }
    }

    fn die(&mut self, death: Death) {
        self.doomed = None;
        self.machine.die(death);
        self.come_back();
    }

    /// The server is started again after a while.
    fn come_back(&mut self) {
        let away_ms = if self.town.swarm.is_calm() {
            10
        } else {
            self.town.swarm.down_ms
        };
        let away = self.town.dice.between(1, away_ms);
        self.starts_at = Some(self.town.executor.now_ns() + away * MS);
    }

    fn disasters(&mut self) -> Result<(), String> {
        if self.town.swarm.is_calm() {
            self.machine.heal();
            return Ok(());
        }
        while let Some(disaster) = self.plan.due(self.town.operations()) {
            self.strike(disaster)?;
        }
        if self.town.gateways.take_hinted() && self.stops_after_hints > 0 && self.machine.is_up() {
            self.stops_after_hints -= 1;
            let disaster = match self.town.dice.below(4) {
                0 => Disaster::Stop,
                1 => Disaster::DieBetweenPolls(self.town.dice.below(30), Death::Power),
                _ => Disaster::DieBetweenPolls(self.town.dice.below(10), Death::Kill),
            };
            self.strike(disaster)?;
        }
        Ok(())
    }

    fn strike(&mut self, disaster: Disaster) -> Result<(), String> {
        self.town.trace.say(format_args!("{disaster:?}"));
        let is_up = self.machine.is_up();
        match disaster {
            Disaster::DieBetweenPolls(polls, death) if is_up => self.doomed = Some((polls, death)),
            Disaster::DieAtTheDisk(after, death) if is_up => self.machine.end_after(after, death),
            Disaster::Stop if is_up => self.stop()?,
            Disaster::FailSync => self.machine.fail_a_sync(),
            Disaster::Fill => self.machine.fill(true),
            Disaster::Empty => self.machine.fill(false),
            Disaster::FillIndex => self.machine.fill_index(true),
            Disaster::EmptyIndex => self.machine.fill_index(false),
            Disaster::Harm(how) => self.machine.harm(how),
            Disaster::Jump(ms) => self.town.clocks.set_ahead(ms),
            Disaster::Sleep(ms) => {
                let until = self.town.executor.now_ns() + ms * MS;
                self.town.executor.advance_to(until);
            }
            Disaster::DieBetweenPolls(..) | Disaster::DieAtTheDisk(..) | Disaster::Stop => {}
        }
        Ok(())
    }
}
