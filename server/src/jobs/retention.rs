//! Retention: personal data is erased by dropping the keys of the days whose time is over.

use daegeum_engine::sealed::RetentionClass;

use crate::app::App;

/// Drops the keys whose retention has ended.
pub fn run(app: &App) {
    let today = app.now().korean_day();
    for class in RetentionClass::ALL.iter().copied() {
        let days = match class {
            RetentionClass::Evidence => app.config.settings.retention.evidence_days,
            RetentionClass::Remark => app.config.settings.retention.personal_days,
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
