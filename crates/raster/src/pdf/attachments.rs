//! Files that a document carries.

use std::{borrow::Cow, sync::Arc};

use hayro::hayro_syntax::{
    Pdf,
    object::{Dict, MaybeRef, Name, Object, ObjectIdentifier, Stream, dict::keys},
};
use warden_core::{
    image::{Content, HEAD_BYTES, ImageFormat, Unreadable},
    pii::Finding,
};

use super::integrity;
use crate::{Share, Shown, metadata, views_within};

/// Most files that are looked at.
const MAX_FILES: usize = 16;

/// How deep documents in documents are looked into.
const MAX_DEPTH: usize = 2;

/// How deep dictionaries and arrays in an object are searched for files.
const MAX_NESTED: usize = 16;

/// The files in a document, wherever they hang. Each may be large: they are decoded one after the other.
pub(super) fn of(pdf: &Pdf) -> Vec<Result<Stream<'_>, Unreadable>> {
    let mut files = Files::default();
    for object in pdf.objects() {
        files.look_into(object, 0);
        if files.seen.len() > MAX_FILES {
            files.found.push(Err(Unreadable::EmbeddedFile));
            break;
        }
    }
    files.found
}

#[derive(Default)]
struct Files<'a> {
    seen: Vec<ObjectIdentifier>,
    found: Vec<Result<Stream<'a>, Unreadable>>,
}

impl<'a> Files<'a> {
    /// Adds the files that an object is, or describes, or that what is written in it describes. What it refers to is
    /// an object of its own.
    fn look_into(&mut self, object: Object<'a>, depth: usize) {
        let dictionary = match object {
            Object::Stream(stream) => {
                let dictionary = stream.dict().clone();
                if dictionary.get::<Name<'_>>(keys::TYPE).is_some_and(|kind| kind.as_str() == "EmbeddedFile") {
                    self.add(&stream);
                }
                dictionary
            }
            Object::Dict(dictionary) => dictionary,
            Object::Array(array) if depth < MAX_NESTED => {
                for part in array.raw_iter() {
                    self.look_into_written(part, depth + 1);
                }
                return;
            }
            _ => return,
        };
        for key in [b"EF".as_slice(), b"RF"] {
            let Some(places) = dictionary.get::<Dict<'_>>(key) else { continue };
            // One file stands there for each kind of system, and in `RF` an array with those that belong to it.
            for name in places.keys() {
                match places.get::<Object<'_>>(&name) {
                    Some(Object::Stream(stream)) => self.add(&stream),
                    Some(Object::Array(related)) => related.iter::<Object<'_>>().for_each(|object| {
                        if let Object::Stream(stream) = object {
                            self.add(&stream);
                        }
                    }),
                    _ => self.found.push(Err(Unreadable::DamagedDocument)),
                }
            }
        }
        if depth < MAX_NESTED {
            for (_, part) in dictionary.entries() {
                self.look_into_written(part, depth + 1);
            }
        }
    }

    fn look_into_written(&mut self, part: MaybeRef<Object<'a>>, depth: usize) {
        if let MaybeRef::NotRef(object) = part {
            self.look_into(object, depth);
        }
    }

    fn add(&mut self, stream: &Stream<'a>) {
        if self.seen.len() > MAX_FILES || self.seen.contains(&stream.obj_id()) {
            return;
        }
        self.seen.push(stream.obj_id());
        if self.seen.len() <= MAX_FILES {
            self.found.push(Ok(stream.clone()));
        }
    }
}

/// The bytes of a file in a document.
fn bytes<'a>(file: &'a Stream<'_>) -> Result<Cow<'a, [u8]>, Unreadable> {
    let bytes = file.decoded_data().map_err(|_| Unreadable::DamagedDocument)?;
    if integrity::is_whole(file) { Ok(bytes) } else { Err(Unreadable::DamagedDocument) }
}

/// What a file in a document shows.
///
/// # Errors
/// [`Unreadable::EmbeddedFile`] for one that is neither a picture nor a document, or too deep;
/// [`Unreadable::DamagedDocument`] where not all of it is there.
pub(super) fn views(file: &Stream<'_>, share: &Share, depth: usize) -> Result<Shown, Unreadable> {
    let file = bytes(file)?;
    match Content::of(&file[..file.len().min(HEAD_BYTES)]) {
        Content::Image(format) if depth < MAX_DEPTH => views_within(&file, format, share, depth + 1),
        Content::Avif => Err(Unreadable::Avif),
        _ => Err(Unreadable::EmbeddedFile),
    }
}

/// What the metadata of a file in a document tells, which stands so deep in others.
pub(super) fn findings(file: &Stream<'_>, depth: usize) -> Vec<Finding> {
    let Ok(file) = bytes(file) else { return Vec::new() };
    match Content::of(&file[..file.len().min(HEAD_BYTES)]) {
        Content::Image(ImageFormat::Pdf) if depth < MAX_DEPTH => {
            super::told(&Arc::new(file.to_vec()), depth + 1).unwrap_or_default()
        }
        Content::Image(ImageFormat::Pdf) => Vec::new(),
        Content::Image(format) => metadata(format, &file),
        _ => Vec::new(),
    }
}
