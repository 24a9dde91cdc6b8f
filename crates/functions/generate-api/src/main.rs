//! `generate-api` on Lambda.

use generate_api::{DEFAULT_MODEL_TIMEOUT_SECONDS, GenerateApi};
use warden_aws::{Bedrock, BedrockSettings, sdk_config};
use warden_lambda::{
    Stopped,
    rest_api::ApiSettings,
    settings::{Environment, model_timeout},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let ApiSettings { offer, region, guardrail } = ApiSettings::read(&Environment)?;
    let timeout = model_timeout(&Environment, DEFAULT_MODEL_TIMEOUT_SECONDS)?;
    let models = Bedrock::new(&sdk_config(), BedrockSettings { region, timeout, guardrail });
    let api = GenerateApi { models, offer };
    warden_lambda::run(|event| api.handle(event)).await
}
