//! What became of an event.

use super::{Action, Effect, Facts, Judged, Progress, Taken, documents};
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
    /// Whether a whole copy lies in quarantine.
    pub copied: bool,
}

/// An outcome but for the event's own part in it.
type Told = (Option<Verdict>, Taken, ThreatLevel, Option<&'static str>);

impl Outcome {
    /// What became of the event of which `facts` is known.
    #[must_use]
    pub fn of(progress: &Progress, facts: &Facts) -> Self {
        let copied = is_copied(progress);
        let (verdict, action, least_level, headline) = match (progress.failure(), &progress.detection) {
            (Some(_), _) => failed(progress, facts, copied),
            (None, None) => (None, Taken::None, ThreatLevel::Low, None),
            (None, Some(judged)) => judgement(judged, progress.effect, is_document(progress, facts)),
        };
        let changed = progress.effect == Some(Effect::ObjectChanged);
        let reason = match verdict {
            Some(_) if changed => Some("object_changed".to_owned()),
            Some(_) => progress.detection.as_ref().and_then(|judged| judged.reason.clone()),
            None => None,
        };
        // A level that cannot be read is no reason to take the event for harmless.
        let of_event = facts.threat_level.unwrap_or(ThreatLevel::High);
        Self { verdict, reason, action, threat_level: least_level.max(of_event), headline, copied }
    }
}

/// Whether a copy was made and found whole: then what was read was to be deleted.
fn is_copied(progress: &Progress) -> bool {
    let wanted = progress.detection.as_ref().map(|judged| judged.action);
    wanted == Some(Action::Quarantine)
        && match progress.effect {
            Some(Effect::Deleted | Effect::ObjectChanged) => true,
            Some(Effect::Failed) => !matches!(progress.failed_in.as_deref(), Some("Quarantine" | "Check copy")),
            Some(Effect::Tagged) | None => false,
        }
}

/// The audit could not go on.
fn failed(progress: &Progress, facts: &Facts, copied: bool) -> Told {
    let judged = progress.detection.as_ref();
    let verdict = judged.and_then(|judged| judged.verdict).unwrap_or(Verdict::Pii);
    match (progress.effect, judged.map(|judged| judged.action)) {
        (Some(_), Some(Action::Quarantine)) => {
            let headline = if copied {
                "Copied to quarantine, but still there: the deletion failed"
            } else {
                "NOT moved to quarantine: the copy failed"
            };
            (Some(verdict), Taken::QuarantineFailed, ThreatLevel::High, Some(headline))
        }
        (Some(_), Some(Action::Tag)) => {
            (Some(verdict), Taken::TagFailed, ThreatLevel::High, Some("Judged, but NOT tagged with the verdict"))
        }
        (Some(_), _) => (
            Some(Verdict::Pii),
            Taken::DeleteFailed,
            ThreatLevel::High,
            Some("Personal data found, NOT deleted: the deletion failed"),
        ),
        (None, _) if facts.is_to_be_judged() => {
            let headline = if is_document(progress, facts) {
                "Document not checked for personal data, kept"
            } else {
                "Image not checked for personal data, kept"
            };
            (None, Taken::Kept, ThreatLevel::High, Some(headline))
        }
        (None, _) => (None, Taken::None, ThreatLevel::High, Some("Security audit failed, event not judged")),
    }
}

/// Whether the object is a document: by its bytes, or else by its key.
fn is_document(progress: &Progress, facts: &Facts) -> bool {
    match progress.detection.as_ref().and_then(|judged| judged.object.media_type.as_deref()) {
        Some(media_type) => media_type == documents::PDF,
        None => facts.s3_key.as_deref().is_some_and(documents::is_document),
    }
}

fn judgement(judged: &Judged, effect: Option<Effect>, is_document: bool) -> Told {
    // A verdict that there is not tells nothing.
    let verdict = judged.verdict.unwrap_or(Verdict::Undetermined);
    let (action, least_level, headline) = match verdict {
        Verdict::Pii => personal_data(judged.action, effect),
        Verdict::Clean => (kept(effect), ThreatLevel::Low, "No personal data found, kept"),
        Verdict::Undetermined if judged.reason.as_deref() == Some(Reason::VersionNotPinned.as_str()) => {
            (Taken::Kept, ThreatLevel::Medium, "Personal data found in bytes that cannot be pinned, kept")
        }
        Verdict::Undetermined => match (effect, is_document) {
            (Some(Effect::Deleted), false) => {
                (Taken::Quarantined, ThreatLevel::Medium, "Image could not be judged, moved to quarantine")
            }
            (Some(Effect::Deleted), true) => {
                (Taken::Quarantined, ThreatLevel::Medium, "Document could not be judged, moved to quarantine")
            }
            (_, false) => (kept(effect), ThreatLevel::Medium, "Image could not be judged, kept"),
            (_, true) => (kept(effect), ThreatLevel::Medium, "Document could not be judged, kept"),
        },
        Verdict::NotImage if is_document => (kept(effect), ThreatLevel::Low, "Document not opened, kept"),
        Verdict::NotImage => (kept(effect), ThreatLevel::Low, "Not an image, kept"),
        Verdict::Gone => (Taken::None, ThreatLevel::Low, "Object gone before it was judged"),
    };
    (Some(verdict), action, least_level, Some(headline))
}

/// What was done to an object that stays.
const fn kept(effect: Option<Effect>) -> Taken {
    match effect {
        Some(Effect::Tagged) => Taken::Tagged,
        _ => Taken::Kept,
    }
}

fn personal_data(wanted: Action, effect: Option<Effect>) -> (Taken, ThreatLevel, &'static str) {
    let (taken, headline) = match (effect, wanted) {
        (Some(Effect::Deleted), Action::Quarantine) => (Taken::Quarantined, "Personal data found, moved to quarantine"),
        (Some(Effect::Deleted), Action::DeleteVersion) => (Taken::Deleted, "Personal data found, version deleted"),
        (Some(Effect::Deleted), _) => (Taken::Deleted, "Personal data found, object deleted"),
        (Some(Effect::Tagged), _) => (Taken::Tagged, "Personal data found, tagged and kept"),
        (Some(Effect::ObjectChanged), _) => {
            (Taken::Kept, "Personal data found, but the object changed since it was read, nothing deleted")
        }
        (Some(Effect::Failed), _) => (Taken::DeleteFailed, "Personal data found, NOT deleted: the deletion failed"),
        (None, _) => (Taken::Kept, "Personal data found, kept"),
    };
    (taken, ThreatLevel::High, headline)
}
