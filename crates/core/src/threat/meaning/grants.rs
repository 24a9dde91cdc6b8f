//! Whom a request gives access without a policy: by an ACL, by sharing, by a permission.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{
    account::{Access, Account},
    json::{is, member, members, texts},
    policy::names_somebody,
};

/// ACLs by name that let in anybody, or anybody with an AWS account.
const PUBLIC_ACLS: [&str; 3] = ["public-read", "public-read-write", "authenticated-read"];

/// The groups of an ACL that are everybody.
const PUBLIC_GROUPS: [&str; 2] = ["groups/global/AllUsers", "groups/global/AuthenticatedUsers"];

/// Fields that list the accounts which something is shared with, `all` for everybody.
const SHARED_WITH: [&str; 5] = ["valuesToAdd", "accountIdsToAdd", "awsAccountId", "awsAccountIds", "principals"];

/// What binds a function's permission for everybody to few, if it names them.
const BINDING: [&str; 4] = ["sourceArn", "sourceAccount", "principalOrgID", "organizationId"];

/// Whom a request gives access.
pub(super) fn of_request(request: &Value, own: &Account<'_>) -> Vec<Access> {
    let Some(fields) = request.as_object() else { return Vec::new() };
    let mut access = Vec::new();
    access.extend(acl(fields).then_some(Access::Everybody));
    access.extend(acl_of_another(fields).then_some(Access::OtherAccount));
    for (name, value) in fields {
        if SHARED_WITH.iter().any(|shared| shared.eq_ignore_ascii_case(name)) {
            access.extend(texts(value).into_iter().filter_map(|account| own.access_of(account)));
        }
        // Machine images and snapshots: `launchPermission.add.items[].userId`.
        if name.ends_with("Permission")
            && let Some(added) = member(value, "add")
        {
            access.extend(texts(added).into_iter().filter_map(|account| own.access_of(account)));
        }
    }
    if is(request, "operationType", "add") {
        let lists = ["groups", "group", "userGroups", "userGroupSet", "userId", "userIds", "userIdSet"];
        let named = lists.iter().filter_map(|list| member(request, list)).flat_map(texts);
        access.extend(named.filter_map(|account| own.access_of(account)));
    }
    if let Some(principal) = fields.get("principal").and_then(Value::as_str)
        && !BINDING.iter().filter_map(|binding| fields.get(*binding)?.as_str()).any(names_somebody)
    {
        access.extend(own.access_of(principal));
    }
    access
}

/// Whether an ACL lets in everybody. What stands in a key or a policy is none.
fn acl(request: &Map<String, Value>) -> bool {
    request.iter().any(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let texts = || texts(value).into_iter();
        match name.as_str() {
            "x-amz-acl" | "acl" => texts().any(is_public_acl),
            "accesscontrollist" => texts().any(|text| is_public_acl(text) || is_public_group(text)),
            "accesscontrolpolicy" => texts().any(is_public_group),
            name => name.starts_with("x-amz-grant-") && texts().any(is_public_group),
        }
    })
}

/// Whether an ACL names another account: by an address, or by an id that is not its owner's. Ids in headers tell
/// nothing, as the owner's does not stand beside them.
fn acl_of_another(request: &Map<String, Value>) -> bool {
    request.iter().any(|(name, value)| {
        let name = name.to_ascii_lowercase();
        if name.starts_with("x-amz-grant-") {
            return texts(value).into_iter().any(|text| text.to_ascii_lowercase().contains("emailaddress"));
        }
        if name != "accesscontrolpolicy" {
            return false;
        }
        let owner = member(value, "Owner").and_then(|owner| member(owner, "ID")).and_then(Value::as_str);
        let grantees = members(value, &["AccessControlList", "Grant", "Grantee"]);
        grantees.into_iter().any(|grantee| {
            let text = |name: &str| {
                let found = grantee.iter().find(|(member, _)| member.eq_ignore_ascii_case(name));
                found.and_then(|(_, value)| value.as_str()).filter(|text| !text.is_empty())
            };
            let is_others = |id: &str| owner.is_some_and(|owner| owner != id) && !OF_AWS.contains(&id);
            text("EmailAddress").is_some() || text("ID").is_some_and(is_others)
        })
    })
}

/// `CloudFront`, which writes its logs so.
const OF_AWS: [&str; 1] = ["c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"];

fn is_public_acl(text: &str) -> bool {
    PUBLIC_ACLS.iter().any(|public| public.eq_ignore_ascii_case(text))
}

fn is_public_group(text: &str) -> bool {
    let text = percent_decode_str(text).decode_utf8_lossy();
    PUBLIC_GROUPS.iter().any(|group| text.contains(group))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_to_share_is_seen() {
        let (everybody, other, nobody) = (&["everybody"][..], &["other_account"][..], &[][..]);
        let acl = |grantee: Value| {
            let grants: Vec<Value> = match grantee {
                Value::Array(all) => all,
                one => vec![one],
            };
            let grants: Vec<Value> =
                grants.into_iter().map(|grantee| json!({"Grantee": grantee, "Permission": "FULL_CONTROL"})).collect();
            json!({"AccessControlPolicy": {"AccessControlList": {"Grant": grants}, "Owner": {"ID": "0f1e"}}})
        };
        for (request, expected) in [
            (json!({"x-amz-acl": "public-read"}), everybody),
            (json!({"x-amz-acl": ["public-read-write"]}), everybody),
            (json!({"x-amz-acl": "bucket-owner-full-control"}), nobody),
            (json!({"x-amz-grant-read": "uri=http://acs.amazonaws.com/groups/global/AllUsers"}), everybody),
            (
                json!({"AccessControlPolicy": {"AccessControlList": {"Grant": [
                    {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"}, "Permission": "READ"}]}}}),
                everybody,
            ),
            (json!({"x-amz-grant-write-acp": ["uri=\"http://acs.amazonaws.com/groups/global/AllUsers\""]}), everybody),
            (json!({"x-amz-grant-read": "uri=http%3A%2F%2Facs.amazonaws.com%2Fgroups%2Fglobal%2FAllUsers"}), everybody),
            (
                json!({"x-amz-grant-read": "id=\"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be\""}),
                nobody,
            ),
            (acl(json!({"ID": "79a5"})), other),
            (acl(json!({"ID": OF_AWS[0]})), nobody),
            (acl(json!({"ID": "0f1e"})), nobody),
            (acl(json!({"EmailAddress": "mira@example.org"})), other),
            (acl(json!([{"ID": "0f1e"}, {"ID": "79a5"}])), other),
            (acl(json!({"URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"})), nobody),
            (json!({"AccessControlPolicy": {"AccessControlList": {"Grant": {"Grantee": {"ID": "79a5"}}}}}), nobody),
            (json!({"x-amz-grant-full-control": "emailAddress=\"mira@example.org\""}), other),
            (json!({"accessControlList": {"x-amz-acl": "authenticated-read"}}), everybody),
            (json!({"x-amz-acl": "log-delivery-write"}), nobody),
            (json!({"key": "groups/global/AllUsers", "bucketName": "b"}), nobody),
            (json!({"launchPermission": {"add": {"items": [{"group": "all"}]}}}), everybody),
            (json!({"launchPermission": {"add": {"items": [{"userId": "444455556666"}]}}}), other),
            (json!({"launchPermission": {"add": {"items": [{"userId": "111122223333"}]}}}), nobody),
            (json!({"launchPermission": {"remove": {"items": [{"group": "all"}]}}}), nobody),
            (json!({"createVolumePermission": {"add": {"items": [{"userId": "444455556666"}]}}}), other),
            (json!({"operationType": "add", "userIdSet": {"items": [{"userId": "444455556666"}]}}), other),
            (json!({"operationType": "add", "userGroups": ["all"]}), everybody),
            (json!({"operationType": "remove", "userIdSet": {"items": [{"userId": "444455556666"}]}}), nobody),
            (json!({"attributeName": "restore", "valuesToAdd": ["444455556666"]}), other),
            (json!({"attributeName": "restore", "valuesToAdd": ["all"]}), everybody),
            (json!({"attributeName": "restore", "valuesToRemove": ["all"]}), nobody),
            (json!({"accountIdsToAdd": ["all"]}), everybody),
            (json!({"aWSAccountIds": ["444455556666"], "label": "l"}), other),
            (json!({"aWSAccountId": ["*"], "label": "l"}), everybody),
            (json!({"principal": "*", "action": "lambda:InvokeFunction"}), everybody),
            (json!({"principal": "444455556666"}), other),
            (json!({"principal": "*", "principalOrgID": "o-a1b2c3d4e5"}), nobody),
            (json!({"principal": "*", "sourceArn": "arn:aws:s3:::uploads"}), nobody),
            (json!({"principal": "*", "sourceAccount": "111122223333"}), nobody),
            (json!({"principal": "*", "sourceArn": "*"}), everybody),
            (json!({"principal": "*", "sourceArn": "arn:aws:execute-api:us-east-1:*:*"}), everybody),
            (json!({"principal": "*", "sourceAccount": null}), everybody),
            (json!({"principal": "s3.amazonaws.com"}), nobody),
            (json!(null), nobody),
        ] {
            let found: Vec<_> =
                of_request(&request, &Account(Some("111122223333"))).into_iter().map(Access::as_str).collect();
            assert_eq!(found, expected, "{request}");
        }
    }
}
