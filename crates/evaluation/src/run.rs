//! Judging many pictures side by side.

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::runtime::Builder;
use warden_pictures::canvas::JapaneseFont;

use crate::{
    cases::{Case, CaseError},
    judge::{Bench, Judge, Judged},
    label::Label,
};

/// How often it is told how far it is.
const TOLD: Duration = Duration::from_millis(200);

/// A picture that was judged.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where the picture comes from.
    pub case: Case,
    /// What is true of it.
    pub label: Label,
    /// What was said of it.
    pub judged: Judged,
}

/// What was said of a picture, as a line of `pictures.jsonl`.
#[derive(Serialize)]
struct RecordLine<'a> {
    judge: &'a str,
    #[serde(flatten)]
    label: &'a Label,
    #[serde(flatten)]
    judged: &'a Judged,
}

/// What a judge said of each picture, a line of JSON for each.
///
/// # Errors
/// When a record is no JSON, which none is.
pub fn lines(judge: &str, records: &[Record]) -> serde_json::Result<String> {
    let mut text = String::new();
    for Record { label, judged, .. } in records {
        text.push_str(&serde_json::to_string(&RecordLine { judge, label, judged })?);
        text.push('\n');
    }
    Ok(text)
}

/// What stopped a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A picture cannot be had.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A thread could not be started, or panicked.
    #[error("a thread that judges pictures ended: {0}")]
    Thread(String),
}

/// Judges pictures on so many threads, and tells how many are done. They come back in their order.
///
/// # Errors
/// When a picture cannot be read: what is measured on a part of a set says nothing of it.
pub fn run(
    judge: &Judge,
    cases: &[Case],
    threads: usize,
    weights: &Path,
    japanese: Option<&JapaneseFont>,
    tell: &dyn Fn(usize, Duration),
) -> Result<Vec<Record>, RunError> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let records: Mutex<Vec<(usize, Record)>> = Mutex::default();
    let begun = Instant::now();
    let work = || -> Result<(), RunError> {
        let failed = |error: std::io::Error| RunError::Thread(error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let mut bench = Bench::new(judge, weights.to_owned());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(at) else { return Ok(()) };
            let result = case.load(japanese);
            if result.is_err() {
                // The others stop, too.
                next.store(cases.len(), Ordering::Relaxed);
            }
            let (label, bytes) = result?;
            let judged = runtime.block_on(bench.judge(&label.file, bytes));
            if let Ok(mut records) = records.lock() {
                records.push((at, Record { case: case.clone(), label, judged }));
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.clamp(1, cases.len().max(1))).map(|_| scope.spawn(work)).collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            tell(done.load(Ordering::Relaxed), begun.elapsed());
            thread::sleep(TOLD);
        }
        for worker in workers {
            worker.join().map_err(|_| RunError::Thread("it panicked".to_owned()))??;
        }
        Ok::<(), RunError>(())
    })?;
    let mut records = records.into_inner().map_err(|error| RunError::Thread(error.to_string()))?;
    records.sort_by_key(|(at, _)| *at);
    Ok(records.into_iter().map(|(_, record)| record).collect())
}
