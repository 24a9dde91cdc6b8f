//! Reading answers whose fields may be anything: what cannot be read is unknown.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;

use crate::pii::Verdict;

/// A value of the wrong type counts as absent.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(T::deserialize(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// A text; an empty one counts as absent.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = or_default(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// A verdict by its name, exactly.
pub(super) fn verdict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Verdict>, D::Error> {
    let name = text(deserializer)?;
    Ok(Verdict::ALL.iter().copied().find(|verdict| name.as_deref() == Some(verdict.as_str())))
}

/// The elements of a list that can be read; none of anything else.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Element<T> {
        Read(T),
        Other(IgnoredAny),
    }
    let elements: Vec<Element<T>> = or_default(deserializer)?;
    Ok(elements
        .into_iter()
        .filter_map(|element| match element {
            Element::Read(value) => Some(value),
            Element::Other(_) => None,
        })
        .collect())
}
