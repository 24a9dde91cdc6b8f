//! The CloudFormation custom resource that sets Bedrock's model invocation
//! logging, and sets again what was before it when it is deleted. Whatever
//! happens, CloudFormation gets an answer.

mod request;

use std::{future::Future, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use warden_aws::ResponseUrls;
use warden_core::{
    Error,
    invocation_logging::{InvocationLogging, Kept, LoggingConfiguration, ParameterStore, Step, steps},
};

use crate::request::{Envelope, Request};

/// How long the work may take. With the answer's attempts it stays below the
/// function's own limit of 110 seconds, after which nobody would answer.
const WORK_TIMEOUT: Duration = Duration::from_secs(80);

/// How long one attempt to answer may take, and how many there are.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_ATTEMPTS: u32 = 3;

/// Bedrock tries the role at once, and a new role may take a minute to be known everywhere. A try that begins by then can
/// still end within [`WORK_TIMEOUT`], so that the last one's reason is told.
const LAST_PUT: Duration = Duration::from_mins(1);
const PUT_PAUSE: Duration = Duration::from_secs(5);

/// Most characters of a reason: CloudFormation takes answers of 4,096 bytes.
const MAX_REASON_CHARS: usize = 800;

/// Where answers go.
pub trait Answers: Send + Sync {
    /// Puts an answer at the address that CloudFormation gave, once.
    ///
    /// # Errors
    /// When it could not be delivered.
    fn put(&self, url: &str, body: Vec<u8>) -> impl Future<Output = Result<(), Error>> + Send;
}

impl Answers for ResponseUrls {
    async fn put(&self, url: &str, body: Vec<u8>) -> Result<(), Error> {
        Self::put(self, url, body).await
    }
}

/// What the function needs, made once at start.
pub struct CustomResource<L, P, A> {
    /// Bedrock's logging.
    pub logging: L,
    /// Where the configuration before ours is kept.
    pub parameters: P,
    /// Where answers go.
    pub answers: A,
}

impl<L, P, A> CustomResource<L, P, A>
where
    L: InvocationLogging + 'static,
    P: ParameterStore + 'static,
    A: Answers + 'static,
{
    /// Does what CloudFormation asks for and tells it what came of it.
    ///
    /// # Errors
    /// When the answer could not be delivered, which CloudFormation treats as a failure
    /// after its own timeout, and for an event that does not say where to answer.
    pub async fn handle(self: Arc<Self>, event: Value) -> Result<(), Error> {
        let Some(envelope) = Envelope::read(&event) else {
            return Err(Error::invalid("ResponseURL", "is missing: nobody can be told"));
        };
        let this = Arc::clone(&self);
        // A task of its own, so that a panic ends in an answer too.
        let mut work = tokio::spawn(async move { this.work(&event).await });
        let outcome = match timeout(WORK_TIMEOUT, &mut work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Error::Internal { problem: "the function has a defect; see its log".into() }),
            Err(_) => {
                work.abort();
                Err(Error::Internal { problem: "Bedrock or the Parameter Store took too long; try again".into() })
            }
        };
        match &outcome {
            Ok(done) => tracing::info!(steps = ?done, "model invocation logging is as it was asked for"),
            Err(error) => {
                tracing::error!(error = error.name().as_str(), reason = %error, "model invocation logging is not as it was asked for");
            }
        }
        self.answer(&envelope, &outcome).await
    }

    /// The names of the steps that were taken.
    async fn work(&self, event: &Value) -> Result<Vec<&'static str>, Error> {
        let last_put = Instant::now() + LAST_PUT;
        let request = Request::read(event)?;
        let current = self.logging.configuration().await?;
        let kept = self.parameters.get(&request.parameter).await?.map(|text| Kept::parse(&text)).transpose()?;
        let mut done = Vec::new();
        for step in steps(&request.wish, &request.ours, current.as_ref(), kept.as_ref())? {
            done.push(match &step {
                Step::Keep(kept) => {
                    self.parameters.create(&request.parameter, &kept.text()).await?;
                    "keep"
                }
                Step::Put(configuration) => {
                    self.put(configuration, last_put).await?;
                    "put"
                }
                Step::Delete => {
                    self.logging.delete().await?;
                    "delete"
                }
                Step::Forget => {
                    self.parameters.delete(&request.parameter).await?;
                    "forget"
                }
            });
        }
        Ok(done)
    }

    async fn put(&self, configuration: &LoggingConfiguration, last: Instant) -> Result<(), Error> {
        loop {
            match self.logging.put(configuration).await {
                Err(Error::AccessDenied { .. }) if Instant::now() + PUT_PAUSE <= last => sleep(PUT_PAUSE).await,
                done => return done,
            }
        }
    }

    async fn answer<T>(&self, envelope: &Envelope, outcome: &Result<T, Error>) -> Result<(), Error> {
        let reason = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let answer = json!({
            "Status": if outcome.is_ok() { "SUCCESS" } else { "FAILED" },
            "Reason": reason.chars().take(MAX_REASON_CHARS).collect::<String>(),
            "PhysicalResourceId": envelope.physical_id,
            "StackId": envelope.stack_id,
            "RequestId": envelope.request_id,
            "LogicalResourceId": envelope.logical_id,
        });
        let mut attempt = 1;
        loop {
            let put = self.answers.put(&envelope.response_url, answer.to_string().into_bytes());
            let failure = match timeout(ANSWER_TIMEOUT, put).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => error,
                Err(_) => Error::Internal { problem: "CloudFormation's ResponseURL took too long".into() },
            };
            if attempt == ANSWER_ATTEMPTS {
                return Err(failure);
            }
            tracing::warn!(reason = %failure, attempt, "CloudFormation was not told");
            sleep(Duration::from_secs(u64::from(attempt))).await;
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests;
