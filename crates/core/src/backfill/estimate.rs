//! What a backfill will take.

use serde::{Deserialize, Serialize};

use crate::bedrock::TokenPrices;

/// Seconds of one audit: those of docs/deploy.md, and what lies between its states.
const AUDIT_SECONDS: u64 = 10;
/// Tokens of one judgement, into and out of the model: those of docs/deploy.md, which a test of `infra/checks` holds them against.
const TOKENS: (f64, f64) = (3_430.0, 21.0);
/// US dollars of one audit beside the model: 12 state transitions at 0.025 for a thousand, and what docs/backfill.md adds
/// for functions, ledger and storage.
const PLATFORM_USD: f64 = 0.000_356;

/// What a backfill will take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Versions to audit.
    pub objects: u64,
    /// Seconds.
    pub seconds: u64,
    /// US dollars for the models' answers; none where the model's prices are not known.
    pub model_usd: Option<f64>,
    /// US dollars for what else AWS bills.
    pub platform_usd: f64,
}

/// What so many audits take, so many at once, at these prices of a million tokens into and out of the model.
#[must_use]
pub fn estimate(objects: u64, concurrency: u32, token_prices: Option<TokenPrices>) -> Estimate {
    #[allow(clippy::cast_precision_loss)]
    let count = objects as f64;
    let cents = |usd: f64| (usd * 100.0).round() / 100.0;
    let model = |prices: TokenPrices| cents(count * (TOKENS.0 * prices.input + TOKENS.1 * prices.output) / 1e6);
    Estimate {
        objects,
        seconds: objects.div_ceil(u64::from(concurrency.max(1))) * AUDIT_SECONDS,
        model_usd: token_prices.map(model),
        platform_usd: cents(count * PLATFORM_USD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bedrock::profile::DEFAULT_MODEL;

    #[test]
    fn a_million_images_cost_what_the_documentation_says() {
        let estimated = estimate(1_000_000, 100, TokenPrices::of_model(DEFAULT_MODEL));
        let expected = Estimate { objects: 1_000_000, seconds: 100_000, model_usd: Some(388.85), platform_usd: 356.0 };
        assert_eq!(estimated, expected);
        assert_eq!(estimate(1, 100, None), Estimate { objects: 1, seconds: 10, model_usd: None, platform_usd: 0.0 });
        assert_eq!(estimate(0, 0, None).seconds, 0);
    }
}
