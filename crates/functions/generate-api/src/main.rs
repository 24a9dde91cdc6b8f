//! `generate-api` on Lambda.

use generate_api::{GenerateApi, settings};
use warden_aws::{Bedrock, BedrockSettings, sdk_config};
use warden_lambda::{Stopped, settings::Environment, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let settings = settings::read(&Environment)?;
    let (region, timeout, guardrail) = (settings.region, settings.timeout, settings.guardrail);
    let models = Bedrock::new(&sdk_config().await, BedrockSettings { region, timeout, guardrail });
    let api = GenerateApi { models, offer: settings.offer };
    warden_lambda::run(|event| api.handle(event)).await
}
