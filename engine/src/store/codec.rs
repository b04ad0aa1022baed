//! The encoding of stored values: a kind, a schema version, and a bincode body.
//!
//! A body is not self-describing, so the types of each schema are frozen ([`super::schema`]). Golden files pin the
//! bytes of every version.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::{Decode, Encode};

use super::record::Record;
use super::{StoreError, schema};

/// The largest stored value that is read: larger bytes were not written by this program.
const LIMIT: usize = 4 << 20;

const CONFIG: Configuration<LittleEndian, Varint, Limit<LIMIT>> =
    bincode::config::standard().with_limit::<LIMIT>();

/// The kind of a stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A record of the journal.
    Record,
    /// An order in the index.
    Order,
    /// A payment in the index.
    Payment,
    /// The answer to a keyed request.
    Reply,
    /// A balance.
    Balance,
    /// The position of the index in the journal.
    Applied,
}

impl Kind {
    const fn tag(self) -> u8 {
        match self {
            Self::Record => 1,
            Self::Order => 2,
            Self::Payment => 3,
            Self::Reply => 4,
            Self::Balance => 5,
            Self::Applied => 6,
        }
    }

    /// The schema that is written today.
    pub const fn schema(self) -> u8 {
        match self {
            Self::Record => schema::RECORD,
            // Index values of another schema are never read: the index is rebuilt instead.
            Self::Order => 2,
            Self::Payment => 6,
            Self::Reply | Self::Balance | Self::Applied => 1,
        }
    }
}

/// Appends kind, schema and body to `to`.
pub fn encode_into<T: Encode>(kind: Kind, value: &T, to: &mut Vec<u8>) -> Result<(), StoreError> {
    to.push(kind.tag());
    to.push(kind.schema());
    bincode::encode_into_std_write(value, to, CONFIG)
        .map_err(|error| StoreError::failed(format!("a {kind:?} does not encode: {error}")))?;
    Ok(())
}

/// Kind, schema and body.
pub fn encode<T: Encode>(kind: Kind, value: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(256);
    encode_into(kind, value, &mut bytes)?;
    Ok(bytes)
}

/// Appends a record with its length before it, as a frame's body holds them.
pub fn push_record(record: &Record, body: &mut Vec<u8>) -> Result<(), StoreError> {
    let start = body.len();
    body.extend_from_slice(&[0; 4]);
    encode_into(Kind::Record, record, body)?;
    let written = body.len().saturating_sub(start).saturating_sub(4);
    let length = u32::try_from(written)
        .map_err(|_| StoreError::failed("a record is too long".to_owned()))?;
    if let Some(prefix) = body.get_mut(start..start.saturating_add(4)) {
        prefix.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

/// The records of a frame's body, in order.
pub fn records(body: &[u8]) -> impl Iterator<Item = Result<Record, StoreError>> + '_ {
    slices(body).map(|slice| decode_record(slice?))
}

/// One record of a frame's body, without decoding those before it.
pub fn record_at(body: &[u8], at: usize) -> Option<Result<Record, StoreError>> {
    let slice = slices(body).nth(at)?;
    Some(slice.and_then(decode_record))
}

fn slices(body: &[u8]) -> impl Iterator<Item = Result<&[u8], StoreError>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let split = rest.split_first_chunk().and_then(|(length, after)| {
            after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
        });
        let Some((record, after)) = split else {
            rest = &[];
            return Some(Err(StoreError::Damaged(
                "a frame's records do not fill it".to_owned(),
            )));
        };
        rest = after;
        Some(Ok(record))
    })
}

/// Reads bytes that [`encode`] wrote in today's schema; trailing bytes are an error.
pub fn decode<T: Decode<()>>(kind: Kind, bytes: &[u8]) -> Result<T, StoreError> {
    let (schema, body) = head(kind, bytes)?;
    if schema != kind.schema() {
        return Err(other_schema(kind, schema));
    }
    self::body(body)
}

/// Reads a record of any schema that a version of this program has written.
pub fn decode_record(bytes: &[u8]) -> Result<Record, StoreError> {
    let (schema, body) = head(Kind::Record, bytes)?;
    schema::record(schema, body).unwrap_or_else(|| Err(other_schema(Kind::Record, schema)))
}

/// The schema and the body behind it.
fn head(kind: Kind, bytes: &[u8]) -> Result<(u8, &[u8]), StoreError> {
    match bytes {
        [tag, schema, body @ ..] if *tag == kind.tag() => Ok((*schema, body)),
        [_, _, ..] => Err(damaged(kind, "it is of another kind")),
        _ => Err(damaged(kind, "too short")),
    }
}

/// Reads a body; trailing bytes are an error.
pub(super) fn body<T: Decode<()>>(body: &[u8]) -> Result<T, StoreError> {
    let damaged =
        |what: &str| StoreError::Damaged(format!("a value of {} bytes: {what}", body.len()));
    let (value, used) =
        bincode::decode_from_slice(body, CONFIG).map_err(|error| damaged(&error.to_string()))?;
    if used == body.len() {
        Ok(value)
    } else {
        Err(damaged("bytes are left over"))
    }
}

fn damaged(kind: Kind, what: &str) -> StoreError {
    StoreError::Damaged(format!("a {kind:?}: {what}"))
}

fn other_schema(kind: Kind, schema: u8) -> StoreError {
    let what = if schema > kind.schema() {
        "newer than this program; use the version that wrote it, or a later one"
    } else {
        "one that this program does not read"
    };
    damaged(kind, &format!("its schema {schema} is {what}"))
}
