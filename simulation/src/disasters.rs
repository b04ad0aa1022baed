//! The plan of disasters by operation number, drawn from the seed, so that they strike while something is going on
//! and never while everyone waits.

use crate::dice::Dice;
use crate::machine::{Death, IndexHarm};
use crate::swarm::Swarm;

/// One disaster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disaster {
    /// The process dies after so many more polls.
    DieBetweenPolls(u64, Death),
    /// The process dies after so many more operations of the disk.
    DieAtTheDisk(u64, Death),
    /// The process is stopped in order.
    Stop,
    /// The next sync or so fails.
    FailSync,
    /// The disk is full.
    Fill,
    /// There is room again.
    Empty,
    /// The index alone finds no room.
    FillIndex,
    /// It finds room again.
    EmptyIndex,
    /// The disk harms the index.
    Harm(IndexHarm),
    /// The wall clock is set to so many milliseconds from true time.
    Jump(i64),
    /// So many milliseconds pass unnoticed.
    Sleep(u64),
}

/// Disasters, the next one last, with the operation they come at.
#[derive(Debug)]
pub struct Plan(Vec<(u64, Disaster)>);

impl Plan {
    /// The plan for a run of so many operations.
    pub fn draw(dice: &Dice, swarm: &Swarm, operations: u64) -> Self {
        let mut planned = Vec::new();
        let moment = || dice.below(operations);
        for _ in 0..swarm.crashes {
            planned.push((moment(), crash(dice, swarm)));
        }
        for _ in 0..swarm.sync_faults {
            planned.push((moment(), Disaster::FailSync));
        }
        for _ in 0..swarm.full_disks {
            let from = moment();
            planned.push((from, Disaster::Fill));
            planned.push((from + dice.between(1, 40), Disaster::Empty));
        }
        for _ in 0..swarm.full_indexes {
            let from = moment();
            planned.push((from, Disaster::FillIndex));
            planned.push((from + dice.between(1, 40), Disaster::EmptyIndex));
        }
        for _ in 0..swarm.index_harms {
            let how = *dice.pick(&[
                IndexHarm::Unreadable,
                IndexHarm::Altered,
                IndexHarm::Altered,
                IndexHarm::WriteFails,
                IndexHarm::OpenFails,
            ]);
            planned.push((moment(), Disaster::Harm(how)));
        }
        for _ in 0..swarm.clock_jumps {
            planned.push((moment(), Disaster::Jump(wrong_by(dice))));
        }
        for _ in 0..swarm.sleeps {
            let ms = *dice.pick(&[1_000, 61_000, 650_000, 2_000_000]);
            planned.push((moment(), Disaster::Sleep(ms)));
        }
        planned.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Self(planned)
    }

    /// The next one, if it is due.
    pub fn due(&mut self, operations: u64) -> Option<Disaster> {
        let (at, _) = self.0.last()?;
        if *at > operations {
            return None;
        }
        self.0.pop().map(|(_, disaster)| disaster)
    }
}

/// How far a wall clock is from true time: a little, as if it had been set, by a time zone, by days, by years.
pub fn wrong_by(dice: &Dice) -> i64 {
    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    let by = *dice.pick(&[
        1,
        1_000,
        60_000,
        700_000,
        HOUR,
        9 * HOUR,
        3 * DAY,
        40 * DAY,
        6 * 365 * DAY,
    ]);
    if dice.one_in(2) { -by } else { by }
}

fn crash(dice: &Dice, swarm: &Swarm) -> Disaster {
    let death = if dice.below(100) < swarm.power {
        Death::Power
    } else {
        Death::Kill
    };
    if dice.one_in(8) {
        Disaster::Stop
    } else if dice.below(100) < swarm.at_the_disk {
        Disaster::DieAtTheDisk(dice.below(24), death)
    } else {
        Disaster::DieBetweenPolls(dice.below(120), death)
    }
}
