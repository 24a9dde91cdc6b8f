//! XMP: properties in RDF, as attributes or elements.

use std::{borrow::Cow, collections::HashMap};

use memchr::memmem;
use roxmltree::{Document, ExpandedName, Node, ParsingOptions};

use super::{Told, says_something};

/// Elements and attributes of a packet that is read.
const MAX_NODES: u32 = 100_000;

/// Most namespaces that a packet declares, and most attributes of an element. Parsing takes the square of either.
const MAX_IN_SCOPE: usize = 1_000;

/// Elements between a property and its text: a list and its item, in an
/// alternative perhaps.
const MAX_DEPTH: usize = 6;

/// What XMP begins its packet's last instruction with.
const PACKET_END: &[u8] = b"<?xpacket end";

/// Longest XMP packet that is looked for in a GIF, in bytes.
const MAX_IN_GIF: usize = 1024 * 1024;

/// Most packets that are looked for in a GIF.
const MAX_PACKETS_IN_GIF: usize = 16;

const IPTC_CORE: &str = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/";

/// How the namespaces begin of parts of a picture, each with a name and a type.
const REGIONS: [&str; 3] = [
    "http://www.metadataworkinggroup.com/schemas/regions",
    "http://ns.acdsee.com/regions",
    "http://ns.acdsee.com/sregions",
];

/// Properties that hold a position, in small letters and of any namespace: makers of
/// drones have their own, one of them with a spelling of its own.
const POSITIONS: [&str; 10] = [
    "gpslatitude",
    "gpslongitude",
    "gpslongtitude",
    "gpsdestlatitude",
    "gpsdestlongitude",
    "gpsposition",
    "latitude",
    "longitude",
    "lat",
    "long",
];

/// How keywords begin that are a position.
const POSITION_KEYWORDS: [&str; 3] = ["geo:lat=", "geo:lon=", "geo:long="];

/// Properties that name somebody who is shown, of any namespace: writers have other versions of it, or other ends.
const PERSONS: [&str; 4] = ["PersonInImage", "PersonName", "PersonDisplayName", "Personality"];

/// The same of words that mean something else elsewhere, by namespace and name.
const PERSONS_OF: [(&str, &str); 3] = [
    ("http://ns.iview-multimedia.com/mediapro/1.0/", "People"),
    ("http://ns.microsoft.com/expressionmedia/1.0/", "People"),
    ("http://prismstandard.org/namespaces/basic/2.0/", "person"),
];

/// Properties of keywords that stand below each other, of any namespace, by programs that put those there whose faces
/// they know.
const KEYWORDS_OF_FACES: [&str; 3] = ["TagsList", "LastKeywordXMP", "LastKeywordIPTC"];

/// The same of keywords of anybody's choice: photographers put kinds of people there as well.
const KEYWORDS_OF_ANYTHING: &str = "hierarchicalSubject";

const BETWEEN_KEYWORDS: [char; 3] = ['/', '|', '\\'];

/// The keywords below which programs put the names of those who are shown, in the languages that they speak.
const PEOPLE: [&str; 9] = [
    "People",
    "Personen",
    "Personnes",
    "Personas",
    "Persone",
    "Pessoas",
    "\u{4eba}\u{7269}",
    "\u{c0ac}\u{b78c}",
    "\u{c778}\u{bb3c}",
];

/// Properties that name who made, handled or owns the picture.
const AUTHORS: [(&str, &str); 15] = [
    ("http://purl.org/dc/elements/1.1/", "creator"),
    ("http://ns.adobe.com/tiff/1.0/", "Artist"),
    ("http://ns.adobe.com/exif/1.0/aux/", "OwnerName"),
    ("http://cipa.jp/exif/1.0/", "CameraOwnerName"),
    ("http://cipa.jp/exif/1.0/", "Photographer"),
    ("http://cipa.jp/exif/1.0/", "ImageEditor"),
    ("http://ns.adobe.com/xap/1.0/", "Author"),
    ("http://ns.adobe.com/xap/1.0/rights/", "Owner"),
    ("http://ns.adobe.com/photoshop/1.0/", "CaptionWriter"),
    ("http://ns.adobe.com/pdf/1.3/", "Author"),
    (IPTC_CORE, "CiEmailWork"),
    (IPTC_CORE, "CiTelWork"),
    (IPTC_CORE, "CiAdrExtadr"),
    ("http://ns.useplus.org/ldf/xmp/1.0/", "ImageCreatorName"),
    ("http://ns.useplus.org/ldf/xmp/1.0/", "CopyrightOwnerName"),
];

/// What an XMP packet tells.
pub(super) fn told(packet: &[u8]) -> Told {
    let text = decoded(packet);
    let text = text.trim_matches(['\0', '\u{feff}']).trim();
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = is_parsed_fast(text.as_bytes()).then(|| Document::parse_with_options(text, options));
    match document {
        Some(Ok(document)) => told_by_document(&document),
        // Other readers are content with less than XML.
        Some(Err(_)) | None => told_by_words(text),
    }
}

fn is_parsed_fast(text: &[u8]) -> bool {
    let mut attributes = 0;
    memmem::find_iter(text, b"xmlns").take(MAX_IN_SCOPE + 1).count() <= MAX_IN_SCOPE
        && memchr::memchr2_iter(b'<', b'=', text).all(|at| {
            attributes = if text[at] == b'<' { 0 } else { attributes + 1 };
            attributes <= MAX_IN_SCOPE
        })
}

/// A packet as text, whichever of Unicode's encodings it is in.
fn decoded(packet: &[u8]) -> Cow<'_, str> {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = bytes.as_chunks::<2>();
        String::from_utf16_lossy(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>())
    };
    let points = |bytes: &[u8], unit: fn([u8; 4]) -> u32| -> String {
        let (fours, _) = bytes.as_chunks::<4>();
        fours.iter().map(|four| char::from_u32(unit(*four)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match packet {
        [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, b'<', ..] => points(packet, u32::from_be_bytes).into(),
        [0xFF, 0xFE, 0, 0, ..] | [b'<', 0, 0, 0, ..] => points(packet, u32::from_le_bytes).into(),
        [0xFE, 0xFF, ..] | [0, b'<', ..] => units(packet, u16::from_be_bytes).into(),
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => units(packet, u16::from_le_bytes).into(),
        _ => String::from_utf8_lossy(packet),
    }
}

fn told_by_document(document: &Document<'_>) -> Told {
    let mut told = Told::default();
    let mut faces = HashMap::new();
    let mut tell = |name: ExpandedName<'_, '_>, text: &str, structure: Option<Node<'_, '_>>| {
        let is = |known: &(&str, &str)| name.namespace() == Some(known.0) && name.name() == known.1;
        // A region may also be a pet's, a bar code's or the focus.
        let mut is_face = || {
            name.name() == "Name"
                && is_of_region(name.namespace())
                && structure.is_some_and(|region| *faces.entry(region.id()).or_insert_with(|| is_face(region)))
        };
        told |= Told {
            location: is_located(name.name(), text),
            person: is_person(name.name(), text) || PERSONS_OF.iter().any(is) || is_face(),
            authorship: AUTHORS.iter().any(is),
        };
    };
    for node in document.descendants() {
        if let Some(text) = node.text().filter(|text| node.is_text() && says_something(text.as_bytes())) {
            for property in node.ancestors().skip(1).take(MAX_DEPTH) {
                tell(property.tag_name(), text, property.parent_element());
            }
        }
        for attribute in node.attributes().filter(|attribute| says_something(attribute.value().as_bytes())) {
            if let Some(namespace) = attribute.namespace() {
                tell(ExpandedName::from((namespace, attribute.name())), attribute.value(), Some(node));
            }
        }
    }
    told
}

/// Whether a property of this name and text is a position, or a keyword that is one.
fn is_located(name: &str, text: &str) -> bool {
    let is_position = POSITIONS.iter().any(|known| known.eq_ignore_ascii_case(name));
    (is_position || POSITION_KEYWORDS.iter().any(|begins| text.trim_start().starts_with(begins))) && is_somewhere(text)
}

/// Whether a property of this name and text names somebody who is shown.
fn is_person(name: &str, text: &str) -> bool {
    let below_people = || {
        let (above, below) = text.trim().split_once(BETWEEN_KEYWORDS)?;
        (is_people(above.trim()) && says_something(below.as_bytes())).then_some(below)
    };
    PERSONS.contains(&name)
        || (KEYWORDS_OF_FACES.contains(&name) && below_people().is_some())
        || (name == KEYWORDS_OF_ANYTHING && below_people().is_some_and(may_be_name))
}

/// Whether the last of these keywords may be somebody's name by its form: words that all begin with a letter, at least
/// two of them with a capital, or a word of a script that has none.
fn may_be_name(keywords: &str) -> bool {
    /// Shorter ones are seldom a whole name, and often what is shown: in Chinese, a portrait has two characters.
    const SHORTEST: usize = 3;
    let last = keywords.rsplit(BETWEEN_KEYWORDS).next().unwrap_or_default();
    let begins = |word: &str, is: fn(char) -> bool| word.chars().next().is_some_and(is);
    let is_of_words = last.split_whitespace().all(|word| begins(word, char::is_alphabetic) && !is_people(word));
    let capitals = last.split_whitespace().filter(|word| begins(word, char::is_uppercase)).count();
    let has_no_case = !last.contains(|c: char| c.is_uppercase() || c.is_lowercase());
    let is_long = last.chars().filter(|c| c.is_alphabetic()).count() >= SHORTEST;
    is_of_words && (capitals >= 2 || has_no_case && is_long)
}

fn is_people(keyword: &str) -> bool {
    PEOPLE.iter().any(|people| people.eq_ignore_ascii_case(keyword))
}

fn is_somewhere(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

fn is_of_region(namespace: Option<&str>) -> bool {
    namespace.is_some_and(|namespace| REGIONS.iter().any(|begins| namespace.starts_with(begins)))
}

/// Whether a region is somebody's face, or does not say what it is.
fn is_face(region: Node<'_, '_>) -> bool {
    let is_kind = |namespace, name| name == "Type" && is_of_region(namespace);
    let mut attributes = region.attributes();
    let attribute = attributes.find(|kind| is_kind(kind.namespace(), kind.name())).map(|kind| kind.value());
    let mut children = region.children();
    let element = || children.find(|kind| is_kind(kind.tag_name().namespace(), kind.tag_name().name()))?.text();
    attribute.or_else(element).is_none_or(|kind| kind.trim() == "Face")
}

/// What a packet tells that is no XML: names of properties, each with the text that
/// follows it. Prefixes stand for their namespaces here.
fn told_by_words(text: &str) -> Told {
    let mut told = Told::default();
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b':', bytes).take(MAX_NODES as usize) {
        let rest = &bytes[at + 1..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let (Ok(name), Some(value)) = (std::str::from_utf8(&rest[..length]), value_at(&rest[length..])) else {
            continue;
        };
        if !says_something(value.as_bytes()) {
            continue;
        }
        told |= Told {
            location: is_located(name, &value),
            person: is_person(name, &value),
            authorship: AUTHORS.iter().any(|known| known.1 == name),
        };
    }
    told
}

/// The text of an attribute or element whose name ends here: of an element, with those
/// of the elements in it.
fn value_at(rest: &[u8]) -> Option<Cow<'_, str>> {
    /// Longest text that is looked at.
    const MAX: usize = 512;
    let rest = rest.trim_ascii_start();
    let rest = &rest[..rest.len().min(MAX)];
    let value = match rest {
        [b'=', value @ ..] => {
            let value = value.trim_ascii_start();
            let (quote, value) = value.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
            &value[..value.iter().position(|byte| byte == quote).unwrap_or(value.len())]
        }
        [b'>', value @ ..] => {
            // The first text that is not in a tag.
            let mut value = value.trim_ascii_start();
            while let [b'<', tag @ ..] = value {
                if tag.first() == Some(&b'/') {
                    return None;
                }
                value =
                    tag.iter().position(|byte| *byte == b'>').map_or(&[][..], |end| &tag[end + 1..]).trim_ascii_start();
            }
            &value[..value.iter().position(|byte| *byte == b'<').unwrap_or(value.len())]
        }
        _ => return None,
    };
    Some(String::from_utf8_lossy(value))
}

/// What the XMP packets of a GIF tell, which stand in it as they are.
pub(super) fn told_by_gif(bytes: &[u8]) -> Told {
    const EXTENSION: &[u8] = b"\x21\xFF\x0BXMP DataXMP";
    let mut told = Told::default();
    for at in memmem::find_iter(bytes, EXTENSION).take(MAX_PACKETS_IN_GIF) {
        let start = at + EXTENSION.len();
        let rest = &bytes[start..bytes.len().min(start + MAX_IN_GIF)];
        // Some writers leave out the packet's last instruction, or what belongs behind it.
        let end = [PACKET_END, b"</x:xmpmeta", b"</rdf:RDF"].into_iter().find_map(|end| {
            let at = memmem::find(rest, end)?;
            Some(at + memchr::memchr(b'>', &rest[at..])? + 1)
        });
        let end = end.or_else(|| memmem::find(rest, b"\x01\xFF\xFE")).unwrap_or(rest.len());
        told |= self::told(&rest[..end]);
    }
    told
}
