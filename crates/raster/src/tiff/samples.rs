//! Samples of a page, of any depth and in any colours, as eight bits of grey or
//! red, green, blue and alpha.

use std::borrow::Cow;

use warden_core::image::Unreadable;

use super::{chunk::Chunk, page::Area};

/// What a sample is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    Float,
}

/// How a sample is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Depth {
    bits: usize,
    kind: Kind,
    little_endian: bool,
}

impl Depth {
    /// A byte.
    pub(super) const EIGHT: Self = Self { bits: 8, kind: Kind::Unsigned, little_endian: true };

    /// # Errors
    /// [`Unreadable::UnsupportedFormat`] where samples differ, or have an odd number of bits.
    pub(super) fn of(bits: &[u64], formats: &[u64], little_endian: bool) -> Result<Self, Unreadable> {
        let same = |values: &[u64]| values.first().copied().filter(|first| values.iter().all(|value| value == first));
        let kind = match same(formats) {
            Some(1 | 4) => Kind::Unsigned,
            Some(2) => Kind::Signed,
            Some(3) => Kind::Float,
            _ => return Err(Unreadable::UnsupportedFormat),
        };
        let ((Some(bits @ (1 | 2 | 4 | 8 | 12 | 16 | 32)), Kind::Unsigned)
        | (Some(bits @ (8 | 16 | 32)), Kind::Signed)
        | (Some(bits @ (16 | 32 | 64)), Kind::Float)) = (same(bits), kind)
        else {
            return Err(Unreadable::UnsupportedFormat);
        };
        Ok(Self { bits: usize::try_from(bits).unwrap_or(8), kind, little_endian })
    }

    pub(super) const fn bits(self) -> usize {
        self.bits
    }

    /// Whether its values tell nothing without the least and greatest of them.
    pub(super) fn needs_range(self) -> bool {
        self.bits > 8 || self.kind != Kind::Unsigned
    }

    /// All values that it can have.
    pub(super) fn range(self) -> Range {
        Range { least: 0.0, greatest: f64::from((1_u32 << self.bits.min(31)) - 1) }
    }

    /// The value of a sample, by its place in a row.
    fn value(self, row: &[u8], index: usize) -> f64 {
        if self.bits < 8 || self.bits == 12 {
            let bit = |at: usize| u32::from(row.get(at / 8).copied().unwrap_or_default() >> (7 - at % 8) & 1);
            return f64::from((index * self.bits..(index + 1) * self.bits).fold(0, |value, at| value << 1 | bit(at)));
        }
        let length = self.bits / 8;
        let bytes = row.get(index * length..(index + 1) * length).unwrap_or_default();
        let raw = if self.little_endian {
            bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte))
        } else {
            bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte))
        };
        let low = u32::try_from(raw & 0xFFFF_FFFF).unwrap_or_default();
        match (self.kind, self.bits) {
            (Kind::Unsigned, _) => f64::from(low),
            (Kind::Signed, bits) => f64::from((low << (32 - bits)).cast_signed() >> (32 - bits)),
            (Kind::Float, 16) => half(low),
            (Kind::Float, 32) => f64::from(f32::from_bits(low)),
            (Kind::Float, _) => f64::from_bits(raw),
        }
    }

    /// Undoes the first predictor: each sample is told as the difference to the one before.
    ///
    /// # Errors
    /// [`Unreadable::UnsupportedFormat`] for samples that are no whole bytes.
    pub(super) fn add_differences(self, bytes: &mut [u8], row: usize, samples: usize) -> Result<(), Unreadable> {
        let length = match self.bits {
            8 | 16 | 32 => self.bits / 8,
            _ => return Err(Unreadable::UnsupportedFormat),
        };
        for row in bytes.chunks_exact_mut(row.max(1)) {
            for at in (samples * length..row.len()).step_by(length) {
                let before = at - samples * length;
                let mut carry = 0_u16;
                for byte in 0..length {
                    // From the lowest byte on.
                    let byte = if self.little_endian { byte } else { length - 1 - byte };
                    let sum = u16::from(row[at + byte]) + u16::from(row[before + byte]) + carry;
                    row[at + byte] = sum.to_le_bytes()[0];
                    carry = sum >> 8;
                }
            }
        }
        Ok(())
    }

    /// Undoes the predictor for floats: the bytes of a row, all highest first, as differences.
    ///
    /// # Errors
    /// [`Unreadable::UnsupportedFormat`] for other samples.
    pub(super) fn add_float_differences(self, bytes: &mut [u8], row: usize, samples: usize) -> Result<(), Unreadable> {
        if self.kind != Kind::Float {
            return Err(Unreadable::UnsupportedFormat);
        }
        let length = self.bits / 8;
        for row in bytes.chunks_exact_mut(row.max(1)) {
            for at in samples..row.len() {
                row[at] = row[at].wrapping_add(row[at - samples]);
            }
            let sorted = row.to_vec();
            let count = row.len() / length;
            for (index, sample) in row.chunks_exact_mut(length).enumerate() {
                for (place, byte) in sample.iter_mut().enumerate() {
                    let plane = if self.little_endian { length - 1 - place } else { place };
                    *byte = sorted[plane * count + index];
                }
            }
        }
        Ok(())
    }
}

/// A float of 16 bits.
fn half(bits: u32) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 31, f64::from(bits & 0x3FF));
    let size = match exponent {
        0 => fraction / 1_024.0 * (-14.0_f64).exp2(),
        31 => f64::NAN,
        _ => (1.0 + fraction / 1_024.0) * (f64::from(exponent) - 15.0).exp2(),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

/// Least and greatest of samples.
#[derive(Clone, Copy)]
pub(super) struct Range {
    least: f64,
    greatest: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self { least: f64::INFINITY, greatest: f64::NEG_INFINITY }
    }
}

impl Range {
    pub(super) fn widen(&mut self, chunk: &Chunk<'_>) {
        for value in chunk.values().filter(|value| value.is_finite()) {
            self.least = self.least.min(value);
            self.greatest = self.greatest.max(value);
        }
    }

    /// A value as a byte, of which 255 is the greatest.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte before")]
    fn byte(self, value: f64) -> u8 {
        let width = self.greatest - self.least;
        if width > 0.0 && value.is_finite() {
            ((value - self.least) / width * 255.0).clamp(0.0, 255.0) as u8
        } else {
            0
        }
    }
}

/// Samples of eight bits, row by row.
pub(super) struct Samples<'a> {
    bytes: Cow<'a, [u8]>,
    width: usize,
    /// Of a pixel.
    count: usize,
}

impl Chunk<'_> {
    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact((self.width as usize * self.samples * self.depth.bits).div_ceil(8).max(1))
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let count = self.width as usize * self.samples;
        self.rows().flat_map(move |row| (0..count).map(move |index| self.depth.value(row, index)))
    }

    /// The samples as bytes: over their range, or as the indices that they are.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "indices have at most eight bits")]
    pub(super) fn scaled(&self, range: &Range, are_indices: bool) -> Samples<'_> {
        let bytes = if self.depth.bits == 8 && self.depth.kind == Kind::Unsigned {
            Cow::Borrowed(&*self.bytes)
        } else if are_indices {
            self.values().map(|value| value as u8).collect()
        } else {
            self.values().map(|value| range.byte(value)).collect()
        };
        Samples { bytes, width: self.width as usize, count: self.samples }
    }
}

/// How colours are packed of which there are fewer than pixels: a block of
/// brightness, then its two colours.
#[derive(Clone, Copy)]
pub(super) struct Ycbcr {
    across: usize,
    down: usize,
}

impl Ycbcr {
    /// # Errors
    /// [`Unreadable::UnsupportedFormat`] for what the format does not know.
    pub(super) fn of(subsampling: Option<Vec<u64>>, depth: Depth) -> Result<Self, Unreadable> {
        let step = |step: u64| matches!(step, 1 | 2 | 4).then(|| usize::try_from(step).unwrap_or(1));
        let subsampling = subsampling.unwrap_or_else(|| vec![2, 2]);
        match subsampling.as_slice() {
            &[across, down, ..] if depth.bits == 8 => match (step(across), step(down)) {
                (Some(across), Some(down)) => Ok(Self { across, down }),
                _ => Err(Unreadable::UnsupportedFormat),
            },
            _ => Err(Unreadable::UnsupportedFormat),
        }
    }

    pub(super) fn packed_bytes(self, width: u32, height: u32) -> usize {
        let blocks = (width as usize).div_ceil(self.across) * (height as usize).div_ceil(self.down);
        blocks * (self.across * self.down + 2)
    }

    /// Three samples for each pixel.
    pub(super) fn spread(self, packed: &[u8], width: u32, height: u32) -> Vec<u8> {
        let (width, height) = (width as usize, height as usize);
        let (columns, block) = (width.div_ceil(self.across), self.across * self.down + 2);
        let mut out = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let start = (y / self.down * columns + x / self.across) * block;
                let brightness = packed[start + y % self.down * self.across + x % self.across];
                out.extend([brightness, packed[start + block - 2], packed[start + block - 1]]);
            }
        }
        out
    }
}

/// What the samples of a pixel mean.
pub(super) struct Colours {
    meaning: Meaning,
    /// Whether the last of them is alpha, and whether the others are multiplied by it already.
    alpha: Option<Multiplied>,
}

type Multiplied = bool;

enum Meaning {
    Grey { inverted: bool },
    Rgb,
    Palette(Vec<[u8; 3]>),
    Cmyk,
    Ycbcr,
}

impl Colours {
    /// # Errors
    /// [`Unreadable::UnsupportedFormat`] for a camera's raw values and others, [`Unreadable::Damaged`]
    /// for fewer samples than colours.
    pub(super) fn of(
        photometric: u64,
        samples: usize,
        extra: Option<u64>,
        map: Option<Vec<u64>>,
        bits: usize,
    ) -> Result<Self, Unreadable> {
        let meaning = match photometric {
            0 => Meaning::Grey { inverted: true },
            // A mask, and the brightness of the Lab colours.
            1 | 4 | 8..=10 => Meaning::Grey { inverted: false },
            2 => Meaning::Rgb,
            3 if bits <= 8 => Meaning::Palette(palette(&map.ok_or(Unreadable::Damaged)?, bits)?),
            5 => Meaning::Cmyk,
            6 => Meaning::Ycbcr,
            _ => return Err(Unreadable::UnsupportedFormat),
        };
        let colours = Self { meaning, alpha: None };
        if samples < colours.stored() {
            return Err(Unreadable::Damaged);
        }
        let is_plain = matches!(colours.meaning, Meaning::Grey { .. } | Meaning::Rgb) && !matches!(photometric, 8..=10);
        let alpha = match extra {
            // What is not called alpha is left out: it hides nothing.
            Some(kind @ (1 | 2)) if is_plain && samples > colours.stored() => Some(kind == 1),
            _ => None,
        };
        Ok(Self { alpha, ..colours })
    }

    /// Samples of a pixel that mean something.
    pub(super) const fn stored(&self) -> usize {
        let colours = match self.meaning {
            Meaning::Grey { .. } | Meaning::Palette(_) => 1,
            Meaning::Rgb | Meaning::Ycbcr => 3,
            Meaning::Cmyk => 4,
        };
        colours + self.alpha.is_some() as usize
    }

    /// Bytes of a pixel as it is shown.
    pub(super) const fn channels(&self) -> usize {
        match (&self.meaning, self.alpha) {
            (_, Some(_)) => 4,
            (Meaning::Grey { .. }, None) => 1,
            _ => 3,
        }
    }

    /// Whether samples are places in a palette.
    pub(super) const fn are_indices(&self) -> bool {
        matches!(self.meaning, Meaning::Palette(_))
    }

    /// Puts a strip's or tile's samples into the page: as what they mean, or one plane
    /// of several as it is.
    pub(super) fn paint(
        &self,
        canvas: &mut [u8],
        page_width: u32,
        area: Area,
        plane: Option<usize>,
        samples: &Samples<'_>,
    ) {
        let step = if plane.is_some() { self.stored() } else { self.channels() };
        let rows = samples.bytes.chunks_exact((samples.width * samples.count).max(1));
        for (y, row) in (area.y..area.y + area.height).zip(rows) {
            let start = (y as usize * page_width as usize + area.x as usize) * step;
            let target = canvas[start..].chunks_exact_mut(step).take(area.width as usize);
            for (target, pixel) in target.zip(row.chunks_exact(samples.count)) {
                match plane {
                    Some(plane) => target[plane] = pixel[0],
                    None => target.copy_from_slice(&self.shown(pixel)[..step]),
                }
            }
        }
    }

    /// Pixels of all planes, as what they mean.
    pub(super) fn joined(&self, planes: &[u8]) -> Vec<u8> {
        let channels = self.channels();
        planes.chunks_exact(self.stored()).flat_map(|pixel| self.shown(pixel).into_iter().take(channels)).collect()
    }

    fn shown(&self, pixel: &[u8]) -> [u8; 4] {
        let alpha = if self.alpha.is_some() { pixel[self.stored() - 1] } else { u8::MAX };
        let colours = match &self.meaning {
            Meaning::Grey { inverted } => [if *inverted { !pixel[0] } else { pixel[0] }; 3],
            Meaning::Rgb => [pixel[0], pixel[1], pixel[2]],
            Meaning::Palette(colours) => colours.get(usize::from(pixel[0])).copied().unwrap_or_default(),
            Meaning::Cmyk => [pixel[0], pixel[1], pixel[2]].map(|ink| product(!ink, !pixel[3])),
            Meaning::Ycbcr => rgb(pixel[0], pixel[1], pixel[2]),
        };
        let [red, green, blue] = match self.alpha {
            Some(true) if alpha > 0 => {
                colours.map(|colour| u8::try_from(u32::from(colour) * 255 / u32::from(alpha)).unwrap_or(u8::MAX))
            }
            _ => colours,
        };
        [red, green, blue, alpha]
    }
}

fn product(one: u8, other: u8) -> u8 {
    u8::try_from(u32::from(one) * u32::from(other) / 255).unwrap_or(u8::MAX)
}

/// The colours of brightness and two differences, in thousandths.
fn rgb(brightness: u8, blue: u8, red: u8) -> [u8; 3] {
    let (brightness, blue, red) = (i32::from(brightness) * 1_000, i32::from(blue) - 128, i32::from(red) - 128);
    let byte = |thousandths: i32| u8::try_from((thousandths / 1_000).clamp(0, 255)).unwrap_or_default();
    [byte(brightness + 1_402 * red), byte(brightness - 344 * blue - 714 * red), byte(brightness + 1_772 * blue)]
}

/// Colours of a map: all reds, all greens, all blues, of 16 bits, or of eight by mistake.
fn palette(map: &[u64], bits: usize) -> Result<Vec<[u8; 3]>, Unreadable> {
    let count = 1 << bits;
    if map.len() < 3 * count {
        return Err(Unreadable::Damaged);
    }
    let shift = if map.iter().any(|value| *value > 255) { 8 } else { 0 };
    let byte = |value: u64| u8::try_from(value >> shift).unwrap_or(u8::MAX);
    Ok((0..count).map(|index| [byte(map[index]), byte(map[count + index]), byte(map[2 * count + index])]).collect())
}
