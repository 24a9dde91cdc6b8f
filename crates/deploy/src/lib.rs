//! State machines on Step Functions, from a stack's outputs.
//!
//! CloudFormation owns functions, roles, topics and logs; this crate owns the
//! state machine. [`Deployer::apply`] reads the stack's outputs, fills the
//! definition's `${Placeholders}` with them, checks the definition, creates or
//! updates the state machine, publishes a version and points the alias at it.
//! When nothing differs, it changes nothing.

mod deployer;
mod error;
mod report;
mod template;

pub use deployer::{ApplyRequest, Deployer};
pub use error::Error;
pub use report::{ApplyReport, Outcome};
pub use template::DefinitionTemplate;
