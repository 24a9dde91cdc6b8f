//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::output::Format;

const EXIT_CODES: &str = "Exit codes:
  0  done, or nothing to do
  1  failed: one message on standard error says why
  2  the command line is wrong";

/// Deploy and operate the security audit.
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
    /// Deploy the state machine of a stack
    Deploy {
        /// What to do.
        #[command(subcommand)]
        command: DeployCommand,
    },
}

/// What to do with the state machine.
#[derive(Debug, Subcommand)]
pub(crate) enum DeployCommand {
    /// Create or update the state machine, publish a version, and let the alias `live` run it
    ///
    /// The definition's placeholders `${Name}` are filled with the stack's outputs. What is as it
    /// should be already is not touched: applying twice changes nothing.
    #[command(after_help = EXIT_CODES)]
    Apply(Apply),
    /// Check a definition without AWS: JSON, placeholders, targets, error names
    #[command(after_help = EXIT_CODES)]
    Validate(Validate),
}

/// Arguments of `warden deploy apply`.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// The stack that the state machine belongs to
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: String,
    #[command(flatten)]
    pub(crate) definition: Definition,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Arguments of `warden deploy validate`.
#[derive(Args, Debug)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) definition: Definition,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Which definition.
#[derive(Args, Debug)]
pub(crate) struct Definition {
    /// The state machine's definition, in the Amazon States Language
    #[arg(long = "definition", value_name = "PATH", default_value = "statemachine/security-audit.asl.json")]
    pub(crate) path: PathBuf,
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
}
