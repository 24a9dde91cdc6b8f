//! What the policies in a request allow, and to whom.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{
    account::{Access, Account},
    federation::Issuer,
    json::{each, inside, texts, written},
    network::are_the_internet,
};

/// Actions by which whoever may call them on every resource of their kind gives rights away.
const ESCALATIONS: [(&str, &str); 14] = [
    ("iam:addusertogroup", "group"),
    ("iam:attachgrouppolicy", "group"),
    ("iam:attachrolepolicy", "role"),
    ("iam:attachuserpolicy", "user"),
    ("iam:createaccesskey", "user"),
    ("iam:createloginprofile", "user"),
    ("iam:createpolicyversion", "policy"),
    ("iam:passrole", "role"),
    ("iam:putgrouppolicy", "group"),
    ("iam:putrolepolicy", "role"),
    ("iam:putuserpolicy", "user"),
    ("iam:setdefaultpolicyversion", "policy"),
    ("iam:updateassumerolepolicy", "role"),
    ("iam:updateloginprofile", "user"),
];

/// Condition keys whose value says who calls or from where, so that a policy
/// for everybody is for few. S3 counts most of them when it tells what is public.
const WHO: [&str; 25] = [
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
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    "elasticfilesystem:accessedviamounttarget",
    "kms:calleraccount",
    "s3:accesspointnetworkorigin",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
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
        Value::String(text) => inside(text).map_or_else(Vec::new, |inside| {
            documents(&inside).into_iter().map(|document| Cow::Owned(document.into_owned())).collect()
        }),
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
        access.extend(self.trusts_every_identity().then_some(Access::Everybody));
        access.sort_unstable();
        access.dedup();
        access
    }

    /// Whether it trusts an issuer that serves everybody, and names nobody there.
    fn trusts_every_identity(&self) -> bool {
        let Some(Value::Object(kinds)) = self.get("Principal") else { return false };
        let federated = kinds.iter().filter(|(kind, _)| kind.eq_ignore_ascii_case("Federated"));
        let mut issuers = federated.flat_map(|(_, value)| texts(value)).filter_map(Issuer::of);
        issuers.any(|issuer| !self.conditions().any(|condition| condition.names_at(issuer)))
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
        if is_of_a_resource || limited {
            return Vec::new();
        }
        let resources: Vec<String> =
            self.texts("Resource").iter().map(|resource| resource.to_ascii_lowercase()).collect();
        let on_everything =
            self.get("NotResource").is_some() || resources.iter().any(|resource| is_everything(resource));
        let on_every = |kind: &str| on_everything || resources.iter().any(|resource| is_every(resource, kind));
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
        let escalates = ESCALATIONS.iter().any(|(action, kind)| may(action) && on_every(kind));
        // Whoever may do everything to identities gets the rest.
        let is_all = |action: &String| is_everything(action) || action == "iam:*";
        let every_action = if all_but { escalates } else { actions.iter().any(is_all) };
        [(every_action && on_everything, Allowed::Everything), (escalates, Allowed::Escalation)]
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
        if !self.is_of(&WHO) {
            return false;
        }
        match self.test().as_str() {
            "bool" => each(self.values).iter().all(|value| written(value).eq_ignore_ascii_case("true")),
            "ipaddress" => !are_the_internet(self.values()),
            "stringequals" | "stringequalsignorecase" | "stringlike" | "arnequals" | "arnlike" => {
                let values = self.values();
                // An access point has the internet or a network of somebody's as its origin.
                let names = |value: &&str| {
                    if self.is_of(&["s3:accesspointnetworkorigin"]) {
                        value.eq_ignore_ascii_case("VPC")
                    } else {
                        names_somebody(value)
                    }
                };
                !values.is_empty() && values.iter().all(names)
            }
            _ => false,
        }
    }

    /// How its values are held against the call's. With `IfExists` and `ForAllValues`
    /// it holds for whoever has no such value, so that neither is taken off.
    fn test(&self) -> String {
        let operator = self.operator.to_ascii_lowercase();
        operator.strip_prefix("foranyvalue:").map(str::to_owned).unwrap_or(operator)
    }

    /// Whether it names somebody at an issuer of identities.
    fn names_at(&self, issuer: Issuer) -> bool {
        matches!(self.test().as_str(), "stringequals" | "stringequalsignorecase" | "stringlike")
            && issuer.is_named_by(self.key, &self.values())
    }

    fn names_an_organisation(&self) -> bool {
        self.is_of(&["aws:principalorgid", "aws:principalorgpaths"]) && self.says_who()
    }

    /// Whether it holds for nearly every call.
    fn is_hollow(&self) -> bool {
        let operator = self.operator.to_ascii_lowercase();
        self.is_of(&["aws:securetransport", "aws:currenttime", "aws:epochtime"])
            // Whoever has the policy is of the account, and so is nearly all that it reaches.
            || self.is_of(&["aws:principalaccount", "aws:resourceaccount"])
            || self.is_of(&["aws:principalarn"]) && !self.values().iter().all(|value| names_somebody(value))
            // Whoever comes with a key of long duration has no such value.
            || self.is_of(&["aws:multifactorauthpresent"]) && operator.ends_with("ifexists")
            || operator.contains("not")
            || operator.ends_with("ipaddress") && are_the_internet(self.values())
            || !self.values().is_empty() && self.values().iter().any(|value| is_everything(value))
    }
}

/// Whether a value of a condition names an account, a resource or an organisation, rather than many.
pub(super) fn names_somebody(value: &str) -> bool {
    let literal = value.find(['*', '?']).unwrap_or(value.len());
    if let Some(arn) = value.strip_prefix("arn:") {
        let parts: Vec<&str> = arn.splitn(5, ':').collect();
        return match parts.as_slice() {
            // A bucket has its name in all the world, and older documents put stars before it.
            [_, "s3", region, account, bucket] if matches!((*region, *account), ("" | "*", "" | "*")) => {
                !bucket.starts_with(['*', '?'])
            }
            [_, _, _, "", resource] => !resource.starts_with(['*', '?']),
            [_, _, _, account, _] => !account.contains(['*', '?']),
            _ => literal == value.len(),
        };
    }
    literal == value.len() && !value.is_empty() || literal >= LEAST_LITERAL
}

/// Whether a pattern of actions or resources fits everything.
fn is_everything(pattern: &str) -> bool {
    let is_of_a_partition = |char: char| char.is_ascii_alphanumeric() || char == '-';
    let open = pattern.strip_prefix("arn:").map_or(pattern, |arn| arn.trim_start_matches(is_of_a_partition));
    open.contains('*') && open.chars().all(|char| matches!(char, '*' | '?' | ':'))
}

/// Whether a pattern of resources, in lower case, fits whatever IAM has of a kind, such as `role`.
fn is_every(pattern: &str, kind: &str) -> bool {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let [_, _, service, _, _, resource] = parts.as_slice() else { return false };
    // No name is written so; a pattern that fits it says nothing of names.
    fits(service, "iam") && fits(resource, &format!("{kind}/{}", "~".repeat(LEAST_LITERAL)))
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
            (to(json!({"Federated": "cognito-identity.amazonaws.com"})), &everybody, "identities of any pool"),
            (to(json!({"Federated": "arn:aws:iam::111122223333:saml-provider/Okta"})), &nobody, "own provider"),
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
            (with(json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:uploads"}})), &nobody, "a bucket's, with stars"),
            (with(json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:*"}})), &everybody, "any bucket's, with stars"),
            (with(json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:topic"}})), &everybody, "a topic of anybody"),
            (
                with(json!({"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-east-1:*:accesspoint/a"}})),
                &everybody,
                "an access point of anybody",
            ),
            (
                with(json!({"ArnEquals": {"aws:SourceVpcArn": "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1"}})),
                &nobody,
                "a network",
            ),
            (
                with(json!({"ArnLike": {"aws:SourceVpcArn": "arn:aws:ec2:us-east-1:*:vpc/*"}})),
                &everybody,
                "any network",
            ),
            (with(json!({"StringEquals": {"aws:VpceAccount": "111122223333"}})), &nobody, "an account's endpoints"),
            (with(json!({"StringEquals": {"aws:VpceOrgID": "o-a1b2c3d4e5"}})), &nobody, "an organisation's endpoints"),
            (with(json!({"StringLike": {"aws:VpceOrgID": "o-*"}})), &everybody, "any organisation's endpoints"),
            (
                with(json!({"StringEquals": {"s3:AccessPointNetworkOrigin": "VPC"}})),
                &nobody,
                "access points of networks",
            ),
            (
                with(json!({"StringEquals": {"s3:AccessPointNetworkOrigin": "Internet"}})),
                &everybody,
                "other access points",
            ),
            (
                with(
                    json!({"StringLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-east-1:111122223333:accesspoint/*"}}),
                ),
                &nobody,
                "an account's access points",
            ),
            (
                with(json!({"StringLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-east-1:*:accesspoint/*"}})),
                &everybody,
                "anybody's access points",
            ),
            (with(json!({"Null": {"aws:PrincipalOrgID": "false"}})), &everybody, "of some organisation"),
            (with(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*"}})), &everybody, "any path"),
            (
                with(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::????????????:role/admin"}})),
                &everybody,
                "an account of twelve digits",
            ),
            (
                with(
                    json!({"Bool": {"aws:SecureTransport": "true"}, "IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}),
                ),
                &everybody,
                "two that say nothing",
            ),
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

    #[test]
    fn whom_a_trust_in_an_issuer_for_everybody_lets_in() {
        let with = |condition: Value| {
            let provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
            lets_in(&json!({"Effect": "Allow", "Principal": {"Federated": provider},
                            "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}))
        };
        let claim = |operator: &str, claim: &str, value: Value| {
            json!({
                "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
                operator: {format!("token.actions.githubusercontent.com:{claim}"): value},
            })
        };
        let (everybody, nobody) = (vec![Access::Everybody], Vec::new());
        for (condition, expected) in [
            (json!({}), &everybody),
            (json!({"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}}), &everybody),
            (claim("StringLike", "sub", json!("*")), &everybody),
            (claim("StringLike", "sub", json!("repo:*")), &everybody),
            (claim("StringLike", "sub", json!(["repo:acme/shop:*", "repo:*"])), &everybody),
            (claim("StringLikeIfExists", "sub", json!("repo:acme/shop:*")), &everybody),
            (claim("ForAllValues:StringLike", "sub", json!("repo:acme/shop:*")), &everybody),
            (claim("StringNotLike", "sub", json!("repo:acme/shop:*")), &everybody),
            (claim("StringLike", "sub", json!("*:ref:refs/heads/main")), &everybody),
            (claim("StringLike", "sub", json!("repo:a*")), &everybody),
            (claim("StringLike", "sub", json!("repo:*/shop:ref:refs/heads/main")), &everybody),
            (claim("StringLike", "sub", json!("repo:ac?e/shop:*")), &everybody),
            (claim("StringLike", "sub", json!("r*")), &everybody),
            (claim("StringLike", "sub", json!("repo*:acme/shop")), &everybody),
            (claim("StringLike", "sub", json!("repo:/*")), &everybody),
            (claim("StringLike", "sub", json!("environment:*")), &everybody),
            (claim("StringEquals", "ref", json!("refs/heads/main")), &everybody),
            (claim("StringEquals", "environment", json!("production")), &everybody),
            (claim("StringEquals", "workflow", json!("deploy")), &everybody),
            (claim("StringLike", "repository", json!("*/shop")), &everybody),
            (claim("StringLike", "repository", json!("a*")), &everybody),
            (claim("StringEquals", "repository_owner", json!("acme")), &nobody),
            (claim("StringEquals", "sub", json!("repo:acme/shop:ref:refs/heads/main")), &nobody),
            (claim("StringLike", "sub", json!("repository_owner_id:1234:*")), &nobody),
            (claim("StringLike", "sub", json!("repository_owner:acme:*")), &nobody),
            (claim("StringLike", "sub", json!("repository_owner:acme*")), &everybody),
            (claim("StringLike", "sub", json!("repository_owner:a*:environment:production")), &everybody),
            (claim("StringLike", "sub", json!("repository_owner::*")), &everybody),
            (claim("StringLike", "sub", json!("environment:production:*")), &everybody),
            (claim("StringEquals", "sub", json!("repository_owner_id:1234")), &nobody),
            (claim("StringLike", "sub", json!("repository:acme/shop:*")), &nobody),
            (claim("StringLike", "job_workflow_ref", json!("acme/shop/.github/workflows/deploy.yml@*")), &nobody),
            (claim("StringLike", "sub", json!("repo:acme/shop:*")), &nobody),
            (claim("ForAnyValue:StringLike", "sub", json!("repo:acme/*")), &nobody),
            (claim("StringLike", "repository", json!("acme/shop")), &nobody),
            (claim("StringLike", "repository_owner_id", json!("1234")), &nobody),
        ] {
            assert_eq!(&with(condition.clone()), expected, "{condition}");
        }
        let of_google = |condition: Value| {
            lets_in(&json!({"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"},
                            "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}))
        };
        let at = |host: &str, operator: &str, claim: &str, value: Value| {
            let provider = if host.starts_with("cognito") {
                host.to_owned()
            } else {
                format!("arn:aws:iam::111122223333:oidc-provider/{host}")
            };
            lets_in(&json!({"Effect": "Allow", "Principal": {"Federated": provider},
                            "Action": "sts:AssumeRoleWithWebIdentity",
                            "Condition": {operator: {format!("{host}:{claim}"): value}}}))
        };
        let cognito = "cognito-identity.amazonaws.com";
        let of_terraform = |organization: &str| json!(format!("organization:{organization}:project:*:workspace:*"));
        for (found, expected) in [
            (at(cognito, "ForAnyValue:StringLike", "amr", json!("authenticated")), &everybody),
            (at(cognito, "StringLike", "aud", json!("us-east-1:*")), &everybody),
            (at(cognito, "StringEquals", "aud", json!("us-east-1:12345678-1234-1234-1234-123456789012")), &nobody),
            (at(cognito, "StringEquals", "sub", json!("us-east-1:12345678-1234-1234-1234-123456789012")), &nobody),
            (at("app.terraform.io", "StringLike", "sub", of_terraform("*")), &everybody),
            (at("app.terraform.io", "StringLike", "sub", of_terraform("acme*")), &everybody),
            (at("app.terraform.io", "StringLike", "sub", of_terraform("acme")), &nobody),
            (at("gitlab.com", "StringLike", "sub", json!("project_path:*:ref_type:branch:ref:main")), &everybody),
            (at("gitlab.com", "StringLike", "sub", json!("project_path:acme/*:ref_type:branch:ref:main")), &nobody),
            (at("gitlab.com", "StringEquals", "ref", json!("main")), &everybody),
            (at("agent.buildkite.com", "StringLike", "sub", json!("organization:acme:pipeline:*")), &nobody),
        ] {
            assert_eq!(&found, expected);
        }
        assert_eq!(of_google(json!({})), everybody);
        assert_eq!(of_google(json!({"StringEquals": {"accounts.google.com:aud": "66677788899900pro0"}})), nobody);
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
            (with(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:*"}})), all),
            (with(json!({"DateLessThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}})), all),
            (with(json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})), all),
            (with(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})), nothing),
            (with(json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/breakglass"}})), nothing),
            (statement(json!("*"), json!("arn:aws:*")), all),
            (statement(json!("*"), json!("arn:aws:*:*:*:*")), all),
            (statement(json!("*"), json!("arn:aws*")), all),
            (statement(json!("?*"), json!("*")), all),
            (statement(json!("*"), json!("arn:aws:s3:::*")), nothing),
            (statement(json!("*"), json!("arn:aws:iam::111122223333:role/*")), escalation),
            (statement(json!("iam:PassRole"), json!("arn:aws:iam::*:role/*")), escalation),
            (
                statement(json!("iam:PassRole"), json!(["arn:aws:s3:::a", "arn:aws:iam::111122223333:role/*"])),
                escalation,
            ),
            (statement(json!("iam:Attach*"), json!("arn:*:iam::111122223333:*")), escalation),
            (statement(json!("iam:PassRole"), json!("arn:aws:iam::111122223333:role/app/*")), nothing),
            (statement(json!("iam:PassRole"), json!("arn:aws:iam::111122223333:user/*")), nothing),
            (statement(json!("iam:CreateAccessKey"), json!("arn:aws:iam::*:user/${aws:username}")), nothing),
            (with(json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})), nothing),
            (statement(json!("*"), json!("arn:aws:s3:::a/*")), nothing),
            (statement(json!("s3:*"), json!("*")), nothing),
            (statement(json!("iam:*"), json!("*")), all),
            (statement(json!("iam:*"), json!("arn:aws:iam::111122223333:role/*")), escalation),
            (statement(json!("iam:Get*"), json!("*")), nothing),
            (with(json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}})), all),
            (with(json!({"StringEquals": {"aws:ResourceAccount": "111122223333"}})), all),
            (with(json!({"StringEquals": {"aws:PrincipalTag/team": "ops"}})), nothing),
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
            json!({"policy": json!(policy.to_string()).to_string()}),
            json!({"policy": format!("\u{feff}{policy}")}),
            json!({"policy": "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%7D%7D"}),
            json!({"policies": format!("[{policy}]")}),
        ] {
            assert_eq!(documents(&request).len(), 1, "{request}");
        }
        for request in [
            json!(null),
            json!({"Statement": "words"}),
            json!({"policy": "{broken"}),
            json!({"policy": "%7Bbroken"}),
            json!({"policy": "%FF%FE"}),
            json!(["*"]),
        ] {
            assert_eq!(documents(&request).len(), 0, "{request}");
        }
    }
}
