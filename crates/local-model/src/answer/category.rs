//! The categories of a form, and which of them an entity belongs to.

use serde_json::Value;

use super::fill::tokens;

/// Other words for the entities, as the categories of a form may name them.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("PERSON", &["person", "name", "names", "full", "people", "identity"]),
    ("EMAIL_ADDRESS", &["email", "mail", "contact"]),
    ("PHONE_NUMBER", &["phone", "telephone", "mobile", "contact"]),
    ("CREDIT_CARD", &["card", "credit", "payment", "financial", "bank"]),
    ("IBAN_CODE", &["iban", "bank", "account", "financial"]),
    ("US_SSN", &["ssn", "social", "government", "national", "id", "identification", "identity"]),
    ("PASSPORT", &["passport", "travel", "government", "document", "id", "identification", "identity"]),
    ("US_PASSPORT", &["passport", "travel", "government", "document", "id", "identification", "identity"]),
    ("DRIVER_LICENSE", &["licence", "license", "driver", "driving", "government", "document", "id", "identification"]),
    ("ID", &["id", "identification", "identity", "government", "document", "national"]),
    ("KR_RRN", &["rrn", "resident", "national", "government", "id", "identification", "identity"]),
    ("DATE_TIME", &["birth", "dob", "birthdate", "date", "age"]),
    ("LOCATION", &["address", "location", "postal", "home"]),
    ("FACE", &["face", "faces", "biometric", "photo", "portrait"]),
    ("text", &["text", "word", "line"]),
];

/// The choice that names an entity best.
pub(super) fn category(entity: &str, choices: &[Value]) -> Option<Value> {
    let own = tokens(entity);
    let words: Vec<&str> = match SYNONYMS.iter().find(|(name, _)| *name == entity) {
        Some((_, words)) => words.to_vec(),
        // A national number that has no entry of its own.
        None => vec!["government", "national", "id", "identification", "identity"],
    };
    let named = |value: &&Value, wanted: &dyn Fn(&str) -> bool| {
        value.as_str().is_some_and(|text| tokens(text).iter().any(|token| wanted(token)))
    };
    let exact = choices.iter().find(|value| value.as_str().is_some_and(|text| tokens(text) == own));
    let by_word = || words.iter().find_map(|word| choices.iter().find(|value| named(value, &|token| token == *word)));
    let other =
        || choices.iter().find(|value| named(value, &|token| matches!(token, "other" | "others" | "misc" | "unknown")));
    exact.or_else(by_word).or_else(other).cloned()
}
