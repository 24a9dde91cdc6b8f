use std::io::Cursor;

use ::exif::{Context, Field, In, Rational, Tag, Value, experimental::Writer};
use proptest::prelude::*;

use super::*;
use crate::image::ImageFormat::{Gif, Jpeg, Png, Tiff, WebP};

const LOCATION: &[Category] = &[Category::LocationMetadata];
const PERSON: &[Category] = &[Category::PersonMetadata];
const BOTH: &[Category] = &[Category::LocationMetadata, Category::PersonMetadata];
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
    chunks(b"RIFF\0\0\0\0WEBP", &all, |bytes, kind, data| {
        bytes.extend(*kind);
        bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    })
}

fn categories_in(format: ImageFormat, bytes: &[u8]) -> Vec<Category> {
    findings(format, bytes).into_iter().map(|finding| finding.category).collect()
}

#[test]
fn a_finding_tells_that_there_is_something_and_never_what() {
    let told = findings(Tiff, &seoul());
    assert_eq!(told, [Finding { category: Category::LocationMetadata, confidence: 1.0, r#where: Place::Metadata }]);
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
        ("an artist", name(Tag::Artist, "J. Doe"), PERSON),
        ("an owner", name(Tag::CameraOwnerName, "J. Doe"), PERSON),
        ("an author as Windows writes it", vec![(Tag(Context::Tiff, 0x9C9D), utf16("\u{c9c0}\u{ba3c}\0"))], PERSON),
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
        ("a creator", creator(), PERSON),
        ("an owner", xmp("<rdf:Description aux:OwnerName='J. Doe'/>"), PERSON),
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
fn metadata_is_found_wherever_a_format_keeps_it() {
    let prefixed = |prefix: &[u8], data: Vec<u8>| [prefix, &data].concat();
    let gif =
        [b"GIF89a\x01\0\x01\0\0\0\0\x21\xFF\x0BXMP DataXMP".as_slice(), &creator(), b"\x01\xFF\xFE\0\0\x3b"].concat();
    let tiff_with_xmp = exif_of(&[(Tag(Context::Tiff, 700), Value::Byte(creator()))], true);
    for (case, format, bytes, expected) in [
        ("jpeg, exif", Jpeg, jpeg(&[prefixed(b"Exif\0\0", seoul())]), LOCATION),
        ("jpeg, xmp", Jpeg, jpeg(&[prefixed(b"http://ns.adobe.com/xap/1.0/\0", creator())]), PERSON),
        (
            "jpeg, both",
            Jpeg,
            jpeg(&[prefixed(b"http://ns.adobe.com/xap/1.0/\0", creator()), prefixed(b"Exif\0\0", seoul())]),
            BOTH,
        ),
        ("jpeg without", Jpeg, jpeg(&[]), NOTHING),
        ("png, exif behind the pixels", Png, png(&[(b"eXIf", seoul())]), LOCATION),
        ("png, xmp", Png, png(&[(b"iTXt", prefixed(b"XML:com.adobe.xmp\0\0\0\0\0", creator()))]), PERSON),
        ("png, author", Png, png(&[(b"tEXt", b"Author\0J. Doe".to_vec())]), PERSON),
        ("png, software", Png, png(&[(b"tEXt", b"Software\0J. Doe".to_vec())]), NOTHING),
        ("webp, exif", WebP, webp(&[(b"EXIF", seoul())]), LOCATION),
        ("webp, exif as in a jpeg", WebP, webp(&[(b"EXIF", prefixed(b"Exif\0\0", seoul()))]), LOCATION),
        ("webp, xmp", WebP, webp(&[(b"ICCP", vec![7; 33]), (b"XMP ", latitude())]), LOCATION),
        ("gif, xmp", Gif, gif, PERSON),
        ("tiff, xmp", Tiff, tiff_with_xmp, PERSON),
    ] {
        assert_eq!(categories_in(format, &bytes), expected, "{case}");
        for chunk in [1, 7, 64] {
            let mut scanner = Scanner::of(format);
            bytes.chunks(chunk).for_each(|chunk| scanner.push(chunk));
            let streamed: Vec<_> = scanner.findings().into_iter().map(|finding| finding.category).collect();
            let readable = !matches!(format, Gif | Tiff);
            assert_eq!(streamed, if readable { expected } else { NOTHING }, "{case}, in chunks of {chunk}");
        }
    }
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
