//! The people: each order is a story of a merchant, a buyer with too many fingers, and a gateway. What they do is
//! drawn; what they may expect is held against what they get.

pub mod basket;
pub mod checkout;
pub mod office;
pub mod shopping;
pub mod strangers;

pub use office::office_hours;
pub use shopping::order_story;
pub use strangers::stranger;
