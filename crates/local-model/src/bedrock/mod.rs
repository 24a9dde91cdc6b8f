//! Bedrock's wire protocol: what it accepts, what it refuses and how, and the
//! shape of its answers.

pub(crate) mod exception;
pub(crate) mod image_block;
pub(crate) mod model;
pub(crate) mod nova;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod schema;

pub(crate) use exception::Exception;
pub(crate) use model::Model;
pub(crate) use request::MessagesRequest;
pub(crate) use response::{MessagesResponse, StopReason, Usage};
