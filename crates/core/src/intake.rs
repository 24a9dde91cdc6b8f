//! Reads an object into a request about it. Its bytes are inspected as they
//! arrive, and reading stops as soon as it is clear that nobody can judge them.

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    bedrock::{Capabilities, ImageBody, Question},
    error::Error,
    image::{self, Content, HEAD_BYTES, ImageFormat, MAX_EDGE_PIXELS, MAX_IMAGE_BYTES, Unreadable},
    metadata::{Doubt, Scanner},
    pii::Finding,
    ports::{ObjectBody, OpenObject},
};

/// Bytes within which a header is searched for an image's dimensions: metadata
/// of a JPEG may stand before them.
const DIMENSIONS_WITHIN: usize = 256 * 1024;

/// Most bytes of an object that is decoded here.
pub const MAX_DECODED_FILE: u64 = 128 * 1024 * 1024;

/// What an object's bytes turned out to be.
pub enum Intake {
    /// A request that is ready to be sent.
    Request {
        /// The body of the request, the image in it.
        body: ImageBody,
        /// What the image is.
        format: ImageFormat,
        /// Its length in bytes, as counted.
        size: u64,
        /// What its metadata tells.
        metadata: Vec<Finding>,
    },
    /// An image that no model reads as it is, or of which it may see something else than others do.
    ToConvert {
        /// All its bytes.
        bytes: Vec<u8>,
        /// What the image is.
        format: ImageFormat,
    },
    /// Nobody can judge it.
    Unreadable {
        /// Why.
        why: Unreadable,
        /// What it is, as far as that is known.
        format: Option<ImageFormat>,
    },
    /// Certainly not a picture, and nothing claimed that it was one.
    NotAnImage,
}

/// Which frames of an animation are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// Those of the whole animation: one is converted, frame by frame.
    All,
    /// What the model sees of it.
    AsTheModelSees,
}

/// Reads an object into a request about it. `claims_image` says whether its
/// key or media type calls it an image.
///
/// Nothing more than needed is read: of an object that is too large, or not
/// an image, only the first chunk is read.
///
/// # Errors
/// Those of [`ObjectBody::next_chunk`]; [`Error::ObjectChanged`] when the
/// object does not have the length that was announced.
pub async fn read_image<B: ObjectBody>(
    object: &mut OpenObject<B>,
    claims_image: bool,
    question: &Question<'_>,
    model: Capabilities,
    frames: Frames,
) -> Result<Intake, Error> {
    let mut chunks = Chunks { body: &mut object.body, read: Vec::new(), length: 0, ended: false };
    chunks.read_to(HEAD_BYTES).await?;
    if chunks.length == 0 {
        return Ok(Intake::Unreadable { why: Unreadable::Empty, format: None });
    }
    let format = match Content::of(&chunks.head()) {
        Content::Image(format) => format,
        Content::NoPicture | Content::Unknown if claims_image => {
            return Ok(Intake::Unreadable { why: Unreadable::NotAnImage, format: None });
        }
        Content::NoPicture => return Ok(Intake::NotAnImage),
        Content::Avif => return Ok(Intake::Unreadable { why: Unreadable::Avif, format: None }),
        Content::OtherPicture | Content::Unknown => {
            return Ok(Intake::Unreadable { why: Unreadable::UnsupportedFormat, format: None });
        }
    };
    let announced = object.facts.size;
    let edge = match chunks.dimensions().await? {
        Some((width, height)) => width.max(height),
        None => 0,
    };
    let animated = frames == Frames::All && chunks.tell(|head| image::may_be_animated(format, head)).await?;
    let transparent = chunks.tell(|head| image::may_be_transparent(format, head)).await?;
    let unsaid = frames == Frames::All && chunks.tell(|head| image::may_be_shown_in_two_ways(format, head)).await?;
    if animated
        || transparent
        || unsaid
        || !format.is_read_by_models()
        || announced.is_some_and(|size| size > MAX_IMAGE_BYTES)
        || edge > MAX_EDGE_PIXELS
    {
        return keep(chunks, Vec::new(), announced, format).await;
    }

    let expected = announced.and_then(|size| usize::try_from(size).ok()).unwrap_or(chunks.length);
    let mut request = question.image_body(model, format.media_type(), expected);
    let mut scanner = Scanner::of(format);
    let take = |chunk: &[u8]| {
        scanner.push(chunk);
        request.push(chunk);
    };
    chunks.pour(MAX_IMAGE_BYTES, take).await?;
    if !chunks.ended {
        // Longer than its store announced, if it did at all.
        return match announced {
            Some(_) => Err(Error::ObjectChanged),
            None => keep(chunks, request.image(), None, format).await,
        };
    }
    if announced.is_some_and(|announced| announced != chunks.length as u64) {
        return Err(Error::ObjectChanged);
    }
    let told = scanner.finish();
    match told.doubt.filter(|_| frames == Frames::All) {
        None => {}
        Some(Doubt::NotAlone) => return Ok(Intake::ToConvert { bytes: request.image(), format }),
        Some(Doubt::Short) => {
            let bytes = request.image();
            if image::jpeg::coverage(&bytes).is_some_and(image::jpeg::Coverage::is_mostly_missing) {
                return Ok(Intake::ToConvert { bytes, format });
            }
            request = question.image_body(model, format.media_type(), bytes.len());
            request.push(&bytes);
        }
    }
    Ok(Intake::Request { size: chunks.length as u64, body: request, format, metadata: told.findings })
}

/// Keeps all bytes of an image that must be converted, after those that were
/// taken from the chunks already.
async fn keep<B: ObjectBody>(
    mut chunks: Chunks<'_, B>,
    mut bytes: Vec<u8>,
    announced: Option<u64>,
    format: ImageFormat,
) -> Result<Intake, Error> {
    if announced.is_some_and(|size| size > MAX_DECODED_FILE) {
        return Ok(Intake::Unreadable { why: Unreadable::TooLarge, format: Some(format) });
    }
    let expected = announced.and_then(|size| usize::try_from(size).ok()).unwrap_or(chunks.length);
    bytes.reserve_exact(expected.saturating_sub(bytes.len()));
    chunks.pour(MAX_DECODED_FILE, |chunk| bytes.extend_from_slice(chunk)).await?;
    if !chunks.ended {
        return Ok(Intake::Unreadable { why: Unreadable::TooLarge, format: Some(format) });
    }
    if announced.is_some_and(|announced| announced != chunks.length as u64) {
        return Err(Error::ObjectChanged);
    }
    Ok(Intake::ToConvert { bytes, format })
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

    /// Whether something may be so, by the object's head; so it may when the first
    /// [`DIMENSIONS_WITHIN`] bytes do not say.
    async fn tell(&mut self, told: impl Fn(&[u8]) -> Option<bool>) -> Result<bool, Error> {
        loop {
            if let Some(found) = told(&self.head()) {
                return Ok(found);
            }
            if self.ended || self.length >= DIMENSIONS_WITHIN {
                return Ok(!self.ended);
            }
            self.read_to((self.length * 2).min(DIMENSIONS_WITHIN)).await?;
        }
    }

    /// Hands on every chunk, those first that were looked at, until the object
    /// has ended or is longer than `limit`.
    async fn pour(&mut self, limit: u64, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
        for chunk in self.read.drain(..) {
            take(&chunk);
        }
        while self.length as u64 <= limit && !self.ended {
            match self.body.next_chunk().await? {
                Some(chunk) => {
                    self.length += chunk.len();
                    take(&chunk);
                }
                None => self.ended = true,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        fake::{FakeStore, Stored, facts},
        ports::{Lookup, ObjectFacts, ObjectRef, ObjectStore},
    };

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0CRC!\0\x10\0\0IDAT";

    /// Drives a future that never waits.
    fn now<F: Future>(future: F) -> F::Output {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("a fake waited"),
        }
    }

    fn intake(stored: Stored, claims_image: bool) -> Result<Intake, Error> {
        let object = ObjectRef { bucket: "b".into(), key: "k".into(), version: None };
        let Ok(Lookup::Found(mut found)) = now(FakeStore::holding(stored).open(&object)) else {
            panic!("nothing stored")
        };
        let question = Question { system: None, text: "?", schema: None, is_schema_told: false, max_tokens: 1 };
        now(read_image(&mut found, claims_image, &question, Capabilities::default(), Frames::All))
    }

    fn unreadable(stored: Stored, claims_image: bool) -> Option<Unreadable> {
        match intake(stored, claims_image).unwrap() {
            Intake::Unreadable { why, .. } => Some(why),
            Intake::Request { .. } | Intake::ToConvert { .. } | Intake::NotAnImage => None,
        }
    }

    fn padded(head: &[u8], length: usize) -> Vec<u8> {
        let mut bytes = head.to_vec();
        bytes.resize(length, 0x5A);
        bytes
    }

    #[test]
    fn an_image_arrives_in_the_request_with_the_type_of_its_bytes() {
        let bytes = padded(PNG, 10_000);
        let Intake::Request { body, format, size, .. } = intake(Stored::bytes(&bytes), false).unwrap() else {
            panic!("no request")
        };
        assert_eq!((format, size), (ImageFormat::Png, 10_000));
        let body: Value = serde_json::from_slice(&body.finish()).unwrap();
        let source = &body["messages"][0]["content"][0]["source"];
        assert_eq!(source["media_type"], json!("image/png"));
        assert_eq!(source["data"], json!(base64_simd::STANDARD.encode_to_string(&bytes)));
    }

    #[test]
    fn what_nobody_can_judge_says_why() {
        for (case, bytes, claims_image, expected) in [
            ("empty", vec![], true, Some(Unreadable::Empty)),
            ("empty and unclaimed", vec![], false, Some(Unreadable::Empty)),
            ("text called an image", b"hello".to_vec(), true, Some(Unreadable::NotAnImage)),
            ("text", b"hello".to_vec(), false, None),
            ("noise called an image", vec![1, 2, 3, 255], true, Some(Unreadable::NotAnImage)),
            ("noise", vec![1, 2, 3, 255], false, Some(Unreadable::UnsupportedFormat)),
        ] {
            assert_eq!(unreadable(Stored::bytes(&bytes), claims_image), expected, "{case}");
        }
    }

    /// All bytes of an image that no model reads as it is.
    fn to_convert(stored: Stored) -> Option<(Vec<u8>, ImageFormat)> {
        match intake(stored, true).unwrap() {
            Intake::ToConvert { bytes, format } => Some((bytes, format)),
            Intake::Request { .. } | Intake::Unreadable { .. } | Intake::NotAnImage => None,
        }
    }

    #[test]
    fn an_image_that_no_model_reads_as_it_is_arrives_whole_to_be_converted() {
        let limit = usize::try_from(MAX_IMAGE_BYTES).unwrap();
        let wide = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x1f\x41\0\0\0\x10\x08\x02\0\0\0CRC!\0\x10\0\0IDAT";
        let mut jpeg = b"\xFF\xD8\xFF\xE1\xFF\xFE".to_vec();
        jpeg.resize(2 + 2 + 0xFFFE, 0);
        jpeg.extend(b"\xFF\xC0\0\x11\x08\x23\x28\0\x10\x03\x01\x22\0\x02\x11\x01\x03\x11\x01");
        let inks = b"\xFF\xD8\xFF\xC0\0\x14\x08\0\x09\0\x09\x04\x01\x11\0\x02\x11\0\x03\x11\0\x04\x11\0\xFF\xDA\0\x02";
        let inks = padded(inks, 5_000);
        for (case, bytes, expected) in [
            ("at the limit", padded(PNG, limit), None),
            ("a byte over the limit", padded(PNG, limit + 1), Some(ImageFormat::Png)),
            ("8,001 pixels wide", padded(wide, 5_000), Some(ImageFormat::Png)),
            ("9,000 pixels high, behind its metadata", jpeg, Some(ImageFormat::Jpeg)),
            ("a GIF, which may be animated", padded(b"GIF89a\x01\0\x01\0\x80", 5_000), Some(ImageFormat::Gif)),
            ("a JPEG of four inks", inks, Some(ImageFormat::Jpeg)),
            ("a TIFF", padded(b"II*\0\x08\0\0\0", 5_000), Some(ImageFormat::Tiff)),
        ] {
            let expected = expected.map(|format| (bytes.clone(), format));
            assert!(to_convert(Stored::bytes(&bytes)) == expected, "{case}");
            let untold = Stored::Object(
                ObjectFacts { size: None, ..facts(&bytes) },
                bytes.chunks(100_003).map(Bytes::copy_from_slice).collect(),
            );
            assert!(to_convert(untold) == expected, "{case}, of a size that the store does not tell");
        }
    }

    /// A JPEG's header for a picture of one block, with these codes behind it.
    fn jpeg(codes: &[u8]) -> Vec<u8> {
        let table = |class: u8| [&[0xFF, 0xC4, 0, 20, class, 1][..], &[0; 15], &[0]].concat();
        let frame = b"\xFF\xC0\0\x0b\x08\0\x08\0\x08\x01\x01\x11\0";
        let scan = b"\xFF\xDA\0\x08\x01\x01\0\0\x3f\0";
        [b"\xFF\xD8".as_slice(), &table(0x00), &table(0x10), frame, scan, codes, b"\xFF\xD9"].concat()
    }

    #[test]
    fn a_picture_that_a_model_would_not_see_all_of_is_converted() {
        // A difference of zero and the block's end, a bit each.
        let (whole, missing) = (jpeg(&[0x3F]), jpeg(&[]));
        let then = |more: &[u8]| [&whole, more].concat();
        for (case, bytes, converted) in [
            ("a whole one", whole.clone(), false),
            ("without its end", whole[..whole.len() - 2].to_vec(), false),
            ("without its pixels", missing.clone(), true),
            ("without pixels or end", missing[..missing.len() - 2].to_vec(), true),
            ("another behind it", then(&whole), true),
            ("another behind some zeros", then(&[&[0; 100], whole.as_slice()].concat()), true),
            ("a GIF behind it", then(b"GIF89a\x01\0\x01\0\0\0\0\x3b"), true),
            ("a PNG behind it", then(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), true),
            ("the beginning of one by chance", then(b"\xFF\xD8\xFF\x00\x12"), false),
            ("a note behind it", then(b"made by hand"), false),
            (
                "a gain map behind it",
                then(&{
                    let mut map = whole.clone();
                    map.splice(2..2, *b"\xFF\xE1\0\x27http://ns.adobe.com/hdr-gain-map/1.0/");
                    map
                }),
                false,
            ),
        ] {
            for size in [1, 7, 1_000] {
                let stored = Stored::Object(facts(&bytes), bytes.chunks(size).map(Bytes::copy_from_slice).collect());
                let found = to_convert(stored).is_some();
                assert_eq!(found, converted, "{case}, in chunks of {size}");
            }
        }
    }

    #[test]
    fn what_nobody_could_decode_costs_its_first_chunk() {
        let announced = ObjectFacts { size: Some(MAX_DECODED_FILE + 1), ..facts(PNG) };
        let stored = Stored::BreakingOff(announced, vec![Bytes::from(padded(PNG, 5_000))]);
        assert_eq!(unreadable(stored, true), Some(Unreadable::TooLarge));
    }

    #[test]
    fn an_object_of_another_length_than_announced_is_not_judged() {
        for announced in [29, 31] {
            let facts = ObjectFacts { size: Some(announced), ..facts(PNG) };
            let stored = Stored::Object(facts, vec![Bytes::from(padded(PNG, 30))]);
            assert_eq!(intake(stored, true).err(), Some(Error::ObjectChanged));
        }
    }

    #[test]
    fn an_object_that_breaks_off_is_an_error_and_no_half_image() {
        let stored = Stored::BreakingOff(facts(&padded(PNG, 9_000)), vec![Bytes::from(padded(PNG, 5_000))]);
        assert!(intake(stored, true).is_err());
    }
}
