//! Bedrock's errors: a status, a name in a header, a message in the body.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Which error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Validation,
    AccessDenied,
    ResourceNotFound,
    ModelTimeout,
    ModelError,
    Throttling,
    InternalServer,
    ServiceUnavailable,
    /// The model's own overload, which Bedrock passes on without a name of its own.
    Overloaded,
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) kind: Kind,
    pub(crate) message: String,
}

impl Exception {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(Kind::Validation, message)
    }

    pub(crate) fn status(&self) -> u16 {
        match self.kind {
            Kind::Validation => 400,
            Kind::AccessDenied => 403,
            Kind::ResourceNotFound => 404,
            Kind::ModelTimeout => 408,
            Kind::ModelError => 424,
            Kind::Throttling => 429,
            Kind::InternalServer => 500,
            Kind::ServiceUnavailable => 503,
            Kind::Overloaded => 529,
        }
    }

    fn name(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Validation => Some("ValidationException"),
            Kind::AccessDenied => Some("AccessDeniedException"),
            Kind::ResourceNotFound => Some("ResourceNotFoundException"),
            Kind::ModelTimeout => Some("ModelTimeoutException"),
            Kind::ModelError => Some("ModelErrorException"),
            Kind::Throttling => Some("ThrottlingException"),
            Kind::InternalServer => Some("InternalServerException"),
            Kind::ServiceUnavailable => Some("ServiceUnavailableException"),
            Kind::Overloaded => None,
        }
    }
}

impl IntoResponse for Exception {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = match self.kind {
            Kind::Overloaded => json!({
                "type": "error",
                "error": {"type": "overloaded_error", "message": self.message},
                "message": self.message,
            }),
            Kind::ModelError => json!({"message": self.message, "originalStatusCode": 500}),
            _ => json!({"message": self.message}),
        };
        let name = self.name();
        let mut response = (status, Json(body)).into_response();
        if let Some(name) = name {
            response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(name));
        }
        response
    }
}
