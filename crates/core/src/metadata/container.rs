//! Where the metadata lies in a JPEG, PNG or WebP, found while its bytes pass by.

use super::{Told, exif, says_something, xmp};
use crate::{image::ImageFormat, pii::Finding};

/// Longest piece of metadata that is kept to be read, in bytes.
const MAX_PIECE: u64 = 4 * 1024 * 1024;

const EXIF_SEGMENT: &[u8] = b"Exif\0\0";
const XMP_SEGMENT: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const XMP_KEYWORD: &[u8] = b"XML:com.adobe.xmp";

/// Watches the bytes of an image pass by, in chunks of any size, and reads the
/// metadata among them.
pub struct Scanner {
    container: Container,
    state: State,
    /// A header or a piece, as far as it has come.
    buffer: Vec<u8>,
    told: Told,
}

#[derive(Clone, Copy)]
enum Container {
    Jpeg,
    Png,
    WebP,
}

enum State {
    /// A segment's or chunk's header comes next.
    Header,
    /// Bytes that are of no interest come next.
    Skip(u64),
    /// A piece of metadata comes next, then bytes of no interest.
    Piece { kind: Kind, left: usize, then: u64 },
    /// No more metadata can be told apart.
    Done,
}

#[derive(Clone, Copy)]
enum Kind {
    /// A JPEG's APP1 segment, of whatever kind.
    App1,
    Exif,
    Xmp,
    /// A PNG's text chunk.
    Text,
    /// A PNG's international text chunk.
    InternationalText,
}

enum Step {
    /// Bytes of the header that belong to nothing.
    Drop(usize),
    Next(State),
}

impl Scanner {
    /// For an image of a format. One of which no metadata is read while its
    /// bytes pass by has none.
    #[must_use]
    pub fn of(format: ImageFormat) -> Self {
        let (container, state) = match format {
            ImageFormat::Jpeg => (Container::Jpeg, State::Skip(2)),
            ImageFormat::Png => (Container::Png, State::Skip(8)),
            ImageFormat::WebP => (Container::WebP, State::Skip(12)),
            ImageFormat::Gif | ImageFormat::Bmp | ImageFormat::Ico | ImageFormat::Pnm | ImageFormat::Tiff => {
                (Container::Jpeg, State::Done)
            }
        };
        Self { container, state, buffer: Vec::new(), told: Told::default() }
    }

    /// Looks at the image's next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.state {
                State::Done => return,
                State::Skip(left) => {
                    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = &bytes[skipped..];
                    self.state = match left - skipped as u64 {
                        0 => State::Header,
                        left => State::Skip(left),
                    };
                }
                State::Header => {
                    let missing = self.container.header_bytes() - self.buffer.len();
                    if self.take(&mut bytes, missing) < missing {
                        return;
                    }
                    match self.container.step(&self.buffer) {
                        Step::Drop(count) => drop(self.buffer.drain(..count)),
                        Step::Next(state) => {
                            self.buffer.clear();
                            self.state = state;
                        }
                    }
                }
                State::Piece { kind, left, then } => {
                    let left = left - self.take(&mut bytes, left);
                    self.state = State::Piece { kind, left, then };
                    if left == 0 {
                        self.told |= kind.told(&self.buffer);
                        self.buffer.clear();
                        self.state = State::Skip(then);
                    }
                }
            }
        }
    }

    /// Moves as many bytes as there are, at most `count`, into the buffer.
    fn take(&mut self, bytes: &mut &[u8], count: usize) -> usize {
        let (taken, rest) = bytes.split_at(count.min(bytes.len()));
        self.buffer.extend_from_slice(taken);
        *bytes = rest;
        taken.len()
    }

    /// What the metadata that passed by tells.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.told.findings()
    }
}

impl Container {
    const fn header_bytes(self) -> usize {
        match self {
            Self::Jpeg => 4,
            Self::Png | Self::WebP => 8,
        }
    }

    fn step(self, header: &[u8]) -> Step {
        let piece = |kind, length: u64, then| {
            Step::Next(match usize::try_from(length) {
                Ok(left) if length <= MAX_PIECE => State::Piece { kind, left, then },
                _ => State::Skip(length.saturating_add(then)),
            })
        };
        match (self, header) {
            (Self::Jpeg, [0xFF, 0xFF, ..]) => Step::Drop(1),
            // Restart markers and the like stand alone.
            (Self::Jpeg, [0xFF, 0x01 | 0xD0..=0xD8, ..]) => Step::Drop(2),
            // The pixels begin, or the image ends.
            (Self::Jpeg, [0xFF, 0x00 | 0xD9 | 0xDA, ..]) => Step::Next(State::Done),
            (Self::Jpeg, &[0xFF, marker, high, low]) => {
                let length = u64::from(u16::from_be_bytes([high, low])).saturating_sub(2);
                if marker == 0xE1 { piece(Kind::App1, length, 0) } else { Step::Next(State::Skip(length)) }
            }
            (Self::Png, &[a, b, c, d, ref kind @ ..]) => {
                let length = u64::from(u32::from_be_bytes([a, b, c, d]));
                // Four bytes of checksum stand behind each chunk.
                match kind {
                    b"eXIf" => piece(Kind::Exif, length, 4),
                    b"tEXt" => piece(Kind::Text, length, 4),
                    b"iTXt" => piece(Kind::InternationalText, length, 4),
                    b"IEND" => Step::Next(State::Done),
                    _ => Step::Next(State::Skip(length + 4)),
                }
            }
            (Self::WebP, &[ref kind @ .., a, b, c, d]) => {
                let length = u64::from(u32::from_le_bytes([a, b, c, d]));
                match kind {
                    b"EXIF" => piece(Kind::Exif, length, length % 2),
                    b"XMP " => piece(Kind::Xmp, length, length % 2),
                    _ => Step::Next(State::Skip(length + length % 2)),
                }
            }
            _ => Step::Next(State::Done),
        }
    }
}

impl Kind {
    fn told(self, piece: &[u8]) -> Told {
        match self {
            Self::App1 => match (piece.strip_prefix(EXIF_SEGMENT), piece.strip_prefix(XMP_SEGMENT)) {
                (Some(tiff), _) => exif::told(tiff),
                (_, Some(packet)) => xmp::told(packet),
                (None, None) => Told::default(),
            },
            // Some writers put a JPEG's prefix into a WebP's chunk.
            Self::Exif => exif::told(piece.strip_prefix(EXIF_SEGMENT).unwrap_or(piece)),
            Self::Xmp => xmp::told(piece),
            Self::Text => match split_at_nul(piece) {
                Some((keyword, text)) => text_chunk(keyword, text),
                None => Told::default(),
            },
            Self::InternationalText => international_text(piece).unwrap_or_default(),
        }
    }
}

/// Keyword, whether and how it is compressed, language, translated keyword, text.
fn international_text(piece: &[u8]) -> Option<Told> {
    let (keyword, rest) = split_at_nul(piece)?;
    let [0, _, rest @ ..] = rest else { return None };
    let (_, rest) = split_at_nul(rest)?;
    let (_, text) = split_at_nul(rest)?;
    Some(if keyword == XMP_KEYWORD { xmp::told(text) } else { text_chunk(keyword, text) })
}

fn text_chunk(keyword: &[u8], text: &[u8]) -> Told {
    let person = matches!(keyword, b"Author" | b"Artist") && says_something(text);
    Told { person, ..Told::default() }
}

fn split_at_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let nul = bytes.iter().position(|byte| *byte == 0)?;
    Some((&bytes[..nul], &bytes[nul + 1..]))
}
