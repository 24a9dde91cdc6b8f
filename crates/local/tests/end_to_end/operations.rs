//! What `warden deploy` does with a state machine: deployed, started, watched and replayed on.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::task::JoinHandle;
use warden_deploy::{
    ApplyReport, ApplyRequest, Canary, DEFAULT_ALIAS, DefinitionTemplate, Deployer, Difference, Ending, Entry, Error,
    Followed, Happening, Outcome, RecordedEvent, Replayer,
};
use warden_local::follow::{Sent, follow};
use warden_local::scenario::Expected;
use warden_local::stack::{self, Source};

use crate::world::{Stage, World, assert_right};

/// A stack with what a state machine needs, and none of the audit's functions.
const STACK: &str = "
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: sts:AssumeRole}]
  LogGroup:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub '/aws/vendedlogs/states/${AWS::StackName}'}
Outputs:
  StateMachineName: {Value: !Ref AWS::StackName}
  StateMachineRoleArn: {Value: !GetAtt Role.Arn}
  StateMachineLogGroupArn: {Value: !GetAtt LogGroup.Arn}
";

/// Holds for a minute, a fiftieth of it here, and then fails if it is told to.
const DEFINITION: &str = r#"{
  "Comment": "of ${StateMachineName}",
  "QueryLanguage": "JSONata",
  "StartAt": "Hold",
  "States": {
    "Hold": {"Type": "Wait", "Seconds": 60, "Next": "Give up?"},
    "Give up?": {
      "Type": "Choice",
      "Choices": [{"Condition": "{% $states.input.give_up = true %}", "Next": "Give up"}],
      "Default": "Go on"
    },
    "Give up": {"Type": "Fail", "Error": "ModelThrottled", "Cause": "asked too often"},
    "Go on": {"Type": "Succeed"}
  }
}"#;

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.trial("operations::a_state_machine_is_made_kept_and_changed", made_kept_and_changed),
        stage.trial("operations::a_plan_changes_nothing", plan_changes_nothing),
        stage.trial("operations::a_rollback_during_a_canary_is_kept", rolled_back_in_its_canary),
        stage.trial("operations::another_apply_during_a_canary_is_kept", applied_in_a_canary),
        stage.trial("operations::a_running_execution_is_watched_to_its_end", watched_to_its_end),
        stage.trial("operations::a_failed_execution_is_watched_with_its_error", watched_with_its_error),
        stage.trial("operations::a_recorded_event_is_replayed_and_watched", replayed_and_watched),
    ]
}

async fn made_kept_and_changed(world: Arc<World>) {
    let (deployer, request) = stack_of(&world, "made-kept-changed").await;

    let made = deployer.apply(&request).await.unwrap();
    assert_eq!((made.outcome, made.published, made.alias), (Outcome::Created, true, Outcome::Created));
    let machine = Machine::read(&world, &made.state_machine_arn).await;
    assert_eq!(machine.definition, DEFINITION.replace("${StateMachineName}", "made-kept-changed"));

    let kept = deployer.apply(&request).await.unwrap();
    assert!(!kept.changed(), "{kept:?}");
    assert_eq!(kept.version_arn, made.version_arn);
    assert_eq!(Machine::read(&world, &made.state_machine_arn).await, machine);
    assert!(!deployer.plan(&request).await.unwrap().would_change());

    let changed = deployer.apply(&changed(&request)).await.unwrap();
    assert_eq!((changed.outcome, changed.published, changed.alias), (Outcome::Updated, true, Outcome::Updated));
    assert_eq!(changed.differences, [Difference::Definition]);
    assert_ne!(changed.version_arn, made.version_arn);
    let machine = Machine::read(&world, &made.state_machine_arn).await;
    assert!(machine.definition.contains("hold no longer"), "{}", machine.definition);
    let status = deployer.status(&request.stack, DEFAULT_ALIAS).await.unwrap();
    let running: Vec<_> = status.running.iter().map(|route| (route.version_arn.as_str(), route.weight)).collect();
    assert_eq!(running, [(changed.version_arn.as_str(), 100)]);
}

async fn plan_changes_nothing(world: Arc<World>) {
    let (deployer, request) = stack_of(&world, "planned").await;

    let plan = deployer.plan(&request).await.unwrap();
    assert_eq!((plan.outcome, plan.alias), (Outcome::Created, Outcome::Created));
    let missing = deployer.status(&request.stack, DEFAULT_ALIAS).await.unwrap_err();
    assert!(missing.to_string().contains("warden deploy apply"), "{missing}");

    let made = deployer.apply(&request).await.unwrap();
    let machine = Machine::read(&world, &made.state_machine_arn).await;
    let plan = deployer.plan(&changed(&request)).await.unwrap();
    assert_eq!((plan.outcome, plan.alias), (Outcome::Updated, Outcome::Updated));
    assert!(plan.to_string().contains("hold no longer"), "{plan}");
    assert_eq!(Machine::read(&world, &made.state_machine_arn).await, machine);
}

async fn rolled_back_in_its_canary(world: Arc<World>) {
    let (deployer, request) = stack_of(&world, "rolled-back-in-a-canary").await;
    let old = deployer.apply(&request).await.unwrap().version_arn;
    let canary = begun_canary(&world, &deployer, &changed(&request)).await;

    let back = deployer.rollback(&request.stack, DEFAULT_ALIAS, None).await.unwrap();

    assert_eq!(back.version_arn, old);
    assert_moved(&canary.await.unwrap().unwrap_err());
    assert_eq!(running(&deployer, &request).await, [(old, 100)]);
}

async fn applied_in_a_canary(world: Arc<World>) {
    let (deployer, request) = stack_of(&world, "applied-in-a-canary").await;
    deployer.apply(&request).await.unwrap();
    let canary = begun_canary(&world, &deployer, &changed(&request)).await;

    let third = DEFINITION.replace("of ${StateMachineName}", "the third");
    let third = ApplyRequest { definition: DefinitionTemplate::new("test.asl.json", third), ..request.clone() };
    let applied = deployer.apply(&third).await.unwrap();

    assert_moved(&canary.await.unwrap().unwrap_err());
    assert_eq!(running(&deployer, &request).await, [(applied.version_arn, 100)]);
}

/// An apply with a canary that has given the new version its share, and goes on by itself.
async fn begun_canary(
    world: &World,
    deployer: &Deployer,
    request: &ApplyRequest,
) -> JoinHandle<Result<ApplyReport, Error>> {
    // Far longer than the test: the look that finds the alias moved ends it.
    let canary = Canary { percent: 10, duration: Duration::from_secs(30), allowed_failures: 0, least_ended: 0 };
    let (config, asked) = (world.audit().clients().config.clone(), request.clone());
    let apply = tokio::spawn(async move {
        let deployer = Deployer::new(&config);
        deployer.apply_with_canary(&asked, &canary, std::future::pending()).await
    });
    while running(deployer, request).await.len() < 2 {
        assert!(!apply.is_finished(), "{:?}", apply.await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    apply
}

fn assert_moved(error: &Error) {
    let text = error.to_string();
    assert!(matches!(error, Error::AliasMoved { .. }) && text.contains("somebody else moved the alias"), "{text}");
}

/// The versions that the alias hands executions to, with their shares in percent.
async fn running(deployer: &Deployer, request: &ApplyRequest) -> Vec<(String, i32)> {
    let status = deployer.status(&request.stack, DEFAULT_ALIAS).await.unwrap();
    status.running.into_iter().map(|route| (route.version_arn, route.weight)).collect()
}

async fn watched_to_its_end(world: Arc<World>) {
    let (deployer, request) = stack_of(&world, "watched").await;
    // Long enough to be seen while it waits: five seconds here.
    let definition = DefinitionTemplate::new("test.asl.json", DEFINITION.replace("60", "250"));
    let request = ApplyRequest { definition, ..request };
    deployer.apply(&request).await.unwrap();

    let arn = deployer.start(&request.stack, DEFAULT_ALIAS, "{}").await.unwrap();
    let mut followed = Followed::new(&arn);
    let mut so_far = Vec::new();
    while states_entered(&so_far).is_empty() {
        so_far.extend(deployer.news(&mut followed).await.unwrap());
    }
    assert_eq!(states_entered(&so_far), ["Hold"]);
    assert_eq!(followed.ended(), None, "{so_far:?}");
    assert_eq!(deployer.execution(&arn).await.unwrap().status, "RUNNING");

    let mut told = Vec::new();
    let report = deployer.follow(&arn, |entry| told.push(entry.clone())).await.unwrap();
    assert!(report.succeeded(), "{report}");
    assert_eq!(told, report.entries);
    assert_eq!(ending(&told), Some(Ending::Succeeded));
    assert_eq!(states_entered(&told), ["Hold", "Give up?", "Go on"]);
    let newest = deployer.execution_arn(&request.stack, None).await.unwrap();
    assert_eq!(newest, arn);
}

async fn watched_with_its_error(world: Arc<World>) {
    let (deployer, request) = stack_of(&world, "failed").await;
    deployer.apply(&request).await.unwrap();

    let arn = deployer.start(&request.stack, DEFAULT_ALIAS, r#"{"give_up": true}"#).await.unwrap();
    let mut told = Vec::new();
    let report = deployer.follow(&arn, |entry| told.push(entry.clone())).await.unwrap();
    assert!(!report.succeeded());
    assert_eq!(ending(&told), Some(Ending::Failed));
    let failure = report.failure.as_ref().unwrap();
    assert_eq!((failure.error.as_str(), failure.cause.as_deref()), ("ModelThrottled", Some("asked too often")));
    assert!(failure.meaning.is_some(), "{failure:?}");
    assert!(report.to_string().contains("ModelThrottled: asked too often"), "{report}");
}

async fn replayed_and_watched(world: Arc<World>) {
    let audit = world.audit();
    let stack = &audit.address().stack;
    let text = std::fs::read_to_string(world.workspace.source("events/log-summarizer/stop-logging.json")).unwrap();
    // Seen before, it would be a duplicate.
    let text = text.replace("6c0e5a10-5e88-44e6-a081-000000000108", "6c0e5a10-5e88-44e6-a081-replayed");
    let events = RecordedEvent::parse("stop-logging.json", &text).unwrap();

    let bus = Replayer::new(&audit.clients().config);
    let replayed = bus.put(stack, &events).await.unwrap();
    let [event] = replayed.as_slice() else { panic!("{replayed:?}") };
    let executions = bus.executions(stack, &replayed, Duration::from_secs(30)).await.unwrap();
    let arn = &executions[&event.event_id];

    let report = Deployer::new(&audit.clients().config).follow(arn, |_| ()).await.unwrap();
    assert!(report.succeeded(), "{report}");
    let seen = follow(audit, &Sent::Event(event.event_id.clone()), |_| ()).await.unwrap();
    assert_right(Expected { threat_level: Some("high"), ..Expected::RISKY_CALL }, &seen);
    assert_eq!(&seen.execution.unwrap().arn, arn);
}

/// A stack of the test's own, on which nothing is deployed yet.
async fn stack_of(world: &World, name: &str) -> (Deployer, ApplyRequest) {
    let clients = world.audit().clients();
    stack::create(&clients.cloudformation, name, Source::Body(STACK), &[]).await.unwrap();
    let request = ApplyRequest::new(name, DefinitionTemplate::new("test.asl.json", DEFINITION));
    (Deployer::new(&clients.config), request)
}

fn changed(request: &ApplyRequest) -> ApplyRequest {
    let definition = DEFINITION.replace("of ${StateMachineName}", "hold no longer").replace("60", "1");
    ApplyRequest { definition: DefinitionTemplate::new("test.asl.json", definition), ..request.clone() }
}

/// What the engine says a state machine is.
#[derive(Debug, PartialEq)]
struct Machine {
    definition: String,
    revision: Option<String>,
    versions: usize,
}

impl Machine {
    async fn read(world: &World, arn: &str) -> Self {
        let client = &world.audit().clients().stepfunctions;
        let machine = client.describe_state_machine().state_machine_arn(arn).send().await.unwrap();
        let versions = client.list_state_machine_versions().state_machine_arn(arn).send().await.unwrap();
        Self {
            definition: machine.definition,
            revision: machine.revision_id,
            versions: versions.state_machine_versions.len(),
        }
    }
}

fn states_entered(entries: &[Entry]) -> Vec<String> {
    let entered = entries.iter().filter(|entry| entry.what == Happening::Entered);
    entered.filter_map(|entry| entry.state.clone()).collect()
}

fn ending(entries: &[Entry]) -> Option<Ending> {
    entries.iter().find_map(Entry::ending)
}
