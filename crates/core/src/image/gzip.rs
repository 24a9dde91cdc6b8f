//! What gzip packs, behind its header.

/// Bits of the header's flags.
const CHECKED: u8 = 2;
const EXTRA: u8 = 4;
const NAMED: u8 = 8;
const COMMENTED: u8 = 16;

/// The packed bytes of a gzip file, as far as the given bytes reach; `None` where they are none.
pub(super) fn body(head: &[u8]) -> Option<&[u8]> {
    let [0x1F, 0x8B, 8, flags, _, _, _, _, _, _, rest @ ..] = head else { return None };
    let mut rest = rest;
    if flags & EXTRA != 0 {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAMED, COMMENTED] {
        if flags & text != 0 {
            rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        }
    }
    rest.get(if flags & CHECKED == 0 { 0 } else { 2 }..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_begins_behind_all_that_the_header_announces() {
        let head = |flags: u8, rest: &[u8]| [&[0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 3][..], rest].concat();
        for (case, bytes, expected) in [
            ("bare", head(0, b"codes"), Some(&b"codes"[..])),
            ("named", head(8, b"a.svg\0codes"), Some(b"codes")),
            ("with all", head(30, b"\x02\0xxa.svg\0why\0ccrest"), Some(b"rest")),
            ("with a name that does not end", head(8, b"a.svg"), None),
            ("with more than there is", head(4, b"\xFF\xFFx"), None),
            ("cut", head(0, b"")[..9].to_vec(), None),
            ("packed in another way", vec![0x1F, 0x8B, 7, 0, 0, 0, 0, 0, 0, 0, 1], None),
        ] {
            assert_eq!(body(&bytes), expected, "{case}");
        }
    }
}
