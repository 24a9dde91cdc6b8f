//! Stacks on the local engine, through the calls that a deployment to AWS makes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use warden_control_plane::{Call, ControlPlane};

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
    client: &ControlPlane,
    stack: &str,
    template: Source<'_>,
    parameters: &Parameters<'_>,
) -> Result<BTreeMap<String, String>, StackError> {
    let begun = Instant::now();
    let mut asked = vec![
        ("ChangeSetType".to_owned(), "CREATE"),
        ("Capabilities.member.1".to_owned(), "CAPABILITY_IAM"),
        ("Capabilities.member.2".to_owned(), "CAPABILITY_AUTO_EXPAND"),
    ];
    asked.push(match template {
        Source::Body(body) => ("TemplateBody".to_owned(), body),
        Source::Url(url) => ("TemplateURL".to_owned(), url),
    });
    for (number, (key, value)) in (1..).zip(parameters) {
        asked.push((format!("Parameters.member.{number}.ParameterKey"), key));
        asked.push((format!("Parameters.member.{number}.ParameterValue"), value));
    }
    let mut asked: Vec<_> = asked.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let named = [("StackName", stack), ("ChangeSetName", CHANGE_SET)];
    asked.extend(named);
    call(client, "cloudformation:CreateChangeSet", &asked).await?;

    while !change_set_is_ready(client, &named).await? {
        pause(stack, begun).await?;
    }
    call(client, "cloudformation:ExecuteChangeSet", &named).await?;

    loop {
        if let Some(outputs) = outputs_when_created(client, stack).await? {
            return Ok(outputs);
        }
        pause(stack, begun).await?;
    }
}

/// Has a stack deleted, and waits for nothing.
///
/// # Errors
/// When the call fails.
pub async fn delete(client: &ControlPlane, stack: &str) -> Result<(), CallError> {
    call(client, "cloudformation:DeleteStack", &[("StackName", stack)]).await?;
    Ok(())
}

/// What an operation answers, of which `action` is the name in policies.
async fn call(client: &ControlPlane, action: &'static str, asked: &[(&str, &str)]) -> Result<Value, CallError> {
    let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
    let mut answer = client.call(Call::query(operation, asked)).await.map_err(CallError::of(action))?;
    Ok(answer[format!("{operation}Result")].take())
}

async fn change_set_is_ready(client: &ControlPlane, named: &[(&str, &str); 2]) -> Result<bool, StackError> {
    let answer = call(client, "cloudformation:DescribeChangeSet", named).await?;
    match answer["Status"].as_str() {
        Some("CREATE_COMPLETE") => Ok(true),
        Some("FAILED") => Err(StackError::Refused {
            stack: named[0].1.to_owned(),
            reason: answer["StatusReason"].as_str().unwrap_or("it does not say why").to_owned(),
        }),
        _ => Ok(false),
    }
}

async fn outputs_when_created(
    client: &ControlPlane,
    stack: &str,
) -> Result<Option<BTreeMap<String, String>>, StackError> {
    let answer = call(client, "cloudformation:DescribeStacks", &[("StackName", stack)]).await?;
    let described = &answer["Stacks"][0];
    match described["StackStatus"].as_str() {
        Some("CREATE_COMPLETE") => Ok(Some(outputs(described))),
        Some("CREATE_IN_PROGRESS" | "REVIEW_IN_PROGRESS") | None => Ok(None),
        Some(_) => Err(StackError::Failed { stack: stack.to_owned(), reason: failures(client, stack).await? }),
    }
}

fn outputs(stack: &Value) -> BTreeMap<String, String> {
    let outputs = stack["Outputs"].as_array().into_iter().flatten();
    let text = |output: &Value, name: &str| output[name].as_str().map(str::to_owned);
    outputs.filter_map(|output| Some((text(output, "OutputKey")?, text(output, "OutputValue")?))).collect()
}

async fn failures(client: &ControlPlane, stack: &str) -> Result<String, StackError> {
    let answer = call(client, "cloudformation:DescribeStackEvents", &[("StackName", stack)]).await?;
    let events = answer["StackEvents"].as_array().into_iter().flatten();
    let failed: Vec<_> = events
        .filter(|event| event["ResourceStatus"].as_str().is_some_and(|status| status.ends_with("_FAILED")))
        .map(|event| {
            let said = |name: &str| event[name].as_str().unwrap_or_default();
            format!("{}: {}", said("LogicalResourceId"), said("ResourceStatusReason"))
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
