//! Composes and publishes the alert of an audited event.

use serde::Serialize;
use serde_json::{Map, Value};
use warden_core::{
    Error,
    audit::{self, Alert, AlertSettings, LedgerKey, Record},
    ports::Topics,
};

/// What is answered of an audit.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The alert, which is not published.
    Composed(Box<Alert>),
    /// The alert is out.
    Published(Box<Published>),
}

/// What the state machine still has to keep and to answer of an alert that is out.
#[derive(Debug, Serialize)]
pub struct Published {
    /// By which id SNS knows the message.
    message_id: String,
    /// The alert for machines: the execution's output.
    record: Record,
    /// The key of the event's record in the ledger, unless nobody could claim it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<LedgerKey>,
    /// What the ledger keeps under it, as attributes of `DynamoDB`.
    item: Map<String, Value>,
    /// Whether the audit could not go on.
    failed: bool,
}

/// Composes the alert of an audit at `now`, in milliseconds since 1970; what it takes is in [`audit::compose`]. It is
/// published on the `"topic"`, an ARN. Without one it is answered, for its record alone or, to definitions of the state
/// machine that publish it themselves, to be published.
///
/// # Errors
/// [`Error::InvalidInput`] when nothing is told of an audit; those of [`Topics::publish`].
pub async fn handle(event: &Value, settings: &AlertSettings, topics: &impl Topics, now: i64) -> Result<Answer, Error> {
    let topic = match &event["topic"] {
        Value::Null => None,
        Value::String(topic) if !topic.is_empty() => Some(topic),
        _ => return Err(Error::invalid("topic", "is not the ARN of a topic")),
    };
    let alert = audit::compose(event, settings, now)?;
    let Some(topic) = topic else {
        log_alert(&alert, None);
        return Ok(Answer::Composed(Box::new(alert)));
    };
    let message_id = topics.publish(topic, &alert).await?;
    log_alert(&alert, Some(&message_id));
    let Alert { record, key, item, failed, .. } = alert;
    Ok(Answer::Published(Box::new(Published { message_id, record, key, item, failed })))
}

/// One line per alert. Its texts may name people, so they stay out; the event's
/// id tells which event it was.
fn log_alert(alert: &Alert, message_id: Option<&str>) {
    let attributes = &alert.attributes;
    tracing::info!(
        event_id = alert.record.event_id,
        threat_level = attributes.threat_level.value(),
        verdict = attributes.verdict.value(),
        action = attributes.action.value(),
        failure = attributes.failure.value(),
        silenced_by = alert.record.silenced_by,
        message_id,
        "alert composed"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use warden_core::{
        audit::{Exceptions, Language, LedgerSettings},
        bedrock::TokenPrices,
        fake::FakeTopics,
    };
    use warden_event_files::{invalid, valid};
    use warden_test_support::faults;

    use super::*;

    /// 2026-11-20T09:14:09.123Z, as in the state machine's cases.
    const NOW: i64 = 1_795_166_049_123;

    /// What the tests of the state machine expect too.
    fn settings() -> AlertSettings {
        AlertSettings {
            ledger: LedgerSettings { days: 400, token_prices: TokenPrices::of_model("us.anthropic.claude-haiku-5-5") },
            stack: Some("warden-audit".into()),
            ..AlertSettings::default()
        }
    }

    fn event(name: &str) -> Value {
        valid("alert-composer").iter().find(|file| file.name == name).unwrap().event()
    }

    fn compose(event: &Value, settings: &AlertSettings) -> Result<Alert, Error> {
        audit::compose(event, settings, NOW)
    }

    /// The texts of each protocol.
    fn protocols(alert: &Alert) -> Value {
        serde_json::from_str(&alert.protocols).unwrap()
    }

    /// What subscribers get that take the default.
    fn machines(alert: &Alert) -> Value {
        serde_json::from_str(protocols(alert)["default"].as_str().unwrap()).unwrap()
    }

    /// The events are what the state machine sends in its cases, and its cases
    /// take these snapshots for the answers. What each protocol gets is told below.
    #[test]
    fn every_event_has_its_alert() {
        for file in valid("alert-composer") {
            let mut alert = json!(compose(&file.event(), &settings()).unwrap());
            alert["protocols"] = json!({"default": "{}", "email": alert["message"]}).to_string().into();
            insta::assert_json_snapshot!(file.name.clone(), alert);
        }
    }

    #[tokio::test]
    async fn an_alert_is_published_on_the_topic_that_is_named_and_what_is_left_to_do_is_answered() {
        let event = event("version-deleted");
        let topics = FakeTopics::answering(&[Ok("m-1")]);
        let answer = json!(handle(&event, &settings(), &topics, NOW).await.unwrap());
        let alert = compose(&event, &settings()).unwrap();
        let left =
            json!({"message_id": "m-1", "record": alert.record, "key": alert.key, "item": alert.item, "failed": false});
        assert_eq!(answer, left);
        let topic = event["topic"].as_str().unwrap().to_owned();
        assert_eq!(topics.published(), [(topic, alert)]);
    }

    #[tokio::test]
    async fn without_a_topic_the_alert_is_the_answer() {
        let mut event = event("version-deleted");
        event["topic"].take();
        let topics = FakeTopics::default();
        let answer = json!(handle(&event, &settings(), &topics, NOW).await.unwrap());
        assert_eq!(answer, json!(compose(&event, &settings()).unwrap()));
        assert_eq!(topics.published(), []);
    }

    #[tokio::test]
    async fn what_the_topic_does_not_take_is_the_error() {
        let throttled = Error::ServiceUnavailable { action: "sns:Publish", code: "429 Throttled".into() };
        let topics = FakeTopics::answering(&[Err(throttled.clone())]);
        let failed = handle(&event("clean"), &settings(), &topics, NOW).await;
        assert_eq!(failed.unwrap_err(), throttled);
    }

    #[tokio::test]
    async fn an_invalid_event_names_its_field() {
        for file in invalid("alert-composer") {
            let error = handle(&file.event(), &settings(), &FakeTopics::default(), NOW).await.unwrap_err();
            let seen = json!({"errorType": error.name().as_str(), "errorMessage": error.to_string()});
            assert_eq!(seen, file.expected, "{}", file.name);
        }
    }

    /// Personal data deleted, moved, masked and not, a secret moved, nobody can tell, a grave call, a function that is dead, no ledger.
    const TOLD: [&str; 9] = [
        "version-deleted",
        "quarantined",
        "secret-quarantined",
        "masked",
        "not-masked",
        "undetermined",
        "trail-stopped",
        "detector-throttled",
        "deleted-without-a-ledger",
    ];

    /// What people get by mail, as they read it.
    #[test]
    fn people_get_a_letter_in_their_language() {
        for language in Language::ALL {
            for name in TOLD {
                let alert = compose(&event(name), &AlertSettings { language: *language, ..settings() }).unwrap();
                let letter = format!("{}\n\n{}", alert.subject, protocols(&alert)["email"].as_str().unwrap());
                insta::assert_snapshot!(format!("letter-{language}-{name}"), letter);
            }
        }
    }

    #[test]
    fn a_secret_in_bytes_that_nothing_pins_is_called_one() {
        for (category, headline) in [
            ("SECRET", "Secret found (rotate it) in bytes that cannot be pinned, kept"),
            ("FACE", "Personal data found in bytes that cannot be pinned, kept"),
        ] {
            let mut event = event("not-pinned");
            event["audit"]["detection"]["findings"][0]["category"] = category.into();
            let alert = compose(&event, &settings()).unwrap();
            assert_eq!(alert.message.lines().next(), Some(headline));
        }
    }

    #[test]
    fn machines_get_the_same_as_json() {
        for name in TOLD {
            let told = machines(&compose(&event(name), &settings()).unwrap());
            insta::assert_json_snapshot!(format!("machines-{name}"), told);
        }
    }

    #[test]
    fn each_machine_gets_json_of_the_published_schema() {
        let schema_fields: Value = serde_json::from_str(include_str!("../../../../docs/alert.schema.json")).unwrap();
        for file in valid("alert-composer") {
            let told = machines(&compose(&file.event(), &settings()).unwrap());
            assert_eq!(faults(&schema_fields, &told), Vec::<String>::new(), "{}", file.name);
            // The schema lets fields be added. Those that are there are described.
            let described = schema_fields["properties"].as_object().unwrap();
            assert!(told.as_object().unwrap().keys().all(|field| described.contains_key(field)), "{}", file.name);
        }
    }

    /// What a pipe hands on of a queue's message: `<$.body.ocsf>` and the like, as the template has them.
    #[test]
    fn a_pipe_finds_what_the_template_asks_for() {
        let template = include_str!("../../../../infra/audit.yaml");
        let asked: Vec<_> = template
            .lines()
            .filter_map(|line| line.trim().strip_prefix("InputTemplate: <$.body.")?.strip_suffix('>'))
            .collect();
        assert_eq!(asked, ["ocsf", "chat"]);
        for file in valid("alert-composer") {
            let body = machines(&compose(&file.event(), &settings()).unwrap());
            assert!(matches!(body["ocsf"]["class_uid"].as_u64(), Some(2004 | 2006)), "{}", file.name);
            assert_eq!((&body["chat"]["version"], &body["chat"]["source"]), (&json!("1.0"), &json!("custom")));
        }
    }

    #[test]
    fn a_finding_has_what_ocsf_requires() {
        for file in valid("alert-composer") {
            let body = machines(&compose(&file.event(), &settings()).unwrap());
            let finding = &body["ocsf"];
            for required in [
                "/activity_id",
                "/category_uid",
                "/class_uid",
                "/type_uid",
                "/severity_id",
                "/time",
                "/metadata/version",
                "/metadata/product/vendor_name",
                "/cloud/provider",
                "/finding_info/uid",
                "/finding_info/title",
            ] {
                assert!(finding.pointer(required).is_some_and(|value| !value.is_null()), "{} {required}", file.name);
            }
            assert_eq!(finding["type_uid"].as_u64(), finding["class_uid"].as_u64().map(|class| class * 100 + 1));
            if finding["class_uid"] == 2006 {
                assert!(finding["data_security"]["data_lifecycle_state_id"].is_u64(), "{}", file.name);
            }
        }
    }

    #[test]
    fn an_exception_silences_the_mail_and_is_named() {
        let exceptions = "exceptions: [{name: gate-cameras, reason: R, ends: 2027-03-31, prefix: uploads/gate}]";
        let exceptions = Exceptions::read(exceptions).unwrap();
        let settings = AlertSettings { exceptions, ..settings() };
        for (name, silenced) in [
            ("version-deleted", true),
            ("undetermined", true),
            ("trail-stopped", false),
            ("detector-throttled", false),
            ("deletion-refused", false),
            ("deleted-without-a-ledger", false),
        ] {
            let alert = compose(&event(name), &settings).unwrap();
            let by = silenced.then_some("gate-cameras");
            assert_eq!(alert.attributes.silenced.value(), silenced.to_string(), "{name}");
            assert_eq!(alert.record.silenced_by.as_deref(), by, "{name}");
            assert_eq!(alert.item.get("silenced_by"), by.map(|by| json!({"S": by})).as_ref(), "{name}");
        }
    }
}
