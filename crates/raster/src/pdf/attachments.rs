//! Files that a document carries.

use std::borrow::Cow;

use hayro::hayro_syntax::{
    Pdf,
    object::{Dict, Stream},
};
use warden_core::image::{Content, HEAD_BYTES, Unreadable};

use super::{dictionary, integrity};
use crate::{Share, Shown, views_within};

/// Most files that are looked at.
const MAX_FILES: usize = 16;

/// How deep documents in documents are looked into.
const MAX_DEPTH: usize = 2;

/// Keys under which one file stands for each kind of system.
const KEYS: [&[u8]; 5] = [b"UF", b"F", b"DOS", b"Mac", b"Unix"];

/// The files in a document, wherever they hang.
pub(super) fn of(pdf: &Pdf) -> Vec<Result<Cow<'_, [u8]>, Unreadable>> {
    let mut seen = Vec::new();
    let mut files = Vec::new();
    for object in pdf.objects() {
        let Some(places) = dictionary(object).and_then(|found| found.get::<Dict<'_>>(b"EF")) else { continue };
        for key in KEYS {
            let Some(stream) = places.get::<Stream<'_>>(key) else {
                if places.contains_key(key) {
                    files.push(Err(Unreadable::DamagedDocument));
                }
                continue;
            };
            if seen.contains(&stream.obj_id()) {
                continue;
            }
            seen.push(stream.obj_id());
            if seen.len() > MAX_FILES {
                files.push(Err(Unreadable::EmbeddedFile));
                return files;
            }
            let whole = integrity::is_whole(&stream);
            let data = stream.decoded_data().map_err(|_| Unreadable::DamagedDocument);
            files.push(if whole { data } else { Err(Unreadable::DamagedDocument) });
        }
    }
    files
}

/// What a file in a document shows.
///
/// # Errors
/// [`Unreadable::EmbeddedFile`] for one that is neither a picture nor a document, or too deep.
pub(super) fn views(file: &[u8], share: &Share, depth: usize) -> Result<Shown, Unreadable> {
    match Content::of(&file[..file.len().min(HEAD_BYTES)]) {
        Content::Image(format) if depth < MAX_DEPTH => views_within(file, format, share, depth + 1),
        Content::Avif => Err(Unreadable::Avif),
        _ => Err(Unreadable::EmbeddedFile),
    }
}
