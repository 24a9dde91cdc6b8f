//! Rules of one's own, tried before they are deployed: whether they can be read,
//! match the events that they should, and are heard of at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;
use warden_core::{
    cloudtrail::Event,
    threat::{Name, RuleSet},
};

use crate::{
    event_patterns::{self, Hearing, Stack},
    files::{Unreadable, rule_files},
};

/// What became of rules and their events.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// How many rules were read.
    pub rules: usize,
    /// How many events they were held against.
    pub events: usize,
    /// What is wrong: rules that cannot be used, and events that do not match as they should.
    pub problems: Vec<String>,
    /// Files of rules that have no event to try them with.
    pub untried: Vec<String>,
    /// Files of rules that can match calls which they do not name: they are held
    /// against what the others name.
    pub unnamed: Vec<String>,
    /// Whether the parameter `WatchReads` is needed.
    pub needs_watch_reads: bool,
    /// Calls that the stack does not hear of: service and names.
    pub unheard: BTreeMap<String, BTreeSet<String>>,
    /// Calls whose names are told by their beginning alone; no parameter takes them.
    pub unheard_beginnings: BTreeSet<String>,
    /// Calls that the parameters would add though the stack hears of them already.
    pub told_twice: BTreeSet<String>,
}

impl Report {
    /// Whether every rule can be used and matches as it should.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// The parameters that let the stack hear of everything.
    #[must_use]
    pub fn parameters(&self) -> Vec<String> {
        let mut parameters = Vec::new();
        if self.needs_watch_reads {
            parameters.push("WatchReads=true".to_owned());
        }
        if !self.unheard.is_empty() {
            let services: Vec<&str> = self.unheard.keys().map(String::as_str).collect();
            let names: BTreeSet<&str> = self.unheard.values().flatten().map(String::as_str).collect();
            let names: Vec<&str> = names.into_iter().collect();
            parameters.push(format!("FurtherEventSources={}", services.join(",")));
            parameters.push(format!("FurtherEventNames={}", names.join(",")));
        }
        parameters
    }
}

/// Reads the rules below a folder beside those of the program, and holds each
/// against its events in `tests/<rule>/{match,no-match}/*.json` there.
///
/// # Errors
/// [`Unreadable`] if there are no rules to be read. What is wrong with a rule or
/// an event stands in the report.
pub fn check(folder: &Path) -> Result<Report, Unreadable> {
    let mut report = Report::default();
    let mut rules = RuleSet::shipped();
    let mut own = RuleSet::default();
    let mut ids = Vec::new();
    for file in rule_files(folder)? {
        let name = file.path.strip_prefix(folder).unwrap_or(&file.path).display().to_string();
        match rules.add(&name, &file.text) {
            Ok(id) => {
                // It has just been read.
                let _ = own.add(&name, &file.text);
                ids.push((file.path, name, id));
            }
            Err(error) => report.problems.push(error.to_string()),
        }
    }
    report.rules = ids.len();
    for (path, name, id) in &ids {
        try_events(folder, path, name, id, &rules, &mut report);
    }
    hear(&own, &mut report);
    Ok(report)
}

fn try_events(folder: &Path, path: &Path, name: &str, id: &str, rules: &RuleSet, report: &mut Report) {
    let stem = path.file_stem().unwrap_or_default();
    let before = report.events;
    for (kind, expected) in [("match", true), ("no-match", false)] {
        for event in json_files(&folder.join("tests").join(stem).join(kind)) {
            report.events += 1;
            let shown = event.strip_prefix(folder).unwrap_or(&event).display().to_string();
            match matches(&event, id, rules) {
                Ok(matched) if matched == expected => {}
                Ok(true) => report.problems.push(format!("{shown}: {name} matches it, and should not")),
                Ok(false) => report.problems.push(format!("{shown}: {name} does not match it, and should")),
                Err(problem) => report.problems.push(format!("{shown}: {problem}")),
            }
        }
    }
    if report.events == before {
        report.untried.push(name.to_owned());
    }
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort();
    files
}

fn matches(path: &Path, id: &str, rules: &RuleSet) -> Result<bool, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| format!("is not JSON: {error}"))?;
    let event = Event::read(&value).map_err(|error| error.to_string())?;
    Ok(rules.rate(&event).matched_rules.iter().any(|rule| rule.id == id))
}

/// Which calls of the rules the stack hears of.
fn hear(own: &RuleSet, report: &mut Report) {
    let (Ok(stack), Ok(calls)) = (Stack::by_default(), own.calls()) else { return };
    let (calls, unnamed) = event_patterns::named(&calls);
    report.unnamed = unnamed.into_iter().map(str::to_owned).collect();
    for (service, name) in &calls {
        match (stack.hears(service, name), name) {
            (Hearing::Heard, _) => {}
            (Hearing::WithReads, _) => report.needs_watch_reads = true,
            (Hearing::Unheard, Name::Is(name)) => {
                report.unheard.entry(service.clone()).or_default().insert(name.clone());
            }
            (Hearing::Unheard, Name::Begins(start)) => {
                report.unheard_beginnings.insert(format!("{start}* of {service}"));
            }
        }
    }
    let names: BTreeSet<&String> = report.unheard.values().flatten().collect();
    for service in report.unheard.keys() {
        let heard = names.iter().filter(|name| stack.hears(service, &Name::Is((**name).clone())) != Hearing::Unheard);
        report.told_twice.extend(heard.map(|name| format!("{name} of {service}")));
    }
}

/// For people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        write!(f, "{} rules, {} events, {} problems", self.rules, self.events, self.problems.len())?;
        for (what, files) in [
            ("No event tries", &self.untried),
            ("Held against what other rules name, as it names no call", &self.unnamed),
        ] {
            if !files.is_empty() {
                write!(f, "\n{what}: {}", files.join(", "))?;
            }
        }
        for (service, names) in &self.unheard {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            write!(f, "\nThe stack does not hear of {service}: {}", names.join(", "))?;
        }
        for beginning in &self.unheard_beginnings {
            write!(f, "\nThe stack does not hear of {beginning}, which no parameter takes: name the calls")?;
        }
        for call in &self.told_twice {
            write!(f, "\nWith the parameters {call} would be told twice, as the stack hears of it already")?;
        }
        let parameters = self.parameters();
        if !parameters.is_empty() {
            write!(f, "\nDeploy the stack with: {}", parameters.join(" "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "title: Crawler made\nid: 1\nlogsource: {product: aws, service: cloudtrail}\nlevel: high\n\
                        detection:\n  s:\n    eventSource: glue.amazonaws.com\n    eventName: [CreateCrawler, CreateDevEndpoint]\n  condition: s\n";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn rules_are_tried_with_their_events_and_the_parameters_are_told() {
        let glue = r#"{"eventSource": "glue.amazonaws.com", "eventName": "CreateCrawler"}"#;
        let secrets = RULE
            .replace("id: 1", "id: 2")
            .replace("glue", "secretsmanager")
            .replace("[CreateCrawler, CreateDevEndpoint]", "GetSecretValue");
        let folder = folder(&[
            ("team/glue.yml", RULE),
            ("secrets.yml", &secrets),
            ("tests/glue/match/crawler.json", glue),
            ("tests/glue/no-match/other.json", r#"{"eventSource": "glue.amazonaws.com", "eventName": "GetCrawler"}"#),
        ]);
        let report = check(folder.path()).unwrap();
        assert!(report.is_sound(), "{report}");
        assert_eq!((report.rules, report.events), (2, 2));
        assert_eq!(report.untried, ["secrets.yml"]);
        assert_eq!(
            report.parameters(),
            [
                "WatchReads=true",
                "FurtherEventSources=glue.amazonaws.com",
                "FurtherEventNames=CreateCrawler,CreateDevEndpoint"
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named_by_its_file() {
        let glue = r#"{"eventSource": "glue.amazonaws.com", "eventName": "CreateCrawler"}"#;
        let folder = folder(&[
            ("glue.yml", RULE),
            ("broken.yml", "title: ["),
            ("other-log.yml", &RULE.replace("id: 1", "id: 3").replace("cloudtrail", "guardduty")),
            ("tests/glue/match/other.json", r#"{"eventName": "GetCrawler"}"#),
            ("tests/glue/no-match/crawler.json", glue),
            ("tests/glue/match/none.json", "[]"),
            ("tests/glue/match/no-json.json", "{"),
        ]);
        let report = check(folder.path()).unwrap();
        let expected = [
            "rule broken.yml:1: ",
            "rule other-log.yml:3: ",
            "tests/glue/match/no-json.json: is not JSON",
            "tests/glue/match/none.json: event: is an array",
            "tests/glue/match/other.json: glue.yml does not match it, and should",
            "tests/glue/no-match/crawler.json: glue.yml matches it, and should not",
        ];
        assert_eq!(report.problems.len(), expected.len(), "{report}");
        for expected in expected {
            assert!(report.problems.iter().any(|problem| problem.contains(expected)), "{expected}: {report}");
        }
        assert!(!report.is_sound());
    }

    #[test]
    fn what_no_parameter_helps_is_said() {
        let by_beginning =
            RULE.replace("eventName: [CreateCrawler, CreateDevEndpoint]", "eventName|startswith: Create");
        let unnamed =
            RULE.replace("id: 1", "id: 2").replace("eventSource: glue.amazonaws.com", "errorCode: AccessDenied");
        let twice = RULE
            .replace("id: 1", "id: 3")
            .replace("glue", "[glue")
            .replace(".com", ".com, secretsmanager.amazonaws.com]")
            .replace("CreateDevEndpoint", "DeleteSecret");
        let folder = folder(&[("a.yml", &by_beginning), ("b.yml", &unnamed), ("c.yml", &twice)]);
        let report = check(folder.path()).unwrap();
        assert_eq!(report.unheard_beginnings.iter().collect::<Vec<_>>(), ["Create* of glue.amazonaws.com"]);
        assert_eq!(report.unnamed, ["b.yml"]);
        assert_eq!(report.told_twice.iter().collect::<Vec<_>>(), ["DeleteSecret of secretsmanager.amazonaws.com"]);
        assert!(check(&folder.path().join("nowhere")).is_err());
    }
}
