//! What becomes of documents that people upload beside their pictures.

use super::Action;
use crate::{named::named, pii::Detection};

/// Media type of the documents that are judged.
pub(super) const PDF: &str = "application/pdf";

named! {
    /// What is done with an uploaded PDF. A picture is deleted because nobody keeps one by duty;
    /// a contract holds names because it must.
    pub enum JudgeDocuments {
        Tell = "tell": "documents are judged and reported, and none is removed",
        Act = "act": "documents are treated as pictures are",
        Off = "off": "documents are not opened",
    }
}

// The table that makes the enum has no room for a default.
#[allow(clippy::derivable_impls)]
impl Default for JudgeDocuments {
    fn default() -> Self {
        Self::Tell
    }
}

impl JudgeDocuments {
    /// The action that `detection` calls for, as far as its object may be acted on.
    #[must_use]
    pub fn allowed(self, action: Action, detection: &Detection) -> Action {
        let object = &detection.object;
        let is_document = object.media_type.map_or_else(|| is_document(&object.key), |media_type| media_type == PDF);
        let removes = !matches!(action, Action::None | Action::Tag);
        if is_document && removes && self != Self::Act { Action::None } else { action }
    }

    /// Whether an upload is opened that its key calls a document, or not.
    #[must_use]
    pub fn opens(self, key: &str) -> bool {
        self != Self::Off || !is_document(key)
    }
}

/// Whether a key calls its object a document, by its extension in any case of its letters.
#[must_use]
pub fn is_document(key: &str) -> bool {
    crate::image::extension(key).is_some_and(|extension| extension.eq_ignore_ascii_case("pdf"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit::Handling,
        image::{ImageFormat, Unreadable},
        pii::{Judgement, Policy},
        ports::{ObjectFacts, ObjectRef},
    };

    fn found_in(media_type: &'static str) -> Detection {
        let object = ObjectRef { bucket: "b".into(), key: "k".into(), version: None };
        let facts = ObjectFacts { version: Some("v1".into()), etag: None, size: Some(9), sha256: None };
        Detection::judged(object, facts, media_type, Judgement::Pii(Vec::new()), None)
    }

    #[test]
    fn a_document_is_removed_only_where_a_setting_says_so() {
        for (media_type, documents, expected) in [
            ("image/png", JudgeDocuments::Tell, Action::DeleteVersion),
            ("image/png", JudgeDocuments::Off, Action::DeleteVersion),
            ("application/pdf", JudgeDocuments::Tell, Action::None),
            ("application/pdf", JudgeDocuments::Off, Action::None),
            ("application/pdf", JudgeDocuments::Act, Action::DeleteVersion),
        ] {
            let detection = found_in(media_type);
            let action = documents.allowed(Handling::default().wanted(&detection, &Policy::default()), &detection);
            assert_eq!(action, expected, "{media_type}, {documents}");
        }
    }

    #[test]
    fn a_document_that_nobody_can_read_is_no_more_removed_than_another() {
        for (key, format, documents, expected) in [
            ("contract.PDF", None, JudgeDocuments::Tell, Action::None),
            ("contract", Some(ImageFormat::Pdf), JudgeDocuments::Tell, Action::None),
            ("contract", Some(ImageFormat::Pdf), JudgeDocuments::Off, Action::None),
            ("contract.pdf", None, JudgeDocuments::Act, Action::Quarantine),
            ("scan", None, JudgeDocuments::Tell, Action::Quarantine),
            ("scan.pdf", Some(ImageFormat::Tiff), JudgeDocuments::Tell, Action::Quarantine),
        ] {
            let object = ObjectRef { bucket: "b".into(), key: key.into(), version: None };
            let facts = ObjectFacts { version: Some("v1".into()), etag: Some("e".into()), size: Some(9), sha256: None };
            let detection = Detection::unreadable(object, facts, Unreadable::TooLarge, format);
            let handling = Handling::read("delete;quarantine;").unwrap();
            let action = documents.allowed(handling.wanted(&detection, &Policy::default()), &detection);
            assert_eq!(action, expected, "{key} {format:?} {documents}");
        }
    }

    #[test]
    fn a_documents_key_is_opened_unless_a_setting_says_no() {
        for (key, off, tell) in [
            ("contract.pdf", false, true),
            ("a/b/CONTRACT.PdF", false, true),
            ("pdf", true, true),
            ("contract.pdf.png", true, true),
            ("folder.pdf/scan", true, true),
        ] {
            assert_eq!(JudgeDocuments::Off.opens(key), off, "{key}");
            assert_eq!(JudgeDocuments::Tell.opens(key), tell, "{key}");
            assert!(JudgeDocuments::Act.opens(key), "{key}");
        }
    }
}
