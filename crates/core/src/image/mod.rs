//! What an image is, from its bytes, and what a model reads of it.

pub mod behind;
mod bmp;
pub mod gif;
mod gzip;
pub mod heif;
pub mod jpeg;
mod others;
mod pnm;
pub mod tiff;
mod unreadable;

use std::borrow::Cow;

use infer::MatcherType;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

pub use unreadable::Unreadable;

/// Most bytes of an image that a model on Bedrock takes: 5 MiB of base64 text.
pub const MAX_IMAGE_BYTES: u64 = 3_932_160;

/// Most pixels along an edge that a model on Bedrock takes.
pub const MAX_EDGE_PIXELS: usize = 8_000;

/// Bytes of an object's beginning that [`Content::of`] needs to tell its kind.
pub const HEAD_BYTES: usize = 4_096;

/// The formats that can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG, animated PNG among them.
    Png,
    /// GIF.
    Gif,
    /// WebP.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// Windows icon.
    Ico,
    /// Portable bitmap, graymap or pixmap.
    Pnm,
    /// TIFF.
    Tiff,
    /// HEIF with pictures in HEVC, as phones write it.
    Heic,
    /// PDF, whose pages are drawn.
    Pdf,
}

impl ImageFormat {
    /// Whether models on Bedrock read it; the others are converted.
    #[must_use]
    pub const fn is_read_by_models(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Gif | Self::WebP)
    }

    /// The media type, as Bedrock wants it declared where models read the format.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Ico => "image/x-icon",
            Self::Pnm => "image/x-portable-anymap",
            Self::Tiff => "image/tiff",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
        }
    }
}

/// Tokens that the views of one image may cost, when it must be scaled or cut
/// up for the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub struct TokenBudget(pub u32);

impl TokenBudget {
    /// One view of the size that models read best.
    pub const MIN: Self = Self(1_600);
    /// Thirteen such views: an A4 page at 300 dpi unscaled, a photograph of 40
    /// megapixels at half its width.
    pub const DEFAULT: Self = Self(20_000);
}

/// A rectangle of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Area {
    /// Pixels left of it.
    pub x: u32,
    /// Pixels above it.
    pub y: u32,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// Something in a file that is not to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover {
    /// The page, frame or picture that it is on, of a file with several; counted from 1.
    pub page: Option<u32>,
    /// Where it is there.
    pub area: Area,
}

impl Area {
    /// The smallest that holds both.
    #[must_use]
    pub fn around(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let end = |start: u32, length: u32| start.saturating_add(length);
        let right = end(self.x, self.width).max(end(other.x, other.width));
        let bottom = end(self.y, self.height).max(end(other.y, other.height));
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// Whether any of it lies in another.
    #[must_use]
    pub fn touches(self, other: Self) -> bool {
        let meet = |start: u32, length: u32, other: u32, its: u32| {
            start < other.saturating_add(its) && other < start.saturating_add(length)
        };
        meet(self.x, self.width, other.x, other.width) && meet(self.y, self.height, other.y, other.height)
    }

    /// Where in a picture of the size `whole` this part of it lies, which is told in the pixels of a view of one area of
    /// the picture, shown at the size `shown`.
    #[must_use]
    pub fn within(self, shown: (u32, u32), area: Self, whole: (u32, u32)) -> Self {
        let (x, width) = stretched((self.x, self.width), shown.0, (area.x, area.width), whole.0);
        let (y, height) = stretched((self.y, self.height), shown.1, (area.y, area.height), whole.1);
        Self { x, y, width, height }
    }
}

/// Start and length on a longer scale, at least one pixel, within the whole.
fn stretched((start, length): (u32, u32), shown: u32, area: (u32, u32), whole: u32) -> (u32, u32) {
    let scaled = |at: u64| (at * u64::from(area.1)).div_euclid(u64::from(shown.max(1))) + u64::from(area.0);
    let from = scaled(start.into()).min(u64::from(whole.saturating_sub(1)));
    let to = scaled((u64::from(start) + u64::from(length)).min(shown.into()))
        .clamp(from + 1, u64::from(whole).max(from + 1));
    (u32::try_from(from).unwrap_or(u32::MAX), u32::try_from(to - from).unwrap_or(u32::MAX))
}

/// What an object's first bytes say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// An image that can be judged.
    Image(ImageFormat),
    /// A picture coded as AV1.
    Avif,
    /// Something with pictures in it that nobody reads here: another image
    /// format, a drawing, a video.
    OtherPicture,
    /// Surely no picture: text, an archive, a program, a document, sound.
    NoPicture,
    /// Bytes that say nothing.
    Unknown,
}

impl Content {
    /// Tells content by the first [`HEAD_BYTES`] bytes of an object, or all of a smaller one.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        // Signatures of two or three letters are also how a text begins, and a
        // TIFF's header may happen to look like a camera's raw file.
        if let Some(format) = short_signature(head) {
            return Self::Image(format);
        }
        if is_pdf(head) {
            return Self::Image(ImageFormat::Pdf);
        }
        match heif::coding(head) {
            Some(heif::Coding::Hevc) => return Self::Image(ImageFormat::Heic),
            Some(heif::Coding::Av1) => return Self::Avif,
            None => {}
        }
        let is_of_medicine = head.get(128..132) == Some(b"DICM");
        if is_of_medicine || others::begins(head) || is_packed_drawing(head) || is_float_map(head) {
            return Self::OtherPicture;
        }
        let Some(kind) = infer::get(head) else {
            // A film, or pictures, of a kind that is not known by name.
            return if head.get(4..8) == Some(b"ftyp") { Self::OtherPicture } else { text_content(head) };
        };
        match (kind.matcher_type(), kind.mime_type()) {
            (_, "image/jpeg") => Self::Image(ImageFormat::Jpeg),
            (_, "image/png" | "image/apng") => Self::Image(ImageFormat::Png),
            (_, "image/webp") => Self::Image(ImageFormat::WebP),
            (_, "image/vnd.microsoft.icon") => Self::Image(ImageFormat::Ico),
            // No header of the format's, but no text either: a damaged one.
            (_, "image/gif" | "image/bmp") => match (text_content(head), kind.mime_type()) {
                (Self::Unknown, "image/gif") => Self::Image(ImageFormat::Gif),
                (Self::Unknown, _) => Self::Image(ImageFormat::Bmp),
                (text, _) => text,
            },
            (MatcherType::Image | MatcherType::Video, _) | (_, "application/postscript") => Self::OtherPicture,
            (MatcherType::Text, _) => text_content(head),
            _ => Self::NoPicture,
        }
    }
}

/// Whether this is a portable map of floats (`.pfm`), which may hold nothing that no text does.
fn is_float_map(head: &[u8]) -> bool {
    matches!(head, [b'P', b'F' | b'f', b'\n' | b'\r' | b' ', rest @ ..] if rest.trim_ascii_start().first().is_some_and(u8::is_ascii_digit))
}

/// Whether this is a drawing packed by gzip (`.svgz`).
fn is_packed_drawing(head: &[u8]) -> bool {
    let packed = gzip::body(head);
    let begun = packed.map(|packed| match decompress_to_vec_with_limit(packed, HEAD_BYTES) {
        Ok(all) => all,
        // The head ends before it does, or it is longer.
        Err(stopped) => stopped.output,
    });
    begun.is_some_and(|begun| text_content(&begun) == Content::OtherPicture)
}

/// Formats whose first letters alone say too little.
fn short_signature(head: &[u8]) -> Option<ImageFormat> {
    if tiff::is_tiff(head) {
        Some(ImageFormat::Tiff)
    } else if is_gif(head) {
        Some(ImageFormat::Gif)
    } else if bmp::begins(head) {
        Some(ImageFormat::Bmp)
    } else if head.starts_with(&[0, 0, 2, 0])
        && head.get(4..6).is_some_and(|count| count != [0, 0])
        && head.get(9) == Some(&0)
    {
        // A cursor, which is an icon with a hot spot.
        Some(ImageFormat::Ico)
    } else if pnm::begins(head) {
        Some(ImageFormat::Pnm)
    } else {
        None
    }
}

fn is_gif(head: &[u8]) -> bool {
    head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a")
}

/// A PDF's header stands at its beginning, or behind what readers pass over.
fn is_pdf(head: &[u8]) -> bool {
    const HEADER: &[u8] = b"%PDF-";
    /// Bytes within which readers look for it.
    const WITHIN: usize = 1_024;
    let begins = |at: usize| {
        matches!(head.get(at + 5..), Some([b'0'..=b'9', b'.', b'0'..=b'9', ..]))
            && at
                .checked_sub(1)
                .and_then(|before| head.get(before))
                .is_some_and(|before| !matches!(before, b' '..=b'~'))
    };
    if head.starts_with(HEADER) {
        return true;
    }
    // Elsewhere a text may name it, and a picture's metadata.
    memchr::memmem::find_iter(&head[..head.len().min(WITHIN)], HEADER).any(begins)
        && memchr::memmem::find(head, b" obj").is_some()
        && infer::get(head).is_none_or(|kind| kind.mime_type() == "application/pdf")
}

fn text_content(head: &[u8]) -> Content {
    match text(head) {
        None => Content::Unknown,
        Some(text) if is_picture_in_letters(&text) || ends_before_its_elements(head, &text) => Content::OtherPicture,
        Some(_) => Content::NoPicture,
    }
}

/// Whether the head of a longer XML is spent on comments and declarations: it may be a drawing.
fn ends_before_its_elements(head: &[u8], text: &str) -> bool {
    // What is named within a comment or a declaration is no element.
    // The declarations within one have ends of their own, and behind them is its end.
    const NOTES: [(&str, &str); 4] = [("<!--", "-->"), ("<?", "?>"), ("<!", ">"), ("]", ">")];
    let mut left = text.trim_start_matches('\u{feff}').trim_start();
    if head.len() < HEAD_BYTES || !left.starts_with("<?xml") && !left.starts_with("<!") {
        return false;
    }
    while let Some((_, end)) = NOTES.iter().find(|(begins, _)| left.starts_with(begins)) {
        match left.split_once(end) {
            Some((_, behind)) => left = behind.trim_start(),
            None => return true,
        }
    }
    left.is_empty()
}

/// Whether a text is a drawing, a picture with a header in letters, or one that is also a program's source.
fn is_picture_in_letters(text: &str) -> bool {
    // Of Radiance, of telescopes, of spacecraft, of scanners of bodies.
    const HEADERS: [&str; 5] = ["#?R", "SIMPLE  =", "LBLSIZE=", "PDS_VERSION_ID", "NRRD000"];
    let is_of_x11 = || {
        let lines = text.trim_start();
        let defines = |name: &str| {
            let named =
                |line: &str| Some(line.strip_prefix("#define")?.split_ascii_whitespace().next()?.ends_with(name));
            text.lines().any(|line| named(line) == Some(true))
        };
        lines.starts_with("/* XPM") || lines.starts_with("! XPM") || (defines("_width") && defines("_height"))
    };
    // Its namespace may have a prefix.
    let is_element = |at: usize| {
        text[..at].rsplit_once('<').is_some_and(|(_, prefix)| prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    let is_prefixed = || text.match_indices(":svg").any(|(at, _)| is_element(at));
    ["<svg", "<!DOCTYPE svg"].iter().any(|begins| text.contains(begins))
        || HEADERS.iter().any(|begins| text.starts_with(begins))
        || is_prefixed()
        || is_of_x11()
}

/// Bytes as the text that they are: in UTF-8, in UTF-16 behind its mark, or in an older encoding, of
/// which what is not ASCII stays unknown. No picture has so many bytes without one that no text holds.
fn text(head: &[u8]) -> Option<Cow<'_, str>> {
    /// So many bytes tell an older encoding if any of them is ASCII, which no pale pixel is; of fewer most must be.
    const TELLING: usize = 64;
    let text = match (head, std::str::from_utf8(head)) {
        ([0xFF, 0xFE, units @ ..], _) => utf_16(units, u16::from_le_bytes)?.into(),
        ([0xFE, 0xFF, units @ ..], _) => utf_16(units, u16::from_be_bytes)?.into(),
        (_, Ok(text)) => text.into(),
        // A character may be cut at the end of the head.
        (_, Err(error)) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default().into()
        }
        _ => {
            let ascii = head.iter().filter(|byte| byte.is_ascii()).count();
            let is_told = head.len() >= TELLING && ascii > 0;
            (is_told || ascii * 3 >= head.len() * 2).then(|| String::from_utf8_lossy(head))?
        }
    };
    let is_binary = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b');
    (!text.is_empty() && !text.chars().any(is_binary)).then_some(text)
}

/// UTF-16, of which the last character may be cut.
fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, _) = bytes.as_chunks::<2>();
    let mut units: Vec<u16> = units.iter().map(|bytes| unit(*bytes)).collect();
    if units.last().is_some_and(|last| matches!(last, 0xD800..=0xDBFF)) {
        units.pop();
    }
    String::from_utf16(&units).ok()
}

/// Width and height in pixels, as the image's header says; `None` when the
/// given bytes do not reach that far or the header is damaged.
#[must_use]
pub fn dimensions(head: &[u8]) -> Option<(usize, usize)> {
    imagesize::blob_size(head).ok().map(|size| (size.width, size.height))
}

/// Whether an image may have more frames than the one a model looks at; `None`
/// when the given bytes do not reach far enough to tell.
///
/// A GIF only tells at its end, so each may.
#[must_use]
pub fn may_be_animated(format: ImageFormat, head: &[u8]) -> Option<bool> {
    match format {
        ImageFormat::Gif => Some(true),
        ImageFormat::WebP => Some(head.get(12..16) == Some(b"VP8X") && head.get(20)? & 0x02 != 0),
        // An animated PNG has an `acTL` chunk before its pixels.
        ImageFormat::Png => png_has(head, *b"acTL"),
        _ => Some(false),
    }
}

/// Whether an image may have transparent parts, which a model may show on a
/// ground that hides what is drawn there; `None` when the given bytes do not
/// reach far enough to tell.
#[must_use]
pub fn may_be_transparent(format: ImageFormat, head: &[u8]) -> Option<bool> {
    match format {
        ImageFormat::Png => match head.get(25)? {
            4 | 6 => Some(true),
            _ => png_has(head, *b"tRNS"),
        },
        ImageFormat::WebP => Some(match head.get(12..16)? {
            b"VP8X" => head.get(20)? & 0x10 != 0,
            // The bit behind the 28 of width and height.
            b"VP8L" => head.get(24)? & 0x10 != 0,
            _ => false,
        }),
        _ => Some(false),
    }
}

/// Whether programs may differ in what they show of an image; `None` when the given bytes do not reach far enough to tell.
#[must_use]
pub fn may_be_shown_in_two_ways(format: ImageFormat, head: &[u8]) -> Option<bool> {
    match format {
        ImageFormat::Jpeg => jpeg::is_of_unsaid_inks(head),
        _ => Some(false),
    }
}

/// Whether a PNG has a chunk before its pixels.
fn png_has(head: &[u8], wanted: [u8; 4]) -> Option<bool> {
    let mut at = 8_usize;
    loop {
        let chunk = head.get(at..)?;
        let (length, kind) = (chunk.first_chunk::<4>()?, chunk.get(4..8)?);
        if kind == wanted {
            return Some(true);
        }
        match kind {
            b"IDAT" | b"IEND" => return Some(false),
            _ => at = at.checked_add(12)?.checked_add(usize::try_from(u32::from_be_bytes(*length)).ok()?)?,
        }
    }
}

/// The media type that a key's extension claims; `None` for an extension that
/// is no image's, or none at all.
#[must_use]
pub fn media_type_of_key(key: &str) -> Option<&'static str> {
    Some(match extension(key)?.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "jpe" | "jfif" => "image/jpeg",
        "png" | "apng" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "bmp" | "dib" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "avif" => "image/avif",
        "svg" | "svgz" => "image/svg+xml",
        "ico" | "cur" => "image/x-icon",
        "jxl" => "image/jxl",
        "jp2" | "j2k" => "image/jp2",
        "psd" => "image/vnd.adobe.photoshop",
        _ => return None,
    })
}

/// The extension of a key's last path segment, without its dot.
#[must_use]
pub fn extension(key: &str) -> Option<&str> {
    let name = key.rsplit('/').next().unwrap_or(key);
    match name.rsplit_once('.') {
        Some((_, extension)) if !extension.is_empty() => Some(extension),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    #[test]
    fn a_part_of_a_view_is_told_in_the_pixels_of_the_whole() {
        let area = |x, y, width, height| Area { x, y, width, height };
        for (part, shown, of, whole, expected) in [
            (area(10, 20, 30, 40), (100, 100), area(0, 0, 100, 100), (100, 100), area(10, 20, 30, 40)),
            (area(10, 20, 30, 40), (100, 100), area(0, 0, 200, 200), (200, 200), area(20, 40, 60, 80)),
            (area(10, 20, 30, 40), (100, 100), area(500, 600, 100, 100), (900, 900), area(510, 620, 30, 40)),
            (area(90, 90, 30, 40), (100, 100), area(0, 0, 100, 100), (100, 100), area(90, 90, 10, 10)),
            (area(100, 100, 0, 0), (100, 100), area(0, 0, 100, 100), (100, 100), area(99, 99, 1, 1)),
        ] {
            assert_eq!(part.within(shown, of, whole), expected, "{part:?} of {of:?}");
        }
    }

    #[test]
    fn areas_touch_where_they_share_a_pixel_and_one_is_around_both() {
        let area = |x, y, width, height| Area { x, y, width, height };
        for (one, other, touch, around) in [
            (area(10, 10, 20, 5), area(25, 12, 20, 5), true, area(10, 10, 35, 7)),
            (area(10, 10, 20, 5), area(30, 10, 20, 5), false, area(10, 10, 40, 5)),
            (area(0, 0, 90, 90), area(30, 30, 1, 1), true, area(0, 0, 90, 90)),
            (area(0, 50, 9, 9), area(0, 0, 9, 9), false, area(0, 0, 9, 59)),
        ] {
            assert_eq!((one.touches(other), other.touches(one)), (touch, touch), "{one:?}, {other:?}");
            assert_eq!((one.around(other), other.around(one)), (around, around), "{one:?}, {other:?}");
        }
    }

    #[test]
    fn content_is_told_by_the_bytes() {
        let webp = b"RIFF\x1a\0\0\0WEBPVP8L";
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        let packed = |content: &[u8], flags: u8| {
            let name = if flags == 8 { &b"a.svg\0"[..] } else { b"" };
            [b"\x1F\x8B\x08", &[flags, 0, 0, 0, 0, 0, 3][..], name, &compress_to_vec(content, 6)].concat()
        };
        let drawing = (0..2_000_u32).fold(b"<svg width=\"1\">".to_vec(), |svg, n| {
            [svg, format!("<path d=\"M{}\"/>", n * n).into_bytes()].concat()
        });
        let shift_jis = b"\x82\xB1\x82\xCC\x83y\x81[\x83W".repeat(7);
        for (name, head, expected) in [
            ("jpeg", &b"\xFF\xD8\xFF\xE0\0\x10JFIF"[..], Content::Image(ImageFormat::Jpeg)),
            ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Content::Image(ImageFormat::Png)),
            ("gif", b"GIF89a\x01\0\x01\0", Content::Image(ImageFormat::Gif)),
            ("webp", webp, Content::Image(ImageFormat::WebP)),
            ("heic", heic, Content::Image(ImageFormat::Heic)),
            ("avif", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", Content::Avif),
            ("tiff", b"II*\0\x08\0\0\0\x0e\0\xfe\0\x04\0\x01\0", Content::Image(ImageFormat::Tiff)),
            ("bmp", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", Content::Image(ImageFormat::Bmp)),
            ("icon", b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0", Content::Image(ImageFormat::Ico)),
            ("pixmap", b"P6\n16 16\n255\n", Content::Image(ImageFormat::Pnm)),
            ("a text that begins like a pixmap", b"P1 incidents of today", Content::NoPicture),
            ("a list that begins like a pixmap", b"P1\n5 things\n", Content::NoPicture),
            ("a table that begins like a pixmap", b"P2 10 20 of 30", Content::NoPicture),
            ("a bitmap of digits", b"P1 # made by hand\n2 2\n0110", Content::Image(ImageFormat::Pnm)),
            ("a text that begins like a bitmap", b"BMW and others: a list of the cars in the yard", Content::NoPicture),
            ("a text that begins like a GIF", b"GIF or JPEG: which one is better for a page?", Content::NoPicture),
            ("a text that begins with a GIF's name", b"GIFs of the year", Content::NoPicture),
            ("an OS/2 bitmap", b"BM\x46\0\0\0\0\0\0\0\x56\0\0\0\x40\0\0\0", Content::Image(ImageFormat::Bmp)),
            ("a TIFF with a C and an R", b"II*\0\x43\x52\0\0CR\x01\0", Content::Image(ImageFormat::Tiff)),
            ("a TIFF with offsets of eight bytes", b"II+\0\x08\0\0\0", Content::Image(ImageFormat::Tiff)),
            ("a cursor", b"\0\0\x02\0\x01\0\x20\x20\0\0\0\0", Content::Image(ImageFormat::Ico)),
            ("pdf", b"%PDF-1.7\n", Content::Image(ImageFormat::Pdf)),
            ("pdf behind something", b"\xEF\xBB\xBFhello\n%PDF-1.4\n1 0 obj\n<<>>", Content::Image(ImageFormat::Pdf)),
            ("a text about pdf", b"A PDF begins with %PDF-1.4 and has objects", Content::NoPicture),
            ("mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", Content::OtherPicture),
            ("the codes of a JPEG 2000", b"\xFF\x4F\xFF\x51\0\x2F\0\0\0\0\x03\x20", Content::OtherPicture),
            ("svgz", &packed(b"<svg width=\"1\">", 0), Content::OtherPicture),
            ("svgz with a name", &packed(b"<svg width=\"1\">", 8), Content::OtherPicture),
            ("svgz that is cut", &packed(&drawing, 0)[..1_000], Content::OtherPicture),
            ("svgz that is long", &packed(&drawing, 8), Content::OtherPicture),
            ("a packed text", &packed(b"hello there", 0), Content::NoPicture),
            ("a packed nothing", b"\x1F\x8B\x08\0\0\0\0\0\0\0", Content::NoPicture),
            ("floats", b"PF\n800 600\n-1.0\n\xA0\xA0\x7A\x3F", Content::OtherPicture),
            ("a text that begins like floats", b"PF and others", Content::NoPicture),
            ("a picture of X11", b"/* XPM */\nstatic char *a[] = {\n\"2 2 2 1\",", Content::OtherPicture),
            ("an older one", b"#define a_width 16\n#define a_height 8\nstatic char a_bits[] = {", Content::OtherPicture),
            ("a program", b"#define WIDTH 16\n#define the_width 8\nint main() {}", Content::NoPicture),
            ("pale pixels", &b"\xC1\xC2\xC4\xB9\xA5".repeat(100), Content::Unknown),
            ("a dense text of Japan", &[&b"\xC6\xFC\xCB\xDC\xB8\xEC".repeat(16)[..], b"\n"].concat(), Content::NoPicture),
            ("svg", b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\">", Content::OtherPicture),
            ("svg behind more than the head", format!("<?xml version=\"1.0\"?><!--{}", " <!-- ".repeat(999)).as_bytes(), Content::OtherPicture),
            ("svg behind a comment about elements", format!("<?xml version=\"1.0\"?><!-- <x> {}", "x".repeat(5_000)).as_bytes(), Content::OtherPicture),
            ("no svg behind a comment", format!("<!-- <x> --><p>{}", "x".repeat(5_000)).as_bytes(), Content::NoPicture),
            ("svg behind many declarations", format!("<!DOCTYPE x [{}", "<!ENTITY a '5'>".repeat(999)).as_bytes(), Content::OtherPicture),
            ("a long XML", format!("<?xml version=\"1.0\"?><list>{}", "<!-- item -->".repeat(999)).as_bytes(), Content::NoPicture),
            ("a short XML without elements", b"<?xml version=\"1.0\"?><!-- nothing -->", Content::NoPicture),
            ("a picture of a telescope", b"SIMPLE  =                    T / a comment", Content::OtherPicture),
            ("a text that begins like one", b"SIMPLE = easy", Content::NoPicture),
            ("a picture of the body", b"NRRD0004\ntype: uchar\n", Content::OtherPicture),
            ("a film of a kind that is not known", b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", Content::OtherPicture),
            ("svg with a prefix", b"<?xml version=\"1.0\"?><s:svg xmlns:s=\"http://www.w3.org/2000/svg\"/>", Content::OtherPicture),
            ("a text about svg", b"a < b and c:svg", Content::NoPicture),
            ("a picture of medicine", &[&[0; 128][..], b"DICM\x02\0"].concat(), Content::OtherPicture),
            ("bare svg", b"<svg width=\"1\">", Content::OtherPicture),
            ("zip", b"PK\x03\x04\x14\0\0\0", Content::NoPicture),
            ("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", Content::NoPicture),
            ("json", b"{\"a\": 1}", Content::NoPicture),
            ("korean text cut in a character", &"\u{c548}\u{b155}".as_bytes()[..5], Content::NoPicture),
            ("html", b"<!DOCTYPE html><html><body>hi</body></html>", Content::NoPicture),
            ("a text in Latin-1 that begins like a bitmap", b"BMW-H\xE4ndler", Content::NoPicture),
            ("a text in Latin-1", b"Stra\xDFe und Hausnummer: M\xFCnchner Stra\xDFe 5", Content::NoPicture),
            ("a text in Shift-JIS", &shift_jis, Content::NoPicture),
            ("a text in UTF-16", b"\xFF\xFEB\0M\0W\0\r\0\n\0", Content::NoPicture),
            ("a text in UTF-16, its highest bytes first, cut", b"\xFE\xFF\0B\0M\xD8\x3D\xDE", Content::NoPicture),
            ("a drawing in UTF-16", b"\xFF\xFE<\0s\0v\0g\0>\0", Content::OtherPicture),
            ("a drawing in Latin-1", b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!-- \xE4 --><svg>", Content::OtherPicture),
            ("a bitmap with a damaged header", b"BM\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", Content::Image(ImageFormat::Bmp)),
            ("a few bytes that could be anything", b"BM\xFF\xFE\xFD\xFC", Content::Image(ImageFormat::Bmp)),
            ("UTF-16 with what no text holds", b"\xFF\xFEB\0\x01\0", Content::Unknown),
            ("noise", b"\x01\x02\x03\x04\xfe\xff\xfa", Content::Unknown),
            ("text with a NUL", b"hello\0there", Content::Unknown),
            ("empty", b"", Content::Unknown),
        ] {
            assert_eq!(Content::of(head), expected, "{name}");
        }
    }

    #[test]
    fn dimensions_come_from_the_header() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x23\x28\0\0\0\x10\x08\x02\0\0\0";
        assert_eq!(dimensions(png), Some((9000, 16)));
        assert_eq!(dimensions(&png[..12]), None);
    }

    #[test]
    fn an_animation_is_told_before_its_pixels() {
        let signature = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x23\x28\0\0\0\x10\x08\x02\0\0\0CRC!".as_slice();
        let png = |rest: &[u8]| [signature, rest].concat();
        for (case, format, head, expected) in [
            ("png", ImageFormat::Png, png(b"\0\0\0\x01tEXtaCRC!\0\0\0\x09IDAT"), Some(false)),
            ("animated png", ImageFormat::Png, png(b"\0\0\0\x01tEXtaCRC!\0\0\0\x08acTL"), Some(true)),
            ("png cut in its metadata", ImageFormat::Png, png(b"\0\0\x01\0tEXtabc"), None),
            ("png with a chunk of any length", ImageFormat::Png, png(b"\xFF\xFF\xFF\xFFtEXtabc"), None),
            ("webp", ImageFormat::WebP, b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x02\0\0\0".to_vec(), Some(false)),
            (
                "webp with metadata",
                ImageFormat::WebP,
                b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x0c\0\0\0".to_vec(),
                Some(false),
            ),
            ("animated webp", ImageFormat::WebP, b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0".to_vec(), Some(true)),
            ("gif", ImageFormat::Gif, b"GIF89a".to_vec(), Some(true)),
            ("jpeg", ImageFormat::Jpeg, vec![], Some(false)),
        ] {
            assert_eq!(may_be_animated(format, &head), expected, "{case}");
        }
    }

    #[test]
    fn transparent_parts_are_told_before_the_pixels() {
        let png = |colour: u8, rest: &[u8]| {
            [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08".as_slice(), &[colour, 0, 0, 0], b"CRC!", rest]
                .concat()
        };
        let webp = |rest: &[u8]| [b"RIFF\0\0\0\0WEBP".as_slice(), rest].concat();
        for (case, format, head, expected) in [
            ("grey and alpha", ImageFormat::Png, png(4, b""), Some(true)),
            ("colours and alpha", ImageFormat::Png, png(6, b""), Some(true)),
            ("a palette", ImageFormat::Png, png(3, b"\0\0\0\x01IDAT"), Some(false)),
            ("a palette with alpha", ImageFormat::Png, png(3, b"\0\0\0\x01tRNSaCRC!\0\0\0\x01IDAT"), Some(true)),
            ("a palette, cut", ImageFormat::Png, png(3, b""), None),
            ("webp, lossy", ImageFormat::WebP, webp(b"VP8 \0\0\0\0aaaaaaaa"), Some(false)),
            ("webp, lossless", ImageFormat::WebP, webp(b"VP8L\0\0\0\0\x2f\0\0\0\x0f"), Some(false)),
            ("webp, lossless with alpha", ImageFormat::WebP, webp(b"VP8L\0\0\0\0\x2f\0\0\0\x1f"), Some(true)),
            ("webp with alpha", ImageFormat::WebP, webp(b"VP8X\x0a\0\0\0\x10"), Some(true)),
            ("jpeg", ImageFormat::Jpeg, vec![], Some(false)),
        ] {
            assert_eq!(may_be_transparent(format, &head), expected, "{case}");
        }
    }

    #[test]
    fn a_key_claims_an_image_by_its_extension_alone() {
        for (key, expected) in [
            ("a/b.PNG", Some("image/png")),
            ("photo.jpeg", Some("image/jpeg")),
            ("\u{c0ac}\u{c9c4}.jpg", Some("image/jpeg")),
            ("archive.png.zip", None),
            ("dir.png/file", None),
            ("noextension", None),
            ("trailing.", None),
            (".png", Some("image/png")),
        ] {
            assert_eq!(media_type_of_key(key), expected, "{key}");
        }
    }
}
