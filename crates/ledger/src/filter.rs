//! Which records are asked for.

use crate::Record;

/// Which records are asked for: all that fit everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The day on which they were claimed, or its beginning, such as `2026-11` or `2026-11-20`.
    pub day: Option<String>,
    /// Their verdict.
    pub verdict: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// How far the audit came: `claimed`, `complete` or `failed`.
    pub status: Option<String>,
    /// A part of the name of who did it.
    pub actor: Option<String>,
    /// A part of the title of a rule that matched.
    pub rule: Option<String>,
    /// What the object's key begins with.
    pub prefix: Option<String>,
    /// The exception that silenced their mail.
    pub silenced_by: Option<String>,
    /// The backfill that had them audited.
    pub backfill: Option<String>,
    /// Whether a copy of their object has to lie in quarantine.
    pub in_quarantine: bool,
}

impl Filter {
    /// Whether a record is asked for.
    #[must_use]
    pub fn lets_through(&self, record: &Record) -> bool {
        let fits = |asked: &Option<String>, fits: &dyn Fn(&str) -> bool| asked.as_deref().is_none_or(fits);
        let text = |name| record.text(name).unwrap_or_default();
        fits(&self.day, &|day| text("claimed_at").starts_with(day))
            && fits(&self.verdict, &|verdict| text("verdict") == verdict)
            && fits(&self.action, &|action| text("action") == action)
            && fits(&self.status, &|status| text("status") == status)
            && fits(&self.actor, &|actor| text("actor").contains(actor))
            && fits(&self.rule, &|rule| record.texts("matched_rules").any(|title| title.contains(rule)))
            && fits(&self.prefix, &|prefix| text("s3_key").starts_with(prefix))
            && fits(&self.silenced_by, &|name| text("silenced_by") == name)
            && fits(&self.backfill, &|id| text("backfill") == id)
            && (!self.in_quarantine || record.text("quarantine_key").is_some())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_fits_everything_that_is_given() {
        let record = Record::read(&json!({
            "claimed_at": {"S": "2026-11-20T09:14:09.123Z"}, "verdict": {"S": "pii"}, "action": {"S": "quarantined"},
            "status": {"S": "complete"}, "actor": {"S": "arn:aws:iam::111122223333:user/Alice"},
            "matched_rules": {"L": [{"S": "Upload at night"}]}, "s3_key": {"S": "cards/a.png"},
            "silenced_by": {"S": "nightly-import"}, "backfill": {"S": "b-1"},
        }));
        let some = |text: &str| Some(text.to_owned());
        let none = Filter::default;
        for (filter, fits) in [
            (none(), true),
            (Filter { day: some("2026-11"), verdict: some("pii"), actor: some("Alice"), ..none() }, true),
            (Filter { day: some("2026-11-21"), ..none() }, false),
            (Filter { verdict: some("clean"), ..none() }, false),
            (Filter { action: some("quarantined"), status: some("complete"), ..none() }, true),
            (Filter { rule: some("night"), prefix: some("cards/"), ..none() }, true),
            (Filter { rule: some("day"), ..none() }, false),
            (Filter { prefix: some("a"), ..none() }, false),
            (Filter { silenced_by: some("nightly-import"), ..none() }, true),
            (Filter { silenced_by: some("nightly"), ..none() }, false),
            (Filter { backfill: some("b-1"), ..none() }, true),
            (Filter { backfill: some("b-2"), ..none() }, false),
        ] {
            assert_eq!(filter.lets_through(&record), fits, "{filter:?}");
        }
    }
}
