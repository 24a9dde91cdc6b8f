//! Starts executions and follows them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use warden_call_errors::CallError;

use crate::failure::ExecutionFailure;
use crate::history::{self, seconds};
use crate::report::last_part;
use crate::{Deployer, Ending, Entry, Error, Happening, console, time};

/// How often an execution that runs is looked at.
const PAUSE: Duration = Duration::from_secs(1);
/// How many executions are looked through for those that run.
const LISTED: i32 = 50;
/// How many are listed at a time for those that something started. So many are looked through whenever they started.
const PAGE: i32 = 100;
/// How long before the first look an event may have started its execution. Events are put
/// before that, and clocks differ.
const STARTED_WITHIN: Duration = Duration::from_mins(15);

/// An execution, with what happened in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExecutionReport {
    /// The execution.
    pub execution_arn: String,
    /// Its name.
    pub name: String,
    /// Its page in the console.
    pub console_url: Option<String>,
    /// Its status, as Step Functions writes it.
    pub status: String,
    /// When it started.
    pub started: String,
    /// How long it took, once it has ended.
    pub seconds: Option<f64>,
    /// The version that it runs, if it was started through an alias or a version.
    pub version_arn: Option<String>,
    /// Why it ended, unless it succeeded.
    pub failure: Option<ExecutionFailure>,
    /// What happened in it.
    pub entries: Vec<Entry>,
}

/// An execution that is being followed.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The execution.
    pub arn: String,
    seen: i64,
    ended: Option<Ending>,
}

impl Followed {
    /// Follows an execution from its beginning.
    #[must_use]
    pub fn new(arn: impl Into<String>) -> Self {
        Self { arn: arn.into(), seen: 0, ended: None }
    }

    /// How it ended, once that was seen.
    #[must_use]
    pub fn ended(&self) -> Option<Ending> {
        self.ended
    }
}

impl ExecutionReport {
    /// Whether it ended well.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status == ExecutionStatus::Succeeded.as_str()
    }
}

impl Deployer {
    /// Starts an execution through an alias; its ARN.
    ///
    /// # Errors
    /// When nothing was deployed, or the call fails.
    pub async fn start(&self, stack: &str, alias: &str, input: &str) -> Result<String, Error> {
        let alias_arn = format!("{}:{alias}", self.stack(stack).await?.machine_arn()?);
        // With a name of ours, a call that is made again starts nothing twice.
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let name = format!("warden-{millis}-{:08x}", fastrand::u32(..));
        match self.machines.start_execution().state_machine_arn(&alias_arn).name(name).input(input).send().await {
            Ok(answer) => Ok(answer.execution_arn),
            Err(error) if matches!(error.code(), Some("StateMachineDoesNotExist" | "ResourceNotFound")) => {
                Err(Error::NotDeployed { arn: alias_arn })
            }
            Err(error) => Err(CallError::new("states:StartExecution", &error).into()),
        }
    }

    /// The ARN of an execution of a stack, by its name; without one, of the
    /// execution that started last.
    ///
    /// # Errors
    /// When nothing has run, or a call fails.
    pub async fn execution_arn(&self, stack: &str, name: Option<&str>) -> Result<String, Error> {
        let machine_arn = self.stack(stack).await?.machine_arn()?;
        if let Some(name) = name {
            return Ok(format!("{}:{name}", machine_arn.replacen(":stateMachine:", ":execution:", 1)));
        }
        let newest = self.newest_executions(&machine_arn, 1).await?.into_iter().next();
        newest.map(|listed| listed.execution_arn).ok_or(Error::NoExecutions { arn: machine_arn })
    }

    /// An execution with all that happened in it so far.
    ///
    /// # Errors
    /// When there is no such execution, or a call fails.
    pub async fn execution(&self, arn: &str) -> Result<ExecutionReport, Error> {
        let described = self.describe(arn).await?;
        let entries = self.entries(arn).await?;
        Ok(report(described, entries))
    }

    /// What happened in an execution since this was last asked.
    ///
    /// # Errors
    /// When there is no such execution, or a call fails.
    pub async fn news(&self, followed: &mut Followed) -> Result<Vec<Entry>, Error> {
        let mut news = self.entries(&followed.arn).await?;
        news.retain(|entry| entry.id > followed.seen);
        if news.is_empty() {
            // An execution may end without its history telling.
            let described = self.describe(&followed.arn).await?;
            news.extend(ended_unsaid(&described, followed.seen));
        }
        followed.seen = news.last().map_or(followed.seen, |entry| entry.id);
        followed.ended = news.iter().find_map(Entry::ending);
        Ok(news)
    }

    /// Follows an execution until it has ended; `tell` hears of everything that happens.
    ///
    /// # Errors
    /// When there is no such execution, or a call fails.
    pub async fn follow(&self, arn: &str, mut tell: impl FnMut(&Entry)) -> Result<ExecutionReport, Error> {
        let mut followed = Followed::new(arn);
        loop {
            self.news(&mut followed).await?.iter().for_each(&mut tell);
            if followed.ended().is_some() {
                return self.execution(arn).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Follows the executions of a stack that run, and all that start, until
    /// `tell` breaks off, which hears of everything that happens in each.
    ///
    /// # Errors
    /// When nothing was deployed, or a call fails.
    pub async fn follow_all(
        &self,
        stack: &str,
        mut tell: impl FnMut(&str, &Entry) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let machine_arn = self.stack(stack).await?.machine_arn()?;
        let mut known = BTreeSet::new();
        let mut open = Vec::new();
        let mut first = true;
        loop {
            for listed in self.newest_executions(&machine_arn, LISTED).await?.into_iter().rev() {
                let is_new = known.insert(listed.execution_arn.clone());
                // What had ended before the first look is history.
                if is_new && (!first || listed.status == ExecutionStatus::Running) {
                    open.push(Followed::new(listed.execution_arn));
                }
            }
            first = false;
            for followed in &mut open {
                for entry in self.news(followed).await? {
                    if tell(&followed.arn, &entry).is_break() {
                        return Ok(());
                    }
                }
            }
            open.retain(|followed| followed.ended().is_none());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until each wanted thing has started an execution of the state machine, no longer than `limit`; the
    /// executions by what started them, which `of_input` finds in an execution's input.
    ///
    /// # Errors
    /// When nothing was deployed, or a call fails.
    pub async fn started_by<K: Ord>(
        &self,
        machine_arn: &str,
        wanted: impl IntoIterator<Item = K>,
        of_input: impl Fn(&Value) -> Option<K>,
        limit: Duration,
    ) -> Result<BTreeMap<K, String>, Error> {
        let begun = Instant::now();
        let oldest = SystemTime::now().checked_sub(STARTED_WITHIN).unwrap_or(UNIX_EPOCH).into();
        let mut wanted: BTreeSet<_> = wanted.into_iter().collect();
        let (mut known, mut found) = (BTreeSet::new(), BTreeMap::new());
        let mut thorough = false;
        while !wanted.is_empty() {
            let (mut next, known_before) = (None, known.len());
            loop {
                let (listed, further) = self.list_executions(machine_arn, PAGE, next).await?;
                let (before, may_be_ours) = (known.len(), listed.last().is_some_and(|last| last.start_date >= oldest));
                for arn in listed.into_iter().map(|listed| listed.execution_arn) {
                    if wanted.is_empty() || !known.insert(arn.clone()) {
                        continue;
                    }
                    let described = self.describe(&arn).await?;
                    let input = described.input.and_then(|input| serde_json::from_str(&input).ok());
                    let starter = input.and_then(|input| of_input(&input));
                    if let Some(starter) = starter.filter(|starter| wanted.remove(starter)) {
                        found.insert(starter, arn);
                    }
                }
                // The newest come first: what follows a page that was seen was mostly seen too. Those that started
                // while pages were read may have moved others on, so a look that found nothing new is followed by one
                // through every page.
                let seen = known.len() == before && !thorough;
                if wanted.is_empty() || seen || !may_be_ours || further.is_none() {
                    break;
                }
                next = further;
            }
            if wanted.is_empty() || begun.elapsed() >= limit {
                break;
            }
            thorough = known.len() == known_before;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(found)
    }

    /// What an execution that succeeded ended with.
    ///
    /// # Errors
    /// When there is no such execution, or the call fails.
    pub async fn output_of(&self, arn: &str) -> Result<Option<Value>, Error> {
        let output = self.describe(arn).await?.output;
        Ok(output.and_then(|output| serde_json::from_str(&output).ok()))
    }

    pub(crate) async fn describe(&self, arn: &str) -> Result<DescribeExecutionOutput, Error> {
        match self.machines.describe_execution().execution_arn(arn).send().await {
            Ok(answer) => Ok(answer),
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => {
                Err(Error::NoSuchExecution { arn: arn.to_owned() })
            }
            Err(error) => Err(CallError::new("states:DescribeExecution", &error).into()),
        }
    }

    async fn entries(&self, arn: &str) -> Result<Vec<Entry>, Error> {
        let mut events = Vec::new();
        let mut next = None;
        loop {
            let request = self.machines.get_execution_history().execution_arn(arn).max_results(1000);
            // The data of an execution names who uploaded what: it is not needed here.
            let request = request.include_execution_data(false).set_next_token(next);
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) if error.code() == Some("ExecutionDoesNotExist") => {
                    return Err(Error::NoSuchExecution { arn: arn.to_owned() });
                }
                Err(error) => return Err(CallError::new("states:GetExecutionHistory", &error).into()),
            };
            events.extend(answer.events);
            next = answer.next_token;
            if next.is_none() {
                return Ok(history::narrate(&events));
            }
        }
    }
}

fn report(described: DescribeExecutionOutput, entries: Vec<Entry>) -> ExecutionReport {
    let failed = described.error.is_some() || described.cause.is_some();
    let failure = failed.then(|| ExecutionFailure::new(described.error.as_deref(), described.cause.as_deref()));
    ExecutionReport {
        console_url: console::url(&described.execution_arn),
        name: described.name.unwrap_or_else(|| last_part(&described.execution_arn).to_owned()),
        status: described.status.as_str().to_owned(),
        started: time::rfc3339(&described.start_date),
        seconds: described.stop_date.as_ref().map(|stopped| seconds(&described.start_date, stopped)),
        version_arn: described.state_machine_version_arn,
        failure,
        entries,
        execution_arn: described.execution_arn,
    }
}

/// The end of an execution that its history, seen up to the event `seen`, does not have.
fn ended_unsaid(described: &DescribeExecutionOutput, seen: i64) -> Option<Entry> {
    let status = match &described.status {
        ExecutionStatus::Succeeded => Ending::Succeeded,
        ExecutionStatus::Failed => Ending::Failed,
        ExecutionStatus::TimedOut => Ending::TimedOut,
        ExecutionStatus::Aborted => Ending::Aborted,
        _ => return None,
    };
    let stopped = described.stop_date.unwrap_or(described.start_date);
    let failed = described.error.is_some() || described.cause.is_some();
    let failure = failed.then(|| ExecutionFailure::new(described.error.as_deref(), described.cause.as_deref()));
    Some(Entry {
        at: time::rfc3339(&stopped),
        id: seen + 1,
        state: None,
        what: Happening::Ended { status, seconds: seconds(&described.start_date, &stopped), failure },
    })
}

impl fmt::Display for ExecutionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Execution {}", self.execution_arn)?;
        if let Some(url) = &self.console_url {
            write!(f, "\n{url}")?;
        }
        if let Some(version) = &self.version_arn {
            write!(f, "\nVersion {}", last_part(version))?;
        }
        write!(f, "\n{} since {} (times are UTC)\n", self.status, self.started)?;
        for entry in &self.entries {
            write!(f, "\n{entry}")?;
        }
        Ok(())
    }
}
