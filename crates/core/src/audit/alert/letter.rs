//! The letter that people get. A fact fills one line, whatever it holds.

use super::{
    told::{MAX_TOLD, Told},
    words::{Found, ToDo, Words},
};
use crate::audit::{ErrorOutput, text::one_line};
use crate::pii::{Category, Verdict};

/// Most characters of a failure's cause.
const MAX_CAUSE_CHARS: usize = 2_000;
/// Categories that are told by their names before the details.
const MAX_NAMED: usize = 6;

/// What, where, who, what was done, how it is undone, where to look; then the details.
pub(super) struct Letter<'a> {
    told: &'a Told<'a>,
    words: &'static Words,
}

impl<'a> Letter<'a> {
    pub(super) fn new(told: &'a Told<'a>) -> Self {
        Self { told, words: told.source.language.words() }
    }

    pub(super) fn text(&self) -> String {
        let paragraphs = [vec![self.headline()], self.news(), self.where_to_look(), self.details()];
        let paragraphs: Vec<_> =
            paragraphs.into_iter().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect();
        paragraphs.join("\n\n")
    }

    /// What happened.
    pub(super) fn headline(&self) -> String {
        let title = || self.told.fact(self.told.source.facts.event_title.as_deref());
        match self.told.source.outcome.headline {
            Some(headline) => {
                let text = (self.words.headline)(headline, self.told.source.outcome.kind);
                let Found { personal_data, secret } = self.words.found;
                text.replace("{found}", if self.told.is_of_secrets_alone() { secret } else { personal_data })
            }
            None => [Some(self.words.worth_looking_at.to_owned()), title()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(": "),
        }
    }

    /// What a busy person reads.
    pub(super) fn news(&self) -> Vec<String> {
        let (words, labels) = (self.words, &self.words.labels);
        let outcome = self.told.source.outcome;
        let mut lines = Vec::new();
        lines.extend(line(labels.what, self.what()));
        lines.extend(line(labels.place, self.place()));
        lines.extend(line(labels.who, self.who()));
        lines.extend(line(labels.done, Some((words.done)(outcome.action).to_owned())));
        let not_tried = self.told.judged.and_then(|judged| judged.not_tried);
        lines.extend(line(labels.not_done, not_tried.map(|why| (words.not_tried)(why).to_owned())));
        let copy = self.told.clean_copy().map(|copy| format!("s3://{}/{}", copy.bucket, copy.key));
        lines.extend(line(labels.masked, self.told.fact(copy.as_deref())));
        lines.extend(line(labels.undo, self.undo()));
        lines.extend(self.to_do().into_iter().filter_map(|text| line(labels.to_do, Some(text.to_owned()))));
        let silenced = self.told.source.silenced_by;
        lines.extend(line(
            labels.silenced,
            silenced.and_then(|by| self.told.fact(Some(&format!("{} ({})", by.name, by.reason)))),
        ));
        lines
    }

    pub(super) fn undo(&self) -> Option<String> {
        let undo = (self.words.undo)(self.told.source.outcome.action);
        self.told.restore.clone().or_else(|| undo.map(str::to_owned))
    }

    pub(super) fn to_do(&self) -> Vec<&'static str> {
        self.told.to_do().into_iter().map(|what: ToDo| (self.words.to_do)(what)).collect()
    }

    /// What was found, why nobody can tell, or what the event was.
    fn what(&self) -> Option<String> {
        let categories = self.told.categories();
        let outcome = self.told.source.outcome;
        if outcome.verdict == Some(Verdict::Pii) && !categories.is_empty() {
            let named = |name: &String| {
                Category::named(name)
                    .map_or_else(|| name.clone(), |category| (self.words.category)(category).to_owned())
            };
            let mut named: Vec<_> = categories.iter().take(MAX_NAMED).map(named).collect();
            named.extend(categories.len().checked_sub(MAX_NAMED).filter(|more| *more > 0).map(self.words.more));
            return Some(named.join(", "));
        }
        match (outcome.verdict, self.told.reason()) {
            (Some(Verdict::Undetermined), Some(reason)) => Some((self.words.reason)(reason).to_owned()),
            _ => self.summary(),
        }
    }

    fn summary(&self) -> Option<String> {
        self.told.fact(self.told.source.facts.summarize.as_deref())
    }

    fn place(&self) -> Option<String> {
        let name = |name| self.told.name(name).map(|name| one_line(&name, self.told.most));
        match (name(self.told.bucket()), name(self.told.key())) {
            (Some(bucket), Some(key)) => {
                let version = self.told.fact(self.told.version);
                let version = version.map(|version| format!(" ({} {version})", self.words.labels.version));
                Some(format!("s3://{bucket}/{key}{}", version.unwrap_or_default()))
            }
            (Some(bucket), None) => Some(format!("s3://{bucket}")),
            _ => {
                let parts = [self.told.account.clone(), self.told.region.map(str::to_owned)];
                Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", ")).filter(|place| !place.is_empty())
            }
        }
    }

    fn who(&self) -> Option<String> {
        let facts = self.told.source.facts;
        let [actor, ip, time] =
            [&facts.actor, &facts.source_ip, &facts.event_time].map(|fact| self.told.fact(fact.as_deref()));
        let around = [ip, time].into_iter().flatten().collect::<Vec<_>>().join(", ");
        match (actor, around.is_empty()) {
            (Some(actor), false) => Some(format!("{actor} ({around})")),
            (Some(actor), true) => Some(actor),
            (None, false) => Some(around),
            (None, true) => None,
        }
    }

    fn where_to_look(&self) -> Vec<String> {
        let (links, labels) = (&self.told.links, &self.words.labels);
        let pages = [
            line(labels.execution, links.execution.clone()),
            line(labels.object, links.object.clone()),
            line("CloudTrail", links.cloudtrail.clone()),
        ];
        let pages: Vec<_> = pages.into_iter().flatten().collect();
        if pages.is_empty() { pages } else { [vec![format!("{}:", labels.look_at)], pages].concat() }
    }

    fn details(&self) -> Vec<String> {
        let (words, labels, told) = (self.words, &self.words.labels, self.told);
        let facts = told.source.facts;
        let rules: Vec<_> = facts
            .matched_rules
            .iter()
            .take(MAX_TOLD)
            .map(|rule| format!("{} ({})", one_line(&rule.title, 200), (words.level)(rule.level)))
            .collect();
        let without_model = told.source.progress.summarize_error.as_deref();
        let without_model = without_model.map(|error| one_line(&(words.without_model)(error), 400));
        let is_summary_told = self.what() == self.summary();
        let mut lines = vec![format!("{}:", labels.details)];
        lines.extend(line(labels.level, Some((words.level)(told.source.outcome.threat_level).to_owned())));
        lines.extend(line(labels.event, told.fact(facts.event_title.as_deref())));
        lines.extend(line(labels.summary, self.summary().filter(|_| !is_summary_told)));
        lines.extend(line(labels.summary, without_model));
        lines.extend(line(labels.rules, told.fact(Some(&rules.join(", ")))));
        lines.extend(line(labels.event_id, told.fact(told.event_id())));
        lines.extend(self.judgement());
        lines.extend(self.failure());
        lines.extend(line(labels.execution, told.execution.map(|execution| one_line(execution.name, 600))));
        lines
    }

    fn judgement(&self) -> Vec<String> {
        let (labels, told) = (&self.words.labels, self.told);
        let Some(judged) = told.judged else { return Vec::new() };
        let mut lines = vec![format!("{}: {}", labels.verdict, told.verdict)];
        lines.extend(line(labels.reason, told.source.outcome.reason.as_deref().map(|reason| one_line(reason, 100))));
        lines.extend(judged.findings.iter().take(MAX_TOLD).map(|finding| {
            let confidence = finding.confidence.map(|confidence| format!(", {} {confidence}", labels.confidence));
            let place = finding.r#where.as_deref().map(|place| format!(", {place}"));
            let text = [Some(finding.category.clone()), confidence, place].into_iter().flatten().collect::<String>();
            one_line(&format!("{}: {text}", labels.finding), 400)
        }));
        match judged.findings.len().saturating_sub(MAX_TOLD) {
            0 => {}
            more => lines.push((self.words.more)(more)),
        }
        let object = &judged.object;
        let size = object.size.map(|size| {
            let size = format!("{size} {}", labels.bytes);
            object.media_type.as_ref().map_or(size.clone(), |media_type| format!("{size}, {media_type}"))
        });
        lines.extend(line(labels.size, told.fact(size.as_deref())));
        lines.extend(line("ETag", told.fact(object.etag.as_deref())));
        lines.extend(line(labels.model, told.fact(judged.model.as_ref().map(|model| model.id.as_str()))));
        lines
    }

    fn failure(&self) -> Vec<String> {
        let labels = &self.words.labels;
        let Some(failure) = self.told.source.progress.failure() else { return Vec::new() };
        let told = |fact: Option<&str>, most| fact.map(|fact| one_line(fact, most)).filter(|fact| !fact.is_empty());
        let lines = [
            line(labels.failed_in, told(self.told.source.progress.failed_in.as_deref(), 200)),
            line(labels.error, told(failure.error.as_deref(), 200)),
            line(labels.cause, told(failure.message().as_deref(), MAX_CAUSE_CHARS.min(self.told.most))),
        ];
        lines.into_iter().flatten().collect()
    }
}

/// A fact on its line; none for a fact that is unknown.
fn line(name: &str, fact: Option<String>) -> Option<String> {
    fact.filter(|fact| !fact.is_empty()).map(|fact| format!("{name}: {fact}"))
}

impl ErrorOutput {
    /// The cause for people: of a function's answer its message alone.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let cause = self.cause.as_deref()?;
        let answer: Option<serde_json::Value> = serde_json::from_str(cause).ok();
        let message = answer.and_then(|answer| Some(answer.get("errorMessage")?.as_str()?.to_owned()));
        Some(message.unwrap_or_else(|| cause.to_owned()))
    }
}
