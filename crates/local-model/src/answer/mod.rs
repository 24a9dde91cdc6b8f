//! What is answered to a request: what is known of its image or event, as JSON in the
//! form that it asks for, or in sentences.

mod event;
mod facts;
mod fill;
mod form;
mod picture;
mod seen;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;

use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};
use warden_perception::Perception;

use crate::bedrock::exception::Kind;
use crate::bedrock::request::Role;
use crate::bedrock::{Exception, MessagesRequest, Usage};
use facts::Facts;
use form::Form;
use picture::Picture;
use seen::Seen;

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
    perception: OnceCell<Arc<Perception>>,
    seen: Arc<Seen>,
    permits: Arc<Semaphore>,
}

impl Reader {
    pub(crate) fn new(weights: PathBuf, concurrency: usize) -> Self {
        let permits = Arc::new(Semaphore::new(concurrency.max(1)));
        Self { weights, perception: OnceCell::new(), seen: Arc::default(), permits }
    }

    pub(crate) async fn answer(&self, request: Arc<MessagesRequest>) -> Result<Answer, Exception> {
        let pictures = self.look(&request).await?;
        Ok(Answer { content: compose(&request, &pictures), usage: None, cut: false })
    }

    async fn look(&self, request: &Arc<MessagesRequest>) -> Result<Vec<Picture>, Exception> {
        if request.images().next().is_none() {
            return Ok(Vec::new());
        }
        // Whoever leaves while this waits is not read for. A closed semaphore would only let everybody in, and it is
        // never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let perception = Arc::clone(self.perception.get_or_try_init(|| self.load()).await?);
        let (request, seen) = (Arc::clone(request), Arc::clone(&self.seen));
        let look = move || {
            // A reading that was begun goes on when its caller leaves, and the next waits for its end.
            let _permit = permit;
            let picture = |image: &image::DynamicImage| {
                perception.look(image).map(Picture::new).map_err(|_| broken("the image could not be read"))
            };
            request.images().map(|image| seen.picture(&image.bytes, || picture(&image.decode()?))).collect()
        };
        tokio::task::spawn_blocking(look).await.map_err(|_| broken("reading the image was interrupted"))?
    }

    async fn load(&self) -> Result<Arc<Perception>, Exception> {
        let weights = self.weights.clone();
        let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let loaded = tokio::task::spawn_blocking(move || Perception::load(&weights, threads)).await;
        let perception = loaded.map_err(|_| broken("loading the models was interrupted"))?;
        perception.map(Arc::new).map_err(|error| Exception::new(Kind::InternalServer, error.to_string()))
    }
}

fn broken(what: &str) -> Exception {
    Exception::new(Kind::ModelError, format!("The local model failed: {what}."))
}

/// Puts what is known into the form that is asked for: by a forced tool, by a schema,
/// or by an example in the prompt. Without one, it is said in sentences.
fn compose(request: &MessagesRequest, pictures: &[Picture]) -> Content {
    let (prompt, event) = event::set_apart(&format!("{}\n{}", request.system, request.question()));
    let (facts, sentences) = match (pictures, event) {
        ([], None) => (Facts::of_nothing(STRANGER), conversation(request)),
        ([], Some(event)) => (event::facts(&event), event::sentence(&event)),
        (pictures, _) => (picture::facts(pictures), picture::description(pictures)),
    };
    if let Some(tool) = &request.forced_tool {
        let input = fill::fill(&Form::of_schema(&tool.input_schema), &facts);
        return Content::Tool { name: tool.name.clone(), input };
    }
    let form = request.schema.as_ref().map(Form::of_schema).or_else(|| Form::of_example(&prompt));
    Content::Text(form.map_or(sentences, |form| fill::fill(&form, &facts).to_string()))
}

/// What is said to questions without an image or an event.
const STRANGER: &str = "I am a local stand-in for a model, made for development. I read text and find faces in images, judge whether they \
     are personal data, and summarise CloudTrail events. I cannot answer other questions.";

/// What can be said in a conversation: who speaks, and what was understood.
fn conversation(request: &MessagesRequest) -> String {
    const MOST: usize = 200;
    let question = request.question().split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted: String = question.chars().take(MOST).collect();
    let more = if quoted.len() < question.len() { "…" } else { "" };
    let number = request.turns.iter().filter(|turn| turn.role == Role::User).count();
    format!("{STRANGER} Your message, number {number} of this conversation, says: “{quoted}{more}”")
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
