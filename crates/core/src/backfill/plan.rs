//! Which versions of a bucket a backfill looks at.

use std::iter;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    Error,
    audit::JudgeDocuments,
    cloudtrail::{UploadsToJudge, may_be_image},
    ports::ObjectVersion,
};

/// Audits at once, unless a plan says otherwise: well below what a new account's Lambda runs at once.
const CONCURRENCY: u32 = 20;
/// The most audits at once: a Map Run takes no more.
const MOST_AT_ONCE: u32 = 10_000;
/// The most bytes of a key, and so of what it begins with.
const MOST_OF_A_KEY: usize = 1_024;
/// The most bytes of all patterns together: the plan goes with each step, and stands in the report.
const MOST_OF_PATTERNS: usize = 4_000;

/// What is done with what is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acts {
    /// What the stack's policy says.
    #[default]
    Policy,
    /// Nothing: it is told and kept.
    Nothing,
}

/// What names the objects that a backfill looks at, in place of the bucket's own listing: files below a folder of the bucket
/// that backfill-lister keeps its parts in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An S3 Inventory: its manifest, and its files in their order.
    Inventory {
        /// The folder, without a slash at its end.
        folder: String,
    },
    /// A list of keys: one file of CSV.
    Keys {
        /// The folder, without a slash at its end.
        folder: String,
    },
}

impl Source {
    /// The key of an inventory's manifest.
    #[must_use]
    pub fn manifest(&self) -> String {
        format!("{}/manifest.json", self.folder())
    }

    /// The key of a file, by its number from 0.
    #[must_use]
    pub fn file(&self, number: usize) -> String {
        format!("{}/{number:06}", self.folder())
    }

    fn folder(&self) -> &str {
        match self {
            Self::Inventory { folder } | Self::Keys { folder } => folder,
        }
    }
}

/// Which versions of a bucket a backfill looks at, how fast, and for how much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The bucket.
    pub bucket: String,
    /// What keys begin with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Written then or later, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Written before, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// Patterns of keys, of which one has to fit: `*` stands for any text, `?` for one character. Without any, the
    /// stack's own settings say which objects may be images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Whether versions that others were written over are looked at too.
    #[serde(default)]
    pub older_versions: bool,
    /// Audits at once.
    #[serde(default = "concurrency")]
    pub concurrency: u32,
    /// US dollars for the models' answers, after which no further audit begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// What is done with what is found.
    #[serde(default)]
    pub action: Acts,
    /// Whether it looks for uploads that no event reported.
    #[serde(default)]
    pub sweep: bool,
    /// Buckets that a sweep looks at after the first: a list of names, or ARNs with commas between as the parameter
    /// `AlsoAudit` has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "buckets")]
    pub further: Vec<String>,
    /// What names the objects; without it the bucket is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

const fn concurrency() -> u32 {
    CONCURRENCY
}

fn buckets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Buckets {
        Names(Vec<String>),
        Arns(String),
    }
    let name = |arn: &str| arn.rsplit(':').next().unwrap_or(arn).trim().to_owned();
    Ok(match Buckets::deserialize(deserializer)? {
        Buckets::Names(names) => names,
        Buckets::Arns(arns) => arns.split(',').map(name).filter(|name| !name.is_empty()).collect(),
    })
}

/// A version as S3 lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The key, as it is.
    pub key: String,
    /// The version.
    pub version: ObjectVersion,
    /// Whether it is what a reader of the key gets.
    pub is_latest: bool,
}

/// Why a version is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// Another was written over it, or deleted it.
    Older,
    /// It was written before or after the time that is asked for.
    Time,
    /// Its key fits no pattern, or says that it is no image.
    Key,
    /// It has no bytes.
    Empty,
}

impl Plan {
    /// Everything that may be an image in a bucket, as it stands.
    #[must_use]
    pub fn of(bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            prefix: String::new(),
            since: None,
            until: None,
            include: Vec::new(),
            older_versions: false,
            concurrency: CONCURRENCY,
            max_cost: None,
            action: Acts::Policy,
            sweep: false,
            further: Vec::new(),
            source: None,
        }
    }

    /// All buckets that it looks at, the first of them first.
    pub fn buckets(&self) -> impl Iterator<Item = &str> {
        iter::once(&self.bucket).chain(&self.further).map(String::as_str)
    }

    /// Refuses a plan that cannot be carried out.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] without a bucket, for a prefix over 1,024 bytes or patterns over 4,000, for no audit at
    /// once or more than 10,000, and for a cost below 0.
    pub fn check(&self) -> Result<(), Error> {
        if self.bucket.is_empty() {
            return Err(Error::invalid("plan.bucket", "is empty"));
        }
        if self.prefix.len() > MOST_OF_A_KEY {
            return Err(Error::invalid("plan.prefix", "is longer than any key: over 1024 bytes"));
        }
        if self.include.iter().map(String::len).sum::<usize>() > MOST_OF_PATTERNS {
            return Err(Error::invalid("plan.include", "is longer than 4000 bytes in all"));
        }
        if !(1..=MOST_AT_ONCE).contains(&self.concurrency) {
            return Err(Error::invalid("plan.concurrency", "is not a number from 1 to 10000"));
        }
        if self.max_cost.is_some_and(|most| !most.is_finite() || most < 0.0) {
            return Err(Error::invalid("plan.max_cost", "is not a number from 0"));
        }
        Ok(())
    }

    /// Whether a version is looked at; else why not.
    ///
    /// # Errors
    /// The reason.
    pub fn wants(&self, listed: &Listed, uploads: UploadsToJudge, documents: JudgeDocuments) -> Result<(), LeftOut> {
        let Listed { key, version, is_latest } = listed;
        let written = version.last_modified;
        if !is_latest && !self.older_versions {
            return Err(LeftOut::Older);
        }
        if self.since.is_some_and(|since| written < since) || self.until.is_some_and(|until| written >= until) {
            return Err(LeftOut::Time);
        }
        if version.size == 0 {
            return Err(LeftOut::Empty);
        }
        let is_included = self.include.is_empty() || self.include.iter().any(|pattern| fits(pattern, key));
        if !is_included || !may_be_image(key, uploads) || !documents.opens(key) {
            return Err(LeftOut::Key);
        }
        Ok(())
    }
}

/// Whether a pattern fits all of a text: `*` stands for any text, slashes too, `?` for one character.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how much it stands for by now.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(expected) if *expected == '?' || *expected == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(key: &str, written: i64, is_latest: bool) -> Listed {
        let version = ObjectVersion { id: "v".into(), etag: "e".into(), size: 9, last_modified: written };
        Listed { key: key.into(), version, is_latest }
    }

    #[test]
    fn a_plan_looks_at_what_may_be_an_image_and_fits_all_that_it_says() {
        let plan = || Plan::of("b");
        let included = |pattern: &str| Plan { include: vec!["x".into(), pattern.into()], ..plan() };
        let now = || listed("cards/a.png", 100, true);
        for (plan, listed, expected) in [
            (plan(), now(), Ok(())),
            (plan(), listed("a.csv", 100, true), Err(LeftOut::Key)),
            (plan(), listed("no-extension", 100, true), Ok(())),
            (plan(), listed("a.png", 100, false), Err(LeftOut::Older)),
            (Plan { older_versions: true, ..plan() }, listed("a.png", 100, false), Ok(())),
            (Plan { since: Some(100), ..plan() }, now(), Ok(())),
            (Plan { since: Some(101), ..plan() }, now(), Err(LeftOut::Time)),
            (Plan { until: Some(100), ..plan() }, now(), Err(LeftOut::Time)),
            (Plan { until: Some(101), ..plan() }, now(), Ok(())),
            (included("*.png"), now(), Ok(())),
            (included("*.jpg"), now(), Err(LeftOut::Key)),
            (included("cards/?.png"), now(), Ok(())),
        ] {
            let wanted = plan.wants(&listed, UploadsToJudge::LikelyImages, JudgeDocuments::Tell);
            assert_eq!(wanted, expected, "{plan:?} {listed:?}");
        }
        let mut empty = now();
        empty.version.size = 0;
        assert_eq!(plan().wants(&empty, UploadsToJudge::All, JudgeDocuments::Tell), Err(LeftOut::Empty));
    }

    #[test]
    fn what_the_stack_opens_is_what_a_backfill_looks_at() {
        let (csv, pdf) = (listed("a.csv", 0, true), listed("a.pdf", 0, true));
        let plan = Plan::of("b");
        assert_eq!(plan.wants(&csv, UploadsToJudge::All, JudgeDocuments::Tell), Ok(()));
        assert_eq!(plan.wants(&pdf, UploadsToJudge::LikelyImages, JudgeDocuments::Tell), Ok(()));
        assert_eq!(plan.wants(&pdf, UploadsToJudge::LikelyImages, JudgeDocuments::Off), Err(LeftOut::Key));
    }

    #[test]
    fn a_star_stands_for_any_text_and_a_question_mark_for_one_character() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*.png", "a/b/c.png", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("?.png", "é.png", true),
            ("?.png", ".png", false),
            ("", "", true),
            ("", "a", false),
            ("a", "a.png", false),
            ("*a*a*a*a*a*b", &"a".repeat(60), false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_plan_that_cannot_be_carried_out_is_refused() {
        assert_eq!(Plan::of("b").check(), Ok(()));
        for plan in [
            Plan::of(""),
            Plan { prefix: "é".repeat(513), ..Plan::of("b") },
            Plan { include: vec!["*".repeat(2_000), "?".repeat(2_001)], ..Plan::of("b") },
            Plan { concurrency: 0, ..Plan::of("b") },
            Plan { concurrency: 10_001, ..Plan::of("b") },
            Plan { max_cost: Some(-1.0), ..Plan::of("b") },
            Plan { max_cost: Some(f64::NAN), ..Plan::of("b") },
        ] {
            assert!(matches!(plan.check(), Err(Error::InvalidInput { .. })), "{plan:?}");
        }
    }

    #[test]
    fn a_plan_is_read_from_its_bucket_alone() {
        let read: Plan = serde_json::from_value(serde_json::json!({"bucket": "b"})).unwrap();
        assert_eq!(read, Plan::of("b"));
    }

    #[test]
    fn further_buckets_are_read_as_the_template_and_the_ledger_have_them() {
        for (written, expected) in [
            (serde_json::json!(""), vec![]),
            (serde_json::json!("arn:aws:s3:::photos,arn:aws:s3:::more.photos"), vec!["photos", "more.photos"]),
            (serde_json::json!(["photos"]), vec!["photos"]),
        ] {
            let plan: Plan = serde_json::from_value(serde_json::json!({"bucket": "b", "further": written})).unwrap();
            assert_eq!(plan.further, expected);
            assert_eq!(plan.buckets().count(), expected.len() + 1);
        }
    }
}
