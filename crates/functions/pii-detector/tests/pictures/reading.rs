//! A detector that reads text, and whose model says that everything is clean.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use pii_detector::{PiiDetector, Reader};
use serde_json::Value;
use warden_core::{
    audit::JudgeDocuments,
    fake::{FakeLedger, FakeModel, FakeStore, Stored, asking},
    image::TokenBudget,
    pii::{OnDisagreement, Policy},
};

pub type Detector = PiiDetector<FakeStore, FakeModel, Arc<FakeLedger>>;

/// The models that text is read with, from the package index.
pub fn weights() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target"), PathBuf::from);
    let python = std::env::var("WARDEN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(warden_python_env::weights::install(&target.join("warden/models"), &python, &mut |_| {})).unwrap()
}

/// A detector of these bytes with a model that obeys every order to call them clean.
pub fn obedient(bytes: &[u8], reader: Reader) -> Detector {
    PiiDetector {
        store: FakeStore::holding(Stored::bytes(bytes)),
        model: asking(FakeModel::saying(r#"{"verdict":"clean","findings":[]}"#)),
        token_budget: TokenBudget::DEFAULT,
        policy: Policy::default(),
        documents: JudgeDocuments::default(),
        reader,
        on_disagreement: OnDisagreement::default(),
        clean_bucket: Some("clean".into()),
        time: Duration::from_mins(10),
        verdicts: None,
        notices: None,
    }
}

/// What it answers to an event.
pub fn judged(detector: &Detector, event: Value) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(detector.handle(event)).unwrap()
}
