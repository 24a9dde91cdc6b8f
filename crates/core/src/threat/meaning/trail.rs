//! Whether the event selectors of a trail or an event data store leave out management events.

use serde_json::{Map, Value};

use super::json::{each, is, member, members, written};

/// Operators of a field that let through what they name, and nothing else.
const NARROWING: [&str; 3] = ["equals", "startsWith", "endsWith"];

/// Whether a request sets selectors of which none records the management events
/// that change something. An event is recorded if one selector takes it.
pub(super) fn leaves_out_management_events(request: &Value) -> bool {
    let leaves_out = |list: &str, records: fn(&Map<String, Value>) -> bool| {
        let selectors = members(request, &[list]);
        !selectors.is_empty() && !selectors.into_iter().any(records)
    };
    leaves_out("advancedEventSelectors", advanced_records_management_events)
        || leaves_out("eventSelectors", basic_records_management_events)
}

/// By default a selector records all events of management.
fn basic_records_management_events(selector: &Map<String, Value>) -> bool {
    let selector = Value::Object(selector.clone());
    !is(&selector, "includeManagementEvents", "false") && !is(&selector, "readWriteType", "ReadOnly")
}

fn advanced_records_management_events(selector: &Map<String, Value>) -> bool {
    let fields = selector.get("fieldSelectors").map(each).unwrap_or_default();
    let holds = |name: &str, operator: &str, wanted: &str| {
        fields.iter().filter(|field| is(field, "field", name)).any(|field| {
            let values = member(field, operator).map(each).unwrap_or_default();
            values.iter().any(|value| written(value).eq_ignore_ascii_case(wanted))
        })
    };
    // A source or a name that is asked for leaves out all the others.
    let is_narrow = |field: &Value| {
        let is_whole = is(field, "field", "eventCategory") || is(field, "field", "readOnly");
        let narrows = |operator: &&str| member(field, operator).is_some_and(|values| !each(values).is_empty());
        !is_whole && NARROWING.iter().any(narrows)
    };
    holds("eventCategory", "equals", "Management")
        && !holds("readOnly", "equals", "true")
        && !holds("readOnly", "notEquals", "false")
        && !fields.iter().any(is_narrow)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_trail_needs_a_selector_of_management_events_that_are_not_reads_alone() {
        let field = |name: &str, value: Value| json!({"field": name, "equals": [value]});
        let selector = |fields: Value| json!({"name": "n", "fieldSelectors": fields});
        let management = selector(json!([field("eventCategory", json!("Management"))]));
        let reads = selector(json!([field("eventCategory", json!("Management")), field("readOnly", json!("true"))]));
        let writes = selector(json!([field("eventCategory", json!("Management")), field("readOnly", json!(false))]));
        let without_kms = selector(json!([
            field("eventCategory", json!("Management")),
            {"field": "eventSource", "notEquals": ["kms.amazonaws.com"]},
        ]));
        let data =
            selector(json!([field("eventCategory", json!("Data")), field("resources.type", json!("AWS::S3::Object"))]));
        for (selectors, expected) in [
            (
                json!([selector(json!([
                    field("eventCategory", json!("Management")),
                    field("eventName", json!("Nothing"))
                ]))]),
                true,
            ),
            (
                json!([selector(json!([
                    field("eventCategory", json!("Management")),
                    {"field": "eventSource", "startsWith": ["nothing"]},
                ]))]),
                true,
            ),
            (
                json!([selector(json!([
                    field("eventCategory", json!("Management")),
                    {"field": "readOnly", "notEquals": ["false"]},
                ]))]),
                true,
            ),
            (
                json!([selector(json!([
                    field("eventCategory", json!("Management")),
                    {"field": "readOnly", "notEquals": ["true"]},
                    {"field": "eventName", "equals": []},
                ]))]),
                false,
            ),
            (json!([data]), true),
            (json!([data, reads]), true),
            (json!([{"name": "n"}]), true),
            (json!([management]), false),
            (json!([data, management]), false),
            (json!([reads, management]), false),
            (json!([writes]), false),
            (json!([without_kms]), false),
            (json!([]), false),
            (json!(null), false),
        ] {
            let request = json!({"trailName": "main", "advancedEventSelectors": selectors});
            assert_eq!(leaves_out_management_events(&request), expected, "{request}");
        }
    }

    #[test]
    fn a_trail_records_what_one_of_its_selectors_takes() {
        let all = json!({"readWriteType": "All", "includeManagementEvents": true});
        let by_default = json!({"dataResources": []});
        let writes = json!({"readWriteType": "WriteOnly", "includeManagementEvents": "true"});
        let reads = json!({"readWriteType": "ReadOnly", "includeManagementEvents": true});
        let reads_of_data = json!({"readWriteType": "ReadOnly", "includeManagementEvents": false});
        let data = json!({"readWriteType": "All", "includeManagementEvents": "false"});
        for (selectors, expected) in [
            (json!([reads]), true),
            (json!([data]), true),
            (json!([data, reads]), true),
            (json!([all]), false),
            (json!([by_default]), false),
            (json!([writes]), false),
            (json!([all, reads]), false),
            (json!([all, reads_of_data]), false),
            (json!([reads_of_data, writes]), false),
            (json!([]), false),
        ] {
            let request = json!({"trailName": "main", "eventSelectors": selectors});
            assert_eq!(leaves_out_management_events(&request), expected, "{request}");
        }
    }
}
