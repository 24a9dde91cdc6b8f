//! The sum of an object's bytes, taken while they are read.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::{Error, ports::ObjectBody};

/// A body that sums its bytes as they pass.
#[derive(Debug)]
pub struct Hashed<B> {
    body: B,
    sum: Sha256,
    ended: bool,
}

impl<B> Hashed<B> {
    /// Sums what is read of `body` from here on.
    #[must_use]
    pub fn new(body: B) -> Self {
        Self { body, sum: Sha256::new(), ended: false }
    }

    /// SHA-256 in hexadecimal digits; none unless the body was read to its end.
    #[must_use]
    pub fn sha256(self) -> Option<String> {
        self.ended.then(|| digits(&self.sum.finalize()))
    }
}

/// The SHA-256 of these parts, in hexadecimal digits. Where one ends counts.
#[must_use]
pub fn digest(parts: &[&[u8]]) -> String {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update((part.len() as u64).to_be_bytes());
        sum.update(part);
    }
    digits(&sum.finalize())
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Tells objects apart in logs without naming them: a key may name a person.
#[must_use]
pub fn fingerprint(bucket: &str, key: &str) -> String {
    let sum = Sha256::new().chain_update(bucket).chain_update("/").chain_update(key).finalize();
    digits(&sum[..8])
}

/// A SHA-256 as S3 writes it, of its hexadecimal digits.
#[must_use]
pub fn checksum_of_s3(sha256: &str) -> Option<String> {
    let (pairs, rest) = sha256.as_bytes().as_chunks::<2>();
    let digits = pairs.iter().map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
    let bytes: Vec<u8> = digits.collect::<Option<_>>()?;
    rest.is_empty().then(|| base64_simd::STANDARD.encode_to_string(bytes))
}

impl<B: ObjectBody> ObjectBody for Hashed<B> {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = self.body.next_chunk().await?;
        match &chunk {
            Some(bytes) => self.sum.update(bytes),
            None => self.ended = true,
        }
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_told_apart_without_their_names() {
        assert_eq!(fingerprint("b", "k"), fingerprint("b", "k"));
        assert_ne!(fingerprint("b", "k"), fingerprint("b", "l"));
        assert_eq!(fingerprint("uploads", "jane-doe.png").len(), 16);
    }

    #[test]
    fn a_digest_tells_its_parts_apart() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_eq!(digest(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn a_sum_is_written_as_s3_writes_it() {
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(checksum_of_s3(of_nothing).as_deref(), Some("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
        for wrong in ["e3b", "zz", "é"] {
            assert_eq!(checksum_of_s3(wrong), None, "{wrong}");
        }
    }
}
