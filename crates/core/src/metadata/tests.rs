use std::io::Cursor;

use ::exif::{Context, Field, In, Rational, Tag, Value, experimental::Writer};
use proptest::prelude::*;

use super::*;
use crate::image::ImageFormat::{Gif, Jpeg, Png, Tiff, WebP};

const LOCATION: &[Category] = &[Category::LocationMetadata];
const PERSON: &[Category] = &[Category::PersonMetadata];
const AUTHOR: &[Category] = &[Category::AuthorshipMetadata];
const BOTH: &[Category] = &[Category::LocationMetadata, Category::AuthorshipMetadata];
const NOTHING: &[Category] = &[];

/// EXIF as an independent library writes it.
fn exif_of(fields: &[(Tag, Value)], little_endian: bool) -> Vec<u8> {
    let fields: Vec<_> =
        fields.iter().map(|(tag, value)| Field { tag: *tag, ifd_num: In::PRIMARY, value: value.clone() }).collect();
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut bytes = Cursor::new(Vec::new());
    writer.write(&mut bytes, little_endian).unwrap();
    bytes.into_inner()
}

fn text(value: &str) -> Value {
    Value::Ascii(vec![value.as_bytes().to_vec()])
}

fn degrees(parts: [(u32, u32); 3]) -> Value {
    Value::Rational(parts.map(|(num, denom)| Rational { num, denom }).to_vec())
}

fn seoul() -> Vec<u8> {
    exif_of(&[(Tag::GPSLatitude, degrees([(37, 1), (33, 1), (0, 1)])), (Tag::Make, text("Camera"))], false)
}

fn xmp(property: &str) -> Vec<u8> {
    format!(
        "<?xpacket begin='\u{feff}' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>\
         <rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:dc='http://purl.org/dc/elements/1.1/' \
         xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:aux='http://ns.adobe.com/exif/1.0/aux/' \
         xmlns:mwg-rs='http://www.metadataworkinggroup.com/schemas/regions/'>{property}</rdf:RDF></x:xmpmeta>\
         <?xpacket end='w'?>"
    )
    .into_bytes()
}

fn latitude() -> Vec<u8> {
    xmp("<rdf:Description exif:GPSLatitude='37,33.0N'/>")
}

fn creator() -> Vec<u8> {
    xmp(
        "<rdf:Description><dc:creator><rdf:Seq><rdf:li>\u{c9c0}\u{ba3c}</rdf:li></rdf:Seq></dc:creator></rdf:Description>",
    )
}

fn jpeg(segments: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
    for segment in segments {
        // A fill byte before the marker, as the standard allows.
        bytes.extend(b"\xFF\xFF\xE1");
        bytes.extend(u16::try_from(segment.len() + 2).unwrap().to_be_bytes());
        bytes.extend(segment);
    }
    bytes.extend(b"\xFF\xDA\0\x02pixels\xFF\xD9");
    bytes
}

fn chunks(signature: &[u8], chunks: &[(&[u8; 4], Vec<u8>)], write: impl Fn(&mut Vec<u8>, &[u8; 4], &[u8])) -> Vec<u8> {
    let mut bytes = signature.to_vec();
    for (kind, data) in chunks {
        write(&mut bytes, kind, data);
    }
    bytes
}

fn png(pieces: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut all = vec![(b"IHDR", vec![0; 13]), (b"IDAT", vec![1; 100])];
    all.extend_from_slice(pieces);
    all.push((b"IEND", vec![]));
    chunks(b"\x89PNG\r\n\x1a\n", &all, |bytes, kind, data| {
        bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(*kind);
        bytes.extend(data);
        bytes.extend([0; 4]);
    })
}

fn webp(pieces: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut all = vec![(b"VP8X", vec![0; 10]), (b"VP8 ", vec![1; 99])];
    all.extend_from_slice(pieces);
    let mut bytes = chunks(b"RIFF\0\0\0\0WEBP", &all, |bytes, kind, data| {
        bytes.extend(*kind);
        bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    });
    let length = u32::try_from(bytes.len() - 8).unwrap();
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    bytes
}

fn categories_in(format: ImageFormat, bytes: &[u8]) -> Vec<Category> {
    findings(format, bytes).into_iter().map(|finding| finding.category).collect()
}

#[test]
fn a_finding_tells_that_there_is_something_and_never_what() {
    let told = findings(Tiff, &seoul());
    assert_eq!(told, [Finding::new(Category::LocationMetadata, 1.0, Place::Metadata)]);
}

#[test]
fn exif_tells_where_a_picture_was_taken_and_by_whom() {
    let position = |parts| vec![(Tag::GPSLongitude, degrees(parts))];
    let name = |tag, value: &str| vec![(tag, text(value))];
    let utf16 = |value: &str| Value::Byte(value.encode_utf16().flat_map(u16::to_le_bytes).collect());
    for (case, fields, expected) in [
        ("a position", position([(127, 1), (0, 1), (0, 1)]), LOCATION),
        ("seconds alone", position([(0, 1), (0, 1), (1, 100)]), LOCATION),
        ("no fix", position([(0, 1), (0, 1), (0, 1)]), NOTHING),
        ("no numbers", position([(0, 0), (0, 0), (0, 0)]), NOTHING),
        ("only the reference", name(Tag::GPSLatitudeRef, "N"), NOTHING),
        ("an artist", name(Tag::Artist, "J. Doe"), AUTHOR),
        ("an owner", name(Tag::CameraOwnerName, "J. Doe"), AUTHOR),
        ("an author as Windows writes it", vec![(Tag(Context::Tiff, 0x9C9D), utf16("\u{c9c0}\u{ba3c}\0"))], AUTHOR),
        ("blanks", name(Tag::Artist, "    "), NOTHING),
        ("dashes", name(Tag::Artist, "----"), NOTHING),
        ("a camera", name(Tag::Model, "J. Doe's"), NOTHING),
        ("both", vec![(Tag::Artist, text("J. Doe")), (Tag::GPSLatitude, degrees([(1, 1), (0, 1), (0, 1)]))], BOTH),
    ] {
        for little_endian in [true, false] {
            assert_eq!(categories_in(Tiff, &exif_of(&fields, little_endian)), expected, "{case}");
        }
    }
}

#[test]
fn xmp_tells_as_attribute_and_as_element() {
    let description = |inner: &str| xmp(&format!("<rdf:Description>{inner}</rdf:Description>"));
    for (case, packet, expected) in [
        ("a position", latitude(), LOCATION),
        ("a position as element", description("<exif:GPSLongitude>126,58.0E</exif:GPSLongitude>"), LOCATION),
        ("no fix", description("<exif:GPSLongitude>0,0.0E</exif:GPSLongitude>"), NOTHING),
        ("a creator", creator(), AUTHOR),
        ("an owner", xmp("<rdf:Description aux:OwnerName='J. Doe'/>"), AUTHOR),
        ("an empty creator", description("<dc:creator><rdf:Seq><rdf:li/></rdf:Seq></dc:creator>"), NOTHING),
        ("a title", description("<dc:title>J. Doe</dc:title>"), NOTHING),
        ("the name of another schema", xmp("<creator xmlns='urn:x'>J. Doe</creator>"), NOTHING),
        ("a face", xmp("<rdf:Description mwg-rs:Name='J. Doe' mwg-rs:Type='Face'/>"), PERSON),
        ("a face as elements", description("<mwg-rs:Name>J. Doe</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type>"), PERSON),
        ("a pet", xmp("<rdf:Description mwg-rs:Name='Rex' mwg-rs:Type='Pet'/>"), NOTHING),
        ("a definition of entities", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".to_vec(), NOTHING),
        ("no XML", b"J. Doe <<".to_vec(), NOTHING),
    ] {
        assert_eq!(xmp::told(&packet).findings().iter().map(|f| f.category).collect::<Vec<_>>(), expected, "{case}");
    }
}

#[test]
fn those_who_are_shown_are_named_in_many_ways() {
    const MEDIA: &str = "http://ns.iview-multimedia.com/mediapro/1.0/";
    const DIGIKAM: &str = "http://www.digikam.org/ns/1.0/";
    const LIGHTROOM: &str = "http://ns.adobe.com/lightroom/1.0/";
    const REGIONS: &str = "http://www.metadataworkinggroup.com/schemas/regions";
    let of = |namespace: &str, inner: &str| {
        xmp(&format!("<rdf:Description xmlns:a='{namespace}'>{inner}</rdf:Description>"))
    };
    let list = |name: &str, item: &str| {
        format!("<a:{name}><rdf:Bag><rdf:li>x</rdf:li><rdf:li>{item}</rdf:li></rdf:Bag></a:{name}>")
    };
    let region = |kind: &str| {
        format!(
            "<a:RegionList><rdf:Bag><rdf:li><rdf:Description a:Name='J. Doe'><a:Type>{kind}</a:Type></rdf:Description></rdf:li></rdf:Bag></a:RegionList>"
        )
    };
    for (case, namespace, inner, expected) in [
        ("a list of people", MEDIA, list("People", "J. Doe"), PERSON),
        ("people of another kind", "urn:x", list("People", "J. Doe"), NOTHING),
        ("a person", "http://prismstandard.org/namespaces/basic/2.0/", list("person", "J. Doe"), PERSON),
        (
            "another version of a namespace",
            "http://iptc.org/std/Iptc4xmpExt/2008-02-19/",
            list("PersonInImage", "J. Doe"),
            PERSON,
        ),
        ("a keyword below people", DIGIKAM, list("TagsList", "People/J. Doe"), PERSON),
        ("one of Lightroom", LIGHTROOM, list("hierarchicalSubject", "people|J. Doe"), PERSON),
        ("one in another language", LIGHTROOM, list("hierarchicalSubject", "Personen|Freunde|J. Doe"), PERSON),
        (
            "one without capitals",
            LIGHTROOM,
            list("hierarchicalSubject", "\u{4eba}\u{7269}|\u{738b}\u{5c0f}\u{660e}"),
            PERSON,
        ),
        ("a portrait, not whose", LIGHTROOM, list("hierarchicalSubject", "People|Portrait"), NOTHING),
        ("one in Chinese", LIGHTROOM, list("hierarchicalSubject", "\u{4eba}\u{7269}|\u{8096}\u{50cf}"), NOTHING),
        ("a family", LIGHTROOM, list("hierarchicalSubject", "People|Family"), NOTHING),
        ("children", LIGHTROOM, list("hierarchicalSubject", "Personen|Kinder"), NOTHING),
        ("a kind of people", LIGHTROOM, list("hierarchicalSubject", "People|Groups|Young People"), NOTHING),
        ("two kinds", LIGHTROOM, list("hierarchicalSubject", "People|Mother + Child"), NOTHING),
        ("a number of people", LIGHTROOM, list("hierarchicalSubject", "People|3 Or More"), NOTHING),
        ("a name below people alone", LIGHTROOM, list("hierarchicalSubject", "Places|J. Doe"), NOTHING),
        ("a keyword below something else", DIGIKAM, list("TagsList", "Places/J. Doe"), NOTHING),
        ("the keyword alone", DIGIKAM, list("TagsList", "People"), NOTHING),
        ("a region without the slash", REGIONS, region("Face"), PERSON),
        ("a region of another program", "http://ns.acdsee.com/regions/", region("Face"), PERSON),
        ("a pet of its", "http://ns.acdsee.com/regions/", region("Pet"), NOTHING),
        (
            "a keyword that is a position",
            "http://purl.org/dc/elements/1.1/",
            list("subject", "geo:lat=48.85"),
            LOCATION,
        ),
        (
            "the pose of a camera",
            "http://ns.google.com/photos/dd/1.0/earthpose/",
            "<a:Latitude>48.85</a:Latitude>".into(),
            LOCATION,
        ),
        (
            "the same, not known",
            "http://ns.google.com/photos/dd/1.0/earthpose/",
            "<a:Latitude>0</a:Latitude>".into(),
            NOTHING,
        ),
    ] {
        let told = xmp::told(&of(namespace, &inner)).findings();
        assert_eq!(told.iter().map(|f| f.category).collect::<Vec<_>>(), expected, "{case}");
    }
}

#[test]
fn what_vouches_for_a_picture_may_say_where_it_was_taken() {
    let json = b"jumb\0\0\0\x1ejumdjson\"exif:GPSVersionID\":\"2.2.0.0\",\"exif:GPSLatitude\":\"39,21.102N\"";
    let cbor = b"jumb\x70exif:GPSLongitude\x6a74,26.573W";
    let unknown = b"jumb\"exif:GPSLatitude\":\"0,0.0N\",\"exif:GPSLatitudeRef\":\"N\",                  \"a\":1";
    for (case, claim, expected) in [
        ("in JSON", &json[..], LOCATION),
        ("in CBOR", cbor, LOCATION),
        ("no fix", unknown, NOTHING),
        ("cut", &json[..59], NOTHING),
    ] {
        for (format, bytes) in [
            (Jpeg, jpeg_with(0xEB, &[b"JP\0\x01\0\0\0\x01", claim].concat())),
            (Png, png(&[(b"caBX", claim.to_vec())])),
            (WebP, webp(&[(b"C2PA", claim.to_vec())])),
        ] {
            assert_eq!(categories_in(format, &bytes), expected, "{case}, {format:?}");
        }
    }
}

#[test]
fn metadata_is_found_wherever_a_format_keeps_it() {
    let prefixed = |prefix: &[u8], data: Vec<u8>| [prefix, &data].concat();
    let gif =
        [b"GIF89a\x01\0\x01\0\0\0\0\x21\xFF\x0BXMP DataXMP".as_slice(), &creator(), b"\x01\xFF\xFE\0\0\x3b"].concat();
    let tiff_with_xmp = exif_of(&[(Tag(Context::Tiff, 700), Value::Byte(creator()))], true);
    for (case, format, bytes, expected) in [
        ("jpeg, exif", Jpeg, jpeg(&[prefixed(b"Exif\0\0", seoul())]), LOCATION),
        ("jpeg, xmp", Jpeg, jpeg(&[prefixed(b"http://ns.adobe.com/xap/1.0/\0", creator())]), AUTHOR),
        (
            "jpeg, both",
            Jpeg,
            jpeg(&[prefixed(b"http://ns.adobe.com/xap/1.0/\0", creator()), prefixed(b"Exif\0\0", seoul())]),
            BOTH,
        ),
        ("jpeg without", Jpeg, jpeg(&[]), NOTHING),
        ("png, exif behind the pixels", Png, png(&[(b"eXIf", seoul())]), LOCATION),
        ("png, xmp", Png, png(&[(b"iTXt", prefixed(b"XML:com.adobe.xmp\0\0\0\0\0", creator()))]), AUTHOR),
        ("png, author", Png, png(&[(b"tEXt", b"Author\0J. Doe".to_vec())]), AUTHOR),
        ("png, software", Png, png(&[(b"tEXt", b"Software\0J. Doe".to_vec())]), NOTHING),
        ("webp, exif", WebP, webp(&[(b"EXIF", seoul())]), LOCATION),
        ("webp, exif as in a jpeg", WebP, webp(&[(b"EXIF", prefixed(b"Exif\0\0", seoul()))]), LOCATION),
        ("webp, xmp", WebP, webp(&[(b"ICCP", vec![7; 33]), (b"XMP ", latitude())]), LOCATION),
        ("gif, xmp", Gif, gif, AUTHOR),
        ("tiff, xmp", Tiff, tiff_with_xmp, AUTHOR),
    ] {
        assert_eq!(categories_in(format, &bytes), expected, "{case}");
        for chunk in [1, 7, 64] {
            let mut scanner = Scanner::of(format);
            bytes.chunks(chunk).for_each(|chunk| scanner.push(chunk));
            let streamed: Vec<_> = scanner.finish().findings.into_iter().map(|finding| finding.category).collect();
            let readable = !matches!(format, Gif | Tiff);
            assert_eq!(streamed, if readable { expected } else { NOTHING }, "{case}, in chunks of {chunk}");
        }
    }
}

#[test]
fn metadata_behind_the_end_that_a_picture_names_is_read_as_by_other_readers() {
    let ending_at = |length: u32| {
        let mut bytes = webp(&[(b"EXIF", seoul())]);
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    let exif_chunk = png(&[(b"eXIf", seoul())]).split_off(8 + 25 + 112);
    for (case, format, bytes) in [
        ("a WebP that names no length", WebP, ending_at(0)),
        ("a WebP that ends before the chunk", WebP, ending_at(130)),
        ("a WebP that ends in the chunk", WebP, ending_at(150)),
        ("a PNG's end before the chunk", Png, [png(&[]), exif_chunk].concat()),
    ] {
        for size in [1, 7, bytes.len()] {
            let mut scanner = Scanner::of(format);
            bytes.chunks(size).for_each(|chunk| scanner.push(chunk));
            let Scanned { findings, doubt } = scanner.finish();
            let found: Vec<_> = findings.iter().map(|finding| finding.category).collect();
            assert_eq!((found.as_slice(), doubt), (LOCATION, None), "{case}, in chunks of {size}");
        }
    }
}

/// A directory of one entry with eight bytes of its own, and a pointer to it in another.
fn gps_of(kind: u16, count: u32, value: &[u8], pointer_tag: u16) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    let mut directory = |tag: u16, kind: u16, count: u32, value: u32| {
        tiff.extend(1_u16.to_le_bytes());
        tiff.extend(tag.to_le_bytes());
        tiff.extend(kind.to_le_bytes());
        tiff.extend(count.to_le_bytes());
        tiff.extend(value.to_le_bytes());
        tiff.extend([0; 4]);
    };
    // A pointer to the directory with the pointer to the position's directory.
    directory(pointer_tag, 4, 1, 26);
    directory(0x8825, 4, 1, 44);
    directory(0x0002, kind, count, 62);
    tiff.extend(value);
    tiff
}

fn doubles(values: [f64; 3]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn a_position_is_found_in_any_type_and_behind_any_pointer() {
    let floats: Vec<u8> = [48.0_f32, 51.0, 29.5].iter().flat_map(|value| value.to_le_bytes()).collect();
    let zero_floats = [0; 12];
    for (case, kind, count, value, expected) in [
        ("double", 12, 3, doubles([48.0, 51.0, 29.5]), LOCATION),
        ("double without a fix", 12, 3, doubles([0.0, -0.0, f64::NAN]), NOTHING),
        ("float", 11, 3, floats, LOCATION),
        ("float without a fix", 11, 3, zero_floats.to_vec(), NOTHING),
        ("text", 2, 10, b"48,51.49N\0".to_vec(), LOCATION),
        ("text without a fix", 2, 8, b"0,00.0N\0".to_vec(), NOTHING),
        ("whole numbers", 4, 3, [48_u32, 51, 29].iter().flat_map(|value| value.to_le_bytes()).collect(), LOCATION),
    ] {
        for (place, pointer) in [
            ("the Exif directory", 0x8769),
            ("a further directory", 0x014A),
            ("the directory of what can be exchanged", 0xA005),
            ("the directory of global parameters", 0x0190),
        ] {
            assert_eq!(categories_in(Tiff, &gps_of(kind, count, &value, pointer)), expected, "{case}, in {place}");
        }
    }
}

/// The same, with pointers of a type of whole numbers, which are `values`.
fn gps_behind(kind: u16, values: [i8; 2]) -> Vec<u8> {
    let mut tiff = gps_of(12, 3, &doubles([48.0, 51.0, 29.5]), 0x8769);
    for (entry, value) in [(10, values[0]), (28, values[1])] {
        tiff[entry + 2..entry + 4].copy_from_slice(&kind.to_le_bytes());
        tiff[entry + 8..entry + 12].copy_from_slice(&i32::from(value).to_le_bytes());
    }
    tiff
}

#[test]
fn a_pointer_is_followed_in_any_type_of_whole_numbers() {
    for (case, kind, values, expected) in [
        ("LONG", 4, [26, 44], LOCATION),
        ("SHORT", 3, [26, 44], LOCATION),
        ("BYTE", 1, [26, 44], LOCATION),
        ("SBYTE", 6, [26, 44], LOCATION),
        ("SSHORT", 8, [26, 44], LOCATION),
        ("SLONG", 9, [26, 44], LOCATION),
        ("IFD", 13, [26, 44], LOCATION),
        ("before the file", 9, [26, -44], NOTHING),
        ("FLOAT", 11, [26, 44], NOTHING),
    ] {
        assert_eq!(categories_in(Tiff, &gps_behind(kind, values)), expected, "{case}");
    }
}

#[test]
fn exif_is_found_behind_whatever_stands_before_it() {
    for (prefix, expected) in [
        (&b"Exif\0\0"[..], LOCATION),
        (b"Exif\0\x01", LOCATION),
        (b"EXIF\0\0", LOCATION),
        (b"Exif\0", LOCATION),
        (b"Exif\0\0Exif\0\0", LOCATION),
        (b"Exif\0\0\0\0", LOCATION),
        (b"\0\0\0\0Exif\0\0", LOCATION),
        (b"abeXIF\0x", LOCATION),
        (b"", LOCATION),
        (b"http://example.com/\0", NOTHING),
    ] {
        assert_eq!(categories_in(Jpeg, &jpeg(&[[prefix, &seoul()].concat()])), expected, "{prefix:?}");
    }
    for number in [[0, 0x2B], [0x52, 0x4F], [0, 0]] {
        let mut exif = seoul();
        exif[2..4].copy_from_slice(&number);
        let behind = |prefix: &[u8]| categories_in(Jpeg, &jpeg(&[[prefix, &exif].concat()]));
        assert_eq!((behind(b"Exif\0\0").as_slice(), behind(b"").as_slice()), (LOCATION, NOTHING), "{number:?}");
    }
}

#[test]
fn exif_that_a_png_holds_compressed_is_read() {
    let compressed = |exif: &[u8]| {
        let length = u32::try_from(exif.len()).unwrap().to_be_bytes();
        [&[0][..], &length, &miniz_oxide::deflate::compress_to_vec_zlib(exif, 6)].concat()
    };
    for (case, kind, data) in [
        ("zxIf", b"zxIf", compressed(&seoul())),
        ("zXIf", b"zXIf", compressed(&seoul())),
        ("eXIf that is compressed", b"eXIf", compressed(&seoul())),
        ("exif", b"exif", seoul()),
        ("with a JPEG's prefix", b"zxIf", compressed(&[b"Exif\0\0".as_slice(), &seoul()].concat())),
    ] {
        assert_eq!(categories_in(Png, &png(&[(kind, data)])), LOCATION, "{case}");
    }
}

#[test]
fn xmp_under_another_name_is_read() {
    for (prefix, expected) in
        [(&b""[..], LOCATION), (b"XMP\0", LOCATION), (b"http://example.com/\0", LOCATION), (&[7; 300], LOCATION)]
    {
        assert_eq!(categories_in(Jpeg, &jpeg(&[[prefix, &latitude()].concat()])), expected, "{prefix:?}");
    }
    assert_eq!(categories_in(Jpeg, &jpeg(&[b"NIKON\0<a>:GPSLatitude='12'".to_vec()])), NOTHING);
}

#[test]
fn every_packet_of_a_gif_is_read_wherever_it_ends() {
    let gif = |packets: &[&str]| {
        let extension = |packet: &&str| {
            let trailer: Vec<u8> = [1].into_iter().chain((0..=255).rev()).chain([0]).collect();
            [b"\x21\xFF\x0BXMP DataXMP", packet.as_bytes(), &trailer].concat()
        };
        let extensions: Vec<u8> = packets.iter().flat_map(extension).collect();
        [b"GIF89a\x01\0\x01\0\0\0\0".as_slice(), &extensions, b"\x3b"].concat()
    };
    let packet = String::from_utf8(latitude()).unwrap();
    let whole = packet.as_str();
    let without_instruction = whole.split("<?xpacket end").next().unwrap();
    let bare = without_instruction.split("</x:xmpmeta").next().unwrap();
    let rdf = &bare[bare.find("<rdf:RDF").unwrap()..];
    for (case, packets) in [
        ("whole", &[whole][..]),
        ("without its last instruction", &[without_instruction]),
        ("without its last element", &[bare]),
        ("RDF alone", &[rdf]),
        ("cut", &[&whole[..whole.find("</rdf:RDF").unwrap()]]),
        ("behind an empty one", &["<x/><?xpacket end='w'?>", whole]),
    ] {
        assert_eq!(categories_in(Gif, &gif(packets)), LOCATION, "{case}");
    }
}

#[test]
fn xmp_is_read_in_every_encoding_and_where_it_is_no_xml() {
    let packet = String::from_utf8(latitude()).unwrap();
    let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> { packet.encode_utf16().flat_map(unit).collect() };
    let utf32 = |unit: fn(u32) -> [u8; 4]| -> Vec<u8> { packet.chars().flat_map(|c| unit(u32::from(c))).collect() };
    let cut = packet.split("</rdf:RDF>").next().unwrap();
    let words = |inner: &str| format!("<x:xmpmeta><rdf:RDF><rdf:Description {inner}").into_bytes();
    for (case, packet, expected) in [
        ("UTF-16, big", utf16(u16::to_be_bytes), LOCATION),
        ("UTF-16, little", utf16(u16::to_le_bytes), LOCATION),
        ("UTF-16 with a mark", [&[0xFF, 0xFE][..], &utf16(u16::to_le_bytes)].concat(), LOCATION),
        ("UTF-32, big", utf32(u32::to_be_bytes), LOCATION),
        ("UTF-32, little", utf32(u32::to_le_bytes), LOCATION),
        ("elements that do not end", cut.as_bytes().to_vec(), LOCATION),
        ("prefixes that nobody declared", words("exif:GPSLatitude='37,33.0N'/></rdf:RDF>"), LOCATION),
        ("the same, as element", words("><exif:GPSLongitude> 37,33.0N </exif:GPSLongitude>"), LOCATION),
        ("the same, without a fix", words("exif:GPSLatitude='0,0.0N'/>"), NOTHING),
        ("the same, empty", words("><exif:GPSLatitude></exif:GPSLatitude>"), NOTHING),
        ("the same, a list", words("><dc:creator><rdf:Seq><rdf:li>J. Doe</rdf:li>"), AUTHOR),
        (
            "a drone's",
            xmp("<rdf:Description xmlns:d='http://www.dji.com/drone-dji/1.0/' d:GpsLongtitude='12.5'/>"),
            LOCATION,
        ),
        ("somebody shown", words("><Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>J. Doe</rdf:li>"), PERSON),
    ] {
        assert_eq!(xmp::told(&packet).findings().iter().map(|f| f.category).collect::<Vec<_>>(), expected, "{case}");
    }
}

#[test]
fn xmp_in_several_segments_is_one_packet() {
    let packet = latitude();
    let part = |range: std::ops::Range<usize>| {
        let mut segment = b"http://ns.adobe.com/xmp/extension/\0".to_vec();
        segment.extend([b'A'; 32]);
        segment.extend(u32::try_from(packet.len()).unwrap().to_be_bytes());
        segment.extend(u32::try_from(range.start).unwrap().to_be_bytes());
        segment.extend(&packet[range]);
        segment
    };
    let middle = packet.windows(10).position(|window| window == b"GPSLatitud").unwrap() + 4;
    let parts = [part(middle..packet.len()), part(0..middle)];
    assert_eq!(categories_in(Jpeg, &jpeg(&parts)), LOCATION);
    assert_eq!(categories_in(Jpeg, &jpeg(&parts[..1])), NOTHING);
}

/// A record of IPTC.
fn by_line(name: &str) -> Vec<u8> {
    [b"\x1c\x02\x50\0".as_slice(), &[u8::try_from(name.len()).unwrap()], name.as_bytes()].concat()
}

/// Photoshop's resources, of which one is IPTC's records, behind one with a name.
fn resources(records: &[u8]) -> Vec<u8> {
    let length = u32::try_from(records.len()).unwrap().to_be_bytes();
    [b"8BIM\x03\xed\x02ab\0\0\0\0\x018BIM\0".as_slice(), b"8BIM\x04\x04\0\0", &length, records].concat()
}

#[test]
fn the_raw_profiles_of_a_png_are_read_however_they_are_compressed() {
    let profile = |bytes: &[u8]| -> Vec<u8> {
        let lines: Vec<_> = bytes
            .chunks(36)
            .map(|line| line.iter().fold(String::new(), |line, byte| format!("{line}{byte:02x}")))
            .collect();
        format!("\nexif\n{:8}\n{}\n", bytes.len(), lines.join("\n")).into_bytes()
    };
    let deflated = |text: &[u8]| miniz_oxide::deflate::compress_to_vec_zlib(text, 6);
    let exif = [b"Exif\0\0".as_slice(), &seoul()].concat();
    for (name, bytes, expected) in [
        ("exif", exif.clone(), LOCATION),
        ("APP1", exif, LOCATION),
        ("APP1", [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), &latitude()].concat(), LOCATION),
        ("xmp", latitude(), LOCATION),
        ("iptc", resources(&by_line("J. Doe")), AUTHOR),
        ("icc", b"acsp".to_vec(), NOTHING),
    ] {
        let (keyword, text) = (format!("Raw profile type {name}\0").into_bytes(), profile(&bytes));
        for (kind, chunk) in [
            (b"tEXt", [keyword.as_slice(), &text].concat()),
            (b"zTXt", [&keyword, b"\0".as_slice(), &deflated(&text)].concat()),
            (b"iTXt", [&keyword, b"\0\0\0\0".as_slice(), &text].concat()),
            (b"iTXt", [&keyword, b"\x01\0\0\0".as_slice(), &deflated(&text)].concat()),
        ] {
            assert_eq!(categories_in(Png, &png(&[(kind, chunk)])), expected, "{name}, {kind:?}");
        }
    }
    let bomb = [b"Author\0\0".as_slice(), &deflated(&vec![b' '; 64 << 20])].concat();
    assert_eq!(categories_in(Png, &png(&[(b"zTXt", bomb)])), NOTHING);
}

/// A JPEG with a segment of this kind.
fn jpeg_with(marker: u8, segment: &[u8]) -> Vec<u8> {
    let mut bytes = jpeg(&[]);
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    bytes.splice(2..2, [&[0xFF, marker], length.as_slice(), segment].concat());
    bytes
}

#[test]
fn iptc_names_who_made_a_picture() {
    let photoshop = |resources: &[u8]| [b"Photoshop 3.0\0", resources].concat();
    let city = b"\x1c\x02\x5a\0\x05Seoul".to_vec();
    for (case, bytes, expected) in [
        ("a by-line", jpeg_with(0xED, &photoshop(&resources(&by_line("J. Doe")))), AUTHOR),
        ("blanks", jpeg_with(0xED, &photoshop(&resources(&by_line("    ")))), NOTHING),
        ("a city", jpeg_with(0xED, &photoshop(&resources(&city))), NOTHING),
        ("behind a city", jpeg_with(0xED, &photoshop(&resources(&[city.clone(), by_line("J. Doe")].concat()))), AUTHOR),
        ("a record cut", jpeg_with(0xED, &photoshop(&resources(b"\x1c\x02\x50\xff\xff"))), NOTHING),
        ("a tiff's", exif_of(&[(Tag(Context::Tiff, 33_723), Value::Undefined(by_line("J. Doe"), 0))], true), AUTHOR),
    ] {
        let format = if bytes.starts_with(b"II") { Tiff } else { Jpeg };
        assert_eq!(categories_in(format, &bytes), expected, "{case}");
    }
}

/// A JPEG and an MP4 behind it, with this in its metadata.
fn motion_photo(metadata: &[u8]) -> Vec<u8> {
    let mp4 = |kind: &[u8], content: &[u8]| {
        [&u32::try_from(content.len() + 8).unwrap().to_be_bytes(), kind, content].concat()
    };
    let moov = mp4(b"moov", &mp4(b"udta", metadata));
    [jpeg(&[]), vec![0; 3], mp4(b"ftyp", b"mp42\0\0\0\0mp42isom"), mp4(b"mdat", &[7; 99]), moov].concat()
}

#[test]
fn the_position_of_a_motion_photo_is_that_of_its_video() {
    let location = |longitude: i32, latitude: i32| {
        let numbers = [longitude * 65_536, latitude * 65_536, 0].map(i32::to_be_bytes).concat();
        [b"\0\0\0\x2alociXXXX\x15\xc7Paris\0\0".as_slice(), &numbers, b"earth\0\0"].concat()
    };
    let apple =
        b"\0\0\0\x40keyscom.apple.quicktime.location.ISO6709\0\0\0\x22ilst\0\0data\0\0\0\x01\0\0\0\0-33.8688+151.2093/";
    for (case, metadata, expected) in [
        ("of Android", b"\0\0\0\x1e\xa9xyz\0\x12\x15\xc7+48.8582+002.2945/".to_vec(), LOCATION),
        ("of Android without a fix", b"\0\0\0\x1e\xa9xyz\0\x12\x15\xc7+00.0000+000.0000/".to_vec(), NOTHING),
        ("of 3GPP", location(2, 48), LOCATION),
        ("of 3GPP without a fix", location(0, 0), NOTHING),
        ("of Apple", apple.to_vec(), LOCATION),
        ("none", b"\0\0\0\x0aname\0\0".to_vec(), NOTHING),
    ] {
        assert_eq!(categories_in(Jpeg, &motion_photo(&metadata)), expected, "{case}");
    }
}

/// What exiftool shows is the measure, where it is installed: a position or a person that it finds
/// in a file is told here too.
#[test]
fn whatever_exiftool_shows_is_told() {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    let shown = |bytes: &[u8]| -> Option<Vec<String>> {
        let mut exiftool = Command::new("exiftool")
            .args(["-s", "-n", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        exiftool.stdin.take()?.write_all(bytes).ok()?;
        let output = exiftool.wait_with_output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    };
    let doubles = |pointer| gps_of(12, 3, &doubles([48.0, 51.0, 29.5]), pointer);
    let exif = |prefix: &[u8]| jpeg(&[[prefix, &seoul()].concat()]);
    let text_chunk = |name: &str, text: &str| png(&[(b"tEXt", format!("{name}\0{text}").into_bytes())]);
    let mut seen = 0;
    for (case, format, bytes) in [
        ("EXIF", Jpeg, exif(b"Exif\0\0")),
        ("EXIF behind a prefix of its own", Jpeg, exif(b"Exif\0\x01")),
        ("EXIF named twice", Jpeg, exif(b"Exif\0\0Exif\0\0")),
        ("EXIF behind four bytes", Jpeg, exif(b"\0\0\0\0Exif\0\0")),
        ("a pointer with a sign", Jpeg, jpeg(&[[b"Exif\0\0".as_slice(), &gps_behind(9, [26, 44])].concat()])),
        ("XMP under another name", Jpeg, jpeg(&[[&[7; 300][..], &latitude()].concat()])),
        (
            "a PNG's compressed EXIF",
            Png,
            png(&[(b"zxIf", {
                [b"\0\0\0\0\0".as_slice(), &miniz_oxide::deflate::compress_to_vec_zlib(&seoul(), 6)].concat()
            })]),
        ),
        ("a PNG's EXIF behind its end", Png, [png(&[]), png(&[(b"eXIf", seoul())]).split_off(8 + 25 + 112)].concat()),
        ("a TIFF", Tiff, exif_of(&[(Tag::Artist, text("J. Doe"))], true)),
        ("doubles, in the Exif directory", Tiff, doubles(0x8769)),
        ("doubles, in a further directory", Tiff, doubles(0x014A)),
        ("XMP", Jpeg, jpeg(&[[b"http://ns.adobe.com/xap/1.0/\0".as_slice(), &latitude()].concat()])),
        ("an author in XMP", Png, png(&[(b"iTXt", [b"XML:com.adobe.xmp\0\0\0\0\0".as_slice(), &creator()].concat())])),
        ("IPTC", Jpeg, jpeg_with(0xED, &[b"Photoshop 3.0\0".as_slice(), &resources(&by_line("J. Doe"))].concat())),
        ("a PNG's author", Png, text_chunk("Author", "J. Doe")),
        ("a PNG's EXIF", Png, png(&[(b"eXIf", seoul())])),
        ("a WebP's EXIF", WebP, webp(&[(b"EXIF", seoul())])),
        ("a motion photo", Jpeg, motion_photo(b"\0\0\0\x1e\xa9xyz\0\x12\x15\xc7+48.8582+002.2945/")),
    ] {
        let Some(lines) = shown(&bytes) else { return };
        let has = |names: &[&str]| {
            lines
                .iter()
                .filter_map(|line| line.split_once(':'))
                .any(|(name, value)| names.contains(&name.trim()) && says_something(value.as_bytes()))
        };
        let told = categories_in(format, &bytes);
        for (category, names) in [
            (Category::LocationMetadata, &["GPSLatitude", "GPSLongitude", "GPSPosition", "GPSCoordinates"][..]),
            (Category::AuthorshipMetadata, &["Artist", "Author", "By-line", "Creator", "OwnerName", "XPAuthor"]),
            (Category::PersonMetadata, &["PersonInImage", "RegionName", "People", "Person"]),
        ] {
            if has(names) {
                seen += 1;
                assert!(told.contains(&category), "{case}: {category}");
            }
        }
    }
    assert!(seen > 8, "exiftool shows {seen} of them");
}

#[test]
fn directories_in_circles_and_claims_of_any_length_end() {
    // One directory whose EXIF, GPS and next directory are itself.
    let mut circle = b"II*\0\x08\0\0\0\x02\0".to_vec();
    circle.extend(b"\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x25\x88\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0");
    assert_eq!(categories_in(Tiff, &circle), NOTHING);
    // An artist of four gigabytes.
    let mut long = b"II*\0\x08\0\0\0\x01\0\x3b\x01\x02\0\xFF\xFF\xFF\xFF\x08\0\0\0".to_vec();
    long.extend([0; 8]);
    assert_eq!(categories_in(Tiff, &long), NOTHING);
}

/// A TIFF whose one directory has these entries: tag, length and place of a value of bytes; and bytes behind it.
fn tiff_of(entries: &[(u16, usize, usize)], behind: &[u8]) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    tiff.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
    for (tag, length, place) in entries {
        tiff.extend(tag.to_le_bytes());
        tiff.extend(7_u16.to_le_bytes());
        tiff.extend(u32::try_from(*length).unwrap().to_le_bytes());
        tiff.extend(u32::try_from(*place).unwrap().to_le_bytes());
    }
    tiff.extend([0; 4]);
    tiff.extend(behind);
    tiff
}

#[test]
fn the_same_bytes_are_not_read_again_and_again() {
    // Each would take minutes, a gigabyte or all of the stack.
    let noise = vec![0xFF; 200_000];
    let of_one_packet: Vec<_> = (0..60_000).map(|_| (700, noise.len(), 14 + 60_000 * 12)).collect();
    let mut nested = seoul();
    for _ in 0..4_000 {
        let length = u32::try_from(nested.len()).unwrap().to_be_bytes();
        let resources = [b"8BIM\x04\x22\0\0", length.as_slice(), &nested].concat();
        nested = tiff_of(&[(0x8649, resources.len(), 26)], &resources);
    }
    let pointers: Vec<u8> = (0..64_u32).flat_map(|at| (8 + at % 2 * 12).to_le_bytes()).collect();
    let circles: Vec<_> = (0..60_000).map(|_| (0x014A, 256, 14 + 60_000 * 12)).collect();
    for (case, bytes) in [
        ("one packet for every entry", tiff_of(&of_one_packet, &noise)),
        ("EXIF in resources in EXIF", nested),
        ("directories in circles", tiff_of(&circles, &pointers)),
        ("a packet of no text", tiff_of(&[(700, 60 << 20, 26)], &vec![0xFF; 60 << 20])),
    ] {
        assert_eq!(categories_in(Tiff, &bytes), NOTHING, "{case}");
    }
    let part = [b"http://ns.adobe.com/xmp/extension/\0".as_slice(), &[b'A'; 40]].concat();
    assert_eq!(categories_in(Jpeg, &jpeg(&vec![part; 100_000])), NOTHING);
    let names = "<mwg-rs:Name>Rex</mwg-rs:Name>".repeat(30_000);
    let pets = xmp(&format!("<rdf:Description>{names}<mwg-rs:Type>Pet</mwg-rs:Type></rdf:Description>"));
    assert_eq!(xmp::told(&pets), Told::default());
    let many = |of: &dyn Fn(u32) -> String| (0..60_000).map(of).collect::<Vec<_>>().concat();
    let declared = many(&|at| format!(" xmlns:a{at}='u:{at}'"));
    let used = many(&|at| format!("<a{at}:b/>"));
    let attributes = many(&|at| format!(" a{at}='1'"));
    for packet in [format!("<r{declared}>{used}</r>"), format!("<r{attributes}/>")] {
        assert_eq!(xmp::told(packet.as_bytes()), Told::default());
    }
    let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; 4 << 20], 6);
    let bombs = vec![(b"zTXt", [b"Author\0\0".as_slice(), &bomb].concat()); 5_000];
    assert_eq!(categories_in(Png, &png(&bombs)), NOTHING);
}

#[test]
fn xmp_of_any_depth_is_read_without_a_stack_for_it() {
    let deep = format!("{}J. Doe{}", "<a>".repeat(90_000), "</a>".repeat(90_000));
    assert_eq!(xmp::told(deep.as_bytes()), Told::default());
}

proptest! {
    #[test]
    fn damaged_metadata_never_panics(at in 0..400_usize, byte: u8, cut in 0..400_usize) {
        let whole = jpeg(&[[b"Exif\0\0".as_slice(), &seoul()].concat(), [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), &creator()].concat()]);
        for (format, mut bytes) in [(Jpeg, whole), (Tiff, seoul()), (WebP, webp(&[(b"EXIF", seoul())]))] {
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len() - cut % bytes.len());
            let _ = findings(format, &bytes);
        }
    }

    #[test]
    fn any_bytes_are_looked_at_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for format in [Jpeg, Png, WebP, Gif, Tiff] {
            let _ = findings(format, &bytes);
        }
    }
}

#[test]
fn a_picture_among_a_jpegs_codes_is_seen_wherever_it_begins_and_however_the_bytes_arrive() {
    let start = b"\xFF\xD8\xFF\xDA\0\x08\x01\x01\0\0\x3F\0";
    // Around the end of what is searched at a time, and behind all of it.
    for codes in [0, 3, 65_520, 65_535, 65_536, 65_540, 200_000] {
        for chunk in [1_000, 65_536, usize::MAX] {
            for (behind, expected) in
                [(&b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR"[..], Doubt::NotAlone), (b"\x89PNX", Doubt::Short)]
            {
                let bytes = [start, &vec![0x55; codes][..], behind, &[0x55; 100]].concat();
                let mut scanner = Scanner::of(ImageFormat::Jpeg);
                bytes.chunks(chunk.min(bytes.len())).for_each(|chunk| scanner.push(chunk));
                assert_eq!(scanner.finish().doubt, Some(expected), "{codes} {chunk}");
            }
        }
    }
}
