//! `warden rules`, as people run it.

use std::fs;

use crate::support::Person;

const RULE: &str = "title: Crawler made\nid: 1\nlogsource: {product: aws, service: cloudtrail}\nlevel: high\n\
                    detection:\n  s: {eventSource: glue.amazonaws.com, eventName: CreateCrawler}\n  condition: s\n";

#[test]
fn a_check_prints_the_parameters_to_set_and_ends_by_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("glue.yml"), RULE).unwrap();
    let folder_name = folder.path().to_str().unwrap();

    let run = Person::new().runs(&["rules", "check", folder_name]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let last = run.stdout.lines().last().unwrap();
    assert_eq!(last, "Deploy the stack with: FurtherEventSources=glue.amazonaws.com FurtherEventNames=CreateCrawler");

    let events = folder.path().join("tests/glue/match");
    fs::create_dir_all(&events).unwrap();
    fs::write(events.join("other.json"), r#"{"eventName": "GetCrawler"}"#).unwrap();
    let run = Person::new().runs(&["rules", "check", folder_name, "--output", "json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["problems"][0], "tests/glue/match/other.json: glue.yml does not match it, and should");

    let run = Person::new().runs(&["rules", "check", "/nowhere"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("/nowhere cannot be read"), "{run:?}");
}
