//! `generate-stream` on Lambda.

use generate_stream::{GenerateStream, settings};
use warden_aws::{Bedrock, BedrockSettings, sdk_config};
use warden_lambda::{Stopped, settings::Environment, streaming, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let settings = settings::read(&Environment)?;
    let (region, guardrail) = (settings.region, settings.guardrail);
    let bedrock = BedrockSettings { region, timeout: settings.limits.receive_timeout, guardrail };
    let models = Bedrock::new(&sdk_config().await, bedrock);
    let api = &GenerateStream::new(models, settings.offer, settings.limits);
    streaming::run(|event, invocation_id| async move { api.handle(event, &invocation_id).await }).await
}
