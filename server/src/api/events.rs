//! The feed: every event that concerns the merchant, numbered without gaps.

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use daegeum_engine::store::reader::FeedRecord;
use daegeum_engine::wire::EventView;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::schema::FeedSchema;
use super::{answer, page, vocabulary};
use crate::app::App;
use crate::http::{HttpErrorCode, Office, Problem, Query};

/// The position to read from.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// The last `cursor` that was read, or the last `sequence` of a feed of generation 1; if absent or 0, from the
    /// beginning.
    #[param(value_type = vocabulary::FeedCursor, inline, required = false)]
    after: Option<String>,
    /// The most events, 1 to 100; 20 if absent.
    #[param(value_type = u16, minimum = 1, maximum = 100, required = false)]
    limit: Option<u16>,
}

/// A position in the feed: after the event with this number, in this generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    generation: u32,
    sequence: u64,
}

impl Cursor {
    /// The generation of a plain number: plain numbers were given out when there was only one.
    const FIRST_GENERATION: u32 = 1;

    fn parse(text: &str) -> Option<Self> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (generation, sequence) = match text.split_once('-') {
            Some((generation, sequence)) => (generation, sequence),
            None => ("1", text),
        };
        if !digits(generation) || !digits(sequence) {
            return None;
        }
        Some(Self {
            generation: generation.parse().ok()?,
            sequence: sequence.parse().ok()?,
        })
    }

    /// The number to read after, in the feed's present generation, which ends at `last`. The beginning is the same in
    /// all generations. A number beyond `last` was read before a restore.
    fn within(self, generation: u32, last: u64) -> Result<u64, Problem> {
        let beginning = self.sequence == 0 && self.generation == Self::FIRST_GENERATION;
        let present = self.generation == generation && self.sequence <= last;
        if present || beginning {
            Ok(self.sequence)
        } else {
            Err(HttpErrorCode::FeedBegunAnew.into())
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.generation, self.sequence)
    }
}

/// Reads the feed after an event. A reader that stores the last `cursor` misses nothing and sees nothing twice.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    responses((status = 200, body = FeedSchema)))]
pub async fn feed(
    State(app): State<Arc<App>>,
    Office(_): Office,
    Query(query): Query<FeedQuery>,
) -> Result<Response, Problem> {
    let limit = page::limit(query.limit)?;
    let generation = app.identity.generation;
    let after = match query.after {
        Some(text) => Cursor::parse(&text).ok_or_else(|| page::invalid("after"))?,
        None => Cursor {
            generation,
            sequence: 0,
        },
    };
    let last = app.reader.last_event();
    let after = after.within(generation, last)?;
    let now_ns = app.world.monotonic_ns();
    app.metrics.feed.read(after, last, now_ns);
    let mut items = Vec::with_capacity(limit);
    for record in app.reader.feed(after, limit).map_err(answer::stored)? {
        push_events(&record, (generation, after), limit, &mut items)?;
    }
    answer::json(
        200,
        &json!({ "items": items, "generation": generation, "last": last }),
    )
}

/// An event of the feed with its place in it.
#[derive(Serialize)]
struct Item<'a> {
    cursor: String,
    #[serde(flatten)]
    event: EventView<'a>,
}

fn push_events(
    record: &FeedRecord,
    (generation, after): (u32, u64),
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
            // The feed goes to other systems, so sealed data is not opened.
            let cursor = Cursor {
                generation,
                sequence,
            };
            let event = EventView {
                sequence: Some(sequence),
                order_id,
                event,
                at: record.record.at,
                opened: None,
            };
            let cursor = cursor.to_string();
            items.push(serde_json::to_value(Item { cursor, event }).map_err(Problem::internal)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_number_is_a_cursor_of_the_first_generation() {
        let cursor = |generation, sequence| {
            Some(Cursor {
                generation,
                sequence,
            })
        };
        assert_eq!(Cursor::parse("1-57"), cursor(1, 57));
        assert_eq!(Cursor::parse("57"), cursor(1, 57));
        assert_eq!(Cursor::parse("3-0"), cursor(3, 0));
        for wrong in ["", "-", "1-", "-1", "x", "1-2-3", "+1", "1-+1", " 1"] {
            assert_eq!(Cursor::parse(wrong), None, "{wrong:?}");
        }
        let text = cursor(2, 9).map(|cursor| cursor.to_string());
        assert_eq!(text.as_deref(), Some("2-9"));
    }

    #[test]
    fn cursor_of_another_generation_is_refused_except_the_beginning() {
        let within = |text, generation| {
            let cursor = Cursor::parse(text).unwrap();
            cursor
                .within(generation, 9)
                .map_err(|problem| problem.code())
        };
        assert_eq!(within("7", 1), Ok(7));
        assert_eq!(within("2-9", 2), Ok(9));
        let others = [("7", 2), ("1-7", 2), ("2-7", 1), ("2-0", 1), ("2-10", 2)];
        for (text, generation) in others {
            assert_eq!(within(text, generation), Err("FEED_BEGUN_ANEW"), "{text}");
        }
        assert_eq!(within("0", 2), Ok(0));
    }
}
