//! Why a request has no answer, as HTTP says it before the first byte.

use serde_json::json;

use crate::error::Error;

/// Seconds after which a throttled caller may try again: Bedrock counts its
/// quotas by the minute and refills them all the time.
const RETRY_AFTER_SECONDS: &str = "5";

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The token is missing or wrong.
    Unauthorized,
    /// There is nothing under that path.
    NotFound,
    /// The path does not take that method.
    MethodNotAllowed {
        /// Those that it takes, as in `Allow`.
        allowed: &'static str,
    },
    /// The body is longer than it may be.
    TooLarge {
        /// Most bytes of it.
        most: usize,
    },
    /// The request is wrong, or the model failed.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Failure {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::TooLarge { .. } => 413,
            Self::Error(error) => match error {
                Error::InvalidInput { .. } => 400,
                Error::AccessDenied { .. } => 403,
                Error::ModelThrottled { .. } => 429,
                Error::ModelUnavailable { .. } | Error::ModelOutputInvalid { .. } => 502,
                Error::ModelTimeout { .. } => 504,
                Error::ObjectNotFound { .. }
                | Error::ObjectChanged
                | Error::Undetermined { .. }
                | Error::Internal { .. } => 500,
            },
        }
    }

    /// Its name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unauthorized => "Unauthorized",
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed { .. } => "MethodNotAllowed",
            Self::TooLarge { .. } => "TooLarge",
            Self::Error(error) => error.name().as_str(),
        }
    }

    /// What to tell the caller. It holds no content.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Unauthorized => "send the token of this chat in the header x-warden-token".into(),
            Self::NotFound => "there is nothing here: POST / asks, GET /models lists the models".into(),
            Self::MethodNotAllowed { allowed } => format!("this path takes {allowed}"),
            Self::TooLarge { most } => format!("the body is longer than {most} bytes: send less of the history"),
            Self::Error(error) => error.to_string(),
        }
    }

    /// A header that belongs to it.
    #[must_use]
    pub const fn header(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::MethodNotAllowed { allowed } => Some(("allow", allowed)),
            Self::Error(Error::ModelThrottled { .. }) => Some(("retry-after", RETRY_AFTER_SECONDS)),
            _ => None,
        }
    }

    /// The body: `{"error":{"name","message"}}`.
    #[must_use]
    pub fn body(&self) -> String {
        json!({"error": {"name": self.name(), "message": self.message()}}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_status_and_name() {
        let error = Failure::Error;
        for (failure, status, name) in [
            (Failure::Unauthorized, 401, "Unauthorized"),
            (Failure::NotFound, 404, "NotFound"),
            (Failure::MethodNotAllowed { allowed: "GET" }, 405, "MethodNotAllowed"),
            (Failure::TooLarge { most: 6 }, 413, "TooLarge"),
            (error(Error::invalid("prompt", "is blank")), 400, "InvalidInput"),
            (error(Error::AccessDenied { action: "a", what: "b".into(), hint: "c" }), 403, "AccessDenied"),
            (error(Error::ModelThrottled { code: "429".into() }), 429, "ModelThrottled"),
            (error(Error::ModelUnavailable { code: "503".into(), hint: "x" }), 502, "ModelUnavailable"),
            (error(Error::ModelOutputInvalid { problem: "x" }), 502, "ModelOutputInvalid"),
            (error(Error::ModelTimeout { code: "408".into() }), 504, "ModelTimeout"),
            (error(Error::Internal { problem: "x".into() }), 500, "Internal"),
        ] {
            assert_eq!((failure.status(), failure.name()), (status, name));
            let body: serde_json::Value = serde_json::from_str(&failure.body()).unwrap();
            assert_eq!(body, json!({"error": {"name": name, "message": failure.message()}}));
        }
    }

    #[test]
    fn a_throttled_caller_is_told_when_to_come_back() {
        let throttled = Failure::Error(Error::ModelThrottled { code: "429".into() });
        assert_eq!(throttled.header(), Some(("retry-after", "5")));
        assert_eq!(Failure::MethodNotAllowed { allowed: "GET" }.header(), Some(("allow", "GET")));
        assert_eq!(Failure::Unauthorized.header(), None);
    }
}
