use serde_json::{Value, json};
use warden_core::{
    Error, ErrorName,
    fake::{FakeModel, FakeStore, Stored, asking},
    image::TokenBudget,
    ports::{ModelReply, Seal},
};
use warden_event_files::{holds, invalid, valid};

use crate::ImageAnalyzer;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0";

fn analyzer(stored: Stored, model: FakeModel) -> ImageAnalyzer<FakeStore, FakeModel> {
    ImageAnalyzer { store: FakeStore::holding(stored), model: asking(model), token_budget: TokenBudget::DEFAULT }
}

fn event() -> Value {
    json!({"Bucket": "uploads", "Key": "a.png", "prompt": "What is it?"})
}

#[tokio::test]
async fn every_event_asks_its_own_prompt_about_exactly_its_object() {
    for file in valid("image-analyzer") {
        let event = file.event();
        let labels = r#"{"labels": [{"name": "hall", "left": 0, "top": 0, "right": 9, "bottom": 9}]}"#;
        let text = if event["schema"].is_object() { labels } else { "A hall." };
        let analyzer = analyzer(Stored::bytes(PNG), FakeModel::saying(text));
        let answer = analyzer.handle(event.clone()).await.unwrap();
        if event["output"] == "full" {
            assert_eq!(answer["content"][0]["text"], "A hall.", "{}", file.name);
        } else if event["schema"].is_object() {
            assert_eq!(answer, serde_json::from_str::<Value>(labels).unwrap(), "{}", file.name);
        } else {
            assert_eq!(answer, json!("A hall."), "{}", file.name);
        }
        let asked = &analyzer.store.asked()[0];
        assert_eq!((json!(asked.bucket), json!(asked.key)), (event["Bucket"].clone(), event["Key"].clone()));
        let body = &analyzer.model.models.asked()[0];
        let asked = body["messages"][0]["content"][1]["text"].as_str().unwrap();
        assert!(asked.starts_with(event["prompt"].as_str().unwrap()), "{}", file.name);
        assert_eq!(body.pointer("/output_config/format/schema"), event.get("schema"), "{}", file.name);
        for field in ["temperature", "top_p", "top_k"] {
            assert!(body.get(field).is_none(), "{field}");
        }
    }
}

#[tokio::test]
async fn an_invalid_event_names_its_field_and_calls_nothing() {
    for file in invalid("image-analyzer") {
        let analyzer = analyzer(Stored::bytes(PNG), FakeModel::saying("A hall."));
        let error = analyzer.handle(file.event()).await.unwrap_err();
        let seen = json!({"errorType": error.name().as_str(), "errorMessage": error.to_string()});
        assert!(holds(&seen, &file.expected) && file.expected.is_object(), "{}: {seen}", file.name);
        assert!(analyzer.store.asked().is_empty() && analyzer.model.models.asked().is_empty(), "{}", file.name);
    }
}

#[tokio::test]
async fn an_object_that_no_model_reads_is_an_invalid_input_and_the_model_is_not_asked() {
    for (stored, message) in [
        (Stored::bytes(b""), "Key: the object is empty"),
        (Stored::bytes(b"hello"), "Key: the object's bytes are not an image"),
        (
            Stored::bytes(b"<svg width=\"1\">"),
            "Key: the object is not a JPEG, PNG, GIF, WebP, TIFF, BMP, ICO, PNM or HEIC image, nor a PDF, or it is of a kind that is not read",
        ),
        (Stored::bytes(b"%PDF-1.7"), "Key: the document is damaged, or something on its pages cannot be shown"),
        (Stored::Sealed(Seal::Archived), "Key: the object is archived and must be restored first"),
    ] {
        let analyzer = analyzer(stored, FakeModel::saying("A hall."));
        let error = analyzer.handle(event()).await.unwrap_err();
        assert_eq!((error.name(), error.to_string().as_str()), (ErrorName::InvalidInput, message));
        assert!(analyzer.model.models.asked().is_empty());
    }
}

#[tokio::test]
async fn an_answer_under_a_schema_is_its_value_or_an_error_after_one_more_try() {
    let mut event = event();
    event["schema"] = json!({"type": "array", "items": {"type": "string"}});
    for (texts, expected, asked) in [
        (&[r#"["door"]"#][..], Ok(json!(["door"])), 1),
        (&["```json\n[\"door\"]\n```"], Ok(json!(["door"])), 1),
        (&["A door.", r#"["door"]"#], Ok(json!(["door"])), 2),
        (&["[1]", "[2]"], Err(ErrorName::ModelOutputInvalid), 2),
        (&["", r#"["door"]"#], Err(ErrorName::ModelOutputInvalid), 1),
    ] {
        let analyzer = analyzer(Stored::bytes(PNG), FakeModel::saying_in_turn(texts));
        let answer = analyzer.handle(event.clone()).await;
        assert_eq!(answer.map_err(|error| error.name()), expected, "{texts:?}");
        assert_eq!(analyzer.model.models.asked().len(), asked, "{texts:?}");
    }
}

#[tokio::test]
async fn each_failure_has_its_name() {
    let answering = |response: Value| FakeModel::answering(&response);
    let cut = json!({"content": [{"type": "text", "text": "A h"}], "stop_reason": "max_tokens"});
    for (stored, model, name) in [
        (Stored::Gone, FakeModel::saying("A hall."), ErrorName::ObjectNotFound),
        (Stored::bytes(PNG), FakeModel::replying(Ok(ModelReply::ImageRejected)), ErrorName::InvalidInput),
        (Stored::bytes(PNG), FakeModel::replying(Ok(ModelReply::TooLong)), ErrorName::InvalidInput),
        (Stored::bytes(PNG), answering(cut), ErrorName::ModelOutputInvalid),
        (
            Stored::bytes(PNG),
            answering(json!({"content": [], "stop_reason": "refusal"})),
            ErrorName::ModelOutputInvalid,
        ),
        (
            Stored::bytes(PNG),
            FakeModel::replying(Err(Error::ModelTimeout { code: "408".into() })),
            ErrorName::ModelTimeout,
        ),
    ] {
        let error = analyzer(stored, model).handle(event()).await.unwrap_err();
        assert_eq!(error.name(), name);
    }
}
