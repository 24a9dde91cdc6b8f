//! What an answer used: as the model tells it, and estimated where it does not.

use serde::Serialize;

use crate::bedrock::Usage;

/// Bytes of text in a token, where nobody counted: a Korean character has three
/// and is about one token, an English token has about four. So the estimate is
/// rather too high than too low.
const BYTES_IN_A_TOKEN: u64 = 3;

/// Tokens that nobody counted.
pub(super) const fn estimated(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_IN_A_TOKEN)
}

/// What an answer used, be it whole or cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenCount {
    /// The tokens.
    #[serde(flatten)]
    pub usage: Usage,
    /// Whether some of them are estimated from the length of the texts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

/// Counts along with a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Tokens of the request as they are estimated.
    asked: u64,
    input: Option<u64>,
    output: Option<u64>,
    /// What the model wrote since it last counted, its thinking included.
    uncounted_bytes: u64,
}

impl Tally {
    /// A tally of an answer to a request of so many tokens, as they are estimated.
    pub(super) fn new(asked: u64) -> Self {
        Self { asked, ..Self::default() }
    }

    /// The model wrote this much.
    pub(super) fn wrote(&mut self, text: &str) {
        self.uncounted_bytes = self.uncounted_bytes.saturating_add(text.len() as u64);
    }

    /// The model wrote one token.
    pub(super) fn wrote_token(&mut self) {
        self.count(None, Some(self.output.unwrap_or_default().saturating_add(1)));
    }

    /// The model says what it used so far.
    pub(super) fn count(&mut self, input: Option<u64>, output: Option<u64>) {
        self.input = input.or(self.input);
        if output.is_some() {
            (self.output, self.uncounted_bytes) = (output, 0);
        }
    }

    pub(super) fn tokens(&self) -> TokenCount {
        let output_tokens = self.output.unwrap_or_default().saturating_add(estimated(self.uncounted_bytes));
        TokenCount {
            usage: Usage { input_tokens: self.input.unwrap_or(self.asked), output_tokens },
            estimated: self.input.is_none() || self.uncounted_bytes > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_own_figures_count_and_what_it_has_not_counted_is_estimated() {
        type Steps = &'static [fn(&mut Tally)];
        let cases: [(Steps, (u64, u64, bool)); 6] = [
            (&[], (7, 0, true)),
            (&[|tally| tally.count(Some(12), Some(1))], (12, 1, false)),
            (&[|tally| tally.count(Some(12), Some(1)), |tally| tally.wrote("안녕 ")], (12, 1 + 3, true)),
            (&[|tally| tally.wrote("안녕"), |tally| tally.count(Some(12), Some(5))], (12, 5, false)),
            (&[|tally| tally.wrote("four"), |tally| tally.count(Some(12), None)], (12, 2, true)),
            (&[|tally| tally.wrote_token(), |tally| tally.wrote_token()], (7, 2, true)),
        ];
        for (at, (steps, (input_tokens, output_tokens, estimated))) in cases.into_iter().enumerate() {
            let mut tally = Tally::new(7);
            for step in steps {
                step(&mut tally);
            }
            let expected = TokenCount { usage: Usage { input_tokens, output_tokens }, estimated };
            assert_eq!(tally.tokens(), expected, "case {at}");
        }
    }

    #[test]
    fn an_estimate_is_marked_and_a_count_is_not() {
        let usage = Usage { input_tokens: 3, output_tokens: 2 };
        for (estimated, expected) in [
            (false, r#"{"input_tokens":3,"output_tokens":2}"#),
            (true, r#"{"input_tokens":3,"output_tokens":2,"estimated":true}"#),
        ] {
            assert_eq!(serde_json::to_string(&TokenCount { usage, estimated }).unwrap(), expected);
        }
    }
}
