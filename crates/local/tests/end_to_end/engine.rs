//! What the local engine does as AWS does only because `engine/serve.py` makes it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sfn::types::ExecutionStatus;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use warden_control_plane::s3::ObjectId;
use warden_local::stack::{self, Source};

use crate::world::{Stage, WAIT_SCALE, World};

/// A role that may do anything with S3.
const ROLE: &str = "
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: s3
          PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}
Outputs:
  RoleArn: {Value: !GetAtt Role.Arn}
";

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.trial("engine::a_deletion_on_a_condition_that_fails_deletes_nothing", stale_deletion),
        stage.trial("engine::a_copy_on_a_condition_that_fails_copies_nothing", stale_copy),
        stage.trial("engine::a_copy_has_the_checksum_that_is_asked_for", copy_has_a_checksum),
        stage.trial("engine::the_versions_of_an_object_are_listed", versions_are_listed),
        stage.trial("engine::tags_are_written", tags_are_written),
        stage.trial("engine::an_argument_that_the_engine_would_lose_is_refused", lost_argument),
        stage.trial("engine::a_wait_before_a_retry_is_as_long_as_told", wait_as_told),
    ]
}

async fn stale_deletion(world: Arc<World>) {
    world.bucket("engine-stale-deletion", false).await;
    world.put("engine-stale-deletion", "a é+%.png", "chart.png").await;
    let arguments = json!({"Bucket": "engine-stale-deletion", "Key": "a é+%.png", "IfMatch": "\"of-another\""});
    let ended = run(&world, "stale-deletion", "deleteObject", json!({"Arguments": arguments})).await;
    assert!(ended.error.unwrap().contains("PreconditionFailed"));
    world.s3().head(ObjectId::current("engine-stale-deletion", "a é+%.png")).await.unwrap();
}

async fn stale_copy(world: Arc<World>) {
    world.bucket("engine-stale-copy", false).await;
    world.put("engine-stale-copy", "from.png", "chart.png").await;
    let arguments = json!({
        "Bucket": "engine-stale-copy",
        "Key": "to.png",
        "CopySource": "engine-stale-copy/from.png",
        "CopySourceIfMatch": "\"of-another\"",
    });
    let ended = run(&world, "stale-copy", "copyObject", json!({"Arguments": arguments})).await;
    assert!(ended.error.unwrap().contains("PreconditionFailed"));
    assert!(world.s3().head(ObjectId::current("engine-stale-copy", "to.png")).await.is_err());
}

async fn copy_has_a_checksum(world: Arc<World>) {
    world.bucket("engine-checksum", false).await;
    world.s3().put("engine-checksum", "from", Vec::new(), &[]).await.unwrap();
    let arguments = json!({
        "Bucket": "engine-checksum", "Key": "to", "CopySource": "engine-checksum/from", "ChecksumAlgorithm": "SHA256",
    });
    run(&world, "checksum-copy", "copyObject", json!({"Arguments": arguments})).await;
    let arguments = json!({"Bucket": "engine-checksum", "Key": "to", "ChecksumMode": "ENABLED"});
    let ended = run(&world, "checksum-head", "headObject", json!({"Arguments": arguments})).await;
    let sum = json!("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert!(
        ended.output.as_ref().unwrap().as_object().unwrap().values().any(|told| *told == sum),
        "{:?}",
        ended.output
    );
}

async fn versions_are_listed(world: Arc<World>) {
    world.bucket("engine-versions", true).await;
    for sample in ["chart.png", "landscape.jpg"] {
        world.put("engine-versions", "one.png", sample).await;
    }
    let arguments = json!({"Bucket": "engine-versions", "Prefix": "one.png"});
    let ended = run(&world, "versions", "listObjectVersions", json!({"Arguments": arguments})).await;
    let output = ended.output.unwrap();
    let newest: Vec<_> = output["Versions"].as_array().unwrap().iter().map(|version| &version["IsLatest"]).collect();
    assert_eq!(newest, [true, false]);
}

async fn tags_are_written(world: Arc<World>) {
    world.bucket("engine-tags", true).await;
    world.put("engine-tags", "one.png", "chart.png").await;
    let tags = json!([{"Key": "team", "Value": "gate"}, {"Key": "warden:verdict", "Value": "clean"}]);
    let arguments = json!({"Bucket": "engine-tags", "Key": "one.png", "Tagging": {"TagSet": tags}});
    run(&world, "tags", "putObjectTagging", json!({"Arguments": arguments})).await;
    let found = world.s3().tags(ObjectId::current("engine-tags", "one.png")).await.unwrap();
    let expected = [("team", "gate"), ("warden:verdict", "clean")];
    assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}

async fn lost_argument(world: Arc<World>) {
    let arguments = json!({"Bucket": "engine-lost", "Key": "a.png", "PartNumber": 1});
    let ended = run(&world, "lost-argument", "headObject", json!({"Arguments": arguments})).await;
    assert_eq!(ended.error.as_deref(), Some("States.Runtime"));
}

async fn wait_as_told(world: Arc<World>) {
    let retry = json!([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 150, "MaxAttempts": 1}]);
    let arguments = json!({"Bucket": "engine-no-such-bucket", "Key": "a.png"});
    let begun = Instant::now();
    run(&world, "wait", "headObject", json!({"Arguments": arguments, "Retry": retry})).await;
    assert!(begun.elapsed() >= Duration::from_secs_f64(150.0 * WAIT_SCALE), "it waited {:?}", begun.elapsed());
}

struct Ended {
    error: Option<String>,
    output: Option<Value>,
}

/// Runs a state machine of one task, a call of S3.
async fn run(world: &World, name: &str, action: &str, fields: Value) -> Ended {
    let mut task = json!({"Type": "Task", "Resource": format!("arn:aws:states:::aws-sdk:s3:{action}"), "End": true});
    let (Value::Object(task), Value::Object(fields)) = (&mut task, fields) else { panic!("no fields of a task") };
    task.extend(fields);
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "Call", "States": {"Call": task}}).to_string();
    let client = &world.audit().clients().stepfunctions;
    let clients = world.audit().clients();
    let stack = format!("engine-{name}");
    let mut outputs = stack::create(&clients.cloudformation, &stack, Source::Body(ROLE), &[]).await.unwrap();
    let role = outputs.remove("RoleArn").unwrap();
    let machine = client.create_state_machine().name(format!("engine-{name}")).definition(definition).role_arn(role);
    let machine = machine.send().await.unwrap().state_machine_arn;
    let execution = client.start_execution().state_machine_arn(machine).send().await.unwrap().execution_arn;
    loop {
        let seen = client.describe_execution().execution_arn(&execution).send().await.unwrap();
        if seen.status != ExecutionStatus::Running {
            let output = seen.output.map(|output| serde_json::from_str(&output).unwrap());
            return Ended { error: seen.error, output };
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
