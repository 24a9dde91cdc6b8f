//! GIFs of which something small is wrong, as readers show them all the same.

use std::borrow::Cow;

use warden_core::image::gif::{End, end, extent};

/// Where a file says how large its screen is.
const SCREEN: std::ops::Range<usize> = 6..10;

/// A GIF with its last byte, where only that is missing, and with a screen that holds all of its frames.
pub(crate) fn mended(gif: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = match end(gif) {
        End::Block => [gif, b";"].concat().into(),
        End::Trailer(_) | End::Cut => Cow::Borrowed(gif),
    };
    let (width, height) = extent(gif);
    let screen = [width.to_le_bytes(), height.to_le_bytes()].concat();
    if mended.get(SCREEN).is_some_and(|said| said != screen) {
        mended.to_mut()[SCREEN].copy_from_slice(&screen);
    }
    mended
}
