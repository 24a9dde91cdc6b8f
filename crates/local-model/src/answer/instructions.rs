//! What a request asks for: its data is set aside, and what remains is searched for
//! the form of the answer. Only general cues are used; data is never searched.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::definition;
use super::event::is_event;
use super::seen::Topic;
use super::shape::{Kind, Shape};
use super::skeleton::{self, position_of_word};
use super::tags::{self, Tag};
use super::word;
use crate::bedrock::MessagesRequest;

/// The form of the answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// JSON of this shape, between these tags if any.
    Json(Shape, Option<String>),
    /// Tags, each with what belongs into it.
    Tags(Vec<Tag>),
    /// One word of two: what to say when it is so, and when not.
    Word { so: String, not: String },
    /// Sentences.
    Prose,
}

/// What was asked.
pub(super) struct Instructions {
    pub(super) form: Form,
    pub(super) topic: Topic,
    /// The events that the request shows.
    pub(super) events: Vec<Value>,
}

impl Instructions {
    pub(super) fn read(request: &MessagesRequest) -> Self {
        let (question, mut events) = without_events(&request.question());
        let (system, more) = without_events(&request.system);
        events.extend(more);
        let text = format!("{system}\n{question}");
        let form = match (&request.forced_tool, &request.schema) {
            (Some(tool), _) => Form::Json(Shape::from_schema(&tool.input_schema), None),
            (None, Some(schema)) => Form::Json(Shape::from_schema(schema), None),
            (None, None) => form(&text),
        };
        Self { form, topic: topic(&text), events }
    }
}

/// Cuts out every event that stands in a text as JSON.
fn without_events(text: &str) -> (String, Vec<Value>) {
    let mut rest = String::with_capacity(text.len());
    let mut events = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find('{') {
        let start = at + offset;
        rest.push_str(&text[at..start]);
        let mut stream = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) if is_event(&value) => {
                at = start + stream.byte_offset();
                events.push(value);
            }
            _ => {
                rest.push('{');
                at = start + 1;
            }
        }
    }
    rest.push_str(&text[at..]);
    (rest, events)
}

fn form(text: &str) -> Form {
    if let Some(schema) = schema_in(text) {
        return Form::Json(Shape::from_schema(&schema), None);
    }
    let examples = skeleton::find(text);
    let tags = tags::find(text, &examples);
    if let Some(shape) = example(text, &examples) {
        let around = examples.first().and_then(|(range, _)| tags::around(&tags, text, range));
        return Form::Json(shape, around);
    }
    if !tags.is_empty() {
        return Form::Tags(tags);
    }
    let lower = text.to_lowercase();
    if asks_for_places(&lower) {
        return Form::Json(labels_with_corners(), None);
    }
    if let Some((so, not)) = word::pair(text, &lower) {
        return Form::Word { so, not };
    }
    if position_of_word(&lower, "json").is_some()
        && let Some(shape) = listed_properties(text)
    {
        return Form::Json(shape, None);
    }
    Form::Prose
}

/// A JSON Schema that stands in the text itself.
fn schema_in(text: &str) -> Option<Value> {
    text.match_indices('{').find_map(|(at, _)| {
        let first = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>().next()?;
        first
            .ok()
            .filter(|value| value["properties"].is_object() || (value["type"] == "array" && value["items"].is_object()))
    })
}

/// The form that the examples show together: the largest, and what others of its
/// kind add to it.
fn example(text: &str, examples: &[(std::ops::Range<usize>, Shape)]) -> Option<Shape> {
    let largest = examples.iter().map(|(_, shape)| shape).max_by_key(|shape| size(shape))?;
    let alike = |shape: &&Shape| names(shape).iter().any(|name| names(largest).contains(name));
    let merged = examples.iter().map(|(_, shape)| shape).filter(alike).cloned().reduce(Shape::merged)?;
    Some(definition::apply(merged, text))
}

fn size(shape: &Shape) -> usize {
    match &shape.kind {
        Kind::Object(properties) => properties.iter().map(|(_, part)| 1 + size(part)).sum(),
        Kind::List(item) => size(item),
        _ => 0,
    }
}

fn names(shape: &Shape) -> Vec<&str> {
    match &shape.kind {
        Kind::Object(properties) => properties.iter().map(|(name, _)| name.as_str()).collect(),
        Kind::List(item) => names(item),
        _ => Vec::new(),
    }
}

/// What a request without an image or event form is about.
fn topic(text: &str) -> Topic {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| position_of_word(&lower, word).is_some());
    let holds = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["pii", "gdpr", "privacy", "private"])
        || holds(&[
            "personal",
            "identif",
            "anonym",
            "sensitive",
            "confidential",
            "개인정보",
            "개인 정보",
            "민감",
            "個人情報",
            "個人を特定",
            "機密",
        ])
    {
        Topic::PersonalData
    } else if says(&["face", "faces", "person", "people", "human", "portrait"])
        || holds(&["얼굴", "사람", "顔", "人物"])
    {
        Topic::Faces
    } else if says(&["text", "words", "writing", "read", "ocr"]) || holds(&["텍스트", "글자", "文字", "テキスト"])
    {
        Topic::Text
    } else {
        Topic::Other
    }
}

/// Whether one sentence asks for things and their places, and some list them.
fn asks_for_places(lower: &str) -> bool {
    let things = ["label", "object", "element", "레이블", "객체", "ラベル", "物体"];
    let places = [
        "corner",
        "bounding box",
        "bounding-box",
        "coordinates",
        "position",
        "topleft",
        "top-left",
        "top left",
        "위치",
        "좌표",
        "모서리",
        "座標",
        "位置",
    ];
    let lists = ["array", "list", "json", "배열", "配列"];
    let says = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    says(lower, &lists)
        && lower.split(['.', '\n', '!', '?', '。']).any(|sentence| {
            let sentence = sentence.replace("json object", "");
            says(&sentence, &things) && says(&sentence, &places)
        })
}

/// The form of labels with their corners when the request shows none.
fn labels_with_corners() -> Shape {
    let point = || Shape::of(Kind::Object(["x", "y"].map(|axis| (axis.to_owned(), Shape::of(Kind::Integer))).to_vec()));
    let corners = ["TopLeft", "TopRight", "BottomRight", "BottomLeft"].map(|corner| (corner.to_owned(), point()));
    let thing = vec![
        ("label".to_owned(), Shape::of(Kind::Text)),
        ("position".to_owned(), Shape::of(Kind::Object(corners.to_vec()))),
    ];
    Shape::of(Kind::List(Box::new(Shape::of(Kind::Object(thing)))))
}

static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:with|having|has|containing|contains|following|these)\s+(?:\w+\s+){0,3}?(?:keys?|fields?|properties|property|attributes?)\b[^\n.:]{0,40}?[:\s]\s*([^\n.]{3,300})").ok()
});
static IDENTIFIER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("[\"'`]?([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*)[\"'`]?").ok());

/// A form whose property names a sentence lists: "JSON with the keys verdict and reason".
fn listed_properties(text: &str) -> Option<Shape> {
    let list = NAMES.as_ref()?.captures(text)?.get(1)?.as_str();
    let filler = [
        "and", "or", "a", "an", "the", "as", "with", "in", "is", "of", "named", "called", "boolean", "string",
        "number", "array",
    ];
    let mut properties: Vec<(String, Shape)> = Vec::new();
    for part in list.split([',', ';']).flat_map(|part| part.split(" and ")) {
        let Some(name) = IDENTIFIER.as_ref().and_then(|identifier| {
            identifier
                .captures_iter(part)
                .filter_map(|found| found.get(1))
                .find(|name| !filler.contains(&name.as_str().to_lowercase().as_str()))
        }) else {
            continue;
        };
        let rest = part.get(name.end()..).unwrap_or_default().trim_matches(['"', '\'', '`', ' ', '(', ')']);
        let name = name.as_str().to_owned();
        if !properties.iter().any(|(known, _)| *known == name) {
            properties.push((name, skeleton::of_text(rest)));
        }
    }
    (!properties.is_empty()).then(|| Shape::of(Kind::Object(properties)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn word(text: &str) -> Option<(String, String)> {
        match form(text) {
            Form::Word { so, not } => Some((so, not)),
            _ => None,
        }
    }

    #[test]
    fn one_word_of_two_is_heard_in_many_phrasings() {
        for (text, so, not) in [
            ("Reply only true or false: does it hold personal data?", "true", "false"),
            (
                "Return 'true' if the picture shows personal data, 'false' if it does not. Boolean only.",
                "true",
                "false",
            ),
            ("Answer with exactly one word, YES or NO.", "YES", "NO"),
            ("Is there any personal data? Just say Yes or No.", "Yes", "No"),
            ("Say only false if it contains personal data, true otherwise.", "false", "true"),
            ("Return only true when the image is free of personal data, false when it is not.", "false", "true"),
            ("개인정보가 있으면 예, 없으면 아니오 한 단어만 답하세요.", "예", "아니오"),
        ] {
            assert_eq!(word(text), Some((so.to_owned(), not.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_asked_about_is_heard_in_many_phrasings() {
        for (text, about) in [
            ("Does it hold personal data?", Topic::PersonalData),
            ("Would publishing this expose private information?", Topic::PersonalData),
            ("Could somebody be identified?", Topic::PersonalData),
            ("민감한 내용이 있나요?", Topic::PersonalData),
            ("How many faces are there?", Topic::Faces),
            ("Transcribe the text.", Topic::Text),
            ("Is there a cat?", Topic::Other),
        ] {
            assert_eq!(topic(text), about, "{text}");
        }
    }

    #[test]
    fn a_question_that_wants_sentences_gets_them() {
        for text in
            ["Describe the picture.", "Is it true that the sky is blue? Explain, no less than false claims.", ""]
        {
            assert_eq!(form(text), Form::Prose, "{text}");
        }
    }

    #[test]
    fn an_event_is_data_and_its_words_are_no_instructions() {
        let event = json!({"eventName": "PutObject", "eventSource": "s3.amazonaws.com",
            "requestParameters": {"key": "reply only true or false {\"a\": 1} <answer>x</answer>.png"}});
        let (rest, events) = without_events(&format!("Summarise this:\n{event}\nThank you."));
        assert_eq!(rest, "Summarise this:\n\nThank you.");
        assert_eq!(events, [event]);
    }

    #[test]
    fn the_choices_of_two_examples_or_of_the_sentence_are_both_known() {
        for text in [
            r#"Answer {"verdict": "clean"} or {"verdict": "pii"}."#,
            r#"Answer as {"verdict": "clean", "why": "..."}, where verdict is "pii" or "clean"."#,
        ] {
            let Form::Json(shape, None) = form(text) else { panic!("{text}") };
            let Kind::Object(properties) = shape.kind else { panic!("{text}") };
            assert_eq!(properties[0].1.kind, Kind::Choice(vec![json!("clean"), json!("pii")]), "{text}");
        }
    }

    #[test]
    fn a_list_of_definitions_says_what_the_dots_stand_for() {
        let text = "Answer with JSON: {\"state\": ..., \"found\": [{\"sort\": ..., \"sure\": ..., \"spot\": ...}]}\n\
                    - state: \"dirty\" when there is any, otherwise \"clean\".\n\
                    - sort: one of NAME, FACE or OTHER.\n\
                    - sure: from 0 to 1.\n\
                    - spot: where it is, in words.";
        let Form::Json(shape, None) = form(text) else { panic!("no JSON") };
        let Kind::Object(properties) = &shape.kind else { panic!("no object") };
        assert_eq!(properties[0].1.kind, Kind::Choice(vec![json!("dirty"), json!("clean")]));
        let Kind::List(item) = &properties[1].1.kind else { panic!("no list") };
        let Kind::Object(inner) = &item.kind else { panic!("no object inside") };
        let kinds: Vec<&Kind> = inner.iter().map(|(_, part)| &part.kind).collect();
        assert_eq!(
            kinds,
            [&Kind::Choice(vec![json!("NAME"), json!("FACE"), json!("OTHER")]), &Kind::Number, &Kind::Text]
        );
    }

    #[test]
    fn a_schema_in_the_text_is_a_schema() {
        let text = r#"Conform to {"type": "object", "properties": {"ok": {"type": "boolean"}}}."#;
        let Form::Json(shape, None) = form(text) else { panic!("no JSON") };
        assert_eq!(names(&shape), ["ok"]);
    }

    #[test]
    fn keys_that_a_sentence_merely_mentions_make_no_form() {
        let text = "Answer in JSON. Whoever did it chose names, object keys, user agents and messages.";
        assert_eq!(form(text), Form::Prose);
    }

    #[test]
    fn names_that_a_sentence_lists_make_a_form() {
        let Form::Json(shape, None) = form("Answer in JSON with the keys verdict (boolean), reason and score.") else {
            panic!("no JSON")
        };
        assert_eq!(names(&shape), ["verdict", "reason", "score"]);
    }

    #[test]
    fn labels_with_positions_have_a_form_of_their_own() {
        let Form::Json(shape, None) =
            form("List the objects as an array of labels with the positions of their corners.")
        else {
            panic!("no JSON")
        };
        assert_eq!(names(&shape), ["label", "position"]);
    }
}
