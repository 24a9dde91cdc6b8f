//! What asking a model about pictures may cost, before it is asked.

use warden_core::bedrock::{TokenPrices, Usage};

/// Tokens of a picture as models of today count them: a view of the size that they read best.
const PICTURE: u64 = 1_600;
/// Tokens of the question, with the list of categories.
const QUESTION: u64 = 1_400;
/// Tokens of an answer with some findings.
const ANSWER: u64 = 250;

/// Tokens that may be used, and what they cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Of the requests.
    pub input: u64,
    /// Of the answers.
    pub output: u64,
    /// In US dollars, where each model has a price.
    pub usd: Option<f64>,
}

/// For so many pictures, each in one view, by models at these prices. What is larger than a model reads at once costs more.
#[must_use]
pub fn estimate(pictures: usize, models: &[Option<TokenPrices>]) -> Estimate {
    let pictures = pictures as u64;
    let of_one = Usage { input_tokens: pictures * (PICTURE + QUESTION), output_tokens: pictures * ANSWER };
    let asked = models.len() as u64;
    let usd = models.iter().map(|prices| Some((*prices)?.cost(of_one))).sum();
    Estimate { input: of_one.input_tokens * asked, output: of_one.output_tokens * asked, usd }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_cost_what_their_tokens_do() {
        let prices = TokenPrices { input: 1.0, output: 5.0 };
        let one = estimate(1_000, &[Some(prices)]);
        assert_eq!((one.input, one.output), (3_000_000, 250_000));
        assert!((one.usd.unwrap() - 4.25).abs() < 1e-9);
        let two = estimate(1_000, &[Some(prices), Some(prices)]);
        assert!((two.usd.unwrap() - 8.5).abs() < 1e-9);
        assert_eq!(estimate(1_000, &[Some(prices), None]).usd, None);
    }
}
