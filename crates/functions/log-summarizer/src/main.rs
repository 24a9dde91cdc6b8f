//! `log-summarizer` on Lambda.

use log_summarizer::LogSummarizer;
use warden_aws::{Bedrock, BedrockSettings, sdk_config};
use warden_core::audit::summary::SummarizeWithModel;
use warden_lambda::{
    Stopped,
    rules::rules,
    settings::{Environment, ModelSettings, judge_documents, summarize_with_model, uploads_to_judge},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let asked = summarize_with_model(&Environment)?;
    let bedrock = BedrockSettings { region: model.region.clone(), timeout: model.timeout, guardrail: None };
    let summarizer = LogSummarizer {
        model: (asked != SummarizeWithModel::None).then(|| model.of(Bedrock::new(&sdk_config(), bedrock))),
        asked,
        rules: rules(&Environment)?,
        documents: judge_documents(&Environment)?,
        uploads: uploads_to_judge(&Environment)?,
    };
    warden_lambda::run(|event| summarizer.handle(event)).await
}
