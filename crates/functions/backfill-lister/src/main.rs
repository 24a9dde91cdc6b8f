//! `backfill-lister` on Lambda.

use backfill_lister::{BackfillLister, Limits};
use warden_aws::{LedgerTable, S3ObjectStore, sdk_config};
use warden_lambda::{
    Stopped, clock,
    settings::{
        Environment, Variables, backfill_bucket_name, judge_documents, ledger_name, ledger_settings, uploads_to_judge,
    },
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let sdk = sdk_config();
    let store = S3ObjectStore::new(&sdk);
    let lister = BackfillLister {
        versions: store.clone(),
        parts: store,
        ledger: LedgerTable::new(&sdk, &ledger_name(&Environment)?),
        parts_bucket: backfill_bucket_name(&Environment)?,
        uploads: uploads_to_judge(&Environment)?,
        documents: judge_documents(&Environment)?,
        ledger_settings: ledger_settings(&Environment)?,
        stack: Environment.get("STACK_NAME"),
        clock: clock::millis,
        limits: Limits::default(),
    };
    warden_lambda::run(|event| lister.handle(event)).await
}
