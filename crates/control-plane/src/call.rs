//! One operation's request.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What stands in a path or a form as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One operation's request.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: Cow<'static, str>,
    /// `x-amz-target`, in services that tell operations apart by it.
    pub(crate) target: Option<&'static str>,
    pub(crate) body: Option<Body>,
}

/// What is sent with an operation.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Json(String),
    /// Without the version, which the service knows.
    Form(String),
}

impl Call {
    /// An operation that `x-amz-target` names.
    #[must_use]
    pub fn rpc(target: &'static str, body: &Value) -> Self {
        Self { method: "POST", path: "/".into(), target: Some(target), body: Some(Body::Json(body.to_string())) }
    }

    /// An operation that is a method and a path, with its query. What varies in the path is a [`path_segment`].
    #[must_use]
    pub fn rest(method: &'static str, path: impl Into<Cow<'static, str>>, body: Option<&Value>) -> Self {
        Self { method, path: path.into(), target: None, body: body.map(|body| Body::Json(body.to_string())) }
    }

    /// An operation that is a form.
    #[must_use]
    pub fn query(action: &str, parameters: &[(&str, &str)]) -> Self {
        let pairs = [("Action", action)].into_iter().chain(parameters.iter().copied());
        let pairs: Vec<_> =
            pairs.map(|(name, value)| format!("{}={}", path_segment(name), path_segment(value))).collect();
        Self { method: "POST", path: "/".into(), target: None, body: Some(Body::Form(pairs.join("&"))) }
    }
}

/// A text as one part of a path or of a query.
#[must_use]
pub fn path_segment(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}
