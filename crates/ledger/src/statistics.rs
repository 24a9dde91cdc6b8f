//! How many records there are of each kind.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Record;

/// What records are counted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// The day on which they were claimed, UTC.
    #[default]
    Day,
    /// Their verdict.
    Verdict,
    /// What was done.
    Action,
    /// Each rule that matched.
    Rule,
    /// Who did it.
    Actor,
    /// The key's first folder.
    Prefix,
    /// The exception that silenced their mail.
    Exception,
}

impl By {
    /// All of them, by their names on a command line, and what they mean.
    pub const ALL: [(Self, &str, &str); 7] = [
        (Self::Day, "day", "The day, UTC"),
        (Self::Verdict, "verdict", "The verdict"),
        (Self::Action, "action", "What was done"),
        (Self::Rule, "rule", "Each rule that matched"),
        (Self::Actor, "actor", "Who did it"),
        (Self::Prefix, "prefix", "The key's first folder"),
        (Self::Exception, "exception", "The exception that silenced their mail"),
    ];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(by, ..)| *by)
    }
}

/// A kind of records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Count {
    /// What they have in common.
    pub value: String,
    /// How many they are.
    pub events: u64,
    /// What the model that judged them cost, in US dollars, as far as it is known.
    pub cost_usd: f64,
}

/// Records while they are counted.
#[derive(Clone, Debug)]
pub struct Statistics {
    by: By,
    kinds: BTreeMap<String, (u64, f64)>,
}

impl Statistics {
    /// No records yet.
    #[must_use]
    pub const fn new(by: By) -> Self {
        Self { by, kinds: BTreeMap::new() }
    }

    /// Counts one more.
    pub fn add(&mut self, record: &Record) {
        let cost = record.values().get("cost_usd").and_then(serde_json::Value::as_f64).unwrap_or_default();
        for value in kinds_of(record, self.by) {
            let kind = self.kinds.entry(value).or_default();
            kind.0 += 1;
            kind.1 += cost;
        }
    }

    /// The kinds of those that were counted, the largest first.
    #[must_use]
    pub fn counts(self) -> Vec<Count> {
        let count = |(value, (events, cost_usd))| Count { value, events, cost_usd };
        let mut counts: Vec<_> = self.kinds.into_iter().map(count).collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.events));
        counts
    }
}

fn kinds_of(record: &Record, by: By) -> Vec<String> {
    let text = |name| record.text(name).unwrap_or("-").to_owned();
    match by {
        By::Day => vec![text("claimed_at").chars().take(10).collect()],
        By::Verdict => vec![text("verdict")],
        By::Action => vec![text("action")],
        By::Rule => record.texts("matched_rules").map(str::to_owned).collect(),
        By::Actor => vec![text("actor")],
        By::Prefix => vec![text("s3_key").split_inclusive('/').next().unwrap_or("-").to_owned()],
        By::Exception => record.text("silenced_by").map(str::to_owned).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_are_counted_by_what_they_have_in_common() {
        let record = |day: &str, verdict: &str, key: &str| {
            Record::read(&json!({
                "claimed_at": {"S": format!("{day}T09:14:09.123Z")}, "verdict": {"S": verdict}, "s3_key": {"S": key},
                "cost_usd": {"N": "0.5"}, "matched_rules": {"L": [{"S": "One"}, {"S": "Two"}]},
            }))
        };
        let records = [
            record("2026-11-20", "pii", "cards/a.png"),
            record("2026-11-21", "clean", "cards/b.png"),
            record("2026-11-21", "clean", "c.png"),
        ];
        let counts = |records: &[&Record], by| {
            let mut statistics = Statistics::new(by);
            for record in records {
                statistics.add(record);
            }
            statistics.counts()
        };
        let counted = |by| -> Vec<_> {
            counts(&records.each_ref(), by)
                .into_iter()
                .map(|count| (count.value, count.events, count.cost_usd))
                .collect()
        };
        assert_eq!(counted(By::Day), [("2026-11-21".into(), 2, 1.0), ("2026-11-20".into(), 1, 0.5)]);
        assert_eq!(counted(By::Verdict), [("clean".into(), 2, 1.0), ("pii".into(), 1, 0.5)]);
        assert_eq!(counted(By::Rule), [("One".into(), 3, 1.5), ("Two".into(), 3, 1.5)]);
        assert_eq!(counted(By::Prefix), [("cards/".into(), 2, 1.0), ("c.png".into(), 1, 0.5)]);
        assert_eq!(counted(By::Exception), []);
        let silenced = Record::read(&json!({"silenced_by": {"S": "nightly-import"}}));
        assert_eq!(counts(&[&silenced, &records[0]], By::Exception)[0].value, "nightly-import");
    }
}
