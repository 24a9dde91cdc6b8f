//! Topics of SNS.

use aws_types::SdkConfig;
use warden_control_plane::{Call, ControlPlane, Service};
use warden_core::{Error, audit::Alert, ports::Topics};

use crate::control_plane::{Failure, call, control_plane};

const PUBLISH: &str = "sns:Publish";

/// SNS in the function's Region.
#[derive(Clone, Debug)]
pub struct SnsTopics(ControlPlane);

impl SnsTopics {
    /// The topics on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(control_plane(config, Service::SNS))
    }
}

impl Topics for SnsTopics {
    async fn publish(&self, topic: &str, alert: &Alert) -> Result<String, Error> {
        let attributes = attributes(alert);
        let message = [
            ("TopicArn", topic),
            ("Subject", alert.subject.as_str()),
            ("Message", alert.protocols.as_str()),
            ("MessageStructure", "json"),
        ];
        let parameters: Vec<_> =
            message.into_iter().chain(attributes.iter().map(|(name, value)| (name.as_str(), *value))).collect();
        let answer =
            call(&self.0, Call::query("Publish", &parameters)).await.map_err(|failure| error(topic, &failure))?;
        match answer["PublishResult"]["MessageId"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => {
                Err(Error::ServiceUnavailable { action: PUBLISH, code: "an answer without a message id".to_owned() })
            }
        }
    }
}

/// The message's attributes as the parameters of a form.
fn attributes(alert: &Alert) -> Vec<(String, &str)> {
    let entries = alert.attributes.all().zip(1..).flat_map(|((name, attribute), at)| {
        let entry = format!("MessageAttributes.entry.{at}");
        [
            (format!("{entry}.Name"), name),
            (format!("{entry}.Value.DataType"), attribute.data_type()),
            (format!("{entry}.Value.StringValue"), attribute.value()),
        ]
    });
    entries.collect()
}

fn error(topic: &str, failure: &Failure) -> Error {
    let what = format!("topic {topic}");
    match failure.code.as_deref() {
        Some("AuthorizationError" | "KMSAccessDenied") => Error::AccessDenied {
            action: PUBLISH,
            what,
            hint: "allow it in the function's role, and the topic's key, if it has one",
        },
        Some(code @ ("Throttled" | "Throttling" | "KMSThrottling")) => {
            Error::ServiceUnavailable { action: PUBLISH, code: code.to_owned() }
        }
        _ => failure.error(PUBLISH, &what),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use warden_control_plane::path_segment;
    use warden_core::audit::{AlertSettings, compose};
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-west-2:111122223333:alerts";
    const PUBLISHED: &str = r#"<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>
        <MessageId>567910cd</MessageId></PublishResult></PublishResponse>"#;

    fn alert() -> Alert {
        let summary = json!({"event_title": "[StopLogging] 중지 & more", "threat_level": "high"});
        compose(&json!({"audit": {"summary": summary}}), &AlertSettings::default(), 0).unwrap()
    }

    #[tokio::test]
    async fn an_alert_is_published_with_a_text_for_each_protocol_and_what_subscriptions_filter_by() {
        let aws = RecordedAws::answering([Answer::new(200, PUBLISHED)]);
        let (topics, alert) = (SnsTopics::new(&aws.config()), alert());
        assert_eq!(topics.publish(TOPIC, &alert).await, Ok("567910cd".to_owned()));
        let requests = aws.requests();
        let form = std::str::from_utf8(requests[0].body().bytes().unwrap()).unwrap();
        let mut expected = vec![
            ("Action", "Publish"),
            ("TopicArn", TOPIC),
            ("Subject", "[HIGH] [StopLogging] ? & more"),
            ("Message", &alert.protocols),
            ("MessageStructure", "json"),
            ("MessageAttributes.entry.1.Name", "threat_level"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", "high"),
        ];
        let encoded: Vec<_> =
            expected.drain(..).map(|(name, value)| format!("{name}={}", path_segment(value))).collect();
        assert_eq!(form.split('&').take(encoded.len()).collect::<Vec<_>>(), encoded);
        assert_eq!(form.matches(".Name=").count(), alert.attributes.all().count());
        assert!(form.ends_with("&Version=2010-03-31"), "{form}");
    }

    #[tokio::test]
    async fn a_message_that_is_not_taken_says_why_and_nothing_of_its_text() {
        let refused = |code: &str| {
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>secret text</Message></Error></ErrorResponse>")
        };
        for (status, body, name) in [
            (403, refused("AuthorizationError"), "AccessDenied"),
            (400, refused("KMSAccessDenied"), "AccessDenied"),
            (429, refused("Throttled"), "ServiceUnavailable"),
            (400, refused("Throttling"), "ServiceUnavailable"),
            (500, refused("InternalError"), "ServiceUnavailable"),
            (404, refused("NotFound"), "Internal"),
            (400, refused("InvalidParameter"), "Internal"),
            (200, "<PublishResponse/>".to_owned(), "ServiceUnavailable"),
        ] {
            let aws = RecordedAws::answering([(); 3].map(|()| Answer::new(status, body.clone())));
            let failed = SnsTopics::new(&aws.config()).publish(TOPIC, &alert()).await.unwrap_err();
            assert_eq!(failed.name().as_str(), name, "{body}");
            assert!(!format!("{failed:?}").contains("secret text"));
        }
    }
}
