//! What is often taken for a `CloudTrail` record and is none, told by its fields.

use serde_json::{Map, Value};

/// A field that tells what a document is, and how to send what is meant.
const SIGNS: [(&str, &str); 21] = [
    ("Records", "holds a list of `Records`; send one record at a time"),
    ("Events", "holds a list of `Events`, as LookupEvents answers; send the record in `CloudTrailEvent`"),
    ("CloudTrailEvent", "is an entry of LookupEvents; send the record that stands in `CloudTrailEvent` as text"),
    ("digestStartTime", "is a CloudTrail digest file, which holds hashes of log files and no record"),
    ("awslogs", "is a message of a CloudWatch Logs subscription; send the record in it"),
    ("logEvents", "is a message of a CloudWatch Logs subscription; send the record in it"),
    ("TopicArn", "is a message of SNS; send the record in `Message`"),
    ("Sns", "is a message of SNS; send the record in `Message`"),
    ("Message", "is a message of SNS; send the record in `Message`"),
    ("receiptHandle", "is a message of SQS; send the record in `body`"),
    ("ReceiptHandle", "is a message of SQS; send the record in `Body`"),
    ("Body", "is a message of SQS; send the record in `Body`"),
    ("Messages", "holds a list of `Messages`, as SQS answers; send the record in the `Body` of one"),
    ("executionArn", "is what DescribeExecution answers; send what stands in `input`"),
    ("Entries", "holds a list of `Entries` for PutEvents; send what stands in the `Detail` of one"),
    ("DetailType", "is an entry of PutEvents; send what stands in `Detail`"),
    ("events", "holds a list of `events`, as CloudWatch Logs answers; send the record in `message`"),
    ("message", "is an event of CloudWatch Logs; send the record in `message`"),
    ("eventData", "is a record of a CloudTrail Lake channel; send what stands in `eventData`"),
    ("class_uid", "is an event of Security Lake, in OCSF; send the CloudTrail record that it was made of"),
    ("QueryResultRows", "holds rows of a query in CloudTrail Lake; send one row as an object of its columns"),
];

/// What a document without an `eventName` is; `None` if nothing tells.
pub(super) fn without_event_name(document: &Map<String, Value>) -> Option<&'static str> {
    SIGNS.iter().find(|(field, _)| document.contains_key(*field)).map(|(_, is)| *is)
}

/// Whether a document is one record of a notification that S3, or a server
/// like it, sends by itself: it has an `eventName` and is no record of an API call.
pub(super) fn is_s3_notification(document: &Map<String, Value>) -> bool {
    let s3 = document.get("s3").and_then(Value::as_object);
    s3.is_some_and(|s3| s3.contains_key("object"))
        || document.get("eventSource").and_then(Value::as_str).is_some_and(|source| source == "aws:s3")
}
