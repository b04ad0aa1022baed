//! Daegeum's checkout for browsers and Node: bindings over the engine's rules, and fetch.
//!
//! The map: [`handle`] is a checkout as its token describes it, [`calls`] the requests to the server, [`reading`] its
//! answers, [`patience`] repeats until there is an answer, [`window`] the gateways' windows, [`returned`] a returned
//! approval, [`flow`] all of it in order, [`receipt`] verifies receipts offline, [`session_fields`] a buyer's data.
//! [`host`] has the functions that JavaScript provides, [`failure`] the errors thrown, [`fields`] reads JavaScript objects.
//! [`bindings`] are the functions that `js/index.js` calls; the public API is there and in `js/index.d.ts`.
//!
//! No rule of payments is here: the permitted actions, the parsing of addresses, the delays and the rules for a
//! buyer's data are the engine's.

pub mod bindings;
pub mod calls;
pub mod failure;
pub mod fields;
pub mod flow;
pub mod handle;
pub mod host;
pub mod patience;
pub mod reading;
pub mod receipt;
pub mod returned;
pub mod session_fields;
pub mod window;
