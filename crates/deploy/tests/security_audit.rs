//! The state machine that is shipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use warden_deploy::{Code, DefinitionError, DefinitionTemplate};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../statemachine/security-audit.asl.json");

fn text() -> String {
    std::fs::read_to_string(FILE).unwrap()
}

#[test]
fn it_hangs_together_and_waits_only_for_errors_that_are_reported() {
    DefinitionTemplate::read(Path::new(FILE)).unwrap().check().unwrap();
}

#[test]
fn it_needs_the_functions_and_the_topic_of_the_stack() {
    let template = DefinitionTemplate::new(FILE, text());
    let needed: Vec<_> = template.needed_outputs().unwrap().into_keys().collect();
    assert_eq!(needed, ["AlertTopicArn", "LogSummarizerArn", "PiiDetectorArn"]);
}

#[test]
fn an_error_name_that_no_function_reports_is_noticed() {
    let misspelt = text().replacen("\"ModelThrottled\"", "\"ModelThrotled\"", 1);
    let DefinitionError::Invalid { diagnostics, .. } = DefinitionTemplate::new(FILE, misspelt).check().unwrap_err()
    else {
        panic!("not the diagnostics");
    };
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].code, Code::UnknownErrorName);
    assert!(diagnostics[0].message.contains("ModelThrotled"));
}
