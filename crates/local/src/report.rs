//! The report of what a running system did, as `warden report` writes it of a deployed one.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use warden_deploy::{DeadLetter, DeadLetters};
use warden_ledger::{Filter, Record};
use warden_report::{Asked, Figures, Period, report};

use crate::audit::Audit;
use crate::workspace::Workspace;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] warden_ledger::Error),
    /// The dead-letter queue cannot be read.
    #[error(transparent)]
    DeadLetters(#[from] warden_deploy::Error),
    /// The clock stands before 1970, or was set back.
    #[error("the clock was set back while the system ran, so that there is no time to report of")]
    Clock,
    /// The page cannot be written.
    #[error("{path} could not be written: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// Writes the report of what was audited since a moment, keys in full, into a file of this name, and says where.
///
/// # Errors
/// When the ledger or the queue does not answer, or the page cannot be written.
pub async fn write(
    audit: &Audit,
    workspace: &Workspace,
    name: &str,
    since: SystemTime,
) -> Result<PathBuf, ReportError> {
    let records = audit.ledger().find(&Filter::default()).await?;
    let letters = DeadLetters::of(&audit.clients().config, &audit.address().stack).await?.look().await?;
    let asked = Asked {
        stack: audit.address().stack.clone(),
        period: period(since, SystemTime::now()).ok_or(ReportError::Clock)?,
        keys: true,
        dead_letters: warden_report::DeadLetters::waiting(letters.iter().map(DeadLetter::why)),
    };
    let page = report(&Figures::of(records.iter().map(Record::values), &asked));
    let folder = workspace.made("demo");
    let file = folder.join(name);
    let failed = |path: PathBuf| move |source| ReportError::Io { path, source };
    fs::create_dir_all(&folder).map_err(failed(folder))?;
    fs::write(&file, page).map_err(failed(file.clone()))?;
    Ok(file)
}

/// From a moment until a second after another, so that whatever was claimed just then is in it.
fn period(since: SystemTime, until: SystemTime) -> Option<Period> {
    let millis = |at: SystemTime| i64::try_from(at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis()).ok();
    Period::of_unix_millis(millis(since)?, millis(until + Duration::from_secs(1))?)
}
