use serde_json::json;
use warden_control_plane::Call;
use warden_deploy::StateMachine;

use crate::aws::{Aws, STATES};
use crate::checks::state_machine::Facts;
use crate::subject::Subject;

/// How many of the last executions are looked at.
const EXECUTIONS: u64 = 20;

pub(crate) async fn gather(aws: &Aws, subject: &Subject, machine_of: StateMachine, machine_arn: &str) -> Facts {
    let (_, role, log_group) = machine_of.outputs();
    let machine = Call::rpc(
        "AWSStepFunctions.DescribeStateMachine",
        &json!({"stateMachineArn": machine_arn, "includedData": "METADATA_ONLY"}),
    );
    let alias = Call::rpc(
        "AWSStepFunctions.DescribeStateMachineAlias",
        &json!({"stateMachineAliasArn": format!("{machine_arn}:live")}),
    );
    let versions = Call::rpc(
        "AWSStepFunctions.ListStateMachineVersions",
        &json!({"stateMachineArn": machine_arn, "maxResults": 10}),
    );
    let executions = Call::rpc(
        "AWSStepFunctions.ListExecutions",
        &json!({"stateMachineArn": machine_arn, "maxResults": EXECUTIONS}),
    );
    Facts {
        stack: subject.stack.name.clone(),
        machine_of,
        machine: aws.ask(STATES, "states:DescribeStateMachine", machine).await,
        alias: aws.ask(STATES, "states:DescribeStateMachineAlias", alias).await,
        versions: aws.ask(STATES, "states:ListStateMachineVersions", versions).await,
        executions: aws.ask(STATES, "states:ListExecutions", executions).await,
        role: subject.output(role).map(str::to_owned),
        log_group: subject.output(log_group).map(str::to_owned),
    }
}
