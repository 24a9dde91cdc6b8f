//! Copies in which what was found is covered. One is written only once it was judged clean itself, by all that judged
//! the object. Whatever goes wrong leaves the object to quarantine alone.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use warden_core::{
    Error,
    audit::{self, CleanCopy, NotTried},
    image::{Content, Cover, HEAD_BYTES, ImageFormat, Unreadable},
    intake::MAX_DECODED_FILE,
    pii::{Detection, Enough, Judgement, Reason},
    ports::{LedgerRecords, Models, ObjectFacts, ObjectRef, ObjectStore, ObjectWriter, SpendRecords},
};
use warden_raster::Masked;

use crate::{Asked, PiiDetector, deadline::Deadline};

/// Least time that is left when a copy is begun: a PDF is drawn for it and then to be judged, which takes 60 seconds each
/// at most and heeds no deadline, and the search for its barcodes 10.
const LEAST_TIME: Duration = Duration::from_secs(130);

impl<S: ObjectStore + ObjectWriter, M: Models, L: LedgerRecords + SpendRecords> PiiDetector<S, M, L> {
    /// Writes a copy of what was judged in which everything that counts is covered. What the model's calls for it cost
    /// is added to the detection.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn mask(&self, detection: &mut Detection, until: Deadline) -> Result<CleanCopy, NotTried> {
        let bucket = self.clean_bucket.as_deref().ok_or(NotTried::CopyFailed)?;
        let covers = audit::covers(detection, &self.policy)?;
        if until.left() < LEAST_TIME {
            tracing::warn!("too little time is left for a masked copy");
            return Err(NotTried::CopyFailed);
        }
        let Masked { bytes: copy, format, pictures } = self.covered(detection, &covers, until).await?;
        // What is shown is what is written.
        let metadata = warden_raster::metadata(format, &copy);
        let shown = warden_raster::views_and_read(&copy, format, self.token_budget, self.reader.reading());
        let shown = shown.map_err(|_| NotTried::CopyFailed)?;
        // A frame that nobody looks at may show anything.
        let frames: BTreeSet<_> = shown.views.iter().map(|view| view.page).collect();
        if format == ImageFormat::Gif && frames.len() < pictures {
            return Err(NotTried::KindNotMasked);
        }
        let metadata = self.policy.apply(Judgement::of_findings(metadata));
        // Whatever the model says of these, they are not written.
        if shown.unread.is_some() || !matches!(metadata, Judgement::Clean(_)) {
            return Err(NotTried::CopyNotClean);
        }
        let looked = self.reader.look(&shown, until);
        if looked.overlooked && self.decided(&looked.floor, Enough::ANYTHING).is_none() {
            return Err(NotTried::CopyFailed);
        }
        let (judgement, asked) = self.judge_views(shown, looked, Enough::ANYTHING, until).await.map_err(failed)?;
        let overlooked = asked.overlooked;
        let before = Asked { model: detection.model.take(), ..Asked::default() };
        detection.model = before.and(asked).model;
        match self.policy.apply(judgement).and(metadata) {
            Judgement::Clean(_) if !overlooked => {}
            // It may be clean: not all of it could be looked at in code.
            Judgement::Clean(_) | Judgement::Undetermined(Reason::Budget) => return Err(NotTried::CopyFailed),
            _ => return Err(NotTried::CopyNotClean),
        }
        let copy = Bytes::from(copy);
        let key = &detection.object.key;
        let written = until.of(self.store.write(bucket, key, copy, format.media_type())).await;
        written.ok_or(NotTried::CopyFailed)?.map_err(failed)?;
        Ok(CleanCopy { bucket: bucket.to_owned(), key: key.clone() })
    }

    /// A copy of the bytes that were judged, which are read once more, in which this is covered.
    async fn covered(&self, detection: &Detection, covers: &[Cover], until: Deadline) -> Result<Masked, NotTried> {
        let bytes = self.judged_bytes(detection, until).await?;
        let Content::Image(format) = Content::of(&bytes[..bytes.len().min(HEAD_BYTES)]) else {
            return Err(NotTried::KindNotMasked);
        };
        warden_raster::masked(&bytes, format, covers).map_err(|why| match why {
            Unreadable::UnsupportedFormat => NotTried::KindNotMasked,
            _ => NotTried::CopyFailed,
        })
    }

    /// The bytes that were judged, read once more.
    async fn judged_bytes(&self, detection: &Detection, until: Deadline) -> Result<Vec<u8>, NotTried> {
        let judged = detection.object.clone();
        let object = ObjectRef { bucket: judged.bucket, key: judged.key, version: judged.version.clone() };
        let facts =
            ObjectFacts { version: judged.version, etag: judged.etag, size: judged.size, sha256: judged.sha256 };
        let read = until.of(self.bytes(&object, &facts, MAX_DECODED_FILE)).await.ok_or(NotTried::CopyFailed)?;
        read.map_err(failed)?.ok_or(NotTried::CopyFailed)
    }
}

/// Trouble with the copy is told in the log, and keeps nothing from quarantine.
#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn failed(error: Error) -> NotTried {
    tracing::warn!(error = error.name().as_str(), "no masked copy");
    NotTried::CopyFailed
}
