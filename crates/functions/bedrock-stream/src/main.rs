//! `bedrock-stream` on Lambda.

use warden_aws::{BedrockModelsSettings, BedrockStream, sdk_config};
use warden_lambda::{
    Stopped,
    chat::ChatSettings,
    settings::{Environment, ModelSettings},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let settings = ChatSettings::read(&Environment, model.model_id)?;
    let timeout = settings.limits.receive_timeout;
    let bedrock = BedrockModelsSettings { region: model.region, timeout, guardrail: None };
    let models = BedrockStream::new(&sdk_config().await, bedrock);
    warden_lambda::chat::run(bedrock_stream::chat(models, settings)).await
}
