//! What a deployment would do.

use std::fmt;

use serde::Serialize;

use crate::report::{last_part, routes_in_words};
use crate::{Change, Outcome, Route};

/// What [`crate::Deployer::apply`] would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlanReport {
    /// What would happen to the state machine.
    pub outcome: Outcome,
    /// The state machine.
    pub state_machine_arn: String,
    /// What would change in it; nothing when it would be created.
    pub changes: Vec<Change>,
    /// What would happen to the alias.
    pub alias: Outcome,
    /// The alias.
    pub alias_arn: String,
    /// The version that the alias would run; none when one would be published for it.
    pub version_arn: Option<String>,
    /// The versions that the alias runs now, with their weights in percent.
    pub running: Vec<Route>,
}

impl PlanReport {
    /// Whether applying would change anything.
    #[must_use]
    pub fn would_change(&self) -> bool {
        self.outcome != Outcome::Unchanged || self.alias != Outcome::Unchanged
    }
}

impl fmt::Display for PlanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.would_change() {
            let running = routes_in_words(&self.running);
            return write!(f, "Nothing to change: {} runs version {running}", self.alias_arn);
        }
        write!(f, "State machine {} ", self.state_machine_arn)?;
        f.write_str(match self.outcome {
            Outcome::Created => "would be created",
            Outcome::Updated => "would be updated",
            Outcome::Unchanged => "stays as it is",
        })?;
        for change in &self.changes {
            for line in change.to_string().lines() {
                write!(f, "\n  {line}")?;
            }
        }
        let alias = last_part(&self.alias_arn);
        let version = self.version_arn.as_deref().map(last_part);
        match (self.alias, version) {
            (Outcome::Created, None) => write!(f, "\nAlias {alias} would be created and run a new version"),
            (Outcome::Created, Some(version)) => {
                write!(f, "\nAlias {alias} would be created and run version {version}, which is published already")
            }
            (Outcome::Updated, None) => {
                write!(f, "\nAlias {alias} would move from version {} to a new one", routes_in_words(&self.running))
            }
            (Outcome::Updated, Some(version)) => {
                let running = routes_in_words(&self.running);
                write!(f, "\nAlias {alias} would move from version {running} to {version}, which is published already")
            }
            (Outcome::Unchanged, _) => write!(f, "\nAlias {alias} stays on version {}", routes_in_words(&self.running)),
        }
    }
}
