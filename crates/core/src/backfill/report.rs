//! What people are told of a backfill at its end: one report in place of an alert for each object.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Counters, Plan, Status};
use crate::{
    audit::{Attribute, Attributes, MAX_ANSWER_BYTES, one_line, subject_of},
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

/// A backfill at its end.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// Its id.
    pub id: &'a str,
    /// What became of it.
    pub counters: &'a Counters,
    /// Objects of the level high, as many as a report names; none if the ledger did not say which.
    pub high: Option<&'a [High]>,
    /// The name of the error with which it could not go on.
    pub failure: Option<&'a str>,
    /// The stack, for the commands that the report holds.
    pub stack: Option<&'a str>,
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

    /// The report of a backfill. It names fewer objects where their names would make it too large.
    #[must_use]
    pub fn new(ended: Ended<'_>) -> Self {
        let mut report = Self::naming(ended, MAX_NAMED);
        for most in [MAX_NAMED / 4, MAX_NAMED / 20, 0] {
            if serde_json::to_vec(&report).is_ok_and(|answer| answer.len() <= MAX_ANSWER_BYTES) {
                break;
            }
            report = Self::naming(ended, most);
        }
        report
    }

    fn naming(ended: Ended<'_>, most: usize) -> Self {
        let Ended { id, counters, high, .. } = ended;
        let named = high.map(|high| &high[..high.len().min(most)]);
        let level = level(counters);
        let title = title(counters);
        let text = text(&title, Ended { high: named, ..ended });
        let subject = subject_of(&format!("[{}] {title}", level.as_str().to_uppercase()));
        let machines = json!({
            "backfill": id, "status": counters.status, "counters": counters, "high": named,
            "text": text, "chat": chat(&subject, &text),
        });
        let protocols = json!({"default": machines.to_string(), "email": text, "sms": subject});
        Self {
            subject,
            protocols: protocols.to_string(),
            attributes: Attributes::of_report(level, Attribute::new("backfill")),
            status: counters.status,
            counters: counters.clone(),
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
    let Counters { done, pii, duplicates, again, .. } = counters;
    let sweeps = counters.plan.as_ref().is_some_and(|plan| plan.sweep);
    match counters.status {
        Status::Failed => format!("{} of {place} failed", if sweeps { "Sweep" } else { "Backfill" }),
        status => {
            let ended = match status {
                Status::Capped if counters.is_held_back() => Some("ended at the day's budget"),
                Status::Capped => Some("ended at its cost limit"),
                Status::Stopped | Status::Stopping => Some("stopped"),
                _ => None,
            };
            if sweeps {
                let ended = ended.map_or_else(String::new, |ended| format!(" {ended}"));
                let untold = done.saturating_sub(duplicates + again);
                format!("Sweep of {place}{ended}: {} that no event reported", counted(untold, "upload"))
            } else {
                let ended = ended.unwrap_or("complete");
                format!("Backfill of {place} {ended}: {pii} of {done} with personal data")
            }
        }
    }
}

fn place(plan: &Plan) -> String {
    let first = one_line(&format!("s3://{}/{}", plan.bucket, plan.prefix), MAX_NAME_CHARS);
    match plan.further.len() as u64 {
        0 => first,
        further => format!("{first} and {}", counted(further, "further bucket")),
    }
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn text(title: &str, Ended { id, counters, high, failure, stack }: Ended<'_>) -> String {
    let Counters { listed, known, done, again, pii, undetermined, held, failed, spent_usd, .. } = counters;
    let mut text = format!("{title}\n\n");
    let mut line = |line: String| {
        // To write into a text does not fail.
        let _ = writeln!(text, "{line}");
    };
    if let Some(failure) = failure {
        line(format!("It could not go on: {}", one_line(failure, MAX_NAME_CHARS)));
    }
    line(format!("Looked at: {}, of which the ledger knew {known}", counted(*listed, "version")));
    line(format!("Audited: {done}"));
    if *again > 0 {
        line(format!("Audited again: {again}"));
    }
    line(format!("With personal data: {pii}"));
    line(format!("Nobody can tell: {undetermined}"));
    if *held > 0 {
        line(format!("Of those, held back by the day's budget: {held}"));
    }
    line(format!("Failed: {failed}"));
    line(format!("Spent on the model: {spent_usd:.2} US dollars, as estimated"));
    if counters.high > 0 {
        let named = high.unwrap_or_default();
        line(String::new());
        line(format!("High: {}", counters.high));
        for High { s3_bucket, s3_key, verdict, action } in named {
            let object = one_line(&format!("s3://{s3_bucket}/{s3_key}"), MAX_NAME_CHARS);
            line(format!("  {verdict}, {action}: {object}"));
        }
        let left = counters.high.saturating_sub(named.len() as u64);
        match high {
            None => line("  The ledger did not say which".to_owned()),
            Some(_) if left > 0 => line(format!("  and {left} more")),
            Some(_) => {}
        }
    }
    let stack = stack.map_or_else(String::new, |stack| format!(" --stack {stack}"));
    line(String::new());
    line(format!("All of them: warden ledger find --backfill {id}{stack}"));
    if !matches!(counters.status, Status::Complete) || *failed + *held > 0 {
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
        let report = Report::new(Ended {
            id: "b-1",
            counters: &counters(),
            high: Some(&[high]),
            failure: None,
            stack: Some("warden-audit"),
        });
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
             High: 2\n  pii, deleted: s3://uploads/a b.png\n  and 1 more\n\n\
             All of them: warden ledger find --backfill b-1 --stack warden-audit\n\
             To go on where it ended: warden backfill resume b-1 --stack warden-audit\n"
        );
        let machines: Value = serde_json::from_str(protocols["default"].as_str().unwrap()).unwrap();
        assert_eq!(machines["counters"]["pii"], 2);
        assert!(!machines["chat"].to_string().contains("b.png"));
    }

    fn report(counters: &Counters, high: Option<&[High]>) -> Report {
        Report::new(Ended { id: "b-1", counters, high, failure: None, stack: None })
    }

    fn letter(report: &Report) -> String {
        let protocols: Value = serde_json::from_str(&report.protocols).unwrap();
        protocols["email"].as_str().unwrap().to_owned()
    }

    #[test]
    fn objects_that_the_ledger_does_not_name_are_counted_all_the_same() {
        let letter = letter(&report(&counters(), None));
        assert!(letter.contains("High: 2\n  The ledger did not say which\n"), "{letter}");
    }

    #[test]
    fn what_the_budget_held_back_can_be_gone_on_with() {
        let held = Counters { undetermined: 5, held: 4, failed: 0, ..counters() };
        let letter = letter(&report(&held, Some(&[])));
        assert!(letter.contains("Nobody can tell: 5\nOf those, held back by the day's budget: 4\n"), "{letter}");
        assert!(letter.ends_with("warden backfill resume b-1\n"), "{letter}");
    }

    #[test]
    fn a_backfill_that_is_capped_says_by_what() {
        let subject = |held| report(&Counters { status: Status::Capped, held, high: 0, ..counters() }, None).subject;
        assert!(subject(0).contains(" ended at its cost limit: "), "{}", subject(0));
        assert!(subject(20).contains(" ended at the day's budget: "), "{}", subject(20));
    }

    #[test]
    fn why_a_backfill_could_not_go_on_stands_in_its_report() {
        let failed = Counters { status: Status::Failed, ..counters() };
        let report = Report::new(Ended {
            id: "b-1",
            counters: &failed,
            high: Some(&[]),
            failure: Some("AccessDenied"),
            stack: None,
        });
        let letter = letter(&report);
        assert!(letter.contains("\nIt could not go on: AccessDenied\n"), "{letter}");
    }

    /// SNS takes 256 KiB of a message, and Step Functions of a state.
    #[test]
    fn a_report_is_sent_whatever_the_names() {
        let longest =
            Plan { prefix: "\u{1}".repeat(1_024), include: vec!["\u{1}".repeat(4_000)], ..Plan::of("uploads") };
        longest.check().unwrap();
        for (plan, key, named) in [
            (Plan::of("uploads"), "cards/alice.png".to_owned(), 100),
            (Plan::of("uploads"), "\u{1f600}".repeat(256), 25),
            (Plan::of("uploads"), "\u{1}".repeat(1_024), 5),
            (longest, "\u{1}".repeat(1_024), 0),
        ] {
            let high = High {
                s3_bucket: "b".repeat(63),
                s3_key: key,
                verdict: "pii".into(),
                action: "quarantine_failed".into(),
            };
            let counters = Counters { plan: Some(plan), high: 100_000, ..counters() };
            let report = report(&counters, Some(&vec![high; Report::MOST]));
            let size = serde_json::to_vec(&report).unwrap().len();
            assert!(size <= MAX_ANSWER_BYTES, "{size}");
            let left = format!("\n  and {} more\n", 100_000 - named);
            assert!(letter(&report).contains(&left), "{named}");
        }
    }

    #[test]
    fn the_level_is_that_of_the_gravest() {
        let level = |change: fn(&mut Counters)| {
            let mut counters = counters();
            (counters.high, counters.undetermined, counters.failed) = (0, 0, 0);
            change(&mut counters);
            report(&counters, None).attributes.threat_level.value().to_owned()
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
        let subject = report(&swept, None).subject;
        assert_eq!(subject, "[MEDIUM] Sweep of s3://uploads/: 1 upload that no event reported");
        // What failed before, or was held back, had its event.
        let again = Counters { done: 9, again: 5, ..swept.clone() };
        let letter = letter(&report(&again, None));
        assert!(letter.starts_with("Sweep of s3://uploads/: 1 upload that no event reported\n"), "{letter}");
        assert!(letter.contains("\nAudited: 9\nAudited again: 5\n"), "{letter}");
        for (status, held, ended) in [
            (Status::Capped, 0, "ended at its cost limit"),
            (Status::Capped, 20, "ended at the day's budget"),
            (Status::Stopped, 0, "stopped"),
        ] {
            let subject = report(&Counters { status, held, ..swept.clone() }, None).subject;
            let expected = format!("[MEDIUM] Sweep of s3://uploads/ {ended}: 1 upload that no event reported");
            assert_eq!(subject, expected);
        }
        let further = vec!["photos".into(), "scans".into()];
        let plan = Some(Plan { sweep: true, further, ..Plan::of("uploads") });
        let subject = report(&Counters { plan, ..swept }, None).subject;
        assert_eq!(subject, "[MEDIUM] Sweep of s3://uploads/ and 2 further buckets: 1 upload that no event reported");
    }
}
