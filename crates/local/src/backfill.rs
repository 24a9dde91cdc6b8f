//! The demo of a backfill: a bucket of before, audited, stopped on the way, resumed, and run again for nothing.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use image::ImageError;
use serde::Serialize;
use warden_backfill::{Backfill, Backfills, Pace, Plan, Status};
use warden_control_plane::s3::{Request, S3};
use warden_deploy::Deployer;

use crate::audit::{Audit, AuditError};
use crate::aws::CallError;
use crate::engine::REGION;
use crate::output::Console;
use crate::pictures::{self, Holds};

/// The bucket of before.
pub const BUCKET: &str = "warden-local-years-ago";
/// How many pictures are in it.
const PICTURES: u32 = 60;
/// Those of them that somebody knows, among plain ones.
const SAMPLES: [&str; 4] = ["id-card.png", "business-card.png", "chart.png", "sign.png"];
/// After so many audits it is stopped.
const STOPPED_AFTER: u64 = 20;
/// Audits at once, for a machine of few cores.
const CONCURRENCY: u32 = 4;
/// How often is told how far it came.
const TOLD: Duration = Duration::from_secs(5);
const ID: &str = "years-ago";

/// Why the demo broke off.
#[derive(Debug, thiserror::Error)]
pub enum BackfillDemoError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A picture could not be uploaded.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The stack cannot be read.
    #[error(transparent)]
    Stack(#[from] warden_deploy::Error),
    /// The backfill failed.
    #[error(transparent)]
    Backfill(#[from] warden_backfill::Error),
    /// A picture could not be drawn.
    #[error("a picture could not be drawn: {0}")]
    Picture(#[from] ImageError),
    /// A sample cannot be read.
    #[error("{0} cannot be read: {1}")]
    Sample(String, std::io::Error),
}

/// What became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Whether all was as it should be.
    pub right: bool,
    /// Audits that had ended when it was stopped.
    pub when_stopped: u64,
    /// The backfill at its end.
    pub backfill: Backfill,
    /// What was left to audit then.
    pub left: u64,
}

/// Runs it, on a system whose stack audits [`BUCKET`] too.
///
/// # Errors
/// When the system does not answer, or the backfill breaks.
pub async fn run(audit: &Audit, samples: &Path, console: &Console) -> Result<Outcome, BackfillDemoError> {
    let step = console.step(&format!("filling s3://{BUCKET} with {PICTURES} pictures that no event reports"));
    fill(audit, samples).await?;
    step.done();

    let config = &audit.clients().config;
    let stack = Deployer::new(config).stack(&audit.address().stack).await?;
    let backfills = Backfills::new(config, &stack)?;
    let plan = Plan { concurrency: CONCURRENCY, ..Plan::of(BUCKET) };
    let counted = backfills.count(&plan, |_| ()).await?;
    let estimate = &counted.estimate;
    console.say(&format!(
        "warden backfill --bucket {BUCKET}: {} to audit, {} known; on AWS about {} s and {:.2} USD",
        counted.objects,
        counted.known,
        estimate.seconds,
        estimate.model_usd.unwrap_or_default() + estimate.platform_usd,
    ));
    let execution = backfills.start(ID, &plan).await?;
    let watch = Watch { backfills: &backfills, console };
    let begun = watch.follow(&execution, Pace::new(counted.objects, 0), Some(STOPPED_AFTER)).await?;
    console.say("warden backfill stop: what is under way ends, and nothing more begins");
    backfills.stop(&begun).await?;
    let stopped = watch.follow(&execution, Pace::new(counted.objects, 0), None).await?;

    let when_stopped = stopped.counters.done;
    let left = backfills.count(&plan, |_| ()).await?;
    console.say(&format!("warden backfill resume: {} to audit, {} known", left.objects, left.known));
    let execution = backfills.resume(&stopped, &backfills.plan_to_resume(&stopped, None).await?).await?;
    let ended = watch.follow(&execution, Pace::new(left.objects, when_stopped), None).await?;

    let again = backfills.count(&plan, |_| ()).await?;
    console.say(&format!("warden backfill, once more: {} to audit, {} known", again.objects, again.known));
    let counters = &ended.counters;
    let right = stopped.counters.status == Status::Stopped
        && when_stopped < u64::from(PICTURES)
        && counters.status == Status::Complete
        && counters.done == u64::from(PICTURES)
        && counters.pii >= 2
        && counters.failed == 0
        && again.objects == 0;
    Ok(Outcome { right, when_stopped, backfill: ended, left: again.objects })
}

/// The sentences at the end.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    let Outcome { right, when_stopped, backfill, left } = outcome;
    let counters = &backfill.counters;
    let verdict = if *right { "All as it should be" } else { "Not as it should be" };
    format!(
        "{verdict}: {} audited ({when_stopped} before it was stopped), {} with personal data, {} undetermined, {} failed; \
         once more there were {left} to audit.\nOn AWS: `warden backfill --stack S --bucket B`, docs/backfill.md",
        counters.done, counters.pii, counters.undetermined, counters.failed,
    )
}

/// Follows the demo's backfill, and tells how far it came now and then.
struct Watch<'a> {
    backfills: &'a Backfills,
    console: &'a Console,
}

impl Watch<'_> {
    /// Until it has ended, or so many audits have.
    async fn follow(&self, execution: &str, pace: Pace, until: Option<u64>) -> Result<Backfill, BackfillDemoError> {
        let step = self.console.step("auditing");
        let begun = Instant::now();
        let mut told = begun;
        let seen = |backfill: &Backfill| {
            let line = pace.line(&backfill.counters, begun.elapsed());
            step.detail(&line);
            if !self.console.is_live() && told.elapsed() > TOLD {
                told = Instant::now();
                self.console.say(&line);
            }
            let is_enough = until.is_some_and(|until| backfill.counters.done >= until);
            if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let ended = self.backfills.follow(ID, execution, seen, |_| ()).await?;
        step.done();
        ended.ok_or_else(|| warden_backfill::Error::Unknown(ID.to_owned()).into())
    }
}

/// Makes a bucket that keeps no versions and reports nothing.
///
/// # Errors
/// When S3 refuses it.
pub async fn make_bucket(s3: &S3, bucket: &str) -> Result<(), CallError> {
    let place = format!(
        "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    let made = s3.call(Request::bucket("PUT", bucket).body(place)).await;
    made.map(drop).map_err(CallError::of("s3:CreateBucket"))
}

/// Has a bucket keep versions.
///
/// # Errors
/// When S3 refuses it.
pub async fn keep_versions(s3: &S3, bucket: &str) -> Result<(), CallError> {
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let set = s3.call(Request::bucket("PUT", bucket).query("versioning", "").body(enabled)).await;
    set.map(drop).map_err(CallError::of("s3:PutBucketVersioning"))
}

async fn fill(audit: &Audit, samples: &Path) -> Result<(), BackfillDemoError> {
    let s3 = &audit.clients().s3;
    make_bucket(s3, BUCKET).await?;
    keep_versions(s3, BUCKET).await?;
    for number in 0..PICTURES {
        let every = PICTURES / u32::try_from(SAMPLES.len()).unwrap_or(PICTURES);
        let sample = SAMPLES.get(usize::try_from(number / every).unwrap_or(usize::MAX));
        let (name, bytes) = match sample.filter(|_| number % every == 0) {
            Some(name) => {
                let path = samples.join(name);
                let bytes = tokio::fs::read(&path).await;
                (
                    (*name).to_owned(),
                    bytes.map_err(|error| BackfillDemoError::Sample(path.display().to_string(), error))?,
                )
            }
            None => ("plain.png".to_owned(), pictures::upload(Holds::NoPersonalData, u64::from(number))?),
        };
        let key = format!("20{:02}/{number:02}-{name}", 19 + number / 10);
        s3.put(BUCKET, &key, bytes, &[]).await.map_err(CallError::of("s3:PutObject"))?;
    }
    Ok(())
}
