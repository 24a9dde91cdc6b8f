//! How far one execution of the state machine came.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Alert, Effect, Exceptions, Facts, Judged, Language, LedgerSettings, Outcome,
    alert::Source,
    ledger::{self, Ended},
    lenient, stand_in, time,
};
use crate::{Error, backfill::is_id};

/// What alert-composer is asked: the audit of one event so far.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// What log-summarizer answered; `None` if it did not.
    #[serde(deserialize_with = "lenient::or_default")]
    pub summary: Option<Facts>,
    /// With which error the summary failed before it was made without the model.
    #[serde(deserialize_with = "lenient::text")]
    pub summarize_error: Option<String>,
    /// What pii-detector answered; `None` if it was not asked, or failed.
    #[serde(deserialize_with = "lenient::or_default")]
    pub detection: Option<Judged>,
    /// How the action ended, if one was tried.
    #[serde(rename = "deletion", deserialize_with = "lenient::or_default")]
    pub effect: Option<Effect>,
    /// The state that failed for good.
    #[serde(deserialize_with = "lenient::text")]
    pub failed_in: Option<String>,
    /// What the state that failed left behind. What a state that did not fail leaves
    /// stands here too, and says nothing.
    #[serde(rename = "failure", deserialize_with = "lenient::or_default")]
    pub left: ErrorOutput,
}

/// The state that deletes an object as long as it is the one that was judged.
const DELETE_UNLESS_CHANGED: &str = "Delete unless changed";

impl Progress {
    /// The same, where a deletion did not find the object that was judged: no failure, as the one that took its place
    /// has an event of its own. What is not `told` remains one, for a replay to take up.
    #[must_use]
    fn settled(self, told: bool) -> Self {
        if self.failed_in.as_deref() != Some(DELETE_UNLESS_CHANGED) || !self.left.is_failed_precondition() {
            return self;
        }
        let left = if told { ErrorOutput::default() } else { self.left };
        Self { effect: Some(Effect::ObjectChanged), failed_in: None, left, ..self }
    }

    /// Why the audit could not go on; `None` if it came to its end.
    #[must_use]
    pub const fn failure(&self) -> Option<&ErrorOutput> {
        if self.failed_in.is_some() || self.left.error.is_some() { Some(&self.left) } else { None }
    }
}

/// An error as Step Functions reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ErrorOutput {
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    pub error: Option<String>,
    /// A text, or what a function answered as JSON.
    #[serde(deserialize_with = "lenient::text")]
    pub cause: Option<String>,
}

impl ErrorOutput {
    /// Whether S3 refused because a condition did not hold (HTTP 412). Step Functions documents no name for that, so its
    /// text is looked at too, where the name of no object can stand.
    fn is_failed_precondition(&self) -> bool {
        let [error, cause] = [&self.error, &self.cause].map(|text| text.as_deref().unwrap_or_default());
        let end = cause.strip_suffix(')').and_then(|cause| cause.rsplit_once("Status Code: 412,"));
        error.starts_with("S3.Precondition")
            || cause.starts_with("At least one of the pre-cond")
            || cause.starts_with("At least one of the precond")
            || end.is_some_and(|(_, ids)| !ids.contains(['(', ')']))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Execution {
    #[serde(deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    started: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    backfill: Option<String>,
    event: Value,
}

#[derive(Deserialize)]
struct Request {
    #[serde(deserialize_with = "lenient::or_default")]
    audit: Progress,
    #[serde(default, deserialize_with = "lenient::or_default")]
    execution: Execution,
}

/// How alerts and records are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertSettings {
    /// What a record costs and how long it is kept.
    pub ledger: LedgerSettings,
    /// The language of what people read.
    pub language: Language,
    /// The stack's name, for the commands that alerts hold.
    pub stack: Option<String>,
    /// Whose alerts are not mailed.
    pub exceptions: Exceptions,
}

/// The alert of an audit and its record in the ledger at `now`, in milliseconds since 1970, of `{"audit": …,
/// "execution": {"id": …, "started": …, "backfill": …, "event": …}, "topic": …}`: a [`Progress`] and the execution, with the
/// event where there is no summary of it, and the topic, if the alert is to be published.
///
/// # Errors
/// [`Error::InvalidInput`] for anything but an object with an `audit`. Within that,
/// a field that cannot be read counts as unknown: an alert is never held back.
pub fn compose(request: &Value, settings: &AlertSettings, now: i64) -> Result<Alert, Error> {
    if !request.get("audit").is_some_and(Value::is_object) {
        return Err(Error::invalid("audit", "is missing, or not an object"));
    }
    let Request { audit, execution } =
        Request::deserialize(request).map_err(|_| Error::invalid("event", "is not an audit to report"))?;
    let audit = audit.settled(!request["topic"].is_null());
    let facts = audit.summary.clone().unwrap_or_else(|| stand_in(&execution.event));
    let unclaimed = facts.unclaimed;
    let key = facts.claim.clone().filter(|_| !unclaimed);
    let outcome = Outcome::of(&audit, &facts);
    // What went wrong in the audit itself is told, whoever caused it, and that the day's budget is spent.
    let told_before = audit.detection.as_ref().is_some_and(|judged| judged.told_before);
    let is_notice = outcome.is_held_back() && !told_before;
    let went_well = audit.failure().is_none() && !unclaimed && !is_notice;
    let silencing = || settings.exceptions.silencing(&facts, &outcome, &time::day(now));
    let backfill = execution.backfill.as_deref().filter(|id| is_id(id));
    let silenced_by = went_well.then(silencing).flatten();
    let ended = Ended {
        progress: &audit,
        facts: &facts,
        outcome: &outcome,
        execution: execution.id.as_deref(),
        started: execution.started.as_deref(),
        silenced_by: silenced_by.map(|exception| exception.name.as_str()),
        backfill,
    };
    let item = ledger::item(now, &ended, settings.ledger);
    let source = Source {
        progress: &audit,
        facts: &facts,
        outcome: &outcome,
        execution: execution.id.as_deref(),
        now,
        unclaimed,
        silenced_by,
        backfill,
        cost_usd: ended.cost_usd(settings.ledger),
        language: settings.language,
        stack: settings.stack.as_deref(),
    };
    Ok(Alert { key, ..Alert::new(source, item) })
}
