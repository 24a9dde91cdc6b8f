//! The pictures that were looked at, so that none is looked at twice: a second question about it, or another object of
//! the same bytes, is answered at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use super::picture::Picture;

/// How many pictures are remembered. One more, and all are forgotten.
const MOST: usize = 256;

/// What is known of pictures, by the SHA-256 of their bytes.
#[derive(Default)]
pub(super) struct Seen(Mutex<HashMap<[u8; 32], Picture>>);

impl Seen {
    /// The picture of these bytes, which is looked at unless that was done before.
    ///
    /// # Errors
    /// As `look`, whose errors are not remembered.
    pub(super) fn picture<E>(&self, bytes: &[u8], look: impl FnOnce() -> Result<Picture, E>) -> Result<Picture, E> {
        let key = Sha256::digest(bytes).into();
        let known = self.lock().get(&key).cloned();
        if let Some(picture) = known {
            return Ok(picture);
        }
        let picture = look()?;
        let mut seen = self.lock();
        if seen.len() == MOST {
            seen.clear();
        }
        seen.insert(key, picture.clone());
        Ok(picture)
    }

    /// Whoever panicked has left it whole: an entry is there or it is not.
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Picture>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
