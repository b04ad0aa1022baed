//! Toss's contract, rule by rule, against the simulator's core; and a few things over real
//! sockets. Each chapter is a section of the contract.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a test may fail by panicking, and stands outside the program"
)]

mod access;
mod browser;
mod cancelling;
mod cards;
mod confirming;
mod dial;
mod idempotency;
mod notifications;
mod payment_object;
mod remembering;
mod shop;
mod sockets;
mod virtual_accounts;
