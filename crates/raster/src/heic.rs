//! HEIC: a container of pictures in HEVC, each whole or a grid of tiles.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use heifer::{
    Options,
    heifer_isobmff::{
        HeifFile, Item, ItemId,
        boxes::{Extent, Property},
        is_image_item,
    },
};
use image::{DynamicImage, RgbImage, RgbaImage, metadata::Orientation};
use warden_core::{
    image::{Unreadable, heif},
    metadata::Piece,
};

use crate::decode::{Picture, bounded, guarded, within_memory};

/// Most bytes of the box that describes the pictures: a phone's photograph of 48 megapixels has
/// some 20,000. Looking up its items takes the square of their number.
const MAX_DESCRIPTION: usize = 1024 * 1024;

/// Most pictures, tiles among them, that one picture is put together from.
const MAX_PARTS: usize = 4_096;

/// Most pixels that are decoded of all pictures together.
const MAX_DECODED_PIXELS: u64 = 400_000_000;

/// Bytes that decoding takes for each pixel of a picture that is coded whole: its samples, twice
/// where they are filtered, and what the filters remember.
const BYTES_A_CODED_PIXEL: u64 = 12;

/// A file's pictures.
pub(crate) struct Pictures<'a> {
    file: HeifFile<'a>,
    bytes: &'a [u8],
    /// Where the number of the first picture stands, and how many bytes it has.
    first: (usize, usize),
    ids: Vec<ItemId>,
    /// Whether there is a track of moving pictures too.
    pub(crate) has_track: bool,
}

/// What decoding a picture takes.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// Pixels that are decoded.
    pixels: u64,
    /// Bytes of the coded pictures.
    coded: u64,
    /// Most bytes in memory.
    peak: u64,
    /// Pictures and tiles.
    parts: usize,
    /// Pixels of the largest of them.
    largest: u64,
}

/// Reads a file's description.
///
/// # Errors
/// [`Unreadable::Damaged`], [`Unreadable::TooLarge`], and [`Unreadable::UnsupportedFormat`] for
/// moving pictures alone.
fn open(bytes: &[u8]) -> Result<HeifFile<'_>, Unreadable> {
    for found in heif::boxes(bytes) {
        if &found.kind == b"meta" && found.range().len() > MAX_DESCRIPTION {
            return Err(Unreadable::TooLarge);
        }
    }
    guarded(|| {
        HeifFile::parse(bytes).map_err(|_| {
            let is_film = heif::boxes(bytes).any(|found| &found.kind == b"moov");
            if is_film { Unreadable::UnsupportedFormat } else { Unreadable::Damaged }
        })
    })
}

/// Most bytes of all items with metadata together, of which one may be put together from any part of the file.
const MAX_METADATA: u64 = 16 * 1024 * 1024;

/// The pieces of metadata in a file: a film's that belongs to it, and what its items say, each put together when it is
/// asked for.
pub(crate) fn metadata(bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut films = Vec::new();
    let mut end = 0;
    for found in heif::boxes(bytes) {
        end = found.end;
        // What another box holds is the pictures, or read below.
        if matches!(&found.kind, b"moov" | b"mpvd" | b"uuid") {
            films.push(Piece::Film(&bytes[found.range()]));
        }
    }
    films.push(Piece::Film(&bytes[end..]));
    let file = open(&bytes[..end]).ok();
    let items = file.iter().flat_map(|file| file.items.iter().take(MAX_PARTS).map(|item| item.id));
    let items: Vec<_> = items.collect();
    let mut left = MAX_METADATA;
    let of_items = items.into_iter().filter_map(move |id| {
        let file = file.as_ref()?;
        let item = file.item(id).ok()?;
        let piece: fn(_) -> _ = match &item.item_type.0 {
            b"Exif" => Piece::Exif,
            b"mime" if item.content_type.as_deref() == Some("application/rdf+xml") => Piece::Xmp,
            _ => return None,
        };
        left = left.checked_sub(length_of(item, bytes))?;
        file.item_data(id).ok().map(piece)
    });
    films.into_iter().chain(of_items)
}

/// The pictures that a file shows: all but the parts of others, smaller copies, and what only adds
/// to one of them (transparency, distances, brightness).
///
/// # Errors
/// [`Unreadable::Damaged`], [`Unreadable::TooLarge`] and [`Unreadable::UnsupportedFormat`].
pub(crate) fn pictures(bytes: &[u8]) -> Result<Pictures<'_>, Unreadable> {
    let end = heif::boxes(bytes).last().map_or(0, |last| last.end);
    let bytes = &bytes[..end];
    let file = open(bytes)?;
    let kinds: HashMap<ItemId, [u8; 4]> = file.items.iter().map(|item| (item.id, item.item_type.0)).collect();
    let mut belongs = HashSet::new();
    for reference in &file.references {
        match (&reference.ref_type.0, kinds.get(&reference.from)) {
            (b"dimg", Some(b"grid" | b"iovl" | b"iden")) => belongs.extend(reference.to.iter().copied()),
            // The first is the picture itself, the second says how bright it is to be shown.
            (b"dimg", Some(b"tmap")) => belongs.extend(reference.to.iter().copied().skip(1)),
            (b"thmb" | b"auxl", _) => drop(belongs.insert(reference.from)),
            _ => {}
        }
    }
    let primary = file.primary_id;
    let others = file.items.iter().filter(|item| is_image_item(item.item_type) && !belongs.contains(&item.id));
    let others = others.map(|item| item.id).filter(|id| *id != primary);
    let ids = std::iter::once(primary).chain(others).collect();
    let has_track = heif::boxes(bytes).any(|found| &found.kind == b"moov");
    Ok(Pictures { first: first_place(bytes).ok_or(Unreadable::Damaged)?, file, bytes, ids, has_track })
}

impl Pictures<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Each picture, the first first; the bytes of the file are in memory, `held` of all. What
    /// could be decoded of the file within bounds is what the earlier ones left.
    ///
    /// # Errors
    /// Of each, those of [`crate::decode::decode`]; [`Unreadable::Avif`] for one in AV1.
    pub(crate) fn decode(&self, held: u64) -> impl Iterator<Item = Result<Picture, Unreadable>> {
        let mut left = MAX_DECODED_PIXELS;
        self.ids.iter().map(move |id| {
            let cost = self.cost(*id, 0, &mut HashMap::new())?;
            left = left.checked_sub(cost.pixels).ok_or(Unreadable::TooLarge)?;
            self.decode_item(*id, cost, held)
        })
    }

    fn decode_item(&self, id: ItemId, cost: Cost, held: u64) -> Result<Picture, Unreadable> {
        // The file once more, where another picture than the first is asked for.
        let copy = if id == self.file.primary_id { 0 } else { self.bytes.len() as u64 };
        within_memory(held + copy + cost.peak)?;
        if cost.coded > 4 * self.bytes.len() as u64 + MAX_DESCRIPTION as u64 {
            return Err(Unreadable::TooLarge);
        }
        let options = Options { max_threads: 0, max_pixels: cost.largest };
        let decoded =
            guarded(|| heifer::decode_rgba8(&self.with_first(id)?, &options).map_err(|error| unreadable(&error)))?;
        bounded(decoded.width, decoded.height)?;
        let image: Option<DynamicImage> = if decoded.has_alpha {
            RgbaImage::from_raw(decoded.width, decoded.height, decoded.data).map(Into::into)
        } else {
            RgbImage::from_raw(decoded.width, decoded.height, without_alpha(decoded.data)).map(Into::into)
        };
        // Turned and cropped as the file says already.
        Ok(Picture::new(image.ok_or(Unreadable::Damaged)?, Orientation::NoTransforms))
    }

    /// The file with another picture as its first, which is the one that the decoder takes.
    fn with_first(&self, id: ItemId) -> Result<Cow<'_, [u8]>, Unreadable> {
        if id == self.file.primary_id {
            return Ok(self.bytes.into());
        }
        let (at, length) = self.first;
        let number = id.to_be_bytes();
        // A number that does not fit where the first one stands.
        let (unwritten, written) = number.split_at(4 - length);
        if unwritten.iter().any(|byte| *byte != 0) {
            return Err(Unreadable::Damaged);
        }
        let mut bytes = self.bytes.to_vec();
        bytes.get_mut(at..at + length).ok_or(Unreadable::Damaged)?.copy_from_slice(written);
        Ok(bytes.into())
    }

    /// What decoding a picture takes, by what the file says of it, before anything is decoded.
    fn cost(&self, id: ItemId, depth: usize, known: &mut HashMap<ItemId, Cost>) -> Result<Cost, Unreadable> {
        if let Some(cost) = known.get(&id) {
            return Ok(*cost);
        }
        // The decoder goes four deep.
        if depth > 4 {
            return Err(Unreadable::Damaged);
        }
        let item = self.file.item(id).map_err(|_| Unreadable::Damaged)?;
        let properties = || self.file.item_properties(id).into_iter().flatten();
        let size = properties().find_map(|property| match property {
            Property::ImageSize { width, height } => Some((*width, *height)),
            _ => None,
        });
        let turned = properties().any(|property| {
            matches!(property, Property::Rotation(1..) | Property::Mirror(_) | Property::CleanAperture { .. })
        });
        let mut cost = match &item.item_type.0 {
            b"hvc1" => {
                let (width, height) = size.ok_or(Unreadable::Damaged)?;
                bounded(width, height)?;
                // It is coded in blocks of up to 64 by 64.
                let pixels = u64::from(width.next_multiple_of(64)) * u64::from(height.next_multiple_of(64));
                Cost {
                    pixels,
                    coded: length_of(item, self.bytes),
                    peak: pixels * (BYTES_A_CODED_PIXEL + 4),
                    parts: 1,
                    largest: pixels,
                }
            }
            b"grid" => {
                let grid = self.file.grid(id).map_err(|_| Unreadable::Damaged)?;
                let canvas = bounded(grid.output_width, grid.output_height)?;
                let mut cost = Cost { largest: canvas, parts: 1, ..Cost::default() };
                let mut tile = 0;
                self.add_inputs(id, depth, known, &mut cost, |peak| tile = tile.max(peak))?;
                // A tile on each of the function's two threads.
                Cost { peak: canvas * 4 + tile * 2, ..cost }
            }
            b"iovl" => {
                let (width, height) = size.ok_or(Unreadable::Damaged)?;
                let canvas = bounded(width, height)?;
                let mut cost = Cost { largest: canvas, parts: 1, ..Cost::default() };
                let mut inputs = 0;
                self.add_inputs(id, depth, known, &mut cost, |peak| inputs += peak)?;
                Cost { peak: canvas * 4 + inputs, ..cost }
            }
            b"iden" => {
                let mut cost = Cost { parts: 1, ..Cost::default() };
                let mut inputs = 0;
                self.add_inputs(id, depth, known, &mut cost, |peak| inputs += peak)?;
                Cost { peak: inputs, ..cost }
            }
            b"av01" => return Err(Unreadable::Avif),
            _ => return Err(Unreadable::UnsupportedFormat),
        };
        for alpha in self.file.referencing_items(id, b"auxl") {
            // Whether it is transparency or something else that adds to the picture.
            if let Ok(alpha) = self.cost(alpha, depth + 1, known) {
                cost.pixels += alpha.pixels;
                cost.coded += alpha.coded;
                cost.peak += alpha.peak;
                cost.largest = cost.largest.max(alpha.largest);
            }
        }
        if turned {
            cost.peak = cost.peak.max(2 * 4 * cost.largest);
        }
        known.insert(id, cost);
        Ok(cost)
    }

    /// Adds what the pictures cost that another is put together from, each as often as it is used.
    fn add_inputs(
        &self,
        id: ItemId,
        depth: usize,
        known: &mut HashMap<ItemId, Cost>,
        cost: &mut Cost,
        mut peak: impl FnMut(u64),
    ) -> Result<(), Unreadable> {
        for input in self.file.referenced_items(id, b"dimg") {
            let input = self.cost(*input, depth + 1, known)?;
            cost.pixels = cost.pixels.saturating_add(input.pixels);
            cost.coded = cost.coded.saturating_add(input.coded);
            cost.largest = cost.largest.max(input.largest);
            cost.parts = cost.parts.saturating_add(input.parts);
            peak(input.peak);
            if cost.parts > MAX_PARTS || cost.pixels > MAX_DECODED_PIXELS {
                return Err(Unreadable::TooLarge);
            }
        }
        Ok(())
    }
}

/// Bytes of an item, as far as the file says.
fn length_of(item: &Item, bytes: &[u8]) -> u64 {
    let length = |extent: &Extent| match extent.length {
        0 => bytes.len() as u64,
        length => length,
    };
    item.location
        .as_ref()
        .map_or(0, |location| location.extents.iter().fold(0, |all: u64, extent| all.saturating_add(length(extent))))
}

/// Where the number of the file's first picture stands, and how many bytes it has.
fn first_place(bytes: &[u8]) -> Option<(usize, usize)> {
    let description = heif::boxes(bytes).filter(|found| &found.kind == b"meta").last()?;
    // Version and flags stand before the boxes in it.
    let start = description.content + 4;
    let first = heif::boxes(bytes.get(start..description.end)?).filter(|found| &found.kind == b"pitm").last()?;
    let length = if *bytes.get(start + first.content)? == 0 { 2 } else { 4 };
    Some((start + first.content + 4, length))
}

/// Red, green and blue of pixels that have a fourth byte.
fn without_alpha(mut pixels: Vec<u8>) -> Vec<u8> {
    let count = pixels.len() / 4;
    for at in 1..count {
        pixels.copy_within(4 * at..4 * at + 3, 3 * at);
    }
    pixels.truncate(3 * count);
    pixels
}

fn unreadable(error: &heifer::Error) -> Unreadable {
    use heifer::{heifer_hevc_dec as hevc, heifer_isobmff as container};
    match error {
        heifer::Error::Unsupported(_)
        | heifer::Error::Hevc(hevc::Error::Unimplemented(_))
        | heifer::Error::Container(container::Error::Unimplemented(_)) => Unreadable::UnsupportedFormat,
        _ => Unreadable::Damaged,
    }
}
