//! What became of a question: the text that came, and whether it is the whole answer.

use std::fmt;
use std::time::Duration;

use crate::protocol::{CodedError, Told, ToolCall, Usage};
use crate::visible::visible_line;

/// An answer, as far as it came.
#[derive(Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) model: Option<String>,
    pub(crate) tool_calls: Vec<ToolCall>,
    pub(crate) usage: Option<Usage>,
    pub(crate) finish: Option<Finish>,
}

/// How an answer ended.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Finish {
    /// With all that the model said.
    Whole {
        /// Why the model stopped.
        stop_reason: String,
    },
    /// Before its end.
    Cut(Cut),
}

/// Why an answer is not whole.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Cut {
    /// The connection ended without `end`.
    NoEnd,
    /// The function reported an error.
    Error(CodedError),
    /// The model may say no more, or would not.
    Limit {
        /// The limit it reached, or the refusal.
        stop_reason: String,
    },
    /// The model waits for tools that are not run here.
    Tools(Vec<ToolCall>),
    /// Nothing came for this long.
    Silent(Duration),
    /// The connection broke, or what came was of no use.
    Broken(String),
    /// Somebody stopped it here.
    Stopped,
}

impl Answer {
    /// Takes what was told; the text that is new.
    pub(crate) fn take(&mut self, told: Told) -> Option<String> {
        // An end or an error is the last word.
        if self.finish.is_some() {
            return None;
        }
        match told {
            Told::Start { model } => self.model = model,
            Told::Delta(text) => {
                self.text.push_str(&text);
                return Some(text);
            }
            Told::ToolCall(call) => self.tool_calls.push(call),
            Told::Usage(usage) => self.usage = Some(usage),
            Told::Error(error) => self.finish = Some(Finish::Cut(Cut::Error(error))),
            Told::End { stop_reason } => self.finish = Some(self.finish(stop_reason.unwrap_or_default())),
        }
        None
    }

    /// Ends the answer, unless it has ended.
    pub(crate) fn cut(&mut self, cut: Cut) {
        self.finish.get_or_insert(Finish::Cut(cut));
    }

    /// Why the answer is not whole, if it is not.
    pub(crate) fn why_cut(&self) -> Option<&Cut> {
        match &self.finish {
            Some(Finish::Cut(cut)) => Some(cut),
            _ => None,
        }
    }

    /// Why the model stopped, if it said so.
    pub(crate) fn stop_reason(&self) -> Option<&str> {
        match &self.finish {
            Some(Finish::Whole { stop_reason } | Finish::Cut(Cut::Limit { stop_reason })) => Some(stop_reason),
            Some(Finish::Cut(Cut::Tools(_))) => Some(TOOL_USE),
            _ => None,
        }
    }

    /// An answer is whole only when its end says so.
    fn finish(&self, stop_reason: String) -> Finish {
        match stop_reason.as_str() {
            "end_turn" | "stop_sequence" | "stop" => Finish::Whole { stop_reason },
            TOOL_USE => Finish::Cut(Cut::Tools(self.tool_calls.clone())),
            _ => Finish::Cut(Cut::Limit { stop_reason }),
        }
    }
}

/// Why a model stops that wants a tool's result.
const TOOL_USE: &str = "tool_use";

/// Whether the model, or a guardrail before or after it, would say no more. Text
/// may have come before that.
fn is_refusal(stop_reason: &str) -> bool {
    matches!(stop_reason, "refusal" | "content_filter" | "content_filtered" | "guardrail_intervened")
}

impl Cut {
    /// The code of the error, or of the way in which the answer was cut.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::NoEnd => "NoEnd",
            Self::Error(error) => &error.code,
            Self::Limit { stop_reason } => stop_reason,
            Self::Tools(_) => TOOL_USE,
            Self::Silent(_) => "Silent",
            Self::Broken(_) => "Broken",
            Self::Stopped => "Stopped",
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEnd => f.write_str("the connection ended before the answer did. Ask again"),
            Self::Error(CodedError { code, message }) => {
                write!(f, "{}: {}", visible_line(code), visible_line(message))
            }
            Self::Limit { stop_reason } if stop_reason == "model_context_window_exceeded" => {
                f.write_str("the conversation fills the model's context window. Begin another")
            }
            Self::Limit { stop_reason } if is_refusal(stop_reason) => {
                f.write_str("the model, or a guardrail, would not answer this, or not go on")
            }
            Self::Limit { stop_reason } if matches!(stop_reason.as_str(), "max_tokens" | "length") => {
                f.write_str("it reached the most tokens of an answer. Allow more with --max-tokens or /max-tokens")
            }
            Self::Limit { stop_reason } if stop_reason.is_empty() => f.write_str("it ended without a reason"),
            Self::Limit { stop_reason } => {
                write!(f, "it ended for a reason that is not known here: {}", visible_line(stop_reason))
            }
            Self::Tools(calls) => {
                f.write_str("the model calls a tool, and none is run here")?;
                let mut before = ": ";
                for ToolCall { name, arguments } in calls {
                    write!(f, "{before}{}", visible_line(&format!("{name} {arguments}")))?;
                    before = ", ";
                }
                Ok(())
            }
            Self::Silent(time) => write!(f, "nothing came for {}. Ask again", humantime::format_duration(*time)),
            Self::Broken(why) => write!(f, "{why}. Ask again"),
            Self::Stopped => f.write_str("you stopped it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(told: Vec<Told>) -> Answer {
        let mut answer = Answer::default();
        for told in told {
            answer.take(told);
        }
        answer
    }

    fn end(stop_reason: &str) -> Told {
        Told::End { stop_reason: Some(stop_reason.into()) }
    }

    #[test]
    fn an_answer_is_whole_only_with_its_end() {
        let mut unfinished = answer(vec![Told::Delta("a".into())]);
        assert_eq!(unfinished.finish, None);
        unfinished.cut(Cut::NoEnd);
        assert_eq!(unfinished.why_cut(), Some(&Cut::NoEnd));

        let mut whole = answer(vec![Told::Delta("a".into()), Told::Delta("b".into()), end("end_turn")]);
        whole.cut(Cut::NoEnd);
        assert_eq!((whole.text.as_str(), whole.why_cut(), whole.stop_reason()), ("ab", None, Some("end_turn")));
    }

    #[test]
    fn a_reason_that_does_not_say_whole_is_told() {
        for (reason, told) in [
            (Some("meteor\x1b"), "a reason that is not known here: meteor␛"),
            (Some(""), "it ended without a reason"),
            (None, "it ended without a reason"),
        ] {
            let answer = answer(vec![Told::Delta("a".into()), Told::End { stop_reason: reason.map(str::to_owned) }]);
            let cut = answer.why_cut().unwrap().to_string();
            assert!(cut.contains(told), "{reason:?}: {cut}");
        }
    }

    #[test]
    fn a_call_of_a_tool_is_told_and_commands_no_terminal() {
        let call = |name: &str| Told::ToolCall(ToolCall { name: name.into(), arguments: "{\"a\":\n1}\x1b".into() });
        let answer = answer(vec![call("get_time"), call("b"), end("tool_use")]);
        assert_eq!((answer.tool_calls.len(), answer.stop_reason()), (2, Some("tool_use")));
        let told = "the model calls a tool, and none is run here: get_time {\"a\": 1}␛, b {\"a\": 1}␛";
        assert_eq!(answer.why_cut().unwrap().to_string(), told);
    }

    #[test]
    fn an_answer_that_reached_a_limit_is_cut() {
        for limit in ["max_tokens", "length", "model_context_window_exceeded"] {
            assert!(answer(vec![end(limit)]).why_cut().is_some(), "{limit}");
        }
    }

    #[test]
    fn an_answer_that_was_refused_is_cut_and_no_token_mends_it() {
        for refusal in ["refusal", "content_filter", "content_filtered", "guardrail_intervened"] {
            let answer = answer(vec![Told::Delta("half".into()), end(refusal)]);
            let cut = answer.why_cut().unwrap();
            assert_eq!((cut.code(), answer.stop_reason()), (refusal, Some(refusal)));
            assert!(cut.to_string().contains("would not answer"), "{cut}");
        }
    }

    #[test]
    fn nothing_is_taken_after_an_error() {
        let error = CodedError { code: "ModelTimeout".into(), message: "It took \x1b[1mtoo long".into() };
        let answer = answer(vec![Told::Error(error), Told::Delta("more".into()), end("end_turn")]);
        assert_eq!(answer.text, "");
        assert_eq!(answer.why_cut().unwrap().to_string(), "ModelTimeout: It took ␛[1mtoo long");
    }
}
