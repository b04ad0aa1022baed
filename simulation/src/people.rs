//! The people: each order is a story of a merchant, an impatient buyer, and a gateway. Their actions are drawn; the
//! answers are checked against what they may expect.

pub mod basket;
pub mod checkout;
pub mod office;
pub mod shopping;
pub mod strangers;

pub use office::office_hours;
pub use shopping::order_story;
pub use strangers::stranger;
