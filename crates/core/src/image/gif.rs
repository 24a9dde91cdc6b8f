//! Where a GIF's blocks end.

/// How a GIF ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With its trailer: the offset behind it.
    Trailer(usize),
    /// With a whole block, and no trailer behind it.
    Block,
    /// In the middle of a block, or with something that is none.
    Cut,
}

/// Follows a GIF's blocks to their end.
#[must_use]
pub fn end(gif: &[u8]) -> End {
    let Some(&flags) = gif.get(10) else { return End::Cut };
    let mut at = 13 + table_bytes(flags);
    loop {
        let behind = match gif.get(at) {
            Some(0x3B) => return End::Trailer(at + 1),
            None if at == gif.len() => return End::Block,
            Some(0x21) => behind_sub_blocks(gif, at + 2),
            Some(0x2C) => gif.get(at + 9).and_then(|flags| behind_sub_blocks(gif, at + 11 + table_bytes(*flags))),
            Some(_) | None => None,
        };
        match behind {
            Some(behind) => at = behind,
            None => return End::Cut,
        }
    }
}

/// Bytes of the colour table that flags announce.
const fn table_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn behind_sub_blocks(gif: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *gif.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_told_by_the_blocks() {
        let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
        let gif = [b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xfe\x01a\0".as_slice(), frame].concat();
        assert_eq!(end(&gif), End::Block);
        assert_eq!(end(&[&gif, b"\x3b and more".as_slice()].concat()), End::Trailer(gif.len() + 1));
        for cut in [3, 12, 20, gif.len() - 1, gif.len() - 4] {
            assert_eq!(end(&gif[..cut]), End::Cut, "{cut}");
        }
    }
}
