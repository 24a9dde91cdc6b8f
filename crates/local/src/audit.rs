//! A running system: what goes in, what comes out, and what is left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::Duration;

use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use warden_control_plane::s3::ObjectId;
use warden_control_plane::{Call, Refusal};
use warden_ledger::{Ledger, Named, Who};

use crate::alert::Alert;
use crate::aws::{CallError, Clients};
use crate::execution::Execution;

/// The source that the replay bus takes events of.
const REPLAY_SOURCE: &str = "warden.replay";
/// How many events of a history are read at once.
const HISTORY_PAGE: i32 = 1000;

/// Where the parts of a running system are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The local AWS engine.
    pub endpoint: String,
    /// The model, as Bedrock's runtime.
    pub model_endpoint: String,
    /// The stack of `infra/audit.yaml`.
    pub stack: String,
    /// The stack's outputs.
    pub outputs: BTreeMap<String, String>,
    /// The state machine.
    pub state_machine: String,
    /// The queue that is subscribed to the alerts.
    pub alert_queue: String,
}

/// A running system.
#[derive(Debug)]
pub struct Audit {
    clients: Clients,
    address: Address,
    inbox: Mutex<Vec<Alert>>,
    known: Mutex<BTreeMap<String, Value>>,
}

/// An object version that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The object's key.
    pub key: String,
    /// The version that the write made.
    pub version: String,
}

/// Why something could not be asked of a running system.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The file cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the operating system says.
        reason: String,
    },
    /// An alert reached nobody, and waits for whoever asks next.
    #[error("an alert could not be printed, and waits in the queue: {0}")]
    Unprinted(io::Error),
    /// The event lacks what EventBridge needs.
    #[error("this is not an EventBridge event: {0}")]
    NoEvent(&'static str),
    /// EventBridge did not take the event.
    #[error("the replay bus refused the event: {0}")]
    Refused(String),
    /// There was no upload before.
    #[error("there is no upload before that this could be about")]
    NothingBefore,
    /// Nothing came back from quarantine.
    #[error(transparent)]
    Ledger(#[from] warden_ledger::Error),
    /// The upload bucket keeps no versions.
    #[error("the upload bucket answered without a version: versioning is off")]
    NoVersion,
}

impl Audit {
    /// The system at `address`.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self { clients: Clients::new(&address.endpoint), address, inbox: Mutex::default(), known: Mutex::default() }
    }

    /// Where its parts are.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Clients of its engine.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// An output of the stack; empty when the template has none of that name.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        self.address.outputs.get(name).map_or("", String::as_str)
    }

    /// The bucket whose uploads are judged.
    #[must_use]
    pub fn bucket(&self) -> &str {
        self.output("UploadBucketName")
    }

    /// Uploads bytes to the upload bucket.
    ///
    /// # Errors
    /// When S3 does not take them.
    pub async fn upload(&self, key: &str, body: Vec<u8>) -> Result<Upload, AuditError> {
        let version = self.clients.s3.put(self.bucket(), key, body, &[]).await;
        let version = version.map_err(CallError::of("s3:PutObject"))?;
        Ok(Upload { key: key.to_owned(), version: version.ok_or(AuditError::NoVersion)? })
    }

    /// Uploads a file to the upload bucket.
    ///
    /// # Errors
    /// When the file cannot be read or S3 does not take it.
    pub async fn upload_file(&self, key: &str, file: &Path) -> Result<Upload, AuditError> {
        let body = tokio::fs::read(file)
            .await
            .map_err(|error| AuditError::Unreadable { path: file.display().to_string(), reason: error.to_string() })?;
        self.upload(key, body).await
    }

    /// The stack's ledger and quarantine, as `warden` has them.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger::new(&self.clients.config, self.output("LedgerName"), Some(self.output("QuarantineBucketName")))
    }

    /// Brings the newest object of a key back from quarantine, as `warden restore` does.
    ///
    /// # Errors
    /// When none lies there, or a call fails.
    pub async fn bring_back(&self, key: &str) -> Result<Upload, AuditError> {
        let ledger = self.ledger();
        let named = Named::Object { bucket: self.bucket().to_owned(), key: key.to_owned() };
        let records = ledger.show(&named).await?.into_iter().rev();
        let record = records.into_iter().find(|record| record.text("quarantine_key").is_some());
        let record =
            record.ok_or_else(|| warden_ledger::Error::NotQuarantined(format!("s3://{}/{key}", self.bucket())))?;
        let restored = ledger.restore(&record, &Who::now("to show that it can be done"), false).await?;
        Ok(Upload { key: restored.key, version: restored.version })
    }

    /// Whether a version of an object can still be read.
    ///
    /// # Errors
    /// When S3 answers something else than yes or no.
    pub async fn is_there(&self, upload: &Upload) -> Result<bool, AuditError> {
        let object = ObjectId { bucket: self.bucket(), key: &upload.key, version: Some(&upload.version) };
        match self.clients.s3.head(object).await {
            Ok(_) => Ok(true),
            Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 404) => Ok(false),
            Err(error) if error.as_service_error().and_then(Refusal::code) == Some("NoSuchVersion") => Ok(false),
            Err(error) => Err(CallError::of("s3:HeadObject")(error).into()),
        }
    }

    /// Puts a recorded event on the replay bus, its type and detail unchanged,
    /// and returns the id that it got there.
    ///
    /// # Errors
    /// When it is not an event, or EventBridge does not take it.
    pub async fn replay(&self, event: &Value) -> Result<String, AuditError> {
        let detail = event.get("detail").filter(|detail| detail.is_object());
        let detail = detail.ok_or(AuditError::NoEvent("it has no object `detail`"))?;
        let kind = event.get("detail-type").and_then(Value::as_str);
        let kind = kind.ok_or(AuditError::NoEvent("it has no text `detail-type`"))?;
        self.put_event(REPLAY_SOURCE, kind, detail).await
    }

    /// Puts an event of any source on the replay bus, and returns the id that it got there.
    ///
    /// # Errors
    /// When EventBridge does not take it.
    pub async fn put_event(&self, source: &str, kind: &str, detail: &Value) -> Result<String, AuditError> {
        let entry = json!({"EventBusName": self.output("ReplayBusName"), "Source": source, "DetailType": kind,
            "Detail": detail.to_string()});
        let call = Call::rpc("AWSEvents.PutEvents", &json!({"Entries": [entry]}));
        let answer = self.clients.eventbridge.call(call).await.map_err(CallError::of("events:PutEvents"))?;
        let entry = &answer["Entries"][0];
        let id = entry["EventId"].as_str().map(str::to_owned);
        id.ok_or_else(|| AuditError::Refused(entry["ErrorMessage"].as_str().unwrap_or("it did not answer").to_owned()))
    }

    /// The executions whose input `is_it` accepts, the newest first.
    ///
    /// # Errors
    /// When Step Functions does not answer.
    pub async fn executions(&self, is_it: impl Fn(&Value) -> bool) -> Result<Vec<Execution>, AuditError> {
        let request = self.clients.stepfunctions.list_executions().state_machine_arn(&self.address.state_machine);
        let answer = request.send().await.map_err(CallError::of("states:ListExecutions"))?;
        let mut found = Vec::new();
        for listed in answer.executions {
            let input = self.input(&listed.execution_arn).await?;
            if is_it(&input) {
                let seconds = seconds(listed.start_date, listed.stop_date);
                found.push(self.execution(listed.execution_arn, input, listed.status, seconds).await?);
            }
        }
        Ok(found)
    }

    /// An execution as it is by now, which costs the engine less than to look for it anew.
    ///
    /// # Errors
    /// When Step Functions does not answer.
    pub async fn again(&self, execution: &Execution) -> Result<Execution, AuditError> {
        let request = self.clients.stepfunctions.describe_execution().execution_arn(&execution.arn);
        let described = request.send().await.map_err(CallError::of("states:DescribeExecution"))?;
        let seconds = seconds(described.start_date, described.stop_date);
        self.execution(execution.arn.clone(), execution.input.clone(), described.status, seconds).await
    }

    /// The alert with one of these ids, if it has been received by now. Others
    /// are kept for whoever asks for them.
    ///
    /// # Errors
    /// When the queue does not answer, or holds something that is not an alert.
    pub async fn alert(&self, ids: &BTreeSet<String>) -> Result<Option<Alert>, AuditError> {
        let mut inbox = self.inbox.lock().await;
        inbox.extend(self.receive(Duration::ZERO).await?);
        let at = inbox.iter().position(|alert| ids.contains(&alert.message_id));
        Ok(at.map(|at| inbox.swap_remove(at)))
    }

    /// Takes the alerts that wait in the queue, waiting up to `wait` for the first.
    ///
    /// # Errors
    /// When the queue does not answer, or holds something that is not an alert.
    pub async fn receive(&self, wait: Duration) -> Result<Vec<Alert>, AuditError> {
        let mut alerts = Vec::new();
        let kept = self.hand_out(wait, |alert| {
            alerts.push(alert);
            Ok(())
        });
        kept.await?;
        Ok(alerts)
    }

    /// The same for alerts that somebody has to get: one is taken once `hand` has it. How many there were.
    ///
    /// # Errors
    /// Those of [`Self::receive`], and that of `hand`.
    pub async fn hand_out(
        &self,
        wait: Duration,
        mut hand: impl FnMut(Alert) -> io::Result<()>,
    ) -> Result<usize, AuditError> {
        let queue = &self.address.alert_queue;
        let asked = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": wait.as_secs().min(20)});
        let answer = self.clients.sqs.call(Call::rpc("AmazonSQS.ReceiveMessage", &asked)).await;
        let answer = answer.map_err(CallError::of("sqs:ReceiveMessage"))?;
        let messages = answer["Messages"].as_array().map_or(&[][..], Vec::as_slice);
        for (at, message) in messages.iter().enumerate() {
            let body = message["Body"].as_str().unwrap_or_default();
            let alert = Alert::parse(body).map_err(CallError::of("reading a message of the alert queue"))?;
            if let Err(unprinted) = hand(alert) {
                self.give_back(&messages[at..]).await?;
                return Err(AuditError::Unprinted(unprinted));
            }
            let taken = json!({"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]});
            let call = Call::rpc("AmazonSQS.DeleteMessage", &taken);
            self.clients.sqs.call(call).await.map_err(CallError::of("sqs:DeleteMessage"))?;
        }
        Ok(messages.len())
    }

    /// Has messages that were received be there for whoever asks next.
    async fn give_back(&self, messages: &[Value]) -> Result<(), AuditError> {
        for message in messages {
            let asked = json!({
                "QueueUrl": self.address.alert_queue, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0,
            });
            let call = Call::rpc("AmazonSQS.ChangeMessageVisibility", &asked);
            self.clients.sqs.call(call).await.map_err(CallError::of("sqs:ChangeMessageVisibility"))?;
        }
        Ok(())
    }

    /// The input of an execution, which never changes.
    async fn input(&self, arn: &str) -> Result<Value, AuditError> {
        if let Some(input) = self.known.lock().await.get(arn) {
            return Ok(input.clone());
        }
        let request = self.clients.stepfunctions.describe_execution().execution_arn(arn);
        let answer = request.send().await.map_err(CallError::of("states:DescribeExecution"))?;
        let input: Value = serde_json::from_str(answer.input.as_deref().unwrap_or("null"))
            .map_err(CallError::of("reading an execution's input"))?;
        self.known.lock().await.insert(arn.to_owned(), input.clone());
        Ok(input)
    }

    async fn execution(
        &self,
        arn: String,
        input: Value,
        status: ExecutionStatus,
        seconds: Option<f64>,
    ) -> Result<Execution, AuditError> {
        let (tasks, message_ids) = (Vec::new(), BTreeSet::new());
        let mut execution =
            Execution { arn, input, status, seconds, tasks, message_ids, mocked: false, unclaimed: false };
        let request = self.clients.stepfunctions.get_execution_history();
        let request = request.execution_arn(&execution.arn).max_results(HISTORY_PAGE);
        let answer = request.send().await.map_err(CallError::of("states:GetExecutionHistory"))?;
        execution.add_history(&answer.events);
        Ok(execution)
    }
}

/// How long it has run, if it has ended.
fn seconds(start: DateTime, stop: Option<DateTime>) -> Option<f64> {
    stop.map(|stop| stop.as_secs_f64() - start.as_secs_f64())
}
