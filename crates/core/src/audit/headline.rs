//! What happened, in a few words.

use super::{JudgedBytes, documents};

/// What happened, in a few words. Each language has its own (`alert::words`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headline {
    /// Personal data found, the version is gone for good.
    VersionDeleted,
    /// Personal data found, the object of a bucket without versions is gone for good.
    ObjectDeleted,
    /// Personal data found, in quarantine now.
    MovedToQuarantine,
    /// Personal data found, in quarantine now; a masked copy is there.
    Masked,
    /// Personal data found, tagged.
    Tagged,
    /// Personal data found in what another object has taken the place of.
    ObjectChanged,
    /// Personal data found, and S3 did not delete it.
    NotDeleted,
    /// Personal data found, and the policy keeps it.
    PersonalDataKept,
    /// Personal data found, and nothing pins the bytes.
    NotPinned,
    /// No personal data found.
    Clean,
    /// Nobody can judge it, in quarantine now.
    UndeterminedMoved,
    /// Nobody can judge it, kept.
    UndeterminedKept,
    /// Neither an image nor a document that is opened.
    NotOpened,
    /// It was gone before anybody looked.
    Gone,
    /// There is a copy in quarantine, and the object is still there.
    CopiedNotDeleted,
    /// There is no copy in quarantine, and the object is still there.
    NotCopied,
    /// Judged, and S3 did not take the tag.
    NotTagged,
    /// The audit failed before it was judged.
    NotChecked,
    /// The audit failed of an event without an object to judge.
    AuditFailed,
}

/// What was to be judged, as people call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A picture, or what nobody has looked at.
    Image,
    /// A PDF.
    Document,
}

impl Kind {
    /// What bytes are that were judged, or what the key says of those that were not.
    pub(super) fn of(judged: Option<&JudgedBytes>, key: Option<&str>) -> Self {
        let is_document = match judged.and_then(|bytes| bytes.media_type.as_deref()) {
            Some(media_type) => media_type == documents::PDF,
            None => key.is_some_and(documents::is_document),
        };
        if is_document { Self::Document } else { Self::Image }
    }
}
