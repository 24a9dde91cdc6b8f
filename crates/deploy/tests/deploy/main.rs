//! Deploying to Step Functions, as a program that uses this library sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apply;
mod canary;
mod operate;
mod plan;
mod security_audit;
mod state_machine_cases;
mod support;
