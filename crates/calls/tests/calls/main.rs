//! Reading records of calls, from disk and from AWS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aws;
mod files;
