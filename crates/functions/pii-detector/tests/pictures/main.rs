//! The function on whole pictures, with the models that read text, and with a model that says that everything is clean.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "in a test a panic is the report")]

mod attacks;
mod masked_pages;
mod reading;
