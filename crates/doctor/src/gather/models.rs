use serde::Deserialize;
use serde_json::json;
use warden_control_plane::{Call, path_segment};

use crate::aws::{Aws, BEDROCK, BEDROCK_RUNTIME};
use crate::checks::models::{Access, Answered, Facts, Model, Profile, Trouble};
use crate::fact::Fact;
use crate::model_use::{MOST_TOKENS_OUT, ModelUse, QUESTION};

/// What Amazon Nova's ids begin with.
const NOVA: &str = "amazon.nova-";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    usage: Answered,
}

pub(crate) async fn gather(aws: &Aws, uses: &[ModelUse], call: bool) -> Facts {
    let mut models = Vec::new();
    for model in uses {
        let aws = aws.in_region(&model.region);
        let profile = profile(&aws, &model.id).await;
        // The id behind a profile is what stands after its geography, unless the profile says it.
        let named = profile.as_ref().and_then(|profile| profile.as_ref().ok()?.foundation_model());
        let told = || model.base.as_deref().unwrap_or_else(|| foundation_model(&model.id));
        let foundation = named.unwrap_or_else(told).to_owned();
        let details = Call::rest("GET", format!("/foundation-models/{}", path_segment(&foundation)), None);
        let availability =
            Call::rest("GET", format!("/foundation-model-availability/{}", path_segment(&foundation)), None);
        models.push(Model {
            id: model.id.clone(),
            region: model.region.clone(),
            has_endpoint: model.endpoint.is_some(),
            by: model.by.clone(),
            told: model.base.as_deref().map(|base| foundation_model(base).to_owned()),
            unpaired: model.unpaired.clone(),
            foundation: aws.ask(BEDROCK, "bedrock:GetFoundationModel", details).await,
            profile,
            access: if call {
                Access::Called(ask(&aws, model, &foundation).await)
            } else {
                Access::Said(aws.ask(BEDROCK, "bedrock:GetFoundationModelAvailability", availability).await)
            },
        });
    }
    Facts { models }
}

/// The profile of an id, if it is one of a profile.
async fn profile(aws: &Aws, id: &str) -> Option<Fact<Profile>> {
    if foundation_model(id) == id || id.contains(":foundation-model/") {
        return None;
    }
    let call = Call::rest("GET", format!("/inference-profiles/{}", path_segment(id)), None);
    Some(aws.ask(BEDROCK, "bedrock:GetInferenceProfile", call).await)
}

/// `anthropic.MODEL` of `us.anthropic.MODEL`, of an ARN, and of itself.
fn foundation_model(id: &str) -> &str {
    let id = id.rsplit('/').next().unwrap_or(id);
    ["anthropic.", NOVA].iter().find_map(|maker| Some(&id[id.find(maker)?..])).unwrap_or(id)
}

const INVOKE: &str = "bedrock:InvokeModel";

/// Asks the model once, where the functions ask it.
async fn ask(aws: &Aws, model: &ModelUse, foundation: &str) -> Result<Answered, Trouble> {
    let body = if foundation.starts_with(NOVA) {
        json!({
            "messages": [{"role": "user", "content": [{"text": QUESTION}]}],
            "inferenceConfig": {"maxTokens": MOST_TOKENS_OUT},
        })
    } else {
        json!({
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": MOST_TOKENS_OUT,
            "messages": [{"role": "user", "content": QUESTION}],
        })
    };
    let call = Call::rest("POST", format!("/model/{}/invoke", path_segment(&model.id)), Some(&body));
    let answer = match &model.endpoint {
        Some(url) => aws.at(url).call(BEDROCK_RUNTIME, INVOKE, call).await,
        None => aws.call(BEDROCK_RUNTIME, INVOKE, call).await,
    };
    let answer = answer.map_err(|error| Trouble::of(&error))?;
    Ok(serde_json::from_value::<Answer>(answer).unwrap_or_default().usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_behind_an_id_is_known_by_its_name() {
        for (id, model) in [
            ("us.anthropic.claude-haiku-5-5", "anthropic.claude-haiku-5-5"),
            ("anthropic.claude-haiku-5-5", "anthropic.claude-haiku-5-5"),
            ("eu.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
            (
                "arn:aws:bedrock:us-west-2:1:inference-profile/us.anthropic.claude-haiku-5-5",
                "anthropic.claude-haiku-5-5",
            ),
            ("arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-haiku-5-5", "anthropic.claude-haiku-5-5"),
        ] {
            assert_eq!(foundation_model(id), model);
        }
    }
}
