//! Exceptions: which alerts are not mailed, why, and until when.
//!
//! An exception silences mail and chat, never judgement, action, record or the
//! alert for machines. The ledger names the one that did. What went wrong in the
//! audit itself is always told.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Facts, Outcome, time};
use crate::pii::Verdict;

/// Most characters of a reason.
const MAX_REASON_CHARS: usize = 300;

/// Why an alert is not mailed. All of `principal`, `prefix` and `rule` that are
/// given have to fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// What the ledger calls it: lower-case letters, digits and hyphens.
    pub name: String,
    /// Why, for whoever reads it later.
    pub reason: String,
    /// The last day on which it counts, UTC, such as `2027-03-31`.
    pub ends: String,
    /// Who did it: an ARN, or what the alert says instead, in which `*` stands for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// What the object's key begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The id or the title of a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// The exceptions of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions(Vec<Exception>);

/// Why a file of exceptions cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExceptionsError {
    /// It is no YAML of this form; the parser says where.
    #[error("{0}")]
    Form(String),
    /// One of them cannot be used.
    #[error("exception {number} ({name}): {problem}")]
    Exception {
        /// Its place in the file, from 1.
        number: usize,
        /// Its name.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    exceptions: Vec<Exception>,
}

impl Exceptions {
    /// Reads a file: YAML, or JSON, which is YAML too.
    ///
    /// # Errors
    /// [`ExceptionsError`] for what is not of the form, and for the first exception that says too little, too
    /// much, or the same as another.
    pub fn read(text: &str) -> Result<Self, ExceptionsError> {
        let file: File = serde_norway::from_str(text).map_err(|error| ExceptionsError::Form(error.to_string()))?;
        let mut names = BTreeSet::new();
        for (at, exception) in file.exceptions.iter().enumerate() {
            let problem = exception.problem().or_else(|| {
                (!names.insert(exception.name.as_str())).then_some("name: another exception has it already")
            });
            if let Some(problem) = problem {
                return Err(ExceptionsError::Exception { number: at + 1, name: exception.name.clone(), problem });
            }
        }
        Ok(Self(file.exceptions))
    }

    /// All of them, in the order of the file.
    #[must_use]
    pub fn all(&self) -> &[Exception] {
        &self.0
    }

    /// The first that silences the mail about an event on `day`, such as
    /// `2026-11-20`.
    pub(super) fn silencing(&self, facts: &Facts, outcome: &Outcome, day: &str) -> Option<&Exception> {
        self.0.iter().find(|exception| exception.counts_on(day) && exception.fits(facts, outcome))
    }
}

impl Exception {
    /// Whether it counts on a day such as `2026-11-20`.
    #[must_use]
    pub fn counts_on(&self, day: &str) -> bool {
        // Both are written year first, so they sort as days do.
        day <= self.ends.as_str()
    }

    fn fits(&self, facts: &Facts, outcome: &Outcome) -> bool {
        let fits = |asked: &Option<String>, fits: &dyn Fn(&str) -> bool| asked.as_deref().is_none_or(fits);
        fits(&self.principal, &|pattern| facts.actor.as_deref().is_some_and(|actor| matches(pattern, actor)))
            && fits(&self.prefix, &|prefix| facts.s3_key.as_deref().is_some_and(|key| key.starts_with(prefix)))
            && fits(&self.rule, &|rule| is_due_to(rule, facts, outcome))
    }

    fn problem(&self) -> Option<&'static str> {
        let is_empty = |text: &Option<String>| text.as_deref().is_some_and(str::is_empty);
        let is_name = |name: &str| {
            (1..=64).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if !is_name(&self.name) {
            return Some("name: is not 1 to 64 lower-case letters, digits and hyphens");
        }
        if self.reason.trim().is_empty() || self.reason.chars().count() > MAX_REASON_CHARS {
            return Some("reason: is empty, or has more than 300 characters");
        }
        if !time::is_day(&self.ends) {
            return Some("ends: is not a day such as 2027-03-31");
        }
        if self.principal.is_none() && self.prefix.is_none() && self.rule.is_none() {
            return Some("names neither a principal nor a prefix nor a rule: it would silence every mail");
        }
        if is_empty(&self.principal) || is_empty(&self.prefix) || is_empty(&self.rule) {
            return Some("its principal, prefix or rule is empty");
        }
        if self.principal.as_deref().is_some_and(|pattern| STRANGERS.iter().all(|actor| matches(pattern, actor))) {
            return Some("principal: fits everybody");
        }
        None
    }
}

/// Two that have nothing in common: a pattern that fits both fits everybody.
const STRANGERS: [&str; 2] = ["arn:aws:iam::000000000000:root", "arn:aws:sts::111122223333:assumed-role/r/s"];

/// Whether an alert is news because of this rule alone: no other matched, nothing raised
/// the level above the rule's, and nothing was found in an object.
fn is_due_to(rule: &str, facts: &Facts, outcome: &Outcome) -> bool {
    let found = matches!(outcome.verdict, Some(Verdict::Pii | Verdict::Undetermined));
    let is_it = |matched: &super::Rule| matched.id.as_deref() == Some(rule) || matched.title == rule;
    !found
        && !facts.matched_rules.is_empty()
        && facts.matched_rules.iter().all(|matched| is_it(matched) && matched.level >= outcome.threat_level)
}

/// Whether a text is what a pattern says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(before) else { return false };
    let mut parts: Vec<_> = after.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    // Each part as early as it goes leaves most for the last.
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit::{Kind, Rule, Taken},
        threat::ThreatLevel,
    };

    const FILE: &str = "
exceptions:
  - name: nightly-import
    reason: The importer stores scanned receipts. Their owners are told each week.
    ends: 2027-03-31
    principal: arn:aws:sts::111122223333:assumed-role/importer/*
    prefix: receipts/
  - name: key-rotation
    reason: Keys are rotated by a pipeline.
    ends: 2026-12-31
    rule: Access key created
";

    fn facts() -> Facts {
        Facts {
            actor: Some("arn:aws:sts::111122223333:assumed-role/importer/2026-11".into()),
            s3_key: Some("receipts/a.png".into()),
            ..Facts::default()
        }
    }

    fn outcome(verdict: Option<Verdict>, threat_level: ThreatLevel) -> Outcome {
        Outcome {
            verdict,
            reason: None,
            action: Taken::None,
            threat_level,
            headline: None,
            kind: Kind::Image,
            copied: false,
        }
    }

    fn silenced(facts: &Facts, outcome: &Outcome, day: &str) -> Option<String> {
        let exceptions = Exceptions::read(FILE).unwrap();
        exceptions.silencing(facts, outcome, day).map(|exception| exception.name.clone())
    }

    #[test]
    fn an_exception_counts_where_all_of_it_fits_until_its_last_day() {
        let pii = outcome(Some(Verdict::Pii), ThreatLevel::High);
        let name = Some("nightly-import".to_owned());
        assert_eq!(silenced(&facts(), &pii, "2026-11-20"), name);
        assert_eq!(silenced(&facts(), &pii, "2027-03-31"), name);
        assert_eq!(silenced(&facts(), &pii, "2027-04-01"), None);
        let elsewhere = Facts { s3_key: Some("cards/a.png".into()), ..facts() };
        assert_eq!(silenced(&elsewhere, &pii, "2026-11-20"), None);
        let somebody = Facts { actor: Some("arn:aws:iam::111122223333:user/importer".into()), ..facts() };
        assert_eq!(silenced(&somebody, &pii, "2026-11-20"), None);
        assert_eq!(silenced(&Facts { actor: None, ..facts() }, &pii, "2026-11-20"), None);
    }

    #[test]
    fn a_rules_exception_silences_what_that_rule_alone_says() {
        let rule = |title: &str, level| Rule { id: Some("r-1".into()), title: title.into(), level };
        let matched = |rules| Facts { matched_rules: rules, ..Facts::default() };
        let it = || rule("Access key created", ThreatLevel::Medium);
        let medium = outcome(None, ThreatLevel::Medium);
        assert_eq!(silenced(&matched(vec![it()]), &medium, "2026-11-20").as_deref(), Some("key-rotation"));
        let by_id = FILE.replace("rule: Access key created", "rule: r-1");
        let by_id = Exceptions::read(&by_id).unwrap();
        assert!(by_id.silencing(&matched(vec![it()]), &medium, "2026-11-20").is_some());
        // The model raised it; another rule matched; something was found; no rule matched.
        assert_eq!(silenced(&matched(vec![it()]), &outcome(None, ThreatLevel::High), "2026-11-20"), None);
        let another = rule("Root signed in", ThreatLevel::Medium);
        assert_eq!(silenced(&matched(vec![it(), another]), &medium, "2026-11-20"), None);
        let undetermined = outcome(Some(Verdict::Undetermined), ThreatLevel::Medium);
        assert_eq!(silenced(&matched(vec![it()]), &undetermined, "2026-11-20"), None);
        assert_eq!(silenced(&matched(vec![]), &medium, "2026-11-20"), None);
    }

    #[test]
    fn an_asterisk_stands_for_any_text() {
        for (pattern, text, fits) in [
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "ace", true),
            ("a*b*b", "ab", false),
            ("a*a", "a", false),
            ("abc", "abcd", false),
            ("*한*", "x한y", true),
            ("a**b", "ab", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (from, to, expected) in [
            ("prefix: receipts/", "prefixes: receipts/", "unknown field `prefixes`"),
            ("reason: Keys are rotated by a pipeline.", "reason: ''", "exception 2 (key-rotation): reason: "),
            ("ends: 2026-12-31", "ends: 2026-02-30", "exception 2 (key-rotation): ends: is not a day"),
            ("ends: 2026-12-31", "ends: soon", "exception 2 (key-rotation): ends: is not a day"),
            ("    ends: 2026-12-31\n", "", "missing field `ends`"),
            ("rule: Access key created", "rule: ''", "exception 2 (key-rotation): its principal, prefix or rule"),
            ("    rule: Access key created\n", "", "exception 2 (key-rotation): names neither"),
            ("name: key-rotation", "name: nightly-import", "exception 2 (nightly-import): name: another"),
            ("name: key-rotation", "name: Key rotation", "exception 2 (Key rotation): name: is not"),
            (
                "arn:aws:sts::111122223333:assumed-role/importer/*",
                "'**'",
                "exception 1 (nightly-import): principal: fits",
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/importer/*",
                "arn:*",
                "exception 1 (nightly-import): principal: fits",
            ),
            ("exceptions:", "exception:", "unknown field `exception`"),
        ] {
            let text = FILE.replace(from, to);
            assert_ne!(text, FILE, "{from}");
            let error = Exceptions::read(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} should say {expected}");
        }
        for text in ["", "[]", "text", "exceptions: [", "exceptions: {a: b}"] {
            assert!(matches!(Exceptions::read(text), Err(ExceptionsError::Form(_))), "{text}");
        }
        assert_eq!(Exceptions::read("exceptions: []"), Ok(Exceptions::default()));
    }
}
