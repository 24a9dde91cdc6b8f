//! What goes back to API Gateway.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use warden_core::{
    Error,
    chat::{Failure, Offer},
};

/// An answer in the form of API Gateway's proxy integration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    status_code: u16,
    headers: BTreeMap<&'static str, &'static str>,
    body: String,
    is_base64_encoded: bool,
}

impl Response {
    pub(crate) fn json(body: &Value) -> Self {
        Self {
            status_code: 200,
            // Answers are of one caller.
            headers: [("content-type", "application/json"), ("cache-control", "no-store")].into(),
            body: body.to_string(),
            is_base64_encoded: false,
        }
    }

    pub(crate) fn models(offer: &Offer) -> Self {
        let models: Vec<_> =
            offer.models.iter().map(|id| json!({"id": id, "default": *id == offer.default_model})).collect();
        Self::json(&json!({"models": models, "max_tokens": offer.max_tokens}))
    }

    pub(crate) fn failure(failure: &Failure) -> Self {
        let mut response = Self::json(&json!({"error": {"code": failure.name(), "message": message(failure)}}));
        response.status_code = status(failure);
        response.headers.extend(failure.header());
        response
    }
}

/// That Bedrock refuses the function's role is no fault of the caller's.
pub(crate) const fn status(failure: &Failure) -> u16 {
    match failure {
        Failure::Error(Error::AccessDenied { .. }) => 502,
        _ => failure.status(),
    }
}

/// What a log may tell of a failure: of a caller's mistake the field alone,
/// since the message repeats the names of fields that the caller made up.
pub(crate) fn log_reason(failure: &Failure) -> String {
    match failure {
        Failure::Error(Error::InvalidInput { field, .. }) => (*field).to_owned(),
        _ => message(failure),
    }
}

fn message(failure: &Failure) -> String {
    match failure {
        Failure::NotFound => {
            "there is no such path: GET /generate/{prompt} and POST /generate ask, GET /models lists the models".into()
        }
        _ => failure.message(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_repeats_no_name_that_a_caller_made_up_and_all_that_operators_need() {
        let mistake = Error::invalid("body", "has an unknown field \"kim@example.com\"");
        assert_eq!(log_reason(&Failure::Error(mistake)), "body");
        let down = Error::ModelUnavailable { code: "503".into(), hint: "look" };
        assert_eq!(log_reason(&Failure::Error(down)), "the model is unavailable (503): look");
    }
}
