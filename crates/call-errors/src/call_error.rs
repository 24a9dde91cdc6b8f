//! What a call to AWS that failed means to the person who made it.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::printable;

/// A call to AWS that failed, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The caller's policies do not allow it.
    #[error("AWS denied {action}: {message}. Allow this action to the user or role of your credentials")]
    Denied {
        /// The IAM action, such as `states:CreateStateMachine`.
        action: &'static str,
        /// What AWS said.
        message: String,
    },
    /// The credentials were good and no longer are.
    #[error("your AWS credentials have expired ({action}). Sign in again, for example with `aws sso login`")]
    ExpiredCredentials {
        /// The IAM action.
        action: &'static str,
    },
    /// AWS does not know the credentials, or not with this secret.
    #[error(
        "AWS does not accept your credentials for {action} ({code}). Check the profile, the access key and the computer's clock"
    )]
    RejectedCredentials {
        /// The IAM action.
        action: &'static str,
        /// What AWS called it.
        code: String,
    },
    /// No credentials were found.
    #[error(
        "no AWS credentials were found. Choose a profile, sign in with `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials,
    /// The source of credentials that is configured did not give any.
    #[error(
        "your AWS credentials could not be loaded: {problem}. Choose another profile, sign in with `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    UnusableCredentials {
        /// What the source of credentials said.
        problem: String,
    },
    /// Nothing answered.
    #[error("AWS could not be reached for {action}: {problem}. Check the network, the Region and the endpoint URL")]
    Unreachable {
        /// The IAM action.
        action: &'static str,
        /// What the connection said.
        problem: String,
    },
    /// AWS kept refusing for too many requests.
    #[error("AWS throttled {action} even after retries ({code}). Try again in a minute")]
    Throttled {
        /// The IAM action.
        action: &'static str,
        /// What AWS called it.
        code: String,
    },
    /// AWS failed on its side.
    #[error("{action} failed on the side of AWS ({code}). Try again in a while")]
    Unavailable {
        /// The IAM action.
        action: &'static str,
        /// AWS's name for it.
        code: String,
    },
    /// Whatever answered does not speak this service's protocol.
    #[error("{action} got an answer that is not from AWS ({problem}). Check the endpoint URL and any proxy")]
    NotAws {
        /// The IAM action.
        action: &'static str,
        /// What was odd.
        problem: String,
    },
    /// AWS refused for a reason of its own.
    #[error("{action} failed: {message} ({code})")]
    Refused {
        /// The IAM action.
        action: &'static str,
        /// What AWS called it.
        code: String,
        /// What AWS said.
        message: String,
    },
}

impl CallError {
    /// Tells what a failed call of `action` means.
    #[must_use]
    pub fn new<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                Self::from_answer(action, service.err(), service.raw().status().as_u16())
            }
            SdkError::ResponseError(response) => {
                Self::NotAws { action, problem: format!("HTTP status {}", response.raw().status().as_u16()) }
            }
            _ => credentials_error(error).map_or_else(
                || Self::Unreachable { action, problem: innermost(error) },
                |error| Self::from_credentials(action, error),
            ),
        }
    }

    /// Whether the same call may be answered in a while: nobody was reached, something in between answered, or AWS throttled it or failed.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Throttled { .. } | Self::Unavailable { .. } | Self::NotAws { .. }
        )
    }

    fn from_answer(action: &'static str, error: &impl ProvideErrorMetadata, status: u16) -> Self {
        let Some(code) = error.code() else {
            return Self::NotAws { action, problem: format!("HTTP status {status} without an error code") };
        };
        // It may quote a key.
        let message = printable(error.message().unwrap_or("no reason given").trim_end_matches('.'));
        let code = code.to_owned();
        match code.as_str() {
            "AccessDenied" | "AccessDeniedException" | "AuthorizationError" | "AuthorizationErrorException" => {
                Self::Denied { action, message }
            }
            "ExpiredToken" | "ExpiredTokenException" => Self::ExpiredCredentials { action },
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "RequestExpired" => Self::RejectedCredentials { action, code },
            "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "SlowDown"
            | "ProvisionedThroughputExceededException" => Self::Throttled { action, code },
            _ if status >= 500 => Self::Unavailable { action, code },
            _ => Self::Refused { action, code, message },
        }
    }

    fn from_credentials(action: &'static str, error: &CredentialsError) -> Self {
        let problem = innermost(error).trim_end_matches(['.', ' ']).to_owned();
        match error {
            CredentialsError::CredentialsNotLoaded(_) => Self::NoCredentials,
            // A token of a sign-in session that ended: the SDK has no type for it.
            _ if problem.contains("expired") => Self::ExpiredCredentials { action },
            _ => Self::UnusableCredentials { problem },
        }
    }
}

fn credentials_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e CredentialsError> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The cause that all others only pass on.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn chain<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
