//! Codes that another writer made (zxing-cpp), as people photograph them.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "in a test a panic is the report, and its pictures are small"
)]

use std::time::{Duration, Instant};

use image::GrayImage;
use warden_barcodes::{Area, Barcode, Gray, Kind, read};

const BOARDING_PASS: &str = "M1TALVEROSE/MARIKA MRSEK7QX2P OSLCPHSK 0864 332Y014C0067 13B>5181WW6331BSK 2A1174567890123 1SK SK 1234567890123    20KY";

/// The codes in `tests/codes`, a pixel a module: how each is written, and what it begins with.
const CODES: [(&[u8], Kind, &str); 6] = [
    (include_bytes!("codes/boarding-pass.aztec.png"), Kind::Aztec, "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834"),
    (include_bytes!("codes/boarding-pass.data-matrix.png"), Kind::DataMatrix, BOARDING_PASS),
    (include_bytes!("codes/boarding-pass.pdf417.png"), Kind::Pdf417, BOARDING_PASS),
    (include_bytes!("codes/driving-licence.pdf417.png"), Kind::Pdf417, "@\n\u{1e}\rANSI 636000090002DL00410278"),
    (include_bytes!("codes/payment.qr.png"), Kind::QrCode, "BCD\n002\n1\nSCT\nBFSWDE33BER"),
    (include_bytes!("codes/visiting-card.qr.png"), Kind::QrCode, "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lindqvarn;Oona"),
];

fn code(png: &[u8]) -> GrayImage {
    image::load_from_memory(png).unwrap().into_luma8()
}

/// How a code lies in a picture.
#[derive(Clone, Copy)]
struct Pose {
    /// Its middle.
    middle: (f32, f32),
    /// Pixels a module.
    module: f32,
    /// Degrees by which it is turned.
    degrees: f32,
}

/// A picture with codes on a ground of stripes of grey, out of focus, in poor light.
fn photograph(width: u32, height: u32, codes: &[(&GrayImage, Pose)]) -> GrayImage {
    let mut seed = 1_u32;
    let shade = |x: f32, y: f32| {
        let on_a_code = codes.iter().find_map(|(code, pose)| {
            let (x, y) = (x - pose.middle.0, y - pose.middle.1);
            let (sin, cos) = pose.degrees.to_radians().sin_cos();
            let u = (x * cos + y * sin) / pose.module + code.width() as f32 / 2.0;
            let v = (y * cos - x * sin) / pose.module + code.height() as f32 / 2.0;
            let inside = u >= 0.0 && v >= 0.0 && u < code.width() as f32 && v < code.height() as f32;
            inside.then(|| u32::from(code.get_pixel(u as u32, v as u32).0[0]))
        });
        on_a_code.map_or(150 + (y as u32 / 40 % 2) * 30, |ink| 40 + ink * 190 / 255)
    };
    // A pixel sees all of its square.
    let parts = [0.0, 0.33, 0.67];
    let sharp = GrayImage::from_fn(width, height, |x, y| {
        let inside = parts.iter().flat_map(|right| parts.iter().map(move |down| (right, down)));
        let sum: u32 = inside.map(|(right, down)| shade(x as f32 + right, y as f32 + down)).sum();
        image::Luma([(sum / 9) as u8])
    });
    let soft = image::imageops::blur(&sharp, 0.8);
    GrayImage::from_fn(width, height, |x, y| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Luma([soft.get_pixel(x, y).0[0].saturating_add((seed >> 28) as u8)])
    })
}

fn read_in(picture: GrayImage) -> Vec<Barcode> {
    let gray = Gray::new(picture.width(), picture.height(), picture.into_raw()).unwrap();
    read_until(&gray, Instant::now() + Duration::from_mins(2))
}

fn read_until(gray: &Gray, until: Instant) -> Vec<Barcode> {
    let mut codes = Vec::new();
    read(gray, until, |code| codes.push(code));
    codes
}

fn told(found: &[Barcode]) -> Vec<(Kind, &str)> {
    found.iter().map(|code| (code.kind, code.text.as_str())).collect()
}

#[test]
fn a_code_is_read_at_any_angle_where_it_stands() {
    for (png, kind, text) in CODES {
        let code = code(png);
        for degrees in [0.0, 11.0, 45.0, 62.0, 90.0, 133.0, 180.0, 258.0] {
            let pose = Pose { middle: (520.0, 410.0), module: 3.6, degrees };
            let found = read_in(photograph(1_000, 900, &[(&code, pose)]));
            let [Barcode { kind: read_as, text: read, area: Area { x, y, width, height } }] = found.as_slice() else {
                panic!("{kind:?} at {degrees}°: {} codes", found.len())
            };
            assert_eq!(*read_as, kind, "{degrees}°");
            assert!(read.starts_with(text), "{kind:?} at {degrees}°");
            let middle = (x + width / 2, y + height / 2);
            assert!(
                (150..890).contains(&middle.0) && (120..720).contains(&middle.1),
                "{kind:?} at {degrees}°: {middle:?}"
            );
            assert!(x + width <= 1_000 && y + height <= 900, "{kind:?} at {degrees}°");
        }
    }
}

#[test]
fn a_code_is_read_small_in_a_large_picture_and_filling_one() {
    for (png, kind, text) in CODES {
        let code = code(png);
        for (size, module) in [((2_000, 1_500), 3.0), ((2_200, 1_600), 8.0)] {
            let pose = Pose { middle: (size.0 as f32 / 2.0, size.1 as f32 / 2.0), module, degrees: 8.0 };
            let found = read_in(photograph(size.0, size.1, &[(&code, pose)]));
            assert!(
                told(&found).iter().any(|(read_as, read)| *read_as == kind && read.starts_with(text)),
                "{kind:?}, {module}"
            );
        }
    }
}

#[test]
fn codes_bright_on_dark_and_several_in_a_picture_are_read() {
    let codes: Vec<GrayImage> = CODES.iter().map(|(png, ..)| code(png)).collect();
    let pose = |x, y| Pose { middle: (x, y), module: 3.4, degrees: 4.0 };
    let places = [
        pose(200.0, 200.0),
        pose(600.0, 200.0),
        pose(1_150.0, 200.0),
        pose(500.0, 700.0),
        pose(1_100.0, 600.0),
        pose(1_100.0, 950.0),
    ];
    let all: Vec<_> = codes.iter().zip(places).collect();
    let picture = photograph(1_500, 1_200, &all);
    let mut inverted = picture.clone();
    image::imageops::invert(&mut inverted);
    for (case, picture) in [("dark on bright", picture), ("bright on dark", inverted)] {
        let found = read_in(picture);
        for (_, kind, text) in CODES {
            assert!(
                told(&found).iter().any(|(read_as, read)| *read_as == kind && read.starts_with(text)),
                "{case}: {kind:?}"
            );
        }
        assert_eq!(found.len(), CODES.len(), "{case}");
    }
}

#[test]
fn codes_that_a_mirror_shows_are_read() {
    for (png, kind, text) in CODES {
        let pose = Pose { middle: (520.0, 410.0), module: 3.6, degrees: 11.0 };
        let mirrored = image::imageops::flip_horizontal(&photograph(1_000, 900, &[(&code(png), pose)]));
        let found = read_in(mirrored);
        assert!(found.len() == 1 && found[0].kind == kind && found[0].text.starts_with(text), "{kind:?}");
    }
}

#[test]
fn where_no_code_is_none_is_read() {
    let flat = GrayImage::from_pixel(900, 700, image::Luma([200]));
    let stripes = GrayImage::from_fn(900, 700, |x, _| image::Luma([if x / 5 % 2 == 0 { 0 } else { 255 }]));
    let mut seed = 7_u32;
    let noise = GrayImage::from_fn(900, 700, |_, _| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Luma([(seed >> 24) as u8])
    });
    let cut = {
        let whole = code(CODES[2].0);
        image::imageops::crop_imm(&image::imageops::resize(&whole, 700, 300, image::imageops::Nearest), 0, 0, 350, 300)
            .to_image()
    };
    for (case, picture) in [
        ("flat", flat),
        ("stripes", stripes),
        ("noise", noise),
        ("half a code", cut),
        ("a pixel", GrayImage::new(1, 1)),
        ("a line", GrayImage::new(900, 1)),
    ] {
        assert!(read_in(picture).is_empty(), "{case}");
    }
}

#[test]
fn nothing_is_read_after_the_deadline() {
    let picture = code(CODES[4].0);
    let picture = image::imageops::resize(&picture, 400, 400, image::imageops::Nearest);
    let gray = Gray::new(400, 400, picture.into_raw()).unwrap();
    assert!(read_until(&gray, Instant::now()).is_empty());
    assert_eq!(read_until(&gray, Instant::now() + Duration::from_mins(1)).len(), 1);
}

#[test]
fn pixels_of_another_number_are_no_picture() {
    assert!(Gray::new(2, 2, vec![0; 3]).is_none() && Gray::new(0, 5, Vec::new()).is_none());
    assert!(Gray::new(2, 2, vec![0; 4]).is_some());
}
