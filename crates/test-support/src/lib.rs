//! What tests of several crates share: AWS as recorded, and JSON under its schema.

mod json_schema;
mod recorded_aws;

pub use json_schema::faults;
pub use recorded_aws::{Answer, RecordedAws, sdk_config};
