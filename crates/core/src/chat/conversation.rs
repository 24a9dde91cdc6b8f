//! What a caller asks: the JSON body of a request.

use serde_json::{Map, Value};

use super::{Offer, tokens::estimated};
use crate::{
    bedrock::{Family, ModelId, conversation_body},
    error::Error,
    fields::kind,
};

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The caller.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// Its name in every protocol.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// What one side said, until the other spoke. Content, so there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// What.
    pub text: String,
}

/// A chat so far, which the model continues. Content, so there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The model that is asked.
    pub model: ModelId,
    /// The role and rules that the model is given.
    pub system: Option<String>,
    /// The turns, the user's first and last, one side after the other.
    pub turns: Vec<Turn>,
    /// Most tokens of the answer.
    pub max_tokens: u32,
}

const FIELDS: [&str; 5] = ["prompt", "messages", "system", "max_tokens", "model"];

/// Most messages of a conversation.
const MAX_MESSAGES: usize = 10_000;
/// Most brackets, commas and colons of a body: those of so many messages. What they stand for takes some hundred times the
/// memory of its text, so that a body within the limit of its bytes could use up the function's.
const MAX_MARKS: usize = 5 * MAX_MESSAGES + 16;

/// Most characters of a name that an error repeats.
const MAX_NAME_CHARS: usize = 40;

impl Conversation {
    /// Reads a request's body.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for what is no JSON object, a field that is not
    /// known, missing or of another kind, more than 10,000 messages, and for what is not on offer.
    pub fn read(body: &[u8], offer: &Offer) -> Result<Self, Error> {
        if body.is_empty() {
            return Err(Error::invalid("body", "is empty"));
        }
        if marks(body) > MAX_MARKS {
            return Err(Error::invalid("body", format!("has too many parts: at most {MAX_MESSAGES} messages")));
        }
        let body: Value = serde_json::from_slice(body).map_err(|error| {
            let problem = format!("is not JSON: see line {}, column {}", error.line(), error.column());
            Error::invalid("body", problem)
        })?;
        let Value::Object(mut fields) = body else {
            return Err(Error::invalid("body", format!("is {}, not a JSON object", kind(&body))));
        };
        if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            let name: String = unknown.chars().take(MAX_NAME_CHARS).collect();
            return Err(Error::invalid(
                "body",
                format!("has an unknown field {name:?}; known are {}", FIELDS.join(", ")),
            ));
        }
        let turns = match (present(&mut fields, "prompt"), present(&mut fields, "messages")) {
            (Some(prompt), None) => vec![Turn { role: Role::User, text: text("prompt", prompt)? }],
            (None, Some(messages)) => turns(messages)?,
            (None, None) => return Err(Error::invalid("prompt", "is missing, and so is messages: send one of them")),
            (Some(_), Some(_)) => {
                return Err(Error::invalid("prompt", "and messages are both there: send one of them"));
            }
        };
        Ok(Self {
            model: match present(&mut fields, "model") {
                None => offer.default_model.clone(),
                Some(Value::String(name)) => offer
                    .named(&name)
                    .ok_or_else(|| Error::invalid("model", "is not offered; GET /models lists those that are"))?
                    .clone(),
                Some(other) => return Err(not_a("string", "model", &other)),
            },
            system: present(&mut fields, "system").map(|system| text("system", system)).transpose()?,
            max_tokens: match present(&mut fields, "max_tokens") {
                None => offer.max_tokens,
                Some(number) => number
                    .as_u64()
                    .and_then(|number| u32::try_from(number).ok())
                    .filter(|number| (1..=offer.max_tokens).contains(number))
                    .ok_or_else(|| {
                        Error::invalid("max_tokens", format!("is not a whole number from 1 to {}", offer.max_tokens))
                    })?,
            },
            turns,
        })
    }
}

impl Conversation {
    /// The body of `InvokeModel` that continues it.
    #[must_use]
    pub fn bedrock_body(&self) -> Vec<u8> {
        let turns = self.turns.iter().map(|turn| (turn.role.as_str(), &*turn.text));
        conversation_body(Family::of(&self.model.base), self.system.as_deref(), turns, self.max_tokens)
    }

    /// About how many tokens its texts are.
    #[must_use]
    pub fn estimated_tokens(&self) -> u64 {
        let texts = self.system.iter().chain(self.turns.iter().map(|turn| &turn.text));
        estimated(texts.map(|text| text.len() as u64).sum())
    }
}

/// A field's value; null is no value.
fn present(fields: &mut Map<String, Value>, name: &str) -> Option<Value> {
    fields.remove(name).filter(|value| !value.is_null())
}

fn not_a(expected: &str, field: &'static str, value: &Value) -> Error {
    Error::invalid(field, format!("is {}, not a {expected}", kind(value)))
}

fn text(field: &'static str, value: Value) -> Result<String, Error> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err(Error::invalid(field, "is blank")),
        Value::String(text) => Ok(text),
        other => Err(not_a("string", field, &other)),
    }
}

/// The brackets, commas and colons of a JSON text, outside its strings.
fn marks(json: &[u8]) -> usize {
    let (mut marks, mut in_string, mut escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' | b'[' | b',' | b':' if !in_string => marks += 1,
            _ => {}
        }
    }
    marks
}

fn turns(messages: Value) -> Result<Vec<Turn>, Error> {
    let Value::Array(messages) = messages else { return Err(not_a("list", "messages", &messages)) };
    if messages.len() > MAX_MESSAGES {
        return Err(Error::invalid("messages", format!("are {}; at most {MAX_MESSAGES}", messages.len())));
    }
    let mut turns: Vec<Turn> = Vec::with_capacity(messages.len());
    for (at, message) in messages.into_iter().enumerate() {
        let turn =
            turn(message).map_err(|problem| Error::invalid("messages", format!("number {}: {problem}", at + 1)))?;
        match turns.last_mut() {
            // Some models refuse a side that speaks twice.
            Some(last) if last.role == turn.role => {
                last.text.push_str("\n\n");
                last.text.push_str(&turn.text);
            }
            _ => turns.push(turn),
        }
    }
    let is_users = |turn: Option<&Turn>| turn.is_some_and(|turn| turn.role == Role::User);
    if !is_users(turns.first()) || !is_users(turns.last()) {
        return Err(Error::invalid("messages", "must begin and end with one whose role is user"));
    }
    Ok(turns)
}

fn turn(message: Value) -> Result<Turn, String> {
    let Value::Object(mut message) = message else { return Err(format!("is {}, not an object", kind(&message))) };
    let role = match message.remove("role").as_ref().and_then(Value::as_str) {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => return Err("role is neither user nor assistant".into()),
    };
    let text = match message.remove("content") {
        Some(Value::String(text)) if text.trim().is_empty() => return Err("content is blank".into()),
        Some(Value::String(text)) => text,
        Some(other) => return Err(format!("content is {}, not a string", kind(&other))),
        None => return Err("content is missing".into()),
    };
    match message.keys().next() {
        None => Ok(Turn { role, text }),
        Some(unknown) => {
            let name: String = unknown.chars().take(MAX_NAME_CHARS).collect();
            Err(format!("has an unknown field {name:?}; known are role, content"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn offer() -> Offer {
        Offer { default_model: "small".into(), models: vec!["small".into(), "large".into()], max_tokens: 4096 }
    }

    fn read(body: &Value) -> Result<Conversation, Error> {
        Conversation::read(body.to_string().as_bytes(), &offer())
    }

    #[test]
    fn a_prompt_alone_is_one_turn_for_the_default_model() {
        let chat = read(&json!({"prompt": "\u{c57c} \u{c548}\u{b155}?", "system": null})).unwrap();
        assert!(chat.turns == [Turn { role: Role::User, text: "\u{c57c} \u{c548}\u{b155}?".into() }]);
        assert_eq!((chat.model.name(), chat.max_tokens, chat.system), ("small", 4096, None));
    }

    #[test]
    fn a_history_keeps_its_order_and_a_side_that_speaks_twice_speaks_once() {
        let messages = [("user", "a"), ("assistant", "b"), ("user", "c"), ("user", "d")]
            .map(|(role, content)| json!({"role": role, "content": content}));
        let chat = read(&json!({"messages": messages, "system": "s", "max_tokens": 7, "model": "large"})).unwrap();
        let turns: Vec<_> = chat.turns.iter().map(|turn| (turn.role, turn.text.as_str())).collect();
        assert_eq!(turns, [(Role::User, "a"), (Role::Assistant, "b"), (Role::User, "c\n\nd")]);
        assert_eq!((chat.model.name(), chat.max_tokens, chat.system.as_deref()), ("large", 7, Some("s")));
    }

    #[test]
    fn a_bad_request_says_what_is_wrong_and_repeats_no_content() {
        let user = json!({"role": "user", "content": "secret"});
        for (body, expected) in [
            (json!(["secret"]), "body: is an array, not a JSON object"),
            (json!({}), "prompt: is missing, and so is messages: send one of them"),
            (json!({"prompt": "secret", "messages": []}), "prompt: and messages are both there: send one of them"),
            (json!({"prompt": " \n"}), "prompt: is blank"),
            (json!({"prompt": ["secret"]}), "prompt: is an array, not a string"),
            (json!({"messages": "secret"}), "messages: is a string, not a list"),
            (json!({"messages": []}), "messages: must begin and end with one whose role is user"),
            (
                json!({"messages": [user, {"role": "assistant", "content": "secret"}]}),
                "messages: must begin and end with one whose role is user",
            ),
            (json!({"messages": ["secret"]}), "messages: number 1: is a string, not an object"),
            (
                json!({"messages": [user, {"role": "system", "content": "secret"}]}),
                "messages: number 2: role is neither user nor assistant",
            ),
            (json!({"messages": [{"role": "user"}]}), "messages: number 1: content is missing"),
            (json!({"messages": [{"role": "user", "content": ""}]}), "messages: number 1: content is blank"),
            (
                json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "secret"}]}]}),
                "messages: number 1: content is an array, not a string",
            ),
            (
                json!({"messages": [{"role": "user", "content": "secret", "name": "secret"}]}),
                "messages: number 1: has an unknown field \"name\"; known are role, content",
            ),
            (
                json!({"prompt": "secret", "temperature": 1}),
                "body: has an unknown field \"temperature\"; known are prompt, messages, system, max_tokens, model",
            ),
            (json!({"prompt": "secret", "model": "secret"}), "model: is not offered; GET /models lists those that are"),
            (json!({"prompt": "secret", "model": 7}), "model: is a number, not a string"),
            (json!({"prompt": "secret", "system": {"a": "secret"}}), "system: is an object, not a string"),
            (json!({"prompt": "secret", "max_tokens": 0}), "max_tokens: is not a whole number from 1 to 4096"),
            (json!({"prompt": "secret", "max_tokens": 4097}), "max_tokens: is not a whole number from 1 to 4096"),
            (json!({"prompt": "secret", "max_tokens": 1.5}), "max_tokens: is not a whole number from 1 to 4096"),
        ] {
            let error = read(&body).err().unwrap();
            assert_eq!(error.to_string(), expected, "{body}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn what_is_no_json_says_where() {
        for (body, expected) in [
            (&b"prompt=secret"[..], "body: is not JSON: see line 1, column 1"),
            (b"{\n \"prompt\": \"secret", "body: is not JSON: see line 2, column 18"),
            (b"", "body: is empty"),
            (b"{\"prompt\": \"\xff\"}", "body: is not JSON: see line 1, column 13"),
        ] {
            assert_eq!(Conversation::read(body, &offer()).err().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_body_of_many_parts_is_refused_before_they_take_memory() {
        let messages = |number: usize| {
            let message = json!({"role": "user", "content": "{[,:\\\"{[,:"});
            json!({"messages": vec![message; number], "system": "s", "max_tokens": 7, "model": "large"}).to_string()
        };
        let read = |body: &str| Conversation::read(body.as_bytes(), &offer()).err().map(|error| error.to_string());
        assert_eq!(read(&messages(MAX_MESSAGES)), None);
        assert!(read(&messages(MAX_MESSAGES + 1)).is_some_and(|error| error.contains("at most 10000")));
        for many in [format!("[{}]", vec!["{\"a\":1}"; 100_000].join(",")), "[".repeat(100_000), "0,".repeat(100_000)] {
            let body = format!("{{\"messages\":{many}}}");
            assert_eq!(read(&body).unwrap(), "body: has too many parts: at most 10000 messages");
        }
        // What is said may be of any characters.
        assert_eq!(read(&json!({"prompt": "[,".repeat(200_000)}).to_string()), None);
    }

    #[test]
    fn an_unknown_name_is_not_repeated_at_any_length() {
        let error = read(&json!({"x".repeat(1_000_000): 1})).err().unwrap();
        assert!(error.to_string().len() < 200);
    }
}
