//! Why a deployment did not happen.

use std::time::Duration;

use warden_call_errors::CallError;

use crate::{DefinitionError, NoRollback, ReplayError};

/// Why a deployment did not happen. Each message says what is wrong and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The definition itself is at fault; no call was made, or none that changes anything.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// A call to AWS failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is no version to go back to.
    #[error(transparent)]
    Rollback(#[from] NoRollback),
    /// The state machine does not exist yet.
    #[error("the state machine {arn} does not exist. Deploy it with `warden deploy apply` first")]
    NotDeployed {
        /// The state machine or its alias.
        arn: String,
    },
    /// There is no such execution, or no longer.
    #[error("there is no execution {arn}. Check its name, the stack and the Region; what ended 90 days ago is gone")]
    NoSuchExecution {
        /// The execution.
        arn: String,
    },
    /// Nothing has run yet.
    #[error("the state machine {arn} has no executions yet")]
    NoExecutions {
        /// The state machine.
        arn: String,
    },
    /// An alias could not be given its old weights back.
    #[error(
        "the alias {alias_arn} STILL hands executions to {version_arn}, since its weights could not be put back: {problem}. Run `warden deploy rollback` as soon as you can"
    )]
    CanaryLeft {
        /// The alias.
        alias_arn: String,
        /// The version that was to be taken back.
        version_arn: String,
        /// Why it was not.
        problem: Box<Error>,
    },
    /// A canary could not be watched any longer, and was taken back.
    #[error("{problem}. The canary was taken back: {alias_arn} runs {version_arn} alone again")]
    CanaryUnwatched {
        /// The alias.
        alias_arn: String,
        /// The version that runs again.
        version_arn: String,
        /// Why it could not be watched.
        problem: Box<Error>,
    },
    /// Somebody else moved the alias while a canary ran. Theirs stands.
    #[error(
        "somebody else moved the alias {alias_arn} while the canary ran: it runs {running} now, and is left so. Look at `warden deploy status`, then apply again if the new version is still wanted"
    )]
    AliasMoved {
        /// The alias.
        alias_arn: String,
        /// What it runs, in words.
        running: String,
    },
    /// Events cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A deletion cannot be looked at again.
    #[error("it is a deletion, and the stack has no output OlderVersionsArn. Deploy it with OlderVersions=judge")]
    NoOlderVersions,
    /// older-versions failed.
    #[error("older-versions failed: {name}: {message}")]
    OlderVersions {
        /// The error's name.
        name: String,
        /// What it says.
        message: String,
    },
    /// No Region is configured.
    #[error("no AWS Region is set. Name one, or set AWS_REGION or the profile's `region`")]
    NoRegion,
    /// There is no such stack.
    #[error(
        "there is no stack `{stack}` in {region}. Check the name, the Region and the profile, or deploy the template first"
    )]
    NoSuchStack {
        /// The stack as it was asked for.
        stack: String,
        /// The Region that was looked in.
        region: String,
    },
    /// The stack is in no state to deploy on.
    #[error("the stack `{stack}` is in the state {status}: {remedy}")]
    StackNotReady {
        /// The stack.
        stack: String,
        /// Its status, as `CloudFormation` writes it.
        status: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The stack lacks outputs that are needed.
    #[error(
        "the stack `{stack}` lacks {}. Is it the right stack, and deployed from this version of the template?",
        list(missing)
    )]
    MissingOutputs {
        /// The stack.
        stack: String,
        /// Each output that is missing.
        missing: Vec<MissingOutput>,
    },
    /// A state machine of the name exists with another type, which cannot be changed.
    #[error(
        "the state machine {arn} is of type {found} and cannot become STANDARD. Delete it first, or give the stack another state machine name"
    )]
    WrongType {
        /// The state machine.
        arn: String,
        /// Its type.
        found: String,
    },
    /// The state machine is being deleted, which may take as long as its executions run.
    #[error("the state machine {arn} is being deleted. Wait until it is gone, then deploy again")]
    BeingDeleted {
        /// The state machine.
        arn: String,
    },
    /// The state machine's role still was not usable after some waiting.
    #[error("Step Functions still cannot use the role {role_arn} after {} s: {message}. Its trust policy must name states.amazonaws.com, and its policy must allow log delivery (logs:CreateLogDelivery and the others)", waited.as_secs())]
    RoleNotUsable {
        /// The role.
        role_arn: String,
        /// How long was waited.
        waited: Duration,
        /// What Step Functions said last.
        message: String,
    },
    /// An answer lacks what it must have.
    #[error("the answer to {action} has no {field}. Check the endpoint URL")]
    IncompleteAnswer {
        /// The IAM action.
        action: &'static str,
        /// What is missing.
        field: &'static str,
    },
}

/// An output that a stack lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingOutput {
    /// The output's name.
    pub name: String,
    /// What needs it.
    pub needed_by: String,
}

fn list(missing: &[MissingOutput]) -> String {
    let each = missing.iter().map(|MissingOutput { name, needed_by }| format!("`{name}` (needed by {needed_by})"));
    let noun = if missing.len() == 1 { "the output" } else { "the outputs" };
    format!("{noun} {}", each.collect::<Vec<_>>().join(", "))
}
