//! Model ids: which exist, which are dead, and what each model refuses.

use super::exception::{Exception, Kind};

/// What a model does with `temperature`, `top_p` and `top_k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sampling {
    /// `temperature` or `top_p`, not both.
    OneOfTwo,
    /// Only while thinking is off.
    UnlessThinking,
    /// Refused.
    Never,
}

/// What a model accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capabilities {
    pub(crate) max_output_tokens: u64,
    pub(crate) sampling: Sampling,
    /// Whether the last message may be the assistant's, to be continued.
    pub(crate) prefill: bool,
    /// Whether `tool_choice` may force a tool.
    pub(crate) forced_tool: bool,
    /// Whether `output_config.format` is understood.
    pub(crate) json_schema: bool,
}

/// Whose form a model's requests and answers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Anthropic,
    Nova,
}

/// A model that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) family: Family,
    /// The name that answers carry in `model`.
    pub(crate) name: String,
    /// Unknown for an application inference profile, whose ARN does not tell.
    pub(crate) capabilities: Option<Capabilities>,
}

struct Entry {
    /// What follows `anthropic.` in the id.
    id: &'static str,
    /// The inference profiles that contain it.
    profiles: &'static [&'static str],
    capabilities: Capabilities,
}

const fn capabilities(
    max_output_tokens: u64,
    sampling: Sampling,
    prefill: bool,
    forced_tool: bool,
    json_schema: bool,
) -> Capabilities {
    Capabilities { max_output_tokens, sampling, prefill, forced_tool, json_schema }
}

const ALL: &[&str] = &["us", "eu", "jp", "au", "apac", "global", "us-gov"];

const ALIVE: &[Entry] = &[
    Entry {
        id: "claude-haiku-4-5-20251001-v1:0",
        profiles: &["us", "eu", "jp", "au", "apac", "global"],
        capabilities: capabilities(64_000, Sampling::OneOfTwo, true, true, true),
    },
    Entry {
        id: "claude-sonnet-4-5-20250929-v1:0",
        profiles: &["us", "eu", "jp", "au", "global", "us-gov"],
        capabilities: capabilities(64_000, Sampling::OneOfTwo, true, true, true),
    },
    Entry {
        id: "claude-opus-4-1-20250805-v1:0",
        profiles: &["us"],
        capabilities: capabilities(32_000, Sampling::OneOfTwo, true, true, true),
    },
    Entry {
        id: "claude-opus-4-5-20251101-v1:0",
        profiles: &["us", "eu", "global"],
        capabilities: capabilities(64_000, Sampling::OneOfTwo, true, true, true),
    },
    Entry {
        id: "claude-sonnet-4-6",
        profiles: &["us", "eu", "jp", "au", "apac", "global"],
        capabilities: capabilities(64_000, Sampling::UnlessThinking, false, true, true),
    },
    Entry {
        id: "claude-opus-4-6-v1",
        profiles: &["us", "eu", "au", "global"],
        capabilities: capabilities(128_000, Sampling::UnlessThinking, false, true, true),
    },
    Entry {
        id: "claude-opus-4-7",
        profiles: &["us", "eu", "jp", "au", "apac", "global"],
        capabilities: capabilities(128_000, Sampling::Never, false, true, false),
    },
    Entry {
        id: "claude-opus-4-8",
        profiles: ALL,
        capabilities: capabilities(128_000, Sampling::Never, false, true, true),
    },
    Entry {
        id: "claude-sonnet-5",
        profiles: ALL,
        capabilities: capabilities(128_000, Sampling::Never, false, true, true),
    },
    Entry {
        id: "claude-opus-5",
        profiles: ALL,
        capabilities: capabilities(128_000, Sampling::Never, false, true, false),
    },
    Entry {
        id: "claude-opus-5-5",
        profiles: ALL,
        capabilities: capabilities(128_000, Sampling::Never, false, false, false),
    },
    Entry {
        id: "claude-sonnet-5-5",
        profiles: ALL,
        capabilities: capabilities(128_000, Sampling::Never, false, false, true),
    },
    Entry {
        id: "claude-haiku-5-5",
        profiles: ALL,
        capabilities: capabilities(128_000, Sampling::Never, false, true, true),
    },
    Entry {
        id: "claude-fable-5-1",
        profiles: ALL,
        capabilities: capabilities(128_000, Sampling::Never, false, false, false),
    },
];

/// Beginnings of the ids whose models have reached the end of their life.
const DEAD: &[&str] =
    &["claude-v2", "claude-instant", "claude-3-", "claude-sonnet-4-20250514", "claude-opus-4-20250514"];

/// Nova's models that answer in text: the id, and the inference profiles that contain it.
const NOVA: &[(&str, &[&str])] = &[
    ("nova-micro-v1:0", &["us", "eu", "apac", "us-gov"]),
    ("nova-lite-v1:0", &["us", "eu", "apac", "us-gov"]),
    ("nova-pro-v1:0", &["us", "eu", "apac", "us-gov"]),
    ("nova-premier-v1:0", &["us"]),
    ("nova-2-lite-v1:0", &["us", "eu", "jp", "global"]),
];

/// Finds the model that `model_id` names: an inference profile's id or ARN.
///
/// # Errors
///
/// What Bedrock answers to an id that it does not serve.
pub(crate) fn resolve(model_id: &str) -> Result<Model, Exception> {
    let Some(resource) = model_id.strip_prefix("arn:") else {
        return by_id(model_id, model_id);
    };
    // partition:bedrock:region:account:type/id, where the id may hold colons.
    let parts: Vec<&str> = resource.splitn(5, ':').collect();
    let [_, "bedrock", region, account, resource] = parts[..] else {
        return Err(invalid_identifier());
    };
    if region.is_empty() {
        return Err(invalid_identifier());
    }
    match resource.split_once('/') {
        Some(("application-inference-profile", id)) if !id.is_empty() && !account.is_empty() => Ok(Model {
            family: Family::Anthropic,
            name: "application-inference-profile".to_owned(),
            capabilities: None,
        }),
        Some(("inference-profile", id)) if id.contains(".anthropic.") || id.contains(".amazon.") => by_id(model_id, id),
        Some(("foundation-model", id)) => by_id(model_id, id),
        _ => Err(invalid_identifier()),
    }
}

fn by_id(model_id: &str, id: &str) -> Result<Model, Exception> {
    if let Some((profile, name)) = id.split_once("amazon.") {
        return nova(profile.strip_suffix('.'), name);
    }
    let (profile, name) = match id.split_once("anthropic.") {
        Some(("", name)) => (None, name),
        Some((prefix, name)) => (prefix.strip_suffix('.'), name),
        None => return Err(not_found()),
    };
    if DEAD.iter().any(|dead| name.starts_with(dead)) {
        return Err(Exception::validation(
            "This model version has reached the end of its life. Please refer to the AWS documentation for more \
             details.",
        ));
    }
    let entry = ALIVE.iter().find(|entry| entry.id == name).ok_or_else(not_found)?;
    match profile {
        None => Err(Exception::validation(format!(
            "Invocation of model ID {model_id} with on-demand throughput isn\u{2019}t supported. Retry your request \
             with the ID or ARN of an inference profile that contains this model."
        ))),
        Some(profile) if entry.profiles.contains(&profile) => {
            Ok(Model { family: Family::Anthropic, name: answer_name(entry.id), capabilities: Some(entry.capabilities) })
        }
        Some(_) => Err(invalid_identifier()),
    }
}

/// A model of Nova's, by its bare id or through a profile.
fn nova(profile: Option<&str>, name: &str) -> Result<Model, Exception> {
    let (id, profiles) = NOVA.iter().find(|(id, _)| *id == name).ok_or_else(not_found)?;
    match profile {
        Some(profile) if !profiles.contains(&profile) => Err(invalid_identifier()),
        _ => Ok(Model { family: Family::Nova, name: answer_name(id), capabilities: None }),
    }
}

/// The id without its version: `claude-haiku-4-5-20251001`.
fn answer_name(id: &str) -> String {
    match id.rsplit_once("-v") {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => name.to_owned(),
        _ => id.to_owned(),
    }
}

fn invalid_identifier() -> Exception {
    Exception::validation("The provided model identifier is invalid.")
}

fn not_found() -> Exception {
    Exception::new(Kind::ResourceNotFound, "Could not resolve the foundation model from the provided model identifier.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_and_their_arns_name_a_model() {
        for id in [
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "jp.anthropic.claude-haiku-5-5",
            "us-gov.anthropic.claude-sonnet-5-5",
            "global.anthropic.claude-opus-4-6-v1",
            "arn:aws:bedrock:us-east-1:111122223333:inference-profile/eu.anthropic.claude-sonnet-4-6",
            "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3",
            "amazon.nova-lite-v1:0",
            "arn:aws:bedrock:us-east-1:111122223333:inference-profile/eu.amazon.nova-pro-v1:0",
        ] {
            assert!(resolve(id).is_ok(), "{id}");
        }
    }

    #[test]
    fn the_answer_names_the_model_without_version_and_profile() {
        let name = |id| resolve(id).unwrap().name;
        assert_eq!(name("us.anthropic.claude-haiku-4-5-20251001-v1:0"), "claude-haiku-4-5-20251001");
        assert_eq!(name("global.anthropic.claude-opus-4-6-v1"), "claude-opus-4-6");
        assert_eq!(name("jp.anthropic.claude-haiku-5-5"), "claude-haiku-5-5");
    }

    #[test]
    fn what_bedrock_does_not_serve_is_refused_as_it_does() {
        let dead = "end of its life";
        let bare = "on-demand throughput";
        let invalid = "identifier is invalid";
        let unknown = "Could not resolve";
        for (id, status, message) in [
            ("anthropic.claude-3-sonnet-20240229-v1:0", 400, dead),
            ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", 400, dead),
            ("anthropic.claude-sonnet-4-20250514-v1:0", 400, dead),
            ("anthropic.claude-haiku-5-5", 400, bare),
            ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-5-5", 400, bare),
            ("apac.anthropic.claude-opus-4-5-20251101-v1:0", 400, invalid),
            ("mars.anthropic.claude-haiku-5-5", 400, invalid),
            ("arn:aws:s3:::bucket", 400, invalid),
            ("us.anthropic.claude-haiku-9", 404, unknown),
            ("us.anthropic.claude-haiku-5-5-v1:0", 404, unknown),
            ("gpt-9", 404, unknown),
            ("us.amazon.nova-huge-v1:0", 404, unknown),
            ("au.amazon.nova-lite-v1:0", 400, invalid),
        ] {
            let refused = resolve(id).unwrap_err();
            assert_eq!(refused.status(), status, "{id}");
            assert!(refused.message.contains(message), "{id}: {}", refused.message);
        }
    }
}
