//! Two pictures of ours through a deployed audit, and what became of them.
//!
//! [`Selftest::begin`] finds the bucket and chooses a prefix, [`Selftest::follow`] uploads and follows both pictures to
//! their end, and [`Selftest::clean`] removes whatever lies below the prefix then. Whoever begins has to clean, however
//! the rest ends.

mod outcome;
mod picture;

use std::fmt;
use std::time::Duration;

use aws_types::SdkConfig;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, timeout};
use warden_call_errors::CallError;
use warden_control_plane::Refusal;
use warden_control_plane::s3::{ObjectId, S3};
use warden_deploy::Deployer;

pub use outcome::{Outcome, Step};
pub use picture::Picture;

use crate::outcome::Record;

/// The folder below which each test has its own.
pub const FOLDER: &str = "warden-selftest";

/// Why a test could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stack or its state machine could not be read.
    #[error(transparent)]
    Deployed(#[from] warden_deploy::Error),
    /// A call to S3 failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The stack is no audit.
    #[error(
        "the stack `{stack}` lacks the output `{output}`: it is not the audit's. Name the stack of infra/audit.yaml"
    )]
    NoAudit {
        /// The stack.
        stack: String,
        /// What it lacks.
        output: &'static str,
    },
    /// Objects could not be removed.
    #[error(
        "{left} versions below s3://{bucket}/{prefix} could not be removed: {problem}. Remove them by hand, every version"
    )]
    LeftBehind {
        /// The bucket.
        bucket: String,
        /// The prefix.
        prefix: String,
        /// How many versions are left.
        left: usize,
        /// Why.
        problem: CallError,
    },
}

/// Tests deployed audits.
#[derive(Clone, Debug)]
pub struct Selftest {
    s3: S3,
    deployer: Deployer,
}

/// A test that was begun: where it writes.
#[derive(Clone, Debug)]
pub struct Run {
    stack: String,
    machine_arn: String,
    bucket: String,
    prefix: String,
}

/// What became of the pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The stack.
    pub stack: String,
    /// The bucket.
    pub bucket: String,
    /// Below what the pictures were.
    pub prefix: String,
    /// What became of each.
    pub pictures: Vec<Outcome>,
}

impl Report {
    /// Whether all is as it should be.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.pictures.iter().all(|picture| picture.problems.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, picture) in self.pictures.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{picture}")?;
        }
        Ok(())
    }
}

impl Run {
    /// Where the pictures are, as people write it.
    #[must_use]
    pub fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

impl Selftest {
    /// A test with the credentials, Region and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { s3: S3::new(config), deployer: Deployer::new(config) }
    }

    /// Finds the bucket of a stack, and chooses a prefix that nobody else has. Nothing is written.
    ///
    /// # Errors
    /// When there is no such stack, or it is no audit.
    pub async fn begin(&self, stack: &str) -> Result<Run, Error> {
        let found = self.deployer.stack(stack).await?;
        let output = |output: &'static str| {
            let missing = || Error::NoAudit { stack: stack.to_owned(), output };
            found.outputs.get(output).cloned().ok_or_else(missing)
        };
        output("StateMachineName")?;
        Ok(Run {
            stack: stack.to_owned(),
            bucket: output("UploadBucketName")?,
            machine_arn: found.machine_arn()?,
            prefix: format!("{FOLDER}/{:016x}/", fastrand::u64(..)),
        })
    }

    /// Uploads the pictures and follows both to their end, no longer than `limit`.
    ///
    /// # Errors
    /// When a call fails. What does not happen in time is no error: the report says so.
    pub async fn follow(&self, run: &Run, limit: Duration) -> Result<Report, Error> {
        let [with, without] = Picture::ALL;
        let follow = |picture| Box::pin(self.picture(run, picture, limit));
        let (with, without) = tokio::try_join!(follow(with), follow(without))?;
        Ok(Report {
            stack: run.stack.clone(),
            bucket: run.bucket.clone(),
            prefix: run.prefix.clone(),
            pictures: vec![with, without],
        })
    }

    async fn picture(&self, run: &Run, picture: Picture, limit: Duration) -> Result<Outcome, Error> {
        let key = format!("{}{}", run.prefix, picture.file());
        let version = self.upload(&run.bucket, &key, picture).await?;
        let mut outcome = Outcome::new(picture, key.clone());
        let uploaded = Instant::now();
        // What was found by then is kept when the time is over.
        if let Ok(ended) = timeout(limit, self.follow_one(run, version.as_deref(), uploaded, limit, &mut outcome)).await
        {
            ended?;
        }
        outcome.judge(&run.stack);
        Ok(outcome)
    }

    async fn follow_one(
        &self,
        run: &Run,
        version: Option<&str>,
        uploaded: Instant,
        limit: Duration,
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let key = outcome.key.clone();
        let found = self.deployer.started_by(&run.machine_arn, [key.clone()], key_of, limit).await?;
        let Some(arn) = found.into_values().next() else { return Ok(()) };
        outcome.seconds_to_start = Some(uploaded.elapsed().as_secs_f64());
        outcome.execution_arn = Some(arn.clone());
        let report = self.deployer.follow(&arn, |_| ()).await?;
        outcome.seconds = Some(uploaded.elapsed().as_secs_f64());
        outcome.steps = outcome::steps(&report.entries);
        outcome.failure = report.failure.as_ref().map(ToString::to_string);
        let record: Record = match self.deployer.output_of(&arn).await? {
            Some(output) => serde_json::from_value(output).unwrap_or_default(),
            None => Record::default(),
        };
        outcome.is_duplicate = record.duplicate;
        (outcome.verdict, outcome.reason, outcome.action) = (record.verdict, record.reason, record.action);
        outcome.is_there = Some(self.is_there(&run.bucket, &key, version).await?);
        outcome.status = Some(report.status);
        Ok(())
    }

    /// Uploads a picture; its version, of a bucket that keeps versions.
    async fn upload(&self, bucket: &str, key: &str, picture: Picture) -> Result<Option<String>, Error> {
        let headers = [("content-type", picture.media_type())];
        let written = self.s3.put(bucket, key, picture.bytes(), &headers).await;
        Ok(written.map_err(|error| CallError::new("s3:PutObject", &error))?)
    }

    async fn is_there(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<bool, Error> {
        match self.s3.head(ObjectId { bucket, key, version }).await {
            Ok(_) => Ok(true),
            Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 404) => Ok(false),
            Err(error) if error.as_service_error().and_then(Refusal::code) == Some("NoSuchVersion") => Ok(false),
            Err(error) => Err(CallError::new("s3:GetObjectVersion", &error).into()),
        }
    }

    /// Removes every version below the test's prefix; how many there were.
    ///
    /// # Errors
    /// When something is left.
    pub async fn clean(&self, run: &Run) -> Result<usize, Error> {
        let left =
            |left, problem| Error::LeftBehind { bucket: run.bucket.clone(), prefix: run.prefix.clone(), left, problem };
        // Two pictures make no second page.
        let listed = self.s3.versions(&run.bucket, &run.prefix, None).await;
        let all =
            listed.map_err(|error| left(Picture::ALL.len(), CallError::new("s3:ListBucketVersions", &error)))?.versions;
        for (at, version) in all.iter().enumerate() {
            let object = ObjectId { bucket: &run.bucket, key: &version.key, version: Some(&version.id) };
            let deleted = self.s3.delete(object).await;
            deleted.map_err(|error| left(all.len() - at, CallError::new("s3:DeleteObjectVersion", &error)))?;
        }
        Ok(all.len())
    }
}

/// The key of the object that an execution's event is about: of S3's own event, or of `CloudTrail`'s.
fn key_of(input: &Value) -> Option<String> {
    let detail = &input["detail"];
    let key = [&detail["object"]["key"], &detail["requestParameters"]["key"]];
    key.into_iter().find_map(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_execution_belongs_to_the_object_that_its_event_names() {
        let key = "warden-selftest/0/id-card.png";
        for input in [
            json!({"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": key}}}),
            json!({"detail-type": "AWS API Call via CloudTrail", "detail": {"requestParameters": {"bucketName": "b", "key": key}}}),
        ] {
            assert_eq!(key_of(&input).as_deref(), Some(key));
        }
        assert_eq!(key_of(&json!({"detail": {"eventName": "StopLogging"}})), None);
    }
}
