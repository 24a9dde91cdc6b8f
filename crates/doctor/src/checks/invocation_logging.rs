//! Where Bedrock's records of invocations go, whether that is wanted, and who set it.

use serde::Deserialize;

use crate::fact::Fact;
use crate::finding::{Area, Finding};
use crate::subject::Kind;

/// What is known of a Region's logging.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) kind: Kind,
    pub(crate) region: String,
    pub(crate) logging: Fact<Logging>,
    /// What the trail says of the last who set it, in the last 90 days.
    pub(crate) set_by: Fact<Option<SetBy>>,
    /// What the stack wants of it, if it sets it itself.
    pub(crate) wanted: Option<Wanted>,
}

/// What the stack sets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) log_group: Option<String>,
    pub(crate) bucket: Option<String>,
    pub(crate) text: bool,
    pub(crate) images: bool,
}

/// Who called `PutModelInvocationLoggingConfiguration` last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetBy {
    pub(crate) who: String,
    /// When, as a day.
    pub(crate) day: String,
}

/// What `GetModelInvocationLoggingConfiguration` answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Logging {
    logging_config: Option<Configuration>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    cloud_watch_config: Option<CloudWatch>,
    s3_config: Option<S3>,
    text_data_delivery_enabled: Option<bool>,
    image_data_delivery_enabled: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CloudWatch {
    log_group_name: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3 {
    bucket_name: String,
}

impl Logging {
    pub(crate) fn is_set(&self) -> bool {
        self.logging_config.is_some()
    }
}

impl Configuration {
    fn log_group(&self) -> Option<&str> {
        self.cloud_watch_config.as_ref().map(|config| config.log_group_name.as_str())
    }

    fn bucket(&self) -> Option<&str> {
        self.s3_config.as_ref().map(|config| config.bucket_name.as_str())
    }

    fn places(&self) -> String {
        let bucket = self.bucket().map(|bucket| format!("the bucket {bucket}"));
        let group = self.log_group().map(|group| format!("the log group {group}"));
        let places: Vec<_> = [bucket, group].into_iter().flatten().collect();
        if places.is_empty() { "nowhere".to_owned() } else { places.join(" and ") }
    }

    /// What is not said is Bedrock's default: it is recorded.
    fn texts(&self) -> bool {
        self.text_data_delivery_enabled != Some(false)
    }

    fn images(&self) -> bool {
        self.image_data_delivery_enabled != Some(false)
    }
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    const AREA: Area = Area::InvocationLogging;
    let region = &facts.region;
    let logging = match &facts.logging {
        Ok(logging) => logging.logging_config.as_ref(),
        Err(unknown) => return vec![unknown.finding(AREA, &format!("Bedrock's invocation logging in {region}"))],
    };
    let mut findings = vec![match (&facts.wanted, logging) {
        (Some(wanted), found) => check_own(facts, wanted, found),
        (None, None) => Finding::ok(AREA, format!("Bedrock keeps no record of invocations in {region}")),
        (None, Some(found)) if facts.kind == Kind::Audit && (found.texts() || found.images()) => Finding::warning(
            AREA,
            format!(
                "Bedrock records invocations in {} ({}): pictures that the audit deletes may stay there",
                found.places(),
                set_by(facts)
            ),
            "See docs/private-api.md, \"Records\": call Bedrock in another Region (BedrockRegion), or turn the delivery of images and texts off",
        ),
        (None, Some(found)) => {
            Finding::ok(AREA, format!("Bedrock records invocations in {} ({})", found.places(), set_by(facts)))
        }
    }];
    if let (Err(unknown), Some(_)) = (&facts.set_by, logging) {
        findings.push(unknown.finding(AREA, "who set Bedrock's invocation logging"));
    }
    findings
}

/// Of a stack that sets the logging itself.
fn check_own(facts: &Facts, wanted: &Wanted, found: Option<&Configuration>) -> Finding {
    const AREA: Area = Area::InvocationLogging;
    let again = "Deploy the stack again with CreateInvocationLogging=true after a look at who set it";
    let Some(found) = found else {
        let said = format!(
            "Bedrock records nothing in {}, though the stack sets the logging ({})",
            facts.region,
            set_by(facts)
        );
        return Finding::failure(AREA, said, again);
    };
    if found.log_group() != wanted.log_group.as_deref() || found.bucket() != wanted.bucket.as_deref() {
        let said = format!("Bedrock records in {}, not where the stack wants it ({})", found.places(), set_by(facts));
        return Finding::failure(AREA, said, again);
    }
    if (found.texts(), found.images()) != (wanted.text, wanted.images) {
        let said = format!(
            "Bedrock records {}, and the stack's LogText is {} and LogImages {} ({})",
            match (found.texts(), found.images()) {
                (true, true) => "texts and images",
                (true, false) => "texts without images",
                (false, true) => "images without texts",
                (false, false) => "neither texts nor images",
            },
            wanted.text,
            wanted.images,
            set_by(facts)
        );
        return Finding::warning(AREA, said, again);
    }
    Finding::ok(AREA, format!("Bedrock records invocations in {} ({})", found.places(), set_by(facts)))
}

fn set_by(facts: &Facts) -> String {
    match &facts.set_by {
        Ok(Some(SetBy { who, day })) => format!("set by {who} on {day}"),
        Ok(None) => "set more than 90 days ago, or unset".to_owned(),
        Err(_) => "who set it is not known".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Level;
    use crate::fact::Unknown;

    fn facts(kind: Kind, logging: &Value) -> Facts {
        Facts {
            kind,
            region: "us-west-2".into(),
            logging: Ok(serde_json::from_value(json!({"loggingConfig": logging})).unwrap()),
            set_by: Ok(Some(SetBy { who: "alice".into(), day: "2026-11-02".into() })),
            wanted: None,
        }
    }

    fn config(bucket: &str, text: bool, images: bool) -> Value {
        json!({"s3Config": {"bucketName": bucket, "keyPrefix": "invocations"},
               "cloudWatchConfig": {"logGroupName": "g", "roleArn": "r"},
               "textDataDeliveryEnabled": text, "imageDataDeliveryEnabled": images})
    }

    fn wanted() -> Wanted {
        Wanted { log_group: Some("g".into()), bucket: Some("ours".into()), text: true, images: false }
    }

    #[test]
    fn records_that_may_hold_what_the_audit_deletes_are_a_warning_that_says_who_wants_them() {
        for (kind, logging, level, said) in [
            (Kind::Audit, json!(null), Level::Ok, "Bedrock keeps no record of invocations in us-west-2"),
            (
                Kind::Audit,
                config("theirs", true, false),
                Level::Warning,
                "Bedrock records invocations in the bucket theirs and the log group g (set by alice on 2026-11-02): pictures",
            ),
            (
                Kind::Audit,
                json!({"s3Config": {"bucketName": "theirs"}}),
                Level::Warning,
                "Bedrock records invocations in the bucket theirs",
            ),
            (
                Kind::Audit,
                config("theirs", false, false),
                Level::Ok,
                "Bedrock records invocations in the bucket theirs",
            ),
            (Kind::Chat, config("theirs", true, true), Level::Ok, "Bedrock records invocations in the bucket theirs"),
        ] {
            let found = check(&facts(kind, &logging)).remove(0);
            assert!(found.level == level && found.said.starts_with(said), "{said}: {found}");
        }
    }

    #[test]
    fn a_logging_of_the_stacks_own_has_to_be_set_as_the_stack_says() {
        for (logging, level, said) in [
            (
                config("ours", true, false),
                Level::Ok,
                "Bedrock records invocations in the bucket ours and the log group g (set by alice",
            ),
            (
                json!(null),
                Level::Failure,
                "Bedrock records nothing in us-west-2, though the stack sets the logging (set by alice",
            ),
            (
                config("theirs", true, false),
                Level::Failure,
                "Bedrock records in the bucket theirs and the log group g, not where",
            ),
            (
                config("ours", true, true),
                Level::Warning,
                "Bedrock records texts and images, and the stack's LogText is true and LogImages false",
            ),
            (config("ours", false, false), Level::Warning, "Bedrock records neither texts nor images"),
        ] {
            let found = check(&Facts { wanted: Some(wanted()), ..facts(Kind::PrivateApi, &logging) }).remove(0);
            assert!(found.level == level && found.said.starts_with(said), "{said}: {found}");
        }
    }

    #[test]
    fn what_may_not_be_asked_is_a_warning() {
        let denied = |action| Unknown::Denied { action };
        let action = "bedrock:GetModelInvocationLoggingConfiguration";
        let found = check(&Facts { logging: Err(denied(action)), ..facts(Kind::Audit, &json!(null)) });
        assert!(found[0].level == Level::Warning && found[0].said.contains(action), "{found:?}");
        let by = Err(denied("cloudtrail:LookupEvents"));
        let found = check(&Facts { set_by: by, ..facts(Kind::Chat, &config("theirs", true, true)) });
        assert_eq!(found.iter().map(|found| found.level).collect::<Vec<_>>(), [Level::Ok, Level::Warning]);
        assert!(found[0].said.ends_with("(who set it is not known)"), "{found:?}");
    }
}
