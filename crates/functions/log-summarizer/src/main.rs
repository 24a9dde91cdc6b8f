//! `log-summarizer` on Lambda.

use log_summarizer::LogSummarizer;
use warden_aws::{BedrockModel, BedrockSettings, sdk_config};
use warden_core::{bedrock::Capabilities, cloudtrail::UploadsToJudge, threat::RuleSet};
use warden_lambda::{
    Stopped,
    settings::{Environment, ModelSettings, flag},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let every_upload = flag(&Environment, "JUDGE_EVERY_UPLOAD", false)?;
    let bedrock = BedrockSettings { model_id: model.model_id, region: model.region, timeout: model.timeout };
    let summarizer = LogSummarizer {
        model: BedrockModel::new(&sdk_config().await, bedrock),
        capabilities: Capabilities::of(&model.base_model_id),
        max_tokens: model.max_tokens,
        rules: RuleSet::shipped()?,
        uploads: if every_upload { UploadsToJudge::All } else { UploadsToJudge::LikelyImages },
    };
    warden_lambda::run(|event| summarizer.handle(event)).await
}
