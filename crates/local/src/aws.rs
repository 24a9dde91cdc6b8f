//! Clients of the local engine. They know no other endpoint and no other
//! credentials: nothing of the user's AWS settings is read.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sfn::config::retry::RetryConfig;
use aws_sdk_sfn::config::timeout::TimeoutConfig;
use aws_sdk_sfn::config::{BehaviorVersion, Region};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_types::SdkConfig;
use std::time::Duration;
use warden_control_plane::{ControlPlane, Service, s3::S3};

use crate::engine::{ACCESS_KEY, REGION};

/// No call to an engine on this machine takes longer, that of a stack's event aside.
const ATTEMPT_LIMIT: Duration = Duration::from_mins(1);

/// One client for each service that this crate calls.
#[derive(Clone, Debug)]
pub struct Clients {
    /// What the clients are made from.
    pub config: SdkConfig,
    /// S3.
    pub s3: S3,
    /// CloudFormation.
    pub cloudformation: ControlPlane,
    /// EventBridge.
    pub eventbridge: ControlPlane,
    /// Step Functions.
    pub stepfunctions: aws_sdk_sfn::Client,
    /// SQS.
    pub sqs: ControlPlane,
}

impl Clients {
    /// Clients of the engine at `endpoint`.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::from_static(REGION))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                ACCESS_KEY,
                ACCESS_KEY,
                None,
                None,
                "the local engine's",
            )))
            // No TLS, and none of the proxies that the environment may name.
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_LIMIT).build())
            .build();
        Self {
            s3: S3::new(&config),
            cloudformation: ControlPlane::new(&config, Service::CLOUD_FORMATION),
            eventbridge: ControlPlane::new(&config, Service::EVENT_BRIDGE),
            stepfunctions: aws_sdk_sfn::Client::new(&config),
            sqs: ControlPlane::new(&config, Service::SQS),
            config,
        }
    }
}

/// A call to the engine that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("{action} failed: {reason}")]
pub struct CallError {
    /// Which call.
    pub action: &'static str,
    /// What the engine said.
    pub reason: String,
}

impl CallError {
    /// Says which call an SDK's error came from.
    pub(crate) fn of<E>(action: &'static str) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + 'static,
    {
        move |error| {
            let mut reason = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                let cause_text = cause.to_string();
                if !reason.contains(&cause_text) {
                    reason = format!("{reason}: {cause_text}");
                }
                source = cause.source();
            }
            Self { action, reason }
        }
    }
}
