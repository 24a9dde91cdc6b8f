//! Summarises and rates an audited event.

use serde_json::Value;
use warden_core::{
    Error,
    audit::{
        JudgeDocuments,
        summary::{self, Opinion, SummarizeWithModel, Summary},
    },
    backfill::gathered_by,
    bedrock::{Answer, AskedModel, answer::Unusable},
    cloudtrail::{Event, UploadsToJudge},
    hashed::fingerprint,
    ports::{ModelAnswer, ModelReply, Models},
    threat::{Floor, RuleSet},
};
use warden_lambda::metrics;

/// What the function needs, made once at start.
pub struct LogSummarizer<M> {
    /// Who writes the summary and may raise the threat level; without one the
    /// record and the rules speak alone.
    pub model: Option<AskedModel<M>>,
    /// Which events it is asked about.
    pub asked: SummarizeWithModel,
    /// What sets the least threat level.
    pub rules: RuleSet,
    /// Which uploads are handed on to be judged.
    pub uploads: UploadsToJudge,
    /// Whether documents are among them.
    pub documents: JudgeDocuments,
}

impl<M: Models> LogSummarizer<M> {
    /// Summarises and rates an `EventBridge` event that carries a `CloudTrail`
    /// record, a bare record, or S3's "Object Created". Wrapped as
    /// `{"without_model": true, "event": …}` it is summarised without asking the model:
    /// for a caller whose calls of the model have failed for good.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] before the model is asked, and those of the
    /// model. When its answer cannot be used, the summary is made from
    /// the record.
    pub async fn handle(&self, event: Value) -> Result<Summary, Error> {
        let (event, model) = match without_model(event) {
            Ok(event) => (event, None),
            Err(event) => (event, self.model.as_ref()),
        };
        let backfill = gathered_by(&event).map(str::to_owned);
        let event = Event::read(&event)?;
        let floor = self.rules.rate(&event);
        // What was there before is no event that a model could rate.
        let asks = backfill.is_none() && self.asked.asks(&event, &floor);
        let opinion = match model.filter(|_| asks) {
            None => None,
            Some(model) => self.ask(model, &event, &floor).await?,
        };
        let concluded = summary::conclude(&event, floor, self.uploads, self.documents, opinion);
        let summary = Summary { backfill, ..concluded };
        log_summary(&summary);
        metrics::event(summary.threat_level);
        Ok(summary)
    }

    /// What the model says; `None` if that cannot be used.
    async fn ask(&self, model: &AskedModel<M>, event: &Event<'_>, floor: &Floor) -> Result<Option<Opinion>, Error> {
        let prompt = summary::prompt(event, floor);
        let body = summary::question(&prompt, model.max_tokens).text_body(model.capabilities);
        let opinion = match model.ask(body).await? {
            ModelReply::Answer(ModelAnswer { body, latency_ms }) => {
                let usage = Answer::parse(&body).map(|answer| answer.usage).unwrap_or_default();
                metrics::model_answer(&model.id, usage, latency_ms);
                Opinion::read(&body)
            }
            // The record and the rules speak alone, as without a model.
            ModelReply::OverBudget => return Ok(None),
            // No image was sent, and the prompt is bounded: this says nothing about the event.
            ModelReply::ImageRejected | ModelReply::TooLong => Err(Unusable::Malformed),
        };
        if let Err(reason) = &opinion {
            tracing::warn!(
                event_id = event.id,
                reason = reason.as_str(),
                "the model's answer was not usable; the summary is made from the record"
            );
        }
        Ok(opinion.ok())
    }
}

/// The event inside a request to tell it without a model; any other request as
/// it came. No event has these two names alone at its top.
fn without_model(mut request: Value) -> Result<Value, Value> {
    match request.as_object_mut() {
        Some(fields) if fields.len() == 2 && fields.get("without_model") == Some(&Value::Bool(true)) => {
            fields.remove("event").ok_or(request)
        }
        _ => Err(request),
    }
}

/// One line per event. Keys and actors may name people, so they stay out; the
/// event's id tells which event it was.
fn log_summary(summary: &Summary) {
    tracing::info!(
        event_id = summary.event_id,
        object =
            summary.s3_bucket.as_deref().zip(summary.s3_key.as_deref()).map(|(bucket, key)| fingerprint(bucket, key)),
        threat_level = summary.threat_level.as_str(),
        threat_floor = summary.threat_floor.as_str(),
        matched_rules = summary.matched_rules.len(),
        is_image_upload = summary.is_image_upload,
        judge = summary.judge,
        "event summarised"
    );
}

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod tests;
