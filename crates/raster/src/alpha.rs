//! On which ground a picture with transparent parts is shown.

use image::{Rgba, RgbaImage};

/// The grey of a ground.
pub(crate) type Ground = u8;

/// The ground of most pages.
pub(crate) const WHITE: Ground = 255;
const GREY: Ground = 128;
const BLACK: Ground = 0;

/// Below this a pixel is not seen on any ground, and from it on it may be ink.
const FAINT: u8 = 40;

/// Least difference of ink and ground, of 255, at which print is readable.
const CONTRAST: u8 = 80;

/// Most ink, in thousandths, that may lack that contrast: a name is little in a page.
const UNREADABLE: u64 = 2;

/// What is to be done with a picture's alpha channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Alpha {
    /// Every pixel is opaque.
    Opaque,
    /// No pixel is to be seen, which nobody means: some writers leave the channel empty.
    Empty,
    /// The picture is shown on each of these grounds.
    Grounds(Vec<Ground>),
}

/// Grounds on which what is drawn is readable, whatever its colours: the first of white,
/// grey and black that does it alone, or white and black, one of which always does.
///
/// Only ink at the edge of what is transparent counts, for no other touches the ground.
pub(crate) fn judge(image: &RgbaImage) -> Alpha {
    if image.pixels().all(|pixel| pixel.0[3] >= 250) {
        return Alpha::Opaque;
    }
    if image.pixels().all(|pixel| pixel.0[3] < 16) {
        return Alpha::Empty;
    }
    let (width, height) = image.dimensions();
    let alpha = |x: u32, y: u32| image.get_pixel(x, y).0[3];
    let mut shades = [0_u64; 256];
    for (x, y, pixel) in image.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[3] >= FAINT) {
        let at_edge = (x > 0 && alpha(x - 1, y) < FAINT)
            || (y > 0 && alpha(x, y - 1) < FAINT)
            || (x + 1 < width && alpha(x + 1, y) < FAINT)
            || (y + 1 < height && alpha(x, y + 1) < FAINT);
        if at_edge || pixel.0[3] < 250 {
            shades[usize::from(brightness(*pixel))] += 1;
        }
    }
    let all: u64 = shades.iter().sum();
    let readable = |ground: &Ground| {
        let lost: u64 =
            (0..=255_u8).zip(shades).filter(|(shade, _)| shade.abs_diff(*ground) < CONTRAST).map(|(_, n)| n).sum();
        lost * 1_000 <= all * UNREADABLE
    };
    Alpha::Grounds(match [WHITE, GREY, BLACK].into_iter().find(readable) {
        Some(ground) => vec![ground],
        None => vec![WHITE, BLACK],
    })
}

fn brightness(Rgba([red, green, blue, _]): Rgba<u8>) -> u8 {
    let weighted = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    u8::try_from(weighted / 1_000).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strokes of these colours on a transparent ground.
    fn strokes(inks: &[[u8; 4]]) -> RgbaImage {
        RgbaImage::from_fn(100, 40, |x, y| {
            let ink = inks[(y / 8) as usize % inks.len()];
            if x % 10 < 3 && y % 8 < 5 { Rgba(ink) } else { Rgba([0, 0, 0, 0]) }
        })
    }

    #[test]
    fn print_of_any_colour_is_readable_on_one_of_the_grounds() {
        let (black, grey, white) = ([0, 0, 0, 255], [128, 128, 128, 255], [255, 255, 255, 255]);
        for (case, inks, grounds) in [
            ("black", vec![black], vec![WHITE]),
            ("grey", vec![grey], vec![WHITE]),
            ("white", vec![white], vec![GREY]),
            ("light grey", vec![[200, 200, 200, 255]], vec![BLACK]),
            ("yellow", vec![[255, 240, 0, 255]], vec![GREY]),
            ("red", vec![[255, 0, 0, 255]], vec![WHITE]),
            ("black and white", vec![black, white], vec![GREY]),
            ("black, grey and white", vec![black, grey, white], vec![WHITE, BLACK]),
        ] {
            assert_eq!(judge(&strokes(&inks)), Alpha::Grounds(grounds), "{case}");
        }
    }

    #[test]
    fn alpha_that_is_the_same_everywhere_says_nothing() {
        for (alpha, expected) in [(0, Alpha::Empty), (1, Alpha::Empty), (255, Alpha::Opaque)] {
            let image = RgbaImage::from_fn(20, 20, |x, _| Rgba([u8::try_from(x).unwrap(), 0, 0, alpha]));
            assert_eq!(judge(&image), expected, "{alpha}");
        }
    }

    #[test]
    fn what_stands_on_an_opaque_ground_needs_no_other() {
        // A grey screenshot full of shades, with rounded corners.
        let image = RgbaImage::from_fn(100, 100, |x, y| {
            if x + y < 3 { Rgba([0; 4]) } else { Rgba([u8::try_from(x + y).unwrap(), 50, 50, 255]) }
        });
        assert_eq!(judge(&image), Alpha::Grounds(vec![WHITE]));
    }
}
