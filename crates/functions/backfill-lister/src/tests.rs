use std::{cell::Cell, collections::BTreeMap, io::Write as _, sync::Mutex};

use flate2::{Compression, write::GzEncoder};
use warden_core::{
    audit::Tag,
    backfill::Listed,
    bedrock::TokenPrices,
    ports::{Lookup, Marker, ObjectBody, ObjectFacts, ObjectRef, ObjectVersion, OpenObject, VersionPage},
};
use warden_test_support::faults;

use super::*;

/// 2026-11-20T09:00:00Z
const NOW: i64 = 1_795_165_200;
const EXECUTION: &str = "arn:aws:states:us-west-2:111122223333:execution:backfill:one";

/// A bucket whose pages hold two versions each.
struct Bucket(Vec<Listed>);

impl VersionPages for Bucket {
    async fn page(&self, bucket: &str, prefix: &str, after: Option<&Marker>) -> Result<VersionPage, Error> {
        if bucket == "denied" {
            return Err(Error::AccessDenied { action: "s3:ListBucketVersions", what: bucket.into(), hint: "" });
        }
        let all = self.0.iter().filter(|listed| listed.key.starts_with(prefix));
        let rest: Vec<_> =
            all.skip_while(|listed| after.is_some_and(|after| listed.key <= after.key)).cloned().collect();
        let versions: Vec<_> = rest.iter().take(2).cloned().collect();
        let next = versions.last().filter(|_| rest.len() > 2);
        let next = next.map(|last| Marker { key: last.key.clone(), version: Some(last.version.id.clone()) });
        Ok(VersionPage { versions, next })
    }
}

#[derive(Default)]
struct Parts(Mutex<BTreeMap<String, String>>, BTreeMap<String, Vec<u8>>);

thread_local! {
    /// Milliseconds that reading took: one for each piece.
    static READING: Cell<i64> = const { Cell::new(0) };
}

/// A file in pieces of three bytes, or in one.
struct Pieces(Vec<Bytes>);

impl ObjectBody for Pieces {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        READING.set(READING.get() + 1);
        Ok(self.0.pop())
    }
}

impl ObjectStore for Parts {
    type Body = Pieces;

    async fn open(&self, object: &ObjectRef) -> Result<Lookup<Pieces>, Error> {
        assert_eq!(object.bucket, "parts");
        Ok(self.1.get(&object.key).map_or(Lookup::Gone, |bytes| {
            let size = if bytes.len() % 2 == 0 { 3 } else { usize::MAX };
            let pieces = bytes.chunks(size).rev().map(Bytes::copy_from_slice).collect();
            Lookup::Found(OpenObject { facts: ObjectFacts::default(), body: Pieces(pieces) })
        }))
    }

    async fn tags(&self, _: &ObjectRef) -> Result<Vec<Tag>, Error> {
        Ok(Vec::new())
    }
}

impl ObjectWriter for Parts {
    async fn write(&self, bucket: &str, key: &str, body: Bytes, _: &'static str) -> Result<(), Error> {
        assert_eq!(bucket, "parts");
        self.0.lock().unwrap().insert(key.to_owned(), String::from_utf8(body.to_vec()).unwrap());
        Ok(())
    }
}

#[derive(Default)]
struct Ledger(Mutex<BTreeMap<(String, String), Value>>);

impl Ledger {
    fn holding(records: &[Value]) -> Self {
        let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
        let keyed = records.iter().map(|record| ((text(record, "object"), text(record, "event")), record.clone()));
        Self(Mutex::new(keyed.collect()))
    }

    fn backfill(&self, id: &str) -> Value {
        self.0.lock().unwrap()[&(PARTITION.to_owned(), id.to_owned())].clone()
    }
}

impl LedgerRecords for Ledger {
    async fn with_keys(&self, keys: &[(String, String)]) -> Result<Vec<Value>, Error> {
        let records = self.0.lock().unwrap();
        Ok(keys.iter().filter_map(|key| records.get(key).cloned()).collect())
    }

    async fn of_object(&self, object: &str) -> Result<Vec<Value>, Error> {
        let records = self.0.lock().unwrap();
        Ok(records.iter().filter(|((of, _), _)| of == object).map(|(_, record)| record.clone()).collect())
    }

    async fn set(&self, object: &str, event: &str, fields: &Map<String, Value>) -> Result<(), Error> {
        let mut records = self.0.lock().unwrap();
        let record = records.entry((object.to_owned(), event.to_owned())).or_insert_with(|| json!({}));
        record.as_object_mut().unwrap().extend(fields.clone());
        Ok(())
    }

    async fn high_of(&self, backfill: &str, most: usize) -> Result<Vec<Value>, Error> {
        let records = self.0.lock().unwrap();
        if records.contains_key(&("index".to_owned(), "down".to_owned())) {
            return Err(Error::ServiceUnavailable { action: "dynamodb:Query", code: "Busy".into() });
        }
        Ok(records.values().filter(|record| record["high_of"] == backfill).take(most).cloned().collect())
    }
}

fn version(key: &str, id: &str) -> Listed {
    let version = ObjectVersion { id: id.into(), etag: "\"e\"".into(), size: 9, last_modified: NOW - 86_400 };
    Listed { key: key.into(), version, is_latest: true }
}

fn lister(versions: Vec<Listed>, records: &[Value]) -> BackfillLister<Bucket, Parts, Ledger> {
    BackfillLister {
        versions: Bucket(versions),
        parts: Parts::default(),
        ledger: Ledger::holding(records),
        parts_bucket: "parts".into(),
        uploads: UploadsToJudge::LikelyImages,
        documents: JudgeDocuments::Tell,
        ledger_settings: LedgerSettings {
            days: 400,
            token_prices: TokenPrices::of_model("us.anthropic.claude-haiku-5-5"),
        },
        stack: Some("audit".into()),
        clock: || NOW * 1000,
        limits: Limits { part: 2, ..Limits::default() },
    }
}

fn list(step: &Value) -> Value {
    json!({"list": {"step": step, "execution": {"id": EXECUTION, "started": "2026-11-20T09:00:00.123Z"}}})
}

fn report(step: &Value) -> Value {
    json!({"report": {"step": step, "execution": {"id": EXECUTION, "started": "2026-11-20T09:00:00.123Z"}}})
}

fn five() -> Vec<Listed> {
    ["a.png", "b.png", "c.csv", "d.png", "e.png"].map(|key| version(key, &format!("v-{key}"))).to_vec()
}

#[tokio::test]
async fn a_bucket_is_listed_part_by_part_without_what_the_ledger_knows() {
    let known = json!({"object": "b/b.png", "event": "v-b.png", "status": "complete"});
    let lister = lister(five(), &[known]);
    let first = lister.handle(list(&json!({"backfill": "b-1", "plan": {"bucket": "b"}}))).await.unwrap();
    assert_eq!((&first["objects"], &first["more"]), (&json!(2), &json!(true)));
    assert_eq!((&first["part"], &first["concurrency"]), (&json!("b-1/000001.jsonl"), &json!(20)));
    let second = lister.handle(list(&first)).await.unwrap();
    assert_eq!((&second["objects"], &second["more"]), (&json!(1), &json!(false)));
    let parts = lister.parts.0.lock().unwrap().clone();
    let keys: Vec<_> = parts
        .values()
        .flat_map(|part| part.lines())
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| (line["detail"]["object"]["key"].clone(), line["backfill"].clone()))
        .collect();
    assert_eq!(keys, ["a.png", "d.png", "e.png"].map(|key| (json!(key), json!("b-1"))));
    let kept = lister.ledger.backfill("b-1");
    assert_eq!((&kept["listed"], &kept["known"], &kept["handed"]), (&json!(4), &json!(1), &json!(3)));
    assert_eq!((&kept["status"], &kept["execution"]), (&json!("running"), &json!(EXECUTION)));
}

#[tokio::test]
async fn a_count_writes_nothing_and_says_what_it_takes() {
    let lister = lister(five(), &[]);
    let counted = lister.handle(json!({"count": {"plan": {"bucket": "b"}}})).await.unwrap();
    assert_eq!((&counted["objects"], &counted["listed"], &counted["more"]), (&json!(4), &json!(4), &json!(false)));
    assert_eq!(counted["estimate"]["seconds"], 10);
    assert!(lister.parts.0.lock().unwrap().is_empty());
    assert!(lister.ledger.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_stopped_or_spent_lists_no_further() {
    for change in [json!({"status": "stopping"}), json!({"spent_usd": 2.0})] {
        let lister = lister(five(), &[]);
        let plan = json!({"bucket": "b", "max_cost": 2.0});
        let first = lister.handle(list(&json!({"backfill": "b-1", "plan": plan}))).await.unwrap();
        lister.set("b-1", &change).await.unwrap();
        let second = lister.handle(list(&first)).await.unwrap();
        assert_eq!((&second["objects"], &second["more"]), (&json!(0), &json!(false)), "{change}");
    }
}

#[tokio::test]
async fn a_first_listing_that_is_tried_again_does_not_undo_a_stop() {
    let lister = lister(five(), &[]);
    let asked = list(&json!({"backfill": "b-1", "plan": {"bucket": "b"}}));
    lister.handle(asked.clone()).await.unwrap();
    lister.set("b-1", &json!({"status": "stopping"})).await.unwrap();
    let again = lister.handle(asked).await.unwrap();
    assert_eq!((&again["objects"], &again["more"]), (&json!(0), &json!(false)));
}

#[tokio::test]
async fn a_capped_backfill_that_is_resumed_without_more_money_lists_nothing() {
    let capped = json!({"object": PARTITION, "event": "b-1", "spent_usd": 2.5, "status": "capped"});
    for (most, objects) in [(2.0, 0), (3.0, 2)] {
        let lister = lister(five(), std::slice::from_ref(&capped));
        let plan = json!({"bucket": "b", "max_cost": most});
        let step = lister.handle(list(&json!({"backfill": "b-1", "plan": plan}))).await.unwrap();
        assert_eq!((&step["objects"], &step["more"]), (&json!(objects), &json!(objects > 0)), "{most}");
        let told = lister.handle(report(&step)).await.unwrap();
        assert_eq!(told["status"], if objects > 0 { "complete" } else { "capped" });
    }
}

#[tokio::test]
async fn a_further_run_goes_on_with_what_was_spent() {
    let spent = json!({"object": PARTITION, "event": "b-1", "spent_usd": 1.5, "done": 7, "status": "stopped"});
    let lister = lister(five(), &[spent]);
    lister.handle(list(&json!({"backfill": "b-1", "plan": {"bucket": "b"}}))).await.unwrap();
    let kept = lister.ledger.backfill("b-1");
    assert_eq!((&kept["spent_usd"], &kept["done"], &kept["status"]), (&json!(1.5), &json!(7), &json!("running")));
}

#[tokio::test]
async fn a_further_run_counts_anew_what_failed_or_was_held_back() {
    let ended = json!({"object": PARTITION, "event": "b-1", "spent_usd": 1.5, "done": 30, "undetermined": 21, "held": 20,
        "failed": 2, "status": "capped"});
    let lister = lister(five(), &[ended]);
    let first = list(&json!({"backfill": "b-1", "plan": {"bucket": "b"}}));
    // The first step may be tried twice.
    for _ in 0..2 {
        let step = lister.handle(first.clone()).await.unwrap();
        assert_eq!(step["objects"], 2);
        let kept = lister.ledger.backfill("b-1");
        assert_eq!((&kept["done"], &kept["undetermined"]), (&json!(8), &json!(1)));
        assert_eq!((&kept["held"], &kept["failed"]), (&json!(0), &json!(0)));
    }
}

#[tokio::test]
async fn what_was_audited_before_and_failed_is_handed_over_as_such() {
    let failed = |key: &str, backfill: Value| json!({"object": format!("b/{key}"), "event": format!("v-{key}"), "status": "failed", "backfill": backfill});
    let lister = lister(five(), &[failed("a.png", json!(null)), failed("b.png", json!("b-1"))]);
    let plan = json!({"bucket": "b"});
    lister.handle(list(&json!({"backfill": "b-1", "plan": plan}))).await.unwrap();
    let parts = lister.parts.0.lock().unwrap();
    let lines = parts.values().flat_map(|part| part.lines()).map(|line| serde_json::from_str::<Value>(line).unwrap());
    // What an earlier run of this backfill left is counted by then.
    assert_eq!(lines.map(|line| line["again"].clone()).collect::<Vec<_>>(), [json!(true), json!(null)]);
}

#[tokio::test]
async fn in_a_bucket_without_versions_the_bytes_are_known() {
    let judged = json!({"object": "b/a.png", "event": "N4N7", "status": "complete", "etag": "\"e\"", "verdict": "clean", "completed_at": "2026-11-20T09:00:00Z"});
    let lister = lister(vec![version("a.png", "null"), version("b.png", "null")], &[judged]);
    let step = lister.handle(list(&json!({"backfill": "b-1", "plan": {"bucket": "b"}}))).await.unwrap();
    assert_eq!((&step["objects"], &step["known"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_sweep_looks_at_what_was_written_since_the_last() {
    let mut versions = five();
    versions[0].version.last_modified = NOW - 60;
    versions[1].version.last_modified = NOW - 9 * 86_400;
    let audited = json!({"object": PARTITION, "event": "sweep-20261120T090000", "done": 2});
    let lister = lister(versions, &[audited]);
    let step = lister.handle(list(&json!({"plan": {"bucket": "b", "sweep": true}}))).await.unwrap();
    // a.png is new, its event may be still to come; b.png is older than a first sweep looks.
    assert_eq!(step["backfill"], "sweep-20261120T090000");
    assert_eq!(step["plan"]["until"], NOW - 3600);
    assert_eq!((&step["handed"], &step["more"]), (&json!(2), &json!(false)));
    let told = lister.handle(report(&step)).await.unwrap();
    assert_eq!(told["status"], "complete");
    let next = lister.handle(list(&json!({"plan": {"bucket": "b", "sweep": true}}))).await.unwrap();
    // A week before: an upload in parts is dated by its beginning.
    assert_eq!(next["plan"]["since"], NOW - 3600 - 7 * 86_400);
}

#[tokio::test]
async fn a_sweep_looks_at_further_buckets_and_passes_one_that_it_may_not_list() {
    let swept = |bucket: &str| json!({"object": PARTITION, "event": format!("swept {bucket}"), "until": NOW - 9_000});
    let lister = lister(five(), &[swept("c")]);
    let lister = BackfillLister { limits: Limits { part: 9, ..lister.limits }, ..lister };
    let plan = json!({"bucket": "b", "sweep": true, "further": "arn:aws:s3:::denied,arn:aws:s3:::c"});
    let mut step = list(&json!({"plan": plan}));
    let mut buckets = Vec::new();
    loop {
        step = lister.handle(step).await.unwrap();
        if let Some(part) = step["part"].as_str() {
            let parts = lister.parts.0.lock().unwrap();
            let line: Value = serde_json::from_str(parts[part].lines().next().unwrap()).unwrap();
            buckets.push((line["detail"]["bucket"]["name"].clone(), step["objects"].clone()));
        }
        if step["more"] != true {
            break;
        }
        step = list(&step);
    }
    assert_eq!(buckets, [(json!("b"), json!(4)), (json!("c"), json!(4))]);
    // Each since its own last sweep.
    assert_eq!(step["plan"]["since"], NOW - 9_000 - 7 * 86_400);
    let told = lister.handle(report(&step)).await.unwrap();
    assert_eq!(told["subject"], "[HIGH] Sweep of s3://b/ and 2 further buckets failed");
    assert!(told["protocols"].as_str().unwrap().contains("It could not go on: AccessDenied at s3://denied"), "{told}");
    // Eight were handed over, and none audited: no bucket counts as swept, and the next begins where this one did.
    let until = |bucket: &str| lister.ledger.backfill(&super::swept(bucket))["until"].clone();
    let from_the_first = json!(NOW - 3600 - 8 * 86_400 + 7 * 86_400);
    assert_eq!((until("b"), until("c")), (from_the_first.clone(), json!(NOW - 9_000)));
    lister.set(step["backfill"].as_str().unwrap(), &json!({"done": 8})).await.unwrap();
    lister.handle(report(&step)).await.unwrap();
    for bucket in ["b", "c"] {
        assert_eq!(until(bucket), NOW - 3600, "{bucket}");
    }
    assert_eq!(until("denied"), from_the_first);
}

#[tokio::test]
async fn a_sweep_that_left_something_out_is_made_up_for_by_the_next() {
    let lister = lister(five(), &[]);
    let step = lister.handle(list(&json!({"plan": {"bucket": "b", "sweep": true}}))).await.unwrap();
    lister.handle(report(&step)).await.unwrap();
    // A day later, too: what the first would have looked at is looked at.
    let lister = BackfillLister { clock: || (NOW + 86_400) * 1000, ..lister };
    let next = lister.handle(list(&json!({"plan": {"bucket": "b", "sweep": true}}))).await.unwrap();
    assert_eq!(next["plan"]["since"], step["plan"]["since"]);
    assert_eq!(next["plan"]["until"], NOW + 86_400 - 3600);
}

#[tokio::test]
async fn an_audit_that_failed_and_left_a_record_keeps_no_sweep_from_moving_on() {
    for (unrecorded, until) in [(0, NOW - 3600), (1, NOW - 3600 - 8 * 86_400 + 7 * 86_400)] {
        let lister = lister(five(), &[]);
        let mut step = lister.handle(list(&json!({"plan": {"bucket": "b", "sweep": true}}))).await.unwrap();
        step = lister.handle(list(&step)).await.unwrap();
        let counted = json!({"done": 4, "failed": 1, "unrecorded": unrecorded});
        lister.set(step["backfill"].as_str().unwrap(), &counted).await.unwrap();
        lister.handle(report(&step)).await.unwrap();
        assert_eq!(lister.ledger.backfill(&super::swept("b"))["until"], until, "{unrecorded}");
    }
}

#[tokio::test]
async fn a_sweep_looks_no_further_back_than_there_are_records() {
    let swept = json!({"object": PARTITION, "event": "swept b", "until": NOW - 500 * 86_400});
    for (days, records, since) in [(400, vec![swept], NOW - 360 * 86_400), (1, vec![], NOW - 77_760)] {
        let lister = lister(five(), &records);
        let ledger_settings = LedgerSettings { days, ..lister.ledger_settings };
        let lister = BackfillLister { ledger_settings, ..lister };
        let step = lister.handle(list(&json!({"plan": {"bucket": "b", "sweep": true}}))).await.unwrap();
        assert_eq!(step["plan"]["since"], since, "{days}");
    }
}

#[tokio::test]
async fn a_report_ends_the_backfill_and_names_what_is_high() {
    let of = |key: &str| {
        json!({"object": format!("b/{key}"), "event": "v", "high_of": "b-1", "s3_bucket": "b", "s3_key": key,
            "verdict": "pii", "action": "deleted"})
    };
    let counted = json!({"object": PARTITION, "event": "b-1", "status": "running", "done": 4, "pii": 2, "high": 2,
        "plan": r#"{"bucket":"b"}"#});
    let lister = lister(Vec::new(), &[of("a.png"), of("d.png"), counted]);
    let step = json!({"backfill": "b-1", "plan": {"bucket": "b"}, "parts": 1});
    let told = lister.handle(report(&step)).await.unwrap();
    assert_eq!(told["subject"], "[HIGH] Backfill of s3://b/ complete: 2 of 4 with personal data");
    let protocols: Value = serde_json::from_str(told["protocols"].as_str().unwrap()).unwrap();
    assert!(protocols["email"].as_str().unwrap().contains("  pii, deleted: s3://b/d.png\n"));
    assert_eq!(lister.ledger.backfill("b-1")["status"], "complete");
    let mut asked = report(&step);
    asked["report"]["failure"] = json!({"Error": "E", "Cause": "c"});
    // A definition of before names no execution.
    asked["report"].as_object_mut().unwrap().remove("execution");
    let failed = lister.handle(asked).await.unwrap();
    assert_eq!(failed["status"], "failed");
}

#[tokio::test]
async fn a_report_is_sent_though_the_ledger_names_no_objects() {
    let counted = json!({"object": PARTITION, "event": "b-1", "status": "running", "done": 4, "pii": 2, "high": 2,
        "plan": r#"{"bucket":"b"}"#});
    let lister = lister(Vec::new(), &[counted, json!({"object": "index", "event": "down"})]);
    let told = lister.handle(report(&json!({"backfill": "b-1", "plan": {"bucket": "b"}, "parts": 1}))).await.unwrap();
    assert!(told["protocols"].as_str().unwrap().contains("The ledger did not say which"), "{told}");
}

#[tokio::test]
async fn a_sweep_that_cannot_begin_reports_that_it_failed() {
    let lister = lister(Vec::new(), &[]);
    let mut asked = report(&json!({"plan": {"bucket": "b", "sweep": true}, "failure": {}}));
    let cause = r#"{"errorType": "AccessDenied", "errorMessage": "AWS denied\n s3:GetObject"}"#;
    asked["report"]["failure"] = json!({"Error": "AccessDenied", "Cause": cause});
    let told = lister.handle(asked).await.unwrap();
    assert_eq!(told["subject"], "[HIGH] Sweep of s3://b/ failed");
    assert!(
        told["protocols"].as_str().unwrap().contains("It could not go on: AccessDenied: AWS denied s3:GetObject"),
        "{told}"
    );
    let kept = lister.ledger.backfill("sweep-20261120T090000");
    assert_eq!((&kept["status"], &kept["execution"]), (&json!("failed"), &json!(EXECUTION)));
    assert!(kept["plan"].as_str().unwrap().contains(r#""bucket":"b""#), "{kept}");
}

#[tokio::test]
async fn what_asks_for_no_step_or_has_no_name_is_refused() {
    let lister = lister(five(), &[]);
    for event in [
        json!({}),
        json!("x"),
        json!({"list": {}}),
        json!({"list": {"step": {"plan": {}}, "execution": {"id": "", "started": ""}}}),
        list(&json!({"plan": {"bucket": "b"}})),
        list(&json!({"backfill": "a b", "plan": {"bucket": "b"}})),
        list(&json!({"backfill": "b-1", "plan": {"bucket": "b", "concurrency": 0}})),
    ] {
        assert!(matches!(lister.handle(event.clone()).await, Err(Error::InvalidInput { .. })), "{event}");
    }
}

#[tokio::test]
async fn a_queue_gets_reports_of_the_published_schema() {
    let published: Value = serde_json::from_str(include_str!("../../../../docs/alert.schema.json")).unwrap();
    let high = json!({"object": "b/a.png", "event": "v", "high_of": "b-1", "s3_bucket": "b", "s3_key": "a.png",
        "verdict": "pii", "action": "deleted"});
    let counted = json!({"object": PARTITION, "event": "b-1", "status": "running", "done": 4, "pii": 2, "high": 1,
        "plan": r#"{"bucket":"b"}"#, "spent_usd": 0.5});
    let down = json!({"object": "index", "event": "down"});
    for records in [vec![], vec![high, counted.clone()], vec![counted, down]] {
        let lister = lister(Vec::new(), &records);
        let told = lister.handle(report(&json!({"backfill": "b-1", "plan": {"bucket": "b"}}))).await.unwrap();
        let protocols: Value = serde_json::from_str(told["protocols"].as_str().unwrap()).unwrap();
        let machines: Value = serde_json::from_str(protocols["default"].as_str().unwrap()).unwrap();
        assert_eq!(faults(&published, &machines), Vec::<String>::new(), "{machines}");
        // The schema lets fields be added. Those that are there are described.
        for (described, told) in
            [(&published, &machines), (&published["properties"]["counters"], &machines["counters"])]
        {
            let described = described["properties"].as_object().unwrap();
            assert!(told.as_object().unwrap().keys().all(|field| described.contains_key(field)), "{told}");
        }
    }
    for incomplete in [json!({"counters": {}}), json!({"headline": "x"})] {
        assert!(!faults(&published, &incomplete).is_empty());
    }
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

/// A lister on a bucket of five, with files that name objects.
fn naming(files: &[(&str, Vec<u8>)], records: &[Value]) -> BackfillLister<Bucket, Parts, Ledger> {
    let files = files.iter().map(|(name, bytes)| (format!("b-1/named/{name}"), bytes.clone()));
    let lister = lister(five(), records);
    BackfillLister { parts: Parts(Mutex::default(), files.collect()), ..lister }
}

fn named(source: &str) -> Value {
    json!({"bucket": "b", "older_versions": true, "source": {source: {"folder": "b-1/named"}}})
}

fn owned((key, id): (&str, &str)) -> (String, String) {
    (key.to_owned(), id.to_owned())
}

/// All that a backfill hands to the audit: keys and versions.
async fn handed(lister: &BackfillLister<Bucket, Parts, Ledger>, plan: Value) -> Vec<(String, String)> {
    let mut step = json!({"backfill": "b-1", "plan": plan});
    loop {
        step = lister.handle(list(&step)).await.unwrap();
        if step["more"] != true {
            break;
        }
    }
    let parts = lister.parts.0.lock().unwrap();
    let lines = parts.values().flat_map(|part| part.lines());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["detail"]["object"].take())
        .map(|object| (text(&object["key"]), text(&object["version-id"])))
        .collect()
}

#[tokio::test]
async fn the_keys_of_a_list_are_looked_up_and_what_is_not_there_is_counted() {
    let list = "bucket,key,version_id\nb,a.png,\nb,b.png,v-b.png\nb,b.png,v-0\nb,gone.png,\nb,%64.png,\nb,c.csv,";
    let known = json!({"object": "b/a.png", "event": "v-a.png", "status": "complete"});
    for bytes in [list.as_bytes().to_vec(), gzipped(list)] {
        let lister = naming(&[("000000", bytes)], std::slice::from_ref(&known));
        let counted = lister.handle(json!({"count": {"plan": named("keys")}})).await.unwrap();
        assert_eq!((&counted["listed"], &counted["known"]), (&json!(3), &json!(1)));
        assert_eq!((&counted["objects"], &counted["missing"]), (&json!(2), &json!(2)));
        let expected = [("b.png", "v-b.png"), ("d.png", "v-d.png")];
        assert_eq!(handed(&lister, named("keys")).await, expected.map(owned));
    }
}

#[tokio::test]
async fn what_a_list_names_twice_is_handed_over_once() {
    let known = json!({"object": "b/d.png", "event": "v-d.png", "status": "complete"});
    let lister = naming(&[("000000", b"a.png\nd.png\nb.png\nd.png\na.png\n".to_vec())], &[known]);
    assert_eq!(handed(&lister, named("keys")).await, [("a.png", "v-a.png"), ("b.png", "v-b.png")].map(owned));
    // Rows are looked at in batches of 1,000.
    let far_apart = format!("a.png\n{}a.png\n", "gone.png\n".repeat(1_000));
    let lister = naming(&[("000000", far_apart.into_bytes())], &[]);
    assert_eq!(lister.handle(json!({"count": {"plan": named("keys")}})).await.unwrap()["objects"], 1);
}

#[tokio::test]
async fn an_inventory_is_read_file_by_file_and_goes_on_where_a_part_was_full() {
    let manifest = json!({"sourceBucket": "b", "destinationBucket": "arn:aws:s3:::i", "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag",
        "files": [{"key": "1"}, {"key": "2"}, {"key": "3"}]});
    let rows = |keys: std::ops::Range<usize>| {
        let row = |at| {
            format!("\"b\",\"{at:05}+x.png\",\"v{at}\",\"true\",\"false\",\"9\",\"2026-11-19T09:00:00.000Z\",\"e\"\n")
        };
        keys.map(row).collect::<String>()
    };
    let files = [
        ("manifest.json", manifest.to_string().into_bytes()),
        ("000000", gzipped(&rows(0..2_500))),
        ("000001", gzipped("")),
        ("000002", gzipped(&rows(2_500..2_600))),
    ];
    let lister = naming(&files, &[]);
    let found = handed(&lister, named("inventory")).await;
    let expected: Vec<_> = (0..2_600).map(|at| (format!("{at:05} x.png"), format!("v{at}"))).collect();
    assert_eq!(found, expected);
    // Parts are written as soon as enough was found.
    assert!(lister.parts.0.lock().unwrap().len() > 2);
    let few =
        json!({"count": {"plan": {"bucket": "b", "prefix": "0259", "source": {"inventory": {"folder": "b-1/named"}}}}});
    assert_eq!(lister.handle(few).await.unwrap()["objects"], 10);
}

#[tokio::test]
async fn a_call_gets_on_by_as_much_however_much_it_reads_past() {
    // 2,000 pieces for 1,000 rows: each call looks at 3,000 of them.
    let list: Vec<_> = (0..8_000).map(|at| format!("{at:05}\n")).collect();
    let lister = naming(&[("000000", list.concat().into_bytes())], &[]);
    let limits = Limits { count_millis: 5_000, ..lister.limits };
    let lister = BackfillLister { clock: || NOW * 1000 + READING.get(), limits, ..lister };
    let mut counted = json!({"plan": named("keys")});
    let mut found = Vec::new();
    while found.is_empty() || counted["more"] == true {
        counted = lister.handle(json!({"count": counted})).await.unwrap();
        found.push(counted["missing"].as_u64().unwrap());
    }
    assert_eq!(found, [3_000, 6_000, 8_000]);
}

#[tokio::test]
async fn files_that_expired_are_told_as_such() {
    for (source, key) in [("keys", "b-1/named/000000"), ("inventory", "b-1/named/manifest.json")] {
        let error = naming(&[], &[]).handle(json!({"count": {"plan": named(source)}})).await.unwrap_err();
        let said =
            format!("plan.source: object s3://parts/{key} is not there: files that name objects are kept for 30 days");
        assert!(matches!(&error, Error::InvalidInput { .. }) && error.to_string().starts_with(&said), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_with_its_row() {
    let mut cut = gzipped("a.png\nb.png\n");
    cut.truncate(cut.len() - 9);
    for (bytes, said) in [
        (b"b,a.png\nc,b.png\n".to_vec(), "row: 2 of file 1 is of another bucket"),
        (b"b,a.png\nb,b.png,v\n".to_vec(), "row: 2 of file 1 has more or fewer columns"),
        (b"a.png\n\xff\n".to_vec(), "row: 2 of file 1 is not UTF-8"),
        (b"b.png\n\n\xff\n".to_vec(), "row: 2 of file 1 is not UTF-8"),
        (b"a,b,c,d\n".to_vec(), "over three columns"),
        (cut, "cannot be unpacked"),
    ] {
        let lister = naming(&[("000000", bytes)], &[]);
        let error = lister.handle(json!({"count": {"plan": named("keys")}})).await.unwrap_err();
        assert!(matches!(&error, Error::InvalidInput { .. }) && error.to_string().contains(said), "{error}");
    }
    let lister = naming(&[("000000", Vec::new())], &[]);
    assert_eq!(lister.handle(json!({"count": {"plan": named("keys")}})).await.unwrap()["objects"], 0);
}
