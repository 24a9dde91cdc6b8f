//! Model invocation logging, by Bedrock's control plane.

use aws_config::SdkConfig;
use aws_sdk_bedrock::{
    Client,
    config::Builder,
    error::{BuildError, ProvideErrorMetadata, SdkError},
    types,
};
use warden_core::{
    Error,
    invocation_logging::{CloudWatchConfig, InvocationLogging, LoggingConfiguration, S3Config},
};

use crate::{SETUP_TIMEOUT, timeouts};

/// The logging of the function's account and Region.
#[derive(Clone, Debug)]
pub struct BedrockLogging(Client);

impl BedrockLogging {
    /// The logging on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::from_conf(Builder::from(config).timeout_config(timeouts(SETUP_TIMEOUT)).build()))
    }
}

impl InvocationLogging for BedrockLogging {
    async fn configuration(&self) -> Result<Option<LoggingConfiguration>, Error> {
        let answer = self.0.get_model_invocation_logging_configuration().send().await;
        let answer = answer.map_err(|error| failure("bedrock:GetModelInvocationLoggingConfiguration", &error))?;
        Ok(answer.logging_config.map(from_sdk))
    }

    async fn put(&self, configuration: &LoggingConfiguration) -> Result<(), Error> {
        let config = to_sdk(configuration).map_err(|_| Error::Internal {
            problem: "the logging configuration lacks a bucket's or a log group's name".into(),
        })?;
        let answer = self.0.put_model_invocation_logging_configuration().logging_config(config).send().await;
        answer.map(drop).map_err(|error| match error.code() {
            // So Bedrock says that it could not write where it is to write.
            Some("ValidationException") => Error::AccessDenied {
                action: "bedrock:PutModelInvocationLoggingConfiguration",
                what: "the log group or the bucket of the records".into(),
                hint: "Bedrock tries to write there: see the role for the log group, the bucket's policy, and the key's",
            },
            _ => failure("bedrock:PutModelInvocationLoggingConfiguration", &error),
        })
    }

    async fn delete(&self) -> Result<(), Error> {
        let answer = self.0.delete_model_invocation_logging_configuration().send().await;
        answer.map(drop).map_err(|error| failure("bedrock:DeleteModelInvocationLoggingConfiguration", &error))
    }
}

fn failure<E: ProvideErrorMetadata>(action: &'static str, error: &SdkError<E>) -> Error {
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    match error.code() {
        Some("AccessDeniedException") => Error::AccessDenied {
            action,
            what: "model invocation logging".into(),
            hint: "allow it in the function's role, with iam:PassRole on the role for the log group",
        },
        code => Error::Internal { problem: format!("{action} failed ({status} {})", code.unwrap_or("no answer")) },
    }
}

fn from_sdk(config: types::LoggingConfig) -> LoggingConfiguration {
    let bucket = |config: types::S3Config| S3Config { bucket_name: config.bucket_name, key_prefix: config.key_prefix };
    LoggingConfiguration {
        cloud_watch_config: config.cloud_watch_config.map(|config| CloudWatchConfig {
            log_group_name: config.log_group_name,
            role_arn: config.role_arn,
            large_data_delivery_s3_config: config.large_data_delivery_s3_config.map(bucket),
        }),
        s3_config: config.s3_config.map(bucket),
        text_data_delivery_enabled: config.text_data_delivery_enabled,
        image_data_delivery_enabled: config.image_data_delivery_enabled,
        embedding_data_delivery_enabled: config.embedding_data_delivery_enabled,
        video_data_delivery_enabled: config.video_data_delivery_enabled,
        audio_data_delivery_enabled: config.audio_data_delivery_enabled,
    }
}

fn to_sdk(configuration: &LoggingConfiguration) -> Result<types::LoggingConfig, BuildError> {
    let bucket = |config: &S3Config| {
        types::S3Config::builder().bucket_name(&config.bucket_name).set_key_prefix(config.key_prefix.clone()).build()
    };
    let log_group = |config: &CloudWatchConfig| {
        types::CloudWatchConfig::builder()
            .log_group_name(&config.log_group_name)
            .role_arn(&config.role_arn)
            .set_large_data_delivery_s3_config(config.large_data_delivery_s3_config.as_ref().map(bucket).transpose()?)
            .build()
    };
    Ok(types::LoggingConfig::builder()
        .set_cloud_watch_config(configuration.cloud_watch_config.as_ref().map(log_group).transpose()?)
        .set_s3_config(configuration.s3_config.as_ref().map(bucket).transpose()?)
        .set_text_data_delivery_enabled(configuration.text_data_delivery_enabled)
        .set_image_data_delivery_enabled(configuration.image_data_delivery_enabled)
        .set_embedding_data_delivery_enabled(configuration.embedding_data_delivery_enabled)
        .set_video_data_delivery_enabled(configuration.video_data_delivery_enabled)
        .set_audio_data_delivery_enabled(configuration.audio_data_delivery_enabled)
        .build())
}

#[cfg(test)]
mod tests {
    use aws_sdk_bedrock::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
    use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
    use aws_smithy_types::body::SdkBody;
    use serde_json::{Value, json};

    use super::*;

    fn logging(status: u16, error_type: &str, body: &Value) -> (BedrockLogging, StaticReplayClient) {
        let request = http::Request::builder().uri("https://bedrock").body(SdkBody::empty()).unwrap();
        let response = http::Response::builder()
            .status(status)
            .header("x-amzn-errortype", error_type)
            .body(SdkBody::from(body.to_string()))
            .unwrap();
        let http = StaticReplayClient::new(vec![ReplayEvent::new(request, response)]);
        let config = aws_sdk_bedrock::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .http_client(http.clone())
            .build();
        (BedrockLogging(Client::from_conf(config)), http)
    }

    fn everything() -> Value {
        json!({
            "cloudWatchConfig": {"logGroupName": "g", "roleArn": "arn:aws:iam::111122223333:role/r",
                                 "largeDataDeliveryS3Config": {"bucketName": "b", "keyPrefix": "large"}},
            "s3Config": {"bucketName": "b", "keyPrefix": "invocations"},
            "textDataDeliveryEnabled": true, "imageDataDeliveryEnabled": false, "embeddingDataDeliveryEnabled": false,
            "videoDataDeliveryEnabled": false, "audioDataDeliveryEnabled": true,
        })
    }

    #[tokio::test]
    async fn what_bedrock_says_is_set_is_what_it_is_told_to_set_again() {
        let (logging_, http) = logging(200, "", &json!({"loggingConfig": everything()}));
        let read = logging_.configuration().await.unwrap().unwrap();
        assert_eq!(
            http.actual_requests().next().unwrap().uri(),
            "https://bedrock.us-east-1.amazonaws.com/logging/modelinvocations"
        );
        assert_eq!(serde_json::to_value(&read).unwrap(), everything());
        let (logging_, http) = logging(200, "", &json!({}));
        logging_.put(&read).await.unwrap();
        let request = http.actual_requests().next().unwrap();
        assert_eq!(request.method(), "PUT");
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        assert_eq!(body, json!({"loggingConfig": everything()}));
    }

    #[tokio::test]
    async fn a_region_without_logging_has_no_configuration() {
        for body in [json!({}), json!({"loggingConfig": null})] {
            assert_eq!(logging(200, "", &body).0.configuration().await, Ok(None));
        }
    }

    #[tokio::test]
    async fn logging_is_deleted_by_one_call() {
        let (logging, http) = logging(200, "", &json!({}));
        logging.delete().await.unwrap();
        assert_eq!(http.actual_requests().next().unwrap().method(), "DELETE");
    }

    #[tokio::test]
    async fn a_failure_says_what_was_tried_and_repeats_no_message() {
        let message = json!({"message": "Failed to validate permissions for log group: secret text"});
        for (status, error_type, name) in [
            (400, "ValidationException", "AccessDenied"),
            (403, "AccessDeniedException", "AccessDenied"),
            (500, "InternalServerException", "Internal"),
            (429, "ThrottlingException", "Internal"),
        ] {
            let error =
                logging(status, error_type, &message).0.put(&LoggingConfiguration::default()).await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{error_type}");
            assert!(error.to_string().contains("bedrock:PutModelInvocationLoggingConfiguration"), "{error}");
            assert!(!format!("{error:?}").contains("secret text"));
        }
        assert!(logging(403, "AccessDeniedException", &message).0.configuration().await.is_err());
        assert!(logging(500, "InternalServerException", &message).0.delete().await.is_err());
    }
}
