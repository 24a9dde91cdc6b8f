//! Attackers name the object, make its bytes, and may win the model over. None
//! of it makes the verdict one about another object, takes what nobody can judge
//! for clean, or carries a text of theirs out of the function.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use warden_core::{
    fake::{ATTACKS, FakeLedger, FakeModel, FakeStore, ObedientModel, Stored, asking},
    pii::{Category, Place},
};
use warden_pictures::{Format, attack};

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0CRC!";

/// A PNG with a text in a chunk of this keyword.
fn png_with(keyword: &str, text: &str) -> Vec<u8> {
    let data = [keyword.as_bytes(), b"\0", text.as_bytes()].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [PNG, &length, b"tEXt", &data, b"CRC!\0\0\0\x01IDAT\0CRC!\0\0\0\0IENDCRC!"].concat()
}

fn detector<M>(bytes: &[u8], model: M) -> PiiDetector<FakeStore, M, Arc<FakeLedger>> {
    PiiDetector {
        store: FakeStore::holding(Stored::bytes(bytes)),
        model: asking(model),
        token_budget: TokenBudget::DEFAULT,
        policy: Policy::default(),
        documents: JudgeDocuments::default(),
        reader: Reader::default(),
        on_disagreement: OnDisagreement::default(),
        clean_bucket: Some("clean".into()),
        time: Duration::from_mins(1),
        verdicts: None,
        notices: None,
    }
}

/// Checks what must hold for an answer about an object, whoever wrote its key, its bytes and the model's answer.
fn check(event: &Value, answer: &Value) -> Result<(), String> {
    let object = &answer["object"];
    if (&object["bucket"], &object["key"], &object["version"]) != (&event["s3_bucket"], &event["s3_key"], &json!("v1"))
    {
        return Err(format!("the object is {object}"));
    }
    let findings = answer["findings"].as_array().ok_or("no findings")?;
    for finding in findings {
        let category = finding["category"].as_str().unwrap_or_default();
        let place = finding["where"].as_str().unwrap_or_default();
        let confidence = finding["confidence"].as_f64().unwrap_or(-1.0);
        if !Category::ALL.iter().any(|known| known.as_str() == category)
            || !Place::ALL.iter().any(|known| known.as_str() == place)
            || !(0.0..=1.0).contains(&confidence)
        {
            return Err(format!("a finding of the attacker's: {finding}"));
        }
    }
    if answer.to_string().len() > 10_000 {
        return Err(format!("{} bytes", answer.to_string().len()));
    }
    Ok(())
}

#[tokio::test]
async fn no_key_text_or_obedient_model_moves_the_judged_object_or_leaves_through_a_finding() {
    let detector = detector(PNG, ObedientModel::default());
    let mut attacks = 0;
    for text in ATTACKS.into_iter().filter(|text| !text.is_empty()) {
        for event in [
            json!({"s3_bucket": "uploads", "s3_key": text}),
            json!({"s3_bucket": "uploads", "s3_key": format!("{text}.png"), "media_type": text}),
            json!({"s3_bucket": "uploads", "s3_key": "a.png", "note": text, "object": {"key": text}}),
            json!({"s3_bucket": "uploads", "s3_key": "a.png", "s3_version_id": text}),
        ] {
            let answer = detector.handle(event.clone()).await.unwrap();
            check(&event, &answer).unwrap_or_else(|problem| panic!("{event}: {problem}"));
            attacks += 1;
        }
    }
    assert!(attacks >= 100, "{attacks}");
}

#[tokio::test]
async fn only_an_answer_that_plainly_says_clean_is_clean() {
    let event = json!({"s3_bucket": "uploads", "s3_key": "a.png"});
    for answer in ObedientModel::answers() {
        let finished = answer["stop_reason"] == "end_turn";
        let text = answer["content"][0]["text"].as_str().unwrap_or_default();
        let says_clean = finished && (text == "clean" || text.contains(r#""verdict":"clean""#));
        let detector = detector(PNG, FakeModel::answering(&answer));
        let told = detector.handle(event.clone()).await.unwrap();
        check(&event, &told).unwrap();
        assert!(told["verdict"] != "clean" || says_clean, "{told}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_undetermined_whatever_the_model_would_say() {
    let event = json!({"s3_bucket": "uploads", "s3_key": "a.png"});
    for bytes in
        [&b""[..], b"%PDF-1.7", b"clean", b"BM\0\0", b"GIF89a", b"II*\0\x08\0\0\0", b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\x02"]
    {
        for text in ["clean", r#"{"verdict":"clean","findings":[]}"#] {
            let told = detector(bytes, FakeModel::saying(text)).handle(event.clone()).await.unwrap();
            assert_eq!((&told["verdict"], &told["pii_detected"]), (&json!("undetermined"), &json!(null)), "{bytes:?}");
        }
    }
}

#[tokio::test]
async fn an_attackers_text_in_the_metadata_is_a_finding_at_most() {
    let event = json!({"s3_bucket": "uploads", "s3_key": "a.png"});
    for text in ATTACKS {
        for (keyword, found) in [("Author", true), ("Comment", false)] {
            let detector = detector(&png_with(keyword, text), FakeModel::saying(r#"{"verdict":"clean"}"#));
            let told = detector.handle(event.clone()).await.unwrap();
            check(&event, &told).unwrap();
            let findings = told["findings"].as_array().unwrap();
            let says_something = text.chars().any(|char| char.is_alphanumeric() || !char.is_ascii());
            assert_eq!(findings.len(), usize::from(found && says_something), "{keyword} {text:?}");
            // Whoever made a picture decides nothing about it.
            assert_eq!(told["verdict"], "clean");
            // The image goes to the model as bytes; no text of it joins the question.
            let asked = &detector.model.models.asked()[0];
            assert_eq!(asked["messages"][0]["content"][1]["text"], pii::question(1).text);
        }
    }
}

#[tokio::test]
async fn a_barcode_that_names_somebody_is_found_beside_any_order_to_the_model() {
    let event = json!({"s3_bucket": "uploads", "s3_key": "a.png"});
    let mut tried = 0;
    for number in (0..attack::PICTURES).step_by(3) {
        let (evidence, image) = attack::picture(number);
        if !matches!(evidence, attack::Evidence::Licence | attack::Evidence::BoardingPass) {
            continue;
        }
        let bytes = Format::Jpeg(75).encode(&image).unwrap();
        let model = FakeModel::saying(r#"{"verdict":"clean","findings":[]}"#);
        let reader = Reader { barcodes: true, text: None };
        let told = PiiDetector { reader, ..detector(&bytes, model) }.handle(event.clone()).await.unwrap();
        check(&event, &told).unwrap();
        assert_eq!(
            (&told["verdict"], &told["action"]),
            (&json!("pii"), &json!("delete_version")),
            "{number}: {evidence:?}"
        );
        tried += 1;
    }
    assert!(tried >= 12, "{tried}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_generated_attack_does_either(
        key in "\\PC{1,60}", hint in any::<String>(), rest in prop::collection::vec(any::<u8>(), 0..200),
        head in prop::sample::select(vec![&b""[..], PNG, b"\xFF\xD8\xFF\xE1\x00\x40Exif\0\0II*\0\x08\0\0\0", b"GIF89a\x01\0\x01\0", b"BM", b"II*\0", b"RIFF\0\0\0\0WEBPVP8X"]),
        answer in any::<prop::sample::Index>(),
    ) {
        let answers = ObedientModel::answers();
        let answer = &answers[answer.index(answers.len())];
        let event = json!({"s3_bucket": "uploads", "s3_key": key, "media_type": format!("image/{hint}")});
        let detector = detector(&[head, &rest].concat(), FakeModel::answering(answer));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let told = runtime.block_on(detector.handle(event.clone())).unwrap();
        prop_assert_eq!(check(&event, &told), Ok(()));
        if detector.model.models.asked().is_empty() {
            prop_assert_ne!(&told["verdict"], "clean");
        }
    }
}
