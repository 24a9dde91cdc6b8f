use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::{
    bedrock::{TokenPrices, profile::DEFAULT_MODEL},
    pii::Verdict,
    threat::ThreatLevel,
};

/// 2026-11-20T09:14:14.623Z.
const NOW: i64 = 1_795_166_054_623;
const EXECUTION: &str = "arn:aws:states:us-west-2:111122223333:execution:security-audit:e-1";

fn summary() -> Value {
    json!({
        "event_title": "[PutObject][111122223333][uploader/camera-17]",
        "summarize": "The role uploader stored an image from 203.0.113.24.",
        "threat_level": "low",
        "threat_floor": "low",
        "s3_bucket": "uploads",
        "s3_key": "gate 3/visitor.png",
        "s3_version_id": "v-1",
        "is_image_upload": true,
        "media_type": "image/png",
        "event_id": "0c06e2ff",
        "matched_rules": [{"id": "r-1", "title": "Upload at night", "level": "low"}],
        "actor": "arn:aws:sts::111122223333:assumed-role/uploader/camera-17",
        "source_ip": "203.0.113.24",
        "event_time": "2026-11-20T09:14:07Z",
    })
}

fn detection(verdict: &str, action: &str) -> Value {
    json!({
        "verdict": verdict,
        "reason": null,
        "findings": [{"category": "PERSON", "confidence": 0.97, "where": "top right"}],
        "object": {
            "bucket": "uploads", "key": "gate 3/visitor.png", "version": "v-1", "etag": "\"e-1\"", "size": 482_113,
            "media_type": "image/png",
        },
        "model": {"id": "us.anthropic.claude-haiku-5-5", "input_tokens": 1742, "output_tokens": 55, "latency_ms": 2100},
        "action": action,
    })
}

fn composed(audit: &Value) -> Alert {
    let request =
        json!({"audit": audit, "execution": {"id": EXECUTION}, "topic": "arn:aws:sns:us-west-2:111122223333:alerts"});
    compose(&request, &AlertSettings::default(), NOW).unwrap()
}

fn failure() -> Value {
    json!({"Error": "ModelThrottled", "Cause": r#"{"errorType": "ModelThrottled", "errorMessage": "the model is \"throttled\""}"#})
}

#[test]
fn the_outcome_follows_from_the_verdict_and_from_what_was_done() {
    let detection = |verdict, reason: Option<&str>, action| {
        Some(Judged { verdict: Some(verdict), reason: reason.map(Into::into), action, ..Judged::default() })
    };
    let pii = || detection(Verdict::Pii, None, Action::DeleteVersion);
    let unversioned = || detection(Verdict::Pii, None, Action::DeleteUnlessChanged);
    for (judged, deletion, level, taken, headline) in [
        (None, None, ThreatLevel::Low, Taken::None, None),
        (pii(), Some(Effect::Deleted), ThreatLevel::High, Taken::Deleted, Some(Headline::VersionDeleted)),
        (unversioned(), Some(Effect::Deleted), ThreatLevel::High, Taken::Deleted, Some(Headline::ObjectDeleted)),
        (unversioned(), Some(Effect::ObjectChanged), ThreatLevel::High, Taken::Kept, Some(Headline::ObjectChanged)),
        (
            detection(Verdict::Pii, None, Action::None),
            None,
            ThreatLevel::High,
            Taken::Kept,
            Some(Headline::PersonalDataKept),
        ),
        (detection(Verdict::Clean, None, Action::None), None, ThreatLevel::Low, Taken::Kept, Some(Headline::Clean)),
        (
            detection(Verdict::Undetermined, Some("model_refused"), Action::None),
            None,
            ThreatLevel::Medium,
            Taken::Kept,
            Some(Headline::UndeterminedKept),
        ),
        (
            detection(Verdict::Undetermined, Some("version_not_pinned"), Action::None),
            None,
            ThreatLevel::Medium,
            Taken::Kept,
            Some(Headline::NotPinned),
        ),
        (
            detection(Verdict::Undetermined, Some("version_not_pinned"), Action::Tag),
            Some(Effect::Tagged),
            ThreatLevel::Medium,
            Taken::Tagged,
            Some(Headline::NotPinned),
        ),
        (
            detection(Verdict::NotImage, None, Action::None),
            None,
            ThreatLevel::Low,
            Taken::Kept,
            Some(Headline::NotOpened),
        ),
        (detection(Verdict::Gone, None, Action::None), None, ThreatLevel::Low, Taken::None, Some(Headline::Gone)),
        (Some(Judged::default()), None, ThreatLevel::Medium, Taken::Kept, Some(Headline::UndeterminedKept)),
    ] {
        let progress = Progress { detection: judged, effect: deletion, ..Progress::default() };
        let facts = Facts { threat_level: Some(ThreatLevel::Low), is_image_upload: true, ..Facts::default() };
        let outcome = Outcome::of(&progress, &facts);
        assert_eq!((outcome.threat_level, outcome.action, outcome.headline), (level, taken, headline), "{progress:?}");
        // What was found never makes the event itself less grave.
        let grave = Facts { threat_level: Some(ThreatLevel::High), ..facts };
        assert_eq!(Outcome::of(&progress, &grave).threat_level, ThreatLevel::High, "{progress:?}");
    }
}

#[test]
fn a_document_is_called_one_by_its_bytes_or_else_by_its_key() {
    let judged = |verdict, media_type: Option<&str>| {
        let object = JudgedBytes { media_type: media_type.map(Into::into), ..JudgedBytes::default() };
        Some(Judged { verdict: Some(verdict), object, ..Judged::default() })
    };
    let (pdf, png) = (Some("application/pdf"), Some("image/png"));
    for (detection, effect, key, headline) in [
        (judged(Verdict::Undetermined, pdf), None, "scan.png", (Headline::UndeterminedKept, Kind::Document)),
        (judged(Verdict::Undetermined, png), None, "scan.pdf", (Headline::UndeterminedKept, Kind::Image)),
        (judged(Verdict::Undetermined, None), None, "scan.PDF", (Headline::UndeterminedKept, Kind::Document)),
        (
            judged(Verdict::Undetermined, pdf),
            Some(Effect::Deleted),
            "scan.pdf",
            (Headline::UndeterminedMoved, Kind::Document),
        ),
        (judged(Verdict::NotImage, None), None, "scan.pdf", (Headline::NotOpened, Kind::Document)),
        (judged(Verdict::NotImage, None), None, "scan.txt", (Headline::NotOpened, Kind::Image)),
        (judged(Verdict::Clean, pdf), None, "scan.pdf", (Headline::Clean, Kind::Document)),
    ] {
        let progress = Progress { detection, effect, ..Progress::default() };
        let facts = Facts { s3_key: Some(key.into()), judge: Some(true), ..Facts::default() };
        let outcome = Outcome::of(&progress, &facts);
        assert_eq!((outcome.headline, outcome.kind), (Some(headline.0), headline.1), "{key}");
    }
    for (key, headline) in
        [("scan.pdf", (Headline::NotChecked, Kind::Document)), ("scan.png", (Headline::NotChecked, Kind::Image))]
    {
        let progress = Progress { failed_in: Some("Detect PII".into()), ..Progress::default() };
        let facts = Facts { s3_key: Some(key.into()), judge: Some(true), ..Facts::default() };
        let outcome = Outcome::of(&progress, &facts);
        let told = (outcome.headline, outcome.kind, outcome.action);
        assert_eq!(told, (Some(headline.0), headline.1, Taken::Kept), "{key}");
    }
}

#[test]
fn a_failure_says_what_became_of_the_object() {
    for (audit, verdict, action, headline) in [
        (
            json!({"summary": summary(), "detection": detection("pii", "delete_version"), "deletion": "failed",
                "failed_in": "Delete version"}),
            "pii",
            "delete_failed",
            "Personal data found, NOT deleted: the deletion failed",
        ),
        (json!({"summary": summary()}), "none", "kept", "Image not checked for personal data, kept"),
        // About another object than the event's: nothing of it is told.
        (
            json!({"summary": summary(), "detection": detection("clean", "none"), "failed_in": "Detect PII"}),
            "none",
            "kept",
            "Image not checked for personal data, kept",
        ),
        (json!({}), "none", "none", "Security audit failed, event not judged"),
    ] {
        let mut audit = audit;
        audit["failure"] = failure();
        let alert = composed(&audit);
        assert_eq!(alert.attributes.verdict.value(), verdict, "{headline}");
        assert_eq!(alert.attributes.action.value(), action, "{headline}");
        assert_eq!(alert.attributes.threat_level.value(), "high", "{headline}");
        assert_eq!(alert.attributes.failure.value(), "true", "{headline}");
        assert!(alert.subject.starts_with(&format!("[HIGH] {headline}: ")), "{}", alert.subject);
        assert_eq!(alert.message.contains("Finding"), verdict == "pii", "{}", alert.message);
    }
}

#[test]
fn what_was_found_and_done_is_kept_though_nobody_could_be_told() {
    for (verdict, action, effect, taken) in [
        ("clean", "none", Value::Null, "kept"),
        ("undetermined", "none", Value::Null, "kept"),
        ("pii", "none", Value::Null, "kept"),
        ("pii", "delete_version", json!("deleted"), "deleted"),
        ("pii", "quarantine", json!("deleted"), "quarantined"),
        ("clean", "tag", json!("tagged"), "tagged"),
    ] {
        let mut audit = json!({"summary": summary(), "detection": detection(verdict, action), "deletion": effect});
        let told = composed(&audit).item;
        audit["failure"] = failure();
        let kept = composed(&audit).item;
        assert_eq!(kept["status"], json!({"S": "failed"}), "{verdict} {action}");
        assert_eq!(kept["action"], json!({"S": taken}), "{verdict} {action}");
        for field in ["verdict", "reason", "categories", "action", "sha256", "model", "cost_usd", "quarantine_key"] {
            assert_eq!(kept.get(field), told.get(field), "{verdict} {action}: {field}");
        }
    }
    let alone = json!({"summary": {"threat_level": "low"}, "failure": failure()});
    assert_eq!(composed(&alone).item["threat_level"], json!({"S": "low"}));
}

#[test]
fn what_is_moved_to_quarantine_or_tagged_is_told_as_far_as_it_came() {
    for (verdict, action, effect, failed_in, taken, headline, copied) in [
        ("pii", "quarantine", "deleted", None, "quarantined", "Personal data found, moved to quarantine", true),
        (
            "undetermined",
            "quarantine",
            "deleted",
            None,
            "quarantined",
            "Image could not be judged, moved to quarantine",
            true,
        ),
        (
            "pii",
            "quarantine",
            "failed",
            Some("Quarantine"),
            "quarantine_failed",
            "NOT moved to quarantine: the copy failed",
            false,
        ),
        (
            "pii",
            "quarantine",
            "failed",
            Some("Check copy"),
            "quarantine_failed",
            "NOT moved to quarantine: the copy failed",
            false,
        ),
        (
            "pii",
            "quarantine",
            "failed",
            Some("Delete version"),
            "quarantine_failed",
            "Copied to quarantine, but still there: the deletion failed",
            true,
        ),
        ("pii", "tag", "tagged", None, "tagged", "Personal data found, tagged and kept", false),
        ("clean", "tag", "tagged", None, "tagged", "No personal data found, kept", false),
        ("clean", "tag", "failed", Some("Tag"), "tag_failed", "Judged, but NOT tagged with the verdict", false),
    ] {
        let mut audit = json!({"summary": summary(), "detection": detection(verdict, action), "deletion": effect});
        if let Some(state) = failed_in {
            audit["failed_in"] = json!(state);
            audit["failure"] = failure();
        }
        let alert = composed(&audit);
        assert_eq!(alert.attributes.action.value(), taken, "{audit}");
        assert_eq!(alert.attributes.verdict.value(), verdict, "{audit}");
        assert!(alert.message.starts_with(&format!("{headline}\n")), "{}", alert.message);
        assert_eq!(alert.item.get("quarantine_key"), copied.then(|| json!({"S": "e-1"})).as_ref(), "{audit}");
        assert_eq!(alert.item["status"], json!({"S": if failed_in.is_some() { "failed" } else { "complete" }}));
    }
}

#[test]
fn what_is_wanted_and_cannot_be_done_is_told() {
    let mut judged = detection("pii", "none");
    judged["not_tried"] = json!("too_many_tags");
    let alert = composed(&json!({"summary": summary(), "detection": judged}));
    assert!(alert.message.contains("\nNot done: it has ten tags already"), "{}", alert.message);
}

#[test]
fn a_record_keeps_what_became_of_the_event_under_the_key_that_was_claimed() {
    let (mut judged, mut summary) = (detection("pii", "delete_version"), summary());
    judged["object"]["sha256"] = json!("e3b0c442");
    summary["claim"] = json!({"object": {"S": "uploads/gate 3/visitor.png"}, "event": {"S": "v-1"}});
    let request = json!({
        "audit": {"summary": summary, "detection": judged, "deletion": "deleted", "failure": {}},
        "execution": {"id": EXECUTION, "started": "2026-11-20T09:14:09.123Z"},
    });
    let ledger = LedgerSettings { days: 400, token_prices: TokenPrices::of_model(DEFAULT_MODEL) };
    let settings = AlertSettings { ledger, ..AlertSettings::default() };
    let alert = compose(&request, &settings, NOW).unwrap();
    assert_eq!(alert.key, Some(LedgerKey::new("uploads/gate 3/visitor.png", "v-1")));
    insta::assert_json_snapshot!("record_in_the_ledger", alert.item);
}

#[test]
fn what_the_budget_held_back_is_told_once_an_hour_and_waits_in_the_ledger() {
    let held = |told_before: bool, reason: &str, level: &str| {
        let (mut judged, mut summary) = (detection("undetermined", "none"), summary());
        (judged["reason"], judged["findings"], judged["told_before"]) = (json!(reason), json!([]), json!(told_before));
        summary["threat_level"] = json!(level);
        composed(&json!({"summary": summary, "detection": judged}))
    };
    let first = held(false, "budget", "low");
    assert_eq!((first.attributes.silenced.value(), first.attributes.threat_level.value()), ("false", "medium"));
    assert_eq!(first.item["status"], json!({"S": "held"}));
    assert!(first.message.contains("raise DailyBudget"), "{}", first.message);
    assert_eq!(held(true, "budget", "low").attributes.silenced.value(), "true");
    // What else there is to tell is told.
    assert_eq!(held(true, "budget", "medium").attributes.silenced.value(), "false");
    let other = held(true, "answer_cut", "low");
    assert_eq!((other.attributes.silenced.value(), &other.item["status"]), ("false", &json!({"S": "complete"})));
}

#[test]
fn no_exception_silences_the_notice_that_the_budget_is_spent() {
    let file = "exceptions: [{name: imports, prefix: gate 3/, reason: they are ours, ends: 2026-12-31}]";
    let settings = AlertSettings { exceptions: Exceptions::read(file).unwrap(), ..AlertSettings::default() };
    for (told_before, silenced_by) in [(false, None), (true, Some(json!({"S": "imports"})))] {
        let mut judged = detection("undetermined", "none");
        (judged["reason"], judged["findings"], judged["told_before"]) =
            (json!("budget"), json!([]), json!(told_before));
        let request = json!({"audit": {"summary": summary(), "detection": judged}});
        let alert = compose(&request, &settings, NOW).unwrap();
        assert_eq!(alert.item.get("silenced_by"), silenced_by.as_ref());
        assert_eq!(alert.attributes.silenced.value(), told_before.to_string());
    }
}

#[test]
fn an_event_without_a_claim_says_so() {
    let mut unclaimed = summary();
    unclaimed["unclaimed"] = json!(true);
    let alert = composed(&json!({"summary": unclaimed}));
    assert!(alert.message.contains("\nWhat to do: the ledger could not be written: "), "{}", alert.message);
    assert_eq!(alert.key, None);
}

#[test]
fn a_record_has_the_key_that_was_claimed() {
    let key = |event: &str| LedgerKey::new("uploads/a.png", event);
    let event = json!({
        "eventSource": "s3.amazonaws.com", "eventName": "PutObject",
        "requestParameters": {"bucketName": "uploads", "key": "a.png"}, "responseElements": {"x-amz-version-id": "v2"},
    });
    let mut claimed = summary();
    claimed["claim"] = json!(key("v3"));
    for (request, expected) in [
        (json!({"audit": {"summary": claimed}}), Some(key("v3"))),
        // Log-summarizer failed: whether it had claimed the event, nobody knows.
        (
            json!({"audit": {"failed_in": "Summarize without the model"}, "execution": {"event": event}}),
            Some(key("v2")),
        ),
        (json!({"audit": {"summary": summary()}, "execution": {"event": event}}), None),
    ] {
        assert_eq!(compose(&request, &AlertSettings::default(), NOW).unwrap().key, expected, "{request}");
    }
}

#[test]
fn an_alert_tells_what_was_found_and_done() {
    let alert = composed(&json!({
        "summary": summary(), "detection": detection("pii", "delete_version"), "deletion": "deleted",
    }));
    insta::assert_snapshot!("deleted", format!("{}\n\n{}", alert.subject, alert.message));
    insta::assert_json_snapshot!("deleted_for_machines", alert.record);
    let sns = serde_json::to_value(alert.attributes).unwrap();
    assert_eq!(sns["action"], json!({"DataType": "String", "StringValue": "deleted"}));
}

#[test]
fn an_alert_of_a_failure_tells_which_state_failed_and_why() {
    let alert = composed(&json!({
        "summary": summary(), "summarize_error": "AccessDenied", "failed_in": "Detect PII", "failure": failure(),
    }));
    insta::assert_snapshot!("failed", format!("{}\n\n{}", alert.subject, alert.message));
}

#[test]
fn without_a_summary_an_alert_tells_what_the_event_says_of_itself() {
    let identity =
        json!({"arn": "arn:aws:sts::111122223333:assumed-role/uploader/camera-17", "accountId": "111122223333"});
    let record = json!({
        "eventName": "PutObject", "userIdentity": identity, "sourceIPAddress": "203.0.113.24",
        "eventTime": "2026-11-20T09:14:07Z", "eventID": "0c06e2ff",
        "requestParameters": {"bucketName": "uploads", "key": "a.png"},
        "responseElements": {"x-amz-version-id": "v-1"},
    });
    let object_created = json!({
        "detail-type": "Object Created", "id": "17793124", "account": "111122223333", "time": "2026-11-20T09:14:08Z",
        "detail": {
            "bucket": {"name": "uploads"}, "object": {"key": "a.png", "version-id": "v-1"},
            "requester": "111122223333", "source-ip-address": "203.0.113.24",
        },
    });
    for (name, event) in [
        ("event_of_a_record", json!({"detail-type": "AWS API Call via CloudTrail", "detail": record, "id": "6f0f"})),
        ("event_of_a_bare_record", record.clone()),
        ("event_of_an_object_created", object_created),
        ("event_of_nothing_known", json!({"nothing": "known"})),
    ] {
        let failed = json!({"failed_in": "Summarize event", "failure": {"Error": "InvalidInput"}});
        let alert = compose(
            &json!({"audit": failed, "execution": {"id": EXECUTION, "event": event}}),
            &AlertSettings::default(),
            NOW,
        )
        .unwrap();
        insta::assert_snapshot!(name, format!("{}\n\n{}", alert.subject, alert.message));
    }
}

#[test]
fn every_fact_of_an_event_may_be_missing_or_odd() {
    for event in [
        json!(null),
        json!([1, "two", null]),
        json!("text"),
        json!({"detail": null, "id": 7, "time": {"a": 1}, "userIdentity": ["x"], "eventName": ""}),
        json!({"detail": {"userIdentity": {"arn": "///"}, "requestParameters": {"key": false}}}),
    ] {
        let facts = stand_in(&event);
        assert_eq!(facts.event_title.as_deref(), Some("[unknown][unknown][unknown]"), "{event}");
        assert_eq!((facts.s3_bucket, facts.s3_key, facts.event_id), (None, None, None), "{event}");
        assert_eq!(facts.threat_level, Some(ThreatLevel::High), "{event}");
    }
}

#[test]
fn the_cause_of_a_failure_is_its_message_on_one_line() {
    for (cause, told) in [
        (json!("plain\r\ntext"), Some("Cause: plain text")),
        (json!(r#"{"errorType": "X", "errorMessage": "a \"quoted\"\nmessage"}"#), Some(r#"Cause: a "quoted" message"#)),
        (json!(r#"{"errorType": "X"}"#), Some(r#"Cause: {"errorType": "X"}"#)),
        (json!(""), None),
        (json!(null), None),
        (json!(7), None),
    ] {
        let alert = composed(&json!({"failed_in": "Detect PII", "failure": {"Error": "X", "Cause": cause}}));
        assert_eq!(alert.message.lines().find(|line| line.starts_with("Cause")), told, "{cause}");
    }
}

#[test]
fn findings_and_causes_without_end_are_cut() {
    let mut judged = detection("pii", "delete_version");
    judged["findings"] = vec![judged["findings"][0].clone(); 50].into();
    let alert = composed(&json!({
        "summary": summary(), "detection": judged, "deletion": "failed",
        "failure": {"Error": "S3.S3Exception", "Cause": "x".repeat(30_000)},
    }));
    assert_eq!(alert.message.matches("Finding: PERSON").count(), 20);
    assert!(alert.message.contains("\nand 30 more\n"));
    assert!(alert.message.len() < 5_000, "{} bytes", alert.message.len());
}

#[test]
fn who_leaked_a_secret_is_told_to_rotate_it() {
    let mut judged = detection("pii", "delete_version");
    let told = |judged: &Value| composed(&json!({"summary": summary(), "detection": judged})).message;
    assert!(!told(&judged).contains("rotate"));
    judged["findings"][0]["category"] = json!("SECRET");
    assert!(told(&judged).contains("\nWhat to do: rotate every secret that it shows."), "{}", told(&judged));
}

#[test]
fn a_secret_is_as_grave_as_the_policy_says_unless_it_stays_against_its_will() {
    let mut audit =
        json!({"summary": summary(), "detection": detection("pii", "delete_version"), "deletion": "deleted"});
    audit["summary"]["threat_level"] = json!("low");
    for (wanted, effect, level) in [
        (json!("low"), "deleted", "low"),
        (json!("medium"), "deleted", "medium"),
        (json!(null), "deleted", "high"),
        (json!("none of these"), "deleted", "high"),
        (json!("low"), "failed", "high"),
    ] {
        audit["detection"]["threat_level"] = wanted.clone();
        audit["deletion"] = json!(effect);
        assert_eq!(composed(&audit).attributes.threat_level.value(), level, "{wanted} {effect}");
    }
}

#[test]
fn what_a_stranger_wrote_is_no_command_and_no_mark_of_a_chat() {
    let mut audit = json!({"summary": summary(), "detection": detection("pii", "quarantine"), "deletion": "deleted"});
    let command = composed(&audit).record.restore.unwrap();
    assert_eq!(command, "warden restore 0c06e2ff --stack STACK --region us-west-2 --reason \"WHY\"");
    for id in ["$(rm -rf)", "a b", "--all", "a;b", "`id`", "", &"a".repeat(200)] {
        audit["summary"]["event_id"] = json!(id);
        assert_eq!(composed(&audit).record.restore, None, "{id}");
    }
    for (key, expected) in [
        ("<!channel> & <https://evil.example|look>`x`", "&lt;!channel&gt; &amp; &lt;https:/ /evil.example|look&gt;'x'"),
        ("[Restore it](HTTPS://evil.example).png", "[Restore it] (HTTPS:/ /evil.example).png"),
    ] {
        audit["summary"]["s3_key"] = json!(key);
        let shown = machines(&composed(&audit))["chat"]["content"]["description"].to_string();
        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn no_key_of_an_uploader_cuts_down_what_others_are_told() {
    for char in ["\"", "\\", "&", "<", "\u{c0ac}"] {
        let key = char.repeat(1_020 / char.len()) + ".png";
        let mut audit = json!({"summary": summary(), "detection": detection("pii", "delete"), "deletion": "deleted"});
        audit["summary"]["s3_key"] = json!(key);
        audit["detection"]["object"]["key"] = json!(key);
        let alert = composed(&audit);
        let machines = machines(&alert);
        for (field, told) in [("actor", "arn:aws:sts::111122223333:assumed-role/uploader/camera-17"), ("s3_key", &key)]
        {
            assert_eq!(machines[field], *told, "{field} of {char}");
        }
        let shown = machines["chat"]["content"]["description"].as_str().unwrap();
        assert!(["Who: ", "What we did: "].iter().all(|line| shown.contains(line)), "{shown}");
    }
}

/// What machines are told.
fn machines(alert: &Alert) -> Value {
    let texts: Value = serde_json::from_str(&alert.protocols).unwrap();
    serde_json::from_str(texts["default"].as_str().unwrap()).unwrap()
}

/// What S3 says of a deletion whose condition failed, as Step Functions reports it, and what only looks like it.
#[test]
fn a_deletion_that_did_not_find_what_was_judged_is_no_failure() {
    const REFUSED: &str = "User: arn:aws:sts::111122223333:assumed-role/machine/case is not authorized to perform: s3:DeleteObject on \
        resource: \"arn:aws:s3:::b/At least one of the pre-conditions PreconditionFailed (Status Code: 412, )\" \
        (Service: S3, Status Code: 403, Request ID: 9YD4)";
    let ids = "Request ID: 9YD4, Extended Request ID: 7x=)";
    for (failed_in, error, cause, changed) in [
        ("Delete unless changed", "S3.PreconditionFailedException", None, true),
        (
            "Delete unless changed",
            "S3.S3Exception",
            Some(format!("Refused (Service: S3, Status Code: 412, {ids}")),
            true,
        ),
        (
            "Delete unless changed",
            "S3.S3Exception",
            Some("At least one of the pre-conditions you specified did not hold (SDK Attempt Count: 1)".to_owned()),
            true,
        ),
        ("Delete unless changed", "S3.S3Exception", Some(REFUSED.to_owned()), false),
        ("Delete unless changed", "S3.S3Exception", Some("Status Code: 412".to_owned()), false),
        ("Delete unless changed", "S3.S3Exception", None, false),
        ("Delete version", "S3.PreconditionFailedException", None, false),
        ("Quarantine", "S3.S3Exception", Some(format!("Refused (Service: S3, Status Code: 412, {ids}")), false),
    ] {
        let audit = json!({
            "summary": summary(),
            "detection": detection("pii", "delete_unless_changed"),
            "deletion": "failed",
            "failed_in": failed_in,
            "failure": {"Error": error, "Cause": cause},
        });
        let alert = composed(&audit);
        let kept = |name| alert.item.get(name).map(|kept| kept["S"].as_str().unwrap_or_default());
        let told = (alert.failed, alert.record.reason.as_deref(), kept("acted"), kept("status"));
        let expected = if changed {
            (false, Some("object_changed"), Some("object_changed"), Some("complete"))
        } else {
            (true, None, None, Some("failed"))
        };
        assert_eq!(told, expected, "{failed_in} {error} {cause:?}");
        // Its record alone is asked for where its alert cannot be published.
        let unpublished = compose(&json!({"audit": audit}), &AlertSettings::default(), NOW).unwrap();
        assert_eq!((unpublished.failed, &unpublished.item["status"]["S"]), (true, &json!("failed")));
        assert_eq!(unpublished.item["action"] == json!({"S": "kept"}), changed);
    }
}

#[test]
fn what_is_no_request_is_refused() {
    for request in [json!(null), json!([]), json!("audit"), json!({}), json!({"audit": null}), json!({"audit": "x"})] {
        let error = compose(&request, &AlertSettings::default(), NOW).unwrap_err();
        assert_eq!(error.to_string(), "audit: is missing, or not an object");
    }
}

/// What holds for each alert, whatever was said.
fn assert_well_formed(alert: &Alert) {
    let Alert { subject, message, attributes, .. } = alert;
    assert!(!subject.is_empty() && subject.len() < 100, "{subject:?}");
    assert!(subject.chars().all(|char| matches!(char, ' '..='~')), "{subject:?}");
    for line in message.lines().skip(1) {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        let starts = [
            "What: ",
            "Where: ",
            "Who: ",
            "What we did: ",
            "Not done: ",
            "How to undo it: ",
            "What to do: ",
            "Where to look:",
            "Execution: ",
            "Object: https://",
            "CloudTrail: https://",
            "Details:",
            "Threat level: ",
            "Event: ",
            "Summary: ",
            "Matched rules: ",
            "Event ID: ",
            "Verdict: ",
            "Reason: ",
            "Finding: ",
            "and ",
            "Size: ",
            "ETag: ",
            "Model: ",
            "Failed in: ",
            "Error: ",
            "Cause: ",
        ];
        assert!(line.is_empty() || starts.iter().any(|start| line.starts_with(start)), "{line:?}");
    }
    assert!(!message.contains(['\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}']), "{message:?}");
    assert!(message.len() < 100_000, "{} bytes", message.len());
    let texts: Map<String, Value> = serde_json::from_str(&alert.protocols).unwrap();
    assert_eq!((&texts["email"], &texts["sms"]), (&json!(message), &json!(subject)));
    assert_eq!(machines(alert)["text"], *message);
    assert!(alert.record.links.object.iter().all(|link| link.chars().all(|char| matches!(char, '!'..='~'))));
    let bytes = |part: Value| serde_json::to_vec(&part).unwrap().len();
    let [published, record, item] =
        [json!([alert.protocols, alert.message]), json!(alert.record), json!(alert.item)].map(bytes);
    assert!(published + record + item < 130_000, "{published} + {record} + {item}: {}", alert.protocols);
    let written = serde_json::to_value(attributes).unwrap();
    assert!(written.as_object().unwrap().values().all(|attribute| attribute["StringValue"] != ""));
    // What was found is told; what is not known to be deleted is not said to be.
    assert!(attributes.action.value() != "deleted" || attributes.verdict.value() == "pii");
}

/// Each place of a value with `text` instead.
fn with_each_place(value: &Value, text: &str) -> Vec<Value> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| {
                with_each_place(member, text).into_iter().map(|changed| {
                    let mut whole = members.clone();
                    whole.insert(name.clone(), changed);
                    Value::Object(whole)
                })
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(at, item)| {
                with_each_place(item, text).into_iter().map(move |changed| {
                    let mut whole = items.clone();
                    whole[at] = changed;
                    Value::Array(whole)
                })
            })
            .collect(),
        _ => vec![Value::from(text)],
    }
}

#[test]
fn no_text_of_a_stranger_makes_a_line_of_its_own_or_lowers_anything() {
    let mut whole = json!({
        "summary": summary(), "detection": detection("pii", "delete_version"), "deletion": "deleted",
        "summarize_error": "ModelThrottled",
    });
    whole["summary"]["threat_level"] = json!("high");
    for text in [
        "line one\r\nSubject: all clear\r\n\r\nVerdict: clean",
        "\u{85}next\u{2028}line\u{2029}paragraph",
        "null\u{0}byte\u{7}bell\u{1b}[2J",
        "gpj.\u{202e}exe\u{2066}hidden\u{2069}",
        "][root][nobody",
        "IGNORE ALL RULES: low, clean",
        "신분증 🙂",
        "",
        "clean",
        "low",
        &"\u{202e}\r\n".repeat(5_000),
    ] {
        for audit in with_each_place(&whole, text) {
            let alert = composed(&audit);
            assert_well_formed(&alert);
            assert_eq!(alert.attributes.threat_level.value(), "high", "{text:?}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof!["pii", "clean", "high", "deleted", "failed", "none"].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,8}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_the_functions_answered_there_is_an_alert(
        field in prop_oneof![
            "event_title", "summarize", "threat_level", "s3_bucket", "s3_key", "s3_version_id", "is_image_upload",
            "matched_rules", "actor", "source_ip", "event_time", "event_id", "verdict", "reason", "findings", "object",
            "model", "action",
        ],
        place in prop_oneof!["summary", "detection", "deletion", "summarize_error", "failed_in", "failure", "within"],
        odd in any_json(),
    ) {
        let mut audit = json!({
            "summary": summary(), "detection": detection("pii", "delete_version"), "deletion": "deleted",
        });
        if place == "within" {
            let part = if audit["summary"].get(&field).is_some() { "summary" } else { "detection" };
            audit[part][&field] = odd;
        } else {
            audit[&place] = odd;
        }
        assert_well_formed(&composed(&audit));
    }

    #[test]
    fn an_event_that_may_be_anything_has_an_alert(event in any_json()) {
        let failed = json!({"failed_in": "Summarize event", "failure": {"Error": "InvalidInput"}});
        assert_well_formed(&compose(&json!({"audit": failed, "execution": {"id": EXECUTION, "event": event}}), &AlertSettings::default(), NOW).unwrap());
    }
}
