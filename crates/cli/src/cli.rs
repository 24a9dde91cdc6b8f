//! The command line.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use warden_backfill::Place;
use warden_calls::{Prices, Timestamp};
use warden_core::audit::Taken;
use warden_core::pii::Verdict;
use warden_deploy::Canary;
use warden_ledger::{By, Named};

use crate::output::Format;

const EXIT_CODES: &str = "Exit codes:
  0    done, or nothing to do
  1    failed: one message on standard error says why
  2    the command line is wrong
  3    `plan --exit-code`: applying would change something
  4    `apply --canary`: the new version failed or was not tried, and the alias runs the old one again
  5    `start --wait`, `watch EXECUTION`, `replay`: an execution did not succeed
  6    `calls`: some records could not be read; they are named
  7    `doctor`, `selftest`: something does not work
  8    `backfill`, `backfill resume`: stopped or capped before everything was audited
  9    `backfill`, `backfill resume`: could not be followed any longer; it goes on
  130  interrupted; a canary has been taken back, the pictures of `selftest` removed; a backfill goes on
  141  standard output was closed, such as by `| head`";

/// Deploy and operate the security audit, and read who asked the models what.
#[derive(Debug, Parser)]
#[command(name = "warden", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Deploy and operate the state machine of a stack
    #[command(after_help = EXIT_CODES)]
    Deploy {
        /// What to do.
        #[command(subcommand)]
        command: DeployCommand,
    },
    /// Show who asked which model what: Bedrock's model invocation records
    ///
    /// Each call is shown with its caller, model, tokens, cost and request id, and with the length of its
    /// texts; `--show-text` prints the texts themselves. The records are those in the bucket, or
    /// else the log group, of a stack of the private API, or those that are named.
    #[command(after_help = EXIT_CODES)]
    Calls(Calls),
    /// Check Sigma rules of your own before they are deployed
    #[command(after_help = EXIT_CODES)]
    Rules {
        /// What to do.
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Check the file that says which alerts are not mailed, before it is deployed
    #[command(after_help = EXIT_CODES)]
    Exceptions {
        /// What to do.
        #[command(subcommand)]
        command: ExceptionsCommand,
    },
    /// Audit objects that were in a bucket before Warden was deployed
    ///
    /// Says first how many objects there are, about how long it takes and what it costs, and asks. What the ledger
    /// knows is left out, so that running it again costs the listing alone. Each object takes the way of an upload,
    /// but for its alert: one report at the end covers all. `status`, `stop` and `resume` take up a backfill later.
    #[command(after_help = EXIT_CODES)]
    Backfill(BackfillArguments),
    /// List the events that could not start an execution, and replay them
    #[command(after_help = EXIT_CODES)]
    Deadletters {
        /// What to do.
        #[command(subcommand)]
        command: DeadLettersCommand,
    },
    /// Show, find and count what became of the events that were audited
    #[command(after_help = EXIT_CODES)]
    Ledger {
        /// What to do.
        #[command(subcommand)]
        command: LedgerCommand,
    },
    /// List, show, bring back or delete what was moved to quarantine
    #[command(after_help = EXIT_CODES)]
    Quarantine {
        /// What to do.
        #[command(subcommand)]
        command: QuarantineCommand,
    },
    /// Bring an object back from quarantine, with everything it had
    ///
    /// The event of the object that is brought back is known before it comes: it is not judged again. The
    /// copy in quarantine stays until it expires, or is purged.
    #[command(after_help = EXIT_CODES)]
    Restore(Restore),
    /// Write an HTML report on the events of a period
    ///
    /// One HTML file that stands alone: uploads and verdicts, what was found and by whom it was uploaded, what
    /// was done and brought back, spend, latency, failures, dead letters. The ledger's whole table is read, and
    /// nothing is changed. With `--output json` the figures are printed, and a page is written only where
    /// `--out` names one.
    #[command(after_help = EXIT_CODES)]
    Report(Report),
    /// Find out what in a deployed stack does not work
    ///
    /// Of the audit, the private API or the chat: one line for each thing that was looked at, with the
    /// command or the page that mends it. Nothing is changed. Each model is called once, unless `--no-model`
    /// is given; what that costs at most is said first. What your credentials may not look at is a
    /// warning that names the missing action.
    #[command(after_help = EXIT_CODES)]
    Doctor(Examine),
    /// Try a deployed audit with two pictures of ours, and say what became of them
    ///
    /// One shows an identity card of nobody, the other a landscape. Both are uploaded below a prefix of
    /// their own, `warden-selftest/ID/`, and followed to their end: what the audit said and did, how long each
    /// step took, and whether the version is gone or still there, as the audit says. Alerts about them are
    /// real ones. What is left of them is removed, on Ctrl-C too.
    #[command(after_help = EXIT_CODES)]
    Selftest(Trial),
    /// Print a script with which a shell completes warden's commands and options
    ///
    /// For example: `source <(warden completions bash)`.
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// A backfill to start, or what to do with one.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BackfillArguments {
    /// What to do with one that was started
    #[command(subcommand)]
    pub(crate) command: Option<BackfillCommand>,
    #[command(flatten)]
    pub(crate) start: BackfillStart,
}

/// What to do with a backfill that was started.
#[derive(Debug, Subcommand)]
pub(crate) enum BackfillCommand {
    /// Say how far backfills and sweeps came, or how they ended
    #[command(after_help = EXIT_CODES)]
    Status(BackfillsToShow),
    /// Let what is under way end, and begin nothing more
    #[command(after_help = EXIT_CODES)]
    Stop(BackfillStop),
    /// Go on with one that was stopped, capped or broken
    #[command(after_help = EXIT_CODES)]
    Resume(BackfillResume),
}

/// Which objects to audit, how fast, and for how much.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct BackfillStart {
    /// The bucket [default: the stack's upload bucket]
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Option<String>,
    /// Look at what an S3 Inventory in CSV lists, by its manifest.json, in place of listing the bucket
    #[arg(long, value_name = "s3://BUCKET/…/manifest.json", conflicts_with = "keys")]
    pub(crate) inventory: Option<Place>,
    /// Look at what a list of keys names, in CSV: `key`, `bucket,key` or `bucket,key,version_id`, encoded as S3 Inventory does
    #[arg(long, value_name = "FILE | s3://BUCKET/KEY")]
    pub(crate) keys: Option<Place>,
    /// Only objects whose key begins so
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Only objects written from this time on: RFC 3339, or how long ago, such as 30d
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) since: Option<Timestamp>,
    /// Only objects whose key fits, such as '*.png'; given more than once, any of them
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<String>,
    /// Also look at versions that were overwritten
    #[arg(long)]
    pub(crate) older_versions: bool,
    /// Audits at once [default: 20]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) concurrency: Option<u32>,
    /// US dollars for the models' answers, after which no further audit begins
    #[arg(long, value_name = "USD")]
    pub(crate) max_cost: Option<f64>,
    /// What is done with what is found in place of the stack's policy
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<BackfillAction>,
    /// Start without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// Count, and start nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Start it, and do not follow it
    #[arg(long)]
    pub(crate) detach: bool,
    // Optional for the parser alone, which finds none here before a subcommand.
    /// The stack
    #[arg(long = "stack", value_name = "NAME", env = "WARDEN_STACK", hide_env_values = true)]
    pub(crate) stack: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What is done in place of the stack's policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackfillAction {
    /// It is reported, and nothing is done. A later backfill knows these objects: to have one judged again, `warden ledger reopen`
    None,
}

/// Which backfills to show.
#[derive(Args, Debug)]
pub(crate) struct BackfillsToShow {
    /// Backfill ID [default: all]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) on: OnStack,
}

/// Which backfill to stop.
#[derive(Args, Debug)]
pub(crate) struct BackfillStop {
    /// Backfill ID [default: the newest]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) on: OnStack,
}

/// Which backfill to go on with.
#[derive(Args, Debug)]
pub(crate) struct BackfillResume {
    /// Backfill ID [default: the newest]
    pub(crate) id: Option<String>,
    /// US dollars for the models' answers of all its runs, in place of those before
    #[arg(long, value_name = "USD")]
    pub(crate) max_cost: Option<f64>,
    /// Go on without asking
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) on: OnStack,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List them, and why each was given up; they stay in the queue
    #[command(after_help = EXIT_CODES)]
    List(OnStack),
    /// Have each audited, or handed to older-versions if it tells of a deletion, and delete it once that has begun
    #[command(after_help = EXIT_CODES)]
    Replay(ReplayLetters),
}

/// Which dead letters to replay.
#[derive(Args, Debug)]
pub(crate) struct ReplayLetters {
    /// List what would be replayed, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) on: OnStack,
}

/// Of what a page is written, and where.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// Events from this time on: RFC 3339, or how long ago, such as 7d
    #[arg(long, value_name = "TIME", value_parser = moment, default_value = "30d")]
    pub(crate) since: Timestamp,
    /// Events before this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) until: Option<Timestamp>,
    /// Show keys of objects in full; else the extension of a picture or a PDF alone
    #[arg(long)]
    pub(crate) keys: bool,
    /// The page's file, which is overwritten [default: warden-report.html]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) on: OnStack,
}

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Print all that is kept of an event or of an object's events
    #[command(after_help = EXIT_CODES)]
    Show(Show),
    /// List the records that fit; the whole table is read
    #[command(after_help = EXIT_CODES)]
    Find(LedgerFind),
    /// Count the records that fit; the whole table is read
    #[command(after_help = EXIT_CODES)]
    Stats(LedgerStats),
    /// Have the next replay of an event judge it again, though it was audited to its end
    #[command(after_help = EXIT_CODES)]
    Reopen(Reasoned),
}

/// What to do with what lies in quarantine.
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List what lies in quarantine, or did until it expired
    #[command(after_help = EXIT_CODES)]
    List(LedgerFind),
    /// Print all that is kept of an object's events
    #[command(after_help = EXIT_CODES)]
    Show(Show),
    /// The same as `warden restore`
    #[command(after_help = EXIT_CODES)]
    Restore(Restore),
    /// Delete a copy in quarantine for good
    #[command(after_help = EXIT_CODES)]
    Purge(Reasoned),
}

/// Which event or object.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The event's id, or the object as `s3://bucket/key`
    #[arg(value_name = "EVENT-ID | s3://BUCKET/KEY")]
    pub(crate) named: Named,
    #[command(flatten)]
    pub(crate) on: OnStack,
}

/// What to bring back.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The event's id, or the object as `s3://bucket/key`: then what was moved away last
    #[arg(value_name = "EVENT-ID | s3://BUCKET/KEY")]
    pub(crate) named: Named,
    /// Why: it is kept in the record
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub(crate) reason: String,
    /// Bring it back though it was brought back before
    #[arg(long)]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) on: OnStack,
}

/// Whose record to change, and why.
#[derive(Args, Debug)]
pub(crate) struct Reasoned {
    /// The event's id, or the object as `s3://bucket/key`: then the newest of its records that this is about
    #[arg(value_name = "EVENT-ID | s3://BUCKET/KEY")]
    pub(crate) named: Named,
    /// Why: it is kept in the record
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) on: OnStack,
}

/// Which records to list.
#[derive(Args, Debug)]
pub(crate) struct LedgerFind {
    #[command(flatten)]
    pub(crate) filter: LedgerFilter,
    #[command(flatten)]
    pub(crate) stack: Stack,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// How the result is printed on standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) output: LedgerFormat,
}

/// Which records to count, and by what.
#[derive(Args, Debug)]
pub(crate) struct LedgerStats {
    /// What they are counted by
    #[arg(long, value_parser = counted_by(), default_value = "day")]
    pub(crate) by: By,
    #[command(flatten)]
    pub(crate) filter: LedgerFilter,
    #[command(flatten)]
    pub(crate) stack: Stack,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// How the result is printed on standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) output: LedgerFormat,
}

/// Which records: those that fit everything that is given.
#[derive(Args, Clone, Debug)]
pub(crate) struct LedgerFilter {
    /// Of this day, month or year, UTC, such as 2026-11-20 or 2026-11
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) day: Option<String>,
    /// With this verdict
    #[arg(long, value_name = "VERDICT", value_parser = names(Verdict::ALL.iter().map(|verdict| verdict.as_str()), "none"))]
    pub(crate) verdict: Option<String>,
    /// With this done
    #[arg(long, value_name = "ACTION", value_parser = names(Taken::ALL.iter().map(|taken| taken.as_str()), "restored"))]
    pub(crate) action: Option<String>,
    /// With this status
    #[arg(long, value_name = "STATUS", value_parser = ["claimed", "complete", "held", "failed"])]
    pub(crate) status: Option<String>,
    /// Whose actor contains this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) actor: Option<String>,
    /// Which a rule matched that has this in its title
    #[arg(long, value_name = "TEXT")]
    pub(crate) rule: Option<String>,
    /// Of objects whose key begins so
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Whose e-mail this exception suppressed
    #[arg(long, value_name = "NAME", value_parser = said)]
    pub(crate) silenced_by: Option<String>,
    /// Audited by this backfill
    #[arg(long, value_name = "ID")]
    pub(crate) backfill: Option<String>,
}

/// How records are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LedgerFormat {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON document
    Json,
    /// For spreadsheets
    Csv,
}

/// The names of a closed set, and one more.
fn names(names: impl Iterator<Item = &'static str>, further: &'static str) -> PossibleValuesParser {
    PossibleValuesParser::new(names.chain([further]))
}

/// A text that says something.
fn said(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("it is empty") } else { Ok(text.to_owned()) }
}

/// A day, or the beginning of one.
fn day(text: &str) -> Result<String, &'static str> {
    let fits = |part: Option<&str>, digits: usize, most: u32| match part {
        Some(part) if part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()) => {
            part.parse().is_ok_and(|number: u32| (1..=most).contains(&number))
        }
        Some(_) => false,
        None => true,
    };
    let mut parts = text.splitn(3, '-');
    let is_day = fits(parts.next(), 4, 9999) && fits(parts.next(), 2, 12) && fits(parts.next(), 2, 31);
    if is_day { Ok(text.to_owned()) } else { Err("name a day such as 2026-11-20, a month such as 2026-11, or a year") }
}

/// What records are counted by, by its name.
fn counted_by() -> impl TypedValueParser<Value = By> {
    let names = By::ALL.map(|(_, name, meaning)| PossibleValue::new(name).help(meaning));
    PossibleValuesParser::new(names).map(|name| By::named(&name).unwrap_or_default())
}

/// What to do with exceptions.
#[derive(Debug, Subcommand)]
pub(crate) enum ExceptionsCommand {
    /// Read a file of exceptions, and list which of them count
    ///
    /// Those that have ended are listed, and those that end within 30 days. AWS is not asked.
    #[command(after_help = EXIT_CODES)]
    Check(ExceptionsCheck),
}

/// Exceptions to check.
#[derive(Debug, Args)]
pub(crate) struct ExceptionsCheck {
    /// The file, YAML or JSON
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Format,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Read the rules below a folder, try them with their events, and list what the stack would not see
    ///
    /// The events of `DIR/…/NAME.yml` are `DIR/tests/NAME/match/*.json`, which it has to match, and
    /// `DIR/tests/NAME/no-match/*.json`. Calls that start no execution are never held against a rule: the
    /// parameters of the stack that let it hear of them are printed. AWS is not asked.
    #[command(after_help = EXIT_CODES)]
    Check(RulesCheck),
}

/// Rules to check.
#[derive(Debug, Args)]
pub(crate) struct RulesCheck {
    /// The folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Format,
}

/// What to do with the state machine.
#[derive(Debug, Subcommand)]
pub(crate) enum DeployCommand {
    /// Show what `apply` would change, and change nothing
    #[command(after_help = EXIT_CODES)]
    Plan(Plan),
    /// Create or update the state machine, publish a version, and let the alias `live` run it
    ///
    /// The definition's placeholders `${Name}` are filled with the stack's outputs. What is as it
    /// should be already is not touched: applying twice changes nothing.
    ///
    /// With `--canary 10 --for 10m` the new version gets 10 % of the executions for 10 minutes. It
    /// takes over if one or more end and none fails; else, and on Ctrl-C, the old version gets them all
    /// again. An alias that somebody else moves meanwhile is left to them.
    #[command(after_help = EXIT_CODES)]
    Apply(Apply),
    /// Let the alias `live` run the version before, or another
    ///
    /// Of two that share the executions, the older gets them all. No version is changed or deleted.
    #[command(after_help = EXIT_CODES)]
    Rollback(Rollback),
    /// Show what the alias runs, the versions, and the last executions
    #[command(after_help = EXIT_CODES)]
    Status(OnStack),
    /// Check a definition without AWS: JSON, placeholders, targets, fields, numbers, `JSONata`
    ///
    /// What cannot be checked without AWS is listed. With `--stack` the definition is filled with the stack's outputs, and Step Functions
    /// checks it too (`ValidateStateMachineDefinition`). Nothing is changed.
    #[command(after_help = EXIT_CODES)]
    Validate(Validate),
    /// Start an execution with an event
    #[command(after_help = EXIT_CODES)]
    Start(Start),
    /// Follow executions live, state by state, with times and errors in words
    ///
    /// Without EXECUTION, those that run and all that start are followed until Ctrl-C. With
    /// `--output json`, each thing that happens is one line of JSON.
    #[command(after_help = EXIT_CODES)]
    Watch(Watch),
    /// Print what happened in an execution, state by state
    #[command(after_help = EXIT_CODES)]
    History(History),
    /// Put recorded events on the stack's replay bus, and follow what they start
    ///
    /// A file holds EventBridge events or CloudTrail records, one JSON document after the other, a
    /// CloudTrail log file, rows of Athena as JSON, or what `aws cloudtrail lookup-events`, `aws sqs
    /// receive-message` or `aws logs filter-log-events` prints.
    /// Each event starts an execution; how many that will be is said first. Of more than 50, a summary
    /// is printed instead of what happens in each. Each is put with the source `warden.replay`; its detail-type and
    /// detail are not changed. The audit then acts on them again: a judged object that still exists may be deleted.
    #[command(after_help = EXIT_CODES)]
    Replay(Replay),
}

/// Arguments of `warden deploy plan`.
#[derive(Args, Debug)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) stack: Stack,
    #[command(flatten)]
    pub(crate) definition: Definition,
    /// Exit with 3 when applying would change something
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Arguments of `warden deploy apply`.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) stack: Stack,
    #[command(flatten)]
    pub(crate) definition: Definition,
    /// A description to keep with the version, such as its commit; 256 characters at most
    #[arg(long, value_name = "TEXT", value_parser = version_description)]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) canary: CanaryArguments,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// How a new version is tried.
#[derive(Args, Debug)]
pub(crate) struct CanaryArguments {
    /// Give the new version this share of the executions first, in percent
    #[arg(long = "canary", value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99), requires = "duration")]
    percent: Option<u8>,
    /// How long the new version has that share alone, such as 10m
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration, requires = "percent")]
    duration: Option<Duration>,
    /// How many of the new version's executions may fail
    #[arg(long, value_name = "COUNT", default_value_t = 0, requires = "percent")]
    allow_failures: usize,
    /// How many of the new version's executions must have ended before it takes over
    #[arg(long = "least", value_name = "COUNT", default_value_t = 1, requires = "percent")]
    least_ended: usize,
}

impl CanaryArguments {
    /// The canary that is asked for, if any.
    pub(crate) fn canary(&self) -> Option<Canary> {
        let (percent, duration) = self.percent.zip(self.duration)?;
        let Self { allow_failures: allowed_failures, least_ended, .. } = *self;
        Some(Canary { percent, duration, allowed_failures, least_ended })
    }
}

/// Arguments of `warden deploy rollback`.
#[derive(Args, Debug)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) stack: Stack,
    /// The version to go back to [default: the one before]
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<u64>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Arguments of `warden deploy validate`.
#[derive(Args, Debug)]
pub(crate) struct Validate {
    /// A definition in the Amazon States Language: the audit's, or that of backfills
    #[arg(long, value_name = "PATH", default_value = "statemachine/security-audit.asl.json")]
    pub(crate) definition: PathBuf,
    /// A stack that fills the definition; Step Functions checks it then, too
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Arguments of `warden deploy start`.
#[derive(Args, Debug)]
pub(crate) struct Start {
    #[command(flatten)]
    pub(crate) stack: Stack,
    /// The event, a JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) event: PathBuf,
    /// Follow the execution until it has ended
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Arguments of `warden deploy watch`.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// The execution, by ARN or name [default: all that run and start]
    pub(crate) execution: Option<String>,
    #[command(flatten)]
    pub(crate) stack: OptionalStack,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Arguments of `warden deploy history`.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// The execution, by ARN or name [default: the one that started last]
    pub(crate) execution: Option<String>,
    #[command(flatten)]
    pub(crate) stack: OptionalStack,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Arguments of `warden deploy replay`.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) stack: Stack,
    /// The recorded events: JSON files, plain or gzipped, or folders of them
    #[arg(long = "event", value_name = "PATH", required = true, num_args = 1..)]
    pub(crate) events: Vec<PathBuf>,
    /// Only events with this name or detail-type, where `*` matches any text, such as 'Put*'
    #[arg(long, value_name = "PATTERN")]
    pub(crate) only: Vec<String>,
    /// How long an event may take to start its execution
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "1m")]
    pub(crate) start_within: Duration,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Arguments of `warden calls`.
#[derive(Args, Debug)]
pub(crate) struct Calls {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Calls from this time on: RFC 3339, or how long ago, such as 2h [default: 24h; all with --from]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) since: Option<Timestamp>,
    /// Calls before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) until: Option<Timestamp>,
    /// Calls of models whose id contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) model: Option<String>,
    /// Calls whose caller or identity contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) caller: Option<String>,
    /// The call with this request id, Bedrock's or the API's
    #[arg(long, value_name = "ID")]
    pub(crate) request_id: Option<String>,
    /// How many calls are shown, the newest; all are counted
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) limit: usize,
    /// What a model's tokens cost, US dollars per million: MODEL=INPUT/OUTPUT. No price is built in
    #[arg(long = "price", value_name = "PRICE", env = "WARDEN_PRICES", hide_env_values = true)]
    pub(crate) prices: Vec<Prices>,
    /// Print what was asked and answered, not only how long it is
    #[arg(long)]
    pub(crate) show_text: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// How the result is printed on standard output
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) format: CallsFormat,
}

/// Arguments of `warden doctor`.
#[derive(Args, Debug)]
pub(crate) struct Examine {
    #[command(flatten)]
    pub(crate) stack: Stack,
    /// Call no model: whether the account has access is what Bedrock says of it
    #[arg(long)]
    pub(crate) no_model: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Arguments of `warden selftest`.
#[derive(Args, Debug)]
pub(crate) struct Trial {
    #[command(flatten)]
    pub(crate) stack: Stack,
    /// How long the pictures are followed; `CloudTrail` and the first use of a model take minutes each
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "20m")]
    pub(crate) within: Duration,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Where the records are.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// The private API's stack, whose outputs say where the records are
    #[arg(long = "stack", value_name = "NAME", env = "WARDEN_STACK", hide_env_values = true)]
    pub(crate) stack: Option<String>,
    /// A log group with records
    #[arg(long, value_name = "NAME", conflicts_with_all = ["bucket", "from"])]
    pub(crate) log_group: Option<String>,
    /// A bucket with records
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    pub(crate) bucket: Option<String>,
    /// What stands before `AWSLogs/` in the bucket
    #[arg(long, value_name = "PREFIX", default_value = "", requires = "bucket", hide_default_value = true)]
    pub(crate) prefix: String,
    /// Files with records, or folders of them, such as a copy of the bucket; AWS is not asked
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) from: Vec<PathBuf>,
}

/// How calls are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CallsFormat {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON document
    Json,
    /// For spreadsheets: a line for each call; the summary goes to standard error
    Csv,
}

/// What Step Functions keeps with a version.
fn version_description(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0..=256 => Ok(text.to_owned()),
        length => Err(format!("it has {length} characters, and Step Functions keeps 256")),
    }
}

/// A time, or how long ago it was.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Some(at) = Timestamp::parse(text) {
        return Ok(at);
    }
    let ago = humantime::parse_duration(text)
        .map_err(|_| "neither a time such as 2026-11-21T09:00:00Z nor how long ago, such as 2h".to_owned())?;
    SystemTime::now().checked_sub(ago).map(Timestamp::from).ok_or_else(|| "that is before time began".to_owned())
}

/// Which stack, how it is reached, and how the result is printed.
#[derive(Args, Debug)]
pub(crate) struct OnStack {
    #[command(flatten)]
    pub(crate) stack: Stack,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Which stack.
#[derive(Args, Debug)]
pub(crate) struct Stack {
    /// The stack
    #[arg(long = "stack", value_name = "NAME", env = "WARDEN_STACK", hide_env_values = true, value_parser = said)]
    pub(crate) name: String,
}

/// Which stack, unless an ARN says it.
#[derive(Args, Debug)]
pub(crate) struct OptionalStack {
    /// The stack that the state machine belongs to; not needed with an execution's ARN
    #[arg(long = "stack", value_name = "NAME", env = "WARDEN_STACK", hide_env_values = true)]
    pub(crate) name: Option<String>,
}

/// Which definition.
#[derive(Args, Debug)]
pub(crate) struct Definition {
    /// The state machine's definition, in the Amazon States Language
    #[arg(long = "definition", value_name = "PATH", default_value = "statemachine/security-audit.asl.json")]
    pub(crate) path: PathBuf,
    /// The definition of the state machine of backfills, which is deployed behind the audit's
    #[arg(long = "backfill-definition", value_name = "PATH", default_value = "statemachine/backfill.asl.json")]
    pub(crate) backfill: PathBuf,
}

/// Where AWS is and who asks.
#[derive(Args, Debug)]
pub(crate) struct Connection {
    /// A profile of the AWS configuration files [default: `AWS_PROFILE`, or `default`]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The AWS Region [default: `AWS_REGION`, or the profile's]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The URL that answers for AWS, such as a local engine's [default: `AWS_ENDPOINT_URL`, or AWS itself]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
}

/// How to print.
#[derive(Args, Debug)]
pub(crate) struct Output {
    /// How the result is printed on standard output
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_time_is_a_moment_or_how_long_ago() {
        assert_eq!(moment("2026-11-21T09:00:00+09:00").unwrap().to_string(), "2026-11-21T00:00:00Z");
        let now = Timestamp::from(SystemTime::now()).millis();
        assert!((now - moment("2h").unwrap().millis() - 7_200_000).abs() < 60_000);
        for text in ["", "yesterday", "2026-11-21", "9999999999999y"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_canary_has_a_share_and_a_time_or_there_is_none() {
        let canary = |further: &[&str]| {
            let arguments = [&["warden", "deploy", "apply", "--stack", "audit"], further].concat();
            match Cli::try_parse_from(arguments) {
                Ok(Cli { command: Command::Deploy { command: DeployCommand::Apply(apply) } }) => {
                    Some(apply.canary.canary().map(|canary| (canary.percent, canary.duration.as_secs())))
                }
                _ => None,
            }
        };
        assert_eq!(canary(&[]), Some(None));
        assert_eq!(canary(&["--canary", "10", "--for", "10m"]), Some(Some((10, 600))));
        assert_eq!(canary(&["--canary", "99", "--for", "1h 30s"]), Some(Some((99, 3630))));
        for wrong in [
            &["--canary", "10"][..],
            &["--for", "10m"],
            &["--canary", "0", "--for", "1m"],
            &["--canary", "100", "--for", "1m"],
            &["--canary", "10", "--for", "ten"],
            &["--allow-failures", "1"],
        ] {
            assert_eq!(canary(wrong), None, "{wrong:?}");
        }
    }
}
