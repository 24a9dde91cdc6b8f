//! HEIC, whose pictures stand in one container with their parts, copies and descriptions.

use heifer::{
    EncodeOptions,
    heifer_isobmff::{
        HeifFile,
        boxes::HevcConfig,
        writer::{ALPHA_URN, HeifWriter, ImageSpec},
    },
};
use warden_core::{image::heif, metadata::Scanner, pii::Category};

use super::{
    parts::{drawn, unread},
    *,
};

const EDGE: u32 = 128;

/// A picture as it is coded: how, and its parts.
struct Coded(HevcConfig, Vec<Vec<u8>>);

/// A file as phones write it, a grid of tiles where it is large.
fn file(picture: &RgbImage) -> Vec<u8> {
    heifer::encode_rgb8(picture.width(), picture.height(), picture, &EncodeOptions::default()).unwrap()
}

fn coded(picture: &RgbImage) -> Coded {
    let bytes = file(picture);
    let file = HeifFile::parse(&bytes).unwrap();
    let data = file.item_data(file.primary_id).unwrap();
    let (mut parts, mut rest) = (Vec::new(), &data[..]);
    while let Some((length, more)) = rest.split_first_chunk::<4>() {
        let (part, more) = more.split_at(u32::from_be_bytes(*length) as usize);
        parts.push(part.to_vec());
        rest = more;
    }
    Coded(file.hevc_config(file.primary_id).unwrap().unwrap().clone(), parts)
}

fn plain(dark: bool) -> Coded {
    square(dark, EDGE)
}

fn square(dark: bool, edge: u32) -> Coded {
    coded(&RgbImage::from_pixel(edge, edge, Rgb([if dark { 0 } else { 250 }; 3])))
}

impl Coded {
    fn spec(&self) -> ImageSpec<'_> {
        self.of_size(EDGE)
    }

    fn of_size(&self, edge: u32) -> ImageSpec<'_> {
        ImageSpec::new(edge, edge, self.0.clone(), &self.1)
    }
}

/// The file with these bytes of its description in the place of others.
fn with_other(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).rposition(|window| window == from).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

/// What a file of a light picture shows, and of others that `more` adds.
fn with<R>(more: impl FnOnce(&mut HeifWriter, u32, &Coded) -> R) -> Vec<u8> {
    let (light, dark) = (plain(false), plain(true));
    let mut writer = HeifWriter::new();
    let first = writer.add_image(&light.spec());
    more(&mut writer, first, &dark);
    writer.set_primary(first);
    writer.finish()
}

fn dark_pictures(bytes: &[u8]) -> Vec<bool> {
    shown(bytes.to_vec(), ImageFormat::Heic).iter().map(|view| is_dark(&decoded(view), 60, 60)).collect()
}

/// Where a box of this kind begins.
fn place_of(bytes: &[u8], kind: [u8; 4]) -> usize {
    bytes.windows(4).position(|window| window == kind).unwrap() - 4
}

/// The four bytes that stand here, as a number.
fn number_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(*bytes[at..].first_chunk().unwrap())
}

/// The file with more at the end of the last of these boxes, each of which stands in the one before it.
fn with_more(bytes: &[u8], boxes: &[&[u8; 4]], more: &[u8]) -> Vec<u8> {
    let by = u32::try_from(more.len()).unwrap();
    let mut changed = bytes.to_vec();
    let mut end = 0;
    for kind in boxes {
        let place = place_of(bytes, **kind);
        let size = number_at(bytes, place);
        end = place + size as usize;
        changed[place..place + 4].copy_from_slice(&(size + by).to_be_bytes());
    }
    // The data stands that much further on. A box of places: four bytes for each offset.
    for item in HeifFile::parse(bytes).unwrap().items {
        for extent in item.location.unwrap().extents {
            let old = u32::try_from(extent.offset).unwrap();
            let place = bytes.windows(4).position(|window| window == old.to_be_bytes()).unwrap();
            changed[place..place + 4].copy_from_slice(&(old + by).to_be_bytes());
        }
    }
    changed.splice(end..end, more.iter().copied());
    changed
}

/// The file with a property box more, which its last picture has.
fn with_property(bytes: &[u8], property: &[u8]) -> Vec<u8> {
    let number = u8::try_from(HeifFile::parse(bytes).unwrap().properties.len() + 1).unwrap();
    let changed = with_more(bytes, &[b"meta", b"iprp", b"ipma"], &[number]);
    let mut changed = with_more(&changed, &[b"meta", b"iprp", b"ipco"], property);
    // Version, how many items there are, and of each its number, how many properties it has, and theirs.
    let mut at = place_of(&changed, *b"ipma") + 16;
    for _ in 1..number_at(&changed, at - 4) {
        at += 3 + usize::from(changed[at + 2]);
    }
    changed[at + 2] += 1;
    changed
}

#[test]
fn a_phones_photograph_is_shown() {
    for (case, width, height) in [("one picture", 320, 240), ("a grid of tiles", 1_200, 700), ("odd", 333, 251)] {
        let bytes = file(&marked(width, height));
        assert_eq!(Content::of(&bytes), Content::Image(ImageFormat::Heic), "{case}");
        let views = shown(bytes.clone(), ImageFormat::Heic);
        let seen = decoded(&views[0]);
        assert_eq!(views[0].whole, (width, height), "{case}");
        assert!(is_dark(&seen, 10, 10) && !is_dark(&seen, 100, 80), "{case}");
        let whole = whole_view(bytes, ImageFormat::Heic, TokenBudget::DEFAULT).unwrap();
        assert_eq!(whole.whole, (width, height), "{case}");
    }
}

#[test]
fn a_heic_is_damaged_wherever_it_is_cut() {
    for bytes in [file(&marked(320, 240)), file(&marked(1_200, 700))] {
        for share in [1, 10, 30, 60, 90, 99] {
            let cut = bytes[..bytes.len() * share / 100].to_vec();
            let unread = match views(cut, ImageFormat::Heic, TokenBudget::DEFAULT) {
                Ok(shown) => shown.unread,
                Err(why) => Some(why),
            };
            assert_eq!(unread, Some(Unreadable::Damaged), "{share} %");
        }
    }
}

#[test]
fn every_picture_in_a_heic_counts() {
    for (case, bytes, expected) in [
        ("one alone", with(|_, _, _| {}), vec![false]),
        ("a burst", with(|file, _, dark| file.add_image(&dark.spec())), vec![false, true]),
        (
            "a hidden one that belongs to nothing",
            with(|file, _, dark| file.add_image(&ImageSpec { hidden: true, ..dark.spec() })),
            vec![false, true],
        ),
        (
            "one that a picture of another kind is said to be made of",
            with(|file, first, dark| {
                let other = file.add_image(&dark.spec());
                let text = file.add_xmp(first, b"<x/>");
                file.add_reference(*b"dimg", text, &[other]);
            }),
            vec![false, true],
        ),
        (
            "a smaller copy",
            with(|file, first, _| {
                let copy = file.add_image(&square(true, 64).of_size(64));
                file.add_reference(*b"thmb", copy, &[first]);
            }),
            vec![false],
        ),
        (
            "a copy that is as large",
            with(|file, first, dark| {
                let copy = file.add_image(&dark.spec());
                file.add_reference(*b"thmb", copy, &[first]);
            }),
            vec![false, true],
        ),
        (
            "copies of each other",
            with(|file, _, dark| {
                let (one, other) = (file.add_image(&dark.spec()), file.add_image(&dark.spec()));
                file.add_reference(*b"thmb", one, &[other]);
                file.add_reference(*b"thmb", other, &[one]);
            }),
            vec![false, true, true],
        ),
        (
            "a smaller copy put together from a large picture",
            with(|file, first, _| {
                let large = file.add_hidden_grid(1, 1, EDGE, EDGE, &[first + 2], None);
                let copy = file.add_image(&plain(true).spec());
                assert_eq!(copy, first + 2);
                file.add_reference(*b"thmb", large, &[first]);
            }),
            vec![false, true],
        ),
        (
            "how bright it is",
            with(|file, first, dark| {
                let map = file.add_image(&ImageSpec { hidden: true, ..dark.spec() });
                file.add_tmap(first, map, EDGE, EDGE, None, &[0; 40]);
            }),
            vec![false],
        ),
        (
            "how far away it is",
            with(|file, first, dark| {
                let depth = file.add_image(&ImageSpec {
                    auxiliary_type: Some("urn:mpeg:hevc:2015:auxid:2"),
                    hidden: true,
                    ..dark.spec()
                });
                file.add_reference(*b"auxl", depth, &[first]);
            }),
            vec![false],
        ),
        ("its outline", adding(Some("urn:com:apple:photo:2018:aux:portraiteffectsmatte")), vec![false]),
        ("what nobody knows", adding(Some("urn:example:other")), vec![false, true]),
        ("what says nothing", adding(None), vec![false, true]),
    ] {
        assert_eq!(dark_pictures(&bytes), expected, "{case}");
    }
}

/// A file with a dark picture that is said to add something of this name to the first.
fn adding(name: Option<&str>) -> Vec<u8> {
    with(|file, first, dark| {
        let other = file.add_image(&ImageSpec { auxiliary_type: name, hidden: true, ..dark.spec() });
        file.add_reference(*b"auxl", other, &[first]);
    })
}

#[test]
fn what_a_picture_is_drawn_over_is_shown() {
    // Two bytes each: four colours, two edges, a place for each picture.
    let over = [&[0; 2][..], &[0xFF; 8], &[0, 128, 0, 128], &[0; 8]].concat();
    let bytes = with(|file, first, dark| {
        let covered = file.add_image(&ImageSpec { hidden: true, ..dark.spec() });
        let overlay = file.add_xmp(first, &over);
        file.add_reference(*b"dimg", overlay, &[covered, first]);
    });
    let bytes = with_other(bytes, b"mime", b"iovl");
    let views = views(bytes, ImageFormat::Heic, TokenBudget::DEFAULT).unwrap().views;
    assert!(views.iter().any(|view| is_dark(&decoded(view), 60, 60)));
}

/// A grid of one tile that says it has this edge, of which it shows a corner alone.
fn corner_of(edge: u32) -> Vec<u8> {
    let mut file = HeifWriter::new();
    let tile = file.add_image(&ImageSpec { hidden: true, ..square(true, EDGE).of_size(edge) });
    let grid = file.add_grid(1, 1, EDGE, EDGE, &[tile], None, None);
    file.set_primary(grid);
    file.finish()
}

/// A file of two pictures in which this list names the first for the second, too: its entries stand behind 16 bytes, and are
/// equally long.
fn with_first_again(bytes: &[u8], list: [u8; 4]) -> Vec<u8> {
    let place = place_of(bytes, list);
    let (first, end) = (place + 16, place + number_at(bytes, place) as usize);
    let second = first.midpoint(end);
    let mut changed = bytes.to_vec();
    assert_eq!((&bytes[first..first + 2], &bytes[second..second + 2]), (&[0, 1][..], &[0, 2][..]));
    changed.copy_within(first..first + 2, second);
    changed
}

#[test]
fn a_heic_that_tells_two_things_of_itself_is_damaged() {
    let plain = with(|_, _, _| {});
    let description = heif::boxes(&plain).find(|found| &found.kind == b"meta").unwrap();
    let again = plain[description.content - 8..description.end].to_vec();
    let pair = with(|file, _, dark| file.add_image(&dark.spec()));
    let size = |edge: u32| [&b"\0\0\0\x14ispe\0\0\0\0"[..], &edge.to_be_bytes(), &edge.to_be_bytes()].concat();
    let grid = |columns, width| {
        with(|file, first, _| {
            let grid = file.add_grid(1, columns, width, EDGE, &vec![first; columns.into()], None, None);
            file.set_primary(grid);
        })
    };
    for (case, bytes, expected) in [
        ("a description", plain.clone(), None),
        ("two of them", [&plain[..], &again].concat(), Some(Unreadable::Damaged)),
        (
            "two lists of properties",
            with_other(with(|file, first, _| file.add_alternative_group(&[first])), b"grpl", b"iprp"),
            Some(Unreadable::Damaged),
        ),
        (
            "two boxes of properties",
            with_more(&plain, &[b"meta", b"iprp"], b"\0\0\0\x08ipco"),
            Some(Unreadable::Damaged),
        ),
        ("two boxes of data", with_more(&plain, &[b"meta"], &b"\0\0\0\x08idat".repeat(2)), Some(Unreadable::Damaged)),
        ("a picture in two places", with_first_again(&pair, *b"iloc"), Some(Unreadable::Damaged)),
        ("a picture with two lists of properties", with_first_again(&pair, *b"ipma"), Some(Unreadable::Damaged)),
        ("two sizes of a picture", with_property(&plain, &size(EDGE / 2)), Some(Unreadable::Damaged)),
        ("a picture's size twice", with_property(&plain, &size(EDGE)), None),
        ("two pictures", pair.clone(), None),
        ("a grid", grid(2, EDGE + 9), None),
        ("a grid with a tile outside", grid(2, EDGE), Some(Unreadable::Damaged)),
        ("a grid with a gap", grid(1, EDGE + 9), Some(Unreadable::Damaged)),
        (
            "a grid of unlike tiles",
            with(|file, first, _| {
                let large = file.add_image(&ImageSpec { hidden: true, ..square(true, 2 * EDGE).of_size(2 * EDGE) });
                let grid = file.add_grid(1, 2, 2 * EDGE, EDGE, &[first, large], None, None);
                file.set_primary(grid);
            }),
            Some(Unreadable::Damaged),
        ),
        ("a grid of one large tile, of which a corner is shown", corner_of(1_024), Some(Unreadable::Damaged)),
    ] {
        assert_eq!(unread(bytes, ImageFormat::Heic), expected, "{case}");
    }
}

#[test]
fn a_heic_is_shown_as_it_is_to_be_seen() {
    let picture = file(&marked(192, EDGE));
    let turned = |property: &[u8]| {
        let view = shown(with_property(&picture, property), ImageFormat::Heic).remove(0);
        (view.whole, decoded(&view))
    };
    // Anticlockwise by a quarter: what was at the top left is at the bottom left.
    let (size, seen) = turned(b"\0\0\0\x09irot\x01");
    assert!(size == (EDGE, 192) && is_dark(&seen, 10, 182) && !is_dark(&seen, 10, 10));
    let (size, seen) = turned(b"\0\0\0\x09imir\x01");
    assert!(size == (192, EDGE) && is_dark(&seen, 182, 10) && !is_dark(&seen, 10, 10));
}

#[test]
fn what_a_heic_crops_is_shown() {
    // The middle, 64 by 64.
    let fractions = [64_u32, 1, 64, 1, 0, 1, 0, 1].map(u32::to_be_bytes).concat();
    let bytes = with_property(&file(&marked(192, EDGE)), &[b"\0\0\0\x28clap", fractions.as_slice()].concat());
    let view = shown(bytes.clone(), ImageFormat::Heic).remove(0);
    assert!(view.whole == (192, EDGE) && is_dark(&decoded(&view), 10, 10));
    let view = whole_view(bytes, ImageFormat::Heic, TokenBudget::DEFAULT).unwrap();
    assert!(view.whole == (64, 64) && !is_dark(&decoded(&view), 2, 2));
}

#[test]
fn transparent_parts_of_a_heic_are_shown_on_a_ground() {
    let pixels: Vec<u8> = drawn([0, 0, 0], 0).into_raw();
    let bytes = heifer::encode_rgba8(120, 90, &pixels, &EncodeOptions::default()).unwrap();
    assert!(bytes.windows(ALPHA_URN.len()).any(|window| window == ALPHA_URN.as_bytes()));
    let seen = decoded(&shown(bytes, ImageFormat::Heic)[0]);
    assert!(is_dark(&seen, 20, 20) && !is_dark(&seen, 100, 80));
}

#[test]
fn what_is_no_picture_of_hevc_says_so() {
    let moving = [with(|_, _, _| {}), b"\0\0\0\x0cmoovabcd".to_vec()].concat();
    let other_codec = |kind: &[u8; 4]| {
        let mut bytes = with(|_, _, _| {});
        let at = bytes.windows(4).position(|window| window == b"hvc1").unwrap();
        bytes[at..at + 4].copy_from_slice(kind);
        bytes
    };
    let beside = |kind: &[u8], other: &[u8]| {
        let bytes = with(|file, first, dark| {
            file.add_image(&dark.spec());
            file.add_xmp(first, b"<x/>");
        });
        with_other(bytes, kind, other)
    };
    let film = b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc\0\0\0\x0cmoovabcd".to_vec();
    for (case, bytes, expected) in [
        ("moving pictures beside it", moving, Unreadable::UnsupportedFormat),
        ("moving pictures alone", film, Unreadable::UnsupportedFormat),
        ("AV1", other_codec(b"av01"), Unreadable::Avif),
        ("a JPEG in it", other_codec(b"jpeg"), Unreadable::UnsupportedFormat),
        ("JPEG 2000 beside it", beside(b"hvc1", b"j2k1"), Unreadable::UnsupportedFormat),
        ("VVC beside it", beside(b"hvc1", b"vvc1"), Unreadable::UnsupportedFormat),
        ("a kind that nobody knows beside it", beside(b"hvc1", b"zzzz"), Unreadable::UnsupportedFormat),
        ("a JPEG beside it", beside(b"application/rdf", b"image/jpeg\0"), Unreadable::UnsupportedFormat),
    ] {
        assert_eq!(unread(bytes, ImageFormat::Heic), Some(expected), "{case}");
    }
}

#[test]
fn a_heic_that_would_take_too_much_is_not_decoded() {
    let sized = |width: u32, height: u32| {
        let mut bytes = with(|_, _, _| {});
        let at = bytes.windows(4).position(|window| window == b"ispe").unwrap() + 8;
        bytes[at..at + 4].copy_from_slice(&width.to_be_bytes());
        bytes[at + 4..at + 8].copy_from_slice(&height.to_be_bytes());
        bytes
    };
    // One tile, used again and again.
    let woven = with(|file, first, _| {
        let grid = file.add_grid(20, 256, 32_700, 2_500, &vec![first; 5_120], None, None);
        file.set_primary(grid);
    });
    for (case, bytes) in [
        ("pixels", sized(60_000, 60_000)),
        ("memory", sized(9_000, 9_000)),
        ("tiles", woven),
        (
            "pictures",
            with(|file, _, dark| {
                for _ in 0..16 {
                    file.add_image(&dark.spec());
                }
            }),
        ),
    ] {
        assert_eq!(unread(bytes, ImageFormat::Heic), Some(Unreadable::TooLarge), "{case}");
    }
    // Nothing, or less than is coded of it.
    for (width, height) in [(0, 9), (16, 16), (EDGE, EDGE / 2), (EDGE * 2, EDGE / 2)] {
        assert_eq!(unread(sized(width, height), ImageFormat::Heic), Some(Unreadable::Damaged), "{width} x {height}");
    }
    assert_eq!(unread(sized(EDGE - 1, EDGE - 9), ImageFormat::Heic), None);
}

#[test]
fn what_stands_behind_a_heic_is_looked_at() {
    let light = with(|_, _, _| {});
    let dark = {
        let dark = plain(true);
        let mut writer = HeifWriter::new();
        writer.add_image(&dark.spec());
        writer.finish()
    };
    let jpeg = encoded(&DynamicImage::ImageRgb8(frame(true)), image::ImageFormat::Jpeg);
    for (case, bytes, format) in [
        ("a HEIC", [&light[..], &dark].concat(), ImageFormat::Heic),
        ("a JPEG", [&light[..], &jpeg].concat(), ImageFormat::Heic),
    ] {
        let views = shown(bytes, format);
        let seen: Vec<_> = views.iter().map(|view| is_dark(&decoded(view), 30, 20)).collect();
        assert_eq!(seen, [false, true], "{case}");
    }
    let photograph = encoded(&DynamicImage::ImageRgb8(frame(false)), image::ImageFormat::Jpeg);
    let bytes = [&photograph[..], &dark].concat();
    let mut scanner = Scanner::of(ImageFormat::Jpeg);
    scanner.push(&bytes);
    assert_eq!(scanner.finish().doubt, Some(warden_core::metadata::Doubt::NotAlone));
    let views = shown(bytes, ImageFormat::Jpeg);
    assert_eq!(views.iter().map(|view| is_dark(&decoded(view), 30, 20)).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn the_metadata_of_a_heic_is_read() {
    // A directory whose only entry points to that of the position: latitude, one number.
    let exif = b"II*\0\x08\0\0\0\x01\0\x25\x88\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0\
        \x01\0\x02\0\x05\0\x01\0\0\0\x2c\0\0\0\0\0\0\0\x30\0\0\0\x01\0\0\0";
    let xmp = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,51.5N"/></rdf:RDF></x:xmpmeta>"#;
    let film = b"\0\0\0\x40mpvd\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x20udta\xA9xyz\0\x12\x15\xC7+48.8582+002.2945/";
    let film = {
        let mut film = film.to_vec();
        let length = u32::try_from(film.len()).unwrap();
        film[..4].copy_from_slice(&length.to_be_bytes());
        film
    };
    let plain = with(|_, _, _| {});
    for (case, bytes, expected) in [
        ("nothing", plain.clone(), None),
        ("EXIF", with(|file, first, _| file.add_exif(first, exif)), Some(Category::LocationMetadata)),
        (
            "EXIF with a name before it",
            with(|file, first, _| file.add_exif(first, &[b"Exif\0\0".as_slice(), exif].concat())),
            Some(Category::LocationMetadata),
        ),
        ("XMP", with(|file, first, _| file.add_xmp(first, xmp)), Some(Category::LocationMetadata)),
        (
            "XMP that is called XML",
            with_other(with(|file, first, _| file.add_xmp(first, xmp)), b"application/rdf+xml", b"text/xml; charset=u"),
            Some(Category::LocationMetadata),
        ),
        ("a film", [&plain[..], &film].concat(), Some(Category::LocationMetadata)),
        ("a film behind it", [&plain[..], &film[8..]].concat(), Some(Category::LocationMetadata)),
    ] {
        let found = metadata(ImageFormat::Heic, &bytes).first().map(|finding| finding.category);
        assert_eq!(found, expected, "{case}");
    }
    assert!(heif::boxes(&plain).count() >= 3);
}
