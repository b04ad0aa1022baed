//! Offline replacements for the outside world: the movable clock, and the gateways' simulators. Depends on no other
//! crate of ours: it is written from the gateways' contracts, so that it can prove our client wrong.

pub mod clock;
pub mod toss;
