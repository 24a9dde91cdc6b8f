//! Records as the ledger gives them.

use serde_json::{Map, Value, json};

/// 28 October to 27 November 2026, in milliseconds since 1970.
pub const SINCE: i64 = 1_793_176_200_000;
pub const UNTIL: i64 = SINCE + 30 * 86_400_000;

/// A record with these values.
pub fn record(values: Value) -> Map<String, Value> {
    match values {
        Value::Object(values) => values,
        other => panic!("{other} is no record"),
    }
}

/// An upload that was judged at a time of the period.
pub fn upload(at: &str, verdict: &str, further: Value) -> Map<String, Value> {
    let mut values = record(json!({
        "object": "uploads/cards/alice.png", "event": "v1", "event_id": "e-1", "status": "complete", "claimed_at": at,
        "completed_at": at, "seconds": 4.0, "actor": "arn:aws:iam::111122223333:user/Alice", "threat_level": "low",
        "verdict": verdict, "action": "kept", "s3_bucket": "uploads", "s3_key": "cards/alice.png",
        "model": "us.anthropic.claude-haiku-5-5", "input_tokens": 1800, "output_tokens": 90, "cost_usd": 0.000_25,
    }));
    values.extend(record(further));
    values
}

/// Numbers that look like chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let at = self.below(all.len() as u64);
        all[usize::try_from(at).unwrap()]
    }
}

/// Thirty days of a busy bucket.
pub fn many() -> Vec<Map<String, Value>> {
    let mut chance = Chance(20_261_127);
    let mut records = Vec::new();
    for day in 0..30_u64 {
        let busy = if day % 7 < 5 { 70 } else { 18 };
        for number in 0..busy + chance.below(30) {
            records.push(any(&mut chance, day, number));
        }
    }
    for day in [3, 11, 26] {
        records.push(restored(day));
    }
    records
}

fn at(day: u64, second: u64) -> String {
    let day = day + 28;
    let (month, day) = if day > 31 { (11, day - 31) } else { (10, day) };
    format!("2026-{month:02}-{day:02}T{:02}:{:02}:{:02}.120Z", 10 + second / 3_600, second / 60 % 60, second % 60)
}

fn any(chance: &mut Chance, day: u64, number: u64) -> Map<String, Value> {
    let at = at(day, chance.below(46_000));
    let people = [
        "arn:aws:sts::111122223333:assumed-role/ClaimsPortal/i-0a1b2c3d4e5f60718",
        "arn:aws:iam::111122223333:user/nightly-import",
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Support_0123456789abcdef/alice@example.com",
        "arn:aws:sts::444455556666:assumed-role/Partner/batch",
        "arn:aws:iam::111122223333:user/Bob",
    ];
    let folder = chance.one_of(&["claims", "portal", "imports", "screenshots"]);
    let slow = chance.below(60) == 0;
    #[expect(clippy::cast_precision_loss, reason = "seconds are few")]
    let seconds = (2_600 + chance.below(if slow { 30_000 } else { 2_400 })) as f64 / 1e3;
    let input = 1_500 + chance.below(1_200);
    let further = json!({
        "event": format!("v-{day}-{number}"), "event_id": format!("{day:08x}-0000-4000-8000-{number:012x}"),
        "actor": people[usize::try_from(chance.below(25)).unwrap() * 5 / 27 % 5], "seconds": seconds,
        "s3_key": format!("{folder}/2026/{day}/{number}.png"), "input_tokens": input, "output_tokens": 60 + chance.below(80),
        "model": if day < 20 { "us.anthropic.claude-haiku-5-5" } else { "us.amazon.nova-2-lite-v1:0" },
        "cost_usd": f64::from(u32::try_from(input).unwrap()) * 0.11e-6,
    });
    let mut record = match chance.below(100) {
        0..=5 => {
            let what = [
                vec!["CREDIT_CARD", "PERSON"],
                vec!["PASSPORT", "PERSON", "DATE_TIME", "FACE"],
                vec!["SECRET"],
                vec!["EMAIL_ADDRESS", "PHONE_NUMBER"],
                vec!["location_metadata"],
            ];
            let action = chance.one_of(&["quarantined", "quarantined", "quarantined", "quarantined", "deleted"]);
            let mut record = upload(&at, "pii", json!({"action": action, "threat_level": "high"}));
            record.insert("categories".into(), json!(what[usize::try_from(chance.below(5)).unwrap()]));
            record
        }
        6..=8 => {
            let reason = chance.one_of(&["too_large", "damaged", "encrypted", "refused", "answer_cut"]);
            upload(&at, "undetermined", json!({"reason": reason, "threat_level": "medium"}))
        }
        9..=14 => upload(&at, "not_image", json!({"model": null, "cost_usd": null})),
        15 => upload(&at, "gone", json!({"model": null, "cost_usd": null, "action": "none"})),
        16..=24 => {
            let rules = chance.one_of(&[
                "Bucket policy changed",
                "Object ACL opened to everyone",
                "CloudTrail logging stopped",
                "Bulk deletion of objects",
            ]);
            let further = json!({"matched_rules": [rules], "threat_level": "high", "model": null, "cost_usd": null,
                "action": "none", "silenced_by": if rules.starts_with("Bulk") { json!("nightly-import") } else { Value::Null }});
            upload(&at, "none", further)
        }
        _ => upload(&at, "clean", json!({})),
    };
    let judged = record["verdict"] != "none" && record["model"] != Value::Null;
    let kept = record["model"].clone();
    if day == 12 && record["verdict"] != "none" {
        record.insert("backfill".into(), json!("2026-11-09-claims"));
    }
    record.extend(self::record(further));
    if !judged {
        record.insert("model".into(), if kept.is_null() { Value::Null } else { kept });
        record.insert("cost_usd".into(), Value::Null);
    }
    if chance.below(400) == 0 {
        record.extend(self::record(json!({
            "status": "failed", "verdict": "none", "failed_in": "Detect PII", "error": "ModelThrottled", "model": null,
            "action": "kept",
        })));
    }
    record
}

fn restored(day: u64) -> Map<String, Value> {
    record(json!({
        "object": "uploads/claims/2026/specimen.png", "event": format!("r-{day}"), "status": "complete",
        "claimed_at": at(day, 9_000), "action": "restored", "verdict": "pii", "s3_bucket": "uploads",
        "s3_key": "claims/2026/specimen.png", "restored_from": "v1",
        "restored_by": "arn:aws:sts::111122223333:assumed-role/Auditor/carol", "restore_reason": "a specimen, no real card",
    }))
}
