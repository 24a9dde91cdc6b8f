//! The deployer: reads what is there, decides, and makes the calls between.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sfn::config::http::HttpResponse;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::types::{
    CloudWatchLogsLogGroup, LogDestination, LogLevel, LoggingConfiguration, StateMachineStatus, StateMachineType, Tag,
    TracingConfiguration, ValidateStateMachineDefinitionResultCode,
};
use aws_types::SdkConfig;
use aws_types::region::Region;
use warden_call_errors::CallError;
use warden_control_plane::{ControlPlane, Service};

use crate::alias::Alias;
use crate::machine::{self, Current, Desired};
use crate::report::last_part;
use crate::role_wait::{WAITS, unusable_role};
use crate::stack::StateMachine;
use crate::time::in_words;
use crate::{
    ApplyReport, DefinitionTemplate, Diagnostic, Difference, Error, MissingOutput, Outcome, PlanReport, Stack, Tally,
    change, rollback,
};

/// The alias that the stack's rules start.
pub const DEFAULT_ALIAS: &str = "live";

/// What [`Deployer::apply`] is asked for.
#[derive(Clone, Debug)]
pub struct ApplyRequest {
    /// The `CloudFormation` stack whose outputs fill the definition.
    pub stack: String,
    /// The definition with its placeholders.
    pub definition: DefinitionTemplate,
    /// The alias that is to run it.
    pub alias: String,
    /// What is kept with a version that is published, such as a commit.
    pub description: Option<String>,
    /// Which of the stack's state machines it is.
    pub machine: StateMachine,
    /// What fills placeholders beside the stack's outputs.
    pub values: BTreeMap<String, String>,
}

impl ApplyRequest {
    /// A request for the alias `live`, which the stack's rules start.
    #[must_use]
    pub fn new(stack: impl Into<String>, definition: DefinitionTemplate) -> Self {
        Self {
            stack: stack.into(),
            definition,
            alias: DEFAULT_ALIAS.into(),
            description: None,
            machine: StateMachine::Audit,
            values: BTreeMap::new(),
        }
    }

    /// A request for the state machine of backfills, which starts a version of the audit's.
    #[must_use]
    pub fn backfill(&self, definition: DefinitionTemplate, audit_version_arn: &str) -> Self {
        Self {
            definition,
            machine: StateMachine::Backfill,
            values: BTreeMap::from([("AuditVersionArn".to_owned(), audit_version_arn.to_owned())]),
            ..self.clone()
        }
    }
}

/// Something that happens while a deployment runs and takes time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Step Functions cannot use the role yet; the call is made again after `wait`.
    WaitingForRole {
        /// How long is waited.
        wait: Duration,
        /// What Step Functions said.
        reason: String,
    },
    /// A canary was asked for, and no version runs yet that it could stand beside.
    NothingToCompare,
    /// A new version takes its share.
    CanaryBegan {
        /// The new version.
        version_arn: String,
        /// The version that takes the rest.
        stable_version_arn: String,
        /// The new version's share in percent.
        percent: u8,
        /// How long it is watched.
        duration: Duration,
    },
    /// It could not be kept which versions were taken back.
    NotKept {
        /// Why not.
        problem: String,
    },
    /// It could not be read which versions were taken back, so that a rollback passes over none.
    NonePassedOver {
        /// Why not.
        problem: String,
    },
    /// A new version is being watched.
    CanaryWatched {
        /// What became of its executions so far.
        executions: Tally,
        /// How long it has been watched.
        elapsed: Duration,
        /// How long it is watched in all.
        duration: Duration,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitingForRole { wait, reason } => {
                write!(f, "The role is not usable yet ({reason}). Trying again in {} s", wait.as_secs())
            }
            Self::NothingToCompare => f.write_str("No version runs yet: the first one gets all executions at once"),
            Self::CanaryBegan { version_arn, stable_version_arn, percent, duration } => {
                let (new, stable) = (last_part(version_arn), last_part(stable_version_arn));
                let duration = in_words(*duration);
                write!(
                    f,
                    "Version {new} gets {percent} % of the executions for {duration}, version {stable} the rest. Ctrl-C takes it back"
                )
            }
            Self::NotKept { problem } => write!(
                f,
                "The alias is set, but which versions were taken back could not be kept ({problem}). Give the next `warden deploy rollback` its version with `--to`"
            ),
            Self::NonePassedOver { problem } => write!(
                f,
                "Which versions were taken back before could not be read ({problem}). None is passed over: `--to` chooses another"
            ),
            Self::CanaryWatched { executions, elapsed, duration } => {
                write!(f, "{} of {}: {executions}", in_words(*elapsed), in_words(*duration))
            }
        }
    }
}

/// Deploys state machines through Step Functions and `CloudFormation`.
#[derive(Clone)]
pub struct Deployer {
    stacks: ControlPlane,
    region: Option<Region>,
    pub(crate) machines: aws_sdk_sfn::Client,
    pub(crate) progress: Arc<dyn Fn(&Progress) + Send + Sync>,
}

impl fmt::Debug for Deployer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployer").finish_non_exhaustive()
    }
}

/// What there is, what there should be, and what is to be done.
pub(crate) struct Prepared {
    pub(crate) desired: Desired,
    pub(crate) alias_arn: String,
    pub(crate) alias: Option<Alias>,
    current: Option<Current>,
    plan: Plan,
    missing_tags: BTreeMap<String, String>,
}

/// A version that is what is desired.
pub(crate) struct Published {
    /// Whether this deployment published it.
    pub(crate) by_us: bool,
    pub(crate) arn: String,
}

impl Prepared {
    pub(crate) fn report(self, published: Published, alias_outcome: Outcome) -> ApplyReport {
        let outcome = match self.plan {
            Plan::Create => Outcome::Created,
            Plan::Publish | Plan::Move(_) | Plan::Keep(_) if self.missing_tags.is_empty() => Outcome::Unchanged,
            Plan::Update(..) | Plan::Publish | Plan::Move(_) | Plan::Keep(_) => Outcome::Updated,
        };
        let mut differences = if let Plan::Update(differences, _) = self.plan { differences } else { Vec::new() };
        if !self.missing_tags.is_empty() {
            differences.push(Difference::Tags);
        }
        ApplyReport {
            outcome,
            differences,
            state_machine_arn: self.desired.arn,
            published: published.by_us,
            version_arn: published.arn,
            moved_from: match (alias_outcome, self.alias) {
                (Outcome::Updated, Some(alias)) => alias.routes(),
                _ => Vec::new(),
            },
            alias: alias_outcome,
            alias_arn: self.alias_arn,
            canary: None,
        }
    }
}

/// What the state machine needs so that its newest version is what is desired.
enum Plan {
    Create,
    /// It differs. A version that the alias runs and that is as desired makes publishing another needless.
    Update(Vec<Difference>, Option<String>),
    /// It is as desired, but not published.
    Publish,
    /// It is as desired and published as this version, but the alias does not run it.
    Move(String),
    /// It is as desired, and the alias runs it as this version.
    Keep(String),
}

impl Deployer {
    /// A deployer with the credentials, Region and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            stacks: ControlPlane::new(config, Service::CLOUD_FORMATION),
            region: config.region().cloned(),
            machines: aws_sdk_sfn::Client::new(config),
            progress: Arc::new(|_| ()),
        }
    }

    /// Tells `listener` what takes time while a deployment runs.
    #[must_use]
    pub fn on_progress(mut self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.progress = Arc::new(listener);
        self
    }

    /// Reads a stack's outputs.
    ///
    /// # Errors
    /// When there is no such stack, it is not complete, or the call fails.
    pub async fn stack(&self, name: &str) -> Result<Stack, Error> {
        let region = self.region.as_ref().ok_or(Error::NoRegion)?;
        Stack::read(&self.stacks, region, name).await
    }

    /// Brings the state machine and its alias to what `request` describes, and
    /// changes nothing that is so already.
    ///
    /// # Errors
    /// When the definition is not valid, the stack is missing, not complete or
    /// lacks an output, the role cannot be used, or a call fails. Whatever was
    /// done by then stands; applying again goes on from there.
    pub async fn apply(&self, request: &ApplyRequest) -> Result<ApplyReport, Error> {
        let prepared = self.prepare(request).await?;
        let published = self.bring_about(&prepared).await?;
        let alias_outcome =
            self.point_alias(&request.alias, &prepared.alias_arn, prepared.alias.as_ref(), &published.arn).await?;
        self.took_over(&prepared.desired.arn, &published, alias_outcome).await;
        Ok(prepared.report(published, alias_outcome))
    }

    /// Tells what [`Self::apply`] would do, and changes nothing.
    ///
    /// # Errors
    /// As [`Self::apply`], as far as reading goes.
    pub async fn plan(&self, request: &ApplyRequest) -> Result<PlanReport, Error> {
        let prepared = self.prepare(request).await?;
        let Prepared { desired, alias_arn, current, alias, plan, missing_tags } = prepared;
        let (alias_moves, version_arn) = match &plan {
            Plan::Create | Plan::Update(_, None) | Plan::Publish => (true, None),
            Plan::Move(version) => (true, Some(version.clone())),
            Plan::Update(_, Some(version)) | Plan::Keep(version) => (false, Some(version.clone())),
        };
        let changes = match (&plan, &current) {
            (Plan::Update(differences, _), Some(current)) => {
                change::changes(differences, &missing_tags, &desired, current)
            }
            (_, Some(current)) => change::changes(&[], &missing_tags, &desired, current),
            (_, None) => Vec::new(),
        };
        Ok(PlanReport {
            outcome: match current {
                None => Outcome::Created,
                Some(_) if changes.is_empty() => Outcome::Unchanged,
                Some(_) => Outcome::Updated,
            },
            state_machine_arn: desired.arn,
            changes,
            alias: match &alias {
                _ if !alias_moves => Outcome::Unchanged,
                None => Outcome::Created,
                Some(_) => Outcome::Updated,
            },
            alias_arn,
            version_arn,
            running: alias.map(|alias| alias.routes()).unwrap_or_default(),
        })
    }

    /// What Step Functions finds wrong with the definition, filled with the
    /// stack's outputs; nothing when it would take it.
    ///
    /// # Errors
    /// When the stack is missing or lacks an output, or a call fails.
    pub async fn validate(&self, stack: &str, definition: &DefinitionTemplate) -> Result<Vec<Diagnostic>, Error> {
        let stack = self.stack(stack).await?;
        let desired = desired(stack, &ApplyRequest::new("", definition.clone()))?;
        let answer = self
            .machines
            .validate_state_machine_definition()
            .definition(&desired.definition)
            .r#type(StateMachineType::Standard)
            .send()
            .await
            .map_err(|error| CallError::new("states:ValidateStateMachineDefinition", &error))?;
        if answer.result == ValidateStateMachineDefinitionResultCode::Ok {
            return Ok(Vec::new());
        }
        let mut diagnostics: Vec<_> = answer
            .diagnostics
            .into_iter()
            .map(|found| definition.told_by_step_functions(found.code, found.message, found.location))
            .collect();
        if diagnostics.is_empty() {
            let unsaid = "Step Functions refuses it without a reason".to_owned();
            diagnostics.push(definition.told_by_step_functions("FAIL".to_owned(), unsaid, None));
        }
        diagnostics.sort_by_key(|diagnostic| diagnostic.at);
        Ok(diagnostics)
    }

    /// Reads all that there is, and decides what is to be done.
    pub(crate) async fn prepare(&self, request: &ApplyRequest) -> Result<Prepared, Error> {
        request.definition.check()?;
        let stack = self.stack(&request.stack).await?;
        let desired = desired(stack, request)?;
        let alias_arn = format!("{}:{}", desired.arn, request.alias);

        let mut current = self.machine(&desired.arn).await?;
        if let Some(current) = current.as_mut().filter(|_| !desired.tags.is_empty()) {
            current.tags = Some(self.tags(&desired.arn).await?);
        }
        let alias = self.alias(&alias_arn).await?;
        let plan = self.decide(&desired, current.as_ref(), alias.as_ref()).await?;
        let missing_tags = current.as_ref().map(|current| machine::missing_tags(&desired, current)).unwrap_or_default();
        Ok(Prepared { desired, alias_arn, alias, current, plan, missing_tags })
    }

    /// Makes the newest version what is desired, and leaves the alias as it is.
    pub(crate) async fn bring_about(&self, prepared: &Prepared) -> Result<Published, Error> {
        let desired = &prepared.desired;
        if !prepared.missing_tags.is_empty() {
            self.tag(&desired.arn, &prepared.missing_tags).await?;
        }
        let (by_us, arn) = match &prepared.plan {
            Plan::Create => (true, self.create(desired).await?),
            Plan::Update(_, None) => (true, self.update_and_publish(desired).await?),
            Plan::Update(_, Some(version)) => {
                self.update(desired, false).await?;
                (false, version.clone())
            }
            Plan::Publish => (true, self.publish(desired).await?),
            Plan::Move(version) | Plan::Keep(version) => (false, version.clone()),
        };
        Ok(Published { by_us, arn })
    }

    async fn decide(&self, desired: &Desired, current: Option<&Current>, alias: Option<&Alias>) -> Result<Plan, Error> {
        let Some(current) = current else {
            return Ok(Plan::Create);
        };
        let as_desired = self.version_as_desired(desired, alias).await?;
        let differences = machine::differences(desired, current);
        if !differences.is_empty() {
            return Ok(Plan::Update(differences, as_desired));
        }
        if let Some(version) = as_desired {
            return Ok(Plan::Keep(version));
        }
        // A deployment that was cut short may have left the alias behind.
        Ok(self.version_of(desired, current).await?.map_or(Plan::Publish, Plan::Move))
    }

    /// The version that was published of the state machine as it is, which can only be the newest.
    async fn version_of(&self, desired: &Desired, current: &Current) -> Result<Option<String>, Error> {
        let Some(revision) = &current.revision else {
            return Ok(None);
        };
        let Some(newest) = self.versions(&desired.arn).await?.into_iter().next() else {
            return Ok(None);
        };
        let published = self.machine(&newest.arn).await?;
        Ok(published.filter(|published| published.revision.as_ref() == Some(revision)).map(|_| newest.arn))
    }

    /// The version that the alias runs alone, if that is what is desired.
    async fn version_as_desired(&self, desired: &Desired, alias: Option<&Alias>) -> Result<Option<String>, Error> {
        let Some(version) = alias.and_then(|alias| machine::sole_version(&alias.routes)) else {
            return Ok(None);
        };
        let running = self.machine(version).await?;
        Ok(running.filter(|running| machine::runs_as_desired(desired, running)).map(|_| version.to_owned()))
    }

    pub(crate) async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Error> {
        let answer = self
            .machines
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .map_err(|error| CallError::new("states:ListTagsForResource", &error))?;
        Ok(answer.tags.unwrap_or_default().into_iter().filter_map(|tag| tag.key.zip(tag.value)).collect())
    }

    /// Keeps that a version took over, if its canary was taken back before.
    pub(crate) async fn took_over(&self, machine_arn: &str, version: &Published, alias: Outcome) {
        // One that was just published has never been tried.
        if alias == Outcome::Updated && !version.by_us {
            self.keep_refused(machine_arn, &[], rollback::number(&version.arn)).await;
        }
    }

    /// Keeps with the state machine which versions were taken back, so that a rollback passes over them, and that one is
    /// none of them. The alias is as it should be by now, so a failure is told and no more.
    pub(crate) async fn keep_refused(&self, machine_arn: &str, taken_back: &[u64], took_over: Option<u64>) {
        let kept = async {
            let tags = self.tags(machine_arn).await?;
            match rollback::with_refused(&tags, taken_back, took_over) {
                Some(value) => self.tag(machine_arn, &BTreeMap::from([(rollback::REFUSED.to_owned(), value)])).await,
                None => Ok(()),
            }
        };
        if let Err(problem) = kept.await {
            (self.progress)(&Progress::NotKept { problem: problem.to_string() });
        }
    }

    async fn tag(&self, machine_arn: &str, tags: &BTreeMap<String, String>) -> Result<(), Error> {
        self.machines
            .tag_resource()
            .resource_arn(machine_arn)
            .set_tags(Some(tag_list(tags)))
            .send()
            .await
            .map_err(|error| CallError::new("states:TagResource", &error))?;
        Ok(())
    }

    /// Reads a state machine, or one of its versions.
    async fn machine(&self, arn: &str) -> Result<Option<Current>, Error> {
        let answer = match self.machines.describe_state_machine().state_machine_arn(arn).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("StateMachineDoesNotExist") => return Ok(None),
            Err(error) => return Err(CallError::new("states:DescribeStateMachine", &error).into()),
        };
        if answer.status == Some(StateMachineStatus::Deleting) {
            return Err(Error::BeingDeleted { arn: arn.to_owned() });
        }
        if answer.r#type != StateMachineType::Standard {
            return Err(Error::WrongType { arn: arn.to_owned(), found: answer.r#type.to_string() });
        }
        Ok(Some(Current {
            definition: answer.definition,
            role_arn: answer.role_arn,
            revision: answer.revision_id,
            logging: answer.logging_configuration,
            tracing: answer.tracing_configuration.map(|tracing| tracing.enabled),
            tags: None,
        }))
    }

    /// Creates the state machine and publishes it; its first version.
    async fn create(&self, desired: &Desired) -> Result<String, Error> {
        const ACTION: &str = "states:CreateStateMachine";
        let request = self
            .machines
            .create_state_machine()
            .name(&desired.name)
            .r#type(StateMachineType::Standard)
            .definition(&desired.definition)
            .role_arn(&desired.role_arn)
            .logging_configuration(logging(desired))
            .tracing_configuration(tracing())
            .set_tags(Some(tag_list(&desired.tags)).filter(|tags| !tags.is_empty()))
            .set_version_description(desired.version_description.clone())
            .publish(true);
        let answer = self.once_role_is_usable(desired, ACTION, || request.clone().send()).await?;
        version(ACTION, answer.state_machine_version_arn)
    }

    /// Updates the state machine and publishes it; the new version.
    async fn update_and_publish(&self, desired: &Desired) -> Result<String, Error> {
        version("states:UpdateStateMachine", self.update(desired, true).await?)
    }

    /// Updates the state machine; the new version, if it is published.
    async fn update(&self, desired: &Desired, publish: bool) -> Result<Option<String>, Error> {
        const ACTION: &str = "states:UpdateStateMachine";
        let request = self
            .machines
            .update_state_machine()
            .state_machine_arn(&desired.arn)
            .definition(&desired.definition)
            .role_arn(&desired.role_arn)
            .logging_configuration(logging(desired))
            .tracing_configuration(tracing())
            .set_version_description(desired.version_description.clone().filter(|_| publish))
            .publish(publish);
        let answer = self.once_role_is_usable(desired, ACTION, || request.clone().send()).await?;
        Ok(answer.state_machine_version_arn)
    }

    /// Publishes the state machine as it is; the version, which is an older one
    /// when the same revision was published before.
    async fn publish(&self, desired: &Desired) -> Result<String, Error> {
        const ACTION: &str = "states:PublishStateMachineVersion";
        self.machines
            .publish_state_machine_version()
            .state_machine_arn(&desired.arn)
            .set_description(desired.version_description.clone())
            .send()
            .await
            .map(|answer| answer.state_machine_version_arn)
            .map_err(|error| CallError::new(ACTION, &error).into())
    }

    /// Makes a call, again and again for a while as long as the role is what it fails for.
    async fn once_role_is_usable<T, E, F>(
        &self,
        desired: &Desired,
        action: &'static str,
        call: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut waits = WAITS.into_iter();
        loop {
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(reason) = unusable_role(&error) else {
                return Err(CallError::new(action, &error).into());
            };
            let Some(wait) = waits.next() else {
                return Err(Error::RoleNotUsable {
                    role_arn: desired.role_arn.clone(),
                    waited: WAITS.iter().sum(),
                    message: reason,
                });
            };
            (self.progress)(&Progress::WaitingForRole { wait, reason });
            tokio::time::sleep(wait).await;
        }
    }
}

/// What the stack's outputs make of the definition.
fn desired(mut stack: Stack, request: &ApplyRequest) -> Result<Desired, Error> {
    let definition = &request.definition;
    stack.outputs.extend(request.values.clone());
    let (name_output, role_output, log_group_output) = request.machine.outputs();
    let needed_by_machine = [
        (name_output, "the state machine's name"),
        (role_output, "the state machine's role"),
        (log_group_output, "the state machine's log"),
    ]
    .map(|(name, needed_by)| (name, needed_by.to_owned()));
    let needed_by_definition = definition
        .needed_outputs()?
        .into_iter()
        .map(|(name, at)| (name, format!("`${{{name}}}` at {}:{at}", definition.file())));
    let missing: Vec<_> = needed_by_machine
        .into_iter()
        .chain(needed_by_definition)
        .filter(|(name, _)| !stack.outputs.contains_key(*name))
        .map(|(name, needed_by)| MissingOutput { name: name.to_owned(), needed_by })
        .collect();
    let output = |name| stack.outputs.get(name);
    let (Some(name), Some(role_arn), Some(log_group_arn), true) =
        (output(name_output), output(role_output), output(log_group_output), missing.is_empty())
    else {
        return Err(Error::MissingOutputs { stack: stack.name, missing });
    };
    Ok(Desired {
        arn: stack.state_machine_arn(name).ok_or(Error::IncompleteAnswer {
            action: "cloudformation:DescribeStacks",
            field: "StackId that is an ARN",
        })?,
        name: name.clone(),
        definition: definition.render(&stack.outputs)?,
        role_arn: role_arn.clone(),
        log_group_arn: machine::log_destination(log_group_arn),
        tags: stack.tags,
        version_description: request.description.clone(),
    })
}

fn logging(desired: &Desired) -> LoggingConfiguration {
    let group = CloudWatchLogsLogGroup::builder().log_group_arn(&desired.log_group_arn).build();
    LoggingConfiguration::builder()
        .level(LogLevel::Error)
        // The data of an execution names who uploaded what.
        .include_execution_data(false)
        .destinations(LogDestination::builder().cloud_watch_logs_log_group(group).build())
        .build()
}

fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn tracing() -> TracingConfiguration {
    TracingConfiguration::builder().enabled(true).build()
}

fn version(action: &'static str, arn: Option<String>) -> Result<String, Error> {
    arn.ok_or(Error::IncompleteAnswer { action, field: "stateMachineVersionArn" })
}
