//! Keeps domain time beside the data, and logs the machine's clock's offset from it: when it changes, and once an
//! hour while they disagree.

use std::sync::Weak;
use std::time::Duration;

use crate::app::App;
use crate::domain_clock::Deviation;

/// How often one looks.
const EVERY: Duration = Duration::from_mins(1);
/// How often the same is said again.
const SAID_AGAIN_AFTER_NS: u64 = 3_600_000_000_000;

/// Looks until the application is gone.
pub async fn watch(app: Weak<App>) {
    let (mut said, mut said_at_ns) = (Kind::Agrees, 0);
    loop {
        let Some(strong) = app.upgrade() else { return };
        let (deviation, now_ns) = (strong.clock.deviation(), strong.world.monotonic_ns());
        let kind = Kind::of(deviation);
        if kind != said || now_ns.saturating_sub(said_at_ns) >= SAID_AGAIN_AFTER_NS {
            tell(deviation, said);
            (said, said_at_ns) = (kind, now_ns);
        }
        keep(&strong);
        let sleeping = strong.world.sleep(EVERY);
        drop(strong);
        sleeping.await;
    }
}

/// The kept time makes the next start more exact; a full disk is reported elsewhere.
pub fn keep(app: &App) {
    if let Err(error) = app.clock.keep() {
        tracing::debug!(%error, "domain time cannot be kept");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Agrees,
    Behind,
    Ahead,
    FarAhead,
}

impl Kind {
    const fn of(deviation: Deviation) -> Self {
        match deviation {
            Deviation::Agrees => Self::Agrees,
            Deviation::Behind(_) => Self::Behind,
            Deviation::Ahead { .. } => Self::Ahead,
            Deviation::FarAhead(_) => Self::FarAhead,
        }
    }
}

fn tell(deviation: Deviation, before: Kind) {
    match deviation {
        Deviation::Agrees if before == Kind::Agrees => {}
        Deviation::Agrees => tracing::info!("this machine's clock and the records agree"),
        Deviation::Behind(by) => tracing::warn!(
            behind_s = by.as_secs(),
            "this machine's clock is behind the records: time goes on from the last record, a little slower until \
             they agree; let the clock be set by NTP"
        ),
        Deviation::Ahead { by, followed_in } => tracing::warn!(
            ahead_s = by.as_secs(),
            followed_in_s = followed_in.as_secs(),
            "this machine's clock is ahead of the records: it is followed if it stays so"
        ),
        Deviation::FarAhead(by) => tracing::error!(
            ahead_s = by.as_secs(),
            "this machine's clock is so far ahead of the records that it is not followed: if it is right, start once \
             with --trust-clock; if it is not, set it"
        ),
    }
}
