//! `log-summarizer` on Lambda.

use log_summarizer::LogSummarizer;
use warden_aws::{Bedrock, BedrockSettings, sdk_config};
use warden_core::cloudtrail::UploadsToJudge;
use warden_lambda::{
    Stopped,
    rules::rules,
    settings::{Environment, ModelSettings, flag, judge_documents},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let with_model = flag(&Environment, "SUMMARIZE_WITH_MODEL", true)?;
    let every_upload = flag(&Environment, "JUDGE_EVERY_UPLOAD", false)?;
    let bedrock = BedrockSettings { region: model.region.clone(), timeout: model.timeout, guardrail: None };
    let summarizer = LogSummarizer {
        model: if with_model { Some(model.of(Bedrock::new(&sdk_config(), bedrock))) } else { None },
        rules: rules(&Environment)?,
        documents: judge_documents(&Environment)?,
        uploads: if every_upload { UploadsToJudge::All } else { UploadsToJudge::LikelyImages },
    };
    warden_lambda::run(|event| summarizer.handle(event)).await
}
