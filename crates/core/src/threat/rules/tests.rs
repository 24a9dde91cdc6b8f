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
    let floor = rate(&RuleSet::shipped(), &json!({"eventName": "ListBuckets"}));
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
        (&whole.replace("level: high", "level: severe"), 4, "level is not one of"),
        (&whole.replace("title: A test\n", ""), 1, "title"),
        (&rule("  s: {eventName: A}"), 5, "condition"),
        (&rule("  s: {eventName: A}\n  condition: s and other"), 7, "other"),
        (&rule("  s: {eventName: A}\n  condition: (s"), 7, "parenthesis"),
        (&rule("  s: {eventName: A}\n  condition: s 와 s"), 7, "와"),
        (&rule("  s:\n    eventName|sounds_like: A\n  condition: s"), 7, "sounds_like"),
        (&rule("  s:\n    eventName: A\n    a|expand: '%Offices%'\n  condition: s"), 8, "placeholders"),
        (&rule("  s:\n    eventName: A\n    a|re: '('\n  condition: s"), 8, "regular expression"),
        (&rule("  s:\n    - eventName: A\n    - 'a|cidr': x\n  condition: s"), 8, "IP address"),
    ];
    for (text, line, expected) in cases {
        let problem = RuleSet::default().add("own/rule.yml", text).unwrap_err().to_string();
        assert!(problem.starts_with(&format!("rule own/rule.yml:{line}: ")), "{problem} should name line {line}");
        assert!(problem.contains(expected) && !problem.contains('\n'), "{problem} should say {expected:?}");
    }
}

/// Rules as others publish them: keys that nobody here reads, old ways to write
/// dates and tags, and every way to combine selections.
#[test]
fn rules_in_the_manner_of_sigma_hq_load_unchanged_and_match() {
    const HEAD: &str = "related:\n    - id: 4723218f-2048-41f6-bcb0-417f2d784f61\n      type: similar\nstatus: test\n\
                        author: somebody (@somebody)\ndate: 2023/01/06\nmodified: 2023-04-28\ntags:\n    - attack.privilege_escalation\n\
                        fields:\n    - userIdentity.arn\nfalsepositives:\n    - Unknown\n";
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let cases = [
        (
            "  selection_name:\n    eventName: 'PutBucketPublicAccessBlock'\n  selection_off_a:\n    requestParameters.Block.A: 'false'\n  \
             selection_off_b:\n    requestParameters.Block.B: 'false'\n  condition: selection_name and 1 of selection_off_*",
            json!({"eventName": "PutBucketPublicAccessBlock", "requestParameters": {"Block": {"A": true, "B": false}}}),
            json!({"eventName": "PutBucketPublicAccessBlock", "requestParameters": {"Block": {"A": true, "B": true}}}),
        ),
        (
            "  selection:\n    userIdentity.arn|re: '.+:assumed-role/aws:.+'\n  filter_main_generic:\n    - eventSource: 'ssm.amazonaws.com'\n    \
             - sourceIPAddress: 'AWS Internal'\n  condition: selection and not 1 of filter_main_*",
            json!({"eventName": "A", "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/aws:ec2-instance/i-0"}}),
            json!({"eventName": "A", "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/aws:ec2-instance/i-0"}, "sourceIPAddress": "AWS Internal"}),
        ),
        (
            "  selection:\n    eventName: [PutUserPolicy, PutRolePolicy]\n    requestParameters.policyDocument|contains|all:\n      - '\"Effect\": \"Allow\"'\n      \
             - '\"Action\": \"*\"'\n  condition: selection",
            json!({"eventName": "PutUserPolicy", "requestParameters": {"policyDocument": policy}}),
            json!({"eventName": "PutUserPolicy", "requestParameters": {"policyDocument": policy.replace("Allow", "Deny")}}),
        ),
        (
            "  selection:\n    requestParameters.containers.command|contains: '$RELATIVE_URI'\n  condition: selection",
            json!({"eventName": "RunTask", "requestParameters": {"containers": [{"command": ["sh", "-c"]}, {"command": ["curl $RELATIVE_URI"]}]}}),
            json!({"eventName": "RunTask", "requestParameters": {"containers": [{"command": ["sh"]}]}}),
        ),
        (
            "  selection:\n    eventName|startswith:\n      - Create\n      - Import\n  filter_optional_denied:\n    errorCode|contains: Denied\n  \
             filter_null:\n    requestParameters: null\n  condition: selection and not 1 of filter_*",
            json!({"eventName": "ImportKeyPair", "requestParameters": {"keyName": "k"}}),
            json!({"eventName": "ImportKeyPair", "requestParameters": null}),
        ),
        (
            "  keywords:\n    - 'S3 Browser'\n    - '*trufflehog*'\n  condition: keywords",
            json!({"eventName": "A", "userAgent": "[S3 Browser 9.5.5]"}),
            json!({"eventName": "A", "userAgent": "[aws-cli]"}),
        ),
        (
            "  all_of_it:\n    eventSource: sts.amazonaws.com\n  all_of_name:\n    eventName: A\n  condition: all of them",
            json!({"eventName": "A", "eventSource": "sts.amazonaws.com"}),
            json!({"eventName": "A", "eventSource": "iam.amazonaws.com"}),
        ),
    ];
    for (detection, matching, other) in cases {
        let mut rules = RuleSet::default();
        rules.add("published.yml", &(HEAD.to_owned() + &rule(detection))).unwrap();
        assert_eq!(rate(&rules, &matching).level, ThreatLevel::High, "{detection}");
        assert_eq!(rate(&rules, &other).level, ThreatLevel::Low, "{detection}");
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
    let rules = RuleSet::shipped();
    assert_eq!(rules.len(), SHIPPED.len());
    assert!(rules.len() >= 50);
    let mut titles = HashSet::new();
    for Shipped { file, text, .. } in SHIPPED {
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
    let rules = RuleSet::shipped();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/tests");
    for entry in &rules.rules {
        let rule = entry.rule().unwrap_or_else(|broken| panic!("{}", broken.of(entry.file())));
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
    let rules = RuleSet::shipped();
    let events = json_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/routine"));
    assert!(events.len() >= 30, "{} routine events", events.len());
    for (file, value) in events {
        assert_eq!(rate(&rules, &value), Floor::default(), "routine/{file}");
    }
}

#[test]
fn every_folder_of_test_events_belongs_to_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/tests");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            SHIPPED.iter().any(|Shipped { file, .. }| file.trim_end_matches(".yml") == name),
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
