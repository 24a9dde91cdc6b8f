//! What goes back to API Gateway.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use warden_core::chat::{Offer, Refusal};

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
        let default = offer.default_model.name();
        let models: Vec<_> = offer.names().map(|name| json!({"id": name, "default": name == default})).collect();
        Self::json(&json!({"models": models, "max_tokens": offer.max_tokens}))
    }

    pub(crate) fn refusal(refusal: &Refusal) -> Self {
        let mut response = Self { status_code: refusal.status(), body: refusal.body(), ..Self::json(&Value::Null) };
        response.headers.extend(refusal.header());
        response
    }
}
