//! `bedrock-stream` on Lambda.

use warden_aws::{Bedrock, BedrockSettings, sdk_config};
use warden_lambda::{
    Stopped,
    chat::ChatSettings,
    settings::{Environment, bedrock_region, model},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let settings = ChatSettings::read(&Environment, model(&Environment)?)?;
    let timeout = settings.limits.receive_timeout;
    let bedrock = BedrockSettings { region: bedrock_region(&Environment), timeout, guardrail: None };
    let models = Bedrock::new(&sdk_config(), bedrock);
    warden_lambda::chat::run(bedrock_stream::chat(models, settings)).await
}
