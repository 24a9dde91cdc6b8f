//! Lists the versions that a backfill audits, part by part, and reports in the end what became of them.

mod listing;
mod request;
mod source;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use warden_core::{
    Error,
    audit::{ErrorOutput, JudgeDocuments, LedgerSettings},
    backfill::{Counters, Ended, High, PARTITION, Plan, Report, Status, audit_input, estimate, is_id},
    cloudtrail::UploadsToJudge,
    ports::{LedgerRecords, ObjectStore, ObjectWriter, VersionPages},
};

use listing::Found;
use request::{Counted, Execution, ListRequest, ReportRequest, Request, Step};

/// An upload's own event has come by then: CloudTrail takes minutes. A sweep leaves what is newer.
const OWN_EVENT_SECONDS: i64 = 3600;
/// An upload in parts is dated by its beginning: a sweep looks so far back before the last.
const UPLOAD_SECONDS: i64 = 7 * 86_400;
/// How far the first sweep of a bucket looks back: a week, and a day more.
const FIRST_SWEEP_SECONDS: i64 = 8 * 86_400;

/// How much is done in one call.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Versions of a part: of each the Map Run keeps an output, and all of them have to stay below 256 KiB.
    pub part: usize,
    /// Milliseconds after which a call ends with what it has, below the function's time limit.
    pub list_millis: i64,
    /// The same of a count, for whoever waits for it.
    pub count_millis: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { part: 20_000, list_millis: 200_000, count_millis: 15_000 }
    }
}

/// What the function needs, made once at start.
pub struct BackfillLister<V, W, L> {
    /// Where versions are listed.
    pub versions: V,
    /// Where parts are written, and files are read that name objects.
    pub parts: W,
    /// What is known by now.
    pub ledger: L,
    /// The bucket of both.
    pub parts_bucket: String,
    /// Which objects the audit opens.
    pub uploads: UploadsToJudge,
    /// Whether documents are among them.
    pub documents: JudgeDocuments,
    /// How long the backfill itself is kept, and what tokens cost.
    pub ledger_settings: LedgerSettings,
    /// The stack, for the commands that a report holds.
    pub stack: Option<String>,
    /// Now, in milliseconds since 1970.
    pub clock: fn() -> i64,
    /// How much is done in one call.
    pub limits: Limits,
}

impl<V: VersionPages, W: ObjectWriter + ObjectStore, L: LedgerRecords> BackfillLister<V, W, L> {
    /// Does one step: `{"list": …}` writes the next part and says where to go on, `{"count": …}` counts what there is to
    /// do, `{"report": …}` ends the backfill and composes its report.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for anything else; those of the store and of the ledger.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        let request: Request =
            serde_json::from_value(event).map_err(|_| Error::invalid("event", "asks for no step of a backfill"))?;
        let answer = match request {
            Request::List(asked) => serde_json::to_value(Box::pin(self.list(*asked)).await?),
            Request::Count(asked) => serde_json::to_value(Box::pin(self.count(*asked)).await?),
            Request::Report(asked) => serde_json::to_value(Box::pin(self.report(*asked)).await?),
        };
        answer.map_err(|_| Error::Internal { problem: "an answer cannot be written as JSON".to_owned() })
    }

    /// Lists on until a part is full, and writes it.
    async fn list(&self, asked: ListRequest) -> Result<Step, Error> {
        let ListRequest { mut step, execution } = asked;
        if step.parts == 0 {
            self.begin(&mut step, &execution).await?;
        }
        let id = step.id()?.to_owned();
        if !self.counters(&id).await?.goes_on() {
            return Ok(Step { part: None, objects: 0, more: false, ..step });
        }
        let found = match self
            .look(&step.plan, step.token.take(), Some(&id), self.limits.part, self.limits.list_millis)
            .await
        {
            // The other buckets of a sweep are looked at all the same.
            Err(error @ (Error::AccessDenied { .. } | Error::ObjectNotFound { .. })) if step.plan.sweep => {
                tracing::warn!(backfill = id, bucket = step.plan.bucket, error = %error, "the bucket is not swept");
                step.unlisted.push((step.plan.bucket.clone(), error.name().as_str().to_owned()));
                Found::default()
            }
            found => found?,
        };
        step.part = None;
        step.objects = found.to_audit.len() as u64;
        step.parts += 1;
        if !found.to_audit.is_empty() {
            let lines = found.to_audit.iter();
            let lines = lines.map(|(listed, again)| format!("{}\n", audit_input(&id, &step.plan, listed, *again)));
            let key = format!("{id}/{:06}.jsonl", step.parts);
            let lines = Bytes::from(lines.collect::<String>());
            self.parts.write(&self.parts_bucket, &key, lines, "application/jsonl").await?;
            step.part = Some(key);
        }
        step.listed += found.listed;
        step.known += found.known;
        step.handed += step.objects;
        step.more = found.next.is_some();
        step.token = found.next;
        if !step.more && !step.further.is_empty() {
            step.plan.bucket = step.further.remove(0);
            step.plan.since = Some(self.since_last_sweep(&step.plan).await?);
            step.more = true;
        }
        let totals = json!({"listed": step.listed, "known": step.known, "handed": step.handed});
        self.set(&id, &totals).await?;
        tracing::info!(
            backfill = id,
            bucket = step.plan.bucket,
            part = step.parts,
            objects = step.objects,
            known = found.known,
            missing = found.missing,
            "versions were listed"
        );
        Ok(step)
    }

    /// Counts what there is to audit, and what that takes.
    async fn count(&self, mut counted: Counted) -> Result<Counted, Error> {
        counted.plan.check()?;
        let found = self.look(&counted.plan, counted.token.take(), None, usize::MAX, self.limits.count_millis).await?;
        counted.listed += found.listed;
        counted.known += found.known;
        counted.missing += found.missing;
        counted.objects += found.to_audit.len() as u64;
        counted.more = found.next.is_some();
        counted.token = found.next;
        let Counted { objects, plan, .. } = &counted;
        counted.estimate = Some(estimate(*objects, plan.concurrency, self.ledger_settings.token_prices));
        Ok(counted)
    }

    /// Ends the backfill, and tells what became of it.
    async fn report(&self, asked: ReportRequest) -> Result<Report, Error> {
        let ReportRequest { mut step, failure, execution } = asked;
        if let Some(execution) = &execution {
            step.name(execution);
        }
        let id = step.id()?;
        let mut failures: Vec<_> =
            step.unlisted.iter().map(|(bucket, error)| format!("{error} at s3://{bucket}")).collect();
        let mut counters = self.counters(id).await?;
        // What was not audited is looked for again, in each bucket that was listed.
        counters.handed = step.handed;
        let is_whole = counters.ending(failure.is_some()) == Status::Complete && counters.is_dealt_with();
        failures.extend(failure.map(told));
        counters.status = counters.ending(!failures.is_empty());
        counters.ended_at = Some(warden_core::backfill::rfc3339((self.clock)() / 1000));
        let mut ended = json!({"status": counters.status, "ended_at": counters.ended_at});
        // Its first step may have failed before it was written down.
        if counters.plan.is_none() {
            ended["plan"] = json!(in_json(&step.plan)?);
            if let Some(execution) = execution {
                (ended["execution"], ended["started_at"]) = (json!(execution.id), json!(execution.started));
            }
            counters.plan = Some(step.plan.clone());
        }
        self.set(id, &ended).await?;
        if let (true, true, Some(until), Some(plan)) = (step.plan.sweep, is_whole, step.plan.until, &counters.plan) {
            let is_unlisted = |bucket: &str| step.unlisted.iter().any(|(unlisted, _)| unlisted == bucket);
            for bucket in plan.buckets().filter(|bucket| !is_unlisted(bucket)) {
                self.set(&swept(bucket), &json!({"until": until})).await?;
            }
        }
        let high = self.high_of(id, counters.high).await;
        tracing::info!(
            backfill = id,
            status = counters.status.as_str(),
            done = counters.done,
            pii = counters.pii,
            undetermined = counters.undetermined,
            failed = counters.failed,
            "the backfill ended"
        );
        Ok(Report::new(Ended {
            id,
            counters: &counters,
            high: high.as_deref(),
            failure: Some(failures.join(", ")).as_deref().filter(|failures| !failures.is_empty()),
            stack: self.stack.as_deref(),
        }))
    }

    /// The objects that a report names, of so many. A ledger that does not answer is no reason to send none.
    async fn high_of(&self, id: &str, count: u64) -> Option<Vec<High>> {
        if count == 0 {
            return Some(Vec::new());
        }
        match self.ledger.high_of(id, Report::MOST).await {
            Ok(records) => Some(records.into_iter().filter_map(|record| serde_json::from_value(record).ok()).collect()),
            Err(error) => {
                tracing::warn!(backfill = id, error = %error, "the report names no objects");
                None
            }
        }
    }

    /// Names the backfill, and writes down that it runs.
    async fn begin(&self, step: &mut Step, execution: &Execution) -> Result<(), Error> {
        step.plan.check()?;
        step.concurrency = step.plan.concurrency;
        let now = (self.clock)() / 1000;
        if step.plan.sweep {
            step.plan.until.get_or_insert(now - OWN_EVENT_SECONDS);
            let since = self.since_last_sweep(&step.plan).await?;
            step.plan.since.get_or_insert(since);
            step.further.clone_from(&step.plan.further);
        }
        step.name(execution);
        let id = step.id()?;
        if !is_id(id) {
            return Err(Error::invalid("backfill", "is not of letters, digits and hyphens, or too long"));
        }
        let mut begun = json!({
            "plan": in_json(&step.plan)?, "status": "running", "execution": execution.id, "started_at": execution.started,
            // What a further audit is held against, which `max_cost` ends.
            "max_usd": step.plan.max_cost.unwrap_or(1e12),
            "expires": now + i64::from(self.ledger_settings.days) * 86_400,
        });
        // A further run of the same backfill goes on with what was counted.
        let before = self.record(id).await?;
        // This call is tried again, and the backfill was stopped since it began.
        let text = |name| before.as_ref().and_then(|record| record.get(name)?.as_str());
        let is_stopped = text("status") == Some(Status::Stopping.as_str());
        if is_stopped && text("execution") == Some(execution.id.as_str()) {
            return Ok(());
        }
        if before.as_ref().is_none_or(|record| record.get("spent_usd").is_none()) {
            begun["spent_usd"] = json!(0);
        }
        // What failed or was held back is taken up, and counted anew.
        if let Some(before) = before {
            let Counters { done, undetermined, held, failed, unrecorded, .. } = Counters::read(&before).taken_up();
            for (name, count) in [
                ("done", done),
                ("undetermined", undetermined),
                ("held", held),
                ("failed", failed),
                ("unrecorded", unrecorded),
            ] {
                begun[name] = json!(count);
            }
        }
        self.set(id, &begun).await
    }

    /// From when on a sweep looks at what was written in its bucket: since the last, as far back as there are records of it.
    async fn since_last_sweep(&self, plan: &Plan) -> Result<i64, Error> {
        let now = (self.clock)() / 1000;
        // What has no record any more was not missed for that. A tenth is left for the sweep itself.
        let recorded_since = now - i64::from(self.ledger_settings.days) * 86_400 / 10 * 9;
        let last = self.record(&swept(&plan.bucket)).await?;
        let last = last.and_then(|last| last.get("until")?.as_i64());
        if let Some(last) = last {
            return Ok((last - UPLOAD_SECONDS).max(recorded_since));
        }
        let since = (plan.until.unwrap_or(now) - FIRST_SWEEP_SECONDS).max(recorded_since);
        // Should something be left out, the next begins where this one did.
        self.set(&swept(&plan.bucket), &json!({"until": since + UPLOAD_SECONDS})).await?;
        Ok(since)
    }

    async fn record(&self, event: &str) -> Result<Option<Value>, Error> {
        Ok(self.ledger.with_keys(&[(PARTITION.to_owned(), event.to_owned())]).await?.pop())
    }

    async fn counters(&self, id: &str) -> Result<Counters, Error> {
        Ok(Counters::read(&self.record(id).await?.unwrap_or_default()))
    }

    async fn set(&self, event: &str, fields: &Value) -> Result<(), Error> {
        let none = Map::new();
        self.ledger.set(PARTITION, event, fields.as_object().unwrap_or(&none)).await
    }
}

fn in_json(plan: &Plan) -> Result<String, Error> {
    serde_json::to_string(plan).map_err(|_| Error::Internal { problem: "a plan cannot be written as JSON".to_owned() })
}

/// A failure for the report: its name, and what the function said of it.
fn told(failure: ErrorOutput) -> String {
    let said = failure.message();
    let name = failure.error.unwrap_or_default();
    said.map_or_else(|| name.clone(), |said| format!("{name}: {said}"))
}

/// What tells until when a bucket was swept.
fn swept(bucket: &str) -> String {
    format!("swept {bucket}")
}
