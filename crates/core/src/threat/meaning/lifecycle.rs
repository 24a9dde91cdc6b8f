//! When the lifecycle rules of a bucket delete its objects.

use serde_json::Value;

use super::json::{is, member, members, numbers, texts};

/// The fewest days after which a rule that is switched on deletes objects. A
/// date deletes what is older than it: at once when it is not after the day of
/// the event, otherwise not soon.
pub(super) fn deletes_within_days(request: &Value, event_time: Option<&str>) -> Option<i64> {
    let rules = ["Rule", "Rules"].into_iter().flat_map(|rule| members(request, &["LifecycleConfiguration", rule]));
    rules
        .filter_map(|rule| {
            let rule = Value::Object(rule.clone());
            if member(&rule, "Status").is_some() && !is(&rule, "Status", "Enabled") {
                return None;
            }
            let expiration = member(&rule, "Expiration")?;
            let days = member(expiration, "Days").and_then(|days| numbers(days).first().copied());
            let date = member(expiration, "Date").and_then(|date| texts(date).first().copied());
            days.or_else(|| date.filter(|date| !is_after(date, event_time)).map(|_| 0))
        })
        .min()
}

/// Whether a date is later than the day of the event. Both are written year
/// first; where one cannot be read, the date counts for past.
fn is_after(date: &str, event_time: Option<&str>) -> bool {
    let day = |text: &str| {
        text.get(..10).filter(|day| day.bytes().filter(u8::is_ascii_digit).count() == 8).map(str::to_owned)
    };
    match (day(date), event_time.and_then(day)) {
        (Some(date), Some(today)) => date > today,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_rules_that_are_switched_on_delete() {
        let configuration = |rule: Value| json!({"bucketName": "b", "LifecycleConfiguration": {"Rule": rule}});
        for (rule, expected) in [
            (json!({"Status": "Enabled", "Expiration": {"Days": 1}}), Some(1)),
            (json!({"Status": "Enabled", "Expiration": {"Days": "1"}}), Some(1)),
            (json!({"Expiration": {"Days": 1}}), Some(1)),
            (json!({"Status": "Disabled", "Expiration": {"Days": 1}}), None),
            (
                json!([{"Status": "Disabled", "Expiration": {"Days": 1}}, {"Status": "Enabled", "Expiration": {"Days": 30}}]),
                Some(30),
            ),
            (json!({"Status": "Enabled", "Expiration": {"Date": "2026-11-01T00:00:00Z"}}), Some(0)),
            (json!({"Status": "Enabled", "Expiration": {"Date": "2026-11-20T00:00:00Z"}}), Some(0)),
            (json!({"Status": "Enabled", "Expiration": {"Date": "2031-01-01T00:00:00Z"}}), None),
            (json!({"Status": "Enabled", "Expiration": {"Date": "soon"}}), Some(0)),
            (json!({"Status": "Disabled", "Expiration": {"Date": "2026-11-01T00:00:00Z"}}), None),
            (json!({"Status": "Enabled", "Expiration": {"ExpiredObjectDeleteMarker": true}}), None),
            (json!({"Status": "Enabled", "Transition": {"Days": 0, "StorageClass": "GLACIER"}}), None),
        ] {
            let found = deletes_within_days(&configuration(rule.clone()), Some("2026-11-20T10:00:00Z"));
            assert_eq!(found, expected, "{rule}");
        }
    }
}
