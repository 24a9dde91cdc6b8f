//! `warden rules`: Sigma rules of one's own.

use crate::cli::RulesCommand;
use crate::ending::Ending;
use crate::output;

/// Checks rules and prints what became of them.
pub(crate) fn run(command: &RulesCommand) -> anyhow::Result<Ending> {
    let RulesCommand::Check(arguments) = command;
    let report = warden_rules::check(&arguments.folder)?;
    output::result(arguments.output, report.to_string(), &report)?;
    Ok(if report.is_sound() { Ending::Done } else { Ending::Failed })
}
