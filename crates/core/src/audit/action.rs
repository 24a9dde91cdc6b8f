//! What is to be done to an object, and what was done.

use serde::{Deserialize, Serialize};

use crate::pii::{Detection, Verdict};

/// What the policy wants done to the object that was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing: it stays as it is.
    #[default]
    None,
    /// Delete the version that was read, for good.
    DeleteVersion,
    /// Delete the object if its entity tag is still the one that was read. For
    /// buckets without versions.
    DeleteUnlessChanged,
}

impl Action {
    /// What `detection` calls for. Only what is pinned to the bytes that were
    /// judged is ever deleted.
    #[must_use]
    pub const fn wanted(detection: &Detection) -> Self {
        match (detection.verdict, &detection.object.version, &detection.object.etag) {
            (Verdict::Pii, Some(_), _) => Self::DeleteVersion,
            (Verdict::Pii, None, Some(_)) => Self::DeleteUnlessChanged,
            _ => Self::None,
        }
    }
}

/// How a deletion ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletion {
    /// The object or the version is gone.
    Deleted,
    /// Another object had taken the place of the one that was judged, so nothing
    /// was deleted. The new one has an event of its own.
    ObjectChanged,
    /// S3 refused or failed.
    Failed,
}

/// What was done to the object. Subscriptions filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// There was no object to act on.
    None,
    /// The object was left as it was.
    Kept,
    /// The object or its version was deleted.
    Deleted,
    /// It should have been deleted and is still there.
    DeleteFailed,
}

impl Taken {
    /// The name as it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Kept => "kept",
            Self::Deleted => "deleted",
            Self::DeleteFailed => "delete_failed",
        }
    }

    /// The same for people.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Kept => "none, the object is kept",
            Self::Deleted => "deleted",
            Self::DeleteFailed => "delete_failed, the object is still there",
        }
    }
}
