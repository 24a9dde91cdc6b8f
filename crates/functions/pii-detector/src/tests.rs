use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use warden_core::{
    Error, ErrorName,
    audit::{JudgeDocuments, NotTried, Tag},
    fake::{FakeLedger, FakeModel, FakeStore, Stored, Written, asking, facts},
    image::{Area, TokenBudget},
    pii::{Category, Detection, Finding, Judgement, OnDisagreement, Policy, known},
    ports::{LedgerRecords, ModelAnswer, ModelCall, ModelReply, Models, ObjectFacts, ObjectRef, Seal, SpendRecords},
};
use warden_event_files::{holds, invalid, valid};
use warden_lambda::budget::SpentNotices;

use crate::{KnownVerdicts, PiiDetector, Reader, TIME_FOR_LEDGER, TextReader, deadline::Deadline};

/// The beginning of a picture, which only the model looks at.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0";
const PII: &str = r#"{"verdict":"pii","findings":[{"category":"FACE","confidence":0.9,"where":"left"}]}"#;
const SECRET: &str = r#"{"verdict":"pii","findings":[{"category":"SECRET","confidence":0.9,"where":"left"}]}"#;
const CLEAN: &str = r#"{"verdict":"clean","findings":[]}"#;

fn detector(stored: Stored, model: FakeModel) -> PiiDetector<FakeStore, FakeModel, Arc<FakeLedger>> {
    PiiDetector {
        store: FakeStore::holding(stored),
        model: asking(model),
        token_budget: TokenBudget::DEFAULT,
        policy: Policy::default(),
        documents: JudgeDocuments::default(),
        reader: Reader::default(),
        on_disagreement: OnDisagreement::default(),
        clean_bucket: Some("clean".into()),
        time: Duration::from_secs(220),
        verdicts: None,
        notices: None,
    }
}

/// One that reads barcodes, too.
fn reading(stored: Stored, model: FakeModel) -> PiiDetector<FakeStore, FakeModel, Arc<FakeLedger>> {
    PiiDetector { reader: Reader { barcodes: true, text: None }, ..detector(stored, model) }
}

fn event() -> Value {
    json!({"s3_bucket": "uploads", "s3_key": "a.png", "media_type": "image/png"})
}

/// The detection of a PNG about which the model says this.
async fn judged(text: &str) -> Value {
    detector(Stored::bytes(PNG), FakeModel::saying(text)).handle(event()).await.unwrap()
}

#[tokio::test]
async fn every_event_reads_exactly_the_object_that_it_names() {
    for file in valid("pii-detector") {
        let event = file.event();
        let detector = detector(Stored::bytes(PNG), FakeModel::saying(PII));
        let answer = detector.handle(event.clone()).await.unwrap();
        if event["output"] == "boolean" {
            assert_eq!(answer, json!("true"), "{}", file.name);
        } else {
            assert_eq!(answer["verdict"], "pii", "{}", file.name);
            assert_eq!(answer["object"]["bucket"], event["s3_bucket"], "{}", file.name);
            assert_eq!(answer["object"]["key"], event["s3_key"], "{}", file.name);
        }
        let asked = detector.store.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(json!(asked[0].bucket), event["s3_bucket"], "{}", file.name);
        assert_eq!(json!(asked[0].key), event["s3_key"], "{}", file.name);
        assert_eq!(json!(asked[0].version), event["s3_version_id"], "{}", file.name);
    }
}

#[tokio::test]
async fn an_invalid_event_names_its_field_and_calls_nothing() {
    for file in invalid("pii-detector") {
        let detector = detector(Stored::bytes(PNG), FakeModel::saying(PII));
        let error = detector.handle(file.event()).await.unwrap_err();
        let seen = json!({"errorType": error.name().as_str(), "errorMessage": error.to_string()});
        assert!(holds(&seen, &file.expected) && file.expected.is_object(), "{}: {seen}", file.name);
        assert!(detector.store.asked().is_empty() && detector.model.models.asked().is_empty(), "{}", file.name);
    }
}

#[tokio::test]
async fn a_verdict_tells_what_was_found_in_which_version_and_at_what_cost() {
    assert_eq!(
        judged(PII).await,
        json!({
            "verdict": "pii", "pii_detected": true, "reason": null,
            "findings": [{"category": "FACE", "confidence": 0.9, "where": "left"}],
            "object": {
                "bucket": "uploads", "key": "a.png", "version": "v1", "etag": "\"e1\"",
                "size": PNG.len(), "media_type": "image/png",
                "sha256": "a07263a379b5d354b89606ea5a74a93d7e74340bfc5dc8c8b62273e9096ba560",
            },
            "model": {"id": "us.anthropic.claude-haiku-5-5", "input_tokens": 1600, "output_tokens": 20, "latency_ms": 7},
            "action": "delete_version",
        })
    );
    let clean = judged(CLEAN).await;
    assert_eq!((&clean["verdict"], &clean["pii_detected"]), (&json!("clean"), &json!(false)));
}

/// The state machine's cases take these snapshots for the answers about the
/// upload in `events/log-summarizer/put-object.json`.
#[tokio::test]
async fn an_answer_says_what_the_policy_wants_done() {
    let put_object = valid("log-summarizer").into_iter().find(|file| file.name == "put-object").unwrap().event();
    let named = |place: &str| put_object.pointer(place).unwrap().clone();
    let event = json!({
        "s3_bucket": named("/detail/requestParameters/bucketName"),
        "s3_key": named("/detail/requestParameters/key"),
        "s3_version_id": named("/detail/responseElements/x-amz-version-id"),
        "media_type": "image/png",
    });
    let version = event["s3_version_id"].as_str().map(str::to_owned);
    let unversioned = json!({"s3_bucket": event["s3_bucket"], "s3_key": event["s3_key"]});
    let stored = |version: Option<String>, etag: Option<&str>| {
        let facts = ObjectFacts { version, etag: etag.map(str::to_owned), size: Some(PNG.len() as u64), sha256: None };
        Stored::Object(facts, vec![PNG.into()])
    };
    let etag = Some("\"b1946ac92492d2347c6235b4d2611184\"");
    for (name, event, stored, said, action) in [
        ("pii", &event, stored(version.clone(), etag), PII, "delete_version"),
        ("pii_unversioned", &unversioned, stored(None, etag), PII, "delete_unless_changed"),
        ("pii_not_pinned", &unversioned, stored(None, None), PII, "none"),
        ("clean", &event, stored(version.clone(), etag), CLEAN, "none"),
        ("undetermined", &event, stored(version.clone(), etag), "perhaps", "none"),
        ("gone", &event, Stored::Gone, CLEAN, "none"),
    ] {
        let answer = detector(stored, FakeModel::saying(said)).handle(event.clone()).await.unwrap();
        assert_eq!(answer["action"], action, "{name}");
        insta::assert_json_snapshot!(name, answer);
    }
}

#[tokio::test]
async fn past_the_days_budget_an_image_is_undetermined_unless_code_knows_better() {
    let over = || FakeModel::replying(Ok(ModelReply::OverBudget));
    let answer = detector(Stored::bytes(PNG), over()).handle(event()).await.unwrap();
    assert_eq!((&answer["verdict"], &answer["reason"]), (&json!("undetermined"), &json!("budget")));
    assert_eq!((&answer["action"], &answer["model"]), (&json!("none"), &Value::Null));
    let known = judged_by_its_barcode(&reading(Stored::bytes(BOARDING_PASS), over())).await;
    assert!(holds(&known, &json!({"verdict": "pii", "reason": null, "action": "delete_version"})), "{known}");
}

#[tokio::test]
async fn the_first_alert_that_is_heard_tells_that_the_days_budget_is_spent() {
    let ledger = Arc::new(FakeLedger::default());
    let answer = async |stored, asked: &Value| {
        let notices = Some(SpentNotices { ledger: Arc::clone(&ledger), clock: || 0 });
        let over = FakeModel::replying(Ok(ModelReply::OverBudget));
        PiiDetector { notices, ..detector(stored, over) }.handle(asked.clone()).await
    };
    let (mut gathered, mut boolean) = (event(), event());
    gathered["backfill"] = json!("b-1");
    boolean["output"] = json!("boolean");
    // A backfill's report tells of its objects, no alert follows a boolean, and one of something else tells something else.
    assert_eq!(answer(Stored::bytes(PNG), &gathered).await.unwrap()["reason"], "budget");
    assert_eq!(answer(Stored::bytes(PNG), &boolean).await.unwrap_err().name(), ErrorName::Undetermined);
    assert_ne!(answer(Stored::bytes(b"plain"), &event()).await.unwrap()["reason"], "budget");
    let heard = [(&event(), None), (&event(), Some(true)), (&gathered, None), (&event(), Some(true))];
    for (asked, told_before) in heard {
        let answer = answer(Stored::bytes(PNG), asked).await.unwrap();
        assert_eq!((&answer["reason"], answer["told_before"].as_bool()), (&json!("budget"), told_before), "{asked}");
    }
}

/// A detector that keeps its verdicts in this ledger.
fn knowing(ledger: &Arc<FakeLedger>, model: FakeModel) -> PiiDetector<FakeStore, FakeModel, Arc<FakeLedger>> {
    let verdicts = KnownVerdicts { ledger: Arc::clone(ledger), code: "7".into(), clock: || 0 };
    PiiDetector { verdicts: Some(verdicts), ..detector(Stored::bytes(PNG), model) }
}

#[tokio::test]
async fn two_uploads_of_the_same_bytes_are_one_call_of_the_model() {
    for said in [PII, CLEAN] {
        let ledger = Arc::default();
        let detector = knowing(&ledger, FakeModel::saying(said));
        let first = detector.handle(event()).await.unwrap();
        let other = json!({"s3_bucket": "uploads", "s3_key": "copy of a.png", "handling": "quarantine;none;"});
        let second = detector.handle(other).await.unwrap();
        assert_eq!(detector.model.models.asked().len(), 1, "{said}");
        assert_eq!((&second["verdict"], &second["findings"]), (&first["verdict"], &first["findings"]));
        assert_eq!((&second["judged_before"], &second["model"]), (&json!(true), &Value::Null));
        // What is done with it is decided anew, by its own key.
        assert_eq!(second["object"]["key"], "copy of a.png");
        assert_eq!(second["action"], if said == PII { "quarantine" } else { "none" });
        assert_eq!(first.get("judged_before"), None);
    }
}

#[tokio::test]
async fn the_same_bytes_are_judged_again_once_anything_that_judges_is_another() {
    type Change = fn(&mut PiiDetector<FakeStore, FakeModel, Arc<FakeLedger>>);
    let changes: [(&str, Change); 11] = [
        ("model", |it| it.model.id = "eu.anthropic.claude-haiku-5-5".into()),
        ("prompt", |it| it.model.capabilities.json_schema = false),
        ("tokens", |it| it.model.max_tokens = 512),
        ("confidence", |it| it.policy.minimum_confidence = 0.5),
        ("categories", |it| it.policy.allowed_categories = vec![Category::LicensePlate]),
        ("documents", |it| it.documents = JudgeDocuments::Act),
        ("budget of tokens", |it| it.token_budget = TokenBudget::MIN),
        ("barcodes", |it| it.reader.barcodes = true),
        ("text", |it| it.reader.text = Some(unreadable_text())),
        ("disagreement", |it| it.on_disagreement = OnDisagreement::Pii),
        ("code", |it| it.verdicts.as_mut().unwrap().code = "8".into()),
    ];
    let ledger = Arc::default();
    knowing(&ledger, FakeModel::saying(PII)).handle(event()).await.unwrap();
    for (name, change) in changes {
        let mut another = knowing(&ledger, FakeModel::saying(PII));
        change(&mut another);
        for _ in 0..2 {
            another.handle(event()).await.unwrap();
        }
        assert_eq!(another.model.models.asked().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn doubt_a_restored_object_and_a_trial_are_judged_each_time() {
    let asked = |ledger: Arc<FakeLedger>, said: &'static str, key: &'static str| async move {
        let detector = knowing(&ledger, FakeModel::saying(said));
        for _ in 0..2 {
            detector.handle(json!({"s3_bucket": "uploads", "s3_key": key})).await.unwrap();
        }
        detector.model.models.asked().len()
    };
    assert_eq!(asked(Arc::default(), CLEAN, "a.png").await, 1);
    // A malformed answer is asked for once more each time.
    assert_eq!(asked(Arc::default(), "perhaps", "a.png").await, 4);
    assert_eq!(asked(Arc::default(), CLEAN, "warden-selftest/1/a.png").await, 2);
    let restored: Arc<FakeLedger> = Arc::default();
    let sha256 = detector(Stored::bytes(PNG), FakeModel::saying(CLEAN)).handle(event()).await.unwrap();
    let partition = known::partition(sha256["object"]["sha256"].as_str().unwrap());
    restored.set(&partition, known::RESTORED, &serde_json::Map::new()).await.unwrap();
    assert_eq!(asked(restored, PII, "a.png").await, 2);
    let down = Arc::new(FakeLedger::down());
    assert_eq!(asked(down, CLEAN, "a.png").await, 2);
}

/// SHA-256 of [`PNG`], as S3 writes it.
const PNG_CHECKSUM: &str = "oHJjo3m101S4lgbqWnSpPX50NAv8XcjItiJz6QlrpWA=";

#[tokio::test]
async fn what_goes_to_quarantine_is_told_with_the_sum_that_its_copy_has_to_have() {
    let quarantine = |bytes: &'static [u8], handling: &'static str| async move {
        let mut event = event();
        event["handling"] = json!(handling);
        detector(Stored::bytes(bytes), FakeModel::saying(PII)).handle(event).await.unwrap()
    };
    let personal = quarantine(PNG, "quarantine;none;").await;
    assert_eq!((&personal["action"], &personal["checksum"]), (&json!("quarantine"), &json!(PNG_CHECKSUM)));
    // Of what is no image the first bytes are read alone: their sum would be another's.
    let long: &'static [u8] = Box::leak(vec![b'x'; 100_000].into_boxed_slice());
    let text = quarantine(long, "delete;quarantine;").await;
    assert_eq!((&text["action"], text.get("checksum")), (&json!("quarantine"), None));
    let deleted = quarantine(PNG, "delete;none;").await;
    assert_eq!((&deleted["action"], deleted.get("checksum")), (&json!("delete_version"), None));
}

#[tokio::test]
async fn what_cannot_be_done_is_not_tried_and_told() {
    let tag = |n: usize| Tag { key: format!("tag-{n}"), value: "x".into() };
    let huge = ObjectFacts { size: Some(5 * 1024 * 1024 * 1024 + 1), ..facts(PNG) };
    for (handling, stored, tags, action, not_tried) in [
        ("quarantine;none;", Stored::bytes(PNG), 0, "quarantine", None),
        ("delete;quarantine;", Stored::Object(huge, vec![PNG.into()]), 0, "none", Some("too_large_to_copy")),
        ("tag;none;", Stored::bytes(PNG), 9, "tag", None),
        ("tag;none;", Stored::bytes(PNG), 10, "none", Some("too_many_tags")),
        ("none;none;", Stored::bytes(PNG), 0, "none", None),
        ("delete;none;a=none", Stored::bytes(PNG), 0, "none", None),
    ] {
        let mut detector = detector(stored, FakeModel::saying(PII));
        detector.store = detector.store.tagged(Ok((0..tags).map(tag).collect()));
        let mut event = event();
        event["handling"] = json!(handling);
        let answer = detector.handle(event).await.unwrap();
        let seen = (answer["action"].as_str().unwrap(), answer["not_tried"].as_str());
        assert_eq!(seen, (action, not_tried), "{handling}, with {tags} tags: {answer}");
        let told = answer["tags"].as_array().map_or(0, Vec::len);
        assert_eq!(told, if action == "tag" { tags + 1 } else { 0 }, "{handling}");
    }
}

#[tokio::test]
async fn whoever_wants_nothing_done_gets_the_verdict_and_no_action() {
    for handling in ["delete;none;", "quarantine;none;a=delete;delete;", "tag;tag;"] {
        let detector = detector(Stored::bytes(PNG), FakeModel::saying(PII));
        let mut event = event();
        event["handling"] = json!(handling);
        event["action"] = json!("none");
        let answer = detector.handle(event).await.unwrap();
        assert_eq!((&answer["verdict"], &answer["action"]), (&json!("pii"), &json!("none")), "{handling}");
    }
    let mut event = event();
    (event["handling"], event["action"]) = (json!("delete;none;;delete;medium"), json!("none"));
    let detector = detector(Stored::bytes(PNG), FakeModel::saying(SECRET));
    let answer = detector.handle(event).await.unwrap();
    assert_eq!((&answer["threat_level"], &answer["action"]), (&json!("medium"), &json!("none")));
}

#[tokio::test]
async fn a_verdict_is_told_though_its_tag_cannot_stand_beside_the_others() {
    let denied = Error::AccessDenied { action: "s3:GetObjectTagging", what: "a".into(), hint: "x" };
    let mut event = event();
    event["handling"] = json!("tag;none;");
    let tagged = |error: Error| {
        let mut detector = detector(Stored::bytes(PNG), FakeModel::saying(PII));
        detector.store = detector.store.tagged(Err(error));
        detector
    };
    let answer = tagged(denied).handle(event.clone()).await.unwrap();
    assert_eq!((&answer["verdict"], &answer["action"]), (&json!("pii"), &json!("none")));
    assert_eq!(answer["not_tried"], "tags_unreadable");
    // What passes is worth another try.
    let busy = Error::StoreUnavailable { code: "SlowDown".into(), what: "a".into() };
    assert_eq!(tagged(busy.clone()).handle(event).await, Err(busy));
}

#[tokio::test]
async fn what_nobody_can_judge_is_undetermined_and_the_model_is_not_asked() {
    let too_large = Stored::Object(ObjectFacts { size: Some(134_217_729), ..facts(PNG) }, vec![PNG.into()]);
    for (stored, reason) in [
        (Stored::bytes(b""), "empty_object"),
        (Stored::bytes(b"MZ no image"), "not_an_image"),
        (Stored::bytes(b"%PDF-1.7"), "damaged_document"),
        (Stored::bytes(b"\0\0\0\x14ftypavif\0\0\0\0avif"), "avif"),
        (too_large, "too_large"),
        (Stored::Sealed(Seal::Archived), "archived"),
        (Stored::Sealed(Seal::CustomerKey), "encrypted_with_customer_key"),
    ] {
        let detector = detector(stored, FakeModel::saying(PII));
        let answer = detector.handle(event()).await.unwrap();
        let expected =
            json!({"verdict": "undetermined", "pii_detected": null, "reason": reason, "findings": [], "model": null});
        assert!(holds(&answer, &expected), "{reason}: {answer}");
        assert!(detector.model.models.asked().is_empty(), "{reason}");
    }
}

/// A document of one empty page.
const DOCUMENT: &[u8] = b"%PDF-1.4
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Count 1 /Kids [<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>] >>
endobj
xref
0 3
0000000000 65535 f 
0000000009 00000 n 
0000000058 00000 n 
trailer
<< /Size 3 /Root 1 0 R >>
startxref
165
%%EOF
";

#[tokio::test]
async fn a_document_is_judged_as_the_setting_says_whatever_its_name() {
    for (documents, said, verdict, action) in [
        (JudgeDocuments::Tell, PII, "pii", "none"),
        (JudgeDocuments::Act, PII, "pii", "delete_version"),
        (JudgeDocuments::Tell, CLEAN, "clean", "none"),
        (JudgeDocuments::Off, PII, "not_image", "none"),
    ] {
        for key in ["contract.pdf", "contract", "contract.png"] {
            let detector = PiiDetector { documents, ..detector(Stored::bytes(DOCUMENT), FakeModel::saying(said)) };
            let answer = detector.handle(json!({"s3_bucket": "uploads", "s3_key": key})).await.unwrap();
            let expected = json!({"verdict": verdict, "action": action});
            assert!(holds(&answer, &expected), "{documents}, {key}: {answer}");
            assert_eq!(
                detector.model.models.asked().is_empty(),
                documents == JudgeDocuments::Off,
                "{documents}, {key}"
            );
        }
    }
}

#[tokio::test]
async fn a_text_that_is_called_a_document_is_undetermined() {
    let detector = detector(Stored::bytes(b"Dear Sir or Madam"), FakeModel::saying(CLEAN));
    let answer = detector.handle(json!({"s3_bucket": "uploads", "s3_key": "letter.PDF"})).await.unwrap();
    assert!(holds(&answer, &json!({"verdict": "undetermined", "reason": "not_an_image"})), "{answer}");
}

/// A page that says this, under a bar that hides it.
fn barred(said: &str) -> Vec<u8> {
    let drawn = format!("BT /F 12 Tf 20 50 Td ({said}) Tj ET 0 g 10 40 180 30 re f");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 100] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let (mut file, mut table) = ("%PDF-1.4\n".to_owned(), "xref\n0 6\n0000000000 65535 f \n".to_owned());
    for (index, object) in objects.iter().enumerate() {
        table.extend([format!("{:010} 00000 n \n", file.len())]);
        file.extend([format!("{} 0 obj\n{object}\nendobj\n", index + 1)]);
    }
    let at = file.len();
    format!("{file}{table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n").into_bytes()
}

#[tokio::test]
async fn what_a_documents_own_text_holds_beyond_doubt_is_found_where_nobody_sees_it() {
    for (said, verdict, asked) in [
        ("IBAN: DE44 5001 0517 5407 3249 31", "pii", 0),
        // A digit off; an e-mail address, which is only likely.
        ("IBAN: DE45 5001 0517 5407 3249 31", "clean", 1),
        ("mira.castellan@mail.example.org", "clean", 1),
    ] {
        let detector = detector(Stored::bytes(&barred(said)), FakeModel::saying(CLEAN));
        let answer = detector.handle(json!({"s3_bucket": "uploads", "s3_key": "a.pdf"})).await.unwrap();
        assert_eq!((&answer["verdict"], detector.model.models.asked().len()), (&json!(verdict), asked), "{said}");
        if verdict == "pii" {
            let found = json!({"category": "IBAN_CODE", "confidence": 1.0, "page": 1});
            assert!(holds(&answer["findings"][0], &found), "{answer}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_must_not_be_used_is_undetermined() {
    let clean = json!([{"type": "text", "text": CLEAN}]);
    for (response, reason) in [
        (json!({"content": [], "stop_reason": "refusal"}), "model_refused"),
        (json!({"content": clean, "stop_reason": "max_tokens"}), "answer_cut"),
        (json!({"content": [], "stop_reason": "end_turn"}), "answer_empty"),
        (
            json!({"content": clean, "stop_reason": "end_turn", "amazon-bedrock-guardrailAction": "INTERVENED"}),
            "guardrail_intervened",
        ),
        (
            json!({"content": [{"type": "text", "text": "It looks fine to me."}], "stop_reason": "end_turn"}),
            "answer_malformed",
        ),
        (json!("not a Messages response"), "answer_malformed"),
    ] {
        let answer = detector(Stored::bytes(PNG), FakeModel::answering(&response)).handle(event()).await.unwrap();
        assert!(holds(&answer, &json!({"verdict": "undetermined", "reason": reason})), "{reason}: {answer}");
    }
    for reply in [ModelReply::ImageRejected, ModelReply::TooLong] {
        let answer = detector(Stored::bytes(PNG), FakeModel::replying(Ok(reply))).handle(event()).await.unwrap();
        assert!(holds(&answer, &json!({"verdict": "undetermined", "reason": "model_rejected_image"})), "{answer}");
    }
}

#[tokio::test]
async fn a_malformed_answer_gets_one_more_try_and_both_are_paid_for() {
    for (texts, verdict, asked, input_tokens) in [
        (&["It looks fine to me.", PII][..], "pii", 2, 3200),
        (&["It looks fine to me.", CLEAN], "clean", 2, 3200),
        (&["", CLEAN], "clean", 2, 3200),
        (&["Fine.", "Still fine.", CLEAN], "undetermined", 2, 3200),
        (&[CLEAN, PII], "clean", 1, 1600),
    ] {
        let detector = detector(Stored::bytes(PNG), FakeModel::saying_in_turn(texts));
        let answer = detector.handle(event()).await.unwrap();
        assert_eq!(answer["verdict"], verdict, "{texts:?}");
        assert_eq!(answer["model"]["input_tokens"], input_tokens, "{texts:?}");
        assert_eq!(detector.model.models.asked().len(), asked, "{texts:?}");
    }
}

#[tokio::test]
async fn a_refused_or_cut_answer_gets_no_other_try() {
    for stop_reason in ["refusal", "max_tokens"] {
        let response = json!({"content": [{"type": "text", "text": CLEAN}], "stop_reason": stop_reason});
        let detector = detector(Stored::bytes(PNG), FakeModel::answering(&response));
        assert_eq!(detector.handle(event()).await.unwrap()["verdict"], "undetermined");
        assert_eq!(detector.model.models.asked().len(), 1, "{stop_reason}");
    }
}

/// A bitmap of one grey, made by hand: 24 bits a pixel.
fn bitmap(width: u32, height: u32) -> Vec<u8> {
    let mut bmp = b"BM".to_vec();
    bmp.extend([0; 8]);
    for field in [54, 40, width, height] {
        bmp.extend(field.to_le_bytes());
    }
    bmp.extend([1, 0, 24, 0]);
    bmp.resize(54, 0);
    bmp.resize(54 + (width as usize * 3).next_multiple_of(4) * height as usize, 0xC0);
    bmp
}

#[tokio::test]
async fn a_format_that_no_model_reads_is_judged_as_a_jpeg() {
    let detector = detector(Stored::bytes(&bitmap(64, 48)), FakeModel::saying(PII));
    let answer = detector.handle(event()).await.unwrap();
    let expected = json!({
        "verdict": "pii", "findings": [{"category": "FACE", "confidence": 0.9, "where": "left"}],
        "object": {"media_type": "image/bmp", "version": "v1"},
    });
    assert!(holds(&answer, &expected), "{answer}");
    let source = &detector.model.models.asked()[0]["messages"][0]["content"][0]["source"];
    assert_eq!(source["media_type"], "image/jpeg");
}

#[tokio::test]
async fn every_tile_of_a_large_image_counts() {
    // 1,600 by 1,600 pixels make four tiles; the third shows the bottom left.
    let scan = || Stored::bytes(&bitmap(1_600, 1_600));
    for (texts, verdict, reason, place, asked) in [
        (&[CLEAN, CLEAN, PII][..], "pii", None, Some("bottom left"), 3),
        (&[CLEAN], "clean", None, None, 4),
        (&[CLEAN, "Fine.", "Fine.", CLEAN], "undetermined", Some("answer_malformed"), None, 5),
        (&[CLEAN, "Fine.", CLEAN], "clean", None, None, 5),
        (&["Fine.", "Fine.", PII], "pii", None, Some("top"), 3),
    ] {
        let detector = detector(scan(), FakeModel::saying_in_turn(texts));
        let answer = detector.handle(event()).await.unwrap();
        assert_eq!((&answer["verdict"], &answer["reason"]), (&json!(verdict), &json!(reason)), "{texts:?}");
        assert_eq!(answer["findings"][0]["where"], json!(place), "{texts:?}");
        assert_eq!(detector.model.models.asked().len(), asked, "{texts:?}");
        assert_eq!(answer["model"]["input_tokens"], 1_600 * asked, "{texts:?}");
    }
}

#[tokio::test]
async fn where_secrets_are_handled_apart_no_secret_hides_what_stands_beside_it() {
    let scan = bitmap(1_600, 1_600);
    let twice = [BOARDING_PASS, BOARDING_PASS].concat();
    let apart = "delete;none;;none;low";
    for (case, stored, said, handling, action, asked) in [
        ("in another view", &scan[..], &[SECRET, CLEAN, PII, CLEAN][..], apart, "delete_version", 3),
        ("in no view", &scan, &[SECRET, CLEAN], apart, "none", 4),
        ("in a barcode", BOARDING_PASS, &[SECRET], apart, "delete_version", 1),
        (
            "in a barcode, and a secret that the model sees",
            &twice,
            &[SECRET],
            "none;none;;delete;",
            "delete_version",
            1,
        ),
        ("handled as the other", &scan, &[SECRET, CLEAN, PII], "delete;none;", "delete_version", 1),
        ("personal data, beside which a secret changes nothing", &scan, &[PII, SECRET], apart, "delete_version", 1),
    ] {
        let detector = reading(Stored::bytes(stored), FakeModel::saying_in_turn(said));
        let event = json!({"s3_bucket": "uploads", "s3_key": "a.jpg", "handling": handling});
        let answer = detector.handle(event).await.unwrap();
        assert_eq!((&answer["verdict"], &answer["action"]), (&json!("pii"), &json!(action)), "{case}: {answer}");
        assert_eq!(answer["threat_level"], if action == "none" { json!("low") } else { Value::Null }, "{case}");
        assert_eq!(detector.model.models.asked().len(), asked, "{case}");
    }
}

#[tokio::test]
async fn what_the_days_budget_leaves_unseen_beside_a_secret_is_held_back() {
    let said = |text: &str| {
        let body = json!({"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"});
        Ok(ModelReply::Answer(ModelAnswer { body: body.to_string().into(), latency_ms: 7 }))
    };
    let scan = bitmap(1_600, 1_600);
    let (held, deleted) = (("undetermined", "none"), ("pii", "delete_version"));
    for (handling, stored, first, expected) in [
        ("delete;none;;none;low", &scan[..], SECRET, held),
        ("delete;none;;none;low", &scan, PII, deleted),
        ("delete;none;", &scan, SECRET, deleted),
        // Code reads personal data in it, which is enough without a model.
        ("delete;none;;none;low", BOARDING_PASS, "", deleted),
        ("none;none;;delete;", BOARDING_PASS, "", held),
    ] {
        let replies = [(!first.is_empty()).then(|| said(first)), Some(Ok(ModelReply::OverBudget))];
        let model = FakeModel::replying_in_turn(replies.into_iter().flatten().collect());
        let event = json!({"s3_bucket": "uploads", "s3_key": "a.jpg", "handling": handling});
        let answer = reading(Stored::bytes(stored), model).handle(event).await.unwrap();
        let got = (answer["verdict"].as_str().unwrap(), answer["action"].as_str().unwrap());
        assert_eq!(got, expected, "{handling} {first}");
        assert_eq!(answer["reason"] == json!("budget"), expected == held, "{answer}");
    }
}

#[tokio::test]
async fn a_verdict_that_was_found_early_does_not_answer_where_more_has_to_be_found() {
    let mut detector = knowing(&Arc::default(), FakeModel::saying(SECRET));
    detector.store = FakeStore::holding(Stored::bytes(include_bytes!("../../../../samples/chart.png")));
    for (handling, asked) in [
        ("delete;none;", 1),
        ("quarantine;tag;", 1),
        ("delete;none;;none;low", 2),
        ("delete;none;;tag;", 2),
        ("delete;none;;quarantine;low", 2),
    ] {
        let event = json!({"s3_bucket": "uploads", "s3_key": "a.png", "handling": handling});
        detector.handle(event).await.unwrap();
        assert_eq!(detector.model.models.asked().len(), asked, "{handling}");
    }
}

#[tokio::test]
async fn an_image_that_cannot_be_decoded_is_undetermined_and_the_model_is_not_asked() {
    for (bytes, reason) in [(bitmap(60_000, 1)[..60].to_vec(), "damaged_image"), (huge(), "too_large")] {
        let detector = detector(Stored::bytes(&bytes), FakeModel::saying(CLEAN));
        let answer = detector.handle(event()).await.unwrap();
        assert!(holds(&answer, &json!({"verdict": "undetermined", "reason": reason, "model": null})), "{answer}");
        assert!(detector.model.models.asked().is_empty());
    }
}

#[tokio::test]
async fn an_animation_is_clean_only_if_its_frames_are() {
    // Two frames of one pixel.
    let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    let gif = [b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".as_slice(), frame, frame, b"\x3b"].concat();
    for (texts, verdict) in [(&[CLEAN, PII], "pii"), (&[CLEAN, CLEAN], "clean")] {
        let detector = detector(Stored::bytes(&gif), FakeModel::saying_in_turn(texts));
        let answer = detector.handle(event()).await.unwrap();
        assert_eq!((&answer["verdict"], &answer["object"]["media_type"]), (&json!(verdict), &json!("image/gif")));
        assert_eq!(detector.model.models.asked().len(), 2);
    }
}

/// A bitmap's header that announces 3,600 megapixels.
fn huge() -> Vec<u8> {
    let mut bmp = bitmap(1, 1);
    bmp[18..22].copy_from_slice(&60_000_u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000_u32.to_le_bytes());
    bmp
}

#[tokio::test]
async fn what_does_not_count_is_told_and_removes_nothing() {
    for (policy, verdict) in [
        (Policy { minimum_confidence: 0.9, ..Policy::default() }, "pii"),
        (Policy { minimum_confidence: 0.91, ..Policy::default() }, "clean"),
        (Policy { allowed_categories: vec![Category::Face], ..Policy::default() }, "clean"),
    ] {
        let detector = PiiDetector { policy, ..detector(Stored::bytes(PNG), FakeModel::saying(PII)) };
        let answer = detector.handle(event()).await.unwrap();
        assert_eq!(answer["verdict"], verdict);
        assert_eq!(answer["findings"][0]["category"], "FACE");
    }
}

/// A PNG with the name of its author in a text chunk, and no more pixels than [`PNG`].
fn png_with_an_author() -> Vec<u8> {
    [PNG, b"CRC!\0\0\0\x0dtEXtAuthor\0J. DoeCRC!\0\0\0\0IENDCRC!"].concat()
}

#[tokio::test]
async fn what_the_metadata_tells_is_found_without_the_model() {
    let counted = || Policy { authorship_counts: true, ..Policy::default() };
    let refused = json!({"content": [], "stop_reason": "refusal"});
    for (case, policy, model, verdict, categories) in [
        ("a clean picture", counted(), FakeModel::saying(CLEAN), "pii", vec!["authorship_metadata"]),
        ("a face", counted(), FakeModel::saying(PII), "pii", vec!["FACE", "authorship_metadata"]),
        ("nobody can tell", counted(), FakeModel::answering(&refused), "pii", vec!["authorship_metadata"]),
        ("by itself", Policy::default(), FakeModel::saying(CLEAN), "clean", vec!["authorship_metadata"]),
        ("with a face", Policy::default(), FakeModel::saying(PII), "pii", vec!["FACE", "authorship_metadata"]),
        ("by itself, nobody can tell", Policy::default(), FakeModel::answering(&refused), "undetermined", vec![]),
    ] {
        let detector = PiiDetector { policy, ..detector(Stored::bytes(&png_with_an_author()), model) };
        let answer = detector.handle(event()).await.unwrap();
        assert_eq!(answer["verdict"], verdict, "{case}: {answer}");
        let found: Vec<_> = answer["findings"].as_array().unwrap().iter().map(|f| f["category"].clone()).collect();
        assert_eq!(found, categories, "{case}");
        assert!(!answer.to_string().contains("Doe"), "{case}");
    }
}

#[tokio::test]
async fn metadata_counts_in_a_format_that_is_converted() {
    // One pixel of grey, and an artist, in a TIFF made by hand.
    let mut tiff = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, kind, count, value) in [
        (0x0100_u16, 3_u16, 1_u32, 1_u32),
        (0x0101, 3, 1, 1),
        (0x0102, 3, 1, 8),
        (0x0103, 3, 1, 1),
        (0x0106, 3, 1, 1),
        (0x0111, 4, 1, 8),
        (0x0116, 3, 1, 1),
        (0x0117, 4, 1, 1),
        (0x013B, 2, 4, u32::from_le_bytes(*b"Doe\0")),
    ] {
        tiff.extend(tag.to_le_bytes());
        tiff.extend(kind.to_le_bytes());
        tiff.extend(count.to_le_bytes());
        tiff.extend(value.to_le_bytes());
    }
    tiff.extend([0; 4]);
    let policy = Policy { authorship_counts: true, ..Policy::default() };
    let detector = PiiDetector { policy, ..detector(Stored::bytes(&tiff), FakeModel::saying(CLEAN)) };
    let answer = detector.handle(event()).await.unwrap();
    assert_eq!((&answer["verdict"], &answer["object"]["media_type"]), (&json!("pii"), &json!("image/tiff")));
    assert_eq!(
        answer["findings"],
        json!([{"category": "authorship_metadata", "confidence": 1.0, "where": "metadata"}])
    );
}

#[tokio::test]
async fn an_object_that_is_gone_is_no_failure() {
    let answer = detector(Stored::Gone, FakeModel::saying(PII)).handle(event()).await.unwrap();
    assert!(holds(&answer, &json!({"verdict": "gone", "pii_detected": null, "reason": null})), "{answer}");
}

#[tokio::test]
async fn text_that_nothing_called_an_image_is_not_one() {
    let detector = detector(Stored::bytes(b"notes"), FakeModel::saying(PII));
    let answer = detector.handle(json!({"s3_bucket": "uploads", "s3_key": "README"})).await.unwrap();
    assert!(holds(&answer, &json!({"verdict": "not_image", "pii_detected": null})), "{answer}");
    assert!(detector.model.models.asked().is_empty());
}

#[tokio::test]
async fn the_bytes_decide_what_is_declared_to_the_model() {
    let detector = detector(Stored::bytes(b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0"), FakeModel::saying(CLEAN));
    detector.handle(event()).await.unwrap();
    let source = &detector.model.models.asked()[0]["messages"][0]["content"][0]["source"];
    assert_eq!(source["media_type"], "image/webp");
}

#[tokio::test]
async fn a_boolean_is_a_plain_word_or_an_error_and_never_a_guess() {
    let mut event = event();
    event["output"] = json!("boolean");
    for (stored, text, expected) in [
        (Stored::bytes(PNG), PII, Ok("true")),
        (Stored::bytes(PNG), CLEAN, Ok("false")),
        (Stored::bytes(PNG), "perhaps", Err(ErrorName::Undetermined)),
        (Stored::bytes(b"%PDF-1.7"), CLEAN, Err(ErrorName::Undetermined)),
        (Stored::bytes(b""), CLEAN, Err(ErrorName::Undetermined)),
        (Stored::Gone, CLEAN, Err(ErrorName::ObjectNotFound)),
    ] {
        let answer = detector(stored, FakeModel::saying(text)).handle(event.clone()).await;
        assert_eq!(answer.map_err(|error| error.name()), expected.map(Value::from), "{text}");
    }
}

#[tokio::test]
async fn errors_of_the_store_and_the_model_keep_their_names() {
    let denied = Error::AccessDenied { action: "s3:GetObject", what: "x".into(), hint: "y" };
    let failing = detector(Stored::Failing(denied.clone()), FakeModel::saying(PII));
    assert_eq!(failing.handle(event()).await.unwrap_err(), denied);
    let throttled = Error::ModelThrottled { code: "529".into() };
    let failing = detector(Stored::bytes(PNG), FakeModel::replying(Err(throttled.clone())));
    assert_eq!(failing.handle(event()).await.unwrap_err(), throttled);
    let breaking = Stored::BreakingOff(facts(PNG), vec![PNG.into()]);
    assert_eq!(
        detector(breaking, FakeModel::saying(PII)).handle(event()).await.unwrap_err().name(),
        ErrorName::StoreUnavailable
    );
}

const BOARDING_PASS: &[u8] = include_bytes!("../../../../samples/boarding-pass-barcode.jpg");

/// Judges the boarding pass whose barcode alone names the passenger.
async fn judged_by_its_barcode(detector: &PiiDetector<FakeStore, FakeModel, Arc<FakeLedger>>) -> Value {
    detector.handle(json!({"s3_bucket": "uploads", "s3_key": "pass.jpg"})).await.unwrap()
}

#[tokio::test]
async fn a_barcode_is_read_where_the_model_saw_nothing() {
    let refused = json!({"content": [], "stop_reason": "refusal"});
    let area = json!({"x": 190, "y": 300, "width": 618, "height": 216});
    let expected = json!([{"category": "PERSON", "confidence": 1.0, "where": "center", "box": area}]);
    for (case, model) in [
        ("clean", FakeModel::saying(CLEAN)),
        ("nobody can tell", FakeModel::answering(&refused)),
        ("malformed twice", FakeModel::saying("Fine.")),
    ] {
        let detector = reading(Stored::bytes(BOARDING_PASS), model);
        let answer = judged_by_its_barcode(&detector).await;
        assert_eq!((&answer["verdict"], &answer["findings"]), (&json!("pii"), &expected), "{case}");
        assert_eq!(answer["action"], "delete_version", "{case}");
        assert!(!answer.to_string().contains("TALVEROSE"), "{case}");
        // The object is read once more, in the version that was judged.
        let asked = detector.store.asked();
        assert_eq!(asked.last().unwrap().version.as_deref(), Some("v1"), "{case}");
    }
    let seen = reading(Stored::bytes(BOARDING_PASS), FakeModel::saying(PII));
    assert_eq!(judged_by_its_barcode(&seen).await["findings"][0]["category"], "FACE");
    assert_eq!(seen.store.asked().len(), 1, "what is known to hold personal data was read again");
}

#[tokio::test]
async fn a_setting_leaves_barcodes_unread_and_allowed_categories_do_not_count() {
    let off = PiiDetector {
        reader: Reader { barcodes: false, text: None },
        ..reading(Stored::bytes(BOARDING_PASS), FakeModel::saying(CLEAN))
    };
    assert_eq!(judged_by_its_barcode(&off).await["verdict"], "clean");
    assert_eq!(off.store.asked().len(), 1);

    let policy = Policy { allowed_categories: vec![Category::Person], ..Policy::default() };
    let allowed = PiiDetector { policy, ..reading(Stored::bytes(BOARDING_PASS), FakeModel::saying(CLEAN)) };
    let answer = judged_by_its_barcode(&allowed).await;
    assert_eq!((&answer["verdict"], &answer["findings"][0]["category"]), (&json!("clean"), &json!("PERSON")));
}

#[tokio::test]
async fn a_barcode_of_an_image_that_is_converted_saves_the_models_call() {
    // A second picture behind the first: no model takes such a file as it is.
    let twice = [BOARDING_PASS, BOARDING_PASS].concat();
    let detector = reading(Stored::bytes(&twice), FakeModel::saying(CLEAN));
    let answer = judged_by_its_barcode(&detector).await;
    assert!(holds(&answer, &json!({"verdict": "pii", "model": null})), "{answer}");
    assert!(detector.model.models.asked().is_empty());
}

#[tokio::test]
async fn a_picture_of_which_most_is_missing_is_not_clean_because_the_model_says_so() {
    let noise = image::RgbImage::from_fn(320, 240, |x, y| {
        image::Rgb([0, 7, 13].map(|add| u8::try_from((x * x + y * 61 + add) * 31 % 256).unwrap_or_default()))
    });
    let mut whole = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut whole, 95).encode_image(&noise).unwrap();
    // As many bits a pixel as an ordinary one, and an end.
    let damaged = [&whole[..whole.len() * 35 / 100], &[0xFF, 0xD9]].concat();
    let next_to_nothing = [&whole[..700], &[0xFF, 0xD9]].concat();
    for (case, bytes, said, barcodes, verdict, reason) in [
        ("whole", whole, CLEAN, true, "clean", None),
        ("damaged", damaged.clone(), CLEAN, true, "undetermined", Some("damaged_image")),
        ("next to nothing", next_to_nothing, CLEAN, true, "undetermined", Some("damaged_image")),
        ("damaged, and the model sees somebody", damaged.clone(), PII, true, "pii", None),
        ("damaged, and not decoded", damaged, CLEAN, false, "clean", None),
    ] {
        let mut detector = detector(Stored::bytes(&bytes), FakeModel::saying(said));
        detector.reader.barcodes = barcodes;
        let answer = detector.handle(event()).await.unwrap();
        assert_eq!((answer["verdict"].as_str(), answer["reason"].as_str()), (Some(verdict), reason), "{case}");
    }
}

#[tokio::test]
async fn a_damaged_picture_is_not_clean_because_the_model_says_so() {
    let chart = include_bytes!("../../../../samples/chart.png");
    let whole = image::load_from_memory(chart).unwrap().into_rgb8();
    let (mut jpeg, mut webp) = (Vec::new(), std::io::Cursor::new(Vec::new()));
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg).encode_image(&whole).unwrap();
    whole.write_to(&mut webp, image::ImageFormat::WebP).unwrap();
    let webp = webp.into_inner();
    // Codes by arithmetic, which readers of files show and decoders here do not.
    let mut arithmetic = jpeg.clone();
    let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    arithmetic[frame + 1] = 0xC9;
    let cut = |bytes: &[u8]| bytes[..bytes.len() * 9 / 10].to_vec();
    for (case, bytes, verdict, reason) in [
        ("a PNG", chart.to_vec(), "clean", None),
        ("a PNG without its end", chart[..chart.len() - 12].to_vec(), "undetermined", Some("damaged_image")),
        ("a PNG that is cut", cut(chart), "undetermined", Some("damaged_image")),
        ("a PNG's beginning", PNG.to_vec(), "undetermined", Some("damaged_image")),
        ("a WebP", webp.clone(), "clean", None),
        ("a WebP that is cut", cut(&webp), "undetermined", Some("damaged_image")),
        ("a JPEG", jpeg, "clean", None),
        ("a JPEG in a coding that the model may not read", arithmetic, "undetermined", Some("unsupported_format")),
    ] {
        let answer = reading(Stored::bytes(&bytes), FakeModel::saying(CLEAN)).handle(event()).await.unwrap();
        assert_eq!((answer["verdict"].as_str(), answer["reason"].as_str()), (Some(verdict), reason), "{case}");
        let seen = reading(Stored::bytes(&bytes), FakeModel::saying(PII)).handle(event()).await.unwrap();
        assert_eq!(seen["verdict"], "pii", "{case}");
    }
}

/// A reader of text that lacks its models.
fn unreadable_text() -> TextReader {
    TextReader::new("/nowhere".into(), Duration::from_secs(1))
}

#[tokio::test]
async fn a_clean_verdict_answers_for_the_same_bytes_only_where_everything_was_looked_at() {
    let chart = include_bytes!("../../../../samples/chart.png");
    for (text, said, asked) in
        [(None, CLEAN, 1), (Some(unreadable_text()), CLEAN, 2), (Some(unreadable_text()), PII, 1)]
    {
        let name = format!("{said}, with text {}", text.is_some());
        let mut detector = knowing(&Arc::default(), FakeModel::saying(said));
        detector.store = FakeStore::holding(Stored::bytes(chart));
        detector.reader.text = text;
        for _ in 0..2 {
            detector.handle(event()).await.unwrap();
        }
        assert_eq!(detector.model.models.asked().len(), asked, "{name}");
    }
}

#[tokio::test]
async fn text_that_cannot_be_read_leaves_the_models_word() {
    for (said, verdict) in [(CLEAN, "clean"), (PII, "pii")] {
        let detector = PiiDetector {
            reader: Reader { barcodes: false, text: Some(unreadable_text()) },
            ..detector(Stored::bytes(include_bytes!("../../../../samples/chart.png")), FakeModel::saying(said))
        };
        assert_eq!(detector.handle(event()).await.unwrap()["verdict"], verdict);
        assert_eq!(detector.store.asked().len(), 1, "the request's own image is looked at");
    }
}

/// Judges the boarding pass where personal data is masked.
async fn masked(said: &[&str]) -> (Value, Vec<Written>, usize) {
    let detector = reading(Stored::bytes(BOARDING_PASS), FakeModel::saying_in_turn(said));
    let event = json!({"s3_bucket": "uploads", "s3_key": "a/pass.jpg", "handling": "mask;none;"});
    let answer = detector.handle(event).await.unwrap();
    (answer, detector.store.written(), detector.model.models.asked().len())
}

#[tokio::test]
async fn a_copy_with_everything_covered_is_written_once_it_is_judged_clean_itself() {
    let (answer, written, asked) = masked(&[CLEAN]).await;
    let expected = json!({
        "verdict": "pii", "action": "quarantine",
        "clean_copy": {"bucket": "clean", "key": "a/pass.jpg"},
    });
    assert!(holds(&answer, &expected), "{answer}");
    let [(bucket, key, copy, media_type)] = &written[..] else { panic!("{} objects", written.len()) };
    assert_eq!((bucket.as_str(), key.as_str(), *media_type), ("clean", "a/pass.jpg", "image/jpeg"));
    // The model is asked about the pass, and about the copy.
    assert_eq!((asked, &answer["model"]["input_tokens"]), (2, &json!(3200)));
    let again = detector(Stored::bytes(copy), FakeModel::saying(CLEAN));
    assert!(holds(&judged_by_its_barcode(&again).await, &json!({"verdict": "clean", "findings": []})));
}

#[tokio::test]
async fn without_a_clean_copy_the_object_goes_to_quarantine_all_the_same() {
    for (said, why) in [
        // The copy still shows somebody.
        (&[CLEAN, PII][..], "copy_not_clean"),
        (&[CLEAN, "perhaps"], "copy_not_clean"),
        // Nobody knows where exactly the face is.
        (&[PII], "no_box"),
    ] {
        let (answer, written, _) = masked(said).await;
        let expected = json!({"verdict": "pii", "action": "quarantine", "not_tried": why});
        assert!(holds(&answer, &expected), "{said:?}: {answer}");
        assert!(answer["clean_copy"].is_null() && written.is_empty(), "{said:?}");
    }
}

/// Why the boarding pass has no copy where personal data is masked.
async fn not_masked(detector: &PiiDetector<FakeStore, FakeModel, Arc<FakeLedger>>) -> Value {
    let event = json!({"s3_bucket": "uploads", "s3_key": "a/pass.jpg", "handling": "mask;none;"});
    let answer = detector.handle(event).await.unwrap();
    assert!(holds(&answer, &json!({"verdict": "pii", "action": "quarantine"})), "{answer}");
    assert!(answer["clean_copy"].is_null() && detector.store.written().is_empty());
    answer["not_tried"].clone()
}

#[tokio::test]
async fn about_a_copy_that_is_not_wholly_looked_at_in_code_no_model_is_asked() {
    let text = TextReader::new("/nowhere".into(), Duration::ZERO);
    let detector = PiiDetector {
        reader: Reader { barcodes: true, text: Some(text) },
        ..reading(Stored::bytes(BOARDING_PASS), FakeModel::saying(CLEAN))
    };
    assert_eq!(not_masked(&detector).await, "copy_failed");
    assert_eq!(detector.model.models.asked().len(), 0, "the pass is decided by its barcode");
}

#[tokio::test]
async fn a_copy_that_the_days_budget_or_the_time_does_not_allow_has_failed() {
    let clean = json!({"content": [{"type": "text", "text": CLEAN}], "stop_reason": "end_turn"});
    let clean = ModelReply::Answer(ModelAnswer { body: clean.to_string().into(), latency_ms: 7 });
    let replies = vec![Ok(clean), Ok(ModelReply::OverBudget)];
    let over = reading(Stored::bytes(BOARDING_PASS), FakeModel::replying_in_turn(replies));
    assert_eq!(not_masked(&over).await, "copy_failed");
    let late = PiiDetector {
        time: Duration::from_secs(129),
        ..reading(Stored::bytes(BOARDING_PASS), FakeModel::saying(CLEAN))
    };
    assert_eq!(not_masked(&late).await, "copy_failed");
}

#[tokio::test]
async fn an_image_that_is_too_large_for_the_model_as_it_is_has_a_copy_too() {
    let large = [BOARDING_PASS, &vec![0; 4_000_000]].concat();
    let detector = reading(Stored::bytes(&large), FakeModel::saying(CLEAN));
    let event = json!({"s3_bucket": "uploads", "s3_key": "pass.jpg", "handling": "mask;none;"});
    let answer = detector.handle(event).await.unwrap();
    assert_eq!(answer["clean_copy"]["key"], "pass.jpg", "{answer}");
    assert_eq!(detector.store.written().len(), 1);
}

#[tokio::test]
async fn a_gif_with_frames_that_nobody_looks_at_has_no_copy() {
    // Three frames of a pixel each on a canvas of a megapixel, of which the least budget shows one.
    let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    let gif = [b"GIF89a\xe8\x03\xe8\x03\x80\0\0\0\0\0\xff\xff\xff".as_slice(), frame, frame, frame, b"\x3b"].concat();
    for (token_budget, expected) in [(TokenBudget::DEFAULT, Ok(1)), (TokenBudget::MIN, Err(NotTried::KindNotMasked))] {
        let detector = PiiDetector { token_budget, ..detector(Stored::bytes(&gif), FakeModel::saying(CLEAN)) };
        let sha256 = detector.handle(event()).await.unwrap()["object"]["sha256"].as_str().map(str::to_owned);
        let object = ObjectRef { bucket: "uploads".into(), key: "a.gif".into(), version: None };
        let face = Finding::at(Category::Face, 1.0, Area { x: 10, y: 10, width: 20, height: 20 }, (1_000, 1_000));
        let pii = Judgement::Pii(vec![face.on(Some(2))]);
        let mut detection = Detection::judged(object, ObjectFacts { sha256, ..facts(&gif) }, "image/gif", pii, None);
        let masked = detector.mask(&mut detection, Deadline::within(detector.time)).await;
        assert_eq!(masked.map(|_| detector.store.written().len()), expected);
    }
}

/// A ledger that never answers.
struct Hanging;

impl LedgerRecords for Hanging {
    async fn with_keys(&self, _: &[(String, String)]) -> Result<Vec<Value>, Error> {
        std::future::pending().await
    }

    async fn of_object(&self, _: &str) -> Result<Vec<Value>, Error> {
        std::future::pending().await
    }

    async fn set(&self, _: &str, _: &str, _: &serde_json::Map<String, Value>) -> Result<(), Error> {
        std::future::pending().await
    }

    async fn high_of(&self, _: &str, _: usize) -> Result<Vec<Value>, Error> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_hangs_takes_little_of_the_time() {
    let known = detector(Stored::bytes(PNG), FakeModel::saying(CLEAN));
    let detector = PiiDetector {
        store: known.store,
        model: known.model,
        token_budget: known.token_budget,
        policy: known.policy,
        documents: known.documents,
        reader: known.reader,
        on_disagreement: known.on_disagreement,
        clean_bucket: known.clean_bucket,
        time: known.time,
        verdicts: Some(KnownVerdicts { ledger: Hanging, code: "7".into(), clock: || 0 }),
        notices: None,
    };
    let begun = tokio::time::Instant::now();
    assert_eq!(detector.handle(event()).await.unwrap()["verdict"], "clean");
    assert!(begun.elapsed() < TIME_FOR_LEDGER * 3, "{:?}", begun.elapsed());
}

impl SpendRecords for Hanging {
    async fn spent(&self, _: &str) -> Result<f64, Error> {
        std::future::pending().await
    }

    async fn add(&self, _: &str, _: f64, _: i64) -> Result<(), Error> {
        std::future::pending().await
    }

    async fn tell(&self, _: &str, _: &str) -> Result<bool, Error> {
        std::future::pending().await
    }
}

/// A model that never answers.
struct Silent;

impl Models for Silent {
    async fn invoke(&self, _: ModelCall<'_>) -> Result<ModelReply, Error> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_has_the_time_that_is_left_and_no_more() {
    let asked = detector(Stored::bytes(PNG), FakeModel::saying(CLEAN));
    let detector = PiiDetector {
        store: asked.store,
        model: asking(Silent),
        token_budget: asked.token_budget,
        policy: asked.policy,
        documents: asked.documents,
        reader: asked.reader,
        on_disagreement: asked.on_disagreement,
        clean_bucket: asked.clean_bucket,
        time: asked.time,
        verdicts: asked.verdicts,
        notices: asked.notices,
    };
    assert_eq!(detector.handle(event()).await.unwrap_err().name(), ErrorName::ModelTimeout);
}

#[tokio::test]
async fn a_barcode_that_says_nothing_of_a_person_changes_nothing() {
    // The label of a document without one: no code at all is the commonest case.
    for sample in
        [&include_bytes!("../../../../samples/landscape.jpg")[..], include_bytes!("../../../../samples/sign.png")]
    {
        let detector = reading(Stored::bytes(sample), FakeModel::saying(CLEAN));
        assert!(holds(&judged_by_its_barcode(&detector).await, &json!({"verdict": "clean", "findings": []})));
    }
}
