//! `pii-detector` on Lambda.

use pii_detector::PiiDetector;
use warden_aws::{Bedrock, BedrockSettings, S3ObjectStore, sdk_config};
use warden_lambda::{
    Stopped,
    settings::{Environment, ModelSettings, flag, image_token_budget, judge_documents, pii_policy},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let bedrock = BedrockSettings { region: model.region.clone(), timeout: model.timeout, guardrail: None };
    let sdk = sdk_config();
    let detector = PiiDetector {
        token_budget: image_token_budget(&Environment)?,
        policy: pii_policy(&Environment)?,
        documents: judge_documents(&Environment)?,
        reads_barcodes: flag(&Environment, "READ_BARCODES", true)?,
        store: S3ObjectStore::new(&sdk),
        model: model.of(Bedrock::new(&sdk, bedrock)),
    };
    warden_lambda::run(|event| detector.handle(event)).await
}
