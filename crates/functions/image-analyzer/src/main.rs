//! `image-analyzer` on Lambda.

use image_analyzer::ImageAnalyzer;
use warden_aws::{Bedrock, BedrockSettings, LedgerTable, S3ObjectStore, sdk_config};
use warden_lambda::{
    Stopped,
    budget::{Budget, Budgeted},
    settings::{Environment, ModelSettings, daily_budget, image_token_budget},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let bedrock = BedrockSettings { region: model.region.clone(), timeout: model.timeout, guardrail: None };
    let sdk = sdk_config();
    let budget = daily_budget(&Environment)?.map(|settings| {
        let ledger = LedgerTable::new(&sdk, &settings.ledger_name);
        Budget::new(&settings, ledger)
    });
    let analyzer = ImageAnalyzer {
        token_budget: image_token_budget(&Environment)?,
        store: S3ObjectStore::new(&sdk),
        model: model.of(Budgeted { models: Bedrock::new(&sdk, bedrock), budget }),
    };
    warden_lambda::run(|event| analyzer.handle(event)).await
}
