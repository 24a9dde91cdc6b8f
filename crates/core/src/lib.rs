//! What Bedrock Warden decides: what an upload is, whether an image holds
//! personal data, how bad an event is, and what may be removed.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no
//! environment. What a decision needs from outside stands in [`ports`] and is
//! implemented by `warden-aws`.

pub mod analysis;
pub mod audit;
pub mod backfill;
pub mod bedrock;
pub mod budget;
pub mod chat;
pub mod cloudtrail;
pub mod error;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
pub mod fields;
pub mod hashed;
pub mod image;
pub mod intake;
pub mod invocation_logging;
pub mod json;
pub mod metadata;
mod named;
pub mod pii;
pub mod ports;
pub mod threat;

pub use error::{Error, ErrorName};
