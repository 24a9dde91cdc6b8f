//! Each fault on its own, and then all well again and the event replayed, as an operator would.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_sfn::types::ExecutionStatus;
use libtest_mimic::Trial;
use serde_json::json;
use warden_control_plane::s3::ObjectId;
use warden_control_plane::{Call, ControlPlane, Service};
use warden_ledger::Who;
use warden_local::model::Fault;
use warden_local::pictures::Holds;

use super::books::{Books, Folder};
use super::orders::{Order, request, task};
use super::site::{Site, trial};
use super::walk::Walk;
use crate::world::Stage;

/// The first call of the model is the summary's, which is not what is looked at here.
const SUMMARY: (usize, Fault) = (1, Fault::Slow(Duration::ZERO));
/// As `DynamoDB` tells that it throttled a transaction.
pub(super) const THROTTLED: &str =
    "Transaction cancelled, please refer cancellation reasons for specific reasons [ThrottlingError, None]";

pub fn trials(stage: &Arc<Stage<Site>>) -> Vec<Trial> {
    let mut trials = vec![
        trial(stage, "a_model_throttled_five_times_is_asked_again", model_throttled),
        trial(stage, "a_model_that_is_down_for_good_keeps_the_object_for_a_replay", model_down),
        trial(stage, "s3_that_is_slow_to_read_is_waited_for", store_slow),
        trial(stage, "s3_that_answers_slow_down_is_asked_again", store_slows_down),
        trial(stage, "a_function_killed_half_way_is_started_again", killed_once),
        trial(stage, "a_function_killed_each_time_keeps_the_object_for_a_replay", killed_for_good),
        trial(stage, "sns_that_refuses_five_times_tells_once", topic_refuses_a_while),
        trial(stage, "a_ledger_that_throttles_claims_is_waited_for", ledger_throttles_claims),
        trial(stage, "a_ledger_that_throttles_records_is_waited_for", ledger_throttles_records),
        trial(stage, "a_ledger_lost_at_the_end_leaves_the_claim_for_a_day", ledger_lost_at_the_end),
        trial(stage, "one_event_ten_times_at_once_is_audited_once", ten_times_at_once),
        trial(stage, "what_is_written_between_judgement_and_deletion_stays", overwritten_before_deletion),
        trial(stage, "what_is_written_between_judgement_and_copy_stays", overwritten_before_copy),
        trial(stage, "a_copy_that_expires_during_its_restore_leaves_no_lock", expired_during_restore),
        trial(stage, "a_restore_whose_copy_expires_afterwards_is_whole", expired_after_restore),
    ];
    trials.extend(each_state().into_iter().map(|broken| {
        let name = format!("a_failure_in_{}_is_told_and_mended_by_a_replay", broken.name);
        trial(stage, &name, async move |site| fails_and_is_replayed(site, broken).await)
    }));
    trials
}

/// What comes of many events, one after the other and at once.
pub fn trials_of_many(stage: &Arc<Stage<Site>>) -> Vec<Trial> {
    vec![
        trial(stage, "a_short_walk_leaves_the_books_right", async |site| Walk { events: 25, seed: 1 }.go(site).await),
        trial(stage, "many_uploads_at_once_are_each_audited_once", async |site| many_at_once(site, 40).await),
        trial(stage, "two_hundred_uploads_at_once", async |site| many_at_once(site, 200).await).with_ignored_flag(true),
        trial(stage, "a_long_walk", async |site| {
            Walk::from_environment(Walk { events: 1000, seed: 20_261_126 }).go(site).await;
        })
        .with_ignored_flag(true),
    ]
}

async fn model_throttled(site: Arc<Site>) {
    let mut books = Books::open(&site, "throttled");
    site.model_suffers(SUMMARY.0, SUMMARY.1);
    // Each try of the function makes two attempts.
    site.model_suffers(10, Fault::Throttled);
    let picture = books.upload(Folder::Delete, Holds::PersonalData).await;
    books.settle().await;
    let task = books.audit(picture).task("Detect PII").unwrap();
    assert_eq!((task.tries, task.errors.as_slice()), (6, ["ModelThrottled"; 5].map(str::to_owned).as_slice()));
    books.check().await;
}

async fn model_down(site: Arc<Site>) {
    let mut books = Books::open(&site, "model-down");
    site.model_suffers(1000, Fault::Unavailable);
    let picture = books.upload(Folder::Delete, Holds::PersonalData).await;
    books.settle().await;
    assert!(books.is_there(picture).await);
    assert_failed(&books, picture, "kept").await;
    site.recovers().await;
    assert_eq!(books.replay_what_failed().await, 1);
    books.check().await;
}

async fn store_slow(site: Arc<Site>) {
    let mut books = Books::open(&site, "store-slow");
    let late = Duration::from_secs(2);
    site.desk.order(&[request("s3", "GetObjectVersion").with("store-slow").next(1).late(late)]).await;
    let picture = books.upload(Folder::Delete, Holds::PersonalData).await;
    books.settle().await;
    assert_eq!(site.desk.left().await, 0);
    assert!(books.audit(picture).seconds.unwrap() >= late.as_secs_f64());
    books.check().await;
}

async fn store_slows_down(site: Arc<Site>) {
    let mut books = Books::open(&site, "slow-down");
    // More than the function's client tries by itself.
    let refused = request("s3", "GetObjectVersion").with("slow-down").next(4).answered(503, "SlowDown");
    site.desk.order(&[refused]).await;
    let picture = books.upload(Folder::Delete, Holds::PersonalData).await;
    books.settle().await;
    assert_eq!(site.desk.left().await, 0);
    let errors = &books.audit(picture).task("Detect PII").unwrap().errors;
    assert!(!errors.is_empty() && errors.iter().all(|error| error == "StoreUnavailable"), "{errors:?}");
    books.check().await;
}

async fn killed_once(site: Arc<Site>) {
    let mut books = Books::open(&site, "killed-once");
    site.desk.order(&[request("s3", "GetObjectVersion").with("killed-once").next(1).fatal()]).await;
    let picture = books.upload(Folder::Delete, Holds::PersonalData).await;
    books.settle().await;
    assert_eq!(books.audit(picture).task("Detect PII").unwrap().tries, 2);
    books.check().await;
}

async fn killed_for_good(site: Arc<Site>) {
    let mut books = Books::open(&site, "killed-for-good");
    site.desk.order(&[request("s3", "GetObjectVersion").with("killed-for-good").fatal()]).await;
    let picture = books.upload(Folder::Delete, Holds::PersonalData).await;
    books.settle().await;
    assert_failed(&books, picture, "kept").await;
    site.recovers().await;
    assert!(books.is_there(picture).await);
    assert_eq!(books.replay_what_failed().await, 1);
    books.check().await;
}

async fn topic_refuses_a_while(site: Arc<Site>) {
    let mut books = Books::open(&site, "topic-refuses");
    // More than the function's client tries by itself.
    let throttled = request("sns", "Publish").with("topic-refuses").next(5).answered(429, "Throttled");
    site.desk.order(&[throttled]).await;
    let picture = books.upload(Folder::Delete, Holds::PersonalData).await;
    books.settle().await;
    assert_eq!(site.desk.left().await, 0);
    let errors = &books.audit(picture).task("Publish alert").unwrap().errors;
    assert!(!errors.is_empty() && errors.iter().all(|error| error == "ServiceUnavailable"), "{errors:?}");
    books.check().await;
}

async fn ledger_throttles_claims(site: Arc<Site>) {
    let mut books = Books::open(&site, "claims-throttled");
    // More than the function tries by itself.
    let throttled = request("dynamodb", "TransactWriteItems").with("claims-throttled").next(8);
    site.desk.order(&[throttled.failing("TransactionCanceledException", THROTTLED)]).await;
    let picture = books.upload(Folder::Delete, Holds::PersonalData).await;
    books.settle().await;
    assert_eq!(books.audit(picture).task("Summarize event").unwrap().errors, ["LedgerBusy"]);
    assert_eq!(site.desk.left().await, 0);
    books.check().await;
}

async fn ledger_throttles_records(site: Arc<Site>) {
    let mut books = Books::open(&site, "records-throttled");
    site.desk.order(&[record().next(5).refused("DynamoDB.ProvisionedThroughputExceededException")]).await;
    books.upload(Folder::Delete, Holds::PersonalData).await;
    books.settle().await;
    assert_eq!(site.desk.left().await, 0);
    books.check().await;
}

/// What was judged and told is not judged and told again at once: whoever has the claim may still be at work.
async fn ledger_lost_at_the_end(site: Arc<Site>) {
    let mut books = Books::open(&site, "ledger-lost");
    site.desk.order(&[record().refused("DynamoDB.InternalServerErrorException")]).await;
    let picture = books.upload(Folder::Delete, Holds::NoPersonalData).await;
    books.settle().await;
    assert_eq!(books.audit(picture).status, ExecutionStatus::Failed);
    assert!(books.alert(books.audit(picture)).await.is_some());
    site.recovers().await;

    books.replay_what_failed().await;
    assert_eq!(books.duplicates(), 1);
    let arrival = books.arrivals[picture].clone();
    assert_eq!(books.record(&arrival).await.unwrap().text("status"), Some("claimed"));

    // A day later.
    let dynamodb = ControlPlane::new(&site.audit().clients().config, Service::json_1_0("DynamoDB", "dynamodb"));
    let object = format!("{}/{}", site.audit().bucket(), arrival.upload.key);
    let aged = json!({
        "TableName": site.audit().output("LedgerName"),
        "Key": {"object": {"S": object}, "event": {"S": arrival.upload.version}},
        "UpdateExpression": "SET claimed_at = :then",
        "ExpressionAttributeValues": {":then": {"S": "2026-01-01T00:00:00.000Z"}},
    });
    dynamodb.call(Call::rpc("DynamoDB_20120810.UpdateItem", &aged)).await.unwrap();
    assert_eq!(books.replay_what_failed().await, 1);
    books.check().await;
}

async fn ten_times_at_once(site: Arc<Site>) {
    let mut books = Books::open(&site, "ten-times");
    let before = site.model_calls();
    let picture = books.upload(Folder::Delete, Holds::PersonalData).await;
    for _ in 0..9 {
        books.report(picture).await;
    }
    books.settle().await;
    assert_eq!(books.duplicates(), 9);
    // A summary and a verdict.
    assert_eq!(site.model_calls() - before, 2);
    books.check().await;
}

async fn many_at_once(site: Arc<Site>, many: usize) {
    let mut books = Books::open(&site, "many");
    for number in 0..many {
        let holds = [Holds::PersonalData, Holds::NoPersonalData, Holds::NoPicture][number % 3];
        books.upload(Folder::ALL[number % 4], holds).await;
    }
    books.settle().await;
    books.check().await;
}

async fn overwritten_before_deletion(site: Arc<Site>) {
    let mut books = Books::open(&site, "before-deletion");
    let late = Duration::from_secs(1);
    site.desk.order(&[task("s3", "DeleteObject").with("before-deletion").late(late)]).await;
    let first = books.upload(Folder::Delete, Holds::PersonalData).await;
    // The deletion is under way by the time that the order is counted.
    let second = books.upload_over(first, Holds::NoPersonalData).await;
    books.settle().await;
    assert!(!books.is_there(first).await && books.is_there(second).await);
    books.check().await;
}

async fn overwritten_before_copy(site: Arc<Site>) {
    let mut books = Books::open(&site, "before-copy");
    let late = Duration::from_secs(1);
    site.desk.order(&[task("s3", "CopyObject").with("before-copy").late(late)]).await;
    let first = books.upload(Folder::Quarantine, Holds::PersonalData).await;
    let second = books.upload_over(first, Holds::NoPersonalData).await;
    books.settle().await;
    assert!(!books.is_there(first).await && books.is_there(second).await);
    books.check().await;
}

async fn expired_during_restore(site: Arc<Site>) {
    let mut books = Books::open(&site, "expired-during");
    let picture = books.upload(Folder::Quarantine, Holds::PersonalData).await;
    books.settle().await;
    books.check().await;
    let record = books.record(&books.arrivals[picture]).await.unwrap();
    let copy = record.text("quarantine_key").unwrap().to_owned();

    // The restore has its lock and asks for the copy; S3's lifecycle takes it away meanwhile.
    site.desk.order(&[request("s3", "PutObject").with("expired-during").next(1).late(Duration::from_secs(3))]).await;
    let quarantine = site.audit().output("QuarantineBucketName").to_owned();
    let expiry = async {
        while site.desk.left().await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        site.audit().clients().s3.delete(ObjectId::current(&quarantine, &copy)).await.unwrap();
    };
    let who = who();
    let (restored, ()) = tokio::join!(site.ledger.restore(&record, &who, false), expiry);

    let error = restored.unwrap_err();
    assert!(error.to_string().contains("nothing of"), "{error}");
    let record = books.record(&books.arrivals[picture]).await.unwrap();
    assert_eq!(record.text("restored_at"), None, "the ledger tells of a restore that was none");
    // Nothing is locked: the next upload under this key is judged.
    books.upload_over(picture, Holds::NoPersonalData).await;
    books.settle().await;
    let second = &books.arrivals[1];
    assert_eq!(books.audits(second).len(), 1);
}

async fn expired_after_restore(site: Arc<Site>) {
    let mut books = Books::open(&site, "expired-after");
    let picture = books.upload(Folder::Quarantine, Holds::PersonalData).await;
    books.settle().await;
    let record = books.record(&books.arrivals[picture]).await.unwrap();
    let back = books.restore(picture, &who()).await;
    books.settle().await;
    books.check().await;
    let (quarantine, copy) = (site.audit().output("QuarantineBucketName"), record.text("quarantine_key").unwrap());
    site.audit().clients().s3.delete(ObjectId::current(quarantine, copy)).await.unwrap();
    assert!(books.is_there(back).await);
}

/// An operator.
pub(super) fn who() -> Who {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    Who { reason: "a trial".to_owned(), unix_seconds: now, at: "2026-11-26T00:00:00Z".to_owned() }
}

/// The call that completes a record.
fn record() -> super::orders::Calls {
    task("dynamodb", "UpdateItem")
}

/// A state that fails until all is well.
#[derive(Clone, Debug)]
struct Broken {
    name: &'static str,
    folder: Folder,
    orders: Vec<Order>,
    /// What the alert says was done; none where no alert gets out.
    told: Option<&'static str>,
    /// Whether the object is still there then.
    is_there: bool,
}

fn each_state() -> Vec<Broken> {
    let function = |name: &str| task("lambda", "Invoke").with(name).refused("Lambda.Unknown");
    let s3 = |action| task("s3", action).refused("S3.S3Exception");
    let broken = |name, folder, order, told, is_there| Broken { name, folder, orders: vec![order], told, is_there };
    vec![
        broken(
            "the_claim",
            Folder::Delete,
            request("dynamodb", "TransactWriteItems").answered(500, "InternalServerError"),
            Some("deleted"),
            false,
        ),
        // Nobody knows yet that it is an upload.
        broken("summarize_event", Folder::Delete, function("log-summarizer"), Some("none"), true),
        broken("detect_pii", Folder::Delete, function("pii-detector"), Some("kept"), true),
        broken("quarantine", Folder::Quarantine, s3("CopyObject"), Some("quarantine_failed"), true),
        broken("check_copy", Folder::Quarantine, s3("HeadObject"), Some("quarantine_failed"), true),
        broken("the_deletion_after_the_copy", Folder::Quarantine, s3("DeleteObject"), Some("quarantine_failed"), true),
        broken("delete_version", Folder::Delete, s3("DeleteObject"), Some("delete_failed"), true),
        broken("tag", Folder::Tag, s3("PutObjectTagging"), Some("tag_failed"), true),
        // The plain alert names no action among its attributes.
        broken("alert_composer", Folder::Delete, function("alert-composer"), Some("none"), false),
        broken(
            "publish_alert",
            Folder::Delete,
            request("sns", "Publish").answered(400, "InvalidParameter"),
            Some("none"),
            false,
        ),
        Broken {
            orders: vec![
                request("sns", "Publish").answered(403, "AuthorizationError"),
                task("sns", "Publish").refused("SNS.AuthorizationErrorException"),
            ],
            ..broken("every_alert", Folder::Delete, function("alert-composer"), None, false)
        },
    ]
}

async fn fails_and_is_replayed(site: Arc<Site>, broken: Broken) {
    let mut books = Books::open(&site, &format!("failure-in-{}", broken.name));
    site.desk.order(&broken.orders).await;
    let picture = books.upload(broken.folder, Holds::PersonalData).await;
    books.settle().await;
    assert_eq!(books.is_there(picture).await, broken.is_there);
    let audit = books.audit(picture);
    assert_eq!(audit.status, ExecutionStatus::Failed, "{:?}", audit.path());
    let alert = books.alert(audit).await;
    assert_eq!(alert.as_ref().and_then(|alert| alert.attribute("action")), broken.told, "{alert:?}");
    site.recovers().await;
    assert_eq!(books.replay_what_failed().await, 1);
    books.check().await;
}

async fn assert_failed(books: &Books, arrival: usize, action: &str) {
    let audit = books.audit(arrival);
    assert_eq!(audit.status, ExecutionStatus::Failed, "{:?}", audit.path());
    let alert = books.alert(audit).await.unwrap();
    assert_eq!((alert.attribute("failure"), alert.attribute("action")), (Some("true"), Some(action)));
}
