//! One code out of a picture that shows it upright.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::{
    BinaryBitmap, DecodeHints, ImmutableReader, Luma8Source, RXingResult, aztec::AztecReader, common::HybridBinarizer,
    datamatrix::DataMatrixReader, pdf417::PDF417Reader, qrcode::cpp_port::QrReader,
};

use crate::{Kind, gray::Gray};

/// A code that was read.
pub(crate) struct Read {
    pub text: String,
    /// Points on it: corners, or the middles of its marks.
    pub points: Vec<(f32, f32)>,
}

/// Reads a code of a kind. A reader that panics has met something that it does not read.
pub(crate) fn read(kind: Kind, gray: &Gray) -> Option<Read> {
    let source = Luma8Source::new_with_slice(gray.pixels(), gray.width(), gray.height()).ok()?;
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    let hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
    let found = catch_unwind(AssertUnwindSafe(|| match kind {
        Kind::Aztec => AztecReader.immutable_decode_with_hints(&mut bitmap, &hints),
        Kind::DataMatrix => DataMatrixReader.immutable_decode_with_hints(&mut bitmap, &hints),
        Kind::Pdf417 => PDF417Reader.immutable_decode_with_hints(&mut bitmap, &hints),
        Kind::QrCode => QrReader.immutable_decode_with_hints(&mut bitmap, &hints),
    }));
    let found: RXingResult = found.ok()?.ok()?;
    Some(Read {
        text: found.getText().to_owned(),
        points: found.getPoints().iter().map(|point| (point.x, point.y)).collect(),
    })
}
