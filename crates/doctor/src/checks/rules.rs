//! Whether the rules are on and start the state machine.

use serde::Deserialize;

use crate::fact::Fact;
use crate::finding::{Area, Finding, counted};

/// What is known of the stack's rules.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) rules: Vec<Rule>,
    /// When sweeps are to begin, of a stack that has them: empty if they are off.
    pub(crate) sweep_schedule: Option<String>,
}

/// A rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// Its bus, if that is one of the stack's own.
    pub(crate) bus: Option<String>,
    pub(crate) described: Fact<Described>,
    pub(crate) targets: Fact<Targets>,
    /// What it has to start: the state machine's alias `live`, or a function's.
    pub(crate) target: String,
}

/// What `DescribeRule` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Described {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    Enabled,
    EnabledWithAllCloudtrailManagementEvents,
    Disabled,
}

/// What `ListTargetsByRule` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Targets {
    #[serde(default)]
    targets: Vec<Target>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    arn: String,
    dead_letter_config: Option<DeadLetterConfig>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    arn: Option<String>,
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    const AREA: Area = Area::Rules;
    let mut findings: Vec<_> = facts.rules.iter().filter_map(check_rule).collect();
    let ok = facts.rules.len() - findings.len();
    if facts.rules.is_empty() {
        findings.push(Finding::failure(
            AREA,
            "the stack has no rule: nothing starts the audit",
            "Deploy the template again",
        ));
    } else if ok > 0 {
        findings.insert(
            0,
            Finding::ok(
                AREA,
                format!("{} on and start{} the alias live", counted_are(ok), if ok == 1 { "s" } else { "" }),
            ),
        );
    }
    findings.extend(facts.sweep_schedule.as_deref().map(|schedule| {
        let said = match schedule {
            "" => "sweeps are off (SweepSchedule): what no event reports is not looked for".to_owned(),
            schedule => format!("sweeps look for what no event reported, at {schedule}"),
        };
        Finding::ok(AREA, said)
    }));
    findings
}

fn counted_are(count: usize) -> String {
    format!("{} {}", counted(count, "rule"), if count == 1 { "is" } else { "are" })
}

/// What is wrong with a rule, if anything.
fn check_rule(rule: &Rule) -> Option<Finding> {
    const AREA: Area = Area::Rules;
    let Rule { name, target, .. } = rule;
    let described = match &rule.described {
        Ok(described) => described,
        Err(unknown) => return Some(unknown.finding(AREA, &format!("the rule {name}"))),
    };
    if described.state == State::Disabled {
        let bus = rule.bus.as_ref().map_or_else(String::new, |bus| format!(" --event-bus-name {bus}"));
        return Some(Finding::failure(
            AREA,
            format!("the rule {name} is disabled"),
            format!("Run `aws events enable-rule --name {name}{bus}`, and find out who disabled it"),
        ));
    }
    let targets = match &rule.targets {
        Ok(Targets { targets }) => targets,
        Err(unknown) => return Some(unknown.finding(AREA, &format!("what the rule {name} starts"))),
    };
    let Some(found) = targets.iter().find(|found| found.arn == *target) else {
        return Some(Finding::failure(
            AREA,
            format!("the rule {name} does not start {target}"),
            "Deploy the template again: somebody removed or changed its target",
        ));
    };
    let keeps = found.dead_letter_config.as_ref().is_some_and(|config| config.arn.is_some());
    (!keeps).then(|| {
        Finding::warning(
            AREA,
            format!("the rule {name} has no dead-letter queue: events that start nothing are lost"),
            "Deploy the template again",
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Level;
    use crate::fact::Unknown;

    const LIVE: &str = "arn:aws:states:us-west-2:111122223333:stateMachine:audit:live";

    fn rule(name: &str, state: &str, targets: &Value) -> Rule {
        Rule {
            name: name.into(),
            bus: None,
            described: Ok(
                serde_json::from_value(json!({"Name": name, "State": state, "EventBusName": "default"})).unwrap()
            ),
            targets: Ok(serde_json::from_value(json!({"Targets": targets})).unwrap()),
            target: LIVE.into(),
        }
    }

    fn target() -> Value {
        json!([{"Id": "security-audit", "Arn": LIVE, "RoleArn": "arn:aws:iam::1:role/r",
                "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-west-2:111122223333:dead"}}])
    }

    fn found(rules: Vec<Rule>) -> Vec<(Level, String)> {
        let findings = check(&Facts { rules, sweep_schedule: None });
        findings.into_iter().map(|finding| (finding.level, finding.said)).collect()
    }

    #[test]
    fn rules_that_are_on_and_start_the_alias_are_one_line() {
        let rules = vec![
            rule("a", "ENABLED", &target()),
            rule("b", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", &target()),
        ];
        assert_eq!(found(rules), [(Level::Ok, "2 rules are on and start the alias live".to_owned())]);
    }

    #[test]
    fn whether_and_when_sweeps_begin_is_said() {
        for (schedule, said) in
            [("", "sweeps are off"), ("rate(7 days)", "sweeps look for what no event reported, at rate")]
        {
            let facts = Facts { rules: vec![rule("a", "ENABLED", &target())], sweep_schedule: Some(schedule.into()) };
            let found = check(&facts);
            assert!(found[1].level == Level::Ok && found[1].said.starts_with(said), "{found:?}");
        }
    }

    #[test]
    fn each_rule_that_does_not_work_is_named() {
        let lambda = json!([{"Id": "x", "Arn": "arn:aws:lambda:us-west-2:111122223333:function:f"}]);
        let no_queue = json!([{"Id": "x", "Arn": LIVE}]);
        for (rule, level, said) in [
            (rule("a", "DISABLED", &target()), Level::Failure, "the rule a is disabled"),
            (rule("a", "ENABLED", &json!([])), Level::Failure, "the rule a does not start arn:"),
            (rule("a", "ENABLED", &lambda), Level::Failure, "the rule a does not start arn:"),
            (rule("a", "ENABLED", &no_queue), Level::Warning, "the rule a has no dead-letter queue"),
            (
                Rule {
                    described: Err(Unknown::Denied { action: "events:DescribeRule" }),
                    ..rule("a", "ENABLED", &target())
                },
                Level::Warning,
                "the rule a could not be looked at: your credentials may not call events:DescribeRule",
            ),
            (
                Rule {
                    targets: Err(Unknown::Denied { action: "events:ListTargetsByRule" }),
                    ..rule("a", "ENABLED", &target())
                },
                Level::Warning,
                "what the rule a starts could not be looked at: your credentials may not call events:ListTargetsByRule",
            ),
        ] {
            let found = found(vec![self::rule("b", "ENABLED", &target()), rule]);
            assert_eq!(found.len(), 2);
            assert_eq!(found[0], (Level::Ok, "1 rule is on and starts the alias live".to_owned()));
            assert!(found[1].0 == level && found[1].1.starts_with(said), "{found:?}");
        }
        assert_eq!(found(vec![])[0].0, Level::Failure);
    }
}
