//! Everything that an alert tells, whoever it is for.

use super::{
    Language,
    console::{Execution, Links, is_region},
    words::ToDo,
};
use crate::{
    audit::{CleanCopy, Effect, Exception, Facts, Headline, Judged, Outcome, Progress, Taken, text::one_line},
    pii::{Category, Reason, Verdict},
    threat::ThreatLevel,
};

/// Findings and rules told in one alert.
pub(super) const MAX_TOLD: usize = 20;
/// Most characters of a category: those that there are have fewer.
pub(super) const MAX_CATEGORY_CHARS: usize = 50;
/// S3 takes no longer keys and names.
const MAX_NAME_CHARS: usize = 1_024;

/// What an alert is made of.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Source<'a> {
    pub progress: &'a Progress,
    pub facts: &'a Facts,
    pub outcome: &'a Outcome,
    /// The execution's ARN.
    pub execution: Option<&'a str>,
    /// When it was composed, in milliseconds since 1970.
    pub now: i64,
    /// Whether the event could not be claimed.
    pub unclaimed: bool,
    /// What silences its mail.
    pub silenced_by: Option<&'a Exception>,
    /// The backfill whose report tells of it.
    pub backfill: Option<&'a str>,
    /// What the model's answer cost, in US dollars.
    pub cost_usd: Option<f64>,
    /// The language of what people read.
    pub language: Language,
    /// The stack, for commands.
    pub stack: Option<&'a str>,
}

/// Everything that an alert tells, each fact cut to a number of characters.
pub(super) struct Told<'a> {
    pub source: Source<'a>,
    pub most: usize,
    /// A [`Verdict`], or `none`.
    pub verdict: &'static str,
    /// A judgement that did not count, or was about another object, is none.
    pub judged: Option<&'a Judged>,
    /// The version that was judged, or that the event names.
    pub version: Option<&'a str>,
    pub execution: Option<Execution<'a>>,
    /// Where it happened, as far as it may be a Region.
    pub region: Option<&'a str>,
    /// In which account it happened.
    pub account: Option<String>,
    pub links: Links,
    /// The command that brings the object back.
    pub restore: Option<String>,
}

impl<'a> Told<'a> {
    pub(super) fn new(source: Source<'a>, most: usize) -> Self {
        let Source { progress, facts, outcome, .. } = source;
        let judged = progress.detection.as_ref().filter(|_| outcome.verdict.is_some());
        let version = judged.and_then(|judged| judged.object.version.as_deref()).or(facts.s3_version_id.as_deref());
        let execution = source.execution.map(Execution::read);
        let of_execution = execution.map(|execution| execution.region);
        let region = facts.region.as_deref().filter(|region| is_region(region)).or(of_execution);
        let region = region.filter(|region| is_region(region));
        let of_execution = execution.map(|execution| execution.account).filter(|account| !account.is_empty());
        let account = facts.account.as_deref().or(of_execution).map(|account| one_line(account, 64));
        let mut told = Self {
            source,
            most,
            verdict: outcome.verdict.map_or("none", Verdict::as_str),
            judged,
            version,
            execution,
            region,
            account: account.filter(|account| !account.is_empty()),
            links: Links::default(),
            restore: None,
        };
        told.links = told.links();
        told.restore = told.restore();
        told
    }

    /// A fact as it may be shown; none for one that is unknown.
    pub(super) fn fact(&self, fact: Option<&str>) -> Option<String> {
        Some(one_line(fact?, self.most)).filter(|fact| !fact.is_empty())
    }

    /// A name of S3, as it is; cut only where the alert would be too large otherwise.
    pub(super) fn name(&self, name: Option<&str>) -> Option<String> {
        let most = MAX_NAME_CHARS.min(self.most.saturating_mul(6));
        name.map(|name| name.chars().take(most).collect())
    }

    pub(super) fn failed(&self) -> bool {
        self.source.progress.failure().is_some()
    }

    pub(super) fn bucket(&self) -> Option<&'a str> {
        self.source.facts.s3_bucket.as_deref()
    }

    pub(super) fn key(&self) -> Option<&'a str> {
        self.source.facts.s3_key.as_deref()
    }

    pub(super) fn event_id(&self) -> Option<&'a str> {
        self.source.facts.event_id.as_deref()
    }

    /// The call, from the event's title.
    pub(super) fn event_name(&self) -> Option<String> {
        let title = self.source.facts.event_title.as_deref()?;
        self.fact(title.strip_prefix('[')?.split(']').next())
    }

    /// Categories of what was found, each once, in the order of the findings.
    pub(super) fn categories(&self) -> Vec<String> {
        let mut categories: Vec<String> = Vec::new();
        for finding in self.judged.into_iter().flat_map(|judged| &judged.findings) {
            let category = one_line(&finding.category, MAX_CATEGORY_CHARS);
            if categories.len() < MAX_TOLD && !category.is_empty() && !categories.contains(&category) {
                categories.push(category);
            }
        }
        categories
    }

    /// Why nobody can tell, where it is a reason that there is.
    pub(super) fn reason(&self) -> Option<Reason> {
        let name = self.source.outcome.reason.as_deref()?;
        Reason::all().find(|reason| reason.as_str() == name)
    }

    /// Whether all that there is to tell is that the day's budget is spent, which somebody was told within the hour.
    pub(super) fn is_told_before(&self) -> bool {
        let of_event = self.source.facts.threat_level.unwrap_or(ThreatLevel::High);
        self.source.outcome.is_held_back()
            && self.judged.is_some_and(|judged| judged.told_before)
            && of_event == ThreatLevel::Low
            && !self.failed()
            && !self.source.unclaimed
    }

    /// Where the copy is in which what was found is covered.
    pub(super) fn clean_copy(&self) -> Option<&'a CleanCopy> {
        self.judged?.clean_copy.as_ref()
    }

    /// Whether the object, in the version that was judged, is still where it was.
    pub(super) fn is_still_there(&self) -> bool {
        let gone = matches!(self.source.outcome.action, Taken::Deleted | Taken::Quarantined)
            || self.source.outcome.verdict == Some(Verdict::Gone)
            || self.source.progress.effect == Some(Effect::ObjectChanged);
        !gone
    }

    /// Whether all that was found is what opens something. Who made the picture is no news beside it.
    pub(super) fn is_of_secrets_alone(&self) -> bool {
        let news = |category: &&String| *category != Category::AuthorshipMetadata.as_str();
        let outcome = self.source.outcome;
        let is_found = outcome.verdict == Some(Verdict::Pii) || outcome.headline == Some(Headline::NotPinned);
        let categories = self.categories();
        let mut news = categories.iter().filter(news).peekable();
        is_found && news.peek().is_some() && news.all(|category| category == Category::Secret.as_str())
    }

    pub(super) fn to_do(&self) -> Vec<ToDo> {
        let outcome = self.source.outcome;
        let mut to_do = Vec::new();
        if self.categories().iter().any(|category| category == Category::Secret.as_str()) {
            to_do.push(ToDo::RotateSecrets);
        }
        if self.failed() {
            let found = outcome.verdict == Some(Verdict::Pii);
            to_do.push(if found { ToDo::RemoveByHand } else { ToDo::MendAndReplay });
        } else if outcome.verdict == Some(Verdict::Undetermined) && self.is_still_there() {
            to_do.push(if outcome.is_held_back() { ToDo::RaiseTheBudget } else { ToDo::LookYourself });
        }
        if self.source.unclaimed {
            to_do.push(ToDo::MendTheLedger);
        }
        to_do
    }

    fn links(&self) -> Links {
        let Some(execution) = self.execution else { return Links::default() };
        let object = self.region.zip(self.bucket()).zip(self.key()).filter(|_| self.is_still_there());
        let is_name = |text: &str| text.len() <= MAX_NAME_CHARS.min(self.most);
        let object = object.filter(|((_, bucket), key)| is_name(bucket) && is_name(key));
        // Event history holds no calls on objects.
        let event = self.region.zip(self.event_id()).filter(|(_, id)| self.key().is_none() && is_id(id));
        Links {
            execution: execution.page().map(|page| one_line(&page, 600)),
            object: object.and_then(|((region, bucket), key)| {
                execution.object_page(region, bucket, key, self.version.filter(|version| is_name(version)))
            }),
            cloudtrail: event.and_then(|(region, id)| execution.event_page(region, id)),
        }
    }

    /// It goes into a shell, so nothing of the event stands in it but an id that is one.
    fn restore(&self) -> Option<String> {
        let id = self.event_id().filter(|id| is_id(id))?;
        // Without versions nobody could tell what is brought back from an upload, which is judged.
        if self.source.outcome.action != Taken::Quarantined || self.version.is_none() {
            return None;
        }
        let of_execution = self.execution.map(|execution| execution.region).filter(|region| is_region(region));
        let region = of_execution.map(|region| format!(" --region {region}")).unwrap_or_default();
        let stack = self.source.stack.unwrap_or("STACK");
        Some(format!("warden restore {id} --stack {stack}{region} --reason \"WHY\""))
    }
}

/// Whether a text is the id of an event: it stands in links and commands.
fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
