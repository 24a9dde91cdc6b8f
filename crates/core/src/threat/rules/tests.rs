use std::{collections::HashSet, fs, path::Path};

use serde_json::{Value, json};

use super::*;
use crate::cloudtrail::Event;

fn rule(detection: &str) -> String {
    format!(
        "title: A test\nid: 11111111-2222-4333-8444-555555555555\nlogsource: {{product: aws, service: cloudtrail}}\n\
         level: high\ndetection:\n{detection}"
    )
}

fn rate(rules: &RuleSet, record: &Value) -> Floor {
    rules.rate(&Event::read(record).unwrap())
}

#[test]
fn the_floor_is_the_highest_level_of_the_rules_that_match() {
    let mut rules = RuleSet::default();
    for (id, level) in [("a", "low"), ("b", "critical"), ("c", "medium")] {
        let text = format!(
            "title: {level} one\nid: {id}\nlogsource: {{product: aws, service: cloudtrail}}\nlevel: {level}\n\
             detection: {{s: {{eventName: StopLogging}}, condition: s}}"
        );
        rules.add(&format!("{id}.yml"), &text).unwrap();
    }
    let floor = rate(&rules, &json!({"eventName": "StopLogging"}));
    assert_eq!(floor.level, ThreatLevel::High);
    let ids: Vec<_> = floor.matched_rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn an_event_that_no_rule_knows_is_low() {
    let floor = rate(&RuleSet::shipped().unwrap(), &json!({"eventName": "ListBuckets"}));
    assert_eq!(floor, Floor::default());
    assert_eq!(floor.level, ThreatLevel::Low);
}

#[test]
fn null_means_null_or_absent() {
    let mut rules = RuleSet::default();
    rules.add("null.yml", &rule("  s: {eventName: A}\n  f:\n    - errorCode: null\n  condition: s and f")).unwrap();
    assert_eq!(rate(&rules, &json!({"eventName": "A"})).level, ThreatLevel::High);
    assert_eq!(rate(&rules, &json!({"eventName": "A", "errorCode": null})).level, ThreatLevel::High);
    assert_eq!(rate(&rules, &json!({"eventName": "A", "errorCode": "x"})).level, ThreatLevel::Low);
}

#[test]
fn a_broken_rule_is_an_error_that_names_its_file_and_line_and_what_is_wrong() {
    let whole = rule("  s: {eventName: A}\n  condition: s");
    let cases = [
        ("title: [", 1, "sequence"),
        ("just text", 1, "expected a Sigma rule"),
        ("title: t", 1, "logsource"),
        ("title: one\n---\ntitle: two", 1, "more than one document"),
        ("title: t\nid: 1\nid: 2", 1, "duplicate"),
        (&whole.replace("cloudtrail", "guardduty"), 3, "logsource"),
        (&whole.replace("level: high\n", ""), 1, "level is missing"),
        (&whole.replace("level: high", "level: severe"), 4, "level is none of"),
        (&whole.replace("title: A test\n", ""), 1, "title"),
        (&rule("  s: {eventName: A}"), 5, "condition"),
        (&rule("  s: {eventName: A}\n  condition: s and other"), 7, "other"),
        (&rule("  s: {eventName: A}\n  condition: (s"), 7, "parenthesis"),
        (&rule("  s: {eventName: A}\n  condition: s 와 s"), 7, "ASCII"),
        (&rule("  s:\n    eventName|sounds_like: A\n  condition: s"), 7, "sounds_like"),
        (&rule("  s:\n    eventName: A\n    a|re: '('\n  condition: s"), 8, "regular expression"),
        (&rule("  s:\n    - eventName: A\n    - 'a|cidr': x\n  condition: s"), 8, "IP address"),
    ];
    for (text, line, expected) in cases {
        let problem = RuleSet::default().add("own/rule.yml", text).unwrap_err().to_string();
        assert!(problem.starts_with(&format!("rule own/rule.yml:{line}: ")), "{problem} should name line {line}");
        assert!(problem.contains(expected) && !problem.contains('\n'), "{problem} should say {expected:?}");
    }
}

#[test]
fn two_rules_of_one_id_are_an_error_that_names_both() {
    let mut rules = RuleSet::default();
    let text = rule("  s: {eventName: A}\n  condition: s");
    rules.add("one.yml", &text).unwrap();
    let problem = rules.add("two.yml", &text).unwrap_err().to_string();
    assert!(problem.contains("one.yml") && problem.contains("two.yml"), "{problem}");
}

#[test]
fn every_shipped_rule_says_what_it_is() {
    let rules = RuleSet::shipped().unwrap();
    assert_eq!(rules.len(), SHIPPED.len());
    assert!(rules.len() >= 50);
    let mut titles = HashSet::new();
    for (file, text) in SHIPPED {
        let rule: serde_norway::Value = serde_norway::from_str(text).unwrap();
        let text_at = |name: &str| rule[name].as_str().unwrap_or_default().to_owned();
        let list_at = |name: &str| -> Vec<String> {
            let items = rule[name].as_sequence().into_iter().flatten();
            items.map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
        };
        assert!(is_uuid(&text_at("id")), "{file}: id {:?} is no UUID", text_at("id"));
        assert!(titles.insert(text_at("title")), "{file}: another rule has its title");
        assert_eq!(text_at("status"), "stable", "{file}: status");
        assert!(!text_at("description").is_empty(), "{file}: no description");
        assert_eq!(text_at("author"), "Bedrock Warden", "{file}: author");
        let references = list_at("references");
        let documents = ["https://docs.aws.amazon.com/", "https://attack.mitre.org/"];
        assert!(!references.is_empty(), "{file}: no references");
        assert!(
            references.iter().all(|link| documents.iter().any(|documents| link.starts_with(documents))),
            "{file}: references"
        );
        assert!(list_at("tags").iter().any(|tag| tag.starts_with("attack.")), "{file}: no ATT&CK tag");
        assert!(!list_at("falsepositives").is_empty(), "{file}: no falsepositives");
    }
}

/// Each rule's own events, in `rules/tests/<rule>/{match,no-match}/`.
#[test]
fn every_shipped_rule_matches_its_matching_events_and_no_others() {
    let rules = RuleSet::shipped().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/tests");
    for rule in &rules.rules {
        let name = rule.file.trim_end_matches(".yml");
        for (kind, expected) in [("match", true), ("no-match", false)] {
            let events = json_files(&folder.join(name).join(kind));
            assert!(!events.is_empty(), "rules/tests/{name}/{kind} holds no event");
            for (file, value) in events {
                let event = Event::read(&value).unwrap();
                let matched = rules.rate(&event).matched_rules.contains(&rule.matched);
                assert_eq!(matched, expected, "{name} against {kind}/{file}");
            }
        }
    }
}

/// What happens every day, in `rules/routine/`: a rule that rates it cries wolf.
#[test]
fn no_shipped_rule_matches_a_routine_event() {
    let rules = RuleSet::shipped().unwrap();
    let events = json_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/routine"));
    assert!(events.len() >= 30, "{} routine events", events.len());
    for (file, value) in events {
        assert_eq!(rate(&rules, &value), Floor::default(), "routine/{file}");
    }
}

/// An event that starts no execution is never held against a rule.
#[test]
fn every_event_that_a_shipped_rule_matches_starts_an_execution() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let template = fs::read_to_string(root.join("infra/audit.yaml")).unwrap();
    let names: HashSet<_> = template.split(|char: char| !char.is_ascii_alphanumeric()).collect();
    for (file, _) in SHIPPED {
        for (event, value) in json_files(&root.join("rules/tests").join(file.trim_end_matches(".yml")).join("match")) {
            let record = value.get("detail").unwrap_or(&value);
            for field in ["eventName", "eventSource"] {
                let name = record[field].as_str().unwrap().trim_end_matches(".amazonaws.com");
                let starts = name.split('-').all(|part| names.contains(part));
                assert!(starts, "{file}: {event}: no rule in infra/audit.yaml names {name}");
            }
        }
    }
}

#[test]
fn every_folder_of_test_events_belongs_to_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/tests");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            SHIPPED.iter().any(|(file, _)| file.trim_end_matches(".yml") == name),
            "rules/tests/{name} has no rule"
        );
    }
}

fn json_files(folder: &Path) -> Vec<(String, Value)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let value = serde_json::from_str(&fs::read_to_string(&path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_name().unwrap().to_string_lossy().into_owned(), value)
        })
        .collect()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, char)| match at {
            8 | 13 | 18 | 23 => char == '-',
            _ => char.is_ascii_hexdigit() && !char.is_ascii_uppercase(),
        })
}
