//! A planted bug, not part of the product: an unsigned notification is applied as evidence.

use daegeum_engine::command::{Command, Fact, Learned, News};
use daegeum_engine::event::Source;
use daegeum_engine::id::PaymentId;
use daegeum_engine::planted::{self, Bug};

use crate::app::{App, Asked};
use crate::http::RequestContext;

/// Applies an unproven fact, if that bug is planted.
pub(super) fn believe(app: &App, context: &RequestContext, id: PaymentId, body: &[u8]) {
    let known = app.reader.payment(id).ok().flatten();
    let Some(known) = known.filter(|_| planted::is(Bug::HintIsBelieved)) else {
        return;
    };
    let said = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    let status = said
        .pointer("/data/status")
        .and_then(|status| status.as_str());
    let fact = match status {
        Some("DONE") => Fact::captured(known.value.core().amounts),
        Some("CANCELED") => Fact::Canceled,
        _ => return,
    };
    let learned = Learned {
        payment_id: id,
        operation: None,
        name: None,
        news: News::Fact(fact),
        source: Source::Notification,
        paid_with: None,
        easy_pay: None,
        slip: None,
        exchange: None,
        asked_since_hint: false,
    };
    drop(app.submit(Asked {
        command: Command::Learn(Box::new(learned)),
        keyed: None,
        request_id: context.id.as_str(),
    }));
}
