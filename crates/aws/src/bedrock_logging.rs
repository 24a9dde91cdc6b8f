//! Model invocation logging, by Bedrock's control plane.

use aws_types::SdkConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use warden_control_plane::{Call, ControlPlane, Service};
use warden_core::{
    Error,
    invocation_logging::{InvocationLogging, LoggingConfiguration},
};

use crate::control_plane::{Failure, call, control_plane};

/// The logging of the function's account and Region.
#[derive(Clone, Debug)]
pub struct BedrockLogging(ControlPlane);

impl BedrockLogging {
    /// The logging on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(control_plane(config, Service::rest_json("Bedrock", "bedrock")))
    }

    async fn call(&self, method: &'static str, body: Option<Value>) -> Result<Value, Failure> {
        call(&self.0, Call::rest(method, "/logging/modelinvocations", body.as_ref())).await
    }
}

/// What `GetModelInvocationLoggingConfiguration` answers.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Current {
    logging_config: Option<LoggingConfiguration>,
}

impl InvocationLogging for BedrockLogging {
    async fn configuration(&self) -> Result<Option<LoggingConfiguration>, Error> {
        const ACTION: &str = "bedrock:GetModelInvocationLoggingConfiguration";
        let answer = self.call("GET", None).await.map_err(|failure| error(ACTION, &failure))?;
        let current: Current = serde_json::from_value(answer)
            .map_err(|_| Error::Internal { problem: format!("{ACTION} returned something unexpected") })?;
        Ok(current.logging_config)
    }

    async fn put(&self, configuration: &LoggingConfiguration) -> Result<(), Error> {
        const ACTION: &str = "bedrock:PutModelInvocationLoggingConfiguration";
        let answer = self.call("PUT", Some(json!({"loggingConfig": configuration}))).await;
        answer.map(drop).map_err(|failure| match failure.code.as_deref() {
            // So Bedrock says that it could not write where it is to write.
            Some("ValidationException") => Error::AccessDenied {
                action: ACTION,
                what: "the log group or the bucket of the records".into(),
                hint: "Bedrock tests whether it can write there: check the role for the log group, the bucket's policy, and the key's",
            },
            _ => error(ACTION, &failure),
        })
    }

    async fn delete(&self) -> Result<(), Error> {
        let answer = self.call("DELETE", None).await;
        answer.map(drop).map_err(|failure| error("bedrock:DeleteModelInvocationLoggingConfiguration", &failure))
    }
}

fn error(action: &'static str, failure: &Failure) -> Error {
    match failure.code.as_deref() {
        Some("AccessDeniedException") => Error::AccessDenied {
            action,
            what: "model invocation logging".into(),
            hint: "allow it in the function's role, with iam:PassRole on the role for the log group",
        },
        _ => failure.error(action, "model invocation logging"),
    }
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    fn logging(status: u16, error_type: &str, body: &Value) -> (BedrockLogging, RecordedAws) {
        let answer = Answer::new(status, body.to_string()).header("x-amzn-errortype", error_type);
        let aws = RecordedAws::answering([answer]);
        (BedrockLogging::new(&aws.config()), aws)
    }

    fn everything() -> Value {
        json!({
            "cloudWatchConfig": {"logGroupName": "g", "roleArn": "arn:aws:iam::111122223333:role/r",
                                 "largeDataDeliveryS3Config": {"bucketName": "records", "keyPrefix": "large"}},
            "s3Config": {"bucketName": "records", "keyPrefix": "invocations"},
            "textDataDeliveryEnabled": true, "imageDataDeliveryEnabled": false, "embeddingDataDeliveryEnabled": false,
            "videoDataDeliveryEnabled": false, "audioDataDeliveryEnabled": true,
        })
    }

    #[tokio::test]
    async fn what_bedrock_says_is_set_is_what_it_is_told_to_set_again() {
        let (logging_, aws) = logging(200, "", &json!({"loggingConfig": everything()}));
        let read = logging_.configuration().await.unwrap().unwrap();
        assert_eq!(aws.request().uri(), "https://bedrock.us-west-2.amazonaws.com/logging/modelinvocations");
        assert_eq!(serde_json::to_value(&read).unwrap(), everything());
        let (logging_, aws) = logging(200, "", &json!({}));
        logging_.put(&read).await.unwrap();
        let request = aws.request();
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
        let (logging, aws) = logging(200, "", &json!({}));
        logging.delete().await.unwrap();
        assert_eq!(aws.request().method(), "DELETE");
    }

    #[tokio::test]
    async fn a_failure_says_what_was_tried_and_repeats_no_message() {
        let message = json!({"message": "Failed to validate permissions for log group: secret text"});
        for (status, error_type, name) in [
            (400, "ValidationException", "AccessDenied"),
            (403, "AccessDeniedException", "AccessDenied"),
            (500, "InternalServerException", "ServiceUnavailable"),
            (429, "ThrottlingException", "ServiceUnavailable"),
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
