//! Sigma rules, held against records. A rule of the program is read when the
//! first event comes that it could match, so that many rules cost no start.

use std::{fmt, sync::OnceLock};

use serde::Deserialize;
use serde_norway::Mapping;

use super::{
    Floor, MatchedRule, ThreatLevel,
    calls::{self, Calls},
    detection::{self, RuleDetection},
    fields::Fields,
    meaning,
};
use crate::{cloudtrail, error::Error};

/// The rules that lie in `rules/`, as the build script lists them.
const SHIPPED: &[Shipped] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// A rule of the program.
struct Shipped {
    file: &'static str,
    id: &'static str,
    text: &'static str,
    /// The names of calls that it can match, each with whether it is but the
    /// beginning of one; `None` for any.
    names: Option<&'static [(&'static str, bool)]>,
}

/// Rules to hold against records.
#[derive(Default)]
pub struct RuleSet {
    rules: Vec<Entry>,
}

enum Entry {
    /// One of the program's, read once it is needed.
    Shipped(&'static Shipped, OnceLock<Result<Rule, Broken>>),
    /// One that was added.
    Added(Rule),
}

/// A rule that has been read.
struct Rule {
    file: String,
    matched: MatchedRule,
    calls: Vec<Calls>,
    detection: RuleDetection,
}

impl RuleSet {
    /// The rules that are part of the program.
    #[must_use]
    pub fn shipped() -> Self {
        Self { rules: SHIPPED.iter().map(|rule| Entry::Shipped(rule, OnceLock::new())).collect() }
    }

    /// Adds a rule from the text of its file, and tells under which id it matches.
    ///
    /// # Errors
    /// [`Error::Internal`] names the file, the line and what is wrong with it:
    /// no rule is left out silently.
    pub fn add(&mut self, file: &str, text: &str) -> Result<String, Error> {
        let rule = Rule::parse(file, text).map_err(|broken| broken.of(file))?;
        let id = rule.matched.id.clone();
        if let Some(other) = self.rules.iter().find(|known| known.id() == id) {
            let problem = format!("its id is also that of {}", other.file());
            return Err(Broken { line: line_of(text, "id"), problem }.of(file));
        }
        self.rules.push(Entry::Added(rule));
        Ok(id)
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The least level of an event. Rules are about API calls, refused ones
    /// included; S3's "Object Created" tells too little to be held against one.
    #[must_use]
    pub fn rate(&self, event: &cloudtrail::Event<'_>) -> Floor {
        let Some(record) = event.record() else {
            return Floor::default();
        };
        let name = record.get("eventName").and_then(serde_json::Value::as_str);
        let fields = Fields::of(record, meaning::of(event, record));
        let matched_rules: Vec<MatchedRule> = self
            .rules
            .iter()
            .filter(|entry| entry.may_match(name))
            .filter_map(|entry| match entry.rule() {
                Ok(rule) => rule.detection.matches(&fields).then(|| rule.matched.clone()),
                // A rule that was left out would be missed when it is needed.
                Err(_) => Some(entry.taken_to_match()),
            })
            .collect();
        let level = matched_rules.iter().map(|rule| rule.level).max().unwrap_or_default();
        Floor { level, matched_rules }
    }

    /// Whether a rule has this id or this title.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let is_titled = |entry: &Entry| entry.rule().is_ok_and(|rule| rule.matched.title == name);
        self.rules.iter().any(|entry| entry.id() == name || is_titled(entry))
    }

    /// The calls that each rule can match, under its file's name.
    ///
    /// # Errors
    /// [`Error::Internal`] names a rule that cannot be read.
    pub fn calls(&self) -> Result<Vec<(&str, &[Calls])>, Error> {
        let calls = self.rules.iter().map(|entry| match entry.rule() {
            Ok(rule) => Ok((entry.file(), rule.calls.as_slice())),
            Err(broken) => Err(broken.of(entry.file())),
        });
        calls.collect()
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rules.iter().map(Entry::file)).finish()
    }
}

impl Entry {
    fn file(&self) -> &str {
        match self {
            Self::Shipped(shipped, _) => shipped.file,
            Self::Added(rule) => &rule.file,
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Shipped(shipped, _) => shipped.id,
            Self::Added(rule) => &rule.matched.id,
        }
    }

    /// Whether the rule can match a call of this name at all.
    fn may_match(&self, name: Option<&str>) -> bool {
        let name = name.unwrap_or_default();
        match self {
            Self::Shipped(shipped, _) => shipped.names.is_none_or(|names| {
                names.iter().any(|(meant, begins)| {
                    let start = if *begins { name.get(..meant.len()) } else { Some(name) };
                    start.is_some_and(|start| start.eq_ignore_ascii_case(meant))
                })
            }),
            Self::Added(rule) => rule
                .calls
                .iter()
                .any(|calls| calls.names.as_ref().is_none_or(|names| names.iter().any(|meant| meant.fits(name)))),
        }
    }

    fn rule(&self) -> Result<&Rule, &Broken> {
        match self {
            Self::Shipped(shipped, read) => read.get_or_init(|| Rule::parse(shipped.file, shipped.text)).as_ref(),
            Self::Added(rule) => Ok(rule),
        }
    }

    fn taken_to_match(&self) -> MatchedRule {
        let title = format!("Rule {} cannot be read", self.file());
        MatchedRule { id: self.id().to_owned(), title, level: ThreatLevel::High }
    }
}

/// The parts of a rule that something rests on. The others are for people.
#[derive(Deserialize)]
#[serde(expecting = "a Sigma rule")]
struct Parts {
    title: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    level: Option<String>,
    #[serde(default)]
    logsource: Logsource,
    #[serde(default)]
    detection: Mapping,
}

#[derive(Default, Deserialize)]
#[serde(expecting = "a Sigma logsource")]
struct Logsource {
    product: Option<String>,
    service: Option<String>,
}

/// Why a rule cannot be used.
struct Broken {
    line: usize,
    problem: String,
}

impl Broken {
    fn of(&self, file: &str) -> Error {
        Error::Internal { problem: format!("rule {file}:{}: {}", self.line, self.problem) }
    }
}

impl Rule {
    fn parse(file: &str, text: &str) -> Result<Self, Broken> {
        let broken = |at: &str, problem: String| Broken { line: line_of(text, at), problem };
        let rule: Parts = serde_norway::from_str(text).map_err(|error| Broken {
            line: error.location().map_or(1, |location| location.line()),
            problem: error.to_string(),
        })?;
        let logsource = (rule.logsource.product.as_deref(), rule.logsource.service.as_deref());
        if logsource != (Some("aws"), Some("cloudtrail")) {
            let problem = "logsource must be product aws, service cloudtrail: other logs are not read";
            return Err(broken("logsource", problem.to_owned()));
        }
        let level = match rule.level {
            None => Err("level is missing: a rule without one sets no threat level".to_owned()),
            Some(level) => level.parse::<ThreatLevel>().map_err(|problem| format!("level {problem}")),
        };
        let level = level.map_err(|problem| broken("level", problem))?;
        let detection = RuleDetection::parse(&rule.detection)
            .map_err(|detection::Problem { at, text: problem }| broken(&at, on_one_line(&problem)))?;
        let calls = calls::of_detection(&rule.detection).unwrap_or_else(|| vec![Calls::default()]);
        Ok(Self {
            file: file.to_owned(),
            matched: MatchedRule { id: rule.id.unwrap_or_else(|| file.to_owned()), title: rule.title, level },
            calls,
            detection,
        })
    }
}

/// The line of a rule on which a name stands as a key; the first if none does.
fn line_of(text: &str, name: &str) -> usize {
    let is_at = |line: &str| {
        let line = line.trim_start_matches([' ', '-', '{']).trim_start_matches(['\'', '"']);
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start_matches(['\'', '"']).trim_start().starts_with(':'))
    };
    text.lines().position(is_at).map_or(1, |before| before + 1)
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
