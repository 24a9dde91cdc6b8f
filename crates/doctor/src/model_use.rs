//! Which models the stack's functions ask, and what one call of each costs at most.

use std::fmt;

use serde::Serialize;
use warden_core::bedrock::{ModelId, TokenPrices, Usage, profile::Unpaired};

use crate::subject::{Configuration, Function};

/// What a trial call asks.
pub(crate) const QUESTION: &str = "Say yes.";
/// The most tokens of its answer.
pub(crate) const MOST_TOKENS_OUT: u64 = 16;
/// The most tokens of the question, with what every model adds to one.
const MOST_TOKENS_IN: u64 = 40;
/// The functions' own default of `MAX_TOKENS`.
const MAX_TOKENS: u64 = 4096;
/// The tokens of a question with a photograph, and of one without: docs/deploy.md reckons them.
const TOKENS_OF_A_PICTURE: u64 = 5050;
const TOKENS_OF_AN_EVENT: u64 = 900;

/// A model that functions of the stack ask.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelUse {
    pub(crate) id: String,
    pub(crate) region: String,
    /// The model behind it, where the functions are told.
    pub(crate) base: Option<String>,
    /// The functions that are told no model behind an application inference profile, or one behind another id: they do not
    /// start.
    pub(crate) unpaired: Vec<(String, Unpaired)>,
    /// The endpoint that the functions are told to use.
    pub(crate) endpoint: Option<String>,
    pub(crate) by: Vec<String>,
    /// The tokens that Bedrock reserves for the largest of their calls.
    pub(crate) tokens_a_call: u64,
    /// What tokens cost, by the stack or by what is known of the model.
    prices: Option<TokenPrices>,
}

/// What calling each model once costs at most.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TrialCalls {
    /// The models that would be called.
    pub models: Vec<String>,
    /// The most US dollars of all calls, as far as prices are known.
    pub dollars: Option<f64>,
}

impl TrialCalls {
    pub(crate) fn of(uses: &[ModelUse]) -> Self {
        let usage = Usage { input_tokens: MOST_TOKENS_IN, output_tokens: MOST_TOKENS_OUT };
        Self {
            models: uses.iter().map(|model| model.id.clone()).collect(),
            dollars: uses.iter().map(|model| model.prices.map(|prices| prices.cost(usage))).sum(),
        }
    }
}

impl fmt::Display for TrialCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = format!("{MOST_TOKENS_IN} tokens in and {MOST_TOKENS_OUT} out");
        write!(f, "Calling {} once each, at most {most}: ", self.models.join(", "))?;
        match self.dollars {
            Some(dollars) => write!(f, "{dollars:.6} US dollars at most")?,
            None => f.write_str("what that costs is not known")?,
        }
        f.write_str(". `--no-model` leaves it out")
    }
}

/// The models that the functions ask, each once for a Region.
pub(crate) fn models(functions: &[Function], region: &str) -> Vec<ModelUse> {
    let mut uses: Vec<ModelUse> = Vec::new();
    for function in functions {
        let Ok(configuration) = &function.configuration else { continue };
        for (id, base) in asked(configuration) {
            let region = configuration.setting("BEDROCK_REGION").unwrap_or(region);
            let tokens_a_call = tokens_a_call(&function.name, configuration);
            let unpaired = ModelId::paired(id, base).err().map(|why| (function.name.clone(), why));
            if let Some(known) = uses.iter_mut().find(|known| known.id == id && known.region == region) {
                known.by.push(function.name.clone());
                known.unpaired.extend(unpaired);
                known.tokens_a_call = known.tokens_a_call.max(tokens_a_call);
                continue;
            }
            uses.push(ModelUse {
                id: id.to_owned(),
                region: region.to_owned(),
                base: base.map(str::to_owned),
                unpaired: unpaired.into_iter().collect(),
                endpoint: configuration.setting("AWS_ENDPOINT_URL_BEDROCK_RUNTIME").map(str::to_owned),
                by: vec![function.name.clone()],
                tokens_a_call,
                prices: prices(configuration, id, base),
            });
        }
    }
    uses
}

/// The models that a function is told to ask of Bedrock, each with the model behind it where that is told.
fn asked(configuration: &Configuration) -> Vec<(&str, Option<&str>)> {
    let is_told_not_to = configuration.setting("SUMMARIZE_WITH_MODEL") == Some("false");
    // Behind a SageMaker endpoint `MODEL_ID` is a name for its container.
    if is_told_not_to || configuration.setting("SAGEMAKER_ENDPOINT_NAME").is_some() {
        return Vec::new();
    }
    let mut asked: Vec<_> =
        configuration.setting("MODEL_ID").map(|id| (id, configuration.setting("BASE_MODEL_ID"))).into_iter().collect();
    let allowed = configuration.setting("ALLOWED_MODEL_IDS").unwrap_or_default();
    for entry in ModelId::entries(allowed) {
        let (id, base) = ModelId::parts_of(entry);
        if asked.iter().all(|(known, _)| *known != id) {
            asked.push((id, base));
        }
    }
    asked
}

fn tokens_a_call(function: &str, configuration: &Configuration) -> u64 {
    let most = configuration.setting("MAX_TOKENS").and_then(|most| most.parse().ok()).unwrap_or(MAX_TOKENS);
    let looks = function.ends_with("pii-detector") || function.ends_with("image-analyzer");
    most + if looks { TOKENS_OF_A_PICTURE } else { TOKENS_OF_AN_EVENT }
}

fn prices(configuration: &Configuration, id: &str, base: Option<&str>) -> Option<TokenPrices> {
    // Those of the settings are of the function's own model.
    let is_its_own = configuration.setting("MODEL_ID").is_none_or(|own| own == id);
    let price = |name| configuration.setting(name).filter(|_| is_its_own)?.parse().ok();
    match (price("INPUT_TOKEN_PRICE"), price("OUTPUT_TOKEN_PRICE")) {
        (Some(input), Some(output)) => Some(TokenPrices { input, output }),
        _ => TokenPrices::of_model(base.unwrap_or(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Unknown;

    fn function(name: &str, settings: &[(&str, &str)]) -> Function {
        Function { name: name.into(), configuration: Ok(Configuration::with(settings)) }
    }

    #[test]
    fn each_model_is_called_once_whoever_asks_it() {
        let denied = Unknown::Denied { action: "lambda:GetFunctionConfiguration" };
        let functions = [
            function(
                "a-log-summarizer",
                &[("MODEL_ID", "us.m"), ("INPUT_TOKEN_PRICE", "0.5"), ("OUTPUT_TOKEN_PRICE", "2.5")],
            ),
            function("a-pii-detector", &[("MODEL_ID", "us.m"), ("MAX_TOKENS", "1000")]),
            function("a-image-analyzer", &[("MODEL_ID", "eu.m"), ("BEDROCK_REGION", "eu-central-1")]),
            function("a-alert-composer", &[("THINKING", "false")]),
            function("b", &[("MODEL_ID", "us.n"), ("SUMMARIZE_WITH_MODEL", "false")]),
            function("c", &[("MODEL_ID", "container"), ("SAGEMAKER_ENDPOINT_NAME", "e")]),
            function("d", &[("MODEL_ID", "us.o"), ("ALLOWED_MODEL_IDS", "us.o, us.m,")]),
            Function { name: "e".into(), configuration: Err(denied) },
        ];
        let uses = models(&functions, "us-west-2");
        let seen: Vec<_> =
            uses.iter().map(|model| (model.id.as_str(), model.region.as_str(), model.by.join(" "))).collect();
        assert_eq!(
            seen,
            [
                ("us.m", "us-west-2", "a-log-summarizer a-pii-detector d".to_owned()),
                ("eu.m", "eu-central-1", "a-image-analyzer".to_owned()),
                ("us.o", "us-west-2", "d".to_owned()),
            ]
        );
        assert_eq!(uses[0].tokens_a_call, 1000 + TOKENS_OF_A_PICTURE);
    }

    #[test]
    fn a_base_model_that_does_not_belong_to_its_model_is_seen_where_it_is_read() {
        let arn = "arn:aws:bedrock:us-west-2:1:application-inference-profile/a";
        let based = ("BASE_MODEL_ID", "anthropic.claude-haiku-5-5");
        let functions = [
            function("a-log-summarizer", &[("MODEL_ID", arn), based]),
            function("a-pii-detector", &[("MODEL_ID", arn)]),
            function("a-image-analyzer", &[("MODEL_ID", "us.anthropic.claude-haiku-5-5"), based]),
            function("generate-api", &[("MODEL_ID", "us.m"), ("ALLOWED_MODEL_IDS", arn)]),
            function("generate-stream", &[("MODEL_ID", "us.m"), ("ALLOWED_MODEL_IDS", &format!("{arn}=us.n"))]),
        ];
        let unpaired: Vec<_> = models(&functions, "us-west-2").into_iter().flat_map(|model| model.unpaired).collect();
        let expected = [
            ("a-pii-detector", Unpaired::NoBase),
            ("generate-api", Unpaired::NoBase),
            ("a-image-analyzer", Unpaired::NoProfile),
        ];
        assert_eq!(unpaired, expected.map(|(name, why)| (name.to_owned(), why)));
    }

    #[test]
    fn what_the_calls_cost_is_said_as_far_as_it_is_known() {
        let settings = [("MODEL_ID", "us.m"), ("INPUT_TOKEN_PRICE", "0.5"), ("OUTPUT_TOKEN_PRICE", "2.5")];
        let priced = models(&[function("f", &settings)], "us-west-2");
        assert_eq!(
            TrialCalls::of(&priced).to_string(),
            "Calling us.m once each, at most 40 tokens in and 16 out: 0.000060 US dollars at most. `--no-model` leaves it out"
        );
        let unpriced = models(&[function("f", &settings[..1])], "us-west-2");
        assert!(TrialCalls::of(&unpriced).to_string().contains("what that costs is not known"));
        let opus = ("ALLOWED_MODEL_IDS", "us.m,us.anthropic.claude-opus-5-5");
        let both = models(&[function("f", &[&settings[..], &[opus]].concat())], "us-west-2");
        assert_eq!(TrialCalls::of(&both).dollars, Some(0.000_06 + 0.000_528));
        let known = models(&[function("f", &[("MODEL_ID", "us.anthropic.claude-haiku-5-5")])], "us-west-2");
        assert_eq!(TrialCalls::of(&known).dollars, Some(0.000_013_2));
    }
}
