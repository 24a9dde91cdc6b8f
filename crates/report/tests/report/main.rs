//! The figures of a period, and the page that shows them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod figures;
mod page;
mod records;
