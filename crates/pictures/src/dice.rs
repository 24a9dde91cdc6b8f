//! Repeatable chance.

/// Throws the same from the same number on.
pub(crate) struct Dice(u64);

impl Dice {
    /// Numbers that are near begin alike. It stays for the pictures that attack, which are kept as they were measured: from
    /// [`Self::apart`] they would be others.
    pub(crate) const fn new(number: u64) -> Self {
        Self(0x9E37_79B9_7F4A_7C15 ^ (number + 1))
    }

    /// Numbers that are near begin apart.
    pub(crate) const fn apart(number: u64) -> Self {
        Self((number + 1).wrapping_mul(0x2545_F491_4F6C_DD1D))
    }

    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below.max(1)
    }

    /// A place or a length.
    pub(crate) fn pixels(&mut self, below: u32) -> i32 {
        i32::try_from(self.roll(u64::from(below))).unwrap_or_default()
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let at = usize::try_from(self.roll(all.len() as u64)).ok()?;
        all.get(at).copied()
    }

    /// Of texts, of which there are some.
    pub(crate) fn word<'a>(&mut self, all: &[&'a str]) -> &'a str {
        self.one_of(all).unwrap_or_default()
    }

    /// So many figures.
    pub(crate) fn figures(&mut self, count: usize) -> String {
        self.characters(count, b"0123456789")
    }

    pub(crate) fn characters(&mut self, count: usize, of: &[u8]) -> String {
        (0..count).filter_map(|_| self.one_of(of)).map(char::from).collect()
    }
}
