//! Shared parts of the behaviour tests and the crash test: a shop with a real server behind it, callers of its API,
//! and a mock gateway with its own signing code. Nothing here knows a rule of the engine.

#![allow(
    clippy::disallowed_methods,
    reason = "a test stands outside the program, in the real world"
)]

pub mod caller;
pub mod checkout;
pub mod crash;
pub mod described;
pub mod drill;
pub mod gateway;
pub mod login;
pub mod program;
pub mod secrets;
pub mod shop;
pub mod story;
pub mod toss;
pub mod world;

pub use caller::{Answer, Caller};
pub use checkout::CheckoutVisit;
pub use drill::Drill;
pub use gateway::NotificationContent::{self, Canceled, Captured, Failed};
pub use shop::Shop;
pub use story::Says::{self, Fail, NoAnswer, Success};
pub use story::{Order, Payment};

use std::time::Duration;

/// Polls until the condition holds; fails the test if it never does.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    const LOOKS: u32 = 5_000;
    for _ in 0..LOOKS {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("waited in vain: {what}");
}
