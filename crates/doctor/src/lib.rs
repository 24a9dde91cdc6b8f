//! What in a deployed stack does not work, found by looking.
//!
//! [`Doctor::stack`] reads a stack and says which models a call would be made of; [`Doctor::report`] looks at the rest.
//! `gather` asks AWS for facts, `checks` says what they mean: the first has no opinion, the second makes no call. What
//! may not be asked is a warning that names the missing action, and never passes for good.

mod aws;
mod checks;
mod fact;
mod finding;
mod gather;
mod model_use;
mod subject;

use aws_types::SdkConfig;
use warden_deploy::{Deployer, StateMachine};

pub use finding::{Area, Finding, Level, Report};
pub use model_use::TrialCalls;
pub use subject::Kind;

use crate::aws::Aws;
use crate::model_use::ModelUse;
use crate::subject::Subject;

/// Why nothing could be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stack could not be read.
    #[error(transparent)]
    Stack(#[from] warden_deploy::Error),
    /// The stack is none of the systems.
    #[error(
        "the stack `{stack}` is neither the audit nor the private API nor the chat: it has none of the outputs StateMachineName, GenerateApiArn and BedrockStreamArn. Name a stack that was deployed from infra/"
    )]
    UnknownStack {
        /// The stack.
        stack: String,
    },
}

/// Looks at deployed stacks.
#[derive(Debug)]
pub struct Doctor {
    aws: Aws,
    deployer: Deployer,
}

/// A stack that was read, and not looked at yet.
#[derive(Debug)]
pub struct Patient {
    subject: Subject,
    models: Vec<ModelUse>,
}

impl Patient {
    /// What calling each model once would cost at most; `None` of a stack that asks no model.
    #[must_use]
    pub fn trial_calls(&self) -> Option<TrialCalls> {
        (!self.models.is_empty()).then(|| TrialCalls::of(&self.models))
    }
}

impl Doctor {
    /// A doctor with the credentials, Region and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { aws: Aws::new(config), deployer: Deployer::new(config) }
    }

    /// Reads a stack: what it owns, and how its functions are set.
    ///
    /// # Errors
    /// When there is no such stack, it is not complete, or none of the systems.
    pub async fn stack(&self, name: &str) -> Result<Patient, Error> {
        let stack = self.deployer.stack(name).await?;
        let unknown = || Error::UnknownStack { stack: name.to_owned() };
        let subject = Subject::read(&self.aws, stack).await.ok_or_else(unknown)?;
        let models = model_use::models(&subject.functions, &subject.place.region);
        Ok(Patient { subject, models })
    }

    /// Looks at all that the stack needs. Each model is called once if `call_models` says so.
    pub async fn report(&self, patient: &Patient, call_models: bool) -> Report {
        let Patient { subject, models: uses } = patient;
        let aws = &self.aws;
        let models = gather::models::gather(aws, uses, call_models).await;
        let mut findings = checks::models::check(&models);
        findings.extend(checks::functions::check(&gather::functions::gather(aws, subject).await));
        findings.extend(checks::buckets::check(&Box::pin(gather::buckets::gather(aws, subject)).await));
        if let Ok(machine) = subject.stack.machine_arn() {
            for of in [StateMachine::Audit, StateMachine::Backfill] {
                // A stack of before has no backfills.
                if let Ok(arn) = subject.stack.arn_of(of) {
                    let facts = gather::state_machine::gather(aws, subject, of, &arn).await;
                    findings.extend(checks::state_machine::check(&facts));
                }
            }
            findings.extend(checks::trail::check(&gather::trail::gather(aws, subject).await));
            if subject.resources.is_ok() {
                findings.extend(checks::rules::check(&gather::rules::gather(aws, subject, &machine).await));
            }
        }
        findings.extend(checks::alerts::check(&gather::alerts::gather(aws, subject).await));
        if let Some(queue) = gather::dead_letters::gather(aws, subject).await {
            findings.extend(checks::dead_letters::check(&queue));
        }
        findings.extend(checks::quotas::check(&gather::quotas::gather(aws, subject, uses, &models).await));
        match &subject.resources {
            Ok(_) => {
                findings.extend(checks::logs::check(&gather::logs::gather(aws, subject).await));
                findings.extend(checks::keys::check(&gather::keys::gather(aws, subject).await));
            }
            Err(unknown) => {
                findings.push(unknown.finding(Area::Rules, "what the stack owns (rules, log groups, keys)"));
            }
        }
        for region in regions(subject, uses) {
            let logging = gather::invocation_logging::gather(&aws.in_region(&region), subject, &region).await;
            findings.extend(checks::invocation_logging::check(&logging));
        }
        Report { stack: subject.stack.name.clone(), kind: subject.kind, region: subject.place.region.clone(), findings }
    }
}

/// The Regions whose Bedrock the functions call, or else the stack's own.
fn regions(subject: &Subject, uses: &[ModelUse]) -> Vec<String> {
    let mut regions: Vec<_> = uses.iter().map(|model| model.region.clone()).collect();
    if regions.is_empty() {
        regions.push(subject.place.region.clone());
    }
    regions.sort_unstable();
    regions.dedup();
    regions
}
