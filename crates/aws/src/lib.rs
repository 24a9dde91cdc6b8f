//! The ports of `warden-core` on AWS. No function reaches them
//! in another way.
//!
//! Each port stands behind a feature of its own, so that a function links only
//! the SDK that it calls.

use std::time::Duration;

use aws_smithy_types::timeout::TimeoutConfig;

#[cfg(feature = "bedrock")]
mod bedrock;
#[cfg(feature = "bedrock-logging")]
mod bedrock_logging;
#[cfg(feature = "cloudformation-response")]
mod cloudformation_response;
#[cfg(feature = "control-plane")]
mod control_plane;
mod environment;
#[cfg(any(feature = "bedrock", feature = "sagemaker"))]
mod event_stream;
#[cfg(feature = "ledger")]
mod ledger_table;
#[cfg(feature = "replay-bus")]
mod replay_bus;
#[cfg(any(feature = "bedrock", feature = "sagemaker"))]
mod retries;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "sagemaker")]
mod sagemaker;
#[cfg(feature = "sns")]
mod sns;
#[cfg(feature = "ssm")]
mod ssm;
#[cfg(any(feature = "bedrock", feature = "sagemaker"))]
mod unanswered;

#[cfg(feature = "bedrock")]
pub use bedrock::{Bedrock, BedrockAnswer, BedrockSettings};
#[cfg(feature = "bedrock-logging")]
pub use bedrock_logging::BedrockLogging;
#[cfg(feature = "cloudformation-response")]
pub use cloudformation_response::ResponseUrls;
pub use environment::sdk_config;
#[cfg(feature = "ledger")]
pub use ledger_table::LedgerTable;
#[cfg(feature = "replay-bus")]
pub use replay_bus::ReplayBus;
#[cfg(feature = "s3")]
pub use s3::{S3Body, S3ObjectStore};
#[cfg(feature = "sagemaker")]
pub use sagemaker::{SageMakerAnswer, SageMakerSettings, SageMakerStream};
#[cfg(feature = "sns")]
pub use sns::SnsTopics;
#[cfg(feature = "ssm")]
pub use ssm::SsmParameters;

/// Time limit for a call that sets something up, over all attempts.
#[cfg(feature = "control-plane")]
const SETUP_TIMEOUT: Duration = Duration::from_secs(8);

/// Time limit for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

fn timeouts(operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(operation).build()
}
