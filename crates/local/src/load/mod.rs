//! Load: many uploads at a rate, and whether everything became of them that should.
//!
//! All of it is on this machine, which does the work of Lambda, Step Functions, S3 and `DynamoDB` beside the audit's own: what
//! a figure says of AWS has to be told apart.

mod faults;
mod outcome;
mod processes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use warden_ledger::{Filter, Record};

use crate::audit::{Audit, AuditError, Upload};
use crate::engine::EngineOptions;
use crate::model::ModelOptions;
use crate::output::Console;
use crate::pictures::{self, Answers, Holds};
use crate::system::{System, SystemError, SystemOptions};
use crate::workspace::Workspace;
use processes::Processes;

pub use outcome::{Latency, Outcome};
pub use processes::ProcessUse;

/// How long to wait between two looks at the ledger, of which each reads all of it.
const LOOK: Duration = Duration::from_secs(3);
/// How many uploads are not taken yet at most. A call that is not answered within a minute ends the trial.
const UPLOADING: usize = 64;
/// How often processes are looked at.
const SAMPLE: Duration = Duration::from_secs(1);
/// How often the ledger is looked at once more before what is missing counts as lost.
const LAST_LOOKS: usize = 3;

/// What is tried.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// How many pictures are uploaded, each under a key of its own.
    pub uploads: u32,
    /// How many of them in a second.
    pub rate: f64,
    /// How many in a hundred hold personal data.
    pub personal_data: u32,
    /// How long the model takes for each answer.
    pub model_delay: Duration,
    /// How many calls of the model may be open at once; one more is throttled.
    pub open_calls: usize,
    /// How many functions run at once; one more is throttled.
    pub function_concurrency: u32,
    /// What the waits of the state machine are multiplied by; 1 is real time.
    pub wait_scale: f64,
    /// How many in a hundred of an audit's calls fail, at random: of Lambda, `DynamoDB`, S3, SNS and the model.
    pub failing: f64,
    /// How long to wait for the last one, from the last upload on.
    pub within: Duration,
    /// The Cargo profile that the functions are built with.
    pub profile: String,
    /// The Python that the engine's environment is made with.
    pub python: String,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            uploads: 200,
            rate: 25.0,
            personal_data: 10,
            model_delay: Duration::from_millis(500),
            open_calls: 64,
            function_concurrency: 64,
            wait_scale: 1.0,
            failing: 0.0,
            within: Duration::from_mins(15),
            profile: "dev".to_owned(),
            python: "python3".to_owned(),
        }
    }
}

/// Why nothing was tried to its end.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system did not come up.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The system did not answer.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] warden_ledger::Error),
    /// A picture cannot be made.
    #[error("a picture could not be made: {0}")]
    Picture(#[from] image::ImageError),
    /// The model does not listen.
    #[error("the model cannot listen on 127.0.0.1: {0}")]
    Model(std::io::Error),
    /// The engine takes no orders.
    #[error("the engine took no orders of what is to fail: {0}")]
    Orders(#[from] reqwest::Error),
    /// An upload was interrupted.
    #[error("an upload was interrupted")]
    Interrupted,
}

/// An object that was uploaded, and the truth about it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    upload: Upload,
    holds: Holds,
    begun: SystemTime,
}

/// Brings the system up, uploads, waits for the end, and compares what is there with what was sent.
///
/// # Errors
/// When the system does not come up or does not answer. What is wrong with what became of an upload is no error: the
/// outcome says so.
pub async fn run(workspace: &Workspace, options: &LoadOptions, console: &Console) -> Result<Outcome, LoadError> {
    let answers = Answers::start(options.model_delay, options.failing / 100.0).await.map_err(LoadError::Model)?;
    let model = ModelOptions {
        upstream: Some(answers.url.clone()),
        open_calls: Some(options.open_calls),
        ..ModelOptions::default()
    };
    let system_options = SystemOptions {
        python: options.python.clone(),
        profile: options.profile.clone(),
        model,
        engine: EngineOptions { wait_scale: options.wait_scale, function_concurrency: options.function_concurrency },
        // Each upload is a call of the model, whatever its bytes.
        parameters: vec![("ReuseVerdicts".to_owned(), "false".to_owned())],
        ..SystemOptions::default()
    };
    let system = System::up(workspace, &system_options, console).await?;
    if options.failing > 0.0 {
        faults::order(system.engine().endpoint(), options.failing / 100.0).await?;
    }
    let mut processes = Processes::of(system.engine().process_group());
    let audit = system.audit();
    let tried = async {
        let begun = Instant::now();
        let sent = upload_all(audit, options, console).await?;
        let uploaded = begun.elapsed();
        let records = wait_for_all(audit, &sent, options.within, console).await?;
        Ok::<_, LoadError>((sent, uploaded, records))
    };
    let (sent, uploaded, records) = tokio::select! {
        tried = tried => tried?,
        () = processes.watch(SAMPLE) => return Err(LoadError::Interrupted),
    };
    faults::lift(system.engine().endpoint()).await?;
    let step = console.step("comparing what is there with what was sent");
    let alerts = alerts(audit).await?;
    let mut there = BTreeMap::new();
    for one in &sent {
        there.insert(one.upload.key.clone(), audit.is_there(&one.upload).await?);
    }
    step.done();
    let calls = system.model_calls();
    Ok(Outcome::of(&sent, uploaded, &records, &alerts, &there, (calls.count(), calls.throttled()), processes.used()))
}

/// Uploads all of them, each when its time has come, unless too many others are not taken yet.
async fn upload_all(audit: &Audit, options: &LoadOptions, console: &Console) -> Result<Vec<Sent>, LoadError> {
    let step = console.step("uploading");
    let audit = Arc::new(Audit::new(audit.address().clone()));
    let mut tick = interval(Duration::from_secs_f64(1.0 / options.rate));
    // Those that are late are made up for.
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut uploads = JoinSet::new();
    let room = Arc::new(Semaphore::new(UPLOADING));
    for number in 0..options.uploads {
        let holds = holds(number, options.personal_data);
        let bytes = pictures::upload(holds, number.into())?;
        tick.tick().await;
        // It is never closed.
        let place = Arc::clone(&room).acquire_owned().await.ok();
        let (audit, key) = (Arc::clone(&audit), format!("load/{number}.png"));
        uploads.spawn(async move {
            let _place = place;
            let begun = SystemTime::now();
            let upload = audit.upload(&key, bytes).await?;
            Ok::<_, AuditError>(Sent { upload, holds, begun })
        });
        step.detail(&format!("{} of {}", number + 1, options.uploads));
    }
    let mut sent = Vec::new();
    while let Some(one) = uploads.join_next().await {
        sent.push(one.map_err(|_| LoadError::Interrupted)??);
    }
    step.done();
    Ok(sent)
}

/// What the upload of a number holds, so that those with personal data are spread evenly.
fn holds(number: u32, percent: u32) -> Holds {
    let so_far = |number: u32| u64::from(number) * u64::from(percent) / 100;
    if so_far(number + 1) > so_far(number) { Holds::PersonalData } else { Holds::NoPersonalData }
}

/// Waits until every upload has a record that came to an end, good or bad; the ledger as it is then.
async fn wait_for_all(
    audit: &Audit,
    sent: &[Sent],
    within: Duration,
    console: &Console,
) -> Result<Vec<Record>, LoadError> {
    let step = console.step("waiting for the audits");
    let (begun, ledger, mut last_looks) = (Instant::now(), audit.ledger(), LAST_LOOKS);
    loop {
        let records = ledger.find(&Filter::default()).await?;
        let of = |status: &str| records.iter().filter(|record| record.text("status") == Some(status)).count();
        let (complete, failed, claimed) = (of("complete"), of("failed"), of("claimed"));
        step.detail(&format!("{complete} of {} complete, {failed} failed, {claimed} under way", sent.len()));
        let ended = complete + failed >= sent.len() && claimed == 0;
        // What failed may be told once more, and what is reported twice comes last.
        last_looks -= usize::from(ended);
        if last_looks == 0 || begun.elapsed() > within {
            step.done();
            return Ok(records);
        }
        sleep(LOOK).await;
    }
}

/// How many alerts were received about each key. The queue may hand out a message again: it counts once.
async fn alerts(audit: &Audit) -> Result<BTreeMap<String, usize>, LoadError> {
    let (mut alerts, mut seen) = (BTreeMap::new(), BTreeSet::new());
    loop {
        let received = audit.receive(Duration::ZERO).await?;
        if received.is_empty() {
            return Ok(alerts);
        }
        for alert in received {
            let key = alert.told["s3_key"].as_str().unwrap_or_default().to_owned();
            if seen.insert(alert.message_id) {
                *alerts.entry(key).or_default() += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_spread_evenly() {
        let of = |percent| (0..100).filter(|number| holds(*number, percent) == Holds::PersonalData).collect::<Vec<_>>();
        assert!(of(0).is_empty());
        assert_eq!(of(3), [33, 66, 99]);
        assert_eq!(of(100).len(), 100);
    }
}
