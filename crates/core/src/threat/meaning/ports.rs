//! Which ports a change of a security group or a network ACL opens to the internet.

use serde_json::{Map, Value};

use super::{
    json::{is, member, members, numbers, written},
    network::are_the_internet,
};

/// Ports by which a machine is administered: SSH, Remote Desktop, `WinRM`.
const ADMINISTRATION: [u16; 4] = [22, 3389, 5985, 5986];

/// Ports of a web server.
const WEB: [u16; 2] = [80, 443];

/// Where the ports begin that clients are answered at. An ACL keeps no state,
/// so an open subnet has to let answers in.
const FIRST_EPHEMERAL: u16 = 1024;

/// What is opened to the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Opened {
    /// Every port.
    Every,
    /// Ports among which one is of administration.
    Administration,
    /// A port of a web server alone.
    Web,
    /// Ports at which clients are answered, of a network ACL.
    Answers,
    /// Other ports.
    Other,
}

impl Opened {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Every => "every",
            Self::Administration => "administration",
            Self::Web => "web",
            Self::Answers => "answers",
            Self::Other => "other",
        }
    }
}

/// Fields that hold a network.
const NETWORKS: [&str; 6] = ["cidrIp", "cidrIpv4", "cidrIpv6", "cidrBlock", "ipv6CidrBlock", "cidrIpv6Block"];

fn named(name: &str, wanted: &[&str]) -> bool {
    wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
}

/// The networks in a field, or in a list of ranges. The description beside a
/// network may speak of others.
fn networks(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => {
            let holds_networks = |name: &str| named(name, &NETWORKS) || named(name, &["items"]);
            members.iter().filter(|(name, _)| holds_networks(name)).flat_map(|(_, value)| networks(value)).collect()
        }
        Value::Array(items) => items.iter().flat_map(networks).collect(),
        value => value.as_str().into_iter().collect(),
    }
}

/// What a request opens to the internet, inward.
pub(super) fn opened(request: &Value) -> Vec<Opened> {
    let acl = is(request, "ruleAction", "allow") && !is(request, "egress", "true");
    let mut permissions: Vec<&Map<String, Value>> = Vec::new();
    permissions.extend(members(request, &["ipPermissions", "items"]));
    permissions
        .extend(members(request, &["ModifySecurityGroupRulesRequest", "SecurityGroupRule", "SecurityGroupRule"]));
    if acl || member(request, "ruleAction").is_none() {
        permissions.extend(request.as_object());
    }
    let mut opened: Vec<_> = permissions.into_iter().filter_map(|permission| of_permission(permission, acl)).collect();
    opened.sort_unstable();
    opened.dedup();
    opened
}

fn of_permission(permission: &Map<String, Value>, acl: bool) -> Option<Opened> {
    let holds_networks = |name: &str| named(name, &NETWORKS) || named(name, &["ipRanges", "ipv6Ranges"]);
    let held = permission.iter().filter(|(name, _)| holds_networks(name)).flat_map(|(_, value)| networks(value));
    if !are_the_internet(held) {
        return None;
    }
    let find = |wanted: &[&str]| permission.iter().find(|(name, _)| named(name, wanted)).map(|(_, value)| value);
    let protocol = find(&["ipProtocol", "aclProtocol"]).map(|value| written(value).to_ascii_lowercase());
    match protocol.as_deref() {
        Some("icmp" | "icmpv6" | "1" | "58") => return None,
        Some("-1" | "all") => return Some(Opened::Every),
        _ => {}
    }
    let range = find(&["portRange"]);
    let end = |name: &str, within: &str| {
        let value = find(&[name]).or_else(|| member(range?, within))?;
        numbers(value).first().copied().filter(|port| *port >= 0)
    };
    let port = |number: i64| u16::try_from(number).unwrap_or(u16::MAX);
    let (from, to) = (end("fromPort", "from").map_or(0, port), end("toPort", "to").map_or(u16::MAX, port));
    // Of what administers a machine, Remote Desktop alone takes UDP as well.
    let administration: &[u16] =
        if matches!(protocol.as_deref(), Some("udp" | "17")) { &[3389] } else { &ADMINISTRATION };
    Some(of_range(from, to, administration, acl))
}

fn of_range(from: u16, to: u16, administration: &[u16], acl: bool) -> Opened {
    if from <= 1 && to == u16::MAX {
        Opened::Every
    } else if acl && from >= FIRST_EPHEMERAL && to > 2 * FIRST_EPHEMERAL && to - from > FIRST_EPHEMERAL {
        Opened::Answers
    } else if administration.iter().any(|port| (from..=to).contains(port)) {
        Opened::Administration
    } else if from == to && WEB.contains(&from) {
        Opened::Web
    } else {
        Opened::Other
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_a_permission_is_read() {
        let nested = |permission: Value| json!({"groupId": "sg-1", "ipPermissions": {"items": [permission]}});
        let modified =
            |rule: Value| json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": rule}});
        let acl = |protocol: &str, from: i64, to: i64| {
            json!({"egress": false, "ruleAction": "allow", "aclProtocol": protocol, "cidrBlock": "0.0.0.0/0",
                   "portRange": {"from": from, "to": to}})
        };
        let v4 = json!({"items": [{"cidrIp": "0.0.0.0/0"}]});
        for (request, expected) in [
            (
                nested(json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": v4})),
                &["administration"][..],
            ),
            (
                nested(json!({"ipProtocol": "tcp", "fromPort": "22", "toPort": "22", "ipRanges": v4})),
                &["administration"],
            ),
            (
                nested(json!({"ipProtocol": "tcp", "fromPort": 3000, "toPort": 4000, "ipRanges": v4})),
                &["administration"],
            ),
            (nested(json!({"ipProtocol": "udp", "fromPort": 22, "toPort": 22, "ipRanges": v4})), &["other"]),
            (nested(json!({"ipProtocol": "17", "fromPort": 5985, "toPort": 5986, "ipRanges": v4})), &["other"]),
            (
                nested(json!({"ipProtocol": "udp", "fromPort": 3389, "toPort": 3389, "ipRanges": v4})),
                &["administration"],
            ),
            (nested(json!({"ipProtocol": "6", "fromPort": 22, "toPort": 22, "ipRanges": v4})), &["administration"]),
            (nested(json!({"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": v4})), &["web"]),
            (nested(json!({"ipProtocol": "tcp", "fromPort": 80, "toPort": 443, "ipRanges": v4})), &["other"]),
            (nested(json!({"ipProtocol": "tcp", "fromPort": 0, "toPort": 65535, "ipRanges": v4})), &["every"]),
            (nested(json!({"ipProtocol": "-1", "ipRanges": v4})), &["every"]),
            (nested(json!({"ipProtocol": "tcp", "fromPort": -1, "toPort": -1, "ipRanges": v4})), &["every"]),
            (nested(json!({"ipProtocol": "icmp", "fromPort": 8, "toPort": -1, "ipRanges": v4})), &[]),
            (
                nested(json!({"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432,
                              "ipv6Ranges": {"items": [{"cidrIpv6": "0::/0"}]}})),
                &["other"],
            ),
            (
                nested(
                    json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "203.0.113.0/24"}]}}),
                ),
                &[],
            ),
            (
                json!({"groupId": "sg-1", "ipPermissions": {}, "cidrIp": "203.0.113.19/0", "fromPort": 22, "toPort": 22, "ipProtocol": "tcp"}),
                &["administration"],
            ),
            (json!({"cidrIp": "0.0.0.0/0", "ipProtocol": "-1"}), &["every"]),
            (
                json!({"ipPermissions": {"items": [
                    {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/1"}]}},
                    {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": {"items": [{"cidrIp": "128.0.0.0/1"}]}},
                ]}}),
                &["administration", "web"],
            ),
            (
                nested(json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [
                    {"cidrIp": "203.0.113.0/24", "description": "0.0.0.0/0"}]}})),
                &[],
            ),
            (
                nested(json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [
                    {"cidrIp": "203.0.113.0/24", "description": "floor 2, room/0"}]}})),
                &[],
            ),
            (
                modified(
                    json!({"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "0.0.0.0/0"}}),
                ),
                &["administration"],
            ),
            (
                modified(json!([
                    {"SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "::/0"}},
                    {"SecurityGroupRule": {"IpProtocol": "-1", "CidrIpv4": "0.0.0.0/0"}},
                ])),
                &["every", "web"],
            ),
            (acl("-1", 0, 0), &["every"]),
            (acl("6", 22, 22), &["administration"]),
            (acl("6", 1024, 65535), &["answers"]),
            (acl("6", 3389, 3389), &["administration"]),
            (acl("17", 53, 53), &["other"]),
            (json!({"egress": true, "ruleAction": "allow", "aclProtocol": "-1", "cidrBlock": "0.0.0.0/0"}), &[]),
            (json!({"egress": false, "ruleAction": "deny", "aclProtocol": "-1", "cidrBlock": "0.0.0.0/0"}), &[]),
            (json!({"egress": false, "ruleAction": "allow", "aclProtocol": "-1", "ipv6CidrBlock": "::/0"}), &["every"]),
            (json!({"bucketName": "b"}), &[]),
            (json!(null), &[]),
        ] {
            let found: Vec<_> = opened(&request).into_iter().map(Opened::as_str).collect();
            assert_eq!(found, expected, "{request}");
        }
    }
}
