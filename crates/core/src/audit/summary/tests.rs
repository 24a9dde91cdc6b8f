use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    bedrock::{Capabilities, Family},
    threat::RuleSet,
};

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::shipped);

fn upload() -> Value {
    json!({
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/uploader/camera-17", "accountId": "111122223333"},
        "eventTime": "2026-11-20T09:14:07Z", "eventSource": "s3.amazonaws.com", "eventName": "PutObject",
        "sourceIPAddress": "203.0.113.24", "userAgent": "[aws-cli/2.31.0]",
        "requestParameters": {"bucketName": "warden-demo-uploads", "key": "gate 3/scan.jpg"},
        "responseElements": {"x-amz-version-id": "v1"},
        "eventID": "0c06e2ff-5e88-44e6-a081-57871bbe7701", "recipientAccountId": "111122223333",
    })
}

fn stop_logging() -> Value {
    json!({
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/Alice", "accountId": "111122223333", "userName": "Alice"},
        "eventTime": "2026-11-20T14:00:00Z", "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
        "sourceIPAddress": "203.0.113.24", "errorCode": "AccessDenied",
        "requestParameters": {"name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"}, "responseElements": null,
        "eventID": "6c0e5a10-0000-4000-8000-000000000006", "recipientAccountId": "111122223333",
    })
}

fn told(record: &Value, opinion: Option<Opinion>) -> Summary {
    let event = Event::read(record).unwrap();
    let floor = RULES.rate(&event);
    conclude(&event, floor, UploadsToJudge::default(), JudgeDocuments::default(), opinion)
}

fn opinion(summary: &str, threat_level: ThreatLevel) -> Opinion {
    Opinion { summary: Some(summary.to_owned()), threat_level: Some(threat_level) }
}

#[test]
fn an_upload_is_told_with_every_key() {
    let summary = told(&upload(), Some(opinion("A camera uploaded a picture.", ThreatLevel::Low)));
    assert_eq!(
        serde_json::to_value(summary).unwrap(),
        json!({
            "event_title": "[PutObject][111122223333][uploader/camera-17]",
            "summarize": "A camera uploaded a picture.",
            "threat_level": "low",
            "s3_bucket": "warden-demo-uploads",
            "s3_key": "gate 3/scan.jpg",
            "is_image_upload": true,
            "judge": true,
            "media_type": "image/jpeg",
            "event_id": "0c06e2ff-5e88-44e6-a081-57871bbe7701",
            "s3_version_id": "v1",
            "threat_floor": "low",
            "matched_rules": [],
            "actor": "arn:aws:sts::111122223333:assumed-role/uploader/camera-17",
            "source_ip": "203.0.113.24",
            "event_time": "2026-11-20T09:14:07Z",
            "account": "111122223333",
            "region": null,
        })
    );
}

#[test]
fn an_event_of_which_nothing_is_known_is_told_with_every_key() {
    let summary = told(&json!({"eventName": "Something"}), None);
    assert_eq!(
        serde_json::to_value(summary).unwrap(),
        json!({
            "event_title": "[Something][unknown][unknown]",
            "summarize": "Something. Written from the record alone, without a model.",
            "threat_level": "low", "s3_bucket": null, "s3_key": null, "is_image_upload": false, "judge": false,
            "media_type": null,
            "event_id": null, "s3_version_id": null, "threat_floor": "low", "matched_rules": [],
            "actor": null, "source_ip": null, "event_time": null, "account": null,
            "region": null,
        })
    );
}

#[test]
fn the_model_raises_the_level_and_never_lowers_it() {
    assert_eq!(told(&upload(), Some(opinion("S", ThreatLevel::High))).threat_level, ThreatLevel::High);
    assert_eq!(told(&upload(), Some(opinion("S", ThreatLevel::High))).threat_floor, ThreatLevel::Low);
    assert_eq!(told(&stop_logging(), Some(opinion("S", ThreatLevel::Low))).threat_level, ThreatLevel::High);
    assert_eq!(told(&stop_logging(), None).threat_level, ThreatLevel::High);
}

#[test]
fn without_a_usable_answer_the_record_speaks() {
    let expected = "StopLogging on cloudtrail.amazonaws.com by arn:aws:iam::111122223333:user/Alice from 203.0.113.24 \
                    at 2026-11-20T14:00:00Z, which failed with AccessDenied. Matched rules: CloudTrail stopped or \
                    deleted. Written from the record alone, without a model.";
    assert_eq!(told(&stop_logging(), None).summarize, expected);
    assert_eq!(told(&stop_logging(), Some(opinion(" \n\u{7}\u{200b}", ThreatLevel::Low))).summarize, expected);
    let upload = told(&upload(), None).summarize;
    assert!(upload.contains("Object: s3://warden-demo-uploads/gate 3/scan.jpg."), "{upload}");
}

#[test]
fn the_models_text_is_one_line_of_bounded_length() {
    let summary =
        told(&upload(), Some(opinion(&format!("Fine.\r\n\u{1b}[2J{}", "a".repeat(1_000_000)), ThreatLevel::Low)));
    assert!(summary.summarize.starts_with("Fine. [2Jaaa"));
    assert_eq!(summary.summarize.chars().count(), MAX_SUMMARY_CHARS);
}

#[test]
fn a_title_keeps_its_form_whatever_the_names_in_it() {
    let mut record = upload();
    record["userIdentity"] = json!({"type": "SAMLUser", "userName": "x][root]\r\nSubject: \u{202e}gnihton"});
    record["recipientAccountId"] = Value::Null;
    assert_eq!(told(&record, None).event_title, "[PutObject][unknown][x)(root) Subject: gnihton]");
}

#[test]
fn what_is_no_image_upload_has_no_media_type() {
    let mut record = upload();
    record["eventName"] = json!("DeleteObject");
    let summary = told(&record, None);
    assert!(!summary.is_image_upload);
    assert_eq!(summary.media_type, None);
    assert_eq!(summary.s3_key.as_deref(), Some("gate 3/scan.jpg"));
}

#[test]
fn the_question_about_an_event() {
    for (name, record, model) in [
        (
            "upload_by_schema",
            upload(),
            Capabilities { family: Family::Anthropic, temperature: false, json_schema: true, thinking_off: false },
        ),
        (
            "upload_by_prompt",
            upload(),
            Capabilities { family: Family::Anthropic, temperature: true, json_schema: false, thinking_off: false },
        ),
        (
            "risky_call_by_schema",
            stop_logging(),
            Capabilities { family: Family::Anthropic, temperature: false, json_schema: true, thinking_off: false },
        ),
    ] {
        let event = Event::read(&record).unwrap();
        let floor = RULES.rate(&event);
        let text = prompt(&event, &floor);
        let body: Value = serde_json::from_slice(&question(&text, 4_096).text_body(model)).unwrap();
        insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(name, body) });
    }
}

#[test]
fn an_event_of_a_megabyte_makes_a_small_prompt() {
    let mut record = upload();
    record["requestParameters"]["padding"] = json!("x".repeat(1_000_000));
    for n in 0..1_000 {
        record[format!("padding{n}")] = json!("y".repeat(1_000));
    }
    let event = Event::read(&record).unwrap();
    let text = prompt(&event, &Floor::default());
    assert!(text.len() < 20_000, "{}", text.len());
    assert!(text.contains("gate 3/scan.jpg"));
}

fn any_level() -> impl Strategy<Value = ThreatLevel> {
    prop_oneof![Just(ThreatLevel::Low), Just(ThreatLevel::Medium), Just(ThreatLevel::High)]
}

proptest! {
    #[test]
    fn no_opinion_lowers_the_level_or_moves_the_target(
        summary in prop::option::of(".{0,300}"),
        threat_level in prop::option::of(any_level()),
        floor in any_level(),
    ) {
        let record = upload();
        let event = Event::read(&record).unwrap();
        let floor = Floor { level: floor, matched_rules: Vec::new() };
        let told = conclude(&event, floor.clone(), UploadsToJudge::default(), JudgeDocuments::default(), Some(Opinion { summary, threat_level }));
        prop_assert!(told.threat_level >= floor.level);
        prop_assert_eq!(told.s3_bucket.as_deref(), Some("warden-demo-uploads"));
        prop_assert_eq!(told.s3_key.as_deref(), Some("gate 3/scan.jpg"));
        prop_assert_eq!(told.s3_version_id.as_deref(), Some("v1"));
        prop_assert!(told.is_image_upload);
        prop_assert!(!told.summarize.is_empty() && told.summarize.chars().count() <= MAX_SUMMARY_CHARS);
        prop_assert!(!told.summarize.chars().any(char::is_control));
    }

    #[test]
    fn no_name_puts_a_control_character_into_a_title(
        name in ".{0,200}", account in any::<String>(), user in any::<String>(), arn in prop::option::of(any::<String>()),
    ) {
        let record = json!({
            "eventName": format!("E{name}"), "recipientAccountId": account, "userIdentity": {"userName": user, "arn": arn},
        });
        let title = told(&record, None).event_title;
        prop_assert!(!title.chars().any(char::is_control), "{title:?}");
        prop_assert_eq!(title.matches('[').count(), 3);
        prop_assert_eq!(title.matches(']').count(), 3);
    }
}
