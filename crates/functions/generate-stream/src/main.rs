//! `generate-stream` on Lambda.

use generate_stream::GenerateStream;
use warden_aws::{Bedrock, BedrockSettings, sdk_config};
use warden_lambda::{
    Stopped,
    rest_api::ApiSettings,
    settings::Environment,
    streaming::{self, StreamLimits},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let ApiSettings { offer, region, guardrail } = ApiSettings::read(&Environment)?;
    let limits = StreamLimits::read(&Environment)?;
    let bedrock = BedrockSettings { region, timeout: limits.receive_timeout, guardrail };
    let models = Bedrock::new(&sdk_config(), bedrock);
    let api = &GenerateStream::new(models, offer, limits);
    streaming::run(|event, invocation_id| async move { api.handle(event, &invocation_id).await }).await
}
