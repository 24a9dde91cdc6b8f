//! How well pictures and events are judged: by code alone, by a model, by both, measured on labelled ones.
//!
//! Pictures go through pii-detector itself, so that what is measured is what is deployed. `warden-local evaluate` builds
//! this, installs what it needs and starts it.

pub mod baseline;
pub mod cases;
pub mod events;
pub mod judge;
pub mod label;
pub mod metrics;
pub mod page;
pub mod results;
pub mod run;
pub mod spend;
pub mod table;
