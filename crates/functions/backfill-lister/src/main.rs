//! `backfill-lister` on Lambda.

use std::time::{SystemTime, UNIX_EPOCH};

use backfill_lister::{BackfillLister, Limits};
use warden_aws::{LedgerTable, S3ObjectStore, sdk_config};
use warden_lambda::{
    Stopped,
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
        clock: now_millis,
        limits: Limits::default(),
    };
    warden_lambda::run(|event| lister.handle(event)).await
}

/// Now, in milliseconds since 1970.
fn now_millis() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
