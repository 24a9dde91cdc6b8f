//! What models cost.
//!
//! The one list of prices: where neither a setting nor a parameter names any, the estimates, the budget, the ledger and
//! `docs/deploy.md` take these.

use std::str::FromStr;

use super::Usage;

/// The highest price that is taken for one, in US dollars for a million tokens.
const HIGHEST: f64 = 10_000.0;

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenPrices {
    /// Of tokens into the model.
    pub input: f64,
    /// Of tokens out of it, thinking included.
    pub output: f64,
}

/// By the name of a model: tokens in, tokens out, both by a `global.` profile, and what the profile of a geography costs
/// times as much. From the model catalog of `LiteLLM` 1.109.1 (2026-11-21), which names AWS's price list as its source.
/// A date or a version may follow a name.
const TABLE: &[(&str, f64, f64, f64)] = &[
    ("anthropic.claude-haiku-4-5", 1.0, 5.0, 1.1),
    ("anthropic.claude-haiku-5-5", 0.1, 0.5, 1.1),
    ("anthropic.claude-sonnet-4-5", 3.0, 15.0, 1.1),
    ("anthropic.claude-sonnet-4-6", 3.0, 15.0, 1.1),
    ("anthropic.claude-sonnet-5", 2.0, 10.0, 1.1),
    ("anthropic.claude-sonnet-5-5", 2.0, 10.0, 1.1),
    ("anthropic.claude-opus-4-5", 5.0, 25.0, 1.1),
    ("anthropic.claude-opus-4-6", 5.0, 25.0, 1.1),
    ("anthropic.claude-opus-4-7", 5.0, 25.0, 1.1),
    ("anthropic.claude-opus-4-8", 5.0, 25.0, 1.1),
    ("anthropic.claude-opus-5", 5.0, 25.0, 1.1),
    ("anthropic.claude-opus-5-5", 4.0, 20.0, 1.1),
    ("anthropic.claude-fable-5", 10.0, 50.0, 1.1),
    ("anthropic.claude-fable-5-1", 10.0, 50.0, 1.1),
    ("amazon.nova-micro-v1", 0.035, 0.14, 1.0),
    ("amazon.nova-lite-v1", 0.06, 0.24, 1.0),
    ("amazon.nova-pro-v1", 0.8, 3.2, 1.0),
    ("amazon.nova-premier-v1", 2.5, 12.5, 1.0),
    ("amazon.nova-2-lite-v1", 0.3, 2.5, 1.1),
];

impl TokenPrices {
    /// The prices of the model behind an id, a profile's id or an ARN; none for one that is not in the table, and for an
    /// application inference profile, which does not say which model stands behind it.
    #[must_use]
    pub fn of_model(model_id: &str) -> Option<Self> {
        let id = model_id.rsplit('/').next().unwrap_or(model_id);
        let at = id.find("anthropic.").or_else(|| id.find("amazon."))?;
        let (geography, name) = id.split_at(at);
        let is_named = |known: &str| {
            name.strip_prefix(known).is_some_and(|rest| {
                let next = rest.trim_start_matches('-').split(['-', ':']).next().unwrap_or_default();
                // A date or a version may follow, and no other model's number.
                rest.is_empty() || rest.starts_with(':') || next.len() == 8 || next.starts_with('v')
            })
        };
        let (_, input, output, elsewhere) = TABLE.iter().find(|(known, ..)| is_named(known))?;
        let times = if geography == "global." { 1.0 } else { *elsewhere };
        let rounded = |price: f64| (price * times * 1e6).round() / 1e6;
        Some(Self { input: rounded(*input), output: rounded(*output) })
    }

    /// What these tokens cost, in US dollars to nine decimals.
    #[must_use]
    pub fn cost(self, usage: Usage) -> f64 {
        let count = |tokens: u64| f64::from(u32::try_from(tokens).unwrap_or(u32::MAX));
        let cost = (count(usage.input_tokens) * self.input + count(usage.output_tokens) * self.output) / 1e6;
        (cost * 1e9).round() / 1e9
    }
}

/// A text that is no prices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is {0:?}, not two numbers from 0 to 10000 with a slash between")]
pub struct NoPrices(String);

impl FromStr for TokenPrices {
    type Err = NoPrices;

    /// Reads `0.11/0.55`.
    fn from_str(text: &str) -> Result<Self, NoPrices> {
        let price = |text: &str| text.parse().ok().filter(|price| (0.0..=HIGHEST).contains(price));
        let both = text.split_once('/').and_then(|(input, output)| Some((price(input)?, price(output)?)));
        both.map(|(input, output)| Self { input, output }).ok_or_else(|| NoPrices(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bedrock::profile::DEFAULT_MODEL;

    #[test]
    fn a_model_has_its_price_in_every_form_of_its_id() {
        for (id, expected) in [
            ("us.anthropic.claude-haiku-5-5", Some((0.11, 0.55))),
            ("global.anthropic.claude-haiku-5-5", Some((0.1, 0.5))),
            (DEFAULT_MODEL, Some((0.11, 0.55))),
            ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", Some((1.1, 5.5))),
            ("us.anthropic.claude-opus-4-6-v1", Some((5.5, 27.5))),
            ("jp.anthropic.claude-sonnet-5", Some((2.2, 11.0))),
            ("jp.anthropic.claude-sonnet-5-5", Some((2.2, 11.0))),
            ("us.anthropic.claude-opus-5-5", Some((4.4, 22.0))),
            ("us.amazon.nova-lite-v1:0", Some((0.06, 0.24))),
            ("us.amazon.nova-2-lite-v1:0", Some((0.33, 2.75))),
            ("arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.amazon.nova-pro-v1:0", Some((0.8, 3.2))),
            ("us.anthropic.claude-haiku-6", None),
            ("us.anthropic.claude-sonnet-5-6", None),
            ("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3", None),
            ("meta.llama4", None),
        ] {
            let found = TokenPrices::of_model(id).map(|prices| (prices.input, prices.output));
            assert_eq!(found, expected, "{id}");
        }
    }

    #[test]
    fn what_is_no_pair_of_prices_is_refused() {
        assert_eq!("0.11/0.55".parse(), Ok(TokenPrices { input: 0.11, output: 0.55 }));
        for text in ["", "1", "1/", "/1", "-1/1", "1/x", "1/10001", "NaN/1", "1/2/3"] {
            assert!(text.parse::<TokenPrices>().is_err(), "{text}");
        }
    }
}
