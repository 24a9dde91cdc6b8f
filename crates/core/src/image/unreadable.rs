//! Why an object cannot be judged.

use crate::{named::named, ports::Seal};

named! {
    /// Why an object cannot be judged.
    pub enum Unreadable {
        Empty = "empty_object": "the object is empty",
        NotAnImage = "not_an_image": "the object's bytes are not an image",
        UnsupportedFormat = "unsupported_format": "the object is not a JPEG, PNG, GIF, WebP, TIFF, BMP, ICO, PNM or HEIC image, nor a PDF, or it is of a kind that is not read",
        Avif = "avif": "the picture is coded as AV1 (AVIF), which nothing here reads",
        Damaged = "damaged_image": "the image is damaged: it cannot be decoded",
        EncryptedDocument = "encrypted_document": "the document is encrypted, and needs a password or another program",
        DamagedDocument = "damaged_document": "the document is damaged, or something on its pages cannot be shown",
        TooManyPages = "too_many_pages": "the document has more than 12 pages; the first 12 hold no personal data",
        EmbeddedFile = "embedded_file": "the document carries a file that is neither a picture nor a PDF, or more files than are looked at",
        TooLarge = "too_large": "the image is over 134,217,728 bytes or 100,000,000 pixels, takes over 400 MiB to decode, or is not readable within IMAGE_TOKEN_BUDGET",
        Archived = "archived": "the object is archived and must be restored first",
        CustomerKey = "encrypted_with_customer_key": "the object is encrypted with a key that only its writer has (SSE-C)",
    }
}

impl From<Seal> for Unreadable {
    fn from(seal: Seal) -> Self {
        match seal {
            Seal::Archived => Self::Archived,
            Seal::CustomerKey => Self::CustomerKey,
        }
    }
}
