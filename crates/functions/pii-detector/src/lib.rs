//! Judges whether an image on S3 holds personal data.

use serde_json::Value;
use warden_core::{
    Error,
    bedrock::{Answer, Capabilities, Usage},
    fields::Fields,
    image,
    intake::{Intake, Unreadable, read_image},
    pii::{self, Detection, Judgement, ModelUse, Verdict},
    ports::{Lookup, Model, ModelReply, ObjectFacts, ObjectRef, ObjectStore},
};

/// What the function needs, made once at start.
pub struct PiiDetector<S, M> {
    /// Where the image is.
    pub store: S,
    /// Who judges it.
    pub model: M,
    /// What may be sent to the model.
    pub capabilities: Capabilities,
    /// Most tokens of an answer, thinking included.
    pub max_tokens: u32,
}

struct Request {
    object: ObjectRef,
    claims_image: bool,
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Full,
    Boolean,
}

impl Request {
    fn read(event: &Value) -> Result<Self, Error> {
        let fields = Fields::of(event)?;
        let key = fields.key("s3_key")?;
        let hint = fields.optional("media_type")?;
        Ok(Self {
            object: ObjectRef {
                bucket: fields.required("s3_bucket")?.to_owned(),
                key: key.to_owned(),
                version: fields.optional("s3_version_id")?.map(str::to_owned),
            },
            claims_image: image::media_type_of_key(key).is_some() || hint.is_some_and(|h| h.starts_with("image/")),
            output: match fields.optional("output")? {
                None | Some("full") => Output::Full,
                Some("boolean") => Output::Boolean,
                Some(_) => return Err(Error::invalid("output", "is neither \"full\" nor \"boolean\"")),
            },
        })
    }
}

impl<S: ObjectStore, M: Model> PiiDetector<S, M> {
    /// Judges the object that `event` names: the whole [`Detection`], or for
    /// `output: "boolean"` the text `"true"` or `"false"`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] before anything is called; those of the store
    /// and the model; [`Error::Undetermined`] when a boolean was asked for and
    /// nobody can tell.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        let Request { object, claims_image, output } = Request::read(&event)?;
        let detection = self.detect(object, claims_image).await?;
        log_decision(&detection);
        match output {
            Output::Full => serde_json::to_value(detection)
                .map_err(|error| Error::Internal { problem: format!("the verdict is no JSON: {error}") }),
            Output::Boolean => boolean(&detection),
        }
    }

    /// Tries once more after a malformed answer. A request takes its image with
    /// it, so the object is read anew, rather than each image kept for the rare
    /// second request; the verdict is about what was read last.
    async fn detect(&self, object: ObjectRef, claims_image: bool) -> Result<Detection, Error> {
        let first = self.try_to_detect(object.clone(), claims_image).await?;
        if !first.is_malformed() {
            return Ok(first);
        }
        tracing::warn!(model_id = self.model.id(), reason = first.reason, "asking again after a malformed answer");
        Ok(self.try_to_detect(object, claims_image).await?.after(first.model))
    }

    async fn try_to_detect(&self, object: ObjectRef, claims_image: bool) -> Result<Detection, Error> {
        let mut found = match self.store.open(&object).await? {
            Lookup::Found(found) => found,
            Lookup::Gone => return Ok(Detection::gone(object)),
            Lookup::Sealed(seal) => {
                return Ok(Detection::unreadable(object, ObjectFacts::default(), Unreadable::Sealed(seal)));
            }
        };
        let question = pii::question(self.max_tokens);
        let intake = read_image(&mut found, claims_image, &question, self.capabilities).await?;
        let facts = found.facts;
        let (body, format) = match intake {
            Intake::Request { body, format, .. } => (body, format),
            Intake::Unreadable(why) => return Ok(Detection::unreadable(object, facts, why)),
            Intake::NotAnImage => return Ok(Detection::not_image(object, facts)),
        };
        match self.model.invoke(body).await? {
            ModelReply::ImageRejected => Ok(Detection::rejected(object, facts, format.media_type())),
            ModelReply::Answer { body, latency_ms } => {
                let (judgement, usage) = match Answer::parse(&body) {
                    Ok(answer) => (pii::judge(&answer), answer.usage),
                    Err(_) => (Judgement::Undetermined("answer_malformed"), Usage::default()),
                };
                let model = ModelUse { id: self.model.id().to_owned(), usage, latency_ms };
                Ok(Detection::judged(object, facts, format.media_type(), judgement, model))
            }
        }
    }
}

fn boolean(detection: &Detection) -> Result<Value, Error> {
    match detection.verdict {
        Verdict::Pii => Ok(Value::from("true")),
        Verdict::Clean => Ok(Value::from("false")),
        Verdict::Undetermined => Err(Error::Undetermined { reason: detection.reason.unwrap_or("undetermined") }),
        Verdict::NotImage => Err(Error::Undetermined { reason: "not_an_image" }),
        Verdict::Gone => Err(Error::ObjectNotFound { what: "the object or its version".into() }),
    }
}

/// One line per decision. A key may name a person, so it stays out; the
/// version tells which object it was.
fn log_decision(detection: &Detection) {
    let model = detection.model.as_ref();
    tracing::info!(
        verdict = ?detection.verdict,
        reason = detection.reason,
        findings = detection.findings.len(),
        bucket = detection.object.bucket,
        version = detection.object.version,
        etag = detection.object.etag,
        size_bytes = detection.object.size,
        media_type = detection.object.media_type,
        model_id = model.map(|model| model.id.as_str()),
        input_tokens = model.map(|model| model.usage.input_tokens),
        output_tokens = model.map(|model| model.usage.output_tokens),
        latency_ms = model.map(|model| model.latency_ms),
        "image judged"
    );
}

#[cfg(test)]
mod tests;
