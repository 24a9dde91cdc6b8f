//! `generate-api` on Lambda.

use generate_api::{GenerateApi, settings};
use warden_aws::{BedrockModels, sdk_config};
use warden_lambda::{Stopped, settings::Environment, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let settings = settings::read(&Environment)?;
    let sdk = sdk_config().await;
    let api = GenerateApi {
        models: BedrockModels::new(&sdk, settings.region, settings.timeout, settings.guardrail),
        offer: settings.offer,
    };
    warden_lambda::run(|event| api.handle(event)).await
}
