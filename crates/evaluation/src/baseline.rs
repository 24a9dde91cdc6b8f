//! What results must not fall below.

use std::fmt;

use crate::{
    metrics::Share,
    results::{Latency, Part, Results},
};

/// How far a share may fall before it is said: less is one picture of a small set, or another machine's arithmetic.
const TOLERANCE: f64 = 0.01;

/// A share that fell.
#[derive(Clone, Debug, PartialEq)]
pub struct Fall {
    /// Whose, where and of what.
    pub what: String,
    /// What it was.
    pub before: Share,
    /// What it is.
    pub now: Option<Share>,
}

impl fmt::Display for Fall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |share: Share| format!("{:.3} ({} of {})", share.value().unwrap_or_default(), share.hits, share.of);
        match self.now {
            Some(now) => write!(f, "{} fell from {} to {}", self.what, told(self.before), told(now)),
            None => write!(f, "{} was {} and was not measured", self.what, told(self.before)),
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

/// What fell below a baseline by more than a hundredth.
#[must_use]
pub fn falls(baseline: &Results, now: &Results) -> Vec<Fall> {
    let mut falls = Vec::new();
    for judge in &baseline.judges {
        let same = now.judges.iter().find(|other| other.name == judge.name);
        for (name, part) in &judge.parts {
            let other = same.and_then(|other| other.parts.get(name));
            let after = other.map(shares);
            for (at, (measure, before)) in shares(part).into_iter().enumerate() {
                let now = after.map(|after| after[at].1);
                let Some(least) = before.value() else { continue };
                // Where nothing is told any more, nothing is wrong either: recall says so.
                let fell = match now {
                    Some(now) => now.value().is_some_and(|value| value < least - TOLERANCE),
                    None => true,
                };
                if fell {
                    falls.push(Fall { what: format!("{}, {name}: {measure}", judge.name), before, now });
                }
            }
        }
    }
    for rater in &baseline.raters {
        let same = now.raters.iter().find(|other| other.name == rater.name);
        for (name, part) in &rater.parts {
            let now = same.and_then(|other| other.parts.get(name)).map(|part| part.right);
            let least = part.right.value().unwrap_or_default() - TOLERANCE;
            if now.and_then(Share::value).is_none_or(|value| value < least) {
                falls.push(Fall { what: format!("{}, {name}: levels", rater.name), before: part.right, now });
            }
        }
    }
    falls
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{metrics::Tally, results::OfJudge};

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
}
