//! The page as a function of records.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod page;
