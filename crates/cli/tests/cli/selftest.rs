//! `warden selftest`, run as people run it: what it writes is removed, however it ends.

use std::time::{Duration, Instant};

use crate::support::{Aws, Person, stack};

const OUTPUTS: [(&str, &str); 2] = [("StateMachineName", "audit"), ("UploadBucketName", "uploads")];

/// An audit that never starts.
fn silent(operation: &str) -> (u16, String) {
    match operation {
        "DescribeStacks" => (200, stack("audit", &OUTPUTS)),
        "ListExecutions" => (200, r#"{"executions":[]}"#.into()),
        _ if operation.starts_with("GET /uploads/?versions") || operation.starts_with("GET /uploads?versions") => (
            200,
            "<ListVersionsResult><Version><Key>warden-selftest/a/id-card.png</Key><VersionId>v1</VersionId></Version>\
             <DeleteMarker><Key>warden-selftest/a/id-card.png</Key><VersionId>v2</VersionId></DeleteMarker></ListVersionsResult>"
                .into(),
        ),
        _ if operation.starts_with("PUT ") || operation.starts_with("DELETE ") => (200, String::new()),
        other => (500, other.into()),
    }
}

/// The same, whose executions may not be listed.
fn denied(operation: &str) -> (u16, String) {
    match operation {
        "ListExecutions" => (400, r#"{"__type":"AccessDeniedException","message":"no"}"#.into()),
        other => silent(other),
    }
}

/// The same, whose versions may not be deleted.
fn sticky(operation: &str) -> (u16, String) {
    match operation {
        other if other.starts_with("DELETE ") => {
            (403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>".into())
        }
        other => silent(other),
    }
}

fn no_audit(operation: &str) -> (u16, String) {
    if operation == "DescribeStacks" { (200, stack("audit", &[("WebsiteUrl", "x")])) } else { silent(operation) }
}

fn arguments<'a>(aws: &'a Aws, within: &'a str) -> Vec<&'a str> {
    let url = &aws.url;
    vec!["selftest", "--stack", "audit", "--within", within, "--region", "us-west-2", "--endpoint-url", url]
}

/// The versions that were deleted.
fn deleted(aws: &Aws) -> Vec<String> {
    let deleted = aws.operations().into_iter().filter(|operation| operation.starts_with("DELETE "));
    let versions = deleted.filter_map(|operation| operation.split_once("versionId=").map(|(_, id)| id.to_owned()));
    let mut versions: Vec<_> = versions.map(|id| id.split('&').next().unwrap_or_default().to_owned()).collect();
    versions.sort_unstable();
    versions
}

#[test]
fn pictures_that_start_nothing_end_with_7_and_are_removed() {
    let aws = Aws::answering(silent);
    let run = Person::new().signed_in().runs(&arguments(&aws, "1s"));
    assert_eq!(run.code, Some(7), "{run:?}");
    assert!(run.stdout.contains("failure  id-card.png (holds personal data): not judged"), "{run:?}");
    assert!(run.stdout.contains("it started no execution in time: `warden doctor --stack audit` says why"), "{run:?}");
    assert_eq!(deleted(&aws), ["v1", "v2"]);
    let uploads =
        aws.operations().into_iter().filter(|operation| operation.starts_with("PUT /uploads/warden-selftest/"));
    assert_eq!(uploads.count(), 2);
}

#[test]
fn ctrl_c_removes_what_was_uploaded() {
    let aws = Aws::answering(silent);
    let begun = Person::new().signed_in().begins(&arguments(&aws, "5m"));
    let started = Instant::now();
    while !aws.operations().iter().any(|operation| operation == "ListExecutions") {
        assert!(started.elapsed() < Duration::from_mins(1), "{:?}", aws.operations());
        std::thread::sleep(Duration::from_millis(20));
    }
    begun.signal("INT");
    let run = begun.ends();
    assert_eq!((run.code, run.stdout.as_str()), (Some(130), ""), "{run:?}");
    assert!(run.stderr.contains("Interrupted. Removed what was uploaded (2 versions)"), "{run:?}");
    assert_eq!(deleted(&aws), ["v1", "v2"]);
}

#[test]
fn a_call_that_fails_removes_what_was_uploaded() {
    let aws = Aws::answering(denied);
    let run = Person::new().signed_in().runs(&arguments(&aws, "5m"));
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
    assert!(run.stderr.contains("AWS denied states:ListExecutions"), "{run:?}");
    assert_eq!(deleted(&aws), ["v1", "v2"]);
}

#[test]
fn what_cannot_be_removed_is_said_with_its_place() {
    let run = Person::new().signed_in().runs(&arguments(&Aws::answering(sticky), "1s"));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("error: 2 versions below s3://uploads/warden-selftest/"), "{run:?}");
    assert!(run.stderr.contains("could not be removed: AWS denied s3:DeleteObjectVersion"), "{run:?}");
    assert!(run.stdout.contains("not judged"), "what was seen is told all the same: {run:?}");
}

#[test]
fn a_stack_that_is_no_audit_is_refused_before_anything_is_written() {
    let aws = Aws::answering(no_audit);
    let run = Person::new().signed_in().runs(&arguments(&aws, "1s"));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stderr.contains("the stack `audit` lacks the output `StateMachineName`: it is not the audit's"),
        "{run:?}"
    );
    assert_eq!(aws.operations(), ["DescribeStacks"]);
}
