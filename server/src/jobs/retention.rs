//! Retention: personal data is erased by dropping the keys of the days whose time is over.

use daegeum_engine::sealed::RetentionClass;

use crate::app::App;

/// A clock this far ahead of the last record is rather wrong than right, and a dropped key is gone for good.
const FAR_AHEAD_MS: u64 = 3_650 * 86_400_000;

/// Drops the keys whose retention has ended.
pub fn run(app: &App) {
    let clock = app.now();
    if clock.millis_since(app.reader.last_at()) > FAR_AHEAD_MS {
        return tracing::warn!("the clock is far ahead of the last record: no key is dropped");
    }
    let today = clock.korean_day();
    for class in RetentionClass::ALL.iter().copied() {
        let days = match class {
            RetentionClass::Evidence => app.config.settings.retention.evidence_days,
            RetentionClass::Remark => app.config.settings.retention.personal_days,
            RetentionClass::Buyer => app.config.settings.retention.buyer_days,
        };
        match app.seals.drop_before(today.saturating_sub(days), class) {
            Ok(0) => {}
            Ok(dropped) => tracing::info!(
                dropped,
                ?class,
                "personal data erased: its retention has ended"
            ),
            Err(_) => tracing::error!(?class, "keys whose retention has ended cannot be dropped"),
        }
    }
}
