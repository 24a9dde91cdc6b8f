//! `warden ledger`, `warden quarantine` and `warden restore`: what became of events, and the way back.

use anyhow::{Context, bail};
use warden_deploy::Deployer;
use warden_ledger::{Filter, Ledger, Named, Record, Statistics, Who};

use crate::cli::{
    Connection, LedgerCommand, LedgerFilter, LedgerFind, LedgerFormat, LedgerStats, QuarantineCommand, Reasoned,
    Restore, Show, Stack,
};
use crate::connection;
use crate::ending::Ending;
use crate::output::{self, Format};

/// Shows, finds or counts records.
pub(crate) async fn run(command: &LedgerCommand) -> anyhow::Result<Ending> {
    match command {
        LedgerCommand::Show(arguments) => show(arguments).await,
        LedgerCommand::Find(arguments) => find(arguments).await,
        LedgerCommand::Stats(arguments) => stats(arguments).await,
        LedgerCommand::Reopen(arguments) => reopen(arguments).await,
    }
}

/// Lists, shows, brings back or deletes what lies in quarantine.
pub(crate) async fn quarantine(command: &QuarantineCommand) -> anyhow::Result<Ending> {
    match command {
        QuarantineCommand::List(arguments) => {
            let filter = Filter { in_quarantine: true, ..filter(&arguments.filter) };
            let records = open(&arguments.stack, &arguments.connection).await?.find(&filter).await?;
            print(&records, arguments.output)
        }
        QuarantineCommand::Show(arguments) => show(arguments).await,
        QuarantineCommand::Restore(arguments) => restore(arguments).await,
        QuarantineCommand::Purge(arguments) => purge(arguments).await,
    }
}

/// Brings an object back from quarantine.
pub(crate) async fn restore(arguments: &Restore) -> anyhow::Result<Ending> {
    let ledger = open(&arguments.on.stack, &arguments.on.connection).await?;
    let record = quarantined(&ledger, &arguments.named).await?;
    let restored = ledger.restore(&record, &Who::now(&arguments.reason), arguments.again).await?;
    let text = format!("{} is back, as version {}", record.object(), restored.version);
    output::result(arguments.on.output.format, &text, &restored)?;
    Ok(Ending::Done)
}

async fn reopen(arguments: &Reasoned) -> anyhow::Result<Ending> {
    let ledger = open(&arguments.on.stack, &arguments.on.connection).await?;
    let newest = ledger.show(&arguments.named).await?.pop();
    let record = newest.with_context(|| format!("the ledger has no record of {}", named(&arguments.named)))?;
    let record = ledger.reopen(&record, &Who::now(&arguments.reason)).await?;
    let text = format!("the next replay of the event about {} is judged again", record.object());
    output::result(arguments.on.output.format, &text, &record)?;
    Ok(Ending::Done)
}

async fn purge(arguments: &Reasoned) -> anyhow::Result<Ending> {
    let ledger = open(&arguments.on.stack, &arguments.on.connection).await?;
    let record = quarantined(&ledger, &arguments.named).await?;
    let record = ledger.purge(&record, &Who::now(&arguments.reason)).await?;
    // What is done is done, whether or not the others can be counted.
    let text = match copies_left(&ledger, &record).await.unwrap_or_default().as_slice() {
        [] => format!("{} is gone for good", record.object()),
        left => format!(
            "the copy of {} is gone for good; in quarantine is {} more of it, of these events: {}",
            record.object(),
            left.len(),
            left.join(", ")
        ),
    };
    output::result(arguments.on.output.format, text, &record)?;
    Ok(Ending::Done)
}

async fn show(arguments: &Show) -> anyhow::Result<Ending> {
    let ledger = open(&arguments.on.stack, &arguments.on.connection).await?;
    let records = ledger.show(&arguments.named).await?;
    if records.is_empty() {
        bail!("the ledger has no record of {}", named(&arguments.named));
    }
    output::result(arguments.on.output.format, records.iter().map(whole).collect::<Vec<_>>().join("\n\n"), &records)?;
    Ok(Ending::Done)
}

async fn find(arguments: &LedgerFind) -> anyhow::Result<Ending> {
    let ledger = open(&arguments.stack, &arguments.connection).await?;
    print(&ledger.find(&filter(&arguments.filter)).await?, arguments.output)
}

async fn stats(arguments: &LedgerStats) -> anyhow::Result<Ending> {
    let ledger = open(&arguments.stack, &arguments.connection).await?;
    let (filter, mut statistics) = (filter(&arguments.filter), Statistics::new(arguments.by));
    let count = |record| {
        if filter.lets_through(&record) {
            statistics.add(&record);
        }
    };
    ledger.each(count).await?;
    let counts = statistics.counts();
    match arguments.output {
        LedgerFormat::Json => output::result(Format::Json, "", &counts)?,
        format => {
            let rows = counts.iter().map(|count| {
                let cost = format!("{:.6}", count.cost_usd);
                [count.value.clone(), count.events.to_string(), cost].to_vec()
            });
            output::text(table(&["value", "events", "cost_usd"], rows, format))?;
        }
    }
    Ok(Ending::Done)
}

/// The columns of a list of records.
const COLUMNS: [&str; 7] = ["claimed_at", "status", "verdict", "action", "threat_level", "event_id", "object"];

fn print(records: &[Record], format: LedgerFormat) -> anyhow::Result<Ending> {
    match format {
        LedgerFormat::Json => output::result(Format::Json, "", &records)?,
        format => {
            let rows = records.iter().map(|record| {
                let texts = COLUMNS[..6].iter().map(|column| record.text(column).unwrap_or("-").to_owned());
                texts.chain([record.object()]).collect()
            });
            output::text(table(&COLUMNS, rows, format))?;
        }
    }
    Ok(Ending::Done)
}

/// Rows below their names: for spreadsheets with commas, for people with spaces between.
fn table(names: &[&str], rows: impl Iterator<Item = Vec<String>>, format: LedgerFormat) -> String {
    let (between, cell): (_, fn(&str) -> String) =
        if format == LedgerFormat::Csv { (",", quoted_cell) } else { ("  ", warden_call_errors::printable) };
    let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let lines = std::iter::once(names).chain(rows);
    let lines: Vec<_> = lines.map(|row| row.iter().map(|text| cell(text)).collect::<Vec<_>>().join(between)).collect();
    lines.join("\n")
}

/// A cell between quotation marks.
fn quoted_cell(text: &str) -> String {
    format!("\"{}\"", warden_call_errors::spreadsheet_cell(text).replace('"', "\"\""))
}

/// Everything that is known of an event, a line each.
fn whole(record: &Record) -> String {
    let lines = record.values().iter().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name}: {}", warden_call_errors::printable(&value))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The ledger of a stack, and its quarantine.
pub(crate) async fn open(stack: &Stack, connection: &Connection) -> anyhow::Result<Ledger> {
    let config = connection::load(connection).await?;
    let stack = Deployer::new(&config).stack(&stack.name).await?;
    let table = stack
        .outputs
        .get("LedgerName")
        .context("the stack has no output LedgerName: is it the audit's, of this version?")?;
    let bucket = stack.outputs.get("QuarantineBucketName").map(String::as_str);
    Ok(Ledger::new(&config, table, bucket))
}

/// The newest of the records of this name whose object lies in quarantine.
async fn quarantined(ledger: &Ledger, asked: &Named) -> anyhow::Result<Record> {
    let records = ledger.show(asked).await?;
    let found = records.into_iter().rev().find(|record| record.text("quarantine_key").is_some());
    found.with_context(|| format!("nothing of {} lies in quarantine", named(asked)))
}

/// The events of an object's other uploads that lie in quarantine.
async fn copies_left(ledger: &Ledger, record: &Record) -> anyhow::Result<Vec<String>> {
    let text = |name| record.text(name).unwrap_or_default().to_owned();
    let object = Named::Object { bucket: text("s3_bucket"), key: text("s3_key") };
    let records = ledger.show(&object).await?.into_iter();
    let left = records.filter(|other| other.text("quarantine_key").is_some());
    Ok(left.map(|other| other.text("event_id").unwrap_or("-").to_owned()).collect())
}

fn named(asked: &Named) -> String {
    match asked {
        Named::Event(id) => id.clone(),
        Named::Object { bucket, key } => format!("s3://{bucket}/{key}"),
    }
}

fn filter(asked: &LedgerFilter) -> Filter {
    let LedgerFilter { day, verdict, action, status, actor, rule, prefix, silenced_by, backfill } = asked.clone();
    Filter { day, verdict, action, status, actor, rule, prefix, silenced_by, backfill, in_quarantine: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What operators run writes where the functions look, though neither links the other.
    #[test]
    fn the_ledgers_keys_are_those_of_the_functions() {
        use warden_core::{backfill, budget, pii::known};

        assert_eq!(known::partition("0a1b"), format!("{}0a1b", warden_ledger::BYTES));
        assert_eq!(known::RESTORED, warden_ledger::RESTORED);
        assert_eq!([backfill::PARTITION, budget::PARTITION], warden_ledger::OTHERS);
        assert_eq!(known::TRIALS, format!("{}/", warden_selftest::FOLDER));
    }

    #[test]
    fn a_table_for_spreadsheets_holds_no_formula() {
        let rows = [vec!["=1+1".to_owned(), "a \"b\"".to_owned()]];
        let text = table(&["one", "two"], rows.into_iter(), LedgerFormat::Csv);
        assert_eq!(text, "\"one\",\"two\"\n\"'=1+1\",\"a \"\"b\"\"\"");
    }

    #[test]
    fn a_table_holds_nothing_that_a_terminal_obeys() {
        for format in [LedgerFormat::Text, LedgerFormat::Csv] {
            let rows = [vec!["a\u{1b}[2J\u{9b}2J\u{202e}b\nc".to_owned()]];
            let table = table(&["one"], rows.into_iter(), format);
            assert!(table.contains("a [2J 2J b c"), "{table:?}");
        }
    }
}
