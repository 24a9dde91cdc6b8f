//! What became of a picture, and whether that is right.

use std::fmt;

use serde::{Deserialize, Serialize};
use warden_call_errors::printable;
use warden_deploy::{Entry, Happening};

use crate::Picture;

/// What became of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The picture.
    pub picture: Picture,
    /// Its key in the bucket.
    pub key: String,
    /// The execution that it started, if one started in time.
    pub execution_arn: Option<String>,
    /// The seconds from the upload until that was seen.
    pub seconds_to_start: Option<f64>,
    /// The seconds from the upload until the execution was seen to have ended.
    pub seconds: Option<f64>,
    /// What the execution did that took time, in its order.
    pub steps: Vec<Step>,
    /// How the execution ended, as Step Functions writes it.
    pub status: Option<String>,
    /// Why, unless it succeeded.
    pub failure: Option<String>,
    /// What the audit says of the picture.
    pub verdict: Option<String>,
    /// Why nobody can tell, or why nothing was done.
    pub reason: Option<String>,
    /// What the audit says that it did.
    pub action: Option<String>,
    /// Whether the version that was uploaded can still be read, if the execution ended.
    pub is_there: Option<bool>,
    /// Whether the execution found its event in another's hands: it was delivered twice.
    pub is_duplicate: bool,
    /// What is not as it should be.
    pub problems: Vec<String>,
}

/// A state, and how long it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The state.
    pub state: String,
    /// How long it took.
    pub seconds: f64,
}

/// What of an execution's output is needed: its record of the event.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    pub(crate) verdict: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) action: Option<String>,
    /// Whether another execution has the event, which was delivered twice.
    pub(crate) duplicate: bool,
}

/// What an action leaves of the version that was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    Nothing,
    TheVersion,
    /// It should have done something and did not.
    Failed,
}

impl Leaves {
    fn of(action: &str) -> Self {
        match action {
            "deleted" | "quarantined" => Self::Nothing,
            _ if action.ends_with("_failed") => Self::Failed,
            _ => Self::TheVersion,
        }
    }
}

impl Outcome {
    pub(crate) fn new(picture: Picture, key: String) -> Self {
        Self {
            picture,
            key,
            execution_arn: None,
            seconds_to_start: None,
            seconds: None,
            steps: Vec::new(),
            status: None,
            failure: None,
            verdict: None,
            reason: None,
            action: None,
            is_there: None,
            is_duplicate: false,
            problems: Vec::new(),
        }
    }

    /// What is not as it should be. What the audit should have done is what it says that it did: the stack's policy
    /// decides that.
    pub(crate) fn judge(&mut self, stack: &str) {
        let mut problems = Vec::new();
        match (&self.execution_arn, self.status.as_deref()) {
            (None, _) => {
                problems.push(format!("it started no execution in time: `warden doctor --stack {stack}` says why"));
            }
            (Some(arn), None) => {
                problems.push(format!("its execution has not ended in time: `warden deploy watch {arn}` follows it"));
            }
            (Some(_), Some("SUCCEEDED")) if self.is_duplicate => {
                problems.push("its event was delivered twice, and the second was followed: run this again".to_owned());
            }
            (Some(_), Some("SUCCEEDED")) => problems.extend(self.misjudged()),
            (Some(arn), Some(status)) => {
                let failure = self.failure.as_ref().map_or_else(String::new, |failure| format!(", {failure}"));
                problems.push(format!(
                    "its execution is {status}{failure}: `warden deploy history {arn}` shows it in full"
                ));
            }
        }
        self.problems = problems;
    }

    fn misjudged(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let wanted = self.picture.verdict();
        match self.verdict.as_deref() {
            Some(verdict) if verdict == wanted => {}
            found => {
                let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
                problems.push(format!("the verdict is {}{reason}, and should be {wanted}", found.unwrap_or("missing")));
            }
        }
        let action = self.action.as_deref().unwrap_or("missing");
        match (Leaves::of(action), self.is_there) {
            (Leaves::Failed, _) => problems.push(format!("the action is {action}")),
            (Leaves::Nothing, Some(true)) => {
                problems.push(format!("the action is {action}, and the version is still there"));
            }
            (Leaves::TheVersion, Some(false)) => {
                problems.push(format!("the action is {action}, and the version is gone"));
            }
            (_, None) => problems.push("whether the version is still there is not known".to_owned()),
            (Leaves::Nothing, Some(false)) if self.picture == Picture::WithoutPersonalData => {
                problems.push(format!("the action is {action}, on a picture without personal data"));
            }
            _ => {}
        }
        problems
    }
}

/// The states of an execution that took time.
pub(crate) fn steps(entries: &[Entry]) -> Vec<Step> {
    let step = |entry: &Entry| match (&entry.what, &entry.state) {
        (Happening::Left { seconds }, Some(state)) => Some(Step { state: state.clone(), seconds: *seconds }),
        _ => None,
    };
    entries.iter().filter_map(step).collect()
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = match self.picture {
            Picture::WithPersonalData => "holds personal data",
            Picture::WithoutPersonalData => "holds none",
        };
        let level = if self.problems.is_empty() { "ok" } else { "failure" };
        write!(f, "{level:<7}  {} ({holds}): ", self.picture.file())?;
        match (&self.verdict, &self.action) {
            (Some(verdict), Some(action)) => write!(f, "{}, {}", printable(verdict), printable(action))?,
            _ => f.write_str("not judged")?,
        }
        match self.is_there {
            Some(true) => f.write_str("; the version is there")?,
            Some(false) => f.write_str("; the version is gone")?,
            None => {}
        }
        if self.action.as_deref() == Some("quarantined") {
            f.write_str("; its copy stays in quarantine until it expires")?;
        }
        for problem in &self.problems {
            write!(f, "\n         {}", printable(problem))?;
        }
        if let Some(seconds) = self.seconds_to_start {
            write!(f, "\n         {seconds:>6.1} s  until its execution started")?;
        }
        for Step { state, seconds } in &self.steps {
            write!(f, "\n         {seconds:>6.1} s  {}", printable(state))?;
        }
        if let Some(seconds) = self.seconds {
            write!(f, "\n         {seconds:>6.1} s  in all, from the upload on")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(picture: Picture, verdict: &str, action: &str, is_there: bool) -> Outcome {
        let mut outcome = Outcome {
            execution_arn: Some("arn".into()),
            status: Some("SUCCEEDED".into()),
            verdict: Some(verdict.into()),
            action: Some(action.into()),
            is_there: Some(is_there),
            ..Outcome::new(picture, "k".into())
        };
        outcome.judge("audit");
        outcome
    }

    #[test]
    fn what_the_audit_says_that_it_did_is_held_against_what_is_left() {
        use Picture::{WithPersonalData as Card, WithoutPersonalData as Landscape};
        for (picture, verdict, action, is_there, problem) in [
            (Card, "pii", "deleted", false, None),
            (Card, "pii", "quarantined", false, None),
            (Card, "pii", "tagged", true, None),
            (Card, "pii", "kept", true, None),
            (Landscape, "clean", "kept", true, None),
            (Card, "pii", "deleted", true, Some("the action is deleted, and the version is still there")),
            (Card, "pii", "kept", false, Some("the action is kept, and the version is gone")),
            (Card, "pii", "delete_failed", true, Some("the action is delete_failed")),
            (Card, "clean", "kept", true, Some("the verdict is clean, and should be pii")),
            (Landscape, "undetermined", "kept", true, Some("the verdict is undetermined, and should be clean")),
            (Landscape, "clean", "kept", false, Some("the action is kept, and the version is gone")),
            (Landscape, "clean", "deleted", false, Some("the action is deleted, on a picture without personal data")),
        ] {
            let outcome = outcome(picture, verdict, action, is_there);
            assert_eq!(outcome.problems.first().map(String::as_str), problem, "{outcome}");
        }
    }

    #[test]
    fn an_execution_that_never_came_or_failed_is_a_problem() {
        let mut missing = Outcome::new(Picture::WithPersonalData, "k".into());
        missing.judge("audit");
        assert!(missing.problems[0].contains("`warden doctor --stack audit`"), "{missing}");
        let mut running = Outcome { execution_arn: Some("arn".into()), ..missing.clone() };
        running.judge("audit");
        assert!(running.problems[0].contains("has not ended in time"), "{running}");
        let mut failed =
            Outcome { status: Some("FAILED".into()), failure: Some("AccessDenied: no".into()), ..running.clone() };
        failed.judge("audit");
        let mut second = Outcome { status: Some("SUCCEEDED".into()), is_duplicate: true, ..running.clone() };
        second.judge("audit");
        assert!(second.problems[0].starts_with("its event was delivered twice"), "{second}");
        assert!(failed.problems[0].starts_with("its execution is FAILED, AccessDenied: no"), "{failed}");
    }

    #[test]
    fn an_outcome_is_told_with_how_long_each_step_took() {
        let mut outcome = outcome(Picture::WithPersonalData, "pii", "deleted", false);
        outcome.seconds_to_start = Some(2.0);
        outcome.steps = vec![Step { state: "Detect PII".into(), seconds: 12.25 }];
        outcome.seconds = Some(15.5);
        assert_eq!(
            outcome.to_string(),
            "ok       id-card.png (holds personal data): pii, deleted; the version is gone\n         \
             \x20  2.0 s  until its execution started\n         \
             \x20 12.2 s  Detect PII\n         \
             \x20 15.5 s  in all, from the upload on"
        );
    }
}
