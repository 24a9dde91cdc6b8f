//! What is to be done to an object, and what was done.

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    named::named,
    pii::{Detection, Enough, Holds, Policy, Reason, Verdict},
    threat::ThreatLevel,
};

/// Most bytes that S3 copies in one call.
const MAX_COPIED: u64 = 5 * 1024 * 1024 * 1024;
/// Most tags of an object.
const MAX_TAGS: usize = 10;
/// The tag that tells the verdict.
pub const VERDICT_TAG: &str = "warden:verdict";

named! {
    /// What is done to an object that holds personal data.
    pub enum OnPersonalData {
        Delete = "delete": "the version that was judged is deleted for good",
        Quarantine = "quarantine": "it is copied to the quarantine bucket, and then deleted",
        Mask = "mask": "a copy in which what was found is covered is written to the bucket for clean copies, and it goes to quarantine",
        Tag = "tag": "it is kept, and each object that was judged gets a tag with its verdict",
        None = "none": "it is kept, and reported as if it were not",
    }
}

impl OnPersonalData {
    /// The one of two that does more to the object.
    const fn graver(self, other: Self) -> Self {
        if self.gravity() < other.gravity() { other } else { self }
    }

    const fn gravity(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Tag => 1,
            Self::Mask => 2,
            Self::Quarantine => 3,
            Self::Delete => 4,
        }
    }
}

named! {
    /// What is done to an object that nobody can judge, for a reason that lies in its content.
    pub enum OnUndetermined {
        None = "none": "it is kept",
        Quarantine = "quarantine": "it is copied to the quarantine bucket, and then deleted",
        Tag = "tag": "it is kept and gets a tag with its verdict",
    }
}

/// What the policy wants done with objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    /// With those that hold personal data.
    pub on_personal_data: OnPersonalData,
    /// With those that nobody can judge.
    pub on_undetermined: OnUndetermined,
    /// What is done instead with personal data and secrets under these prefixes; the longest
    /// that fits counts. `none` keeps what nobody can judge, too.
    pub overrides: Vec<(String, OnPersonalData)>,
    /// With those that show a secret; as with personal data, where it is `None`. Of one that holds both, what does more.
    pub on_secret: Option<OnPersonalData>,
    /// How bad an object is in which nothing but secrets was found.
    pub secret_level: ThreatLevel,
}

impl Default for Handling {
    fn default() -> Self {
        Self {
            on_personal_data: OnPersonalData::Delete,
            on_undetermined: OnUndetermined::None,
            overrides: Vec::new(),
            on_secret: None,
            secret_level: ThreatLevel::High,
        }
    }
}

impl Handling {
    /// Reads `delete;none;cards/=quarantine,drafts/=none;quarantine;medium`: what is done with personal
    /// data, with what nobody can judge, what is done instead under prefixes, what is done with secrets, and how bad
    /// these are. The last two may be empty or missing.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for an action or a level that there is not, and an override without a prefix.
    pub fn read(text: &str) -> Result<Self, Error> {
        let invalid = || {
            Error::invalid("handling", "is not of the form delete;none;prefix=action,prefix=action;quarantine;medium")
        };
        let mut parts = text.split(';');
        let [Some(on_personal_data), Some(on_undetermined), Some(overrides)] = [(); 3].map(|()| parts.next()) else {
            return Err(invalid());
        };
        let [on_secret, secret_level] = [(); 2].map(|()| parts.next().filter(|text| !text.is_empty()));
        if parts.next().is_some() {
            return Err(invalid());
        }
        let overrides = overrides.split(',').filter(|text| !text.is_empty()).map(|text| {
            let (prefix, action) =
                text.rsplit_once('=').filter(|(prefix, _)| !prefix.is_empty()).ok_or_else(invalid)?;
            Ok((prefix.to_owned(), OnPersonalData::named(action).ok_or_else(invalid)?))
        });
        Ok(Self {
            on_personal_data: OnPersonalData::named(on_personal_data).ok_or_else(invalid)?,
            on_undetermined: OnUndetermined::named(on_undetermined).ok_or_else(invalid)?,
            overrides: overrides.collect::<Result<_, Error>>()?,
            on_secret: on_secret.map(|name| OnPersonalData::named(name).ok_or_else(invalid)).transpose()?,
            secret_level: secret_level.map_or(Ok(ThreatLevel::High), |name| name.parse().map_err(|_| invalid()))?,
        })
    }

    /// The same levels, with nothing done to any object.
    #[must_use]
    pub fn doing_nothing(self) -> Self {
        Self { on_personal_data: OnPersonalData::None, secret_level: self.secret_level, ..Self::default() }
    }

    /// What `detection` calls for, of which those findings count that `policy` says. Only what is pinned to the bytes
    /// that were judged is ever acted on.
    #[must_use]
    pub fn wanted(&self, detection: &Detection, policy: &Policy) -> Action {
        let object = &detection.object;
        let pinned = object.version.is_some() || object.etag.is_some();
        let lies_in_the_content = detection.reason.is_some_and(Reason::lies_in_the_content);
        // Deleting a `null` version by its entity tag would only hide it.
        let can_move = object.etag.is_some() && !object.is_null_version;
        let quarantine = if can_move { Action::Quarantine } else { Action::None };
        match (detection.verdict, self.on(detection, policy)) {
            (Verdict::Gone, _) | (_, OnPersonalData::None) => Action::None,
            _ if !pinned => Action::None,
            (Verdict::Pii, OnPersonalData::Delete) if object.version.is_some() => Action::DeleteVersion,
            (Verdict::Pii, OnPersonalData::Delete) => Action::DeleteUnlessChanged,
            (Verdict::Pii, OnPersonalData::Quarantine | OnPersonalData::Mask) => quarantine,
            (Verdict::Pii | Verdict::Clean | Verdict::NotImage, OnPersonalData::Tag) => Action::Tag,
            (Verdict::Clean | Verdict::NotImage, _) => Action::None,
            (Verdict::Undetermined, on) => match self.on_undetermined {
                OnUndetermined::Quarantine if lies_in_the_content => quarantine,
                OnUndetermined::Tag if lies_in_the_content => Action::Tag,
                // Nobody may take it for what an earlier judgement made of it.
                _ if on == OnPersonalData::Tag => Action::Tag,
                _ => Action::None,
            },
        }
    }

    /// Whether a masked copy of what goes to quarantine is wanted.
    #[must_use]
    pub fn masks(&self, detection: &Detection, policy: &Policy) -> bool {
        detection.verdict == Verdict::Pii && self.on(detection, policy) == OnPersonalData::Mask
    }

    /// What is done with an object of its verdict, key and findings.
    fn on(&self, detection: &Detection, policy: &Policy) -> OnPersonalData {
        let (on_personal_data, on_secret) = self.under(&detection.object.key);
        match Holds::of(&detection.findings, policy) {
            _ if detection.verdict != Verdict::Pii => on_personal_data,
            // Where verdicts are tags, one of an earlier judgement would stay.
            Holds::SecretsAlone if on_personal_data == OnPersonalData::Tag => on_secret.graver(OnPersonalData::Tag),
            Holds::SecretsAlone => on_secret,
            Holds::Both => on_secret.graver(on_personal_data),
            Holds::NoSecret => on_personal_data,
        }
    }

    /// What is done with personal data and with secrets under this key.
    fn under(&self, key: &str) -> (OnPersonalData, OnPersonalData) {
        let under = self.overrides.iter().filter(|(prefix, _)| key.starts_with(prefix.as_str()));
        match under.max_by_key(|(prefix, _)| prefix.len()) {
            Some((_, instead)) => (*instead, *instead),
            None => (self.on_personal_data, self.on_secret.unwrap_or(self.on_personal_data)),
        }
    }

    /// What has to be found under this key before the rest of an object can change nothing.
    #[must_use]
    pub fn enough(&self, key: &str) -> Enough {
        let (on_personal_data, on_secret) = self.under(key);
        let is_as_bad = self.secret_level >= ThreatLevel::High;
        Enough {
            secrets: is_as_bad && on_secret.gravity() >= on_personal_data.gravity(),
            personal_data: on_personal_data.gravity() >= on_secret.gravity(),
        }
    }

    /// How bad `detection` is at least, where that is less than personal data is: nothing but secrets was found.
    #[must_use]
    pub fn level(&self, detection: &Detection, policy: &Policy) -> Option<ThreatLevel> {
        let lower = detection.verdict == Verdict::Pii && self.secret_level < ThreatLevel::High;
        (lower && Holds::of(&detection.findings, policy) == Holds::SecretsAlone).then_some(self.secret_level)
    }

    /// The verdict among an object's other tags, which S3 replaces all at once;
    /// none where there is no room left for it.
    #[must_use]
    pub fn tagged(verdict: Verdict, tags: Vec<Tag>) -> Option<Vec<Tag>> {
        let mut tags: Vec<_> = tags.into_iter().filter(|tag| tag.key != VERDICT_TAG).collect();
        tags.push(Tag { key: VERDICT_TAG.to_owned(), value: verdict.as_str().to_owned() });
        (tags.len() <= MAX_TAGS).then_some(tags)
    }

    /// Whether S3 copies this many bytes in one call.
    #[must_use]
    pub fn can_copy(size: Option<u64>) -> bool {
        size.is_some_and(|size| size <= MAX_COPIED)
    }
}

/// A tag of an object, as S3's API writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// What the policy wants done to the object that was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing: it stays as it is.
    #[default]
    None,
    /// Delete the version that was read, for good.
    DeleteVersion,
    /// Delete the object if its entity tag is still the one that was read. For
    /// buckets without versions.
    DeleteUnlessChanged,
    /// Copy what was read to the quarantine bucket, see that the copy is whole, and
    /// delete what was read as the two above do.
    Quarantine,
    /// Replace its tags by those that the answer holds.
    Tag,
}

/// Why what the policy wants was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotTried {
    /// S3 copies at most 5 GiB in one call.
    TooLargeToCopy,
    /// An object has at most ten tags, and this one has them.
    TooManyTags,
    /// The object's tags, which stay beside the verdict's, could not be read.
    TagsUnreadable,
    /// Something was found of which nobody knows where exactly it is, so it cannot be covered.
    NoBox,
    /// More was found than is told, so not all of it can be covered.
    TooMuchToMask,
    /// Files of its kind are not masked.
    KindNotMasked,
    /// The masked copy was judged, and not as clean.
    CopyNotClean,
    /// The masked copy could not be made, judged or written.
    CopyFailed,
}

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The object or the version is gone.
    Deleted,
    /// The object has the verdict among its tags.
    Tagged,
    /// Another object had taken the place of the one that was judged, so nothing
    /// was deleted. The new one has an event of its own.
    ObjectChanged,
    /// S3 refused or failed.
    Failed,
}

named! {
    /// What was done to the object. Subscriptions filter by it.
    pub enum Taken {
        None = "none": "none",
        Kept = "kept": "none, the object is kept",
        Deleted = "deleted": "deleted",
        DeleteFailed = "delete_failed": "delete_failed, the object is still there",
        Quarantined = "quarantined": "quarantined, it can be brought back",
        QuarantineFailed = "quarantine_failed": "quarantine_failed, the object is still there",
        Tagged = "tagged": "tagged, the object is kept",
        TagFailed = "tag_failed": "tag_failed, the object is kept without the tag",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        image::Unreadable,
        pii::{Category, Finding, Judgement, MAX_FINDINGS, Place},
        ports::{ObjectFacts, ObjectRef},
    };

    fn of(version: Option<&str>, etag: Option<&str>, judgement: Judgement) -> Detection {
        let object = ObjectRef { bucket: "b".into(), key: "cards/a.png".into(), version: None };
        let facts =
            ObjectFacts { version: version.map(Into::into), etag: etag.map(Into::into), size: Some(9), sha256: None };
        Detection::judged(object, facts, "image/png", judgement, None)
    }

    fn handling(on_personal_data: OnPersonalData, on_undetermined: OnUndetermined) -> Handling {
        Handling { on_personal_data, on_undetermined, ..Handling::default() }
    }

    #[test]
    fn only_what_is_pinned_is_acted_on() {
        let pii = || Judgement::Pii(Vec::new());
        for (version, etag, on_personal_data, action) in [
            (Some("v1"), Some("e"), OnPersonalData::Delete, Action::DeleteVersion),
            (Some("v1"), None, OnPersonalData::Delete, Action::DeleteVersion),
            (None, Some("e"), OnPersonalData::Delete, Action::DeleteUnlessChanged),
            (None, None, OnPersonalData::Delete, Action::None),
            (Some("null"), Some("e"), OnPersonalData::Delete, Action::None),
            (Some("v1"), Some("e"), OnPersonalData::Quarantine, Action::Quarantine),
            (None, Some("e"), OnPersonalData::Quarantine, Action::Quarantine),
            (Some("v1"), None, OnPersonalData::Quarantine, Action::None),
            (Some("v1"), Some("e"), OnPersonalData::Tag, Action::Tag),
            (Some("v1"), Some("e"), OnPersonalData::None, Action::None),
        ] {
            let wanted =
                handling(on_personal_data, OnUndetermined::None).wanted(&of(version, etag, pii()), &Policy::default());
            assert_eq!(wanted, action, "{version:?} {etag:?} {on_personal_data}");
        }
    }

    #[test]
    fn what_nobody_can_judge_is_moved_only_for_what_lies_in_it() {
        let unusable = crate::bedrock::answer::Unusable::Malformed;
        for (reason, moved) in [
            (Reason::Unreadable(Unreadable::Damaged), true),
            (Reason::Unreadable(Unreadable::UnsupportedFormat), true),
            (Reason::Unreadable(Unreadable::TooLarge), true),
            (Reason::Unreadable(Unreadable::CustomerKey), false),
            (Reason::Unreadable(Unreadable::Archived), false),
            (Reason::Unusable(unusable), false),
            (Reason::VersionNotPinned, false),
        ] {
            let detection = of(Some("v1"), Some("e"), Judgement::Undetermined(reason));
            let wanted = |on_undetermined| {
                handling(OnPersonalData::Delete, on_undetermined).wanted(&detection, &Policy::default())
            };
            assert_eq!(wanted(OnUndetermined::None), Action::None, "{reason}");
            let expected = if moved { Action::Quarantine } else { Action::None };
            assert_eq!(wanted(OnUndetermined::Quarantine), expected, "{reason}");
        }
    }

    #[test]
    fn where_verdicts_are_tags_none_outlives_a_later_one() {
        for reason in Reason::all() {
            let detection = of(Some("v1"), Some("e"), Judgement::Undetermined(reason));
            for (on_undetermined, is_moved) in
                [(OnUndetermined::None, false), (OnUndetermined::Tag, false), (OnUndetermined::Quarantine, true)]
            {
                let wanted = handling(OnPersonalData::Tag, on_undetermined).wanted(&detection, &Policy::default());
                let is_moved = is_moved && reason.lies_in_the_content();
                let expected = if is_moved { Action::Quarantine } else { Action::Tag };
                assert_eq!(wanted, expected, "{reason} {on_undetermined}");
            }
        }
    }

    #[test]
    fn what_is_enough_for_the_action_depends_on_what_is_done_with_each_kind() {
        let (any, both) = (Enough::ANYTHING, Enough { secrets: false, personal_data: false });
        let (secrets, personal_data) = (Enough { personal_data: false, ..any }, Enough { secrets: false, ..any });
        for (handling, expected) in [
            ("delete;none;", any),
            ("delete;none;;delete;high", any),
            ("delete;none;;none;low", personal_data),
            ("delete;none;;none;", personal_data),
            ("delete;none;;;low", personal_data),
            ("none;none;;delete;", secrets),
            ("none;none;;delete;low", both),
            // An override is for both kinds.
            ("none;none;cards/=quarantine;delete;", any),
            ("none;none;cards/=quarantine;delete;low", personal_data),
        ] {
            assert_eq!(Handling::read(handling).unwrap().enough("cards/a.png"), expected, "{handling}");
        }
    }

    #[test]
    fn what_is_done_does_not_depend_on_how_much_is_told() {
        let mut findings = vec![Finding::new(Category::Secret, 1.0, Place::Top); MAX_FINDINGS];
        findings.push(Finding::new(Category::Passport, 1.0, Place::Bottom));
        let detection = of(Some("v1"), Some("e"), Judgement::Pii(findings));
        let handling = Handling::read("delete;none;;none;low").unwrap();
        let policy = Policy::default();
        let decided = (handling.wanted(&detection, &policy), handling.level(&detection, &policy));
        assert_eq!(decided, (Action::DeleteVersion, None));
        let told = serde_json::to_value(&detection).unwrap();
        assert_eq!(told["findings"].as_array().map(Vec::len), Some(MAX_FINDINGS));
    }

    #[test]
    fn what_is_clean_is_left_alone_unless_verdicts_are_tags() {
        let clean = of(Some("v1"), Some("e"), Judgement::Clean(Vec::new()));
        for (on_personal_data, action) in [
            (OnPersonalData::Delete, Action::None),
            (OnPersonalData::Quarantine, Action::None),
            (OnPersonalData::Tag, Action::Tag),
            (OnPersonalData::None, Action::None),
        ] {
            assert_eq!(
                handling(on_personal_data, OnUndetermined::Quarantine).wanted(&clean, &Policy::default()),
                action
            );
        }
    }

    #[test]
    fn the_handling_is_read_from_one_text() {
        let read = Handling::read("quarantine;tag;cards/=delete,a=b/=none").unwrap();
        assert_eq!((read.on_personal_data, read.on_undetermined), (OnPersonalData::Quarantine, OnUndetermined::Tag));
        let overrides = [("cards/".to_owned(), OnPersonalData::Delete), ("a=b/".to_owned(), OnPersonalData::None)];
        assert_eq!(read.overrides, overrides);
        let secrets = Handling {
            on_secret: Some(OnPersonalData::Quarantine),
            secret_level: ThreatLevel::Medium,
            ..Handling::default()
        };
        assert_eq!(Handling::read("delete;none;;quarantine;medium").unwrap(), secrets);
        for as_ever in ["delete;none;", "delete;none;;", "delete;none;;;", "delete;none;;;high"] {
            assert_eq!(Handling::read(as_ever).unwrap(), Handling::default(), "{as_ever}");
        }
        for wrong in [
            "",
            "delete",
            "delete;none",
            "burn;none;",
            "delete;delete;",
            "delete;none;cards/",
            "delete;none;=none",
            "delete;none;;burn",
            "delete;none;;delete;grave",
            "delete;none;;delete;low;",
        ] {
            assert!(Handling::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_longest_prefix_counts() {
        let pii = of(Some("v1"), Some("e"), Judgement::Pii(Vec::new()));
        for (overrides, action) in [
            (vec![("cards/", OnPersonalData::Quarantine), ("", OnPersonalData::None)], Action::Quarantine),
            (vec![("cards/", OnPersonalData::Quarantine), ("cards/a", OnPersonalData::None)], Action::None),
            (vec![("other/", OnPersonalData::Quarantine)], Action::DeleteVersion),
        ] {
            let overrides = overrides.into_iter().map(|(prefix, action)| (prefix.to_owned(), action)).collect();
            assert_eq!(Handling { overrides, ..Handling::default() }.wanted(&pii, &Policy::default()), action);
        }
    }

    #[test]
    fn a_secret_has_an_action_and_a_level_of_its_own() {
        let found = |categories: &[Category]| {
            let findings = categories.iter().map(|category| Finding::new(*category, 1.0, Place::Top)).collect();
            of(Some("v1"), Some("e"), Judgement::Pii(findings))
        };
        let (key, name) = (Category::Secret, Category::Person);
        let low = Some(ThreatLevel::Low);
        for (handling, categories, action, level) in [
            ("delete;none;;quarantine;low", &[key][..], Action::Quarantine, low),
            ("delete;none;;quarantine;low", &[name], Action::DeleteVersion, None),
            // Both: what does more, and as bad as personal data.
            ("delete;none;;quarantine;low", &[key, name], Action::DeleteVersion, None),
            ("tag;none;;quarantine;low", &[name, key], Action::Quarantine, None),
            ("delete;none;;none;low", &[key], Action::None, low),
            ("tag;none;;none;low", &[key], Action::Tag, low),
            ("tag;none;;none;low", &[key, name], Action::Tag, None),
            ("delete;none;;none;low", &[key, name], Action::DeleteVersion, None),
            ("none;none;;delete;", &[key], Action::DeleteVersion, None),
            ("delete;none;;;low", &[key], Action::DeleteVersion, low),
            ("delete;none;cards/=tag;quarantine;low", &[key], Action::Tag, low),
            // The model says personal data and not what.
            ("quarantine;none;;none;low", &[], Action::Quarantine, None),
            // A face does not count here, so there are secrets alone.
            ("delete;none;;quarantine;low", &[key, Category::Face], Action::Quarantine, low),
        ] {
            let (read, detection) = (Handling::read(handling).unwrap(), found(categories));
            let policy = Policy { allowed_categories: vec![Category::Face], ..Policy::default() };
            let told = (read.wanted(&detection, &policy), read.level(&detection, &policy));
            assert_eq!(told, (action, level), "{handling} {categories:?}");
        }
        let clean = of(Some("v1"), Some("e"), Judgement::Clean(vec![Finding::new(key, 1.0, Place::Top)]));
        let handling = Handling::read("delete;none;;delete;low").unwrap();
        let policy = Policy { allowed_categories: vec![key], ..Policy::default() };
        assert_eq!((handling.wanted(&clean, &policy), handling.level(&clean, &policy)), (Action::None, None));
    }

    #[test]
    fn what_is_masked_goes_to_quarantine() {
        let pii = of(Some("v1"), Some("e"), Judgement::Pii(vec![Finding::new(Category::Face, 1.0, Place::Top)]));
        let clean = of(Some("v1"), Some("e"), Judgement::Clean(Vec::new()));
        let policy = Policy::default();
        for (handling, detection, action, masks) in [
            ("mask;none;", &pii, Action::Quarantine, true),
            ("delete;none;cards/=mask", &pii, Action::Quarantine, true),
            ("mask;none;cards/=delete", &pii, Action::DeleteVersion, false),
            ("quarantine;none;", &pii, Action::Quarantine, false),
            ("mask;none;", &clean, Action::None, false),
        ] {
            let handling = Handling::read(handling).unwrap();
            assert_eq!((handling.wanted(detection, &policy), handling.masks(detection, &policy)), (action, masks));
        }
    }

    #[test]
    fn a_verdict_joins_the_other_tags_where_there_is_room() {
        let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
        let nine: Vec<_> = (0..9).map(|n| tag(&n.to_string(), "x")).collect();
        let ten: Vec<_> = (0..10).map(|n| tag(&n.to_string(), "x")).collect();
        assert_eq!(Handling::tagged(Verdict::Clean, nine.clone()).unwrap().len(), 10);
        assert_eq!(Handling::tagged(Verdict::Clean, ten), None);
        let judged_before: Vec<_> = nine.into_iter().chain([tag(VERDICT_TAG, "pii")]).collect();
        let tags = Handling::tagged(Verdict::Clean, judged_before).unwrap();
        assert_eq!(tags.last(), Some(&tag(VERDICT_TAG, "clean")));
        assert_eq!(tags.len(), 10);
    }
}
