//! The page is a function of figures. Its golden files are looked at in a browser by `page-test`.

use insta::assert_binary_snapshot;
use serde_json::{Map, Value, json};
use warden_report::{Asked, DeadLetters, Figures, Period, report};

use crate::records::{SINCE, UNTIL, many, upload};

fn page(records: &[Map<String, Value>], dead_letters: DeadLetters, keys: bool) -> String {
    let period = Period::of_unix_millis(SINCE, UNTIL).unwrap();
    report(&Figures::of(records, &Asked { stack: "audit".into(), period, keys, dead_letters }))
}

#[test]
fn a_busy_month() {
    let dead_letters = DeadLetters::waiting([Some("STATE_MACHINE_DOES_NOT_EXIST"), Some("NO_PERMISSIONS"), None]);
    assert_binary_snapshot!("busy.html", page(&many(), dead_letters, false).into_bytes());
}

#[test]
fn one_record() {
    let records = [upload("2026-11-20T09:14:09Z", "pii", json!({"categories": ["FACE"], "action": "deleted"}))];
    assert_binary_snapshot!("one.html", page(&records, DeadLetters::waiting([]), true).into_bytes());
}

#[test]
fn nothing() {
    let unread = DeadLetters::Unread("sqs:ReceiveMessage is not allowed".into());
    assert_binary_snapshot!("nothing.html", page(&[], unread, false).into_bytes());
}

#[test]
fn no_text_of_a_record_becomes_markup() {
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&lt;";
    let records = [
        upload(
            "2026-11-20T09:14:09Z",
            "pii",
            json!({
                "actor": format!("arn:{evil}:{evil}"), "categories": [evil], "matched_rules": [evil], "action": evil, "model": evil,
                "s3_key": evil, "s3_bucket": evil, "event_id": evil, "silenced_by": evil, "threat_level": evil,
            }),
        ),
        upload("2026-11-20T09:14:09Z", "undetermined", json!({"reason": evil})),
        upload("2026-11-20T09:14:09Z", "none", json!({"status": "failed", "failed_in": evil, "error": evil})),
        upload(
            "2026-11-20T09:14:09Z",
            "pii",
            json!({"restored_from": "v", "restored_by": evil, "restore_reason": evil}),
        ),
    ];
    let period = Period::of_unix_millis(SINCE, UNTIL).unwrap();
    for dead_letters in [DeadLetters::waiting([Some(evil)]), DeadLetters::Unread(evil.into())] {
        let asked = Asked { stack: evil.into(), period, keys: true, dead_letters };
        let page = report(&Figures::of(&records, &asked));
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("&amp;lt;"), "{page}");
        // In an attribute no quote of a text ends it.
        assert!(!page.contains("x onerror=alert(1)>"), "{page}");
    }
}
