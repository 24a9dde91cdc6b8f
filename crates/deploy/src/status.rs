//! What is deployed, and how it does.

use std::fmt;

use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::ExecutionListItem;
use serde::Serialize;
use warden_call_errors::CallError;

use crate::history::seconds;
use crate::report::{last_part, routes_in_words};
use crate::{Deployer, Error, Route, console, time};

/// How many versions are described: each takes a call.
const VERSIONS: usize = 5;
/// How many executions are shown.
const EXECUTIONS: i32 = 10;

/// What is deployed, and how it does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StatusReport {
    /// The state machine.
    pub state_machine_arn: String,
    /// Its page in the console.
    pub console_url: Option<String>,
    /// The alias.
    pub alias_arn: String,
    /// The versions that the alias runs, with their weights in percent; none before the first deployment.
    pub running: Vec<Route>,
    /// When the alias was moved last.
    pub alias_updated: Option<String>,
    /// The newest versions, the newest first, and those that run.
    pub versions: Vec<VersionStatus>,
    /// How many older versions there are.
    pub older_versions: usize,
    /// The executions that started last, the newest first.
    pub executions: Vec<ExecutionSummary>,
}

/// A version, and what runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VersionStatus {
    /// The version.
    pub version_arn: String,
    /// When it was published.
    pub published: String,
    /// What its publisher said of it.
    pub description: Option<String>,
    /// The share of the executions that the alias hands to it, in percent.
    pub weight: i32,
}

/// An execution, at a glance.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExecutionSummary {
    /// The execution.
    pub execution_arn: String,
    /// Its name.
    pub name: String,
    /// Its status, as Step Functions writes it.
    pub status: String,
    /// When it started.
    pub started: String,
    /// How long it took, once it has ended.
    pub seconds: Option<f64>,
    /// The version that it runs, if it was started through an alias or a version.
    pub version_arn: Option<String>,
}

impl Deployer {
    /// Tells what a stack's alias runs, which versions there are, and what
    /// became of the last executions.
    ///
    /// # Errors
    /// When the stack is missing, nothing was deployed on it, or a call fails.
    pub async fn status(&self, stack: &str, alias: &str) -> Result<StatusReport, Error> {
        let machine_arn = self.stack(stack).await?.machine_arn()?;
        let alias_arn = format!("{machine_arn}:{alias}");
        let all = self.versions(&machine_arn).await?;
        let current = self.alias(&alias_arn).await?;
        let updated = current.as_ref().and_then(|alias| alias.updated.as_ref().map(time::rfc3339));
        let running = current.map(|alias| alias.routes()).unwrap_or_default();
        let weight = |arn: &str| running.iter().find(|route| route.version_arn == arn).map_or(0, |route| route.weight);

        let mut versions = Vec::new();
        for (at, version) in all.iter().enumerate() {
            if at < VERSIONS || weight(&version.arn) > 0 {
                versions.push(VersionStatus {
                    version_arn: version.arn.clone(),
                    published: time::rfc3339(&version.created),
                    description: self.version_description(&version.arn).await?,
                    weight: weight(&version.arn),
                });
            }
        }
        let executions = self.newest_executions(&machine_arn, EXECUTIONS).await?;
        Ok(StatusReport {
            console_url: console::url(&machine_arn),
            state_machine_arn: machine_arn,
            alias_arn,
            running,
            alias_updated: updated,
            older_versions: all.len() - versions.len(),
            versions,
            executions: executions.into_iter().map(ExecutionSummary::from).collect(),
        })
    }

    /// The executions of a state machine that started last, the newest first.
    pub(crate) async fn newest_executions(
        &self,
        machine_arn: &str,
        most: i32,
    ) -> Result<Vec<ExecutionListItem>, Error> {
        self.list_executions(machine_arn, most, None).await.map(|(executions, _)| executions)
    }

    /// The same page by page, with what leads to the next page.
    pub(crate) async fn list_executions(
        &self,
        machine_arn: &str,
        most: i32,
        page: Option<String>,
    ) -> Result<(Vec<ExecutionListItem>, Option<String>), Error> {
        let request = self.machines.list_executions().state_machine_arn(machine_arn).max_results(most);
        match request.set_next_token(page).send().await {
            Ok(answer) => Ok((answer.executions, answer.next_token)),
            Err(error) if error.code() == Some("StateMachineDoesNotExist") => {
                Err(Error::NotDeployed { arn: machine_arn.to_owned() })
            }
            Err(error) => Err(CallError::new("states:ListExecutions", &error).into()),
        }
    }
}

impl From<ExecutionListItem> for ExecutionSummary {
    fn from(listed: ExecutionListItem) -> Self {
        Self {
            started: time::rfc3339(&listed.start_date),
            seconds: listed.stop_date.as_ref().map(|stopped| seconds(&listed.start_date, stopped)),
            status: listed.status.as_str().to_owned(),
            execution_arn: listed.execution_arn,
            name: listed.name,
            version_arn: listed.state_machine_version_arn,
        }
    }
}

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "State machine {}", self.state_machine_arn)?;
        if let Some(url) = &self.console_url {
            writeln!(f, "{url}")?;
        }
        let alias = last_part(&self.alias_arn);
        match (self.running.as_slice(), &self.alias_updated) {
            ([], _) => writeln!(f, "\nAlias {alias}: does not exist, so that the rules start nothing. Deploy first")?,
            (running, None) => writeln!(f, "\nAlias {alias}: runs version {}", routes_in_words(running))?,
            (running, Some(updated)) => {
                writeln!(f, "\nAlias {alias}: runs version {}, since {updated}", routes_in_words(running))?;
            }
        }
        writeln!(f, "\nVersions")?;
        for version in &self.versions {
            let weight = if version.weight > 0 { format!("{} %", version.weight) } else { String::new() };
            let description = version.description.as_deref().unwrap_or_default();
            let number = last_part(&version.version_arn);
            let line = format!("  {number:>4}  {weight:>5}  {:<24}  {description}", version.published);
            writeln!(f, "{}", line.trim_end())?;
        }
        match (self.versions.len(), self.older_versions) {
            (0, _) => writeln!(f, "  none")?,
            (_, 0) => {}
            (_, more) => writeln!(f, "  and {more} more")?,
        }
        write!(f, "\nLast executions")?;
        for execution in &self.executions {
            let took = execution.seconds.map_or_else(String::new, |seconds| {
                time::in_words(std::time::Duration::from_secs_f64(seconds.max(0.0)))
            });
            let version = execution.version_arn.as_deref().map_or("", last_part);
            let ExecutionSummary { status, started, name, .. } = execution;
            write!(f, "\n  {status:<9}  {started:<24}  {took:>10}  {version:>4}  {name}")?;
        }
        if self.executions.is_empty() {
            write!(f, "\n  none")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:states:us-west-2:111122223333:stateMachine:audit";

    fn status() -> StatusReport {
        let version = |number: u32, weight, description: Option<&str>| VersionStatus {
            version_arn: format!("{ARN}:{number}"),
            published: "2026-11-01T10:00:00Z".into(),
            description: description.map(str::to_owned),
            weight,
        };
        StatusReport {
            state_machine_arn: ARN.into(),
            console_url: None,
            alias_arn: format!("{ARN}:live"),
            running: vec![
                Route { version_arn: format!("{ARN}:3"), weight: 90 },
                Route { version_arn: format!("{ARN}:4"), weight: 10 },
            ],
            alias_updated: Some("2026-11-01T11:00:00Z".into()),
            versions: vec![version(4, 10, Some("f491425")), version(3, 90, None), version(2, 0, None)],
            older_versions: 1,
            executions: vec![ExecutionSummary {
                execution_arn: "arn".into(),
                name: "e-1".into(),
                status: "FAILED".into(),
                started: "2026-11-01T10:30:00.12Z".into(),
                seconds: Some(3.25),
                version_arn: Some(format!("{ARN}:4")),
            }],
        }
    }

    #[test]
    fn a_status_is_read_at_a_glance() {
        assert_eq!(
            status().to_string(),
            format!(
                "State machine {ARN}\n\n\
                 Alias live: runs version 3 (90 %) and 4 (10 %), since 2026-11-01T11:00:00Z\n\n\
                 Versions\n\
                 \x20    4   10 %  2026-11-01T10:00:00Z      f491425\n\
                 \x20    3   90 %  2026-11-01T10:00:00Z\n\
                 \x20    2         2026-11-01T10:00:00Z\n\
                 \x20 and 1 more\n\n\
                 Last executions\n\
                 \x20 FAILED     2026-11-01T10:30:00.12Z        3.2 s     4  e-1"
            )
        );
    }

    #[test]
    fn before_the_first_deployment_it_says_that_nothing_is_started() {
        let status =
            StatusReport { running: vec![], versions: vec![], older_versions: 0, executions: vec![], ..status() };
        let text = status.to_string();
        assert!(text.contains("Alias live: does not exist, so that the rules start nothing. Deploy first"), "{text}");
        assert!(text.contains("Versions\n  none\n") && text.ends_with("Last executions\n  none"), "{text}");
    }
}
