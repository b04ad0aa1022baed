//! Daegeum's checkout for browsers and Node: bindings over the engine's rules, and fetch.
//!
//! The map: [`handle`] is a checkout as its token says it, [`calls`] what the server can be asked,
//! [`reading`] what it answers, [`patience`] asking until there is an answer, [`window`] the
//! gateways' windows, [`returned`] an approval that is brought back, [`flow`] all of it in order,
//! [`receipt`] what can be checked offline, [`said`] what a buyer says. [`host`] is what JavaScript does for us and [`failure`]
//! what it is thrown, [`fields`] how its objects are read. [`bindings`] are the functions that `js/index.js` calls; the public API is
//! there and in `js/index.d.ts`.
//!
//! No rule of payments is decided here: what a status permits, what an address brings back, how
//! long to wait and what a buyer's name may be is the engine's to say.

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
pub mod said;
pub mod window;
