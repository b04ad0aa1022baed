//! The HTTP API. A handler decodes, asks the engine and encodes; it decides nothing.

pub mod admin;
pub(crate) mod answer;
mod buyer_choice;
mod card;
pub mod confirm;
mod consents;
mod contact;
mod discounts;
pub mod events;
mod figures;
pub mod gateways;
pub mod health;
pub mod me;
mod nothing;
pub mod openapi;
mod order_list;
pub mod orders;
mod page;
pub mod payments;
mod receipt_view;
pub mod receipts;
pub mod refunds;
mod remark;
pub mod route;
mod schema;
mod session_view;
pub mod sessions;

mod transactions;
pub mod vocabulary;

pub use schema::ReceiptSchema;
