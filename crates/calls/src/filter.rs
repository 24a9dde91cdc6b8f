//! Which calls are wanted.

use crate::{Call, Timestamp};

/// Which calls are wanted; what is not said is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Of models whose id holds this.
    pub model: Option<String>,
    /// Of callers, or identities, whose name holds this.
    pub caller: Option<String>,
    /// With this request id: Bedrock's, or one that the caller's metadata names.
    pub request_id: Option<String>,
}

impl Filter {
    pub(crate) fn wants(&self, call: &Call) -> bool {
        let holds =
            |text: &Option<String>, part: &String| text.as_ref().is_some_and(|text| text.contains(part.as_str()));
        self.since.is_none_or(|since| call.time >= since)
            && self.until.is_none_or(|until| call.time < until)
            && self.model.as_ref().is_none_or(|model| holds(&call.model_id, model))
            && self
                .caller
                .as_ref()
                .is_none_or(|caller| holds(&call.caller, caller) || holds(&call.identity_arn, caller))
            && self.request_id.as_ref().is_none_or(|id| {
                call.request_id.as_ref() == Some(id) || call.request_metadata.values().any(|value| value == id)
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_wanted_when_everything_that_is_asked_holds() {
        let call = crate::record::read(&json!({
            "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-11-20T12:00:00Z",
            "requestId": "r-1", "modelId": "us.anthropic.claude-haiku-5-5",
            "identity": {"arn": "arn:aws:sts::111122223333:assumed-role/api/s"},
            "requestMetadata": {"caller": "team-a", "request_id": "gateway-7"},
        }))
        .unwrap();
        let at = |text: &str| Timestamp::parse(text);
        let text = |text: &str| Some(text.to_owned());
        let all = Filter::default();
        let cases = [
            (all.clone(), true),
            (Filter { since: at("2026-11-20T12:00:00Z"), ..all.clone() }, true),
            (Filter { since: at("2026-11-20T12:00:01Z"), ..all.clone() }, false),
            (Filter { until: at("2026-11-20T12:00:00Z"), ..all.clone() }, false),
            (Filter { until: at("2026-11-20T21:00:01+09:00"), ..all.clone() }, true),
            (Filter { model: text("haiku"), ..all.clone() }, true),
            (Filter { model: text("sonnet"), ..all.clone() }, false),
            (Filter { caller: text("team-a"), ..all.clone() }, true),
            (Filter { caller: text("assumed-role/api/"), ..all.clone() }, true),
            (Filter { caller: text("team-b"), ..all.clone() }, false),
            (Filter { request_id: text("r-1"), ..all.clone() }, true),
            (Filter { request_id: text("gateway-7"), ..all.clone() }, true),
            (Filter { request_id: text("r-"), ..all.clone() }, false),
            (Filter { model: text("haiku"), caller: text("team-b"), ..all }, false),
        ];
        for (filter, wanted) in cases {
            assert_eq!(filter.wants(&call), wanted, "{filter:?}");
        }
    }
}
