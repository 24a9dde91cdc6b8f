//! `warden doctor`: what in a stack does not work.

use warden_doctor::{Doctor, Level};

use crate::cli::Examine;
use crate::ending::Ending;
use crate::output::Format;
use crate::{connection, output};

/// Looks at a stack, and prints a line for each thing that was looked at.
pub(crate) async fn run(arguments: &Examine) -> anyhow::Result<Ending> {
    let doctor = Doctor::new(&connection::load(&arguments.connection).await?);
    let patient = doctor.stack(&arguments.stack.name).await?;
    let calls = patient.trial_calls().filter(|_| !arguments.no_model);
    if let Some(calls) = &calls {
        output::note(&calls.to_string());
    }
    output::progress("Looking at what the stack needs");
    let report = doctor.report(&patient, calls.is_some()).await;
    if arguments.output.format == Format::Text {
        for finding in &report.findings {
            output::text(output::painted_finding(finding))?;
        }
    }
    output::result(arguments.output.format, format!("\n{report}"), &report)?;
    Ok(if report.count(Level::Failure) > 0 { Ending::ChecksFailed } else { Ending::Done })
}
