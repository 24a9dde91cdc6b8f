//! Pictures that are only known to be some: no model, and nothing here, reads them.

/// How they begin.
const SIGNATURES: [&[u8]; 37] = [
    // The codes of a JPEG 2000 where no container holds them, and of a JPEG XL.
    b"\xFF\x4F\xFF\x51",
    b"\xFF\x0A",
    // OpenEXR, QOI, DirectDraw, FLIF, BPG, Khronos' textures, Blizzard's.
    b"v/1\x01",
    b"qoif",
    b"DDS ",
    b"FLIF",
    b"BPG\xFB",
    b"\xABKTX ",
    b"BLP1",
    b"BLP2",
    // Apple's icons, animated PNG and JPEG of old, GIMP.
    b"icns",
    b"\x8AMNG\r\n",
    b"\x8BJNG\r\n",
    b"gimp xcf",
    // Scanned films in either byte order.
    b"SDPX",
    b"XPDS",
    // Silicon Graphics, plain or in runs, Sun, PC Paintbrush.
    b"\x01\xDA\x00\x01",
    b"\x01\xDA\x00\x02",
    b"\x01\xDA\x01\x01",
    b"\x01\xDA\x01\x02",
    b"\x59\xA6\x6A\x95",
    b"\x0A\x00\x01\x01",
    b"\x0A\x02\x01",
    b"\x0A\x03\x01",
    b"\x0A\x05\x01",
    // Windows' drawings, with and without a size.
    b"\xD7\xCD\xC6\x9A",
    b"\x01\0\x09\0\0\x03",
    b"\x02\0\x09\0\0\x03",
    // Raw pictures of cameras: Fujifilm, Panasonic, Olympus, Sigma, Minolta, older Canon.
    b"FUJIFILMCCD-RAW",
    b"IIU\0",
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"FOVb",
    b"\0MRM",
    b"II\x1A\0\0\0HEAP",
    // Photoshop.
    b"8BPS",
];

/// Whether bytes begin as one does, and as no text does.
pub(super) fn begins(head: &[u8]) -> bool {
    let is_drawing = || head.starts_with(&[1, 0, 0, 0]) && head.get(40..44) == Some(b" EMF");
    let has_signature = SIGNATURES.iter().any(|signature| head.starts_with(signature)) || is_drawing();
    has_signature && super::text(head).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Content;

    #[test]
    fn other_pictures_are_told_from_texts() {
        for signature in SIGNATURES {
            let picture = [signature, &[0; 60]].concat();
            assert_eq!(Content::of(&picture), Content::OtherPicture, "{signature:?}");
        }
        let drawing = [&[1, 0, 0, 0][..], &[0; 36], b" EMF\0\0\x01\0"].concat();
        assert_eq!(Content::of(&drawing), Content::OtherPicture);
        for text in ["icns are icons", "DDS and others", "qoif", "FLIF\n", "IIRO is a name"] {
            assert_eq!(Content::of(text.as_bytes()), Content::NoPicture, "{text}");
        }
        assert_eq!(Content::of(&[1, 0, 0, 0, 0, 0, 0, 0]), Content::Unknown);
    }
}
