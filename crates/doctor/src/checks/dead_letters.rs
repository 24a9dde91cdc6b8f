//! Whether events wait that started nothing.

use serde::Deserialize;

use crate::fact::Fact;
use crate::finding::{Area, Finding, counted};

/// What is known of the queue.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) stack: String,
    pub(crate) queue: Fact<Queue>,
}

/// What `GetQueueAttributes` answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Queue {
    attributes: Attributes,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Attributes {
    approximate_number_of_messages: Option<String>,
    approximate_number_of_messages_not_visible: Option<String>,
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    const AREA: Area = Area::DeadLetters;
    let attributes = match &facts.queue {
        Ok(queue) => &queue.attributes,
        Err(unknown) => return vec![unknown.finding(AREA, "the queue of events that started nothing")],
    };
    let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<usize>().ok());
    let Some(waiting) = number(&attributes.approximate_number_of_messages) else {
        return vec![Finding::warning(AREA, "the queue does not say how many events wait", "Check the endpoint URL")];
    };
    let waiting = waiting + number(&attributes.approximate_number_of_messages_not_visible).unwrap_or(0);
    vec![match waiting {
        0 => Finding::ok(AREA, "no event waits that started nothing"),
        count => Finding::failure(
            AREA,
            format!(
                "{} started nothing and {} not been audited",
                counted(count, "event"),
                if count == 1 { "has" } else { "have" }
            ),
            format!(
                "See docs/operations.md, \"Dead letters\", and replay with `warden deadletters replay --stack {}`",
                facts.stack
            ),
        ),
    }]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Level;
    use crate::fact::Unknown;

    fn found(attributes: &Value) -> (Level, String) {
        let queue = serde_json::from_value(json!({"Attributes": attributes})).unwrap();
        let mut findings = check(&Facts { stack: "audit".into(), queue: Ok(queue) });
        let finding = findings.remove(0);
        (finding.level, finding.said)
    }

    #[test]
    fn events_that_wait_are_a_failure_those_that_somebody_holds_too() {
        let waiting = |visible: &str, held: &str| json!({"ApproximateNumberOfMessages": visible, "ApproximateNumberOfMessagesNotVisible": held});
        for (attributes, level, said) in [
            (waiting("0", "0"), Level::Ok, "no event waits that started nothing"),
            (waiting("1", "0"), Level::Failure, "1 event started nothing and has not been audited"),
            (waiting("2", "3"), Level::Failure, "5 events started nothing and have not been audited"),
            (json!({}), Level::Warning, "the queue does not say how many events wait"),
        ] {
            assert_eq!(found(&attributes), (level, said.to_owned()));
        }
        let denied = Unknown::Denied { action: "sqs:GetQueueAttributes" };
        assert_eq!(check(&Facts { stack: "audit".into(), queue: Err(denied) })[0].level, Level::Warning);
    }
}
