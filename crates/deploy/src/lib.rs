//! State machines on Step Functions, from a stack's outputs.
//!
//! `CloudFormation` owns functions, roles, topics and logs; this crate owns the
//! state machine. [`Deployer::apply`] checks the definition, reads the stack's
//! outputs, fills the definition's `${Placeholders}` with them, creates or
//! updates the state machine, publishes a version and points the alias at it.
//! What is so already is not touched.
//!
//! [`Deployer::plan`] shows beforehand what that would change,
//! [`Deployer::apply_with_canary`] gives a new version a share of the executions
//! first, and [`Deployer::rollback`] goes back to the version before.
//! [`Deployer::start`], [`Deployer::follow`] and [`Replayer`] run what is deployed.
//!
//! [`DefinitionTemplate::check`] needs no AWS.

mod alias;
mod canary;
mod change;
mod check;
mod console;
mod dead_letters;
mod deployer;
mod diagnostic;
mod error;
mod execution;
mod failure;
mod history;
#[cfg(test)]
mod history_events;
mod machine;
mod plan;
mod position;
mod recorded_event;
mod replay;
mod report;
mod role_wait;
mod rollback;
mod rollout;
mod stack;
mod status;
mod template;
mod time;

pub use canary::{Canary, CanaryEnd, CanaryReport, Tally};
pub use change::{Change, DefinitionPart, PartKind};
pub use console::url as console_url;
pub use dead_letters::{DeadLetter, DeadLetters, Way};
pub use deployer::{ApplyRequest, DEFAULT_ALIAS, Deployer, Progress};
pub use diagnostic::{Code, Diagnostic};
pub use error::{Error, MissingOutput};
pub use execution::{ExecutionReport, Followed};
pub use failure::ExecutionFailure;
pub use history::{Ending, Entry, Happening};
pub use machine::Difference;
pub use plan::PlanReport;
pub use position::Position;
pub use recorded_event::RecordedEvent;
pub use replay::{ReplayError, Replayed, Replayer};
pub use report::{ApplyReport, Outcome, Route};
pub use rollback::{NoRollback, RollbackReport};
pub use stack::{Stack, StateMachine};
pub use status::{ExecutionSummary, StatusReport, VersionStatus};
pub use template::{DefinitionError, DefinitionTemplate};
