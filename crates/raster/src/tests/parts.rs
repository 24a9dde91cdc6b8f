//! Pixels that are missing, hidden, or behind others.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use warden_core::metadata::{Doubt, Scanner};

use super::*;

/// A page of print: strokes all over it.
fn page() -> RgbImage {
    RgbImage::from_fn(320, 240, |x, y| if x % 9 < 3 && y % 11 < 6 { Rgb([30, 40, 50]) } else { Rgb([220, 230, 240]) })
}

/// The page as JPEGs of every kind.
fn jpegs() -> Vec<(&'static str, Vec<u8>)> {
    let page = page();
    let jpeg = |color: ColorType, set: &dyn Fn(&mut Encoder<&mut Vec<u8>>)| {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 85);
        set(&mut encoder);
        let samples = match color {
            ColorType::Luma => DynamicImage::ImageRgb8(page.clone()).into_luma8().into_raw(),
            _ => page.as_raw().clone(),
        };
        encoder.encode(&samples, 320, 240, color).unwrap();
        bytes
    };
    vec![
        ("colours", jpeg(ColorType::Rgb, &|_| {})),
        ("grey", jpeg(ColorType::Luma, &|_| {})),
        ("fewer colours", jpeg(ColorType::Rgb, &|encoder| encoder.set_sampling_factor(SamplingFactor::F_2_2))),
        ("its own codes", jpeg(ColorType::Rgb, &|encoder| encoder.set_optimized_huffman_tables(true))),
        ("restarts", jpeg(ColorType::Rgb, &|encoder| encoder.set_restart_interval(7))),
        ("progressive", jpeg(ColorType::Rgb, &|encoder| encoder.set_progressive(true))),
        ("progressive, grey", jpeg(ColorType::Luma, &|encoder| encoder.set_progressive(true))),
    ]
}

pub(super) fn unread(bytes: Vec<u8>, format: ImageFormat) -> Option<Unreadable> {
    match views(bytes, format, TokenBudget::DEFAULT) {
        Ok(shown) => shown.unread,
        Err(why) => Some(why),
    }
}

#[test]
fn a_jpeg_is_damaged_wherever_it_is_cut() {
    for (case, jpeg) in jpegs() {
        assert_eq!(unread(jpeg.clone(), ImageFormat::Jpeg), None, "{case}");
        assert_eq!(unread(jpeg[..jpeg.len() - 2].to_vec(), ImageFormat::Jpeg), None, "{case}, without its end");
        let scan = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
        // A progressive one is readable without its last passes.
        let least = if case.starts_with("progressive") { 60 } else { 98 };
        for share in [0, 5, 30, 60, 90, 98].into_iter().filter(|share| *share <= least) {
            let cut = jpeg[..scan + 14 + (jpeg.len() - scan - 14) * share / 100].to_vec();
            let zeros = vec![0; jpeg.len() - cut.len() + 1_000];
            for (end, bytes) in [
                ("", cut.clone()),
                (" and an end", [&cut[..], &[0xFF, 0xD9]].concat()),
                (" and zeros", [&cut[..], &zeros].concat()),
            ] {
                assert_eq!(unread(bytes, ImageFormat::Jpeg), Some(Unreadable::Damaged), "{case} at {share} %{end}");
            }
        }
    }
}

#[test]
fn nothing_is_found_among_a_jpegs_codes() {
    for (case, jpeg) in jpegs() {
        assert_eq!(behind::end(ImageFormat::Jpeg, &jpeg), Some(jpeg.len()), "{case}");
        let mut scanner = Scanner::of(ImageFormat::Jpeg);
        jpeg.chunks(1_000).for_each(|chunk| scanner.push(chunk));
        assert_eq!(scanner.finish().doubt, None, "{case}");
    }
}

#[test]
fn a_jpeg_of_very_many_scans_is_not_read() {
    for (_, jpeg) in jpegs().into_iter().filter(|(case, _)| case.starts_with("progressive")) {
        let starts: Vec<_> = jpeg.windows(2).enumerate().filter(|(_, two)| *two == [0xFF, 0xDA]).collect();
        let (end, last) = (jpeg.len() - 2, starts[starts.len() - 1].0);
        let with =
            |scans: usize| [&jpeg[..last], &jpeg[last..end].repeat(scans - starts.len() + 1), &jpeg[end..]].concat();
        assert_eq!(unread(with(100), ImageFormat::Jpeg), None);
        assert_eq!(unread(with(101), ImageFormat::Jpeg), Some(Unreadable::Damaged));
    }
}

#[test]
fn a_picture_of_which_most_is_missing_says_so_when_it_is_read_in_code() {
    let told = |bytes: &[u8], format, overviews| {
        read(bytes, format, Reading { overviews, ..Reading::default() }).map_or_else(Some, |shown| shown.unread)
    };
    for (case, jpeg) in jpegs() {
        let scan = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
        for (share, expected) in [(2, Some(Unreadable::Damaged)), (20, Some(Unreadable::Damaged)), (100, None)] {
            let cut = &jpeg[..scan + 14 + (jpeg.len() - scan - 14) * share / 100];
            let bytes = [cut, &[0xFF, 0xD9]].concat();
            for overviews in [false, true] {
                assert_eq!(told(&bytes, ImageFormat::Jpeg, overviews), expected, "{case} at {share} %");
            }
        }
    }
    // One that goes to the model however many bits a pixel has.
    let noise = RgbImage::from_fn(320, 240, |x, y| {
        Rgb([0, 7, 13].map(|add| u8::try_from((x * 97 + y * 61 + add) * 31 % 256).unwrap()))
    });
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 95).encode(noise.as_raw(), 320, 240, ColorType::Rgb).unwrap();
    let cut = [&jpeg[..jpeg.len() * 35 / 100], &[0xFF, 0xD9]].concat();
    let mut scanner = Scanner::of(ImageFormat::Jpeg);
    scanner.push(&cut);
    assert_eq!(scanner.finish().doubt, None);
    assert_eq!(told(&cut, ImageFormat::Jpeg, false), Some(Unreadable::Damaged));
    // An opaque PNG whose end is there and whose rows are not.
    let mut png = encoded(&DynamicImage::ImageRgb8(noise), image::ImageFormat::Png);
    let data = png.windows(4).position(|kind| kind == b"IDAT").unwrap();
    let length = u32::from_be_bytes(png[data - 4..data].try_into().unwrap()) as usize;
    png.drain(data + 4 + length / 3..data + 4 + length + 4);
    let checksum = crc(&png[data..data + 4 + length / 3]).to_be_bytes();
    png.splice(data + 4 + length / 3..data + 4 + length / 3, checksum);
    png[data - 4..data].copy_from_slice(&u32::try_from(length / 3).unwrap().to_be_bytes());
    assert_eq!(told(&png, ImageFormat::Png, false), Some(Unreadable::Damaged));
}

/// A JPEG with a position in its EXIF.
pub(super) fn with_position(mut jpeg: Vec<u8>) -> Vec<u8> {
    let entries = b"II*\0\x08\0\0\0\x01\0\x25\x88\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0\x01\0\x02\0\x03\0\x01\0\0\0\x25\0\0\0\0\0\0\0";
    let exif = [b"Exif\0\0".as_slice(), entries].concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    jpeg.splice(2..2, [&[0xFF, 0xE1], length.as_slice(), &exif].concat());
    jpeg
}

#[test]
fn what_pictures_behind_the_first_tell_is_told() {
    let (jpeg, gif) = (dark_or_light(false, image::ImageFormat::Jpeg), dark_or_light(false, image::ImageFormat::Gif));
    let webp = dark_or_light(false, image::ImageFormat::WebP);
    let told = with_position(jpeg.clone());
    let without_end = &jpeg[..jpeg.len() - 2];
    let mut map = told.clone();
    map.splice(2..2, *b"\xFF\xE1\0\x27http://ns.adobe.com/hdr-gain-map/1.0/");
    for (case, format, bytes, expected) in [
        ("none", ImageFormat::Jpeg, [&jpeg[..], &jpeg].concat(), 0),
        ("a second JPEG", ImageFormat::Jpeg, [&jpeg[..], &told].concat(), 1),
        ("a third", ImageFormat::Jpeg, [&jpeg[..], &jpeg, &told].concat(), 1),
        ("each", ImageFormat::Jpeg, [&told[..], &told].concat(), 1),
        ("behind one without an end", ImageFormat::Jpeg, [without_end, &told].concat(), 1),
        ("behind a GIF", ImageFormat::Gif, [&gif[..], &told].concat(), 1),
        ("behind a WebP", ImageFormat::WebP, [&webp[..], &told].concat(), 1),
        ("a gain map", ImageFormat::Jpeg, [&jpeg[..], &map].concat(), 1),
    ] {
        assert_eq!(metadata(format, &bytes).len(), expected, "{case}");
    }
}

pub(super) fn dark_or_light(dark: bool, format: image::ImageFormat) -> Vec<u8> {
    encoded(&DynamicImage::ImageRgb8(frame(dark)), format)
}

#[test]
fn a_picture_behind_another_is_shown_too() {
    let of = |dark: bool| {
        let picture = DynamicImage::ImageRgb8(frame(dark));
        [
            (ImageFormat::Jpeg, encoded(&picture, image::ImageFormat::Jpeg)),
            (ImageFormat::Png, encoded(&picture, image::ImageFormat::Png)),
            (ImageFormat::Gif, encoded(&picture, image::ImageFormat::Gif)),
            (ImageFormat::WebP, encoded(&picture, image::ImageFormat::WebP)),
            (ImageFormat::Bmp, encoded(&picture, image::ImageFormat::Bmp)),
            (ImageFormat::Pnm, encoded(&picture, image::ImageFormat::Pnm)),
            (ImageFormat::Tiff, page_of(&picture)),
            (ImageFormat::Ico, icon(&[encoded(&picture, image::ImageFormat::Png)])),
        ]
    };
    for (format, first) in of(false) {
        // What an icon begins with, anything may.
        for (behind, second) in of(true).into_iter().filter(|(behind, _)| *behind != ImageFormat::Ico) {
            for between in [&b""[..], b"\0\0\0", b"MotionPhoto_Data\xFF\xD8\xFF\0BMP6 II*\0"] {
                let bytes = [&first, between, &second].concat();
                assert_eq!(dark_frames(bytes.clone(), format), [false, true], "{format:?}, {between:?}, {behind:?}");
                // The others are looked at whole anyway.
                if matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
                    assert_is_not_alone(&format!("{format:?}, {between:?}, {behind:?}"), &bytes, format);
                }
            }
        }
    }
}

fn assert_is_not_alone(case: &str, bytes: &[u8], format: ImageFormat) {
    for size in [1, 7, bytes.len()] {
        let mut scanner = Scanner::of(format);
        bytes.chunks(size).for_each(|chunk| scanner.push(chunk));
        assert_eq!(scanner.finish().doubt, Some(Doubt::NotAlone), "{case}, in chunks of {size}");
    }
}

#[test]
fn a_picture_behind_one_that_hides_its_end_is_shown_too() {
    let first = |format| dark_or_light(false, format);
    let without_end = |format, count: usize| {
        let bytes = first(format);
        bytes[..bytes.len() - count].to_vec()
    };
    // A WebP whose header counts what stands behind it as its own.
    let claiming = |between: &[u8], behind: &[u8]| {
        let mut bytes = [&first(image::ImageFormat::WebP), between, behind].concat();
        let length = u32::try_from(bytes.len() - 8).unwrap();
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    let kinds = [
        image::ImageFormat::Jpeg,
        image::ImageFormat::Png,
        image::ImageFormat::Gif,
        image::ImageFormat::WebP,
        image::ImageFormat::Bmp,
    ];
    for second in kinds {
        let second = dark_or_light(true, second);
        for (case, format, bytes) in [
            ("a JPEG", ImageFormat::Jpeg, [without_end(image::ImageFormat::Jpeg, 2), second.clone()].concat()),
            (
                "a JPEG whose end stands behind both",
                ImageFormat::Jpeg,
                [without_end(image::ImageFormat::Jpeg, 2), second.clone(), vec![0xFF, 0xD9]].concat(),
            ),
            (
                "a JPEG that is one of two",
                ImageFormat::Jpeg,
                [without_end(image::ImageFormat::Jpeg, 2).repeat(2), second.clone()].concat(),
            ),
            ("a PNG", ImageFormat::Png, [without_end(image::ImageFormat::Png, 12), second.clone()].concat()),
            ("a WebP", ImageFormat::WebP, claiming(b"", &second)),
            ("a WebP and zeros", ImageFormat::WebP, claiming(&[0; 4], &second)),
        ] {
            assert_is_not_alone(case, &bytes, format);
            let shown = views(bytes, format, TokenBudget::DEFAULT).unwrap();
            assert!(shown.views.iter().any(|view| is_dark(&decoded(view), 30, 20)), "{case}, {:?}", &second[..4]);
        }
    }
    for (case, behind) in
        [("a PDF", &b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"[..]), ("a HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")]
    {
        for format in [image::ImageFormat::Png, image::ImageFormat::WebP] {
            let bytes = [&first(format), behind].concat();
            let format = if format == image::ImageFormat::Png { ImageFormat::Png } else { ImageFormat::WebP };
            assert_is_not_alone(case, &bytes, format);
        }
        assert_is_not_alone(case, &claiming(b"", behind), ImageFormat::WebP);
    }
}

#[test]
fn a_picture_behind_one_that_says_that_it_is_longer_is_shown_too() {
    let picture = in_an_icon(&DynamicImage::ImageRgb8(frame(false)));
    let mut of_two = icon(&[picture.clone(), picture]);
    // A second picture of 32 pixels, which nobody looks at, outside of the file.
    of_two[22..24].fill(32);
    of_two[34..38].copy_from_slice(&9_000_000_u32.to_le_bytes());
    // Rows of 60 pixels, light, as runs.
    let runs = |length: u32| {
        let mut bytes = [b"BM".as_slice(), &length.to_le_bytes(), &[0; 4], &62_u32.to_le_bytes()].concat();
        bytes.extend(
            [40_u32, 60, 40, 0x0008_0001, 1, u32::MAX, 0, 0, 2, 0].iter().flat_map(|field| field.to_le_bytes()),
        );
        bytes.extend([0, 0, 0, 0, 240, 240, 240, 0]);
        bytes.extend([60, 1, 0, 0].repeat(40));
        bytes.extend([0, 1]);
        bytes
    };
    let png = dark_or_light(true, image::ImageFormat::Png);
    let length = u32::try_from(runs(0).len() + png.len()).unwrap();
    for (case, format, first) in
        [("an icon", ImageFormat::Ico, of_two), ("a bitmap of runs", ImageFormat::Bmp, runs(length))]
    {
        assert_eq!(dark_frames(first.clone(), format), [false], "{case}, alone");
        assert_eq!(dark_frames([first, png.clone()].concat(), format), [false, true], "{case}");
    }
}

#[test]
fn anymaps_that_follow_each_other_are_all_shown() {
    let grey = |of: &str, value: u8| [of.as_bytes(), &vec![value; 60 * 40]].concat();
    let digits = |value: u8| format!("P2 60 40 255 {}\n", format!("{value} ").repeat(60 * 40)).into_bytes();
    let bits = |value: u8| [b"P4 60 40\n".as_slice(), &[value; 8 * 40]].concat();
    for (case, maps, expected) in [
        ("grey", [grey("P5 60 40 255\n", 255), grey("P5 60 40 255\n", 0)], [false, true]),
        ("bits", [bits(0), bits(255)], [false, true]),
        ("digits", [digits(255), digits(0)], [false, true]),
        ("digits, then grey", [digits(0), grey("P5 60 40 255\n", 255)], [true, false]),
    ] {
        assert_eq!(dark_frames(maps.concat(), ImageFormat::Pnm), expected, "{case}");
    }
}

#[test]
fn what_only_adds_to_a_photograph_is_no_picture_of_its_own() {
    const CONTAINER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0<x xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" \
        xmlns:Container=\"http://ns.google.com/photos/1.0/container/\"/>";
    let photograph = dark_or_light(false, image::ImageFormat::Jpeg);
    let named = |marker: u8, name: &[u8]| {
        let mut bytes = dark_or_light(true, image::ImageFormat::Jpeg);
        let length = u16::try_from(name.len() + 2).unwrap().to_be_bytes();
        bytes.splice(2..2, [&[0xFF, marker], length.as_slice(), name].concat());
        bytes
    };
    for (case, behind) in [
        (
            "a gain map",
            named(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\"/>"),
        ),
        ("a gain map of ISO", named(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0\x80\0\0\0\x01")),
        ("a gain map of Apple", named(0xE1, b"http://ns.adobe.com/xap/1.0/\0http://ns.apple.com/HDRGainMap/1.0/")),
        ("noise", (0..5_000_u32).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect()),
        ("a text", b"FF D8 FF; GIF89a is a format, RIFF another".to_vec()),
        ("a video", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08mdat".to_vec()),
    ] {
        assert_eq!(dark_frames([&photograph[..], &behind].concat(), ImageFormat::Jpeg), [false], "{case}");
    }
    for (case, behind) in [
        ("a photograph that has a gain map", named(0xE1, CONTAINER)),
        ("one that has one of ISO", named(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")),
    ] {
        assert_eq!(dark_frames([&photograph[..], &behind].concat(), ImageFormat::Jpeg), [false, true], "{case}");
    }
}

/// An animated PNG whose own picture is no frame.
fn apng_with_hidden_picture(hidden: bool, frames: &[bool]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 60, 40);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(u32::try_from(frames.len()).unwrap(), 0).unwrap();
    encoder.set_sep_def_img(true).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for dark in [hidden].iter().chain(frames) {
        writer.write_image_data(frame(*dark).as_raw()).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

/// The same file with another number of frames in its announcement.
fn announcing(mut apng: Vec<u8>, count: u32) -> Vec<u8> {
    let at = apng.windows(4).position(|kind| kind == b"acTL").unwrap();
    apng[at + 4..at + 8].copy_from_slice(&count.to_be_bytes());
    let checksum = crc(&apng[at..at + 12]);
    apng[at + 12..at + 16].copy_from_slice(&checksum.to_be_bytes());
    apng
}

#[test]
fn a_frame_with_transparent_parts_is_shown_on_each_ground_that_it_takes() {
    // Strokes that no ground alone shows.
    let frame = image::RgbaImage::from_fn(60, 40, |_, y| match y / 4 % 6 {
        0 => image::Rgba([255, 255, 255, 255]),
        2 => image::Rgba([128, 128, 128, 255]),
        4 => image::Rgba([0, 0, 0, 255]),
        _ => image::Rgba([0, 0, 0, 0]),
    });
    // As many views as of an animation without transparent parts: every other of twelve frames.
    for (frames, pages) in [(2, vec![1, 1, 2, 2]), (12, vec![1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11])] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 60, 40);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_animated(frames, 0).unwrap();
        let mut writer = encoder.write_header().unwrap();
        for _ in 0..frames {
            writer.write_image_data(frame.as_raw()).unwrap();
        }
        writer.finish().unwrap();
        let shown = views_and_read(&bytes, ImageFormat::Png, TokenBudget::DEFAULT, Reading::CODES).unwrap();
        assert_eq!(shown.views.iter().filter_map(|view| view.page).collect::<Vec<_>>(), pages, "{frames} frames");
        for both in shown.views.chunks(2) {
            assert_ne!(both[0].image, both[1].image, "white and black");
        }
    }
}

#[test]
fn an_animated_png_shows_its_own_picture_and_every_frame() {
    for (case, bytes, expected) in [
        ("a hidden picture, one frame", apng_with_hidden_picture(false, &[true]), vec![false, true]),
        ("a hidden picture that is dark", apng_with_hidden_picture(true, &[false]), vec![true, false]),
        ("a hidden picture, two frames", apng_with_hidden_picture(false, &[false, true]), vec![false, false, true]),
        ("two frames", apng(&[false, true]), vec![false, true]),
        ("one frame, which is the picture", apng(&[true]), vec![true]),
        ("fewer frames announced", announcing(apng(&[false, false, true]), 1), vec![false, false, true]),
        ("no frames announced", announcing(apng(&[false, true]), 0), vec![false, true]),
        ("more frames announced", announcing(apng(&[false, true]), 9), vec![false, true]),
        (
            "a hidden picture, no frames announced",
            announcing(apng_with_hidden_picture(false, &[true]), 0),
            vec![false, true],
        ),
    ] {
        assert_eq!(dark_frames(bytes, ImageFormat::Png), expected, "{case}");
    }
}

#[test]
fn a_gif_may_lack_its_last_byte_and_no_other() {
    let whole = gif(2, |index| index == 1);
    let cut = |count: usize| whole[..whole.len() - count].to_vec();
    assert_eq!(dark_frames(cut(1), ImageFormat::Gif), [false, true]);
    assert_eq!(unread(cut(2), ImageFormat::Gif), Some(Unreadable::Damaged));
}

#[test]
fn a_gif_is_shown_as_far_as_its_frames_reach() {
    for count in [1, 2] {
        let whole = gif(count, |index| index + 1 == count);
        let expected = dark_frames(whole.clone(), ImageFormat::Gif);
        for screen in [[0; 4], [1, 0, 1, 0], [60, 0, 3, 0]] {
            let mut small = whole.clone();
            small[6..10].copy_from_slice(&screen);
            assert_eq!(dark_frames(small.clone(), ImageFormat::Gif), expected, "{count} frames on {screen:?}");
            let view = whole_view(small, ImageFormat::Gif, TokenBudget::DEFAULT).unwrap();
            assert_eq!(view.whole, (60, 40), "{count} frames on {screen:?}");
        }
    }
}

#[test]
fn what_a_smaller_picture_was_written_over_is_not_overlooked() {
    for (format, kind) in [(ImageFormat::Png, image::ImageFormat::Png), (ImageFormat::Jpeg, image::ImageFormat::Jpeg)] {
        let (small, large) = (dark_or_light(false, kind), encoded(&DynamicImage::ImageRgb8(noise()), kind));
        let over = [&small, &large[small.len()..]].concat();
        assert_eq!(unread(over.clone(), format), Some(Unreadable::Damaged), "{format:?}");
        assert_is_not_alone(&format!("{format:?}"), &over, format);
    }
}

/// A picture that takes many bytes.
fn noise() -> RgbImage {
    RgbImage::from_fn(200, 150, |x, y| {
        Rgb([0_u32, 7, 91].map(|shade| (x * x * 31 + y * y * 17 + x * y + shade).to_le_bytes()[0]))
    })
}

/// An icon of pictures of these kinds.
pub(super) fn icon(pictures: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [&[0, 0, 1, 0], u16::try_from(pictures.len()).unwrap().to_le_bytes().as_slice()].concat();
    let mut at = 6 + 16 * pictures.len();
    for picture in pictures {
        bytes.extend([0, 0, 0, 0, 1, 0, 32, 0]);
        bytes.extend(u32::try_from(picture.len()).unwrap().to_le_bytes());
        bytes.extend(u32::try_from(at).unwrap().to_le_bytes());
        at += picture.len();
    }
    bytes.extend(pictures.concat());
    bytes
}

/// A bitmap as an icon holds it: without its file's header, and said to be twice as high.
fn in_an_icon(picture: &DynamicImage) -> Vec<u8> {
    let bitmap = encoded(picture, image::ImageFormat::Bmp);
    let mut entry = bitmap[14..].to_vec();
    entry[8..12].copy_from_slice(&(2 * picture.height()).to_le_bytes());
    entry.extend(vec![0; picture.width().div_ceil(32) as usize * 4 * picture.height() as usize]);
    entry
}

#[test]
fn every_picture_of_an_icon_counts() {
    let picture = |dark: bool, edge: u32| {
        DynamicImage::ImageRgb8(RgbImage::from_pixel(edge, edge, Rgb([if dark { 0 } else { 255 }; 3])))
    };
    let png = |picture: DynamicImage| encoded(&picture, image::ImageFormat::Png);
    let (light, dark) = (|edge| picture(false, edge), |edge| picture(true, edge));
    for (case, pictures, expected) in [
        ("a PNG of colours", vec![png(dark(128))], vec![true]),
        ("a PNG of greys", vec![png(dark(128).into_luma8().into())], vec![true]),
        ("a PNG of deep colours and alpha", vec![png(dark(128).into_rgba16().into())], vec![true]),
        ("a bitmap", vec![in_an_icon(&dark(128))], vec![true]),
        ("a bitmap of a palette", vec![in_an_icon(&dark(128).into_luma8().into())], vec![true]),
        ("a small one alone", vec![png(dark(32))], vec![true]),
        ("a second of the same size", vec![png(light(128)), png(dark(128))], vec![false, true]),
        ("a second of half the size", vec![png(light(128)), in_an_icon(&dark(64))], vec![false, true]),
        ("a second that is tiny", vec![png(dark(16)), png(light(128))], vec![false]),
    ] {
        let views = shown(icon(&pictures), ImageFormat::Ico);
        let shown: Vec<_> = views.iter().map(|view| is_dark(&decoded(view), 8, 8)).collect();
        assert_eq!(shown, expected, "{case}");
    }
    let cut = vec![png(light(128)), png(dark(128))[..200].to_vec()];
    assert_eq!(unread(icon(&cut), ImageFormat::Ico), Some(Unreadable::Damaged));
    // The header of the larger one is cut: what is behind it is seen nevertheless.
    let header = in_an_icon(&dark(200))[..20].to_vec();
    let shown = views(icon(&[header, png(dark(128))]), ImageFormat::Ico, TokenBudget::DEFAULT).unwrap();
    assert_eq!((shown.views.len(), shown.unread), (1, Some(Unreadable::Damaged)));
}

#[test]
fn a_picture_that_an_icon_lacks_is_told() {
    let bitmap =
        |grey: u8, edge: u32| in_an_icon(&DynamicImage::ImageRgb8(RgbImage::from_pixel(edge, edge, Rgb([grey; 3]))));
    let (first, second) = (bitmap(255, 64), bitmap(0, 128));
    let whole = icon(&[first.clone(), second.clone()]);
    let start = whole.len() - second.len();
    let small = |mut icon: Vec<u8>| {
        icon[22..24].copy_from_slice(&[32, 32]);
        icon
    };
    let counting = |count: u8| {
        let mut icon = icon(&[bitmap(0, 64)]);
        icon[4] = count;
        icon[14..18].copy_from_slice(&u32::MAX.to_le_bytes());
        icon.truncate(6 + 16 + 15);
        icon
    };
    let empty = || icon(&[first.clone(), Vec::new()]);
    for (case, bytes, expected) in [
        ("nothing", whole.clone(), (2, None)),
        ("the second", whole[..start].to_vec(), (1, Some(Unreadable::Damaged))),
        ("the second, and the end of the first", whole[..start - 1].to_vec(), (1, Some(Unreadable::Damaged))),
        ("all but the second's first byte", whole[..=start].to_vec(), (1, Some(Unreadable::Damaged))),
        ("the last byte of the second's mask", whole[..whole.len() - 1].to_vec(), (2, Some(Unreadable::Damaged))),
        ("the second, which was too small to read", small(whole[..start].to_vec()), (1, None)),
        ("a second that has no bytes", empty(), (1, None)),
        ("both", whole[..38].to_vec(), (0, Some(Unreadable::Damaged))),
        ("a part of its directory", counting(2), (0, Some(Unreadable::Damaged))),
    ] {
        let told = match views(bytes, ImageFormat::Ico, TokenBudget::DEFAULT) {
            Ok(shown) => (shown.views.len(), shown.unread),
            Err(why) => (0, Some(why)),
        };
        assert_eq!(told, expected, "{case}");
    }
}

#[test]
fn an_icon_has_no_more_views_than_other_files() {
    let picture = in_an_icon(&DynamicImage::ImageRgb8(RgbImage::new(64, 64)));
    let mut many = icon(&vec![picture.clone(); 17]);
    let shown = views(many.clone(), ImageFormat::Ico, TokenBudget::DEFAULT).unwrap();
    assert_eq!((shown.views.len(), shown.unread), (16, Some(Unreadable::TooLarge)));
    // All are the first one.
    for entry in many[6..6 + 17 * 16].chunks_exact_mut(16) {
        entry[12..].copy_from_slice(&(6 + 17 * 16_u32).to_le_bytes());
    }
    assert_eq!(super::shown(many, ImageFormat::Ico).len(), 1);
}

/// A bitmap of an icon of 128 by 128 pixels: a square of ink in its top left corner, and black where its mask
/// shows what is behind it.
fn masked_bitmap(bits: u16, compression: u32, top_down: bool, ink: u32) -> Vec<u8> {
    let height = if top_down { -256_i32 } else { 256 };
    let mut entry = [40_u32.to_le_bytes(), 128_u32.to_le_bytes(), height.to_le_bytes()].concat();
    entry.extend([1, 0]);
    entry.extend(bits.to_le_bytes());
    entry.extend(compression.to_le_bytes());
    entry.extend([0; 20]);
    if bits <= 8 {
        entry.extend([0, 0, 0, 0, 255, 255, 255, 0]);
        entry.resize(40 + (4 << bits), 0);
    }
    if compression == 3 {
        entry.extend([0x00FF_0000_u32, 0xFF00, 0xFF].iter().flat_map(|mask| mask.to_le_bytes()));
    }
    let rows = || (0..128).map(|row| if top_down { row } else { 127 - row });
    for y in rows() {
        let pixel = |x: u32| if x < 40 && y < 40 { ink } else { 0 };
        match usize::from(bits) {
            packed @ 1..=4 => entry.extend((0..128).step_by(8 / packed).map(|x| {
                let byte = (0..8 / u32::from(bits)).fold(0, |byte, at| byte << bits | pixel(x + at));
                u8::try_from(byte).unwrap()
            })),
            whole => entry.extend((0..128).flat_map(|x| pixel(x).to_le_bytes().into_iter().take(whole / 8))),
        }
    }
    for y in rows() {
        entry.extend((0..16).map(|byte| if byte < 5 && y < 40 { 0 } else { 0xFF }));
    }
    entry
}

#[test]
fn what_is_drawn_in_an_icon_is_seen_on_its_transparent_ground() {
    for (case, bits, compression, black, white) in [
        ("two colours", 1, 0, 0, 1),
        ("sixteen colours", 4, 0, 0, 1),
        ("a palette", 8, 0, 0, 1),
        ("sixteen bits", 16, 0, 0, 0x7FFF),
        ("colours", 24, 0, 0, 0x00FF_FFFF),
        ("colours and alpha", 32, 0, 0xFF00_0000, 0xFFFF_FFFF),
        ("colours and an empty alpha", 32, 0, 0, 0x00FF_FFFF),
        ("colours and alpha, by masks", 32, 3, 0xFF00_0000, 0xFFFF_FFFF),
    ] {
        for (top_down, ink, name) in [(false, black, "black"), (true, black, "black"), (false, white, "white")] {
            let entry = masked_bitmap(bits, compression, top_down, ink);
            let views = shown(icon(std::slice::from_ref(&entry)), ImageFormat::Ico);
            let seen = decoded(&views[0]);
            let contrast = seen.get_pixel(20, 20).0[0].abs_diff(seen.get_pixel(100, 20).0[0]);
            let ground = seen.get_pixel(20, 100).0[0].abs_diff(seen.get_pixel(100, 20).0[0]);
            assert!(contrast > 80 && ground < 20, "{name} in {case}, from the top {top_down}");
            // Without a mask there is no telling what shows, unless alpha tells.
            let cut = unread(icon(&[entry[..entry.len() - 1].to_vec()]), ImageFormat::Ico);
            let has_alpha = ink >> 24 == 0xFF;
            assert_eq!(cut, (!has_alpha).then_some(Unreadable::Damaged), "{name} in {case}, cut");
        }
    }
}

#[test]
fn what_an_icon_inverts_is_seen() {
    // All of it is masked, and some of it white.
    let mut entry = masked_bitmap(24, 0, false, 0x00FF_FFFF);
    let mask = entry.len() - 16 * 128;
    entry[mask..].fill(0xFF);
    let seen = decoded(&shown(icon(&[entry]), ImageFormat::Ico)[0]);
    assert!(seen.get_pixel(20, 20).0[0].abs_diff(seen.get_pixel(100, 100).0[0]) > 80);
}

#[test]
fn bitmaps_of_os_2_are_read() {
    let bitmap = encoded(&DynamicImage::ImageRgb8(marked(120, 90)), image::ImageFormat::Bmp);
    for size in [16_u32, 24, 40, 48, 64] {
        let mut header = bitmap[14..54].to_vec();
        header.resize(size as usize, 0);
        header[..4].copy_from_slice(&size.to_le_bytes());
        let bytes = [&bitmap[..10], &(14 + size).to_le_bytes(), &header, &bitmap[54..]].concat();
        assert_eq!(Content::of(&bytes), Content::Image(ImageFormat::Bmp), "{size}");
        let view = &shown(bytes, ImageFormat::Bmp)[0];
        assert!(is_dark(&decoded(view), 10, 10) && !is_dark(&decoded(view), 100, 80), "{size}");
    }
}

/// Black strokes in the top left corner of nothing.
pub(super) fn drawn(ink: [u8; 3], ground_alpha: u8) -> image::RgbaImage {
    image::RgbaImage::from_fn(120, 90, |x, y| {
        let alpha = if x < 40 && y < 40 { 255 } else { ground_alpha };
        image::Rgba([ink[0], ink[1], ink[2], alpha])
    })
}

#[test]
fn what_is_drawn_on_a_transparent_ground_is_seen() {
    for ink in [[0, 0, 0], [255, 255, 255], [128, 128, 128], [255, 0, 0], [255, 255, 0], [0, 0, 255]] {
        for (file, format) in [
            (image::ImageFormat::Png, ImageFormat::Png),
            (image::ImageFormat::WebP, ImageFormat::WebP),
            (image::ImageFormat::Gif, ImageFormat::Gif),
        ] {
            let view = &shown(encoded(&drawn(ink, 0).into(), file), format)[0];
            let seen = decoded(view);
            let (drawn, ground) = (seen.get_pixel(20, 20).0, seen.get_pixel(100, 80).0);
            let contrast = (0..3).map(|at| drawn[at].abs_diff(ground[at])).max().unwrap();
            assert!(contrast > 80, "{ink:?}, {file:?}: {drawn:?} on {ground:?}");
        }
    }
}

#[test]
fn alpha_that_hides_nothing_leaves_a_picture_as_it_is() {
    for (file, format) in [(image::ImageFormat::Png, ImageFormat::Png), (image::ImageFormat::WebP, ImageFormat::WebP)] {
        let opaque = encoded(&drawn([0, 0, 0], 255).into(), file);
        let views = shown(opaque.clone(), format);
        assert!(views.len() == 1 && views[0].format == format && views[0].image == opaque, "{file:?}");
    }
}

#[test]
fn a_picture_whose_alpha_is_all_zero_is_shown() {
    let picture = image::RgbaImage::from_fn(120, 90, |x, y| {
        let grey = if x < 40 && y < 40 { 0 } else { 200 };
        image::Rgba([grey, grey, grey, 0])
    });
    for (file, format) in [(image::ImageFormat::Png, ImageFormat::Png), (image::ImageFormat::Bmp, ImageFormat::Bmp)] {
        let view = &shown(encoded(&picture.clone().into(), file), format)[0];
        assert!(is_dark(&decoded(view), 10, 10) && !is_dark(&decoded(view), 100, 80), "{file:?}");
    }
}

#[test]
fn four_inks_that_may_be_meant_either_way_are_shown_both_ways() {
    let pixels: Vec<u8> = marked(120, 90).pixels().flat_map(|pixel| [0, 0, 0, 255 - pixel[0]]).collect();
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 95);
    encoder.encode(&pixels, 120, 90, jpeg_encoder::ColorType::Cmyk).unwrap();
    let at = memchr::memmem::find(&jpeg, b"\xFF\xEE").unwrap();
    let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    let unsaid = [&jpeg[..at], &jpeg[at + 2 + length..]].concat();
    for (case, jpeg, expected) in [("said", jpeg, 1), ("unsaid", unsaid, 2)] {
        let views = shown(jpeg, ImageFormat::Jpeg);
        let marks = views.iter().map(decoded).filter(|seen| is_dark(seen, 10, 10) && !is_dark(seen, 100, 80));
        assert_eq!((views.len(), marks.count()), (expected, 1), "{case}");
    }
}
