//! Sigma rules: read once at start, then held against each record.

use std::fmt;

use serde::Deserialize;
use serde_norway::Mapping;

use super::{
    Floor, MatchedRule, ThreatLevel,
    detection::{self, RuleDetection},
    fields::Fields,
};
use crate::{cloudtrail, error::Error};

/// The rules that lie in `rules/`: file name and text.
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Rules ready to be held against records.
#[derive(Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
}

struct Rule {
    file: String,
    matched: MatchedRule,
    detection: RuleDetection,
}

impl RuleSet {
    /// The rules that are part of the program.
    ///
    /// # Errors
    /// [`Error::Internal`] names the file and line of a broken one.
    pub fn shipped() -> Result<Self, Error> {
        let mut rules = Self::default();
        for (file, text) in SHIPPED {
            rules.add(file, text)?;
        }
        Ok(rules)
    }

    /// Adds a rule from the text of its file.
    ///
    /// # Errors
    /// [`Error::Internal`] names the file, the line and what is wrong with it:
    /// no rule is left out silently.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), Error> {
        let broken = |Broken { line, problem }| Error::Internal { problem: format!("rule {file}:{line}: {problem}") };
        let rule = Rule::parse(file, text).map_err(broken)?;
        if let Some(other) = self.rules.iter().find(|known| known.matched.id == rule.matched.id) {
            let problem = format!("its id is also that of {}", other.file);
            return Err(broken(Broken { line: line_of(text, "id"), problem }));
        }
        self.rules.push(rule);
        Ok(())
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
        let fields = Fields::of(record);
        let matched_rules: Vec<MatchedRule> =
            self.rules.iter().filter(|rule| rule.detection.matches(&fields)).map(|rule| rule.matched.clone()).collect();
        let level = matched_rules.iter().map(|rule| rule.level).max().unwrap_or_default();
        Floor { level, matched_rules }
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rules.iter().map(|rule| &rule.file)).finish()
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
        Ok(Self {
            file: file.to_owned(),
            matched: MatchedRule { id: rule.id.unwrap_or_else(|| file.to_owned()), title: rule.title, level },
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
