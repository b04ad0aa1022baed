//! Behaviour through HTTP: shops are opened, orders are paid, and the API's answers are checked. Each module is one
//! subject.

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
