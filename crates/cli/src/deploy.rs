//! `warden deploy`.

use serde::Serialize;
use warden_deploy::{ApplyRequest, DefinitionTemplate, Deployer, Diagnostic};

use crate::cli::{Apply, DeployCommand, Validate};
use crate::{connection, output};

/// What `warden deploy validate --output json` prints.
#[derive(Serialize)]
struct Validation<'a> {
    definition: &'a str,
    valid: bool,
    diagnostics: &'a [Diagnostic],
}

/// Runs a command of `warden deploy`.
pub(crate) async fn run(command: &DeployCommand) -> anyhow::Result<()> {
    match command {
        DeployCommand::Apply(arguments) => apply(arguments).await,
        DeployCommand::Validate(arguments) => validate(arguments),
    }
}

async fn apply(arguments: &Apply) -> anyhow::Result<()> {
    let definition = DefinitionTemplate::read(&arguments.definition.path)?;
    // Before credentials are looked for, which may take seconds.
    definition.check()?;
    let config = connection::load(&arguments.connection).await?;
    let deployer = Deployer::new(&config).on_progress(|progress| output::progress(&progress.to_string()));
    let report = deployer.apply(&ApplyRequest::new(&arguments.stack, definition)).await?;
    output::result(arguments.output.format, &report.to_string(), &report)
}

fn validate(arguments: &Validate) -> anyhow::Result<()> {
    let definition = DefinitionTemplate::read(&arguments.definition.path)?;
    let diagnostics = definition.diagnostics();
    let validation =
        Validation { definition: definition.file(), valid: diagnostics.is_empty(), diagnostics: &diagnostics };
    if validation.valid || arguments.output.format == output::Format::Json {
        let text = format!("{} is valid", definition.file());
        output::result(arguments.output.format, &text, &validation)?;
    }
    Ok(definition.check()?)
}
