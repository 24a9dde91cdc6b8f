//! The ledger of a stack: a record of each event that was audited, and the way back out
//! of quarantine.

mod error;
mod filter;
mod restore;
mod statistics;
mod value;

use aws_types::SdkConfig;
use serde_json::{Map, Value, json};
use warden_call_errors::CallError;
use warden_control_plane::{Call, ControlPlane, Service, s3::S3};

pub use error::Error;
pub use filter::Filter;
pub use restore::{Restored, Who};
pub use statistics::{By, Count, Statistics};
pub use value::Record;

/// The partitions that hold no events: backfills, and what models cost by the day. The functions write them.
pub const OTHERS: [&str; 2] = ["backfill", "budget"];
/// What the partition of verdicts on bytes begins with, before their SHA-256, where pii-detector looks them up.
pub const BYTES: &str = "bytes ";
/// The record of bytes by which pii-detector knows that an object of them was brought back.
pub const RESTORED: &str = "restored";
const SCAN: &str = "dynamodb:Scan";
const QUERY: &str = "dynamodb:Query";
const PUT_ITEM: &str = "dynamodb:PutItem";

/// The ledger of a stack, and its quarantine.
#[derive(Clone, Debug)]
pub struct Ledger {
    dynamodb: ControlPlane,
    sts: ControlPlane,
    s3: S3,
    table: String,
    quarantine: Option<String>,
}

/// What an operator names a record by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// The event's id.
    Event(String),
    /// An object, `s3://bucket/key`: its records, the newest last.
    Object {
        /// The bucket.
        bucket: String,
        /// The key, as it is.
        key: String,
    },
}

impl std::str::FromStr for Named {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.strip_prefix("s3://") {
            None if text.is_empty() => Err(Error::NoName),
            None => Ok(Self::Event(text.to_owned())),
            Some(path) => match path.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                    Ok(Self::Object { bucket: bucket.to_owned(), key: key.to_owned() })
                }
                _ => Err(Error::NoName),
            },
        }
    }
}

impl Ledger {
    /// The ledger in `table`, and the quarantine in a bucket, where the stack has one.
    #[must_use]
    pub fn new(config: &SdkConfig, table: &str, quarantine: Option<&str>) -> Self {
        Self {
            dynamodb: ControlPlane::new(config, Service::DYNAMO_DB),
            sts: ControlPlane::new(config, Service::query("STS", "sts", "2011-06-15")),
            s3: S3::new(config),
            table: table.to_owned(),
            quarantine: quarantine.filter(|name| *name != "none").map(str::to_owned),
        }
    }

    /// Every record that the filter lets through, oldest first. The whole table is read, and no more of it is held than is
    /// let through.
    ///
    /// # Errors
    /// When AWS refuses a call or is not reached.
    pub async fn find(&self, filter: &Filter) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        let keep = |record| {
            if filter.lets_through(&record) {
                records.push(record);
            }
        };
        self.each(keep).await?;
        sort(&mut records);
        Ok(records)
    }

    /// Hands over each record of the table, in no order. One page is held at a time, of a megabyte.
    ///
    /// # Errors
    /// When AWS refuses a call or is not reached.
    pub async fn each(&self, take: impl FnMut(Record)) -> Result<(), Error> {
        self.pages("DynamoDB_20120810.Scan", SCAN, json!({}), take).await
    }

    /// The records of an event or of an object, oldest first.
    ///
    /// # Errors
    /// When AWS refuses a call or is not reached.
    pub async fn show(&self, named: &Named) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        match named {
            Named::Object { bucket, key } => {
                let asked = json!({
                    "KeyConditionExpression": "#object = :object",
                    "ExpressionAttributeNames": {"#object": "object"},
                    "ExpressionAttributeValues": {":object": {"S": format!("{bucket}/{key}")}},
                });
                self.pages("DynamoDB_20120810.Query", QUERY, asked, |record| records.push(record)).await?;
            }
            Named::Event(id) => {
                let asked = json!({
                    "FilterExpression": "event_id = :id OR #event = :id",
                    "ExpressionAttributeNames": {"#event": "event"},
                    "ExpressionAttributeValues": {":id": {"S": id}},
                });
                self.pages("DynamoDB_20120810.Scan", SCAN, asked, |record| records.push(record)).await?;
            }
        }
        sort(&mut records);
        Ok(records)
    }

    async fn pages(
        &self,
        target: &'static str,
        action: &'static str,
        mut asked: Value,
        mut take: impl FnMut(Record),
    ) -> Result<(), Error> {
        asked["TableName"] = json!(self.table);
        asked["ConsistentRead"] = json!(true);
        loop {
            let answer = self.dynamodb.call(Call::rpc(target, &asked)).await;
            let mut answer = answer.map_err(|error| CallError::new(action, &error))?;
            let items = answer["Items"].as_array_mut().map(std::mem::take).unwrap_or_default();
            // A lock of a restore is no event's record either.
            let is_of_event = |record: &Record| {
                let object = record.text("object").unwrap_or_default();
                let is_other = OTHERS.contains(&object) || object.starts_with(BYTES);
                record.text("event") != Some(restore::LOCK) && !is_other
            };
            items.iter().map(Record::read).filter(is_of_event).for_each(&mut take);
            match answer["LastEvaluatedKey"].take() {
                Value::Null => return Ok(()),
                key => asked["ExclusiveStartKey"] = key,
            }
        }
    }

    async fn put(&self, record: &Map<String, Value>) -> Result<(), CallError> {
        let asked = json!({"TableName": self.table, "Item": warden_control_plane::item(record)});
        let answer = self.dynamodb.call(Call::rpc("DynamoDB_20120810.PutItem", &asked)).await;
        answer.map(drop).map_err(|error| CallError::new(PUT_ITEM, &error))
    }
}

/// The oldest first.
fn sort(records: &mut [Record]) {
    records.sort_by(|one, other| one.text("claimed_at").cmp(&other.text("claimed_at")));
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    fn item(event: &str, claimed_at: &str, verdict: &str) -> Value {
        json!({
            "object": {"S": "uploads/a.png"}, "event": {"S": event}, "claimed_at": {"S": claimed_at},
            "verdict": {"S": verdict},
        })
    }

    #[tokio::test]
    async fn records_are_taken_page_by_page_and_what_was_found_is_told_by_its_age() {
        let lock = json!({"object": {"S": "uploads/a.png"}, "event": {"S": restore::LOCK}});
        let pages = || {
            let items = [item("v3", "3", "pii"), item("v2", "2", "clean")];
            let first = json!({"Items": items, "LastEvaluatedKey": {"event": {"S": "v2"}}});
            let last = json!({"Items": [lock, item("v1", "1", "pii")]});
            RecordedAws::answering([first, last].map(|page| Answer::new(200, page.to_string())))
        };
        let ledger = |aws: &RecordedAws| Ledger::new(&aws.config(), "ledger", None);
        let events = |records: &[Record]| -> Vec<String> {
            records.iter().filter_map(|record| record.text("event").map(str::to_owned)).collect()
        };
        let aws = pages();
        let mut all = Vec::new();
        ledger(&aws).each(|record| all.push(record)).await.unwrap();
        assert_eq!(events(&all), ["v3", "v2", "v1"]);
        let asked: Value = serde_json::from_slice(aws.requests()[1].body().bytes().unwrap()).unwrap();
        assert_eq!(asked["ExclusiveStartKey"], json!({"event": {"S": "v2"}}));
        let filter = Filter { verdict: Some("pii".to_owned()), ..Filter::default() };
        assert_eq!(events(&ledger(&pages()).find(&filter).await.unwrap()), ["v1", "v3"]);
    }

    #[tokio::test]
    async fn of_an_events_id_the_table_hands_over_nothing_else() {
        let page = json!({"Items": [item("v1", "1", "pii")]});
        let aws = RecordedAws::answering([Answer::new(200, page.to_string())]);
        let ledger = Ledger::new(&aws.config(), "ledger", None);
        assert_eq!(ledger.show(&Named::Event("v1".to_owned())).await.unwrap().len(), 1);
        let asked: Value = serde_json::from_slice(aws.request().body().bytes().unwrap()).unwrap();
        assert_eq!(asked["FilterExpression"], "event_id = :id OR #event = :id");
        assert_eq!(asked["ExpressionAttributeValues"], json!({":id": {"S": "v1"}}));
    }
}
