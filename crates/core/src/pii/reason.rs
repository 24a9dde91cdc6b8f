//! Why nobody can tell whether an image holds personal data.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{bedrock::answer::Unusable, image::Unreadable};

/// Why a verdict is undetermined. `docs/errors.md` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The object cannot be read, or not as an image.
    Unreadable(Unreadable),
    /// The model says that it cannot read the image.
    ImageRejected,
    /// The model's answer must not be used.
    Unusable(Unusable),
    /// There is personal data, but neither a version nor an entity tag pins the
    /// bytes that were judged: a deletion could hit something else.
    VersionNotPinned,
    /// The model says that there is none, and code found what is likely personal data.
    Disagreement,
    /// The day's budget was spent before the model was asked.
    Budget,
}

impl Reason {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let unreadable = Unreadable::ALL.iter().copied().map(Self::Unreadable);
        let unusable = Unusable::ALL.iter().copied().map(Self::Unusable);
        unreadable.chain([Self::ImageRejected]).chain(unusable).chain([
            Self::VersionNotPinned,
            Self::Disagreement,
            Self::Budget,
        ])
    }

    /// The name as it is written in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable(why) => why.as_str(),
            Self::ImageRejected => "model_rejected_image",
            Self::Unusable(why) => why.as_str(),
            Self::VersionNotPinned => "version_not_pinned",
            Self::Disagreement => "disagreement",
            Self::Budget => "budget",
        }
    }

    /// Whether the object itself is why nobody can tell, and nothing that passes: no outage, no
    /// model's answer, no key that is missing.
    #[must_use]
    pub const fn lies_in_the_content(self) -> bool {
        match self {
            Self::Unreadable(why) => !matches!(why, Unreadable::Archived | Unreadable::CustomerKey),
            Self::ImageRejected => true,
            Self::Unusable(_) | Self::VersionNotPinned | Self::Disagreement | Self::Budget => false,
        }
    }

    /// What it means, for messages and documents.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Unreadable(why) => why.meaning(),
            Self::ImageRejected => "the model cannot read this image",
            Self::Unusable(why) => why.meaning(),
            Self::VersionNotPinned => "personal data was found, but nothing pins the bytes that were judged",
            Self::Disagreement => {
                "the model says that there is no personal data, but text or a face was found that is likely some"
            }
            Self::Budget => "the day's budget for models is spent, so no model was asked",
        }
    }
}

impl From<Unreadable> for Reason {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl From<Unusable> for Reason {
    fn from(why: Unusable) -> Self {
        Self::Unusable(why)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
