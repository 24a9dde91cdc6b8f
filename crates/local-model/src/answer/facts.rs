//! What is known, by the names that forms ask for it.

use std::collections::HashMap;

/// Something known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    Text(String),
    Number(f64),
    Truth(bool),
    /// Some things of one kind.
    Things(Vec<Facts>),
    /// Numbers that belong together, such as the sides of a box.
    Numbers(Vec<f64>),
}

/// What is known of one thing.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Facts(HashMap<&'static str, Fact>);

/// Other words for the names of facts. The first that is known counts.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("pii", &["verdict"]),
    ("personal", &["verdict"]),
    ("sensitive", &["verdict"]),
    ("outcome", &["verdict"]),
    ("found", &["findings"]),
    ("finding", &["findings"]),
    ("entities", &["findings"]),
    ("items", &["findings", "objects"]),
    ("categories", &["findings"]),
    ("count", &["findings"]),
    ("labels", &["objects"]),
    ("things", &["objects"]),
    ("elements", &["objects"]),
    ("lines", &["objects"]),
    ("words", &["objects"]),
    ("face", &["faces"]),
    ("people", &["faces"]),
    ("kind", &["category"]),
    ("type", &["category"]),
    ("entity", &["category"]),
    ("name", &["label"]),
    ("title", &["label", "summary"]),
    ("text", &["label", "transcript"]),
    ("ocr", &["transcript"]),
    ("certainty", &["confidence"]),
    ("score", &["confidence"]),
    ("probability", &["confidence"]),
    ("place", &["where"]),
    ("position", &["where"]),
    ("location", &["where"]),
    ("spot", &["where"]),
    ("summarize", &["summary", "reason"]),
    ("caption", &["description"]),
    ("why", &["reason"]),
    ("rationale", &["reason"]),
    ("explanation", &["reason"]),
    ("severity", &["level"]),
    ("threat", &["level"]),
    ("risk", &["level", "verdict"]),
    ("upperleft", &["topleft"]),
    ("upperright", &["topright"]),
    ("lowerright", &["bottomright"]),
    ("lowerleft", &["bottomleft"]),
    ("bbox", &["box"]),
];

impl Facts {
    /// When there is nothing to know but why.
    pub(super) fn of_nothing(reason: &str) -> Self {
        [("reason", Fact::Text(reason.to_owned()))].into_iter().collect()
    }

    /// The fact that a name in a form asks for: its own, or that of its first word
    /// which asks for any.
    pub(super) fn named(&self, name: &str) -> Option<&Fact> {
        let words = words(name);
        self.word(&words.concat()).or_else(|| words.iter().find_map(|word| self.word(word)))
    }

    fn word(&self, word: &str) -> Option<&Fact> {
        let synonyms = SYNONYMS.iter().find(|(known, _)| *known == word).map_or(&[][..], |(_, names)| names);
        self.0.get(word).or_else(|| synonyms.iter().find_map(|name| self.0.get(name)))
    }
}

impl FromIterator<(&'static str, Fact)> for Facts {
    fn from_iter<T: IntoIterator<Item = (&'static str, Fact)>>(facts: T) -> Self {
        Self(facts.into_iter().collect())
    }
}

/// Whether a name in a form asks for this fact.
pub(super) fn asks_for(name: &str, fact: &str) -> bool {
    words(name)
        .iter()
        .any(|word| word == fact || SYNONYMS.iter().any(|(known, facts)| known == word && facts.contains(&fact)))
}

/// The words of a name such as `topLeft` or `is_pii`, in small letters.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut after_small, mut open) = (false, false);
    for c in name.chars() {
        if c.is_alphanumeric() {
            if !open || (c.is_uppercase() && after_small) {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        open = c.is_alphanumeric();
        after_small = c.is_lowercase() || c.is_ascii_digit();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_found_by_the_names_that_forms_give_it() {
        let facts: Facts = ["verdict", "findings", "topleft", "faces", "confidence"]
            .into_iter()
            .map(|name| (name, Fact::Text(name.to_owned())))
            .collect();
        for (name, fact) in [
            ("verdict", Some("verdict")),
            ("personal_data", Some("verdict")),
            ("isPii", Some("verdict")),
            ("found", Some("findings")),
            ("TopLeft", Some("topleft")),
            ("upper_left", Some("topleft")),
            ("has_face", Some("faces")),
            ("certainty", Some("confidence")),
            ("weather", None),
            ("", None),
        ] {
            assert_eq!(facts.named(name), fact.map(|fact| Fact::Text(fact.to_owned())).as_ref(), "{name}");
        }
    }
}
