//! `log-summarizer` on Lambda.

use log_summarizer::LogSummarizer;
use warden_aws::{BedrockModel, BedrockSettings, sdk_config};
use warden_core::{bedrock::Capabilities, cloudtrail::UploadsToJudge};
use warden_lambda::{
    Stopped,
    rules::rules,
    settings::{Environment, ModelSettings, flag},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let with_model = flag(&Environment, "SUMMARIZE_WITH_MODEL", true)?;
    let every_upload = flag(&Environment, "JUDGE_EVERY_UPLOAD", false)?;
    let bedrock = BedrockSettings { model_id: model.model_id, region: model.region, timeout: model.timeout };
    let summarizer = LogSummarizer {
        model: if with_model { Some(BedrockModel::new(&sdk_config().await, bedrock)) } else { None },
        capabilities: Capabilities::of(&model.base_model_id),
        max_tokens: model.max_tokens,
        rules: rules(&Environment)?,
        uploads: if every_upload { UploadsToJudge::All } else { UploadsToJudge::LikelyImages },
    };
    warden_lambda::run(|event| summarizer.handle(event)).await
}
