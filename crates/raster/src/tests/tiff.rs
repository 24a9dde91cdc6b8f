//! TIFF in the ways in which scanners, fax machines and cameras write it. Every page
//! here is the same picture: light, with a dark square in its top left corner.

use super::*;

const WIDTH: usize = 64;
const HEIGHT: usize = 40;
const EDGE: usize = 16;

const SHORT: u16 = 3;
const LONG: u16 = 4;

/// A field: number, type, values.
type Field = (u16, u16, Vec<u32>);

/// One page: its fields but for the place of its strips or tiles, and these.
#[derive(Clone)]
struct Page {
    fields: Vec<Field>,
    chunks: Vec<Vec<u8>>,
}

impl Page {
    fn new(compression: u32, photometric: u32, bits: u32, samples: u32, chunk: Vec<u8>) -> Self {
        let fields = vec![
            (256, SHORT, vec![64]),
            (257, SHORT, vec![40]),
            (258, SHORT, vec![bits; samples as usize]),
            (259, SHORT, vec![compression]),
            (262, SHORT, vec![photometric]),
            (277, SHORT, vec![samples]),
        ];
        Self { fields, chunks: vec![chunk] }
    }

    fn with(mut self, tag: u16, values: &[u32]) -> Self {
        self.fields.push((tag, if values.iter().any(|value| *value > 0xFFFF) { LONG } else { SHORT }, values.to_vec()));
        self
    }

    fn in_chunks(self, chunks: Vec<Vec<u8>>) -> Self {
        Self { chunks, ..self }
    }

    /// With all bits of every byte the other way round.
    fn reversed(self) -> Self {
        let chunks = self.chunks.iter().map(|chunk| chunk.iter().map(|byte| byte.reverse_bits()).collect()).collect();
        self.with(266, &[2]).in_chunks(chunks)
    }
}

/// A little-endian TIFF of pages, each with those below it.
fn file(pages: &[(Page, Vec<Page>)]) -> Vec<u8> {
    let mut bytes = b"II*\0\0\0\0\0".to_vec();
    let mut link = 4;
    for (page, below) in pages {
        let below: Vec<_> = below.iter().map(|page| written(&mut bytes, page, &[]).0).collect();
        let (at, next) = written(&mut bytes, page, &below);
        bytes[link..link + 4].copy_from_slice(&at.to_le_bytes());
        link = next;
    }
    bytes
}

/// Writes a page. The offsets of its directory, and of the link to the next.
fn written(bytes: &mut Vec<u8>, page: &Page, below: &[u32]) -> (u32, usize) {
    let mut offsets = Vec::new();
    for chunk in &page.chunks {
        offsets.push(u32::try_from(bytes.len()).unwrap());
        bytes.extend(chunk);
    }
    let lengths = page.chunks.iter().map(|chunk| u32::try_from(chunk.len()).unwrap()).collect();
    let mut fields = page.fields.clone();
    let tiled = fields.iter().any(|field| field.0 == 322);
    for field in [(if tiled { 324 } else { 273 }, LONG, offsets), (if tiled { 325 } else { 279 }, LONG, lengths)] {
        // A page may have its own.
        if fields.iter().all(|(tag, ..)| *tag != field.0) {
            fields.push(field);
        }
    }
    if !below.is_empty() {
        fields.push((330, LONG, below.to_vec()));
    }
    fields.sort_by_key(|field| field.0);
    let mut entries = Vec::new();
    for (tag, kind, values) in &fields {
        let value: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes().into_iter().take(if *kind == SHORT { 2 } else { 4 }))
            .collect();
        entries.extend(tag.to_le_bytes());
        entries.extend(kind.to_le_bytes());
        entries.extend(u32::try_from(values.len()).unwrap().to_le_bytes());
        if value.len() > 4 {
            entries.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
            bytes.extend(&value);
        } else {
            entries.extend(&value);
            entries.extend(vec![0; 4 - value.len()]);
        }
    }
    let at = u32::try_from(bytes.len()).unwrap();
    bytes.extend(u16::try_from(fields.len()).unwrap().to_le_bytes());
    bytes.extend(entries);
    bytes.extend([0; 4]);
    (at, bytes.len() - 4)
}

/// Samples of all pixels, from those of a dark and a light one.
fn samples(dark: &[u8], light: &[u8]) -> Vec<u8> {
    let pixel = |at: usize| if at % WIDTH < EDGE && at / WIDTH < EDGE { dark } else { light };
    (0..WIDTH * HEIGHT).flat_map(pixel).copied().collect()
}

/// The same in fewer bits than a byte.
fn packed(dark: u8, light: u8, bits: usize) -> Vec<u8> {
    let per_byte = 8 / bits;
    let join = |pixels: &[u8]| pixels.iter().fold(0, |byte, pixel| byte << bits | pixel);
    samples(&[dark], &[light]).chunks(per_byte).map(join).collect()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

fn lzw(bytes: &[u8]) -> Vec<u8> {
    weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(bytes).unwrap()
}

fn pack_bits(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(100).flat_map(|run| [&[u8::try_from(run.len() - 1).unwrap()], run].concat()).collect()
}

/// The difference of each byte to the one of the pixel before, row by row.
fn differences(bytes: &[u8], samples: usize) -> Vec<u8> {
    bytes
        .chunks(WIDTH * samples)
        .flat_map(|row| {
            (0..row.len()).map(|at| if at < samples { row[at] } else { row[at].wrapping_sub(row[at - samples]) })
        })
        .collect()
}

/// The picture as two JPEGs, each 24 rows high.
fn filled_up_jpegs() -> Vec<Vec<u8>> {
    let mut rows = samples(&[20], &[220]);
    rows.resize(WIDTH * 48, 0);
    let jpeg = |rows: &[u8]| {
        let mut bytes = Vec::new();
        codecs::jpeg::JpegEncoder::new(&mut bytes).encode(rows, 64, 24, image::ExtendedColorType::L8).unwrap();
        bytes
    };
    rows.chunks(WIDTH * 24).map(jpeg).collect()
}

fn jpeg(samples: &[u8], colours: image::ExtendedColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95).encode(samples, 64, 40, colours).unwrap();
    bytes
}

/// Bits written as text, filled up to whole bytes.
fn bits(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.bytes().filter(|digit| *digit != b' ').map(|digit| digit - b'0').collect();
    digits.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit) << (8 - byte.len())).collect()
}

const END_OF_LINE: &str = "000000000001";
/// White 0, black 16, white 48.
const DARK_LINE: &str = "00110101 0000010111 00001011";
/// White 64 and nothing more.
const LIGHT_LINE: &str = "11011 00110101";

/// A fax of the picture with each line coded by itself.
fn group_3(before_each: &str, to_bytes: bool) -> Vec<u8> {
    let lines = (0..HEIGHT).map(|y| {
        let line = format!("{before_each}{}", if y < EDGE { DARK_LINE } else { LIGHT_LINE });
        if to_bytes { bits(&line) } else { line.into_bytes() }
    });
    if to_bytes { lines.flatten().collect() } else { bits(&String::from_utf8(lines.flatten().collect()).unwrap()) }
}

/// The same with every second line coded by the one above.
fn group_3_in_two_dimensions() -> Vec<u8> {
    let lines = (0..HEIGHT).map(|y| match (y % 2 == 0, y < EDGE) {
        (true, true) => format!("{END_OF_LINE}1{DARK_LINE}"),
        (true, false) => format!("{END_OF_LINE}1{LIGHT_LINE}"),
        (false, true) => format!("{END_OF_LINE}0 1 1 1"),
        (false, false) => format!("{END_OF_LINE}0 1"),
    });
    bits(&lines.collect::<String>())
}

/// The same with every line coded by the one above.
fn group_4() -> Vec<u8> {
    let first = "001 00110101 0000010111 1";
    let lines = (0..HEIGHT).map(|y| match y {
        0 => first,
        1..EDGE => "1 1 1",
        EDGE => "0001 1",
        _ => "1",
    });
    bits(&format!("{}{END_OF_LINE}{END_OF_LINE}", lines.collect::<String>()))
}

/// Pixels of two by two that share their colours.
fn subsampled(dark: u8, light: u8) -> Vec<u8> {
    (0..HEIGHT / 2 * WIDTH / 2)
        .flat_map(|block| {
            let (x, y) = (block % (WIDTH / 2), block / (WIDTH / 2));
            let brightness = if x < EDGE / 2 && y < EDGE / 2 { dark } else { light };
            [brightness, brightness, brightness, brightness, 128, 128]
        })
        .collect()
}

fn floats(dark: f32, light: f32) -> Vec<u8> {
    samples(&dark.to_le_bytes(), &light.to_le_bytes())
}

/// Bytes of floats, all highest first, as differences.
fn float_differences(dark: f32, light: f32) -> Vec<u8> {
    let bytes = floats(dark, light);
    let planes = bytes.chunks(WIDTH * 4).flat_map(|row| {
        let plane = |place: usize| row.iter().skip(3 - place).step_by(4).copied().collect::<Vec<_>>();
        (0..4).flat_map(plane).collect::<Vec<_>>()
    });
    let planes: Vec<u8> = planes.collect();
    planes
        .chunks(WIDTH * 4)
        .flat_map(|row| (0..row.len()).map(|at| if at == 0 { row[0] } else { row[at].wrapping_sub(row[at - 1]) }))
        .collect()
}

/// A palette of so many colours, of which the second is light.
fn map_of(count: usize) -> Vec<u32> {
    [60_000, 55_000, 62_000].iter().flat_map(|light| [&[0, *light], &vec![0; count - 2][..]].concat()).collect()
}

/// Those in planes.
fn pages_in_planes() -> Vec<(&'static str, Page)> {
    let planes = |page: Page, values: &[(u8, u8)]| {
        page.with(284, &[2]).in_chunks(values.iter().map(|(dark, light)| samples(&[*dark], &[*light])).collect())
    };
    vec![
        ("colours in planes", planes(Page::new(1, 2, 8, 3, vec![]), &[(20, 220), (20, 200), (20, 240)])),
        ("a palette in planes", planes(Page::new(1, 3, 8, 2, vec![]).with(320, &map_of(256)), &[(0, 1), (9, 9)])),
        (
            "grey and something else in planes",
            planes(Page::new(1, 1, 8, 2, vec![]).with(338, &[0]), &[(20, 220), (220, 20)]),
        ),
        (
            "grey, inverted, and something unsaid in planes",
            planes(Page::new(1, 0, 8, 2, vec![]), &[(235, 35), (20, 220)]),
        ),
        ("grey and alpha in planes", planes(Page::new(1, 0, 8, 2, vec![]).with(338, &[2]), &[(235, 35), (255, 255)])),
        ("Lab in planes", planes(Page::new(1, 8, 8, 3, vec![]), &[(20, 220), (0, 0), (0, 0)])),
        ("inks in planes", planes(Page::new(1, 5, 8, 4, vec![]), &[(10, 10), (10, 20), (10, 0), (240, 5)])),
    ]
}

/// Every way, and its page.
fn pages() -> Vec<(&'static str, Page)> {
    [pages_in_one_piece(), pages_in_planes()].concat()
}

/// Those whose samples stand together.
fn pages_in_one_piece() -> Vec<(&'static str, Page)> {
    let strips = |bytes: &[u8], rows: usize| bytes.chunks(WIDTH * rows).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let grey = samples(&[20], &[220]);
    let colour = samples(&[20, 20, 20], &[220, 200, 240]);
    let tiles = |tile: usize| -> Vec<Vec<u8>> {
        let pixel = |x: usize, y: usize| if x < WIDTH && y < HEIGHT { grey[y * WIDTH + x] } else { 0 };
        let tile_at = |left: usize, top: usize| {
            (0..tile * tile).map(|at| pixel(left + at % tile, top + at / tile)).collect::<Vec<_>>()
        };
        (0..HEIGHT)
            .step_by(tile)
            .flat_map(|top| (0..WIDTH).step_by(tile).map(move |left| (left, top)))
            .map(|(x, y)| tile_at(x, y))
            .collect()
    };
    let sixteen = |dark: u16, light: u16| samples(&dark.to_le_bytes(), &light.to_le_bytes());
    let lab = samples(&[20, 0, 0], &[220, 0, 0]);
    let (grey_jpeg, colour_jpeg) =
        (jpeg(&grey, image::ExtendedColorType::L8), jpeg(&colour, image::ExtendedColorType::Rgb8));
    vec![
        ("grey", Page::new(1, 1, 8, 1, grey.clone())),
        ("grey, in strips", Page::new(1, 1, 8, 1, vec![]).with(278, &[7]).in_chunks(strips(&grey, 7))),
        ("grey, in tiles", Page::new(1, 1, 8, 1, vec![]).with(322, &[48]).with(323, &[48]).in_chunks(tiles(48))),
        ("grey, inverted", Page::new(1, 0, 8, 1, samples(&[235], &[35]))),
        ("grey of one bit", Page::new(1, 1, 1, 1, packed(0, 1, 1))),
        ("grey of one bit, inverted", Page::new(1, 0, 1, 1, packed(1, 0, 1))),
        ("grey of one bit, reversed", Page::new(1, 1, 1, 1, packed(0, 1, 1)).reversed()),
        ("grey of two bits", Page::new(1, 1, 2, 1, packed(0, 3, 2))),
        ("grey of four bits", Page::new(8, 1, 4, 1, deflated(&packed(1, 14, 4)))),
        ("grey of sixteen bits", Page::new(1, 1, 16, 1, sixteen(1_000, 60_000))),
        ("grey of twelve bits in sixteen", Page::new(1, 1, 16, 1, sixteen(100, 4_000))),
        ("signed grey", Page::new(1, 1, 16, 1, sixteen(0x8300, 0x7000)).with(339, &[2])),
        ("floats", Page::new(1, 1, 32, 1, floats(0.1, 0.9)).with(339, &[3])),
        ("floats of any size", Page::new(1, 1, 32, 1, floats(-40.0, 3_000.0)).with(339, &[3])),
        (
            "floats as differences",
            Page::new(8, 1, 32, 1, deflated(&float_differences(0.1, 0.9))).with(339, &[3]).with(317, &[3]),
        ),
        ("grey and alpha", Page::new(8, 1, 8, 2, deflated(&samples(&[20, 255], &[220, 255]))).with(338, &[2])),
        ("black on transparent", Page::new(1, 1, 8, 2, samples(&[0, 255], &[0, 0])).with(338, &[2])),
        ("alpha that is empty", Page::new(1, 2, 8, 4, samples(&[20, 20, 20, 0], &[220, 220, 220, 0])).with(338, &[2])),
        ("a fourth sample that is not alpha", Page::new(1, 2, 8, 4, samples(&[20, 20, 20, 0], &[220, 220, 220, 9]))),
        ("colours", Page::new(1, 2, 8, 3, colour.clone())),
        ("colours as differences", Page::new(5, 2, 8, 3, lzw(&differences(&colour, 3))).with(317, &[2])),
        ("no differences, whatever is said", Page::new(1, 2, 8, 3, colour.clone()).with(317, &[2])),
        ("packed, and no differences", Page::new(32_773, 1, 8, 1, pack_bits(&grey)).with(317, &[2])),
        ("a palette", Page::new(5, 3, 8, 1, lzw(&samples(&[0], &[1]))).with(320, &map_of(256))),
        ("a palette of four bits", Page::new(1, 3, 4, 1, packed(0, 1, 4)).with(320, &map_of(16))),
        ("inks", Page::new(1, 5, 8, 4, samples(&[10, 10, 10, 240], &[10, 20, 0, 5]))),
        (
            "brightness and colours",
            Page::new(1, 6, 8, 3, samples(&[20, 128, 128], &[220, 120, 130])).with(530, &[1, 1]),
        ),
        ("fewer colours than pixels", Page::new(1, 6, 8, 3, subsampled(20, 220)).with(530, &[2, 2])),
        ("Lab", Page::new(1, 8, 8, 3, lab)),
        ("packed", Page::new(32_773, 1, 8, 1, pack_bits(&grey))),
        ("deflated, under the old number", Page::new(32_946, 1, 8, 1, deflated(&grey))),
        (
            "deflated, reversed",
            Page::new(8, 1, 8, 1, deflated(&grey))
                .reversed()
                .in_chunks(vec![deflated(&grey).iter().map(|byte| byte.reverse_bits()).collect()]),
        ),
        ("a fax without line ends", Page::new(2, 0, 1, 1, group_3("", true))),
        ("a fax of group 3", Page::new(3, 0, 1, 1, group_3(END_OF_LINE, false))),
        ("a fax of group 3, reversed", Page::new(3, 0, 1, 1, group_3(END_OF_LINE, false)).reversed()),
        (
            "a fax of group 3 with filled line ends",
            Page::new(3, 0, 1, 1, group_3(&format!("00000{END_OF_LINE}"), false)).with(292, &[4]),
        ),
        ("a fax of group 3, in two dimensions", Page::new(3, 0, 1, 1, group_3_in_two_dimensions()).with(292, &[1])),
        ("a fax of group 4", Page::new(4, 0, 1, 1, group_4())),
        ("a fax of group 4, reversed", Page::new(4, 0, 1, 1, group_4()).reversed()),
        ("a strip of any height", Page::new(4, 0, 1, 1, group_4()).with(278, &[u32::MAX])),
        ("a grey JPEG", Page::new(7, 1, 8, 1, grey_jpeg)),
        ("grey JPEGs, the last filled up", Page::new(7, 1, 8, 1, vec![]).with(278, &[24]).in_chunks(filled_up_jpegs())),
        ("a JPEG", Page::new(7, 6, 8, 3, colour_jpeg.clone()).with(530, &[2, 2])),
        ("a JPEG in the first way", Page::new(6, 6, 8, 3, colour_jpeg)),
    ]
}

fn shows_the_square(view: &View) -> bool {
    let shown = decoded(view);
    let (dark, light) = (shown.get_pixel(8, 8).0, shown.get_pixel(50, 30).0);
    view.whole == (64, 40) && dark.iter().all(|colour| *colour < 100) && light.iter().all(|colour| *colour > 150)
}

#[test]
fn every_way_of_writing_a_page_is_read() {
    for (case, page) in pages() {
        let views = match views(file(&[(page, vec![])]), ImageFormat::Tiff, TokenBudget::DEFAULT) {
            Ok(shown) if shown.unread.is_none() => shown.views,
            Ok(shown) => panic!("{case}: {:?}", shown.unread),
            Err(why) => panic!("{case}: {why:?}"),
        };
        assert!(views.len() == 1 && shows_the_square(&views[0]), "{case}");
    }
}

#[test]
fn strips_without_a_length_are_read() {
    for (case, page) in pages() {
        let lengths = if page.fields.iter().any(|field| field.0 == 322) { 325 } else { 279 };
        let count = page.chunks.len();
        let page = page.with(lengths, &vec![0; count]);
        let views = shown(file(&[(page, vec![])]), ImageFormat::Tiff);
        assert!(views.len() == 1 && shows_the_square(&views[0]), "{case}");
    }
    let never_written = Page::new(1, 1, 8, 1, vec![]).with(273, &[0]).with(279, &[0]);
    assert_eq!(refused(file(&[(never_written, vec![])]), ImageFormat::Tiff), Some(Unreadable::Damaged));
}

#[test]
fn a_picture_behind_a_page_that_does_not_say_how_long_it_is_is_shown_too() {
    let behind = encoded(&DynamicImage::ImageRgb8(marked(80, 80)), image::ImageFormat::Png);
    for (case, page) in pages() {
        let lengths = if page.fields.iter().any(|field| field.0 == 322) { 325 } else { 279 };
        let count = page.chunks.len();
        for (how, page) in [
            ("without lengths", page.clone().with(lengths, &vec![0; count])),
            ("with a value outside of the file", page.clone().with(700, &[9, 9, 9])),
            ("as it is", page),
        ] {
            let mut bytes = file(&[(page, vec![])]);
            if let Some(entry) = bytes.windows(4).position(|entry| entry == [0xBC, 0x02, 3, 0]) {
                bytes[entry + 8..entry + 12].fill(0x7F);
            }
            let views = shown([bytes, behind.clone()].concat(), ImageFormat::Tiff);
            assert!(views.len() == 2 && shows_the_square(&views[0]), "{case}, {how}");
            assert_eq!(views[1].whole, (80, 80), "{case}, {how}");
        }
    }
}

#[test]
fn a_page_of_which_a_part_is_missing_is_damaged() {
    for (case, page) in pages() {
        let half = page.chunks.iter().map(|chunk| chunk[..chunk.len() / 2].to_vec()).collect();
        let unread = match views(file(&[(page.in_chunks(half), vec![])]), ImageFormat::Tiff, TokenBudget::DEFAULT) {
            Ok(shown) => shown.unread,
            Err(why) => Some(why),
        };
        assert_eq!(unread, Some(Unreadable::Damaged), "{case}");
    }
}

#[test]
fn a_jpeg_larger_than_its_tile_is_damaged() {
    let whole = jpeg(&samples(&[20], &[220]), image::ExtendedColorType::L8);
    for (edge, count, expected) in [(64, 1, (1, None)), (16, 12, (0, Some(Unreadable::Damaged)))] {
        let page = Page::new(7, 1, 8, 1, vec![]).with(322, &[edge]).with(323, &[edge.min(40)]);
        let told = count_and_unread(file(&[(page.in_chunks(vec![whole.clone(); count]), vec![])]));
        assert_eq!(told, expected, "tiles of {edge}");
    }
}

#[test]
fn a_jpeg_of_a_part_of_its_page_is_not_all_of_it() {
    let picture = jpeg(&samples(&[20, 20, 20], &[220, 200, 240]), image::ExtendedColorType::Rgb8);
    for (height, expected) in [(40, (1, None)), (30, (1, None)), (80, (1, Some(Unreadable::Damaged)))] {
        let mut page = Page::new(6, 6, 8, 3, vec![]).in_chunks(vec![picture.clone(); 2]).with(278, &[40]);
        page.fields[1].2 = vec![height];
        assert_eq!(count_and_unread(file(&[(page, vec![])])), expected, "{height} rows");
    }
}

#[test]
fn a_page_that_cannot_be_read_hides_no_other() {
    let good = || Page::new(1, 1, 8, 1, samples(&[20], &[220]));
    let of = |compression| Page::new(compression, 1, 8, 1, vec![0; 9]);
    let (unknown, broken) = (of(34_712), of(8));
    let raw = Page::new(1, 32_803, 8, 1, samples(&[20], &[220]));
    for (case, pages, count, unread) in [
        ("behind it", vec![good(), unknown.clone()], 1, Some(Unreadable::UnsupportedFormat)),
        ("before it", vec![broken.clone(), good()], 1, Some(Unreadable::Damaged)),
        ("around it", vec![unknown.clone(), good(), broken.clone()], 1, Some(Unreadable::UnsupportedFormat)),
        ("a camera's raw picture behind its preview", vec![good(), raw], 1, Some(Unreadable::UnsupportedFormat)),
        ("none", vec![good(), good()], 2, None),
    ] {
        let pages: Vec<_> = pages.into_iter().map(|page| (page, vec![])).collect();
        let shown = views(file(&pages), ImageFormat::Tiff, TokenBudget::DEFAULT).unwrap();
        assert_eq!((shown.views.len(), shown.unread), (count, unread), "{case}");
    }
    assert_eq!(refused(file(&[(unknown, vec![])]), ImageFormat::Tiff), Some(Unreadable::UnsupportedFormat));
}

#[test]
fn pictures_below_a_page_are_pages_but_for_smaller_copies() {
    let page = || Page::new(1, 1, 8, 1, samples(&[20], &[220]));
    let small = |kind: &[(u16, u32)], width: u32, height: u32| {
        let mut small = Page::new(1, 1, 8, 1, vec![200; (width * height) as usize]);
        small.fields[0].2 = vec![width];
        small.fields[1].2 = vec![height];
        kind.iter().fold(small, |page, (tag, value)| page.with(*tag, &[*value]))
    };
    for (case, below, count) in [
        ("a reduced copy", small(&[(254, 1)], 32, 20), 1),
        ("a reduced copy, by the old field", small(&[(255, 2)], 32, 20), 1),
        ("a reduced copy of an odd size", small(&[(254, 1)], 21, 13), 1),
        ("another shape that calls itself reduced", small(&[(254, 1)], 20, 32), 2),
        ("the same size", small(&[(254, 1)], 64, 40), 2),
        ("nothing said of it", small(&[], 32, 20), 2),
    ] {
        assert_eq!(shown(file(&[(page(), vec![below])]), ImageFormat::Tiff).len(), count, "{case}");
    }
}

#[test]
fn a_page_is_shown_as_it_is_to_be_seen() {
    let turned = Page::new(1, 1, 8, 1, samples(&[20], &[220])).with(274, &[6]);
    let view = &shown(file(&[(turned, vec![])]), ImageFormat::Tiff)[0];
    assert_eq!(view.whole, (40, 64));
    assert!(is_dark(&decoded(view), 32, 8) && !is_dark(&decoded(view), 8, 8));
}

#[test]
fn offsets_of_eight_bytes_are_read() {
    let mut bytes = Cursor::new(Vec::new());
    let mut tiff = ::tiff::encoder::TiffEncoder::new_big(&mut bytes).unwrap();
    tiff.write_image::<Gray8>(64, 40, &samples(&[20], &[220])).unwrap();
    let bytes = bytes.into_inner();
    assert_eq!(Content::of(&bytes), Content::Image(ImageFormat::Tiff));
    assert!(shows_the_square(&shown(bytes, ImageFormat::Tiff)[0]));
}

/// A page, light and with its dark square.
fn plain() -> Page {
    Page::new(1, 1, 8, 1, samples(&[20], &[220]))
}

/// How many views are shown of pages, and why there may be others.
fn count_and_unread(bytes: Vec<u8>) -> (usize, Option<Unreadable>) {
    match views(bytes, ImageFormat::Tiff, TokenBudget::DEFAULT) {
        Ok(shown) => (shown.views.len(), shown.unread),
        Err(why) => (0, Some(why)),
    }
}

#[test]
fn a_file_cut_behind_its_first_page_is_damaged_wherever_it_is_cut() {
    let whole = file(&[(plain(), vec![]), (plain(), vec![])]);
    let first = file(&[(plain(), vec![])]).len();
    assert_eq!(count_and_unread(whole.clone()), (2, None));
    // From before the link to the second page, through its pixels, to the end of its directory.
    for cut in (first - 4..whole.len() - 140).step_by(97).chain(whole.len() - 140..whole.len()) {
        let (views, unread) = count_and_unread(whole[..cut].to_vec());
        assert!(views >= 1 && unread == Some(Unreadable::Damaged), "{cut}: {views} views, {unread:?}");
    }
}

/// A page, and behind it a directory that says where a JPEG stands, and no more.
fn with_thumbnail() -> Vec<u8> {
    let jpeg = encoded(&DynamicImage::ImageRgb8(RgbImage::from_pixel(16, 16, Rgb([9; 3]))), image::ImageFormat::Jpeg);
    let mut page = plain();
    // It follows the page's own pixels, which follow the header.
    let place = u32::try_from(8 + page.chunks[0].len()).unwrap();
    page.chunks.push(jpeg);
    let mut thumbnail = plain().in_chunks(vec![]);
    thumbnail.fields = vec![(513, LONG, vec![place])];
    file(&[(page, vec![]), (thumbnail, vec![])])
}

#[test]
fn a_page_that_cannot_be_found_is_told() {
    let without = |tags: &[u16]| {
        let mut page = plain();
        page.fields.retain(|field| !tags.contains(&field.0));
        page
    };
    let copy = || {
        let mut copy = Page::new(1, 1, 8, 1, vec![200; 8]).with(254, &[1]);
        (copy.fields[0].2, copy.fields[1].2) = (vec![4], vec![2]);
        copy
    };
    let raw = || {
        // Lossless, in 14 bits.
        let jpeg = b"\xFF\xD8\xFF\xC3\0\x0B\x0E\0\x08\0\x08\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\x01\0\0\xFF\xD9";
        let mut page = Page::new(6, 1, 8, 1, jpeg.to_vec());
        page.fields.retain(|field| ![256, 257].contains(&field.0));
        page
    };
    let alone = |page: Page| file(&[(page, vec![])]);
    for (case, bytes, expected) in [
        (
            "a picture below, outside of the file",
            alone(plain().with(330, &[9_000_000])),
            (1, Some(Unreadable::Damaged)),
        ),
        ("room for one below, left empty", alone(plain().with(330, &[0])), (1, None)),
        (
            "a directory of something else",
            file(&[(plain(), vec![]), (without(&[256, 257]).in_chunks(vec![]), vec![])]),
            (1, None),
        ),
        (
            "pixels of no size",
            file(&[(plain(), vec![]), (without(&[256, 257]), vec![])]),
            (1, Some(Unreadable::Damaged)),
        ),
        (
            "a camera's raw picture, which tells its size itself",
            file(&[(plain(), vec![]), (raw(), vec![])]),
            (1, Some(Unreadable::UnsupportedFormat)),
        ),
        ("a JPEG of which nothing is told but its place", with_thumbnail(), (2, None)),
        ("no height", file(&[(plain(), vec![]), (without(&[257]), vec![])]), (1, Some(Unreadable::Damaged))),
        (
            "more copies than are followed",
            file(&[(plain(), vec![copy(); 254]), (plain(), vec![]), (plain(), vec![])]),
            (2, Some(Unreadable::TooLarge)),
        ),
    ] {
        assert_eq!(count_and_unread(bytes), expected, "{case}");
    }
}
