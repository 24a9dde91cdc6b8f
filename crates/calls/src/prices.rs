//! What tokens cost, as far as somebody has said.
//!
//! No price is built in: prices differ by Region and change, and a report that
//! took an old one for true would mislead.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::Call;

/// The highest price that is taken for one, in US dollars per million tokens.
const HIGHEST: f64 = 10_000.0;
/// What stands before a model's id in the id of its inference profile.
const GEOGRAPHIES: [&str; 8] = ["us", "us-gov", "eu", "jp", "au", "ca", "apac", "global"];

/// What the tokens of models cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices(BTreeMap<String, Price>);

/// US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Price {
    input: f64,
    output: f64,
}

/// Why a text is not a price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a price. Write MODEL=INPUT/OUTPUT, US dollars per million tokens from 0 to 10000, such as us.anthropic.claude-haiku-5-5=0.11/0.55"
)]
pub struct PriceError(String);

impl FromStr for Prices {
    type Err = PriceError;

    /// Reads `MODEL=INPUT/OUTPUT`, or several with commas between.
    fn from_str(text: &str) -> Result<Self, PriceError> {
        text.split(',')
            .map(|part| {
                let price = || {
                    let (model, prices) = part.split_once('=')?;
                    let (input, output) = prices.split_once('/')?;
                    let number = |text: &str| text.trim().parse().ok().filter(|price| (0.0..=HIGHEST).contains(price));
                    let model = model.trim();
                    (!model.is_empty())
                        .then_some((model.to_owned(), Price { input: number(input)?, output: number(output)? }))
                };
                price().ok_or_else(|| PriceError(part.trim().to_owned()))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Prices {
    /// The prices of both; where both know a model, the other's.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// What a call cost in US dollars, if its model has a price, its tokens are
    /// known, and none of them is one of a cache, which has prices of its own.
    pub(crate) fn cost(&self, call: &Call) -> Option<f64> {
        if call.cache_read_tokens.unwrap_or_default() + call.cache_write_tokens.unwrap_or_default() > 0 {
            return None;
        }
        let price = self.of(call.model_id.as_deref()?)?;
        #[expect(clippy::cast_precision_loss, reason = "nobody pays for 2^52 tokens")]
        let tokens = |count: u64| count as f64;
        Some((tokens(call.input_tokens?) * price.input + tokens(call.output_tokens?) * price.output) / 1e6)
    }

    /// The price of a profile is its own, else that of its model.
    fn of(&self, model_id: &str) -> Option<Price> {
        let id = model_id.rsplit('/').next()?;
        let model = match id.split_once('.') {
            Some((geography, model)) if GEOGRAPHIES.contains(&geography) => model,
            _ => id,
        };
        [model_id, id, model].into_iter().find_map(|name| self.0.get(name)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profiles_price_is_its_own_else_its_models() {
        let prices: Prices =
            "anthropic.claude-haiku-5-5=0.11/0.55, global.anthropic.claude-haiku-5-5=0.1/0.5".parse().unwrap();
        let input = |id: &str| prices.of(id).map(|price| price.input);
        assert_eq!(input("anthropic.claude-haiku-5-5"), Some(0.11));
        assert_eq!(input("us.anthropic.claude-haiku-5-5"), Some(0.11));
        assert_eq!(input("global.anthropic.claude-haiku-5-5"), Some(0.1));
        assert_eq!(
            input("arn:aws:bedrock:us-east-1:111122223333:inference-profile/eu.anthropic.claude-haiku-5-5"),
            Some(0.11)
        );
        assert_eq!(input("anthropic.claude-haiku-5"), None);
        assert_eq!(input("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc"), None);
    }

    #[test]
    fn what_is_no_price_says_what_one_looks_like() {
        for text in ["", "m", "m=", "m=1", "m=1/", "m=-1/1", "m=1/x", "=1/1", "m=1/10001", "m=1/1,", "m=NaN/1"] {
            let message = text.parse::<Prices>().unwrap_err().to_string();
            assert!(message.contains("MODEL=INPUT/OUTPUT"), "{text}: {message}");
        }
    }
}
