//! What people are told of a backfill at its end: one report in place of an alert for each object.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Counters, Plan, Status};
use crate::{
    audit::{Attribute, Attributes, one_line, subject_of},
    threat::ThreatLevel,
};

/// Objects that a report names.
const MAX_NAMED: usize = 100;
/// Most characters of an object's name.
const MAX_NAME_CHARS: usize = 300;

/// An object whose alert has the level high.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct High {
    /// The bucket.
    pub s3_bucket: String,
    /// The key.
    pub s3_key: String,
    /// The verdict.
    pub verdict: String,
    /// What was done.
    pub action: String,
}

/// What is published at a backfill's end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Printable ASCII, under 100 characters, as SNS wants it.
    pub subject: String,
    /// A text for each protocol, as `sns:Publish` takes them with `MessageStructure`.
    pub protocols: String,
    /// What subscriptions filter by.
    pub attributes: Attributes,
    /// How it ended.
    pub status: Status,
    /// What became of it.
    pub counters: Counters,
}

impl Report {
    /// How many objects of the level high a report names at most.
    pub const MOST: usize = MAX_NAMED;

    /// The report of a backfill, with objects of the level high as far as they are known, on a stack.
    #[must_use]
    pub fn new(id: &str, counters: Counters, high: &[High], stack: Option<&str>) -> Self {
        let level = level(&counters);
        let title = title(&counters);
        let text = text(id, &title, &counters, high, stack);
        let subject = subject_of(&format!("[{}] {title}", level.as_str().to_uppercase()));
        let machines = json!({
            "backfill": id, "status": counters.status, "counters": counters, "high": &high[..high.len().min(MAX_NAMED)],
            "text": text, "chat": chat(&subject, &text),
        });
        let protocols = json!({"default": machines.to_string(), "email": text, "sms": subject});
        Self {
            subject,
            protocols: protocols.to_string(),
            attributes: Attributes::of_report(level, Attribute::new("backfill")),
            status: counters.status,
            counters,
        }
    }
}

fn level(counters: &Counters) -> ThreatLevel {
    if counters.high > 0 || counters.status == Status::Failed {
        ThreatLevel::High
    } else if counters.undetermined + counters.failed > 0 {
        ThreatLevel::Medium
    } else {
        ThreatLevel::Low
    }
}

/// What happened, in a line.
fn title(counters: &Counters) -> String {
    let place = counters.plan.as_ref().map_or_else(String::new, place);
    let Counters { done, pii, duplicates, .. } = counters;
    let sweeps = counters.plan.as_ref().is_some_and(|plan| plan.sweep);
    match counters.status {
        Status::Failed => format!("{} of {place} failed", if sweeps { "Sweep" } else { "Backfill" }),
        _ if sweeps => {
            format!("Sweep of {place}: {} that no event told of", counted(done.saturating_sub(*duplicates), "upload"))
        }
        status => {
            let ended = match status {
                Status::Capped => "ended at its most cost",
                Status::Stopped | Status::Stopping => "stopped",
                _ => "complete",
            };
            format!("Backfill of {place} {ended}: {pii} of {done} with personal data")
        }
    }
}

fn place(plan: &Plan) -> String {
    one_line(&format!("s3://{}/{}", plan.bucket, plan.prefix), MAX_NAME_CHARS)
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn text(id: &str, title: &str, counters: &Counters, high: &[High], stack: Option<&str>) -> String {
    let Counters { listed, known, done, pii, undetermined, failed, spent_usd, .. } = counters;
    let mut text = format!("{title}\n\n");
    let mut line = |line: String| {
        // To write into a text does not fail.
        let _ = writeln!(text, "{line}");
    };
    line(format!("Looked at: {}, of which the ledger knew {known}", counted(*listed, "version")));
    line(format!("Audited: {done}"));
    line(format!("With personal data: {pii}"));
    line(format!("Nobody can tell: {undetermined}"));
    line(format!("Failed: {failed}"));
    line(format!("Spent on the model: {spent_usd:.2} US dollars, as estimated"));
    if !high.is_empty() {
        line(String::new());
        line("High:".to_owned());
        for High { s3_bucket, s3_key, verdict, action } in high.iter().take(MAX_NAMED) {
            let object = one_line(&format!("s3://{s3_bucket}/{s3_key}"), MAX_NAME_CHARS);
            line(format!("  {verdict}, {action}: {object}"));
        }
    }
    #[allow(clippy::cast_possible_truncation)]
    let named = high.len().min(MAX_NAMED) as u64;
    if counters.high > named {
        line(format!("  and {} more", counters.high - named));
    }
    let stack = stack.map_or_else(String::new, |stack| format!(" --stack {stack}"));
    line(String::new());
    line(format!("All of them: warden ledger find --backfill {id}{stack}"));
    if !matches!(counters.status, Status::Complete) || *failed > 0 {
        line(format!("To go on where it ended: warden backfill resume {id}{stack}"));
    }
    text
}

/// The notification of a chat, in which no text of a stranger stands: it names no object.
fn chat(subject: &str, text: &str) -> Value {
    let counted: Vec<_> = text.lines().skip(2).take_while(|line| !line.is_empty()).collect();
    json!({
        "version": "1.0", "source": "custom",
        "content": {"textType": "client-markdown", "title": subject, "description": counted.join("\n")},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters() -> Counters {
        Counters {
            status: Status::Complete,
            plan: Some(Plan::of("uploads")),
            listed: 70,
            known: 10,
            handed: 60,
            done: 60,
            pii: 2,
            undetermined: 1,
            failed: 1,
            high: 2,
            spent_usd: 0.046,
            ..Counters::default()
        }
    }

    #[test]
    fn one_report_tells_what_became_of_all() {
        let high = High {
            s3_bucket: "uploads".into(),
            s3_key: "a\nb.png".into(),
            verdict: "pii".into(),
            action: "deleted".into(),
        };
        let report = Report::new("b-1", counters(), &[high], Some("warden-audit"));
        assert_eq!(report.subject, "[HIGH] Backfill of s3://uploads/ complete: 2 of 60 with personal data");
        let protocols: Value = serde_json::from_str(&report.protocols).unwrap();
        assert_eq!(
            protocols["email"],
            "Backfill of s3://uploads/ complete: 2 of 60 with personal data\n\n\
             Looked at: 70 versions, of which the ledger knew 10\n\
             Audited: 60\n\
             With personal data: 2\n\
             Nobody can tell: 1\n\
             Failed: 1\n\
             Spent on the model: 0.05 US dollars, as estimated\n\n\
             High:\n  pii, deleted: s3://uploads/a b.png\n  and 1 more\n\n\
             All of them: warden ledger find --backfill b-1 --stack warden-audit\n\
             To go on where it ended: warden backfill resume b-1 --stack warden-audit\n"
        );
        let machines: Value = serde_json::from_str(protocols["default"].as_str().unwrap()).unwrap();
        assert_eq!(machines["counters"]["pii"], 2);
        assert!(!machines["chat"].to_string().contains("b.png"));
    }

    #[test]
    fn the_level_is_that_of_the_gravest() {
        let level = |change: fn(&mut Counters)| {
            let mut counters = counters();
            (counters.high, counters.undetermined, counters.failed) = (0, 0, 0);
            change(&mut counters);
            Report::new("b", counters, &[], None).attributes.threat_level.value().to_owned()
        };
        assert_eq!(level(|_| ()), "low");
        assert_eq!(level(|counters| counters.undetermined = 1), "medium");
        assert_eq!(level(|counters| counters.failed = 1), "medium");
        assert_eq!(level(|counters| counters.high = 1), "high");
        assert_eq!(level(|counters| counters.status = Status::Failed), "high");
    }

    #[test]
    fn a_sweep_says_how_many_uploads_no_event_told_of() {
        let plan = Some(Plan { sweep: true, ..Plan::of("uploads") });
        let swept = Counters { plan, done: 4, duplicates: 3, pii: 0, high: 0, ..counters() };
        let subject = Report::new("s", swept, &[], None).subject;
        assert_eq!(subject, "[MEDIUM] Sweep of s3://uploads/: 1 upload that no event told of");
    }
}
