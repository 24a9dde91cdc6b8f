//! What was in a bucket before the audit was.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use libtest_mimic::Trial;
use serde_json::json;
use time::OffsetDateTime;
use warden_backfill::{Acts, Backfill, Backfills, Error, Names, Place, Plan, Status};
use warden_control_plane::{
    Call, ControlPlane, Service,
    s3::{ObjectId, Version},
};
use warden_deploy::Deployer;
use warden_ledger::{Filter, Record};
use warden_local::alert::Alert;
use warden_local::backfill::{keep_versions, make_bucket};
use warden_local::pictures::{Holds, upload};

use crate::reliability::{DAILY_BUDGET, Site};
use crate::world::Stage;

pub fn trials(stage: &Arc<Stage<Site>>) -> Vec<Trial> {
    vec![
        stage.faulty_trial(
            "backfill::what_was_there_before_is_audited_once_and_told_in_one_report",
            Vec::new(),
            audited_once,
        ),
        stage.faulty_trial("backfill::what_is_to_do_nothing_does_nothing", Vec::new(), does_nothing),
        stage.faulty_trial(
            "backfill::what_is_stopped_begins_nothing_more_and_goes_on_when_resumed",
            Vec::new(),
            stopped_and_resumed,
        ),
        stage.faulty_trial("backfill::what_the_days_budget_holds_back_is_judged_when_resumed", Vec::new(), held_back),
        stage.faulty_trial("backfill::what_no_event_told_of_is_found_by_a_sweep_once", Vec::new(), swept),
        stage.faulty_trial("backfill::a_bucket_without_versions_is_audited_by_its_bytes", Vec::new(), without_versions),
        stage.faulty_trial("backfill::what_a_list_or_an_inventory_names_is_audited", Vec::new(), named),
        stage.faulty_trial("backfill::a_bucket_that_nobody_may_list_is_told", Vec::new(), not_to_be_listed),
    ]
}

async fn audited_once(site: Arc<Site>) {
    let bucket = "of-years-ago";
    let pictures =
        [("a/card.png", Holds::PersonalData), ("b.jpg", Holds::NoPersonalData), ("c", Holds::NoPersonalData)];
    of_before(&site, bucket, pictures.into_iter().chain([("d.csv", Holds::NoPicture)])).await;
    let backfills = backfills(&site).await;
    let plan = Plan { concurrency: 2, ..Plan::of(bucket) };
    let counted = backfills.count(&plan, |_| ()).await.unwrap();
    assert_eq!((counted.objects, counted.known), (3, 0));

    let ended = run(&backfills, "e2e-once", &plan).await;

    let counters = &ended.counters;
    assert_eq!(counters.status, Status::Complete, "{counters:?}");
    assert_eq!((counters.done, counters.pii, counters.high, counters.failed), (3, 1, 1, 0), "{counters:?}");
    assert!(counters.spent_usd > 0.0, "{counters:?}");
    assert_eq!(keys(&site, bucket).await, ["b.jpg", "c", "d.csv"]);
    let records = records(&site, "e2e-once").await;
    assert_eq!(records.len(), 3);
    assert!(records.iter().all(|record| record.text("status") == Some("complete")), "{records:?}");
    // One report in place of three mails.
    let (report, gathered) = published(&site, "e2e-once").await;
    assert_eq!(gathered.len(), 3);
    assert!(gathered.iter().all(|alert| alert.attribute("silenced") == Some("true")));
    assert_eq!(report.attribute("silenced"), Some("false"));
    assert_eq!(report.subject, "[HIGH] Backfill of s3://of-years-ago/ complete: 1 of 3 with personal data");
    assert!(report.message.contains("pii, deleted: s3://of-years-ago/a/card.png"));

    // Once more: the ledger knows all of it.
    let again = backfills.count(&plan, |_| ()).await.unwrap();
    assert_eq!((again.objects, again.known), (0, 2));
    let calls = site.model_calls();
    let ended = run(&backfills, "e2e-again", &plan).await;
    assert_eq!((ended.counters.done, ended.counters.known), (0, 2));
    assert_eq!(site.model_calls(), calls);
}

async fn does_nothing(site: Arc<Site>) {
    let bucket = "of-years-ago-untouched";
    of_before(&site, bucket, [("card.png", Holds::PersonalData)]).await;
    let backfills = backfills(&site).await;
    let plan = Plan { action: Acts::Nothing, ..Plan::of(bucket) };
    let ended = run(&backfills, "e2e-nothing", &plan).await;
    assert_eq!((ended.counters.done, ended.counters.pii), (1, 1), "{ended:?}");
    assert_eq!(keys(&site, bucket).await, ["card.png"]);
    let records = records(&site, "e2e-nothing").await;
    assert_eq!((records[0].text("verdict"), records[0].text("action")), (Some("pii"), Some("kept")));
}

async fn stopped_and_resumed(site: Arc<Site>) {
    let bucket = "of-years-ago-many";
    let keys: Vec<_> = (0..12).map(|at| format!("{at:02}.png")).collect();
    of_before(&site, bucket, keys.iter().map(|key| (key.as_str(), Holds::NoPersonalData))).await;
    let backfills = backfills(&site).await;
    let plan = Plan { concurrency: 1, ..Plan::of(bucket) };
    let execution = backfills.start("e2e-stopped", &plan).await.unwrap();
    let one_done = |backfill: &Backfill| {
        if backfill.counters.done > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let begun = backfills.follow("e2e-stopped", &execution, one_done, |_| ()).await.unwrap().unwrap();
    assert!(matches!(backfills.plan_to_resume(&begun, None).await, Err(Error::Running(_))));
    backfills.stop(&begun).await.unwrap();
    let stopped = to_its_end(&backfills, "e2e-stopped", &execution).await;
    assert_eq!(stopped.counters.status, Status::Stopped);
    let done = stopped.counters.done;
    assert!((1..12).contains(&done), "{stopped:?}");
    assert_eq!(records(&site, "e2e-stopped").await.len() as u64, done);

    let plan = backfills.plan_to_resume(&stopped, None).await.unwrap();
    let at_once = tokio::join!(backfills.resume(&stopped, &plan), backfills.resume(&stopped, &plan));
    // Where Step Functions gives both the run that goes on, the engine refuses one.
    let ((Ok(execution), Err(refused)) | (Err(refused), Ok(execution))) = at_once else { panic!("{at_once:?}") };
    assert!(matches!(refused, Error::Running(_)), "{refused}");
    let ended = to_its_end(&backfills, "e2e-stopped", &execution).await;
    assert_eq!((ended.counters.status, ended.counters.done), (Status::Complete, 12), "{ended:?}");
    assert_eq!(ended.counters.known, done);
    assert_eq!(records(&site, "e2e-stopped").await.len(), 12);
}

async fn held_back(site: Arc<Site>) {
    let bucket = "held-back";
    let names: Vec<_> = (0..24).map(|at| format!("{at:02}.png")).collect();
    let of_last = |at| if at == 23 { Holds::PersonalData } else { Holds::NoPersonalData };
    of_before(&site, bucket, (0..).zip(&names).map(|(at, key)| (key.as_str(), of_last(at)))).await;
    let backfills = backfills(&site).await;
    let calls = site.model_calls();
    spend(&site, DAILY_BUDGET).await;
    let plan = Plan { concurrency: 2, ..Plan::of(bucket) };
    let capped = run(&backfills, "e2e-held", &plan).await;
    spend(&site, "0").await;

    // It pays for no more audits than it takes to see that all are held back.
    let counters = &capped.counters;
    assert_eq!((counters.status, counters.pii, counters.failed), (Status::Capped, 0, 0), "{counters:?}");
    assert!((20..24).contains(&counters.held) && counters.done == counters.held, "{counters:?}");
    assert_eq!((site.model_calls(), keys(&site, bucket).await.len()), (calls, 24));
    let held = records(&site, "e2e-held").await;
    assert!(held.iter().all(|record| record.text("status") == Some("held")), "{held:?}");
    let (report, _) = published(&site, "e2e-held").await;
    assert!(report.subject.contains("Backfill of s3://held-back/ ended at the day's budget"), "{}", report.subject);

    let plan = backfills.plan_to_resume(&capped, None).await.unwrap();
    let execution = backfills.resume(&capped, &plan).await.unwrap();
    let ended = to_its_end(&backfills, "e2e-held", &execution).await;
    let counters = &ended.counters;
    assert_eq!((counters.status, counters.done, counters.pii), (Status::Complete, 24, 1), "{counters:?}");
    assert_eq!((counters.held, counters.undetermined, counters.known), (0, 0, 0), "{counters:?}");
    assert_eq!(keys(&site, bucket).await, names[..23]);
    let judged = records(&site, "e2e-held").await;
    assert_eq!(judged.len(), 24);
    assert!(judged.iter().all(|record| record.text("status") == Some("complete") && record.text("reason").is_none()));
}

async fn swept(site: Arc<Site>) {
    let told = |key| (key, Holds::NoPersonalData);
    of_before(&site, "missed", [told("told.png"), ("missed.png", Holds::PersonalData)]).await;
    of_before(&site, "missed-too", [told("missed.jpg")]).await;
    let backfills = backfills(&site).await;
    // The one that was audited by its own event.
    let plan = Plan { include: vec!["told.png".into()], ..Plan::of("missed") };
    run(&backfills, "e2e-told", &plan).await;

    let further = vec!["missed-too".to_owned()];
    let sweep = Plan { sweep: true, further, concurrency: 2, ..Plan::of("missed") };
    // It leaves the last hour to the events of their own, unless it is told otherwise.
    let ended = run(&backfills, "e2e-sweep-early", &sweep).await;
    assert_eq!((ended.counters.status, ended.counters.listed), (Status::Complete, 0), "{ended:?}");
    let in_an_hour = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() + 3600;
    let sweep = Plan { until: Some(i64::try_from(in_an_hour).unwrap()), ..sweep };
    let ended = run(&backfills, "e2e-sweep", &sweep).await;
    let counters = &ended.counters;
    assert_eq!((counters.status, counters.known), (Status::Complete, 1), "{counters:?}");
    assert_eq!((counters.done, counters.pii, counters.failed), (2, 1, 0), "{counters:?}");
    assert_eq!(keys(&site, "missed").await, ["told.png"]);
    let (report, _) = published(&site, "e2e-sweep").await;
    assert_eq!(report.subject, "[HIGH] Sweep of s3://missed/ and 1 further bucket: 2 uploads that no event reported");

    let ended = run(&backfills, "e2e-sweep-again", &sweep).await;
    assert_eq!((ended.counters.status, ended.counters.done), (Status::Complete, 0), "{ended:?}");
}

async fn without_versions(site: Arc<Site>) {
    let (s3, bucket) = (&site.audit().clients().s3, "without-versions");
    make_bucket(s3, bucket).await.unwrap();
    for (number, key, holds) in [(0, "card.png", Holds::PersonalData), (1, "b.png", Holds::NoPersonalData)] {
        s3.put(bucket, key, upload(holds, number).unwrap(), &[]).await.unwrap();
    }
    let backfills = backfills(&site).await;
    let ended = run(&backfills, "e2e-plain", &Plan::of(bucket)).await;
    let counters = &ended.counters;
    assert_eq!((counters.done, counters.pii, counters.undetermined), (2, 1, 0), "{counters:?}");
    assert_eq!(keys(&site, bucket).await, ["b.png"]);
    let again = backfills.count(&Plan::of(bucket), |_| ()).await.unwrap();
    assert_eq!((again.objects, again.known), (0, 1));
    // Other bytes under the same key are another object.
    s3.put(bucket, "b.png", upload(Holds::PersonalData, 2).unwrap(), &[]).await.unwrap();
    assert_eq!(backfills.count(&Plan::of(bucket), |_| ()).await.unwrap().objects, 1);
}

async fn named(site: Arc<Site>) {
    let clean = |key| (key, Holds::NoPersonalData);
    of_before(&site, "named", [clean("a b.png"), clean("c.png"), clean("d.png")]).await;
    let backfills = backfills(&site).await;
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), "key\na+b.png\ngone.png\n").unwrap();
    let brought = backfills.bring("e2e-keys", &Names::Keys(Place::File(list.path().into()))).await.unwrap();
    let plan = Plan { source: Some(brought.source), ..Plan::of("named") };
    let counted = backfills.count(&plan, |_| ()).await.unwrap();
    assert_eq!((counted.objects, counted.missing), (1, 1));
    let ended = run(&backfills, "e2e-keys", &plan).await;
    assert_eq!((ended.counters.status, ended.counters.done), (Status::Complete, 1), "{ended:?}");
    let audited: Vec<_> = records(&site, "e2e-keys").await.iter().map(Record::object).collect();
    assert_eq!(audited, ["s3://named/a b.png"]);

    let s3 = &site.audit().clients().s3;
    let versions = s3.versions("named", "", None).await.unwrap().versions;
    let row = |version: &Version| {
        format!(
            "\"named\",\"{}\",\"{}\",\"{}\",\"{}\",\"2026-11-19T09:00:00.000Z\",\"{}\"\n",
            version.key.replace(' ', "+"),
            version.id,
            version.is_latest,
            version.size,
            version.etag.trim_matches('"')
        )
    };
    // It was made before one was deleted.
    let rows: String = versions.iter().map(row).collect();
    let deleted = versions.iter().find(|version| version.key == "d.png").unwrap();
    s3.delete(ObjectId { bucket: "named", key: "d.png", version: Some(&deleted.id) }).await.unwrap();
    make_bucket(s3, "inventories").await.unwrap();
    s3.put("inventories", "data/1.csv", rows, &[]).await.unwrap();
    let manifest = json!({
        "sourceBucket": "named", "destinationBucket": "arn:aws:s3:::inventories", "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId, IsLatest, Size, LastModifiedDate, ETag", "files": [{"key": "data/1.csv"}],
    });
    s3.put("inventories", "manifest.json", manifest.to_string(), &[]).await.unwrap();
    let manifest = Names::Inventory("s3://inventories/manifest.json".parse().unwrap());
    let brought = backfills.bring("e2e-inventory", &manifest).await.unwrap();
    let plan = Plan { source: Some(brought.source), ..Plan::of(&brought.bucket.unwrap()) };
    let ended = run(&backfills, "e2e-inventory", &plan).await;
    let counters = &ended.counters;
    assert_eq!((counters.status, counters.known, counters.done), (Status::Complete, 1, 2), "{counters:?}");
    let verdicts: BTreeSet<_> = records(&site, "e2e-inventory")
        .await
        .iter()
        .map(|record| (record.object(), record.text("verdict").unwrap_or_default().to_owned()))
        .collect();
    let expected = [("s3://named/c.png", "clean"), ("s3://named/d.png", "gone")];
    assert_eq!(verdicts, expected.map(|(object, verdict)| (object.to_owned(), verdict.to_owned())).into());
}

async fn not_to_be_listed(site: Arc<Site>) {
    let error = backfills(&site).await.count(&Plan::of("of-somebody-else"), |_| ()).await.unwrap_err();
    assert!(matches!(&error, Error::Lister { name, .. } if name == "AccessDenied"), "{error}");
}

/// A bucket of before: no event tells of what is in it.
async fn of_before(site: &Site, bucket: &str, objects: impl IntoIterator<Item = (&str, Holds)>) {
    let s3 = &site.audit().clients().s3;
    make_bucket(s3, bucket).await.unwrap();
    keep_versions(s3, bucket).await.unwrap();
    for (number, (key, holds)) in (0..).zip(objects) {
        s3.put(bucket, key, upload(holds, number).unwrap(), &[]).await.unwrap();
    }
}

/// Sets what the models have cost today.
async fn spend(site: &Site, usd: &str) {
    let audit = site.audit();
    let asked = json!({
        "TableName": audit.output("LedgerName"),
        "Key": {"object": {"S": "budget"}, "event": {"S": OffsetDateTime::now_utc().date().to_string()}},
        "UpdateExpression": "SET spent_usd = :usd",
        "ExpressionAttributeValues": {":usd": {"N": usd}},
    });
    let dynamodb = ControlPlane::new(&audit.clients().config, Service::DYNAMO_DB);
    dynamodb.call(Call::rpc("DynamoDB_20120810.UpdateItem", &asked)).await.unwrap();
}

async fn backfills(site: &Site) -> Backfills {
    let config = &site.audit().clients().config;
    let stack = Deployer::new(config).stack(&site.audit().address().stack).await.unwrap();
    Backfills::new(config, &stack).unwrap()
}

async fn run(backfills: &Backfills, id: &str, plan: &Plan) -> Backfill {
    let execution = backfills.start(id, plan).await.unwrap();
    to_its_end(backfills, id, &execution).await
}

async fn to_its_end(backfills: &Backfills, id: &str, execution: &str) -> Backfill {
    backfills.follow(id, execution, |_| ControlFlow::Continue(()), |_| ()).await.unwrap().unwrap()
}

async fn records(site: &Site, id: &str) -> Vec<Record> {
    let filter = Filter { backfill: Some(id.to_owned()), ..Filter::default() };
    site.ledger.find(&filter).await.unwrap()
}

async fn keys(site: &Site, bucket: &str) -> Vec<String> {
    let listed = site.audit().clients().s3.objects(bucket, "", (None, None), None).await.unwrap();
    listed.objects.into_iter().map(|object| object.key).collect()
}

/// What was published of a backfill: its report, and the alerts that it gathers.
async fn published(site: &Site, id: &str) -> (Alert, Vec<Alert>) {
    for _ in 0..50 {
        site.collect_alerts().await;
        let alerts = site.alerts.lock().await;
        let of_it = alerts.values().flatten().filter(|alert| alert.told["backfill"] == id).cloned();
        let (mut reports, gathered): (Vec<_>, Vec<_>) =
            of_it.partition(|alert| alert.attribute("report") == Some("backfill"));
        if let Some(report) = reports.pop() {
            return (report, gathered);
        }
        drop(alerts);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("no report of {id} was received");
}
