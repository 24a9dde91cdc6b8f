//! What became of an event.

use super::{Action, Effect, Facts, Headline, Judged, Kind, Progress, Taken};
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
    /// What happened; `None` if the event itself is the news.
    pub headline: Option<Headline>,
    /// What was to be judged.
    pub kind: Kind,
    /// Whether a whole copy lies in quarantine.
    pub copied: bool,
}

/// An outcome but for the event's own part in it.
type Told = (Option<Verdict>, Taken, ThreatLevel, Option<Headline>);

impl Outcome {
    /// What became of the event of which `facts` is known.
    #[must_use]
    pub fn of(progress: &Progress, facts: &Facts) -> Self {
        let copied = is_copied(progress);
        let (verdict, action, least_level, headline) = match &progress.detection {
            _ if broke_off(progress, facts) => failed(progress, facts, copied),
            None => (None, Taken::None, ThreatLevel::Low, None),
            Some(judged) => judgement(judged, progress.effect),
        };
        let bytes = progress.detection.as_ref().map(|judged| &judged.object);
        let kind = Kind::of(bytes, facts.s3_key.as_deref());
        let changed = progress.effect == Some(Effect::ObjectChanged);
        let reason = match verdict {
            Some(_) if changed => Some("object_changed".to_owned()),
            Some(_) => progress.detection.as_ref().and_then(|judged| judged.reason.clone()),
            None => None,
        };
        // A level that cannot be read is no reason to take the event for harmless.
        let of_event = facts.threat_level.unwrap_or(ThreatLevel::High);
        Self { verdict, reason, action, threat_level: least_level.max(of_event), headline, kind, copied }
    }

    /// Whether the day's budget was spent before the object could be judged: a further audit takes it up.
    #[must_use]
    pub fn is_held_back(&self) -> bool {
        self.verdict == Some(Verdict::Undetermined) && self.reason.as_deref() == Some(Reason::Budget.as_str())
    }
}

/// Whether the work on the event broke off. A failure that names no state, after all work was done, is one of its report alone.
fn broke_off(progress: &Progress, facts: &Facts) -> bool {
    let is_done = progress.summary.is_some() && (progress.detection.is_some() || !facts.is_to_be_judged());
    progress.failed_in.is_some() || (progress.failure().is_some() && !is_done)
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
            let headline = if copied { Headline::CopiedNotDeleted } else { Headline::NotCopied };
            (Some(verdict), Taken::QuarantineFailed, ThreatLevel::High, Some(headline))
        }
        (Some(_), Some(Action::Tag)) => (Some(verdict), Taken::TagFailed, ThreatLevel::High, Some(Headline::NotTagged)),
        (Some(_), _) => (Some(Verdict::Pii), Taken::DeleteFailed, ThreatLevel::High, Some(Headline::NotDeleted)),
        (None, _) if facts.is_to_be_judged() => (None, Taken::Kept, ThreatLevel::High, Some(Headline::NotChecked)),
        (None, _) => (None, Taken::None, ThreatLevel::High, Some(Headline::AuditFailed)),
    }
}

fn judgement(judged: &Judged, effect: Option<Effect>) -> Told {
    // A verdict that there is not tells nothing.
    let verdict = judged.verdict.unwrap_or(Verdict::Undetermined);
    let (action, least_level, headline) = match verdict {
        Verdict::Pii => personal_data(judged, effect),
        Verdict::Clean => (kept(effect), ThreatLevel::Low, Headline::Clean),
        Verdict::Undetermined if judged.reason.as_deref() == Some(Reason::VersionNotPinned.as_str()) => {
            (kept(effect), ThreatLevel::Medium, Headline::NotPinned)
        }
        Verdict::Undetermined => match effect {
            Some(Effect::Deleted) => (Taken::Quarantined, ThreatLevel::Medium, Headline::UndeterminedMoved),
            _ => (kept(effect), ThreatLevel::Medium, Headline::UndeterminedKept),
        },
        Verdict::NotImage => (kept(effect), ThreatLevel::Low, Headline::NotOpened),
        Verdict::Gone => (Taken::None, ThreatLevel::Low, Headline::Gone),
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

fn personal_data(judged: &Judged, effect: Option<Effect>) -> (Taken, ThreatLevel, Headline) {
    let (taken, headline) = match (effect, judged.action) {
        (Some(Effect::Deleted), Action::Quarantine) if judged.clean_copy.is_some() => {
            (Taken::Quarantined, Headline::Masked)
        }
        (Some(Effect::Deleted), Action::Quarantine) => (Taken::Quarantined, Headline::MovedToQuarantine),
        (Some(Effect::Deleted), Action::DeleteVersion) => (Taken::Deleted, Headline::VersionDeleted),
        (Some(Effect::Deleted), _) => (Taken::Deleted, Headline::ObjectDeleted),
        (Some(Effect::Tagged), _) => (Taken::Tagged, Headline::Tagged),
        (Some(Effect::ObjectChanged), _) => (Taken::Kept, Headline::ObjectChanged),
        (Some(Effect::Failed), _) => (Taken::DeleteFailed, Headline::NotDeleted),
        (None, _) => (Taken::Kept, Headline::PersonalDataKept),
    };
    let level = judged.threat_level.unwrap_or(ThreatLevel::High);
    // What is still there against the policy's will is as grave as ever.
    (taken, if taken == Taken::DeleteFailed { ThreatLevel::High } else { level }, headline)
}
