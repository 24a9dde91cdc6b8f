//! Who may chat: whoever has the token.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The SHA-256 of the one token that lets a caller in. The token itself is
/// nowhere in the function.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest")
    }
}

impl TokenDigest {
    /// Reads 64 hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(digest))
    }

    /// Whether this is the token. How long that takes says nothing of how much
    /// of a wrong one is right.
    #[must_use]
    pub fn admits(&self, token: &str) -> bool {
        Sha256::digest(token.as_bytes()).as_slice().ct_eq(&self.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_alone_is_let_in() {
        // The digest of "abc" that FIPS 180-2 gives.
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for digest in [hex.to_owned(), hex.to_uppercase()] {
            let digest = TokenDigest::from_hex(&digest).unwrap();
            assert!(digest.admits("abc"));
            for wrong in ["", "ab", "abcd", "ABC", hex] {
                assert!(!digest.admits(wrong), "{wrong}");
            }
        }
    }

    #[test]
    fn what_is_no_digest_is_not_taken_for_one() {
        for text in ["", "abc", &"0".repeat(32), &"g".repeat(64), &"0".repeat(65), &"\u{e9}".repeat(32)] {
            assert!(TokenDigest::from_hex(text).is_none(), "{text}");
        }
    }
}
