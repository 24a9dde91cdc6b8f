//! `pii-detector` on Lambda.

use std::time::Duration;

use pii_detector::{KnownVerdicts, PiiDetector, Reader, TextReader};
use warden_aws::{Bedrock, BedrockSettings, LedgerTable, S3ObjectStore, sdk_config};
use warden_lambda::{
    Stopped,
    budget::{Budget, Budgeted, SpentNotices},
    clock,
    settings::{
        Environment, KnownVerdictSettings, ModelSettings, Variables, daily_budget, flag, image_token_budget,
        judge_documents, known_verdicts, on_disagreement, pii_policy, recognizer_weights,
    },
    telemetry,
};

/// Time for one object, of the 240 seconds that the function has: reading it, drawing a PDF (60 at most), its barcodes
/// (10), its text and the model share it. What is left is for the policy's tags and the answer.
const TIME: Duration = Duration::from_secs(220);

/// Most time for the text of all pictures of a file: 26 seconds of a whole processor, of which the template's 576 MB bring a third.
const TIME_FOR_TEXT: Duration = Duration::from_secs(80);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let model = ModelSettings::read(&Environment)?;
    let bedrock = BedrockSettings { region: model.region.clone(), timeout: model.timeout, guardrail: None };
    let sdk = sdk_config();
    let text = recognizer_weights(&Environment).map(|weights| TextReader::new(weights, TIME_FOR_TEXT));
    if let Some(text) = &text {
        text.tell_what_is_missing();
    }
    let (budget, notices) = daily_budget(&Environment)?
        .map(|settings| {
            let ledger = LedgerTable::new(&sdk, &settings.ledger_name);
            (Budget::new(&settings, ledger.clone()), SpentNotices { ledger, clock: clock::seconds })
        })
        .unzip();
    let detector = PiiDetector {
        token_budget: image_token_budget(&Environment)?,
        policy: pii_policy(&Environment)?,
        documents: judge_documents(&Environment)?,
        reader: Reader { barcodes: flag(&Environment, "READ_BARCODES", true)?, text },
        on_disagreement: on_disagreement(&Environment)?,
        clean_bucket: Environment.get("CLEAN_BUCKET_NAME"),
        time: TIME,
        verdicts: known_verdicts(&Environment)?.map(|KnownVerdictSettings { ledger_name, code }| KnownVerdicts {
            ledger: LedgerTable::new(&sdk, &ledger_name),
            code,
            clock: clock::seconds,
        }),
        notices,
        store: S3ObjectStore::new(&sdk),
        model: model.of(Budgeted { models: Bedrock::new(&sdk, bedrock), budget }),
    };
    warden_lambda::run(|event| detector.handle(event)).await
}
