//! Texts in Systems Manager's Parameter Store.

use aws_types::SdkConfig;
use serde_json::{Value, json};
use warden_control_plane::{Call, ControlPlane, Service};
use warden_core::{Error, invocation_logging::ParameterStore};

use crate::control_plane::{Failure, call, control_plane};

/// The Parameter Store of the function's account and Region.
#[derive(Clone, Debug)]
pub struct SsmParameters(ControlPlane);

impl SsmParameters {
    /// The store on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(control_plane(config, Service::json_1_1("SSM", "ssm")))
    }

    async fn call(&self, target: &'static str, body: Value) -> Result<Value, Failure> {
        call(&self.0, Call::rpc(target, &body)).await
    }
}

impl ParameterStore for SsmParameters {
    async fn get(&self, name: &str) -> Result<Option<String>, Error> {
        match self.call("AmazonSSM.GetParameter", json!({"Name": name})).await {
            Ok(found) => Ok(found["Parameter"]["Value"].as_str().map(str::to_owned)),
            Err(failure) if failure.code.as_deref() == Some("ParameterNotFound") => Ok(None),
            Err(failure) => Err(error("ssm:GetParameter", name, &failure)),
        }
    }

    async fn create(&self, name: &str, text: &str) -> Result<(), Error> {
        let parameter = json!({"Name": name, "Value": text, "Type": "String", "Overwrite": false});
        match self.call("AmazonSSM.PutParameter", parameter).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.code.as_deref() == Some("ParameterAlreadyExists") => Ok(()),
            Err(failure) => Err(error("ssm:PutParameter", name, &failure)),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), Error> {
        match self.call("AmazonSSM.DeleteParameter", json!({"Name": name})).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.code.as_deref() == Some("ParameterNotFound") => Ok(()),
            Err(failure) => Err(error("ssm:DeleteParameter", name, &failure)),
        }
    }
}

fn error(action: &'static str, name: &str, failure: &Failure) -> Error {
    match failure.code.as_deref() {
        Some("AccessDeniedException") => Error::AccessDenied {
            action,
            what: format!("parameter {name}"),
            hint: "allow it in the function's role, and check that no service control policy denies it",
        },
        _ => failure.error(action, &format!("parameter {name}")),
    }
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    fn store(status: u16, error_type: &str, body: &Value) -> (SsmParameters, RecordedAws) {
        let mut body = body.clone();
        if !error_type.is_empty() {
            body["__type"] = error_type.into();
        }
        let aws = RecordedAws::answering([Answer::new(status, body.to_string())]);
        (SsmParameters::new(&aws.config()), aws)
    }

    fn sent(aws: &RecordedAws) -> Value {
        serde_json::from_slice(aws.request().body().bytes().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_text_is_read_and_one_that_is_not_there_is_none() {
        let (found, aws) = store(200, "", &json!({"Parameter": {"Name": "/a", "Value": "text"}}));
        assert_eq!(found.get("/a").await, Ok(Some("text".into())));
        assert_eq!(sent(&aws), json!({"Name": "/a"}));
        let (missing, _) = store(400, "ParameterNotFound", &json!({}));
        assert_eq!(missing.get("/a").await, Ok(None));
    }

    #[tokio::test]
    async fn a_text_that_is_there_is_never_overwritten() {
        let (store_, aws) = store(200, "", &json!({"Version": 1}));
        assert_eq!(store_.create("/a", "text").await, Ok(()));
        assert_eq!(sent(&aws), json!({"Name": "/a", "Value": "text", "Type": "String", "Overwrite": false}));
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
        for (status, error_type, name) in [
            (400, "AccessDeniedException", "AccessDenied"),
            (500, "InternalServerError", "ServiceUnavailable"),
            (400, "ThrottlingException", "ServiceUnavailable"),
            (400, "InvalidKeyId", "Internal"),
        ] {
            let (store, _) = store(status, error_type, &json!({"message": "secret text"}));
            let error = store.get("/a").await.unwrap_err();
            assert_eq!(error.name().as_str(), name);
            assert!(error.to_string().contains("ssm:GetParameter"), "{error}");
            assert!(!format!("{error:?}").contains("secret text"));
        }
    }
}
