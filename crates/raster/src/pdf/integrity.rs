//! Whether what stands in a document is all there. Readers are content with less, and show white
//! where the rest should be.

use std::borrow::Cow;

use hayro::hayro_syntax::{
    Filter, Pdf,
    object::{Array, Dict, Name, Object, Stream, dict::keys, stream::ImageDecodeParams},
};
use hayro_ccitt::EncodingMode;
use miniz_oxide::inflate::{
    TINFLStatus,
    core::{DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER},
    decompress_to_vec_zlib_with_limit,
};
use warden_core::image::{Unreadable, jpeg};

use crate::{
    decode::{MAX_MEMORY, bounded, within_memory},
    tiff::fax,
};

/// Most bytes of one stream when it is inflated.
const MAX_INFLATED: u64 = MAX_MEMORY / 2;

/// Bytes that a picture takes for each pixel while its page is drawn: its samples, the colours
/// made of them, and the picture that is placed.
const BYTES_A_PIXEL: u64 = 11;

/// Most filters that a stream passes through.
const MAX_FILTERS: usize = 4;

/// Bytes before the end within which a reader looks for where the table of objects stands.
const TAIL: usize = 2_048;

/// Looks whether every deflated stream of a file stays within bounds, without keeping any of it.
///
/// # Errors
/// [`Unreadable::TooLarge`] if one does not.
pub(super) fn inflates_within_bounds(file: &[u8]) -> Result<(), Unreadable> {
    for at in memchr::memmem::find_iter(file, b"stream") {
        let rest = file[at + 6..].trim_ascii_start();
        if is_zlib(rest) && matches!(inflated(rest), Inflated::TooLong) {
            return Err(Unreadable::TooLarge);
        }
    }
    Ok(())
}

fn is_zlib(stream: &[u8]) -> bool {
    matches!(*stream, [method, flags, ..]
        if method & 0x0F == 8 && (u16::from(method) << 8 | u16::from(flags)).is_multiple_of(31))
}

/// Looks whether every stream of a document stays within bounds when it is decoded, whatever its filters.
///
/// # Errors
/// [`Unreadable::TooLarge`] if one does not, or passes through several filters that make it longer.
pub(super) fn decodes_within_bounds(pdf: &Pdf) -> Result<(), Unreadable> {
    let mut streams = pdf.objects().into_iter().filter_map(Object::into_stream);
    if streams.any(|stream| is_too_long(&stream)) { Err(Unreadable::TooLarge) } else { Ok(()) }
}

fn is_too_long(stream: &Stream<'_>) -> bool {
    let filters = stream.filters();
    let lengthens =
        |filter: &&Filter| matches!(filter, Filter::FlateDecode | Filter::LzwDecode | Filter::RunLengthDecode);
    if filters.iter().filter(lengthens).count() > 1 || filters.len() > MAX_FILTERS {
        return true;
    }
    let mut data = match filters.first() {
        // Looked at as it stands in the file.
        None | Some(Filter::DctDecode | Filter::JpxDecode | Filter::Jbig2Decode | Filter::CcittFaxDecode) => {
            return false;
        }
        Some(_) => stream.raw_data(),
    };
    for filter in filters {
        let length = match filter {
            Filter::AsciiHexDecode => {
                data = from_hexadecimal(&data).into();
                continue;
            }
            Filter::Ascii85Decode => {
                data = from_base_85(&data).into();
                continue;
            }
            Filter::Crypt => continue,
            Filter::FlateDecode => return matches!(inflated(&data), Inflated::TooLong),
            Filter::LzwDecode => length_of_lzw(&data, is_early(stream.dict())),
            Filter::RunLengthDecode => length_of_runs(&data),
            _ => return false,
        };
        return length > MAX_INFLATED;
    }
    false
}

enum Inflated {
    Whole,
    Cut,
    TooLong,
}

/// How a deflated stream ends, found in a small buffer.
fn inflated(mut stream: &[u8]) -> Inflated {
    let mut state = Box::<DecompressorOxide>::default();
    let mut window = vec![0; 32 * 1024];
    let (mut at, mut length) = (0, 0_u64);
    // Without a header of its own, readers take it as it comes.
    let flags = if is_zlib(stream) { TINFL_FLAG_PARSE_ZLIB_HEADER } else { 0 };
    loop {
        let (status, read, written) = decompress(&mut state, stream, &mut window, at, flags);
        stream = &stream[read..];
        length += written as u64;
        if length > MAX_INFLATED {
            return Inflated::TooLong;
        }
        match status {
            TINFLStatus::HasMoreOutput => at = (at + written) % window.len(),
            // Writers have their own ideas of the checksum.
            TINFLStatus::Done | TINFLStatus::Adler32Mismatch => return Inflated::Whole,
            _ => return Inflated::Cut,
        }
    }
}

fn from_hexadecimal(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u32> =
        text.iter().take_while(|byte| **byte != b'>').filter_map(|byte| char::from(*byte).to_digit(16)).collect();
    digits.chunks(2).filter_map(|pair| u8::try_from(pair[0] << 4 | pair.get(1).unwrap_or(&0)).ok()).collect()
}

fn from_base_85(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 5 * 4);
    let mut group = Vec::new();
    for byte in text.iter().take_while(|byte| **byte != b'~') {
        match byte {
            b'z' if group.is_empty() => bytes.extend([0; 4]),
            b'!'..=b'u' => group.push(byte - b'!'),
            _ => {}
        }
        if group.len() == 5 {
            bytes.extend(base_85_value(&group).to_be_bytes());
            group.clear();
        }
    }
    if group.len() > 1 {
        let count = group.len() - 1;
        group.resize(5, 84);
        bytes.extend(&base_85_value(&group).to_be_bytes()[..count]);
    }
    bytes
}

fn base_85_value(group: &[u8]) -> u32 {
    group.iter().fold(0_u32, |value, digit| value.wrapping_mul(85).wrapping_add(u32::from(*digit)))
}

/// How long runs are when they are written out.
fn length_of_runs(mut runs: &[u8]) -> u64 {
    let mut length = 0;
    while let [count, rest @ ..] = runs {
        let (written, read) = match count {
            0..=127 => (u64::from(*count) + 1, usize::from(*count) + 1),
            128 => break,
            129.. => (257 - u64::from(*count), 1),
        };
        length += written;
        runs = rest.get(read..).unwrap_or_default();
    }
    length
}

/// How long the strings are that codes of LZW stand for, as far as the bound.
fn length_of_lzw(codes: &[u8], early: bool) -> u64 {
    const CLEAR: usize = 256;
    const END: usize = 257;
    let mut lengths: Vec<u64> = vec![1; END + 1];
    let (mut before, mut length, mut held, mut bits) = (0, 0, 0_u32, 0);
    for byte in codes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        let width = match lengths.len() + usize::from(early) {
            ..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
        if bits < width {
            continue;
        }
        bits -= width;
        let code = (held >> bits & ((1 << width) - 1)) as usize;
        match code {
            CLEAR => {
                lengths.truncate(END + 1);
                before = 0;
            }
            END => break,
            _ => {
                let written = lengths.get(code).copied().unwrap_or(before + 1);
                if before > 0 && lengths.len() < 4_096 {
                    lengths.push(before + 1);
                }
                before = written;
                length += written;
            }
        }
        if length > MAX_INFLATED {
            break;
        }
    }
    length
}

/// Whether codes of LZW become longer a code early, as they do where nothing is said.
fn is_early(stream: &Dict<'_>) -> bool {
    parameters(stream).get::<i32>(keys::EARLY_CHANGE) != Some(0)
}

/// Parameters of a stream's first filter.
fn parameters<'a>(stream: &Dict<'a>) -> Dict<'a> {
    let by = |key: &[u8]| {
        stream.get::<Dict<'_>>(key).or_else(|| stream.get::<Array<'_>>(key)?.flex_iter().next::<Dict<'_>>())
    };
    by(keys::DECODE_PARMS).or_else(|| by(keys::DP)).unwrap_or_else(Dict::empty)
}

/// Whether a stream is there up to its end, as far as its first filter tells.
pub(super) fn is_whole(stream: &Stream<'_>) -> bool {
    if stream.filters().first() != Some(&Filter::FlateDecode) {
        return true;
    }
    let data = stream.raw_data();
    data.is_empty() || matches!(inflated(&data), Inflated::Whole)
}

/// Whether a picture's pixels are all there. One that stands in a drawing names what it is by shorter words.
///
/// # Errors
/// [`Unreadable::TooLarge`] for one that is not decoded within bounds.
pub(super) fn picture_is_whole(picture: &Stream<'_>, held: u64) -> Result<bool, Unreadable> {
    let dictionary = picture.dict();
    let size = |key: &[u8], short: &[u8]| dictionary.get::<u32>(key).or_else(|| dictionary.get(short)).unwrap_or(0);
    let (width, height) = (size(keys::WIDTH, keys::W), size(keys::HEIGHT, keys::H));
    if width == 0 || height == 0 {
        return Ok(false);
    }
    let pixels = bounded(width, height)?;
    within_memory(2 * held + pixels * BYTES_A_PIXEL)?;
    if !is_whole(picture) {
        return Ok(false);
    }
    let filters = picture.filters();
    if let [around @ .., Filter::DctDecode] = filters.as_slice()
        && let Some(data) = behind(around, picture.raw_data())
    {
        return Ok(jpeg::coverage(&data).is_none_or(jpeg::Coverage::is_whole));
    }
    if let [around @ .., last @ (Filter::JpxDecode | Filter::Jbig2Decode)] = filters.as_slice()
        && let Some(data) = behind(around, picture.raw_data())
        && !(if *last == Filter::JpxDecode { jpx_has_its_end(&data) } else { jbig2_has_its_end(&data) })
    {
        return Ok(false);
    }
    if let [Filter::CcittFaxDecode] = filters.as_slice() {
        return Ok(fax_is_whole(picture, height));
    }
    let bits = dictionary.get::<u8>(keys::BITS_PER_COMPONENT).or_else(|| dictionary.get(keys::BPC));
    let components = components(dictionary);
    let parameters = ImageDecodeParams {
        is_indexed: false,
        bpc: bits,
        num_components: components,
        target_dimension: None,
        width,
        height,
    };
    let Ok(decoded) = picture.decoded_image(&parameters) else { return Ok(false) };
    if let Some(image) = decoded.image_data {
        return Ok(image.height >= height || filters.last() == Some(&Filter::JpxDecode));
    }
    let is_mask = dictionary.get::<bool>(keys::IMAGE_MASK).or_else(|| dictionary.get(keys::IM)) == Some(true);
    let bits = if is_mask { 1 } else { u64::from(bits.unwrap_or(8)) };
    let row = (u64::from(width) * u64::from(components.unwrap_or(1)) * bits).div_ceil(8);
    Ok(decoded.data.len() as u64 >= row * u64::from(height))
}

/// What filters that change no picture make of a stream; nothing for others.
fn behind<'a>(filters: &[Filter], stream: Cow<'a, [u8]>) -> Option<Cow<'a, [u8]>> {
    filters.iter().try_fold(stream, |data, filter| match filter {
        Filter::Crypt => Some(data),
        Filter::AsciiHexDecode => Some(from_hexadecimal(&data).into()),
        Filter::Ascii85Decode => Some(from_base_85(&data).into()),
        Filter::FlateDecode => {
            let most = usize::try_from(MAX_INFLATED).unwrap_or(usize::MAX);
            decompress_to_vec_zlib_with_limit(&data, most).ok().map(Cow::Owned)
        }
        _ => None,
    })
}

/// Bytes behind the end of a picture's codes that a writer may add.
const ROOM: usize = 16;

/// Whether the codes of a JPEG 2000 reach their end, alone or in the container's box. Readers make a picture of any part.
fn jpx_has_its_end(data: &[u8]) -> bool {
    const END: &[u8] = b"\xFF\xD9";
    let codes = if data.starts_with(b"\xFF\x4F") { Some(data) } else { codes_in_box(data) };
    codes.is_some_and(|codes| {
        memchr::memmem::rfind(&codes[codes.len().saturating_sub(ROOM + END.len())..], END).is_some()
    })
}

/// The codes in a JPEG 2000's container; `None` where they are not all there.
fn codes_in_box(data: &[u8]) -> Option<&[u8]> {
    let kind = memchr::memmem::find(data, b"jp2c")?;
    let start = kind.checked_sub(4)?;
    let number = |bytes: &[u8]| bytes.iter().fold(0, |all: usize, byte| all << 8 | usize::from(*byte));
    match number(data.get(start..kind)?) {
        // Up to the end.
        0 => data.get(kind + 4..),
        // In eight bytes.
        1 => data.get(kind + 12..start.checked_add(number(data.get(kind + 4..kind + 12)?))?),
        length => data.get(kind + 4..start + length),
    }
}

/// Whether the segments of a JBIG2 picture are as long as they say.
fn jbig2_has_its_end(mut data: &[u8]) -> bool {
    /// Length of a segment of which it is told by its own end.
    const UNTOLD: usize = 0xFFFF_FFFF;
    while data.len() > ROOM {
        let Some((length, rest)) = jbig2_segment(data) else { return false };
        match rest.get(length..) {
            _ if length == UNTOLD => return true,
            Some(next) => data = next,
            None => return false,
        }
    }
    true
}

/// How long the data of the first segment is, and what follows its header.
fn jbig2_segment(data: &[u8]) -> Option<(usize, &[u8])> {
    let number = |at: usize| Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?));
    let (name, flags, count) = (number(0)?, *data.get(4)?, *data.get(5)?);
    // How many others it refers to, and bits for each.
    let (references, at) = match count >> 5 {
        7 => {
            let references = usize::try_from(number(5)? & 0x1FFF_FFFF).ok()?;
            (references, 9 + (references + 1).div_ceil(8))
        }
        references => (usize::from(references), 6),
    };
    let reference = match name {
        ..=256 => 1,
        257..=65_536 => 2,
        _ => 4,
    };
    let page = if flags & 0x40 == 0 { 1 } else { 4 };
    let at = references.checked_mul(reference)?.checked_add(at + page)?;
    Some((usize::try_from(number(at)?).ok()?, data.get(at + 4..)?))
}

/// Whether a fax has all its rows. A reader shows white for those behind an end that comes early, as it
/// does where zeros stand.
fn fax_is_whole(picture: &Stream<'_>, height: u32) -> bool {
    let parameters = parameters(picture.dict());
    let encoding = match parameters.get::<i32>(keys::K).unwrap_or(0) {
        ..0 => EncodingMode::Group4,
        0 => EncodingMode::Group3_1D,
        _ => EncodingMode::Group3_2D,
    };
    let columns = parameters.get::<u32>(keys::COLUMNS).unwrap_or(1_728);
    let aligned = parameters.get::<bool>(keys::ENCODED_BYTE_ALIGN).unwrap_or(false);
    bounded(columns, height).is_ok() && fax(&picture.raw_data(), encoding, aligned, (columns, height)).is_ok()
}

/// Samples of each pixel, where the picture's colours say.
fn components(picture: &Dict<'_>) -> Option<u8> {
    let by_name = |name: &str| match name {
        "DeviceRGB" | "RGB" | "CalRGB" | "Lab" => Some(3),
        "DeviceCMYK" | "CMYK" => Some(4),
        "DeviceGray" | "G" | "CalGray" | "Indexed" | "I" | "Separation" => Some(1),
        _ => None,
    };
    match picture.get::<Object<'_>>(keys::COLORSPACE).or_else(|| picture.get(keys::CS))? {
        Object::Name(name) => by_name(name.as_str()),
        Object::Array(space) => named(&space, by_name),
        _ => None,
    }
}

fn named(space: &Array<'_>, by_name: impl Fn(&str) -> Option<u8>) -> Option<u8> {
    let mut parts = space.flex_iter();
    let name = parts.next::<Name<'_>>()?;
    match name.as_str() {
        "ICCBased" => parts.next::<Stream<'_>>()?.dict().get::<u8>(keys::N),
        name => by_name(name),
    }
}

/// Whether a file ends with where its table of objects stands, and something stands there: one
/// that is cut does not, and its objects are guessed.
pub(super) fn ends_as_it_should(file: &[u8]) -> bool {
    let start = memchr::memmem::find(&file[..file.len().min(warden_core::image::HEAD_BYTES)], b"%PDF-").unwrap_or(0);
    let tail = &file[file.len().saturating_sub(TAIL)..];
    let Some(at) = memchr::memmem::rfind(tail, b"startxref") else { return false };
    let digits = tail[at + 9..].trim_ascii_start();
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(place) = std::str::from_utf8(&digits[..count]).ok().and_then(|digits| digits.parse::<usize>().ok()) else {
        return false;
    };
    let is_table = |place: usize| {
        let there = file.get(place..).unwrap_or_default().trim_ascii_start();
        there.starts_with(b"xref") || there.first().is_some_and(u8::is_ascii_digit)
    };
    // Some count from what stands before the document.
    is_table(place) || is_table(place.saturating_add(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_jpeg_2000_is_told() {
        let codes = |end: &[u8]| [b"\xFF\x4F\xFF\x51".as_slice(), &[0x5A; 40], end].concat();
        let boxed = |codes: &[u8], length: u8| {
            let before = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0".as_slice();
            [before, &[length], b"jp2c", codes].concat()
        };
        let whole = codes(b"\xFF\xD9");
        for (case, data, expected) in [
            ("codes", whole.clone(), true),
            ("codes and a line's end", codes(b"\xFF\xD9\r\n"), true),
            ("codes that are cut", codes(b""), false),
            ("codes that end in zeros", codes(&[0; 40]), false),
            ("a box", boxed(&whole, 54), true),
            ("a box up to the end", boxed(&whole, 0), true),
            ("a box of a length in eight bytes", boxed(&[&[0, 0, 0, 0, 0, 0, 0, 62][..], &whole].concat(), 1), true),
            ("a box that is cut", boxed(&whole, 90), false),
            ("cut codes in a box", boxed(&codes(b""), 0), false),
            ("nothing", Vec::new(), false),
        ] {
            assert_eq!(jpx_has_its_end(&data), expected, "{case}");
        }
    }

    #[test]
    fn segments_of_a_jbig2_are_as_long_as_they_say() {
        let page = b"\0\0\0\0\x30\0\x01\0\0\0\x13aaaaaaaaaaaaaaaaaaa".as_slice();
        let region =
            |length: u32| [b"\0\0\0\x01\x26\x20\0\x01".as_slice(), &length.to_be_bytes(), &[0x5A; 30]].concat();
        let wide = [b"\0\0\0\x01\x66\xE0\0\0\x01\0\0\0\0\0\x01\0\0\0\x1e".as_slice(), &[0x5A; 30]].concat();
        for (case, data, expected) in [
            ("a page", page.to_vec(), true),
            ("a region", [page, &region(30)].concat(), true),
            ("a region and a line's end", [page, &region(30), b"\r\n"].concat(), true),
            ("a region of which it is not told", [page, &region(u32::MAX)].concat(), true),
            ("long fields", [page, &wide].concat(), true),
            ("a region that is cut", [page, &region(31)].concat(), false),
            ("a page that is cut", page[..20].to_vec(), false),
            ("nothing", Vec::new(), true),
        ] {
            assert_eq!(jbig2_has_its_end(&data), expected, "{case}");
        }
    }
}
