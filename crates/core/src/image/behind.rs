//! What stands behind a picture's end: further pictures, as cameras and phones
//! put them there, or anybody else; a motion photo's video.

use std::ops::Range;

use super::{ImageFormat, gif, heif, jpeg};

/// Most pictures behind the first that are told.
const MAX_PICTURES: usize = 32;

/// Signatures that are looked at closely and turn out to be none.
const MAX_DOUBTS: u32 = 256;

/// Beginning of a PNG, its first chunk's kind included.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// Names under which cameras and phones keep what belongs to the picture before it and
/// shows the same: the brightness for bright screens, the distances, the outline.
const AUXILIARY: [&[u8]; 6] = [
    b"http://ns.adobe.com/hdr-gain-map/1.0/",
    b"http://ns.apple.com/HDRGainMap/1.0/",
    b"urn:com:apple:photo:2020:aux:hdrgainmap",
    b"urn:iso:std:iso:ts:21496:-1",
    b"http://ns.apple.com/depthData/1.0/",
    b"http://ns.apple.com/portraitEffectsMatte/1.0/",
];

/// Something behind a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// A picture of its own, and where it stands.
    Picture(ImageFormat, Range<usize>),
    /// What only adds to the picture before it.
    Auxiliary(Range<usize>),
    /// A video, up to the end.
    Video(Range<usize>),
}

/// Where a picture's own bytes end; `None` when its end is missing, or a format's
/// pictures have none that could be told.
#[must_use]
pub fn end(format: ImageFormat, bytes: &[u8]) -> Option<usize> {
    match format {
        ImageFormat::Jpeg => jpeg::end(bytes),
        ImageFormat::Png => png_end(bytes),
        ImageFormat::WebP => webp_end(bytes),
        ImageFormat::Gif => match gif::end(bytes) {
            gif::End::Trailer(end) => Some(end),
            gif::End::Block | gif::End::Cut => None,
        },
        ImageFormat::Heic => heif::boxes(bytes).last().map(|last| last.end),
        ImageFormat::Pdf => memchr::memmem::rfind(bytes, b"%%EOF").map(|at| at + 5),
        ImageFormat::Bmp | ImageFormat::Ico | ImageFormat::Pnm | ImageFormat::Tiff => None,
    }
}

fn png_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 8_usize;
    loop {
        let chunk = bytes.get(at..)?;
        if !is_png_chunk(chunk.get(4..8)?) {
            return Some(at);
        }
        let length = usize::try_from(u32::from_be_bytes(*chunk.first_chunk()?)).ok()?;
        at = at.checked_add(length.checked_add(12)?)?;
        if chunk.get(4..8)? == b"IEND" {
            return (at <= bytes.len()).then_some(at);
        }
    }
}

/// Bytes of a WebP before its chunks.
pub(crate) const RIFF_HEADER: usize = 12;

fn webp_end(bytes: &[u8]) -> Option<usize> {
    let length = |at: usize| usize::try_from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)).ok();
    let padded = |length: usize| length.checked_add(length % 2);
    let end = padded(length(4)?)?.checked_add(8)?;
    let mut at = RIFF_HEADER;
    while at < end {
        let data = at.checked_add(8)?.checked_add(length(at + 4)?)?;
        if data > end || !is_riff_chunk(&bytes[at..at + 4]) {
            return Some(at);
        }
        at = at.checked_add(8)?.checked_add(padded(length(at + 4)?)?)?;
    }
    (RIFF_HEADER..=bytes.len()).contains(&end).then_some(end)
}

/// Whether this may be the kind of a chunk in a PNG, and not what stands behind one without an end.
pub(crate) fn is_png_chunk(kind: &[u8]) -> bool {
    kind.iter().all(u8::is_ascii_alphabetic)
}

/// The same of a WebP.
pub(crate) fn is_riff_chunk(kind: &[u8]) -> bool {
    let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_');
    kind.iter().all(is_sign) && !matches!(kind, b"RIFF" | b"GIF8")
}

/// What stands in the bytes behind a picture, which are all from its end on.
#[must_use]
pub fn told(bytes: &[u8]) -> Vec<Behind> {
    let (mut found, mut doubts) = (Vec::new(), 0);
    let mut at = 0;
    while let Some(step) = bytes[at..].iter().position(|byte| matches!(byte, 0xFF | 0x89 | b'f' | b'G' | b'R' | b'%')) {
        at += step;
        let rest = &bytes[at..];
        if rest.starts_with(b"ftyp") && at >= 4 && (8..=256).contains(&box_length(bytes, at - 4)) {
            let rest = &bytes[at - 4..];
            if heif::coding(rest).is_none() {
                found.push(Behind::Video(at - 4..bytes.len()));
                break;
            }
            let length = end(ImageFormat::Heic, rest).unwrap_or(rest.len());
            found.push(Behind::Picture(ImageFormat::Heic, at - 4..at - 4 + length));
            at = (at - 4 + length).max(at + 1);
            continue;
        }
        let sound = match signature(rest) {
            None => {
                at += 1;
                continue;
            }
            Some((format, true)) => Some(format),
            // Looked at closely so often, bytes are made to be: the next counts unseen.
            Some((format, false)) if doubts == MAX_DOUBTS => Some(format),
            Some((_, false)) => None,
        };
        let Some(format) = sound else {
            doubts += 1;
            at += 1;
            continue;
        };
        let place = at..at + end(format, rest).unwrap_or(rest.len());
        at = place.end;
        let auxiliary = format == ImageFormat::Jpeg && is_auxiliary(&bytes[place.clone()]);
        found.push(if auxiliary { Behind::Auxiliary(place) } else { Behind::Picture(format, place) });
        if found.len() == MAX_PICTURES {
            break;
        }
    }
    found
}

fn box_length(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |length| u32::from_be_bytes(*length))
}

/// The format whose signature bytes begin with, and whether what follows bears it out:
/// three bytes stand anywhere by chance.
fn signature(bytes: &[u8]) -> Option<(ImageFormat, bool)> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some((ImageFormat::Jpeg, jpeg::begins(bytes))),
        [0x89, ..] if bytes.starts_with(PNG) => Some((ImageFormat::Png, true)),
        [b'%', ..] if bytes.starts_with(b"%PDF-") => Some((ImageFormat::Pdf, end(ImageFormat::Pdf, bytes).is_some())),
        [b'G', ..] if super::is_gif(bytes) => Some((ImageFormat::Gif, gif::end(bytes) != gif::End::Cut)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', b'V', b'P', b'8', ..] => {
            Some((ImageFormat::WebP, true))
        }
        _ => None,
    }
}

/// Whether a JPEG says of itself that it only adds to another.
fn is_auxiliary(bytes: &[u8]) -> bool {
    jpeg::segments(bytes)
        .filter(|(marker, _)| matches!(marker, 0xE1 | 0xE2))
        .any(|(_, segment)| AUXILIARY.iter().any(|name| memchr::memmem::find(segment, name).is_some()))
}
