//! The pictures that are uploaded.

use serde::Serialize;

/// A picture of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// An identity card of nobody.
    WithPersonalData,
    /// A landscape without anybody.
    WithoutPersonalData,
}

impl Picture {
    /// Every picture.
    pub const ALL: [Self; 2] = [Self::WithPersonalData, Self::WithoutPersonalData];

    /// The file's name.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::WithPersonalData => "id-card.png",
            Self::WithoutPersonalData => "landscape.jpg",
        }
    }

    /// What the audit should say of it.
    #[must_use]
    pub const fn verdict(self) -> &'static str {
        match self {
            Self::WithPersonalData => "pii",
            Self::WithoutPersonalData => "clean",
        }
    }

    pub(crate) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::WithPersonalData => include_bytes!("../../../samples/id-card.png"),
            Self::WithoutPersonalData => include_bytes!("../../../samples/landscape.jpg"),
        }
    }

    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::WithPersonalData => "image/png",
            Self::WithoutPersonalData => "image/jpeg",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_is_of_its_media_type() {
        assert!(Picture::WithPersonalData.bytes().starts_with(b"\x89PNG"));
        assert!(Picture::WithoutPersonalData.bytes().starts_with(b"\xff\xd8\xff"));
    }
}
