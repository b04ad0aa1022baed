//! How stored values are written: a kind, a schema version, and a bincode body.
//!
//! A body is not self-describing, so its version's types are frozen: to change one, copy the old types into
//! `schema`, give the new ones the next number, and read the old into the new. Golden files hold every
//! version to its bytes.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::{Decode, Encode};

use super::StoreError;
use super::record::Record;

/// Largest stored value that is read: beyond it the bytes are not ours.
const LIMIT: usize = 4 << 20;

const CONFIG: Configuration<LittleEndian, Varint, Limit<LIMIT>> =
    bincode::config::standard().with_limit::<LIMIT>();

/// What a stored value is.
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
    /// How far the index has come.
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
            // An index of an earlier layout is made anew, so what it has is never read. Of payments: 2: sessions and
            // exchanges with gateways; 3: marks, refused returns. Of orders: 2: marks.
            Self::Payment => 3,
            Self::Order => 2,
            _ => 1,
        }
    }
}

/// Appends kind, schema and body to `to`.
pub fn encode_into<T: Encode>(kind: Kind, value: &T, to: &mut Vec<u8>) -> Result<(), StoreError> {
    to.push(kind.tag());
    to.push(kind.schema());
    bincode::encode_into_std_write(value, to, CONFIG)
        .map_err(|error| StoreError::Failed(format!("a {kind:?} does not encode: {error}")))?;
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
        .map_err(|_| StoreError::Failed("a record is too long".to_owned()))?;
    if let Some(prefix) = body.get_mut(start..start.saturating_add(4)) {
        prefix.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

/// The records of a frame's body, in order.
pub fn records(body: &[u8]) -> impl Iterator<Item = Result<Record, StoreError>> + '_ {
    slices(body).map(|slice| decode(Kind::Record, slice?))
}

/// One record of a frame's body, without decoding those before it.
pub fn record_at(body: &[u8], at: usize) -> Option<Result<Record, StoreError>> {
    let slice = slices(body).nth(at)?;
    Some(slice.and_then(|slice| decode(Kind::Record, slice)))
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

/// Reads what [`encode`] wrote; all of it has to be used.
pub fn decode<T: Decode<()>>(kind: Kind, bytes: &[u8]) -> Result<T, StoreError> {
    let damaged =
        |what: &str| StoreError::Damaged(format!("a {kind:?} of {} bytes: {what}", bytes.len()));
    let [tag, schema, body @ ..] = bytes else {
        return Err(damaged("too short"));
    };
    if *tag != kind.tag() {
        return Err(damaged("it is of another kind"));
    }
    if *schema != kind.schema() {
        return Err(damaged(
            "its schema is newer than this program; use the version that wrote it, or a later one",
        ));
    }
    let (value, used) =
        bincode::decode_from_slice(body, CONFIG).map_err(|error| damaged(&error.to_string()))?;
    if used == body.len() {
        Ok(value)
    } else {
        Err(damaged("bytes are left over"))
    }
}
