//! Claims, summarises and rates an audited event.

mod request;

use request::Request;
use serde::Serialize;
use serde_json::Value;
use warden_core::{
    Error,
    audit::{
        JudgeDocuments,
        summary::{self, Opinion, SummarizeWithModel, Summary},
    },
    backfill::gathered_by,
    bedrock::{self, AskedModel, answer::Unusable},
    cloudtrail::{Event, UploadsToJudge},
    hashed::fingerprint,
    ports::{Claims, ModelAnswer, ModelReply, Models},
    threat::{Floor, RuleSet},
};
use warden_lambda::{
    claims::{Claim, Claiming},
    metrics,
};

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

/// What is answered of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Another execution has it, or had it: there is nothing to do.
    Duplicate {
        /// Always true.
        duplicate: bool,
    },
    /// What happened.
    Summary(Box<Summary>),
}

/// Answers a request: an event as it came, or wrapped as `{"event": …, "claim": {"execution": …, "started": …}}`, which
/// is claimed first, for that execution. With `"without_model": true` beside the event the model is not asked: for a
/// caller whose calls of it have failed for good.
///
/// # Errors
/// Those of [`Claiming::claim`] and of [`LogSummarizer::summarize`], and [`Error::Internal`] for a claim where there is no
/// ledger.
pub async fn answer<M: Models, L: Claims>(
    summarizer: &LogSummarizer<M>,
    claiming: Option<&Claiming<L>>,
    request: Value,
) -> Result<Answer, Error> {
    let Request { event, claimant, without_model } = Request::read(request);
    let claim = match (&claimant, claiming) {
        (None, _) => None,
        (Some(by), Some(claiming)) => Some(claiming.claim(&event, by, without_model).await?),
        (Some(_), None) => {
            return Err(Error::Internal { problem: "LEDGER_NAME is missing: nothing can be claimed".into() });
        }
    };
    let (claim, unclaimed) = match claim {
        Some(Claim::Duplicate) => return Ok(Answer::Duplicate { duplicate: true }),
        Some(Claim::Made(key)) => (Some(key), false),
        Some(Claim::Unclaimed) => (None, true),
        None => (None, false),
    };
    let summary = summarizer.summarize(&event, !without_model).await?;
    Ok(Answer::Summary(Box::new(Summary { claim, unclaimed, ..summary })))
}

impl<M: Models> LogSummarizer<M> {
    /// Summarises and rates an `EventBridge` event that carries a `CloudTrail`
    /// record, a bare record, or S3's "Object Created".
    ///
    /// # Errors
    /// [`Error::InvalidInput`] before the model is asked, and those of the
    /// model. When its answer cannot be used, the summary is made from
    /// the record.
    pub async fn summarize(&self, event: &Value, asks_model: bool) -> Result<Summary, Error> {
        let backfill = gathered_by(event).map(str::to_owned);
        let model = self.model.as_ref().filter(|_| asks_model);
        let event = Event::read(event)?;
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
                let usage = bedrock::Answer::parse(&body).map(|answer| answer.usage).unwrap_or_default();
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
