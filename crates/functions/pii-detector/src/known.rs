//! Verdicts on bytes that were judged before.

use serde_json::{Map, json};
use warden_core::{
    pii::{Judgement, known},
    ports::LedgerRecords,
};

/// Seconds that a verdict answers for the same bytes.
const KEPT_SECONDS: i64 = 90 * 86_400;

/// Where verdicts are kept by the bytes that they are on.
pub struct KnownVerdicts<L> {
    /// The ledger.
    pub ledger: L,
    /// The version of the code that judges; what it reads without the model changes with it.
    pub code: String,
    /// Now, in seconds since 1970.
    pub clock: fn() -> i64,
}

impl<L: LedgerRecords> KnownVerdicts<L> {
    /// What is known of these bytes. Without the ledger nothing is.
    pub(crate) async fn of(&self, sha256: &str, judged_by: &str) -> Option<Judgement> {
        let key = |event: &str| (known::partition(sha256), event.to_owned());
        match self.ledger.with_keys(&[key(judged_by), key(known::RESTORED)]).await {
            Ok(records) => known::judgement(&records, judged_by),
            Err(error) => {
                tracing::warn!(error = error.name().as_str(), "what is known of these bytes could not be read");
                None
            }
        }
    }

    /// Keeps a verdict, if it is one.
    pub(crate) async fn keep(&self, sha256: &str, judged_by: &str, judgement: &Judgement) {
        let Some(kept) = known::kept(judgement) else { return };
        let fields = Map::from_iter([
            ("judgement".to_owned(), json!(kept)),
            ("expires".to_owned(), json!((self.clock)() + KEPT_SECONDS)),
        ]);
        if let Err(error) = self.ledger.set(&known::partition(sha256), judged_by, &fields).await {
            tracing::warn!(error = error.name().as_str(), "a verdict on these bytes could not be kept");
        }
    }
}
