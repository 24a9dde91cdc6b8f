//! Backfills of a stack, for operators: how much there is to audit, begun, followed, stopped and resumed. What a
//! backfill is, `warden_core::backfill` says.

mod names;
mod pace;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use aws_types::SdkConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use warden_call_errors::CallError;
use warden_control_plane::{Call, ControlPlane, Service, path_segment, plain_item, s3::S3};
use warden_core::backfill::PARTITION;
use warden_deploy::{DEFAULT_ALIAS, Stack, StateMachine};

pub use names::{Brought, Names, NoObject, Place};
pub use pace::{Pace, in_words};
pub use warden_core::backfill::{Acts, Counters, Estimate, Plan, Status};

/// How often a backfill that is followed is looked at.
const PAUSE: Duration = Duration::from_secs(1);
/// The pause after a look that did not reach AWS, or was throttled.
const PAUSE_WHEN_LOST: Duration = Duration::from_secs(10);
/// Such looks in a row, each after the SDK's own retries, before following ends: five minutes at least.
const MOST_LOST: u32 = 30;
const GET_ITEM: &str = "dynamodb:GetItem";
const UPDATE_ITEM: &str = "dynamodb:UpdateItem";

/// The backfills of a stack.
#[derive(Clone, Debug)]
pub struct Backfills {
    states: ControlPlane,
    dynamodb: ControlPlane,
    lambda: ControlPlane,
    s3: S3,
    table: String,
    /// The bucket of what backfill-lister reads and writes.
    parts: String,
    lister: String,
    alias_arn: String,
}

/// A backfill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backfill {
    /// Its id.
    pub id: String,
    /// How far it came.
    #[serde(flatten)]
    pub counters: Counters,
}

/// How much there is to audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// What is looked at.
    pub plan: Plan,
    /// Versions that were looked at.
    pub listed: u64,
    /// Of those, what the ledger knows.
    pub known: u64,
    /// Of those, what is to be audited.
    pub objects: u64,
    /// Objects that were named, and are not there.
    #[serde(default)]
    pub missing: u64,
    /// What that takes.
    pub estimate: Estimate,
}

impl Counted {
    /// Adds what was counted in a further bucket.
    fn add(&mut self, further: &Self) {
        self.listed += further.listed;
        self.known += further.known;
        self.objects += further.objects;
        self.missing += further.missing;
        let (sum, added) = (&mut self.estimate, further.estimate);
        sum.objects += added.objects;
        sum.seconds += added.seconds;
        sum.model_usd = sum.model_usd.zip(added.model_usd).map(|(sum, added)| sum + added);
        sum.platform_usd += added.platform_usd;
    }
}

/// Why something could not be done with a backfill.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// AWS refused a call, or was not reached.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A file that names objects is none.
    #[error(transparent)]
    Input(#[from] warden_core::Error),
    /// A file on this machine cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The stack lacks an output.
    #[error(transparent)]
    Stack(#[from] warden_deploy::Error),
    /// The state machine is not there.
    #[error("{0} does not exist. Run `warden deploy apply` first")]
    NotDeployed(String),
    /// backfill-lister failed.
    #[error("backfill-lister failed: {name}: {message}")]
    Lister {
        /// The error's name.
        name: String,
        /// What it says.
        message: String,
    },
    /// There is no such backfill.
    #[error("there is no backfill {0}. `warden backfill status` lists those that there are")]
    Unknown(String),
    /// No backfill was ever started.
    #[error("no backfill has been run yet")]
    NoneYet,
    /// It is under way.
    #[error("the backfill {0} is under way")]
    Running(String),
    /// It is not under way.
    #[error("the backfill {id} is not under way: it is {status}")]
    Ended {
        /// Its id.
        id: String,
        /// How it ended.
        status: &'static str,
    },
    /// Its execution ended without a word.
    #[error(
        "the execution {arn} ended as {status}, and left the backfill as it was. `warden deploy history {arn}` says why"
    )]
    Broken {
        /// The execution.
        arn: String,
        /// Its status.
        status: String,
    },
    /// What it may cost is spent.
    #[error("the backfill {id} has spent {spent:.2} USD, and may spend {most:.2}. Give it more by `--max-cost`")]
    Spent {
        /// Its id.
        id: String,
        /// What it has spent, in US dollars.
        spent: f64,
        /// What it may spend, in US dollars.
        most: f64,
    },
    /// It ended, and nobody was told.
    #[error(
        "the backfill {} ended as {}, but its report was not published. `warden deploy history {arn}` says why",
        .backfill.id,
        .backfill.counters.status.as_str()
    )]
    Unreported {
        /// What became of it.
        backfill: Box<Backfill>,
        /// Its execution.
        arn: String,
    },
    /// An answer lacks what it has to hold.
    #[error("the response to {0} is incomplete")]
    Incomplete(&'static str),
}

impl Backfills {
    /// Those of a stack.
    ///
    /// # Errors
    /// When the stack's template has no backfills yet.
    pub fn new(config: &SdkConfig, stack: &Stack) -> Result<Self, Error> {
        Ok(Self {
            states: ControlPlane::new(config, Service::STEP_FUNCTIONS),
            dynamodb: ControlPlane::new(config, Service::DYNAMO_DB),
            lambda: ControlPlane::new(config, Service::LAMBDA),
            s3: S3::new(config),
            parts: stack.output("BackfillBucketName", "the bucket of backfills")?.to_owned(),
            table: stack.output("LedgerName", "the ledger")?.to_owned(),
            lister: stack.output("BackfillListerArn", "backfill-lister")?.to_owned(),
            alias_arn: format!("{}:{DEFAULT_ALIAS}", stack.arn_of(StateMachine::Backfill)?),
        })
    }

    /// Counts what there is to audit in all buckets of a plan, and tells `meanwhile` how many versions were found by then.
    /// Further buckets of a sweep are counted from the first one's time on.
    ///
    /// # Errors
    /// When backfill-lister fails, such as on a bucket that it may not list. A sweep passes further ones over, and so does this.
    pub async fn count(&self, plan: &Plan, mut meanwhile: impl FnMut(u64)) -> Result<Counted, Error> {
        let mut counted = self.count_in_bucket(plan, &mut meanwhile).await?;
        for bucket in &plan.further {
            let plan = Plan { bucket: bucket.clone(), further: Vec::new(), ..plan.clone() };
            match self.count_in_bucket(&plan, |objects| meanwhile(counted.objects + objects)).await {
                Ok(further) => counted.add(&further),
                Err(Error::Lister { name, .. }) if matches!(name.as_str(), "AccessDenied" | "ObjectNotFound") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(counted)
    }

    async fn count_in_bucket(&self, plan: &Plan, mut meanwhile: impl FnMut(u64)) -> Result<Counted, Error> {
        const ACTION: &str = "lambda:InvokeFunction";
        let mut asked = json!({"plan": plan});
        loop {
            let path = format!("/2015-03-31/functions/{}/invocations", path_segment(&self.lister));
            let call = Call::rest("POST", path, Some(&json!({"count": asked})));
            asked = self.lambda.call(call).await.map_err(|error| CallError::new(ACTION, &error))?;
            if let Some(name) = asked["errorType"].as_str() {
                let message = asked["errorMessage"].as_str().unwrap_or("it does not say why").to_owned();
                return Err(Error::Lister { name: name.to_owned(), message });
            }
            if asked["more"] != true {
                return serde_json::from_value(asked).map_err(|_| Error::Incomplete(ACTION));
            }
            meanwhile(asked["objects"].as_u64().unwrap_or_default());
        }
    }

    /// Starts a backfill; the ARN of its execution, which has the backfill's id for its name. Asked for twice, it starts once.
    ///
    /// # Errors
    /// When nothing was deployed, or AWS refuses the call.
    pub async fn start(&self, id: &str, plan: &Plan) -> Result<String, Error> {
        self.start_run(id, id, plan).await
    }

    /// Starts the run of this name, or gives the one that was started so and goes on.
    async fn start_run(&self, name: &str, id: &str, plan: &Plan) -> Result<String, Error> {
        const ACTION: &str = "states:StartExecution";
        let input = json!({"backfill": id, "plan": plan}).to_string();
        let asked = json!({"stateMachineArn": self.alias_arn, "name": name, "input": input});
        match self.states.call(Call::rpc("AWSStepFunctions.StartExecution", &asked)).await {
            Ok(answer) => answer["executionArn"].as_str().map(str::to_owned).ok_or(Error::Incomplete(ACTION)),
            Err(error) => match CallError::new(ACTION, &error) {
                CallError::Refused { code, .. }
                    if matches!(code.as_str(), "StateMachineDoesNotExist" | "ResourceNotFound") =>
                {
                    Err(Error::NotDeployed(self.alias_arn.clone()))
                }
                error => Err(error.into()),
            },
        }
    }

    /// A backfill, if it began.
    ///
    /// # Errors
    /// When AWS refuses the call.
    pub async fn get(&self, id: &str) -> Result<Option<Backfill>, Error> {
        let key = json!({"object": {"S": PARTITION}, "event": {"S": id}});
        let asked = json!({"TableName": self.table, "Key": key, "ConsistentRead": true});
        let answer = self.dynamodb.call(Call::rpc("DynamoDB_20120810.GetItem", &asked)).await;
        let answer = answer.map_err(|error| CallError::new(GET_ITEM, &error))?;
        let item = answer.get("Item").map(|item| Value::Object(plain_item(item)));
        Ok(item.map(|item| Backfill { id: id.to_owned(), counters: Counters::read(&item) }))
    }

    /// All of them, the newest last.
    ///
    /// # Errors
    /// When AWS refuses a call.
    pub async fn all(&self) -> Result<Vec<Backfill>, Error> {
        let mut asked = json!({
            "TableName": self.table,
            "KeyConditionExpression": "#object = :partition",
            "ExpressionAttributeNames": {"#object": "object"},
            "ExpressionAttributeValues": {":partition": {"S": PARTITION}},
        });
        let mut all = Vec::new();
        loop {
            let answer = self.dynamodb.call(Call::rpc("DynamoDB_20120810.Query", &asked)).await;
            let mut answer = answer.map_err(|error| CallError::new("dynamodb:Query", &error))?;
            let items = answer["Items"].as_array().into_iter().flatten().map(plain_item);
            all.extend(items.filter_map(|item: Map<String, Value>| {
                // What tells until when a bucket was swept has no plan.
                let id = item.get("event")?.as_str().filter(|_| item.contains_key("plan"))?.to_owned();
                Some(Backfill { id, counters: Counters::read(&Value::Object(item)) })
            }));
            match answer["LastEvaluatedKey"].take() {
                Value::Null => break,
                key => asked["ExclusiveStartKey"] = key,
            }
        }
        all.sort_by(|one, other| one.counters.started_at.cmp(&other.counters.started_at));
        Ok(all)
    }

    /// The one of this id, or the newest.
    ///
    /// # Errors
    /// When there is none, or AWS refuses a call.
    pub async fn named(&self, id: Option<&str>) -> Result<Backfill, Error> {
        let found = match id {
            Some(id) => self.get(id).await?,
            None => self.all().await?.pop(),
        };
        found.ok_or_else(|| id.map_or(Error::NoneYet, |id| Error::Unknown(id.to_owned())))
    }

    /// Asks a backfill to stop: what is under way ends, and nothing more begins. The backfill as it is then.
    ///
    /// # Errors
    /// When it is not under way, or AWS refuses the call.
    pub async fn stop(&self, backfill: &Backfill) -> Result<Backfill, Error> {
        let asked = json!({
            "TableName": self.table,
            "Key": {"object": {"S": PARTITION}, "event": {"S": backfill.id}},
            "UpdateExpression": "SET #status = :stopping",
            "ConditionExpression": "#status = :running",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":stopping": {"S": Status::Stopping.as_str()}, ":running": {"S": Status::Running.as_str()},
            },
        });
        match self.dynamodb.call(Call::rpc("DynamoDB_20120810.UpdateItem", &asked)).await {
            Ok(_) => {
                let counters = Counters { status: Status::Stopping, ..backfill.counters.clone() };
                Ok(Backfill { counters, ..backfill.clone() })
            }
            Err(error) => match CallError::new(UPDATE_ITEM, &error) {
                CallError::Refused { code, .. } if code == "ConditionalCheckFailedException" => {
                    Err(Error::Ended { id: backfill.id.clone(), status: backfill.counters.status.as_str() })
                }
                error => Err(error.into()),
            },
        }
    }

    /// Goes on with a backfill that ended before all was audited, by the plan of [`Self::plan_to_resume`]: the ledger knows
    /// what was; the ARN of its execution. Of several who resume it at once, one starts a run.
    ///
    /// # Errors
    /// When somebody else resumed it by another plan, nothing was deployed, or AWS refuses a call.
    pub async fn resume(&self, backfill: &Backfill, plan: &Plan) -> Result<String, Error> {
        let id = &backfill.id;
        let mut last = backfill.counters.execution.clone().unwrap_or_default();
        loop {
            let (executions, name) = last.rsplit_once(':').unwrap_or_default();
            let name = name_of_run_after(id, name);
            match self.start_run(&name, id, plan).await {
                Err(Error::Call(CallError::Refused { code, .. })) if code == "ExecutionAlreadyExists" => {
                    let arn = format!("{executions}:{name}");
                    if self.execution_status(&arn).await? == "RUNNING" {
                        return Err(Error::Running(id.clone()));
                    }
                    // It ended before the ledger knew of it.
                    last = arn;
                }
                started => return started,
            }
        }
    }

    /// The plan by which a backfill that ended before all was audited can go on. Another cost at which it ends takes the
    /// place of the plan's.
    ///
    /// # Errors
    /// When it is under way, when what it may cost is spent, or AWS refuses a call.
    pub async fn plan_to_resume(&self, backfill: &Backfill, max_cost: Option<f64>) -> Result<Plan, Error> {
        let Counters { status, plan, .. } = &backfill.counters;
        if !status.has_ended() && !self.is_abandoned(backfill).await? {
            return Err(Error::Running(backfill.id.clone()));
        }
        let mut plan = plan.clone().ok_or(Error::Incomplete("the ledger"))?;
        plan.max_cost = max_cost.or(plan.max_cost);
        let spent = backfill.counters.spent_usd;
        if let Some(most) = plan.max_cost.filter(|most| spent >= *most) {
            return Err(Error::Spent { id: backfill.id.clone(), spent, most });
        }
        Ok(plan)
    }

    /// Looks at a backfill's run until that has ended, or `seen` has seen enough. A look that did not reach AWS, or that AWS
    /// throttled, is told to `lost` and made again, for five minutes at least.
    ///
    /// # Errors
    /// When AWS refuses a call or stays out of reach, or its execution ends without a word or without its report.
    pub async fn follow(
        &self,
        id: &str,
        execution: &str,
        mut seen: impl FnMut(&Backfill) -> ControlFlow<()>,
        mut lost: impl FnMut(&CallError),
    ) -> Result<Option<Backfill>, Error> {
        let mut lost_in_a_row = 0;
        loop {
            let (status, backfill) = match self.look(id, execution).await {
                Err(Error::Call(error)) if error.may_pass() && lost_in_a_row < MOST_LOST => {
                    lost(&error);
                    lost_in_a_row += 1;
                    tokio::time::sleep(PAUSE_WHEN_LOST).await;
                    continue;
                }
                looked => looked?,
            };
            lost_in_a_row = 0;
            let of_this_run = backfill.filter(|backfill| backfill.counters.execution.as_deref() == Some(execution));
            if let Some(backfill) = of_this_run {
                let ended = backfill.counters.status;
                if seen(&backfill).is_break() {
                    return Ok(Some(backfill));
                }
                if ended.has_ended() && status != "RUNNING" {
                    // An execution whose backfill failed fails too, once that is told.
                    return if status == "SUCCEEDED" || ended == Status::Failed {
                        Ok(Some(backfill))
                    } else {
                        Err(Error::Unreported { backfill: Box::new(backfill), arn: execution.to_owned() })
                    };
                }
            }
            if status != "RUNNING" {
                return Err(Error::Broken { arn: execution.to_owned(), status });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The status of a backfill's execution, and its record.
    async fn look(&self, id: &str, execution: &str) -> Result<(String, Option<Backfill>), Error> {
        // Asked before the record is read: what has ended by now wrote its record before.
        Ok((self.execution_status(execution).await?, self.get(id).await?))
    }

    /// Whether a backfill's execution is over, though its record says otherwise.
    async fn is_abandoned(&self, backfill: &Backfill) -> Result<bool, Error> {
        match &backfill.counters.execution {
            Some(execution) => Ok(self.execution_status(execution).await? != "RUNNING"),
            None => Ok(true),
        }
    }

    async fn execution_status(&self, arn: &str) -> Result<String, Error> {
        const ACTION: &str = "states:DescribeExecution";
        let asked = json!({"executionArn": arn});
        let answer = self.states.call(Call::rpc("AWSStepFunctions.DescribeExecution", &asked)).await;
        let answer = answer.map_err(|error| CallError::new(ACTION, &error))?;
        answer["status"].as_str().map(str::to_owned).ok_or(Error::Incomplete(ACTION))
    }
}

/// What the run of a backfill is called that follows the one called `last`: the first has the backfill's id for its name.
fn name_of_run_after(id: &str, last: &str) -> String {
    let number = last.strip_prefix(id).and_then(|end| end.strip_prefix("-run-")).and_then(|number| number.parse().ok());
    format!("{id}-run-{}", number.unwrap_or(1_u32).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    fn backfills(answers: impl IntoIterator<Item = (u16, Value)>) -> (Backfills, RecordedAws) {
        let answers: Vec<_> = answers.into_iter().map(|(status, body)| Answer::new(status, body.to_string())).collect();
        answering(answers)
    }

    pub(crate) fn answering(answers: Vec<Answer>) -> (Backfills, RecordedAws) {
        let aws = RecordedAws::answering(answers);
        let config = aws.config();
        let backfills = Backfills {
            states: ControlPlane::new(&config, Service::STEP_FUNCTIONS),
            dynamodb: ControlPlane::new(&config, Service::DYNAMO_DB),
            lambda: ControlPlane::new(&config, Service::LAMBDA),
            s3: S3::new(&config),
            parts: "parts".into(),
            table: "ledger".into(),
            lister: "arn:aws:lambda:us-west-2:111122223333:function:audit-backfill-lister:live".into(),
            alias_arn: "arn:aws:states:us-west-2:111122223333:stateMachine:backfill:live".into(),
        };
        (backfills, aws)
    }

    fn sent(aws: &RecordedAws, at: usize) -> Value {
        serde_json::from_slice(aws.requests()[at].body().bytes().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_count_goes_on_where_the_last_call_ended() {
        let estimate = json!({"objects": 7, "seconds": 8, "model_usd": 0.01, "platform_usd": 0.0});
        let part = |objects: u64, more: bool| {
            json!({"plan": {"bucket": "b"}, "more": more, "token": {"key": "k"}, "listed": 9, "known": 2,
                "objects": objects, "estimate": estimate})
        };
        let (backfills, aws) = backfills([(200, part(3, true)), (200, part(7, false))]);
        let mut found = Vec::new();
        let counted = backfills.count(&Plan::of("b"), |objects| found.push(objects)).await.unwrap();
        assert_eq!((counted.objects, counted.known, found), (7, 2, vec![3]));
        assert_eq!(sent(&aws, 1)["count"]["token"], json!({"key": "k"}));
    }

    #[tokio::test]
    async fn a_sweep_is_counted_in_each_bucket_that_may_be_listed() {
        let of = |objects: u64| {
            let estimate = json!({"objects": objects, "seconds": 8, "model_usd": 0.5, "platform_usd": 0.25});
            json!({"plan": {"bucket": "b"}, "more": false, "listed": 9, "known": 2, "objects": objects, "estimate": estimate})
        };
        let denied = json!({"errorType": "AccessDenied", "errorMessage": "s3:ListBucketVersions was denied"});
        let (backfills, aws) = backfills([(200, of(3)), (200, denied), (200, of(4))]);
        let plan = Plan { sweep: true, further: vec!["c".into(), "d".into()], ..Plan::of("b") };
        let counted = backfills.count(&plan, |_| ()).await.unwrap();
        assert_eq!((counted.objects, counted.listed, counted.known), (7, 18, 4));
        assert_eq!((counted.estimate.objects, counted.estimate.model_usd), (7, Some(1.0)));
        let asked = sent(&aws, 2)["count"]["plan"].take();
        assert_eq!((&asked["bucket"], asked.get("further")), (&json!("d"), None));
    }

    #[tokio::test]
    async fn what_the_lister_fails_with_is_told() {
        let refused =
            json!({"errorType": "AccessDenied", "errorMessage": "s3:ListBucketVersions on bucket b was denied"});
        let (backfills, _) = backfills([(200, refused)]);
        let error = backfills.count(&Plan::of("b"), |_| ()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "backfill-lister failed: AccessDenied: s3:ListBucketVersions on bucket b was denied"
        );
    }

    #[tokio::test]
    async fn what_has_ended_is_not_stopped_and_what_runs_is_not_resumed() {
        let of = |status| Backfill {
            id: "b-1".into(),
            counters: Counters {
                status,
                plan: Some(Plan::of("b")),
                execution: Some("e".into()),
                ..Counters::default()
            },
        };
        let refusal = json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"});
        let (stopping, _) = backfills([(400, refusal)]);
        let error = stopping.stop(&of(Status::Complete)).await.unwrap_err();
        assert_eq!(error.to_string(), "the backfill b-1 is not under way: it is complete");
        let (stopping, _) = backfills([(200, json!({}))]);
        assert_eq!(stopping.stop(&of(Status::Running)).await.unwrap().counters.status, Status::Stopping);
        let (running, _) = backfills([(200, json!({"status": "RUNNING"}))]);
        assert!(matches!(running.plan_to_resume(&of(Status::Running), None).await, Err(Error::Running(_))));
        // One whose execution somebody ended goes on all the same.
        let (abandoned, _) = backfills([(200, json!({"status": "ABORTED"}))]);
        let plan = abandoned.plan_to_resume(&of(Status::Running), Some(2.0)).await.unwrap();
        assert_eq!(plan, Plan { max_cost: Some(2.0), ..Plan::of("b") });
    }

    /// Step Functions starts one execution of a name: asked again with the same input, it names the one that goes on.
    #[tokio::test]
    async fn each_run_of_a_backfill_is_named_by_the_one_before_it() {
        const EXECUTIONS: &str = "arn:aws:states:us-west-2:111122223333:execution:backfill";
        let started = || (200, json!({"executionArn": "f"}));
        let (first, aws) = backfills([started()]);
        first.start("b-1", &Plan::of("b")).await.unwrap();
        assert_eq!(sent(&aws, 0)["name"], "b-1");

        let of_before = "8f3c1f0e-5a52-4c0c-9d7e-1f2d3c4b5a69";
        for (last, next) in [("b-1", "b-1-run-2"), ("b-1-run-9", "b-1-run-10"), (of_before, "b-1-run-2")] {
            let execution = Some(format!("{EXECUTIONS}:{last}"));
            let stopped = Backfill { id: "b-1".into(), counters: Counters { execution, ..Counters::default() } };
            let (backfills, aws) = backfills([started()]);
            assert_eq!(backfills.resume(&stopped, &Plan::of("b")).await.unwrap(), "f");
            assert_eq!(sent(&aws, 0)["name"], next, "{last}");
            let input: Value = serde_json::from_str(sent(&aws, 0)["input"].as_str().unwrap()).unwrap();
            assert_eq!((&input["backfill"], &input["plan"]["bucket"]), (&json!("b-1"), &json!("b")));
        }
    }

    #[tokio::test]
    async fn what_somebody_else_has_just_resumed_is_not_resumed_again() {
        let execution = Some("arn:aws:states:us-west-2:111122223333:execution:backfill:b-1".to_owned());
        let stopped = Backfill { id: "b-1".into(), counters: Counters { execution, ..Counters::default() } };
        let taken = || (400, json!({"__type": "ExecutionAlreadyExists", "message": "Execution Already Exists"}));

        let (running, aws) = backfills([taken(), (200, json!({"status": "RUNNING"}))]);
        assert!(matches!(running.resume(&stopped, &Plan::of("b")).await, Err(Error::Running(_))));
        let second = "arn:aws:states:us-west-2:111122223333:execution:backfill:b-1-run-2";
        assert_eq!(sent(&aws, 1)["executionArn"], second);

        // One that ended before the ledger knew of it.
        let answers = [taken(), (200, json!({"status": "FAILED"})), (200, json!({"executionArn": "f"}))];
        let (ended, aws) = backfills(answers);
        assert_eq!(ended.resume(&stopped, &Plan::of("b")).await.unwrap(), "f");
        assert_eq!(sent(&aws, 2)["name"], "b-1-run-3");
    }

    #[tokio::test]
    async fn what_is_spent_is_not_resumed_without_more_money() {
        let plan = Plan { max_cost: Some(2.0), ..Plan::of("b") };
        let counters = Counters { status: Status::Capped, plan: Some(plan), spent_usd: 2.1, ..Counters::default() };
        let capped = Backfill { id: "b-1".into(), counters };
        for most in [None, Some(2.1)] {
            let (backfills, _) = backfills([]);
            assert!(matches!(backfills.plan_to_resume(&capped, most).await, Err(Error::Spent { .. })), "{most:?}");
        }
        let (backfills, _) = backfills([]);
        assert_eq!(backfills.plan_to_resume(&capped, Some(3.0)).await.unwrap().max_cost, Some(3.0));
    }

    #[tokio::test]
    async fn the_newest_of_none_is_told_apart_from_an_id_that_is_unknown() {
        let (none, _) = backfills([(200, json!({"Items": []}))]);
        assert_eq!(none.named(None).await.unwrap_err().to_string(), "no backfill has been run yet");
        let (none, _) = backfills([(200, json!({}))]);
        assert!(matches!(none.named(Some("b-1")).await, Err(Error::Unknown(id)) if id == "b-1"));
    }

    #[tokio::test]
    async fn a_backfill_that_nobody_was_told_of_is_an_error() {
        let record = |status: &str| json!({"Item": {"status": {"S": status}, "execution": {"S": "e"}}});
        for (execution, status, is_told) in
            [("SUCCEEDED", "complete", true), ("FAILED", "failed", true), ("FAILED", "complete", false)]
        {
            let (backfills, _) = backfills([(200, json!({"status": execution})), (200, record(status))]);
            let followed = backfills.follow("b-1", "e", |_| ControlFlow::Continue(()), |_| ()).await;
            assert_eq!(!matches!(followed, Err(Error::Unreported { .. })), is_told, "{execution} {status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_lost_ends_no_following() {
        let record = json!({"Item": {"status": {"S": "complete"}, "execution": {"S": "e"}}});
        let lost = |status, code: &str| (status, json!({"__type": code, "message": "no"}));
        let (backfills, _) = backfills([
            lost(400, "ThrottlingException"),
            lost(400, "ProvisionedThroughputExceededException"),
            lost(503, "ServiceUnavailable"),
            (200, json!({"status": "SUCCEEDED"})),
            (200, record),
        ]);
        let mut told = Vec::new();
        let followed =
            backfills.follow("b-1", "e", |_| ControlFlow::Continue(()), |error| told.push(error.to_string())).await;
        assert_eq!(followed.unwrap().unwrap().counters.status, Status::Complete);
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn following_ends_where_aws_stays_out_of_reach_or_refuses() {
        for (code, lost) in [("ThrottlingException", MOST_LOST), ("AccessDeniedException", 0)] {
            let refused = || (400, json!({"__type": code, "message": "no"}));
            let (backfills, _) = backfills((0..200).map(|_| refused()));
            let mut told = 0;
            let followed = backfills.follow("b-1", "e", |_| ControlFlow::Continue(()), |_| told += 1).await;
            assert!(matches!(followed, Err(Error::Call(_))), "{followed:?}");
            assert_eq!(told, lost, "{code}");
        }
    }

    #[tokio::test]
    async fn an_execution_that_ends_without_a_word_is_told() {
        let (backfills, _) = backfills([(200, json!({"status": "FAILED"})), (200, json!({}))]);
        let error = backfills.follow("b-1", "e", |_| ControlFlow::Continue(()), |_| ()).await.unwrap_err();
        assert!(matches!(error, Error::Broken { .. }), "{error}");
    }
}
