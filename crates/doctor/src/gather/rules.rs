use serde_json::{Value, json};
use warden_control_plane::Call;
use warden_deploy::StateMachine;

use crate::aws::{Aws, EVENTS};
use crate::checks::rules::{Facts, Rule};
use crate::subject::{Resource, Subject};

pub(crate) async fn gather(aws: &Aws, subject: &Subject, machine_arn: &str) -> Facts {
    let mut rules = Vec::new();
    let backfills = subject.stack.arn_of(StateMachine::Backfill).ok();
    for resource in subject.resources_of("AWS::Events::Rule") {
        let (bus, name) = place(subject, resource);
        let rule = Call::rpc("AWSEvents.DescribeRule", &of_bus(json!({"Name": name}), bus));
        let targets = Call::rpc("AWSEvents.ListTargetsByRule", &of_bus(json!({"Rule": name}), bus));
        rules.push(Rule {
            name: name.to_owned(),
            bus: bus.map(str::to_owned),
            described: aws.ask(EVENTS, "events:DescribeRule", rule).await,
            targets: aws.ask(EVENTS, "events:ListTargetsByRule", targets).await,
            target: match reporter(subject) {
                Some(alias) if resource.name == "OlderVersionsRule" => alias.to_owned(),
                _ if resource.name == "SweepRule" => format!("{}:live", backfills.as_deref().unwrap_or(machine_arn)),
                _ => format!("{machine_arn}:live"),
            },
        });
    }
    let sweep_schedule = subject.parameter("SweepSchedule").filter(|_| backfills.is_some()).map(str::to_owned);
    Facts { rules, sweep_schedule }
}

/// The alias of the function that reports older versions, where the stack has it.
fn reporter(subject: &Subject) -> Option<&str> {
    let mut aliases = subject.resources_of("AWS::Lambda::Alias");
    aliases.find(|alias| alias.name.starts_with("OlderVersionsReporter")).map(|alias| alias.id.as_str())
}

/// The bus of a rule, if that is one of the stack's own, and the rule's name.
fn place<'s>(subject: &'s Subject, resource: &'s Resource) -> (Option<&'s str>, &'s str) {
    match resource.id.split_once('|') {
        // So CloudFormation names a rule of another bus than the default one.
        Some((bus, name)) => (Some(bus), name),
        // A local engine does not.
        None if resource.name == "ReplayRule" => (subject.output("ReplayBusName"), &resource.id),
        None => (None, &resource.id),
    }
}

fn of_bus(mut body: Value, bus: Option<&str>) -> Value {
    if let Some(bus) = bus {
        body["EventBusName"] = json!(bus);
    }
    body
}
