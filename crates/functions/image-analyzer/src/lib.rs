//! Answers a caller's question about an image on S3.

use serde_json::Value;
use warden_core::{
    Error,
    analysis::{self, Output},
    bedrock::Capabilities,
    fields::Fields,
    image::{ImageFormat, TokenBudget},
    intake::{Frames, Intake, Unreadable, read_image},
    ports::{Lookup, Model, ModelReply, ObjectRef, ObjectStore},
};

/// What the function needs, made once at start.
pub struct ImageAnalyzer<S, M> {
    /// Where the image is.
    pub store: S,
    /// Who is asked.
    pub model: M,
    /// What may be sent to the model.
    pub capabilities: Capabilities,
    /// Most tokens of an answer, thinking included.
    pub max_tokens: u32,
    /// Most tokens of an image that must be scaled.
    pub token_budget: TokenBudget,
}

impl<S: ObjectStore, M: Model> ImageAnalyzer<S, M> {
    /// Asks the event's `prompt` about the object that it names: the answer's
    /// text, or for `output: "full"` the model's whole response.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] before anything is called, and for an object
    /// that no model reads; [`Error::ObjectNotFound`]; those of the store and
    /// the model; [`Error::ModelOutputInvalid`] for a text that is refused, cut or missing.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        let fields = Fields::of(&event)?;
        let object = ObjectRef {
            bucket: fields.required("Bucket")?.to_owned(),
            key: fields.key("Key")?.to_owned(),
            version: None,
        };
        let question = analysis::question(fields.required("prompt")?, self.max_tokens)?;
        let output = Output::parse(fields.optional("output")?)?;

        let mut found = match self.store.open(&object).await? {
            Lookup::Found(found) => found,
            Lookup::Gone => return Err(Error::ObjectNotFound { what: object.to_string() }),
            Lookup::Sealed(seal) => return Err(Error::invalid("Key", Unreadable::Sealed(seal).problem())),
        };
        let body = match read_image(&mut found, true, &question, self.capabilities, Frames::AsTheModelSees).await? {
            Intake::Request { body, .. } => body,
            Intake::ToConvert { bytes, format } => {
                let view = warden_raster::whole_view(bytes, format, self.token_budget)
                    .map_err(|why| Error::invalid("Key", why.problem()))?;
                let mut body = question.image_body(self.capabilities, ImageFormat::Jpeg.media_type(), view.jpeg.len());
                body.push(&view.jpeg);
                body.finish()
            }
            Intake::Unreadable(why) => return Err(Error::invalid("Key", why.problem())),
            Intake::NotAnImage => return Err(Error::invalid("Key", Unreadable::NotAnImage.problem())),
        };
        match self.model.invoke(body).await? {
            ModelReply::ImageRejected => Err(Error::invalid("Key", "the model cannot read this image")),
            ModelReply::Answer { body, latency_ms } => {
                let answer = output.of(&body);
                tracing::info!(
                    bucket = object.bucket,
                    etag = found.facts.etag,
                    answered = answer.is_ok(),
                    model_id = self.model.id(),
                    latency_ms,
                    "image analysed"
                );
                answer
            }
        }
    }
}

#[cfg(test)]
mod tests;
