//! What became of an event.

use super::{Action, Deletion, Facts, Judged, Progress, Taken};
use crate::{
    pii::{Reason, Verdict},
    threat::ThreatLevel,
};

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was said of the object; `None` if nobody judged one.
    pub verdict: Option<Verdict>,
    /// Why nobody can tell, or why nothing was done.
    pub reason: Option<String>,
    /// What was done.
    pub action: Taken,
    /// How bad it is, the event and what was found together.
    pub threat_level: ThreatLevel,
    /// What happened, in a few words; `None` if the event itself is the news.
    pub headline: Option<&'static str>,
}

/// An outcome but for the event's own part in it.
type Told = (Option<Verdict>, Taken, ThreatLevel, Option<&'static str>);

impl Outcome {
    /// What became of the event of which `facts` is known.
    #[must_use]
    pub fn of(progress: &Progress, facts: &Facts) -> Self {
        let (verdict, action, least_level, headline) = match (&progress.failure, &progress.detection) {
            (Some(_), _) => failed(progress.deletion, facts),
            (None, None) => (None, Taken::None, ThreatLevel::Low, None),
            (None, Some(judged)) => judgement(judged, progress.deletion),
        };
        let changed = progress.deletion == Some(Deletion::ObjectChanged);
        let reason = match verdict {
            Some(_) if changed => Some("object_changed".to_owned()),
            Some(_) => progress.detection.as_ref().and_then(|judged| judged.reason.clone()),
            None => None,
        };
        // A level that cannot be read is no reason to take the event for harmless.
        let of_event = facts.threat_level.unwrap_or(ThreatLevel::High);
        Self { verdict, reason, action, threat_level: least_level.max(of_event), headline }
    }
}

/// The audit could not go on.
fn failed(deletion: Option<Deletion>, facts: &Facts) -> Told {
    match deletion {
        Some(_) => (
            Some(Verdict::Pii),
            Taken::DeleteFailed,
            ThreatLevel::High,
            Some("Personal data found, NOT deleted: the deletion failed"),
        ),
        None if facts.is_to_be_judged() => {
            (None, Taken::Kept, ThreatLevel::High, Some("Image not checked for personal data, kept"))
        }
        None => (None, Taken::None, ThreatLevel::High, Some("Security audit failed, event not judged")),
    }
}

fn judgement(judged: &Judged, deletion: Option<Deletion>) -> Told {
    // A verdict that there is not tells nothing.
    let verdict = judged.verdict.unwrap_or(Verdict::Undetermined);
    let (action, least_level, headline) = match verdict {
        Verdict::Pii => personal_data(judged.action, deletion),
        Verdict::Clean => (Taken::Kept, ThreatLevel::Low, "No personal data found, kept"),
        Verdict::Undetermined if judged.reason.as_deref() == Some(Reason::VersionNotPinned.as_str()) => {
            (Taken::Kept, ThreatLevel::Medium, "Personal data found in bytes that cannot be pinned, kept")
        }
        Verdict::Undetermined => (Taken::Kept, ThreatLevel::Medium, "Image could not be judged, kept"),
        Verdict::NotImage => (Taken::Kept, ThreatLevel::Low, "Not an image, kept"),
        Verdict::Gone => (Taken::None, ThreatLevel::Low, "Object gone before it was judged"),
    };
    (Some(verdict), action, least_level, Some(headline))
}

fn personal_data(wanted: Action, deletion: Option<Deletion>) -> (Taken, ThreatLevel, &'static str) {
    let (taken, headline) = match (deletion, wanted) {
        (Some(Deletion::Deleted), Action::DeleteVersion) => (Taken::Deleted, "Personal data found, version deleted"),
        (Some(Deletion::Deleted), _) => (Taken::Deleted, "Personal data found, object deleted"),
        (Some(Deletion::ObjectChanged), _) => {
            (Taken::Kept, "Personal data found, but the object changed since it was read, nothing deleted")
        }
        (Some(Deletion::Failed), _) => (Taken::DeleteFailed, "Personal data found, NOT deleted: the deletion failed"),
        (None, _) => (Taken::Kept, "Personal data found, kept"),
    };
    (taken, ThreatLevel::High, headline)
}
