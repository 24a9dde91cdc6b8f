//! `invocation-logging` on Lambda.

use std::sync::Arc;

use invocation_logging::CustomResource;
use warden_aws::{BedrockLogging, ResponseUrls, SsmParameters, sdk_config};
use warden_lambda::{Stopped, settings::Environment, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let sdk = sdk_config();
    let resource = Arc::new(CustomResource {
        logging: BedrockLogging::new(&sdk),
        parameters: SsmParameters::new(&sdk),
        answers: ResponseUrls::default(),
    });
    warden_lambda::run(|event| Arc::clone(&resource).handle(event)).await
}
