//! State machines on Step Functions, from a stack's outputs.
//!
//! `CloudFormation` owns functions, roles, topics and logs; this crate owns the
//! state machine. [`Deployer::apply`] checks the definition, reads the stack's
//! outputs, fills the definition's `${Placeholders}` with them, creates or
//! updates the state machine, publishes a version and points the alias at it.
//! What is so already is not touched.
//!
//! [`DefinitionTemplate::check`] needs no AWS.

mod call_error;
mod check;
mod deployer;
mod diagnostic;
mod error;
mod error_names;
mod machine;
mod position;
mod report;
mod role_wait;
mod stack;
mod template;

pub use call_error::CallError;
pub use deployer::{ApplyRequest, Deployer, Progress};
pub use diagnostic::{Code, Diagnostic};
pub use error::{Error, MissingOutput};
pub use machine::Difference;
pub use position::Position;
pub use report::{ApplyReport, Outcome, Route};
pub use stack::Stack;
pub use template::{DefinitionError, DefinitionTemplate};
