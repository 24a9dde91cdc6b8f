//! Copies in which what was found is covered. One is written only once it was judged clean itself, by all that judged
//! the object. Whatever goes wrong leaves the object to quarantine alone.

use bytes::Bytes;
use warden_core::{
    Error,
    audit::{self, CleanCopy, NotTried},
    image::{Content, HEAD_BYTES, Unreadable},
    pii::{Detection, Judgement},
    ports::{LedgerRecords, Models, ObjectFacts, ObjectRef, ObjectStore, ObjectWriter},
};
use warden_raster::Masked;

use crate::{Asked, PiiDetector, deadline::Deadline};

impl<S: ObjectStore + ObjectWriter, M: Models, L: LedgerRecords> PiiDetector<S, M, L> {
    /// Writes a copy of what was judged in which everything that counts is covered. What the model's calls for it cost
    /// is added to the detection.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn mask(&self, detection: &mut Detection, until: Deadline) -> Result<CleanCopy, NotTried> {
        let bucket = self.clean_bucket.as_deref().ok_or(NotTried::CopyFailed)?;
        let covers = audit::covers(detection, &self.policy)?;
        let bytes = self.judged_bytes(detection, until).await?;
        let Content::Image(format) = Content::of(&bytes[..bytes.len().min(HEAD_BYTES)]) else {
            return Err(NotTried::KindNotMasked);
        };
        let Masked { bytes, format } = warden_raster::masked(&bytes, format, &covers).map_err(|why| match why {
            Unreadable::UnsupportedFormat => NotTried::KindNotMasked,
            _ => NotTried::CopyFailed,
        })?;
        // What is shown is what is written.
        let copy = Bytes::from(bytes);
        let metadata = warden_raster::metadata(format, &copy);
        let reading = self.reader.reading();
        let shown = warden_raster::views_and_read(copy.to_vec(), format, self.token_budget, reading);
        let shown = shown.map_err(|_| NotTried::CopyFailed)?;
        let (judgement, asked) = self.judge_views(shown, until).await.map_err(failed)?;
        let before = Asked { model: detection.model.take(), told_before: false };
        detection.model = before.and(asked).model;
        let metadata = self.policy.apply(Judgement::of_findings(metadata));
        if !matches!(self.policy.apply(judgement).and(metadata), Judgement::Clean(_)) {
            return Err(NotTried::CopyNotClean);
        }
        let key = &detection.object.key;
        let written = until.of(self.store.write(bucket, key, copy, format.media_type())).await;
        written.ok_or(NotTried::CopyFailed)?.map_err(failed)?;
        Ok(CleanCopy { bucket: bucket.to_owned(), key: key.clone() })
    }

    /// The bytes that were judged, read once more.
    async fn judged_bytes(&self, detection: &Detection, until: Deadline) -> Result<Vec<u8>, NotTried> {
        let judged = detection.object.clone();
        let object = ObjectRef { bucket: judged.bucket, key: judged.key, version: judged.version.clone() };
        let facts =
            ObjectFacts { version: judged.version, etag: judged.etag, size: judged.size, sha256: judged.sha256 };
        let read = until.of(self.bytes(&object, &facts)).await.ok_or(NotTried::CopyFailed)?;
        read.map_err(failed)?.ok_or(NotTried::CopyFailed)
    }
}

/// Trouble with the copy is told in the log, and keeps nothing from quarantine.
#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn failed(error: Error) -> NotTried {
    tracing::warn!(error = error.name().as_str(), "no masked copy");
    NotTried::CopyFailed
}
