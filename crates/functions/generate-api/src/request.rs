//! What a request of the private API asks for.

use percent_encoding::percent_decode_str;
use serde_json::json;
use warden_core::{
    Error,
    chat::{Conversation, Offer, Refusal},
};
use warden_lambda::rest_api::Request;

const PATHS: &str =
    "GET /generate/{prompt} and POST /generate ask, POST /stream asks for a stream, GET /models lists the models";

/// What a request asks for.
pub(crate) enum Asked {
    /// The models that may be asked.
    Models,
    /// A model's answer.
    Answer(Conversation),
}

/// What is asked for.
pub(crate) fn asked(request: &mut Request, offer: &Offer) -> Result<Asked, Refusal> {
    match (request.resource(), request.method()) {
        ("/models", "GET") => Ok(Asked::Models),
        ("/generate", "POST") => Ok(Asked::Answer(Conversation::read(&request.take_body()?, offer)?)),
        ("/generate/{prompt}", "GET") => {
            let body = json!({"prompt": prompt(request)?}).to_string();
            Ok(Asked::Answer(Conversation::read(body.as_bytes(), offer)?))
        }
        ("/generate", _) => Err(Refusal::MethodNotAllowed { allowed: "POST" }),
        ("/models" | "/generate/{prompt}", _) => Err(Refusal::MethodNotAllowed { allowed: "GET" }),
        _ => Err(Refusal::NotFound { paths: PATHS }),
    }
}

/// The prompt in the path. API Gateway leaves it encoded as the caller sent it.
fn prompt(request: &Request) -> Result<String, Error> {
    let encoded = request.path_parameter("prompt").ok_or_else(|| Error::invalid("prompt", "is missing"))?;
    let decoded = percent_decode_str(encoded).decode_utf8();
    decoded.map(Into::into).map_err(|_| Error::invalid("prompt", "is not UTF-8 when its percent signs are decoded"))
}
