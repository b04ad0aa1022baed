//! Behaviour through HTTP, told as stories: a shop is opened, orders are paid, and what the API
//! shows is what must be so. Each module is one chapter.

#![allow(
    clippy::disallowed_methods,
    reason = "a test stands outside the program, in the real world"
)]

mod alerts;
mod bad_input;
mod clocks;
mod command_line;
mod contract;
mod deadlines;
mod directory;
mod discounts;
mod doctor;
mod figures;
mod free_orders;
mod generated;
mod holds;
mod late_money;
mod listing;
mod logins;
mod names;
mod notifications;
mod pages;
mod paying;
mod people;
mod privacy;
mod races;
mod refusal_log;
mod rejections;
mod remote_holds;
mod repeating;
mod toss;
mod traces;
mod unanswered;
mod upgrade;
