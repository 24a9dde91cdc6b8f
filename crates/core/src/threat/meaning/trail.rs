//! Whether the advanced event selectors of a trail leave out management events.

use serde_json::{Map, Value};

use super::json::{each, is, member, members, written};

/// Whether a request sets selectors of which none records the management events
/// that change something.
pub(super) fn leaves_out_management_events(request: &Value) -> bool {
    let selectors = members(request, &["advancedEventSelectors"]);
    !selectors.is_empty() && !selectors.into_iter().any(records_management_events)
}

fn records_management_events(selector: &Map<String, Value>) -> bool {
    let fields = selector.get("fieldSelectors").map(each).unwrap_or_default();
    let equals = |name: &str, wanted: &str| {
        fields.iter().filter(|field| is(field, "field", name)).any(|field| {
            let values = member(field, "equals").map(each).unwrap_or_default();
            values.iter().any(|value| written(value).eq_ignore_ascii_case(wanted))
        })
    };
    equals("eventCategory", "Management") && !equals("readOnly", "true")
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
}
