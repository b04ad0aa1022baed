//! The daegeum server: the HTTP API over the engine, gateway notifications, jobs, the command line.
//!
//! [`serve`](mod@serve) puts it together; [`routes`] lists every path; [`app`] is all that a handler may touch.
//! [`http`] has all that requests share, [`world`] all that is not a function of its input.

pub mod api;
pub mod app;
pub mod assembly;
pub mod cli;
#[cfg(feature = "sandbox")]
pub mod clock;
pub mod config;
pub mod domain_clock;
pub mod engine_room;
pub mod gateway;
mod hex;
pub mod http;
pub mod jobs;
mod keyed;
mod listening;
mod metrics_listener;
mod modes;
mod notifications;
pub mod outside;
pub mod pages;
mod receipts;
pub mod routes;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod seal;
pub mod serve;
#[cfg(feature = "sandbox")]
pub mod shop;
pub mod telemetry;
pub mod text;
pub mod transitions;
mod waiting_room;
pub mod welcome;
pub mod world;
