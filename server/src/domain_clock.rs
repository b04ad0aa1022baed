//! The domain's clock: one value for the whole server. It begins at the last record's time or at the wall clock's,
//! advances with the monotonic clock, and never goes back.
//!
//! The wall clock is only a witness. If it is a little ahead it is followed at once; if it is further ahead, only
//! after it has kept its offset for a while; if it is very far ahead, only on an operator's word. If it is behind,
//! domain time runs a little slower until both agree, so deadlines still come. docs/adr/0027 has the reasons.

mod kept;

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use daegeum_engine::planted::{self, Bug};
use daegeum_engine::store::files::Files;
use daegeum_engine::time::Timestamp;
use parking_lot::Mutex;

use self::kept::Place;
use crate::world::{SharedWorld, World};

/// A smaller difference counts as none: clocks are adjusted by that much routinely.
pub const NO_DIFFERENCE: Duration = Duration::from_secs(1);
/// The longest pause between two processes for which a start trusts the wall clock.
const USUAL_PAUSE: Duration = Duration::from_hours(1);
/// How long the wall clock has to keep its offset before it is followed: if it is up to an hour ahead, and if more.
/// Whatever sets the clock after a start has done so by then.
const AGREED_FOR: Duration = Duration::from_mins(1);
const AGREED_FOR_LONG: Duration = Duration::from_mins(10);
/// A clock further ahead is followed on an operator's word only, because a record's time cannot be taken back.
pub const FOLLOWED_MOST: Duration = Duration::from_hours(31 * 24);
/// While the wall clock is behind, one part in this many of domain time is left out.
const SLOWER_BY: u128 = 16;

const NS_PER_MS: u128 = 1_000_000;

/// See the module's text.
pub struct DomainClock {
    world: SharedWorld,
    trusts: bool,
    time: Mutex<DomainTime>,
    place: OnceLock<Place>,
}

/// The offset of the wall clock from domain time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deviation {
    /// They agree.
    Agrees,
    /// The wall clock is behind the records: domain time is ahead of it by this, and runs slower.
    Behind(Duration),
    /// The wall clock is ahead, and is followed if it keeps its offset.
    Ahead {
        /// The offset.
        by: Duration,
        /// How long it still has to keep it.
        followed_in: Duration,
    },
    /// The wall clock is so far ahead that it is followed on an operator's word only.
    FarAhead(Duration),
}

impl DomainClock {
    /// A clock at the wall clock's time, until it learns of records. If it `trusts`, it starts at the wall clock's
    /// time, however far ahead that is.
    pub fn new(world: SharedWorld, trusts: bool) -> Self {
        let time = DomainTime::at_the_wall_clock(Witness::of(&*world));
        Self {
            world,
            trusts,
            time: Mutex::new(time),
            place: OnceLock::new(),
        }
    }

    /// Names the directory that keeps the time. Call before `begin`.
    pub fn keep_in(&self, files: &Arc<dyn Files>, dir: &Path) {
        self.place
            .get_or_init(|| Place::new(Arc::clone(files), dir));
    }

    /// Begins at the last record's time, or later if a later time was kept. Call once, when the store has been
    /// opened.
    pub fn begin(&self, last_record: Option<Timestamp>) {
        let witness = Witness::of(&*self.world);
        let kept = self
            .place
            .get()
            .and_then(|place| place.domain_ns(&*self.world));
        *self.time.lock() = match last_record {
            Some(last) => {
                let last_ns = u128::from(last.as_millis()).saturating_mul(NS_PER_MS);
                let last_ns = last_ns.max(kept.unwrap_or(0));
                DomainTime::after(last_ns, self.trusts, witness)
            }
            None => DomainTime::at_the_wall_clock(witness),
        };
    }

    /// Writes the time beside the data, if a directory was named.
    pub fn keep(&self) -> io::Result<()> {
        let Some(place) = self.place.get() else {
            return Ok(());
        };
        let witness = Witness::of(&*self.world);
        let mut time = self.time.lock();
        time.look(witness);
        let domain_ns = time.at_ns;
        drop(time);
        place.keep(&*self.world, domain_ns)
    }

    /// The domain time: never before the last record, and never going back.
    pub fn now(&self) -> Timestamp {
        let witness = Witness::of(&*self.world);
        let mut time = self.time.lock();
        time.look(witness);
        time.now()
    }

    /// The wall clock's offset from it.
    pub fn deviation(&self) -> Deviation {
        let witness = Witness::of(&*self.world);
        let mut time = self.time.lock();
        time.look(witness);
        time.deviation(witness)
    }

    /// The world whose clocks it looks at.
    pub const fn world(&self) -> &SharedWorld {
        &self.world
    }
}

/// A reading of the world's clocks at one moment.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "all are nanoseconds")]
struct Witness {
    wall_ns: u128,
    moved_ns: u128,
    monotonic_ns: u64,
}

impl Witness {
    fn of(world: &dyn World) -> Self {
        let ns = |ms: i64| u128::from(u64::try_from(ms).unwrap_or(0)).saturating_mul(NS_PER_MS);
        Self {
            wall_ns: ns(world.wall_ms()),
            moved_ns: ns(world.moved_ms()),
            monotonic_ns: world.monotonic_ns(),
        }
    }

    /// The wall clock's time, moved as the domain's is.
    const fn time_ns(self) -> u128 {
        self.wall_ns.saturating_add(self.moved_ns)
    }

    /// The wall clock's offset from the monotonic one: constant while no one sets the clock.
    fn distance_ns(self) -> i128 {
        let wall_ns = i128::try_from(self.wall_ns).unwrap_or(i128::MAX);
        wall_ns.saturating_sub(i128::from(self.monotonic_ns))
    }
}

/// Domain time as a function of clock readings.
#[derive(Debug)]
struct DomainTime {
    at_ns: u128,
    seen_ns: u64,
    moved_ns: u128,
    /// The offset that a wall clock ahead has kept, and since when.
    kept: Option<(i128, u64)>,
}

impl DomainTime {
    const fn at_the_wall_clock(witness: Witness) -> Self {
        Self {
            at_ns: witness.time_ns(),
            seen_ns: witness.monotonic_ns,
            moved_ns: witness.moved_ns,
            kept: None,
        }
    }

    /// Domain time that begins at `last_ns` or later.
    fn after(last_ns: u128, trusts: bool, witness: Witness) -> Self {
        let ahead_ns = witness.time_ns().saturating_sub(last_ns);
        let follows = trusts || ahead_ns <= USUAL_PAUSE.as_nanos();
        let mut time = Self::at_the_wall_clock(witness);
        if !follows || time.at_ns < last_ns {
            time.at_ns = last_ns;
        }
        time.look(witness);
        time
    }

    fn now(&self) -> Timestamp {
        let ms = self.at_ns.checked_div(NS_PER_MS).unwrap_or(0);
        Timestamp::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
    }

    /// Advances to this reading.
    fn look(&mut self, witness: Witness) {
        let moved_ns = witness.moved_ns.saturating_sub(self.moved_ns);
        let passed_ns = u128::from(witness.monotonic_ns.saturating_sub(self.seen_ns));
        self.moved_ns = self.moved_ns.max(witness.moved_ns);
        self.seen_ns = self.seen_ns.max(witness.monotonic_ns);
        if planted::is(Bug::ClockIsBelieved) {
            self.at_ns = self.at_ns.max(witness.time_ns());
            return;
        }
        self.at_ns = self.at_ns.saturating_add(moved_ns);
        self.at_ns = gone_on(self.at_ns, passed_ns, witness.time_ns());
        self.follow(witness);
    }

    /// Jumps forward to the wall clock, if it may be believed.
    fn follow(&mut self, witness: Witness) {
        let ahead_ns = witness.time_ns().saturating_sub(self.at_ns);
        if ahead_ns <= NO_DIFFERENCE.as_nanos() {
            self.at_ns = self.at_ns.max(witness.time_ns());
            self.kept = None;
        } else if self.still_to_keep(witness, ahead_ns).is_zero()
            && ahead_ns <= FOLLOWED_MOST.as_nanos()
        {
            self.at_ns = witness.time_ns();
            self.kept = None;
        }
    }

    /// How much longer a wall clock that is ahead has to keep its offset.
    fn still_to_keep(&mut self, witness: Witness, ahead_ns: u128) -> Duration {
        let distance_ns = witness.distance_ns();
        let same =
            |(kept_ns, _): &(i128, u64)| distance_ns.abs_diff(*kept_ns) <= NO_DIFFERENCE.as_nanos();
        let fresh = (distance_ns, witness.monotonic_ns);
        let (_, since_ns) = *self.kept.insert(self.kept.filter(same).unwrap_or(fresh));
        let kept = Duration::from_nanos(witness.monotonic_ns.saturating_sub(since_ns));
        long_enough(ahead_ns).saturating_sub(kept)
    }

    fn deviation(&mut self, witness: Witness) -> Deviation {
        let span = |ns: u128| Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX));
        let ahead_ns = witness.time_ns().saturating_sub(self.at_ns);
        let behind_ns = self.at_ns.saturating_sub(witness.time_ns());
        if behind_ns > NO_DIFFERENCE.as_nanos() {
            Deviation::Behind(span(behind_ns))
        } else if ahead_ns > FOLLOWED_MOST.as_nanos() {
            Deviation::FarAhead(span(ahead_ns))
        } else if ahead_ns > NO_DIFFERENCE.as_nanos() {
            Deviation::Ahead {
                by: span(ahead_ns),
                followed_in: self.still_to_keep(witness, ahead_ns),
            }
        } else {
            Deviation::Agrees
        }
    }
}

/// `at_ns` advanced by `passed_ns`: a little less while it is ahead of the wall clock.
fn gone_on(at_ns: u128, passed_ns: u128, wall_ns: u128) -> u128 {
    let whole_ns = at_ns.saturating_add(passed_ns);
    let left_out_ns = passed_ns.checked_div(SLOWER_BY).unwrap_or(0);
    let slower_ns = whole_ns.saturating_sub(left_out_ns);
    slower_ns.max(whole_ns.min(wall_ns))
}

const fn long_enough(ahead_ns: u128) -> Duration {
    if ahead_ns <= USUAL_PAUSE.as_nanos() {
        AGREED_FOR
    } else {
        AGREED_FOR_LONG
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use daegeum_engine::store::files::DiskFiles;

    use super::*;
    use crate::world::ManualWorld;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_mins(1);
    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);
    const NOW_MS: i64 = 1_795_000_000_000;

    fn ms(span: Duration) -> u64 {
        span.as_millis().try_into().unwrap()
    }

    /// A clock whose world shows `wall` beside records that end at `NOW_MS`.
    fn clock_at(wall: impl FnOnce(&ManualWorld)) -> (ManualWorld, DomainClock) {
        let world = ManualWorld::new(NOW_MS, 1);
        wall(&world);
        let clock = DomainClock::new(Arc::new(world.clone()), false);
        clock.begin(Some(last()));
        (world, clock)
    }

    fn last() -> Timestamp {
        Timestamp::from_millis(NOW_MS.try_into().unwrap())
    }

    /// How far domain time is after the last record.
    fn after_last(clock: &DomainClock) -> Duration {
        Duration::from_millis(clock.now().millis_since(last()))
    }

    #[test]
    fn clock_without_records_begins_at_the_wall_clock() {
        let world = ManualWorld::new(NOW_MS, 1);
        let clock = DomainClock::new(Arc::new(world.clone()), false);
        world.set_wall(-9 * 3_600_000);
        clock.begin(None);
        assert_eq!(clock.now().millis_since(last()), 0);
        assert_eq!(last().millis_since(clock.now()), ms(9 * HOUR));
        assert_eq!(clock.deviation(), Deviation::Agrees);
    }

    #[test]
    fn clock_follows_the_wall_clock_after_a_usual_pause() {
        let (world, clock) = clock_at(|world| world.advance(HOUR));
        assert_eq!(after_last(&clock), HOUR);
        world.advance(MINUTE);
        assert_eq!(after_last(&clock), HOUR + MINUTE);
    }

    /// A clock after one that was kept `quiet` after the last record, `down` before.
    fn after_one_that_was_kept(
        quiet: Duration,
        down: Duration,
        meanwhile: impl FnOnce(&Path),
    ) -> (ManualWorld, DomainClock) {
        let dir = tempfile::tempdir().unwrap();
        let files: Arc<dyn Files> = Arc::new(DiskFiles);
        let (world, clock) = clock_at(|_| {});
        clock.keep_in(&files, dir.path());
        clock.begin(Some(last()));
        world.advance(quiet);
        clock.keep().unwrap();
        meanwhile(&dir.path().join("clock.json"));
        world.advance(down);
        let clock = DomainClock::new(Arc::new(world.clone()), false);
        clock.keep_in(&files, dir.path());
        clock.begin(Some(last()));
        (world, clock)
    }

    #[test]
    fn quiet_night_before_a_restart_is_no_pause() {
        let (_, clock) = after_one_that_was_kept(10 * HOUR, MINUTE, |_| {});
        assert_eq!(after_last(&clock), 10 * HOUR + MINUTE);
        let (_, clock) = after_one_that_was_kept(MINUTE, 10 * HOUR, |_| {});
        assert_eq!(after_last(&clock), 10 * HOUR + MINUTE, "one boot");
    }

    #[test]
    fn wall_clock_after_a_reboot_is_doubted_only_since_the_kept_time() {
        let another_boot = |file: &Path| {
            let bytes = DiskFiles.read_whole(file, 4_096).unwrap().unwrap();
            let (text, boot_id) = (
                String::from_utf8(bytes).unwrap(),
                DiskFiles.boot_id().unwrap(),
            );
            assert!(text.contains(&boot_id));
            let text = text.replace(&boot_id, "another");
            DiskFiles.write_whole(file, text.as_bytes()).unwrap();
        };
        let (_, clock) = after_one_that_was_kept(10 * HOUR, HOUR, another_boot);
        assert_eq!(after_last(&clock), 11 * HOUR);
        let (world, clock) = after_one_that_was_kept(10 * HOUR, 2 * HOUR, another_boot);
        assert_eq!(after_last(&clock), 10 * HOUR);
        for _ in 0..=10 {
            clock.now();
            world.advance(MINUTE);
        }
        assert_eq!(after_last(&clock), 12 * HOUR + 11 * MINUTE);
    }

    #[test]
    fn unreadable_kept_time_counts_as_absent() {
        let rubbish = |file: &Path| DiskFiles.write_whole(file, b"{").unwrap();
        let (_, clock) = after_one_that_was_kept(10 * HOUR, MINUTE, rubbish);
        assert_eq!(after_last(&clock), Duration::ZERO);
    }

    #[test]
    fn clock_behind_the_records_runs_slower_until_both_agree() {
        let (world, clock) = clock_at(|world| world.set_wall(-9 * 3_600_000));
        assert_eq!(clock.deviation(), Deviation::Behind(9 * HOUR));
        world.advance(32 * MINUTE);
        assert_eq!(after_last(&clock), 30 * MINUTE, "deadlines come");
        for _ in 0..24 * 7 {
            world.advance(HOUR);
            clock.now();
        }
        assert_eq!(clock.deviation(), Deviation::Agrees);
        assert_eq!(after_last(&clock), (24 * 7 - 9) * HOUR + 32 * MINUTE);
    }

    #[test]
    fn wall_clock_hours_ahead_is_followed_once_it_has_kept_its_offset() {
        let (world, clock) = clock_at(|world| world.set_wall(9 * 3_600_000));
        let followed_in = 10 * MINUTE;
        let by = 9 * HOUR;
        assert_eq!(clock.deviation(), Deviation::Ahead { by, followed_in });
        world.advance(599 * SECOND);
        assert_eq!(after_last(&clock), 599 * SECOND);
        world.advance(SECOND);
        assert_eq!(after_last(&clock), 9 * HOUR + 10 * MINUTE);
        assert_eq!(clock.deviation(), Deviation::Agrees);
    }

    #[test]
    fn wall_clock_corrected_in_time_has_no_effect() {
        let (world, clock) = clock_at(|world| world.set_wall(9 * 3_600_000));
        world.advance(9 * MINUTE);
        clock.now();
        world.set_wall(0);
        world.advance(20 * MINUTE);
        assert_eq!(after_last(&clock), 29 * MINUTE);
        assert_eq!(clock.deviation(), Deviation::Agrees);
    }

    #[test]
    fn wall_clock_set_repeatedly_has_kept_no_offset() {
        let (world, clock) = clock_at(|_| {});
        for hour in 1..=8 {
            world.set_wall(hour * 3_600_000);
            world.advance(9 * MINUTE);
            clock.now();
        }
        assert_eq!(after_last(&clock), 72 * MINUTE);
    }

    #[test]
    fn wall_clock_years_ahead_is_followed_only_on_the_operators_word() {
        let (world, clock) = clock_at(|world| world.set_wall(6 * 365 * 86_400_000));
        world.advance(DAY);
        assert_eq!(after_last(&clock), DAY);
        assert!(matches!(clock.deviation(), Deviation::FarAhead(_)));
        let trusting = DomainClock::new(Arc::new(world), true);
        trusting.begin(Some(last()));
        assert_eq!(after_last(&trusting), 6 * 365 * DAY + DAY);
    }

    #[test]
    fn running_clock_follows_seconds_after_a_minute_and_never_goes_back() {
        let (world, clock) = clock_at(|_| {});
        world.set_wall(30_000);
        world.advance(59 * SECOND);
        assert_eq!(after_last(&clock), 59 * SECOND);
        // From the first look on.
        world.advance(MINUTE);
        assert_eq!(after_last(&clock), 149 * SECOND);
        world.set_wall(-3_600_000);
        assert_eq!(after_last(&clock), 149 * SECOND);
        world.advance(16 * SECOND);
        assert_eq!(after_last(&clock), 164 * SECOND);
    }

    #[test]
    fn sandbox_moves_the_clock_at_once() {
        let (world, clock) = clock_at(|world| world.set_wall(-3_600_000));
        world.advance_domain(7 * DAY);
        assert_eq!(after_last(&clock), 7 * DAY);
        assert_eq!(clock.deviation(), Deviation::Behind(HOUR));
    }

    /// Under any history it does not go back, and never runs slower than fifteen sixteenths.
    #[test]
    fn any_history_keeps_the_promises() {
        for seed in 1..=200_u64 {
            let (world, clock) = clock_at(|_| {});
            let mut chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut before = clock.now();
            for _ in 0..200 {
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                if chance % 5 == 0 {
                    let by = i64::try_from(chance % 2_000_000_000_000).unwrap();
                    world.set_wall(by - 1_000_000_000_000);
                }
                let pass = Duration::from_millis(chance % 900_000);
                world.advance(pass);
                let now = clock.now();
                let least = ms(pass) - ms(pass).div_ceil(16);
                assert!(now.millis_since(before) + 1 >= least, "{seed}");
                assert!(now >= before);
                before = now;
            }
        }
    }
}
