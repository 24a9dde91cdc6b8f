//! Which version an alias goes back to: no calls here.

use std::fmt;

use serde::Serialize;

use crate::Route;
use crate::report::{last_part, routes_in_words};

/// Why an alias cannot go back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoRollback {
    /// There is no alias: nothing was deployed.
    #[error("there is nothing to roll back: {arn} does not exist. Deploy first")]
    NothingDeployed {
        /// The alias.
        arn: String,
    },
    /// The alias runs the oldest version there is.
    #[error(
        "there is nothing to roll back to: version {version} is the oldest there is. Mend the definition and apply it instead"
    )]
    OldestVersion {
        /// The version that runs.
        version: u64,
    },
    /// There is no version of the number that was asked for.
    #[error("there is no version {version}. There are {}", numbers(existing))]
    NoSuchVersion {
        /// The version that was asked for.
        version: u64,
        /// The versions there are, the newest first.
        existing: Vec<u64>,
    },
    /// The alias runs the version that was asked for already.
    #[error("the alias runs version {version} alone already: there is nothing to roll back")]
    RunsAlready {
        /// The version.
        version: u64,
    },
}

/// What [`crate::Deployer::rollback`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RollbackReport {
    /// The alias.
    pub alias_arn: String,
    /// The versions it ran, with their weights in percent.
    pub moved_from: Vec<Route>,
    /// The version it runs now.
    pub version_arn: String,
    /// When that version was published.
    pub published: Option<String>,
    /// What its publisher said of it.
    pub description: Option<String>,
}

/// The version to go back to: the one asked for, or the one before those that run.
///
/// Of two that run, the older is the one before: a canary is taken back.
pub(crate) fn choose(running: &[u64], existing: &[u64], wanted: Option<u64>) -> Result<u64, NoRollback> {
    let sole = if let [version] = running { Some(*version) } else { None };
    match wanted {
        Some(version) if sole == Some(version) => Err(NoRollback::RunsAlready { version }),
        Some(version) if existing.contains(&version) => Ok(version),
        Some(version) => {
            let mut existing = existing.to_vec();
            existing.sort_unstable_by(|a, b| b.cmp(a));
            Err(NoRollback::NoSuchVersion { version, existing })
        }
        None => {
            let oldest_running = running.iter().min().copied().unwrap_or_default();
            match sole {
                None => Ok(oldest_running),
                Some(version) => {
                    let before = existing.iter().filter(|number| **number < version).max();
                    before.copied().ok_or(NoRollback::OldestVersion { version })
                }
            }
        }
    }
}

/// The number at the end of a version's ARN.
pub(crate) fn number(version_arn: &str) -> Option<u64> {
    last_part(version_arn).parse().ok()
}

fn numbers(versions: &[u64]) -> String {
    if versions.is_empty() {
        return "none".into();
    }
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for RollbackReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (routes_in_words(&self.moved_from), last_part(&self.version_arn));
        write!(f, "Alias {}: moved back from version {from} to {to}", last_part(&self.alias_arn))?;
        if let Some(published) = &self.published {
            write!(f, ", published {published}")?;
        }
        if let Some(description) = &self.description {
            write!(f, " ({description})")?;
        }
        f.write_str("\nNew executions run it. Those that are running end as they began")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_before_is_chosen_or_it_is_said_why_there_is_none() {
        use NoRollback::{NoSuchVersion, OldestVersion, RunsAlready};
        type Case<'a> = (&'a [u64], &'a [u64], Option<u64>, Result<u64, NoRollback>);
        let cases: [Case; 11] = [
            (&[4], &[4, 3, 2, 1], None, Ok(3)),
            (&[4], &[10, 9, 4, 2], None, Ok(2)),
            (&[10], &[10, 9], None, Ok(9)),
            (&[1], &[1], None, Err(OldestVersion { version: 1 })),
            (&[3], &[5, 4, 3], None, Err(OldestVersion { version: 3 })),
            (&[3, 4], &[4, 3, 2], None, Ok(3)),
            (&[4, 3], &[4, 3], None, Ok(3)),
            (&[4], &[4, 3, 2], Some(2), Ok(2)),
            (&[2], &[4, 3, 2], Some(4), Ok(4)),
            (&[4], &[3, 4], Some(7), Err(NoSuchVersion { version: 7, existing: vec![4, 3] })),
            (&[4], &[4, 3], Some(4), Err(RunsAlready { version: 4 })),
        ];
        for (running, existing, wanted, expected) in cases {
            assert_eq!(choose(running, existing, wanted), expected, "{running:?} of {existing:?}, to {wanted:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_there_is() {
        let error = NoRollback::NoSuchVersion { version: 7, existing: vec![4, 3] };
        assert_eq!(error.to_string(), "there is no version 7. There are 4, 3");
        let error = NoRollback::NoSuchVersion { version: 7, existing: vec![] };
        assert_eq!(error.to_string(), "there is no version 7. There are none");
    }
}
