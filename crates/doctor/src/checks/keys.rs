//! Whether the stack's keys can be used by those who need them, and by nobody else.

use serde::Deserialize;

use crate::checks::policy::Document;
use crate::fact::Fact;
use crate::finding::{Area, Finding};

/// What is known of the stack's keys.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) account: String,
    pub(crate) keys: Vec<Key>,
}

/// A key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name in the template.
    pub(crate) name: String,
    pub(crate) id: String,
    /// The services that have to use it, each with an action.
    pub(crate) users: Vec<(String, &'static str)>,
    pub(crate) described: Fact<Described>,
    pub(crate) policy: Fact<Policy>,
    pub(crate) grants: Fact<Vec<Grant>>,
}

/// What `DescribeKey` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Described {
    key_metadata: Metadata,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    key_state: String,
    arn: String,
}

/// What `GetKeyPolicy` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policy {
    policy: String,
}

/// A member of what `ListGrants` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Grant {
    grant_id: String,
    #[serde(default)]
    grantee_principal: String,
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    facts.keys.iter().flat_map(|key| check_key(key, &facts.account)).collect()
}

fn check_key(key: &Key, account: &str) -> Vec<Finding> {
    const AREA: Area = Area::Keys;
    let (name, id) = (&key.name, &key.id);
    let mut findings = Vec::new();
    let arn = match &key.described {
        Ok(Described { key_metadata }) => {
            match key_metadata.key_state.as_str() {
                "Enabled" => {}
                "Disabled" => findings.push(Finding::failure(
                    AREA,
                    format!("the key {name} is disabled: what it encrypts cannot be used"),
                    format!("Run `aws kms enable-key --key-id {id}`, and find out who disabled it"),
                )),
                "PendingDeletion" => findings.push(Finding::failure(
                    AREA,
                    format!("the key {name} is being deleted: what it encrypts will be lost"),
                    format!("Run `aws kms cancel-key-deletion --key-id {id}` and `aws kms enable-key --key-id {id}`"),
                )),
                state => findings.push(Finding::warning(
                    AREA,
                    format!("the key {name} is in the state {state}"),
                    "Look at it in the KMS console",
                )),
            }
            key_metadata.arn.as_str()
        }
        Err(unknown) => {
            findings.push(unknown.finding(AREA, &format!("the key {name}")));
            id
        }
    };
    findings.extend(check_policy(key, arn));
    match &key.grants {
        Err(unknown) => findings.push(unknown.finding(AREA, &format!("the grants of the key {name}"))),
        Ok(grants) => findings.extend(grants.iter().filter(|grant| is_foreign(grant, account)).map(|grant| {
            let (grantee, grant) = (&grant.grantee_principal, &grant.grant_id);
            Finding::warning(
                AREA,
                format!("a grant lets {grantee}, of another account, use the key {name}"),
                format!("If nobody knows it, run `aws kms revoke-grant --key-id {id} --grant-id {grant}`"),
            )
        })),
    }
    if findings.is_empty() {
        findings.push(Finding::ok(AREA, format!("the key {name} can be used by those who need it")));
    }
    findings
}

fn check_policy(key: &Key, arn: &str) -> Option<Finding> {
    const AREA: Area = Area::Keys;
    let name = &key.name;
    let document = match &key.policy {
        Ok(Policy { policy }) => Document::parse(policy),
        Err(unknown) => return Some(unknown.finding(AREA, &format!("the policy of the key {name}"))),
    };
    let Some(document) = document else {
        return Some(Finding::warning(
            AREA,
            format!("the policy of the key {name} cannot be read"),
            "Look at it in the KMS console",
        ));
    };
    let refused: Vec<_> = key.users.iter().filter(|(service, action)| !document.allows(service, action, arn)).collect();
    let (service, action) = refused.first()?;
    let said = format!("the policy of the key {name} does not let {service} call {action}");
    Some(Finding::failure(AREA, said, "Deploy the template again: somebody changed the policy"))
}

/// Whether a grant is to somebody of another account. Services have a name in place of an ARN.
fn is_foreign(grant: &Grant, account: &str) -> bool {
    let grantee = &grant.grantee_principal;
    let of = grantee.split(':').nth(4).unwrap_or(grantee);
    of.len() == 12 && of.bytes().all(|byte| byte.is_ascii_digit()) && of != account
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Level;
    use crate::fact::Unknown;

    const POLICY: &str = r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"}]}"#;

    fn described(state: &str) -> Described {
        let metadata = json!({"KeyId": "k", "Arn": "arn:aws:kms:us-west-2:111122223333:key/k", "KeyState": state});
        serde_json::from_value(json!({"KeyMetadata": metadata})).unwrap()
    }

    fn key() -> Key {
        Key {
            name: "OperationsKey".into(),
            id: "k".into(),
            users: vec![("cloudwatch.amazonaws.com".into(), "kms:GenerateDataKey")],
            described: Ok(described("Enabled")),
            policy: Ok(Policy { policy: POLICY.into() }),
            grants: Ok(vec![grant("arn:aws:iam::111122223333:role/ours"), grant("dynamodb.us-west-2.amazonaws.com")]),
        }
    }

    fn grant(grantee: &str) -> Grant {
        Grant { grant_id: "g".into(), grantee_principal: grantee.into() }
    }

    fn found(key: Key) -> (Level, String) {
        let findings = check(&Facts { account: "111122223333".into(), keys: vec![key] });
        assert_eq!(findings.len(), 1, "{findings:?}");
        (findings[0].level, findings[0].said.clone())
    }

    #[test]
    fn a_key_that_its_users_may_use_is_ok() {
        assert_eq!(found(key()), (Level::Ok, "the key OperationsKey can be used by those who need it".to_owned()));
    }

    #[test]
    fn what_is_wrong_with_a_key_is_told() {
        let denied = |action| Unknown::Denied { action };
        for (key, level, said) in [
            (
                Key { described: Ok(described("Disabled")), ..key() },
                Level::Failure,
                "the key OperationsKey is disabled",
            ),
            (
                Key { described: Ok(described("PendingDeletion")), ..key() },
                Level::Failure,
                "the key OperationsKey is being deleted",
            ),
            (
                Key { described: Ok(described("Unavailable")), ..key() },
                Level::Warning,
                "the key OperationsKey is in the state Unavailable",
            ),
            (
                Key { users: vec![("bedrock.amazonaws.com".into(), "kms:GenerateDataKey")], ..key() },
                Level::Failure,
                "the policy of the key OperationsKey does not let bedrock.amazonaws.com call kms:GenerateDataKey",
            ),
            (
                Key { policy: Ok(Policy { policy: "{".into() }), ..key() },
                Level::Warning,
                "the policy of the key OperationsKey cannot be read",
            ),
            (
                Key { grants: Ok(vec![grant("arn:aws:iam::999999999999:role/theirs")]), ..key() },
                Level::Warning,
                "a grant lets arn:aws:iam::999999999999:role/theirs, of another account, use the key OperationsKey",
            ),
            (
                Key { described: Err(denied("kms:DescribeKey")), ..key() },
                Level::Warning,
                "the key OperationsKey could not be looked at",
            ),
            (
                Key { policy: Err(denied("kms:GetKeyPolicy")), ..key() },
                Level::Warning,
                "the policy of the key OperationsKey could not",
            ),
            (
                Key { grants: Err(denied("kms:ListGrants")), ..key() },
                Level::Warning,
                "the grants of the key OperationsKey could not",
            ),
        ] {
            let found = found(key);
            assert!(found.0 == level && found.1.starts_with(said), "{said}: {found:?}");
        }
    }
}
