//! What the policies in a request allow, and to whom.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{
    account::{Access, Account},
    json::{each, texts, written},
    network::are_the_internet,
};

/// Actions by which whoever may call them on everything gives rights away.
const ESCALATIONS: [&str; 14] = [
    "iam:addusertogroup",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:createpolicyversion",
    "iam:passrole",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
];

/// Condition keys whose value says who calls or from where, so that a policy
/// for everybody is for few. S3 counts most of them when it tells what is public.
const WHO: [&str; 19] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpcsourceip",
    "elasticfilesystem:accessedviamounttarget",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
];

/// Literal characters with which a value has to begin to name somebody: `AROA*` names everybody.
const LEAST_LITERAL: usize = 8;

/// What a policy allows whoever it is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Every action on everything.
    Everything,
    /// Actions on everything by which more rights can be had.
    Escalation,
}

impl Allowed {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Escalation => "escalation",
        }
    }
}

/// The policies in a request, as objects or as JSON in a text, wherever they stand.
pub(super) fn documents(request: &Value) -> Vec<Cow<'_, Map<String, Value>>> {
    match request {
        Value::Object(members) => {
            if members.iter().any(|(name, value)| name.eq_ignore_ascii_case("Statement") && !value.is_string()) {
                return vec![Cow::Borrowed(members)];
            }
            members.values().flat_map(documents).collect()
        }
        Value::Array(items) => items.iter().flat_map(documents).collect(),
        Value::String(text) if text.trim_start().starts_with('{') => match serde_json::from_str::<Value>(text) {
            Ok(inside) => documents(&inside).into_iter().map(|document| Cow::Owned(document.into_owned())).collect(),
            Err(_) => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// A statement that allows something.
pub(super) struct Statement<'a>(&'a Map<String, Value>);

/// The statements of a policy that allow something.
pub(super) fn allowing(document: &Map<String, Value>) -> impl Iterator<Item = Statement<'_>> {
    let statements =
        document.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Statement")).flat_map(|(_, value)| each(value));
    statements
        .filter_map(Value::as_object)
        .map(Statement)
        .filter(|statement| statement.texts("Effect").iter().any(|effect| effect.eq_ignore_ascii_case("Allow")))
}

impl<'a> Statement<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.iter().find(|(member, _)| member.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn texts(&self, name: &str) -> Vec<&'a str> {
        self.get(name).map(texts).unwrap_or_default()
    }

    /// Whom the statement lets in, of those who matter here.
    pub(super) fn lets_in(&self, own: &Account<'_>) -> Vec<Access> {
        if self.get("NotPrincipal").is_some() {
            return self.everybody(own);
        }
        let named: Vec<&str> = match self.get("Principal") {
            None => return Vec::new(),
            Some(Value::Object(kinds)) => {
                let kinds = kinds.iter().filter(|(kind, _)| kind.eq_ignore_ascii_case("AWS") || *kind == "*");
                kinds.flat_map(|(_, value)| texts(value)).collect()
            }
            Some(value) => texts(value),
        };
        let of_an_organisation = self.conditions().any(|condition| condition.names_an_organisation());
        let mut access = Vec::new();
        for principal in named {
            match principal {
                "*" => access.extend(self.everybody(own)),
                principal if !of_an_organisation => access.extend(own.access_of(principal)),
                _ => {}
            }
        }
        access.sort_unstable();
        access.dedup();
        access
    }

    /// Whom the conditions leave of everybody.
    fn everybody(&self, own: &Account<'_>) -> Vec<Access> {
        let naming: Vec<_> = self.conditions().filter(Condition::says_who).collect();
        if naming.is_empty() {
            return vec![Access::Everybody];
        }
        let accounts = naming
            .iter()
            .filter(|condition| condition.is_of(&["aws:principalaccount", "aws:principalarn", "kms:calleraccount"]));
        accounts.flat_map(Condition::values).filter_map(|value| own.access_of(value)).collect()
    }

    /// What the statement of an identity's policy allows.
    pub(super) fn allows(&self) -> Vec<Allowed> {
        let is_of_a_resource = self.get("Principal").is_some() || self.get("NotPrincipal").is_some();
        let limited = self.conditions().any(|condition| !condition.is_hollow());
        let on_everything =
            self.get("NotResource").is_some() || self.texts("Resource").iter().any(|resource| is_everything(resource));
        if is_of_a_resource || limited || !on_everything {
            return Vec::new();
        }
        let actions: Vec<String> = self.texts("Action").iter().map(|action| action.to_ascii_lowercase()).collect();
        let left_out: Vec<String> = self.texts("NotAction").iter().map(|action| action.to_ascii_lowercase()).collect();
        let all_but = self.get("NotAction").is_some();
        let may = |wanted: &str| {
            if all_but {
                !left_out.iter().any(|pattern| fits(pattern, wanted))
            } else {
                actions.iter().any(|pattern| fits(pattern, wanted))
            }
        };
        let escalates = ESCALATIONS.iter().any(|action| may(action));
        let everything = if all_but { escalates } else { actions.iter().any(|action| is_everything(action)) };
        [(everything, Allowed::Everything), (escalates, Allowed::Escalation)]
            .into_iter()
            .filter_map(|(holds, allowed)| holds.then_some(allowed))
            .collect()
    }

    fn conditions(&self) -> impl Iterator<Item = Condition<'a>> {
        let operators = self.get("Condition").and_then(Value::as_object).into_iter().flatten();
        operators.flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| Condition { operator, key, values })
        })
    }
}

/// One test of a condition.
struct Condition<'a> {
    operator: &'a str,
    key: &'a str,
    values: &'a Value,
}

impl<'a> Condition<'a> {
    fn is_of(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| key.eq_ignore_ascii_case(self.key))
    }

    fn values(&self) -> Vec<&'a str> {
        texts(self.values)
    }

    /// Whether it holds for callers whom its values name, and for nobody else.
    fn says_who(&self) -> bool {
        let operator = self.operator.to_ascii_lowercase();
        let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
        // With `IfExists` and `ForAllValues` it holds for whoever has no such value.
        if !self.is_of(&WHO) || operator.ends_with("ifexists") {
            return false;
        }
        match operator {
            "bool" => each(self.values).iter().all(|value| written(value).eq_ignore_ascii_case("true")),
            "ipaddress" => !are_the_internet(self.values()),
            "stringequals" | "stringequalsignorecase" | "stringlike" | "arnequals" | "arnlike" => {
                let values = self.values();
                !values.is_empty() && values.iter().all(|value| names_somebody(value))
            }
            _ => false,
        }
    }

    fn names_an_organisation(&self) -> bool {
        self.is_of(&["aws:principalorgid", "aws:principalorgpaths"]) && self.says_who()
    }

    /// Whether it holds for nearly every call.
    fn is_hollow(&self) -> bool {
        let operator = self.operator.to_ascii_lowercase();
        self.is_of(&["aws:securetransport"])
            || operator.contains("not")
            || operator.ends_with("ipaddress") && are_the_internet(self.values())
            || !self.values().is_empty() && self.values().iter().any(|value| is_everything(value))
    }
}

/// Whether a value of a condition names an account, a resource or an organisation, rather than many.
fn names_somebody(value: &str) -> bool {
    let literal = value.find(['*', '?']).unwrap_or(value.len());
    if let Some(arn) = value.strip_prefix("arn:") {
        let parts: Vec<&str> = arn.splitn(5, ':').collect();
        return match parts.as_slice() {
            [_, _, _, "", resource] => !resource.starts_with(['*', '?']),
            [_, _, _, account, _] => !account.contains(['*', '?']),
            _ => literal == value.len(),
        };
    }
    literal == value.len() && !value.is_empty() || literal >= LEAST_LITERAL
}

/// Whether a pattern of actions or resources fits everything.
fn is_everything(pattern: &str) -> bool {
    !pattern.is_empty()
        && (pattern.trim_start_matches("arn:").chars().all(|char| matches!(char, '*' | ':')) && pattern.contains('*'))
}

/// Whether a text fits a pattern with `*` and `?`, both in lower case.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| fits(&pattern[1..], &text[at..]))
        }
        Some(wanted) => text.chars().next().is_some_and(|found| {
            (wanted == '?' || wanted == found) && fits(&pattern[wanted.len_utf8()..], &text[found.len_utf8()..])
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: Account<'static> = Account(Some("111122223333"));

    fn lets_in(statement: &Value) -> Vec<Access> {
        let policy = json!({"Statement": statement});
        documents(&policy)
            .iter()
            .flat_map(|document| allowing(document).flat_map(|statement| statement.lets_in(&OWN)).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn whom_a_statement_lets_in() {
        let with = |condition: Value| {
            lets_in(&json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Condition": condition}))
        };
        let to =
            |principal: Value| lets_in(&json!([{"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject"}]));
        let (everybody, other, nobody) = (vec![Access::Everybody], vec![Access::OtherAccount], Vec::new());
        for (found, expected, case) in [
            (to(json!("*")), &everybody, "star"),
            (to(json!({"AWS": "*"})), &everybody, "AWS star"),
            (
                to(json!({"AWS": ["arn:aws:iam::444455556666:root", "*"]})),
                &vec![Access::Everybody, Access::OtherAccount],
                "star among others",
            ),
            (to(json!({"AWS": "arn:aws:iam::444455556666:root"})), &other, "another account's root"),
            (to(json!({"AWS": "444455556666"})), &other, "another account"),
            (to(json!({"AWS": "arn:aws:iam::111122223333:role/a"})), &nobody, "own role"),
            (to(json!({"Service": "s3.amazonaws.com"})), &nobody, "service"),
            (to(json!({"Federated": "cognito-identity.amazonaws.com"})), &nobody, "web identity"),
            (lets_in(&json!({"Effect": "Deny", "Principal": "*", "Action": "*"})), &nobody, "denial"),
            (
                lets_in(
                    &json!({"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/Bob"}, "Action": "*"}),
                ),
                &everybody,
                "NotPrincipal",
            ),
            (
                lets_in(&json!({"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "*"})),
                &nobody,
                "denial to all others",
            ),
            (with(json!({})), &everybody, "empty condition"),
            (with(json!({"Bool": {"aws:SecureTransport": "true"}})), &everybody, "TLS alone"),
            (with(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})), &everybody, "any address"),
            (with(json!({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})), &everybody, "halves"),
            (with(json!({"IpAddress": {"aws:SourceIp": "::/0"}})), &everybody, "any IPv6 address"),
            (with(json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})), &nobody, "an office"),
            (with(json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})), &everybody, "all but an office"),
            (with(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})), &nobody, "organisation"),
            (
                with(json!({"StringEquals": {"AWS:PRINCIPALORGID": "o-a1b2c3d4e5"}})),
                &nobody,
                "organisation, in capitals",
            ),
            (with(json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}})), &everybody, "any organisation"),
            (
                with(json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
                &everybody,
                "organisation if there is one",
            ),
            (
                with(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
                &everybody,
                "all other organisations",
            ),
            (
                with(json!({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-1/*"}})),
                &everybody,
                "no path at all",
            ),
            (
                with(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-1/*"}})),
                &nobody,
                "a path",
            ),
            (with(json!({"StringLike": {"aws:PrincipalArn": "*"}})), &everybody, "any principal"),
            (
                with(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}})),
                &everybody,
                "a role of any account",
            ),
            (with(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}})), &nobody, "own roles"),
            (
                with(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/*"}})),
                &other,
                "another account's roles",
            ),
            (
                with(json!({"StringEquals": {"aws:PrincipalAccount": ["111122223333", "444455556666"]}})),
                &other,
                "two accounts",
            ),
            (with(json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::uploads"}})), &nobody, "a bucket's notifications"),
            (with(json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}})), &everybody, "any bucket's notifications"),
            (with(json!({"StringEquals": {"AWS:SourceOwner": "111122223333"}})), &nobody, "SNS's own default"),
            (with(json!({"StringEquals": {"s3:x-amz-acl": "public-read"}})), &everybody, "what is written"),
            (
                with(json!({"StringLike": {"aws:Referer": "https://example.com/*"}})),
                &everybody,
                "what anybody can write",
            ),
            (
                with(
                    json!({"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}, "Bool": {"aws:SecureTransport": "true"}}),
                ),
                &nobody,
                "endpoint and TLS",
            ),
            (with(json!({"Bool": {"aws:PrincipalIsAWSService": true}})), &nobody, "services"),
            (with(json!({"Bool": {"aws:PrincipalIsAWSService": "false"}})), &everybody, "no service"),
        ] {
            assert_eq!(&found, expected, "{case}");
        }
    }

    fn allows(statement: &Value) -> Vec<&'static str> {
        let policy = json!(json!({"Version": "2012-10-17", "Statement": [statement]}).to_string());
        documents(&policy)
            .iter()
            .flat_map(|document| allowing(document).flat_map(|statement| statement.allows()).collect::<Vec<_>>())
            .map(Allowed::as_str)
            .collect()
    }

    #[test]
    fn what_a_statement_allows() {
        let statement =
            |action: Value, resource: Value| json!({"Effect": "Allow", "Action": action, "Resource": resource});
        let with =
            |condition: Value| json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        let (all, escalation, nothing) = (&["everything", "escalation"][..], &["escalation"][..], &[][..]);
        for (statement, expected) in [
            (statement(json!("*"), json!("*")), all),
            (statement(json!("*:*"), json!("arn:*")), all),
            (statement(json!(["s3:*", "*"]), json!(["arn:aws:s3:::a", "*"])), all),
            (json!({"effect": "Allow", "action": "*", "resource": "*"}), all),
            (json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::a"}), all),
            (json!({"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "*"}), all),
            (json!({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}), nothing),
            (with(json!({})), all),
            (with(json!({"Bool": {"aws:SecureTransport": "true"}})), all),
            (with(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})), all),
            (with(json!({"ArnLike": {"aws:PrincipalArn": "*"}})), all),
            (with(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})), nothing),
            (with(json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})), nothing),
            (statement(json!("*"), json!("arn:aws:s3:::a/*")), nothing),
            (statement(json!("s3:*"), json!("*")), nothing),
            (statement(json!("iam:*"), json!("*")), escalation),
            (statement(json!("IAM:passrole"), json!("*")), escalation),
            (statement(json!("iam:P*Role"), json!("*")), escalation),
            (statement(json!("iam:PassRole"), json!("arn:aws:iam::111122223333:role/a")), nothing),
            (statement(json!(["iam:Get*", "iam:List*"]), json!("*")), nothing),
            (json!({"Effect": "Deny", "Action": "*", "Resource": "*"}), nothing),
            (json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}), nothing),
        ] {
            assert_eq!(allows(&statement), expected, "{statement}");
        }
    }

    #[test]
    fn policies_are_found_wherever_they_stand() {
        let policy = json!({"Statement": {"Effect": "Allow", "Principal": "*"}});
        for request in [
            json!({"bucketPolicy": policy}),
            json!({"policy": policy.to_string()}),
            json!({"attributes": {"Policy": format!("\n {policy}")}}),
            json!({"PutAccessPointPolicyRequest": {"Policy": policy.to_string(), "xmlns": ""}}),
            json!({"list": [{"deeper": policy}]}),
        ] {
            assert_eq!(documents(&request).len(), 1, "{request}");
        }
        for request in [json!(null), json!({"Statement": "words"}), json!({"policy": "{broken"}), json!(["*"])] {
            assert_eq!(documents(&request).len(), 0, "{request}");
        }
    }
}
