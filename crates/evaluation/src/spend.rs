//! What asking models about pictures or events may cost, before they are asked.

use warden_core::bedrock::{TokenPrices, Usage};

/// Tokens of a picture in one view, the most that models of today count (docs/deploy.md, footnote 8), with the question; and
/// of an answer with some findings.
pub const PICTURE: Usage = Usage { input_tokens: 4_000 + 700, output_tokens: 100 };
/// Tokens of an event with the question, and of its summary, as docs/deploy.md counts them.
pub const EVENT: Usage = Usage { input_tokens: 610, output_tokens: 130 };

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

/// For so many requests of each of the models, at these prices. A picture that is larger than a model reads at once is cut
/// into tiles, each with a request of its own, and costs more.
#[must_use]
pub fn estimate(requests: usize, each: Usage, models: &[Option<TokenPrices>]) -> Estimate {
    let requests = requests as u64;
    let of_one = Usage { input_tokens: requests * each.input_tokens, output_tokens: requests * each.output_tokens };
    let asked = models.len() as u64;
    let usd = models.iter().map(|prices| Some((*prices)?.cost(of_one))).sum();
    Estimate { input: of_one.input_tokens * asked, output: of_one.output_tokens * asked, usd }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_cost_what_their_tokens_do() {
        let prices = TokenPrices { input: 1.0, output: 5.0 };
        let one = estimate(1_000, PICTURE, &[Some(prices)]);
        assert_eq!((one.input, one.output), (4_700_000, 100_000));
        assert!((one.usd.unwrap() - 5.2).abs() < 1e-9);
        let two = estimate(1_000, PICTURE, &[Some(prices), Some(prices)]);
        assert!((two.usd.unwrap() - 10.4).abs() < 1e-9);
        assert_eq!(estimate(1_000, PICTURE, &[Some(prices), None]).usd, None);
        assert_eq!(estimate(10, EVENT, &[None]).input, 6_100);
    }
}
