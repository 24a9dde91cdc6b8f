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
        self.ended.then(|| {
            self.sum.finalize().iter().fold(String::with_capacity(64), |mut digits, byte| {
                // Writing to a string does not fail.
                let _ = write!(digits, "{byte:02x}");
                digits
            })
        })
    }
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
