//! PDF: pages, what hangs on them, and what is missing.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use warden_core::pii::Category;

use super::{
    parts::{dark_or_light, unread, with_position},
    *,
};

/// A document of these objects, numbered from 1, the first of which is its root.
fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n", index + 1).bytes().chain(object.iter().copied()).chain(*b"\nendobj\n"));
    }
    let table = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        bytes.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let size = objects.len() + 1;
    bytes.extend(format!("trailer\n<< /Size {size} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{table}\n%%EOF\n").bytes());
    bytes
}

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<< {dictionary} /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}

/// A page: what its dictionary says, what is drawn on it, and the objects that it brings. `@` stands
/// for the number of the first of them.
#[derive(Clone)]
struct Sheet {
    says: String,
    drawn: Vec<u8>,
    brings: Vec<Vec<u8>>,
}

impl Sheet {
    fn drawn(drawn: &[u8]) -> Self {
        Self { says: "/Resources << >>".into(), drawn: stream("", drawn), brings: Vec::new() }
    }

    /// A picture over all of it.
    fn picture(picture: Vec<u8>) -> Self {
        Self {
            says: "/Resources << /XObject << /I @ 0 R >> >>".into(),
            drawn: stream("", b"q 595 0 0 842 0 0 cm /I Do Q"),
            brings: vec![picture],
        }
    }

    fn resources(mut self, resources: &str) -> Self {
        self.says = format!("/Resources << {resources} >>");
        self
    }

    fn saying(mut self, more: &str) -> Self {
        self.says += more;
        self
    }

    fn bringing(mut self, more: Vec<u8>) -> Self {
        self.brings.push(more);
        self
    }
}

/// A document of these pages; what its root says; what else is in it, `#` for the number of the first.
fn document_with(sheets: &[Sheet], says: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![Vec::new(), Vec::new(), b"<< /Producer (a test) >>".to_vec()];
    let mut kids = String::new();
    for sheet in sheets {
        let number = objects.len() + 1;
        kids.extend([number.to_string().as_str(), " 0 R "]);
        let says = sheet.says.replace('@', &(number + 2).to_string());
        objects.push(
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R {says} >>", number + 1)
                .into_bytes(),
        );
        objects.push(sheet.drawn.clone());
        objects.extend(sheet.brings.iter().cloned());
    }
    let first = (objects.len() + 1).to_string();
    objects[0] = format!("<< /Type /Catalog /Pages 2 0 R {} >>", says.replace('#', &first)).into_bytes();
    objects[1] = format!("<< /Type /Pages /Count {} /Kids [{kids}] >>", sheets.len()).into_bytes();
    objects.extend(more.iter().cloned());
    for object in &mut objects[2..] {
        if let Ok(text) = std::str::from_utf8(object) {
            *object = text.replace("# 0 R", &format!("{first} 0 R")).into_bytes();
        }
    }
    file(&objects)
}

fn document(sheets: &[Sheet]) -> Vec<u8> {
    document_with(sheets, "", &[])
}

/// The same on pages that are drawn sooner.
fn on_small_pages(mut bytes: Vec<u8>) -> Vec<u8> {
    const A4: &[u8] = b"[0 0 595 842]";
    let places: Vec<_> = memchr::memmem::find_iter(&bytes, A4).collect();
    for at in places {
        bytes[at..at + A4.len()].copy_from_slice(b"[0 0 200 200]");
    }
    bytes
}

/// A page with a black square at its top left.
const SQUARE: &[u8] = b"0 g 0 742 100 100 re f";

fn light() -> Sheet {
    Sheet::drawn(b"0.9 g 100 100 50 50 re f")
}

fn dark() -> Sheet {
    Sheet::drawn(b"0 g 0 0 595 842 re f")
}

fn jpeg_picture(jpeg: &[u8]) -> Vec<u8> {
    stream("/Subtype /Image /Width 595 /Height 842 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", jpeg)
}

fn deflated(samples: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(samples, 6)
}

/// Whether each view is dark at this place of its first tile.
fn dark_pages(bytes: &[u8]) -> Vec<bool> {
    let mut pages = Vec::new();
    for view in shown(bytes.to_vec(), ImageFormat::Pdf) {
        if (view.area.x, view.area.y) == (0, 0) {
            pages.push(is_dark(&decoded(&view), 30, 30));
        }
    }
    pages
}

fn reason(bytes: Vec<u8>) -> Option<Unreadable> {
    unread(bytes, ImageFormat::Pdf)
}

#[test]
fn every_page_counts() {
    let bytes = document(&[light(), dark(), light()]);
    assert_eq!(Content::of(&bytes), Content::Image(ImageFormat::Pdf));
    assert_eq!(dark_pages(&bytes), [false, true, false]);
    let shown = views(bytes, ImageFormat::Pdf, TokenBudget::DEFAULT).unwrap();
    let pages: BTreeSet<_> = shown.views.iter().map(|view| view.page).collect();
    assert_eq!(pages, BTreeSet::from([1, 2, 3].map(Some)));
    let whole = whole_view(document(&[dark(), light()]), ImageFormat::Pdf, TokenBudget::DEFAULT).unwrap();
    assert!(is_dark(&decoded(&whole), 30, 30));
}

#[test]
fn pages_beyond_the_bound_say_so_behind_those_that_are_shown() {
    let book =
        |page: Sheet, count| views(document(&vec![page; count]), ImageFormat::Pdf, TokenBudget::DEFAULT).unwrap();
    let small = book(light().saying("/MediaBox [0 0 40 30]"), 12);
    assert_eq!((small.views.len(), small.unread), (12, None));
    let long = book(light(), 13);
    assert_eq!((long.views.len(), long.unread), (12, Some(Unreadable::TooManyPages)));
    // Small print stays readable: at 100 dots per inch or more.
    assert!(long.views.iter().all(|view| decoded(view).width() >= 827));
}

#[test]
fn a_page_is_shown_as_a_reader_shows_it() {
    let corner = |sheet: Sheet| {
        let view = shown(document(&[sheet]), ImageFormat::Pdf).remove(0);
        (view.whole, decoded(&view))
    };
    let ((width, height), seen) = corner(Sheet::drawn(SQUARE));
    assert!((1_650..1_656).contains(&width) && (2_335..2_341).contains(&height), "{width} by {height}");
    assert!(is_dark(&seen, 30, 30));
    // A quarter to the right: it is at the top right, which the first of the tiles does not show.
    let ((width, height), seen) = corner(Sheet::drawn(SQUARE).saying("/Rotate 90"));
    assert!(width > height && !is_dark(&seen, 30, 30));
    let ((width, _), seen) = corner(Sheet::drawn(SQUARE).saying("/CropBox [200 100 500 700]"));
    assert!((830..836).contains(&width) && !is_dark(&seen, 30, 30));
    // A small page is drawn larger, and one that is a picture with a point for each pixel hardly.
    let ((width, height), _) = corner(Sheet::drawn(b"").saying("/MediaBox [0 0 20 10]"));
    assert_eq!((width, height), (1_000, 500));
    let picture = stream("/Subtype /Image /Width 4 /Height 4 /ColorSpace /DeviceGray /BitsPerComponent 8", &[90; 16]);
    let ((width, _), _) = corner(Sheet::picture(picture).saying("/MediaBox [0 0 3000 4000]"));
    assert!((3_000..=3_850).contains(&width), "{width}");
}

#[test]
fn text_pictures_drawings_and_notes_are_drawn() {
    let picture = RgbImage::from_pixel(595, 842, Rgb([0; 3]));
    let jpeg = encoded(&picture.clone().into(), image::ImageFormat::Jpeg);
    let image = "/Subtype /Image /Width 595 /Height 842 /BitsPerComponent 8";
    for (case, sheet) in [
        (
            "text",
            Sheet::drawn(b"BT /F 900 Tf -200 300 Td (MMMM) Tj ET")
                .saying("/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >> >> >>"),
        ),
        ("a JPEG", Sheet::picture(jpeg_picture(&jpeg))),
        (
            "samples",
            Sheet::picture(stream(
                &format!("{image} /ColorSpace /DeviceRGB /Filter /FlateDecode"),
                &deflated(picture.as_raw()),
            )),
        ),
        (
            "plain samples of a profile's colours",
            Sheet::picture(stream(
                &format!("{image} /ColorSpace [/Indexed /DeviceGray 1 <00FF>]"),
                &vec![0; 595 * 842],
            )),
        ),
        ("a drawing in a drawing", Sheet::picture(stream("/Subtype /Form /BBox [0 0 1 1]", b"0 g 0 0 1 1 re f"))),
        (
            "a note's looks",
            Sheet::drawn(b"")
                .saying("/Annots [<< /Subtype /FreeText /Rect [0 0 595 842] /AP << /N @ 0 R >> >>]")
                .bringing(stream("/Subtype /Form /BBox [0 0 595 842]", b"0 g 0 0 595 842 re f")),
        ),
    ] {
        let views = shown(document(&[sheet]), ImageFormat::Pdf);
        let dark = views.iter().any(|view| decoded(view).pixels().filter(|pixel| pixel.0[0] < 60).count() > 5_000);
        assert!(dark, "{case}");
    }
}

/// What other programs wrote, in `tests/documents`.
macro_rules! written {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/documents/", $name)).as_slice()
    };
}

#[test]
fn pictures_in_the_codings_of_scanners_are_drawn() {
    for (coding, bytes) in
        [("Group 4", written!("ccitt.pdf")), ("JBIG2", written!("jbig2.pdf")), ("JPEG 2000", written!("jpx.pdf"))]
    {
        assert_eq!(dark_pages(bytes), [true], "{coding}");
    }
}

#[test]
fn a_scan_without_the_end_of_its_codes_is_noticed() {
    for (case, bytes, from, to) in [
        // The length of a segment.
        ("JBIG2", written!("jbig2.pdf"), b"\x01\0\0\0\x44".as_slice(), b"\x01\0\0\x09\x44".as_slice()),
        ("JPEG 2000", written!("jpx.pdf"), b"\xFF\xD9\nendstream", b"\0\0\nendstream"),
    ] {
        let mut cut = bytes.to_vec();
        let at = find_behind(&cut, from) - from.len();
        cut[at..at + to.len()].copy_from_slice(to);
        assert_eq!(reason(cut), Some(Unreadable::DamagedDocument), "{case}");
    }
}

/// In the other two codings any bits are a picture, but for their end.
#[test]
fn a_fax_that_ends_before_its_page_is_noticed() {
    let mut fax = written!("ccitt.pdf").to_vec();
    let picture = fax.windows(6).position(|window| window == b"/Image").unwrap();
    let data = picture + find_behind(&fax[picture..], b"stream\n");
    let end = data + find_behind(&fax[data..], b"endstream") - b"endstream".len();
    // Its data is overwritten from the middle on; its length stays.
    fax[data + (end - data) / 2..end - 1].fill(0);
    let seen = views(fax, ImageFormat::Pdf, TokenBudget::DEFAULT);
    assert!(seen.is_err() || seen.is_ok_and(|shown| shown.unread.is_some()));
}

/// Where what follows `what` begins.
fn find_behind(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).unwrap() + what.len()
}

#[test]
fn a_document_that_opens_without_a_password_is_shown_however_it_is_written() {
    for (case, bytes) in [
        ("AES-256", written!("encrypted-aes-256-without-password.pdf")),
        ("AES-128", written!("encrypted-aes-128-without-password.pdf")),
        ("RC4", written!("encrypted-rc4-without-password.pdf")),
        ("linearized", written!("linearized.pdf")),
        ("objects in streams", written!("object-streams.pdf")),
    ] {
        assert_eq!(dark_pages(bytes), [true, false], "{case}");
    }
    let locked = written!("encrypted-with-password.pdf").to_vec();
    assert_eq!(reason(locked), Some(Unreadable::EncryptedDocument));
    let cut = written!("linearized.pdf");
    assert_eq!(reason(cut[..cut.len() / 2].to_vec()), Some(Unreadable::DamagedDocument));
}

#[test]
fn what_is_missing_on_a_page_is_never_taken_for_white() {
    let jpeg = encoded(&marked(595, 842).into(), image::ImageFormat::Jpeg);
    let samples = deflated(marked(595, 842).as_raw());
    let image = "/Subtype /Image /Width 595 /Height 842 /BitsPerComponent 8 /ColorSpace /DeviceRGB";
    for (case, sheet) in [
        ("a JPEG that is cut", Sheet::picture(jpeg_picture(&jpeg[..jpeg.len() / 2]))),
        ("a JPEG that is none", Sheet::picture(jpeg_picture(b"nothing"))),
        (
            "samples that are cut",
            Sheet::picture(stream(&format!("{image} /Filter /FlateDecode"), &samples[..samples.len() / 2])),
        ),
        ("too few samples", Sheet::picture(stream(&format!("{image} /Filter /FlateDecode"), &deflated(&[0; 5_000])))),
        ("no samples", Sheet::picture(stream(image, b""))),
        ("a picture that is not there", Sheet::picture(b"null".to_vec())),
        (
            "a drawing that is cut",
            Sheet {
                drawn: {
                    let whole = deflated(&SQUARE.repeat(50));
                    stream("/Filter /FlateDecode", &whole[..whole.len() / 2])
                },
                ..light()
            },
        ),
        ("a drawing that is not there", Sheet { drawn: b"null".to_vec(), ..light() }),
        ("a page that is cropped to nothing", light().saying("/CropBox [5000 5000 6000 6000]")),
        (
            "a field whose looks are left to the reader",
            light().saying("/Annots [<< /Subtype /Widget /FT /Tx /V (Jane Roe) /Rect [0 0 9 9] >>]"),
        ),
        (
            "a field that its parent fills in",
            light().saying("/Annots [<< /Subtype /Widget /Parent << /FT /Tx /V (Jane Roe) >> /Rect [0 0 9 9] >>]"),
        ),
    ] {
        assert_eq!(reason(document(&[light(), sheet])), Some(Unreadable::DamagedDocument), "{case}");
    }
    for (case, sheet) in [
        ("an empty field", light().saying("/Annots [<< /Subtype /Widget /FT /Tx /V () /Rect [0 0 9 9] >>]")),
        ("a link", light().saying("/Annots [<< /Subtype /Link /Rect [0 0 9 9] >>]")),
    ] {
        assert_eq!(reason(document(&[sheet])), None, "{case}");
    }
}

#[test]
fn a_document_that_is_cut_is_damaged_wherever() {
    let jpeg = encoded(&marked(595, 842).into(), image::ImageFormat::Jpeg);
    let bytes = document(&[light(), Sheet::picture(jpeg_picture(&jpeg)), light()]);
    for share in [1, 5, 20, 40, 60, 80, 90, 97, 99] {
        let cut = bytes[..bytes.len() * share / 100].to_vec();
        assert_eq!(reason(cut), Some(Unreadable::DamagedDocument), "{share} %");
    }
    let end = bytes.windows(9).rposition(|window| window == b"startxref").unwrap();
    let guessed = [&bytes[..end / 2], b"\nstartxref\n40\n%%EOF\n"].concat();
    assert_eq!(reason(guessed), Some(Unreadable::DamagedDocument));
}

#[test]
fn readers_forgive_what_stands_around_a_document() {
    let bytes = document(&[light(), dark()]);
    for (case, bytes) in [
        ("a mark of its encoding", [b"\xEF\xBB\xBF".as_slice(), &bytes].concat()),
        ("a printer's command", [b"\x1B%-12345X@PJL ENTER LANGUAGE=PDF\n".as_slice(), &bytes].concat()),
        ("line ends behind it", [&bytes[..], b"\r\n\0\0\r\n"].concat()),
    ] {
        assert_eq!(Content::of(&bytes), Content::Image(ImageFormat::Pdf), "{case}");
        assert_eq!(dark_pages(&bytes), [false, true], "{case}");
    }
    let jpeg = dark_or_light(true, image::ImageFormat::Jpeg);
    assert_eq!(dark_pages(&[&document(&[light()])[..], b"\n", &jpeg].concat()), [false, true], "a picture behind it");
    let photograph = dark_or_light(false, image::ImageFormat::Jpeg);
    let behind: Vec<_> = shown([&photograph[..], &document(&[dark()])].concat(), ImageFormat::Jpeg)
        .iter()
        .map(|view| is_dark(&decoded(view), 30, 20))
        .collect();
    assert!(behind.contains(&true) && !behind[0], "behind a picture: {behind:?}");
}

#[test]
fn a_document_without_pages_says_so() {
    assert_eq!(reason(document(&[])), Some(Unreadable::DamagedDocument));
    assert_eq!(reason(b"%PDF-1.7\n".to_vec()), Some(Unreadable::DamagedDocument));
    let form = document_with(&[light()], "/NeedsRendering true", &[]);
    assert_eq!(reason(form), Some(Unreadable::DamagedDocument));
}

#[test]
fn files_in_a_document_are_looked_at() {
    let attached = |data: &[u8]| {
        let more = [b"<< /Type /Filespec /F (a) /EF << /F # 0 R >> >>".to_vec(), stream("", data)];
        // The file follows its description, whose number is one less.
        let names = "/Names << /EmbeddedFiles << /Names [(a) # 0 R] >> >>";
        let mut bytes = document_with(&[light()], names, &more);
        let at = bytes.windows(8).position(|window| window == b"/EF << /").unwrap();
        let digit = at + 10;
        bytes[digit] += 1;
        bytes
    };
    assert_eq!(dark_pages(&attached(&dark_or_light(true, image::ImageFormat::Png))), [false, true]);
    assert_eq!(dark_pages(&attached(&document(&[dark()]))), [false, true]);
    assert_eq!(reason(attached(b"Jane Roe, 12 May 1980")), Some(Unreadable::EmbeddedFile));
    assert_eq!(reason(attached(b"PK\x03\x04\x14\0\0\0")), Some(Unreadable::EmbeddedFile));
    let nested = (0..4).fold(document(&[light()]), |inner, _| attached(&inner));
    assert_eq!(reason(nested), Some(Unreadable::EmbeddedFile));
}

#[test]
fn the_metadata_of_what_is_in_a_document_is_told() {
    let photograph = with_position(dark_or_light(false, image::ImageFormat::Jpeg));
    let attached = |file: &[u8]| document_with(&[light()], "", &[stream("/Type /EmbeddedFile", file)]);
    let shown = |photograph: &[u8]| {
        let says = "/Subtype /Image /Width 60 /Height 40 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /DCTDecode";
        document(&[Sheet::picture(stream(says, photograph))])
    };
    let told = |bytes: &[u8]| -> Vec<Category> {
        metadata(ImageFormat::Pdf, bytes).into_iter().map(|finding| finding.category).collect()
    };
    for (case, bytes) in [
        ("a photograph on a page", shown(&photograph)),
        ("a photograph that is attached", attached(&photograph)),
        ("one in a document in it", attached(&shown(&photograph))),
    ] {
        assert_eq!(told(&bytes), [Category::LocationMetadata], "{case}");
    }
    assert_eq!(told(&shown(&dark_or_light(false, image::ImageFormat::Jpeg))), []);
}

#[test]
fn a_file_is_found_wherever_its_description_is_written() {
    let file = dark_or_light(true, image::ImageFormat::Png);
    let annotated = |description: &str| {
        let page = light().saying(&format!("/Annots [<< /Subtype /FileAttachment /Rect [0 0 9 9] {description} >>]"));
        document(&[page.bringing(stream("", &file))])
    };
    let named = |names: &str, of: &str| document_with(&[light()], names, &[stream(of, &file)]);
    for (case, bytes) in [
        ("in a note", annotated("/FS << /Type /Filespec /EF << /F @ 0 R >> >>")),
        ("in a note, by an unusual key", annotated("/FS << /EF << /Other @ 0 R >> >>")),
        (
            "in the list of names",
            named("/Names << /EmbeddedFiles << /Names [(a.png) << /EF << /UF # 0 R >> >>] >> >>", ""),
        ),
        (
            "in a list in lists",
            named(
                "/Names << /EmbeddedFiles << /Kids [<< /Kids [<< /Names [(a) << /EF << /F # 0 R >> >>] >>] >>] >> >>",
                "",
            ),
        ),
        ("beside another", named("/AF [<< /RF << /F [(a.png) # 0 R] >> >>]", "")),
        ("by its own word", named("", "/Type /EmbeddedFile")),
    ] {
        assert_eq!(dark_pages(&bytes), [false, true], "{case}");
    }
    assert_eq!(dark_pages(&named("/AF []", "")), [false], "a stream that nobody calls a file");
    assert_eq!(reason(annotated("/FS << /EF << /F 99 0 R >> >>")), Some(Unreadable::DamagedDocument), "not there");
}

#[test]
fn who_wrote_a_document_is_told() {
    let category = |bytes: &[u8]| metadata(ImageFormat::Pdf, bytes).first().map(|finding| finding.category);
    let by = |author: &str| {
        let bytes = document(&[light()]);
        let at = bytes.windows(19).position(|window| window == b"/Producer (a test) ").unwrap();
        let mut changed = bytes.clone();
        changed.splice(at..at + 18, format!("{author:<18}").bytes());
        changed
    };
    assert_eq!(category(&document(&[light()])), None);
    assert_eq!(category(&by("/Author (J Roe)")), Some(Category::AuthorshipMetadata));
    assert_eq!(category(&by("/Author ()")), None);
    let xmp = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,51.5N"/></rdf:RDF></x:xmpmeta>"#;
    let packet = stream("/Type /Metadata /Subtype /XML", xmp);
    assert_eq!(category(&document_with(&[light()], "/Metadata # 0 R", &[packet])), Some(Category::LocationMetadata));
}

#[test]
fn a_document_that_would_take_too_much_is_not_drawn() {
    let zeros = deflated(&vec![0; 300 * 1024 * 1024]);
    let bomb = Sheet { drawn: stream("/Filter /FlateDecode", &zeros), ..light() };
    assert_eq!(reason(document(&[bomb])), Some(Unreadable::TooLarge), "a drawing");
    let hexadecimal: Vec<u8> = zeros.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    let raw = zeros[2..zeros.len() - 4].to_vec();
    for (case, filters, data) in [
        ("two layers", "[/FlateDecode /FlateDecode]", deflated(&zeros)),
        ("behind digits", "[/ASCIIHexDecode /FlateDecode]", hexadecimal),
        ("without a header", "/FlateDecode", raw),
        ("runs", "/RunLengthDecode", [0x81, 0].repeat(2 << 20)),
        ("two layers of runs", "[/RunLengthDecode /RunLengthDecode]", [0x81, 0].repeat(9)),
    ] {
        let bytes = document(&[light().bringing(stream(&format!("/Filter {filters}"), &data))]);
        assert_eq!(reason(bytes), Some(Unreadable::TooLarge), "{case}");
    }
    for (filters, data) in [
        (
            "[/ASCIIHexDecode /FlateDecode]",
            deflated(SQUARE).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat().into_bytes(),
        ),
        ("/RunLengthDecode", [&[u8::try_from(SQUARE.len() - 1).unwrap()], SQUARE, &[128]].concat()),
    ] {
        let drawn = stream(&format!("/Filter {filters}"), &data);
        assert_eq!(dark_pages(&document(&[Sheet { drawn, ..light() }])), [true], "{filters}");
    }
    let huge = "/Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 1 /ColorSpace /DeviceGray";
    assert_eq!(reason(document(&[Sheet::picture(stream(huge, b"\0"))])), Some(Unreadable::TooLarge), "a picture");
}

#[test]
fn a_page_is_shown_readably_or_said_to_be_too_large() {
    let page = |width: u32, height: u32| {
        let print = b"BT /F 12 Tf 40 40 Td (the quick brown fox) Tj ET";
        Sheet::drawn(print)
            .resources("/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>")
            .saying(&format!("/MediaBox [0 0 {width} {height}]"))
    };
    for (case, width, height, least) in [
        ("A4", 595, 842, Some(100.0)),
        ("A3", 842, 1_191, Some(100.0)),
        ("a long page", 600, 3_000, Some(100.0)),
        ("a longer page", 600, 6_000, Some(100.0)),
        ("a page of a whole talk", 600, 14_400, None),
        ("A0", 2_384, 3_370, Some(80.0)),
        ("a sheet of five metres", 14_400, 14_400, None),
        ("a thread", 10, 14_400, None),
    ] {
        let shown = views(document(&[page(width, height)]), ImageFormat::Pdf, TokenBudget::DEFAULT);
        let dots = shown.as_ref().map_err(|why| *why).map(|shown| {
            assert_eq!(shown.unread, None, "{case}");
            let dots = |view: &View| {
                let scale = f64::from(decoded(view).width()) / f64::from(view.area.width);
                f64::from(view.whole.1) / f64::from(height) * 72.0 * scale
            };
            shown.views.iter().map(dots).fold(f64::MAX, f64::min)
        });
        match least {
            Some(least) => assert!(dots.is_ok_and(|dots| dots > least * 0.98), "{case}: {dots:?}"),
            None => assert_eq!(dots, Err(Unreadable::TooLarge), "{case}"),
        }
    }
}

/// Looks that are a drawing of drawings.
const AGAIN: &[u8] = b"/F Do ";

/// A form of one field, which is what it says and looks so, and what the form says.
fn form(field: &str, looks: &[u8], says: &str) -> Vec<u8> {
    let page = light()
        .saying(&format!("/Annots [<< /Subtype /Widget /Rect [9 9 90 30] /AP << /N @ 0 R >> {field} >>]"))
        .bringing(stream(
            "/Subtype /Form /BBox [0 0 90 20] /Resources << /XObject << /F # 0 R >> \
             /Font << /N << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences \
             [1 /J /a /n /e /space /R /o /four] >> >> /G << /Type /Font /Subtype /Type0 /BaseFont /Arial \
             /Encoding /Identity-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Arial \
             /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>] >> >> >>",
            looks,
        ));
    let text = stream("/Subtype /Form /BBox [0 0 90 20]", b"BT (Jane Roe) Tj ET");
    // Each draws the next, which has the next number, many times over.
    let again = (8..12).map(|next| {
        let uses = format!("/Subtype /Form /BBox [0 0 90 20] /Resources << /XObject << /F {next} 0 R >> >>");
        stream(&uses, &AGAIN.repeat(12))
    });
    let drawings: Vec<_> = again.take(if looks == AGAIN { 4 } else { 0 }).chain([text]).collect();
    document_with(&[page], &format!("/AcroForm << /Fields [] {says} >>"), &drawings)
}

#[test]
fn a_form_shows_what_is_written_in_it_or_is_said_to_be_damaged() {
    const ANEW: &str = "/NeedAppearances true";
    const NOT_SHOWN: Option<Unreadable> = Some(Unreadable::DamagedDocument);
    const NAMED: &[u8] = b"BT /N 9 Tf <0102030405060704> Tj ET";
    let blank = b"/Tx BMC EMC 0.9 g 0 0 90 20 re f".as_slice();
    let filled = b"/Tx BMC q BT /F 9 Tf (Jane) Tj [(Ro) -20 (e)] TJ ET Q EMC".as_slice();
    for (case, field, looks, says, expected) in [
        ("filled", "/FT /Tx /V (Jane Roe)", filled, "", None),
        ("filled, and made anew", "/FT /Tx /V (Jane Roe)", filled, ANEW, None),
        ("in two bytes a letter", "/FT /Tx /V <FEFF004A0061006E00650020>", filled, ANEW, None),
        ("filled behind its looks", "/FT /Tx /V (Jane Roe)", blank, "", NOT_SHOWN),
        ("filled behind its looks, and made anew", "/FT /Tx /V (Jane Roe)", blank, ANEW, NOT_SHOWN),
        ("with the looks of another value", "/FT /Tx /V (DE44 5001)", filled, ANEW, NOT_SHOWN),
        ("with another look, which counts", "/FT /Tx /V (4711.5)", b"BT (4,711.50 EUR) Tj ET", "", None),
        ("with another look, made anew", "/FT /Tx /V (4711.5)", b"BT (4,711.50 EUR) Tj ET", ANEW, None),
        ("empty", "/FT /Tx /V ()", blank, ANEW, None),
        ("a mark of an encoding alone", "/FT /Tx /V <FEFF>", blank, ANEW, None),
        ("spaces", "/FT /Tx /V (  )", blank, "", None),
        ("without a value", "/FT /Tx", blank, ANEW, None),
        ("a secret in dots", "/FT /Tx /Ff 8192 /V (hunter2)", b"BT (*******) Tj ET", ANEW, None),
        ("in a drawing in its looks", "/FT /Tx /V (Jane Roe)", b"q /F Do Q", ANEW, None),
        ("the parent's value", "/Parent << /FT /Tx /V (Jane Roe) >>", blank, ANEW, NOT_SHOWN),
        ("a choice by its name", "/FT /Ch /Opt [[(x1) (Jane Roe)]] /V (x1)", filled, ANEW, None),
        ("a choice that is not shown", "/FT /Ch /Opt [[(x1) (Jane Roe)]] /V (x1)", blank, ANEW, NOT_SHOWN),
        ("in codes of its font", "/FT /Tx /V (Jane Roe)", NAMED, ANEW, None),
        ("another value in codes of its font", "/FT /Tx /V (Jane Doe)", NAMED, ANEW, NOT_SHOWN),
        (
            "in numbers of glyphs",
            "/FT /Tx /V (Jane Roe)",
            b"BT /G 9 Tf <002D0044005100480003003500520048> Tj ET",
            ANEW,
            None,
        ),
        ("in too few numbers of glyphs", "/FT /Tx /V (Jane Roe)", b"BT /G 9 Tf <002D0044> Tj ET", ANEW, NOT_SHOWN),
        ("in looks without an end", "/FT /Tx /V (x)", AGAIN, "", Some(Unreadable::TooLarge)),
        ("a mark in a box", "/FT /Btn /V /Yes", blank, ANEW, None),
        ("a signature", "/FT /Sig /V << /Type /Sig /Name (Jane Roe) >>", blank, ANEW, None),
    ] {
        assert_eq!(reason(on_small_pages(form(field, looks, says))), expected, "{case}");
    }
}

#[test]
fn a_scan_is_judged_by_its_pixels_whatever_stands_in_it_that_nobody_sees() {
    let picture =
        || stream("/Subtype /Image /Width 4 /Height 4 /ColorSpace /DeviceGray /BitsPerComponent 8", &[90; 16]);
    let font = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
    let scan = |drawn: &str, says: &str| {
        let sheet = Sheet::drawn(drawn.as_bytes())
            .resources(&format!("{font} /XObject << /I @ 0 R /D # 0 R >>"))
            .saying(&format!("/MediaBox [0 0 400 1600] {says}"))
            .bringing(picture());
        let drawing = "/Subtype /Form /BBox [0 0 400 1600] /Resources << /XObject << /I 6 0 R >> >>";
        let bytes = document_with(
            &[sheet],
            "",
            &[
                stream(drawing, b"q 400 0 0 1600 0 0 cm /I Do Q"),
                stream("/Subtype /Form /BBox [0 0 90 90]", b"0 g 0 0 9 9 re f"),
                stream("/Subtype /Form /BBox [0 0 90 90]", b"BT /F 9 Tf (Jane Roe) Tj ET"),
            ],
        );
        views(bytes, ImageFormat::Pdf, TokenBudget(1_600)).map(|shown| shown.unread)
    };
    let image = "q 400 0 0 1600 0 0 cm /I Do Q ";
    let text = "BT /F 9 Tf 3 Tr 9 9 Td (Jane Roe) Tj ET";
    for (case, drawn, says, is_scan) in [
        ("a picture", image.to_owned(), "", true),
        ("with text that is not shown", format!("{image} {text}"), "", true),
        ("with text that is shown", format!("{image} {}", text.replace("3 Tr", "0 Tr")), "", false),
        ("with text behind that which is not shown", format!("{image} q {text} Q BT /F 9 Tf (x) Tj ET"), "", false),
        ("marked", format!("/Artifact BMC /Perceptual ri 1 i 2 w {image} EMC"), "", true),
        ("in a drawing", "q /D Do Q".to_owned(), "", true),
        ("two pictures", format!("{image} {image}"), "", false),
        ("a drawing twice", "q /D Do Q q /D Do Q".to_owned(), "", false),
        ("with lines", format!("{image} 0 0 m 90 90 l S"), "", false),
        ("nothing", "q Q".to_owned(), "", false),
        ("small on the page", "q 90 0 0 90 0 0 cm /I Do Q".to_owned(), "", false),
        ("small, and large behind it", "q 90 0 0 90 0 0 cm Q /I Do".to_owned(), "", false),
        ("in two steps, turned", "q 10 0 0 10 0 0 cm 0 160 -40 0 40 0 cm /I Do Q".to_owned(), "", true),
        ("with a link", image.to_owned(), "/Annots [<< /Subtype /Link /Rect [0 0 9 9] >>]", true),
        (
            "with a mark on it",
            image.to_owned(),
            "/Annots [<< /Subtype /Highlight /Rect [0 0 9 9] /AP << /N 8 0 R >> >>]",
            true,
        ),
        (
            "with a note on it",
            image.to_owned(),
            "/Annots [<< /Subtype /FreeText /Rect [0 0 9 9] /AP << /N 9 0 R >> >>]",
            false,
        ),
    ] {
        let expected = if is_scan { Ok(None) } else { Err(Unreadable::TooLarge) };
        assert_eq!(scan(&drawn, says), expected, "{case}");
    }
}

#[test]
fn fonts_that_share_the_pages_resources_are_looked_through_once() {
    let font = |at: usize| {
        format!(
            "/F{at} << /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 65 /LastChar 65 \
             /Widths [9] /Encoding << /Differences [65 /A] >> /CharProcs << /A 7 0 R >> /Resources # 0 R >> "
        )
    };
    let fonts = (0..10).map(font).collect::<Vec<_>>().concat();
    let drawn = stream("", b"BT /F0 1 Tf (A) Tj ET");
    let page = Sheet { says: "/Resources # 0 R".into(), drawn, brings: Vec::new() };
    let more = [format!("<< /Font << {fonts} >> >>").into_bytes(), stream("", b"9 0 d0 0 0 9 9 re f")];
    // Each in the others, as deep as drawings may stand in drawings, they would be a hundred million.
    assert_eq!(reason(on_small_pages(document_with(&[page], "", &more))), None);
}

#[test]
fn a_picture_counts_wherever_it_stands() {
    let jpeg = encoded(&marked(595, 842).into(), image::ImageFormat::Jpeg);
    let whole_or_cut = |data: &[u8], cut: bool| if cut { data[..data.len() / 2].to_vec() } else { data.to_vec() };
    let samples = deflated(
        &marked(90, 90)
            .as_raw()
            .iter()
            .enumerate()
            .map(|(at, grey)| grey ^ u8::try_from(at * 31 % 7).unwrap_or_default())
            .collect::<Vec<_>>(),
    );
    let inline = |cut| {
        [
            b"q 90 0 0 90 0 0 cm BI /W 90 /H 90 /CS /RGB /BPC 8 /F /Fl ID ".as_slice(),
            &whole_or_cut(&samples, cut),
            b"\nEI Q",
        ]
        .concat()
    };
    let uses = |says: &str, drawn: &[u8]| Sheet::drawn(drawn).resources(says);
    let with_picture = |kind: &str, cut: bool, sheet: Sheet| {
        let drawing = stream(
            &format!("{kind} /BBox [0 0 90 90] /Resources << /XObject << /I # 0 R >> >>"),
            b"q 90 0 0 90 0 0 cm /I Do Q",
        );
        document_with(&[sheet.bringing(drawing)], "", &[jpeg_picture(&whole_or_cut(&jpeg, cut))])
    };
    let mut wrong = Vec::new();
    for cut in [false, true] {
        let noise: Vec<u8> = (0..90 * 90_u32).map(|at| u8::try_from(at * at * 31 % 251).unwrap_or_default()).collect();
        let mask = whole_or_cut(&deflated(&noise), cut);
        let masked = |key: &str| {
            let of = "/Subtype /Image /Width 90 /Height 90 /BitsPerComponent 8 /ColorSpace /DeviceGray";
            let picture = stream(&format!("{of} /Filter /ASCIIHexDecode {key} # 0 R"), &b"C8".repeat(90 * 90));
            let mask = stream(&format!("{of} /Filter /FlateDecode"), &mask);
            document_with(&[Sheet::picture(picture)], "", &[mask])
        };
        let behind_another = {
            let data = deflated(&whole_or_cut(&jpeg, cut));
            let of = "/Subtype /Image /Width 595 /Height 842 /ColorSpace /DeviceRGB /BitsPerComponent 8";
            document(&[Sheet::picture(stream(&format!("{of} /Filter [/FlateDecode /DCTDecode]"), &data))])
        };
        for (case, bytes) in [
            ("in the page's drawing", document(&[Sheet::drawn(&inline(cut))])),
            (
                "in a drawing's drawing",
                document(&[Sheet::picture(stream("/Subtype /Form /BBox [0 0 90 90]", &inline(cut)))]),
            ),
            (
                "in a pattern",
                with_picture(
                    "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /XStep 90 /YStep 90",
                    cut,
                    uses("/Pattern << /P @ 0 R >>", b"/Pattern cs /P scn 0 0 300 300 re f"),
                ),
            ),
            (
                "in a stamp",
                with_picture("/Subtype /Form", cut, light().saying("/Annots [<< /Subtype /Stamp /Rect [0 0 90 90] /AP << /N @ 0 R >> >>]")),
            ),
            (
                "in a mask of what is drawn",
                with_picture(
                    "/Subtype /Form /Group << /S /Transparency /CS /DeviceGray >>",
                    cut,
                    uses("/ExtGState << /G << /SMask << /S /Luminosity /G @ 0 R >> >> >>", b"/G gs 0 g 0 0 90 90 re f"),
                ),
            ),
            (
                "in a glyph",
                document(&[uses(
                    "/Font << /F << /Type /Font /Subtype /Type3 /FontBBox [0 0 90 90] /FontMatrix [1 0 0 1 0 0] /FirstChar 65 \
                     /LastChar 65 /Widths [90] /Encoding << /Differences [65 /A] >> /CharProcs << /A @ 0 R >> >> >>",
                    b"BT /F 1 Tf (A) Tj ET",
                )
                .bringing(stream("", &[b"90 0 d0 ".as_slice(), &inline(cut)].concat()))]),
            ),
            ("as a soft mask", masked("/SMask")),
            ("as a JPEG behind another coding", behind_another),
        ] {
            let told = reason(on_small_pages(bytes));
            if told != cut.then_some(Unreadable::DamagedDocument) {
                wrong.push((case, cut, told));
            }
        }
    }
    assert_eq!(wrong, []);
}

/// What the text of a document's pages says.
fn texts(bytes: &[u8]) -> Vec<String> {
    let reading = Reading { texts: true, ..Reading::default() };
    let shown = views_and_read(bytes, ImageFormat::Pdf, TokenBudget::DEFAULT, reading).unwrap();
    shown.texts.into_iter().flatten().map(|text| text.text).collect()
}

#[test]
fn the_text_of_a_page_is_told_whatever_hides_it() {
    const FONTS: &str = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
    let page = |drawn: &str| Sheet::drawn(drawn.as_bytes()).resources(FONTS);
    let said = "BT /F 12 Tf 50 700 Td (Number 4929) Tj ( 6071) Tj ET";
    for (case, sheet, expected) in [
        ("plain", page(said), &["Number 4929 6071"][..]),
        ("under a bar", page(&format!("{said} 0 g 0 690 400 30 re f")), &["Number 4929 6071"]),
        ("in white", page(&format!("1 g {said}")), &["Number 4929 6071"]),
        ("invisible", page(&said.replace("Td", "Td 3 Tr")), &["Number 4929 6071"]),
        ("tiny", page(&said.replace("12 Tf", "0.5 Tf")), &["Number 4929 6071"]),
        ("outside of the page", page(said).saying("/CropBox [0 0 300 300]"), &["Number 4929 6071"]),
        ("on a page that is turned", page(said).saying("/Rotate 90"), &["Number 4929 6071"]),
        ("upwards", page(&said.replace("50 700 Td", "0 1 -1 0 300 100 Tm")), &["Number 4929 6071"]),
        (
            "drawn twice",
            page(&format!("{said} {}", said.replace("50 700", "50.3 700"))),
            &["Number 4929 6071", "Number 4929 6071"],
        ),
        ("letters moved apart", page("BT /F 12 Tf 50 700 Td [(A) -90 (B) -400 (C) -3000 (D)] TJ ET"), &["AB C", "D"]),
        (
            "words on their own",
            page("BT /F 12 Tf 50 700 Td (one) Tj 25 0 Td (two) Tj 0 -14 Td (three) Tj ET"),
            &["one two", "three"],
        ),
        (
            "over others",
            page("BT /F 12 Tf 50 700 Td (4929) Tj ET 1 g 0 690 400 30 re f 0 g BT /F 12 Tf 50 700 Td (XXXX) Tj ET"),
            &["4929", "XXXX"],
        ),
        ("none", light(), &[]),
    ] {
        assert_eq!(texts(&document(&[sheet])), expected, "{case}");
    }
    let two = document(&[page(said), page(said)]);
    let reading = Reading { texts: true, ..Reading::default() };
    let shown = views_and_read(&two, ImageFormat::Pdf, TokenBudget::DEFAULT, reading).unwrap();
    let pages: Vec<Vec<_>> = shown.texts.iter().map(|page| page.iter().map(|text| text.page).collect()).collect();
    assert_eq!(pages, [[Some(1)], [Some(2)]]);
    let Text { area, whole, .. } = shown.texts[0][0];
    assert!(
        whole.0 == 1652 && (130..145).contains(&area.x) && (200..300).contains(&area.width),
        "{area:?} of {whole:?}"
    );
    assert!((340..380).contains(&area.y) && (20..40).contains(&area.height), "{area:?}");
}

#[test]
fn the_text_of_an_attached_page_is_none_of_the_first() {
    const FONTS: &str = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
    let page = |said: &str| Sheet::drawn(format!("BT /F 12 Tf 50 700 Td ({said}) Tj ET").as_bytes()).resources(FONTS);
    let attached = stream("/Type /EmbeddedFile", &document(&[page("inner")]));
    let reading = Reading { texts: true, ..Reading::default() };
    let outer = document_with(&[page("outer")], "", &[attached]);
    let shown = views_and_read(&outer, ImageFormat::Pdf, TokenBudget::DEFAULT, reading).unwrap();
    let said: Vec<Vec<_>> = shown.texts.iter().map(|page| page.iter().map(|text| &*text.text).collect()).collect();
    assert_eq!(said, [["outer"], ["inner"]]);
}

#[test]
fn of_a_page_of_endless_text_the_beginning_is_told() {
    let page = |line: &str| {
        let drawn = format!("BT /F 1 Tf 0 700 Td {} ET", format!("({line}) Tj 0 -2 Td ").repeat(2_000));
        Sheet::drawn(drawn.as_bytes())
            .resources("/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>")
    };
    for (line, lines) in [("A", 1_000), (&*"word ".repeat(20), 300)] {
        assert_eq!(texts(&on_small_pages(document(&[page(line)]))).len(), lines, "{} letters", line.len());
    }
}

/// A share of all that there is, with so much time for documents.
fn share_for(time: Duration) -> Share {
    Share {
        budget: TokenBudget::DEFAULT,
        views: MAX_VIEWS,
        held: 0,
        codes: None,
        texts: false,
        overviews: false,
        until: Instant::now() + time,
    }
}

#[test]
fn a_page_is_as_large_as_its_units_are() {
    let page = |unit: &str| {
        let sheet = light().saying(&format!("/UserUnit {unit}"));
        reason(document(&[sheet]))
    };
    for (unit, expected) in [
        ("1", None),
        ("2", None),
        ("0.01", None),
        ("-1", None),
        ("75", Some(Unreadable::TooLarge)),
        ("1000000", Some(Unreadable::TooLarge)),
    ] {
        assert_eq!(page(unit), expected, "{unit}");
    }
}

#[test]
fn what_is_not_drawn_in_time_is_left() {
    // Five drawings in each other, each of which draws the next ten times.
    let form = |number: usize| {
        let says = "/Subtype /Form /BBox [0 0 200 200] /Group << /S /Transparency >>";
        stream(&format!("{says} /Resources << /XObject << /F {number} 0 R >> >>"), &b"/F Do ".repeat(10))
    };
    let mut page = Sheet::drawn(b"/F Do").resources("/XObject << /F 6 0 R >>");
    for number in 7..=10 {
        page = page.bringing(form(number));
    }
    let page = page.bringing(stream("/Subtype /Form /BBox [0 0 200 200] /Resources << >>", b"0 0 200 200 re f"));
    let slow = on_small_pages(document(&[page]));
    let start = Instant::now();
    let shown = views_within(&slow, ImageFormat::Pdf, &share_for(Duration::from_millis(50)), 0);
    assert_eq!(shown.err(), Some(Unreadable::TooLarge));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn the_documents_of_a_file_share_their_time() {
    let quick = document(&[light()]);
    let behind = [dark_or_light(true, image::ImageFormat::Png), quick.clone()].concat();
    let over = share_for(Duration::ZERO);
    assert_eq!(views_within(&quick, ImageFormat::Pdf, &over, 0).err(), Some(Unreadable::TooLarge));
    // What is no document is shown all the same.
    let shown = views_within(&behind, ImageFormat::Png, &over, 0).unwrap();
    assert_eq!((shown.views.len(), shown.unread), (1, Some(Unreadable::TooLarge)));
    let position = with_position(dark_or_light(false, image::ImageFormat::Jpeg));
    let attached = document_with(&[light()], "", &[stream("/Type /EmbeddedFile", &position)]);
    assert_eq!(crate::pdf::findings(&attached, Instant::now()), []);
}
