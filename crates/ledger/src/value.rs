//! Records as `DynamoDB` holds them.

use serde::Serialize;
use serde_json::{Map, Value};
use warden_call_errors::printable;
use warden_control_plane::plain_item;

/// A record of the ledger: plain values by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Record(Map<String, Value>);

impl Record {
    /// The record of a `DynamoDB` item.
    #[must_use]
    pub fn read(item: &Value) -> Self {
        Self(plain_item(item))
    }

    /// The record of plain values.
    pub(crate) const fn of(values: Map<String, Value>) -> Self {
        Self(values)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The texts of a list.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// Its values by name.
    #[must_use]
    pub const fn values(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object, for people, on a line of which no terminal obeys anything: a stranger chose the key.
    #[must_use]
    pub fn object(&self) -> String {
        match (self.text("s3_bucket"), self.text("s3_key")) {
            (Some(bucket), Some(key)) => printable(&format!("s3://{bucket}/{key}")),
            // An event about no object is told by its call.
            _ => printable(self.text("event_title").or_else(|| self.text("object")).unwrap_or("-")),
        }
    }
}
