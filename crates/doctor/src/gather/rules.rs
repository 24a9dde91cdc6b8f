use serde_json::{Value, json};
use warden_control_plane::Call;

use crate::aws::{Aws, EVENTS};
use crate::checks::rules::{Facts, Rule};
use crate::subject::Subject;

pub(crate) async fn gather(aws: &Aws, subject: &Subject, machine_arn: &str) -> Facts {
    let mut rules = Vec::new();
    for resource in subject.resources_of("AWS::Events::Rule") {
        // Of a bus of its own, a rule's id is `BUS|RULE`.
        let (bus, name) =
            resource.id.split_once('|').map_or((None, resource.id.as_str()), |(bus, name)| (Some(bus), name));
        let rule = Call::rpc("AWSEvents.DescribeRule", &of_bus(json!({"Name": name}), bus));
        let targets = Call::rpc("AWSEvents.ListTargetsByRule", &of_bus(json!({"Rule": name}), bus));
        rules.push(Rule {
            name: name.to_owned(),
            bus: bus.map(str::to_owned),
            described: aws.ask(EVENTS, "events:DescribeRule", rule).await,
            targets: aws.ask(EVENTS, "events:ListTargetsByRule", targets).await,
        });
    }
    Facts { rules, target: format!("{machine_arn}:live") }
}

fn of_bus(mut body: Value, bus: Option<&str>) -> Value {
    if let Some(bus) = bus {
        body["EventBusName"] = json!(bus);
    }
    body
}
