//! `warden backfill`: audits objects that were in a bucket before Warden was deployed.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::time::{Instant, SystemTime};

use anyhow::{Context, bail};
use serde::Serialize;
use tokio::signal::ctrl_c;
use warden_backfill::{Backfill, Backfills, Counted, Names, Pace, in_words};
use warden_call_errors::CallError;
use warden_calls::Timestamp;
use warden_core::backfill::{Acts, Counters, Plan, Status, rfc3339};
use warden_deploy::{Deployer, Stack};

use crate::cli::{
    BackfillArguments, BackfillCommand, BackfillResume, BackfillStart, BackfillStop, BackfillsToShow, Connection,
};
use crate::connection;
use crate::ending::Ending;
use crate::output::{self, Format};

/// What `--output json` prints of a backfill that was counted, and perhaps started.
#[derive(Serialize)]
struct Planned<'a> {
    #[serde(flatten)]
    counted: &'a Counted,
    /// The backfill that was started, as far as it came, if one was.
    backfill: Option<&'a Backfill>,
}

/// Counts, starts, follows, shows, stops or resumes a backfill.
pub(crate) async fn run(arguments: &BackfillArguments) -> anyhow::Result<Ending> {
    match &arguments.command {
        None => start(&arguments.start).await,
        Some(BackfillCommand::Status(asked)) => status(asked).await,
        Some(BackfillCommand::Stop(asked)) => stop(asked).await,
        Some(BackfillCommand::Resume(asked)) => resume(asked).await,
    }
}

async fn start(arguments: &BackfillStart) -> anyhow::Result<Ending> {
    let name = arguments.stack.as_deref().context("no stack is named. Give `--stack NAME`, or set WARDEN_STACK")?;
    let (backfills, stack) = open(name, &arguments.connection).await?;
    let mut plan = plan(arguments, &stack)?;
    let format = arguments.output.format;
    let id = id();
    if let Some(names) = names(arguments) {
        let brought = backfills.bring(&id, &names).await?;
        match (&arguments.bucket, brought.bucket) {
            (Some(asked), Some(listed)) if *asked != listed => bail!("the inventory lists {listed}, not {asked}"),
            (_, listed) => plan.bucket = listed.unwrap_or(plan.bucket),
        }
        plan.source = Some(brought.source);
    }
    let counted = count(&backfills, &plan).await?;
    if counted.objects == 0 || arguments.dry_run {
        output::result(format, told(&counted), &Planned { counted: &counted, backfill: None })?;
        return Ok(Ending::Done);
    }
    if !arguments.yes && !is_agreed(&told(&counted))? {
        output::note("Nothing was started");
        return Ok(Ending::Done);
    }
    let execution = backfills.start(&id, &plan).await?;
    if arguments.detach {
        let text = format!("Started the backfill {id}. `warden backfill status {id}` says how far it came");
        let counters = Counters { plan: Some(plan), execution: Some(execution), ..Counters::default() };
        let backfill = Backfill { id, counters };
        output::result(format, &text, &Planned { counted: &counted, backfill: Some(&backfill) })?;
        return Ok(Ending::Done);
    }
    follow(&backfills, &id, &execution, Pace::new(counted.objects, 0), &counted, format).await
}

async fn status(arguments: &BackfillsToShow) -> anyhow::Result<Ending> {
    let (backfills, _) = open(&arguments.on.stack.name, &arguments.on.connection).await?;
    let found = match &arguments.id {
        Some(id) => vec![backfills.named(Some(id)).await?],
        None => backfills.all().await?,
    };
    let lines: Vec<_> = found.iter().map(summary).collect();
    let text = if lines.is_empty() { "no backfills".to_owned() } else { lines.join("\n") };
    output::result(arguments.on.output.format, &text, &found)?;
    Ok(Ending::Done)
}

async fn stop(arguments: &BackfillStop) -> anyhow::Result<Ending> {
    let (backfills, _) = open(&arguments.on.stack.name, &arguments.on.connection).await?;
    let backfill = backfills.named(arguments.id.as_deref()).await?;
    let backfill = backfills.stop(&backfill).await?;
    let id = &backfill.id;
    let text = format!("The backfill {id} ends with what is under way. `warden backfill resume {id}` goes on");
    output::result(arguments.on.output.format, &text, &backfill)?;
    Ok(Ending::Done)
}

async fn resume(arguments: &BackfillResume) -> anyhow::Result<Ending> {
    let (backfills, _) = open(&arguments.on.stack.name, &arguments.on.connection).await?;
    let backfill = backfills.named(arguments.id.as_deref()).await?;
    let format = arguments.on.output.format;
    let plan = backfills.plan_to_resume(&backfill, arguments.max_cost).await?;
    let counted = count(&backfills, &plan).await?;
    if !arguments.yes && !is_agreed(&told(&counted))? {
        output::note("Nothing was started");
        return Ok(Ending::Done);
    }
    let execution = backfills.resume(&backfill, &plan).await?;
    let pace = Pace::of_resumed(counted.objects, &backfill.counters);
    follow(&backfills, &backfill.id, &execution, pace, &counted, format).await
}

/// Counts what there is to audit. A cap that nothing could be held against is refused.
async fn count(backfills: &Backfills, plan: &Plan) -> anyhow::Result<Counted> {
    let counted = backfills.count(plan, |objects| output::passing(&format!("Counting: {objects} to audit"))).await?;
    if plan.max_cost.is_some() && counted.estimate.model_usd.is_none() {
        bail!("what the model costs is not known: give the stack PiiDetectorTokenPrices, or leave `--max-cost` out");
    }
    Ok(counted)
}

/// Follows a run to its end, unless Ctrl-C leaves it alone.
async fn follow(
    backfills: &Backfills,
    id: &str,
    execution: &str,
    pace: Pace,
    counted: &Counted,
    format: Format,
) -> anyhow::Result<Ending> {
    output::progress(&format!(
        "The backfill {id} runs. Ctrl-C leaves it running; `warden backfill stop {id}` stops it"
    ));
    let begun = Instant::now();
    let seen = |backfill: &Backfill| {
        output::passing(&pace.line(&backfill.counters, begun.elapsed()));
        ControlFlow::Continue(())
    };
    let lost = |error: &CallError| output::note(&format!("{error}. Looking again"));
    let left = |ending| {
        output::note(&format!("The backfill {id} goes on. `warden backfill status {id}` says how far it came"));
        Ok(ending)
    };
    let followed = tokio::select! {
        followed = backfills.follow(id, execution, seen, lost) => followed,
        _ = ctrl_c() => Ok(None),
    };
    match followed {
        Ok(Some(backfill)) => {
            output::result(format, summary(&backfill), &Planned { counted, backfill: Some(&backfill) })?;
            Ok(ending(backfill.counters.status))
        }
        Ok(None) => left(Ending::Interrupted),
        // It was started, and does not depend on who follows it.
        Err(warden_backfill::Error::Call(error)) => {
            output::error(&error.into());
            left(Ending::Unfollowed)
        }
        Err(error) => Err(error.into()),
    }
}

/// How the command ends with a backfill that has ended so.
const fn ending(status: Status) -> Ending {
    match status {
        Status::Failed => Ending::Failed,
        Status::Stopped | Status::Capped => Ending::EndedEarly,
        Status::Running | Status::Stopping | Status::Complete => Ending::Done,
    }
}

async fn open(stack: &str, connection: &Connection) -> anyhow::Result<(Backfills, Stack)> {
    let config = connection::load(connection).await?;
    let stack = Deployer::new(&config).stack(stack).await?;
    Ok((Backfills::new(&config, &stack)?, stack))
}

fn plan(arguments: &BackfillStart, stack: &Stack) -> anyhow::Result<Plan> {
    let bucket = match &arguments.bucket {
        Some(bucket) => bucket.as_str(),
        None => stack.output("UploadBucketName", "the bucket")?,
    };
    let defaults = Plan::of(bucket);
    let plan = Plan {
        prefix: arguments.prefix.clone().unwrap_or_default(),
        since: arguments.since.map(|since| since.millis() / 1000),
        include: arguments.include.clone(),
        // Who names a version means it.
        older_versions: arguments.older_versions || arguments.keys.is_some(),
        concurrency: arguments.concurrency.unwrap_or(defaults.concurrency),
        max_cost: arguments.max_cost,
        action: if arguments.action.is_some() { Acts::Nothing } else { Acts::Policy },
        ..defaults
    };
    plan.check()?;
    Ok(plan)
}

/// What names the objects, if the bucket is not listed.
fn names(arguments: &BackfillStart) -> Option<Names> {
    let inventory = arguments.inventory.clone().map(Names::Inventory);
    inventory.or_else(|| arguments.keys.clone().map(Names::Keys))
}

/// A name that tells when it began.
fn id() -> String {
    let now = Timestamp::from(SystemTime::now()).millis();
    let digits: String = rfc3339(now / 1000).chars().filter(char::is_ascii_alphanumeric).collect();
    format!("b-{digits}-{:03}", now % 1000)
}

/// How much there is to do, how long that takes and what it costs.
fn told(counted: &Counted) -> String {
    let Counted { plan, known, missing, estimate, .. } = counted;
    let place = warden_call_errors::printable(&format!("s3://{}/{}", plan.bucket, plan.prefix));
    let further = match plan.further.len() {
        0 => String::new(),
        1 => " and 1 further bucket".to_owned(),
        further => format!(" and {further} further buckets"),
    };
    let model = match estimate.model_usd {
        Some(usd) => format!("{usd:.2} USD for the model"),
        None => "an unknown sum for the model".to_owned(),
    };
    let most =
        plan.max_cost.map_or_else(String::new, |most| format!("; it stops once the model has cost {most:.2} USD"));
    let acts = match plan.action {
        Acts::Policy => "What is found is treated as the stack's policy says",
        Acts::Nothing => {
            "What is found is reported, and nothing is done to it; a later backfill leaves it out as known"
        }
    };
    let missing = if *missing == 0 { String::new() } else { format!(", {missing} named and not there") };
    format!(
        "{place}{further}: {} to audit, {known} known to the ledger{missing}\n\
         About {} at {} at once; about {model} and {:.2} USD for the rest{most}\n{acts}",
        counted.objects,
        in_words(estimate.seconds),
        plan.concurrency,
        estimate.platform_usd,
    )
}

/// How far a backfill came, or how it ended.
fn summary(backfill: &Backfill) -> String {
    let Backfill { id, counters } = backfill;
    let place = counters.plan.as_ref().map_or_else(String::new, |plan| format!("s3://{}/{}", plan.bucket, plan.prefix));
    let began = counters.started_at.as_deref().unwrap_or("-");
    let by = if counters.status == Status::Capped && counters.is_held_back() { " by the day's budget" } else { "" };
    let held = if counters.held == 0 { String::new() } else { format!(", held {}", counters.held) };
    warden_call_errors::printable(&format!(
        "{id}  {}{by}  {place}  began {began}  audited {}, pii {}, undetermined {}{held}, failed {}, \
         known {}, spent {:.2} USD",
        counters.status.as_str(),
        counters.done,
        counters.pii,
        counters.undetermined,
        counters.failed,
        counters.known + counters.duplicates,
        counters.spent_usd,
    ))
}

/// Asks whether to go on.
fn is_agreed(question: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("{question}\nStandard input is not a terminal; pass `--yes` to start it");
    }
    output::note(question);
    let mut err = io::stderr();
    write!(err, "Start it? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use warden_core::{backfill::estimate, bedrock::TokenPrices};

    use super::*;

    #[test]
    fn what_it_takes_is_told_before_it_is_asked() {
        let mut plan = Plan::of("photos");
        let prices = TokenPrices::of_model("us.anthropic.claude-haiku-5-5");
        let counted = |plan: &Plan| Counted {
            plan: plan.clone(),
            listed: 12_000,
            known: 2_000,
            objects: 10_000,
            missing: 0,
            estimate: estimate(10_000, plan.concurrency, prices),
        };
        assert_eq!(
            told(&counted(&plan)),
            "s3://photos/: 10000 to audit, 2000 known to the ledger\n\
             About 1 h 23 min at 20 at once; about 3.89 USD for the model and 3.56 USD for the rest\n\
             What is found is treated as the stack's policy says"
        );
        plan.max_cost = Some(5.0);
        plan.action = Acts::Nothing;
        let told = told(&counted(&plan));
        assert!(
            told.contains("; it stops once the model has cost 5.00 USD\n") && told.contains("nothing is done"),
            "{told}"
        );
    }

    #[test]
    fn what_was_left_unaudited_is_told_apart_by_the_exit_code() {
        for (status, expected) in [
            (Status::Complete, Ending::Done),
            (Status::Stopped, Ending::EndedEarly),
            (Status::Capped, Ending::EndedEarly),
            (Status::Failed, Ending::Failed),
        ] {
            assert_eq!(ending(status), expected);
        }
    }

    #[test]
    fn a_summary_says_what_capped_a_run() {
        let counters = Counters { status: Status::Capped, done: 30, undetermined: 3, ..Counters::default() };
        let capped = |held, undetermined| {
            let counters = Counters { held, undetermined, ..counters.clone() };
            summary(&Backfill { id: "b-1".into(), counters })
        };
        assert_eq!(
            capped(0, 3),
            "b-1  capped    began -  audited 30, pii 0, undetermined 3, failed 0, known 0, spent 0.00 USD"
        );
        assert_eq!(
            capped(20, 23),
            "b-1  capped by the day's budget    began -  audited 30, pii 0, undetermined 23, held 20, failed 0, known 0, \
             spent 0.00 USD"
        );
    }

    #[test]
    fn a_summary_obeys_no_key() {
        let plan = Some(Plan { prefix: "\u{1b}[2J".into(), ..Plan::of("b") });
        let backfill = Backfill { id: "b-1".into(), counters: Counters { plan, ..Counters::default() } };
        assert!(!summary(&backfill).contains('\u{1b}'));
    }
}
