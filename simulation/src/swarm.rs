//! The faults of one run, and their rates: each seed draws which kinds of fault are on and how strong, so that some
//! runs have a single kind of fault and some have all at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::dice::Dice;

/// The faults of one run.
#[derive(Debug, Clone)]
pub struct Swarm {
    /// Of a thousand requests to the server, how many never arrive.
    pub request_lost: u64,
    /// Of a thousand answers of the server, how many get lost.
    pub answer_lost: u64,
    /// Of a thousand requests, how many have a caller who hangs up before the answer.
    pub hangs_up: u64,
    /// The longest way to the server and back, in milliseconds.
    pub latency_ms: u64,
    /// How long a batch's sync may take.
    pub sync_ms: u64,
    /// How late a timer of the server may fire.
    pub timer_late_ms: u64,
    /// How long the overlay may wait to be applied.
    pub apply_ms: u64,
    /// How often the process dies or the power fails.
    pub crashes: u64,
    /// Of a hundred crashes, how many take the power.
    pub power: u64,
    /// Of a hundred crashes, how many come in the middle of what the disk does.
    pub at_the_disk: u64,
    /// The longest the server stays away, in milliseconds.
    pub down_ms: u64,
    /// How often a sync fails.
    pub sync_faults: u64,
    /// How often the disk is full for a while.
    pub full_disks: u64,
    /// How often the index alone finds no room for a while.
    pub full_indexes: u64,
    /// How often a part of the index does not read, is another, or cannot be written.
    pub index_harms: u64,
    /// How often the wall clock is set while the server runs.
    pub clock_jumps: u64,
    /// Of a hundred starts, how many find the wall clock wrong.
    pub wrong_at_start: u64,
    /// How often time passes without anybody noticing, as when a machine sleeps.
    pub sleeps: u64,
    /// Of a hundred starts, how many come up with another shop's keys.
    pub other_keys: u64,
    /// How many notifications, once they are answered, are followed by a stop.
    pub stops_after_hints: u64,
    /// Of a hundred orders, how many are paid through the mock gateway.
    pub mock: u64,
    /// Of a hundred orders, how many wait for a confirmation.
    pub on_confirmation: u64,
    /// How many strangers there are.
    pub strangers: u64,
    /// Of a thousand gateway exchanges, how many go wrong on the way, and how.
    pub gateway: GatewayFaults,
    calm: Arc<AtomicBool>,
}

/// The faults between the server and a gateway, in thousandths of its exchanges.
#[derive(Debug, Clone, Default)]
pub struct GatewayFaults {
    /// The connection is not made.
    pub not_sent: u64,
    /// The request is on its way for ever.
    pub request_lost: u64,
    /// The gateway has done it, and its answer does not come.
    pub answer_lost: u64,
    /// The gateway is slow beyond every deadline.
    pub too_late: u64,
    /// The gateway's own faults, by its dial.
    pub own: u64,
    /// It has forgotten an idempotency key, and takes a repetition for the first request.
    pub forgets_keys: u64,
    /// The longest way there and back, in milliseconds.
    pub latency_ms: u64,
    /// Notifications lost, doubled, late or forged.
    pub notifications: u64,
}

impl Swarm {
    /// The faults of a seed.
    pub fn draw(dice: &Dice) -> Self {
        let rate = |most: u64| {
            if dice.one_in(2) {
                0
            } else {
                dice.between(1, most)
            }
        };
        let times = |most: u64| {
            if dice.one_in(2) {
                0
            } else {
                dice.between(1, most)
            }
        };
        Self {
            request_lost: rate(120),
            answer_lost: rate(120),
            hangs_up: rate(80),
            latency_ms: *dice.pick(&[0, 2, 30, 400, 5_000]),
            sync_ms: *dice.pick(&[0, 1, 8, 60, 1_500]),
            timer_late_ms: *dice.pick(&[0, 40, 2_000, 15_000]),
            apply_ms: *dice.pick(&[0, 200, 200, 30_000]),
            crashes: times(5),
            power: *dice.pick(&[0, 30, 60, 100]),
            at_the_disk: *dice.pick(&[0, 30, 60, 100]),
            down_ms: *dice.pick(&[10, 2_000, 60_000, 900_000]),
            sync_faults: if dice.one_in(4) { 1 } else { 0 },
            full_disks: if dice.one_in(5) {
                dice.between(1, 2)
            } else {
                0
            },
            full_indexes: if dice.one_in(6) { 1 } else { 0 },
            index_harms: if dice.one_in(3) {
                dice.between(1, 12)
            } else {
                0
            },
            clock_jumps: times(3),
            wrong_at_start: *dice.pick(&[0, 0, 30, 100]),
            sleeps: times(3),
            other_keys: *dice.pick(&[0, 0, 0, 0, 0, 50]),
            stops_after_hints: times(4),
            mock: *dice.pick(&[0, 5, 20, 100]),
            on_confirmation: *dice.pick(&[0, 30, 60]),
            strangers: *dice.pick(&[0, 1, 3]),
            gateway: GatewayFaults {
                not_sent: rate(150),
                request_lost: rate(120),
                answer_lost: rate(200),
                too_late: rate(60),
                own: rate(250),
                forgets_keys: if dice.one_in(4) {
                    dice.between(100, 900)
                } else {
                    0
                },
                latency_ms: *dice.pick(&[0, 20, 300, 4_000, 40_000]),
                notifications: rate(400),
            },
            calm: Arc::default(),
        }
    }

    /// From here on nothing goes wrong any more.
    pub fn stop(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    /// Whether faults are over.
    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Whether the disk may refuse something in this run.
    pub const fn disk_refuses(&self) -> bool {
        self.sync_faults > 0 || self.full_disks > 0
    }

    /// Whether something of the disk may fail, if only because the machine dies.
    pub const fn disk_fails(&self) -> bool {
        self.disk_refuses() || self.crashes > 0
    }

    /// Whether a fault of this many in a thousand happens now.
    pub fn strikes(&self, dice: &Dice, per_mille: u64) -> bool {
        // Drawn in any case: what comes after must not depend on whether this fault is on.
        let struck = dice.per_mille(per_mille);
        struck && !self.is_calm()
    }
}
