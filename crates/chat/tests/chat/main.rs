//! The binary, run as people and scripts run it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod once;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
