//! `image-analyzer` on Lambda.

use image_analyzer::ImageAnalyzer;
use warden_aws::{Bedrock, BedrockSettings, S3ObjectStore, sdk_config};
use warden_lambda::{
    Stopped,
    settings::{Environment, ModelSettings, image_token_budget},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let bedrock = BedrockSettings { region: model.region.clone(), timeout: model.timeout, guardrail: None };
    let sdk = sdk_config();
    let analyzer = ImageAnalyzer {
        token_budget: image_token_budget(&Environment)?,
        store: S3ObjectStore::new(&sdk),
        model: model.of(Bedrock::new(&sdk, bedrock)),
    };
    warden_lambda::run(|event| analyzer.handle(event)).await
}
