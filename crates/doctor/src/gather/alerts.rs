use warden_control_plane::Call;

use crate::aws::{Aws, SNS};
use crate::checks::alerts::{Facts, Purpose, Topic};
use crate::subject::Subject;

pub(crate) async fn gather(aws: &Aws, subject: &Subject) -> Facts {
    let mut topics = Vec::new();
    for (output, of) in [("AlertTopicArn", Purpose::Alerts), ("OperationsTopicArn", Purpose::Alarms)] {
        let Some(arn) = subject.output(output) else { continue };
        let call = |page: Option<(&str, &str)>| {
            let mut parameters = vec![("TopicArn", arn)];
            parameters.extend(page);
            Call::query("ListSubscriptionsByTopic", &parameters)
        };
        let token = ("NextToken", "NextToken");
        let subscriptions = aws.list(SNS, "sns:ListSubscriptionsByTopic", "Subscriptions", token, call).await;
        topics.push(Topic { of, arn: arn.to_owned(), subscriptions });
    }
    Facts { topics }
}
