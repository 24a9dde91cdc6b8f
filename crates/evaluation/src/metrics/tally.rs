//! What was said of pictures, counted against what is true.

use serde::{Deserialize, Serialize};

use super::Share;

/// What was said of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It holds personal data or a secret.
    Pii,
    /// It may, and somebody has to look: code found something that the model did not see.
    Likely,
    /// It holds none.
    Clean,
    /// Nobody can tell, for another reason.
    Unknown,
}

impl Said {
    /// Whether anything speaks for personal data.
    #[must_use]
    pub const fn is_flagged(self) -> bool {
        matches!(self, Self::Pii | Self::Likely)
    }
}

/// Pictures, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Of those that hold personal data: how many something speaks for.
    pub recall: Share,
    /// Of those that something speaks for: how many hold personal data.
    pub precision: Share,
    /// Of those that hold personal data: how many are called `pii`.
    pub decided_recall: Share,
    /// Of those that are called `pii`: how many hold personal data.
    pub decided_precision: Share,
    /// Of all: how many are `undetermined`.
    pub undetermined: Share,
}

impl Tally {
    /// Counts one more.
    pub fn count(&mut self, personal: bool, said: Said) {
        if personal {
            self.recall.count(said.is_flagged());
            self.decided_recall.count(matches!(said, Said::Pii));
        }
        if said.is_flagged() {
            self.precision.count(personal);
        }
        if matches!(said, Said::Pii) {
            self.decided_precision.count(personal);
        }
        self.undetermined.count(matches!(said, Said::Likely | Said::Unknown));
    }
}

/// Findings of one category, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfCategory {
    /// Of what is there: how much was told.
    pub recall: Share,
    /// Of what was told: how much is there.
    pub precision: Share,
    /// Of what was told where it is: how much by a rectangle that is half one with its own, or more.
    pub boxes: Share,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_counts_by_what_is_true() {
        let share = |hits, of| Share { hits, of };
        let mut tally = Tally::default();
        for (personal, said) in [
            (true, Said::Pii),
            (true, Said::Likely),
            (true, Said::Clean),
            (true, Said::Unknown),
            (false, Said::Clean),
            (false, Said::Clean),
            (false, Said::Likely),
            (false, Said::Pii),
        ] {
            tally.count(personal, said);
        }
        assert_eq!(
            tally,
            Tally {
                recall: share(2, 4),
                precision: share(2, 4),
                decided_recall: share(1, 4),
                decided_precision: share(1, 2),
                undetermined: share(3, 8),
            }
        );
    }
}
