//! Why a request has no answer, as HTTP says it before the first byte.

use serde_json::json;

use crate::error::Error;

/// Seconds after which a throttled caller may try again: Bedrock counts its
/// quotas by the minute and refills them all the time.
const RETRY_AFTER_SECONDS: &str = "5";

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token is missing or wrong.
    Unauthorized,
    /// There is nothing under that path.
    NotFound {
        /// What there is instead.
        paths: &'static str,
    },
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

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::NotFound { .. } => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::TooLarge { .. } => 413,
            Self::Error(error) => match error {
                Error::InvalidInput { .. } => 400,
                Error::ModelThrottled { .. } => 429,
                // That AWS refuses the function's role is no fault of the caller's.
                Error::StoreUnavailable { .. }
                | Error::ServiceUnavailable { .. }
                | Error::LedgerBusy { .. }
                | Error::ModelUnavailable { .. }
                | Error::ModelOutputInvalid { .. }
                | Error::AccessDenied { .. } => 502,
                Error::ModelTimeout { .. } => 504,
                Error::ObjectNotFound { .. }
                | Error::ObjectChanged
                | Error::Undetermined { .. }
                | Error::Internal { .. } => 500,
            },
        }
    }

    /// Its code on the wire.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "Unauthorized",
            Self::NotFound { .. } => "NotFound",
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
            Self::NotFound { paths } => format!("there is nothing here: {paths}"),
            Self::MethodNotAllowed { allowed } => format!("this path takes {allowed}"),
            Self::TooLarge { most } => format!("the body is longer than {most} bytes: send less"),
            Self::Error(error) => error.to_string(),
        }
    }

    /// What a log may tell of it: of a wrong request the field alone, since the
    /// message repeats the names of fields that the caller made up.
    #[must_use]
    pub fn log_reason(&self) -> String {
        match self {
            Self::Error(Error::InvalidInput { field, .. }) => (*field).to_owned(),
            _ => self.message(),
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

    /// The body: `{"error":{"code","message"}}`.
    #[must_use]
    pub fn body(&self) -> String {
        json!({"error": {"code": self.code(), "message": self.message()}}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_status_and_code() {
        let error = Refusal::Error;
        for (failure, status, code) in [
            (Refusal::Unauthorized, 401, "Unauthorized"),
            (Refusal::NotFound { paths: "x" }, 404, "NotFound"),
            (Refusal::MethodNotAllowed { allowed: "GET" }, 405, "MethodNotAllowed"),
            (Refusal::TooLarge { most: 6 }, 413, "TooLarge"),
            (error(Error::invalid("prompt", "is blank")), 400, "InvalidInput"),
            (error(Error::AccessDenied { action: "a", what: "b".into(), hint: "c" }), 502, "AccessDenied"),
            (error(Error::ModelThrottled { code: "429".into() }), 429, "ModelThrottled"),
            (error(Error::ModelUnavailable { code: "503".into(), hint: "x" }), 502, "ModelUnavailable"),
            (error(Error::ModelOutputInvalid { problem: "x" }), 502, "ModelOutputInvalid"),
            (error(Error::ModelTimeout { code: "408".into() }), 504, "ModelTimeout"),
            (error(Error::Internal { problem: "x".into() }), 500, "Internal"),
        ] {
            assert_eq!((failure.status(), failure.code()), (status, code));
            let body: serde_json::Value = serde_json::from_str(&failure.body()).unwrap();
            assert_eq!(body, json!({"error": {"code": code, "message": failure.message()}}));
        }
    }

    #[test]
    fn a_log_repeats_no_name_that_a_caller_made_up_and_all_that_operators_need() {
        let mistake = Error::invalid("body", "has an unknown field \"kim@example.com\"");
        assert_eq!(Refusal::Error(mistake).log_reason(), "body");
        let down = Error::ModelUnavailable { code: "503".into(), hint: "look" };
        assert_eq!(Refusal::Error(down).log_reason(), "the model is unavailable (503): look");
    }

    #[test]
    fn a_throttled_caller_is_told_when_to_come_back() {
        let throttled = Refusal::Error(Error::ModelThrottled { code: "429".into() });
        assert_eq!(throttled.header(), Some(("retry-after", "5")));
        assert_eq!(Refusal::MethodNotAllowed { allowed: "GET" }.header(), Some(("allow", "GET")));
        assert_eq!(Refusal::Unauthorized.header(), None);
    }
}
