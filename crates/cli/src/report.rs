//! `warden report`: a page that shows what became of the events of a time.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, bail};
use warden_calls::Timestamp;
use warden_deploy::{DeadLetter, DeadLetters};
use warden_report::page::{count, plural};
use warden_report::{Asked, Counting, Figures, Period, report};

use crate::cli::{Connection, OnStack, Report};
use crate::dead_letters::look;
use crate::ending::Ending;
use crate::output::Format;
use crate::{connection, ledger, output};

/// Where the page is written to where nothing is said.
const FILE: &str = "warden-report.html";

/// Reads the ledger and the dead-letter queue, and writes the page.
pub(crate) async fn run(arguments: &Report) -> anyhow::Result<Ending> {
    let until = arguments.until.unwrap_or_else(|| Timestamp::from(SystemTime::now()));
    let Some(period) = Period::of_unix_millis(arguments.since.millis(), until.millis()) else {
        bail!("`--until` is not after `--since`, which is 30 days ago when it is not named. Name an earlier `--since`");
    };
    let OnStack { stack, connection, output: printed } = &arguments.on;
    let ledger = ledger::open(stack, connection).await?;
    output::progress(&format!("Reading the ledger of the stack {}", stack.name));
    let asked = Asked {
        stack: stack.name.clone(),
        period,
        keys: arguments.keys,
        dead_letters: dead_letters(&stack.name, connection).await,
    };
    let mut counting = Counting::new(&asked);
    ledger.each(|record| counting.add(record.values())).await?;
    let figures = counting.figures();
    let format = printed.format;
    let file = arguments.out.as_deref().or_else(|| (format == Format::Text).then_some(Path::new(FILE)));
    if let Some(file) = file {
        fs::write(file, report(&figures)).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    match (format, file) {
        (Format::Json, _) => output::json(&figures)?,
        (Format::Text, file) => output::text(told(&figures, file.unwrap_or(Path::new(FILE))))?,
    }
    Ok(Ending::Done)
}

/// What waits in the queue. That it cannot be read is no reason to show nothing else.
async fn dead_letters(stack: &str, connection: &Connection) -> warden_report::DeadLetters {
    let letters = async {
        let config = connection::load(connection).await?;
        let queue = DeadLetters::of(&config, stack).await?;
        look(&queue).await
    };
    match letters.await {
        Ok((letters, held)) => {
            let held = std::iter::repeat_n(Some("another command holds it"), held);
            warden_report::DeadLetters::waiting(letters.iter().map(DeadLetter::why).chain(held))
        }
        Err(error) => warden_report::DeadLetters::Unread(format!("{error:#}")),
    }
}

fn told(figures: &Figures, file: &Path) -> String {
    let verdicts = figures.verdicts;
    format!(
        "{}, {} judged: {} with personal data or a secret, {} undetermined. {} failed\nwritten to {}",
        plural(figures.events, "event", "events"),
        plural(verdicts.all(), "upload", "uploads"),
        count(verdicts.pii),
        count(verdicts.undetermined),
        plural(figures.failed(), "audit", "audits"),
        file.display(),
    )
}
