//! Composes the alert of an audited event.

use serde_json::Value;
use warden_core::{
    Error,
    audit::{self, Alert, AlertSettings},
};

/// The alert of an audit that the state machine tells of; what it takes is in
/// [`audit::compose`].
///
/// # Errors
/// [`Error::InvalidInput`] when nothing is told of an audit.
pub fn handle(event: &Value, settings: &AlertSettings) -> Result<Alert, Error> {
    let alert = audit::compose(event, settings)?;
    log_alert(&alert);
    Ok(alert)
}

/// One line per alert. Its texts may name people, so they stay out; the event's
/// id tells which event it was.
fn log_alert(alert: &Alert) {
    let attributes = &alert.attributes;
    tracing::info!(
        event_id = alert.record.event_id,
        threat_level = attributes.threat_level.value(),
        verdict = attributes.verdict.value(),
        action = attributes.action.value(),
        failure = attributes.failure.value(),
        silenced_by = alert.record.silenced_by,
        "alert composed"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use warden_core::{
        audit::{Exceptions, Language, LedgerSettings},
        bedrock::TokenPrices,
    };
    use warden_event_files::{invalid, valid};
    use warden_test_support::faults;

    use super::*;

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
            let mut alert = json!(handle(&file.event(), &settings()).unwrap());
            alert["protocols"] = json!({"default": "{}", "email": alert["message"]}).to_string().into();
            insta::assert_json_snapshot!(file.name.clone(), alert);
        }
    }

    #[test]
    fn an_invalid_event_names_its_field() {
        for file in invalid("alert-composer") {
            let error = handle(&file.event(), &settings()).unwrap_err();
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
                let alert = handle(&event(name), &AlertSettings { language: *language, ..settings() }).unwrap();
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
            let alert = handle(&event, &settings()).unwrap();
            assert_eq!(alert.message.lines().next(), Some(headline));
        }
    }

    #[test]
    fn machines_get_the_same_as_json() {
        for name in TOLD {
            let told = machines(&handle(&event(name), &settings()).unwrap());
            insta::assert_json_snapshot!(format!("machines-{name}"), told);
        }
    }

    #[test]
    fn each_machine_gets_json_of_the_published_schema() {
        let schema_fields: Value = serde_json::from_str(include_str!("../../../../docs/alert.schema.json")).unwrap();
        for file in valid("alert-composer") {
            let told = machines(&handle(&file.event(), &settings()).unwrap());
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
            let body = machines(&handle(&file.event(), &settings()).unwrap());
            assert!(matches!(body["ocsf"]["class_uid"].as_u64(), Some(2004 | 2006)), "{}", file.name);
            assert_eq!((&body["chat"]["version"], &body["chat"]["source"]), (&json!("1.0"), &json!("custom")));
        }
    }

    #[test]
    fn a_finding_has_what_ocsf_requires() {
        for file in valid("alert-composer") {
            let body = machines(&handle(&file.event(), &settings()).unwrap());
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
            let alert = handle(&event(name), &settings).unwrap();
            let by = silenced.then_some("gate-cameras");
            assert_eq!(alert.attributes.silenced.value(), silenced.to_string(), "{name}");
            assert_eq!(alert.record.silenced_by.as_deref(), by, "{name}");
            assert_eq!(alert.item.get("silenced_by"), by.map(|by| json!({"S": by})).as_ref(), "{name}");
        }
    }
}
