//! Who did it: the kinds of `userIdentity`.

use serde::Deserialize;

use super::lenient;

/// A record's `userIdentity`. Which fields are there depends on its type:
/// services have no ARN, other accounts neither ARN nor name.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UserIdentity {
    #[serde(deserialize_with = "lenient::text")]
    principal_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    arn: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) account_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    user_name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    invoked_by: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    on_behalf_of: OnBehalfOf,
}

/// The person behind an `IdentityCenterUser`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OnBehalfOf {
    #[serde(deserialize_with = "lenient::text")]
    user_id: Option<String>,
}

impl UserIdentity {
    /// The most telling name there is, for people and for searching.
    pub(super) fn actor(&self) -> Option<&str> {
        self.arn.as_deref().or_else(|| self.name_without_arn())
    }

    /// A name short enough for a title: `Alice`, `uploader/camera-17`, `root`.
    pub(super) fn short_name(&self) -> Option<&str> {
        match self.arn.as_deref().map(resource) {
            // A user's ARN holds the path of the user as well; the name alone is shorter.
            Some(resource) if resource.starts_with("user/") => {
                self.user_name.as_deref().or_else(|| resource.rsplit('/').next())
            }
            Some(resource) => resource.split_once('/').map_or(Some(resource), |(_, name)| Some(name)),
            None => self.name_without_arn(),
        }
    }

    fn name_without_arn(&self) -> Option<&str> {
        [&self.user_name, &self.on_behalf_of.user_id, &self.invoked_by, &self.account_id, &self.principal_id]
            .into_iter()
            .find_map(Option::as_deref)
    }
}

/// The last part of an ARN, such as `user/Alice`; all of a text that is no ARN.
fn resource(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_kind_of_identity_has_a_name() {
        let cases = [
            (
                json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/Alice", "userName": "Alice"}),
                "arn:aws:iam::111122223333:user/Alice",
                "Alice",
            ),
            (
                json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/team/a/Bob"}),
                "arn:aws:iam::111122223333:user/team/a/Bob",
                "Bob",
            ),
            (
                json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/uploader/camera-17"}),
                "arn:aws:sts::111122223333:assumed-role/uploader/camera-17",
                "uploader/camera-17",
            ),
            (
                json!({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/Carol"}),
                "arn:aws:sts::111122223333:federated-user/Carol",
                "Carol",
            ),
            (
                json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "principalId": "111122223333"}),
                "arn:aws:iam::111122223333:root",
                "root",
            ),
            (
                json!({"type": "WebIdentityUser", "principalId": "accounts.example:app:1", "userName": "user-1"}),
                "user-1",
                "user-1",
            ),
            (json!({"type": "SAMLUser", "principalId": "saml-1"}), "saml-1", "saml-1"),
            (
                json!({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "444455556666"}),
                "444455556666",
                "444455556666",
            ),
            (
                json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}),
                "cloudtrail.amazonaws.com",
                "cloudtrail.amazonaws.com",
            ),
            (
                json!({"type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": {"userId": "u-1"}}),
                "u-1",
                "u-1",
            ),
        ];
        for (value, actor, short_name) in cases {
            let identity = identity(&value);
            assert_eq!(identity.actor(), Some(actor), "{value}");
            assert_eq!(identity.short_name(), Some(short_name), "{value}");
        }
    }

    #[test]
    fn an_identity_that_says_nothing_has_no_name() {
        for value in [json!({}), json!({"type": "Unknown"}), json!({"arn": null, "onBehalfOf": "u-1"})] {
            assert_eq!(identity(&value).actor(), None, "{value}");
            assert_eq!(identity(&value).short_name(), None, "{value}");
        }
    }

    #[test]
    fn what_stands_where_an_arn_should_is_shown_as_it_is() {
        let identity = identity(&json!({"arn": "not-an-arn"}));
        assert_eq!(identity.short_name(), Some("not-an-arn"));
    }

    fn identity(value: &Value) -> UserIdentity {
        UserIdentity::deserialize(value).unwrap()
    }
}
