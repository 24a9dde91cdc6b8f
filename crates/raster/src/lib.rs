//! Pictures that a model does not read as they are, as views that it does:
//! converted, scaled, or cut into overlapping tiles, within bounds of pixels,
//! memory and tokens; and what the metadata in them tells. Pure: bytes in, pictures out.

mod alpha;
mod animation;
mod apng;
mod bmp;
mod codes;
mod decode;
mod encode;
mod gif;
mod heic;
mod icon;
mod jpeg;
mod mask;
mod orientation;
mod pdf;
mod plan;
mod png_rows;
mod tiff;
mod webp;

use std::{borrow::Cow, time::Instant};

pub use codes::{Code, CodesUnread};
use image::DynamicImage;
pub use mask::{Masked, masked};
use warden_core::{
    image::{
        Area, ImageFormat, MAX_EDGE_PIXELS, MAX_IMAGE_BYTES, TokenBudget, Unreadable,
        behind::{self, Behind},
        jpeg::{coverage, is_of_unsaid_inks},
    },
    metadata,
    pii::Finding,
};

use crate::{
    alpha::Ground,
    codes::Search,
    decode::{Picture, guarded},
    plan::{MAX_VIEWS, Tile},
};

/// A picture, or a part of it, that a model takes.
#[derive(Clone, PartialEq, Eq)]
pub struct View {
    /// Its bytes.
    pub image: Vec<u8>,
    /// What they are: a JPEG, or the file itself where it needed no change.
    pub format: ImageFormat,
    /// The part of the picture that it shows.
    pub area: Area,
    /// Width and height of the picture, in the pixels of `area`.
    pub whole: (u32, u32),
    /// Which page, frame or picture it is of, of a file with several; counted from 1.
    pub page: Option<u32>,
}

impl View {
    fn of(picture: &Picture, tile: Tile, ground: Option<Ground>) -> Result<Self, Unreadable> {
        let Picture { image, orientation, .. } = picture;
        Ok(Self {
            image: encode::tile_jpeg(image, *orientation, tile, ground)?,
            format: ImageFormat::Jpeg,
            area: tile.area,
            whole: picture.seen_size(),
            page: None,
        })
    }
}

/// A picture in one piece, for those who read it in code.
#[derive(Clone)]
pub struct Overview {
    kept: Kept,
    /// The part of the picture that it shows.
    pub area: Area,
    /// Width and height of the picture, in the pixels of `area`.
    pub whole: (u32, u32),
    /// Which page, frame or picture it is of, of a file with several; counted from 1.
    pub page: Option<u32>,
}

/// What an overview is kept as.
#[derive(Clone)]
enum Kept {
    /// Its pixels: where it is the only one there is memory for them.
    Pixels(DynamicImage),
    /// A file that holds them.
    File(Vec<u8>, ImageFormat),
}

impl Overview {
    /// One whose pixels are neither packed nor unpacked.
    fn of(picture: &Picture, tile: Tile, ground: Option<Ground>) -> Self {
        let pixels = encode::tile_pixels(&picture.image, picture.orientation, tile, ground);
        let (area, whole) = (tile.area, picture.seen_size());
        Self { kept: Kept::Pixels(pixels.into()), area, whole, page: None }
    }

    /// Its pixels, as they are seen.
    ///
    /// # Errors
    /// [`Unreadable::Damaged`] where they cannot be decoded.
    pub fn picture(&self) -> Result<Cow<'_, DynamicImage>, Unreadable> {
        match &self.kept {
            Kept::Pixels(pixels) => Ok(Cow::Borrowed(pixels)),
            Kept::File(bytes, format) => {
                let Picture { mut image, orientation, .. } =
                    guarded(|| decode::decode(bytes, *format, bytes.len() as u64))?;
                image.apply_orientation(orientation);
                Ok(Cow::Owned(image))
            }
        }
    }
}

impl From<View> for Overview {
    fn from(View { image, format, area, whole, page }: View) -> Self {
        Self { kept: Kept::File(image, format), area, whole, page }
    }
}

/// A line of a document's text as the document itself says it, whether it is to be seen or not.
#[derive(Clone, PartialEq)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// Its left, top, right and bottom side, turned so that it lies upright. Lines that run one way are as far from each
    /// other as they are on the page, in its pixels.
    pub sides: [f64; 4],
    /// Where it stands on the page as it is drawn, or at the edge where it stands outside of it.
    pub area: Area,
    /// Width and height of the page.
    pub whole: (u32, u32),
    /// Which page it is of, counted from 1.
    pub page: Option<u32>,
}

/// What is made of a file for those who read it in code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whether its barcodes are read.
    pub codes: bool,
    /// Whether the text is told that a document has.
    pub texts: bool,
    /// Whether each of its pictures is shown in one piece.
    pub overviews: bool,
}

impl Reading {
    /// Barcodes alone.
    pub const CODES: Self = Self { codes: true, texts: false, overviews: false };
}

/// What a file shows.
#[derive(Default)]
pub struct Shown {
    /// Views that together show everything that could be read.
    pub views: Vec<View>,
    /// The barcodes in it, where they were asked for.
    pub codes: Vec<Code>,
    /// The text that a document has, where it was asked for: that of each page that has any. Pages of attached documents
    /// have numbers of their own.
    pub texts: Vec<Vec<Text>>,
    /// Each picture, page and frame in one piece, at most 2,000 pixels along an edge, where that was asked for.
    pub overviews: Vec<Overview>,
    /// Why something in the file could not: a page, a frame, the end of a picture.
    pub unread: Option<Unreadable>,
    /// Why something that the views show could not be shown in one piece.
    pub without_overview: Option<Unreadable>,
    /// Why there may be barcodes that were not found, where they were asked for.
    pub codes_unread: Option<CodesUnread>,
}

impl Shown {
    /// Adds what a part of the file shows. One that cannot be read does not hide another that can.
    fn add(&mut self, part: Result<Self, Unreadable>) {
        match part {
            Ok(part) => {
                self.views.extend(part.views);
                self.codes.extend(part.codes);
                self.texts.extend(part.texts);
                self.overviews.extend(part.overviews);
                self.unread = self.unread.or(part.unread);
                self.without_overview = self.without_overview.or(part.without_overview);
            }
            Err(why) => self.unread = self.unread.or(Some(why)),
        }
    }

    /// The same, of one page, frame or picture of a file with several; counted from 0.
    fn on_page(mut self, index: usize) -> Self {
        let page = u32::try_from(index + 1).ok();
        self.views.iter_mut().for_each(|view| view.page = page);
        self.overviews.iter_mut().for_each(|overview| overview.page = page);
        self.codes.iter_mut().for_each(|code| code.page = page);
        self.texts.iter_mut().flatten().for_each(|text| text.page = page);
        self
    }

    /// The same and these pages, or pictures beside each other, each with its share.
    ///
    /// # Errors
    /// The reason, when nothing could be read.
    fn with_pages(
        mut self,
        pages: impl Iterator<Item = Result<Picture, Unreadable>>,
        share: &Share,
    ) -> Result<Self, Unreadable> {
        for (index, page) in pages.enumerate() {
            let part = page.and_then(|page| tiles_of(&page, share));
            self.add(part.map(|part| part.on_page(index)));
        }
        self.or_unread()
    }

    /// # Errors
    /// The reason, when nothing could be read.
    fn or_unread(self) -> Result<Self, Unreadable> {
        match self.unread {
            Some(why) if self.views.is_empty() => Err(why),
            None if self.views.is_empty() => Err(Unreadable::Damaged),
            _ => Ok(self),
        }
    }
}

/// How much may be shown of a part of a file.
#[derive(Clone)]
struct Share {
    budget: TokenBudget,
    views: u32,
    /// Bytes of the whole file, which is in memory.
    held: u64,
    /// The search for barcodes, one for the whole file, where they are read.
    codes: Option<Search>,
    /// Whether the text of documents is told.
    texts: bool,
    /// Whether each picture is shown in one piece, too.
    overviews: bool,
    /// When documents have to be drawn, all of the file together.
    until: Instant,
}

impl Share {
    fn of(&self, parts: usize) -> Self {
        let parts = u32::try_from(parts).unwrap_or(u32::MAX).max(1);
        Self { budget: TokenBudget(self.budget.0 / parts), views: (self.views / parts).max(1), ..self.clone() }
    }

    fn codes_of(&self, picture: &Picture) -> Vec<Code> {
        self.codes.as_ref().map(|search| search.codes_of(picture)).unwrap_or_default()
    }

    fn tiles(&self, width: u32, height: u32) -> Result<Vec<Tile>, Unreadable> {
        plan::tiles(width, height, self.budget, self.views).ok_or(Unreadable::TooLarge)
    }
}

/// Views of everything in a file: its picture in parts, its pages, frames sampled over
/// the whole animation, the pictures that stand behind the first.
///
/// # Errors
/// [`Unreadable::TooLarge`] for what cannot be decoded within bounds, or not
/// shown readably within the budget; [`Unreadable::Damaged`] and
/// [`Unreadable::UnsupportedFormat`] for what the decoder does not read: when
/// nothing in the file can be shown.
#[allow(clippy::needless_pass_by_value, reason = "nobody needs a picture's bytes beside its views")]
pub fn views(bytes: Vec<u8>, format: ImageFormat, budget: TokenBudget) -> Result<Shown, Unreadable> {
    views_and_read(&bytes, format, budget, Reading::default())
}

/// The same, and what is read in code of everything that is shown.
///
/// # Errors
/// Those of [`views`].
pub fn views_and_read(
    bytes: &[u8],
    format: ImageFormat,
    budget: TokenBudget,
    reading: Reading,
) -> Result<Shown, Unreadable> {
    let share = Share {
        budget,
        views: MAX_VIEWS,
        held: bytes.len() as u64,
        codes: reading.codes.then(Search::new),
        texts: reading.texts,
        overviews: reading.overviews,
        until: pdf::deadline(),
    };
    let shown = views_within(bytes, format, &share, 0)?;
    Ok(Shown { codes_unread: share.codes.as_ref().and_then(Search::unread), ..shown })
}

/// What is read in code of a picture that a model takes as it is, without views. `unread` says whether something of it
/// is missing, of a JPEG most: a model may find nothing in what is left.
///
/// # Errors
/// Those of [`views`]; [`Unreadable::UnsupportedFormat`] too for a JPEG that the decoder gives up on, though it is there.
pub fn read(bytes: &[u8], format: ImageFormat, reading: Reading) -> Result<Shown, Unreadable> {
    let held = bytes.len() as u64;
    guarded(|| {
        let picture = match format {
            ImageFormat::Jpeg if !reading.overviews => jpeg::grey(bytes, held),
            _ => decode::decode(bytes, format, held),
        };
        let is_there = || coverage(bytes).is_none_or(|coverage| !coverage.is_mostly_missing());
        let picture = picture.map_err(|why| match why {
            Unreadable::Damaged if format == ImageFormat::Jpeg && is_there() => Unreadable::UnsupportedFormat,
            why => why,
        })?;
        let lacks_much = if format == ImageFormat::Jpeg { picture.mostly_missing } else { !picture.whole };
        let search = reading.codes.then(Search::new);
        let codes = search.as_ref().map(|search| search.codes_of(&picture)).unwrap_or_default();
        let (width, height) = picture.seen_size();
        let overview = |ground| Overview::of(&picture, plan::overview(width, height), ground);
        let overviews = if reading.overviews { grounds(&picture) } else { Vec::new() };
        Ok(Shown {
            codes,
            overviews: overviews.into_iter().map(overview).collect(),
            unread: lacks_much.then_some(Unreadable::Damaged),
            codes_unread: search.and_then(|search| search.unread()),
            ..Shown::default()
        })
    })
}

/// A picture in one piece, on each of its grounds.
#[derive(Default)]
struct Overviews {
    views: Vec<Overview>,
    /// Why one of them could not be made, which leaves the picture to its views.
    missing: Option<Unreadable>,
}

impl Overviews {
    /// Those of a picture, where they are asked for.
    fn of(picture: &Picture, asked_for: bool) -> Self {
        let mut overviews = Self::default();
        if asked_for {
            let (width, height) = picture.seen_size();
            let tile = plan::overview(width, height);
            for view in grounds(picture).into_iter().map(|ground| View::of(picture, tile, ground)) {
                match view {
                    Ok(view) => overviews.views.push(view.into()),
                    Err(why) => overviews.missing = Some(why),
                }
            }
        }
        overviews
    }
}

/// The same within a share, of a file that stands so deep in others.
fn views_within(bytes: &[u8], format: ImageFormat, share: &Share, depth: usize) -> Result<Shown, Unreadable> {
    let pictures = pictures(bytes, format);
    let mut shown = Shown::default();
    if pictures.len() > MAX_VIEWS as usize {
        shown.unread = Some(Unreadable::TooLarge);
    }
    let share = &share.of(pictures.len().min(MAX_VIEWS as usize));
    let alone = pictures.len() == 1;
    for (index, (format, picture)) in pictures.into_iter().take(MAX_VIEWS as usize).enumerate() {
        let part = guarded(|| views_of(picture, format, share, alone, depth));
        shown.add(if alone { part } else { part.map(|part| part.on_page(index)) });
    }
    shown.or_unread()
}

/// One view of a whole picture: of an animation's first frame, a file's first page.
///
/// # Errors
/// Those of [`views`]; [`Unreadable::Damaged`] for a picture of which most is missing.
#[allow(clippy::needless_pass_by_value, reason = "nobody needs a picture's bytes beside its view")]
pub fn whole_view(bytes: Vec<u8>, format: ImageFormat, budget: TokenBudget) -> Result<View, Unreadable> {
    let held = bytes.len() as u64;
    let picture = match format {
        ImageFormat::Pdf => {
            return pdf::first_page(&bytes, budget)?.views.into_iter().next().ok_or(Unreadable::DamagedDocument);
        }
        ImageFormat::Heic => heic::pictures(&bytes)?.cropped().decode(held).next().ok_or(Unreadable::Damaged)??,
        ImageFormat::Tiff => tiff::pages(&bytes, 1)?.first().ok_or(Unreadable::Damaged)?.decode(held)?,
        ImageFormat::Ico => icon::pictures(&bytes, 1)?.decode(held).next().ok_or(Unreadable::Damaged)??,
        _ => decode::decode(&bytes, format, held)?,
    };
    if let Some(view) = as_it_is(&bytes, format, &picture) {
        return Ok(view);
    }
    let (width, height) = picture.seen_size();
    View::of(&picture, plan::whole(width, height, budget), picture.grounds.first().copied())
}

/// What the metadata of a whole file tells, and of the pictures behind it.
#[must_use]
pub fn metadata(format: ImageFormat, bytes: &[u8]) -> Vec<Finding> {
    let until = pdf::deadline();
    let mut findings = metadata_of(format, bytes, until);
    for (format, behind) in pictures(bytes, format).into_iter().skip(1) {
        for finding in metadata_of(format, behind, until) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

fn metadata_of(format: ImageFormat, bytes: &[u8], until: Instant) -> Vec<Finding> {
    match format {
        ImageFormat::Heic => metadata::told_by(heic::metadata(bytes)),
        ImageFormat::Pdf => pdf::findings(bytes, until),
        _ => metadata::findings(format, bytes),
    }
}

/// The pictures of a file: its own, and those behind it.
fn pictures(bytes: &[u8], format: ImageFormat) -> Vec<(ImageFormat, &[u8])> {
    let Some(end) = behind::end(format, bytes) else { return vec![(format, bytes)] };
    let (mut own, rest) = bytes.split_at(end);
    // What these point to, or say of their length, may be more than their end shows.
    if matches!(format, ImageFormat::Tiff | ImageFormat::Ico | ImageFormat::Bmp) {
        own = bytes;
    }
    let others = behind::told(rest).into_iter().filter_map(|found| match found {
        Behind::Picture(format, place) => Some((format, &rest[place])),
        Behind::Auxiliary(_) | Behind::Video(_) => None,
    });
    std::iter::once((format, own)).chain(others).collect()
}

fn views_of(bytes: &[u8], format: ImageFormat, share: &Share, alone: bool, depth: usize) -> Result<Shown, Unreadable> {
    let mut shown = Shown::default();
    match format {
        ImageFormat::Tiff => {
            let pages = tiff::pages(bytes, MAX_VIEWS as usize)?;
            shown.unread = pages.unread;
            let share = &share.of(pages.len());
            return shown.with_pages(pages.iter().map(|page| page.decode(share.held)), share);
        }
        ImageFormat::Pdf => return pdf::views(bytes, share, depth),
        ImageFormat::Heic => {
            let pictures = heic::pictures(bytes)?;
            if pictures.has_track {
                shown.unread = Some(Unreadable::UnsupportedFormat);
            } else if pictures.len() > MAX_VIEWS as usize {
                shown.unread = Some(Unreadable::TooLarge);
            }
            let share = &share.of(pictures.len().min(MAX_VIEWS as usize));
            return shown.with_pages(pictures.decode(share.held).take(MAX_VIEWS as usize), share);
        }
        ImageFormat::Ico => {
            let pictures = icon::pictures(bytes, MAX_VIEWS as usize)?;
            shown.unread = pictures.unread;
            let share = &share.of(pictures.len());
            return shown.with_pages(pictures.decode(share.held), share);
        }
        ImageFormat::Png => {
            if let Some(apng) = apng::read(bytes).filter(|apng| apng.hides_its_picture || apng.frames > 1) {
                if apng.hides_its_picture {
                    shown.add(decode::decode(bytes, format, share.held).and_then(|picture| one_view(&picture, share)));
                }
                let frames = animation::views(&apng.bytes, format, share).map(Option::unwrap_or_default);
                if frames.is_err() && !apng.hides_its_picture {
                    // As much of the first as there is.
                    let first = decode::decode(bytes, format, share.held).and_then(|picture| one_view(&picture, share));
                    shown.add(first);
                }
                shown.add(frames);
                return shown.or_unread();
            }
        }
        ImageFormat::Gif | ImageFormat::WebP => {
            let mended = if format == ImageFormat::Gif { gif::mended(bytes) } else { bytes.into() };
            let whole = format != ImageFormat::WebP || webp::is_whole(bytes);
            match animation::views(&mended, format, share) {
                Ok(Some(frames)) => {
                    let unread = frames.unread.or((!whole).then_some(Unreadable::Damaged));
                    return Ok(Shown { unread, ..frames });
                }
                // As much of its first picture as there is.
                Err(Unreadable::Damaged) if !whole => {}
                frames => drop(frames?),
            }
        }
        ImageFormat::Jpeg if is_of_unsaid_inks(bytes) == Some(true) => {
            let readings = [jpeg::decode, jpeg::decode_other_inks];
            return shown
                .with_pages(readings.iter().map(|decode| decode(bytes, share.held)), &share.of(readings.len()));
        }
        ImageFormat::Jpeg | ImageFormat::Bmp | ImageFormat::Pnm => {}
    }
    let picture = decode::decode(bytes, format, share.held)?;
    match as_it_is(bytes, format, &picture).filter(|_| alone) {
        Some(view) => {
            let overviews = Overviews::of(&picture, share.overviews);
            Ok(Shown {
                views: vec![view],
                codes: share.codes_of(&picture),
                overviews: overviews.views,
                without_overview: overviews.missing,
                ..Shown::default()
            })
        }
        None => tiles_of(&picture, share),
    }
}

/// The file itself, where a model reads it and it turned out to have no transparent parts.
fn as_it_is(bytes: &[u8], format: ImageFormat, picture: &Picture) -> Option<View> {
    let (width, height) = picture.seen_size();
    let fits = bytes.len() as u64 <= MAX_IMAGE_BYTES && width.max(height) as usize <= MAX_EDGE_PIXELS;
    (fits && picture.whole && picture.opaque_alpha && matches!(format, ImageFormat::Png | ImageFormat::WebP)).then(
        || View {
            image: bytes.to_vec(),
            format,
            area: Area { x: 0, y: 0, width, height },
            whole: (width, height),
            page: None,
        },
    )
}

fn tiles_of(picture: &Picture, share: &Share) -> Result<Shown, Unreadable> {
    let (width, height) = picture.seen_size();
    shown_on_its_grounds(picture, &share.tiles(width, height)?, share)
}

/// The same, or nothing where it would be shown at less than so many thousandths of its size.
fn tiles_at_least(picture: &Picture, share: &Share, least: u32) -> Result<Shown, Unreadable> {
    let (width, height) = (picture.image.width(), picture.image.height());
    let tiles = share.tiles(width, height)?;
    let is_readable = |tile: &Tile| u64::from(tile.width) * 1_000 >= u64::from(tile.area.width) * u64::from(least);
    if tiles.iter().all(is_readable) { shown_on_its_grounds(picture, &tiles, share) } else { Err(Unreadable::TooLarge) }
}

fn one_view(picture: &Picture, share: &Share) -> Result<Shown, Unreadable> {
    let (width, height) = picture.seen_size();
    shown_on_its_grounds(picture, &[plan::one_view(width, height)], share)
}

fn shown_on_its_grounds(picture: &Picture, tiles: &[Tile], share: &Share) -> Result<Shown, Unreadable> {
    let views: Vec<View> = grounds(picture)
        .into_iter()
        .flat_map(|ground| tiles.iter().map(move |tile| View::of(picture, *tile, ground)))
        .collect::<Result<_, _>>()?;
    let overviews = match tiles {
        [_] if share.overviews => {
            Overviews { views: views.iter().cloned().map(Overview::from).collect(), missing: None }
        }
        _ => Overviews::of(picture, share.overviews),
    };
    let unread = (!picture.whole).then_some(Unreadable::Damaged);
    Ok(Shown {
        views,
        codes: share.codes_of(picture),
        overviews: overviews.views,
        without_overview: overviews.missing,
        unread,
        ..Shown::default()
    })
}

fn grounds(picture: &Picture) -> Vec<Option<Ground>> {
    match picture.grounds.as_slice() {
        [] => vec![None],
        grounds => grounds.iter().copied().map(Some).collect(),
    }
}

#[cfg(test)]
mod tests;
