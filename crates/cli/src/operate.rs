//! `warden deploy`: what runs the state machine and follows its executions.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use warden_deploy::{DEFAULT_ALIAS, Deployer, Entry, ExecutionReport};

use crate::cli::{History, OptionalStack, Start, Watch};
use crate::connection::deployer;
use crate::ending::Ending;
use crate::output;
use crate::output::Format;

/// What `warden deploy start --output json` prints.
#[derive(Serialize)]
struct Started<'a> {
    execution_arn: &'a str,
    console_url: Option<String>,
}

/// One line of `warden deploy watch --output json`.
#[derive(Serialize)]
struct Line<'a> {
    execution_arn: &'a str,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// Starts an execution, and follows it if asked to.
pub(crate) async fn start(arguments: &Start) -> anyhow::Result<Ending> {
    let input = read(&arguments.event)?;
    serde_json::from_str::<serde::de::IgnoredAny>(&input)
        .with_context(|| format!("{} is not JSON", arguments.event.display()))?;
    let deployer = deployer(&arguments.connection).await?;
    let arn = deployer.start(&arguments.stack.name, DEFAULT_ALIAS, &input).await?;
    let started = Started { execution_arn: &arn, console_url: warden_deploy::console_url(&arn) };
    if !arguments.wait {
        let url = started.console_url.as_deref().unwrap_or_default();
        output::result(arguments.output.format, format!("Started {arn}\n{url}").trim_end(), &started)?;
        return Ok(Ending::Done);
    }
    follow(&deployer, &arn, arguments.output.format).await
}

/// Follows one execution, or all.
pub(crate) async fn watch(arguments: &Watch) -> anyhow::Result<Ending> {
    let deployer = deployer(&arguments.connection).await?;
    let format = arguments.output.format;
    let Some(execution) = &arguments.execution else {
        output::progress("Following the executions that run and start, until Ctrl-C. Times are UTC");
        let mut broken = Ok(());
        let told = |arn: &str, entry: &Entry| {
            let line = output::painted(entry).after(&format!("{}  ", short_name(arn)));
            broken = output::line(format, line, &Line { execution_arn: arn, entry });
            // Nobody reads on: the next program of a pipe has ended.
            if broken.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        deployer.follow_all(named(&arguments.stack)?, told).await?;
        broken?;
        return Ok(Ending::Done);
    };
    let arn = resolve(&deployer, &arguments.stack, Some(execution)).await?;
    if format == Format::Text {
        return follow(&deployer, &arn, format).await;
    }
    let mut broken = Ok(());
    let report = deployer
        .follow(&arn, |entry| {
            if broken.is_ok() {
                broken = output::line(format, "", &Line { execution_arn: &arn, entry });
            }
        })
        .await?;
    broken?;
    Ok(ending(&report))
}

/// Prints what happened in an execution.
pub(crate) async fn history(arguments: &History) -> anyhow::Result<Ending> {
    let deployer = deployer(&arguments.connection).await?;
    let arn = resolve(&deployer, &arguments.stack, arguments.execution.as_deref()).await?;
    let report = deployer.execution(&arn).await?;
    output::result(arguments.output.format, report.to_string(), &report)?;
    Ok(Ending::Done)
}

/// Follows an execution, and prints all of it for programs in the end.
async fn follow(deployer: &Deployer, arn: &str, format: Format) -> anyhow::Result<Ending> {
    let report = print_live(deployer, arn, format).await?;
    if format == Format::Json {
        output::result(format, "", &report)?;
    }
    Ok(ending(&report))
}

/// Follows an execution, and prints for people what happens as it does.
pub(crate) async fn print_live(deployer: &Deployer, arn: &str, format: Format) -> anyhow::Result<ExecutionReport> {
    if format == Format::Json {
        return Ok(deployer.follow(arn, |_| ()).await?);
    }
    output::text(format!("Execution {arn}"))?;
    if let Some(url) = warden_deploy::console_url(arn) {
        output::text(&url)?;
    }
    let mut broken = Ok(());
    let report = deployer
        .follow(arn, |entry| {
            if broken.is_ok() {
                broken = output::text(output::painted(entry));
            }
        })
        .await?;
    broken?;
    Ok(report)
}

/// The ARN of the execution that is meant.
async fn resolve(deployer: &Deployer, stack: &OptionalStack, execution: Option<&str>) -> anyhow::Result<String> {
    match execution {
        Some(arn) if arn.starts_with("arn:") => Ok(arn.to_owned()),
        name => Ok(deployer.execution_arn(named(stack)?, name).await?),
    }
}

fn named(stack: &OptionalStack) -> anyhow::Result<&str> {
    stack
        .name
        .as_deref()
        .context("no stack is named. Give `--stack NAME`, set WARDEN_STACK, or give the execution's ARN")
}

fn ending(report: &ExecutionReport) -> Ending {
    if report.succeeded() { Ending::Done } else { Ending::ExecutionFailed }
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read the event {}", path.display()))
}

/// The end of an execution's name, which differs where its beginning may be a
/// prefix or a time: enough to distinguish those that run side by side.
fn short_name(arn: &str) -> &str {
    let name = arn.rsplit(':').next().unwrap_or(arn);
    name.char_indices().rev().nth(7).map_or(name, |(begin, _)| &name[begin..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_told_apart_by_the_end_of_their_names() {
        let cases = [
            ("arn:aws:states:r:1:execution:audit:warden-1795275463003-1263b663", "1263b663"),
            ("arn:aws:states:r:1:execution:audit:e-1", "e-1"),
            ("arn:aws:states:r:1:execution:audit:가나다라마바사아자", "나다라마바사아자"),
        ];
        for (arn, name) in cases {
            assert_eq!(short_name(arn), name);
        }
    }
}
