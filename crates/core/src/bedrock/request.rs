//! What a model is asked: a question in text, about one image, or a chat.

use std::borrow::Cow;

use serde_json::Value;

use super::{Family, answer_form, capabilities::Capabilities, messages, nova};

/// What the model is asked, apart from the image.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The role and rules the model is given.
    pub system: Option<&'a str>,
    /// The question itself.
    pub text: &'a str,
    /// The JSON Schema of the answer, sent to models that take one. To others the text tells it.
    pub schema: Option<&'a Value>,
    /// Whether the text tells the schema by itself.
    pub is_schema_told: bool,
    /// Most tokens of the answer, thinking included.
    pub max_tokens: u32,
}

impl<'a> Question<'a> {
    /// The schema, for a model that takes one.
    pub(super) fn schema_for(&self, model: Capabilities) -> Option<&'a Value> {
        self.schema.filter(|_| model.json_schema)
    }

    /// The question as it is put to a model: with the form of the answer, where no schema says it.
    pub(super) fn text_for(&self, model: Capabilities) -> Cow<'a, str> {
        match self.schema.filter(|_| !model.json_schema && !self.is_schema_told) {
            Some(schema) => Cow::Owned(format!("{}{}", self.text, answer_form::told(schema))),
            None => Cow::Borrowed(self.text),
        }
    }

    /// The body of a question without an image.
    #[must_use]
    pub fn text_body(&self, model: Capabilities) -> Vec<u8> {
        self.serialize(model, None)
    }

    /// The body of a question about an image of `image_bytes` bytes, whose
    /// bytes are then pushed as they arrive. The image stands before the text,
    /// where models read it best.
    #[must_use]
    pub fn image_body(&self, model: Capabilities, media_type: &'static str, image_bytes: usize) -> ImageBody {
        let mut body = self.serialize(model, Some(media_type));
        // Quotes inside JSON strings are escaped, so no text of a caller can look like this.
        let place = match model.family {
            Family::Anthropic => messages::EMPTY_IMAGE,
            Family::Nova => nova::EMPTY_IMAGE,
        };
        let data_at = find(&body, place.as_bytes()).map_or(body.len(), |at| at + place.len() - 1);
        let rest = body.split_off(data_at);
        body.reserve_exact(image_bytes.div_ceil(3) * 4 + rest.len());
        ImageBody { body, rest, carried: [0; 3], carried_len: 0 }
    }

    fn serialize(&self, model: Capabilities, media_type: Option<&'static str>) -> Vec<u8> {
        match model.family {
            Family::Anthropic => messages::question(self, model, media_type),
            Family::Nova => nova::question(self, model, media_type),
        }
    }
}

/// The body of a conversation that the model continues, its turns by role and
/// text. No sampling field is sent: which way of answering is best, a model
/// knows itself.
#[must_use]
pub fn conversation_body<'a>(
    family: Family,
    system: Option<&str>,
    turns: impl Iterator<Item = (&'static str, &'a str)>,
    max_tokens: u32,
) -> Vec<u8> {
    match family {
        Family::Anthropic => messages::conversation(system, turns, max_tokens),
        Family::Nova => nova::conversation(system, turns, max_tokens),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A request body that takes an image's bytes in chunks of any size and holds
/// them as base64, in the one buffer that is sent.
pub struct ImageBody {
    body: Vec<u8>,
    rest: Vec<u8>,
    carried: [u8; 3],
    carried_len: usize,
}

impl ImageBody {
    /// Adds the image's next bytes.
    pub fn push(&mut self, mut chunk: &[u8]) {
        if self.carried_len > 0 {
            let missing = (3 - self.carried_len).min(chunk.len());
            self.carried[self.carried_len..self.carried_len + missing].copy_from_slice(&chunk[..missing]);
            self.carried_len += missing;
            chunk = &chunk[missing..];
            if self.carried_len < 3 {
                return;
            }
            encode(&self.carried, &mut self.body);
            self.carried_len = 0;
        }
        let whole = chunk.len() - chunk.len() % 3;
        encode(&chunk[..whole], &mut self.body);
        let left = &chunk[whole..];
        self.carried[..left.len()].copy_from_slice(left);
        self.carried_len = left.len();
    }

    /// The image's bytes again, for those who look at it before it is sent, or instead.
    #[must_use]
    pub fn image(&self) -> Vec<u8> {
        let start = self.body.iter().rposition(|&byte| byte == b'"').map_or(self.body.len(), |quote| quote + 1);
        // Base64 that was encoded here decodes.
        let mut image = base64_simd::STANDARD.decode_to_vec(&self.body[start..]).unwrap_or_default();
        image.extend_from_slice(&self.carried[..self.carried_len]);
        image
    }

    /// The body, ready to be sent.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        encode(&self.carried[..self.carried_len], &mut self.body);
        self.body.append(&mut self.rest);
        self.body
    }
}

fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    base64_simd::STANDARD.encode_append(bytes, out);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MODERN: Capabilities =
        Capabilities { family: Family::Anthropic, temperature: false, json_schema: true, thinking_off: true };
    const OLDER: Capabilities =
        Capabilities { family: Family::Anthropic, temperature: true, json_schema: false, thinking_off: false };
    const NOVA: Capabilities =
        Capabilities { family: Family::Nova, temperature: false, json_schema: false, thinking_off: false };

    fn ask(schema: &Value) -> Question<'_> {
        Question {
            system: Some("You are a clerk."),
            text: "What is it?",
            schema: Some(schema),
            is_schema_told: true,
            max_tokens: 64,
        }
    }

    fn parse(body: &[u8]) -> Value {
        serde_json::from_slice(body).unwrap()
    }

    #[test]
    fn a_schema_goes_only_to_a_model_that_takes_one() {
        let schema = json!({"type": "object"});
        let body = parse(&ask(&schema).text_body(MODERN));
        assert_eq!(body["output_config"]["format"], json!({"type": "json_schema", "schema": {"type": "object"}}));
        assert!(parse(&ask(&schema).text_body(OLDER)).get("output_config").is_none());
    }

    #[test]
    fn a_sampling_field_goes_only_to_a_model_that_takes_one() {
        let schema = json!({});
        assert_eq!(parse(&ask(&schema).text_body(OLDER))["temperature"], json!(0.0));
        for field in ["temperature", "top_p", "top_k"] {
            assert!(parse(&ask(&schema).text_body(MODERN)).get(field).is_none(), "{field}");
        }
    }

    #[test]
    fn only_a_model_that_would_think_and_can_do_without_is_told_not_to() {
        let schema = json!({});
        assert_eq!(parse(&ask(&schema).text_body(MODERN))["thinking"], json!({"type": "disabled"}));
        assert!(parse(&ask(&schema).text_body(OLDER)).get("thinking").is_none());
    }

    #[test]
    fn an_image_arrives_whole_whatever_the_chunks() {
        let schema = json!({});
        let image: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let expected = base64_simd::STANDARD.encode_to_string(&image);
        for size in [1, 2, 3, 4, 5, 7, 64, 333, 1000] {
            let mut body = ask(&schema).image_body(MODERN, "image/png", image.len());
            image.chunks(size).for_each(|chunk| body.push(chunk));
            let mut taken_back = ask(&schema).image_body(MODERN, "image/png", image.len());
            image.chunks(size).for_each(|chunk| taken_back.push(chunk));
            assert_eq!(taken_back.image(), image, "chunks of {size}");
            let body = parse(&body.finish());
            let content = &body["messages"][0]["content"];
            assert_eq!(content[0]["source"]["data"], json!(expected), "chunks of {size}");
            assert_eq!(content[1]["text"], json!("What is it?"));
        }
    }

    #[test]
    fn the_body_is_allocated_once() {
        let schema = json!({});
        let image = vec![7; 100_001];
        for model in [MODERN, NOVA] {
            let mut body = ask(&schema).image_body(model, "image/png", image.len());
            let capacity = body.body.capacity();
            image.chunks(4096).for_each(|chunk| body.push(chunk));
            let sent = body.finish();
            assert_eq!((sent.capacity(), sent.len()), (capacity, capacity), "{model:?}");
        }
    }

    #[test]
    fn an_image_for_nova_arrives_whole_and_can_be_taken_back() {
        let schema = json!({});
        let image: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for size in [1, 3, 333, 1000] {
            let asked = || {
                let mut body = ask(&schema).image_body(NOVA, "image/webp", image.len());
                image.chunks(size).for_each(|chunk| body.push(chunk));
                body
            };
            assert_eq!(asked().image(), image, "chunks of {size}");
            let body = parse(&asked().finish());
            let content = &body["messages"][0]["content"];
            let expected = base64_simd::STANDARD.encode_to_string(&image);
            assert_eq!(content[0]["image"], json!({"format": "webp", "source": {"bytes": expected}}));
            assert_eq!(content[1]["text"], json!("What is it?"));
        }
    }

    #[test]
    fn nova_is_asked_for_no_more_tokens_than_it_gives() {
        let question = Question { system: None, text: "a", schema: None, is_schema_told: false, max_tokens: 128_000 };
        assert_eq!(parse(&question.text_body(NOVA))["inferenceConfig"]["maxTokens"], json!(5_000));
        let chat = conversation_body(Family::Nova, None, [("user", "Hi")].into_iter(), 128_000);
        assert_eq!(parse(&chat)["inferenceConfig"], json!({"maxTokens": 5_000}));
    }

    #[test]
    fn the_body_for_nova_has_the_shape_of_its_request_schema() {
        let schema = json!({"type": "object"});
        let mut body = ask(&schema).image_body(NOVA, "image/jpeg", 3);
        body.push(&[0xFF, 0xD8, 0xFF]);
        let body = parse(&body.finish());
        insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(body) });
    }

    #[test]
    fn text_that_looks_like_the_images_place_stays_text() {
        let question = Question {
            system: Some(r#""data":"""#),
            text: r#"{"data":""}"#,
            schema: None,
            is_schema_told: false,
            max_tokens: 1,
        };
        let mut body = question.image_body(MODERN, "image/gif", 3);
        body.push(b"GIF");
        let body = parse(&body.finish());
        assert_eq!(body["system"], json!(r#""data":"""#));
        assert_eq!(body["messages"][0]["content"][0]["source"]["data"], json!("R0lG"));
        assert_eq!(body["messages"][0]["content"][1]["text"], json!(r#"{"data":""}"#));
    }

    #[test]
    fn the_body_has_the_shape_of_the_messages_api() {
        let schema = json!({"type": "object"});
        let mut body = ask(&schema).image_body(MODERN, "image/jpeg", 3);
        body.push(&[0xFF, 0xD8, 0xFF]);
        let body = parse(&body.finish());
        insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(body) });
    }
}
