//! What `warden doctor` finds in the deployed audit, and what `warden selftest` sees go through it.

use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use warden_control_plane::{Call, ControlPlane, Service};
use warden_doctor::{Area, Doctor, Kind, Level, Report};
use warden_local::aws::Clients;
use warden_local::model::Fault;
use warden_local::private_api;
use warden_selftest::{Picture, Selftest};

use crate::private_api::ApiWorld;
use crate::world::{Running as _, Stage, World};

const CLOUDTRAIL: Service = Service::json_1_1("CloudTrail", "cloudtrail");
const KMS: Service = Service::json_1_1("KMS", "kms");

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    // One model that is denied for good: pii-detector gives up on the card, and on the landscape.
    let denied = vec![(1000, Fault::AccessDenied)];
    vec![
        // They break what others need, and have the system for themselves.
        stage.faulty_trial("doctor::what_somebody_broke_is_found_until_it_is_mended", vec![], broken_and_mended),
        stage.faulty_trial("doctor::a_model_that_is_denied_is_found", denied.clone(), model_denied),
        stage.faulty_trial("selftest::an_audit_without_a_model_does_not_pass", denied, not_passed),
        stage.trial("selftest::two_pictures_go_through_and_nothing_is_left", gone_through),
        stage.trial("selftest::what_was_interrupted_leaves_nothing", interrupted),
    ]
}

/// Those of the private API.
pub fn api_trials(stage: &Arc<Stage<ApiWorld>>) -> Vec<Trial> {
    vec![stage.trial("doctor::a_private_api_that_works_has_nothing_broken", private_api)]
}

async fn report(world: &World, call_models: bool) -> Report {
    let audit = world.audit();
    look(&audit.clients().config, &audit.address().stack, call_models).await
}

async fn look(config: &SdkConfig, stack: &str, call_models: bool) -> Report {
    let doctor = Doctor::new(config);
    let patient = doctor.stack(stack).await.unwrap();
    assert!(patient.trial_calls().is_some());
    doctor.report(&patient, call_models).await
}

async fn private_api(world: Arc<ApiWorld>) {
    let clients = Clients::new(world.engine().endpoint());
    let found = look(&clients.config, private_api::STACK, true).await;
    assert_eq!(found.kind, Kind::PrivateApi);
    assert_eq!(areas(&found, Level::Failure), [], "{found:#?}");
    for area in [Area::Models, Area::Functions, Area::Quotas, Area::Logs, Area::Keys] {
        assert!(areas(&found, Level::Ok).contains(&area), "{area}: {found:#?}");
    }
}

/// The areas with a finding of a level, each once.
fn areas(report: &Report, level: Level) -> Vec<Area> {
    let mut areas: Vec<_> =
        report.findings.iter().filter(|finding| finding.level == level).map(|finding| finding.area).collect();
    areas.sort_unstable();
    areas.dedup();
    areas
}

async fn broken_and_mended(world: Arc<World>) {
    let clients = world.audit().clients();
    let (trail, kms) = (ControlPlane::new(&clients.config, CLOUDTRAIL), ControlPlane::new(&clients.config, KMS));
    let ask = async |client: &ControlPlane, target: &'static str, body: Value| {
        client.call(Call::rpc(target, &body)).await.unwrap_or_else(|error| panic!("{target}: {error:?}"))
    };

    // The engine makes no trail from the template, and its account has none.
    let found = report(&world, true).await;
    assert_eq!(areas(&found, Level::Failure), [Area::Trail], "{found:#?}");
    for area in
        [Area::Models, Area::Functions, Area::StateMachine, Area::Rules, Area::Alerts, Area::DeadLetters, Area::Keys]
    {
        assert!(areas(&found, Level::Ok).contains(&area), "{area}: {found:#?}");
    }
    assert!(!areas(&found, Level::Warning).contains(&Area::Rules), "the rule of the replay bus is one too: {found:#?}");

    // With one that reports management writes, nothing is a failure.
    ask(
        &trail,
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.CreateTrail",
        json!({"Name": "theirs", "S3BucketName": "logs", "IsMultiRegionTrail": true}),
    )
    .await;
    let writes = json!([{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]},
                                            {"Field": "readOnly", "Equals": ["false"]}]}]);
    ask(
        &trail,
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.PutEventSelectors",
        json!({"TrailName": "theirs", "AdvancedEventSelectors": writes}),
    )
    .await;
    ask(&trail, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StartLogging", json!({"Name": "theirs"})).await;
    let found = report(&world, false).await;
    assert_eq!(areas(&found, Level::Failure).into_iter().filter(|area| *area != Area::Models).count(), 0, "{found:#?}");

    // Somebody stops the trail, disables a rule and a key, and an event could not start the audit.
    let (rule, key) = (physical(&world, "SignInRule").await, physical(&world, "OperationsKey").await);
    let queue = world.audit().address().outputs["DeadLetterQueueUrl"].clone();
    ask(&trail, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging", json!({"Name": "theirs"})).await;
    ask(&clients.eventbridge, "AWSEvents.DisableRule", json!({"Name": rule})).await;
    ask(&kms, "TrentService.DisableKey", json!({"KeyId": key})).await;
    ask(&clients.sqs, "AmazonSQS.SendMessage", json!({"QueueUrl": queue, "MessageBody": "{}"})).await;
    let found = report(&world, true).await;
    assert_eq!(areas(&found, Level::Failure), [Area::Trail, Area::Rules, Area::DeadLetters, Area::Keys], "{found:#?}");
    assert!(found.findings.iter().any(|finding| finding.said == format!("the rule {rule} is disabled")), "{found:#?}");

    // What the lines say mends it.
    ask(&clients.eventbridge, "AWSEvents.EnableRule", json!({"Name": rule})).await;
    ask(&kms, "TrentService.EnableKey", json!({"KeyId": key})).await;
    ask(&clients.sqs, "AmazonSQS.PurgeQueue", json!({"QueueUrl": queue})).await;
    ask(&trail, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StartLogging", json!({"Name": "theirs"})).await;
    let found = report(&world, true).await;
    assert_eq!(areas(&found, Level::Failure), [], "{found:#?}");
    ask(&trail, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DeleteTrail", json!({"Name": "theirs"})).await;
}

async fn model_denied(world: Arc<World>) {
    let found = report(&world, true).await;
    let model = found.findings.iter().find(|finding| finding.area == Area::Models).unwrap();
    assert_ne!(model.level, Level::Ok, "{model}");
    assert!(model.said.contains("us.anthropic.claude-haiku-5-5"), "{model}");
}

async fn gone_through(world: Arc<World>) {
    let audit = world.audit();
    let selftest = Selftest::new(&audit.clients().config);
    let run = selftest.begin(&audit.address().stack).await.unwrap();

    let report = selftest.follow(&run, Duration::from_mins(10)).await.unwrap();
    assert!(report.passed(), "{report}");
    for (outcome, (picture, verdict, action, is_there)) in report.pictures.iter().zip([
        (Picture::WithPersonalData, "pii", "deleted", false),
        (Picture::WithoutPersonalData, "clean", "kept", true),
    ]) {
        assert_eq!((outcome.picture, outcome.is_there), (picture, Some(is_there)));
        assert_eq!((outcome.verdict.as_deref(), outcome.action.as_deref()), (Some(verdict), Some(action)));
        let judged = outcome.steps.iter().find(|step| step.state == "Detect PII").unwrap();
        assert!(judged.seconds > 0.0 && judged.seconds <= outcome.seconds.unwrap(), "{report}");
    }
    // The landscape was kept, and the card's deletion left its marker or nothing.
    assert!(selftest.clean(&run).await.unwrap() >= 1);
    assert_eq!(versions(&world, &report.prefix).await, 0);
}

async fn interrupted(world: Arc<World>) {
    let audit = world.audit();
    let selftest = Selftest::new(&audit.clients().config);
    let run = selftest.begin(&audit.address().stack).await.unwrap();
    let report = selftest.follow(&run, Duration::from_millis(1)).await.unwrap();
    assert!(!report.passed());
    assert!(versions(&world, &report.prefix).await > 0, "the landscape is still there");

    selftest.clean(&run).await.unwrap();

    assert_eq!(versions(&world, &report.prefix).await, 0);
    // What is still under way would ask the model while it fails for another test.
    selftest.follow(&run, Duration::from_mins(1)).await.unwrap();
}

async fn not_passed(world: Arc<World>) {
    let audit = world.audit();
    let selftest = Selftest::new(&audit.clients().config);
    let run = selftest.begin(&audit.address().stack).await.unwrap();
    let report = selftest.follow(&run, Duration::from_mins(10)).await.unwrap();
    selftest.clean(&run).await.unwrap();
    assert!(!report.passed());
    for outcome in &report.pictures {
        assert_eq!(outcome.is_there, Some(true), "nothing is deleted on doubt: {report}");
        assert!(outcome.problems[0].contains("AccessDenied"), "{report}");
    }
}

/// What a resource of the stack is called outside of it.
async fn physical(world: &World, name: &str) -> String {
    let parameters = [("StackName", world.audit().address().stack.as_str()), ("LogicalResourceId", name)];
    let call = Call::query("DescribeStackResource", &parameters);
    let answer = world.audit().clients().cloudformation.call(call).await.unwrap();
    answer["DescribeStackResourceResult"]["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap().to_owned()
}

/// How many versions and markers lie below a prefix.
async fn versions(world: &World, prefix: &str) -> usize {
    let bucket = world.audit().address().outputs["UploadBucketName"].clone();
    world.s3().versions(&bucket, prefix, None).await.unwrap().versions.len()
}
