//! Functions and the state machine may do what their roles allow: without an action that it needs, the audit fails, says
//! which, and keeps the object.
//!
//! Every other trial runs by the same roles, whole.

use std::sync::Arc;

use libtest_mimic::Trial;
use reqwest::Url;
use serde_json::{Value, json};
use warden_local::scenario::Seen;

use crate::world::{Stage, World, assert_failure};

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.faulty_trial("roles::a_function_without_an_action_is_denied_by_its_name", vec![], function_without),
        stage.faulty_trial("roles::a_state_machine_without_an_action_is_denied_by_its_name", vec![], machine_without),
    ]
}

async fn function_without(world: Arc<World>) {
    let withdrawn = Withdrawn { role: "PiiDetectorRole", policy: "pii-detector", action: "s3:GetObjectVersion" };
    let (seen, is_there) = withdrawn.outcome(&world, "roles/unread.png").await;

    assert_failure(&seen, "kept");
    assert!(is_there);
    assert_eq!(seen.execution.unwrap().task("Detect PII").unwrap().errors, ["AccessDenied"]);
    let message = seen.alert.unwrap().message;
    for text in ["\nFailed in: Detect PII\nError: AccessDenied\n", withdrawn.action] {
        assert!(message.contains(text), "no {text:?} in {message}");
    }
}

async fn machine_without(world: Arc<World>) {
    let withdrawn = Withdrawn { role: "StateMachineRole", policy: "security-audit", action: "s3:DeleteObjectVersion" };
    let (seen, is_there) = withdrawn.outcome(&world, "roles/not-deleted.png").await;

    assert_failure(&seen, "delete_failed");
    assert!(is_there);
    let errors = seen.execution.unwrap().task("Delete version").unwrap().errors.clone();
    assert!(!errors.is_empty() && errors.iter().all(|error| error == "S3.S3Exception"), "{errors:?}");
    let message = seen.alert.unwrap().message;
    for text in ["\nFailed in: Delete version\nError: S3.S3Exception\n", withdrawn.action, "AccessDenied"] {
        assert!(message.contains(text), "no {text:?} in {message}");
    }
}

/// An action that is taken out of a role of the stack's.
#[derive(Clone, Copy)]
struct Withdrawn {
    /// The role's name in the template.
    role: &'static str,
    policy: &'static str,
    action: &'static str,
}

impl Withdrawn {
    /// What becomes of a picture with personal data meanwhile, and whether it is still there. The role is whole afterwards.
    async fn outcome(self, world: &Arc<World>, key: &'static str) -> (Seen, bool) {
        let role = world.role(self.role).await;
        let named = [("RoleName", role.as_str()), ("PolicyName", self.policy)];
        let answer = world.iam("GetRolePolicy", &named).await;
        let whole = document(answer["GetRolePolicyResult"]["PolicyDocument"].as_str().unwrap());
        let put = async |policy: &Value| {
            let policy = policy.to_string();
            world.iam("PutRolePolicy", &[named[0], named[1], ("PolicyDocument", &policy)]).await;
        };

        put(&without(&whole, self.action)).await;
        let meanwhile = Arc::clone(world);
        // On its own, so that the role is whole again even if this fails.
        let seen = tokio::spawn(async move {
            let upload = meanwhile.upload_sample(key, "business-card.png").await;
            (meanwhile.outcome(&upload).await, meanwhile.is_there(&upload).await)
        });
        let seen = seen.await;
        put(&whole).await;
        seen.unwrap()
    }
}

/// The policy that IAM answers with, which is encoded as in a URL.
fn document(encoded: &str) -> Value {
    let url = Url::parse(&format!("http://127.0.0.1/?document={encoded}")).unwrap();
    let decoded = url.query_pairs().next().unwrap().1.into_owned();
    serde_json::from_str(&decoded).unwrap()
}

/// The policy without an action, which it has in exactly one statement.
fn without(policy: &Value, action: &str) -> Value {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().unwrap();
    let held: Vec<_> = statements.iter_mut().filter_map(|each| each["Action"].as_array_mut()).collect();
    let mut taken = 0;
    for actions in held {
        let before = actions.len();
        actions.retain(|each| *each != json!(action));
        taken += before - actions.len();
    }
    assert_eq!(taken, 1, "{action} in {policy}");
    policy
}
