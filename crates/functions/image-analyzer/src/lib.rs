//! Answers a caller's question about an image on S3.

mod effort;
mod schema;

use bytes::Bytes;
use serde_json::Value;
use warden_core::{
    Error,
    analysis::{Inquiry, Output},
    bedrock::{Answer, AskedModel, Question},
    fields::RequestFields,
    image::{TokenBudget, Unreadable},
    intake::{Frames, Intake, read_image},
    ports::{Lookup, ModelAnswer, ModelReply, Models, ObjectRef, ObjectStore},
};
use warden_lambda::metrics;

use crate::schema::AnswerSchema;

/// What the function needs, made once at start.
pub struct ImageAnalyzer<S, M> {
    /// Where images are read from.
    pub store: S,
    /// The model that is asked.
    pub model: AskedModel<M>,
    /// Most tokens of an image that must be scaled.
    pub token_budget: TokenBudget,
}

impl<S: ObjectStore, M: Models> ImageAnalyzer<S, M> {
    /// Asks the event's `prompt` about the object that it names: the answer's
    /// text, for `output: "full"` the model's whole response, or with a
    /// `schema` the value that is valid under it.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] before anything is called, for an object that no
    /// model reads, and for a schema that takes too long to check an answer by; [`Error::ObjectNotFound`]; those of the store and
    /// the model; [`Error::ModelOutputInvalid`] for an answer that is refused,
    /// cut or missing, or at the second try not valid under the schema.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        let fields = RequestFields::of(&event)?;
        let object = ObjectRef {
            bucket: fields.required("Bucket")?.to_owned(),
            key: fields.key("Key")?.to_owned(),
            version: None,
        };
        let schema = fields.object("schema")?;
        let inquiry = Inquiry::new(fields.required("prompt")?, schema)?;
        let output = Output::parse(fields.optional("output")?)?;
        let schema = schema.map(AnswerSchema::new).transpose()?;
        if schema.is_some() && output == Output::Full {
            return Err(Error::invalid(
                "output",
                "is \"full\", to which a schema does not apply; leave one of them out",
            ));
        }

        let text = inquiry.text();
        let question = inquiry.question(&text, self.model.max_tokens);
        // Large, and awaited once or twice a call: on the heap.
        let answer = Box::pin(self.ask(&object, &question)).await?;
        let Some(schema) = schema else { return output.of(&answer) };
        if let Some(value) = value_under(&schema, &answer)? {
            return Ok(value);
        }
        tracing::warn!(model_id = self.model.id, "asking again after an answer that is not valid under the schema");
        let answer = Box::pin(self.ask(&object, &question)).await?;
        value_under(&schema, &answer)?.ok_or(Error::ModelOutputInvalid { problem: "it is not valid under the schema" })
    }

    /// The body of the model's answer about an object.
    async fn ask(&self, object: &ObjectRef, question: &Question<'_>) -> Result<Bytes, Error> {
        let mut found = match self.store.open(object).await? {
            Lookup::Found(found) => found,
            Lookup::Gone => return Err(Error::ObjectNotFound { what: object.to_string() }),
            Lookup::Sealed(seal) => return Err(Error::invalid("Key", Unreadable::from(seal).meaning())),
        };
        let body = match read_image(&mut found, true, question, self.model.capabilities, Frames::AsTheModelSees).await?
        {
            Intake::Request { body, .. } => body.finish(),
            Intake::ToConvert { bytes, format } => {
                let view = warden_raster::whole_view(bytes, format, self.token_budget)
                    .map_err(|why| Error::invalid("Key", why.meaning()))?;
                let mut body = question.image_body(self.model.capabilities, view.format.media_type(), view.image.len());
                body.push(&view.image);
                body.finish()
            }
            Intake::Unreadable { why, .. } => return Err(Error::invalid("Key", why.meaning())),
            Intake::NotAnImage => return Err(Error::invalid("Key", Unreadable::NotAnImage.meaning())),
        };
        match self.model.ask(body).await? {
            ModelReply::ImageRejected => Err(Error::invalid("Key", "the model cannot read this image")),
            ModelReply::TooLong => Err(Error::invalid("prompt", "is, with the image, longer than the model reads")),
            ModelReply::OverBudget => Err(Error::ModelThrottled { code: "DailyBudget".into() }),
            ModelReply::Answer(ModelAnswer { body, latency_ms }) => {
                tracing::info!(
                    bucket = object.bucket,
                    etag = found.facts.etag,
                    model_id = self.model.id,
                    latency_ms,
                    "image analysed"
                );
                let usage = Answer::parse(&body).map(|answer| answer.usage).unwrap_or_default();
                metrics::model_answer(&self.model.id, usage, latency_ms);
                Ok(body)
            }
        }
    }
}

/// The value in an answer that the model finished, if it is valid.
fn value_under(schema: &AnswerSchema, body: &[u8]) -> Result<Option<Value>, Error> {
    let answer = Answer::parse(body)?;
    let text = answer.finished_text().map_err(|why| Error::ModelOutputInvalid { problem: why.meaning() })?;
    schema.value_in(text)
}

#[cfg(test)]
mod tests;
