//! The whole of daegeum in one deterministic run from a seed: the real routes, engine and store, on a simulated
//! disk, clock and network, with simulated gateways and people, on one thread, in virtual time.
//!
//! [`run`] tells one seed's day from the first order to the last check. [`machine`] is the computer that crashes,
//! [`world`] the server's time and randomness, [`network`] and [`gateways`] the ways in and out, [`people`] its
//! users; [`caller`], [`audit`] and [`ending`] check its promises. [`swarm`] draws the faults.

#![allow(
    clippy::disallowed_methods,
    reason = "how long real machines take is measured outside the simulated world"
)]

pub mod audit;
pub mod books;
pub mod caller;
pub mod dial;
pub mod dice;
pub mod disasters;
pub mod ending;
pub mod executor;
pub mod gateways;
pub mod logs;
pub mod machine;
pub mod many;
pub mod mock;
pub mod network;
pub mod people;
#[cfg(planted)]
pub mod planted;
pub mod run;
pub mod secrets;
pub mod swarm;
pub mod town;
pub mod trace;
pub mod world;
