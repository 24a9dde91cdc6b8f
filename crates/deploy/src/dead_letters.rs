//! Events that could not start an execution, in the stack's dead-letter queue.

use std::collections::BTreeMap;

use aws_types::SdkConfig;
use serde::Serialize;
use serde_json::{Value, json};
use warden_call_errors::CallError;
use warden_control_plane::{Call, ControlPlane, Service};

use crate::{Deployer, Error};

const RECEIVE: &str = "sqs:ReceiveMessage";
/// How many messages one call receives.
const BATCH: u32 = 10;
/// How often in a row a receive may find nothing before the queue counts as read: SQS asks a part of
/// its servers at a time.
const EMPTY: usize = 3;

/// The dead-letter queue of a stack.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    sqs: ControlPlane,
    queue: String,
}

/// An event that could not start an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The message's id.
    pub id: String,
    /// Why EventBridge gave it up.
    pub error: Option<String>,
    /// What EventBridge was told.
    pub message: Option<String>,
    /// The event, as EventBridge had it.
    pub event: String,
    /// By what it is deleted.
    #[serde(skip)]
    receipt: String,
}

impl DeadLetters {
    /// The queue of a stack.
    ///
    /// # Errors
    /// When there is no such stack, it has no such queue, or a call fails.
    pub async fn of(config: &SdkConfig, stack: &str) -> Result<Self, Error> {
        let stack = Deployer::new(config).stack(stack).await?;
        let queue = stack.output("DeadLetterQueueUrl", "the events that started nothing")?.to_owned();
        Ok(Self { sqs: ControlPlane::new(config, Service::SQS), queue })
    }

    /// All letters. For `hidden_seconds` nobody else receives them.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn receive(&self, hidden_seconds: u32) -> Result<Vec<DeadLetter>, Error> {
        let asked = json!({
            "QueueUrl": self.queue, "MaxNumberOfMessages": BATCH, "VisibilityTimeout": hidden_seconds,
            "MessageAttributeNames": ["All"],
        });
        let (mut letters, mut empty) = (BTreeMap::new(), 0);
        while empty < EMPTY {
            let answer = self.sqs.call(Call::rpc("AmazonSQS.ReceiveMessage", &asked)).await;
            let answer = answer.map_err(|error| CallError::new(RECEIVE, &error))?;
            let known = letters.len();
            for message in answer["Messages"].as_array().into_iter().flatten() {
                let letter = DeadLetter::read(message);
                letters.insert(letter.id.clone(), letter);
            }
            empty = if letters.len() == known { empty + 1 } else { 0 };
        }
        Ok(letters.into_values().collect())
    }

    /// Deletes a letter that was received.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn delete(&self, letter: &DeadLetter) -> Result<(), Error> {
        let asked = json!({"QueueUrl": self.queue, "ReceiptHandle": letter.receipt});
        let answer = self.sqs.call(Call::rpc("AmazonSQS.DeleteMessage", &asked)).await;
        Ok(answer.map(drop).map_err(|error| CallError::new("sqs:DeleteMessage", &error))?)
    }
}

impl DeadLetter {
    fn read(message: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let attribute = |name: &str| text(&message["MessageAttributes"][name]["StringValue"]);
        Self {
            id: text(&message["MessageId"]).unwrap_or_default(),
            error: attribute("ERROR_CODE"),
            message: attribute("ERROR_MESSAGE"),
            event: text(&message["Body"]).unwrap_or_default(),
            receipt: text(&message["ReceiptHandle"]).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_why_its_event_started_nothing() {
        let letter = DeadLetter::read(&json!({
            "MessageId": "m-1", "ReceiptHandle": "r-1", "Body": "{}",
            "MessageAttributes": {"ERROR_CODE": {"DataType": "String", "StringValue": "STATE_MACHINE_DOES_NOT_EXIST"}},
        }));
        assert_eq!((letter.id.as_str(), letter.receipt.as_str(), letter.event.as_str()), ("m-1", "r-1", "{}"));
        assert_eq!((letter.error.as_deref(), letter.message), (Some("STATE_MACHINE_DOES_NOT_EXIST"), None));
    }
}
