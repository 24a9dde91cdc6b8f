//! An alert, as a queue that is subscribed to the topic receives it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message of the alert topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The id that SNS gave it.
    pub message_id: String,
    /// Its subject, the first thing that people see.
    pub subject: String,
    /// The letter that people get of it.
    pub message: String,
    /// What machines get; null of an alert that the state machine wrote itself.
    pub told: Value,
    /// The attributes that subscribers filter by.
    pub attributes: BTreeMap<String, String>,
}

/// SNS's envelope of a message to a queue without raw delivery.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    message_id: String,
    #[serde(default)]
    subject: Option<String>,
    message: String,
    #[serde(default)]
    message_attributes: BTreeMap<String, Attribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    value: String,
}

impl Alert {
    /// Reads the body of a queue's message.
    ///
    /// # Errors
    /// When it is not an envelope of SNS's.
    pub fn parse(body: &str) -> Result<Self, serde_json::Error> {
        let envelope: Envelope = serde_json::from_str(body)?;
        let told: Value = serde_json::from_str(&envelope.message).unwrap_or_default();
        let letter = told["text"].as_str().map(str::to_owned);
        let attributes = envelope.message_attributes.into_iter();
        Ok(Self {
            message_id: envelope.message_id,
            subject: envelope.subject.unwrap_or_default(),
            told: if letter.is_some() { told } else { Value::Null },
            message: letter.unwrap_or(envelope.message),
            attributes: attributes.map(|(name, attribute)| (name, attribute.value)).collect(),
        })
    }

    /// An attribute's value.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_alert_is_read_from_the_envelope_of_a_subscription() {
        let body = r#"{"Type": "Notification", "MessageId": "m-1", "TopicArn": "arn:aws:sns:us-west-2:1:t",
            "Subject": "[HIGH] StopLogging", "Message": "Threat level: high\nEvent: …",
            "Timestamp": "2026-11-20T14:00:00.000Z",
            "MessageAttributes": {"threat_level": {"Type": "String", "Value": "high"}}}"#;
        let alert = Alert::parse(body).unwrap();
        assert_eq!((alert.message_id.as_str(), alert.subject.as_str()), ("m-1", "[HIGH] StopLogging"));
        assert_eq!(alert.attribute("threat_level"), Some("high"));
        assert_eq!(alert.attribute("verdict"), None);
        assert_eq!((alert.message.as_str(), alert.told), ("Threat level: high\nEvent: …", Value::Null));
    }

    #[test]
    fn the_letter_is_read_from_what_machines_get() {
        let message = json!({"event_id": "e-1", "text": "A letter"});
        let body = json!({"MessageId": "m-1", "Message": message.to_string()}).to_string();
        let alert = Alert::parse(&body).unwrap();
        assert_eq!((alert.message.as_str(), alert.told), ("A letter", message));
    }

    #[test]
    fn a_message_of_another_sender_is_none() {
        for body in ["", "hello", "{}", r#"{"MessageId": 1, "Message": "x"}"#] {
            Alert::parse(body).unwrap_err();
        }
    }
}
