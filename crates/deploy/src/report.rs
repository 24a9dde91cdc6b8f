//! What a deployment did.

use std::fmt;

use serde::Serialize;

/// What happened to the state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did not exist.
    Created,
    /// It, its version or its alias was not what was asked for.
    Updated,
    /// Nothing differed and nothing was changed.
    Unchanged,
}

/// What [`crate::Deployer::apply`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApplyReport {
    /// What happened.
    pub outcome: Outcome,
    /// The state machine.
    pub state_machine_arn: String,
    /// The version that the alias runs.
    pub version_arn: String,
    /// The alias.
    pub alias_arn: String,
}

impl fmt::Display for ApplyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.outcome, self.version_arn)
    }
}
