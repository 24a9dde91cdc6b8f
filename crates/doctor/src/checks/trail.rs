//! Whether a trail reports what the rules wait for.

use serde::Deserialize;

use crate::fact::Fact;
use crate::finding::{Area, Finding};

/// The writes of objects that start the audit.
const UPLOADS: [&str; 4] = ["PutObject", "PostObject", "CopyObject", "CompleteMultipartUpload"];

/// What is known of the account's trails, and what the stack needs of them.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) trails: Fact<Vec<Trail>>,
    /// The bucket, by its ARN, whose writes have to be reported, if not S3 itself reports them.
    pub(crate) bucket: Option<String>,
    /// Whether reads have to be reported.
    pub(crate) reads: bool,
}

/// A trail.
#[derive(Debug)]
pub(crate) struct Trail {
    pub(crate) name: String,
    /// Whether the stack made it.
    pub(crate) is_own: bool,
    pub(crate) status: Fact<Status>,
    pub(crate) selectors: Fact<Selectors>,
}

/// What `GetTrailStatus` answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Status {
    is_logging: bool,
    latest_delivery_error: Option<String>,
}

/// What `GetEventSelectors` answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Selectors {
    event_selectors: Vec<BasicSelector>,
    advanced_event_selectors: Vec<AdvancedSelector>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BasicSelector {
    read_write_type: ReadWrite,
    #[serde(default)]
    include_management_events: bool,
    #[serde(default)]
    data_resources: Vec<DataResource>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum ReadWrite {
    ReadOnly,
    WriteOnly,
    All,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataResource {
    r#type: String,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AdvancedSelector {
    #[serde(default)]
    field_selectors: Vec<FieldSelector>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct FieldSelector {
    field: String,
    equals: Vec<String>,
    starts_with: Vec<String>,
    ends_with: Vec<String>,
    not_equals: Vec<String>,
    not_starts_with: Vec<String>,
    not_ends_with: Vec<String>,
}

/// A call that a trail may report.
#[derive(Clone, Copy, Debug)]
struct Event<'e> {
    name: &'e str,
    source: &'e str,
    read_only: bool,
    /// The object that a data event is about.
    object: Option<&'e str>,
}

impl Event<'_> {
    /// A field as advanced selectors name it, if the call has it.
    fn field(&self, name: &str) -> Option<&str> {
        match name {
            "eventCategory" => Some(if self.object.is_some() { "Data" } else { "Management" }),
            "eventName" => Some(self.name),
            "eventSource" => Some(self.source),
            "readOnly" => Some(if self.read_only { "true" } else { "false" }),
            "resources.type" => self.object.map(|_| "AWS::S3::Object"),
            "resources.ARN" => self.object,
            _ => None,
        }
    }
}

impl Selectors {
    fn select(&self, event: Event<'_>) -> bool {
        self.event_selectors.iter().any(|selector| selector.selects(event))
            || self
                .advanced_event_selectors
                .iter()
                .any(|selector| selector.field_selectors.iter().all(|field| field.takes(event.field(&field.field))))
    }
}

impl BasicSelector {
    fn selects(&self, event: Event<'_>) -> bool {
        let is_asked = match self.read_write_type {
            ReadWrite::All => true,
            ReadWrite::ReadOnly => event.read_only,
            ReadWrite::WriteOnly => !event.read_only,
        };
        let of_object = |object: &str| {
            let objects = self.data_resources.iter().filter(|resource| resource.r#type == "AWS::S3::Object");
            // `arn:aws:s3` alone stands for every object.
            objects.flat_map(|resource| &resource.values).any(|prefix| object.starts_with(prefix.as_str()))
        };
        is_asked && event.object.map_or(self.include_management_events, of_object)
    }
}

impl FieldSelector {
    fn takes(&self, value: Option<&str>) -> bool {
        let has = |value: &str| {
            (self.equals.is_empty() || self.equals.iter().any(|other| other == value))
                && (self.starts_with.is_empty()
                    || self.starts_with.iter().any(|begin| value.starts_with(begin.as_str())))
                && (self.ends_with.is_empty() || self.ends_with.iter().any(|end| value.ends_with(end.as_str())))
                && !self.not_equals.iter().any(|other| other == value)
                && !self.not_starts_with.iter().any(|begin| value.starts_with(begin.as_str()))
                && !self.not_ends_with.iter().any(|end| value.ends_with(end.as_str()))
        };
        let wants_one = [&self.equals, &self.starts_with, &self.ends_with].iter().any(|values| !values.is_empty());
        value.map_or(!wants_one, has)
    }
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    const AREA: Area = Area::Trail;
    let trails = match &facts.trails {
        Ok(trails) if trails.is_empty() => {
            return vec![Finding::failure(
                AREA,
                "the account has no trail in this Region: no call and no upload is ever reported",
                "Deploy the stack with CreateTrail=true",
            )];
        }
        Ok(trails) => trails,
        Err(unknown) => return vec![unknown.finding(AREA, "the trail")],
    };
    let mut findings = Vec::new();
    for trail in trails {
        findings.extend(check_status(trail));
    }
    let logging: Vec<_> =
        trails.iter().filter(|trail| trail.status.as_ref().is_ok_and(|status| status.is_logging)).collect();
    if logging.is_empty() {
        if findings.is_empty() {
            findings.push(Finding::failure(
                AREA,
                "no trail of the account logs",
                "Start one: aws cloudtrail start-logging --name NAME",
            ));
        }
        return findings;
    }
    for (what, remedy, events) in wanted(facts) {
        findings.push(coverage(&logging, &what, remedy, &events));
    }
    findings
}

/// What is wrong with a trail's logging. A trail that is none of the stack's may rest.
fn check_status(trail: &Trail) -> Option<Finding> {
    let name = &trail.name;
    match &trail.status {
        Err(unknown) => Some(unknown.finding(Area::Trail, &format!("whether the trail {name} logs"))),
        Ok(status) if !status.is_logging && trail.is_own => Some(Finding::failure(
            Area::Trail,
            format!("the trail {name} does not log"),
            format!("Run `aws cloudtrail start-logging --name {name}`, and find out who stopped it"),
        )),
        Ok(Status { is_logging: true, latest_delivery_error: Some(error) }) if !error.is_empty() => {
            Some(Finding::warning(
                Area::Trail,
                format!("the trail {name} could not write its log files: {error}"),
                "See the policy of the trail's bucket, and of its key if it has one",
            ))
        }
        Ok(_) => None,
    }
}

/// What has to be reported, the setting that makes it so, and calls that stand for it.
fn wanted(facts: &Facts) -> Vec<(String, &'static str, Vec<WantedEvent>)> {
    let management = |name, source, read_only| WantedEvent { name, source, read_only, object: None };
    let mut wanted = vec![(
        "management writes".to_owned(),
        "Add them to its selectors, or deploy the stack with CreateTrail=true",
        vec![
            management("PutBucketPolicy", "s3.amazonaws.com", false),
            management("StopLogging", "cloudtrail.amazonaws.com", false),
        ],
    )];
    if facts.reads {
        wanted.push((
            "management reads".to_owned(),
            "Add them to its selectors, or deploy the stack with WatchReads=true and CreateTrail=true",
            vec![management("GetSecretValue", "secretsmanager.amazonaws.com", true)],
        ));
    }
    if let Some(bucket) = &facts.bucket {
        let object = Some(format!("{bucket}/warden-doctor"));
        let upload = |name| WantedEvent { name, source: "s3.amazonaws.com", read_only: false, object: object.clone() };
        wanted.push((
            format!("uploads to {bucket}"),
            "Add its data events to the selectors, or deploy the stack with CreateTrail=true or UploadSource=s3-events",
            UPLOADS.map(upload).to_vec(),
        ));
    }
    wanted
}

#[derive(Clone, Debug)]
struct WantedEvent {
    name: &'static str,
    source: &'static str,
    read_only: bool,
    object: Option<String>,
}

impl WantedEvent {
    fn event(&self) -> Event<'_> {
        let Self { name, source, read_only, object } = self;
        Event { name, source, read_only: *read_only, object: object.as_deref() }
    }
}

fn coverage(logging: &[&Trail], what: &str, remedy: &'static str, events: &[WantedEvent]) -> Finding {
    let reported_by = |event: &WantedEvent| {
        logging
            .iter()
            .find(|trail| trail.selectors.as_ref().is_ok_and(|selectors| selectors.select(event.event())))
            .map(|trail| trail.name.as_str())
    };
    let missing: Vec<_> = events.iter().filter(|event| reported_by(event).is_none()).map(|event| event.name).collect();
    if missing.is_empty() {
        let mut by: Vec<_> = events.iter().filter_map(reported_by).collect();
        by.dedup();
        return Finding::ok(Area::Trail, format!("{} logs and reports {what}", by.join(", ")));
    }
    if let Some(unknown) = logging.iter().find_map(|trail| trail.selectors.as_ref().err()) {
        return unknown.finding(Area::Trail, &format!("whether {what} are reported"));
    }
    Finding::failure(
        Area::Trail,
        format!("no trail reports {what} (such as {}): they start nothing", missing.join(", ")),
        remedy,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Level;
    use crate::fact::Unknown;

    const BUCKET: &str = "arn:aws:s3:::uploads";

    fn own(status: Value, selectors: Value) -> Trail {
        Trail {
            name: "audit".into(),
            is_own: true,
            status: Ok(serde_json::from_value(status).unwrap()),
            selectors: Ok(serde_json::from_value(selectors).unwrap()),
        }
    }

    /// What the template's trail has.
    fn of_the_template() -> Value {
        json!({"TrailARN": "arn:aws:cloudtrail:us-west-2:111122223333:trail/audit", "AdvancedEventSelectors": [
            {"Name": "Management writes", "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["false"]}]},
            {"Name": "Object writes", "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
                {"Field": "readOnly", "Equals": ["false"]},
                {"Field": "eventName", "Equals": ["PutObject", "PostObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject"]},
                {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::uploads/"]}]}]})
    }

    fn found(trails: Vec<Trail>, reads: bool) -> Vec<(Level, String)> {
        let facts = Facts { trails: Ok(trails), bucket: Some(BUCKET.into()), reads };
        check(&facts).into_iter().map(|finding| (finding.level, finding.said)).collect()
    }

    #[test]
    fn a_trail_that_logs_what_is_needed_is_ok() {
        let found = found(vec![own(json!({"IsLogging": true}), of_the_template())], false);
        assert_eq!(
            found,
            [
                (Level::Ok, "audit logs and reports management writes".to_owned()),
                (Level::Ok, "audit logs and reports uploads to arn:aws:s3:::uploads".to_owned()),
            ]
        );
    }

    #[test]
    fn a_trail_that_was_stopped_is_a_failure() {
        let found = found(vec![own(json!({"IsLogging": false, "StopLoggingTime": 1.0}), of_the_template())], false);
        assert_eq!(found, [(Level::Failure, "the trail audit does not log".to_owned())]);
    }

    #[test]
    fn a_trail_that_cannot_write_is_a_warning() {
        let status = json!({"IsLogging": true, "LatestDeliveryError": "AccessDenied"});
        let found = found(vec![own(status, of_the_template())], false);
        assert_eq!(
            found[0],
            (Level::Warning, "the trail audit could not write its log files: AccessDenied".to_owned())
        );
    }

    #[test]
    fn selectors_that_leave_out_what_is_needed_are_a_failure_that_names_it() {
        let mut narrow = of_the_template();
        narrow["AdvancedEventSelectors"][1]["FieldSelectors"][3]["Equals"] = json!(["PutObject"]);
        let mut elsewhere = of_the_template();
        elsewhere["AdvancedEventSelectors"][1]["FieldSelectors"][4]["StartsWith"] = json!(["arn:aws:s3:::other/"]);
        let without = json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]});
        let reads_alone = json!({"EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": true}]});
        for (selectors, reads, what) in [
            (
                narrow,
                false,
                "no trail reports uploads to arn:aws:s3:::uploads (such as PostObject, CopyObject, CompleteMultipartUpload)",
            ),
            (elsewhere, false, "no trail reports uploads to arn:aws:s3:::uploads (such as PutObject"),
            (without, false, "no trail reports uploads to arn:aws:s3:::uploads"),
            (reads_alone, false, "no trail reports management writes (such as PutBucketPolicy"),
            (of_the_template(), true, "no trail reports management reads (such as GetSecretValue)"),
        ] {
            let found = found(vec![own(json!({"IsLogging": true}), selectors)], reads);
            let failures: Vec<_> = found.iter().filter(|(level, _)| *level == Level::Failure).collect();
            assert!(failures.iter().any(|(_, said)| said.starts_with(what)), "{what}: {found:?}");
        }
    }

    #[test]
    fn older_selectors_are_read_too_and_two_trails_may_share_the_work() {
        let management =
            json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}]});
        let data = json!({"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": false,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]});
        let logging = json!({"IsLogging": true});
        let found = found(vec![own(logging.clone(), management), own(logging, data)], true);
        assert!(found.len() == 3 && found.iter().all(|(level, _)| *level == Level::Ok), "{found:?}");
    }

    #[test]
    fn no_trail_is_a_failure_and_what_may_not_be_asked_a_warning() {
        assert_eq!(found(vec![], false)[0].0, Level::Failure);
        let denied = Unknown::Denied { action: "cloudtrail:DescribeTrails" };
        let facts = Facts { trails: Err(denied), bucket: None, reads: false };
        assert_eq!(check(&facts)[0].level, Level::Warning);
        let denied = || Unknown::Denied { action: "cloudtrail:GetEventSelectors" };
        let trail = Trail { selectors: Err(denied()), ..own(json!({"IsLogging": true}), json!({})) };
        let found = found(vec![trail], false);
        assert!(
            found.iter().all(|(level, said)| *level == Level::Warning && said.contains("cloudtrail:GetEventSelectors")),
            "{found:?}"
        );
    }
}
