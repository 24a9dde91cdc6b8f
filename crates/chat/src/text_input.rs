//! Text out of bytes that somebody else wrote: UTF-8, or what it is instead.

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Why bytes are no text that can be asked with. Each goes on after a name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotText {
    #[error("is UTF-16. Convert it to UTF-8, for example with `iconv -f UTF-16 -t UTF-8`")]
    Utf16,
    #[error(
        "holds NUL bytes: it is UTF-16 without a mark, which `iconv -f UTF-16LE -t UTF-8` converts, or no text at all"
    )]
    Nul,
    #[error("is not UTF-8 from byte {0} on. Convert it with `iconv -t UTF-8` from what it is")]
    NotUtf8(usize),
}

/// The text, without the mark that some editors begin with.
pub(crate) fn read(mut bytes: Vec<u8>) -> Result<String, NotText> {
    if UTF_16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(NotText::Utf16);
    }
    if bytes.contains(&0) {
        return Err(NotText::Nul);
    }
    if bytes.starts_with(UTF_8_MARK) {
        bytes.drain(..UTF_8_MARK.len());
    }
    String::from_utf8(bytes).map_err(|error| NotText::NotUtf8(error.utf8_error().valid_up_to() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf_8_is_called_by_its_name() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        for (bytes, expected) in [
            ("안녕\n".as_bytes().to_vec(), Ok("안녕\n")),
            ("\u{feff}안녕".as_bytes().to_vec(), Ok("안녕")),
            (Vec::new(), Ok("")),
            (little("\u{feff}abc"), Err(NotText::Utf16)),
            (big("\u{feff}abc"), Err(NotText::Utf16)),
            (little("abc"), Err(NotText::Nul)),
            (big("abc"), Err(NotText::Nul)),
            (b"a\0b\0c".to_vec(), Err(NotText::Nul)),
            (b"text\0".to_vec(), Err(NotText::Nul)),
            (b"caf\xe9".to_vec(), Err(NotText::NotUtf8(4))),
        ] {
            assert_eq!(read(bytes.clone()), expected.map(str::to_owned), "{bytes:?}");
        }
    }
}
