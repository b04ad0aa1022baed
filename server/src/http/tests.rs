//! The whole layer as callers meet it: a real listener, routes of the test's own, a clock that
//! stands still.

mod bodies;
mod callers;
mod connections;
mod harness;
mod key_sets;
mod login;
mod pages;
mod refusals;
