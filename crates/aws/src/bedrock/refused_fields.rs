//! Which fields Bedrock refused in the life of this process.

use std::sync::{Mutex, PoisonError};

use warden_core::bedrock::{OptionalField, RefusedFields};

/// The fields that it refuses whatever is asked.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<Vec<OptionalField>>);

impl Remembered {
    /// Takes out of a body what would be refused.
    pub(super) fn take_out(&self, body: &mut Vec<u8>) {
        let fields = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !fields.is_empty() {
            RefusedFields { fields, always: true }.take_out(body);
        }
    }

    /// Tells that these were left out, and leaves them out from now on if others would be refused for them too.
    pub(super) fn tell(&self, refused: &RefusedFields, left_out: &[OptionalField], model_id: &str) {
        let names: Vec<_> = left_out.iter().map(|field| field.name()).collect();
        tracing::warn!(
            fields = names.join(","),
            model = model_id,
            remembered = refused.always,
            "Bedrock refused fields of the request, which is made again without them"
        );
        tracing::info!(target: "metrics", FieldsRefused = left_out.len() as u64);
        if refused.always {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(left_out);
        }
    }
}
