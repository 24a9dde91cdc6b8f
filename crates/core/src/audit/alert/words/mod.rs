//! What letters say in each language. Names of S3, of errors and of AWS stand as they are.

mod en;
mod ja;
mod ko;

use crate::{
    audit::{Headline, Kind, NotTried, Taken},
    named::named,
    pii::{Category, Reason},
    threat::ThreatLevel,
};

named! {
    /// The language of the letters that people get.
    pub enum Language {
        English = "en": "English",
        Korean = "ko": "Korean",
        Japanese = "ja": "Japanese",
    }
}

// The table that makes the enum has no room for a default.
#[allow(clippy::derivable_impls)]
impl Default for Language {
    fn default() -> Self {
        Self::English
    }
}

impl Language {
    /// Its words.
    pub(super) const fn words(self) -> &'static Words {
        match self {
            Self::English => &en::WORDS,
            Self::Korean => &ko::WORDS,
            Self::Japanese => &ja::WORDS,
        }
    }
}

/// The words of one language.
pub(super) struct Words {
    /// What happened, with `{found}` where it tells of something that was found.
    pub headline: fn(Headline, Kind) -> &'static str,
    /// What stands for `{found}` in a headline.
    pub found: Found,
    /// What happened where the event itself is the news.
    pub worth_looking_at: &'static str,
    /// What was done.
    pub done: fn(Taken) -> &'static str,
    /// How what was done is undone, where no command undoes it.
    pub undo: fn(Taken) -> Option<&'static str>,
    /// What has to be done now.
    pub to_do: fn(ToDo) -> &'static str,
    /// What was found.
    pub category: fn(Category) -> &'static str,
    /// Why nobody can tell.
    pub reason: fn(Reason) -> &'static str,
    /// Why what the policy wants was not tried.
    pub not_tried: fn(NotTried) -> &'static str,
    /// How bad it is.
    pub level: fn(ThreatLevel) -> &'static str,
    /// The summary was made without the model, because of an error.
    pub without_model: fn(&str) -> String,
    /// So many more of a list.
    pub more: fn(usize) -> String,
    /// What stands before each fact.
    pub labels: Labels,
}

/// What was found, as the words that a headline begins with.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// Personal data was found, secrets among it or not.
    pub personal_data: &'static str,
    /// Nothing but secrets was found.
    pub secret: &'static str,
}

/// What has to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToDo {
    /// A secret was shown.
    RotateSecrets,
    /// Personal data is still where it was found.
    RemoveByHand,
    /// Nobody could judge the object.
    LookYourself,
    /// The day's budget was spent before the object could be judged.
    RaiseTheBudget,
    /// The audit of the event failed.
    MendAndReplay,
    /// The ledger could not be written.
    MendTheLedger,
}

/// What stands before each fact.
pub(super) struct Labels {
    pub what: &'static str,
    pub place: &'static str,
    pub version: &'static str,
    pub who: &'static str,
    pub done: &'static str,
    pub not_done: &'static str,
    pub masked: &'static str,
    pub undo: &'static str,
    pub to_do: &'static str,
    pub silenced: &'static str,
    pub look_at: &'static str,
    pub execution: &'static str,
    pub object: &'static str,
    pub details: &'static str,
    pub level: &'static str,
    pub event: &'static str,
    pub summary: &'static str,
    pub rules: &'static str,
    pub event_id: &'static str,
    pub verdict: &'static str,
    pub reason: &'static str,
    pub finding: &'static str,
    pub confidence: &'static str,
    pub size: &'static str,
    pub bytes: &'static str,
    pub model: &'static str,
    pub failed_in: &'static str,
    pub error: &'static str,
    pub cause: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_headline_of_what_was_found_can_say_that_it_is_a_secret() {
        for language in [Language::English, Language::Korean, Language::Japanese] {
            let headline = language.words().headline;
            for of_found in [
                Headline::VersionDeleted,
                Headline::ObjectDeleted,
                Headline::MovedToQuarantine,
                Headline::Masked,
                Headline::Tagged,
                Headline::ObjectChanged,
                Headline::NotDeleted,
                Headline::PersonalDataKept,
                Headline::NotPinned,
            ] {
                let text = headline(of_found, Kind::Image);
                assert!(text.starts_with("{found}"), "{text}");
            }
        }
    }
}
