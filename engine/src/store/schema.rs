//! The schemas of records: what each version of the program wrote, and how a later version reads it.
//!
//! Today's types are those of [`crate::event`] and [`super::record`]. An older schema has a module here with copies
//! of the types that have changed since; they only decode, and each becomes today's event with the same meaning. One
//! event becomes one event, so that versions of aggregates and given answers stay the same. A stored record is never
//! written again in another schema: the hash chain is over its bytes.
//!
//! To change a stored type: copy it as it is into the module of today's schema (make one if there is none), write how
//! it is read, raise [`RECORD`], and bless new golden files beside the old ones.

pub mod v1;

use super::StoreError;
use super::codec;
use super::record::Record;

/// The schema in which records are written.
pub const RECORD: u8 = 2;

/// Reads a record's body of a schema; `None` if no version of the program wrote that schema.
pub(super) fn record(schema: u8, body: &[u8]) -> Option<Result<Record, StoreError>> {
    match schema {
        1 => Some(codec::body::<v1::Record>(body).map(Record::from)),
        RECORD => Some(codec::body(body)),
        _ => None,
    }
}
