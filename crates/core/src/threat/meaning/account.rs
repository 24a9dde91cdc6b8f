//! Whose an account is: the one in which the event happened, or another.

use serde_json::{Map, Value};

/// Who gets access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    /// Anybody, or anybody with an AWS account.
    Everybody,
    /// An account other than the one in which it happened.
    OtherAccount,
}

impl Access {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::OtherAccount => "other_account",
        }
    }
}

/// The account in which an event happened, if the event tells.
pub(super) struct Account<'a>(pub(super) Option<&'a str>);

impl<'a> Account<'a> {
    pub(super) fn of(record: &'a Map<String, Value>) -> Self {
        let recipient = record.get("recipientAccountId").and_then(Value::as_str);
        Self(recipient.or_else(|| record.get("userIdentity")?.get("accountId")?.as_str()))
    }

    /// Whether a text is the number of another account. Where the event does
    /// not tell its own, every account is another.
    fn is_other(&self, text: &str) -> bool {
        text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) && self.0 != Some(text)
    }

    /// Who gets access by a text that names a principal: `*` or `all`, an
    /// account's number, or an ARN. `None` for the own account, and for names
    /// that tell no account.
    pub(super) fn access_of(&self, principal: &str) -> Option<Access> {
        match principal {
            "*" => Some(Access::Everybody),
            all if all.eq_ignore_ascii_case("all") => Some(Access::Everybody),
            principal if self.is_other(principal) => Some(Access::OtherAccount),
            // An organisation, or a part of it, stands under its first account.
            principal if principal.split(':').nth(2) == Some("organizations") => None,
            principal => self.is_other(account_of_arn(principal)?).then_some(Access::OtherAccount),
        }
    }

    /// The account of a KMS key that belongs to another, from the key's ARN.
    pub(super) fn other_of_key<'k>(&self, text: &'k str) -> Option<&'k str> {
        let is_key = text.starts_with("arn:") && text.split(':').nth(2) == Some("kms");
        account_of_arn(text).filter(|account| is_key && self.is_other(account))
    }
}

fn account_of_arn(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(3)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_account_is_told_from_the_own() {
        let own = Account(Some("111122223333"));
        for (principal, expected) in [
            ("*", Some(Access::Everybody)),
            ("all", Some(Access::Everybody)),
            ("All", Some(Access::Everybody)),
            ("444455556666", Some(Access::OtherAccount)),
            ("arn:aws-cn:iam::444455556666:user/Bob", Some(Access::OtherAccount)),
            ("111122223333", None),
            ("arn:aws:iam::111122223333:root", None),
            ("arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1", None),
            ("AIDAEXAMPLE", None),
            ("arn:aws:organizations::444455556666:organization/o-a1b2c3d4e5", None),
            ("s3.amazonaws.com", None),
            ("", None),
        ] {
            assert_eq!(own.access_of(principal), expected, "{principal}");
        }
        assert_eq!(Account(None).access_of("111122223333"), Some(Access::OtherAccount));
    }

    #[test]
    fn the_own_account_is_the_recipients_or_the_callers() {
        let record = json!({"recipientAccountId": "1", "userIdentity": {"accountId": "2"}});
        assert_eq!(Account::of(record.as_object().unwrap()).0, Some("1"));
        let record = json!({"userIdentity": {"accountId": "2"}});
        assert_eq!(Account::of(record.as_object().unwrap()).0, Some("2"));
    }

    #[test]
    fn a_key_of_another_account_is_told_by_its_arn() {
        let own = Account(Some("111122223333"));
        assert_eq!(own.other_of_key("arn:aws:kms:us-east-1:444455556666:key/1"), Some("444455556666"));
        assert_eq!(own.other_of_key("arn:aws-us-gov:kms:us-gov-west-1:444455556666:alias/a"), Some("444455556666"));
        for text in
            ["arn:aws:kms:us-east-1:111122223333:key/1", "1234-key", "alias/aws/s3", "arn:aws:iam::444455556666:root"]
        {
            assert_eq!(own.other_of_key(text), None, "{text}");
        }
    }
}
