//! How bad an event is: levels, and the Sigma rules that set the least one.
//!
//! A rule cannot be talked out of its level. The model may raise it, never
//! lower it. An event that no rule knows has the least level `low`; what it is
//! really worth is then the model's to say.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod calls;
mod condition;
mod detection;
mod fields;
mod meaning;
mod rules;

pub use calls::{Calls, Name};
pub use rules::RuleSet;

/// How bad an event is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThreatLevel {
    /// Routine.
    #[default]
    Low,
    /// To be looked at.
    Medium,
    /// To be looked at now.
    High,
}

impl ThreatLevel {
    /// The level as it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A text that is not a threat level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not one of informational, low, medium, high, critical")]
pub struct UnknownLevel;

/// Reads a level by Sigma's names, of which there are five.
impl FromStr for ThreatLevel {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        match text.trim().to_ascii_lowercase().as_str() {
            "informational" | "low" => Ok(Self::Low),
            "medium" => Ok(Self::Medium),
            "high" | "critical" => Ok(Self::High),
            _ => Err(UnknownLevel),
        }
    }
}

/// The least level of an event, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    /// The highest level of the rules that match; `low` if none does.
    pub level: ThreatLevel,
    /// The rules that match.
    pub matched_rules: Vec<MatchedRule>,
}

/// A rule that matches an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedRule {
    /// The rule's id.
    pub id: String,
    /// What it looks for.
    pub title: String,
    /// The least level it sets.
    pub level: ThreatLevel,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_by_how_bad_they_are() {
        assert!(ThreatLevel::Low < ThreatLevel::Medium && ThreatLevel::Medium < ThreatLevel::High);
    }

    #[test]
    fn the_five_names_of_sigma_are_three_levels() {
        let cases = [
            ("informational", ThreatLevel::Low),
            ("low", ThreatLevel::Low),
            ("medium", ThreatLevel::Medium),
            ("high", ThreatLevel::High),
            ("critical", ThreatLevel::High),
            (" HIGH\n", ThreatLevel::High),
        ];
        for (name, level) in cases {
            assert_eq!(name.parse(), Ok(level), "{name:?}");
        }
        assert_eq!("severe".parse::<ThreatLevel>(), Err(UnknownLevel));
    }

    #[test]
    fn a_level_reads_back_from_what_it_is_written_as() {
        for level in [ThreatLevel::Low, ThreatLevel::Medium, ThreatLevel::High] {
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
            assert_eq!(level.as_str().parse(), Ok(level));
        }
    }
}
