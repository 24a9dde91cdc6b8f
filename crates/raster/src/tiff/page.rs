//! One page: what its fields say, and its pixels.

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage, metadata::Orientation};
use warden_core::image::{
    Unreadable,
    tiff::{Directory, Entry, Tiff},
};

use super::{
    HEIGHT, WIDTH,
    chunk::{Chunk, Compression, decompressed},
    samples::{Colours, Depth, Range, Ycbcr},
};
use crate::{
    decode::{Picture, bounded, within_memory},
    jpeg,
};

const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_LENGTHS: u16 = 279;
const PLANAR: u16 = 284;
const FAX_OPTIONS: u16 = 292;
const PREDICTOR: u16 = 317;
const COLOUR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_LENGTHS: u16 = 325;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const JPEG_TABLES: u16 = 347;
const JPEG_OFFSET: u16 = 513;
const JPEG_LENGTH: u16 = 514;
const SUBSAMPLING: u16 = 530;

/// A page of a TIFF.
pub(crate) struct Page<'a> {
    tiff: Tiff<'a>,
    directory: Directory<'a>,
}

/// What is the same for all strips or tiles of a page.
struct Layout {
    width: u32,
    height: u32,
    /// Size of a strip or tile.
    chunk: (u32, u32),
    samples: usize,
    planar: bool,
    depth: Depth,
    compression: Compression,
    predictor: u64,
    colours: Colours,
    /// How colours are packed that are fewer than pixels.
    ycbcr: Option<Ycbcr>,
}

impl<'a> Page<'a> {
    pub(crate) const fn new(tiff: Tiff<'a>, directory: Directory<'a>) -> Self {
        Self { tiff, directory }
    }

    /// The page's pixels; `held` bytes are in memory already.
    ///
    /// # Errors
    /// [`Unreadable::TooLarge`] before the pixels are decoded; [`Unreadable::UnsupportedFormat`];
    /// [`Unreadable::Damaged`], also when anything of it is missing.
    pub(crate) fn decode(&self, held: u64) -> Result<Picture, Unreadable> {
        let orientation = self.directory.number(ORIENTATION).and_then(|number| u8::try_from(number).ok());
        let orientation = orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
        if let Some(jpeg) = self.old_jpeg() {
            let picture = jpeg::decode(jpeg, held)?;
            // Each strip may have one of its own, and this is the first; or it is a smaller copy.
            let is_all = self.is_within(picture.image.width(), picture.image.height());
            return Ok(Picture { orientation, whole: picture.whole && is_all, ..picture });
        }
        let layout = self.layout()?;
        let pixels = bounded(layout.width, layout.height)?;
        let (stored, channels) = (layout.colours.stored(), layout.colours.channels());
        // A strip or tile is there as bytes and as samples, beside the page.
        let chunk = u64::from(layout.chunk.0) * u64::from(layout.chunk.1) * layout.samples as u64;
        within_memory(held + pixels * (stored + channels) as u64 + chunk * (layout.depth.bits() as u64 / 8 + 2))?;
        let range = if layout.depth.needs_range() { self.range(&layout, held)? } else { layout.depth.range() };

        let pixels = usize::try_from(pixels).map_err(|_| Unreadable::TooLarge)?;
        let mut canvas = vec![0; pixels * if layout.planar { stored } else { channels }];
        self.each_chunk(&layout, held, &mut |area, plane, chunk| {
            let samples = chunk.scaled(&range, layout.colours.are_indices());
            let plane = layout.planar.then_some(plane);
            layout.colours.paint(&mut canvas, layout.width, area, plane, &samples);
        })?;
        let canvas = if layout.planar { layout.colours.joined(&canvas) } else { canvas };
        let (width, height) = (layout.width, layout.height);
        let image = match channels {
            1 => GrayImage::from_raw(width, height, canvas).map(DynamicImage::from),
            3 => RgbImage::from_raw(width, height, canvas).map(DynamicImage::from),
            _ => RgbaImage::from_raw(width, height, canvas).map(DynamicImage::from),
        };
        Ok(Picture::new(image.ok_or(Unreadable::Damaged)?, orientation))
    }

    /// Whether the page is no larger than so many pixels.
    fn is_within(&self, width: u32, height: u32) -> bool {
        let is_within = |tag, most: u32| self.directory.number(tag).is_none_or(|edge| edge <= u64::from(most));
        is_within(WIDTH, width) && is_within(HEIGHT, height)
    }

    /// The whole JPEG of a page in the first way of putting it into a TIFF.
    fn old_jpeg(&self) -> Option<&'a [u8]> {
        // A camera's thumbnail says no more than where it stands.
        let compression =
            self.directory.number(COMPRESSION).or_else(|| self.directory.number(JPEG_OFFSET).and(Some(6)));
        if compression != Some(6) {
            return None;
        }
        let start =
            usize::try_from(self.directory.number(JPEG_OFFSET).or_else(|| self.directory.number(STRIP_OFFSETS))?);
        let rest = self.tiff.bytes().get(start.ok()?..)?;
        let length = self.directory.number(JPEG_LENGTH).or_else(|| self.directory.number(STRIP_LENGTHS));
        let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length > 0);
        Some(&rest[..length.unwrap_or(rest.len()).min(rest.len())]).filter(|jpeg| jpeg.starts_with(&[0xFF, 0xD8]))
    }

    fn layout(&self) -> Result<Layout, Unreadable> {
        let number = |tag| self.directory.number(tag);
        let edge = |tag| number(tag).and_then(|edge| u32::try_from(edge).ok()).filter(|edge| *edge > 0);
        let (width, height) = (edge(WIDTH).ok_or(Unreadable::Damaged)?, edge(HEIGHT).ok_or(Unreadable::Damaged)?);
        bounded(width, height)?;
        let samples = usize::try_from(number(SAMPLES).unwrap_or(1)).ok().filter(|samples| (1..=8).contains(samples));
        let samples = samples.ok_or(Unreadable::UnsupportedFormat)?;
        let compression = Compression::of(
            number(COMPRESSION).unwrap_or(1),
            number(FAX_OPTIONS).unwrap_or(0),
            number(FILL_ORDER) == Some(2),
        )?;
        let bits = self.directory.numbers(BITS).unwrap_or_else(|| vec![1]);
        let formats = self.directory.numbers(SAMPLE_FORMAT).unwrap_or_else(|| vec![1]);
        let depth = Depth::of(&bits, &formats, self.tiff.is_little_endian())?;
        let photometric = number(PHOTOMETRIC).unwrap_or(match (compression.is_fax(), samples) {
            (true, _) => 0,
            (_, 3..) => 2,
            _ => 1,
        });
        let planar = number(PLANAR) == Some(2) && samples > 1;
        let alpha = self.directory.numbers(EXTRA_SAMPLES).and_then(|extra| extra.first().copied());
        let map = self.directory.numbers(COLOUR_MAP);
        let colours = Colours::of(photometric, samples, alpha, map, depth.bits())?;
        let ycbcr = match (photometric, &compression) {
            // A JPEG's components come at full size.
            (6, Compression::Jpeg) => None,
            (6, _) if planar => return Err(Unreadable::UnsupportedFormat),
            (6, _) => Some(Ycbcr::of(self.directory.numbers(SUBSAMPLING), depth)?),
            _ => None,
        };
        let chunk = match (edge(TILE_WIDTH), edge(TILE_HEIGHT)) {
            (Some(width), Some(height)) => (width, height),
            _ => (width, edge(ROWS_PER_STRIP).unwrap_or(u32::MAX).min(height)),
        };
        bounded(chunk.0, chunk.1)?;
        let predictor = if compression.is_of_strings() { number(PREDICTOR).unwrap_or(1) } else { 1 };
        Ok(Layout { width, height, chunk, samples, planar, depth, compression, predictor, colours, ycbcr })
    }

    /// Least and greatest value of all samples: in more than eight bits, few writers use all of them.
    fn range(&self, layout: &Layout, held: u64) -> Result<Range, Unreadable> {
        let mut range = Range::default();
        self.each_chunk(layout, held, &mut |_, _, chunk| range.widen(&chunk))?;
        Ok(range)
    }

    /// Hands on the samples of every strip or tile, with its area in the page and its plane.
    fn each_chunk(
        &self,
        layout: &Layout,
        held: u64,
        take: &mut dyn FnMut(Area, usize, Chunk<'_>),
    ) -> Result<(), Unreadable> {
        let tiled = self.directory.get(TILE_OFFSETS).is_some();
        let (offsets, lengths) = if tiled { (TILE_OFFSETS, TILE_LENGTHS) } else { (STRIP_OFFSETS, STRIP_LENGTHS) };
        let numbers = |tag| self.directory.get(tag).into_iter().flat_map(Entry::numbers);
        let (mut offsets, mut lengths) = (numbers(offsets), numbers(lengths));
        let tables = self.directory.get(JPEG_TABLES).map(|tables| tables.value);
        let (chunk_width, chunk_height) = layout.chunk;
        let (columns, rows) = (layout.width.div_ceil(chunk_width), layout.height.div_ceil(chunk_height));
        // Planes behind the colours mean nothing.
        let planes = if layout.planar { layout.colours.stored() } else { 1 };
        for plane in 0..planes {
            for row in 0..rows {
                for column in 0..columns {
                    let (x, y) = (column * chunk_width, row * chunk_height);
                    let area = Area {
                        x,
                        y,
                        width: chunk_width.min(layout.width - x),
                        height: chunk_height.min(layout.height - y),
                    };
                    // One at 0 was never written.
                    let start = offsets.next().filter(|at| *at > 0).and_then(|at| usize::try_from(at).ok());
                    let rest = start.and_then(|start| self.tiff.bytes().get(start..)).ok_or(Unreadable::Damaged)?;
                    // Some writers leave the length out, or write 0: a strip ends by itself.
                    let length = lengths.next().filter(|length| *length > 0);
                    let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
                    let samples = if layout.planar { 1 } else { layout.samples };
                    // The last strip ends with the page, a tile does not.
                    let coded_height = if tiled { chunk_height } else { area.height };
                    let chunk = decompressed(
                        &rest[..length.min(rest.len())],
                        tables,
                        &layout.compression,
                        (chunk_width, coded_height),
                        layout.chunk,
                        (samples, layout.depth, layout.predictor, layout.ycbcr),
                        held,
                    )?;
                    take(area, plane, chunk);
                }
            }
        }
        Ok(())
    }
}

/// A rectangle of a page.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}
