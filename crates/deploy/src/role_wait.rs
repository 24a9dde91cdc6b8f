//! Waiting for a new role: IAM is eventually consistent, Step Functions checks at once.

use std::time::Duration;

use aws_sdk_sfn::config::http::HttpResponse;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};

/// The waits between attempts: a minute in all, several times what a role
/// usually takes to be known everywhere.
pub(crate) const WAITS: [Duration; 7] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
];

/// What Step Functions says of a role that it cannot use (yet), if that is what
/// the error means. It names such a role, and a caller who may not, by the same code.
pub(crate) fn unusable_role<E>(error: &SdkError<E, HttpResponse>) -> Option<String>
where
    E: ProvideErrorMetadata,
{
    let message = error.message()?;
    let of_the_role = message.contains("authorized to assume the provided role")
        || message.contains("not authorized to access the Log Destination");
    (error.code() == Some("AccessDeniedException") && of_the_role).then(|| message.trim_end_matches('.').to_owned())
}
