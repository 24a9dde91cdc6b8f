//! What the alias of a state machine runs, and how that does.

use serde::Deserialize;
use warden_deploy::StateMachine;

use crate::fact::{Fact, Unknown};
use crate::finding::{Area, Finding, counted};

/// What is known of a state machine.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) stack: String,
    pub(crate) machine_of: StateMachine,
    pub(crate) machine: Fact<Machine>,
    pub(crate) alias: Fact<Alias>,
    pub(crate) versions: Fact<Versions>,
    pub(crate) executions: Fact<Executions>,
    /// The role and the log group that the stack made for it.
    pub(crate) role: Option<String>,
    pub(crate) log_group: Option<String>,
}

/// What `DescribeStateMachine` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    role_arn: String,
    #[serde(default)]
    logging_configuration: Logging,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Logging {
    include_execution_data: bool,
    destinations: Vec<Destination>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Destination {
    cloud_watch_logs_log_group: Option<LogGroup>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    log_group_arn: Option<String>,
}

/// What `DescribeStateMachineAlias` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alias {
    #[serde(default)]
    routing_configuration: Vec<Route>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    state_machine_version_arn: String,
    weight: i64,
}

/// What `ListStateMachineVersions` answers: the newest come first.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Versions {
    #[serde(default)]
    state_machine_versions: Vec<Version>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    state_machine_version_arn: String,
}

/// What `ListExecutions` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Executions {
    #[serde(default)]
    executions: Vec<Execution>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Execution {
    status: String,
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = check_alias(facts);
    findings.extend(check_machine(facts));
    findings.extend(check_executions(facts));
    findings
}

impl Facts {
    /// The state machine, for people.
    const fn machine_name(&self) -> &'static str {
        match self.machine_of {
            StateMachine::Audit => "the state machine",
            StateMachine::Backfill => "the state machine of backfills",
        }
    }

    /// Its alias, for people.
    const fn alias_name(&self) -> &'static str {
        match self.machine_of {
            StateMachine::Audit => "the alias live",
            StateMachine::Backfill => "the alias live of backfills",
        }
    }
}

fn check_alias(facts: &Facts) -> Vec<Finding> {
    const AREA: Area = Area::StateMachine;
    let (stack, name) = (&facts.stack, facts.alias_name());
    let missing = || {
        let starts = match facts.machine_of {
            StateMachine::Audit => "the rules start nothing",
            StateMachine::Backfill => "neither backfills nor sweeps can be started",
        };
        let apply = format!("Run `warden deploy apply --stack {stack}`");
        vec![Finding::failure(AREA, format!("{name} does not exist: {starts}"), apply)]
    };
    let alias = match &facts.alias {
        Ok(alias) => alias,
        Err(Unknown::Absent { .. }) => return missing(),
        Err(unknown) => return vec![unknown.finding(AREA, name)],
    };
    let routes: Vec<_> = alias.routing_configuration.iter().filter(|route| route.weight > 0).collect();
    let [first, others @ ..] = routes.as_slice() else { return missing() };
    if !others.is_empty() {
        let shares: Vec<_> = routes
            .iter()
            .map(|route| format!("{} ({} %)", number(&route.state_machine_version_arn), route.weight))
            .collect();
        return vec![Finding::warning(
            AREA,
            format!("{name} shares executions between versions {}", shares.join(" and ")),
            format!("If no `warden deploy apply --canary` runs, end it: `warden deploy rollback --stack {stack}`"),
        )];
    }
    let running = number(&first.state_machine_version_arn);
    match &facts.versions {
        Err(unknown) => vec![unknown.finding(AREA, &format!("the versions of {}", facts.machine_name()))],
        Ok(versions) => {
            match versions.state_machine_versions.first().map(|version| number(&version.state_machine_version_arn)) {
                Some(newest) if newest != running => vec![Finding::warning(
                    AREA,
                    format!("{name} runs version {running}, and {newest} is the newest"),
                    format!("If it was not rolled back on purpose, run `warden deploy apply --stack {stack}`"),
                )],
                _ => vec![Finding::ok(AREA, format!("{name} runs version {running}, the newest"))],
            }
        }
    }
}

fn check_machine(facts: &Facts) -> Option<Finding> {
    const AREA: Area = Area::StateMachine;
    let (name, apply) = (facts.machine_name(), || format!("Run `warden deploy apply --stack {}`", facts.stack));
    let machine = match &facts.machine {
        Ok(machine) => machine,
        // The alias says it.
        Err(Unknown::Absent { .. }) => return None,
        Err(unknown) => return Some(unknown.finding(AREA, name)),
    };
    if facts.role.as_ref().is_some_and(|role| *role != machine.role_arn) {
        let said = format!("{name} runs with {}, which is not the stack's role", machine.role_arn);
        return Some(Finding::warning(AREA, said, apply()));
    }
    let logging = &machine.logging_configuration;
    if logging.include_execution_data {
        let said = format!("the log of {name} holds the data of executions, which name who uploaded what");
        return Some(Finding::warning(AREA, said, apply()));
    }
    let group = |arn: &str| arn.trim_end_matches(":*").to_owned();
    let wanted = facts.log_group.as_deref().map(group)?;
    let groups =
        logging.destinations.iter().filter_map(|to| to.cloud_watch_logs_log_group.as_ref()?.log_group_arn.as_deref());
    let mut groups = groups.map(group);
    (!groups.any(|found| found == wanted))
        .then(|| Finding::warning(AREA, format!("{name} does not log to the stack's log group"), apply()))
}

fn check_executions(facts: &Facts) -> Option<Finding> {
    const AREA: Area = Area::StateMachine;
    let executions = match &facts.executions {
        Ok(Executions { executions }) => executions,
        Err(Unknown::Absent { .. }) => return None,
        Err(unknown) => {
            return Some(unknown.finding(AREA, &format!("the last executions of {}", facts.machine_name())));
        }
    };
    let (what, nothing) = match facts.machine_of {
        StateMachine::Audit => ("execution", "nothing has been audited yet"),
        StateMachine::Backfill => ("backfill", "no backfill or sweep has run yet"),
    };
    if executions.is_empty() {
        return Some(Finding::ok(AREA, nothing));
    }
    let bad =
        executions.iter().filter(|execution| !matches!(execution.status.as_str(), "RUNNING" | "SUCCEEDED")).count();
    Some(if bad == 0 {
        Finding::ok(AREA, format!("none of the last {} failed", counted(executions.len(), what)))
    } else {
        Finding::warning(
            AREA,
            format!("{bad} of the last {} did not succeed", counted(executions.len(), what)),
            match facts.machine_of {
                StateMachine::Audit => {
                    format!(
                        "Run `warden deploy status --stack {}`, then `warden deploy history EXECUTION`",
                        facts.stack
                    )
                }
                StateMachine::Backfill => format!(
                    "Run `warden backfill status --stack {0}`, and `warden backfill resume --stack {0} ID` once it is mended",
                    facts.stack
                ),
            },
        )
    })
}

/// The number of a version.
fn number(version_arn: &str) -> &str {
    version_arn.rsplit(':').next().unwrap_or(version_arn)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Level;

    const MACHINE: &str = "arn:aws:states:us-west-2:111122223333:stateMachine:audit";
    const ROLE: &str = "arn:aws:iam::111122223333:role/audit";
    const GROUP: &str = "arn:aws:logs:us-west-2:111122223333:log-group:/aws/vendedlogs/states/audit";

    fn alias(routes: &[(u64, i64)]) -> Alias {
        let routes: Vec<_> = routes
            .iter()
            .map(
                |(version, weight)| json!({"stateMachineVersionArn": format!("{MACHINE}:{version}"), "weight": weight}),
            )
            .collect();
        read(json!({"stateMachineAliasArn": format!("{MACHINE}:live"), "routingConfiguration": routes}))
    }

    fn machine(role: &str, group: &str, data: bool) -> Machine {
        read(json!({"stateMachineArn": MACHINE, "roleArn": role, "loggingConfiguration": {
            "level": "ERROR", "includeExecutionData": data,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}}))
    }

    fn executions(statuses: &[&str]) -> Executions {
        let executions: Vec<_> = statuses.iter().map(|status| json!({"status": status})).collect();
        read(json!({"executions": executions}))
    }

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    fn facts() -> Facts {
        let versions = json!({"stateMachineVersions": [{"stateMachineVersionArn": format!("{MACHINE}:4"), "creationDate": 2.0},
                                                       {"stateMachineVersionArn": format!("{MACHINE}:3"), "creationDate": 1.0}]});
        Facts {
            stack: "audit".into(),
            machine_of: StateMachine::Audit,
            machine: Ok(machine(ROLE, &format!("{GROUP}:*"), false)),
            alias: Ok(alias(&[(4, 100)])),
            versions: Ok(read(versions)),
            executions: Ok(executions(&["RUNNING", "SUCCEEDED"])),
            role: Some(ROLE.into()),
            log_group: Some(format!("{GROUP}:*")),
        }
    }

    #[test]
    fn a_machine_that_runs_its_newest_version_well_is_ok() {
        let found: Vec<_> = check(&facts()).into_iter().map(|finding| (finding.level, finding.said)).collect();
        assert_eq!(
            found,
            [
                (Level::Ok, "the alias live runs version 4, the newest".to_owned()),
                (Level::Ok, "none of the last 2 executions failed".to_owned()),
            ]
        );
    }

    #[test]
    fn of_backfills_it_is_said_that_it_is_theirs() {
        let absent = Unknown::Absent { action: "states:DescribeStateMachineAlias" };
        let of_backfills = Facts {
            machine_of: StateMachine::Backfill,
            alias: Err(absent),
            machine: Ok(machine("arn:other", GROUP, false)),
            executions: Ok(executions(&["FAILED"])),
            ..facts()
        };
        let found: Vec<_> = check(&of_backfills).into_iter().map(|finding| (finding.level, finding.said)).collect();
        assert_eq!(
            found,
            [
                (
                    Level::Failure,
                    "the alias live of backfills does not exist: neither backfills nor sweeps can be started"
                        .to_owned()
                ),
                (
                    Level::Warning,
                    "the state machine of backfills runs with arn:other, which is not the stack's role".to_owned()
                ),
                (Level::Warning, "1 of the last 1 backfill did not succeed".to_owned()),
            ]
        );
    }

    #[test]
    fn each_thing_that_is_not_as_deployed_is_told() {
        let denied = |action| Unknown::Denied { action };
        let absent = Unknown::Absent { action: "states:DescribeStateMachineAlias" };
        for (facts, level, said) in [
            (Facts { alias: Err(absent), ..facts() }, Level::Failure, "the alias live does not exist"),
            (Facts { alias: Ok(alias(&[])), ..facts() }, Level::Failure, "the alias live does not exist"),
            (
                Facts { alias: Ok(alias(&[(3, 90), (4, 10)])), ..facts() },
                Level::Warning,
                "the alias live shares executions between versions 3 (90 %) and 4 (10 %)",
            ),
            (
                Facts { alias: Ok(alias(&[(3, 100)])), ..facts() },
                Level::Warning,
                "the alias live runs version 3, and 4 is the newest",
            ),
            (
                Facts { machine: Ok(machine("arn:other", GROUP, false)), ..facts() },
                Level::Warning,
                "the state machine runs with arn:other",
            ),
            (
                Facts { machine: Ok(machine(ROLE, GROUP, true)), ..facts() },
                Level::Warning,
                "the log of the state machine holds the data",
            ),
            (
                Facts { machine: Ok(machine(ROLE, "arn:other", false)), ..facts() },
                Level::Warning,
                "the state machine does not log to the stack's log group",
            ),
            (
                Facts { executions: Ok(executions(&["FAILED", "SUCCEEDED", "TIMED_OUT"])), ..facts() },
                Level::Warning,
                "2 of the last 3 executions did not succeed",
            ),
            (
                Facts { alias: Err(denied("states:DescribeStateMachineAlias")), ..facts() },
                Level::Warning,
                "the alias live could not",
            ),
            (
                Facts { versions: Err(denied("states:ListStateMachineVersions")), ..facts() },
                Level::Warning,
                "the versions of the state",
            ),
            (
                Facts { machine: Err(denied("states:DescribeStateMachine")), ..facts() },
                Level::Warning,
                "the state machine could not",
            ),
            (
                Facts { executions: Err(denied("states:ListExecutions")), ..facts() },
                Level::Warning,
                "the last executions of the state machine could not",
            ),
        ] {
            let findings = check(&facts);
            assert!(
                findings.iter().any(|found| found.level == level && found.said.starts_with(said)),
                "{said}: {findings:?}"
            );
        }
    }
}
