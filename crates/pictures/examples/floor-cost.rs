//! Writes the pictures that the cost of reading in code is measured with into a folder: `document.png` of 20 lines,
//! `scenery.jpg` without text, `photograph.jpg` of 12 megapixels with a notice in it, and `screenshot.png` of a telephone and
//! `small.jpg`, from which the cost of a million uploads is reckoned. What they show is likely at most, so that the model is
//! asked about each.
#![allow(clippy::expect_used, reason = "a program for whoever measures")]

use std::path::Path;

use image::{RgbImage, imageops};
use warden_pictures::{
    Format,
    canvas::{BLACK, Canvas, WHITE},
};

/// What stands in the document, over and over.
const LINES: [&str; 5] = [
    "Minutes of the meeting of 14 August, room 3",
    "Anna Kowalska opens it at half past nine",
    "The budget of the garden grows by 4,200 euros",
    "Questions: garden.committee@example.org",
    "Next time we look at roof, gate and fence",
];

fn main() {
    let folder = std::env::args().nth(1).expect("a folder to write into");
    let write = |name: &str, picture: &RgbImage, format: Format| {
        let bytes = format.encode(picture).expect("a picture of a sound size");
        std::fs::write(Path::new(&folder).join(name), bytes).expect("a folder that can be written");
    };
    write("document.png", &page(1_240, 1_400, 34.0, 20), Format::Png);
    write("scenery.jpg", &scenery(1_600, 1_200), Format::Jpeg(85));
    write("photograph.jpg", &photograph(), Format::Jpeg(85));
    write("screenshot.png", &page(1_080, 2_400, 40.0, 12), Format::Png);
    write("small.jpg", &scenery(800, 600), Format::Jpeg(85));
}

/// So many lines, as far apart as lines of print are.
fn page(width: u32, height: u32, size: f32, lines: usize) -> RgbImage {
    let mut page = Canvas::new(width, height, WHITE);
    for (y, text) in (80..).step_by(62).zip(LINES.iter().cycle().take(lines)) {
        page.text(90, y, size, BLACK, text);
    }
    page.image
}

/// Hills below a sky, with the grain that cameras have.
fn scenery(width: u32, height: u32) -> RgbImage {
    let mut scene = Canvas::new(width, height, [150, 190, 226]);
    let (right, bottom) = (width.cast_signed(), height.cast_signed());
    let hills =
        [(0, bottom * 6 / 10), (right / 3, bottom * 4 / 10), (right, bottom * 7 / 10), (right, bottom), (0, bottom)];
    scene.polygon(&hills, [96, 128, 92]);
    for (x, y, pixel) in scene.image.enumerate_pixels_mut() {
        let grain = x.wrapping_mul(0x9E37_79B1).wrapping_add(y.wrapping_mul(0x85EB_CA77)).rotate_left(13) % 13;
        pixel.0 = pixel.0.map(|channel| channel.saturating_sub(u8::try_from(grain).unwrap_or_default()));
    }
    scene.image
}

fn photograph() -> RgbImage {
    let mut notice = Canvas::new(1_400, 560, WHITE);
    for (y, text) in (60..).step_by(110).zip(&LINES[..4]) {
        notice.text(60, y, 60.0, BLACK, text);
    }
    let mut picture = scenery(4_000, 3_000);
    imageops::overlay(&mut picture, &notice.image, 1_300, 1_200);
    picture
}
