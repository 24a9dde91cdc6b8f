//! Whether alerts and alarms reach anybody.

use serde::Deserialize;

use crate::fact::Fact;
use crate::finding::{Area, Finding, counted};

/// What is known of the stack's topics.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) topics: Vec<Topic>,
}

/// A topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) of: Purpose,
    pub(crate) arn: String,
    pub(crate) subscriptions: Fact<Vec<Subscription>>,
}

/// What a topic tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// What the audit found.
    Alerts,
    /// That a system itself does not work.
    Alarms,
}

/// A member of what `ListSubscriptionsByTopic` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Subscription {
    /// In place of an ARN, `PendingConfirmation` of one that its owner has not confirmed, and `Deleted`.
    #[serde(rename = "SubscriptionArn")]
    arn: String,
    protocol: String,
    endpoint: String,
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    facts.topics.iter().flat_map(check_topic).collect()
}

fn check_topic(topic: &Topic) -> Vec<Finding> {
    const AREA: Area = Area::Alerts;
    let (what, parameter) = match topic.of {
        Purpose::Alerts => ("alerts", "AlertEmail"),
        Purpose::Alarms => ("alarms", "OperationsEmail"),
    };
    let subscriptions = match &topic.subscriptions {
        Ok(subscriptions) => subscriptions,
        Err(unknown) => return vec![unknown.finding(AREA, &format!("who gets {what}"))],
    };
    let (mut confirmed, mut findings) = (0, Vec::new());
    for subscription in subscriptions {
        match subscription.arn.as_str() {
            "Deleted" => {}
            "PendingConfirmation" => findings.push(Finding::failure(
                AREA,
                format!("{} ({}) has not confirmed: nobody there gets {what}", subscription.endpoint, subscription.protocol),
                format!(
                    "Its owner has to follow the link in the mail \"AWS Notification - Subscription Confirmation\"; `aws sns subscribe --topic-arn {} --protocol {} --notification-endpoint {}` sends another",
                    topic.arn, subscription.protocol, subscription.endpoint
                ),
            )),
            _ => confirmed += 1,
        }
    }
    if confirmed > 0 {
        findings.insert(0, Finding::ok(AREA, format!("{what} reach {}", counted(confirmed, "subscription"))));
    } else if findings.is_empty() {
        let said = format!("nobody is subscribed to {what}");
        let remedy = format!(
            "Deploy with {parameter}, or run `aws sns subscribe --topic-arn {} --protocol email --notification-endpoint ADDRESS`",
            topic.arn
        );
        findings.push(match topic.of {
            Purpose::Alerts => Finding::failure(AREA, said, remedy),
            Purpose::Alarms => Finding::warning(AREA, said, remedy),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Level;
    use crate::fact::Unknown;

    fn found(of: Purpose, arns: &[&str]) -> Vec<(Level, String)> {
        let subscriptions = arns
            .iter()
            .map(|arn| {
                let subscription = json!({"TopicArn": "t", "Protocol": "email", "SubscriptionArn": arn, "Owner": "1",
                                          "Endpoint": "security@example.com"});
                serde_json::from_value(subscription).unwrap()
            })
            .collect();
        let topic = Topic { of, arn: "t".into(), subscriptions: Ok(subscriptions) };
        check(&Facts { topics: vec![topic] }).into_iter().map(|finding| (finding.level, finding.said)).collect()
    }

    #[test]
    fn a_subscription_that_was_confirmed_is_ok() {
        assert_eq!(found(Purpose::Alerts, &["arn:aws:sns:a"]), [(Level::Ok, "alerts reach 1 subscription".to_owned())]);
    }

    #[test]
    fn whoever_gets_nothing_is_told() {
        let pending = "security@example.com (email) has not confirmed: nobody there gets";
        for (of, arns, level, said) in [
            (Purpose::Alerts, &["PendingConfirmation"][..], Level::Failure, format!("{pending} alerts")),
            (Purpose::Alarms, &["PendingConfirmation"], Level::Failure, format!("{pending} alarms")),
            (Purpose::Alerts, &[], Level::Failure, "nobody is subscribed to alerts".to_owned()),
            (Purpose::Alerts, &["Deleted"], Level::Failure, "nobody is subscribed to alerts".to_owned()),
            (Purpose::Alarms, &[], Level::Warning, "nobody is subscribed to alarms".to_owned()),
        ] {
            assert_eq!(found(of, arns), [(level, said)], "{arns:?}");
        }
        let both = found(Purpose::Alerts, &["PendingConfirmation", "arn:aws:sns:a"]);
        assert_eq!(both.iter().map(|(level, _)| *level).collect::<Vec<_>>(), [Level::Ok, Level::Failure]);
        let denied = Unknown::Denied { action: "sns:ListSubscriptionsByTopic" };
        let topic = Topic { of: Purpose::Alerts, arn: "t".into(), subscriptions: Err(denied) };
        assert_eq!(check(&Facts { topics: vec![topic] })[0].level, Level::Warning);
    }
}
