//! What a key's extension says of the object: a hint of its media type, or that
//! it surely is no image.
//!
//! A short table on purpose: an extension that is not in it is looked at, so
//! each one added to the second list takes a kind of upload out of sight.

/// What a key's extension says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    /// An image of this media type.
    Image(&'static str),
    /// Something that is usually no image.
    NotAnImage,
    /// There is none, or it says nothing.
    Unknown,
}

const IMAGES: [(&str, &str); 20] = [
    ("apng", "image/apng"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("dib", "image/bmp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("ico", "image/vnd.microsoft.icon"),
    ("jfif", "image/jpeg"),
    ("jpe", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("jp2", "image/jp2"),
    ("jxl", "image/jxl"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("svgz", "image/svg+xml"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("webp", "image/webp"),
];

const OTHERS: [&str; 52] = [
    // text, data, code
    "c", "conf", "cpp", "css", "csv", "go", "h", "htm", "html", "java", "js", "json", "jsonl", "log", "md", "ndjson",
    "parquet", "php", "py", "rb", "rs", "sh", "sql", "toml", "ts", "tsv", "txt", "xml", "yaml",
    "yml", // archives and programs
    "7z", "bz2", "dll", "exe", "gz", "jar", "so", "tar", "tgz", "war", "wasm", "xz", "zip", "zst",
    // sound and moving pictures
    "aac", "flac", "m4a", "mkv", "mov", "mp3", "mp4", "wav",
];

/// What the extension of a key says, in any case of its letters.
pub(super) fn of(key: &str) -> Extension {
    let file = key.rsplit('/').next().unwrap_or(key);
    let Some((_, extension)) = file.rsplit_once('.') else {
        return Extension::Unknown;
    };
    let extension = extension.to_ascii_lowercase();
    if let Some((_, media_type)) = IMAGES.iter().find(|(name, _)| *name == extension) {
        Extension::Image(media_type)
    } else if OTHERS.contains(&extension.as_str()) {
        Extension::NotAnImage
    } else {
        Extension::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_extension_of_the_file_name_counts_in_any_case() {
        let cases = [
            ("uploads/a.jpg", Extension::Image("image/jpeg")),
            ("A.JPeG", Extension::Image("image/jpeg")),
            ("scan.tar.png", Extension::Image("image/png")),
            ("신분증.webp", Extension::Image("image/webp")),
            ("table.csv", Extension::NotAnImage),
            ("table.CSV", Extension::NotAnImage),
            ("a.png.gz", Extension::NotAnImage),
            ("no-extension", Extension::Unknown),
            ("folder.txt/no-extension", Extension::Unknown),
            ("folder/", Extension::Unknown),
            ("document.pdf", Extension::Unknown),
            ("a.png ", Extension::Unknown),
            ("a.", Extension::Unknown),
            ("", Extension::Unknown),
        ];
        for (key, expected) in cases {
            assert_eq!(of(key), expected, "{key:?}");
        }
    }

    #[test]
    fn no_extension_is_both_an_image_and_not() {
        for (extension, _) in IMAGES {
            assert!(!OTHERS.contains(&extension), "{extension}");
        }
    }
}
