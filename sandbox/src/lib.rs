//! What stands in for the outside world offline: the movable clock, and the gateways' simulators.
//! Depends on nothing of ours: it is written from the outside's contracts, so that it can prove us
//! wrong.

pub mod clock;
pub mod toss;
