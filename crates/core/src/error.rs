//! One error type, and the names under which Step Functions sees it.

use crate::named::named;

named! {
    /// The name of an error as `errorType` in a function's answer, matched by
    /// `ErrorEquals` in a state machine's `Retry` and `Catch`.
    pub enum ErrorName {
        InvalidInput = "InvalidInput": "the request lacks a field, or a field has a wrong type or value",
        ObjectNotFound = "ObjectNotFound": "the bucket, key or version does not exist",
        ObjectChanged = "ObjectChanged": "the object is no longer the one that was read",
        AccessDenied = "AccessDenied": "AWS refused the function's role",
        StoreUnavailable = "StoreUnavailable": "S3 is slow or failing",
        LedgerBusy = "LedgerBusy": "the event cannot be claimed yet: its object is being restored, another claim of it is under way, or the ledger is throttled",
        ServiceUnavailable = "ServiceUnavailable": "another service of AWS is throttled, slow or failing",
        ModelThrottled = "ModelThrottled": "Bedrock's quota is used up for now (HTTP 429, and 529 overloaded)",
        ModelTimeout = "ModelTimeout": "the model did not answer in time",
        ModelUnavailable = "ModelUnavailable": "Bedrock or the model failed, or the model id names a model that does not exist any more",
        ModelOutputInvalid = "ModelOutputInvalid": "the model answered, but not with what it was asked for",
        Undetermined = "Undetermined": "a yes or no was asked for, and the image cannot be judged",
        Internal = "Internal": "a setting is wrong, or the code has a defect",
    }
}

/// Why a function has no answer.
///
/// The runtime logs an error with `Debug`, so no variant holds a prompt, an
/// answer, bytes of an image or the text of a service's message, which may
/// quote them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request is not what the function takes.
    #[error("{field}: {problem}")]
    InvalidInput {
        /// The field as the caller wrote it; `event` for the whole.
        field: &'static str,
        /// What is wrong with it, never its value.
        problem: String,
    },
    /// The bucket, key or version does not exist.
    #[error("{what} does not exist")]
    ObjectNotFound {
        /// `bucket …`, or `object s3://…`.
        what: String,
    },
    /// The object's bytes are not as many as the store announced.
    #[error("the object changed while it was being read: its length is not what S3 announced")]
    ObjectChanged,
    /// A service refused the role.
    #[error("{action} on {what} was denied: {hint}")]
    AccessDenied {
        /// The IAM action, such as `s3:GetObject`.
        action: &'static str,
        /// What it was asked of.
        what: String,
        /// What to look at.
        hint: &'static str,
    },
    /// The object store is slow or failing.
    #[error("S3 is unavailable ({code}) for {what}")]
    StoreUnavailable {
        /// The service's error code and HTTP status, or what happened instead of an answer.
        code: String,
        /// What was asked of it.
        what: String,
    },
    /// The event cannot be claimed yet.
    #[error("the event cannot be claimed yet: {why}")]
    LedgerBusy {
        /// What stands against it.
        why: &'static str,
    },
    /// A service beside S3 and the model is throttled, slow or failing.
    #[error("{action} failed, since the service is unavailable ({code})")]
    ServiceUnavailable {
        /// The IAM action, such as `ssm:GetParameter`.
        action: &'static str,
        /// The HTTP status and the service's error code, or that there was no answer.
        code: String,
    },
    /// The model's quota is used up for now.
    #[error("the model is throttled ({code})")]
    ModelThrottled {
        /// The service's error code or HTTP status.
        code: String,
    },
    /// The model did not answer in time.
    #[error("the model did not answer in time ({code})")]
    ModelTimeout {
        /// The service's error code, or which time limit passed.
        code: String,
    },
    /// Bedrock or the model failed.
    #[error("the model is unavailable ({code}): {hint}")]
    ModelUnavailable {
        /// The service's error code or HTTP status.
        code: String,
        /// What to look at.
        hint: &'static str,
    },
    /// The model's answer is not usable.
    #[error("the model's answer is not usable: {problem}")]
    ModelOutputInvalid {
        /// What is wrong with it, never its text.
        problem: &'static str,
    },
    /// A yes or no was asked for and nobody can tell.
    #[error("nobody can tell: {reason}")]
    Undetermined {
        /// The verdict's reason.
        reason: &'static str,
    },
    /// A setting is wrong, or the code has a defect.
    #[error("{problem}")]
    Internal {
        /// What is wrong and where to look.
        problem: String,
    },
}

impl Error {
    /// The name Step Functions sees.
    #[must_use]
    pub const fn name(&self) -> ErrorName {
        match self {
            Self::InvalidInput { .. } => ErrorName::InvalidInput,
            Self::ObjectNotFound { .. } => ErrorName::ObjectNotFound,
            Self::ObjectChanged => ErrorName::ObjectChanged,
            Self::AccessDenied { .. } => ErrorName::AccessDenied,
            Self::StoreUnavailable { .. } => ErrorName::StoreUnavailable,
            Self::LedgerBusy { .. } => ErrorName::LedgerBusy,
            Self::ServiceUnavailable { .. } => ErrorName::ServiceUnavailable,
            Self::ModelThrottled { .. } => ErrorName::ModelThrottled,
            Self::ModelTimeout { .. } => ErrorName::ModelTimeout,
            Self::ModelUnavailable { .. } => ErrorName::ModelUnavailable,
            Self::ModelOutputInvalid { .. } => ErrorName::ModelOutputInvalid,
            Self::Undetermined { .. } => ErrorName::Undetermined,
            Self::Internal { .. } => ErrorName::Internal,
        }
    }

    /// A conversation that is longer than the model reads.
    #[must_use]
    pub fn conversation_too_long() -> Self {
        Self::invalid("body", "holds a longer conversation than the model reads: send less of it")
    }

    /// A field that is missing, empty or of the wrong kind.
    #[must_use]
    pub fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::InvalidInput { field, problem: problem.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::named::table;

    #[test]
    fn every_name_is_unique_and_none_is_reserved_by_step_functions() {
        let mut names: Vec<_> = ErrorName::ALL.iter().map(|n| n.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorName::ALL.len());
        assert!(names.iter().all(|n| !n.starts_with("States.") && !n.starts_with("Lambda.")));
    }

    #[test]
    fn an_invalid_input_names_its_field() {
        let error = Error::invalid("s3_key", "is missing");
        assert_eq!(error.to_string(), "s3_key: is missing");
        assert_eq!(error.name().as_str(), "InvalidInput");
    }

    #[test]
    fn the_documents_list_every_name() {
        let errors = include_str!("../../../docs/errors.md");
        let names: Vec<_> = table(errors, "# Errors").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ErrorName::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>());
    }
}
