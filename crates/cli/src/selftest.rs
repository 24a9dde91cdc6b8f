//! `warden selftest`: two pictures through a deployed audit.

use std::time::Duration;

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use warden_selftest::{Error, Report, Selftest};

use crate::cli::Trial;
use crate::ending::Ending;
use crate::output::Format;
use crate::{connection, output};

/// What `warden selftest --output json` prints.
#[derive(Serialize)]
struct Printed<'r> {
    #[serde(flatten)]
    report: &'r Report,
    passed: bool,
    /// How many versions were removed in the end.
    removed: usize,
}

/// Uploads two pictures, follows them, and removes them however that ends.
pub(crate) async fn run(arguments: &Trial) -> anyhow::Result<Ending> {
    let selftest = Selftest::new(&connection::load(&arguments.connection).await?);
    let run = selftest.begin(&arguments.stack.name).await?;
    output::note(&format!(
        "Uploading two pictures below {}. The audit's alerts about them are real ones. It waits up to {}: CloudTrail takes minutes to report an upload",
        run.place(),
        humantime::format_duration(Duration::from_secs(arguments.within.as_secs()))
    ));
    // From now on Ctrl-C ends nothing before what was written is removed.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let ended = tokio::select! {
        ended = selftest.follow(&run, arguments.within) => Some(ended),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    };
    output::progress("Removing what was uploaded");
    let removed = selftest.clean(&run).await;
    match ended {
        Some(Ok(report)) => finish(arguments.output.format, &report, removed),
        // Both are told: what went wrong first is what the command failed of.
        Some(Err(error)) => {
            if let Err(left) = removed {
                output::error(&left.into());
            }
            Err(error.into())
        }
        None => {
            let removed = removed?;
            output::note(&format!("Interrupted. Removed what was uploaded ({removed} versions)"));
            Ok(Ending::Interrupted)
        }
    }
}

fn finish(format: Format, report: &Report, removed: Result<usize, Error>) -> anyhow::Result<Ending> {
    let passed = report.passed();
    let count = removed.as_ref().map_or(0, |removed| *removed);
    let verdict = if passed { "The audit works" } else { "The audit does not work as it should" };
    let left = if removed.is_ok() { ". What was left of the pictures is removed" } else { "" };
    let text = format!("{report}\n\n{verdict}{left}");
    output::result(format, &text, &Printed { report, passed, removed: count })?;
    removed?;
    Ok(if passed { Ending::Done } else { Ending::ChecksFailed })
}
