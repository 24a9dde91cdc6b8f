//! The finding as an event of OCSF 1.6, the Open Cybersecurity Schema Framework.
//!
//! What was judged in an object is a Data Security Finding (2006), the class of tools
//! that find sensitive data; any other event is a Detection Finding (2004).

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::{record::Record, told::Told};
use crate::{
    audit::{Taken, time},
    pii::{Category, Verdict},
    threat::ThreatLevel,
};

const VERSION: &str = "1.6.0";
const PRODUCT: &str = "Bedrock Warden";

pub(super) fn finding(told: &Told<'_>, record: &Record) -> Value {
    let is_of_data = told.judged.is_some();
    let (class, class_name) = if is_of_data { (2006, "Data Security Finding") } else { (2004, "Detection Finding") };
    let (severity, severity_name) = match told.source.outcome.threat_level {
        ThreatLevel::Low => (2, "Low"),
        ThreatLevel::Medium => (3, "Medium"),
        ThreatLevel::High => (4, "High"),
    };
    let silenced = record.silenced_by.is_some();
    let happened = record.event_time.as_deref().and_then(time::unix_millis);
    let confidence = record.findings.iter().filter_map(|finding| finding.confidence).reduce(f64::max);
    let (disposition, disposition_name) = disposition(told.source.outcome.action);
    let mut finding = json!({
        "activity_id": 1, "activity_name": "Create",
        "category_uid": 2, "category_name": "Findings",
        "class_uid": class, "class_name": class_name,
        "type_uid": class * 100 + 1, "type_name": format!("{class_name}: Create"),
        "severity_id": severity, "severity": severity_name,
        "status_id": if silenced { 3 } else { 1 }, "status": if silenced { "Suppressed" } else { "New" },
        "status_detail": record.silenced_by,
        "time": told.source.now,
        "start_time": happened,
        "message": record.headline,
        "is_alert": told.failed() || told.source.outcome.threat_level > ThreatLevel::Low,
        "confidence_score": confidence.map(percent),
        "disposition_id": disposition, "disposition": disposition_name,
        "metadata": {
            "version": VERSION,
            "uid": told.execution.map(|execution| execution.name),
            "product": {"name": PRODUCT, "vendor_name": PRODUCT},
            "profiles": ["cloud", "security_control"],
        },
        "cloud": {
            "provider": "AWS",
            "region": record.region,
            "account": record.account.as_ref().map(|account| json!({"uid": account})),
        },
        "finding_info": {
            "uid": record.event_id.as_deref().or(record.execution.as_deref()).unwrap_or("unknown"),
            "title": record.headline,
            "desc": record.summarize,
            "types": types(told, record),
            "created_time": told.source.now,
            "first_seen_time": happened,
            "src_url": record.links.execution,
            "analytic": analytic(record),
        },
        "resources": resources(told, record),
    });
    let members = if is_of_data { of_data(told, record) } else { of_a_call(told, record) };
    if let (Value::Object(finding), Value::Object(members)) = (&mut finding, members) {
        finding.extend(members);
    }
    without_nulls(finding)
}

/// What a tool for sensitive data says of an object.
fn of_data(told: &Told<'_>, record: &Record) -> Value {
    let path = told.fact(told.key());
    let file = path.as_ref().map(|path| {
        json!({
            "name": path.rsplit('/').next(),
            "path": path, "type_id": 1, "type": "Regular File", "version": told.fact(told.version),
            "size": record.size, "mime_type": record.media_type,
            "hashes": record.sha256.as_ref().map(|hash| json!([{"algorithm_id": 3, "algorithm": "SHA-256", "value": hash}])),
        })
    });
    let bucket = told.fact(told.bucket()).map(|bucket| {
        let uid = format!("arn:{}:s3:::{bucket}", partition(told));
        json!({"type_id": 1, "type": "S3", "name": bucket, "uid": uid, "file": file})
    });
    let categories = told.categories();
    let found = !categories.is_empty();
    let (category, category_name) = classification(&categories);
    json!({
        "actor": actor(record),
        "src_endpoint": endpoint(record),
        "databucket": bucket,
        "data_security": {
            "data_lifecycle_state_id": 1, "data_lifecycle_state": "Data at-Rest",
            "detection_system_id": 4, "detection_system": "Data Discovery & Classification",
            "detection_pattern": found.then(|| categories.join(", ")),
            "category_id": found.then_some(category), "category": found.then_some(category_name),
            "status_id": if told.source.outcome.verdict == Some(Verdict::Undetermined) { 3 } else { 1 },
        },
    })
}

fn of_a_call(told: &Told<'_>, record: &Record) -> Value {
    let (actor, endpoint) = (actor(record), endpoint(record));
    let api = told.event_name().map(|operation| json!({"operation": operation}));
    let any = actor.is_some() || endpoint.is_some() || api.is_some();
    json!({"evidences": any.then(|| json!([{"actor": actor, "api": api, "src_endpoint": endpoint}]))})
}

fn actor(record: &Record) -> Option<Value> {
    record.actor.as_ref().map(|actor| json!({"user": {"uid": actor, "name": actor.rsplit('/').next()}}))
}

/// An address, or the service that called.
fn endpoint(record: &Record) -> Option<Value> {
    let from = record.source_ip.as_deref()?;
    Some(if from.parse::<IpAddr>().is_ok() { json!({"ip": from}) } else { json!({"svc_name": from}) })
}

fn resources(told: &Told<'_>, record: &Record) -> Value {
    let partition = partition(told);
    let resource = match (told.fact(told.bucket()), told.fact(told.key()), &record.account) {
        (Some(bucket), Some(key), _) => json!({
            "type": "AWS::S3::Object", "uid": format!("arn:{partition}:s3:::{bucket}/{key}"), "name": key,
            "version": told.fact(told.version),
        }),
        (Some(bucket), None, _) => {
            json!({"type": "AWS::S3::Bucket", "uid": format!("arn:{partition}:s3:::{bucket}"), "name": bucket})
        }
        (None, _, Some(account)) => json!({"type": "AWS::Account", "uid": account}),
        (None, _, None) => return Value::Null,
    };
    let mut resource = resource;
    resource["region"] = json!(record.region);
    resource["cloud_partition"] = json!(partition);
    json!([resource])
}

/// What found it: the first rule, or the model.
fn analytic(record: &Record) -> Value {
    match (record.matched_rules.first(), &record.model) {
        (_, Some(model)) => json!({"type_id": 4, "type": "Learning (ML/DL)", "name": model}),
        (Some(rule), None) => json!({"type_id": 1, "type": "Rule", "name": rule.title, "uid": rule.id}),
        (None, None) => Value::Null,
    }
}

/// Categories of what was found, or the titles of the rules that matched.
fn types(told: &Told<'_>, record: &Record) -> Vec<String> {
    let categories = told.categories();
    if categories.is_empty() {
        return record.matched_rules.iter().map(|rule| rule.title.clone()).collect();
    }
    categories
}

/// What was done, by OCSF's list.
const fn disposition(taken: Taken) -> (u8, &'static str) {
    match taken {
        Taken::Deleted => (5, "Deleted"),
        Taken::Quarantined => (3, "Quarantined"),
        Taken::Tagged => (18, "Tagged"),
        Taken::None | Taken::Kept => (16, "No Action"),
        Taken::DeleteFailed | Taken::QuarantineFailed | Taken::TagFailed => (27, "Error"),
    }
}

/// The kind of data, by OCSF's list; several kinds are `Other`.
fn classification(categories: &[String]) -> (u8, &'static str) {
    let of = |name: &str| match Category::named(name) {
        Some(Category::Secret | Category::IpAddress) => (6, "Security"),
        Some(Category::CreditCard | Category::IbanCode | Category::UsBankNumber) => (3, "Financial"),
        Some(
            Category::UsSsn
            | Category::UsPassport
            | Category::UsDriverLicense
            | Category::KrRrn
            | Category::Passport
            | Category::NationalId,
        ) => (2, "Governmental"),
        _ => (1, "Personal"),
    };
    let mut kinds = categories.iter().map(|name| of(name));
    let first = kinds.next().unwrap_or((1, "Personal"));
    if kinds.all(|kind| kind == first) { first } else { (99, "Other") }
}

fn partition<'a>(told: &Told<'a>) -> &'a str {
    told.execution.map(|execution| execution.partition).filter(|partition| !partition.is_empty()).unwrap_or("aws")
}

/// A confidence of 0 to 1 in whole hundredths.
fn percent(confidence: f64) -> u8 {
    (0..=100).rev().find(|percent| f64::from(*percent) <= confidence * 100.0 + 0.5).unwrap_or_default()
}

/// A value without members that are null.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, without_nulls(value)));
            Value::Object(members.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_nulls).collect()),
        value => value,
    }
}
