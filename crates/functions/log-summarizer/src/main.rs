//! `log-summarizer` on Lambda.

use log_summarizer::{LogSummarizer, answer};
use warden_aws::{Bedrock, BedrockSettings, LedgerTable, sdk_config};
use warden_core::audit::summary::SummarizeWithModel;
use warden_lambda::{
    Stopped,
    budget::{Budget, Budgeted},
    claims::Claiming,
    rules::rules,
    settings::{
        Environment, ModelSettings, claims, daily_budget, judge_documents, summarize_with_model, uploads_to_judge,
    },
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let asked = summarize_with_model(&Environment)?;
    let bedrock = BedrockSettings { region: model.region.clone(), timeout: model.timeout, guardrail: None };
    let sdk = sdk_config();
    let budget = daily_budget(&Environment)?.map(|settings| {
        let ledger = LedgerTable::new(&sdk, &settings.ledger_name);
        Budget::new(&settings, ledger)
    });
    let claiming = claims(&Environment)?.map(|settings| {
        let ledger = LedgerTable::new(&sdk, &settings.ledger_name);
        Claiming::new(&settings, ledger)
    });
    let summarizer = LogSummarizer {
        model: (asked != SummarizeWithModel::None)
            .then(|| model.of(Budgeted { models: Bedrock::new(&sdk, bedrock), budget })),
        asked,
        rules: rules(&Environment)?,
        documents: judge_documents(&Environment)?,
        uploads: uploads_to_judge(&Environment)?,
    };
    warden_lambda::run(|request| answer(&summarizer, claiming.as_ref(), request)).await
}
