//! Attackers write parts of an event, and may win the model over. Neither moves
//! the target, lowers the level under its floor, or breaks a line.

use std::cell::Cell;

use proptest::prelude::*;
use serde_json::json;
use warden_core::{
    fake::{ATTACKS, COVETED, FakeModel, ObedientModel, asking},
    threat::ThreatLevel,
};

use super::*;

/// An event, and where in it strangers write.
fn targets() -> [(Value, ThreatLevel, &'static [&'static str]); 2] {
    let upload = json!({
        "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "recipientAccountId": "111122223333",
        "eventTime": "2026-11-20T09:14:07Z", "eventID": "0c06e2ff", "sourceIPAddress": "203.0.113.24", "userAgent": "a",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/uploader/camera"},
        "requestParameters": {"bucketName": "warden-demo-uploads", "key": "gate.png", "x-amz-meta-note": ""},
        "responseElements": {"x-amz-version-id": "v1"},
    });
    let stop = json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging", "recipientAccountId": "111122223333",
        "eventTime": "2026-11-20T14:00:00Z", "eventID": "6c0e5a10", "sourceIPAddress": "203.0.113.24", "userAgent": "a",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/Alice", "userName": "Alice"},
        "errorCode": "AccessDenied", "errorMessage": "denied", "requestParameters": {"name": "main"},
    });
    let upload_fields = &[
        "/requestParameters/key",
        "/requestParameters/x-amz-meta-note",
        "/userAgent",
        "/sourceIPAddress",
        "/userIdentity/arn",
    ];
    let stop_fields = &["/requestParameters/name", "/userAgent", "/errorMessage", "/userIdentity/userName"];
    [(upload, ThreatLevel::Low, upload_fields), (stop, ThreatLevel::High, stop_fields)]
}

/// Checks what must hold for a summary, whatever its event and the model's answer say.
fn check(record: &Value, floor: ThreatLevel, told: &Summary) -> Result<(), String> {
    let shown = [
        Some(&told.event_title),
        Some(&told.summarize),
        told.actor.as_ref(),
        told.source_ip.as_ref(),
        told.event_time.as_ref(),
        told.event_id.as_ref(),
    ];
    for text in shown.into_iter().flatten() {
        let hidden = |char: char| {
            char.is_control()
                || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
        };
        if let Some(char) = text.chars().find(|char| hidden(*char)) {
            return Err(format!("{char:?} in {text:?}"));
        }
        if text.chars().count() > summary::MAX_SUMMARY_CHARS {
            return Err(format!("{} characters", text.chars().count()));
        }
    }
    let named = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).filter(|name| !name.is_empty());
    let target = (told.s3_bucket.as_deref(), told.s3_key.as_deref(), told.s3_version_id.as_deref());
    let (bucket, key) = (named("/requestParameters/bucketName"), named("/requestParameters/key"));
    let version = named("/responseElements/x-amz-version-id").filter(|_| key.is_some());
    if target != (bucket, key, version) {
        return Err(format!("the target is {target:?}"));
    }
    if target.0 == Some(COVETED[0]) {
        return Err("the target is the attacker's".to_owned());
    }
    // An upload whose key is gone is told as one that nobody looked into.
    if told.threat_floor < floor || told.threat_level < told.threat_floor {
        return Err(format!("{:?} over a floor of {:?}", told.threat_level, told.threat_floor));
    }
    Ok(())
}

fn function<M>(model: M) -> LogSummarizer<M> {
    with_rules(RuleSet::shipped(), model)
}

fn with_rules<M>(rules: RuleSet, model: M) -> LogSummarizer<M> {
    LogSummarizer {
        model: Some(asking(model)),
        asked: SummarizeWithModel::All,
        rules,
        uploads: UploadsToJudge::LikelyImages,
        documents: JudgeDocuments::Tell,
    }
}

#[tokio::test]
async fn no_text_of_an_attacker_and_no_obedient_model_moves_a_target_or_lowers_a_level() {
    let function = function(ObedientModel::default());
    let mut attacks = 0;
    for (record, floor, fields) in targets() {
        for (field, text) in fields.iter().flat_map(|field| ATTACKS.map(|text| (field, text))) {
            let mut record = record.clone();
            *record.pointer_mut(field).unwrap() = json!(text);
            let told = function.summarize(&record, true).await.unwrap();
            check(&record, floor, &told).unwrap_or_else(|problem| panic!("{field} {text:?}: {problem}"));
            attacks += 1;
        }
    }
    assert!(attacks >= 250, "{attacks}");
}

#[tokio::test]
async fn every_answer_of_an_obedient_model_meets_every_event() {
    for answer in ObedientModel::answers() {
        let function = function(FakeModel::answering(&answer));
        for (record, floor, _) in targets() {
            let told = function.summarize(&record, true).await.unwrap();
            check(&record, floor, &told).unwrap();
            assert_eq!(told.is_image_upload, record["eventName"] == "PutObject");
        }
    }
}

#[tokio::test]
async fn an_event_of_a_megabyte_of_attack_makes_a_small_question_and_a_small_answer() {
    for (record, floor, fields) in targets() {
        for field in &fields[..1] {
            let function = function(FakeModel::answering(&ObedientModel::answers()[2]));
            let mut record = record.clone();
            *record.pointer_mut(field).unwrap() = json!("<&\"\\\u{202e}\n한".repeat(90_000));
            let told = function.summarize(&record, true).await.unwrap();
            check(&record, floor, &told).unwrap();
            let question = function.model.as_ref().unwrap().models.asked()[0].to_string();
            assert!(question.len() < 40_000, "{field}: {} bytes", question.len());
        }
    }
}

thread_local!(static RULES: Cell<Option<RuleSet>> = const { Cell::new(None) });

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_generated_attack_does_either(
        which in 0usize..2, at in any::<prop::sample::Index>(), text in any::<String>(), answer in any::<prop::sample::Index>(),
    ) {
        let (mut record, floor, fields) = targets()[which].clone();
        *record.pointer_mut(fields[at.index(fields.len())]).unwrap() = json!(text);
        let answers = ObedientModel::answers();
        let model = FakeModel::answering(&answers[answer.index(answers.len())]);
        // Reading the rules anew for each case would take most of the time.
        let function = with_rules(RULES.take().unwrap_or_else(RuleSet::shipped), model);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let told = runtime.block_on(function.summarize(&record, true)).unwrap();
        RULES.set(Some(function.rules));
        prop_assert_eq!(check(&record, floor, &told), Ok(()));
    }
}
