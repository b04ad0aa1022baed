//! Daegeum's engine: the domain of payments, pure, and (feature `store`) its embedded store.
//!
//! The map: [`payment`], [`order`], [`claim`] and [`operation`] are the machines, each defined by one
//! [`mod@lifecycle`] table. A [`command`] is decided by [`mod@decide`] on a [`group`] of records; the result is
//! [`event`]s; `evolve` computes the next state from each, and [`ledger`] the postings. [`wire`] is the JSON of the
//! API, and nothing stored has its types. [`store`] defines a commit.

pub mod amounts;
pub mod brought_back;
pub mod capabilities;
pub mod card;
pub mod claim;
pub mod command;
pub mod consent;
pub mod contact;
pub mod decide;
pub mod easy_pay;
pub mod event;
pub mod group;
pub mod id;
pub mod idempotency;
pub mod ledger;
pub mod lifecycle;
pub mod method;
pub mod money;
pub mod operation;
pub mod order;
pub mod payment;
pub mod planted;
pub mod polling;
pub mod pricing;
pub mod provider;
pub mod receipt;
pub mod rejection;
pub mod sealed;
pub mod session;
pub mod signature;
pub mod store;
pub mod stream;
pub mod text;
pub mod time;
pub mod wire;
