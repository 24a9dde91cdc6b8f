//! The deployer: reads what is there, decides, and makes the calls between.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sfn::config::http::HttpResponse;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::types::{
    CloudWatchLogsLogGroup, LogDestination, LogLevel, LoggingConfiguration, RoutingConfigurationListItem,
    StateMachineStatus, StateMachineType, TracingConfiguration,
};
use aws_types::SdkConfig;

use crate::machine::{self, Current, Desired};
use crate::role_wait::{WAITS, unusable_role};
use crate::{ApplyReport, CallError, DefinitionTemplate, Difference, Error, MissingOutput, Outcome, Route, Stack};

const NAME_OUTPUT: &str = "StateMachineName";
const ROLE_OUTPUT: &str = "StateMachineRoleArn";
const LOG_GROUP_OUTPUT: &str = "StateMachineLogGroupArn";

/// What [`Deployer::apply`] is asked for.
#[derive(Clone, Debug)]
pub struct ApplyRequest {
    /// The `CloudFormation` stack whose outputs fill the definition.
    pub stack: String,
    /// The definition with its placeholders.
    pub definition: DefinitionTemplate,
    /// The alias that is to run it.
    pub alias: String,
}

impl ApplyRequest {
    /// A request for the alias `live`, which the stack's rules start.
    #[must_use]
    pub fn new(stack: impl Into<String>, definition: DefinitionTemplate) -> Self {
        Self { stack: stack.into(), definition, alias: "live".into() }
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
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitingForRole { wait, reason } => {
                write!(f, "The role is not usable yet ({reason}). Trying again in {} s", wait.as_secs())
            }
        }
    }
}

/// Deploys state machines through Step Functions and `CloudFormation`.
#[derive(Clone)]
pub struct Deployer {
    stacks: aws_sdk_cloudformation::Client,
    machines: aws_sdk_sfn::Client,
    progress: Arc<dyn Fn(&Progress) + Send + Sync>,
}

impl fmt::Debug for Deployer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployer").finish_non_exhaustive()
    }
}

/// What an alias hands executions to.
struct Alias {
    routes: Vec<(String, i32)>,
}

/// What the state machine needs so that its newest version is what is desired.
enum Plan {
    Create,
    Update(Vec<Difference>),
    /// It is as desired, but the alias does not run it.
    Publish,
    /// It is as desired, and the alias runs it as this version.
    Keep(String),
}

impl Deployer {
    /// A deployer with the credentials, Region and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            stacks: aws_sdk_cloudformation::Client::new(config),
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
        Stack::read(&self.stacks, name).await
    }

    /// Brings the state machine and its alias to what `request` describes, and
    /// changes nothing that is so already.
    ///
    /// # Errors
    /// When the definition is not valid, the stack is missing, not complete or
    /// lacks an output, the role cannot be used, or a call fails. Whatever was
    /// done by then stands; applying again goes on from there.
    pub async fn apply(&self, request: &ApplyRequest) -> Result<ApplyReport, Error> {
        request.definition.check()?;
        let stack = self.stack(&request.stack).await?;
        let desired = desired(&stack, &request.definition)?;
        let alias_arn = format!("{}:{}", desired.arn, request.alias);

        let current = self.machine(&desired.arn).await?;
        let alias = self.alias(&alias_arn).await?;
        let plan = self.plan(&desired, current.as_ref(), alias.as_ref()).await?;

        let (outcome, published, version_arn) = match &plan {
            Plan::Create => (Outcome::Created, true, self.create(&desired).await?),
            Plan::Update(_) => (Outcome::Updated, true, self.update(&desired).await?),
            Plan::Publish => (Outcome::Unchanged, true, self.publish(&desired).await?),
            Plan::Keep(version) => (Outcome::Unchanged, false, version.clone()),
        };
        let alias_outcome = self.point_alias(&request.alias, &alias_arn, alias.as_ref(), &version_arn).await?;
        Ok(ApplyReport {
            outcome,
            differences: if let Plan::Update(differences) = plan { differences } else { Vec::new() },
            state_machine_arn: desired.arn,
            published,
            version_arn,
            moved_from: match (alias_outcome, alias) {
                (Outcome::Updated, Some(alias)) => {
                    alias.routes.into_iter().map(|(version_arn, weight)| Route { version_arn, weight }).collect()
                }
                _ => Vec::new(),
            },
            alias: alias_outcome,
            alias_arn,
        })
    }

    async fn plan(&self, desired: &Desired, current: Option<&Current>, alias: Option<&Alias>) -> Result<Plan, Error> {
        let Some(current) = current else {
            return Ok(Plan::Create);
        };
        let differences = machine::differences(desired, current);
        if !differences.is_empty() {
            return Ok(Plan::Update(differences));
        }
        // A deployment that was cut short may have left the alias behind.
        let Some(version) = alias.and_then(|alias| machine::sole_version(&alias.routes)) else {
            return Ok(Plan::Publish);
        };
        Ok(match self.machine(version).await? {
            Some(running) if machine::runs_as_desired(desired, &running) => Plan::Keep(version.to_owned()),
            _ => Plan::Publish,
        })
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
            logging: answer.logging_configuration,
            tracing: answer.tracing_configuration.map(|tracing| tracing.enabled),
        }))
    }

    async fn alias(&self, arn: &str) -> Result<Option<Alias>, Error> {
        match self.machines.describe_state_machine_alias().state_machine_alias_arn(arn).send().await {
            Ok(answer) => Ok(Some(Alias {
                routes: answer
                    .routing_configuration
                    .unwrap_or_default()
                    .into_iter()
                    .map(|route| (route.state_machine_version_arn, route.weight))
                    .collect(),
            })),
            Err(error) if matches!(error.code(), Some("ResourceNotFound" | "StateMachineDoesNotExist")) => Ok(None),
            Err(error) => Err(CallError::new("states:DescribeStateMachineAlias", &error).into()),
        }
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
            .publish(true);
        let answer = self.once_role_is_usable(desired, ACTION, || request.clone().send()).await?;
        version(ACTION, answer.state_machine_version_arn)
    }

    /// Updates the state machine and publishes it; the new version.
    async fn update(&self, desired: &Desired) -> Result<String, Error> {
        const ACTION: &str = "states:UpdateStateMachine";
        let request = self
            .machines
            .update_state_machine()
            .state_machine_arn(&desired.arn)
            .definition(&desired.definition)
            .role_arn(&desired.role_arn)
            .logging_configuration(logging(desired))
            .tracing_configuration(tracing())
            .publish(true);
        let answer = self.once_role_is_usable(desired, ACTION, || request.clone().send()).await?;
        version(ACTION, answer.state_machine_version_arn)
    }

    /// Publishes the state machine as it is; the version, which is an older one
    /// when the same revision was published before.
    async fn publish(&self, desired: &Desired) -> Result<String, Error> {
        const ACTION: &str = "states:PublishStateMachineVersion";
        self.machines
            .publish_state_machine_version()
            .state_machine_arn(&desired.arn)
            .send()
            .await
            .map(|answer| answer.state_machine_version_arn)
            .map_err(|error| CallError::new(ACTION, &error).into())
    }

    async fn point_alias(
        &self,
        name: &str,
        arn: &str,
        current: Option<&Alias>,
        version: &str,
    ) -> Result<Outcome, Error> {
        let Some(current) = current else {
            self.machines
                .create_state_machine_alias()
                .name(name)
                .routing_configuration(all_to(version)?)
                .send()
                .await
                .map_err(|error| CallError::new("states:CreateStateMachineAlias", &error))?;
            return Ok(Outcome::Created);
        };
        if machine::sole_version(&current.routes) == Some(version) {
            return Ok(Outcome::Unchanged);
        }
        self.machines
            .update_state_machine_alias()
            .state_machine_alias_arn(arn)
            .routing_configuration(all_to(version)?)
            .send()
            .await
            .map_err(|error| CallError::new("states:UpdateStateMachineAlias", &error))?;
        Ok(Outcome::Updated)
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
fn desired(stack: &Stack, definition: &DefinitionTemplate) -> Result<Desired, Error> {
    let needed_by_machine = [
        (NAME_OUTPUT, "the state machine's name"),
        (ROLE_OUTPUT, "the state machine's role"),
        (LOG_GROUP_OUTPUT, "the state machine's log"),
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
        (output(NAME_OUTPUT), output(ROLE_OUTPUT), output(LOG_GROUP_OUTPUT), missing.is_empty())
    else {
        return Err(Error::MissingOutputs { stack: stack.name.clone(), missing });
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

fn tracing() -> TracingConfiguration {
    TracingConfiguration::builder().enabled(true).build()
}

fn all_to(version: &str) -> Result<RoutingConfigurationListItem, Error> {
    RoutingConfigurationListItem::builder()
        .state_machine_version_arn(version)
        .weight(100)
        .build()
        .map_err(|_| Error::IncompleteAnswer { action: "states:PublishStateMachineVersion", field: "version" })
}

fn version(action: &'static str, arn: Option<String>) -> Result<String, Error> {
    arn.ok_or(Error::IncompleteAnswer { action, field: "stateMachineVersionArn" })
}
