//! The state machines that are shipped.

use std::path::Path;

use serde_json::Value;
use warden_core::ErrorName;
use warden_deploy::DefinitionTemplate;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../statemachine/security-audit.asl.json");
const BACKFILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../statemachine/backfill.asl.json");

fn text(file: &str) -> String {
    std::fs::read_to_string(file).unwrap()
}

/// Every name in an `ErrorEquals` of a definition.
fn awaited_errors(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::Array(names) if name == "ErrorEquals" => names.iter().filter_map(Value::as_str).collect(),
                _ => awaited_errors(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(awaited_errors).collect(),
        _ => Vec::new(),
    }
}

/// Whether Step Functions, the Lambda runtime, an AWS service or one of this project's functions reports that error.
fn is_reported(name: &str) -> bool {
    let of_runtime = ["Lambda.Unknown", "Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"];
    let of_service = name.split_once('.').is_some_and(|(_, exception)| exception.ends_with("Exception"));
    name.starts_with("States.")
        || of_runtime.contains(&name)
        || of_service
        || ErrorName::ALL.iter().any(|known| known.as_str() == name)
}

#[test]
fn they_are_valid() {
    for file in [FILE, BACKFILL] {
        DefinitionTemplate::read(Path::new(file)).unwrap().check().unwrap();
    }
}

#[test]
fn they_wait_only_for_errors_that_are_reported() {
    for (file, known) in [(FILE, "ModelThrottled"), (BACKFILL, "ServiceUnavailable")] {
        let definition: Value = serde_json::from_str(&text(file)).unwrap();
        let awaited = awaited_errors(&definition);
        assert!(awaited.contains(&known));
        let never: Vec<_> = awaited.into_iter().filter(|name| !is_reported(name)).collect();
        assert_eq!(never, Vec::<&str>::new(), "{file}");
    }
    assert!(!is_reported("ModelThrotled"));
}

#[test]
fn they_need_what_the_stack_has_and_was_told() {
    let template = DefinitionTemplate::new(BACKFILL, text(BACKFILL));
    let needed: Vec<_> = template.needed_outputs().unwrap().into_keys().collect();
    assert_eq!(needed, ["AlertTopicArn", "AuditVersionArn", "BackfillBucketName", "BackfillListerArn", "LedgerName"]);
    let template = DefinitionTemplate::new(FILE, text(FILE));
    let needed: Vec<_> = template.needed_outputs().unwrap().into_keys().collect();
    assert_eq!(
        needed,
        [
            "AlertComposerArn",
            "AlertTopicArn",
            "Handling",
            "LedgerName",
            "LogSummarizerArn",
            "PiiDetectorArn",
            "QuarantineBucketName"
        ]
    );
}
