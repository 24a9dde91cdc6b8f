//! `warden calls`: who asked which model what.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use aws_types::SdkConfig;
use warden_calls::{CallsReader, Filter, Prices, Query, Report, Timestamp};
use warden_deploy::Deployer;

use crate::cli::{Calls, CallsFormat, Source};
use crate::ending::Ending;
use crate::output::Format;
use crate::{connection, output};

/// The outputs of the private API's stack that say where records are.
const BUCKET: &str = "InvocationLogBucketName";
const PREFIX: &str = "InvocationLogPrefix";
const LOG_GROUP: &str = "InvocationLogGroupName";

/// How far back is looked where nothing is said.
const DAY: Duration = Duration::from_hours(24);

/// Where records are.
enum Place {
    Bucket { name: String, prefix: String },
    LogGroup(String),
}

/// Reads records and prints the report.
pub(crate) async fn run(arguments: &Calls) -> anyhow::Result<Ending> {
    let mut query = query(arguments);
    let report = if arguments.source.from.is_empty() {
        let since = *query.filter.since.get_or_insert_with(|| Timestamp::from(SystemTime::now() - DAY));
        if query.filter.until.is_some_and(|until| until <= since) {
            bail!(
                "`--until` is not after `--since`, which is 24 hours ago when it is not named. Name an earlier `--since`"
            );
        }
        let config = connection::load(&arguments.connection).await?;
        let reader = CallsReader::new(&config);
        let place = match (place(&arguments.source), &arguments.source.stack) {
            (Some(place), _) => place,
            (None, Some(stack)) => recorded_by(stack, &config).await?,
            (None, None) => {
                bail!("no records are named. Give `--stack NAME`, `--log-group NAME`, `--bucket NAME` or `--from PATH`")
            }
        };
        match place {
            Place::Bucket { name, prefix } => {
                output::progress(&format!("Reading the records in the bucket {name}"));
                reader.bucket(&name, &prefix, &query).await?
            }
            Place::LogGroup(name) => {
                output::progress(&format!("Reading the records in the log group {name}"));
                reader.log_group(&name, &query).await?
            }
        }
    } else {
        warden_calls::files(&arguments.source.from, &query)
    };
    print(arguments.format, &report)?;
    Ok(if report.is_complete() { Ending::Done } else { Ending::RecordsUnread })
}

fn query(arguments: &Calls) -> Query {
    let prices = arguments.prices.iter().cloned().fold(Prices::default(), Prices::and);
    let filter = Filter {
        since: arguments.since,
        until: arguments.until,
        model: arguments.model.clone(),
        caller: arguments.caller.clone(),
        request_id: arguments.request_id.clone(),
    };
    Query { filter, prices, show_text: arguments.show_text, limit: arguments.limit }
}

/// The place that the arguments name themselves.
fn place(source: &Source) -> Option<Place> {
    let bucket = source.bucket.clone().map(|name| Place::Bucket { name, prefix: source.prefix.clone() });
    bucket.or_else(|| source.log_group.clone().map(Place::LogGroup))
}

/// The place where a stack keeps its records.
async fn recorded_by(stack: &str, config: &SdkConfig) -> anyhow::Result<Place> {
    output::progress(&format!("Looking where the stack {stack} keeps its records"));
    let outputs = Deployer::new(config).stack(stack).await?.outputs;
    from_outputs(&outputs).with_context(|| {
        format!(
            "the stack `{stack}` has neither the output `{BUCKET}` nor `{LOG_GROUP}`. Is it the private API's stack? Else name the records with `--bucket` or `--log-group`"
        )
    })
}

/// The place that a stack's outputs name: the bucket, which keeps records for long, else the log group.
fn from_outputs(outputs: &BTreeMap<String, String>) -> Option<Place> {
    let output = |name: &str| outputs.get(name).filter(|value| !value.is_empty()).cloned();
    let bucket = output(BUCKET).map(|name| Place::Bucket { name, prefix: output(PREFIX).unwrap_or_default() });
    bucket.or_else(|| output(LOG_GROUP).map(Place::LogGroup))
}

fn print(format: CallsFormat, report: &Report) -> anyhow::Result<()> {
    match format {
        CallsFormat::Text => output::result(Format::Text, report.to_string(), report),
        CallsFormat::Json => output::json(report),
        CallsFormat::Csv => {
            // The table alone on standard output; what does not fit in on standard error.
            output::text(report.to_csv()?.trim_end())?;
            output::note(&report.summary.to_string());
            for unread in &report.unread {
                output::note(&format!("  not read: {unread}"));
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(outputs: &[(&str, &str)]) -> Option<String> {
        let outputs = outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match from_outputs(&outputs)? {
            Place::Bucket { name, prefix } => Some(format!("s3://{name}/{prefix}")),
            Place::LogGroup(name) => Some(name),
        }
    }

    #[test]
    fn a_stack_names_its_bucket_else_its_log_group() {
        assert_eq!(named(&[(BUCKET, "b"), (PREFIX, "p"), (LOG_GROUP, "g")]).as_deref(), Some("s3://b/p"));
        assert_eq!(named(&[(BUCKET, "b")]).as_deref(), Some("s3://b/"));
        assert_eq!(named(&[(BUCKET, ""), (LOG_GROUP, "g")]).as_deref(), Some("g"));
        assert_eq!(named(&[("ApiUrl", "u")]), None);
    }
}
