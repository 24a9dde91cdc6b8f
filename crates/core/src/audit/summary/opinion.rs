//! What the model says about an event.

use serde_json::Value;

use crate::{
    bedrock::{
        Answer,
        answer::{Unusable, json_objects},
    },
    threat::ThreatLevel,
};

/// What the model says about an event, as far as it says anything. Its text is
/// content, so there is no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Opinion {
    /// Its text for people.
    pub summary: Option<String>,
    /// How bad it rates the event.
    pub threat_level: Option<ThreatLevel>,
}

impl Opinion {
    /// Reads the body of the model's answer.
    ///
    /// # Errors
    /// Why the answer says nothing: the event is then told without it.
    pub fn read(body: &[u8]) -> Result<Self, Unusable> {
        let answer = Answer::parse(body).map_err(|_| Unusable::Malformed)?;
        let objects = json_objects(answer.finished_text()?);
        let opinion = Self {
            summary: objects.iter().find_map(|object| object["summary"].as_str()).map(str::to_owned),
            // An answer that contradicts itself is taken at its worst.
            threat_level: objects.iter().filter_map(level).max(),
        };
        if opinion == Self::default() { Err(Unusable::Malformed) } else { Ok(opinion) }
    }
}

fn level(object: &Value) -> Option<ThreatLevel> {
    object["threat_level"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<(Option<String>, Option<ThreatLevel>), Unusable> {
        let body = json!({"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}).to_string();
        Opinion::read(body.as_bytes()).map(|opinion| (opinion.summary, opinion.threat_level))
    }

    #[test]
    fn an_answer_is_read_however_it_is_wrapped() {
        let expected = Ok((Some("Routine.".to_owned()), Some(ThreatLevel::Medium)));
        for text in [
            r#"{"summary": "Routine.", "threat_level": "medium"}"#,
            "```json\n{\"summary\": \"Routine.\", \"threat_level\": \"MEDIUM\"}\n```",
            r#"Here it is: {"summary": "Routine.", "threat_level": "medium", "s3_key": "other.png"} Bye."#,
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_there_is_used_and_the_rest_is_not() {
        assert_eq!(read(r#"{"summary": "S"}"#), Ok((Some("S".to_owned()), None)));
        assert_eq!(read(r#"{"summary": ["S"], "threat_level": "critical"}"#), Ok((None, Some(ThreatLevel::High))));
        assert_eq!(read(r#"{"summary": "S", "threat_level": 3}"#), Ok((Some("S".to_owned()), None)));
    }

    #[test]
    fn an_answer_that_contradicts_itself_is_taken_at_its_worst() {
        let text = r#"{"summary": "S", "threat_level": "low"} or {"summary": "T", "threat_level": "high"}"#;
        assert_eq!(read(text), Ok((Some("S".to_owned()), Some(ThreatLevel::High))));
    }

    #[test]
    fn an_answer_that_says_nothing_is_unusable() {
        for text in ["It looks fine to me.", "{}", "[]", "{\"threat_level\": \"severe\"}", "{\"summary\":"] {
            assert_eq!(read(text), Err(Unusable::Malformed), "{text}");
        }
        let refusal = json!({"content": [], "stop_reason": "refusal"}).to_string();
        assert_eq!(Opinion::read(refusal.as_bytes()).err(), Some(Unusable::Refused));
        assert_eq!(Opinion::read(b"not json").err(), Some(Unusable::Malformed));
    }
}
