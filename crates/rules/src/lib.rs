//! Sigma rules in files. The function reads those of a layer, `warden rules
//! check` tests them with their events, and the template's event patterns are
//! written from what they can match.

mod check;
pub mod event_patterns;
mod files;

pub use check::{Report, check};
pub use files::{RuleFile, Unreadable, rule_files};
