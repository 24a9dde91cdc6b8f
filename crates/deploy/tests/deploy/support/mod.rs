//! AWS as recorded: a list of answers in the order they are given, and the
//! requests that were really made for them.

use aws_sdk_sfn::config::retry::RetryConfig;
use aws_types::SdkConfig;
use serde_json::{Value, json};
use warden_deploy::{ApplyRequest, DefinitionTemplate, Deployer, Replayer};
use warden_test_support::RecordedAws;

pub const MACHINE: &str = "arn:aws:states:us-west-2:111122223333:stateMachine:audit";
pub const ALIAS: &str = "arn:aws:states:us-west-2:111122223333:stateMachine:audit:live";
pub const ROLE: &str = "arn:aws:iam::111122223333:role/audit-states";
pub const LOG_GROUP: &str = "arn:aws:logs:us-west-2:111122223333:log-group:/aws/vendedlogs/states/audit:*";
pub const TOPIC: &str = "arn:aws:sns:us-west-2:111122223333:audit-alerts";

/// One answer of AWS, to one operation.
pub struct Answer {
    operation: &'static str,
    response: warden_test_support::Answer,
}

pub fn answer(operation: &'static str, body: &Value) -> Answer {
    Answer { operation, response: warden_test_support::Answer::new(200, body.to_string()) }
}

pub fn refusal(operation: &'static str, code: &str, message: &str) -> Answer {
    let body = json!({"__type": format!("com.amazonaws.swf.service.v2.model#{code}"), "message": message});
    Answer { operation, response: warden_test_support::Answer::new(400, body.to_string()) }
}

/// `CloudFormation`'s answer for a stack with these outputs.
pub fn stack(status: &str, outputs: &[(&str, &str)]) -> Answer {
    tagged_stack(status, outputs, &[])
}

/// The same, with tags of its own.
pub fn tagged_stack(status: &str, outputs: &[(&str, &str)], tags: &[(&str, &str)]) -> Answer {
    let tags: Vec<_> =
        tags.iter().map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>")).collect();
    let tags = tags.concat();
    let members: Vec<_> = outputs
        .iter()
        .map(|(key, value)| format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"))
        .collect();
    let members = members.concat();
    let body = format!(
        r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
        <StackName>audit</StackName>
        <StackId>arn:aws:cloudformation:us-west-2:111122223333:stack/audit/6f2e5b10-aaaa-11ef-8d5c-0a1b2c3d4e5f</StackId>
        <CreationTime>2026-11-01T10:00:00.000Z</CreationTime>
        <StackStatus>{status}</StackStatus>
        <Outputs>{members}</Outputs><Tags>{tags}</Tags>
        </member></Stacks></DescribeStacksResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeStacksResponse>"#
    );
    Answer { operation: "DescribeStacks", response: warden_test_support::Answer::new(200, body) }
}

pub fn stack_refusal(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        r#"<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"#
    );
    Answer { operation: "DescribeStacks", response: warden_test_support::Answer::new(status, body) }
}

/// The stack as the template leaves it.
pub fn complete_stack() -> Answer {
    stack("CREATE_COMPLETE", &OUTPUTS)
}

/// The outputs of the stack as the template leaves it.
pub const OUTPUTS: [(&str, &str); 5] = [
    ("StateMachineName", "audit"),
    ("StateMachineRoleArn", ROLE),
    ("StateMachineLogGroupArn", LOG_GROUP),
    ("AlertTopicArn", TOPIC),
    ("ReplayBusName", "audit-replay"),
];

/// The definition that tests deploy, with a placeholder for the topic.
pub fn template() -> &'static str {
    r#"{
  "QueryLanguage": "JSONata",
  "StartAt": "Publish alert",
  "States": {
    "Publish alert": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sns:publish",
      "Arguments": {"TopicArn": "${AlertTopicArn}"},
      "End": true
    }
  }
}"#
}

/// The same, filled, in another layout: as a service may give it back.
pub fn deployed_definition() -> String {
    json!({"States": {"Publish alert": {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {"TopicArn": TOPIC},
        "End": true
    }}, "StartAt": "Publish alert", "QueryLanguage": "JSONata"})
    .to_string()
}

/// `DescribeStateMachine` of a machine, or version, that is as desired.
pub fn described(arn: &str) -> Value {
    json!({
        "stateMachineArn": arn,
        "name": "audit",
        "status": "ACTIVE",
        "type": "STANDARD",
        "definition": deployed_definition(),
        "roleArn": ROLE,
        "creationDate": 1_793_527_200.0,
        "revisionId": "0b7c5bd1-3c04-4d2f-9c39-1c9a5b9a0001",
        "loggingConfiguration": {
            "level": "ERROR",
            "includeExecutionData": false,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": LOG_GROUP}}]
        },
        "tracingConfiguration": {"enabled": true}
    })
}

/// `described`, with one field replaced.
pub fn described_with(arn: &str, field: &str, value: Value) -> Value {
    let mut description = described(arn);
    description[field] = value;
    description
}

/// `DescribeStateMachineAlias` with these versions' numbers and weights.
pub fn alias(routes: &[(u32, i32)]) -> Value {
    let routes: Vec<_> = routes
        .iter()
        .map(|(version, weight)| json!({"stateMachineVersionArn": version_arn(*version), "weight": weight}))
        .collect();
    json!({
        "stateMachineAliasArn": ALIAS,
        "name": "live",
        "routingConfiguration": routes,
        "creationDate": 1_793_527_200.0,
        "updateDate": 1_793_527_200.0
    })
}

pub fn version_arn(number: u32) -> String {
    format!("{MACHINE}:{number}")
}

/// Which versions the machine's tag says were taken back.
pub fn marked(versions: &str) -> Answer {
    answer("ListTagsForResource", &json!({"tags": [{"key": "warden:refused", "value": versions}]}))
}

pub fn mark_kept() -> Answer {
    answer("TagResource", &json!({}))
}

pub fn no_machine() -> Answer {
    refusal("DescribeStateMachine", "StateMachineDoesNotExist", &format!("State Machine Does Not Exist: '{MACHINE}'"))
}

pub fn no_alias() -> Answer {
    refusal("DescribeStateMachineAlias", "ResourceNotFound", &format!("Alias not found: {ALIAS}"))
}

/// AWS, with the answers it gives.
pub struct Recorded {
    aws: RecordedAws,
    expected: Vec<&'static str>,
}

/// A request that was made.
#[derive(Debug)]
pub struct Call {
    pub operation: String,
    pub body: Value,
}

impl Recorded {
    pub fn new(answers: Vec<Answer>) -> Self {
        let expected = answers.iter().map(|answer| answer.operation).collect();
        let aws = RecordedAws::answering(answers.into_iter().map(|answer| answer.response));
        Self { aws, expected }
    }

    fn config(&self) -> SdkConfig {
        self.aws.config_builder().retry_config(RetryConfig::standard()).build()
    }

    pub fn replayer(&self) -> Replayer {
        Replayer::new(&self.config())
    }

    pub fn deployer(&self) -> Deployer {
        Deployer::new(&self.config())
    }

    /// The requests made, which are those that answers were given for, in this order.
    pub fn calls(&self) -> Vec<Call> {
        let calls: Vec<_> = self.aws.requests().iter().map(call).collect();
        let operations: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
        assert_eq!(operations, self.expected);
        calls
    }
}

pub fn request() -> ApplyRequest {
    ApplyRequest::new("audit", DefinitionTemplate::new("audit.asl.json", template()))
}

fn call(request: &aws_sdk_sfn::config::http::HttpRequest) -> Call {
    let body = request.body().bytes().unwrap_or_default();
    if let Some(target) = request.headers().get("x-amz-target") {
        return Call {
            operation: target.rsplit('.').next().unwrap().to_owned(),
            body: serde_json::from_slice(body).unwrap(),
        };
    }
    let fields: Value = std::str::from_utf8(body)
        .unwrap()
        .split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    Call { operation: fields["Action"].as_str().unwrap().to_owned(), body: fields }
}
