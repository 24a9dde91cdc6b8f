//! What can be done with a system that is kept running, to be copied and run.

use crate::audit::Address;
use crate::engine::{ACCESS_KEY, REGION};

/// The commands that put something in, read what came out, and connect other tools.
#[must_use]
pub fn text(address: &Address) -> String {
    let Address { endpoint, model_endpoint, stack, .. } = address;
    let output = |name| address.outputs.get(name).map_or("", String::as_str);
    let bucket = output("UploadBucketName");
    format!(
        "\
The audit runs on this machine, for development. Ctrl-C ends it, and nothing is kept.

Upload a file, and see what becomes of it:
  cargo run --bin warden-local -- upload FILE
  curl --aws-sigv4 aws:amz:{REGION}:s3 --user {ACCESS_KEY}:{ACCESS_KEY} --upload-file FILE {endpoint}/{bucket}/uploads/
  aws s3 cp FILE s3://{bucket}/uploads/              (with the settings below)

Replay a recorded event:
  cargo run --bin warden-local -- replay events/log-summarizer/stop-logging.json

Read the alerts, each once:
  cargo run --bin warden-local -- alerts --follow

Try it with two pictures, and see what it lacks (with the settings below; a trail, among others):
  cargo run --bin warden -- selftest --stack {stack}
  cargo run --bin warden -- doctor --stack {stack}

Settings for the AWS CLI, `warden` and `cargo lambda watch`:
  export AWS_ENDPOINT_URL={endpoint}
  export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={model_endpoint}
  export AWS_REGION={REGION} AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={ACCESS_KEY}
  unset AWS_PROFILE AWS_SESSION_TOKEN

Upload bucket  {bucket}
Alert topic    {topic}
Replay bus     {bus}
State machine  {machine}",
        topic = output("AlertTopicArn"),
        bus = output("ReplayBusName"),
        machine = address.state_machine,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_name_what_this_system_is_called() {
        let outputs = [
            ("UploadBucketName", "uploads-1"),
            ("AlertTopicArn", "arn:aws:sns:us-west-2:123456789012:alerts"),
            ("ReplayBusName", "warden-local-replay"),
        ];
        let address = Address {
            endpoint: "http://127.0.0.1:40001".into(),
            model_endpoint: "http://127.0.0.1:40002".into(),
            stack: "warden-local".into(),
            outputs: outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            state_machine: "arn:aws:states:us-west-2:123456789012:stateMachine:security-audit".into(),
            alert_queue: "http://127.0.0.1:40001/123456789012/inbox".into(),
        };
        insta::assert_snapshot!(text(&address));
    }
}
