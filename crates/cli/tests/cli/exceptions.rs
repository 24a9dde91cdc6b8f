//! `warden exceptions`, as people run it.

use std::fs;

use crate::support::Person;

#[test]
fn a_check_lists_what_counts_and_names_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("exceptions.yaml");
    let name = file.to_str().unwrap();
    fs::write(&file, "exceptions:\n  - {name: over, reason: R, ends: 2020-12-31, prefix: a/}\n").unwrap();
    let run = Person::new().runs(&["exceptions", "check", name]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.stdout.lines().next(), Some("has ended  over  until 2020-12-31  prefix a/  R"));
    let run = Person::new().runs(&["exceptions", "check", name, "--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["exceptions"][0]["state"], "ended");

    fs::write(&file, "exceptions:\n  - {name: a, reason: R, ends: 2020-12-31}\n").unwrap();
    let run = Person::new().runs(&["exceptions", "check", name]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains(&format!("{name}: exception 1 (a): names neither")), "{run:?}");

    let run = Person::new().runs(&["exceptions", "check", "/nowhere.yaml"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("/nowhere.yaml cannot be read"), "{run:?}");
}
