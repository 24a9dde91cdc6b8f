//! What stands behind a picture's end: further pictures, as cameras and phones
//! put them there, or anybody else; a motion photo's video.

use std::ops::Range;

use super::{ImageFormat, bmp, gif, heif, jpeg, pnm, tiff};

/// Most pictures behind the first that are told.
const MAX_PICTURES: usize = 32;

/// Signatures that are looked at closely and turn out to be none.
const MAX_DOUBTS: u32 = 256;

/// Least bytes of a picture's end that is left.
const LEFT_OVER: usize = 256;

/// End of a PNG: its last chunk, but for the length.
const PNG_END: &[u8] = b"IEND\xAE\x42\x60\x82";

/// Beginning of a PNG, its first chunk's kind included.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// Names under which cameras and phones keep what belongs to the picture before it and
/// shows the same: the brightness for bright screens, the distances, the outline.
const AUXILIARY: [&[u8]; 5] = [
    b"http://ns.adobe.com/hdr-gain-map/1.0/",
    b"http://ns.apple.com/HDRGainMap/1.0/",
    b"urn:com:apple:photo:2020:aux:hdrgainmap",
    b"http://ns.apple.com/depthData/1.0/",
    b"http://ns.apple.com/portraitEffectsMatte/1.0/",
];

/// How a segment of ISO's gain maps begins. That of the picture to which one belongs has two numbers of two bytes behind it,
/// and no more.
const ISO_GAIN_MAP: (&[u8], usize) = (b"urn:iso:std:iso:ts:21496:-1\0", 4);

/// The list that a picture has of what belongs to it.
const CONTAINER: &[u8] = b"http://ns.google.com/photos/1.0/container/";

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

impl Behind {
    const fn place(&self) -> &Range<usize> {
        match self {
            Self::Picture(_, place) | Self::Auxiliary(place) | Self::Video(place) => place,
        }
    }
}

/// Where a picture's own bytes end; `None` when its end is missing, or cannot be told.
#[must_use]
pub fn end(format: ImageFormat, bytes: &[u8]) -> Option<usize> {
    match format {
        ImageFormat::Jpeg => jpeg_end(bytes),
        ImageFormat::Png => png_end(bytes),
        ImageFormat::WebP => webp_end(bytes),
        ImageFormat::Gif => match gif::end(bytes) {
            gif::End::Trailer(end) => Some(end),
            gif::End::Block | gif::End::Cut => None,
        },
        ImageFormat::Heic => heif::boxes(bytes).last().map(|last| last.end),
        ImageFormat::Pdf => memchr::memmem::rfind(bytes, b"%%EOF").map(|at| at + 5),
        ImageFormat::Bmp => bmp::end(bytes),
        ImageFormat::Pnm => pnm::end(bytes),
        ImageFormat::Tiff => tiff::end(bytes),
        ImageFormat::Ico => icon_end(bytes),
    }
}

/// Where its last marker ends, or another picture begins among its codes, which hold no signature: there the marker
/// is missing, and the other may have one by chance.
fn jpeg_end(bytes: &[u8]) -> Option<usize> {
    let end = jpeg::end(bytes);
    let hidden = jpeg::codes_at(bytes).and_then(|codes| first(bytes, codes..end.unwrap_or(bytes.len())));
    hidden.or(end)
}

/// Behind the last byte of any of its pictures that lie in it.
fn icon_end(bytes: &[u8]) -> Option<usize> {
    let count = usize::from(u16::from_le_bytes(*bytes.get(4..)?.first_chunk()?));
    let directory = bytes.get(6..6 + 16 * count)?;
    let mut end = 6 + directory.len();
    for &[.., l0, l1, l2, l3, s0, s1, s2, s3] in directory.as_chunks::<16>().0 {
        let (length, start) = (u32::from_le_bytes([l0, l1, l2, l3]), u32::from_le_bytes([s0, s1, s2, s3]));
        let behind = start.checked_add(length).and_then(|end| usize::try_from(end).ok());
        end = end.max(behind.filter(|end| *end <= bytes.len()).unwrap_or_default());
    }
    Some(end)
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

/// What stands in the bytes behind a picture, which are all from its end on. The end of another is a picture, too: where
/// a program has written a cut picture over the whole one, what it cut away can be brought back.
#[must_use]
pub fn told(bytes: &[u8]) -> Vec<Behind> {
    let (mut found, mut search) = (Vec::new(), Search { bytes, at: 0, to: bytes.len(), doubts: 0 });
    while found.len() < MAX_PICTURES
        && let Some(Signature { start, format }) = search.next()
    {
        let Some(format) = format else {
            found.push(Behind::Video(start..bytes.len()));
            return found;
        };
        let rest = &bytes[start..];
        let place = start..start + end(format, rest).unwrap_or(rest.len());
        search.at = place.end.max(search.at + 1);
        let auxiliary = format == ImageFormat::Jpeg && is_auxiliary(&bytes[place.clone()]);
        found.push(if auxiliary { Behind::Auxiliary(place) } else { Behind::Picture(format, place) });
    }
    let rest = found.iter().map(|found| found.place().end).max().unwrap_or(0)..bytes.len();
    if let Some(format) = left_over(&bytes[rest.clone()]) {
        found.push(Behind::Picture(format, rest));
    }
    found
}

/// Of which kind the picture was of which bytes are the end, if they are.
fn left_over(bytes: &[u8]) -> Option<ImageFormat> {
    let bytes = &bytes[..=bytes.iter().rposition(|byte| *byte != 0)?];
    match bytes {
        _ if bytes.len() < LEFT_OVER => None,
        _ if bytes.ends_with(PNG_END) => Some(ImageFormat::Png),
        [.., 0xFF, 0xD9] => Some(ImageFormat::Jpeg),
        _ => None,
    }
}

/// Where the first picture or video begins in a range of bytes.
pub(crate) fn first(bytes: &[u8], within: Range<usize>) -> Option<usize> {
    let mut search = Search { bytes, at: within.start, to: within.end, doubts: 0 };
    search.next().map(|signature| signature.start)
}

/// Most bytes that stand before the byte that tells a signature, and most by which it is told from there.
pub(crate) const SIGNATURE: (usize, usize) = (4, super::HEAD_BYTES);

/// Where the first signature of one stands in a range of bytes, whatever follows it.
pub(crate) fn first_signature(bytes: &[u8], within: Range<usize>) -> Option<usize> {
    let mut search = Search { bytes, at: within.start, to: within.end, doubts: 0 };
    search.signature().map(|signature| signature.start)
}

/// A search for signatures.
struct Search<'a> {
    bytes: &'a [u8],
    /// Where it goes on.
    at: usize,
    /// Where no more are looked for. One before it may reach behind it.
    to: usize,
    /// Signatures that turned out to be none.
    doubts: u32,
}

impl Search<'_> {
    /// The next one that is borne out, the search at the byte that tells it.
    fn next(&mut self) -> Option<Signature> {
        loop {
            let signature = self.signature()?;
            // Looked at closely so often, bytes are made to be: the next counts unseen.
            if self.doubts == MAX_DOUBTS || is_sound(signature.format, &self.bytes[signature.start..]) {
                return Some(signature);
            }
            self.doubts += 1;
            self.at += 1;
        }
    }

    /// The next one, likewise.
    fn signature(&mut self) -> Option<Signature> {
        let is_first = |byte: &u8| matches!(byte, 0xFF | 0x89 | b'f' | b'G' | b'R' | b'%' | b'B' | b'P' | b'I' | b'M');
        loop {
            self.at += self.bytes.get(self.at..self.to)?.iter().position(is_first)?;
            if let Some(signature) = signature(self.bytes, self.at) {
                return Some(signature);
            }
            self.at += 1;
        }
    }
}

/// How a picture or a video begins.
struct Signature {
    /// Where it does.
    start: usize,
    /// That of a picture; `None` for a video.
    format: Option<ImageFormat>,
}

/// The signature of which the telling byte stands here. It is told by few bytes: any of a file may be the first of one.
fn signature(bytes: &[u8], at: usize) -> Option<Signature> {
    let rest = &bytes[at..];
    let format = match rest {
        [0xFF, 0xD8, 0xFF, ..] => ImageFormat::Jpeg,
        [0x89, ..] if rest.starts_with(PNG) => ImageFormat::Png,
        [b'%', ..] if rest.starts_with(b"%PDF-") => ImageFormat::Pdf,
        [b'G', ..] if super::is_gif(rest) => ImageFormat::Gif,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', b'V', b'P', b'8', ..] => ImageFormat::WebP,
        [b'B', b'M', ..] if bmp::surely_begins(rest) => ImageFormat::Bmp,
        [b'P', b'1'..=b'7', ..] if pnm::begins(rest) => ImageFormat::Pnm,
        [b'I' | b'M', ..] if tiff::is_tiff(rest) => ImageFormat::Tiff,
        // The length of the box stands before its kind.
        [b'f', b't', b'y', b'p', ..] => {
            let start = at.checked_sub(4)?;
            let length = bytes[start..].first_chunk().map(|length| u32::from_be_bytes(*length))?;
            let is_heif = (8..=256).contains(&length).then(|| heif::coding(&bytes[start..]).is_some())?;
            return Some(Signature { start, format: is_heif.then_some(ImageFormat::Heic) });
        }
        _ => return None,
    };
    Some(Signature { start: at, format: Some(format) })
}

/// Whether what follows a signature bears it out, which may take all bytes: three stand anywhere by chance.
fn is_sound(format: Option<ImageFormat>, bytes: &[u8]) -> bool {
    match format {
        Some(ImageFormat::Jpeg) => jpeg::begins(bytes),
        Some(ImageFormat::Gif) => gif::end(bytes) != gif::End::Cut,
        Some(ImageFormat::Tiff) => tiff::surely_begins(bytes),
        Some(format @ (ImageFormat::Pdf | ImageFormat::Pnm)) => end(format, bytes).is_some(),
        _ => true,
    }
}

/// Whether a JPEG says of itself that it only adds to another. So may one to which another adds.
fn is_auxiliary(bytes: &[u8]) -> bool {
    let segments = || jpeg::segments(bytes).filter(|(marker, _)| matches!(marker, 0xE1 | 0xE2)).map(|(_, data)| data);
    let names = |name: &[u8]| segments().any(|segment| memchr::memmem::find(segment, name).is_some());
    let (iso, of_picture) = ISO_GAIN_MAP;
    let is_of_iso = |segment: &[u8]| segment.strip_prefix(iso).is_some_and(|more| more.len() > of_picture);
    (AUXILIARY.iter().any(|name| names(name)) || segments().any(is_of_iso)) && !names(CONTAINER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_picture_that_another_was_written_over_is_told() {
        let (codes, png_end) = ([0x5A; 400], b"\0\0\0\0IEND\xAE\x42\x60\x82".as_slice());
        let jpeg =
            [b"\xFF\xD8\xFF\xDB\0\x04\0\0\xFF\xC0\0\x0b\x08\0\x08\0\x08\x01\x01\x11\0".as_slice(), &codes, b"\xFF\xD9"]
                .concat();
        for (case, bytes, expected) in [
            ("a PNG's", [&codes, png_end].concat(), vec![(ImageFormat::Png, 0)]),
            ("a JPEG's", [&codes[..], b"\xFF\xD9"].concat(), vec![(ImageFormat::Jpeg, 0)]),
            ("one with zeros behind it", [&codes[..], b"\xFF\xD9\0\0\0"].concat(), vec![(ImageFormat::Jpeg, 0)]),
            (
                "one behind another",
                [&jpeg[..], &codes, png_end].concat(),
                vec![(ImageFormat::Jpeg, 0), (ImageFormat::Png, jpeg.len())],
            ),
            ("a last chunk alone", png_end.to_vec(), vec![]),
            ("a whole picture", jpeg.clone(), vec![(ImageFormat::Jpeg, 0)]),
            ("what nobody knows", codes.to_vec(), vec![]),
            ("zeros", vec![0; 999], vec![]),
        ] {
            let told: Vec<_> = told(&bytes)
                .into_iter()
                .filter_map(|found| match found {
                    Behind::Picture(format, place) => Some((format, place.start)),
                    Behind::Auxiliary(_) | Behind::Video(_) => None,
                })
                .collect();
            assert_eq!(told, expected, "{case}");
        }
    }

    #[test]
    fn bytes_that_are_made_to_be_doubted_are_told_within_bounds() {
        // What each begins would be read to the end of all of them.
        for (case, part, format) in [
            ("comments without an end", b"P1 #".as_slice(), None),
            ("segments", b"\xFF\xD8\xFF\xFE\0\x04", Some(ImageFormat::Jpeg)),
            ("documents", b"%PDF-", Some(ImageFormat::Pdf)),
            ("animations", b"GIF89a\0\0\0\0\0\0\0\x21\xFF\xFF", Some(ImageFormat::Gif)),
        ] {
            let found = told(&part.repeat(400_000 / part.len()));
            let expected = |found: &Behind| matches!(found, Behind::Picture(told, _) if Some(*told) == format);
            assert!(found.len() <= MAX_PICTURES && found.iter().all(expected), "{case}");
            assert_eq!(found.is_empty(), format.is_none(), "{case}");
        }
    }
}
