//! What a deployment did.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::time::in_words;
use crate::{CanaryEnd, CanaryReport, Difference};

/// What [`crate::Deployer::apply`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ApplyReport {
    /// What happened to the state machine.
    pub outcome: Outcome,
    /// What differed in it and was updated.
    pub differences: Vec<Difference>,
    /// The state machine.
    pub state_machine_arn: String,
    /// Whether the version was published by this deployment.
    pub published: bool,
    /// The version that is what was asked for. The alias hands every execution
    /// to it, unless its canary was taken back.
    pub version_arn: String,
    /// What happened to the alias.
    pub alias: Outcome,
    /// The alias.
    pub alias_arn: String,
    /// The versions that the alias was moved away from, with their weights in percent.
    pub moved_from: Vec<Route>,
    /// How the version did while it had a share alone, if it was given one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryReport>,
}

/// What happened to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did not exist.
    Created,
    /// It differed from what was asked for.
    Updated,
    /// It was as asked for, and no call was made that changes it.
    Unchanged,
}

/// A version, and the share of executions that an alias hands to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The version.
    pub version_arn: String,
    /// The share in percent.
    pub weight: i32,
}

impl ApplyReport {
    /// Whether anything was changed.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.published || self.outcome != Outcome::Unchanged || self.alias != Outcome::Unchanged
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        })
    }
}

impl fmt::Display for ApplyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State machine {}: {}", self.state_machine_arn, self.outcome)?;
        if !self.differences.is_empty() {
            let names: Vec<_> = self.differences.iter().map(|difference| difference.as_str()).collect();
            write!(f, " ({})", names.join(", "))?;
        }
        let version = last_part(&self.version_arn);
        let how = if self.published { "published" } else { "unchanged" };
        write!(f, "\nVersion {version}: {how}")?;
        let alias = last_part(&self.alias_arn);
        if let Some(canary) = &self.canary {
            let watched = in_words(Duration::from_secs(canary.seconds));
            write!(f, "\nCanary: {} % for {watched}, {}", canary.percent, canary.executions)?;
            let stable = last_part(&canary.stable_version_arn);
            match canary.end {
                CanaryEnd::WentOn if canary.executions.ended() == 0 => {
                    f.write_str(": nothing speaks for or against the new version")?;
                }
                CanaryEnd::TooFewEnded => {
                    return write!(
                        f,
                        "\nAlias {alias}: back on version {stable} alone, since too few executions of version {version} ended. \
                         Watch longer, start some yourself (`warden deploy start`), or ask for fewer (`--least`)"
                    );
                }
                CanaryEnd::WentOn => {}
                CanaryEnd::TooManyFailed => {
                    return write!(
                        f,
                        "\nAlias {alias}: back on version {stable} alone, since executions of version {version} failed"
                    );
                }
                CanaryEnd::Interrupted => {
                    return write!(
                        f,
                        "\nAlias {alias}: back on version {stable} alone, since the canary was interrupted"
                    );
                }
            }
        }
        write!(f, "\nAlias {alias}: ")?;
        match self.alias {
            Outcome::Created => write!(f, "created, runs version {version}"),
            Outcome::Unchanged => write!(f, "unchanged, runs version {version}"),
            Outcome::Updated => {
                write!(f, "moved from version {} to {version}", routes_in_words(&self.moved_from))
            }
        }
    }
}

/// The versions of an alias: `2 (90 %) and 3 (10 %)`, or `3` alone.
pub(crate) fn routes_in_words(routes: &[Route]) -> String {
    let each = routes.iter().map(|route| match route.weight {
        100 => last_part(&route.version_arn).to_owned(),
        weight => format!("{} ({weight} %)", last_part(&route.version_arn)),
    });
    each.collect::<Vec<_>>().join(" and ")
}

/// The number of a version, or the name of an alias.
pub(crate) fn last_part(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tally;

    const ARN: &str = "arn:aws:states:us-west-2:111122223333:stateMachine:audit";

    fn moved() -> ApplyReport {
        ApplyReport {
            outcome: Outcome::Updated,
            differences: vec![Difference::Definition, Difference::Logging],
            state_machine_arn: ARN.into(),
            published: true,
            version_arn: format!("{ARN}:4"),
            alias: Outcome::Updated,
            alias_arn: format!("{ARN}:live"),
            moved_from: vec![
                Route { version_arn: format!("{ARN}:2"), weight: 90 },
                Route { version_arn: format!("{ARN}:3"), weight: 10 },
            ],
            canary: None,
        }
    }

    #[test]
    fn a_change_reads_as_what_became_of_each_part() {
        assert_eq!(
            moved().to_string(),
            "State machine arn:aws:states:us-west-2:111122223333:stateMachine:audit: updated (definition, logging)\n\
             Version 4: published\n\
             Alias live: moved from version 2 (90 %) and 3 (10 %) to 4"
        );
    }

    #[test]
    fn a_canary_that_saw_nothing_end_says_so() {
        let canary = |executions| CanaryReport {
            end: CanaryEnd::WentOn,
            percent: 10,
            seconds: 600,
            executions,
            stable_version_arn: format!("{ARN}:3"),
        };
        let line = |executions| {
            let report = ApplyReport { canary: Some(canary(executions)), ..moved() };
            report.to_string().lines().nth(2).unwrap().to_owned()
        };
        assert_eq!(
            line(Tally { running: 2, ..Tally::default() }),
            "Canary: 10 % for 10 min 0 s, 0 succeeded, 0 failed, 2 running: nothing speaks for or against the new version"
        );
        assert_eq!(
            line(Tally { succeeded: 2, ..Tally::default() }),
            "Canary: 10 % for 10 min 0 s, 2 succeeded, 0 failed"
        );
    }

    #[test]
    fn json_names_what_happened_in_snake_case() {
        let json = serde_json::to_value(moved()).unwrap();
        assert_eq!(json["outcome"], "updated");
        assert_eq!(json["differences"], serde_json::json!(["definition", "logging"]));
        assert_eq!(json["moved_from"][1]["weight"], 10);
        assert_eq!(json["alias_arn"], format!("{ARN}:live"));
    }
}
