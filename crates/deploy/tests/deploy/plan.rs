//! What `plan` and `validate` call and tell, against recorded answers.

use crate::support::{
    ALIAS, Answer, MACHINE, OUTPUTS, ROLE, Recorded, alias, answer, complete_stack, described, described_with,
    no_alias, no_machine, refusal, request, tagged_stack, version_arn,
};
use serde_json::{Value, json};
use warden_deploy::{DefinitionTemplate, Difference, Outcome, PlanReport};

fn machine_as(description: &Value) -> Answer {
    answer("DescribeStateMachine", description)
}

fn alias_to(routes: &[(u32, i32)]) -> Answer {
    answer("DescribeStateMachineAlias", &alias(routes))
}

/// Plans against these answers, which must all be of reading.
async fn planned(answers: Vec<Answer>) -> PlanReport {
    let aws = Recorded::new(answers);
    let plan = aws.deployer().plan(&request()).await.unwrap();
    for call in aws.calls() {
        assert!(call.operation.starts_with("Describe") || call.operation.starts_with("List"), "{call:?}");
    }
    plan
}

#[tokio::test]
async fn with_nothing_to_change_it_says_so() {
    let answers = vec![
        complete_stack(),
        machine_as(&described(MACHINE)),
        alias_to(&[(3, 100)]),
        machine_as(&described(&version_arn(3))),
    ];
    let plan = planned(answers).await;
    assert!(!plan.would_change());
    assert_eq!(plan.to_string(), format!("Nothing to change: {ALIAS} runs version 3"));
}

#[tokio::test]
async fn from_nothing_a_machine_and_an_alias_would_be_created() {
    let plan = planned(vec![complete_stack(), no_machine(), no_alias()]).await;
    assert_eq!((plan.outcome, plan.alias), (Outcome::Created, Outcome::Created));
    assert_eq!(
        plan.to_string(),
        format!("State machine {MACHINE} would be created\nAlias live would be created and run a new version")
    );
}

#[tokio::test]
async fn a_change_is_shown_state_by_state() {
    let mut older: Value = serde_json::from_str(&crate::support::deployed_definition()).unwrap();
    older["States"]["Publish alert"]["Resource"] = json!("arn:aws:states:::sqs:sendMessage");
    let older = described_with(MACHINE, "definition", json!(older.to_string()));
    let answers = vec![complete_stack(), machine_as(&older), alias_to(&[(3, 100)]), machine_as(&older)];
    let plan = planned(answers).await;
    assert_eq!(plan.changes.len(), 1);
    let text = plan.to_string();
    assert!(text.contains("\n  definition:\n    state `Publish alert` changed:\n"), "{text}");
    assert!(text.contains("\n      -  \"Resource\": \"arn:aws:states:::sqs:sendMessage\",\n"), "{text}");
    assert!(text.contains("\n      +  \"Resource\": \"arn:aws:states:::sns:publish\",\n"), "{text}");
    assert!(text.ends_with("\nAlias live would move from version 3 to a new one"), "{text}");
}

#[tokio::test]
async fn logging_and_tracing_change_without_a_new_version() {
    let mut older = described_with(MACHINE, "loggingConfiguration", json!({"level": "OFF"}));
    older["tracingConfiguration"] = json!({"enabled": false});
    let answers =
        vec![complete_stack(), machine_as(&older), alias_to(&[(3, 100)]), machine_as(&described(&version_arn(3)))];
    let plan = planned(answers).await;
    let changed: Vec<_> = plan.changes.iter().map(|change| change.property).collect();
    assert_eq!(changed, [Difference::Logging, Difference::Tracing]);
    let text = plan.to_string();
    assert!(
        text.contains("logging:\n    - level OFF, without data, to nowhere\n    + level ERROR, without data, to "),
        "{text}"
    );
    assert!(text.contains("tracing:\n    - off\n    + on\n"), "{text}");
    assert!(text.ends_with("Alias live stays on version 3"), "{text}");
}

#[tokio::test]
async fn a_version_that_is_published_already_is_named() {
    let older = described_with(&version_arn(2), "definition", json!(r#"{"StartAt":"Old","States":{}}"#));
    let versions = json!({"stateMachineVersions": [{"stateMachineVersionArn": version_arn(3), "creationDate": 1.0}]});
    let answers = vec![
        complete_stack(),
        machine_as(&described(MACHINE)),
        alias_to(&[(2, 100)]),
        machine_as(&older),
        answer("ListStateMachineVersions", &versions),
        machine_as(&described(&version_arn(3))),
    ];
    let plan = planned(answers).await;
    assert_eq!(plan.version_arn, Some(version_arn(3)));
    assert!(
        plan.to_string().ends_with("\nAlias live would move from version 2 to 3, which is published already"),
        "{plan}"
    );
}

#[tokio::test]
async fn the_stacks_tags_are_borne_by_the_machine() {
    let tags = [("team", "audit"), ("env", "prod"), ("aws:cloudformation:stack-name", "audit")];
    let tagged = |held: &[(&str, &str)]| {
        let held: Vec<_> = held.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        vec![
            tagged_stack("UPDATE_COMPLETE", &OUTPUTS, &tags),
            machine_as(&described(MACHINE)),
            answer("ListTagsForResource", &json!({"tags": held})),
            alias_to(&[(3, 100)]),
            machine_as(&described(&version_arn(3))),
        ]
    };
    assert!(!planned(tagged(&[("env", "prod"), ("team", "audit"), ("own", "x")])).await.would_change());

    let plan = planned(tagged(&[("env", "test"), ("team", "audit")])).await;
    assert!(plan.to_string().contains("tags:\n    - env=test\n    + env=prod\n"), "{plan}");

    let mut answers = tagged(&[("env", "test"), ("team", "audit")]);
    answers.push(answer("TagResource", &json!({})));
    let aws = Recorded::new(answers);
    let report = aws.deployer().apply(&request()).await.unwrap();
    assert_eq!(aws.calls()[5].body, json!({"resourceArn": MACHINE, "tags": [{"key": "env", "value": "prod"}]}));
    assert_eq!(report.differences, [Difference::Tags]);
    assert!(report.changed());
}

#[tokio::test]
async fn a_new_machine_is_created_with_the_stacks_tags_and_the_versions_description() {
    let aws = Recorded::new(vec![
        tagged_stack("UPDATE_COMPLETE", &OUTPUTS, &[("env", "prod")]),
        no_machine(),
        no_alias(),
        answer(
            "CreateStateMachine",
            &json!({"stateMachineArn": MACHINE, "creationDate": 1.0, "stateMachineVersionArn": version_arn(1)}),
        ),
        answer("CreateStateMachineAlias", &json!({"stateMachineAliasArn": ALIAS, "creationDate": 1.0})),
    ]);
    let mut request = request();
    request.description = Some("f491425".into());
    aws.deployer().apply(&request).await.unwrap();
    let calls = aws.calls();
    assert_eq!(calls[3].body["tags"], json!([{"key": "env", "value": "prod"}]));
    assert_eq!(calls[3].body["versionDescription"], "f491425");
    assert_eq!(calls[3].body["roleArn"], ROLE);
}

#[tokio::test]
async fn what_step_functions_finds_points_at_file_line_and_state() {
    let definition = DefinitionTemplate::new("audit.asl.json", crate::support::template());
    let ok = answer("ValidateStateMachineDefinition", &json!({"result": "OK", "diagnostics": []}));
    let aws = Recorded::new(vec![complete_stack(), ok]);
    assert!(aws.deployer().validate("audit", &definition).await.unwrap().is_empty());
    let calls = aws.calls();
    assert_eq!(calls[1].body["type"], "STANDARD");
    assert!(calls[1].body["definition"].as_str().unwrap().contains(crate::support::TOPIC));

    let fail = json!({"result": "FAIL", "diagnostics": [
        {"severity": "ERROR", "code": "INVALID_ARGUMENTS", "message": "Message is required", "location": "/States/Publish alert/Arguments"},
        {"severity": "ERROR", "code": "OTHER", "message": "no place"},
    ]});
    let aws = Recorded::new(vec![complete_stack(), answer("ValidateStateMachineDefinition", &fail)]);
    let found = aws.deployer().validate("audit", &definition).await.unwrap();
    aws.calls();
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "audit.asl.json:1:1: no place [OTHER]",
            "audit.asl.json:8:7: /States/Publish alert/Arguments: Message is required [INVALID_ARGUMENTS]",
        ]
    );

    let silent = answer("ValidateStateMachineDefinition", &json!({"result": "FAIL", "diagnostics": []}));
    let aws = Recorded::new(vec![complete_stack(), silent]);
    assert_eq!(aws.deployer().validate("audit", &definition).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_caller_may_not_do_is_named() {
    let message = "User: arn:aws:iam::111122223333:user/eve is not authorized";
    let denied = refusal("ValidateStateMachineDefinition", "AccessDeniedException", message);
    let aws = Recorded::new(vec![complete_stack(), denied]);
    let definition = DefinitionTemplate::new("audit.asl.json", crate::support::template());
    let error = aws.deployer().validate("audit", &definition).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "AWS denied states:ValidateStateMachineDefinition: {message}. Allow this action to the user or role of your credentials"
        )
    );
}
