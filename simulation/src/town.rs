//! State shared by all simulated people: the network to the server, time, randomness, the answers so far, and the
//! verdict when a promise is broken.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::caller::Told;
use crate::dice::Dice;
use crate::executor::{Executor, OUTSIDE};
use crate::gateways::Gateways;
use crate::mock::MockGateway;
use crate::network::Network;
use crate::swarm::Swarm;
use crate::trace::Trace;
use crate::world::Clocks;

/// See the module's text. Clones are the same town.
#[derive(Clone)]
pub struct Town {
    /// Tasks, timers and virtual time.
    pub executor: Executor,
    /// Chance.
    pub dice: Dice,
    /// The faults.
    pub swarm: Swarm,
    /// The trace.
    pub trace: Trace,
    /// True time and the server's.
    pub clocks: Clocks,
    /// The way to the server.
    pub network: Network,
    /// Toss.
    pub gateways: Gateways,
    /// The mock gateway.
    pub mock: Arc<Mutex<MockGateway>>,
    /// The answers that callers have received.
    pub told: Arc<Mutex<Told>>,
    /// Payments about which a person said something that was not so.
    pub mistaken: Arc<Mutex<BTreeSet<String>>>,
    operations: Arc<AtomicU64>,
    people: Arc<AtomicU64>,
    verdict: Arc<Mutex<Option<String>>>,
}

impl Town {
    /// The town of a seed.
    pub fn new(seed: u64, printed: bool) -> Self {
        let dice = Dice::new(seed);
        let swarm = Swarm::draw(&dice.fork());
        let executor = Executor::new(dice.fork());
        let trace = Trace::new(executor.clone(), printed);
        let clocks = Clocks::new(executor.clone());
        let network = Network::new(&executor, dice.fork(), &swarm);
        Self {
            gateways: Gateways::new(&executor, &clocks, dice.fork(), &swarm, &trace, &network),
            trace,
            clocks,
            network,
            mock: Arc::default(),
            told: Arc::default(),
            mistaken: Arc::default(),
            operations: Arc::default(),
            people: Arc::default(),
            verdict: Arc::default(),
            executor,
            dice,
            swarm,
        }
    }

    /// Starts a person's task.
    pub fn send_out(&self, doing: impl Future<Output = ()> + Send + 'static) {
        let people = Arc::clone(&self.people);
        people.fetch_add(1, Ordering::Relaxed);
        self.executor.spawn(
            OUTSIDE,
            Box::pin(async move {
                doing.await;
                people.fetch_sub(1, Ordering::Relaxed);
            }),
        );
    }

    /// How many people are still doing something.
    pub fn people_out(&self) -> u64 {
        self.people.load(Ordering::Relaxed)
    }

    /// Waits up to so long.
    pub async fn wait_up_to(&self, ms: u64) {
        let wait = Duration::from_millis(self.dice.between(0, ms));
        self.executor.sleep(wait).await;
    }

    /// Counts one operation.
    pub fn operate(&self) {
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    /// Every order that a caller was told about.
    pub fn orders(&self) -> Vec<String> {
        let told = self.told.lock();
        let ids = told.shown().map(|(id, _)| id.to_owned());
        ids.filter(|id| id.starts_with("order-")).collect()
    }

    /// Something that was promised does not hold; the first is what counts.
    pub fn violated(&self, what: impl FnOnce() -> String) {
        let mut verdict = self.verdict.lock();
        if verdict.is_none() {
            let what = what();
            self.trace.say(format_args!("VIOLATED: {what}"));
            *verdict = Some(what);
        }
    }

    /// The broken promise, if there is one.
    pub fn verdict(&self) -> Option<String> {
        self.verdict.lock().clone()
    }

    /// Whether something does not hold.
    pub fn is_violated(&self) -> bool {
        self.verdict.lock().is_some()
    }
}
