//! `warden`: what operators run.

mod backfill;
mod calls;
mod cli;
mod connection;
mod dead_letters;
mod deploy;
mod doctor;
mod ending;
mod exceptions;
mod ledger;
mod operate;
mod output;
mod replay;
mod report;
mod rules;
mod selftest;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{Cli, Command};
use crate::ending::Ending;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Deploy { command } => deploy::run(command).await,
        Command::Calls(arguments) => calls::run(arguments).await,
        Command::Rules { command } => rules::run(command),
        Command::Exceptions { command } => exceptions::run(command),
        Command::Deadletters { command } => dead_letters::run(command).await,
        Command::Ledger { command } => ledger::run(command).await,
        Command::Quarantine { command } => ledger::quarantine(command).await,
        Command::Restore(arguments) => ledger::restore(arguments).await,
        Command::Backfill(arguments) => backfill::run(arguments).await,
        Command::Report(arguments) => report::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments).await,
        Command::Selftest(arguments) => selftest::run(arguments).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "warden", &mut script);
            std::io::stdout().write_all(&script).map(|()| Ending::Done).map_err(anyhow::Error::from)
        }
    };
    let ending = result.unwrap_or_else(|error| {
        if output::is_unread(&error) {
            return Ending::Unread;
        }
        output::error(&error);
        Ending::Failed
    });
    ending.into()
}
