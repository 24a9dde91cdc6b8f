//! What tests of several crates share: AWS as recorded.

mod recorded_aws;

pub use recorded_aws::{Answer, RecordedAws, sdk_config};
