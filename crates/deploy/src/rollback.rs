//! Which version an alias goes back to: no calls here.

use std::collections::{BTreeMap, BTreeSet};
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
    /// Every older version was taken back itself.
    #[error(
        "there is nothing to roll back to: every version below {version} ({}) was taken back itself, by its canary or a rollback. Name one with `--to`, or mend the definition and apply it instead",
        numbers(refused)
    )]
    AllTakenBack {
        /// The version that runs.
        version: u64,
        /// The older ones, the newest first.
        refused: Vec<u64>,
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
    /// Versions in between that were passed over, since they were taken back before.
    pub passed_over: Vec<u64>,
    /// When that version was published.
    pub published: Option<String>,
    /// What its publisher said of it.
    pub description: Option<String>,
}

/// The version to go back to: the one asked for, or the one before those that run, without those that are `refused`:
/// they were taken back before.
///
/// Of two that run, the older is the one before: a canary is taken back.
pub(crate) fn choose(
    running: &[u64],
    existing: &[u64],
    refused: &BTreeSet<u64>,
    wanted: Option<u64>,
) -> Result<u64, NoRollback> {
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
                    let mut older: Vec<_> = existing.iter().copied().filter(|number| *number < version).collect();
                    older.sort_unstable_by(|a, b| b.cmp(a));
                    match older.iter().find(|number| !refused.contains(number)) {
                        Some(before) => Ok(*before),
                        None if older.is_empty() => Err(NoRollback::OldestVersion { version }),
                        None => Err(NoRollback::AllTakenBack { version, refused: older }),
                    }
                }
            }
        }
    }
}

/// The tag of a state machine that names the versions that were taken back, by their canaries or by a rollback.
pub(crate) const REFUSED: &str = "warden:refused";
/// The longest value of a tag, in characters.
const LONGEST_TAG: usize = 256;

/// The versions that the tag names.
pub(crate) fn refused(tags: &BTreeMap<String, String>) -> BTreeSet<u64> {
    let named = tags.get(REFUSED).map(String::as_str).unwrap_or_default();
    named.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// What the tag is to say once versions were taken back, and one took over; nothing where it says so already. The
/// oldest fall out where there are more than a tag has room for.
pub(crate) fn with_refused(
    tags: &BTreeMap<String, String>,
    taken_back: &[u64],
    took_over: Option<u64>,
) -> Option<String> {
    let before = refused(tags);
    let mut named: BTreeSet<_> = before.iter().chain(taken_back).copied().collect();
    if let Some(version) = took_over {
        named.remove(&version);
    }
    if named == before {
        return None;
    }
    let mut value = String::new();
    for number in named.iter().rev() {
        let longer = format!("{number} {value}");
        if longer.trim_end().len() > LONGEST_TAG {
            break;
        }
        value = longer;
    }
    Some(value.trim_end().to_owned())
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
        if !self.passed_over.is_empty() {
            write!(f, ". Passed over {}, taken back before", numbers(&self.passed_over))?;
        }
        f.write_str("\nNew executions run it. Those that are running end as they began")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_before_is_chosen_or_it_is_said_why_there_is_none() {
        use NoRollback::{AllTakenBack, NoSuchVersion, OldestVersion, RunsAlready};
        type Case<'a> = (&'a [u64], &'a [u64], Option<u64>, Result<u64, NoRollback>);
        let cases: [Case; 15] = [
            // 6 and 8 were taken back.
            (&[7], &[7, 6, 5], None, Ok(5)),
            (&[9], &[5, 6, 8, 9], None, Ok(5)),
            (&[7], &[7, 6], None, Err(AllTakenBack { version: 7, refused: vec![6] })),
            (&[7], &[7, 6, 5], Some(6), Ok(6)),
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
            let refused = BTreeSet::from([6, 8]);
            assert_eq!(
                choose(running, existing, &refused, wanted),
                expected,
                "{running:?} of {existing:?}, to {wanted:?}"
            );
        }
    }

    #[test]
    fn the_tag_names_the_versions_that_were_taken_back() {
        type Case<'a> = (Option<&'a str>, &'a [u64], Option<u64>, Option<&'a str>);
        let cases: [Case; 11] = [
            (None, &[6], None, Some("6")),
            (Some("6"), &[8], None, Some("6 8")),
            (Some("8"), &[6], Some(5), Some("6 8")),
            (Some("6 8"), &[8], Some(5), None),
            (Some("6 8"), &[], Some(6), Some("8")),
            (Some("6"), &[7, 8], Some(6), Some("7 8")),
            (Some("6"), &[], Some(6), Some("")),
            (Some(""), &[], Some(6), None),
            (Some("somebody's own 6"), &[8], None, Some("6 8")),
            (Some("somebody's own"), &[], Some(6), None),
            (None, &[], Some(6), None),
        ];
        for (value, taken_back, took_over, expected) in cases {
            let tags = value.map(|value: &str| (REFUSED.to_owned(), value.to_owned())).into_iter().collect();
            assert_eq!(with_refused(&tags, taken_back, took_over).as_deref(), expected, "{value:?}");
        }
        let many = (1000..1064).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
        let value = with_refused(&BTreeMap::from([(REFUSED.to_owned(), many)]), &[1064], None).unwrap();
        assert!(value.len() <= LONGEST_TAG && value.starts_with("1014 ") && value.ends_with(" 1064"), "{value}");
    }

    #[test]
    fn a_refusal_says_what_there_is() {
        let error = NoRollback::NoSuchVersion { version: 7, existing: vec![4, 3] };
        assert_eq!(error.to_string(), "there is no version 7. There are 4, 3");
        let error = NoRollback::NoSuchVersion { version: 7, existing: vec![] };
        assert_eq!(error.to_string(), "there is no version 7. There are none");
    }
}
