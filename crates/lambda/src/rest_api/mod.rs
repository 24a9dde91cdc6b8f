//! A request as API Gateway hands it to a function (REST API, proxy integration).

mod caller;
mod settings;

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use warden_core::{Error, chat::Refusal};

pub use caller::Identity;
pub use settings::ApiSettings;

use crate::request_body;

/// Most bytes of a body. Lambda takes no event over 6 MB, in which the body
/// stands as a JSON string.
pub const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

/// The parts of the event that functions read. The key that the caller sent is
/// in it too, and is not among them. Its body is content, so there is no `Debug`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    http_method: String,
    resource: String,
    path_parameters: Option<HashMap<String, String>>,
    headers: Option<HashMap<String, String>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(default, rename = "requestContext")]
    context: RequestContext,
}

/// What API Gateway says of a request.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestContext {
    /// Its id, which is in the access log too.
    pub request_id: Option<String>,
    /// Who sent it.
    pub identity: Identity,
}

impl RequestContext {
    /// The metadata of Bedrock's record of a call: a JSON object of texts.
    #[must_use]
    pub fn metadata(&self) -> String {
        self.identity.request_metadata(self.request_id.as_deref())
    }

    /// Logs why a request has no answer, and nothing that its caller wrote.
    pub fn log_refusal(&self, refusal: &Refusal) {
        tracing::warn!(
            request_id = self.request_id,
            caller = self.identity.caller(),
            status = refusal.status(),
            error = refusal.code(),
            reason = refusal.log_reason(),
            "request refused"
        );
    }
}

impl Request {
    /// Reads an event.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for an event that is not an API Gateway request.
    pub fn read(event: Value) -> Result<Self, Error> {
        serde_json::from_value(event)
            .map_err(|_| Error::invalid("event", "is not a request of an API Gateway REST API"))
    }

    /// The path as the API's definition has it, such as `/generate/{prompt}`.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The HTTP method, in capitals.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.http_method
    }

    /// A parameter of the path by its name, encoded as the caller sent it.
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.as_ref()?.get(name).map(String::as_str)
    }

    /// A header's value by its name, in any case; empty when it was not sent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter().flatten();
        headers.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(&**value)).unwrap_or_default()
    }

    /// Takes the body out of it.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] over [`MAX_BODY_BYTES`], and [`Error::InvalidInput`]
    /// for a body that should be base64 and is not.
    pub fn take_body(&mut self) -> Result<Vec<u8>, Refusal> {
        request_body::bytes(self.body.take().unwrap_or_default(), self.is_base64_encoded, MAX_BODY_BYTES)
    }

    /// What API Gateway says of the request.
    #[must_use]
    pub const fn context(&self) -> &RequestContext {
        &self.context
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_read_with_what_api_gateway_leaves_out() {
        let mut request = Request::read(json!({
            "resource": "/generate/{prompt}", "httpMethod": "GET", "pathParameters": {"prompt": "a%20b"},
            "headers": {"Accept": "text/event-stream"}, "body": null,
        }))
        .unwrap();
        assert_eq!((request.resource(), request.method()), ("/generate/{prompt}", "GET"));
        assert_eq!((request.path_parameter("prompt"), request.path_parameter("model")), (Some("a%20b"), None));
        assert_eq!((request.header("accept"), request.header("host")), ("text/event-stream", ""));
        assert_eq!(request.take_body().unwrap(), b"");
        assert_eq!(request.context().metadata(), "{}");
    }

    #[test]
    fn an_event_of_something_else_is_an_invalid_input() {
        for event in [json!("not JSON"), json!({}), json!({"resource": "/"}), json!({"version": "2.0", "body": "{}"})] {
            let error = Request::read(event).err().unwrap();
            assert_eq!(error.to_string(), "event: is not a request of an API Gateway REST API");
        }
    }
}
