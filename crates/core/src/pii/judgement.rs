//! What is known of an image, and what the model's answer says of it.

use serde::Serialize;
use serde_json::Value;

use super::{Category, Place, Reason};
use crate::{
    bedrock::{
        Answer,
        answer::{Unusable, json_objects},
    },
    image::Area,
};

/// Something personal that an image holds; never its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What it is of.
    pub category: Category,
    /// How sure the model is, 0 to 1; 1 for what the code found.
    pub confidence: f64,
    /// Where it is.
    pub r#where: Place,
    /// The upright rectangle around it, in pixels of the picture as it is seen; of what was found in code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#box: Option<Area>,
    /// The page, frame or picture that it is on, of a file with several; counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

impl Finding {
    /// One of which no more is known than where it is.
    #[must_use]
    pub const fn new(category: Category, confidence: f64, r#where: Place) -> Self {
        Self { category, confidence, r#where, r#box: None, page: None }
    }

    /// One in an area of a picture of this size.
    #[must_use]
    pub fn at(category: Category, confidence: f64, area: Area, whole: (u32, u32)) -> Self {
        let r#where = Place::WholeImage.within(area, whole);
        Self { category, confidence, r#where, r#box: Some(area), page: None }
    }

    /// The same on a page, frame or picture of a file with several; counted from 1.
    #[must_use]
    pub const fn on(self, page: Option<u32>) -> Self {
        Self { page, ..self }
    }
}

/// What is known of an image, or of a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// It holds personal data.
    Pii(Vec<Finding>),
    /// It holds none, but for findings that do not count.
    Clean(Vec<Finding>),
    /// Nobody can tell, for the named reason.
    Undetermined(Reason),
    /// Nobody can tell: the model says that there is none, and these were found in code.
    Disputed(Vec<Finding>),
}

impl Judgement {
    /// The model answered, but not in the form it was asked for: it may do better
    /// when it is asked again, which a refusal or a cut answer would not.
    #[must_use]
    pub const fn is_malformed(&self) -> bool {
        matches!(self, Self::Undetermined(Reason::Unusable(Unusable::Malformed | Unusable::Empty)))
    }

    /// What was found in an image without the model: in its metadata, in its barcodes.
    #[must_use]
    pub fn of_findings(findings: Vec<Finding>) -> Self {
        if findings.is_empty() { Self::Clean(findings) } else { Self::Pii(findings) }
    }

    /// The same, said of one area of a larger image, perhaps on one of several pages: each finding at its place in the whole.
    #[must_use]
    pub fn within(mut self, area: Area, whole: (u32, u32), page: Option<u32>) -> Self {
        if let Self::Pii(findings) | Self::Clean(findings) | Self::Disputed(findings) = &mut self {
            for finding in findings {
                finding.r#where = finding.r#where.within(area, whole);
                finding.page = page;
            }
        }
        self
    }

    /// What two parts of an image say of it, its metadata among them: personal data if either holds any,
    /// clean only if both are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Pii(one), Self::Pii(more) | Self::Clean(more) | Self::Disputed(more))
            | (Self::Clean(more) | Self::Disputed(more), Self::Pii(one)) => {
                Self::Pii(merged(one.into_iter().chain(more)))
            }
            (Self::Disputed(one), Self::Disputed(more) | Self::Clean(more))
            | (Self::Clean(more), Self::Disputed(one)) => Self::Disputed(merged(one.into_iter().chain(more))),
            // What was found is worth more to whoever looks than what could not be read.
            (disputed @ Self::Disputed(_), Self::Undetermined(_))
            | (Self::Undetermined(_), disputed @ Self::Disputed(_)) => disputed,
            (pii @ Self::Pii(_), Self::Undetermined(_)) | (Self::Undetermined(_), pii @ Self::Pii(_)) => pii,
            (undetermined @ Self::Undetermined(_), _) | (_, undetermined @ Self::Undetermined(_)) => undetermined,
            (Self::Clean(one), Self::Clean(more)) => Self::Clean(merged(one.into_iter().chain(more))),
        }
    }
}

/// One finding of each category at each place of a page, the surest, in the order of their first; of those with a box, one
/// for each box. What the model found takes the box of what was found in code at the same place.
pub(super) fn merged(findings: impl IntoIterator<Item = Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let is_same = |known: &&mut Finding| {
            (known.category, known.r#where, known.page) == (finding.category, finding.r#where, finding.page)
                && (known.r#box == finding.r#box || known.r#box.is_none() || finding.r#box.is_none())
        };
        match kept.iter_mut().find(is_same) {
            Some(known) => {
                known.confidence = known.confidence.max(finding.confidence);
                known.r#box = known.r#box.or(finding.r#box);
            }
            None => kept.push(finding),
        }
    }
    kept
}

/// Reads the model's answer. Only an answer whose meaning is plain counts;
/// anything else is undetermined, never clean.
#[must_use]
pub fn judge(answer: &Answer) -> Judgement {
    let text = match answer.finished_text() {
        Ok(text) => text,
        Err(unusable) => return Judgement::Undetermined(unusable.into()),
    };
    let verdicts: Vec<_> = json_objects(text).iter().filter(|o| o.get("verdict").is_some()).map(read_object).collect();
    let plain = match verdicts.split_first() {
        None => read_word(text),
        Some((first, others)) if others.iter().all(|other| same_verdict(first.as_ref(), other.as_ref())) => {
            first.clone()
        }
        Some(_) => None,
    };
    plain.unwrap_or(Judgement::Undetermined(Unusable::Malformed.into()))
}

fn same_verdict(a: Option<&Judgement>, b: Option<&Judgement>) -> bool {
    matches!(
        (a, b),
        (Some(Judgement::Pii(_)), Some(Judgement::Pii(_))) | (Some(Judgement::Clean(_)), Some(Judgement::Clean(_)))
    )
}

fn read_object(object: &Value) -> Option<Judgement> {
    let findings = match object.get("findings") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => merged(items.iter().map(read_finding)),
        Some(_) => return None,
    };
    match object["verdict"].as_str()?.trim().to_ascii_lowercase().as_str() {
        "pii" => Some(Judgement::Pii(findings)),
        "clean" if findings.is_empty() => Some(Judgement::Clean(Vec::new())),
        // Clean with findings contradicts itself.
        _ => None,
    }
}

fn read_finding(item: &Value) -> Finding {
    let given = |key: &str| item[key].as_str().unwrap_or_default().trim();
    let category = Category::named(given("category")).filter(|category| !category.is_of_metadata());
    // A finding without a number is a finding without a doubt.
    let confidence = item["confidence"].as_f64().unwrap_or(1.0).clamp(0.0, 1.0);
    let place = Place::named(given("where")).filter(|place| *place != Place::Metadata);
    Finding::new(category.unwrap_or(Category::Other), confidence, place.unwrap_or(Place::WholeImage))
}

/// An answer of one word, in quotes or a fence perhaps.
fn read_word(text: &str) -> Option<Judgement> {
    let word = text.trim_start_matches("```json").trim_matches(|c: char| c.is_whitespace() || "`\"'.".contains(c));
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "pii" => Some(Judgement::Pii(Vec::new())),
        "false" | "no" | "clean" => Some(Judgement::Clean(Vec::new())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bedrock::{StopReason, Usage};

    fn undetermined(why: Unusable) -> Judgement {
        Judgement::Undetermined(why.into())
    }

    fn answered(text: &str) -> Answer {
        Answer {
            text: text.into(),
            stop_reason: StopReason::EndTurn,
            guardrail_intervened: false,
            usage: Usage::default(),
        }
    }

    fn face() -> Finding {
        Finding::new(Category::Face, 0.9, Place::TopLeft)
    }

    #[test]
    fn an_answer_counts_where_its_meaning_is_plain() {
        let face_json = r#"{"verdict":"pii","findings":[{"category":"FACE","confidence":0.9,"where":"top left"}]}"#;
        for (case, text, expected) in [
            ("asked for", face_json.to_owned(), Judgement::Pii(vec![face()])),
            ("fenced", format!("```json\n{face_json}\n```"), Judgement::Pii(vec![face()])),
            ("in prose", format!("I looked closely. {face_json} That is all."), Judgement::Pii(vec![face()])),
            ("said twice", format!("{face_json}\n{face_json}"), Judgement::Pii(vec![face()])),
            ("clean", r#"{"verdict":"clean","findings":[]}"#.into(), Judgement::Clean(vec![])),
            ("clean, no list", r#"{"verdict": "CLEAN "}"#.into(), Judgement::Clean(vec![])),
            ("true as text", "\"true\"".into(), Judgement::Pii(vec![])),
            ("false as text", "\"false\"".into(), Judgement::Clean(vec![])),
            ("bare word", "True.".into(), Judgement::Pii(vec![])),
            ("fenced word", "```\nfalse\n```".into(), Judgement::Clean(vec![])),
        ] {
            assert_eq!(judge(&answered(&text)), expected, "{case}");
        }
    }

    #[test]
    fn an_answer_without_a_plain_meaning_is_undetermined_and_never_clean() {
        for text in [
            r#"{"verdict":"clean","findings":[{"category":"FACE"}]}"#,
            r#"{"verdict":"clean"} on second thought {"verdict":"pii","findings":[]}"#,
            r#"{"verdict":"pii or clean"}"#,
            r#"{"verdict":false}"#,
            r#"{"verdict":"clean","findings":"none"}"#,
            r#"{"verdict":"clean""#,
            "It is not true that it is clean.",
            "maybe",
            "{}",
            "null",
        ] {
            assert_eq!(judge(&answered(text)), undetermined(Unusable::Malformed), "{text}");
        }
    }

    #[test]
    fn an_unfinished_answer_is_undetermined_whatever_it_says() {
        let clean = answered(r#"{"verdict":"clean","findings":[]}"#);
        let cut = Answer { stop_reason: StopReason::Cut, ..clean.clone() };
        assert_eq!(judge(&cut), undetermined(Unusable::Cut));
        let refused = Answer { stop_reason: StopReason::Refusal, ..clean.clone() };
        assert_eq!(judge(&refused), undetermined(Unusable::Refused));
        let guarded = Answer { guardrail_intervened: true, ..clean };
        assert_eq!(judge(&guarded), undetermined(Unusable::GuardrailIntervened));
    }

    #[test]
    fn a_value_that_was_found_cannot_leave_through_a_finding() {
        let text = r#"{"verdict":"pii","findings":[
            {"category":"Jane Doe","confidence":7,"where":"4111 1111 1111 1111"},
            {"category":"person","confidence":"high","where":"Top Left"}, "JANE", 3]}"#;
        let Judgement::Pii(findings) = judge(&answered(text)) else { panic!("not pii") };
        let other = Finding::new(Category::Other, 1.0, Place::WholeImage);
        let person = Finding::new(Category::Person, 1.0, Place::TopLeft);
        assert_eq!(findings, [other, person]);
    }

    #[test]
    fn findings_of_a_flood_are_told_once_each() {
        let items =
            vec![r#"{"category":"FACE","confidence":0.2},{"category":"FACE","confidence":0.8}"#; 5_000].join(",");
        let judgement = judge(&answered(&format!(r#"{{"verdict":"pii","findings":[{items}]}}"#)));
        assert_eq!(judgement, Judgement::Pii(vec![Finding { confidence: 0.8, r#where: Place::WholeImage, ..face() }]));
    }

    #[test]
    fn an_image_is_clean_only_if_all_its_parts_are() {
        let (pii, clean, unknown) =
            (|| Judgement::Pii(vec![face()]), || Judgement::Clean(vec![]), || undetermined(Unusable::Cut));
        let disputed = || Judgement::Disputed(vec![face()]);
        for (one, other, expected) in [
            (clean(), clean(), clean()),
            (clean(), pii(), pii()),
            (pii(), clean(), pii()),
            (pii(), pii(), pii()),
            (unknown(), pii(), pii()),
            (pii(), unknown(), pii()),
            (unknown(), clean(), unknown()),
            (clean(), unknown(), unknown()),
            (clean(), disputed(), disputed()),
            (disputed(), clean(), disputed()),
            (disputed(), unknown(), disputed()),
            (unknown(), disputed(), disputed()),
            (disputed(), pii(), pii()),
            (pii(), disputed(), pii()),
        ] {
            assert_eq!(one.clone().and(other.clone()), expected, "{one:?} and {other:?}");
        }
    }
}
