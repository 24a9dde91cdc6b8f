//! `warden exceptions`: which alerts are not mailed, why, and until when.

use std::fs;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use serde::Serialize;
use warden_call_errors::printable;
use warden_core::{
    audit::{Exception, Exceptions},
    threat::RuleSet,
};

use crate::cli::{ExceptionsCheck, ExceptionsCommand};
use crate::ending::Ending;
use crate::output;

/// How long before its end an exception is named as one that ends soon.
const SOON: Duration = Duration::from_hours(30 * 24);

/// Checks a file and prints what it holds.
pub(crate) fn run(command: &ExceptionsCommand) -> anyhow::Result<Ending> {
    let ExceptionsCommand::Check(ExceptionsCheck { file, output }) = command;
    let name = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
    let exceptions = Exceptions::read(&text).map_err(|error| anyhow!("{name}: {}", printable(&error.to_string())))?;
    let now = SystemTime::now();
    let report = Report::of(&exceptions, &RuleSet::shipped(), &day(now), &day(now + SOON));
    output::result(*output, report.to_string(), &report)?;
    Ok(Ending::Done)
}

/// The day of a time, UTC, such as `2026-11-20`.
fn day(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string().chars().take(10).collect()
}

/// What a file holds on a day.
#[derive(Debug, Serialize)]
struct Report {
    exceptions: Vec<Listed>,
}

/// An exception and whether it counts.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    exception: Exception,
    state: State,
    /// It names a rule that the program does not ship: one of somebody's own, or none.
    rule_is_not_shipped: bool,
}

/// Whether an exception counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Counts,
    EndsSoon,
    Ended,
}

impl Report {
    fn of(exceptions: &Exceptions, shipped: &RuleSet, today: &str, soon: &str) -> Self {
        let listed = exceptions.all().iter().map(|exception| {
            let state = match (exception.counts_on(today), exception.counts_on(soon)) {
                (false, _) => State::Ended,
                (true, false) => State::EndsSoon,
                (true, true) => State::Counts,
            };
            let rule_is_not_shipped = exception.rule.as_ref().is_some_and(|rule| !shipped.has(rule));
            Listed { exception: exception.clone(), state, rule_is_not_shipped }
        });
        Self { exceptions: listed.collect() }
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Listed { exception, state, rule_is_not_shipped } in &self.exceptions {
            let state = match state {
                State::Counts => "counts   ",
                State::EndsSoon => "ends soon",
                State::Ended => "has ended",
            };
            let Exception { name, reason, ends, principal, prefix, rule } = exception;
            write!(f, "{state}  {name}  until {ends}")?;
            for (what, value) in [("principal", principal), ("prefix", prefix), ("rule", rule)] {
                if let Some(value) = value {
                    write!(f, "  {what} {}", printable(value))?;
                }
            }
            writeln!(f, "  {}", printable(reason))?;
            if *rule_is_not_shipped {
                writeln!(
                    f,
                    "           no rule of this program has that id or title: it silences a rule of your own, or nothing"
                )?;
            }
        }
        let ended = self.exceptions.iter().filter(|listed| listed.state == State::Ended).count();
        match (self.exceptions.len(), ended) {
            (0, _) => write!(f, "no exceptions: every alert is mailed"),
            (all, 0) => write!(f, "{all} read, all of them count"),
            (all, ended) => write!(f, "{all} read, {ended} of them have ended and can be deleted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_told_from_what_counts() {
        let file = "exceptions:
  - {name: now, reason: R, ends: 2027-12-31, prefix: a/}
  - {name: soon, reason: R, ends: 2026-12-01, principal: 'arn:aws:iam::111122223333:*'}
  - {name: over, reason: R, ends: 2026-11-19, rule: r-1}
  - {name: titled, reason: R, ends: 2027-12-31, rule: TITLE}
";
        let shipped = RuleSet::shipped();
        let file = file.replace("TITLE", "Alarms or what feeds them removed");
        let report = Report::of(&Exceptions::read(&file).unwrap(), &shipped, "2026-11-20", "2026-12-20");
        let states: Vec<_> = report.exceptions.iter().map(|listed| listed.state).collect();
        assert_eq!(states, [State::Counts, State::EndsSoon, State::Ended, State::Counts]);
        let text = report.to_string();
        assert!(
            text.contains("has ended  over  until 2026-11-19  rule r-1  R\n           no rule of this program"),
            "{text}"
        );
        assert!(text.ends_with("4 read, 1 of them have ended and can be deleted"), "{text}");
    }
}
