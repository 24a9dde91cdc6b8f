//! `warden`, run as people run it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod dead_letters;
mod deploy;
mod doctor;
mod exceptions;
mod ledger;
mod operate;
mod report;
mod rules;
mod selftest;
mod support;
