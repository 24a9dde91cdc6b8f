use serde::Deserialize;
use serde_json::json;
use warden_control_plane::Call;

use crate::aws::{Aws, BEDROCK, CLOUDTRAIL};
use crate::checks::invocation_logging::{Facts, Logging, SetBy, Wanted};
use crate::fact::Fact;
use crate::subject::{Kind, Subject};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Looked {
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    username: Option<String>,
    event_time: f64,
}

/// Bedrock's logging in one Region.
pub(crate) async fn gather(aws: &Aws, subject: &Subject, region: &str) -> Facts {
    let logging = Call::rest("GET", "/logging/modelinvocations", None);
    let is_own = subject.kind == Kind::PrivateApi
        && subject.parameter("CreateInvocationLogging") == Some("true")
        && region == subject.place.region;
    let output = |name| subject.output(name).map(str::to_owned);
    let is_true = |name| subject.parameter(name) == Some("true");
    let logging: Fact<Logging> = aws.ask(BEDROCK, "bedrock:GetModelInvocationLoggingConfiguration", logging).await;
    // Of what is neither set nor wanted, nobody asks who did it.
    let is_of_interest = is_own || logging.as_ref().is_ok_and(Logging::is_set);
    Facts {
        kind: subject.kind,
        region: region.to_owned(),
        set_by: if is_of_interest { set_by(aws).await } else { Ok(None) },
        logging,
        wanted: is_own.then(|| Wanted {
            log_group: output("InvocationLogGroupName"),
            bucket: output("InvocationLogBucketName"),
            text: is_true("LogText"),
            images: is_true("LogImages"),
        }),
    }
}

async fn set_by(aws: &Aws) -> Fact<Option<SetBy>> {
    let body = json!({
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "PutModelInvocationLoggingConfiguration"}],
        "MaxResults": 1,
    });
    let call = Call::rpc("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", &body);
    let looked: Looked = aws.ask(CLOUDTRAIL, "cloudtrail:LookupEvents", call).await?;
    Ok(looked.events.into_iter().next().map(|event| SetBy {
        who: event.username.unwrap_or_else(|| "somebody without a name".to_owned()),
        day: day(event.event_time),
    }))
}

/// The day of a time in seconds, such as `2026-11-02`.
fn day(seconds: f64) -> String {
    use aws_smithy_types::date_time::{DateTime, Format};
    let at = DateTime::from_secs_f64(seconds).fmt(Format::DateTime).unwrap_or_default();
    at.split('T').next().unwrap_or_default().to_owned()
}
