//! What was found, and how grave it is.

use std::fmt;

use serde::Serialize;
use warden_call_errors::printable;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// The models that functions ask.
    Models,
    /// The functions, their aliases and versions.
    Functions,
    /// The state machine, its alias and versions.
    StateMachine,
    /// The buckets of uploads and of records.
    Buckets,
    /// The trail that reports calls.
    Trail,
    /// The rules that start the state machine.
    Rules,
    /// The topics of alerts and alarms.
    Alerts,
    /// The queue of events that started nothing.
    DeadLetters,
    /// Quotas of the account.
    Quotas,
    /// Log groups, and who may write to them.
    Logs,
    /// Keys, and who may use them.
    Keys,
    /// Bedrock's records of invocations.
    InvocationLogging,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It is as it should be.
    Ok,
    /// It works, or may: somebody should look.
    Warning,
    /// Something does not work.
    Failure,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How grave it is.
    pub level: Level,
    /// What it is about.
    pub area: Area,
    /// What is so.
    pub said: String,
    /// The command or the page that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    pub(crate) fn ok(area: Area, said: impl Into<String>) -> Self {
        Self { level: Level::Ok, area, said: said.into(), remedy: None }
    }

    pub(crate) fn warning(area: Area, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Warning, area, said: said.into(), remedy: Some(remedy.into()) }
    }

    pub(crate) fn failure(area: Area, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Failure, area, said: said.into(), remedy: Some(remedy.into()) }
    }
}

/// What was found in a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The stack.
    pub stack: String,
    /// Which of the systems it is.
    pub kind: crate::Kind,
    /// Its Region.
    pub region: String,
    /// What was found, area by area.
    pub findings: Vec<Finding>,
}

impl Report {
    /// How many findings are that grave.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

impl Level {
    /// How the level is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Models => "models",
            Self::Functions => "functions",
            Self::StateMachine => "state machine",
            Self::Buckets => "buckets",
            Self::Trail => "trail",
            Self::Rules => "rules",
            Self::Alerts => "alerts",
            Self::DeadLetters => "dead letters",
            Self::Quotas => "quotas",
            Self::Logs => "logs",
            Self::Keys => "keys",
            Self::InvocationLogging => "invocation logging",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<7}  {:<18}  {}", self.level.as_str(), self.area, printable(&self.said))?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, ". {}", printable(remedy)))
    }
}

impl fmt::Display for Report {
    /// How many findings there are of each level: the findings themselves are lines of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failures, warnings) = (self.count(Level::Failure), self.count(Level::Warning));
        write!(f, "{} ({}, {}): ", self.stack, self.kind, self.region)?;
        match (failures, warnings) {
            (0, 0) => write!(f, "all {} checks are ok", self.findings.len()),
            _ => write!(
                f,
                "{}, {}, {} ok",
                counted(failures, "failure"),
                counted(warnings, "warning"),
                self.count(Level::Ok)
            ),
        }
    }
}

/// `1 failure`, `2 failures`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_with_what_mends_it_and_obeys_nobody() {
        let finding = Finding::failure(Area::DeadLetters, "3 events\n wait", "Run `warden deadletters replay`");
        assert_eq!(finding.to_string(), "failure  dead letters        3 events  wait. Run `warden deadletters replay`");
        assert_eq!(Finding::ok(Area::Trail, "it logs").to_string(), "ok       trail               it logs");
    }

    #[test]
    fn a_report_is_told_by_its_counts() {
        let mut report = Report {
            stack: "audit".into(),
            kind: crate::Kind::Audit,
            region: "us-west-2".into(),
            findings: vec![Finding::ok(Area::Trail, "it logs")],
        };
        assert_eq!(report.to_string(), "audit (the audit, us-west-2): all 1 checks are ok");
        report.findings.push(Finding::warning(Area::Keys, "a", "b"));
        assert_eq!(report.to_string(), "audit (the audit, us-west-2): 0 failures, 1 warning, 1 ok");
    }
}
