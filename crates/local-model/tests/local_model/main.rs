//! The endpoint as a caller sees it: protocol, streams, pictures that are read, and the way to another server.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "in a test a panic is the report")]

mod drawing;
mod protocol;
mod reading;
mod streaming;
mod support;
mod upstream;
