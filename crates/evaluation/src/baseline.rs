//! What results must not fall below.

use std::fmt;

use crate::{
    events::Ratings,
    metrics::Share,
    results::{Latency, Part, Results},
};

/// How far a share may fall before it is said: less is one picture of a small set, or another machine's arithmetic.
const TOLERANCE: f64 = 0.01;

/// Why results do not hold against a baseline.
#[derive(Clone, Debug, PartialEq)]
pub enum Fall {
    /// Another set was judged, so that nothing can be said.
    OtherSet {
        /// The baseline's.
        before: String,
        /// The one that was judged.
        now: String,
    },
    /// Fewer pictures or events were judged.
    Fewer {
        /// Whose, where and of what.
        what: String,
        /// How many there were.
        before: u32,
        /// How many there are.
        now: u32,
    },
    /// A share is worse.
    Worse {
        /// Whose, where and of what.
        what: String,
        /// What it was.
        before: Share,
        /// What it is; `None` where it was not measured.
        now: Option<Share>,
    },
}

impl fmt::Display for Fall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |share: Share| format!("{:.3} ({} of {})", share.value().unwrap_or_default(), share.hits, share.of);
        match self {
            Self::OtherSet { before, now } => write!(f, "the baseline is of the set \"{before}\", not of \"{now}\""),
            Self::Fewer { what, before, now } => write!(f, "{what}: {before} were judged, now {now}"),
            Self::Worse { what, before, now: Some(now) } if now.of > 0 => {
                let way = if now.value() > before.value() { "rose" } else { "fell" };
                write!(f, "{what} {way} from {} to {}", told(*before), told(*now))
            }
            Self::Worse { what, before, .. } => write!(f, "{what} was {} and was not measured", told(*before)),
        }
    }
}

/// Of results what a later run is held against: shares of all pictures and findings, and no time.
#[must_use]
pub fn of(results: &Results) -> Results {
    let mut kept = results.clone();
    for judge in &mut kept.judges {
        judge.latency = Latency::default();
        for part in judge.parts.values_mut() {
            *part = Part { pictures: part.pictures, all: part.all, findings: part.findings, ..Part::default() };
        }
    }
    kept
}

/// What is held of a part, by name.
const fn shares(part: &Part) -> [(&'static str, Share); 7] {
    [
        ("recall", part.all.recall),
        ("precision", part.all.precision),
        ("recall of what is decided", part.all.decided_recall),
        ("precision of what is decided", part.all.decided_precision),
        ("recall of findings", part.findings.recall),
        ("precision of findings", part.findings.precision),
        ("rectangles", part.findings.boxes),
    ]
}

/// What is worse than a baseline: a share of pictures by more than a hundredth, fewer of them, or another set.
#[must_use]
pub fn falls(baseline: &Results, now: &Results) -> Vec<Fall> {
    if baseline.set != now.set {
        return vec![Fall::OtherSet { before: baseline.set.clone(), now: now.set.clone() }];
    }
    let mut falls = Vec::new();
    for judge in &baseline.judges {
        let same = now.judges.iter().find(|other| other.name == judge.name);
        for (name, part) in &judge.parts {
            let other = same.and_then(|other| other.parts.get(name));
            falls.extend(of_pictures(&format!("{}, {name}", judge.name), part, other));
        }
    }
    for rater in &baseline.raters {
        let same = now.raters.iter().find(|other| other.name == rater.name);
        for (name, part) in &rater.parts {
            let other = same.and_then(|other| other.parts.get(name));
            falls.extend(of_events(&format!("{}, {name}", rater.name), part, other));
        }
    }
    falls
}

fn of_pictures(whose: &str, before: &Part, now: Option<&Part>) -> Vec<Fall> {
    let mut falls = Vec::new();
    if let Some(now) = now.filter(|now| now.pictures < before.pictures) {
        let what = format!("{whose}: pictures");
        falls.push(Fall::Fewer { what, before: before.pictures, now: now.pictures });
    }
    let after = now.map(shares);
    for (at, (measure, share)) in shares(before).into_iter().enumerate() {
        let Some(least) = share.value() else { continue };
        let now = after.map(|after| after[at].1);
        // Where nothing is told any more, nothing is wrong either: recall says so.
        let may_be_empty = now.is_some() && measure.starts_with("precision");
        if now.and_then(Share::value).map_or(!may_be_empty, |value| value < least - TOLERANCE) {
            falls.push(Fall::Worse { what: format!("{whose}: {measure}"), before: share, now });
        }
    }
    let undetermined = |part: &Part| part.all.undetermined;
    let most = undetermined(before).value().unwrap_or_default() + TOLERANCE;
    if let Some(now) = now.map(undetermined).filter(|now| now.value().is_some_and(|value| value > most)) {
        falls.push(Fall::Worse {
            what: format!("{whose}: undetermined"),
            before: undetermined(before),
            now: Some(now),
        });
    }
    falls
}

fn of_events(whose: &str, before: &Ratings, now: Option<&Ratings>) -> Vec<Fall> {
    let mut falls = Vec::new();
    if let Some(now) = now.filter(|now| now.right.of < before.right.of) {
        falls.push(Fall::Fewer { what: format!("{whose}: events"), before: before.right.of, now: now.right.of });
    }
    let least = before.right.value().unwrap_or_default() - TOLERANCE;
    let right = now.map(|now| now.right);
    if right.and_then(Share::value).is_none_or(|value| value < least) {
        falls.push(Fall::Worse { what: format!("{whose}: levels"), before: before.right, now: right });
    }
    // An event that is rated too low is one that nobody hears of: not one more.
    let most = before.below.value().unwrap_or_default();
    if let Some(below) = now.map(|now| now.below).filter(|below| below.value().is_some_and(|value| value > most)) {
        falls.push(Fall::Worse { what: format!("{whose}: rated too low"), before: before.below, now: Some(below) });
    }
    falls
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{events::OfRater, metrics::Tally, results::OfJudge};

    fn results(recall: Share, precision: Share) -> Results {
        let part = Part { all: Tally { recall, precision, ..Tally::default() }, ..Part::default() };
        Results {
            set: "generated".into(),
            judges: vec![OfJudge {
                name: "floor alone".into(),
                parts: BTreeMap::from([("reported".into(), part)]),
                latency: Latency::default(),
                input_tokens: 0,
                output_tokens: 0,
                cost_usd: None,
            }],
            raters: Vec::new(),
        }
    }

    #[test]
    fn what_falls_is_named_with_both_numbers() {
        let share = |hits, of| Share { hits, of };
        let before = results(share(80, 100), share(95, 100));
        for (now, expected) in [
            (before.clone(), vec![]),
            (results(share(90, 100), share(100, 100)), vec![]),
            (results(share(159, 200), share(95, 100)), vec![]),
            (
                results(share(70, 100), share(95, 100)),
                vec!["floor alone, reported: recall fell from 0.800 (80 of 100) to 0.700 (70 of 100)"],
            ),
            (
                Results { judges: Vec::new(), ..before.clone() },
                vec![
                    "floor alone, reported: recall was 0.800 (80 of 100) and was not measured",
                    "floor alone, reported: precision was 0.950 (95 of 100) and was not measured",
                ],
            ),
        ] {
            assert_eq!(falls(&before, &now).iter().map(Fall::to_string).collect::<Vec<_>>(), expected);
        }
    }

    fn told(before: &Results, now: &Results) -> Vec<String> {
        falls(before, now).iter().map(Fall::to_string).collect()
    }

    #[test]
    fn a_baseline_is_no_fall_from_itself() {
        for text in [include_str!("../baseline.json"), include_str!("../events-baseline.json")] {
            let baseline: Results = serde_json::from_str(text).unwrap();
            assert_eq!(told(&baseline, &baseline), [""; 0]);
        }
    }

    #[test]
    fn what_was_measured_less_or_not_at_all_is_told() {
        let share = |hits, of| Share { hits, of };
        let before = results(share(80, 100), share(95, 100));
        let other = Results { set: "generated, one in 29".into(), ..before.clone() };
        assert_eq!(told(&before, &other), [r#"the baseline is of the set "generated", not of "generated, one in 29""#]);
        let change = |change: fn(&mut Part)| {
            let mut now = before.clone();
            change(now.judges[0].parts.get_mut("reported").unwrap());
            told(&before, &now)
        };
        let not_measured = change(|part| part.all.recall = Share::default());
        assert_eq!(not_measured, ["floor alone, reported: recall was 0.800 (80 of 100) and was not measured"]);
        assert_eq!(change(|part| part.all.precision = Share::default()), [""; 0], "nothing is told, or wrong");
        let undetermined = change(|part| part.all.undetermined = Share { hits: 2, of: 100 });
        assert_eq!(undetermined, ["floor alone, reported: undetermined rose from 0.000 (0 of 0) to 0.020 (2 of 100)"]);
        assert_eq!(change(|part| part.all.undetermined = Share { hits: 1, of: 100 }), [""; 0]);
        let mut more = before.clone();
        more.judges[0].parts.get_mut("reported").unwrap().pictures = 12;
        assert_eq!(told(&more, &before), ["floor alone, reported: pictures: 12 were judged, now 0"]);
        assert_eq!(told(&before, &more), [""; 0]);
    }

    #[test]
    fn not_one_event_more_may_be_rated_too_low() {
        let rated = |right, below, of| {
            let part =
                Ratings { right: Share { hits: right, of }, below: Share { hits: below, of }, ..Ratings::default() };
            let rater = OfRater { name: "rules".into(), parts: BTreeMap::from([("events".into(), part)]) };
            Results { set: "events".into(), judges: Vec::new(), raters: vec![rater] }
        };
        let before = rated(991, 0, 1_000);
        for (now, expected) in [
            (rated(990, 0, 1_000), vec![]),
            (rated(1_091, 0, 1_100), vec![]),
            (
                rated(991, 1, 1_000),
                vec!["rules, events: rated too low rose from 0.000 (0 of 1000) to 0.001 (1 of 1000)"],
            ),
            (rated(990, 0, 999), vec!["rules, events: events: 1000 were judged, now 999"]),
            (rated(900, 0, 1_000), vec!["rules, events: levels fell from 0.991 (991 of 1000) to 0.900 (900 of 1000)"]),
        ] {
            assert_eq!(told(&before, &now), expected);
        }
    }
}
