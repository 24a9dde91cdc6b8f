//! Which events a model is asked about.

use crate::{
    cloudtrail::Event,
    named::named,
    threat::{Floor, ThreatLevel},
};

named! {
    /// Which events a model summarises and may rate higher.
    pub enum SummarizeWithModel {
        All = "true": "every event",
        Risky = "risky": "every event but a plain upload: an object that is written, and no rule over low",
        None = "false": "no event",
    }
}

impl SummarizeWithModel {
    /// Whether a model is asked about an event that the rules rate so.
    #[must_use]
    pub fn asks(self, event: &Event<'_>, floor: &Floor) -> bool {
        match self {
            Self::All => true,
            Self::Risky => !event.is_object_write || floor.level > ThreatLevel::Low,
            Self::None => false,
        }
    }
}
