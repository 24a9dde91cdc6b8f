//! Who asks, as Bedrock's record of the call shows it.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Most characters of a value (Bedrock's own limit).
const MAX_VALUE_CHARS: usize = 256;

/// What API Gateway knows of a caller. The caller writes none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity {
    /// The id of the API key, not the key.
    pub api_key_id: Option<String>,
    /// Who signed the request, where requests have to be signed.
    pub user_arn: Option<String>,
    /// The VPC endpoint that it came through.
    pub vpce_id: Option<String>,
    /// The address that it came from.
    pub source_ip: Option<String>,
}

impl Identity {
    /// The best known identity: who signed, else whose key, else from where.
    #[must_use]
    pub fn caller(&self) -> Option<&str> {
        [&self.user_arn, &self.api_key_id, &self.vpce_id, &self.source_ip].into_iter().find_map(Option::as_deref)
    }

    /// The caller as Bedrock's record of a call shows it: a JSON object of strings.
    pub(super) fn request_metadata(&self, request_id: Option<&str>) -> String {
        let entries: Map<String, Value> = [
            ("caller", self.caller()),
            ("request_id", request_id),
            ("user_arn", self.user_arn.as_deref()),
            ("api_key_id", self.api_key_id.as_deref()),
            ("vpc_endpoint_id", self.vpce_id.as_deref()),
            ("source_ip", self.source_ip.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), clean(value?).into())))
        .collect();
        Value::Object(entries).to_string()
    }
}

/// A value in the characters that Bedrock accepts and that a header can hold:
/// any other becomes an underscore.
fn clean(value: &str) -> String {
    let takes = |letter: char| letter.is_ascii_alphanumeric() || " :_@$#=/+,-.".contains(letter);
    value.chars().take(MAX_VALUE_CHARS).map(|letter| if takes(letter) { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_record_tells_who_it_was_as_exactly_as_api_gateway_knows() {
        let some = |text: &str| Some(text.to_owned());
        let mut identity = Identity { source_ip: some("10.64.0.9"), ..Identity::default() };
        assert_eq!(identity.caller(), Some("10.64.0.9"));
        identity.vpce_id = some("vpce-1");
        assert_eq!(identity.caller(), Some("vpce-1"));
        identity.api_key_id = some("k1");
        assert_eq!(identity.caller(), Some("k1"));
        identity.user_arn = some("arn:aws:sts::111122223333:assumed-role/team-a/kim@example.com");
        let metadata: Value = serde_json::from_str(&identity.request_metadata(Some("r-1"))).unwrap();
        let expected = json!({
            "caller": "arn:aws:sts::111122223333:assumed-role/team-a/kim@example.com",
            "request_id": "r-1",
            "user_arn": "arn:aws:sts::111122223333:assumed-role/team-a/kim@example.com",
            "api_key_id": "k1", "vpc_endpoint_id": "vpce-1", "source_ip": "10.64.0.9",
        });
        assert_eq!(metadata, expected);
        assert_eq!(Identity::default().request_metadata(None), "{}");
    }

    #[test]
    fn nothing_in_a_value_ends_its_header_or_its_json() {
        let nasty = "a\r\nx-amzn-bedrock-guardrailidentifier: none\0\"},{\"caller\":\"admin\u{2028}\u{c57c}";
        let long = "\u{1f600}".repeat(10_000);
        let all = |text: &str| {
            let value = Some(text.to_owned());
            Identity { api_key_id: value.clone(), user_arn: value.clone(), vpce_id: value.clone(), source_ip: value }
        };
        for text in [nasty, &long] {
            let metadata = all(text).request_metadata(Some(text));
            assert!(metadata.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic()), "{metadata}");
            assert!(metadata.len() <= 8_500, "{}", metadata.len());
            let parsed: Value = serde_json::from_str(&metadata).unwrap();
            assert_eq!(parsed.as_object().unwrap().len(), 6);
        }
        assert!(all(nasty).request_metadata(None).contains("a__x-amzn-bedrock-guardrailidentifier: none___"));
    }
}
