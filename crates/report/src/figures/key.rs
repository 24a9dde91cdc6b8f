//! What is shown of the key of an object.

use warden_core::{
    audit::is_document,
    image::{extension, media_type_of_key},
};

/// An object, for people. Unless keys are shown in full, only the extension of a picture or a document is: any other part
/// may name somebody, folders and unknown extensions too.
pub(super) fn object(bucket: Option<&str>, key: Option<&str>, in_full: bool) -> String {
    match (bucket, key) {
        (Some(bucket), Some(key)) if in_full => format!("s3://{bucket}/{key}"),
        (Some(bucket), Some(key)) => format!("s3://{bucket}/{}", masked(key)),
        _ => "an object".to_owned(),
    }
}

fn masked(key: &str) -> String {
    let known = extension(key).filter(|_| media_type_of_key(key).is_some() || is_document(key));
    known.map_or_else(|| "*".to_owned(), |extension| format!("*.{}", extension.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_the_extension_of_a_picture_or_a_document_is_shown_alone() {
        for (key, shown) in [
            ("cards/2026/alice-passport.png", "*.png"),
            ("alice@example.com/Passport.JPEG", "*.jpeg"),
            ("900101-1234567/contract.pdf", "*.pdf"),
            ("cards/alice", "*"),
            ("cards/alice.kim", "*"),
            ("cards/alice.kim@example.com", "*"),
            ("alice.png/scan", "*"),
            ("cards/", "*"),
            ("", "*"),
        ] {
            assert_eq!(masked(key), shown, "{key}");
        }
        assert_eq!(object(Some("b"), Some("cards/alice.png"), true), "s3://b/cards/alice.png");
    }
}
