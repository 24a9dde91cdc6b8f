//! The deployer: what is there, what should be there, and the calls between.

use aws_types::SdkConfig;

use crate::{ApplyReport, DefinitionTemplate, Error};

/// What [`Deployer::apply`] is asked for.
#[derive(Clone, Debug)]
pub struct ApplyRequest {
    /// The CloudFormation stack whose outputs fill the definition.
    pub stack: String,
    /// The definition with its placeholders.
    pub definition: DefinitionTemplate,
    /// The alias that is pointed at the version, `live` unless changed.
    pub alias: String,
}

impl ApplyRequest {
    /// A request for the alias `live`.
    #[must_use]
    pub fn new(stack: impl Into<String>, definition: DefinitionTemplate) -> Self {
        Self { stack: stack.into(), definition, alias: "live".into() }
    }
}

/// Deploys state machines through Step Functions and CloudFormation.
#[derive(Clone, Debug)]
pub struct Deployer {
    stacks: aws_sdk_cloudformation::Client,
    machines: aws_sdk_sfn::Client,
}

impl Deployer {
    /// A deployer with the account, Region and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { stacks: aws_sdk_cloudformation::Client::new(config), machines: aws_sdk_sfn::Client::new(config) }
    }

    /// Brings the state machine and its alias to what `request` describes.
    ///
    /// # Errors
    /// When the definition, the stack, the caller's rights or the role do not allow it.
    pub async fn apply(&self, request: &ApplyRequest) -> Result<ApplyReport, Error> {
        let _ = (&self.stacks, &self.machines, request);
        Err(Error::Unfinished)
    }
}
