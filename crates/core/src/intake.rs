//! An object's way into a request about it: its bytes are looked at as they
//! arrive and stop where nobody could judge them.

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    bedrock::{Capabilities, ImageBody, Question},
    error::Error,
    image::{self, Content, HEAD_BYTES, ImageFormat, MAX_EDGE_PIXELS, MAX_IMAGE_BYTES},
    ports::{ObjectBody, OpenObject},
};

/// Bytes within which a header is searched for an image's dimensions: metadata
/// of a JPEG may stand before them.
const DIMENSIONS_WITHIN: usize = 256 * 1024;

/// What became of an object's bytes.
pub enum Intake {
    /// A request that is ready to be sent.
    Request {
        /// The Messages body, the image in it.
        body: Vec<u8>,
        /// What the image is.
        format: ImageFormat,
        /// Its length in bytes, as counted.
        size: u64,
    },
    /// Nobody can judge it.
    Unreadable(Unreadable),
    /// Surely no picture, and nothing claimed that it was one.
    NotAnImage,
}

/// Why an object cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It has no bytes.
    Empty,
    /// It is called an image, and its bytes are none.
    NotAnImage,
    /// A picture in a format that models do not read, or bytes of no known format.
    UnsupportedFormat,
    /// Over [`MAX_IMAGE_BYTES`] or [`MAX_EDGE_PIXELS`].
    TooLarge,
}

impl Unreadable {
    /// The reason's name in a verdict.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty_object",
            Self::NotAnImage => "not_an_image",
            Self::UnsupportedFormat => "unsupported_format",
            Self::TooLarge => "too_large",
        }
    }

    /// The same in words.
    #[must_use]
    pub const fn problem(self) -> &'static str {
        match self {
            Self::Empty => "the object is empty",
            Self::NotAnImage => "the object's bytes are no image",
            Self::UnsupportedFormat => "the object is not a JPEG, PNG, GIF or WebP image",
            Self::TooLarge => "the image is over 3,932,160 bytes or 8,000 pixels along an edge, more than the model takes",
        }
    }
}

/// Reads an object into a request about it. `claims_image` says whether its
/// key or media type calls it an image.
///
/// Nothing more than needed is read: an object that is too large or no image
/// costs its first chunk.
///
/// # Errors
/// Those of [`ObjectBody::next_chunk`].
pub async fn read_image<B: ObjectBody>(
    object: &mut OpenObject<B>,
    claims_image: bool,
    question: &Question<'_>,
    model: Capabilities,
) -> Result<Intake, Error> {
    let mut chunks = Chunks { body: &mut object.body, read: Vec::new(), length: 0, ended: false };
    chunks.read_to(HEAD_BYTES).await?;
    if chunks.length == 0 {
        return Ok(Intake::Unreadable(Unreadable::Empty));
    }
    let format = match Content::of(&chunks.head()) {
        Content::Image(format) => format,
        Content::OtherPicture => return Ok(Intake::Unreadable(Unreadable::UnsupportedFormat)),
        Content::NoPicture | Content::Unknown if claims_image => {
            return Ok(Intake::Unreadable(Unreadable::NotAnImage));
        }
        Content::NoPicture => return Ok(Intake::NotAnImage),
        Content::Unknown => return Ok(Intake::Unreadable(Unreadable::UnsupportedFormat)),
    };
    if object.facts.size.is_some_and(|size| size > MAX_IMAGE_BYTES) {
        return Ok(Intake::Unreadable(Unreadable::TooLarge));
    }
    if let Some((width, height)) = chunks.dimensions().await?
        && width.max(height) > MAX_EDGE_PIXELS
    {
        return Ok(Intake::Unreadable(Unreadable::TooLarge));
    }

    let announced = object.facts.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(chunks.length);
    let mut request = question.image_body(model, format.media_type(), announced);
    let size = chunks.pour_into(&mut request).await?;
    if size > MAX_IMAGE_BYTES {
        return Ok(Intake::Unreadable(Unreadable::TooLarge));
    }
    Ok(Intake::Request { body: request.finish(), format, size })
}

/// Chunks that were looked at and are not yet in the request.
struct Chunks<'a, B> {
    body: &'a mut B,
    read: Vec<Bytes>,
    length: usize,
    ended: bool,
}

impl<B: ObjectBody> Chunks<'_, B> {
    async fn read_to(&mut self, length: usize) -> Result<(), Error> {
        while self.length < length && !self.ended {
            match self.body.next_chunk().await? {
                Some(chunk) => {
                    self.length += chunk.len();
                    self.read.push(chunk);
                }
                None => self.ended = true,
            }
        }
        Ok(())
    }

    /// The beginning in one piece; a copy only when it came in several.
    fn head(&self) -> Cow<'_, [u8]> {
        match self.read.as_slice() {
            [only] => Cow::Borrowed(only),
            several => Cow::Owned(several.concat()),
        }
    }

    /// Width and height, `None` when the first [`DIMENSIONS_WITHIN`] bytes do not say.
    async fn dimensions(&mut self) -> Result<Option<(usize, usize)>, Error> {
        loop {
            if let Some(found) = image::dimensions(&self.head()) {
                return Ok(Some(found));
            }
            if self.ended || self.length >= DIMENSIONS_WITHIN {
                return Ok(None);
            }
            self.read_to((self.length * 2).min(DIMENSIONS_WITHIN)).await?;
        }
    }

    /// Moves everything into the request, as far as the limit allows; the length that was read.
    async fn pour_into(mut self, request: &mut ImageBody) -> Result<u64, Error> {
        for chunk in self.read.drain(..) {
            request.push(&chunk);
        }
        let mut size = self.length as u64;
        while size <= MAX_IMAGE_BYTES && !self.ended {
            match self.body.next_chunk().await? {
                Some(chunk) => {
                    size += chunk.len() as u64;
                    request.push(&chunk);
                }
                None => self.ended = true,
            }
        }
        Ok(size)
    }
}
