//! A state machine as it should be and as it is, and what lies between: no calls here.

use std::collections::BTreeMap;

use aws_sdk_sfn::types::{LogLevel, LoggingConfiguration};
use serde::Serialize;

/// A state machine as it should be.
///
/// The type is STANDARD, failed executions are logged without their data, and
/// executions are traced.
#[derive(Clone, Debug)]
pub(crate) struct Desired {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) definition: String,
    pub(crate) role_arn: String,
    /// With the `:*` at its end that Step Functions wants.
    pub(crate) log_group_arn: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// Kept with a version; no difference.
    pub(crate) version_description: Option<String>,
}

/// A state machine, or one of its versions, as it is.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    pub(crate) definition: String,
    pub(crate) role_arn: String,
    /// Changes with the definition and the configuration; equal to that of the version that was published of it.
    pub(crate) revision: Option<String>,
    pub(crate) logging: Option<LoggingConfiguration>,
    /// Whether executions are traced; `None` when the service does not say.
    pub(crate) tracing: Option<bool>,
    /// `None` when they were not asked for: there is nothing to compare with.
    pub(crate) tags: Option<BTreeMap<String, String>>,
}

/// A property in which a state machine differs from what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Difference {
    /// The definition, compared as JSON.
    Definition,
    /// The role.
    Role,
    /// The log level, what is logged, or where.
    Logging,
    /// Whether executions are traced.
    Tracing,
    /// Tags that the stack has. Others are left alone.
    Tags,
}

impl Difference {
    /// The property's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Role => "role",
            Self::Logging => "logging",
            Self::Tracing => "tracing",
            Self::Tags => "tags",
        }
    }
}

/// The properties in which `current` differs from `desired`.
pub(crate) fn differences(desired: &Desired, current: &Current) -> Vec<Difference> {
    let mut found = Vec::new();
    if !same_json(&desired.definition, &current.definition) {
        found.push(Difference::Definition);
    }
    if desired.role_arn != current.role_arn {
        found.push(Difference::Role);
    }
    if !logs_as_desired(desired, current.logging.as_ref()) {
        found.push(Difference::Logging);
    }
    // A service that does not report whether it traces would look different forever.
    if current.tracing == Some(false) {
        found.push(Difference::Tracing);
    }
    found
}

/// The tags that the state machine lacks, or has with another value.
pub(crate) fn missing_tags(desired: &Desired, current: &Current) -> BTreeMap<String, String> {
    let held = |key: &String| current.tags.as_ref().and_then(|tags| tags.get(key));
    desired.tags.iter().filter(|(key, value)| held(key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Whether a version runs what is desired. A version keeps the role, the logging and the tracing that it was
/// published with; what a service does not report of them counts as equal.
pub(crate) fn runs_as_desired(desired: &Desired, version: &Current) -> bool {
    differences(desired, version)
        .iter()
        .all(|difference| *difference == Difference::Logging && version.logging.is_none())
}

/// The version that an alias hands every execution to, if it is one alone.
pub(crate) fn sole_version(routes: &[(String, i32)]) -> Option<&str> {
    let mut used = routes.iter().filter(|(_, weight)| *weight > 0);
    match (used.next(), used.next()) {
        (Some((version, _)), None) => Some(version),
        _ => None,
    }
}

/// A log group's ARN as Step Functions wants it, whether or not `:*` ends it.
pub(crate) fn log_destination(log_group_arn: &str) -> String {
    format!("{}:*", log_group_arn.trim_end_matches(":*"))
}

fn same_json(left: &str, right: &str) -> bool {
    let parse = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    parse(left).is_some_and(|left| parse(right) == Some(left))
}

fn logs_as_desired(desired: &Desired, logging: Option<&LoggingConfiguration>) -> bool {
    logging.is_some_and(|logging| {
        let destinations: Vec<_> = logging
            .destinations()
            .iter()
            .map(|to| to.cloud_watch_logs_log_group().and_then(|group| group.log_group_arn()))
            .collect();
        logging.level() == Some(&LogLevel::Error)
            && !logging.include_execution_data()
            && destinations == [Some(desired.log_group_arn.as_str())]
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::types::{CloudWatchLogsLogGroup, LogDestination};

    use super::*;

    const LOG_GROUP: &str = "arn:aws:logs:us-west-2:111122223333:log-group:/aws/vendedlogs/states/audit:*";

    fn desired() -> Desired {
        Desired {
            name: "audit".into(),
            arn: "arn:aws:states:us-west-2:111122223333:stateMachine:audit".into(),
            definition: r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#.into(),
            role_arn: "arn:aws:iam::111122223333:role/audit".into(),
            log_group_arn: LOG_GROUP.into(),
            tags: BTreeMap::new(),
            version_description: None,
        }
    }

    fn logging(level: LogLevel, data: bool, log_group: &str) -> LoggingConfiguration {
        let group = CloudWatchLogsLogGroup::builder().log_group_arn(log_group).build();
        LoggingConfiguration::builder()
            .level(level)
            .include_execution_data(data)
            .destinations(LogDestination::builder().cloud_watch_logs_log_group(group).build())
            .build()
    }

    fn current() -> Current {
        Current {
            definition: desired().definition,
            role_arn: desired().role_arn,
            revision: None,
            logging: Some(logging(LogLevel::Error, false, LOG_GROUP)),
            tracing: Some(true),
            tags: None,
        }
    }

    #[test]
    fn an_equal_machine_has_no_differences() {
        assert_eq!(differences(&desired(), &current()), []);
    }

    #[test]
    fn layout_and_order_of_keys_are_no_difference_but_values_are() {
        let with = |definition: &str| differences(&desired(), &Current { definition: definition.into(), ..current() });
        assert_eq!(with("{\n\"States\":{\"A\":{\"Type\":\"Succeed\"}},\"StartAt\":\"A\"}"), []);
        assert_eq!(with(r#"{"StartAt": "A", "States": {"A": {"Type": "Fail"}}}"#), [Difference::Definition]);
        assert_eq!(with("not JSON"), [Difference::Definition]);
    }

    #[test]
    fn role_logging_and_tracing_are_compared() {
        let other_group = "arn:aws:logs:us-west-2:111122223333:log-group:other:*";
        let cases = [
            (Current { role_arn: "arn:aws:iam::111122223333:role/other".into(), ..current() }, Difference::Role),
            (Current { logging: None, ..current() }, Difference::Logging),
            (Current { logging: Some(logging(LogLevel::All, false, LOG_GROUP)), ..current() }, Difference::Logging),
            (Current { logging: Some(logging(LogLevel::Error, true, LOG_GROUP)), ..current() }, Difference::Logging),
            (Current { logging: Some(logging(LogLevel::Error, false, other_group)), ..current() }, Difference::Logging),
            (Current { tracing: Some(false), ..current() }, Difference::Tracing),
        ];
        for (current, expected) in cases {
            assert_eq!(differences(&desired(), &current), [expected], "{current:?}");
        }
    }

    #[test]
    fn tags_of_the_stack_are_missing_unless_the_machine_has_them_with_that_value() {
        let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let desired = Desired { tags: tags(&[("env", "prod"), ("team", "audit")]), ..desired() };
        let cases = [
            (None, tags(&[("env", "prod"), ("team", "audit")])),
            (Some(tags(&[("env", "test"), ("team", "audit")])), tags(&[("env", "prod")])),
            (Some(tags(&[("env", "prod"), ("team", "audit"), ("other", "x")])), tags(&[])),
        ];
        for (held, missing) in cases {
            assert_eq!(missing_tags(&desired, &Current { tags: held, ..current() }), missing);
        }
    }

    #[test]
    fn tracing_that_is_not_told_is_no_difference() {
        assert_eq!(differences(&desired(), &Current { tracing: None, ..current() }), []);
    }

    #[test]
    fn a_version_runs_as_desired_by_all_that_is_told_of_it() {
        let silent = Current { logging: None, tracing: None, ..current() };
        assert!(runs_as_desired(&desired(), &silent));
        let older = Current { definition: r#"{"StartAt": "B"}"#.into(), ..current() };
        assert!(!runs_as_desired(&desired(), &older));
        let other_role = Current { role_arn: "arn:aws:iam::111122223333:role/other".into(), ..current() };
        assert!(!runs_as_desired(&desired(), &other_role));
        let silent_log = Current { logging: Some(logging(LogLevel::Off, false, LOG_GROUP)), ..current() };
        assert!(!runs_as_desired(&desired(), &silent_log));
        assert!(!runs_as_desired(&desired(), &Current { tracing: Some(false), ..current() }));
    }

    #[test]
    fn an_alias_has_a_sole_version_unless_its_weights_are_shared() {
        let route = |version: &str, weight| (version.to_owned(), weight);
        assert_eq!(sole_version(&[route("v1", 100)]), Some("v1"));
        assert_eq!(sole_version(&[route("v1", 0), route("v2", 100)]), Some("v2"));
        assert_eq!(sole_version(&[route("v1", 90), route("v2", 10)]), None);
        assert_eq!(sole_version(&[]), None);
    }

    #[test]
    fn a_log_destination_ends_in_a_star_once() {
        assert_eq!(log_destination(LOG_GROUP), LOG_GROUP);
        assert_eq!(log_destination(LOG_GROUP.trim_end_matches(":*")), LOG_GROUP);
    }
}
