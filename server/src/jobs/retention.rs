//! Retention: erases personal data by dropping the keys of days past their retention.
//!
//! A dropped key is gone for good, so no clock is trusted: a day's age follows from the records ([`attested`]), and
//! what will be dropped is announced beforehand, for as long as [`NOTICE_DAYS`] days of records take.

mod attested;

use daegeum_engine::sealed::RetentionClass;
use daegeum_engine::store::StoreError;
use daegeum_engine::time::Timestamp;

use self::attested::DAY_MS;
use crate::app::App;

/// The number of days with records that must confirm that a day is past its retention before its key is dropped. A
/// gap that counts in full is no longer than this, so a single wrong clock can end nothing too early.
const NOTICE_DAYS: u32 = 3;

/// Drops the keys past their retention, and logs which come next.
pub fn run(app: &App) {
    let settings = &app.config.settings.retention;
    for class in RetentionClass::ALL.iter().copied() {
        let days = match class {
            RetentionClass::Evidence => settings.evidence_days,
            RetentionClass::Remark => settings.personal_days,
            RetentionClass::Buyer => settings.buyer_days,
        };
        if let Err(error) = look_at(app, class, days) {
            tracing::error!(%error, ?class, "which keys are past their retention cannot be read");
        }
    }
}

fn look_at(app: &App, class: RetentionClass, days: u32) -> Result<(), StoreError> {
    let by_the_calendar = app.reader.last_at().korean_day().saturating_sub(days);
    if app.seals.days_before(by_the_calendar, class) == 0 {
        tell(app, class, 0, 0);
        return Ok(());
    }
    if let Some(over) = day_older_than(app, days.saturating_add(NOTICE_DAYS))? {
        drop_before(app, class, over);
    }
    let due = day_older_than(app, days)?.map_or(0, |day| app.seals.days_before(day, class));
    let past = app.seals.days_before(by_the_calendar, class);
    tell(app, class, due, past.saturating_sub(due));
    Ok(())
}

/// The day before which all days are at least `days` old by the records' own time.
fn day_older_than(app: &App, days: u32) -> Result<Option<u32>, StoreError> {
    let age_ms = u64::from(days).saturating_mul(DAY_MS);
    let at = |record| app.reader.time_of(record);
    let found = attested::older_than(age_ms, app.reader.last_record(), at)?;
    Ok(found.map(Timestamp::korean_day))
}

fn drop_before(app: &App, class: RetentionClass, day: u32) {
    match app.seals.drop_before(day, class) {
        Ok(0) => {}
        Ok(dropped) => tracing::info!(
            dropped,
            ?class,
            "personal data erased: its retention has ended"
        ),
        Err(problem) => tracing::error!(
            ?class,
            cause = problem.cause(),
            "keys whose retention has ended cannot be dropped"
        ),
    }
}

/// Logs, when it changes, how many days' keys are about to be dropped, and how many are past retention by the
/// calendar but not by the records.
fn tell(app: &App, class: RetentionClass, due: usize, doubted: usize) {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let figures = &app.metrics.retention;
    let before = figures.due(class.name()).set(number(due));
    if due > 0 && before != number(due) {
        tracing::warn!(
            days = due,
            ?class,
            "personal data of so many days is past its retention: erased once the records are {NOTICE_DAYS} days older"
        );
    }
    let before = figures.doubted(class.name()).set(number(doubted));
    if doubted > 0 && before != number(doubted) {
        tracing::warn!(
            days = doubted,
            ?class,
            "personal data of so many days is past its retention by the calendar, and the records do not confirm it: \
             a long silence, or a clock that jumped; it is kept until they do"
        );
    }
}
