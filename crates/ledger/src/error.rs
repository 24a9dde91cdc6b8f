//! Why the ledger or the quarantine could not be used.

use warden_call_errors::CallError;

/// Why the ledger or the quarantine could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call to AWS failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Neither an event's id nor an object.
    #[error("name a record by the id of its event, or its object by s3://bucket/key")]
    NoName,
    /// No record has this name.
    #[error("the ledger has no record of {0}")]
    NotFound(String),
    /// The stack moves nothing to quarantine.
    #[error(
        "the stack has no quarantine bucket: its parameters OnPersonalData, OnSecret, OnUndetermined and ActionOverrides move nothing there"
    )]
    NoQuarantine,
    /// Nothing of it lies in quarantine.
    #[error("nothing of {0} lies in quarantine")]
    NotQuarantined(String),
    /// The audit did not come to its end, so there is nothing to reopen.
    #[error(
        "the audit of {0} is not complete: it is under way, or it failed, and then a replay is audited without being reopened"
    )]
    NotComplete(String),
    /// What lay in quarantine was brought back before.
    #[error("{what} was brought back at {at}; --again brings it back once more")]
    RestoredBefore {
        /// What.
        what: String,
        /// When.
        at: String,
    },
    /// Somebody else brings the same object back.
    #[error("somebody else is bringing {0} back. Try again in a few minutes")]
    Locked(String),
    /// S3 may have brought it back, and nobody knows as which version.
    #[error(
        "S3 did not say whether {what} is back: {because}. The copy is still in quarantine. If there is a new version, it is audited as an upload; look for it by `aws s3api list-object-versions`, then try again"
    )]
    Unheard {
        /// What.
        what: String,
        /// Why S3 was not heard.
        because: CallError,
    },
    /// It is back, and the ledger does not know.
    #[error(
        "{what} is back as version {version}, but the ledger could not be told: {because}. That version is audited as an upload, and the copy is still in quarantine"
    )]
    Unclaimed {
        /// What.
        what: String,
        /// The version that it has now.
        version: String,
        /// Why the ledger was not told.
        because: CallError,
    },
    /// The object would be judged, and moved away, again.
    #[error(
        "the bucket {0} keeps no versions, so the object that is brought back cannot be told from an upload. Copy it by hand, after a rule for its prefix in ActionOverrides"
    )]
    NoVersions(String),
}
