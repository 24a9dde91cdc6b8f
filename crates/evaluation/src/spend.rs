//! What asking a model about pictures may cost, before it is asked.

use crate::judge::Price;

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
    /// In US dollars, where there is a price.
    pub usd: Option<f64>,
}

/// For so many pictures, each in one view. What is larger than a model reads at once costs more.
#[must_use]
pub fn estimate(pictures: usize, price: Option<Price>) -> Estimate {
    let pictures = pictures as u64;
    let (input, output) = (pictures * (PICTURE + QUESTION), pictures * ANSWER);
    Estimate { input, output, usd: price.map(|price| price.of(input, output)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_cost_what_their_tokens_do() {
        let estimate = estimate(1_000, Some(Price { input: 1.0, output: 5.0 }));
        assert_eq!((estimate.input, estimate.output), (3_000_000, 250_000));
        assert!((estimate.usd.unwrap() - 4.25).abs() < 1e-9);
    }
}
