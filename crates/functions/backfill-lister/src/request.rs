//! What is asked, and the steps that go around in the state machine.

use serde::{Deserialize, Serialize};
use warden_core::{
    Error,
    audit::ErrorOutput,
    backfill::{Estimate, Plan},
};

use crate::listing::Token;

/// What is asked.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    List(Box<ListRequest>),
    Count(Box<Counted>),
    Report(Box<ReportRequest>),
}

/// The step before, and the execution that asks.
#[derive(Deserialize)]
pub(crate) struct ListRequest {
    pub(crate) step: Step,
    pub(crate) execution: Execution,
}

/// The execution that asks.
#[derive(Deserialize)]
pub(crate) struct Execution {
    /// Its ARN.
    pub(crate) id: String,
    /// When it began, RFC 3339.
    pub(crate) started: String,
}

/// How far a listing came: the execution's input at first, and then what the step before answered.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// The backfill. A sweep is named when it begins.
    #[serde(default)]
    pub(crate) backfill: Option<String>,
    pub(crate) plan: Plan,
    /// Where the listing goes on.
    #[serde(default)]
    pub(crate) token: Option<Token>,
    /// Whether it does.
    #[serde(default)]
    pub(crate) more: bool,
    /// The key of the part that was written, if there was anything to audit.
    #[serde(default)]
    pub(crate) part: Option<String>,
    /// How many versions are in it.
    #[serde(default)]
    pub(crate) objects: u64,
    /// Steps that were done.
    #[serde(default)]
    pub(crate) parts: u32,
    /// Audits at once, where the Map state finds it.
    #[serde(default)]
    pub(crate) concurrency: u32,
    #[serde(default)]
    pub(crate) listed: u64,
    #[serde(default)]
    pub(crate) known: u64,
    #[serde(default)]
    pub(crate) handed: u64,
    /// Buckets of a sweep that are still to be listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) further: Vec<String>,
    /// Buckets of a sweep that could not be, each with the name of the error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unlisted: Vec<(String, String)>,
}

impl Step {
    pub(crate) fn id(&self) -> Result<&str, Error> {
        self.backfill.as_deref().ok_or_else(|| Error::invalid("backfill", "is missing"))
    }

    /// A sweep that has no name yet gets one that tells when it began.
    pub(crate) fn name(&mut self, execution: &Execution) {
        if self.plan.sweep && self.backfill.is_none() {
            let began = execution.started.chars().filter(char::is_ascii_alphanumeric).take(15);
            self.backfill = Some(format!("sweep-{}", began.collect::<String>()));
        }
    }
}

/// How far a count came: asked with a plan alone at first, and then with what was answered, as long as there is more.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) plan: Plan,
    #[serde(default)]
    pub(crate) token: Option<Token>,
    #[serde(default)]
    pub(crate) more: bool,
    /// Versions that were looked at.
    #[serde(default)]
    pub(crate) listed: u64,
    /// Of those, what the ledger knows.
    #[serde(default)]
    pub(crate) known: u64,
    /// Of those, what is to be audited.
    #[serde(default)]
    pub(crate) objects: u64,
    /// Objects that were named, and are not there.
    #[serde(default)]
    pub(crate) missing: u64,
    /// What that takes.
    #[serde(default)]
    pub(crate) estimate: Option<Estimate>,
}

/// A backfill at its end.
#[derive(Deserialize)]
pub(crate) struct ReportRequest {
    /// The step that was last.
    pub(crate) step: Step,
    /// Why it could not go on, as Step Functions reports it.
    #[serde(default)]
    pub(crate) failure: Option<ErrorOutput>,
    /// An execution of a definition of before does not say.
    #[serde(default)]
    pub(crate) execution: Option<Execution>,
}
