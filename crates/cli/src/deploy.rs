//! `warden deploy`: what changes the state machine, and what it is.

use std::io;

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use warden_deploy::{ApplyRequest, CanaryEnd, DEFAULT_ALIAS, DefinitionTemplate, Deployer, Diagnostic};

use crate::cli::{Apply, Definition, DeployCommand, OnStack, Plan, Rollback, Validate};
use crate::connection::deployer;
use crate::ending::Ending;
use crate::{operate, output, replay};

/// What `warden deploy validate --output json` prints.
#[derive(Serialize)]
struct Validation<'a> {
    definition: &'a str,
    valid: bool,
    diagnostics: &'a [Diagnostic],
    /// What was not looked at; nothing when Step Functions was asked.
    unchecked: Option<&'static str>,
}

/// What happened or would happen to the audit, and to backfills where the stack has them.
#[derive(Serialize)]
struct Both<'a, T> {
    #[serde(flatten)]
    audit: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    backfill: Option<T>,
}

/// Runs a command of `warden deploy`.
pub(crate) async fn run(command: &DeployCommand) -> anyhow::Result<Ending> {
    match command {
        DeployCommand::Plan(arguments) => plan(arguments).await,
        DeployCommand::Apply(arguments) => apply(arguments).await,
        DeployCommand::Rollback(arguments) => rollback(arguments).await,
        DeployCommand::Status(arguments) => status(arguments).await,
        DeployCommand::Validate(arguments) => validate(arguments).await,
        DeployCommand::Start(arguments) => operate::start(arguments).await,
        DeployCommand::Watch(arguments) => operate::watch(arguments).await,
        DeployCommand::History(arguments) => operate::history(arguments).await,
        DeployCommand::Replay(arguments) => replay::replay(arguments).await,
    }
}

async fn plan(arguments: &Plan) -> anyhow::Result<Ending> {
    let definition = DefinitionTemplate::read(&arguments.definition.path)?;
    // Before credentials are looked for, which may take seconds.
    definition.check()?;
    let deployer = deployer(&arguments.connection).await?;
    let request = ApplyRequest::new(&arguments.stack.name, definition);
    let plan = deployer.plan(&request).await?;
    let mut text = plan.to_string();
    let mut would_change = plan.would_change();
    // A version that is not published yet has no number to be named by.
    let version = plan.version_arn.clone().unwrap_or_else(|| format!("{}:NEXT", plan.state_machine_arn));
    let backfill = match backfill(&deployer, &request, &arguments.definition, &version).await? {
        Some(request) => Some(deployer.plan(&request).await?),
        None => None,
    };
    if let Some(backfill) = &backfill {
        text = format!("{text}\n{backfill}");
        would_change |= backfill.would_change();
    }
    let both = Both { audit: &plan, backfill };
    output::result(arguments.output.format, output::painted_diff(&text), &both)?;
    Ok(if arguments.exit_code && would_change { Ending::WouldChange } else { Ending::Done })
}

async fn apply(arguments: &Apply) -> anyhow::Result<Ending> {
    let definition = DefinitionTemplate::read(&arguments.definition.path)?;
    definition.check()?;
    let mut request = ApplyRequest::new(&arguments.stack.name, definition);
    request.description.clone_from(&arguments.description);
    let deployer = deployer(&arguments.connection).await?;
    let report = match arguments.canary.canary() {
        None => deployer.apply(&request).await?,
        Some(canary) => deployer.apply_with_canary(&request, &canary, interruption()?).await?,
    };
    // An alias that went back, or was left, starts no other version than before.
    let went_on = report.canary.as_ref().is_none_or(|canary| canary.end == CanaryEnd::WentOn);
    let next =
        if went_on { backfill(&deployer, &request, &arguments.definition, &report.version_arn).await? } else { None };
    let (mut text, mut backfill) = (report.to_string(), None);
    if let Some(next) = next {
        let applied = deployer.apply(&next).await?;
        text = format!("{text}\n{applied}");
        backfill = Some(applied);
    }
    output::result(arguments.output.format, &text, &Both { audit: &report, backfill })?;
    Ok(match report.canary.map(|canary| canary.end) {
        Some(CanaryEnd::TooManyFailed | CanaryEnd::TooFewEnded) => Ending::CanaryFailed,
        Some(CanaryEnd::Interrupted) => Ending::Interrupted,
        _ => Ending::Done,
    })
}

/// What is asked for the state machine of backfills, where the stack has one. It starts this version of the audit.
async fn backfill(
    deployer: &Deployer,
    request: &ApplyRequest,
    paths: &Definition,
    audit_version_arn: &str,
) -> anyhow::Result<Option<ApplyRequest>> {
    if !deployer.stack(&request.stack).await?.has_backfills() {
        return Ok(None);
    }
    let definition = DefinitionTemplate::read(&paths.backfill)?;
    definition.check()?;
    Ok(Some(request.backfill(definition, audit_version_arn)))
}

/// Ready once somebody asks this process to end: Ctrl-C, or a pipeline that is cancelled.
fn interruption() -> io::Result<impl Future<Output = ()>> {
    // From now on, so that none is missed before it is waited for.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        output::progress("Taking the canary back");
    })
}

async fn rollback(arguments: &Rollback) -> anyhow::Result<Ending> {
    let deployer = deployer(&arguments.connection).await?;
    let report = deployer.rollback(&arguments.stack.name, DEFAULT_ALIAS, arguments.to).await?;
    output::result(arguments.output.format, report.to_string(), &report)?;
    Ok(Ending::Done)
}

async fn status(arguments: &OnStack) -> anyhow::Result<Ending> {
    let deployer = deployer(&arguments.connection).await?;
    let report = deployer.status(&arguments.stack.name, DEFAULT_ALIAS).await?;
    output::result(arguments.output.format, report.to_string(), &report)?;
    Ok(Ending::Done)
}

async fn validate(arguments: &Validate) -> anyhow::Result<Ending> {
    let definition = DefinitionTemplate::read(&arguments.definition)?;
    let mut diagnostics = definition.diagnostics();
    if let Some(stack) = arguments.stack.as_ref().filter(|_| diagnostics.is_empty()) {
        let deployer = deployer(&arguments.connection).await?;
        diagnostics = deployer.validate(stack, &definition).await?;
    }
    let validation = Validation {
        definition: definition.file(),
        valid: diagnostics.is_empty(),
        diagnostics: &diagnostics,
        unchecked: arguments.stack.is_none().then_some(DefinitionTemplate::UNCHECKED),
    };
    if validation.valid || arguments.output.format == output::Format::Json {
        let file = definition.file();
        let text = match validation.unchecked {
            Some(unchecked) => format!("{file} is valid\nNot checked here: {unchecked}. `--stack` asks Step Functions"),
            None => format!("{file} is valid"),
        };
        output::result(arguments.output.format, &text, &validation)?;
    }
    definition.refuse(diagnostics)?;
    Ok(Ending::Done)
}
