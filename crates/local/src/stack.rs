//! Stacks on the local engine, through the calls that a deployment to AWS makes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, Stack, StackStatus};

use crate::aws::CallError;

/// How long a stack may take. On the local engine it takes a few seconds.
const LIMIT: Duration = Duration::from_mins(3);
/// How often is asked whether it is done.
const PAUSE: Duration = Duration::from_millis(100);
/// The name of the one change set of a new stack.
const CHANGE_SET: &str = "create";

/// What a template gets from its deployment.
pub type Parameters<'a> = [(&'a str, &'a str)];

/// Why a stack was not created.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The engine did not take the template.
    #[error("the template of stack {stack} was refused: {reason}")]
    Refused {
        /// The stack.
        stack: String,
        /// What the engine said.
        reason: String,
    },
    /// A resource could not be made.
    #[error("stack {stack} was not created: {reason}")]
    Failed {
        /// The stack.
        stack: String,
        /// The resources that failed, and why.
        reason: String,
    },
    /// It took too long.
    #[error("stack {stack} was not created within {} seconds", LIMIT.as_secs())]
    Slow {
        /// The stack.
        stack: String,
    },
}

/// Where a template is.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// Here.
    Body(&'a str),
    /// On S3. A template of more than 51,200 bytes has to be.
    Url(&'a str),
}

/// Creates a stack by a change set, as `sam deploy` does, and returns its outputs.
///
/// # Errors
/// When the template is refused, a resource fails, or it takes too long.
pub async fn create(
    client: &Client,
    stack: &str,
    template: Source<'_>,
    parameters: &Parameters<'_>,
) -> Result<BTreeMap<String, String>, StackError> {
    let begun = Instant::now();
    let parameters = parameters
        .iter()
        .map(|(key, value)| Parameter::builder().parameter_key(*key).parameter_value(*value).build())
        .collect();
    let request = client
        .create_change_set()
        .stack_name(stack)
        .change_set_name(CHANGE_SET)
        .change_set_type(ChangeSetType::Create)
        .set_parameters(Some(parameters))
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityAutoExpand);
    let request = match template {
        Source::Body(body) => request.template_body(body),
        Source::Url(url) => request.template_url(url),
    };
    request.send().await.map_err(CallError::of("cloudformation:CreateChangeSet"))?;

    while !change_set_is_ready(client, stack).await? {
        pause(stack, begun).await?;
    }
    client
        .execute_change_set()
        .stack_name(stack)
        .change_set_name(CHANGE_SET)
        .send()
        .await
        .map_err(CallError::of("cloudformation:ExecuteChangeSet"))?;

    loop {
        if let Some(outputs) = outputs_when_created(client, stack).await? {
            return Ok(outputs);
        }
        pause(stack, begun).await?;
    }
}

async fn change_set_is_ready(client: &Client, stack: &str) -> Result<bool, StackError> {
    let answer = client
        .describe_change_set()
        .stack_name(stack)
        .change_set_name(CHANGE_SET)
        .send()
        .await
        .map_err(CallError::of("cloudformation:DescribeChangeSet"))?;
    match answer.status {
        Some(ChangeSetStatus::CreateComplete) => Ok(true),
        Some(ChangeSetStatus::Failed) => Err(StackError::Refused {
            stack: stack.to_owned(),
            reason: answer.status_reason.unwrap_or_else(|| "it does not say why".to_owned()),
        }),
        _ => Ok(false),
    }
}

async fn outputs_when_created(client: &Client, stack: &str) -> Result<Option<BTreeMap<String, String>>, StackError> {
    let answer = client
        .describe_stacks()
        .stack_name(stack)
        .send()
        .await
        .map_err(CallError::of("cloudformation:DescribeStacks"))?;
    let Some(described) = answer.stacks.unwrap_or_default().into_iter().next() else { return Ok(None) };
    match described.stack_status {
        Some(StackStatus::CreateComplete) => Ok(Some(outputs(described))),
        Some(StackStatus::CreateInProgress | StackStatus::ReviewInProgress) | None => Ok(None),
        Some(_) => Err(StackError::Failed { stack: stack.to_owned(), reason: failures(client, stack).await? }),
    }
}

fn outputs(stack: Stack) -> BTreeMap<String, String> {
    let outputs = stack.outputs.unwrap_or_default().into_iter();
    outputs.filter_map(|output| Some((output.output_key?, output.output_value?))).collect()
}

async fn failures(client: &Client, stack: &str) -> Result<String, StackError> {
    let answer = client
        .describe_stack_events()
        .stack_name(stack)
        .send()
        .await
        .map_err(CallError::of("cloudformation:DescribeStackEvents"))?;
    let failed: Vec<_> = answer
        .stack_events
        .unwrap_or_default()
        .into_iter()
        .filter(|event| event.resource_status.as_ref().is_some_and(|status| status.as_str().ends_with("_FAILED")))
        .map(|event| {
            let name = event.logical_resource_id.unwrap_or_default();
            let reason = event.resource_status_reason.unwrap_or_default();
            format!("{name}: {reason}")
        })
        .collect();
    Ok(if failed.is_empty() { "it does not say why".to_owned() } else { failed.join("; ") })
}

async fn pause(stack: &str, begun: Instant) -> Result<(), StackError> {
    if begun.elapsed() > LIMIT {
        return Err(StackError::Slow { stack: stack.to_owned() });
    }
    tokio::time::sleep(PAUSE).await;
    Ok(())
}
