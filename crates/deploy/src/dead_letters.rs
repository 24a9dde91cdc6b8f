//! Events that started no execution, and deletions that older-versions failed on, in the stack's dead-letter queue.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_types::SdkConfig;
use serde::Serialize;
use serde_json::{Value, json};
use warden_call_errors::CallError;
use warden_control_plane::{Call, ControlPlane, Service, path_segment};

use crate::{Deployer, Error, RecordedEvent};

const RECEIVE: &str = "sqs:ReceiveMessage";
const INVOKE: &str = "lambda:InvokeFunction";
/// How many messages one call receives.
const BATCH: u32 = 10;
/// How often in a row a receive may find nothing before the queue counts as read: SQS asks a part of
/// its servers at a time.
const EMPTY: usize = 3;
/// How often in a row a receive may find none but letters that are known, which have come back by then.
const KNOWN: usize = 300;
/// How long a letter that is only looked at stays hidden, in seconds, for whoever comes next.
const LOOKED_AT: u32 = 5;

/// The dead-letter queue of a stack.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    sqs: ControlPlane,
    lambda: ControlPlane,
    queue: String,
    /// The function that deletions are for, where the stack has it.
    older_versions: Option<String>,
}

/// An event that nothing came of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The message's id.
    pub id: String,
    /// Why EventBridge or Lambda gave it up.
    pub error: Option<String>,
    /// What it was told.
    pub message: Option<String>,
    /// The event, as EventBridge had it.
    pub event: String,
    /// By what it is deleted.
    #[serde(skip)]
    receipt: String,
}

/// What a replay does with a letter.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// Its events go on the replay bus.
    ToReplayBus(Vec<RecordedEvent>),
    /// Its deletion is handed to older-versions.
    ToOlderVersions,
}

impl DeadLetters {
    /// The queue of a stack.
    ///
    /// # Errors
    /// When there is no such stack, it has no such queue, or a call fails.
    pub async fn of(config: &SdkConfig, stack: &str) -> Result<Self, Error> {
        let stack = Deployer::new(config).stack(stack).await?;
        Ok(Self {
            sqs: ControlPlane::new(config, Service::SQS),
            lambda: ControlPlane::new(config, Service::LAMBDA),
            queue: stack.output("DeadLetterQueueUrl", "the events that started nothing")?.to_owned(),
            older_versions: stack.outputs.get("OlderVersionsArn").cloned(),
        })
    }

    /// About how many letters there are, with those that another command has received and keeps hidden. SQS takes a minute
    /// and more to count.
    ///
    /// # Errors
    /// When the call fails, or answers with no number.
    pub async fn count(&self) -> Result<usize, Error> {
        const VISIBLE: &str = "ApproximateNumberOfMessages";
        const HIDDEN: &str = "ApproximateNumberOfMessagesNotVisible";
        const ACTION: &str = "sqs:GetQueueAttributes";
        let asked = json!({"QueueUrl": self.queue, "AttributeNames": [VISIBLE, HIDDEN]});
        let answer = self.sqs.call(Call::rpc("AmazonSQS.GetQueueAttributes", &asked)).await;
        let answer = answer.map_err(|error| CallError::new(ACTION, &error))?;
        let number = |field| {
            let number = answer["Attributes"][field].as_str().and_then(|number| number.parse::<usize>().ok());
            number.ok_or(Error::IncompleteAnswer { action: ACTION, field })
        };
        Ok(number(VISIBLE)? + number(HIDDEN)?)
    }

    /// All letters, to look at: a moment later they can be received again.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn look(&self) -> Result<Vec<DeadLetter>, Error> {
        self.receive(LOOKED_AT).await
    }

    /// All letters. For `hidden_seconds` nobody else receives them, of a long queue for some times as long as it took to read.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn receive(&self, hidden_seconds: u32) -> Result<Vec<DeadLetter>, Error> {
        let (mut letters, mut empty, mut known) = (BTreeMap::new(), 0, 0);
        let began = Instant::now();
        while empty < EMPTY && known < KNOWN {
            let asked = json!({
                "QueueUrl": self.queue, "MaxNumberOfMessages": BATCH,
                "VisibilityTimeout": hidden(hidden_seconds, began.elapsed()), "MessageAttributeNames": ["All"],
            });
            let answer = self.sqs.call(Call::rpc("AmazonSQS.ReceiveMessage", &asked)).await;
            let answer = answer.map_err(|error| CallError::new(RECEIVE, &error))?;
            let before = letters.len();
            let messages = answer["Messages"].as_array().map_or(&[][..], Vec::as_slice);
            for message in messages {
                let letter = DeadLetter::read(message);
                letters.insert(letter.id.clone(), letter);
            }
            empty = if messages.is_empty() { empty + 1 } else { 0 };
            known = if letters.len() == before { known + 1 } else { 0 };
        }
        Ok(letters.into_values().collect())
    }

    /// Hands a deletion to older-versions, as S3's event of it was meant to be.
    ///
    /// # Errors
    /// When the stack does not have that function, it fails, or the call does.
    pub async fn hand_to_older_versions(&self, letter: &DeadLetter) -> Result<(), Error> {
        let function = self.older_versions.as_deref().ok_or(Error::NoOlderVersions)?;
        let event = serde_json::from_str::<Value>(&letter.event).unwrap_or_default();
        let path = format!("/2015-03-31/functions/{}/invocations", path_segment(function));
        let answer = self.lambda.call(Call::rest("POST", path, Some(&event))).await;
        let answer = answer.map_err(|error| CallError::new(INVOKE, &error))?;
        match answer["errorType"].as_str() {
            None => Ok(()),
            Some(name) => Err(Error::OlderVersions {
                name: name.to_owned(),
                message: answer["errorMessage"].as_str().unwrap_or("it does not say why").to_owned(),
            }),
        }
    }

    /// What a replay of a letter would do.
    ///
    /// # Errors
    /// When it could not be done.
    pub fn way(&self, letter: &DeadLetter) -> Result<Way, Error> {
        if letter.is_deletion() {
            return self.older_versions.as_ref().map(|_| Way::ToOlderVersions).ok_or(Error::NoOlderVersions);
        }
        Ok(Way::ToReplayBus(RecordedEvent::parse(&letter.id, &letter.event)?))
    }

    /// Has a letter that was received be received by others again.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn release(&self, letter: &DeadLetter) -> Result<(), Error> {
        let asked = json!({"QueueUrl": self.queue, "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0});
        let answer = self.sqs.call(Call::rpc("AmazonSQS.ChangeMessageVisibility", &asked)).await;
        Ok(answer.map(drop).map_err(|error| CallError::new("sqs:ChangeMessageVisibility", &error))?)
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

/// How long a letter is hidden that is received so long after the first, in seconds: so much longer that those of a long
/// queue are all hidden at some time, which tells that it is read.
fn hidden(asked: u32, elapsed: Duration) -> u32 {
    let elapsed = u32::try_from(elapsed.as_secs()).unwrap_or(u32::MAX);
    // SQS hides for twelve hours at most.
    elapsed.saturating_mul(3).saturating_add(asked).min(43_200)
}

impl DeadLetter {
    /// Whether it is S3's event of a deletion, which is for older-versions and starts no audit.
    #[must_use]
    pub fn is_deletion(&self) -> bool {
        let event = serde_json::from_str::<Value>(&self.event).unwrap_or_default();
        event["source"] == "aws.s3" && event["detail-type"] == "Object Deleted"
    }

    /// Why it was given up, in a few words. Lambda's code is a status of HTTP; its message names the failure.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        let error = self.error.as_deref();
        let names_it = error.filter(|error| !error.bytes().all(|byte| byte.is_ascii_digit()));
        names_it.or(self.message.as_deref()).or(error)
    }

    fn read(message: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let attribute = |name: &str| text(&message["MessageAttributes"][name]["StringValue"]);
        Self {
            id: text(&message["MessageId"]).unwrap_or_default(),
            // EventBridge has these names, and Lambda those.
            error: attribute("ERROR_CODE").or_else(|| attribute("ErrorCode")),
            message: attribute("ERROR_MESSAGE").or_else(|| attribute("ErrorMessage")),
            event: text(&message["Body"]).unwrap_or_default(),
            receipt: text(&message["ReceiptHandle"]).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    const OLDER_VERSIONS: &str = "arn:aws:lambda:us-east-1:111122223333:function:older-versions:live";

    fn letter(event: &Value, attributes: &[(&str, &str)]) -> DeadLetter {
        let text = |text: &str| json!({"DataType": "String", "StringValue": text});
        let attributes: BTreeMap<_, _> = attributes.iter().map(|(name, value)| (*name, text(value))).collect();
        DeadLetter::read(&json!({
            "MessageId": "m-1", "ReceiptHandle": "r-1", "Body": event.to_string(), "MessageAttributes": attributes,
        }))
    }

    fn deletion() -> Value {
        json!({"source": "aws.s3", "detail-type": "Object Deleted", "detail": {"object": {"key": "a.png"}}})
    }

    fn queue(older_versions: Option<&str>, answers: Vec<Value>) -> (DeadLetters, RecordedAws) {
        let aws = RecordedAws::answering(answers.into_iter().map(|answer| Answer::new(200, answer.to_string())));
        let config = aws.config();
        let queue = DeadLetters {
            sqs: ControlPlane::new(&config, Service::SQS),
            lambda: ControlPlane::new(&config, Service::LAMBDA),
            queue: "https://sqs/queue".into(),
            older_versions: older_versions.map(str::to_owned),
        };
        (queue, aws)
    }

    #[tokio::test]
    async fn letters_that_come_back_do_not_hide_those_behind_them() {
        let received = |id: &str| json!({"Messages": [{"MessageId": id, "ReceiptHandle": "r", "Body": "{}"}]});
        let mut answers = vec![received("m-1"); 6];
        answers.extend([received("m-2"), json!({}), json!({}), json!({})]);
        let (queue, _aws) = queue(None, answers);
        let found = queue.look().await.unwrap();
        assert_eq!(found.iter().map(|letter| letter.id.as_str()).collect::<Vec<_>>(), ["m-1", "m-2"]);
    }

    #[tokio::test]
    async fn a_queue_whose_letters_come_back_for_ever_counts_as_read() {
        let received = json!({"Messages": [{"MessageId": "m-1", "ReceiptHandle": "r", "Body": "{}"}]});
        let (queue, aws) = queue(None, vec![received; 400]);
        assert_eq!(queue.look().await.unwrap().len(), 1);
        assert_eq!(aws.requests().len(), 1 + KNOWN);
    }

    #[tokio::test]
    async fn what_is_hidden_is_counted_too_and_what_is_given_back_is_there_at_once() {
        let (queue, aws) = queue(
            None,
            vec![
                json!({"Attributes": {"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "3"}}),
                json!({}),
            ],
        );
        assert_eq!(queue.count().await.unwrap(), 4);
        queue.release(&letter(&json!({}), &[])).await.unwrap();
        let asked: Value = serde_json::from_slice(aws.requests()[1].body().bytes().unwrap()).unwrap();
        assert_eq!((&asked["ReceiptHandle"], &asked["VisibilityTimeout"]), (&json!("r-1"), &json!(0)));
        let (silent, _aws) = self::queue(None, vec![json!({})]);
        assert!(matches!(silent.count().await, Err(Error::IncompleteAnswer { .. })));
    }

    #[test]
    fn the_way_of_each_letter_is_known_before_it_is_replayed() {
        let call = json!({"eventID": "e-1", "eventSource": "s3.amazonaws.com", "eventName": "PutObject"});
        let event = json!({"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": call});
        let (with, _aws) = queue(Some(OLDER_VERSIONS), vec![]);
        let (without, _aws) = queue(None, vec![]);
        assert!(matches!(with.way(&letter(&event, &[])).unwrap(), Way::ToReplayBus(events) if events.len() == 1));
        assert_eq!(with.way(&letter(&deletion(), &[])).unwrap(), Way::ToOlderVersions);
        assert!(matches!(without.way(&letter(&deletion(), &[])), Err(Error::NoOlderVersions)));
        assert!(with.way(&letter(&json!("none"), &[])).is_err());
    }

    #[test]
    fn the_later_a_letter_is_received_the_longer_it_is_hidden() {
        for (elapsed, seconds) in [(0, 5), (1, 8), (60, 185), (u64::MAX, 43_200)] {
            assert_eq!(hidden(LOOKED_AT, Duration::from_secs(elapsed)), seconds);
        }
    }

    #[test]
    fn a_letter_says_why_its_event_started_nothing() {
        let letter = letter(&json!({}), &[("ERROR_CODE", "STATE_MACHINE_DOES_NOT_EXIST")]);
        assert_eq!((letter.id.as_str(), letter.receipt.as_str(), letter.event.as_str()), ("m-1", "r-1", "{}"));
        assert_eq!((letter.error.as_deref(), letter.message), (Some("STATE_MACHINE_DOES_NOT_EXIST"), None));
    }

    #[test]
    fn a_letter_of_lambdas_says_why_the_function_failed() {
        let letter = letter(&deletion(), &[("RequestID", "r"), ("ErrorCode", "200"), ("ErrorMessage", "AccessDenied")]);
        assert_eq!((letter.error.as_deref(), letter.message.as_deref()), (Some("200"), Some("AccessDenied")));
    }

    #[test]
    fn a_deletion_is_told_from_what_starts_an_audit() {
        assert!(letter(&deletion(), &[]).is_deletion());
        let created = json!({"source": "aws.s3", "detail-type": "Object Created"});
        assert!(!letter(&created, &[]).is_deletion() && !letter(&json!("x"), &[]).is_deletion());
    }

    #[tokio::test]
    async fn older_versions_gets_the_deletion_as_s3_reported_it() {
        let (queue, aws) = queue(Some(OLDER_VERSIONS), vec![json!({"reported": 1})]);
        queue.hand_to_older_versions(&letter(&deletion(), &[])).await.unwrap();
        let asked = &aws.requests()[0];
        assert!(asked.uri().ends_with("/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3Aolder-versions%3Alive/invocations"), "{}", asked.uri());
        assert_eq!(serde_json::from_slice::<Value>(asked.body().bytes().unwrap()).unwrap(), deletion());
    }

    #[tokio::test]
    async fn a_deletion_that_older_versions_does_not_take_is_an_error() {
        let failed = json!({"errorType": "AccessDenied", "errorMessage": "s3:ListBucketVersions was denied"});
        for (function, said) in [
            (Some(OLDER_VERSIONS), "older-versions failed: AccessDenied: s3:ListBucketVersions was denied"),
            (
                None,
                "it is a deletion, and the stack has no output OlderVersionsArn. Deploy it with OlderVersions=judge",
            ),
        ] {
            let (queue, _aws) = queue(function, vec![failed.clone()]);
            let error = queue.hand_to_older_versions(&letter(&deletion(), &[])).await.unwrap_err();
            assert_eq!(error.to_string(), said);
        }
    }
}
