//! Balances of accounts as stored in the index: the sums of postings, each with the last record that changed it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bincode::{Decode, Encode};

use super::KeyReader;
use crate::amounts::Component;
use crate::ledger::{Account, Posting};
use crate::money::Currency;
use crate::store::codec::{self, Kind};
use crate::store::keys::{self, Key};
use crate::store::{StoreError, Write};

/// Debits minus credits of an account, in minor units: positive if others owe us, negative if we owe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Balance {
    /// The last record that changed it.
    pub record: u64,
    /// Debits less credits.
    pub minor: i128,
}

/// The recently used balances, cached by the thread that applies records. All of them are in the index.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Balances(BTreeMap<(Account, Component, Currency), CachedBalance>);

/// A balance with the key it is stored under.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CachedBalance {
    key: Key,
    balance: Balance,
}

impl Balances {
    /// The largest number of cached balances; above it, all are dropped and read again.
    const MOST_KEPT: usize = 4_096;

    /// Drops cached balances if there are too many. Call only between batches: what a batch has changed is nowhere
    /// else.
    pub fn trim(&mut self) {
        if self.0.len() > Self::MOST_KEPT {
            self.0.clear();
        }
    }

    /// Reads the balances of a posting's accounts into the cache.
    pub fn load(
        &mut self,
        source: &impl KeyReader,
        posting: &Posting<'_>,
    ) -> Result<(), StoreError> {
        for account in [posting.from, posting.to] {
            let at = (account, posting.component, posting.currency);
            if let Entry::Vacant(vacant) = self.0.entry(at) {
                let key = keys::balance(at.0, at.1, at.2);
                let stored = source.get(&key)?;
                let balance = stored
                    .map(|bytes| source.decoded(Kind::Balance, &bytes))
                    .transpose()?;
                vacant.insert(CachedBalance {
                    key,
                    balance: balance.unwrap_or_default(),
                });
            }
        }
        Ok(())
    }

    /// Applies one record's postings, skipping balances that have the record already; writes the changed ones. The
    /// accounts must have been loaded.
    pub fn apply(
        &mut self,
        record: u64,
        postings: &[Posting<'_>],
        writes: &mut Vec<Write>,
    ) -> Result<(), StoreError> {
        for (at, delta) in sums(postings)? {
            let Some(kept) = self.0.get_mut(&at) else {
                return Err(StoreError::failed("a balance was not loaded"));
            };
            if kept.balance.record < record {
                kept.balance.minor = kept.balance.minor.checked_add(delta).ok_or_else(overflow)?;
                kept.balance.record = record;
                let value = codec::encode(Kind::Balance, &kept.balance)?;
                writes.push(Write {
                    key: kept.key.clone(),
                    value: Some(value),
                    fresh: false,
                });
            }
        }
        Ok(())
    }
}

type Sums = BTreeMap<(Account, Component, Currency), i128>;

/// The amounts that one record moves, by account.
fn sums(postings: &[Posting<'_>]) -> Result<Sums, StoreError> {
    let mut sums = Sums::new();
    for posting in postings {
        let minor = i128::from(posting.minor);
        for (account, delta) in [
            (posting.from, Some(minor)),
            (posting.to, minor.checked_neg()),
        ] {
            let sum = sums
                .entry((account, posting.component, posting.currency))
                .or_default();
            *sum = delta
                .and_then(|delta| sum.checked_add(delta))
                .ok_or_else(overflow)?;
        }
    }
    Ok(sums)
}

fn overflow() -> StoreError {
    StoreError::Damaged("a balance leaves the range of 128 bits".to_owned())
}
