//! The Messages body of `InvokeModel`: what each model takes, the request, the answer.

pub mod answer;
pub mod capabilities;
pub mod native_schema;
pub mod profile;
pub mod request;

pub use answer::{Answer, StopReason, Usage};
pub use capabilities::Capabilities;
pub use request::{ImageBody, Question};
