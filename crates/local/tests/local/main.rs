//! The programs of this crate, as people run them.

mod chat;
mod commands;
mod lifecycle;
