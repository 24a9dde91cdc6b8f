use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use warden_core::{
    Error,
    invocation_logging::{InvocationLogging, LoggingConfiguration, ParameterStore},
};
use warden_event_files::{holds, invalid, valid};

use crate::{Answers, CustomResource};

const PARAMETER: &str = "/bedrock-warden/dev/previous-model-invocation-logging";

/// How a call goes wrong.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    Denied,
    /// After seconds in which Bedrock tried.
    DeniedLate,
    Fails,
    Hangs,
    Panics,
}

/// An account, and the calls in it that go wrong: how, and how often.
#[derive(Default)]
struct Account {
    logging: Option<LoggingConfiguration>,
    parameters: HashMap<String, String>,
    trouble: HashMap<&'static str, (Trouble, usize)>,
    calls: Vec<&'static str>,
    answers: Vec<Value>,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Account>>);

impl Fake {
    async fn call<T>(&self, name: &'static str, does: impl FnOnce(&mut Account) -> T) -> Result<T, Error> {
        let trouble = {
            let mut account = self.0.lock().unwrap();
            account.calls.push(name);
            match account.trouble.get_mut(name) {
                Some((trouble, left)) if *left > 0 => {
                    *left -= 1;
                    Some(*trouble)
                }
                _ => None,
            }
        };
        match trouble {
            None => Ok(does(&mut self.0.lock().unwrap())),
            Some(Trouble::Denied | Trouble::DeniedLate) => {
                if trouble == Some(Trouble::DeniedLate) {
                    tokio::time::sleep(Duration::from_secs(7)).await;
                }
                Err(Error::AccessDenied { action: name, what: "it".into(), hint: "look" })
            }
            Some(Trouble::Fails) => Err(Error::Internal { problem: format!("{name} failed (500)") }),
            Some(Trouble::Hangs) => std::future::pending().await,
            Some(Trouble::Panics) => panic!("a defect"),
        }
    }
}

impl InvocationLogging for Fake {
    async fn configuration(&self) -> Result<Option<LoggingConfiguration>, Error> {
        self.call("get logging", |account| account.logging.clone()).await
    }

    async fn put(&self, configuration: &LoggingConfiguration) -> Result<(), Error> {
        self.call("put logging", |account| account.logging = Some(configuration.clone())).await
    }

    async fn delete(&self) -> Result<(), Error> {
        self.call("delete logging", |account| account.logging = None).await
    }
}

impl ParameterStore for Fake {
    async fn get(&self, name: &str) -> Result<Option<String>, Error> {
        self.call("get parameter", |account| account.parameters.get(name).cloned()).await
    }

    async fn create(&self, name: &str, text: &str) -> Result<(), Error> {
        self.call("create parameter", |account| {
            account.parameters.entry(name.to_owned()).or_insert_with(|| text.to_owned());
        })
        .await
    }

    async fn delete(&self, name: &str) -> Result<(), Error> {
        self.call("delete parameter", |account| drop(account.parameters.remove(name))).await
    }
}

impl Answers for Fake {
    async fn put(&self, url: &str, body: Vec<u8>) -> Result<(), Error> {
        assert_eq!(
            url,
            "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/answer?X-Amz-Signature=example"
        );
        let answer = serde_json::from_slice(&body).unwrap();
        self.call("answer", |account| account.answers.push(answer)).await
    }
}

impl Fake {
    fn having(previous: Option<&LoggingConfiguration>) -> Self {
        let fake = Self::default();
        fake.0.lock().unwrap().logging = previous.cloned();
        fake
    }

    fn with(self, call: &'static str, trouble: Trouble, times: usize) -> Self {
        self.0.lock().unwrap().trouble.insert(call, (trouble, times));
        self
    }

    async fn ask(&self, event: Value) -> Result<(), Error> {
        let resource = CustomResource { logging: self.clone(), parameters: self.clone(), answers: self.clone() };
        Arc::new(resource).handle(event).await
    }

    /// CloudFormation's request, and the only answer to it.
    async fn answer(&self, request_type: &str) -> Value {
        self.0.lock().unwrap().answers.clear();
        self.ask(request(request_type)).await.unwrap();
        let mut account = self.0.lock().unwrap();
        assert_eq!(account.answers.len(), 1, "{request_type}");
        account.answers.remove(0)
    }

    async fn status(&self, request_type: &str) -> String {
        self.answer(request_type).await["Status"].as_str().unwrap().to_owned()
    }

    fn logging(&self) -> Option<LoggingConfiguration> {
        self.0.lock().unwrap().logging.clone()
    }

    fn kept(&self) -> Option<String> {
        self.0.lock().unwrap().parameters.get(PARAMETER).cloned()
    }
}

fn request(request_type: &str) -> Value {
    let name = request_type.to_lowercase();
    valid("invocation-logging").into_iter().find(|file| file.name == name).unwrap().event()
}

fn theirs() -> LoggingConfiguration {
    serde_json::from_value(json!({
        "cloudWatchConfig": {"logGroupName": "theirs", "roleArn": "arn:aws:iam::111122223333:role/previous"},
        "s3Config": {"bucketName": "their-records"}, "textDataDeliveryEnabled": true, "imageDataDeliveryEnabled": true,
    }))
    .unwrap()
}

fn ours() -> LoggingConfiguration {
    serde_json::from_value(json!({
        "cloudWatchConfig": {
            "logGroupName": "/aws/bedrock/bedrock-warden-dev/invocations", "roleArn": "arn:aws:iam::111122223333:role/records",
            "largeDataDeliveryS3Config": {"bucketName": "warden-demo-records", "keyPrefix": "large"}},
        "s3Config": {"bucketName": "warden-demo-records", "keyPrefix": "invocations"},
        "textDataDeliveryEnabled": true, "imageDataDeliveryEnabled": false, "embeddingDataDeliveryEnabled": false,
        "videoDataDeliveryEnabled": false, "audioDataDeliveryEnabled": false,
    }))
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_event_is_answered_as_expected() {
    for file in valid("invocation-logging").into_iter().chain(invalid("invocation-logging")) {
        let fake = Fake::having(None);
        let answered = fake.ask(file.event()).await;
        let account = fake.0.lock().unwrap();
        let seen = match answered {
            Ok(()) => account.answers[0].clone(),
            Err(error) => json!({"errorType": error.name().as_str(), "errorMessage": error.to_string()}),
        };
        assert!(file.expected.is_object() && holds(&seen, &file.expected), "{}: {seen}", file.name);
        if seen["Status"] == "FAILED" {
            assert_eq!(account.calls, ["answer"], "{}", file.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ours_is_set_and_what_was_before_comes_back() {
    for previous in [None, Some(theirs())] {
        let fake = Fake::having(previous.as_ref());
        let answer = fake.answer("Create").await;
        let expected = json!({
            "Status": "SUCCESS", "Reason": "", "PhysicalResourceId": "model-invocation-logging",
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/warden-api/51af3dc0-da77-11e4-872e-1234567db123",
            "RequestId": "5b5c3c3f-5c4e-4d64-8d5a-000000000001", "LogicalResourceId": "ModelInvocationLogging",
        });
        assert_eq!(answer, expected);
        assert_eq!(fake.logging(), Some(ours()));
        assert_eq!(fake.status("Delete").await, "SUCCESS");
        assert_eq!((fake.logging(), fake.kept()), (previous, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_run_of_anything_changes_nothing_and_forgets_nothing() {
    let fake = Fake::having(Some(&theirs()));
    for request_type in ["Create", "Create", "Update", "Create"] {
        assert_eq!(fake.status(request_type).await, "SUCCESS");
        assert_eq!(fake.logging(), Some(ours()));
        assert!(fake.kept().unwrap().contains("their-records"), "{request_type}");
    }
    assert_eq!(fake.0.lock().unwrap().calls.iter().filter(|call| **call == "put logging").count(), 1);
    for _ in 0..2 {
        assert_eq!(fake.status("Delete").await, "SUCCESS");
        assert_eq!((fake.logging(), fake.kept()), (Some(theirs()), None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_in_any_call_is_told_and_the_rollback_leaves_things_as_they_were() {
    for previous in [None, Some(theirs())] {
        for call in ["get logging", "get parameter", "create parameter", "put logging"] {
            for trouble in [Trouble::Denied, Trouble::Fails, Trouble::Hangs, Trouble::Panics] {
                let fake = Fake::having(previous.as_ref()).with(
                    call,
                    trouble,
                    if trouble == Trouble::Denied { usize::MAX } else { 1 },
                );
                let answer = fake.answer("Create").await;
                assert_eq!(answer["Status"], "FAILED", "{call}");
                assert!(!answer["Reason"].as_str().unwrap().is_empty(), "{call}");
                assert!(!answer.to_string().contains("X-Amz-Signature"));
                fake.0.lock().unwrap().trouble.clear();
                assert_eq!(fake.status("Delete").await, "SUCCESS", "{call}");
                assert_eq!((fake.logging(), fake.kept()), (previous.clone(), None), "{call}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_failed_half_way_is_finished_by_the_next() {
    for (previous, calls) in [
        (None, ["get logging", "get parameter", "delete logging", "delete parameter"]),
        (Some(theirs()), ["get logging", "get parameter", "put logging", "delete parameter"]),
    ] {
        for call in calls {
            let fake = Fake::having(previous.as_ref());
            assert_eq!(fake.status("Create").await, "SUCCESS");
            let fake = fake.with(call, Trouble::Fails, 1);
            assert_eq!(fake.status("Delete").await, "FAILED", "{call}");
            assert_eq!(fake.status("Delete").await, "SUCCESS", "{call}");
            assert_eq!((fake.logging(), fake.kept()), (previous.clone(), None), "{call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_known_everywhere_yet_is_waited_for() {
    let fake = Fake::having(None).with("put logging", Trouble::Denied, 4);
    assert_eq!(fake.status("Create").await, "SUCCESS");
    assert_eq!(fake.logging(), Some(ours()));
}

#[tokio::test(start_paused = true)]
async fn why_bedrock_may_not_write_is_told_however_long_it_takes_to_find_out() {
    for trouble in [Trouble::Denied, Trouble::DeniedLate] {
        let answer = Fake::having(None).with("put logging", trouble, usize::MAX).answer("Create").await;
        let reason = answer["Reason"].as_str().unwrap();
        assert!(reason.contains("put logging"), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_sets_what_changed_and_keeps_what_was_before() {
    let fake = Fake::having(Some(&theirs()));
    assert_eq!(fake.status("Create").await, "SUCCESS");
    let mut update = request("Update");
    update["ResourceProperties"]["LogImages"] = "true".into();
    fake.ask(update).await.unwrap();
    assert_eq!(fake.logging().unwrap().image_data_delivery_enabled, Some(true));
    assert_eq!(fake.status("Delete").await, "SUCCESS");
    assert_eq!(fake.logging(), Some(theirs()));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_set_since_is_left_alone() {
    let fake = Fake::having(None);
    assert_eq!(fake.status("Create").await, "SUCCESS");
    fake.0.lock().unwrap().logging = Some(theirs());
    assert_eq!(fake.status("Delete").await, "SUCCESS");
    assert_eq!((fake.logging(), fake.kept()), (Some(theirs()), None));
}

#[tokio::test(start_paused = true)]
async fn logging_that_could_not_be_set_again_is_not_replaced() {
    let fake = Fake::having(Some(&theirs()));
    let mut create = request("Create");
    create["ResourceProperties"]["PreviousLoggingRoleArn"] = "".into();
    fake.ask(create).await.unwrap();
    let answer = fake.0.lock().unwrap().answers.remove(0);
    assert_eq!(answer["Status"], "FAILED");
    assert!(
        answer["Reason"]
            .as_str()
            .unwrap()
            .starts_with("PreviousLoggingRoleArn: is not arn:aws:iam::111122223333:role/previous")
    );
    assert_eq!((fake.logging(), fake.kept()), (Some(theirs()), None));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_arrive_is_sent_again_and_at_last_an_error() {
    for trouble in [Trouble::Fails, Trouble::Hangs] {
        let fake = Fake::having(None).with("answer", trouble, 2);
        assert_eq!(fake.status("Create").await, "SUCCESS");
        let fake = Fake::having(None).with("answer", trouble, 3);
        assert!(fake.ask(request("Create")).await.is_err());
        // When it is asked again, the second run finds its work done.
        assert_eq!(fake.status("Create").await, "SUCCESS");
    }
}

#[tokio::test(start_paused = true)]
async fn cloudformation_is_told_before_the_function_ends() {
    let start = tokio::time::Instant::now();
    let fake = Fake::having(None).with("put logging", Trouble::Hangs, 1).with("answer", Trouble::Hangs, 2);
    assert_eq!(fake.status("Create").await, "FAILED");
    assert!(start.elapsed() < Duration::from_secs(110), "{:?}", start.elapsed());
}
