//! The whole system on this machine, for development: the functions, template
//! and state machine that go to AWS, on a local AWS engine and a local model.

pub mod alert;
pub mod audit;
pub mod aws;
pub mod backfill;
pub mod chat;
pub mod clean_copies;
pub mod demo;
pub mod engine;
pub mod evaluate;
pub mod execution;
pub mod follow;
pub mod functions;
pub mod inbox;
pub mod instructions;
pub mod load;
pub mod model;
pub mod output;
pub mod pictures;
pub mod private_api;
pub mod questions;
pub mod report;
pub mod running;
pub mod scenario;
pub mod stack;
pub mod streaming_host;
pub mod system;
pub mod table;
pub mod template;
pub mod tools;
pub mod workspace;
