//! The feed: every event that concerns the merchant, numbered without gaps.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use daegeum_engine::store::reader::FeedRecord;
use daegeum_engine::wire::EventView;
use serde::Deserialize;
use serde_json::{Value, json};

use super::schema::{FeedSchema, ProblemSchema};
use super::{answer, page};
use crate::app::App;
use crate::http::{Office, Problem, Query};

/// Where to read from.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// The last `sequence` that was read; 0 or absent for the beginning.
    after: Option<u64>,
    /// How many events at most, 1 to 100; 20 if absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// Reads the feed after an event. A reader that keeps the last `sequence` misses nothing and sees nothing twice.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(FeedQuery), security(("merchant" = []), ("admin" = [])),
    responses((status = 200, body = FeedSchema), (status = "4XX", body = ProblemSchema)))]
pub async fn feed(
    State(app): State<Arc<App>>,
    Office(_): Office,
    Query(query): Query<FeedQuery>,
) -> Result<Response, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.after.unwrap_or(0);
    let last = app.reader.last_event();
    let mut items = Vec::with_capacity(limit);
    for record in app.reader.feed(after, limit).map_err(answer::stored)? {
        push_events(&record, after, limit, &mut items)?;
    }
    answer::json(200, &json!({ "items": items, "last": last }))
}

fn push_events(
    record: &FeedRecord,
    after: u64,
    limit: usize,
    items: &mut Vec<Value>,
) -> Result<(), Problem> {
    let Some((order_id, group)) = record.record.group() else {
        return Ok(());
    };
    let concerning = group
        .events
        .iter()
        .filter(|event| event.concerns_merchant());
    for (sequence, event) in (record.first_event..).zip(concerning) {
        if sequence > after && items.len() < limit {
            // The feed goes to other systems: what is sealed stays here.
            let view = EventView {
                sequence: Some(sequence),
                order_id,
                event,
                at: record.record.at,
                opened: None,
            };
            items.push(serde_json::to_value(&view).map_err(Problem::internal)?);
        }
    }
    Ok(())
}
