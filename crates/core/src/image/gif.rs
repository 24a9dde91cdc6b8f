//! Where a GIF's blocks end, and how far its frames reach.

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
    walk(gif, |_| ())
}

/// Width and height that hold all frames, as far as the blocks can be followed, and no less than the file says.
/// Some writers say less, and readers show all of a frame.
#[must_use]
pub fn extent(gif: &[u8]) -> (u16, u16) {
    let (mut width, mut height) = (number(gif, 6), number(gif, 8));
    walk(gif, |frame| {
        width = width.max(number(frame, 1).saturating_add(number(frame, 5)));
        height = height.max(number(frame, 3).saturating_add(number(frame, 7)));
    });
    (width, height)
}

fn number(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

/// Follows the blocks to their end, and shows what begins with a frame's header.
fn walk(gif: &[u8], mut frame: impl FnMut(&[u8])) -> End {
    let Some(&flags) = gif.get(10) else { return End::Cut };
    let mut at = 13 + table_bytes(flags);
    loop {
        let behind = match gif.get(at) {
            Some(0x3B) => return End::Trailer(at + 1),
            None if at == gif.len() => return End::Block,
            Some(0x21) => behind_sub_blocks(gif, at + 2),
            Some(0x2C) => {
                frame(&gif[at..]);
                gif.get(at + 9).and_then(|flags| behind_sub_blocks(gif, at + 11 + table_bytes(*flags)))
            }
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

    #[test]
    fn a_screen_holds_every_frame() {
        let frame = |left: u8, top: u8, width: u8, height: u8| {
            [b"\x2c".as_slice(), &[left, 0, top, 0, width, 0, height, 0, 0], b"\x02\x02\x44\x01\0"].concat()
        };
        let gif = |frames: &[Vec<u8>]| [b"GIF89a\x10\0\x08\0\0\0\0".as_slice(), &frames.concat(), b"\x3b"].concat();
        for (case, bytes, expected) in [
            ("frames within it", gif(&[frame(0, 0, 16, 8), frame(4, 4, 2, 2)]), (16, 8)),
            ("a larger frame", gif(&[frame(0, 0, 40, 30)]), (40, 30)),
            ("one that stands out", gif(&[frame(0, 0, 16, 8), frame(10, 2, 10, 4)]), (20, 8)),
            ("cut", gif(&[frame(0, 0, 40, 30)])[..24].to_vec(), (40, 30)),
            (
                "as large as there is",
                b"GIF89a\xFF\xFF\xFF\xFF\0\0\0\x2c\x09\0\x09\0\xFF\xFF\xFF\xFF\0".to_vec(),
                (u16::MAX, u16::MAX),
            ),
            ("none", b"GIF89a".to_vec(), (0, 0)),
        ] {
            assert_eq!(extent(&bytes), expected, "{case}");
        }
    }
}
