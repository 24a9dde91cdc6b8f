//! Composes the alert of an audited event.

use serde_json::Value;
use warden_core::{
    Error,
    audit::{self, Alert, LedgerSettings},
};
use warden_lambda::metrics;

/// The alert of an audit that the state machine tells of; what it takes is in
/// [`audit::compose`].
///
/// # Errors
/// [`Error::InvalidInput`] when nothing is told of an audit.
pub fn handle(event: &Value, ledger: LedgerSettings) -> Result<Alert, Error> {
    let alert = audit::compose(event, ledger)?;
    log_alert(&alert);
    if event["ledger"]["unclaimed"] == true {
        metrics::ledger_down();
    }
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
        "alert composed"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use warden_event_files::{invalid, valid};

    use super::*;

    const SETTINGS: LedgerSettings = LedgerSettings { days: 400, token_prices: Some((0.11, 0.55)) };

    /// The events are what the state machine sends in its cases, and its cases
    /// take these snapshots for the answers.
    #[test]
    fn every_event_has_its_alert() {
        for file in valid("alert-composer") {
            insta::assert_json_snapshot!(file.name.clone(), handle(&file.event(), SETTINGS).unwrap());
        }
    }

    #[test]
    fn an_invalid_event_names_its_field() {
        for file in invalid("alert-composer") {
            let error = handle(&file.event(), SETTINGS).unwrap_err();
            let seen = json!({"errorType": error.name().as_str(), "errorMessage": error.to_string()});
            assert_eq!(seen, file.expected, "{}", file.name);
        }
    }
}
