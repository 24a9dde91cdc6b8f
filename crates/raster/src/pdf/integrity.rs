//! Whether what stands in a document is all there. Readers are content with less, and show white
//! where the rest should be.

use hayro::hayro_syntax::{
    Filter,
    object::{Array, Dict, Name, Object, Stream, dict::keys, stream::ImageDecodeParams},
};
use hayro_ccitt::EncodingMode;
use miniz_oxide::inflate::{
    TINFLStatus,
    core::{DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER},
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

/// Bytes before the end within which a reader looks for where the table of objects stands.
const TAIL: usize = 2_048;

/// Looks whether every deflated stream of a file stays within bounds, without keeping any of it.
///
/// # Errors
/// [`Unreadable::TooLarge`] if one does not.
pub(super) fn inflates_within_bounds(file: &[u8]) -> Result<(), Unreadable> {
    for at in memchr::memmem::find_iter(file, b"stream") {
        let rest = file[at + 6..].trim_ascii_start();
        let is_zlib = matches!(*rest, [method, flags, ..]
            if method & 0x0F == 8 && (u16::from(method) << 8 | u16::from(flags)).is_multiple_of(31));
        if is_zlib && matches!(inflated(rest), Inflated::TooLong) {
            return Err(Unreadable::TooLarge);
        }
    }
    Ok(())
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
    let flags = TINFL_FLAG_PARSE_ZLIB_HEADER;
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

/// Whether a stream is there up to its end, as far as its first filter tells.
pub(super) fn is_whole(stream: &Stream<'_>) -> bool {
    if stream.filters().first() != Some(&Filter::FlateDecode) {
        return true;
    }
    let data = stream.raw_data();
    data.is_empty() || matches!(inflated(&data), Inflated::Whole)
}

/// Whether a picture's pixels are all there.
///
/// # Errors
/// [`Unreadable::TooLarge`] for one that is not decoded within bounds.
pub(super) fn picture_is_whole(picture: &Stream<'_>, held: u64) -> Result<bool, Unreadable> {
    let dictionary = picture.dict();
    let size = |key: &[u8]| dictionary.get::<u32>(key).unwrap_or(0);
    let (width, height) = (size(keys::WIDTH), size(keys::HEIGHT));
    if width == 0 || height == 0 {
        return Ok(false);
    }
    let pixels = bounded(width, height)?;
    within_memory(2 * held + pixels * BYTES_A_PIXEL)?;
    if !is_whole(picture) {
        return Ok(false);
    }
    let filters = picture.filters();
    if let [Filter::DctDecode] = filters.as_slice() {
        let data = picture.raw_data();
        return Ok(jpeg::coverage(&data).is_none_or(jpeg::Coverage::is_whole));
    }
    if let [Filter::CcittFaxDecode] = filters.as_slice() {
        return Ok(fax_is_whole(picture, height));
    }
    let bits = dictionary.get::<u8>(keys::BITS_PER_COMPONENT);
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
    let is_mask = dictionary.get::<bool>(keys::IMAGE_MASK) == Some(true);
    let bits = if is_mask { 1 } else { u64::from(bits.unwrap_or(8)) };
    let row = (u64::from(width) * u64::from(components.unwrap_or(1)) * bits).div_ceil(8);
    Ok(decoded.data.len() as u64 >= row * u64::from(height))
}

/// Whether a fax has all its rows. A reader shows white for those behind an end that comes early, as it
/// does where zeros stand.
fn fax_is_whole(picture: &Stream<'_>, height: u32) -> bool {
    let dictionary = picture.dict();
    let parameters = dictionary.get::<Dict<'_>>(keys::DECODE_PARMS).or_else(|| {
        let listed = dictionary.get::<Array<'_>>(keys::DECODE_PARMS)?;
        listed.flex_iter().next::<Dict<'_>>()
    });
    let parameters = parameters.unwrap_or_else(Dict::empty);
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
        "DeviceRGB" | "CalRGB" | "Lab" => Some(3),
        "DeviceCMYK" => Some(4),
        "DeviceGray" | "CalGray" | "Indexed" | "Separation" => Some(1),
        _ => None,
    };
    match picture.get::<Object<'_>>(keys::COLORSPACE)? {
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
