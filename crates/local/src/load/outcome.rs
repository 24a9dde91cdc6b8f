//! What became of all uploads, in numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use warden_ledger::Record;
pub use warden_report::Latency;

use super::{ProcessUse, Sent};
use crate::pictures::Holds;

/// What became of all uploads.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// How many were uploaded.
    pub uploads: usize,
    /// How many of them in a second.
    pub per_second: f64,
    /// How many were under way at once at most: uploaded, and without the record of their end.
    pub at_once: usize,
    /// How long it took from the first upload to the last record, in seconds.
    pub seconds: f64,
    /// From the upload's beginning to the record, in seconds, of those that came to their end.
    pub latency: Option<Latency>,
    /// The same from the execution's start.
    pub audit: Option<Latency>,
    /// Judged as they should be, with nothing else done than should be.
    pub right: usize,
    /// Nobody could tell; kept.
    pub undetermined: usize,
    /// The audit failed, and says so: a replay judges it.
    pub failed: usize,
    /// Claimed, and not at an end.
    pub under_way: usize,
    /// There is no record of it.
    pub lost: usize,
    /// More than one record, or more than one alert of an audit that did not fail. By key, with how many of which.
    pub twice: BTreeMap<String, String>,
    /// Another verdict than the truth, an object gone that should be there, or the other way around. By key, with what is wrong.
    pub wrong: BTreeMap<String, String>,
    /// Alerts that were received.
    pub alerts: usize,
    /// Calls of the model.
    pub model_calls: usize,
    /// Those that the model refused for its bound.
    pub model_throttled: usize,
    /// Where audits failed, and with what.
    pub failures: BTreeMap<String, usize>,
    /// The processes that ran.
    pub processes: Vec<ProcessUse>,
}

impl Outcome {
    pub(super) fn of(
        sent: &[Sent],
        uploaded: Duration,
        records: &[Record],
        alerts: &BTreeMap<String, usize>,
        there: &BTreeMap<String, bool>,
        (model_calls, model_throttled): (usize, usize),
        processes: Vec<ProcessUse>,
    ) -> Self {
        let mut by_key: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for record in records {
            if let Some(key) = record.text("object").and_then(|object| object.split_once('/')).map(|(_, key)| key) {
                by_key.entry(key).or_default().push(record);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "uploads are few")]
        let per_second = sent.len() as f64 / uploaded.as_secs_f64().max(0.001);
        let mut outcome = Self {
            uploads: sent.len(),
            per_second,
            alerts: alerts.values().sum(),
            model_calls,
            model_throttled,
            processes,
            ..Self::default()
        };
        let (mut latencies, mut audits) = (Vec::new(), Vec::new());
        let mut under_way = Vec::new();
        for one in sent {
            let key = &one.upload.key;
            let records = by_key.get(key.as_str()).map_or(&[][..], Vec::as_slice);
            let told = alerts.get(key).copied().unwrap_or_default();
            outcome.add(one, records, told, there.get(key).copied());
            let took = records.last().and_then(|record| seconds_since(record.text("completed_at")?, one.begun));
            under_way.push((one.begun, took));
            if let [record] = records
                && record.text("status") == Some("complete")
            {
                latencies.extend(took);
                audits.extend(record.values().get("seconds").and_then(serde_json::Value::as_f64));
            }
        }
        let first = sent.iter().map(|one| one.begun).min();
        let ends = records.iter().filter_map(|record| seconds_since(record.text("completed_at")?, first?));
        outcome.seconds = ends.fold(0.0, f64::max);
        outcome.at_once = at_once(&under_way);
        outcome.latency = Latency::of(latencies);
        outcome.audit = Latency::of(audits);
        outcome
    }

    fn add(&mut self, one: &Sent, records: &[&Record], alerts: usize, is_there: Option<bool>) {
        let key = &one.upload.key;
        let [record] = records else {
            if records.is_empty() {
                self.lost += 1;
            } else {
                self.twice.insert(key.clone(), format!("{} records", records.len()));
            }
            return;
        };
        let is_gone = is_there == Some(false);
        match (record.text("status"), record.text("verdict")) {
            (Some("complete"), verdict) => {
                if alerts > 1 {
                    self.twice.insert(key.clone(), format!("{alerts} alerts"));
                }
                match (one.holds, verdict, is_gone) {
                    (Holds::PersonalData, Some("pii"), true) | (Holds::NoPersonalData, Some("clean"), false) => {
                        self.right += 1;
                    }
                    (_, Some("undetermined"), false) => self.undetermined += 1,
                    (_, verdict, is_gone) => {
                        let fate = if is_gone { "gone" } else { "still there" };
                        self.wrong.insert(key.clone(), format!("{} and {fate}", verdict.unwrap_or("no verdict")));
                    }
                }
            }
            (Some("failed"), _) => {
                self.failed += 1;
                let text = |name| record.text(name).unwrap_or("unknown");
                *self.failures.entry(format!("{}: {}", text("failed_in"), text("error"))).or_default() += 1;
                if is_gone && one.holds == Holds::NoPersonalData {
                    self.wrong.insert(key.clone(), "failed and gone".to_owned());
                }
            }
            _ => self.under_way += 1,
        }
    }

    /// Whether nothing was lost, told or judged twice, or done wrongly.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.lost + self.under_way == 0 && self.twice.is_empty() && self.wrong.is_empty()
    }
}

/// How many of these were under way at once at most: each from its beginning, for so many seconds or without an end.
fn at_once(under_way: &[(SystemTime, Option<f64>)]) -> usize {
    let mut changes: Vec<_> = under_way.iter().map(|(begun, _)| (*begun, true)).collect();
    let ends = under_way
        .iter()
        .filter_map(|(begun, took)| Some((*begun + Duration::try_from_secs_f64((*took)?).ok()?, false)));
    changes.extend(ends);
    // One that ends as another begins has made room for it.
    changes.sort_unstable();
    let (mut now, mut most) = (0_usize, 0);
    for (_, begins) in changes {
        now = if begins { now + 1 } else { now.saturating_sub(1) };
        most = most.max(now);
    }
    most
}

/// Seconds from a time until a moment, RFC 3339.
fn seconds_since(moment: &str, begun: SystemTime) -> Option<f64> {
    let at = OffsetDateTime::parse(moment, &Rfc3339).ok()?;
    Some((at - OffsetDateTime::from(begun)).as_seconds_f64())
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |latency: &Option<Latency>| match latency {
            Some(Latency { median, p99, longest }) => {
                format!("median {median:.1} s, 99th percentile {p99:.1} s, longest {longest:.1} s")
            }
            None => "none came to its end".to_owned(),
        };
        writeln!(
            f,
            "{} uploads, {:.1} a second, {} under way at once at most; the last record after {:.0} s",
            self.uploads, self.per_second, self.at_once, self.seconds
        )?;
        writeln!(f, "from upload to record: {}", told(&self.latency))?;
        writeln!(f, "the execution alone:   {}", told(&self.audit))?;
        writeln!(
            f,
            "right {}, undetermined {}, failed {}, under way {}, lost {}, twice {}, wrong {}",
            self.right,
            self.undetermined,
            self.failed,
            self.under_way,
            self.lost,
            self.twice.len(),
            self.wrong.len()
        )?;
        for (what, number) in &self.failures {
            writeln!(f, "  {number} failed in {what}")?;
        }
        for (key, what) in self.twice.iter().take(10).chain(self.wrong.iter().take(10)) {
            writeln!(f, "  {key}: {what}")?;
        }
        writeln!(
            f,
            "{} alerts; {} calls of the model, {} of them throttled",
            self.alerts, self.model_calls, self.model_throttled
        )?;
        for one in &self.processes {
            writeln!(f, "{one}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::Upload;

    fn sent(key: &str, holds: Holds) -> Sent {
        let begun = OffsetDateTime::parse("2026-11-20T09:14:00Z", &Rfc3339).unwrap().into();
        Sent { upload: Upload { key: key.into(), version: "v".into() }, holds, begun }
    }

    fn record(key: &str, status: &str, verdict: &str) -> Record {
        Record::read(&json!({
            "object": {"S": format!("uploads/{key}")}, "status": {"S": status}, "verdict": {"S": verdict}, "seconds": {"N": "2.5"},
            "completed_at": {"S": "2026-11-20T09:14:04Z"},
        }))
    }

    fn of(sent: &[Sent], records: &[Record], alerts: &[(&str, usize)], gone: &[&str]) -> Outcome {
        let alerts = alerts.iter().map(|(key, number)| ((*key).to_owned(), *number)).collect();
        let there = sent.iter().map(|one| (one.upload.key.clone(), !gone.contains(&one.upload.key.as_str())));
        Outcome::of(sent, Duration::from_secs(1), records, &alerts, &there.collect(), (0, 0), Vec::new())
    }

    #[test]
    fn what_is_judged_as_it_should_be_is_right() {
        let sent = [sent("a", Holds::PersonalData), sent("b", Holds::NoPersonalData)];
        let records = [record("a", "complete", "pii"), record("b", "complete", "clean")];
        let outcome = of(&sent, &records, &[("a", 1), ("b", 1)], &["a"]);
        assert_eq!((outcome.right, outcome.is_right(), outcome.alerts), (2, true, 2));
        assert_eq!(outcome.latency, Some(Latency { median: 4.0, p99: 4.0, longest: 4.0 }));
        assert_eq!(outcome.audit, Some(Latency { median: 2.5, p99: 2.5, longest: 2.5 }));
    }

    #[test]
    fn what_overlaps_is_under_way_at_once() {
        let at = |second: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        assert_eq!(at_once(&[]), 0);
        assert_eq!(at_once(&[(at(0), Some(2.0)), (at(1), Some(2.0)), (at(3), Some(1.0))]), 2);
        assert_eq!(at_once(&[(at(0), None), (at(5), Some(1.0)), (at(6), Some(1.0))]), 2);
    }

    #[test]
    fn what_is_lost_twice_or_under_way_is_not_right() {
        let one = [sent("a", Holds::NoPersonalData)];
        let clean = || record("a", "complete", "clean");
        for (records, alerts, counted) in [
            (vec![], 0, "lost 1, twice 0"),
            (vec![clean(), clean()], 1, "lost 0, twice 1"),
            (vec![clean()], 2, "lost 0, twice 1"),
            (vec![record("a", "claimed", "-")], 0, "under way 1"),
        ] {
            let outcome = of(&one, &records, &[("a", alerts)], &[]);
            assert!(!outcome.is_right() && outcome.to_string().contains(counted), "{outcome}");
        }
    }

    #[test]
    fn what_should_be_gone_and_is_not_or_the_other_way_around_is_wrong() {
        for (holds, status, verdict, gone) in [
            (Holds::PersonalData, "complete", "pii", &[][..]),
            (Holds::PersonalData, "complete", "clean", &[]),
            (Holds::NoPersonalData, "complete", "clean", &["a"]),
            (Holds::NoPersonalData, "complete", "pii", &["a"]),
            (Holds::NoPersonalData, "complete", "undetermined", &["a"]),
            (Holds::NoPersonalData, "failed", "none", &["a"]),
        ] {
            let outcome = of(&[sent("a", holds)], &[record("a", status, verdict)], &[("a", 1)], gone);
            assert!(!outcome.is_right(), "{outcome}");
        }
        let failed = of(&[sent("a", Holds::PersonalData)], &[record("a", "failed", "none")], &[("a", 1)], &[]);
        assert_eq!((failed.failed, failed.is_right()), (1, true), "a replay judges it");
    }
}
