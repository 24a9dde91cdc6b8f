//! The books of a trial: what was sent, and whether what is there agrees with it. They stand on
//! the truth about each upload, the buckets, the ledger and the queue of the alerts, and take no
//! execution's word for anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::Value;
use tokio::time::sleep;
use warden_control_plane::s3::ObjectId;
use warden_ledger::{Named, Record, Who};
use warden_local::alert::Alert;
use warden_local::audit::Upload;
use warden_local::execution::Execution;
use warden_local::follow::put_object;
use warden_local::pictures::{self, Holds};

use super::site::Site;

/// How long executions get to start and to end, and alerts to arrive.
const LIMIT: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(100);

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// What the policy does with personal data in a folder: the site's overrides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    Delete,
    Quarantine,
    Tag,
    None,
}

impl Folder {
    pub const ALL: [Self; 4] = [Self::Delete, Self::Quarantine, Self::Tag, Self::None];

    const fn name(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Quarantine => "quarantine",
            Self::Tag => "tag",
            Self::None => "none",
        }
    }
}

/// An object version that was written, and the truth about it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub upload: Upload,
    pub folder: Folder,
    pub holds: Holds,
    pub bytes: Vec<u8>,
    /// An operator brought it back: it is not to be judged.
    pub restored: bool,
    /// An operator brought it back, as another version.
    pub was_restored: bool,
}

/// The books of one trial.
pub struct Books {
    site: Arc<Site>,
    name: String,
    pub arrivals: Vec<Arrival>,
    /// How many executions were started.
    expected: usize,
    /// How many arrivals have been checked.
    checked: usize,
    /// Those that have ended, by the ids of the events that started them.
    ended: BTreeMap<String, Execution>,
}

impl Books {
    /// Opens the books of what is called `name` in keys.
    pub fn open(site: &Arc<Site>, name: &str) -> Self {
        Self {
            site: Arc::clone(site),
            name: name.to_owned(),
            arrivals: Vec::new(),
            expected: 0,
            checked: 0,
            ended: BTreeMap::new(),
        }
    }

    /// Uploads something under a key of its own; the arrival's number.
    pub async fn upload(&mut self, folder: Folder, holds: Holds) -> usize {
        let key = format!("{}/{}/{}.png", folder.name(), self.name, self.arrivals.len());
        self.write(key, folder, holds).await
    }

    /// Uploads something over an arrival; the new one's number.
    pub async fn upload_over(&mut self, arrival: usize, holds: Holds) -> usize {
        let Arrival { upload, folder, .. } = &self.arrivals[arrival];
        self.write(upload.key.clone(), *folder, holds).await
    }

    async fn write(&mut self, key: String, folder: Folder, holds: Holds) -> usize {
        let bytes = pictures::upload(holds, NUMBER.fetch_add(1, Ordering::Relaxed)).unwrap();
        let upload = self.site.audit().upload(&key, bytes.clone()).await.unwrap();
        self.arrivals.push(Arrival { upload, folder, holds, bytes, restored: false, was_restored: false });
        self.expected += 1;
        self.arrivals.len() - 1
    }

    /// Brings an arrival back out of quarantine; the number of the version that it has now.
    pub async fn restore(&mut self, arrival: usize, who: &Who) -> usize {
        let record = self.record(&self.arrivals[arrival]).await.unwrap();
        let back =
            self.site.ledger.restore(&record, who, false).await.unwrap_or_else(|error| panic!("{error}: {record:?}"));
        self.arrivals[arrival].was_restored = true;
        let before = self.arrivals[arrival].clone();
        let upload = Upload { key: before.upload.key.clone(), version: back.version };
        self.arrivals.push(Arrival { upload, restored: true, ..before });
        self.expected += 1;
        self.arrivals.len() - 1
    }

    /// How many events were sent: uploads, reports, restores and replays.
    pub const fn events(&self) -> usize {
        self.expected
    }

    /// The arrivals that lie in quarantine.
    pub async fn in_quarantine(&self) -> Vec<usize> {
        let mut found = Vec::new();
        for (number, arrival) in self.arrivals.iter().enumerate().skip(self.checked) {
            let moved = arrival.folder == Folder::Quarantine && arrival.holds == Holds::PersonalData;
            let record = self.record(arrival).await;
            let is_named = record.is_some_and(|record| record.text("quarantine_key").is_some());
            if moved && !arrival.restored && is_named && !self.is_there(number).await {
                found.push(number);
            }
        }
        found
    }

    /// The ids of all messages that were published.
    pub fn message_ids(&self) -> BTreeSet<String> {
        self.ended.values().flat_map(|execution| execution.message_ids.clone()).collect()
    }

    /// The names of all executions.
    pub fn names(&self) -> BTreeSet<String> {
        self.ended.values().filter_map(|execution| execution.arn.rsplit(':').next().map(str::to_owned)).collect()
    }

    /// What became of everything, in numbers.
    pub async fn tally(&self) -> BTreeMap<&'static str, usize> {
        let executions = || self.ended.values();
        let failed = executions().filter(|execution| execution.status != ExecutionStatus::Succeeded).count();
        let errors = executions().flat_map(|execution| &execution.tasks).map(|task| task.errors.len()).sum();
        let (mut gone, mut undetermined) = (0, 0);
        for (number, arrival) in self.arrivals.iter().enumerate() {
            gone += usize::from(!self.is_there(number).await);
            let record = self.record(arrival).await;
            undetermined += usize::from(record.is_some_and(|record| record.text("verdict") == Some("undetermined")));
        }
        BTreeMap::from([
            ("executions", self.ended.len()),
            ("executions that failed", failed),
            ("duplicates", self.duplicates()),
            ("tries that failed", errors),
            ("alerts", self.message_ids().len()),
            ("object versions", self.arrivals.len()),
            ("object versions deleted or in quarantine", gone),
            ("object versions that nobody could judge", undetermined),
        ])
    }

    /// Reports an arrival once more, as CloudTrail does.
    pub async fn report(&mut self, arrival: usize) {
        let Upload { key, version } = &self.arrivals[arrival].upload;
        let event = put_object(self.site.audit().bucket(), key, Some(version));
        self.site.audit().replay(&event).await.unwrap();
        self.expected += 1;
    }

    /// Waits until every execution has ended, and takes the alerts.
    pub async fn settle(&mut self) {
        let begun = Instant::now();
        loop {
            let is_new = |input: &Value| {
                let ours = named(input).is_some_and(|(key, _)| key.split('/').nth(1) == Some(&self.name));
                ours && !self.ended.contains_key(id(input))
            };
            let found = self.site.audit().executions(is_new).await.unwrap();
            for execution in found.into_iter().filter(Execution::has_ended) {
                self.ended.insert(id(&execution.input).to_owned(), execution);
            }
            if self.ended.len() >= self.expected {
                break;
            }
            assert!(begun.elapsed() < LIMIT, "{} of {} executions have ended", self.ended.len(), self.expected);
            sleep(PAUSE).await;
        }
        assert_eq!(self.ended.len(), self.expected, "something started an execution that nobody sent");
        let published: Vec<_> = self.ended.values().flat_map(|execution| execution.message_ids.clone()).collect();
        loop {
            self.site.collect_alerts().await;
            let alerts = self.site.alerts.lock().await;
            if published.iter().all(|id| alerts.contains_key(id)) || begun.elapsed() > LIMIT {
                return;
            }
            drop(alerts);
            sleep(PAUSE).await;
        }
    }

    /// Replays, as an operator does, the event of each arrival whose audit failed; how many there were.
    pub async fn replay_what_failed(&mut self) -> usize {
        let mut events = Vec::new();
        for arrival in self.arrivals.iter().filter(|arrival| !arrival.restored) {
            let audits = self.audits(arrival);
            if !audits.iter().any(|audit| audit.status == ExecutionStatus::Succeeded) {
                events.extend(audits.last().map(|audit| audit.input.clone()));
            }
        }
        for event in &events {
            self.site.audit().replay(event).await.unwrap();
            self.expected += 1;
        }
        self.settle().await;
        events.len()
    }

    /// The executions that were started for an arrival and that judged it, or tried to: no duplicates.
    pub fn audits(&self, arrival: &Arrival) -> Vec<&Execution> {
        self.executions(arrival).filter(|execution| !execution.is_duplicate()).collect()
    }

    /// The only execution that judged an arrival.
    pub fn audit(&self, arrival: usize) -> &Execution {
        let audits = self.audits(&self.arrivals[arrival]);
        assert_eq!(audits.len(), 1, "{audits:?}");
        audits[0]
    }

    /// How many executions ended as duplicates.
    pub fn duplicates(&self) -> usize {
        self.ended.values().filter(|execution| execution.is_duplicate()).count()
    }

    fn executions(&self, arrival: &Arrival) -> impl Iterator<Item = &Execution> {
        let Upload { key, version } = &arrival.upload;
        self.ended.values().filter(move |execution| {
            named(&execution.input).is_some_and(|(its_key, its_version)| its_key == *key && its_version == *version)
        })
    }

    /// Whether the version of an arrival is there.
    pub async fn is_there(&self, arrival: usize) -> bool {
        self.site.audit().is_there(&self.arrivals[arrival].upload).await.unwrap()
    }

    /// The alert of an execution.
    pub async fn alert(&self, execution: &Execution) -> Option<Alert> {
        let alerts = self.site.alerts.lock().await;
        execution.message_ids.iter().find_map(|id| alerts.get(id)?.first().cloned())
    }

    /// The ledger's record of an arrival.
    pub async fn record(&self, arrival: &Arrival) -> Option<Record> {
        let Upload { key, version } = &arrival.upload;
        let named = Named::Object { bucket: self.site.audit().bucket().to_owned(), key: key.clone() };
        let mut records = self.site.ledger.show(&named).await.unwrap();
        records.retain(|record| record.text("event") == Some(version));
        assert!(records.len() < 2, "{records:?}");
        records.pop()
    }

    /// Fails with everything that does not agree with what was sent.
    pub async fn check(&self) {
        self.check_from(0).await;
    }

    /// The same of what was sent since the last time.
    pub async fn check_since_last(&mut self) {
        self.check_from(self.checked).await;
        self.checked = self.arrivals.len();
    }

    async fn check_from(&self, first: usize) {
        let mut wrong = Vec::new();
        for arrival in self.arrivals.iter().skip(first) {
            let found =
                if arrival.restored { self.wrong_with_restored(arrival).await } else { self.wrong_with(arrival).await };
            let paths = || {
                self.executions(arrival).map(|each| (each.status.as_str().to_owned(), each.path())).collect::<Vec<_>>()
            };
            wrong.extend(
                found
                    .into_iter()
                    .map(|what| format!("{what}: {} {:?} {:?}", arrival.upload.key, arrival.holds, paths())),
            );
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn wrong_with_restored(&self, arrival: &Arrival) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.audits(arrival).is_empty() {
            wrong.push("what was brought back is judged again".to_owned());
        }
        if self.record(arrival).await.is_none_or(|record| record.text("action") != Some("restored")) {
            wrong.push("the ledger does not tell that it was brought back".to_owned());
        }
        if self.bytes(arrival).await.as_deref() != Some(&arrival.bytes) {
            wrong.push("what was brought back is not there".to_owned());
        }
        wrong
    }

    async fn wrong_with(&self, arrival: &Arrival) -> Vec<String> {
        let mut wrong = Vec::new();
        let audits = self.audits(arrival);
        let completed = audits.iter().filter(|audit| audit.status == ExecutionStatus::Succeeded).count();
        if completed != 1 {
            wrong.push(format!("{completed} audits came to their end"));
        }
        let mut traces = Vec::new();
        let mut was_kept = false;
        for audit in &audits {
            was_kept |=
                !audit.unclaimed && audit.task("Delete version").is_some_and(|task| task.tries > task.errors.len());
            let alerts = self.site.alerts.lock().await;
            let received: Vec<_> =
                audit.message_ids.iter().flat_map(|id| alerts.get(id).into_iter().flatten()).collect();
            let refused = audit.task("Publish plain alert").is_some_and(|task| task.tries == task.errors.len());
            if received.len() != usize::from(!refused) {
                wrong.push(format!("{} alerts of one execution", received.len()));
            }
            if refused && audit.status == ExecutionStatus::Succeeded {
                wrong.push("an audit that told nobody and succeeded".to_owned());
            }
            for alert in received {
                let (verdict, action) = (alert.attribute("verdict"), alert.attribute("action"));
                let fits = match verdict {
                    Some("clean") => arrival.holds == Holds::NoPersonalData,
                    Some("pii") => arrival.holds == Holds::PersonalData,
                    Some("undetermined" | "gone" | "none") => true,
                    _ => false,
                };
                if !fits {
                    wrong.push(format!("it was told as {verdict:?}"));
                }
                let plain = alert.message.contains(r#""deletion": "deleted""#);
                if plain || matches!(action, Some("deleted" | "quarantined")) {
                    traces.push("alert");
                }
            }
        }
        let Some(record) = self.record(arrival).await else {
            wrong.push("no record".to_owned());
            return wrong;
        };
        if record.text("status") != Some("complete") {
            wrong.push(format!("its record is {:?}", record.text("status")));
        }
        if record.text("acted") == Some("deleted") {
            traces.push("record");
        } else if was_kept {
            wrong.push(format!("it was deleted, and its record says {:?}", record.text("acted")));
        }
        if was_kept && arrival.folder == Folder::Quarantine && record.text("quarantine_key").is_none() {
            wrong.push("it was moved to quarantine, and its record does not tell where it lies".to_owned());
        }
        let verdict = record.text("verdict").unwrap_or("-").to_owned();
        let bytes = self.bytes(arrival).await;
        let taken_away =
            arrival.holds == Holds::PersonalData && matches!(arrival.folder, Folder::Delete | Folder::Quarantine);
        match &bytes {
            None if !taken_away => wrong.push("it is gone, and should not be".to_owned()),
            None if traces.is_empty() => wrong.push("it is gone, and nothing tells why".to_owned()),
            Some(_) if taken_away && verdict != "undetermined" => wrong.push(format!("it is still there, {verdict}")),
            Some(bytes) if *bytes != arrival.bytes => wrong.push("it was changed".to_owned()),
            _ => {}
        }
        if bytes.is_none() && arrival.folder == Folder::Quarantine && !self.lies_in_quarantine(arrival, &audits).await {
            wrong.push("it is gone, and does not lie in quarantine".to_owned());
        }
        if arrival.folder == Folder::Tag && arrival.holds != Holds::NoPicture && verdict != "undetermined" {
            let tag = self.verdict_tag(arrival).await;
            if tag.as_deref() != Some(verdict.as_str()) {
                wrong.push(format!("it is tagged as {tag:?}"));
            }
        }
        wrong
    }

    async fn lies_in_quarantine(&self, arrival: &Arrival, audits: &[&Execution]) -> bool {
        for audit in audits {
            let name = audit.arn.rsplit(':').next().unwrap();
            if self.quarantined(name).await.as_deref() == Some(&arrival.bytes) {
                return true;
            }
        }
        false
    }

    /// What lies in quarantine under a name.
    pub async fn quarantined(&self, name: &str) -> Option<Vec<u8>> {
        let bucket = self.site.audit().output("QuarantineBucketName");
        let found = self.site.audit().clients().s3.get(ObjectId::current(bucket, name)).await.ok()?;
        Some(found.bytes().await.unwrap().into())
    }

    async fn bytes(&self, arrival: &Arrival) -> Option<Vec<u8>> {
        let Upload { key, version } = &arrival.upload;
        let bucket = self.site.audit().bucket();
        let object = ObjectId { bucket, key, version: Some(version) };
        Some(self.site.audit().clients().s3.get(object).await.ok()?.bytes().await.unwrap().into())
    }

    async fn verdict_tag(&self, arrival: &Arrival) -> Option<String> {
        let Upload { key, version } = &arrival.upload;
        let bucket = self.site.audit().bucket();
        let object = ObjectId { bucket, key, version: Some(version) };
        let found = self.site.audit().clients().s3.tags(object).await.unwrap();
        found.into_iter().find(|(key, _)| key == "warden:verdict").map(|(_, value)| value)
    }
}

/// The id of an event.
fn id(input: &Value) -> &str {
    input["id"].as_str().unwrap_or_default()
}

/// The key and version that an event names.
fn named(input: &Value) -> Option<(&str, &str)> {
    let detail = &input["detail"];
    let key = detail["object"]["key"].as_str().or(detail["requestParameters"]["key"].as_str())?;
    let version = &detail["responseElements"]["x-amz-version-id"];
    Some((key, detail["object"]["version-id"].as_str().or(version.as_str())?))
}
