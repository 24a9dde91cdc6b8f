//! `warden deploy replay`: recorded events, put on the bus once more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Serialize;
use warden_deploy::{Deployer, ExecutionReport, RecordedEvent, Replayed, Replayer};

use crate::cli::Replay;
use crate::ending::Ending;
use crate::operate::print_live;
use crate::output::Format;
use crate::{connection, output};

/// Up to how many executions are shown state by state.
const TOLD_ONE_BY_ONE: usize = 50;
/// How many of those that did not succeed a summary names.
const NAMED: usize = 20;

/// One event of `warden deploy replay --output json`.
#[derive(Serialize)]
struct ReplayedEvent {
    file: String,
    event_id: String,
    /// `null` when none was started in time.
    execution: Option<ExecutionReport>,
}

/// Puts recorded events on the replay bus, and follows what they start.
pub(crate) async fn replay(arguments: &Replay) -> anyhow::Result<Ending> {
    let events = events(arguments)?;
    let config = connection::load(&arguments.connection).await?;
    let (replayer, deployer) = (Replayer::new(&config), Deployer::new(&config));
    let (stack, format) = (&arguments.stack.name, arguments.output.format);
    let taken = replayer.put(stack, &events).await?;
    output::progress(&format!("Put {} on the replay bus, waiting for what is started", counted(taken.len(), "event")));
    let started = replayer.executions(stack, &taken, arguments.start_within).await?;

    let (of, one_by_one) = (taken.len(), taken.len() <= TOLD_ONE_BY_ONE);
    let mut followed = Vec::with_capacity(of);
    for (at, event) in taken.into_iter().enumerate() {
        if !one_by_one {
            output::passing(&format!("{at} of {of} executions have ended"));
        }
        // Executions that are not shown are followed as for `--output json`.
        let told = if one_by_one { format } else { Format::Json };
        followed.push(follow(&deployer, event, &started, told).await?);
    }
    match format {
        Format::Json => output::result(format, "", &followed)?,
        Format::Text if !one_by_one => output::result(format, summary(&followed), &followed)?,
        Format::Text => {}
    }
    let well = |event: &ReplayedEvent| event.execution.as_ref().is_some_and(ExecutionReport::succeeded);
    let missing = followed.iter().filter(|event| event.execution.is_none()).count();
    if missing > 0 {
        bail!(
            "{} of {} started no execution in time. Look whether the alias exists (`warden deploy status`), at the replay rule, and at the queue that the stack's output DeadLetterQueueUrl names",
            missing,
            counted(followed.len(), "event")
        );
    }
    Ok(if followed.iter().all(well) { Ending::Done } else { Ending::ExecutionFailed })
}

/// The events that are to be replayed. How many executions they start is said.
fn events(arguments: &Replay) -> anyhow::Result<Vec<RecordedEvent>> {
    let (mut events, mut digests) = (Vec::new(), 0);
    let files = files(&arguments.events)?;
    for path in &files {
        let bytes = fs::read(path).with_context(|| format!("cannot read the event {}", path.display()))?;
        let found = RecordedEvent::read(&path.display().to_string(), &bytes)?;
        digests += usize::from(found.is_empty());
        events.extend(found);
    }
    if digests > 0 {
        let hold = if digests == 1 { "it holds" } else { "they hold" };
        output::note(&format!("Passed over {}: {hold} no event", counted(digests, "digest file")));
    }
    if events.is_empty() {
        bail!("there is no event in {}", counted(files.len(), "file"));
    }
    let (all, only) = (events.len(), &arguments.only);
    let wanted: Vec<_> = events.iter().filter(|event| is_wanted(event, only)).cloned().collect();
    if wanted.is_empty() {
        bail!("`--only` names none of {}, which are: {}", counted(all, "event"), names(&events));
    }
    let of_all = if only.is_empty() { String::new() } else { format!(" of {all}") };
    let said = format!(
        "Replaying {}{of_all} of {}: {} will start",
        counted(wanted.len(), "event"),
        counted(files.len(), "file"),
        counted(wanted.len(), "execution")
    );
    match arguments.output.format {
        Format::Text => output::text(&said)?,
        Format::Json => output::note(&said),
    }
    Ok(wanted)
}

fn is_wanted(event: &RecordedEvent, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|pattern| event.is_called(pattern))
}

/// The names of events, each once.
fn names(events: &[RecordedEvent]) -> String {
    let names: BTreeSet<_> =
        events.iter().map(|event| event.event_name.as_ref().unwrap_or(&event.detail_type)).collect();
    let mut told =
        names.iter().take(NAMED).map(|name| warden_call_errors::printable(name)).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        // Writing to a text does not fail.
        let _ = write!(told, " and {} more", names.len() - NAMED);
    }
    told
}

/// The files that are named, and those in the folders that are.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            find(path, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// The files of recorded events in a folder and those under it, by their names.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let unreadable = || format!("cannot read the folder {}", folder.display());
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).with_context(unreadable)?;
    let mut entries: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
    entries.sort();
    for path in entries {
        // A link to a folder may lead round in a circle.
        if path.is_dir() && !path.is_symlink() {
            find(&path, files)?;
        } else if path.is_file()
            && path.extension().is_some_and(|end| ["json", "jsonl", "gz"].iter().any(|known| end == *known))
        {
            files.push(path);
        }
    }
    Ok(())
}

async fn follow(
    deployer: &Deployer,
    event: Replayed,
    started: &BTreeMap<String, String>,
    format: Format,
) -> anyhow::Result<ReplayedEvent> {
    let Replayed { file, event_id } = event;
    let Some(arn) = started.get(&event_id) else {
        return Ok(ReplayedEvent { file, event_id, execution: None });
    };
    if format == Format::Text {
        output::text(&file)?;
    }
    let execution = print_live(deployer, arn, format).await?;
    Ok(ReplayedEvent { file, event_id, execution: Some(execution) })
}

/// How many executions ended how, and which of them not well.
fn summary(followed: &[ReplayedEvent]) -> String {
    let mut ended: BTreeMap<String, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for event in followed {
        let status = event.execution.as_ref().map_or("not started".to_owned(), |execution| in_words(&execution.status));
        if event.execution.as_ref().is_none_or(|execution| !execution.succeeded()) {
            failed.push((event, status.clone()));
        }
        *ended.entry(status).or_default() += 1;
    }
    let ended: Vec<_> = ended.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let mut told = format!("{}: {}", counted(followed.len(), "event"), ended.join(", "));
    for (event, status) in failed.iter().take(NAMED) {
        // Writing to a text does not fail.
        let _ = write!(told, "\n  {}: {status}", warden_call_errors::printable(&event.file));
        if let Some(execution) = &event.execution {
            let _ = write!(told, ", {}", execution.execution_arn);
            if let Some(failure) = &execution.failure {
                let _ = write!(told, "\n    {failure}");
            }
        }
    }
    if failed.len() > NAMED {
        let _ = write!(told, "\n  and {} more; all are in `--output json`", failed.len() - NAMED);
    }
    told
}

/// A status of Step Functions, such as `TIMED_OUT`.
fn in_words(status: &str) -> String {
    status.to_lowercase().replace('_', " ")
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_the_files_of_events_in_it_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["c.json", "a.json.gz", "b/x.jsonl", "notes.txt", "b/y.csv"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let single = folder.path().join("notes.txt");
        let found = files(&[single, folder.path().to_owned()]).unwrap();
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["notes.txt", "a.json.gz", "b/x.jsonl", "c.json"]);
    }
}
