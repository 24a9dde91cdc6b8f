//! Inference profiles: a model is called through the profile of a geography.

/// The model asked when no setting names one: active, cheap, reads images.
/// Launched 2026-10-07, its end of life is not before 2027-10-07.
pub const DEFAULT_MODEL: &str = "anthropic.claude-haiku-5-5";

/// The inference profile of [`DEFAULT_MODEL`] that a Region may call.
///
/// Bedrock refuses a model's bare id ("on-demand throughput isn't supported"),
/// and a profile is only known in the Regions of its own geography. A Region
/// of no known geography gets the `global.` profile.
#[must_use]
pub fn default_model_id(region: &str) -> String {
    format!("{}.{DEFAULT_MODEL}", geography(region))
}

fn geography(region: &str) -> &'static str {
    match region {
        "ap-northeast-1" | "ap-northeast-3" => "jp",
        "ap-southeast-2" | "ap-southeast-4" | "ap-southeast-6" => "au",
        _ if region.starts_with("us-gov-") => "us-gov",
        _ if region.starts_with("us-") || region.starts_with("ca-") => "us",
        _ if region.starts_with("eu-") => "eu",
        _ if region.starts_with("ap-") => "apac",
        _ => "global",
    }
}

/// The model's own name in an id, profile id or ARN: `claude-haiku-5-5` in
/// `us.anthropic.claude-haiku-5-5`. `None` for an application inference
/// profile, whose ARN does not say which model stands behind it.
#[must_use]
pub fn model_name(model_id: &str) -> Option<&str> {
    let id = model_id.rsplit('/').next().unwrap_or(model_id);
    let (_, name) = id.split_once("anthropic.")?;
    let name = name.split(':').next().unwrap_or(name);
    Some(name)
}

/// Whether an id is the ARN of an application inference profile, which somebody made for their own accounting.
#[must_use]
pub fn is_application_profile(model_id: &str) -> bool {
    model_id.contains(":application-inference-profile/")
}

/// Why a model and the model that is named behind it do not belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpaired {
    /// No model is named behind an application inference profile.
    #[error("is missing: an application inference profile does not name its model")]
    NoBase,
    /// One is named behind an id that says it.
    #[error("stands beside an id that names its model itself: it belongs to an application inference profile alone")]
    NoProfile,
}

/// A model by what is called and what stands behind that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelId {
    /// What is called: id or ARN of an inference profile or a model.
    pub called: String,
    /// The model behind an application inference profile, whose ARN does not say it; of any other the same as is called.
    /// How a model is asked, and what it costs, follows from it.
    pub base: String,
}

impl ModelId {
    /// What is called, with the model that is named behind it.
    ///
    /// # Errors
    /// [`Unpaired`] for an application inference profile without it, and for another id of a model with it.
    pub fn paired(called: &str, base: Option<&str>) -> Result<Self, Unpaired> {
        let id = called.rsplit('/').next().unwrap_or(called);
        let names_its_model = ["anthropic.", "amazon."].iter().any(|family| id.contains(family));
        match base {
            None if is_application_profile(called) => Err(Unpaired::NoBase),
            Some(_) if names_its_model => Err(Unpaired::NoProfile),
            Some("") => Err(Unpaired::NoBase),
            _ => Ok(Self { called: called.to_owned(), base: base.unwrap_or(called).to_owned() }),
        }
    }

    /// The entries of a list with commas between.
    pub fn entries(list: &str) -> impl Iterator<Item = &str> {
        list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
    }

    /// An entry's two parts: an id alone, or the ARN of an application inference profile with `=` and its model.
    #[must_use]
    pub fn parts_of(entry: &str) -> (&str, Option<&str>) {
        entry.split_once('=').map_or((entry, None), |(called, base)| (called, Some(base)))
    }

    /// What an entry of a list names.
    ///
    /// # Errors
    /// Those of [`ModelId::paired`].
    pub fn listed(entry: &str) -> Result<Self, Unpaired> {
        let (called, base) = Self::parts_of(entry);
        Self::paired(called, base)
    }

    /// What callers call it. An application inference profile goes by its model: its ARN holds the account's number.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.base
    }
}

/// A model that its id names.
impl From<String> for ModelId {
    fn from(id: String) -> Self {
        Self { base: id.clone(), called: id }
    }
}

impl From<&str> for ModelId {
    fn from(id: &str) -> Self {
        id.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_model_belongs_to_an_application_inference_profile() {
        let profile = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3";
        let provisioned = "arn:aws:bedrock:us-east-1:111122223333:provisioned-model/a1b2c3";
        let base = Some("global.anthropic.claude-haiku-5-5");
        for (id, base, expected) in [
            (profile, base, Ok(())),
            (profile, None, Err(Unpaired::NoBase)),
            (profile, Some(""), Err(Unpaired::NoBase)),
            ("us.anthropic.claude-haiku-5-5", None, Ok(())),
            ("us.anthropic.claude-haiku-5-5", base, Err(Unpaired::NoProfile)),
            ("arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-lite-v1:0", base, Err(Unpaired::NoProfile)),
            (provisioned, base, Ok(())),
            (provisioned, None, Ok(())),
        ] {
            assert_eq!(ModelId::paired(id, base).map(|_| ()), expected, "{id} {base:?}");
        }
    }

    #[test]
    fn the_default_model_is_called_through_the_profile_of_its_geography() {
        for (region, expected) in [
            ("us-east-1", "us.anthropic.claude-haiku-5-5"),
            ("eu-central-1", "eu.anthropic.claude-haiku-5-5"),
            ("ap-northeast-1", "jp.anthropic.claude-haiku-5-5"),
            ("ap-southeast-2", "au.anthropic.claude-haiku-5-5"),
            ("us-gov-west-1", "us-gov.anthropic.claude-haiku-5-5"),
            ("ca-central-1", "us.anthropic.claude-haiku-5-5"),
            ("ap-northeast-2", "apac.anthropic.claude-haiku-5-5"),
            ("sa-east-1", "global.anthropic.claude-haiku-5-5"),
        ] {
            assert_eq!(default_model_id(region), expected, "{region}");
        }
    }

    #[test]
    fn a_model_is_known_by_its_name_in_every_form_of_its_id() {
        for (id, expected) in [
            ("anthropic.claude-haiku-4-5-20251001-v1:0", Some("claude-haiku-4-5-20251001-v1")),
            ("us.anthropic.claude-opus-4-6-v1", Some("claude-opus-4-6-v1")),
            (
                "arn:aws:bedrock:us-east-1:111122223333:inference-profile/jp.anthropic.claude-sonnet-5",
                Some("claude-sonnet-5"),
            ),
            ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-6", Some("claude-sonnet-4-6")),
            ("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3", None),
            ("meta.llama4", None),
        ] {
            assert_eq!(model_name(id), expected, "{id}");
        }
    }
}
