//! English.

use super::{Found, Labels, ToDo, Words};
use crate::{
    audit::{Headline, Kind, NotTried, Taken},
    pii::{Category, Reason},
    threat::ThreatLevel,
};

pub(super) const WORDS: Words = Words {
    headline,
    found: Found { personal_data: "Personal data found", secret: "Secret found (rotate it)" },
    worth_looking_at: "An event worth looking at",
    done,
    undo,
    to_do,
    category: Category::meaning,
    reason: Reason::meaning,
    not_tried,
    level: ThreatLevel::as_str,
    without_model: |error| format!("without the model: Summarize event failed with {error}"),
    more: |number| format!("and {number} more"),
    labels: Labels {
        what: "What",
        place: "Where",
        version: "version",
        who: "Who",
        done: "What we did",
        not_done: "Not done",
        masked: "Masked copy",
        undo: "How to undo it",
        to_do: "What to do",
        silenced: "Not mailed (exception)",
        look_at: "Where to look",
        execution: "Execution",
        object: "Object",
        details: "Details",
        level: "Threat level",
        event: "Event",
        summary: "Summary",
        rules: "Matched rules",
        event_id: "Event ID",
        verdict: "Verdict",
        reason: "Reason",
        finding: "Finding",
        confidence: "confidence",
        size: "Size",
        bytes: "bytes",
        model: "Model",
        failed_in: "Failed in",
        error: "Error",
        cause: "Cause",
    },
};

/// Subjects are in English in every language: they are ASCII.
pub(in super::super) fn headline(headline: Headline, kind: Kind) -> &'static str {
    match (headline, kind) {
        (Headline::VersionDeleted, _) => "{found}, version deleted",
        (Headline::ObjectDeleted, _) => "{found}, object deleted",
        (Headline::MovedToQuarantine, _) => "{found}, moved to quarantine",
        (Headline::Masked, _) => "{found}, masked, original in quarantine",
        (Headline::Tagged, _) => "{found}, tagged and kept",
        (Headline::ObjectChanged, _) => "{found}, but the object changed since it was read, nothing deleted",
        (Headline::NotDeleted, _) => "{found}, NOT deleted: the deletion failed",
        (Headline::PersonalDataKept, _) => "{found}, kept",
        (Headline::NotPinned, _) => "{found} in bytes that cannot be pinned, kept",
        (Headline::Clean, _) => "No personal data found, kept",
        (Headline::UndeterminedMoved, Kind::Image) => "Image could not be judged, moved to quarantine",
        (Headline::UndeterminedMoved, Kind::Document) => "Document could not be judged, moved to quarantine",
        (Headline::UndeterminedKept, Kind::Image) => "Image could not be judged, kept",
        (Headline::UndeterminedKept, Kind::Document) => "Document could not be judged, kept",
        (Headline::NotOpened, Kind::Image) => "Not an image, kept",
        (Headline::NotOpened, Kind::Document) => "Document not opened, kept",
        (Headline::Gone, _) => "Object gone before it was judged",
        (Headline::CopiedNotDeleted, _) => "Copied to quarantine, but still there: the deletion failed",
        (Headline::NotCopied, _) => "NOT moved to quarantine: the copy failed",
        (Headline::NotTagged, _) => "Judged, but NOT tagged with the verdict",
        (Headline::NotChecked, Kind::Image) => "Image not checked for personal data, kept",
        (Headline::NotChecked, Kind::Document) => "Document not checked for personal data, kept",
        (Headline::AuditFailed, _) => "Security audit failed, event not judged",
    }
}

const fn done(taken: Taken) -> &'static str {
    match taken {
        Taken::None => "nothing, the event is only reported",
        Taken::Kept => "nothing, the object is kept",
        Taken::Deleted => "deleted it for good",
        Taken::DeleteFailed => "tried to delete it; it is still there",
        Taken::Quarantined => "moved it to quarantine, where few can read it",
        Taken::QuarantineFailed => "tried to move it to quarantine; it is still there",
        Taken::Tagged => "tagged it with the verdict, and kept it",
        Taken::TagFailed => "tried to tag it with the verdict; it is kept without the tag",
    }
}

const fn undo(taken: Taken) -> Option<&'static str> {
    match taken {
        Taken::Deleted => {
            Some("it cannot be undone. With OnPersonalData=quarantine the next one could be brought back")
        }
        Taken::Quarantined => Some(
            "find it with `warden quarantine list`, and bring it back with `warden restore`, or by hand to a bucket that keeps no versions",
        ),
        Taken::Tagged => Some("nothing was lost. Take the tag warden:verdict off if the verdict is wrong"),
        _ => None,
    }
}

const fn to_do(what: ToDo) -> &'static str {
    match what {
        ToDo::RotateSecrets => "rotate every secret that it shows. Whoever saw the picture may have them",
        ToDo::RemoveByHand => {
            "personal data is still there: remove it by hand, or fix the cause below and replay the event"
        }
        ToDo::LookYourself => "look at it yourself",
        ToDo::RaiseTheBudget => {
            "the next sweep or `warden backfill` judges what was held back (an older version: \
             `warden backfill --older-versions`). If the budget is too small, raise DailyBudget"
        }
        ToDo::MendAndReplay => "fix the cause below, then replay the event",
        ToDo::MendTheLedger => {
            "the ledger could not be written: the event has no record, and you will be alerted again if it is delivered again"
        }
    }
}

const fn not_tried(why: NotTried) -> &'static str {
    match why {
        NotTried::TooLargeToCopy => "it is over 5 GiB, which S3 does not copy in one call: move it by hand",
        NotTried::TooManyTags => "it has ten tags already, and S3 takes no more",
        NotTried::TagsUnreadable => "the tags that it has could not be read: see the function's log",
        NotTried::NoBox => "no masked copy: something was found, but not its exact position",
        NotTried::TooMuchToMask => "no masked copy: too much was found to cover all of it",
        NotTried::KindNotMasked => "no masked copy: files of this kind are not masked",
        NotTried::CopyNotClean => {
            "no masked copy: with everything covered that was found, it was still not judged clean"
        }
        NotTried::CopyFailed => "no masked copy: it could not be made, judged or written in time",
    }
}
