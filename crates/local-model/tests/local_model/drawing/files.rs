//! What lies in `samples/` that no model takes as it is, or whose personal data
//! is not in its first pixels.

use std::fmt::Write as _;
use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, Frame, GrayImage, ImageEncoder, Luma, RgbaImage, imageops};
use tiff::encoder::colortype::Gray8;
use tiff::encoder::{Compression, TiffEncoder};

use super::samples::{chart, id_card, jpeg, landscape, receipt, registration_form, sign};
use warden_pictures::canvas::{BLACK, Canvas, GREEN, GREY, WHITE};

/// A file of `samples/`, made by code.
pub struct SampleFile {
    pub name: &'static str,
    pub bytes: fn() -> Vec<u8>,
}

pub const FILES: &[SampleFile] = &[
    SampleFile { name: "long-scan.png", bytes: long_scan },
    SampleFile { name: "form.tif", bytes: form },
    SampleFile { name: "animation.gif", bytes: animation },
    SampleFile { name: "landscape-with-position.jpg", bytes: landscape_with_position },
    SampleFile { name: "id-card.heic", bytes: photograph },
    SampleFile { name: "scan.pdf", bytes: scan },
    SampleFile { name: "boarding-pass-barcode.jpg", bytes: boarding_pass_barcode },
];

/// Over the 8,000 pixels along an edge that a model takes: receipts, and a
/// patient's form at its end.
fn long_scan() -> Vec<u8> {
    let mut scan = GrayImage::from_pixel(960, 8_200, Luma([255]));
    let receipt = DynamicImage::from(receipt()).into_luma8();
    for row in 0..3 {
        imageops::overlay(&mut scan, &receipt, 200, 100 + row * 2_200);
    }
    imageops::overlay(&mut scan, &DynamicImage::from(registration_form()).into_luma8(), 30, 7_000);
    let mut bytes = Cursor::new(Vec::new());
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
    DynamicImage::from(scan).write_with_encoder(encoder).expect("memory takes it");
    bytes.into_inner()
}

fn form() -> Vec<u8> {
    let form = DynamicImage::from(registration_form()).into_luma8();
    let mut bytes = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut bytes).expect("memory takes it");
    let mut encoder = encoder.with_compression(Compression::Packbits);
    encoder.write_image::<Gray8>(form.width(), form.height(), form.as_raw()).expect("memory takes it");
    bytes.into_inner()
}

/// What an airport's gate sees of a boarding pass: a PDF417 code with the passenger's name, which
/// stands nowhere else. The code is the one that `crates/barcodes` is tried with.
fn boarding_pass_barcode() -> Vec<u8> {
    const CODE: &[u8] = include_bytes!("../../../../barcodes/tests/codes/boarding-pass.pdf417.png");
    const MODULE: u32 = 4;
    let mut pass = Canvas::new(1_000, 620, WHITE);
    pass.fill(0, 0, 1_000, 70, GREEN);
    pass.text(30, 16, 36.0, WHITE, "MERIDIAN AIR");
    pass.text(700, 20, 30.0, WHITE, "BOARDING PASS");
    for (column, (label, value)) in
        [("Flight", "SK 864"), ("Gate", "B14"), ("Boarding", "17:35"), ("Seat", "14C")].into_iter().enumerate()
    {
        let x = 60 + i32::try_from(column).expect("few") * 230;
        pass.text(x, 110, 22.0, GREY, label);
        pass.text(x, 140, 34.0, BLACK, value);
    }
    let code = image::load_from_memory(CODE).expect("it is a PNG").into_rgb8();
    let code = imageops::resize(&code, code.width() * MODULE, code.height() * MODULE, imageops::Nearest);
    imageops::overlay(&mut pass.image, &code, 150, 260);
    jpeg(&pass.image, 75)
}

/// A chart, then an ID card.
fn animation() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for picture in [chart(), id_card()] {
        let mut frame = RgbaImage::from_pixel(960, 600, image::Rgba([255; 4]));
        imageops::overlay(&mut frame, &DynamicImage::from(picture).into_rgba8(), 0, 0);
        encoder.encode_frame(Frame::new(frame)).expect("memory takes it");
    }
    drop(encoder);
    bytes
}

/// A scene without anybody, whose EXIF tells where it was taken: somewhere in the North Sea.
fn landscape_with_position() -> Vec<u8> {
    let degrees = |parts: [u32; 3]| Value::Rational(parts.map(|num| Rational { num, denom: 1 }).to_vec());
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let fields = [
        field(Tag::GPSLatitudeRef, Value::Ascii(vec![b"N".to_vec()])),
        field(Tag::GPSLatitude, degrees([56, 30, 12])),
        field(Tag::GPSLongitudeRef, Value::Ascii(vec![b"E".to_vec()])),
        field(Tag::GPSLongitude, degrees([3, 15, 40])),
    ];
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut metadata = Cursor::new(Vec::new());
    writer.write(&mut metadata, false).expect("memory takes it");

    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 75);
    encoder.set_exif_metadata(metadata.into_inner()).expect("a JPEG takes EXIF");
    encoder.encode_image(&landscape()).expect("memory takes it");
    bytes
}

/// The ID card as a phone would keep it.
fn photograph() -> Vec<u8> {
    let card = DynamicImage::from(id_card()).into_rgb8();
    // One thread: the bytes are the same each time.
    let options = heifer::EncodeOptions { quality: 60, max_threads: 1 };
    heifer::encode_rgb8(card.width(), card.height(), &card, &options).expect("memory takes it")
}

/// What a scanner makes of three sheets: a receipt, an ID card, the sign of a room.
fn scan() -> Vec<u8> {
    /// An A4 page at 150 dots per inch, in pixels and in points.
    const PIXELS: (u32, u32) = (1_240, 1_754);
    const POINTS: (u32, u32) = (595, 842);
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Count 3 /Kids [3 0 R 6 0 R 9 0 R] >>".to_vec(),
    ];
    let drawn = format!("q {} 0 0 {} 0 0 cm /Scan Do Q", POINTS.0, POINTS.1);
    for sheet in [receipt(), id_card(), sign()] {
        let mut page = GrayImage::from_pixel(PIXELS.0, PIXELS.1, Luma([255]));
        imageops::overlay(&mut page, &DynamicImage::from(sheet).into_luma8(), 130, 120);
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 50).encode_image(&page).expect("memory takes it");
        let number = objects.len() + 1;
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Contents {} 0 R \
                 /Resources << /XObject << /Scan {} 0 R >> >> >>",
                POINTS.0,
                POINTS.1,
                number + 1,
                number + 2
            )
            .into_bytes(),
        );
        objects.push(stream("", drawn.as_bytes()));
        let picture = format!(
            "/Subtype /Image /Width {} /Height {} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode ",
            PIXELS.0, PIXELS.1
        );
        objects.push(stream(&picture, &jpeg));
    }
    document(&objects)
}

/// A stream of a document.
fn stream(says: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<< {says}/Length {} >>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}

/// A document of these objects, the first of which is its root.
fn document(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", bytes.len()).expect("memory takes it");
        bytes.extend(format!("{} 0 obj\n", index + 1).bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let end =
        format!("{table}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n", objects.len() + 1, bytes.len());
    bytes.extend(end.bytes());
    bytes
}
