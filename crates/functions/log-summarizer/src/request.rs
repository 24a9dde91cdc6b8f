//! What the function is asked.

use serde::Deserialize;
use serde_json::{Map, Value};
use warden_core::audit::Claimant;

/// An event, and what is wanted with it.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) event: Value,
    /// For whom the event is claimed first.
    pub(crate) claimant: Option<Claimant>,
    /// Whether it is told by its record and the rules alone.
    pub(crate) without_model: bool,
}

impl Request {
    /// An event as it came, or one that is wrapped: no event has these names alone at its top.
    pub(crate) fn read(request: Value) -> Self {
        match request {
            Value::Object(fields) => Self::wrapped(fields).unwrap_or_else(|fields| Self::plain(Value::Object(fields))),
            event => Self::plain(event),
        }
    }

    fn plain(event: Value) -> Self {
        Self { event, claimant: None, without_model: false }
    }

    fn wrapped(mut fields: Map<String, Value>) -> Result<Self, Map<String, Value>> {
        let claimant = fields.get("claim").map(Claimant::deserialize).transpose();
        let without_model = fields.get("without_model") == Some(&Value::Bool(true));
        let names = 1 + usize::from(without_model) + usize::from(fields.contains_key("claim"));
        match (claimant, fields.remove("event")) {
            (Ok(claimant), Some(event)) if names > 1 && fields.len() == names - 1 => {
                Ok(Self { event, claimant, without_model })
            }
            (_, event) => {
                fields.extend(event.map(|event| ("event".to_owned(), event)));
                Err(fields)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_wrapped_by_these_names_alone() {
        let by = json!({"execution": "arn:one", "started": "2026-11-20T09:14:09.123Z"});
        let claimant = Some(Claimant::deserialize(&by).unwrap());
        for (request, claimant, without_model) in [
            (json!({"event": 1, "claim": by}), claimant.clone(), false),
            (json!({"event": 1, "claim": by, "without_model": true}), claimant, true),
            (json!({"event": 1, "without_model": true}), None, true),
        ] {
            assert_eq!(Request::read(request), Request { event: json!(1), claimant, without_model });
        }
        for event in [
            json!(null),
            json!({"event": 1}),
            json!({"event": 1, "without_model": false}),
            json!({"event": 1, "without_model": true, "more": 1}),
            json!({"event": 1, "claim": {"execution": "arn:one"}}),
            json!({"event": 1, "claim": null}),
            json!({"claim": by}),
            json!({"eventName": "StopLogging", "event": 1, "claim": by}),
        ] {
            assert_eq!(Request::read(event.clone()), Request::plain(event));
        }
    }
}
