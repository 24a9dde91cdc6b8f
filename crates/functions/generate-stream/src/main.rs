//! `generate-stream` on Lambda.

use generate_stream::{GenerateStream, settings};
use warden_aws::{BedrockModels, BedrockModelsSettings, sdk_config};
use warden_lambda::{Stopped, settings::Environment, streaming, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let settings = settings::read(&Environment)?;
    let (region, guardrail) = (settings.region, settings.guardrail);
    let bedrock = BedrockModelsSettings { region, timeout: settings.limits.receive_timeout, guardrail };
    let models = BedrockModels::new(&sdk_config().await, bedrock);
    let api = &GenerateStream::new(models, settings.offer, settings.limits);
    streaming::run(|event, invocation_id| async move { api.handle(event, &invocation_id).await }).await
}
