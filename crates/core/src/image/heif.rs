//! HEIF's container: what is coded in it, and where it ends.

use std::ops::Range;

/// Brands under which pictures are coded as HEVC.
const HEVC: [&[u8]; 8] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"];

/// Brands under which they are coded as AV1.
const AV1: [&[u8]; 3] = [b"avif", b"avis", b"avio"];

/// Brands that do not say how they are coded.
const ANY: [&[u8]; 6] = [b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"heif"];

/// How the pictures in a HEIF file are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As HEVC, or the brands do not say.
    Hevc,
    /// As AV1, which is AVIF.
    Av1,
}

/// How the pictures are coded in a HEIF file that begins with these bytes, by its brands;
/// `None` if it is none, which a video of the same container is not.
#[must_use]
pub fn coding(head: &[u8]) -> Option<Coding> {
    let first = HeifBox::at(head, 0)?;
    if &first.kind != b"ftyp" {
        return None;
    }
    let content = head.get(first.content..first.end.min(head.len()))?;
    let (major, rest) = content.split_at_checked(4)?;
    let (compatible, _) = rest.get(4..).unwrap_or_default().as_chunks::<4>();
    let brands = || std::iter::once(major).chain(compatible.iter().map(<[u8; 4]>::as_slice));
    if brands().any(|brand| HEVC.contains(&brand)) {
        Some(Coding::Hevc)
    } else if brands().any(|brand| AV1.contains(&brand)) {
        Some(Coding::Av1)
    } else {
        brands().any(|brand| ANY.contains(&brand)).then_some(Coding::Hevc)
    }
}

/// A box of the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeifBox {
    /// Its kind.
    pub kind: [u8; 4],
    /// Where its content begins.
    pub content: usize,
    /// Where it ends, which may be behind what there is.
    pub end: usize,
}

impl HeifBox {
    /// The box that begins here, if anything like one does.
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let header = bytes.get(at..)?;
        let (length, kind) = (u32::from_be_bytes(*header.first_chunk()?), *header.get(4..)?.first_chunk::<4>()?);
        if !kind.iter().all(|letter| letter.is_ascii_graphic() || *letter == b' ') {
            return None;
        }
        let (header_bytes, length) = match length {
            0 => (8, bytes.len() - at),
            1 => (16, usize::try_from(u64::from_be_bytes(*header.get(8..)?.first_chunk()?)).ok()?),
            length => (8, usize::try_from(length).ok()?),
        };
        (length >= header_bytes).then_some(Self { kind, content: at + header_bytes, end: at.checked_add(length)? })
    }

    /// Where its content stands.
    #[must_use]
    pub const fn range(&self) -> Range<usize> {
        self.content..self.end
    }
}

/// The boxes of a file that are there whole, up to anything that is none, or to the next
/// file's first.
pub fn boxes(bytes: &[u8]) -> impl Iterator<Item = HeifBox> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let found = HeifBox::at(bytes, at).filter(|found| found.end <= bytes.len())?;
        if at > 0 && &found.kind == b"ftyp" {
            return None;
        }
        at = found.end;
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_pictures_are_coded_is_told_by_the_brands() {
        for (case, head, expected) in [
            ("an iPhone's", &b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], Some(Coding::Hevc)),
            ("a generic one", b"\0\0\0\x14ftypmif1\0\0\0\0mif1", Some(Coding::Hevc)),
            ("a generic one of AV1", b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", Some(Coding::Av1)),
            ("AVIF", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", Some(Coding::Av1)),
            ("an AVIF sequence", b"\0\0\0\x18ftypavis\0\0\0\0msf1avis", Some(Coding::Av1)),
            ("a burst", b"\0\0\0\x1cftypmsf1\0\0\0\0msf1hevcmif1", Some(Coding::Hevc)),
            ("a coding of which little is known", b"\0\0\0\x18ftypavci\0\0\0\0avcimif1", Some(Coding::Hevc)),
            ("a brand behind the box", b"\0\0\0\x14ftypmp42\0\0\0\0isomheic", None),
            ("a video", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", None),
            ("cut in the brands", b"\0\0\0\x18ftyphei", None),
        ] {
            assert_eq!(coding(head), expected, "{case}");
        }
    }

    #[test]
    fn a_file_ends_where_no_box_of_its_own_begins() {
        let file = b"\0\0\0\x10ftypheic\0\0\0\0\0\0\0\x0cmetaabcd\0\0\0\x09mdatx";
        let ends = |more: &[u8]| {
            let bytes = [file.as_slice(), more].concat();
            boxes(&bytes).last().map(|last| last.end)
        };
        for more in [&b""[..], b"\xFF\xD8\xFF\xE0", b"\x89PNG\r\n\x1a\n", file, b"\0\0\0\xFFmdat"] {
            assert_eq!(ends(more), Some(file.len()), "{more:?}");
        }
        assert_eq!(ends(b"\0\0\0\0free"), Some(file.len() + 8));
    }
}
