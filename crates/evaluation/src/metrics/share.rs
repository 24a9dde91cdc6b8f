//! So many of so many, and what that says of all others.

use serde::{Deserialize, Serialize};

/// The quantile of the normal distribution for an interval of 95 %.
const Z: f64 = 1.959_964;

/// A fraction by its counts, so that its interval can be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// How many of them the fraction counts.
    pub hits: u32,
    /// How many there are.
    pub of: u32,
}

impl Share {
    /// Counts one more.
    pub fn count(&mut self, hit: bool) {
        self.of += 1;
        self.hits += u32::from(hit);
    }

    /// The share, from 0 to 1; `None` of none.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.hits) / f64::from(self.of))
    }

    /// Between what the true share lies, with 95 % certainty: Wilson's interval, which holds for few and for all as well.
    #[must_use]
    pub fn interval(self) -> Option<(f64, f64)> {
        let share = self.value()?;
        let of = f64::from(self.of);
        let middle = (share + Z * Z / (2.0 * of)) / (1.0 + Z * Z / of);
        let half = Z / (1.0 + Z * Z / of) * (share * (1.0 - share) / of + Z * Z / (4.0 * of * of)).sqrt();
        Some(((middle - half).max(0.0), (middle + half).min(1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_that_tables_give() {
        // Newcombe 1998, table I, method 3.
        for (hits, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0),
        ] {
            let found = Share { hits, of }.interval().unwrap();
            assert!((found.0 - low).abs() < 6e-5 && (found.1 - high).abs() < 6e-5, "{hits} of {of}: {found:?}");
        }
        assert_eq!(Share::default().interval(), None);
    }
}
