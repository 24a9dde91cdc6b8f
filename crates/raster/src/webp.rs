//! A WebP of which pixels are missing: its decoder reads all of one or nothing, and takes zeros for codes.

use warden_core::image::Unreadable;

use crate::decode::{Picture, by_library, within_memory};

/// Bytes of a file before its chunks, of a chunk before its data, and of a frame's data before its own chunks.
const HEADERS: (usize, usize, usize) = (12, 8, 16);

/// Zeros at the end of a picture's codes that no encoder writes, in bytes: where a download or a disk ended,
/// there are more.
const ZEROS: usize = 256;

/// How many times longer than it is a file may be said to be, and still be read.
const MOST_MISSING: usize = 20;

/// The pixels of a picture, as far as its codes come. Behind them is what zeros stand for.
///
/// # Errors
/// Those of [`crate::decode::decode`].
pub(crate) fn decode(bytes: &[u8], held: u64) -> Result<Picture, Unreadable> {
    let whole = is_whole(bytes);
    let read = |bytes: &[u8], held| by_library(bytes, image::ImageFormat::WebP, held);
    let (image, orientation) = match read(bytes, held) {
        Err(Unreadable::Damaged) if !whole => {
            let mended = lengthened(bytes, held).ok_or(Unreadable::Damaged)?;
            read(&mended, held + mended.len() as u64)?
        }
        read => read?,
    };
    Ok(Picture { whole, ..Picture::new(image, orientation) })
}

/// Whether the codes of all pictures in a file are there.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    let length = bytes.get(4..).and_then(<[u8]>::first_chunk).map_or(usize::MAX, |length| length_of(*length));
    let end = length.saturating_add(8).min(bytes.len());
    chunks_are_whole(bytes.get(HEADERS.0..end).unwrap_or_default())
}

fn chunks_are_whole(mut chunks: &[u8]) -> bool {
    while let Some((kind, rest)) = chunks.split_first_chunk::<4>()
        && let Some((length, rest)) = rest.split_first_chunk::<4>()
    {
        let length = length_of(*length);
        let data = rest.get(..length);
        match (kind, data) {
            (b"VP8 " | b"VP8L" | b"ALPH" | b"ANMF", None) => return false,
            (b"VP8 " | b"VP8L", Some(codes)) if codes.ends_with(&[0; ZEROS]) => return false,
            (b"ANMF", Some(frame)) if !chunks_are_whole(frame.get(HEADERS.2..).unwrap_or_default()) => return false,
            _ => {}
        }
        chunks = rest.get(length.saturating_add(length % 2)..).unwrap_or_default();
    }
    true
}

/// The file with zeros for what is missing of the length that it says.
fn lengthened(bytes: &[u8], held: u64) -> Option<Vec<u8>> {
    let length = length_of(*bytes.get(4..)?.first_chunk()?).checked_add(HEADERS.1)?;
    let is_worth_it = (bytes.len()..=bytes.len().checked_mul(MOST_MISSING)?).contains(&length);
    if !is_worth_it || within_memory(held.checked_add(length as u64)?).is_err() {
        return None;
    }
    let mut mended = bytes.to_vec();
    mended.resize(length, 0);
    Some(mended)
}

fn length_of(bytes: [u8; 4]) -> usize {
    usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX)
}
