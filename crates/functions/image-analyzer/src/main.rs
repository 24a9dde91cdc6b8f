//! `image-analyzer` on Lambda.

use image_analyzer::ImageAnalyzer;
use warden_aws::{BedrockModel, BedrockSettings, S3ObjectStore, S3Settings, sdk_config};
use warden_core::bedrock::Capabilities;
use warden_lambda::{
    Stopped,
    settings::{Environment, ModelSettings, image_token_budget, s3_force_path_style},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let s3 = S3Settings { force_path_style: s3_force_path_style(&Environment)? };
    let sdk = sdk_config().await;
    let analyzer = ImageAnalyzer {
        capabilities: Capabilities::of(&model.base_model_id),
        max_tokens: model.max_tokens,
        token_budget: image_token_budget(&Environment)?,
        store: S3ObjectStore::new(&sdk, s3),
        model: BedrockModel::new(
            &sdk,
            BedrockSettings { model_id: model.model_id, region: model.region, timeout: model.timeout },
        ),
    };
    warden_lambda::run(|event| analyzer.handle(event)).await
}
