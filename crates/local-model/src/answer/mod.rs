//! What is answered to a request: its form, and its content.

mod category;
mod definition;
mod event;
mod fill;
mod instructions;
mod place;
mod polarity;
mod seen;
mod shape;
mod skeleton;
mod spot;
mod tags;
#[cfg(test)]
mod tests;
mod word;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

use crate::bedrock::exception::Kind;
use crate::bedrock::request::Role;
use crate::bedrock::{Exception, MessagesRequest, Usage};
use crate::perception::Eyes;
use crate::pii;

use event::Event;
use fill::{Knowledge, Path, fill, tokens as words_of};
use instructions::{Form, Instructions};
use seen::{Gallery, LIMITS, Picture, Topic};
use shape::Shape;
use tags::Tag;

/// An answer before the request's limits apply.
pub(crate) struct Answer {
    pub(crate) content: Content,
    /// What whoever answered counted, if it counts.
    pub(crate) usage: Option<Usage>,
    /// Whether whoever answered was stopped by `max_tokens`.
    pub(crate) cut: bool,
}

/// What an answer says.
pub(crate) enum Content {
    Text(String),
    Tool { name: String, input: Value },
    Refusal,
}

/// Answers by reading.
pub(crate) struct Reader {
    weights: PathBuf,
    eyes: OnceCell<Arc<Eyes>>,
    permits: Semaphore,
}

impl Reader {
    pub(crate) fn new(weights: PathBuf, concurrency: usize) -> Self {
        Self { weights, eyes: OnceCell::new(), permits: Semaphore::new(concurrency.max(1)) }
    }

    pub(crate) async fn answer(&self, request: Arc<MessagesRequest>) -> Result<Answer, Exception> {
        let pictures = self.look(&request).await?;
        Ok(Answer { content: compose(&request, &pictures), usage: None, cut: false })
    }

    async fn look(&self, request: &Arc<MessagesRequest>) -> Result<Vec<Picture>, Exception> {
        if request.images().next().is_none() {
            return Ok(Vec::new());
        }
        // A closed semaphore would only let everybody in, and it is never closed.
        let _permit = self.permits.acquire().await.ok();
        let eyes = Arc::clone(self.eyes.get_or_try_init(|| self.load()).await?);
        let request = Arc::clone(request);
        let look = move || request.images().map(|image| picture(&eyes, &image.decode()?)).collect();
        tokio::task::spawn_blocking(look).await.map_err(|_| broken("reading the image was interrupted"))?
    }

    async fn load(&self) -> Result<Arc<Eyes>, Exception> {
        let weights = self.weights.clone();
        let loaded = tokio::task::spawn_blocking(move || Eyes::load(&weights)).await;
        let eyes = loaded.map_err(|_| broken("loading the models was interrupted"))?;
        eyes.map(Arc::new).map_err(|error| Exception::new(Kind::InternalServer, error.to_string()))
    }
}

fn picture(eyes: &Eyes, image: &image::DynamicImage) -> Result<Picture, Exception> {
    let sight = eyes.look(image).map_err(|_| broken("the image could not be read"))?;
    let findings = pii::find(&sight);
    Ok(Picture { sight, findings })
}

fn broken(what: &str) -> Exception {
    Exception::new(Kind::ModelError, format!("The local model failed: {what}."))
}

/// Puts what was seen, or what an event says, into the form that was asked for.
fn compose(request: &MessagesRequest, pictures: &[Picture]) -> Content {
    let instructions = Instructions::read(request);
    let value = match (pictures, instructions.events.first().and_then(Event::read)) {
        ([], Some(event)) => in_form(&instructions.form, &event, None, || event::in_words(&event)),
        ([], None) => in_form(&instructions.form, &Stranger, None, || conversation(request)),
        (pictures, _) => {
            let gallery = Gallery { pictures, topic: instructions.topic };
            let judged = instructions.topic == Topic::PersonalData;
            let prose = || if judged { format!("{} {LIMITS}", gallery.reason()) } else { gallery.description() };
            in_form(&instructions.form, &gallery, gallery.answer(), prose)
        }
    };
    match (&request.forced_tool, value) {
        (Some(tool), Written::Json(input, _)) => Content::Tool { name: tool.name.clone(), input },
        (_, Written::Json(value, Some(tag))) => Content::Text(format!("<{tag}>{value}</{tag}>")),
        (_, Written::Json(value, None)) => Content::Text(value.to_string()),
        (_, Written::Text(text)) => Content::Text(text),
    }
}

enum Written {
    Json(Value, Option<String>),
    Text(String),
}

fn in_form(form: &Form, known: &dyn Knowledge, truth: Option<bool>, prose: impl FnOnce() -> String) -> Written {
    match form {
        Form::Json(shape, tag) => Written::Json(fill(shape, &Path::new(), known), tag.clone()),
        Form::Tags(tags) => Written::Text(tagged(tags, &Path::new(), known, &prose())),
        Form::Word { so, not } => match truth.or_else(|| known.truth(&Path::new(), "")) {
            Some(true) => Written::Text(so.clone()),
            Some(false) => Written::Text(not.clone()),
            None => Written::Text(prose()),
        },
        Form::Prose => Written::Text(prose()),
    }
}

fn tagged(tags: &[Tag], path: &Path, known: &dyn Knowledge, prose: &str) -> String {
    let mut text = String::new();
    for (index, tag) in tags.iter().enumerate() {
        let mut path = path.clone();
        path.push(words_of(&tag.name));
        let inside = if tag.inner.is_empty() {
            let shape: Shape = skeleton::of_text(&tag.example);
            match fill(&shape, &path, known) {
                Value::String(text) if text.is_empty() => prose.to_owned(),
                Value::String(text) => text,
                Value::Null => String::new(),
                Value::Bool(flag) => polarity::word_like(&tag.example, flag),
                value => value.to_string(),
            }
        } else {
            tagged(&tag.inner, &path, known, prose)
        };
        text.extend(["<", &tag.name, ">", &inside, "</", &tag.name, ">"]);
        if tag.line_break && index + 1 < tags.len() {
            text.push('\n');
        }
    }
    text
}

/// Knows only what it is: for questions without an image or an event.
struct Stranger;

fn stranger() -> String {
    "I am a local stand-in for a model, made for development. I read text and find faces in images, judge whether they \
     are personal data, and summarise CloudTrail events. I cannot answer other questions."
        .to_owned()
}

/// What can be said in a conversation: who speaks, and what was understood.
fn conversation(request: &MessagesRequest) -> String {
    const MOST: usize = 200;
    let question = request.question().split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted: String = question.chars().take(MOST).collect();
    let more = if quoted.len() < question.len() { "…" } else { "" };
    let number = request.turns.iter().filter(|turn| turn.role == Role::User).count();
    format!("{} Your message, number {number} of this conversation, says: “{quoted}{more}”", stranger())
}

impl Knowledge for Stranger {
    fn text(&self, _: &Path, _: &str) -> Option<String> {
        Some(stranger())
    }
}

/// Roughly the tokens of a text: four ASCII characters, or one other, make one.
pub(crate) fn tokens(text: &str) -> u64 {
    let ascii = text.chars().filter(char::is_ascii).count();
    let other = text.chars().count() - ascii;
    u64::try_from(ascii.div_ceil(4) + other).unwrap_or(u64::MAX)
}

/// Where a text must end to have no more than `most` tokens, if it has more.
pub(crate) fn end_of_tokens(text: &str, most: u64) -> Option<usize> {
    let (mut ascii, mut other) = (0_u64, 0_u64);
    text.char_indices().find_map(|(at, c)| {
        *(if c.is_ascii() { &mut ascii } else { &mut other }) += 1;
        (ascii.div_ceil(4) + other > most).then_some(at)
    })
}
