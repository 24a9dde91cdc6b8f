//! Texts in Systems Manager's Parameter Store.

use aws_config::SdkConfig;
use aws_sdk_ssm::{
    Client,
    config::Builder,
    error::{ProvideErrorMetadata, SdkError},
    types::ParameterType,
};
use warden_core::{Error, invocation_logging::ParameterStore};

use crate::{SETUP_TIMEOUT, timeouts};

/// The Parameter Store of the function's account and Region.
#[derive(Clone, Debug)]
pub struct SsmParameters(Client);

impl SsmParameters {
    /// The store on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::from_conf(Builder::from(config).timeout_config(timeouts(SETUP_TIMEOUT)).build()))
    }
}

impl ParameterStore for SsmParameters {
    async fn get(&self, name: &str) -> Result<Option<String>, Error> {
        match self.0.get_parameter().name(name).send().await {
            Ok(found) => Ok(found.parameter.and_then(|parameter| parameter.value)),
            Err(error) if error.code() == Some("ParameterNotFound") => Ok(None),
            Err(error) => Err(failure("ssm:GetParameter", name, &error)),
        }
    }

    async fn create(&self, name: &str, text: &str) -> Result<(), Error> {
        let request = self.0.put_parameter().name(name).value(text).r#type(ParameterType::String).overwrite(false);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ParameterAlreadyExists") => Ok(()),
            Err(error) => Err(failure("ssm:PutParameter", name, &error)),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), Error> {
        match self.0.delete_parameter().name(name).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ParameterNotFound") => Ok(()),
            Err(error) => Err(failure("ssm:DeleteParameter", name, &error)),
        }
    }
}

fn failure<E: ProvideErrorMetadata>(action: &'static str, name: &str, error: &SdkError<E>) -> Error {
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    match error.code() {
        Some("AccessDeniedException") => Error::AccessDenied {
            action,
            what: format!("parameter {name}"),
            hint: "allow it in the function's role, and see that no service control policy denies it",
        },
        code => Error::Internal {
            problem: format!("{action} failed on parameter {name} ({status} {})", code.unwrap_or("no answer")),
        },
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ssm::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
    use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
    use aws_smithy_types::body::SdkBody;
    use serde_json::{Value, json};

    use super::*;

    fn store(status: u16, error_type: &str, body: &Value) -> (SsmParameters, StaticReplayClient) {
        let request = http::Request::builder().uri("https://ssm").body(SdkBody::empty()).unwrap();
        let mut body = body.clone();
        if !error_type.is_empty() {
            body["__type"] = error_type.into();
        }
        let response = http::Response::builder().status(status).body(SdkBody::from(body.to_string())).unwrap();
        let http = StaticReplayClient::new(vec![ReplayEvent::new(request, response)]);
        let config = aws_sdk_ssm::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .http_client(http.clone())
            .build();
        (SsmParameters(Client::from_conf(config)), http)
    }

    fn sent(http: &StaticReplayClient) -> Value {
        serde_json::from_slice(http.actual_requests().next().unwrap().body().bytes().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_text_is_read_and_one_that_is_not_there_is_none() {
        let (found, http) = store(200, "", &json!({"Parameter": {"Name": "/a", "Value": "text"}}));
        assert_eq!(found.get("/a").await, Ok(Some("text".into())));
        assert_eq!(sent(&http), json!({"Name": "/a"}));
        let (missing, _) = store(400, "ParameterNotFound", &json!({}));
        assert_eq!(missing.get("/a").await, Ok(None));
    }

    #[tokio::test]
    async fn a_text_that_is_there_is_never_overwritten() {
        let (store_, http) = store(200, "", &json!({"Version": 1}));
        assert_eq!(store_.create("/a", "text").await, Ok(()));
        assert_eq!(sent(&http), json!({"Name": "/a", "Value": "text", "Type": "String", "Overwrite": false}));
        let (there, _) = store(400, "ParameterAlreadyExists", &json!({}));
        assert_eq!(there.create("/a", "text").await, Ok(()));
    }

    #[tokio::test]
    async fn to_delete_what_is_not_there_is_no_failure() {
        for (status, error_type) in [(200, ""), (400, "ParameterNotFound")] {
            assert_eq!(store(status, error_type, &json!({})).0.delete("/a").await, Ok(()));
        }
    }

    #[tokio::test]
    async fn a_failure_says_what_was_tried_and_repeats_no_message() {
        for (status, error_type, name) in
            [(400, "AccessDeniedException", "AccessDenied"), (500, "InternalServerError", "Internal")]
        {
            let (store, _) = store(status, error_type, &json!({"message": "secret text"}));
            let error = store.get("/a").await.unwrap_err();
            assert_eq!(error.name().as_str(), name);
            assert!(error.to_string().contains("ssm:GetParameter"), "{error}");
            assert!(!format!("{error:?}").contains("secret text"));
        }
    }
}
