//! `warden doctor`, run as people run it.

use serde_json::Value;

use crate::support::{Aws, Person, stack};

/// A chat whose function runs, and whose caller may look at little else.
fn well(operation: &str) -> (u16, String) {
    let body = match operation {
        "DescribeStacks" => stack(
            "chat",
            &[("BedrockStreamArn", "arn:aws:lambda:us-west-2:111122223333:function:chat-bedrock-stream:live")],
        ),
        "ListStackResources" => "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries/>\
             </ListStackResourcesResult></ListStackResourcesResponse>"
            .into(),
        _ if operation.contains("/configuration") => {
            r#"{"State":"Active","Environment":{"Variables":{"MODEL_ID":"us.anthropic.claude-haiku-5-5"}}}"#.into()
        }
        _ if operation.contains("/aliases/live") => r#"{"FunctionVersion":"2"}"#.into(),
        _ if operation.contains("/versions") => r#"{"Versions":[{"Version":"2"}]}"#.into(),
        _ if operation.ends_with("/invoke") => r#"{"usage":{"input_tokens":10,"output_tokens":4}}"#.into(),
        _ => return (403, r#"{"__type":"AccessDeniedException","message":"no"}"#.into()),
    };
    (200, body)
}

/// The same, whose function cannot run.
fn ill(operation: &str) -> (u16, String) {
    if operation.contains("/configuration") { (200, r#"{"State":"Failed"}"#.into()) } else { well(operation) }
}

fn none_of_ours(operation: &str) -> (u16, String) {
    if operation == "DescribeStacks" { (200, stack("chat", &[("WebsiteUrl", "x")])) } else { well(operation) }
}

fn runs(aws: &Aws, further: &[&str]) -> crate::support::Run {
    let arguments = ["doctor", "--stack", "chat", "--region", "us-west-2", "--endpoint-url", &aws.url];
    Person::new().signed_in().runs(&[&arguments[..], further].concat())
}

#[test]
fn a_stack_that_works_ends_with_0_and_the_price_of_the_calls_is_said_first() {
    let aws = Aws::answering(well);
    let run = runs(&aws, &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.starts_with("Calling us.anthropic.claude-haiku-5-5 once each, at most 40 tokens in"), "{run:?}");
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(
        lines[0].starts_with("ok       models              us.anthropic.claude-haiku-5-5 answers in us-west-2"),
        "{run:?}"
    );
    assert!(
        lines.iter().any(|line| line.starts_with("warning  quotas") && line.contains("lambda:GetAccountSettings")),
        "{run:?}"
    );
    let summary = lines.last().unwrap();
    assert!(summary.starts_with("chat (the streaming chat, us-west-2): 0 failures, "), "{run:?}");
}

#[test]
fn with_no_model_none_is_called() {
    let aws = Aws::answering(well);
    let run = runs(&aws, &["--no-model"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(aws.operations().iter().all(|operation| !operation.ends_with("/invoke")));
}

#[test]
fn a_failure_ends_with_7_and_programs_read_what_mends_it() {
    let aws = Aws::answering(ill);
    let run = runs(&aws, &["--output", "json"]);
    assert_eq!(run.code, Some(7), "{run:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&report["stack"], &report["kind"]), (&"chat".into(), &"chat".into()));
    let failures: Vec<_> =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["level"] == "failure").collect();
    assert_eq!(failures.len(), 1, "{run:?}");
    assert_eq!(failures[0]["area"], "functions");
    assert_eq!(failures[0]["said"], "chat-bedrock-stream is in the state Failed");
    assert_eq!(failures[0]["remedy"], "Mend the cause and deploy the template again");
}

#[test]
fn another_stack_is_an_error() {
    let run = runs(&Aws::answering(none_of_ours), &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(run.stderr.contains("the stack `chat` is neither the audit nor the private API nor the chat"), "{run:?}");
}
