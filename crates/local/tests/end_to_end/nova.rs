//! The audit with Amazon Nova in Claude's place.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::json;
use tokio::sync::RwLock;
use warden_control_plane::{Call, ControlPlane, Service};
use warden_ledger::Named;
use warden_local::engine::Engine;
use warden_local::model::Faults;
use warden_local::scenario::Expected;

use crate::world::{Running, Stage, World, assert_right};

const MODEL: &str = "amazon.nova-lite-v1:0";

/// The system, all of whose functions ask Nova.
pub struct NovaWorld(World);

impl Running for NovaWorld {
    async fn up() -> Self {
        let models = ["LogSummarizerModelId", "PiiDetectorModelId", "ImageAnalyzerModelId"];
        let budget = ("DailyBudget", "9");
        Self(World::reusing("true", &[&models.map(|parameter| (parameter, MODEL))[..], &[budget]].concat()).await)
    }

    fn faults(&self) -> &Faults {
        self.0.faults()
    }

    fn model_is_well(&self) -> &RwLock<()> {
        self.0.model_is_well()
    }

    fn engine(&self) -> &Engine {
        self.0.engine()
    }
}

pub fn trials(stage: &Arc<Stage<NovaWorld>>) -> Vec<Trial> {
    vec![
        stage.trial("nova::pictures_are_judged_and_analysed_by_the_other_family", judged_and_analysed),
        stage.trial("nova::the_same_bytes_are_judged_once", same_bytes),
        stage.trial("nova::what_answers_cost_is_added_to_the_day", added_to_the_day),
    ]
}

async fn judged_and_analysed(world: Arc<NovaWorld>) {
    let world = &world.0;
    let card = world.upload_sample("nova/card.png", "id-card.png").await;
    let landscape = world.upload_sample("nova/landscape.jpg", "landscape.jpg").await;
    assert_right(Expected::DELETED, &world.outcome(&card).await);
    assert_right(Expected::CLEAN, &world.outcome(&landscape).await);
    assert!(!world.is_there(&card).await && world.is_there(&landscape).await);

    let asked = json!({"Bucket": world.audit().bucket(), "Key": "nova/landscape.jpg", "prompt": "What is on it?"});
    let answer = world.invoke("ImageAnalyzerArn", &asked).await;
    assert!(!answer.failed && answer.payload.is_string(), "{:?}", answer.payload);

    let models = world.models_asked();
    // A summary and a judgement each, and the question.
    assert!(models.len() >= 5, "{models:?}");
    assert!(models.iter().all(|model| model.ends_with(MODEL)), "{models:?}");
}

async fn same_bytes(world: Arc<NovaWorld>) {
    let world = &world.0;
    let bucket = world.audit().bucket().to_owned();
    for (key, was_judged_before) in [("same/first.png", false), ("same/second.png", true)] {
        let chart = world.upload_sample(key, "chart.png").await;
        assert_right(Expected::CLEAN, &world.outcome(&chart).await);
        let named = Named::Object { bucket: bucket.clone(), key: key.to_owned() };
        let record = world.audit().ledger().show(&named).await.unwrap().pop().unwrap();
        // Without a call of the model there are no tokens.
        let told = ["judged_before", "input_tokens"].map(|name| record.values().contains_key(name));
        assert_eq!(told, [was_judged_before, !was_judged_before], "{record:?}");
    }
}

async fn added_to_the_day(world: Arc<NovaWorld>) {
    let world = &world.0;
    let landscape = world.upload_sample("budget/landscape.jpg", "landscape.jpg").await;
    assert_right(Expected::CLEAN, &world.outcome(&landscape).await);
    let audit = world.audit();
    let dynamodb = ControlPlane::new(&audit.clients().config, Service::DYNAMO_DB);
    let asked = json!({
        "TableName": audit.output("LedgerName"),
        "KeyConditionExpression": "#object = :budget",
        "ExpressionAttributeNames": {"#object": "object"},
        "ExpressionAttributeValues": {":budget": {"S": "budget"}},
    });
    let days = dynamodb.call(Call::rpc("DynamoDB_20120810.Query", &asked)).await.unwrap();
    let spent = days["Items"][0]["spent_usd"]["N"].as_str().and_then(|sum| sum.parse::<f64>().ok());
    assert!(spent.is_some_and(|spent| spent > 0.0), "{days}");
}
