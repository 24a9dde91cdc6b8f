//! Where the metadata lies in a JPEG, PNG or WebP, found while its bytes pass by,
//! and what stands behind the picture.

use std::collections::BTreeMap;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::{MAX_PIECE, Told, exif, iptc, says_something, video, xmp};
use crate::{
    image::{
        ImageFormat, MAX_IMAGE_BYTES,
        behind::{self, Behind},
    },
    pii::Finding,
};

/// Most bytes that all compressed pieces of a picture come to when they are inflated.
const MAX_INFLATED: usize = 4 * MAX_PIECE;

/// Most codes that are searched at a time.
const MAX_CODES: usize = 65_536;

/// Most parts of XMP that was too long for one segment: 4 MiB take 65.
const MAX_PARTS: usize = 4_096;

const XMP_SEGMENT: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP_SEGMENT: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const PHOTOSHOP_SEGMENT: &[u8] = b"Photoshop 3.0\0";
/// Properties of a position in what vouches for a picture's origin (C2PA), which is JSON or CBOR.
const VOUCHED_POSITIONS: [&[u8]; 2] = [b"GPSLatitude", b"GPSLongitude"];

/// Within how many bytes such a position follows its name.
const NEAR: usize = 32;

/// What tells XMP that stands under another name.
const XMP_MARKS: [&[u8]; 4] = [b"<?xpacket", b"<x:xmpmeta", b"<rdf:RDF", b"<exif:"];

const XMP_KEYWORD: &[u8] = b"XML:com.adobe.xmp";
const RAW_PROFILE: &[u8] = b"Raw profile type ";

/// Watches the bytes of an image pass by, in chunks of any size, and reads the
/// metadata among them.
pub struct Scanner {
    container: Container,
    state: State,
    /// A header or a piece, as far as it has come.
    buffer: Vec<u8>,
    /// Bytes that have passed by, those of the last chunks aside.
    passed: u64,
    /// Where the picture ends; [`u64::MAX`] until that is known.
    end: u64,
    /// What stands behind it.
    behind: Vec<u8>,
    /// Where a JPEG's first codes begin; [`u64::MAX`] until that is known.
    codes_at: u64,
    /// The last of the bytes from there to its end, in which a signature may begin, or all from the first one on: another
    /// picture may stand among them. Not more than a model takes: what is larger is looked at whole.
    coded: Vec<u8>,
    /// Whether a signature stands among them.
    has_signature: bool,
    told: Told,
    /// XMP that was too long for one segment: its parts by their packet's name and place.
    extended: BTreeMap<(Vec<u8>, u32), Vec<u8>>,
    /// How many more bytes of it are kept.
    extended_left: usize,
    /// How many more bytes are inflated.
    inflated_left: usize,
    /// Photoshop's resources, which go on from segment to segment.
    photoshop: Vec<u8>,
    codes: Codes,
}

/// What was seen of an image whose bytes have passed by.
#[derive(Debug, PartialEq)]
pub struct Scanned {
    /// What its metadata tells.
    pub findings: Vec<Finding>,
    /// Why it must not go to a model as it is.
    pub doubt: Option<Doubt>,
}

/// Why an image may show less, or more, than a model would look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A JPEG ends early, or has so few bytes that much of it may be missing.
    Short,
    /// Other pictures stand behind it.
    NotAlone,
}

/// A JPEG's pixels, as far as their number and their codes' length tell of them.
#[derive(Default)]
struct Codes {
    /// Whether any have passed by.
    began: bool,
    pixels: u64,
    bytes: u64,
    /// How coarsely the first table divides, on average; 0 until it comes.
    divisor: u32,
}

impl Codes {
    /// Whether half of the picture could be missing: ordinary ones of the same quality
    /// take more than twice as many bits a pixel. Only what is below is looked at closely,
    /// which takes the less time the fewer bytes it has.
    const fn are_few(&self) -> bool {
        let tenths_of_bits_a_pixel = match self.divisor {
            0..=13 => 15,
            14..=30 => 10,
            _ => 7,
        };
        self.bytes * 80 < self.pixels * tenths_of_bits_a_pixel
    }
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
    Skip(u64, Then),
    /// A piece of metadata comes next, then bytes of no interest.
    Piece { kind: Kind, left: usize, then: u64 },
    /// A JPEG's codes come next, up to a marker.
    Codes,
    /// The JPEG has ended.
    Behind,
    /// Nothing more can be told apart.
    Lost,
}

#[derive(Clone, Copy)]
enum Then {
    Header,
    Codes,
}

#[derive(Clone, Copy)]
enum Kind {
    /// A WebP's own header.
    Riff,
    /// A JPEG's application segment.
    App1,
    App13,
    /// What vouches for the picture's origin.
    Vouched,
    /// A JPEG's table of divisors.
    Divisors,
    /// A JPEG's frame header.
    Frame,
    Exif,
    Xmp,
    /// A PNG's text chunk.
    Text,
    CompressedText,
    /// A PNG's international text chunk.
    InternationalText,
}

enum Step {
    /// Bytes of the header that belong to nothing.
    Drop(usize),
    Next(State),
    /// The picture ended behind so many bytes of the header.
    Ended(usize),
}

impl Scanner {
    /// For an image of a format. One of which no metadata is read while its
    /// bytes pass by has none.
    #[must_use]
    pub fn of(format: ImageFormat) -> Self {
        let (container, state) = match format {
            ImageFormat::Jpeg => (Container::Jpeg, State::Skip(2, Then::Header)),
            ImageFormat::Png => (Container::Png, State::Skip(8, Then::Header)),
            ImageFormat::WebP => {
                (Container::WebP, State::Piece { kind: Kind::Riff, left: behind::RIFF_HEADER, then: 0 })
            }
            ImageFormat::Gif
            | ImageFormat::Bmp
            | ImageFormat::Ico
            | ImageFormat::Pnm
            | ImageFormat::Tiff
            | ImageFormat::Heic
            | ImageFormat::Pdf => (Container::Jpeg, State::Lost),
        };
        Self {
            container,
            state,
            buffer: Vec::new(),
            passed: 0,
            end: u64::MAX,
            behind: Vec::new(),
            codes_at: u64::MAX,
            coded: Vec::new(),
            has_signature: false,
            told: Told::default(),
            extended: BTreeMap::new(),
            extended_left: MAX_PIECE,
            inflated_left: MAX_INFLATED,
            photoshop: Vec::new(),
            codes: Codes::default(),
        }
    }

    /// Looks at the image's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.walk(bytes);
        self.passed += bytes.len() as u64;
        let behind = usize::try_from(self.passed.saturating_sub(self.end)).unwrap_or(usize::MAX).min(bytes.len());
        let (own, behind) = bytes.split_at(bytes.len() - behind);
        self.behind.extend_from_slice(behind);
        let before = self.codes_at.saturating_sub(self.passed - bytes.len() as u64);
        let codes = own.get(usize::try_from(before).unwrap_or(usize::MAX)..).unwrap_or_default();
        for codes in codes.chunks(MAX_CODES) {
            self.keep_codes(codes);
        }
    }

    /// Keeps of a JPEG's codes what another picture may begin with, and all behind that: as a rule they hold no signature.
    fn keep_codes(&mut self, codes: &[u8]) {
        let left = usize::try_from(MAX_IMAGE_BYTES).unwrap_or(usize::MAX).saturating_sub(self.coded.len());
        self.coded.extend_from_slice(&codes[..codes.len().min(left)]);
        if self.has_signature {
            return;
        }
        let (before, length) = behind::SIGNATURE;
        let to = self.coded.len().saturating_sub(length);
        let found = behind::first_signature(&self.coded, 0..to);
        self.has_signature = found.is_some();
        self.coded.drain(..found.unwrap_or(to.saturating_sub(before)));
    }

    fn walk(&mut self, chunk: &[u8]) {
        let mut bytes = chunk;
        let passed = self.passed;
        let here = |rest: &[u8]| passed + (chunk.len() - rest.len()) as u64;
        while !bytes.is_empty() {
            match self.state {
                State::Lost => return,
                State::Behind => {
                    self.end = self.end.min(here(bytes));
                    return;
                }
                State::Skip(left, then) => {
                    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = &bytes[skipped..];
                    self.state = match left - skipped as u64 {
                        0 => then.state(),
                        left => State::Skip(left, then),
                    };
                }
                State::Header => {
                    let missing = self.container.header_bytes() - self.buffer.len();
                    if self.take(&mut bytes, missing) < missing {
                        return;
                    }
                    self.look_for_end(here(bytes));
                    match self.container.step(&self.buffer, self.codes.began) {
                        Step::Drop(count) => drop(self.buffer.drain(..count)),
                        Step::Ended(count) => {
                            self.behind.extend_from_slice(&self.buffer[count..]);
                            self.state = State::Behind;
                        }
                        Step::Next(state) => {
                            if matches!(state, State::Skip(_, Then::Codes)) {
                                self.codes.began = true;
                                self.codes_at = self.codes_at.min(here(bytes));
                            }
                            self.buffer.clear();
                            self.state = state;
                        }
                    }
                }
                State::Codes => self.skip_codes(&mut bytes),
                State::Piece { kind, left, then } => {
                    let left = left - self.take(&mut bytes, left);
                    self.state = State::Piece { kind, left, then };
                    if left == 0 {
                        let piece = std::mem::take(&mut self.buffer);
                        self.read(kind, &piece);
                        self.state = State::Skip(then, Then::Header);
                    }
                }
            }
        }
    }

    /// Looks whether a PNG or WebP ends with the chunk whose header has passed by up to `here`, or before
    /// it. Its chunks are read on: other readers read what metadata stands behind.
    fn look_for_end(&mut self, here: u64) {
        if here.saturating_sub(self.buffer.len() as u64) >= self.end {
            return;
        }
        let ends = match (self.container, self.buffer.as_slice()) {
            (Container::Png, &[a, b, c, d, ref kind @ ..]) => {
                let end = here + u64::from(u32::from_be_bytes([a, b, c, d])) + 4;
                if kind == b"IEND" {
                    self.end = end;
                }
                !behind::is_png_chunk(kind)
            }
            (Container::WebP, &[ref kind @ .., a, b, c, d]) => {
                let end = here + u64::from(u32::from_le_bytes([a, b, c, d]));
                !behind::is_riff_chunk(kind) || end > self.end
            }
            _ => false,
        };
        if ends {
            self.behind.clone_from(&self.buffer);
            self.end = here;
        }
    }

    /// Moves behind a JPEG's codes. A marker's first byte may be the last of the chunk: it is kept.
    fn skip_codes(&mut self, bytes: &mut &[u8]) {
        if self.buffer.is_empty() {
            let found = memchr::memchr(0xFF, bytes).unwrap_or(bytes.len());
            self.codes.bytes += found as u64;
            *bytes = &bytes[found..];
            self.take(bytes, 1);
        }
        let Some(marker) = bytes.first() else { return };
        match marker {
            // A byte of codes that looks like a marker, or restart markers.
            0x00 | 0xD0..=0xD7 => {
                *bytes = &bytes[1..];
                self.buffer.clear();
                self.codes.bytes += 1;
            }
            0xFF => *bytes = &bytes[1..],
            0xD9 => {
                *bytes = &bytes[1..];
                self.buffer.clear();
                self.state = State::Behind;
            }
            // The marker's first byte stands in the buffer already.
            _ => self.state = State::Header,
        }
    }

    /// Moves as many bytes as there are, at most `count`, into the buffer.
    fn take(&mut self, bytes: &mut &[u8], count: usize) -> usize {
        let (taken, rest) = bytes.split_at(count.min(bytes.len()));
        self.buffer.extend_from_slice(taken);
        *bytes = rest;
        taken.len()
    }

    fn read(&mut self, kind: Kind, piece: &[u8]) {
        match kind {
            Kind::Riff => {
                if let Some(length) = piece.get(4..).and_then(<[u8]>::first_chunk) {
                    let length = u64::from(u32::from_le_bytes(*length));
                    self.end = 8 + length + length % 2;
                }
            }
            Kind::App1 => match piece.strip_prefix(EXTENDED_XMP_SEGMENT) {
                // Name of the packet, its length, and where this part belongs.
                Some(part) if part.len() >= 40 => {
                    let (head, data) = part.split_at(40);
                    let place = head.last_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
                    if let Some(left) = self.extended_left.checked_sub(data.len())
                        && self.extended.len() < MAX_PARTS
                    {
                        self.extended_left = left;
                        self.extended.insert((head[..32].to_vec(), place), data.to_vec());
                    }
                }
                _ => self.told |= application(piece),
            },
            Kind::App13 => {
                if let Some(resources) = piece.strip_prefix(PHOTOSHOP_SEGMENT)
                    && self.photoshop.len() + resources.len() <= MAX_PIECE
                {
                    self.photoshop.extend_from_slice(resources);
                }
            }
            Kind::Divisors => {
                if let [0, divisors @ ..] = piece
                    && let Some(divisors) = divisors.first_chunk::<64>()
                {
                    self.codes.divisor = divisors.iter().map(|divisor| u32::from(*divisor)).sum::<u32>() / 64;
                }
            }
            Kind::Frame => {
                if let [_, h1, h0, w1, w0, ..] = *piece {
                    let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
                    self.codes.pixels = u64::from(height) * u64::from(width);
                }
            }
            Kind::Exif => {
                let told = match piece {
                    // A proposal that other readers follow: how it is compressed, its length, and EXIF.
                    [0, _, _, _, _, compressed @ ..] => exif::told_behind(&self.inflated(compressed), true),
                    _ => None,
                };
                // Some writers put a JPEG's prefix into a WebP's chunk.
                self.told |= told.or_else(|| exif::told_behind(piece, true)).unwrap_or_default();
            }
            Kind::Xmp => self.told |= xmp::told(piece),
            Kind::Vouched => self.told.location |= vouches_for_position(piece),
            Kind::Text => self.told |= text(piece).unwrap_or_default(),
            Kind::CompressedText => {
                let told = self.compressed_text(piece).unwrap_or_default();
                self.told |= told;
            }
            Kind::InternationalText => {
                let told = self.international_text(piece).unwrap_or_default();
                self.told |= told;
            }
        }
    }

    /// Keyword, how it is compressed, text.
    fn compressed_text(&mut self, piece: &[u8]) -> Option<Told> {
        let (keyword, [0, text @ ..]) = split_at_nul(piece)? else { return None };
        Some(named_text(keyword, &self.inflated(text)))
    }

    /// Keyword, whether and how it is compressed, language, translated keyword, text.
    fn international_text(&mut self, piece: &[u8]) -> Option<Told> {
        let (keyword, [compressed, 0, rest @ ..]) = split_at_nul(piece)? else { return None };
        let (_, rest) = split_at_nul(rest)?;
        let (_, text) = split_at_nul(rest)?;
        Some(if *compressed == 0 { named_text(keyword, text) } else { named_text(keyword, &self.inflated(text)) })
    }

    /// The text, as far as it comes before damage or the limit.
    fn inflated(&mut self, compressed: &[u8]) -> Vec<u8> {
        let limit = MAX_PIECE.min(self.inflated_left);
        let text = decompress_to_vec_zlib_with_limit(compressed, limit).unwrap_or_else(|error| error.output);
        self.inflated_left -= text.len().min(self.inflated_left);
        text
    }

    /// What was seen of the image, all of whose bytes have passed by.
    #[must_use]
    pub fn finish(self) -> Scanned {
        let (told, doubt) = self.told();
        Scanned { findings: told.findings(), doubt }
    }

    fn told(self) -> (Told, Option<Doubt>) {
        let mut told = self.told;
        let mut packets: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for ((name, _), part) in self.extended {
            packets.entry(name).or_default().extend(part);
        }
        for packet in packets.values() {
            told |= xmp::told(packet);
        }
        told |= iptc::told_by_photoshop(&self.photoshop, 0);

        let mut behind = self.behind;
        let coded = self.coded.len();
        if coded > 0 {
            behind = [self.coded, behind].concat();
            behind.drain(..behind::first(&behind, 0..coded).unwrap_or(coded));
        }
        let mut alone = true;
        for found in behind::told(&behind) {
            match found {
                Behind::Picture(..) => alone = false,
                Behind::Auxiliary(place) => {
                    let mut scanner = Self::of(ImageFormat::Jpeg);
                    scanner.push(&behind[place]);
                    told |= scanner.told().0;
                }
                Behind::Video(place) => told |= video::told(&behind[place]),
            }
        }
        let is_short = match (self.container, self.state) {
            (Container::Png | Container::WebP, _) | (_, State::Lost) => false,
            (Container::Jpeg, State::Behind) => self.codes.are_few(),
            (Container::Jpeg, _) => true,
        };
        let doubt = if alone { is_short.then_some(Doubt::Short) } else { Some(Doubt::NotAlone) };
        (told, doubt)
    }
}

impl Then {
    const fn state(self) -> State {
        match self {
            Self::Header => State::Header,
            Self::Codes => State::Codes,
        }
    }
}

impl Container {
    const fn header_bytes(self) -> usize {
        match self {
            Self::Jpeg => 4,
            Self::Png | Self::WebP => 8,
        }
    }

    fn step(self, header: &[u8], codes_began: bool) -> Step {
        let skip = |length: u64| Step::Next(State::Skip(length, Then::Header));
        let piece = |kind, length: u64, then| match usize::try_from(length) {
            Ok(left @ 1..=MAX_PIECE) => Step::Next(State::Piece { kind, left, then }),
            _ => skip(length.saturating_add(then)),
        };
        match (self, header) {
            (Self::Jpeg, [0xFF, 0xFF, ..]) => Step::Drop(1),
            // Another picture, where the end of the first is missing.
            (Self::Jpeg, [0xFF, 0xD8, ..]) if codes_began => Step::Ended(0),
            // Restart markers and the like stand alone.
            (Self::Jpeg, [0xFF, 0x00 | 0x01 | 0xD0..=0xD8, ..]) => Step::Drop(2),
            (Self::Jpeg, [0xFF, 0xD9, ..]) => Step::Ended(2),
            (Self::Jpeg, &[0xFF, marker, high, low]) => {
                let length = u64::from(u16::from_be_bytes([high, low])).saturating_sub(2);
                match marker {
                    0xC0..=0xC2 => piece(Kind::Frame, length, 0),
                    0xDA => Step::Next(State::Skip(length, Then::Codes)),
                    0xDB => piece(Kind::Divisors, length, 0),
                    0xE1 => piece(Kind::App1, length, 0),
                    0xEB => piece(Kind::Vouched, length, 0),
                    0xED => piece(Kind::App13, length, 0),
                    _ => skip(length),
                }
            }
            // Bytes between segments belong to nothing.
            (Self::Jpeg, _) => Step::Drop(1),
            (Self::Png, &[a, b, c, d, ref kind @ ..]) => {
                let length = u64::from(u32::from_be_bytes([a, b, c, d]));
                // Four bytes of checksum stand behind each chunk.
                match kind {
                    kind if kind.eq_ignore_ascii_case(b"eXIf") || kind.eq_ignore_ascii_case(b"zxIf") => {
                        piece(Kind::Exif, length, 4)
                    }
                    b"caBX" => piece(Kind::Vouched, length, 4),
                    b"tEXt" => piece(Kind::Text, length, 4),
                    b"zTXt" => piece(Kind::CompressedText, length, 4),
                    b"iTXt" => piece(Kind::InternationalText, length, 4),
                    _ => skip(length + 4),
                }
            }
            (Self::WebP, &[ref kind @ .., a, b, c, d]) => {
                let length = u64::from(u32::from_le_bytes([a, b, c, d]));
                match kind {
                    b"EXIF" => piece(Kind::Exif, length, length % 2),
                    b"XMP " => piece(Kind::Xmp, length, length % 2),
                    b"C2PA" => piece(Kind::Vouched, length, length % 2),
                    // Another file, whose kind stands before its chunks.
                    b"RIFF" => skip(4),
                    _ => skip(length + length % 2),
                }
            }
            _ => Step::Next(State::Lost),
        }
    }
}

/// Whether what vouches for a picture's origin says where it was taken: a name of a position and a number right behind it.
fn vouches_for_position(piece: &[u8]) -> bool {
    let is_position = |at: usize, name: &[u8]| {
        let behind = &piece[at + name.len()..piece.len().min(at + name.len() + NEAR)];
        !behind.starts_with(b"Ref") && behind.iter().any(|byte| matches!(byte, b'1'..=b'9'))
    };
    let mut names = VOUCHED_POSITIONS.into_iter();
    names.any(|name| memchr::memmem::find_iter(piece, name).any(|at| is_position(at, name)))
}

/// What a JPEG's application segment tells, or what stands elsewhere as such a segment.
fn application(piece: &[u8]) -> Told {
    if let Some(packet) = piece.strip_prefix(XMP_SEGMENT) {
        return xmp::told(packet);
    }
    exif::told_behind(piece, false).unwrap_or_else(|| {
        // XMP under another name, as some writers put it there.
        let is_named = piece.starts_with(b"http") || piece.starts_with(b"XMP\0");
        let begins = |mark: &[u8]| memchr::memmem::find(piece, mark).is_some();
        match memchr::memchr(b'<', piece) {
            Some(start) if is_named || XMP_MARKS.iter().any(|mark| begins(mark)) => xmp::told(&piece[start..]),
            _ => Told::default(),
        }
    })
}

/// Keyword, text.
fn text(piece: &[u8]) -> Option<Told> {
    let (keyword, text) = split_at_nul(piece)?;
    Some(named_text(keyword, text))
}

fn named_text(keyword: &[u8], text: &[u8]) -> Told {
    let is_named = |names: &[&str]| names.iter().any(|name| keyword.eq_ignore_ascii_case(name.as_bytes()));
    if keyword == XMP_KEYWORD {
        xmp::told(text)
    } else if keyword.get(..RAW_PROFILE.len()).is_some_and(|start| start.eq_ignore_ascii_case(RAW_PROFILE)) {
        raw_profile(text)
    } else {
        let ends_as = |name: &[u8]| {
            keyword.len() >= name.len() && keyword[keyword.len() - name.len()..].eq_ignore_ascii_case(name)
        };
        Told {
            location: (ends_as(b"GPSLatitude") || ends_as(b"GPSLongitude"))
                && text.iter().any(|byte| matches!(byte, b'1'..=b'9')),
            authorship: is_named(&["Author", "Artist", "exif:Artist"]) && says_something(text),
            person: false,
        }
    }
}

/// A profile as text: its name and length on lines of their own, and its bytes in
/// hexadecimal digits.
fn raw_profile(text: &[u8]) -> Told {
    let mut lines = text.trim_ascii_start().splitn(3, |byte| *byte == b'\n');
    let Some(digits) = lines.nth(2) else { return Told::default() };
    let digits: Vec<u8> = digits
        .iter()
        .filter_map(|digit| char::from(*digit).to_digit(16))
        .filter_map(|digit| digit.try_into().ok())
        .collect();
    let (pairs, _) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    let mut told = application(&bytes);
    if bytes.starts_with(b"8BIM") {
        told |= iptc::told_by_photoshop(&bytes, 0);
    } else if bytes.first() == Some(&0x1C) {
        told |= iptc::told(&bytes);
    } else if bytes.starts_with(b"<") {
        told |= xmp::told(&bytes);
    }
    told
}

fn split_at_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let nul = bytes.iter().position(|byte| *byte == 0)?;
    Some((&bytes[..nul], &bytes[nul + 1..]))
}
