use serde_json::json;
use warden_control_plane::Call;

use crate::aws::{Aws, SQS};
use crate::checks::dead_letters::Facts;
use crate::subject::Subject;

/// What the queue holds, of a stack that has one.
pub(crate) async fn gather(aws: &Aws, subject: &Subject) -> Option<Facts> {
    let body = json!({
        "QueueUrl": subject.output("DeadLetterQueueUrl")?,
        "AttributeNames": ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    });
    let queue = aws.ask(SQS, "sqs:GetQueueAttributes", Call::rpc("AmazonSQS.GetQueueAttributes", &body)).await;
    Some(Facts { stack: subject.stack.name.clone(), queue })
}
