//! An animated PNG's own words about its frames, which need not be true.

use std::borrow::Cow;

/// What a PNG's chunks say of an animation.
pub(crate) struct Apng<'a> {
    /// The file, its count of frames set right.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// How many frames there are, whatever it says.
    pub(crate) frames: u32,
    /// Whether its own picture is none of the frames.
    pub(crate) hides_its_picture: bool,
}

/// The animation in a PNG, if there are frames and a chunk that announces them.
pub(crate) fn read(png: &[u8]) -> Option<Apng<'_>> {
    let (mut at, mut frames, mut announced, mut pixels, mut hidden) = (8_usize, 0_u32, None, false, true);
    while let Some(chunk) = png.get(at..)
        && let (Some(length), Some(kind)) = (chunk.first_chunk(), chunk.get(4..8))
    {
        match kind {
            b"acTL" if announced.is_none() => announced = Some(at),
            b"fcTL" => {
                hidden &= pixels;
                frames += 1;
            }
            b"IDAT" => pixels = true,
            b"IEND" => break,
            _ => {}
        }
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        at = at.checked_add(12)?.checked_add(length)?;
    }
    let at = announced.filter(|_| frames > 0)?;
    let count = png.get(at + 8..)?.first_chunk().map(|count| u32::from_be_bytes(*count))?;
    let bytes = if count == frames {
        png.into()
    } else {
        let mut mended = png.to_vec();
        mended.get_mut(at + 8..at + 12)?.copy_from_slice(&frames.to_be_bytes());
        let checksum = crc32fast::hash(mended.get(at + 4..at + 16)?);
        mended.get_mut(at + 16..at + 20)?.copy_from_slice(&checksum.to_be_bytes());
        mended.into()
    };
    Some(Apng { bytes, frames, hides_its_picture: hidden })
}
