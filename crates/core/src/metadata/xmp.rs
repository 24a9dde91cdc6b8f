//! XMP: properties in RDF, as attributes or elements.

use roxmltree::{Document, ExpandedName, Node, ParsingOptions};

use super::{Told, says_something};

/// Elements and attributes of a packet that is read.
const MAX_NODES: u32 = 100_000;

/// Elements between a property and its text: a list and its item, in an
/// alternative perhaps.
const MAX_DEPTH: usize = 6;

/// What XMP begins its packet's last instruction with.
const PACKET_END: &[u8] = b"<?xpacket end";

/// Longest XMP packet that is looked for in a GIF, in bytes.
const MAX_IN_GIF: usize = 1024 * 1024;

const EXIF: &str = "http://ns.adobe.com/exif/1.0/";
const REGIONS: &str = "http://www.metadataworkinggroup.com/schemas/regions/";

/// Properties that hold a position, by namespace and name.
const POSITIONS: [(&str, &str); 2] = [(EXIF, "GPSLatitude"), (EXIF, "GPSLongitude")];

/// Properties that hold somebody's name.
const NAMES: [(&str, &str); 10] = [
    ("http://purl.org/dc/elements/1.1/", "creator"),
    ("http://ns.adobe.com/tiff/1.0/", "Artist"),
    ("http://ns.adobe.com/exif/1.0/aux/", "OwnerName"),
    ("http://cipa.jp/exif/1.0/", "CameraOwnerName"),
    ("http://cipa.jp/exif/1.0/", "Photographer"),
    ("http://cipa.jp/exif/1.0/", "ImageEditor"),
    ("http://ns.adobe.com/xap/1.0/rights/", "Owner"),
    ("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "PersonInImage"),
    ("http://ns.microsoft.com/photo/1.2/t/Region#", "PersonDisplayName"),
    (REGIONS, "Name"),
];

/// What an XMP packet tells.
pub(super) fn told(packet: &[u8]) -> Told {
    let mut told = Told::default();
    let Ok(text) = std::str::from_utf8(packet) else { return told };
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(text.trim_matches(['\0', '\u{feff}']).trim(), options) else {
        return told;
    };
    for node in document.descendants() {
        if let Some(text) = node.text().filter(|text| node.is_text() && says_something(text.as_bytes())) {
            for property in node.ancestors().skip(1).take(MAX_DEPTH) {
                told |= told_by(property.tag_name(), text, || property.parent_element());
            }
        }
        for attribute in node.attributes().filter(|attribute| says_something(attribute.value().as_bytes())) {
            let name = match attribute.namespace() {
                Some(namespace) => ExpandedName::from((namespace, attribute.name())),
                None => continue,
            };
            told |= told_by(name, attribute.value(), || Some(node));
        }
    }
    told
}

/// What a property with a text tells; `structure` is the element that it belongs to.
fn told_by<'a>(name: ExpandedName<'_, '_>, text: &str, structure: impl FnOnce() -> Option<Node<'a, 'a>>) -> Told {
    let is = |known: &(&str, &str)| name.namespace() == Some(known.0) && name.name() == known.1;
    let zero = || text.bytes().all(|byte| !matches!(byte, b'1'..=b'9'));
    Told {
        location: POSITIONS.iter().any(is) && !zero(),
        // A region may also be a pet's, a bar code's or the focus.
        person: NAMES.iter().any(is) && (name.namespace() != Some(REGIONS) || structure().is_some_and(is_face)),
    }
}

fn is_face(region: Node<'_, '_>) -> bool {
    let kind = (REGIONS, "Type");
    region.attribute(kind) == Some("Face")
        || region.children().any(|child| child.has_tag_name(kind) && child.text() == Some("Face"))
}

/// The XMP packet of a GIF, which stands in it as it is.
pub(super) fn in_gif(bytes: &[u8]) -> Option<&[u8]> {
    const EXTENSION: &[u8] = b"\x21\xFF\x0BXMP DataXMP";
    let start = bytes.windows(EXTENSION.len()).position(|window| window == EXTENSION)? + EXTENSION.len();
    let rest = &bytes[start..bytes.len().min(start + MAX_IN_GIF)];
    let end = rest.windows(PACKET_END.len()).position(|window| window == PACKET_END)?;
    let close = rest[end..].iter().position(|byte| *byte == b'>')?;
    Some(&rest[..=end + close])
}
