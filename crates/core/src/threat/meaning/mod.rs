//! What a call means, worked out from however it is written: whom it lets in,
//! what it allows, what it opens. Rules test the outcome as fields of a record.
//!
//! | field | values |
//! |---|---|
//! | `warden.opensTo` | `everybody`, `other_account`: whom a policy, an ACL, a share or a permission lets in |
//! | `warden.allows` | `everything`, `escalation`: what a policy without a principal allows on every resource |
//! | `warden.opensPorts` | `every`, `administration`, `web`, `answers`, `other`: ports opened inward to the internet |
//! | `warden.keyOfAccount` | the other account whose KMS key the request names |
//! | `warden.deletesWithinDays` | the fewest days after which a lifecycle rule deletes objects |
//! | `warden.leavesOut` | `management_events`: what the event selectors of a trail or an event data store leave out |
//! | `warden.leavesOpen` | `true`: S3's Block Public Access is set with less than all of it |
//! | `warden.byService` | the AWS service that made the call in somebody's name; the console is none |
//! | `warden.namesNoObject` | `true`: an object was written and the record does not tell which |

use serde_json::{Map, Value};

use account::{Access, Account};
use policy::Allowed;
use ports::Opened;

use crate::cloudtrail::Event;

mod account;
mod block;
mod federation;
mod grants;
mod json;
mod lifecycle;
mod network;
mod policy;
mod ports;
mod trail;

/// The field below which the outcome stands. A record has none of this name.
pub(super) const FIELD: &str = "warden";

/// What the call of an event means, as members of [`FIELD`].
pub(super) fn of(event: &Event<'_>, record: &Map<String, Value>) -> Map<String, Value> {
    let own = Account::of(record);
    let request = record.get("requestParameters").unwrap_or(&Value::Null);

    let documents = policy::documents(request);
    let statements = || documents.iter().flat_map(|document| policy::allowing(document));
    let mut opens_to = grants::of_request(request, &own);
    opens_to.extend(statements().flat_map(|statement| statement.lets_in(&own)));
    let allows = statements().flat_map(|statement| statement.allows());
    // An upload in parts names its key when it begins, and again in the answer to its end.
    let answer = record.get("responseElements").unwrap_or(&Value::Null);
    let keys = [request, answer].into_iter().flat_map(json::texts).filter_map(|text| own.other_of_key(text));
    let deletes = lifecycle::deletes_within_days(request, record.get("eventTime").and_then(Value::as_str));

    let lists = [
        ("opensTo", texts(opens_to.into_iter().map(Access::as_str))),
        ("allows", texts(allows.map(Allowed::as_str))),
        ("opensPorts", texts(ports::opened(request).into_iter().map(Opened::as_str))),
        ("keyOfAccount", texts(keys)),
        ("deletesWithinDays", deletes.map(Value::from).into_iter().collect()),
        ("leavesOut", texts(trail::leaves_out_management_events(request).then_some("management_events").into_iter())),
        ("leavesOpen", block::is_left_open(request).then_some(Value::Bool(true)).into_iter().collect()),
        ("byService", texts(by_service(record).into_iter())),
        ("namesNoObject", event.is_write_without_target.then_some(Value::Bool(true)).into_iter().collect()),
    ];
    let told = lists.into_iter().filter(|(_, values)| !values.is_empty());
    told.map(|(name, values)| (name.to_owned(), Value::Array(values))).collect()
}

/// The service that made the call in somebody's name. Older records name the
/// console's sign-in as one, though a person sits there.
fn by_service(record: &Map<String, Value>) -> Option<&str> {
    let service = record.get("userIdentity")?.get("invokedBy")?.as_str()?;
    (!service.is_empty() && service != "signin.amazonaws.com").then_some(service)
}

/// The texts, each once, in order.
fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Value> {
    let mut texts: Vec<_> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts.into_iter().map(Value::from).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_console_is_no_service_that_calls_in_somebodys_name() {
        for (identity, expected) in [
            (json!({"type": "IAMUser", "invokedBy": "signin.amazonaws.com"}), None),
            (json!({"type": "IAMUser"}), None),
            (json!({"type": "IAMUser", "invokedBy": null}), None),
            (json!({"type": "IAMUser", "invokedBy": ""}), None),
            (json!("Alice"), None),
            (
                json!({"type": "IAMUser", "invokedBy": "cloudformation.amazonaws.com"}),
                Some("cloudformation.amazonaws.com"),
            ),
            (
                json!({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}),
                Some("autoscaling.amazonaws.com"),
            ),
            (json!({"type": "Root", "invokedBy": "AWS Internal"}), Some("AWS Internal")),
        ] {
            let record = json!({"userIdentity": identity});
            assert_eq!(by_service(record.as_object().unwrap()), expected, "{record}");
        }
    }
}
