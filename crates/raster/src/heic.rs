//! HEIC: a container of pictures in HEVC, each whole or a grid of tiles.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use heifer::{
    Options,
    heifer_hevc_dec::{
        nal::{NalHeader, NalUnit, NalUnitType},
        params::Sps,
    },
    heifer_isobmff::{
        HeifFile, Item, ItemId,
        boxes::{Extent, Grid, ItemReference, Property, parse_item_locations, parse_property_associations},
    },
};
use image::{DynamicImage, RgbImage, RgbaImage, metadata::Orientation};
use warden_core::{
    image::{
        Unreadable,
        heif::{self, HeifBox},
    },
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

/// How deep pictures are made of others: the decoder goes no deeper.
const MAX_DEPTH: usize = 4;

/// Pixels along an edge of the largest blocks in which a picture is coded. Fewer are added to fill the last.
const BLOCK: u32 = 64;

/// Pixels along an edge of the tiles of which phones make a grid.
const PHONES_TILE: u32 = 512;

/// Beginnings of the names under which pictures add to another one: its transparency, distances, brightness, outlines.
const AUXILIARY: [&str; 5] = [
    "urn:mpeg:hevc:2015:auxid:",
    "urn:mpeg:mpegB:cicp:systems:auxiliary:",
    "urn:com:apple:photo:",
    "tag:apple.com,",
    "urn:iso:std:iso:ts:21496:",
];

/// Boxes of which the description has one at most: programs differ in which of two they go by.
const ONCE: [&[u8; 4]; 6] = [b"pitm", b"iinf", b"iloc", b"iref", b"iprp", b"idat"];

/// A file's pictures.
pub(crate) struct Pictures<'a> {
    file: HeifFile<'a>,
    bytes: &'a [u8],
    /// Where the number of the first picture stands, and how many bytes it has.
    first: (usize, usize),
    /// Where it stands that a picture is cropped, likewise.
    crops: Vec<(usize, usize)>,
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
    let file = guarded(|| {
        HeifFile::parse(bytes).map_err(|_| {
            let is_film = heif::boxes(bytes).any(|found| &found.kind == b"moov");
            if is_film { Unreadable::UnsupportedFormat } else { Unreadable::Damaged }
        })
    })?;
    if is_described_once(bytes, &file) { Ok(file) } else { Err(Unreadable::Damaged) }
}

/// Whether there is one description, in it no list twice, in a list no item, and of an item one size and one way to decode
/// it.
fn is_described_once(bytes: &[u8], file: &HeifFile<'_>) -> bool {
    let Some(description) = description(bytes) else { return false };
    let lists: Vec<_> = boxes_in(bytes, &description).collect();
    let properties = lists.iter().filter(|found| &found.kind == b"iprp");
    let properties: Vec<_> = properties.flat_map(|found| boxes_in(bytes, found)).collect();
    let named = |among: &[HeifBox], kind: &[u8; 4]| among.iter().filter(|found| &found.kind == kind).count();
    let content = |found: &HeifBox| bytes.get(found.range()).unwrap_or_default();
    let of_places = lists.iter().filter(|found| &found.kind == b"iloc");
    let placed =
        of_places.filter_map(|found| parse_item_locations(content(found)).ok()).flatten().map(|place| place.id);
    let lists_of_properties = properties.iter().filter(|found| &found.kind == b"ipma");
    let described = lists_of_properties.filter_map(|found| parse_property_associations(content(found)).ok()).flatten();
    let tells_once = |item: &Item| {
        let is_one = |is: fn(&Property) -> bool| {
            let mut told = properties_of(file, item).filter(|property| is(property));
            let first = told.next();
            told.all(|other| Some(other) == first)
        };
        is_one(|property| matches!(property, Property::ImageSize { .. }))
            && is_one(|property| matches!(property, Property::HevcConfig(_)))
    };
    heif::boxes(bytes).filter(|found| &found.kind == b"meta").count() < 2
        && ONCE.iter().all(|kind| named(&lists, kind) < 2)
        && named(&properties, b"ipco") < 2
        && are_unlike(file.items.iter().map(|item| item.id))
        && are_unlike(placed)
        && are_unlike(described.map(|(item, _)| item))
        && file.items.iter().all(tells_once)
}

/// Whether no number is there twice.
fn are_unlike(mut numbers: impl Iterator<Item = ItemId>) -> bool {
    let mut seen = HashSet::new();
    numbers.all(|number| seen.insert(number))
}

/// The box that describes the pictures, behind its version and flags.
fn description(bytes: &[u8]) -> Option<HeifBox> {
    let found = heif::boxes(bytes).filter(|found| &found.kind == b"meta").last()?;
    let content = found.content + 4;
    (content <= found.end).then_some(HeifBox { content, ..found })
}

/// The boxes in a box.
fn boxes_in(bytes: &[u8], around: &HeifBox) -> impl Iterator<Item = HeifBox> {
    let start = around.content;
    let inner = bytes.get(around.range()).unwrap_or_default();
    heif::boxes(inner).map(move |found| HeifBox { content: start + found.content, end: start + found.end, ..found })
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
            // Some call it XML, some add the encoding.
            b"mime" if item.content_type.as_deref().is_some_and(|kind| kind.contains("xml")) => Piece::Xmp,
            _ => return None,
        };
        left = left.checked_sub(length_of(item, bytes))?;
        file.item_data(id).ok().map(piece)
    });
    films.into_iter().chain(of_items)
}

/// The pictures that a file shows: all but the parts of others, smaller copies, and what only adds
/// to one of them (transparency, distances, brightness). They are shown without the crop that the file may want.
///
/// # Errors
/// [`Unreadable::Damaged`], [`Unreadable::TooLarge`] and [`Unreadable::UnsupportedFormat`].
pub(crate) fn pictures(bytes: &[u8]) -> Result<Pictures<'_>, Unreadable> {
    let end = heif::boxes(bytes).last().map_or(0, |last| last.end);
    let bytes = &bytes[..end];
    let file = open(bytes)?;
    let ids = Relations::of(&file).shown();
    let has_track = heif::boxes(bytes).any(|found| &found.kind == b"moov");
    let first = first_place(bytes).ok_or(Unreadable::Damaged)?;
    let crops = crops(bytes, &file).ok_or(Unreadable::Damaged)?;
    Ok(Pictures { file, bytes, first, crops, ids, has_track })
}

/// How the pictures of a file belong to each other.
struct Relations<'a> {
    file: &'a HeifFile<'a>,
    items: HashMap<ItemId, &'a Item>,
    references: HashMap<ItemId, Vec<&'a ItemReference>>,
}

impl<'a> Relations<'a> {
    fn of(file: &'a HeifFile<'a>) -> Self {
        let mut references = HashMap::<_, Vec<_>>::new();
        for reference in &file.references {
            references.entry(reference.from).or_default().push(reference);
        }
        Self { file, items: file.items.iter().map(|item| (item.id, item)).collect(), references }
    }

    /// The pictures to look at, the first first: with their parts they are all that do not only add to another.
    fn shown(&self) -> Vec<ItemId> {
        let mut seen = HashSet::new();
        let pixels = self.file.items.iter().map(|item| (item.id, self.pixels(item.id))).collect();
        let (adding, others): (Vec<&Item>, Vec<&Item>) =
            self.file.items.iter().partition(|item| self.adds(item, &pixels));
        for item in adding {
            self.see(item.id, &mut seen);
        }
        let parts: HashSet<_> = self.file.items.iter().flat_map(|item| self.parts(item.id)).collect();
        let pictures = others.into_iter().filter(|item| is_picture(item));
        // What is a part of another is seen with it, unless they are parts of each other.
        let (alone, within): (Vec<&Item>, Vec<&Item>) = pictures.partition(|item| !parts.contains(&item.id));
        let mut shown = vec![self.file.primary_id];
        self.see(self.file.primary_id, &mut seen);
        for item in alone.iter().chain(&within) {
            if !seen.contains(&item.id) {
                shown.push(item.id);
                self.see(item.id, &mut seen);
            }
        }
        shown
    }

    /// What a picture is made of, where nothing of that is covered.
    fn parts(&self, id: ItemId) -> impl Iterator<Item = ItemId> {
        let kind = self.items.get(&id).map(|item| &item.item_type.0);
        // The first of a map is the picture itself, the second says how bright it is to be shown.
        let from = match kind {
            Some(b"grid" | b"iden") => 0,
            Some(b"tmap") => 1,
            _ => usize::MAX,
        };
        // The decoder goes by the first list: what a second one names is a picture for itself.
        let made = self.references.get(&id).into_iter().flatten().find(|reference| &reference.ref_type.0 == b"dimg");
        made.into_iter().flat_map(move |reference| reference.to.iter().copied().skip(from))
    }

    /// Takes a picture and its parts for seen.
    fn see(&self, id: ItemId, seen: &mut HashSet<ItemId>) {
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            if seen.insert(id) {
                next.extend(self.parts(id));
            }
        }
    }

    /// Whether an item only adds to a picture, or is a smaller copy of one, by the pixels that each has.
    fn adds(&self, item: &Item, pixels: &HashMap<ItemId, u64>) -> bool {
        let pixels = |id: ItemId| pixels.get(&id).copied().unwrap_or(u64::MAX);
        let mut references = self.references.get(&item.id).into_iter().flatten();
        &item.item_type.0 == b"tmap"
            || references.any(|reference| match (&reference.ref_type.0, reference.to.first()) {
                (b"auxl", Some(_)) => self.is_auxiliary(item),
                (b"thmb", Some(of)) => pixels(item.id) < pixels(*of),
                _ => false,
            })
    }

    fn is_auxiliary(&self, item: &Item) -> bool {
        properties_of(self.file, item).any(|property| {
            matches!(property, Property::AuxiliaryType(name) if AUXILIARY.iter().any(|known| name.starts_with(known)))
        })
    }

    /// How many pixels a picture has, all of its parts together; most where it does not say.
    fn pixels(&self, id: ItemId) -> u64 {
        let own = |id: ItemId| {
            let (width, height) = own_size(self.file, self.items.get(&id)?)?;
            Some(u64::from(width) * u64::from(height))
        };
        if self.parts(id).next().is_none() {
            return own(id).unwrap_or(u64::MAX);
        }
        let is_whole = |part: &ItemId| self.parts(*part).next().is_none();
        let mut parts = self.parts(id);
        let mut known = parts.by_ref().take(MAX_PARTS).map(|part| own(part).filter(|_| is_whole(&part)));
        let all = known.try_fold(0, |all: u64, part| Some(all.saturating_add(part?)));
        all.filter(|_| parts.next().is_none()).unwrap_or(u64::MAX)
    }
}

/// Whether an item is a picture: all are of which it is not known what else they are.
fn is_picture(item: &Item) -> bool {
    match &item.item_type.0 {
        b"Exif" | b"uri " | b"tmap" => false,
        b"mime" => item.content_type.as_deref().is_some_and(|kind| kind.starts_with("image/")),
        _ => true,
    }
}

/// Where it stands that a picture is cropped, and how many bytes that has; `None` where it cannot be told. What only takes
/// away the rest of a block is left as it is.
fn crops(bytes: &[u8], file: &HeifFile<'_>) -> Option<Vec<(usize, usize)>> {
    let mut found = Vec::new();
    if !file.properties.iter().any(|property| matches!(property, Property::CleanAperture { .. })) {
        return Some(found);
    }
    // What is put together of others has the size that comes of it, whatever it says.
    let coded = file.items.iter().filter(|item| &item.item_type.0 == b"hvc1");
    let sizes: HashMap<_, _> = coded.map(|item| (item.id, own_size(file, item))).collect();
    let properties = boxes_in(bytes, &description(bytes)?).find(|found| &found.kind == b"iprp")?;
    for list in boxes_in(bytes, &properties).filter(|found| &found.kind == b"ipma") {
        let content = bytes.get(..list.end)?;
        let number = |at: usize, length: usize| {
            let number = content.get(at..at.checked_add(length)?)?;
            Some(number.iter().fold(0, |all: u32, byte| all << 8 | u32::from(*byte)))
        };
        let (of_item, of_property) = (
            if number(list.content, 1)? == 0 { 2 } else { 4 },
            if number(list.content + 3, 1)? & 1 == 0 { 1 } else { 2 },
        );
        let mut at = list.content + 8;
        for _ in 0..number(list.content + 4, 4)? {
            let size = sizes.get(&number(at, of_item)?).copied().flatten();
            let count = number(at + of_item, 1)?;
            at += of_item + 1;
            for _ in 0..count {
                // The highest bit says whether a reader has to know it.
                let property = number(at, of_property)? & if of_property == 1 { 0x7F } else { 0x7FFF };
                let property =
                    usize::try_from(property).ok().and_then(|number| file.properties.get(number.checked_sub(1)?));
                if property.is_some_and(|property| is_crop(property, size)) {
                    found.push((at, of_property));
                }
                at += of_property;
            }
        }
    }
    Some(found)
}

/// The properties of an item.
fn properties_of<'a>(file: &'a HeifFile<'_>, item: &'a Item) -> impl Iterator<Item = &'a Property> {
    let numbers = item.properties.iter().map(|property| usize::from(property.index));
    numbers.filter_map(|number| file.properties.get(number.checked_sub(1)?))
}

/// The size that an item says it has.
fn own_size(file: &HeifFile<'_>, item: &Item) -> Option<(u32, u32)> {
    properties_of(file, item).find_map(|property| match property {
        Property::ImageSize { width, height } => Some((*width, *height)),
        _ => None,
    })
}

/// Whether a property takes more away from a picture of some size than what fills its last blocks.
fn is_crop(property: &Property, size: Option<(u32, u32)>) -> bool {
    let Property::CleanAperture { width, height, horiz_offset, vert_offset } = property else { return false };
    let Some((full_width, full_height)) = size else { return true };
    let share = |(of, in_all): (f64, u32)| of / f64::from(in_all);
    let takes = |full: u32, (kept, kept_in): (u32, u32), (off, off_in): (i32, u32)| {
        let left = share((f64::from(kept), kept_in)) - 2.0 * share((f64::from(off), off_in)).abs();
        let taken = f64::from(full) - left;
        // What is divided by nothing is no number, and takes all.
        !taken.is_finite() || taken >= f64::from(BLOCK)
    };
    takes(full_width, *width, *horiz_offset) || takes(full_height, *height, *vert_offset)
}

impl Pictures<'_> {
    /// The same, cropped as the file wants it.
    pub(crate) fn cropped(self) -> Self {
        Self { crops: Vec::new(), ..self }
    }

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
        let mut known = HashMap::new();
        // Items may share their bytes. Of each the codes are looked at before it is decoded.
        let coded = self.file.items.iter().filter(|item| &item.item_type.0 == b"hvc1");
        let coded = coded.fold(0_u64, |all, item| all.saturating_add(length_of(item, self.bytes)));
        self.ids.iter().map(move |id| {
            if self.is_over(coded) {
                return Err(Unreadable::TooLarge);
            }
            let cost = self.cost(*id, 0, &mut known)?;
            left = left.checked_sub(cost.pixels).ok_or(Unreadable::TooLarge)?;
            self.decode_item(*id, cost, held)
        })
    }

    fn decode_item(&self, id: ItemId, cost: Cost, held: u64) -> Result<Picture, Unreadable> {
        // The file once more, where another picture than the first is asked for, or a crop is undone.
        let copy = if self.is_as_it_stands(id) { 0 } else { self.bytes.len() as u64 };
        within_memory(held + copy + cost.peak)?;
        if self.is_over(cost.coded) {
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
        // Turned as the file says already.
        Ok(Picture::new(image.ok_or(Unreadable::Damaged)?, Orientation::NoTransforms))
    }

    /// Whether so many coded bytes are more than a file of this length has for pictures that are told once or twice.
    const fn is_over(&self, coded: u64) -> bool {
        coded > 4 * self.bytes.len() as u64 + MAX_DESCRIPTION as u64
    }

    /// Whether the decoder takes a picture from the file as it is.
    fn is_as_it_stands(&self, id: ItemId) -> bool {
        id == self.file.primary_id && self.crops.is_empty()
    }

    /// The file with another picture as its first, which is the one that the decoder takes, and without crops.
    fn with_first(&self, id: ItemId) -> Result<Cow<'_, [u8]>, Unreadable> {
        if self.is_as_it_stands(id) {
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
        for (at, length) in &self.crops {
            // No property.
            bytes.get_mut(*at..at + length).ok_or(Unreadable::Damaged)?.fill(0);
        }
        Ok(bytes.into())
    }

    /// What decoding a picture takes, by what the file says of it, before anything is decoded.
    fn cost(&self, id: ItemId, depth: usize, known: &mut HashMap<ItemId, Cost>) -> Result<Cost, Unreadable> {
        if let Some(cost) = known.get(&id) {
            return Ok(*cost);
        }
        if depth > MAX_DEPTH {
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
                if self.hides_pixels(id, (width, height))? {
                    return Err(Unreadable::Damaged);
                }
                let pixels = u64::from(width.next_multiple_of(BLOCK)) * u64::from(height.next_multiple_of(BLOCK));
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
                if !self.is_filled(id, &grid) {
                    return Err(Unreadable::Damaged);
                }
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

    /// Whether more is coded of a picture than the file says that it has, and not only what fills its last blocks.
    fn hides_pixels(&self, id: ItemId, (width, height): (u32, u32)) -> Result<bool, Unreadable> {
        let damaged = |_| Unreadable::Damaged;
        let Some(config) = self.file.hevc_config(id).map_err(damaged)? else { return Err(Unreadable::Damaged) };
        let hides = |unit: &[u8]| {
            if !NalHeader::parse(unit).is_ok_and(|header| header.unit_type == NalUnitType::Sps) {
                return false;
            }
            // The decoder gives up on one that cannot be read.
            let size = NalUnit::parse(unit).and_then(|unit| Sps::parse(&unit.rbsp));
            size.is_ok_and(|size| {
                let more = |coded: u32, told: u32| coded.saturating_sub(told) >= BLOCK;
                more(size.pic_width_in_luma_samples, width) || more(size.pic_height_in_luma_samples, height)
            })
        };
        if config.nal_units.iter().any(|unit| hides(unit)) {
            return Ok(true);
        }
        // Its size may be told anew among its codes.
        let data = self.file.item_data(id).map_err(damaged)?;
        let mut rest = &data[..];
        while let Some((length, more)) = rest.split_at_checked(config.nal_length_size.into()) {
            let length = length.iter().fold(0, |all: usize, byte| all << 8 | usize::from(*byte));
            let Some((unit, more)) = more.split_at_checked(length) else { break };
            if hides(unit) {
                return Ok(true);
            }
            rest = more;
            if rest.is_empty() {
                break;
            }
        }
        Ok(false)
    }

    /// Whether the tiles of a grid are of one size and fill it, and of the last in a row or column no more is cut off than
    /// the tiles of phones have.
    fn is_filled(&self, id: ItemId, grid: &Grid) -> bool {
        let mut tiles =
            self.file.referenced_items(id, b"dimg").iter().map(|tile| self.file.image_size(*tile).ok().flatten());
        let Some((width, height)) = tiles.next().flatten() else { return false };
        if !tiles.all(|tile| tile == Some((width, height))) {
            return false;
        }
        let fills = |tile: u32, count: u16, all: u32| {
            let filled = u64::from(tile) * u64::from(count);
            let cut = filled.checked_sub(u64::from(all));
            cut.is_some_and(|cut| cut < u64::from(tile.min(PHONES_TILE)))
        };
        grid.columns > 0
            && grid.rows > 0
            && fills(width, grid.columns, grid.output_width)
            && fills(height, grid.rows, grid.output_height)
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
    let first = boxes_in(bytes, &description(bytes)?).find(|found| &found.kind == b"pitm")?;
    let length = if *bytes.get(first.content)? == 0 { 2 } else { 4 };
    Some((first.content + 4, length))
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
