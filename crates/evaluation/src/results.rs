//! What a run showed: a function of its records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use warden_core::{
    bedrock::{TokenPrices, Usage},
    pii::Category,
};

use crate::{
    events::OfRater,
    label::Wanted,
    metrics::{OfCategory, Said, Share, Tally, matched},
    run::Record,
};

/// From here on two rectangles are one.
const SAME: f64 = 0.5;
/// Points of the curve over the confidence.
const STEPS: u32 = 20;

/// What a run showed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// The set that was judged.
    pub set: String,
    /// Whoever judged its pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<OfJudge>,
    /// Whoever rated its events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raters: Vec<OfRater>,
}

/// What one judge said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OfJudge {
    /// Who judged.
    pub name: String,
    /// The parts of the set, by their names.
    pub parts: BTreeMap<String, Part>,
    /// Seconds for a picture.
    pub latency: Latency,
    /// Tokens of the requests.
    pub input_tokens: u64,
    /// Tokens of the answers.
    pub output_tokens: u64,
    /// What they cost in US dollars, where there is a price.
    pub cost_usd: Option<f64>,
}

/// Seconds for a picture.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Half of them took less.
    pub median: f64,
    /// 95 of 100 took less.
    pub p95: f64,
}

/// A part of a set.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Part {
    /// How many pictures there are.
    pub pictures: u32,
    /// How the pictures were judged, whatever their kind.
    pub all: Tally,
    /// Findings of all categories.
    pub findings: OfCategory,
    /// The same of each category.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub categories: BTreeMap<String, OfCategory>,
    /// Pictures by what they have in common: `kind`, `format`, `language`, `taken`, `attack`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by: BTreeMap<String, BTreeMap<String, Tally>>,
    /// Pictures that something at least so sure speaks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<Point>,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Point {
    /// The least confidence of a finding that counts.
    pub confidence: f64,
    /// What it makes of the pictures.
    pub recall: Share,
    /// And of those that are found.
    pub precision: Share,
}

/// What somebody has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// Personal data that nothing speaks for.
    Overlooked,
    /// Nothing personal, and something speaks for it.
    Wrong,
    /// Something of it was not found, or was found that is not there.
    InPart,
}

/// What a judge said of a set.
#[must_use]
pub fn of_judge(name: String, records: &[Record], prices: Option<TokenPrices>) -> OfJudge {
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for record in records {
        parts.entry(record.label.part.clone()).or_default().count(record);
    }
    let (input, output) = (
        records.iter().map(|record| record.judged.input_tokens).sum(),
        records.iter().map(|record| record.judged.output_tokens).sum(),
    );
    OfJudge {
        name,
        parts,
        latency: latency(records),
        input_tokens: input,
        output_tokens: output,
        cost_usd: prices.map(|prices| prices.cost(Usage { input_tokens: input, output_tokens: output })),
    }
}

fn latency(records: &[Record]) -> Latency {
    let mut seconds: Vec<f64> = records.iter().map(|record| record.judged.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let at = |part: usize| seconds.get((seconds.len() * part / 100).min(seconds.len().saturating_sub(1))).copied();
    Latency { median: at(50).unwrap_or_default(), p95: at(95).unwrap_or_default() }
}

impl Part {
    fn count(&mut self, record: &Record) {
        let (label, judged) = (&record.label, &record.judged);
        self.pictures += 1;
        self.all.count(label.personal, judged.said);
        let format = label.format();
        for (dimension, value) in [
            ("kind", label.kind.as_deref()),
            ("format", Some(format.as_str())),
            ("language", label.language.as_deref()),
            ("taken", label.taken.as_deref()),
            ("attack", label.attack.as_deref()),
        ] {
            if let Some(value) = value {
                let values = self.by.entry(dimension.to_owned()).or_default();
                values.entry(value.to_owned()).or_default().count(label.personal, judged.said);
            }
        }
        self.count_findings(record);
        self.count_confidence(record);
    }

    fn count_findings(&mut self, record: &Record) {
        let Some((wanted, told)) = sides(record) else { return };
        let (matches, right) = matched(&wanted, &told);
        for (thing, found) in wanted.iter().zip(&matches) {
            let of_category = self.categories.entry(thing.category.as_str().to_owned()).or_default();
            for counted in [of_category, &mut self.findings] {
                if thing.expected {
                    counted.recall.count(found.found);
                    if let Some(iou) = found.iou {
                        counted.boxes.count(iou >= SAME);
                    }
                }
            }
        }
        for ((category, _), right) in told.iter().zip(right) {
            self.categories.entry(category.as_str().to_owned()).or_default().precision.count(right);
            self.findings.precision.count(right);
        }
    }

    fn count_confidence(&mut self, record: &Record) {
        let sure = record.judged.told.iter().map(|told| told.confidence).fold(0.0, f64::max);
        // Where a model says personal data and not what, that is without a doubt.
        let sure = if record.judged.told.is_empty() && record.judged.said == Said::Pii { 1.0 } else { sure };
        if self.curve.is_empty() {
            self.curve = (0..=STEPS)
                .map(|step| Point {
                    confidence: f64::from(step) / f64::from(STEPS),
                    recall: Share::default(),
                    precision: Share::default(),
                })
                .collect();
        }
        for point in &mut self.curve {
            let flagged = record.judged.said.is_flagged() && sure >= point.confidence;
            if record.label.personal {
                point.recall.count(flagged);
            }
            if flagged {
                point.precision.count(record.label.personal);
            }
        }
    }
}

type Side = (Category, Option<warden_core::image::Area>);

/// What is there and what was told, where both are known.
fn sides(record: &Record) -> Option<(Vec<Wanted>, Vec<Side>)> {
    let wanted = record.label.findings.as_ref()?.iter().copied().map(Wanted::from).collect();
    let told = record.judged.told.iter().filter_map(|told| Some((Category::named(told.category)?, told.r#box)));
    Some((wanted, told.collect()))
}

/// What is to be looked at of a picture, if anything is.
#[must_use]
pub fn miss(record: &Record) -> Option<Miss> {
    match (record.label.personal, record.judged.said.is_flagged()) {
        (true, false) => return Some(Miss::Overlooked),
        (false, true) => return Some(Miss::Wrong),
        _ => {}
    }
    let (wanted, told) = sides(record)?;
    let (matches, right) = matched(&wanted, &told);
    let left = wanted.iter().zip(&matches).any(|(thing, found)| thing.expected && !found.found);
    (left || right.contains(&false)).then_some(Miss::InPart)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use warden_core::image::Area;

    use super::*;
    use crate::{
        cases::Case,
        judge::{Judged, Told},
        label::{Finding, Label},
    };

    const HERE: Area = Area { x: 10, y: 10, width: 100, height: 20 };

    fn record(personal: bool, said: Said, found: bool) -> Record {
        let findings = personal.then_some(Finding { category: Category::Person, r#box: Some(HERE), optional: false });
        let label = Label {
            file: "a.PNG".into(),
            personal,
            findings: Some(findings.into_iter().collect()),
            part: "all".into(),
            kind: Some("form".into()),
            language: None,
            taken: None,
            attack: None,
        };
        let told = Told { category: "PERSON", confidence: 0.8, r#box: Some(HERE) };
        Record {
            case: Case::File(PathBuf::from("a.PNG"), Box::new(label.clone())),
            label,
            judged: Judged {
                said,
                reason: None,
                told: if found { vec![told] } else { Vec::new() },
                seconds: 1.0,
                input_tokens: 100,
                output_tokens: 10,
            },
        }
    }

    #[test]
    fn pictures_findings_and_confidence_are_counted() {
        let records =
            [record(true, Said::Pii, true), record(true, Said::Clean, false), record(false, Said::Likely, true)];
        let price = TokenPrices { input: 1.0, output: 1.0 };
        let judge = of_judge("j".into(), &records, Some(price));
        let part = &judge.parts["all"];
        let share = |hits, of| Share { hits, of };
        assert_eq!((part.all.recall, part.all.precision), (share(1, 2), share(1, 2)));
        assert_eq!(
            (part.findings.recall, part.findings.precision, part.findings.boxes),
            (share(1, 2), share(1, 2), share(1, 1))
        );
        assert_eq!(part.by["format"]["png"].recall, share(1, 2));
        assert_eq!(part.curve[16].recall, share(1, 2), "0.8 counts at 0.8");
        assert_eq!(part.curve[17].recall, share(0, 2), "and not above");
        assert!((judge.cost_usd.unwrap() - 0.000_33).abs() < 1e-9);
    }

    #[test]
    fn what_is_wrong_in_whole_or_in_part_is_to_be_looked_at() {
        for (record, expected) in [
            (record(true, Said::Pii, true), None),
            (record(false, Said::Clean, false), None),
            (record(true, Said::Clean, false), Some(Miss::Overlooked)),
            (record(false, Said::Likely, true), Some(Miss::Wrong)),
            (record(true, Said::Pii, false), Some(Miss::InPart)),
        ] {
            assert_eq!(miss(&record), expected);
        }
    }
}
