//! `warden-chat`: the terminal client of the streaming functions.
//!
//! What holds a question or an answer has `Debug` in tests alone.

mod answer;
mod cli;
mod command;
mod connection;
mod conversation;
mod editor;
mod ending;
mod exchange;
mod interactive;
mod markdown;
mod once;
mod protocol;
mod refusal;
mod screen;
mod signing;
mod sse;
mod target;
mod text_input;
#[cfg(unix)]
mod typing;
mod visible;
mod wrap;

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, ensure};
use clap::Parser as _;
use tokio::runtime;

use crate::cli::{Cli, Output};
use crate::connection::Client;
use crate::conversation::Conversation;
use crate::ending::Ending;
use crate::interactive::Options;
use crate::target::Target;

/// Where the token comes from.
const TOKEN: &str = "WARDEN_CHAT_TOKEN";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ending = run(cli).unwrap_or_else(|error| {
        screen::error(&format!("{error:#}"));
        Ending::Failed
    });
    ending.into()
}

fn run(cli: Cli) -> anyhow::Result<Ending> {
    let target = Target::parse(&cli.url)?;
    let conversation = conversation(&cli)?;
    let question = question(&cli)?;
    let token = std::env::var(TOKEN).ok().filter(|token| !token.trim().is_empty());
    let runtime = runtime::Builder::new_current_thread().enable_all().build().context("no runtime could be started")?;
    let client = Client::new(target, token.as_deref(), cli.profile.as_deref(), cli.idle_timeout);
    let client = runtime.block_on(client)?;
    let markdown = !cli.no_markdown;
    if let Some(question) = question {
        return runtime.block_on(once::once(&client, conversation, &question, cli.output, markdown));
    }
    let options = Options { markdown, history: !cli.no_history, file: cli.load };
    interactive::converse(&runtime, &client, conversation, options)
}

/// The conversation to begin with: a saved one, with what the command line chose.
fn conversation(cli: &Cli) -> anyhow::Result<Conversation> {
    let mut conversation = match &cli.load {
        Some(file) => Conversation::load(file)?,
        None => Conversation::default(),
    };
    let system = match &cli.system_file {
        Some(file) => {
            let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
            Some(text_input::read(bytes).map_err(|problem| anyhow!("{} {problem}", file.display()))?)
        }
        None => cli.system.clone(),
    };
    conversation.system = system.or(conversation.system);
    conversation.model = cli.model.clone().or(conversation.model);
    conversation.max_tokens = cli.max_tokens.or(conversation.max_tokens);
    Ok(conversation)
}

/// The one question, if there is to be no conversation.
fn question(cli: &Cli) -> anyhow::Result<Option<String>> {
    let question = match &cli.once {
        Some(once) if cli.stdin => format!("{once}\n\n{}", standard_input()?),
        Some(once) => once.clone(),
        None if !std::io::stdin().is_terminal() => standard_input()?,
        None => {
            ensure!(std::io::stdout().is_terminal(), "standard output is not a terminal. Ask one question with --once");
            ensure!(cli.output == Output::Text, "--output json is for one question. Ask it with --once");
            return Ok(None);
        }
    };
    ensure!(!question.trim().is_empty(), "the question is empty. Give it with --once, or on standard input");
    Ok(Some(question))
}

fn standard_input() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
    text_input::read(bytes).map_err(|problem| anyhow!("standard input {problem}"))
}
