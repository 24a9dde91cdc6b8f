//! What becomes of events: by rules, by a model, by both.

use std::collections::BTreeMap;

use log_summarizer::LogSummarizer;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use warden_core::{
    audit::{JudgeDocuments, summary::SummarizeWithModel},
    cloudtrail::UploadsToJudge,
    threat::{RuleSet, ThreatLevel},
};

use super::EventCase;
use crate::{judge::Judge, metrics::Share};

/// Who rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rater {
    /// The rules alone.
    Rules,
    /// A model without the rules.
    Model(Judge),
    /// Both, as deployed: the model may raise what the rules set.
    Both(Judge),
}

impl Rater {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Rules => "rules alone".to_owned(),
            Self::Model(judge) => format!("{} alone", judge.name()),
            Self::Both(judge) => format!("rules and {}", judge.name()),
        }
    }
}

/// An event that was rated.
#[derive(Clone, Debug)]
pub struct Rated {
    /// The event.
    pub case: EventCase,
    /// Its level; nothing where it could not be rated.
    pub level: Option<ThreatLevel>,
}

/// How events were rated, each part by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OfRater {
    /// Who rated.
    pub name: String,
    /// The parts, by their names.
    pub parts: BTreeMap<String, Ratings>,
}

/// Shares of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratings {
    /// Of all: how many have exactly their level.
    pub right: Share,
    /// Of all: how many are rated below, which nobody may ever hear of.
    pub below: Share,
    /// Of all: how many are rated above, which wakes somebody for nothing.
    pub above: Share,
}

/// Rates events. What cannot be rated has no level.
///
/// # Errors
/// When no thread can be had for it.
pub fn rate(rater: &Rater, cases: &[EventCase], tell: &dyn Fn(usize)) -> std::io::Result<Vec<Rated>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (model, asked, rules) = match rater {
        Rater::Rules => (None, SummarizeWithModel::None, RuleSet::shipped()),
        Rater::Model(judge) => (Some(judge.model()), SummarizeWithModel::All, RuleSet::default()),
        Rater::Both(judge) => (Some(judge.model()), SummarizeWithModel::All, RuleSet::shipped()),
    };
    let summarizer =
        LogSummarizer { model, asked, rules, uploads: UploadsToJudge::default(), documents: JudgeDocuments::default() };
    let all = cases.iter().enumerate().map(|(at, case)| {
        tell(at);
        let summary = runtime.block_on(summarizer.summarize(&case.event, true));
        Rated { case: case.clone(), level: summary.ok().map(|summary| summary.threat_level) }
    });
    Ok(all.collect())
}

/// What came of it, counted.
#[must_use]
pub fn ratings(name: String, rated: &[Rated]) -> OfRater {
    let mut parts: BTreeMap<String, Ratings> = BTreeMap::new();
    for Rated { case, level } in rated {
        let ratings = parts.entry(case.part.clone()).or_default();
        ratings.right.count(*level == Some(case.level));
        ratings.below.count(level.is_none_or(|level| level < case.level));
        ratings.above.count(level.is_some_and(|level| level > case.level));
    }
    OfRater { name, parts }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case(event: &str, level: ThreatLevel) -> EventCase {
        let event = json!({"eventVersion": "1.08", "eventSource": "cloudtrail.amazonaws.com", "eventName": event,
            "awsRegion": "us-east-1", "eventTime": "2026-11-20T09:14:07Z", "eventID": "1", "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "userName": "Alice"}, "requestParameters": {"name": "audit"}});
        EventCase { name: "e".into(), event, level, part: "all".into() }
    }

    #[test]
    fn rules_rate_and_levels_are_held_against_what_they_are_to_be() {
        let cases = [
            case("StopLogging", ThreatLevel::High),
            case("DescribeTrails", ThreatLevel::Low),
            case("DescribeTrails", ThreatLevel::Medium),
            case("StopLogging", ThreatLevel::Low),
        ];
        let rated = rate(&Rater::Rules, &cases, &|_| {}).unwrap();
        let share = |hits| Share { hits, of: 4 };
        assert_eq!(
            ratings("r".into(), &rated).parts["all"],
            Ratings { right: share(2), below: share(1), above: share(1) }
        );
    }
}
