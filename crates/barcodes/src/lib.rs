//! Barcodes in a picture: what they say, and where they stand. Codes of every angle, several in a
//! picture, dark on bright or bright on dark.
//!
//! The readers are `rxing`'s. They read a code that lies upright in a picture of little else, at a
//! few pixels a module. So the picture is looked at in halves of its size, and in each of them those
//! parts are turned upright in which a code may stand.

mod gray;
mod readers;
mod regions;

use std::time::Instant;

pub use gray::Gray;

use crate::{gray::Part, readers::Read, regions::Texture};

/// Most codes that are read in a picture. Where so many were, there may be more.
pub const MOST_CODES: usize = 16;

/// Shortest edge of a picture that is halved once more.
const SMALLEST: u32 = 160;

/// Edge of a part, in pixels, up to which it is also shown enlarged.
const SMALL: f32 = 500.0;

/// Most pixels of a picture that is read as a whole by readers that take long over noise.
const QUICKLY_READ: u64 = 1_200_000;

/// How a code is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Aztec, as on boarding passes and tickets.
    Aztec,
    /// Data Matrix.
    DataMatrix,
    /// PDF417, as on boarding passes and driving licences.
    Pdf417,
    /// QR code.
    QrCode,
}

/// A part of a picture, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of the sides say it")]
pub struct Area {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// A code that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Barcode {
    /// How it is written.
    pub kind: Kind,
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub area: Area,
}

/// Reads the codes in a picture, and tells of each as it is found, until a moment in time. That is
/// looked at between one part of the picture and the next, each of which may take long: in a picture
/// made for it, with thousands of the marks that a QR code has in its corners, minutes.
pub fn read(gray: &Gray, until: Instant, tell: impl FnMut(Barcode)) {
    let mut found = Found { codes: Vec::new(), until, tell };
    let mut layers = vec![gray.clone()];
    while let Some(last) = layers.last().filter(|last| last.width().min(last.height()) / 2 >= SMALLEST) {
        layers.push(last.halved());
    }
    // The smallest first: a photograph shows a code large.
    for (times_halved, mut layer) in layers.into_iter().enumerate().rev() {
        let times = 1 << times_halved;
        found.whole(&mut layer, times);
        found.parts(&layer, times);
    }
}

struct Found<F> {
    codes: Vec<Barcode>,
    until: Instant,
    tell: F,
}

impl<F: FnMut(Barcode)> Found<F> {
    fn is_over(&self) -> bool {
        self.codes.len() >= MOST_CODES || Instant::now() >= self.until
    }

    /// Reads a picture as it is, which is so many times smaller than the whole.
    fn whole(&mut self, layer: &mut Gray, times: u32) {
        let is_small = u64::from(layer.width()) * u64::from(layer.height()) <= QUICKLY_READ;
        for kind in [Kind::QrCode, Kind::Pdf417, Kind::DataMatrix] {
            // As often as there may be codes: one that is not where it says is found again and again.
            for _ in 0..MOST_CODES {
                if self.is_over() || !(is_small || kind == Kind::QrCode) {
                    break;
                }
                let Some(read) = readers::read(kind, layer) else { break };
                let Some(area) = around(read.points.iter().copied(), layer) else { break };
                layer.blank(area);
                self.add(kind, read.text, area, times);
            }
        }
    }

    fn parts(&mut self, layer: &Gray, times: u32) {
        for (texture, part) in regions::find(layer) {
            let kinds: &[Kind] = match texture {
                Texture::Bars => &[Kind::Pdf417],
                Texture::Modules => &[Kind::Aztec, Kind::QrCode, Kind::DataMatrix],
            };
            let scales: &[f32] = if part.longer() < SMALL { &[1.0, 2.0] } else { &[1.0] };
            for scale in scales {
                let part = Part { scale: *scale, ..part };
                let upright = layer.turned(&part);
                if self.is_over() {
                    return;
                }
                let read = kinds.iter().find_map(|kind| Some((*kind, readers::read(*kind, &upright)?)));
                let read = read.or_else(|| {
                    let inverted = upright.inverted();
                    kinds.iter().find_map(|kind| Some((*kind, readers::read(*kind, &inverted)?)))
                });
                let read = read.or_else(|| {
                    // Front cameras mirror. The other readers turn a code over by themselves.
                    let mirrored = upright.mirrored();
                    let mut kinds = kinds.iter().filter(|kind| matches!(kind, Kind::Pdf417 | Kind::DataMatrix));
                    kinds.find_map(|kind| {
                        let Read { text, .. } = readers::read(*kind, &mirrored)?;
                        Some((*kind, Read { text, points: Vec::new() }))
                    })
                });
                if let Some((kind, Read { text, points })) = read {
                    let area = around(points.iter().map(|(x, y)| part.outside(*x, *y)), layer)
                        .or_else(|| around(part.corners(), layer));
                    if let Some(area) = area {
                        self.add(kind, text, area, times);
                    }
                    break;
                }
            }
        }
    }

    fn add(&mut self, kind: Kind, text: String, area: Area, times: u32) {
        if self.codes.iter().any(|known| known.kind == kind && known.text == text) {
            return;
        }
        let area =
            Area { x: area.x * times, y: area.y * times, width: area.width * times, height: area.height * times };
        let code = Barcode { kind, text, area };
        self.codes.push(code.clone());
        (self.tell)(code);
    }
}

/// The area around some points, as far as it is in a picture; `None` around none.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is left of a picture's edge, or nowhere, is at the edge"
)]
fn around(points: impl IntoIterator<Item = (f32, f32)>, picture: &Gray) -> Option<Area> {
    let mut points = points.into_iter();
    let first = points.next()?;
    let (least, most) = points.fold((first, first), |(least, most), (x, y)| {
        ((least.0.min(x), least.1.min(y)), (most.0.max(x), most.1.max(y)))
    });
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let (x, y) = ((least.0 as u32).min(right), (least.1 as u32).min(bottom));
    let (to_x, to_y) = ((most.0 as u32).min(right), (most.1 as u32).min(bottom));
    Some(Area { x, y, width: to_x.saturating_sub(x) + 1, height: to_y.saturating_sub(y) + 1 })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

    use super::{Area, Gray, around};

    #[test]
    fn an_area_ends_where_the_picture_does() {
        let picture = Gray::new(20, 30, vec![0; 600]).unwrap();
        for (points, (x, y, width, height)) in [
            ([(3.0, 4.0), (8.0, 9.0)], (3, 4, 6, 6)),
            ([(-3.0, 5.0), (40.0, 99.0)], (0, 5, 20, 25)),
            ([(50.0, -9.0), (60.0, -2.0)], (19, 0, 1, 1)),
            ([(f32::NEG_INFINITY, f32::NAN), (f32::INFINITY, f32::NAN)], (0, 0, 20, 1)),
        ] {
            assert_eq!(around(points, &picture), Some(Area { x, y, width, height }), "{points:?}");
        }
        assert_eq!(around([], &picture), None);
    }
}
