//! The daegeum server as a library: configuration, the world, the HTTP layer every request
//! shares, metrics and logs. The business behind the routes is the engine's.

pub mod cli;
#[cfg(feature = "sandbox")]
pub mod clock;
pub mod config;
pub mod http;
pub mod telemetry;
pub mod world;
