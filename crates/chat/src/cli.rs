//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

const AFTER: &str = "Environment:
  WARDEN_CHAT_TOKEN  the token that the function asks for; there is no option for it, because command lines are seen by others

Exit codes:
  0    the answer is whole
  1    there is no answer: one message on standard error says why
  2    the command line is wrong
  3    the answer that was printed is cut: one message on standard error says why
  130  stopped by Ctrl-C";

/// Chat with a model behind a streaming function.
///
/// Without --once, on a terminal, a conversation; /help there lists the commands. With standard
/// input from a pipe, what comes is the question, and the answer goes to standard output as bare text.
#[derive(Parser)]
#[command(name = "warden-chat", version, after_help = AFTER)]
pub(crate) struct Cli {
    /// The function: a CloudFront distribution, a function URL (signed with your AWS credentials), or http:// on this machine
    #[arg(long, value_name = "URL", env = "WARDEN_CHAT_URL")]
    pub(crate) url: String,

    /// The AWS profile that signs requests to a function URL
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// The model to ask for; the function lists what it allows
    #[arg(long, value_name = "ID", env = "WARDEN_CHAT_MODEL")]
    pub(crate) model: Option<String>,

    /// The system prompt: what the model reads before the conversation
    #[arg(long, value_name = "TEXT", conflicts_with = "system_file")]
    pub(crate) system: Option<String>,

    /// A file that holds the system prompt
    #[arg(long, value_name = "FILE")]
    pub(crate) system_file: Option<PathBuf>,

    /// The most tokens of an answer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tokens: Option<u32>,

    /// Go on with a conversation that /save wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,

    /// Ask this one question, print the answer, and end
    #[arg(long, value_name = "TEXT")]
    pub(crate) once: Option<String>,

    /// Add standard input to the question of --once
    #[arg(long, requires = "once")]
    pub(crate) stdin: bool,

    /// How the one answer is printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) output: Output,

    /// Show Markdown as written, without formatting
    #[arg(long)]
    pub(crate) no_markdown: bool,

    /// Keep no history of the questions on disk
    #[arg(long)]
    pub(crate) no_history: bool,

    /// How long nothing may come before the answer is given up
    #[arg(long, value_name = "TIME", default_value = "130s", value_parser = time)]
    pub(crate) idle_timeout: Duration,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Its text, as it comes
    #[default]
    Text,
    /// For programs: one JSON document at the end
    Json,
}

fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("give a time such as 30s or 2m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let parses = |further: &[&str]| {
            Cli::try_parse_from([&["warden-chat", "--url", "https://a.example"], further].concat()).is_ok()
        };
        assert!(parses(&["--once", "Hi", "--stdin", "--output", "json", "--max-tokens", "1", "--idle-timeout", "2m"]));
        for wrong in [
            &["--max-tokens", "0"][..],
            &["--stdin"],
            &["--system", "a", "--system-file", "b"],
            &["--idle-timeout", "0s"],
            &["--token", "secret"],
        ] {
            assert!(!parses(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn an_answer_is_waited_for_as_long_as_one_may_take_to_begin() {
        let cli = Cli::try_parse_from(["warden-chat", "--url", "https://a.example"]).unwrap();
        // CloudFront waits for 120 seconds, the functions for 110.
        assert!(cli.idle_timeout > Duration::from_mins(2));
    }
}
