//! The record of an event in the ledger.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{AskedModel, Effect, Facts, Outcome, Progress, alert::shown, time};
use crate::{
    bedrock::{TokenPrices, Usage},
    threat::ThreatLevel,
};

/// What an event's record costs and how long it is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LedgerSettings {
    /// Days until a completed record expires.
    pub days: u32,
    /// What a million tokens into and out of pii-detector's model cost, in US
    /// dollars; without it no cost is kept.
    pub token_prices: Option<TokenPrices>,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self { days: 400, token_prices: None }
    }
}

/// An audit at its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended<'a> {
    pub progress: &'a Progress,
    pub facts: &'a Facts,
    pub outcome: &'a Outcome,
    /// The execution's ARN.
    pub execution: Option<&'a str>,
    /// When it began, RFC 3339.
    pub started: Option<&'a str>,
    /// The exception that silences its mail.
    pub silenced_by: Option<&'a str>,
    /// The backfill whose report tells of it.
    pub backfill: Option<&'a str>,
}

impl Ended<'_> {
    /// The model that was asked, of a judgement that counts.
    fn model(&self) -> Option<&AskedModel> {
        self.progress.detection.as_ref().filter(|_| self.outcome.verdict.is_some())?.model.as_ref()
    }

    /// What the model's answer cost, in US dollars, as far as its price is known.
    pub(super) fn cost_usd(&self, settings: LedgerSettings) -> Option<f64> {
        let (prices, model) = (settings.token_prices?, self.model()?);
        let usage = Usage {
            input_tokens: model.input_tokens.unwrap_or_default(),
            output_tokens: model.output_tokens.unwrap_or_default(),
        };
        Some(prices.cost(usage))
    }
}

/// How far the audit of an event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// It came to its end.
    Complete,
    /// It did not. A replay of the event takes the record up.
    Failed,
    /// The day's budget was spent before a model was asked. A further audit takes the record up.
    Held,
}

/// What is kept of an event beside its key. A fact that is unknown is left out.
#[derive(Serialize)]
struct Kept<'a> {
    status: Status,
    execution: Option<&'a str>,
    claimed_at: Option<&'a str>,
    completed_at: String,
    seconds: Option<f64>,
    expires: i64,
    event_id: Option<String>,
    event_title: Option<String>,
    event_time: Option<String>,
    actor: Option<String>,
    source_ip: Option<String>,
    threat_level: &'static str,
    matched_rules: Vec<String>,
    verdict: &'static str,
    reason: Option<String>,
    categories: Vec<&'a str>,
    action: &'static str,
    /// Set only where the object had been replaced, which the machine takes for a failure. It writes every other effect.
    acted: Option<Effect>,
    s3_bucket: Option<&'a str>,
    s3_key: Option<&'a str>,
    s3_version_id: Option<&'a str>,
    etag: Option<&'a str>,
    size: Option<u64>,
    media_type: Option<&'a str>,
    sha256: Option<&'a str>,
    model: Option<&'a str>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cost_usd: Option<f64>,
    judged_before: Option<bool>,
    quarantine_key: Option<&'a str>,
    clean_copy: Option<String>,
    silenced_by: Option<&'a str>,
    backfill: Option<&'a str>,
    /// The backfill, of an object that its report names: the key of an index that holds no others.
    high_of: Option<&'a str>,
    summarize_error: Option<String>,
    failed_in: Option<String>,
    error: Option<String>,
}

/// What the ledger keeps of an event beside its key, as attributes of `DynamoDB`. It holds categories of
/// what was found, never a value. It is written at `now`, in milliseconds since 1970.
pub(super) fn item(now: i64, ended: &Ended<'_>, settings: LedgerSettings) -> Map<String, Value> {
    let Ended { progress, facts, outcome, execution, started, silenced_by, backfill } = *ended;
    let judged = progress.detection.as_ref().filter(|_| outcome.verdict.is_some());
    let object = judged.map(|judged| &judged.object);
    let model = ended.model();
    let began = started.and_then(time::unix_millis);
    let mut categories: Vec<_> =
        judged.iter().flat_map(|judged| &judged.findings).map(|finding| finding.category.as_str()).collect();
    categories.sort_unstable();
    categories.dedup();
    let text = |fact: &Option<String>| shown(fact.as_deref());
    let failure = progress.failure();
    let is_high = failure.is_none() && outcome.threat_level == ThreatLevel::High;
    let kept = Kept {
        status: match failure {
            Some(_) => Status::Failed,
            None if outcome.is_held_back() => Status::Held,
            None => Status::Complete,
        },
        execution,
        claimed_at: started,
        completed_at: time::rfc3339_millis(now),
        seconds: began.and_then(|began| Some(f64::from(i32::try_from(now - began).ok()?) / 1e3)),
        expires: now / 1_000 + i64::from(settings.days) * 86_400,
        event_id: text(&facts.event_id),
        event_title: text(&facts.event_title),
        event_time: text(&facts.event_time),
        actor: text(&facts.actor),
        source_ip: text(&facts.source_ip),
        threat_level: outcome.threat_level.as_str(),
        matched_rules: facts.matched_rules.iter().filter_map(|rule| shown(Some(&rule.title))).collect(),
        verdict: outcome.verdict.map_or("none", crate::pii::Verdict::as_str),
        reason: text(&outcome.reason),
        categories,
        action: outcome.action.as_str(),
        acted: progress.effect.filter(|effect| *effect == Effect::ObjectChanged),
        s3_bucket: facts.s3_bucket.as_deref(),
        s3_key: facts.s3_key.as_deref(),
        s3_version_id: object.and_then(|object| object.version.as_deref()).or(facts.s3_version_id.as_deref()),
        etag: object.and_then(|object| object.etag.as_deref()),
        size: object.and_then(|object| object.size),
        media_type: object.and_then(|object| object.media_type.as_deref()),
        sha256: object.and_then(|object| object.sha256.as_deref()),
        model: model.map(|model| model.id.as_str()),
        input_tokens: model.and_then(|model| model.input_tokens),
        output_tokens: model.and_then(|model| model.output_tokens),
        cost_usd: ended.cost_usd(settings),
        judged_before: judged.map(|judged| judged.judged_before).filter(|before| *before),
        // The machine names the copy as its execution.
        quarantine_key: execution.and_then(|arn| arn.rsplit(':').next()).filter(|_| outcome.copied),
        clean_copy: judged
            .and_then(|judged| judged.clean_copy.as_ref())
            .map(|copy| format!("s3://{}/{}", copy.bucket, copy.key)),
        silenced_by,
        backfill,
        high_of: backfill.filter(|_| is_high),
        summarize_error: text(&progress.summarize_error),
        failed_in: failure.and(shown(progress.failed_in.as_deref())),
        error: failure.and_then(|failure| shown(failure.error.as_deref())),
    };
    // Every field of it is a plain value.
    let Ok(Value::Object(kept)) = serde_json::to_value(&kept) else { return Map::new() };
    kept.into_iter().filter_map(|(name, value)| Some((name, attribute(value)?))).collect()
}

/// A value as `DynamoDB` writes it; none for null, and for an empty list.
fn attribute(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(json!({"BOOL": flag})),
        Value::Number(number) => Some(json!({"N": number.to_string()})),
        Value::String(text) => Some(json!({"S": text})),
        Value::Array(values) if values.is_empty() => None,
        Value::Array(values) => Some(json!({"L": values.into_iter().filter_map(attribute).collect::<Vec<_>>()})),
        Value::Object(fields) => {
            let fields = fields.into_iter().filter_map(|(name, value)| Some((name, attribute(value)?)));
            Some(json!({"M": fields.collect::<Map<_, _>>()}))
        }
    }
}
