//! Sigma rules: read once at start, then held against each record.

use std::fmt;

use serde::Deserialize;
use serde_norway::{Mapping, Value as Yaml};
use sigma_rust::rule_from_yaml;

use super::{Floor, MatchedRule, ThreatLevel, fields};
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
    sigma: sigma_rust::Rule,
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
    /// [`Error::Internal`] names the file and what is wrong with it: no rule is
    /// left out silently.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), Error> {
        let rule = Rule::parse(file, text)
            .map_err(|problem| Error::Internal { problem: format!("rule {file}: {problem}") })?;
        if let Some(other) = self.rules.iter().find(|known| known.matched.id == rule.matched.id) {
            return Err(Error::Internal { problem: format!("rule {file}: its id is also that of {}", other.file) });
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
        let fields = fields::event(record);
        let matched_rules: Vec<MatchedRule> =
            self.rules.iter().filter(|rule| rule.sigma.is_match(&fields)).map(|rule| rule.matched.clone()).collect();
        let level = matched_rules.iter().map(|rule| rule.level).max().unwrap_or_default();
        Floor { level, matched_rules }
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rules.iter().map(|rule| &rule.file)).finish()
    }
}

/// The parts of a rule that are read here and not by the engine.
#[derive(Deserialize)]
#[serde(expecting = "a Sigma rule")]
struct Head {
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

impl Rule {
    fn parse(file: &str, text: &str) -> Result<Self, String> {
        let head: Head = serde_norway::from_str(text).map_err(|error| error.to_string())?;
        match (head.logsource.product.as_deref(), head.logsource.service.as_deref()) {
            (Some("aws"), Some("cloudtrail")) => {}
            _ => {
                return Err("logsource must be product aws, service cloudtrail: other logs are not read".to_owned());
            }
        }
        let level = head
            .level
            .ok_or("level is missing: a rule without one sets no threat level")?
            .parse::<ThreatLevel>()
            .map_err(|problem| format!("level {problem}"))?;
        // The engine slices a condition by characters as if they were bytes.
        if let Some(condition) = head.detection.get("condition").and_then(Yaml::as_str)
            && !condition.is_ascii()
        {
            return Err("condition must be written in ASCII".to_owned());
        }

        let sigma = rule_from_yaml(text).map_err(|error| error.to_string())?;
        let sigma = if head.detection.values().any(tests_for_null) {
            with_null_as_absent(text).map_err(|error| error.to_string())?
        } else {
            sigma
        };
        Ok(Self {
            file: file.to_owned(),
            matched: MatchedRule {
                id: sigma.id.clone().unwrap_or_else(|| file.to_owned()),
                title: sigma.title.clone(),
                level,
            },
            sigma,
        })
    }
}

/// Whether a selection says `field: null`.
fn tests_for_null(selection: &Yaml) -> bool {
    match selection {
        Yaml::Mapping(fields) => fields.values().any(Yaml::is_null),
        Yaml::Sequence(groups) => groups.iter().any(tests_for_null),
        _ => false,
    }
}

/// Reads a rule with each `field: null` as `field|exists: false`: to Sigma null
/// means null or absent, to the engine only a null that stands there.
fn with_null_as_absent(text: &str) -> Result<sigma_rust::Rule, serde_norway::Error> {
    fn rewrite(selection: &mut Yaml) {
        match selection {
            Yaml::Mapping(fields) => {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(name, value)| match name {
                        Yaml::String(name) if value.is_null() => (Yaml::String(name + "|exists"), Yaml::Bool(false)),
                        name => (name, value),
                    })
                    .collect();
            }
            Yaml::Sequence(groups) => groups.iter_mut().for_each(rewrite),
            _ => {}
        }
    }

    let mut rule: Yaml = serde_norway::from_str(text)?;
    if let Some(Yaml::Mapping(detection)) = rule.get_mut("detection") {
        detection.values_mut().for_each(rewrite);
    }
    serde_norway::from_value(rule)
}

#[cfg(test)]
mod tests;
