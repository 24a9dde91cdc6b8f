//! What a key's extension says of the object when it is no image's.

use crate::image;

/// Extensions of what usually is no image. A short list on purpose: what is not
/// in it is looked at, so each entry takes a kind of upload out of sight.
const NO_IMAGES: [&str; 52] = [
    // text, data, code
    "c", "conf", "cpp", "css", "csv", "go", "h", "htm", "html", "java", "js", "json", "jsonl", "log", "md", "ndjson",
    "parquet", "php", "py", "rb", "rs", "sh", "sql", "toml", "ts", "tsv", "txt", "xml", "yaml", "yml",
    // archives and programs
    "7z", "bz2", "dll", "exe", "gz", "jar", "so", "tar", "tgz", "war", "wasm", "xz", "zip", "zst",
    // sound and moving pictures
    "aac", "flac", "m4a", "mkv", "mov", "mp3", "mp4", "wav",
];

/// Whether the key ends, in any case of its letters, in an extension of what
/// usually is no image. An unknown extension or none says nothing.
pub(super) fn is_usually_no_image(key: &str) -> bool {
    image::extension(key).is_some_and(|extension| NO_IMAGES.iter().any(|other| other.eq_ignore_ascii_case(extension)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_extension_of_the_file_name_counts_in_any_case() {
        for key in ["table.csv", "a/b/TABLE.CsV", "a.png.gz", ".json", "신분증.zip"] {
            assert!(is_usually_no_image(key), "{key:?}");
        }
        for key in [
            "a.jpg",
            "A.PNG",
            "scan.tar.png",
            "scan.2026-11-20",
            "document.pdf",
            "no-extension",
            "folder.txt/no-extension",
            "folder.txt/",
            "a.csv ",
            "a.",
            "csv",
            "",
        ] {
            assert!(!is_usually_no_image(key), "{key:?}");
        }
    }

    #[test]
    fn no_extension_of_an_image_is_among_them() {
        for extension in NO_IMAGES {
            assert_eq!(image::media_type_of_key(&format!("a.{extension}")), None);
        }
    }
}
