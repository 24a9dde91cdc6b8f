//! The body of an HTTP request, as Lambda's events hold it.

use warden_core::{Error, chat::Refusal};

/// The bytes as the caller sent them, `most` at most. Unless its
/// media type says that it is text, the event holds it as base64.
pub(crate) fn bytes(body: String, is_base64: bool, most: usize) -> Result<Vec<u8>, Refusal> {
    let bytes = if is_base64 {
        // Too long to be worth decoding.
        if body.len() / 4 * 3 > most + 3 {
            return Err(Refusal::TooLarge { most });
        }
        base64_simd::STANDARD.decode_to_vec(body).map_err(|_| Error::invalid("body", "is not base64"))?
    } else {
        body.into_bytes()
    };
    if bytes.len() > most { Err(Refusal::TooLarge { most }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_as_it_was_sent_up_to_its_limit() {
        for (body, is_base64, most, expected) in [
            ("\u{c548}", false, 3, Ok("\u{c548}")),
            ("7JWI", true, 3, Ok("\u{c548}")),
            ("", true, 3, Ok("")),
            ("7JWI", true, 2, Err("TooLarge")),
            ("\u{c548}", false, 2, Err("TooLarge")),
            ("7JW", true, 3, Err("InvalidInput")),
            ("7JWI7JWI7JWI", true, 2, Err("TooLarge")),
        ] {
            let read = bytes(body.into(), is_base64, most);
            let read = read.as_deref().map_err(Refusal::code);
            assert_eq!(read, expected.map(str::as_bytes), "{body}");
        }
    }
}
