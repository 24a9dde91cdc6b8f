//! Portable anymaps: where one begins, and where it ends. Several may follow each other.

/// Most bytes of a header, its comments among them: as many as its kind is told by.
const HEADER_BYTES: usize = super::HEAD_BYTES;

/// Whether bytes begin with one: with its kind and with numbers, its size, and how many shades it
/// has if it has more than two. A text may begin with its kind.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let bytes = &bytes[..bytes.len().min(HEADER_BYTES)];
    match Header::read(bytes) {
        // Not all of it need be there.
        None => bytes.starts_with(b"P7\n"),
        Some(Header { kind: b'1', at, .. }) => {
            matches!(bytes[at..].trim_ascii_start().first(), None | Some(b'0' | b'1' | b'#'))
        }
        Some(_) => true,
    }
}

/// Where one ends; `None` when its end is missing.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let Header { kind, width, height, samples, greatest, at } = Header::read(bytes)?;
    let count = width.checked_mul(height)?.checked_mul(samples)?;
    let length = match kind {
        b'1'..=b'3' => return end_of_digits(bytes, at, count, kind == b'1'),
        b'4' => width.div_ceil(8).checked_mul(height)?,
        _ if greatest > 255 => count.checked_mul(2)?,
        _ => count,
    };
    // One white space stands before the samples.
    (at + 1).checked_add(length).filter(|end| *end <= bytes.len())
}

struct Header {
    /// The digit behind the `P`.
    kind: u8,
    width: usize,
    height: usize,
    /// Of a pixel.
    samples: usize,
    /// The greatest value of a sample.
    greatest: usize,
    /// Where it ends.
    at: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        // Any number of headers can stand in one comment, and each is read.
        let bytes = &bytes[..bytes.len().min(HEADER_BYTES)];
        let [b'P', kind @ b'1'..=b'7', b'\n' | b' ' | b'\r' | b'\t', ..] = *bytes else { return None };
        if kind == b'7' {
            return Self::of_lines(bytes);
        }
        let mut at = 2;
        let mut number = || {
            let (value, end) = number(bytes, at)?;
            at = end;
            Some(value)
        };
        let (width, height) = (number()?, number()?);
        let greatest = if matches!(kind, b'1' | b'4') { 1 } else { number()? };
        let samples = if matches!(kind, b'3' | b'6') { 3 } else { 1 };
        Some(Self { kind, width, height, samples, greatest, at })
    }

    /// That of an arbitrary map, whose fields stand on lines.
    fn of_lines(bytes: &[u8]) -> Option<Self> {
        let at = memchr::memmem::find(bytes, b"\nENDHDR\n")? + 7;
        let lines = || bytes[..at].split(|byte| *byte == b'\n');
        let field = |name: &[u8]| {
            let value = lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(b" "))?;
            std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
        };
        let (width, height) = (field(b"WIDTH")?, field(b"HEIGHT")?);
        Some(Self { kind: b'7', width, height, samples: field(b"DEPTH")?, greatest: field(b"MAXVAL")?, at })
    }
}

/// Where the next word begins, behind white space and comments.
fn next_word(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += rest.len() - rest.trim_ascii_start().len();
        match bytes.get(at..) {
            Some([b'#', comment @ ..]) => at += 1 + memchr::memchr(b'\n', comment).unwrap_or(comment.len()),
            _ => return at,
        }
    }
}

/// The next number, and where it ends.
fn number(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = next_word(bytes, at);
    let rest = bytes.get(start..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_alone = rest.get(digits).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'#');
    let value = std::str::from_utf8(&rest[..digits]).ok().filter(|_| is_alone && digits <= 9)?;
    Some((value.parse().ok()?, start + digits))
}

/// Where so many samples end that are written as digits, each a word or a single digit.
fn end_of_digits(bytes: &[u8], mut at: usize, count: usize, is_single: bool) -> Option<usize> {
    let most = if is_single { 1 } else { usize::MAX };
    for _ in 0..count {
        at = next_word(bytes, at);
        let digits = bytes.get(at..)?.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        at += digits;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_told_by_the_header() {
        for (case, map) in [
            ("digits of one bit", &b"P1\n# by hand\n3 2\n101 # a row\n0 1 1"[..]),
            ("digits of grey", b"P2 2 2 255\n0 255\n128 7"),
            ("digits of colours", b"P3\n1 2\n255\n1 2 3 4 5 6"),
            ("bits", b"P4\n9 2\n\xFF\x80\0\0"),
            ("grey", b"P5\r3 1\r255\r\xFF\x89P"),
            ("grey of two bytes", b"P5 1 2 65535\n\0\0\0\0"),
            ("colours", b"P6 1 1 255\nP6\n"),
            ("any samples", b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n12345678"),
        ] {
            assert_eq!(end(&[map, b"\nP6\n"].concat()), Some(map.len()), "{case}");
            assert_eq!(end(&map[..map.len() - 1]), None, "{case}, cut");
        }
        assert_eq!(end(b"P6\n999999999 999999999 255\n"), None);
    }

    #[test]
    fn a_header_is_read_within_bounds() {
        let with_comment = |length: usize| [b"P5 #".as_slice(), &vec![b'P'; length], b"\n1 1 255 \0"].concat();
        let (within, beyond) = (with_comment(HEADER_BYTES - 20), with_comment(HEADER_BYTES));
        assert_eq!((begins(&within), end(&within)), (true, Some(within.len())));
        assert_eq!((begins(&beyond), end(&beyond)), (false, None));
        // Its samples are not.
        let digits = [b"P1 500 500\n".as_slice(), &vec![b'1'; 250_000]].concat();
        assert_eq!(end(&digits), Some(digits.len()));
    }
}
