//! A request as API Gateway hands it to a function (REST API, proxy integration).

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use warden_core::{
    Error,
    chat::{Conversation, Failure, Offer},
};

use crate::caller::Identity;

/// Most bytes of a body. Lambda takes no event over 6 MB, in which the body
/// stands as a JSON string.
pub(crate) const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

/// The parts of the event that the function reads. The key that the caller
/// sent is in it too, and is not among them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    http_method: String,
    resource: String,
    path_parameters: Option<BTreeMap<String, String>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(default, rename = "requestContext")]
    pub(crate) context: RequestContext,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RequestContext {
    pub(crate) request_id: Option<String>,
    pub(crate) identity: Identity,
}

/// What a request asks for.
pub(crate) enum Asked {
    /// The models that may be asked.
    Models,
    /// A model's answer.
    Answer(Conversation),
}

impl Request {
    pub(crate) fn read(event: Value) -> Result<Self, Error> {
        serde_json::from_value(event)
            .map_err(|_| Error::invalid("event", "is not a request of an API Gateway REST API"))
    }

    /// What is asked for.
    pub(crate) fn asked(&mut self, offer: &Offer) -> Result<Asked, Failure> {
        match (self.resource.as_str(), self.http_method.as_str()) {
            ("/models", "GET") => Ok(Asked::Models),
            ("/generate", "POST") => Ok(Asked::Answer(Conversation::read(&self.body()?, offer)?)),
            ("/generate/{prompt}", "GET") => {
                let body = json!({"prompt": self.prompt()?}).to_string();
                Ok(Asked::Answer(Conversation::read(body.as_bytes(), offer)?))
            }
            ("/generate", _) => Err(Failure::MethodNotAllowed { allowed: "POST" }),
            ("/models" | "/generate/{prompt}", _) => Err(Failure::MethodNotAllowed { allowed: "GET" }),
            _ => Err(Failure::NotFound),
        }
    }

    fn body(&mut self) -> Result<Vec<u8>, Failure> {
        let text = self.body.take().unwrap_or_default();
        let body = if self.is_base64_encoded {
            base64_simd::STANDARD.decode_to_vec(&text).map_err(|_| Error::invalid("body", "is not base64"))?
        } else {
            text.into_bytes()
        };
        match body.len() {
            0 => Err(Error::invalid("body", "is empty").into()),
            length if length > MAX_BODY_BYTES => Err(Failure::TooLarge { most: MAX_BODY_BYTES }),
            _ => Ok(body),
        }
    }

    /// The prompt in the path. API Gateway leaves it encoded as the caller sent it.
    fn prompt(&self) -> Result<String, Error> {
        let encoded = self.path_parameters.as_ref().and_then(|parameters| parameters.get("prompt"));
        let encoded = encoded.ok_or_else(|| Error::invalid("prompt", "is missing"))?;
        let decoded = percent_decode_str(encoded).decode_utf8();
        decoded.map(Into::into).map_err(|_| Error::invalid("prompt", "is not UTF-8 when its percent signs are decoded"))
    }
}
