//! The event of a function URL (payload 2.0): the few fields that matter.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use warden_core::{Error, chat::Refusal};

use crate::request_body;

/// An HTTP request. Its body is content, so there is no `Debug`.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    headers: HashMap<String, String>,
    body: String,
    is_base64: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    request_context: Context,
    headers: Option<HashMap<String, String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

#[derive(Deserialize)]
struct Context {
    http: Http,
}

#[derive(Deserialize)]
struct Http {
    method: String,
    path: String,
}

impl Request {
    pub(super) fn of(event: Value) -> Result<Self, Error> {
        let wire: Wire =
            serde_json::from_value(event).map_err(|_| Error::invalid("event", "is not a function URL's event"))?;
        let headers = wire.headers.unwrap_or_default();
        Ok(Self {
            method: wire.request_context.http.method,
            path: wire.request_context.http.path,
            headers: headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            body: wire.body.unwrap_or_default(),
            is_base64: wire.is_base64_encoded.unwrap_or(false),
        })
    }

    /// A header's value by its name in lower case; empty when it was not sent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body's bytes, as the caller sent them.
    pub(super) fn body(self, most: usize) -> Result<Vec<u8>, Refusal> {
        request_body::bytes(self.body, self.is_base64, most)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_header_is_found_in_any_case() {
        let event = json!({
            "version": "2.0",
            "headers": {"accept": "*/*", "X-Warden-Token": "t"},
            "requestContext": {"http": {"method": "POST", "path": "/"}},
        });
        let request = Request::of(event).unwrap();
        assert_eq!(
            (request.header("x-warden-token"), request.header("accept"), request.header("host")),
            ("t", "*/*", "")
        );
    }

    #[test]
    fn an_event_of_something_else_is_an_invalid_input() {
        for event in [json!("not JSON"), json!({}), json!({"prompt": "Hi"}), json!({"requestContext": {"http": {}}})] {
            let error = Request::of(event).err().unwrap();
            assert_eq!(error.to_string(), "event: is not a function URL's event");
        }
    }
}
