//! Calls that fail at random: `engine/faults.py` carries it out.

use serde_json::{Value, json};

/// The calls of an audit but those of the model, with the error by which each fails.
const CALLS: [(&str, &str, &str, &str); 7] = [
    ("task", "lambda", "Invoke", "Lambda.ServiceException"),
    ("request", "dynamodb", "TransactWriteItems", "InternalServerError"),
    ("task", "dynamodb", "UpdateItem", "DynamoDb.InternalServerErrorException"),
    ("request", "sns", "Publish", "InternalError"),
    ("task", "sns", "Publish", "Sns.InternalErrorException"),
    ("task", "s3", "DeleteObject", "S3.S3Exception"),
    ("request", "s3", "GetObject", "SlowDown"),
];

/// Has this share of the calls fail from here on.
pub(super) async fn order(endpoint: &str, share: f64) -> Result<(), reqwest::Error> {
    let order = |(of, service, action, error)| json!({"of": of, "service": service, "action": action, "share": share, "does": "refuse", "error": error, "status": 503});
    send(endpoint, &Value::from_iter(CALLS.map(order))).await
}

/// Has no call fail from here on.
pub(super) async fn lift(endpoint: &str) -> Result<(), reqwest::Error> {
    send(endpoint, &json!([])).await
}

async fn send(endpoint: &str, orders: &Value) -> Result<(), reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    client.post(format!("{endpoint}/_warden/faults")).json(orders).send().await?.error_for_status().map(drop)
}
