//! The position in a video's metadata: that of a motion photo stands behind its picture.

use memchr::memmem;

use super::{Told, xmp};

/// Where a video's text says where it was taken, as a position of ISO 6709: the box of
/// `QuickTime` and Android, and the key of Apple.
const KEYS: [&[u8]; 2] = [b"\xA9xyz", b"com.apple.quicktime.location.ISO6709"];

/// Longest way from a key to its text, and longest text, in bytes.
const NEAR: usize = 4_096;

/// What an MP4's or `QuickTime` film's metadata tells. The whole of it is
/// searched, whatever box it stands in: a film's sound and pictures say such
/// words by chance so rarely that it does not matter.
pub(super) fn told(video: &[u8]) -> Told {
    let mut told = Told::default();
    for key in KEYS {
        for at in memmem::find_iter(video, key).take(16) {
            let near = &video[at + key.len()..video.len().min(at + key.len() + NEAR)];
            told.location |=
                near.windows(8).enumerate().any(|(at, window)| begins_position(window) && is_somewhere(&near[at..]));
        }
    }
    for at in memmem::find_iter(video, b"loci").take(16) {
        told.location |= is_location(&video[at + 4..]);
    }
    if let Some(start) = memmem::find(video, b"<x:xmpmeta") {
        let packet = &video[start..];
        let end = memmem::find(packet, b"</x:xmpmeta>").map_or(packet.len(), |end| end + b"</x:xmpmeta>".len());
        told |= xmp::told(&packet[..end]);
    }
    told
}

/// A sign and a number of at least two digits: `+48.8582+002.2945/`.
fn begins_position(text: &[u8]) -> bool {
    matches!(text, [b'+' | b'-', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit())
}

fn is_somewhere(position: &[u8]) -> bool {
    let digits = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    position.iter().take(64).take_while(digits).any(|byte| matches!(byte, b'1'..=b'9'))
}

/// The box of 3GPP: flags, language, a name, a role, then longitude and latitude as
/// numbers of 16 and 16 bits.
fn is_location(content: &[u8]) -> bool {
    let Some(content) = content.get(6..content.len().min(NEAR)) else { return false };
    let Some(name) = content.iter().position(|byte| *byte == 0) else { return false };
    let Some((longitude, rest)) = content.get(name + 2..).and_then(<[u8]>::split_first_chunk::<4>) else {
        return false;
    };
    let Some(latitude) = rest.first_chunk::<4>() else { return false };
    let degrees = |fixed: &[u8; 4]| i32::from_be_bytes(*fixed) / 65_536;
    (*longitude, *latitude) != ([0; 4], [0; 4]) && degrees(longitude).abs() <= 180 && degrees(latitude).abs() <= 90
}
