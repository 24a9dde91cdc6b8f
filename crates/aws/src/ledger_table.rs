//! The ledger's table.

use std::{collections::BTreeSet, time::Duration};

use aws_smithy_async::rt::sleep::{AsyncSleep, TokioSleep};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use serde_json::{Map, Value, json};
use warden_control_plane::{Call, ControlPlane, Refusal, Service, item, plain_item};
use warden_core::{
    Error,
    audit::{Claimant, Claimed, LedgerKey, RESTORE_LOCK, claims_to_take_up},
    budget,
    ports::{Claims, LedgerRecords, SpendRecords},
};

use crate::control_plane::{Failure, call, control_plane};

const GET: &str = "dynamodb:GetItem";
const BATCH_GET: &str = "dynamodb:BatchGetItem";
const QUERY: &str = "dynamodb:Query";
const UPDATE: &str = "dynamodb:UpdateItem";
const TRANSACT_WRITE: &str = "dynamodb:TransactWriteItems";
const UPDATE_ITEM: &str = "DynamoDB_20120810.UpdateItem";
/// The most keys of one call.
const BATCH: usize = 100;
/// How often keys that were handed back are asked for again, with none of them read in between.
const TRIES: u32 = 8;
/// The pause before the first of these, which doubles each time: 13 seconds in all.
const PAUSE: Duration = Duration::from_millis(50);
/// The index of the objects whose alert was high, by their backfill.
const HIGH_INDEX: &str = "high-of-backfills";

/// The ledger's table.
#[derive(Clone, Debug)]
pub struct LedgerTable {
    dynamodb: ControlPlane,
    name: String,
}

impl LedgerTable {
    /// The table of this name, on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, name: &str) -> Self {
        Self { dynamodb: control_plane(config, Service::DYNAMO_DB), name: name.to_owned() }
    }

    async fn ask(&self, action: &'static str, target: &'static str, asked: &Value) -> Result<Value, Error> {
        call(&self.dynamodb, Call::rpc(target, asked)).await.map_err(|failure| self.error(action, &failure))
    }

    fn error(&self, action: &'static str, failure: &Failure) -> Error {
        let what = format!("table {}", self.name);
        match failure.code.as_deref() {
            Some("AccessDeniedException") => Error::AccessDenied { action, what, hint: "check the function's role" },
            Some(code @ ("ProvisionedThroughputExceededException" | "RequestLimitExceeded")) => {
                Error::ServiceUnavailable { action, code: code.to_owned() }
            }
            _ => failure.error(action, &what),
        }
    }

    /// All pages of a query, until `most` records are found.
    async fn query(&self, mut asked: Value, most: usize) -> Result<Vec<Value>, Error> {
        let mut found = Vec::new();
        asked["TableName"] = json!(self.name);
        loop {
            let mut answer = self.ask(QUERY, "DynamoDB_20120810.Query", &asked).await?;
            found.extend(items(&answer["Items"]));
            match answer["LastEvaluatedKey"].take() {
                key if !key.is_null() && found.len() < most => asked["ExclusiveStartKey"] = key,
                _ => break,
            }
        }
        found.truncate(most);
        Ok(found)
    }
}

impl LedgerRecords for LedgerTable {
    async fn with_keys(&self, keys: &[(String, String)]) -> Result<Vec<Value>, Error> {
        let mut found = Vec::new();
        // DynamoDB refuses a batch that names a key twice.
        let keys: Vec<_> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
        for batch in keys.chunks(BATCH) {
            let of = |(object, event): &&(String, String)| json!({"object": {"S": object}, "event": {"S": event}});
            let keys: Vec<_> = batch.iter().map(of).collect();
            let mut left = json!({(self.name.as_str()): {"Keys": keys, "ConsistentRead": true}});
            let mut in_vain = 0;
            loop {
                let asked = json!({"RequestItems": left});
                let mut answer = self.ask(BATCH_GET, "DynamoDB_20120810.BatchGetItem", &asked).await?;
                found.extend(items(&answer["Responses"][&self.name]));
                // What it has no room for it hands back.
                left = answer["UnprocessedKeys"].take();
                let Some(handed_back) = left.get(&self.name) else { break };
                let count = |of: &Value| of["Keys"].as_array().map_or(0, Vec::len);
                if count(handed_back) < count(&asked["RequestItems"][&self.name]) {
                    in_vain = 0;
                } else if in_vain == TRIES {
                    return Err(Error::ServiceUnavailable { action: BATCH_GET, code: "UnprocessedKeys".to_owned() });
                }
                TokioSleep::new().sleep(PAUSE * 2_u32.pow(in_vain)).await;
                in_vain += 1;
            }
        }
        Ok(found)
    }

    async fn of_object(&self, object: &str) -> Result<Vec<Value>, Error> {
        let asked = json!({
            "KeyConditionExpression": "#object = :object",
            "ExpressionAttributeNames": {"#object": "object"},
            "ExpressionAttributeValues": {":object": {"S": object}},
            "ConsistentRead": true,
        });
        self.query(asked, usize::MAX).await
    }

    async fn set(&self, object: &str, event: &str, fields: &Map<String, Value>) -> Result<(), Error> {
        let values = item(fields);
        let updates = values.as_object().into_iter().flatten();
        let updates: Map<_, _> = updates.map(|(name, value)| (name.clone(), json!({"Value": value}))).collect();
        let asked = json!({
            "TableName": self.name, "Key": {"object": {"S": object}, "event": {"S": event}}, "AttributeUpdates": updates,
        });
        self.ask(UPDATE, UPDATE_ITEM, &asked).await.map(drop)
    }

    async fn high_of(&self, backfill: &str, most: usize) -> Result<Vec<Value>, Error> {
        let asked = json!({
            "IndexName": HIGH_INDEX,
            "KeyConditionExpression": "high_of = :backfill",
            "ExpressionAttributeValues": {":backfill": {"S": backfill}},
            "Limit": most,
        });
        self.query(asked, most).await
    }
}

impl SpendRecords for LedgerTable {
    async fn spent(&self, day: &str) -> Result<f64, Error> {
        let asked = json!({"TableName": self.name, "Key": of_day(day), "ConsistentRead": true});
        let answer = self.ask(GET, "DynamoDB_20120810.GetItem", &asked).await?;
        Ok(answer["Item"]["spent_usd"]["N"].as_str().and_then(|sum| sum.parse().ok()).unwrap_or_default())
    }

    async fn add(&self, day: &str, usd: f64, expires: i64) -> Result<(), Error> {
        let asked = json!({
            "TableName": self.name, "Key": of_day(day),
            "UpdateExpression": "SET expires = :expires ADD spent_usd :usd",
            "ExpressionAttributeValues": {":expires": {"N": expires.to_string()}, ":usd": {"N": usd.to_string()}},
        });
        self.ask(UPDATE, UPDATE_ITEM, &asked).await.map(drop)
    }

    async fn tell(&self, day: &str, hour: &str) -> Result<bool, Error> {
        let asked = json!({
            "TableName": self.name, "Key": of_day(day),
            "UpdateExpression": "SET told_at = :hour",
            "ConditionExpression": "attribute_not_exists(told_at) OR told_at < :hour",
            "ExpressionAttributeValues": {":hour": {"S": hour}},
        });
        match call(&self.dynamodb, Call::rpc(UPDATE_ITEM, &asked)).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.code.as_deref() == Some("ConditionalCheckFailedException") => Ok(false),
            Err(failure) => Err(self.error(UPDATE, &failure)),
        }
    }
}

impl Claims for LedgerTable {
    async fn claim(&self, key: &LedgerKey, by: &Claimant, now: i64) -> Result<Claimed, Error> {
        let mut asked = json!({"TransactItems": [
            {"Update": {
                "TableName": self.name, "Key": key,
                "UpdateExpression": "SET #status = :claimed, execution = :execution, claimed_at = :started REMOVE failed_in, \
                    #error, summarize_error, silenced_by, #reason, judged_before, #model, input_tokens, output_tokens, \
                    cost_usd, high_of",
                "ConditionExpression": "attribute_not_exists(#status) OR #status = :failed OR #status = :held \
                    OR execution = :execution OR (#status = :claimed AND claimed_at < :a_day_ago)",
                // Words that DynamoDB keeps for itself.
                "ExpressionAttributeNames": {
                    "#status": "status", "#error": "error", "#model": "model", "#reason": "reason",
                },
                "ExpressionAttributeValues": {
                    ":failed": {"S": "failed"}, ":held": {"S": "held"}, ":claimed": {"S": "claimed"},
                    ":execution": {"S": by.execution}, ":started": {"S": by.started},
                    ":a_day_ago": {"S": claims_to_take_up(now)},
                },
            }},
        ]});
        // Events of no object share one key, on which claims at the same time would meet and cancel each other.
        if let Some(parts) = asked["TransactItems"].as_array_mut().filter(|_| key.names_object()) {
            parts.push(json!({"ConditionCheck": {
                "TableName": self.name, "Key": LedgerKey::new(key.object(), RESTORE_LOCK),
                "ConditionExpression": "attribute_not_exists(lock_ends) OR lock_ends < :now",
                "ExpressionAttributeValues": {":now": {"N": (now / 1_000).to_string()}},
            }}));
        }
        let call = Call::rpc("DynamoDB_20120810.TransactWriteItems", &asked);
        let Err(failed) = self.dynamodb.call(call).await else { return Ok(Claimed::Ours) };
        let refusal = failed.as_service_error();
        match refusal.and_then(Refusal::code) {
            Some("TransactionCanceledException") => {
                Ok(of_reasons(refusal.and_then(ProvideErrorMetadata::message).unwrap_or_default()))
            }
            Some("ProvisionedThroughputExceededException" | "RequestLimitExceeded" | "ThrottlingException") => {
                Ok(Claimed::Busy)
            }
            _ => Err(self.error(TRANSACT_WRITE, &Failure::of(&failed))),
        }
    }
}

/// Why a claim was cancelled: a reason for each of its parts stands between brackets, in their order.
fn of_reasons(message: &str) -> Claimed {
    const REFUSED: &str = "ConditionalCheckFailed";
    let reasons = message.rsplit_once('[').and_then(|(_, list)| list.split_once(']')).map_or("", |(list, _)| list);
    let mut reasons = reasons.split(',').map(str::trim);
    match (reasons.next(), reasons.next()) {
        (Some(REFUSED), _) => Claimed::Duplicate,
        (_, Some(REFUSED)) => Claimed::BeingRestored,
        _ => Claimed::Busy,
    }
}

fn of_day(day: &str) -> Value {
    json!({"object": {"S": budget::PARTITION}, "event": {"S": day}})
}

fn items(list: &Value) -> Vec<Value> {
    list.as_array().into_iter().flatten().map(|item| Value::Object(plain_item(item))).collect()
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    fn table<const N: usize>(answers: [Value; N]) -> (LedgerTable, RecordedAws) {
        let aws = RecordedAws::answering(answers.map(|answer| Answer::new(200, answer.to_string())));
        (LedgerTable::new(&aws.config(), "ledger"), aws)
    }

    fn asked(aws: &RecordedAws, at: usize) -> Value {
        serde_json::from_slice(aws.requests()[at].body().bytes().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn keys_that_are_handed_back_are_asked_for_again() {
        let record = json!({"object": {"S": "b/a"}, "event": {"S": "v1"}, "seconds": {"N": "1.5"}});
        let left = json!({"ledger": {"Keys": [{"object": {"S": "b/b"}, "event": {"S": "v2"}}]}});
        let (table, aws) = table([
            json!({"Responses": {"ledger": [record]}, "UnprocessedKeys": left}),
            json!({"Responses": {"ledger": []}, "UnprocessedKeys": {}}),
        ]);
        let keys = [("b/a".to_owned(), "v1".to_owned()), ("b/b".to_owned(), "v2".to_owned())];
        let found = table.with_keys(&keys).await.unwrap();
        assert_eq!(found, [json!({"object": "b/a", "event": "v1", "seconds": 1.5})]);
        assert_eq!(asked(&aws, 0)["RequestItems"]["ledger"]["Keys"][1], left["ledger"]["Keys"][0]);
        assert_eq!(asked(&aws, 1)["RequestItems"], left);
    }

    #[tokio::test]
    async fn a_key_that_is_named_twice_is_asked_for_once() {
        let (table, aws) = table([json!({"Responses": {"ledger": []}})]);
        let key = |event: &str| ("b/a".to_owned(), event.to_owned());
        table.with_keys(&[key("v2"), key("v1"), key("v2")]).await.unwrap();
        let of = |event: &str| json!({"object": {"S": "b/a"}, "event": {"S": event}});
        assert_eq!(asked(&aws, 0)["RequestItems"]["ledger"]["Keys"], json!([of("v1"), of("v2")]));
    }

    #[tokio::test]
    async fn keys_that_are_handed_back_again_and_again_are_asked_for_after_pauses() {
        let key = json!({"object": {"S": "b/a"}, "event": {"S": "v1"}});
        let all = json!({"Responses": {"ledger": []}, "UnprocessedKeys": {"ledger": {"Keys": [key]}}});
        let read = json!({"Responses": {"ledger": [key]}, "UnprocessedKeys": {}});
        let (table, aws) = table([all.clone(), all, read]);
        let found = table.with_keys(&[("b/a".to_owned(), "v1".to_owned())]).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(aws.requests().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_nobody_reads_are_an_outage_in_the_end() {
        let key = json!({"object": {"S": "b/a"}, "event": {"S": "v1"}});
        let all = json!({"Responses": {}, "UnprocessedKeys": {"ledger": {"Keys": [key]}}});
        let (table, aws) = table([(); 9].map(|()| all.clone()));
        let failed = table.with_keys(&[("b/a".to_owned(), "v1".to_owned())]).await.unwrap_err();
        assert_eq!(failed.name().as_str(), "ServiceUnavailable");
        assert_eq!(aws.requests().len(), 9);
    }

    #[tokio::test]
    async fn an_index_is_read_until_what_is_asked_for_is_found() {
        let page = |key: &str| json!({"Items": [{"s3_key": {"S": key}}], "LastEvaluatedKey": {"object": {"S": key}}});
        let (table, aws) = table([page("a"), page("b"), page("c")]);
        let found = table.high_of("b-1", 2).await.unwrap();
        assert_eq!(found, [json!({"s3_key": "a"}), json!({"s3_key": "b"})]);
        assert_eq!(aws.requests().len(), 2);
        assert_eq!(asked(&aws, 1)["ExclusiveStartKey"], json!({"object": {"S": "a"}}));
        assert_eq!((&asked(&aws, 1)["IndexName"], &asked(&aws, 1)["Limit"]), (&json!("high-of-backfills"), &json!(2)));
    }

    #[tokio::test]
    async fn fields_are_set_and_others_are_left() {
        let (table, aws) = table([json!({})]);
        let fields = json!({"status": "running", "listed": 3});
        table.set("backfill", "b-1", fields.as_object().unwrap()).await.unwrap();
        let updates = json!({"status": {"Value": {"S": "running"}}, "listed": {"Value": {"N": "3"}}});
        assert_eq!(asked(&aws, 0)["AttributeUpdates"], updates);
    }

    #[tokio::test]
    async fn a_day_is_added_to_and_never_written_over() {
        let (table, aws) = table([json!({"Item": {"spent_usd": {"N": "1.25"}}}), json!({}), json!({})]);
        assert_eq!(table.spent("2026-11-27").await, Ok(1.25));
        assert_eq!(table.spent("2026-11-28").await, Ok(0.0));
        table.add("2026-11-27", 0.000_775_5, 9).await.unwrap();
        let asked = asked(&aws, 2);
        assert_eq!(asked["Key"], json!({"object": {"S": "budget"}, "event": {"S": "2026-11-27"}}));
        assert_eq!(asked["UpdateExpression"], "SET expires = :expires ADD spent_usd :usd");
        assert_eq!(asked["ExpressionAttributeValues"][":usd"], json!({"N": "0.0007755"}));
    }

    #[tokio::test]
    async fn one_of_all_who_ask_is_to_tell() {
        let refused = json!({"__type": "ConditionalCheckFailedException"}).to_string();
        let aws = RecordedAws::answering([Answer::new(200, "{}"), Answer::new(400, refused)]);
        let table = LedgerTable::new(&aws.config(), "ledger");
        assert_eq!(table.tell("2026-11-27", "2026-11-27T03").await, Ok(true));
        assert_eq!(table.tell("2026-11-27", "2026-11-27T03").await, Ok(false));
    }

    fn claimant() -> Claimant {
        Claimant { execution: "arn:execution".into(), started: "2026-11-20T09:14:09.123Z".into() }
    }

    /// The state machine's cases evaluate the conditions of this snapshot.
    #[tokio::test]
    async fn an_event_is_claimed_on_two_conditions() {
        let (table, aws) = table([json!({})]);
        let key = LedgerKey::new("b/a.png", "v1");
        assert_eq!(table.claim(&key, &claimant(), 1_795_166_049_123).await, Ok(Claimed::Ours));
        insta::assert_json_snapshot!("claim", asked(&aws, 0));
    }

    #[tokio::test]
    async fn what_is_of_no_object_waits_for_no_restore_and_for_no_other_event() {
        for (object, parts) in [("b/a.png", 2), ("b/folder/", 2), ("b//", 2), ("/", 1), ("b/", 1), ("/a.png", 1)] {
            let (table, aws) = table([json!({})]);
            assert_eq!(table.claim(&LedgerKey::new(object, "e-1"), &claimant(), 0).await, Ok(Claimed::Ours));
            let asked = asked(&aws, 0);
            let asked = asked["TransactItems"].as_array().unwrap();
            assert_eq!(asked.len(), parts, "{object}");
            assert_eq!(asked[0]["Update"]["Key"]["object"]["S"], object);
        }
    }

    #[tokio::test]
    async fn a_claim_that_is_not_made_says_why() {
        let cancelled = |reasons: &str| {
            let message =
                format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{reasons}]");
            json!({"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": message})
        };
        let of = |code: &str| json!({"__type": code, "message": "secret text"});
        let gone = Error::Internal {
            problem: "dynamodb:TransactWriteItems failed on table ledger (400 ResourceNotFoundException)".into(),
        };
        for (answer, expected) in [
            (cancelled("ConditionalCheckFailed"), Ok(Claimed::Duplicate)),
            (cancelled("TransactionConflict"), Ok(Claimed::Busy)),
            (cancelled("ConditionalCheckFailed, None"), Ok(Claimed::Duplicate)),
            (cancelled("ConditionalCheckFailed, ConditionalCheckFailed"), Ok(Claimed::Duplicate)),
            (cancelled("None, ConditionalCheckFailed"), Ok(Claimed::BeingRestored)),
            (cancelled("TransactionConflict, None"), Ok(Claimed::Busy)),
            (cancelled("None, ThrottlingError"), Ok(Claimed::Busy)),
            (json!({"__type": "TransactionCanceledException"}), Ok(Claimed::Busy)),
            (of("ProvisionedThroughputExceededException"), Ok(Claimed::Busy)),
            (of("ThrottlingException"), Ok(Claimed::Busy)),
            (of("ResourceNotFoundException"), Err(gone)),
        ] {
            let answers = [(); 5].map(|()| Answer::new(400, answer.to_string()));
            let table = LedgerTable::new(&RecordedAws::answering(answers).config(), "ledger");
            let claimed = table.claim(&LedgerKey::new("/", "e-1"), &claimant(), 0).await;
            assert_eq!(claimed, expected, "{answer}");
        }
    }

    #[tokio::test]
    async fn a_refusal_has_its_name() {
        for (code, name) in [
            ("AccessDeniedException", "AccessDenied"),
            ("ProvisionedThroughputExceededException", "ServiceUnavailable"),
            ("ValidationException", "Internal"),
        ] {
            let body = json!({"__type": code, "message": "secret text"}).to_string();
            let aws = RecordedAws::answering((0..5).map(move |_| Answer::new(400, body.clone())));
            let failed = LedgerTable::new(&aws.config(), "ledger").of_object("b/a").await.unwrap_err();
            assert_eq!(failed.name().as_str(), name);
        }
    }
}
