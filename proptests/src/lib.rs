//! A second opinion on the engine: models written from its rules and never from its tables, and disks that fail in
//! every way that can be simulated.
//!
//! `PROPTEST_CASES` scales how much is tried. A failure prints the seed that `PROPTEST_RNG_SEED` takes to see
//! it again, and the shortest story that proptest found.

#[cfg(test)]
mod arithmetic;
#[cfg(test)]
mod chance;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod halfway;
#[cfg(test)]
mod indexes;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod model;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod power;
#[cfg(test)]
mod prices;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod rubbish;
#[cfg(test)]
mod shop;
#[cfg(test)]
mod story;
#[cfg(test)]
mod threads;
