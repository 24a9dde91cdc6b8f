//! Figures are a function of records.

use serde_json::{Map, Value, json};
use warden_report::{Asked, Count, DeadLetters, Figures, Period, Tally};

use crate::records::{SINCE, UNTIL, record, upload};

fn asked() -> Asked {
    Asked {
        stack: "audit".into(),
        period: Period::of_unix_millis(SINCE, UNTIL).unwrap(),
        keys: false,
        dead_letters: DeadLetters::waiting([]),
    }
}

fn of(records: &[Map<String, Value>]) -> Figures {
    Figures::of(records, &asked())
}

fn counts(counts: &[Count]) -> Vec<(&str, u64)> {
    counts.iter().map(|one| (one.name.as_str(), one.count)).collect()
}

#[test]
fn each_object_counts_for_its_verdict_on_its_day() {
    let figures = of(&[
        upload("2026-10-28T12:00:00Z", "pii", json!({})),
        upload("2026-10-29T12:00:00Z", "clean", json!({})),
        upload("2026-10-29T13:00:00Z", "undetermined", json!({"reason": "too_large"})),
        upload("2026-10-29T14:00:00Z", "not_image", json!({})),
        upload("2026-10-29T14:00:00Z", "gone", json!({})),
    ]);
    let all = Tally { pii: 1, undetermined: 1, clean: 1, not_image: 1, gone: 1 };
    assert_eq!((figures.events, figures.verdicts), (5, all));
    assert_eq!(figures.intervals[0].verdicts, Tally { pii: 1, ..Tally::default() });
    assert_eq!(figures.intervals[1].verdicts, Tally { pii: 0, ..all });
    assert_eq!(counts(&figures.undetermined), [("too_large", 1)]);
}

#[test]
fn what_could_not_be_acted_on_is_told_apart_by_its_verdict() {
    let at = "2026-10-28T12:00:00Z";
    let figures = of(&[
        upload(at, "pii", json!({"action": "delete_failed"})),
        upload(at, "pii", json!({"action": "deleted"})),
        upload(at, "clean", json!({"action": "tag_failed"})),
        upload(at, "undetermined", json!({"action": "quarantine_failed"})),
    ]);
    assert_eq!(figures.unacted, Tally { pii: 1, clean: 1, undetermined: 1, ..Tally::default() });
    let page = warden_report::report(&figures);
    for line in ["1 object with personal data could not be acted on", "2 objects in which no personal data was found"] {
        assert!(page.contains(line), "{line}");
    }
}

#[test]
fn what_was_claimed_outside_the_period_does_not_count() {
    let figures = of(&[
        upload("2026-10-01T00:00:00Z", "pii", json!({})),
        upload("2026-12-01T00:00:00Z", "pii", json!({})),
        upload("", "pii", json!({})),
    ]);
    assert_eq!((figures.events, figures.verdicts), (0, Tally::default()));
    assert_eq!((figures.latency, figures.cost_usd), (None, None));
}

#[test]
fn an_object_counts_once_for_each_category_and_each_rule() {
    let figures = of(&[
        upload(
            "2026-10-28T12:00:00Z",
            "pii",
            json!({"categories": ["FACE", "PERSON"], "matched_rules": ["One", "Two"]}),
        ),
        upload("2026-10-28T12:00:00Z", "pii", json!({"categories": ["FACE"], "matched_rules": ["Two"]})),
    ]);
    assert_eq!(counts(&figures.categories), [("FACE", 2), ("PERSON", 1)]);
    assert_eq!(counts(&figures.rules), [("Two", 2), ("One", 1)]);
}

#[test]
fn a_version_that_was_brought_back_is_a_restore_and_no_event() {
    let figures = of(&[record(json!({
        "status": "complete", "claimed_at": "2026-10-28T12:00:00Z", "action": "restored", "verdict": "pii",
        "s3_bucket": "b", "s3_key": "cards/alice.png", "restored_from": "v1", "restored_by": "Carol",
        "restore_reason": "a specimen",
    }))]);
    assert_eq!((figures.events, figures.verdicts.pii, figures.found.len()), (0, 0, 0));
    let [restore] = figures.restores.as_slice() else { panic!("{:?}", figures.restores) };
    assert_eq!(
        (restore.object.as_str(), restore.by.as_str(), restore.reason.as_str()),
        ("s3://b/*.png", "Carol", "a specimen")
    );
}

#[test]
fn a_failure_counts_by_its_state_and_error_and_not_for_the_time_it_took() {
    let failed = json!({"status": "failed", "failed_in": "Detect PII", "error": "ModelTimeout"});
    let at = "2026-10-28T12:00:00Z";
    for (completed, reopened) in [("2026-10-29T09:00:00.000Z", (1, 0)), ("2026-10-28T12:00:05.000Z", (0, 1))] {
        let times = json!({"status": "failed", "completed_at": completed, "reopened_at": "2026-10-28T13:00:00.000Z"});
        let figures = of(&[upload(at, "clean", times)]);
        assert_eq!((figures.failed(), figures.reopened), reopened, "{completed}");
    }
    let figures = of(&[upload("2026-10-28T12:00:00Z", "none", failed)]);
    assert_eq!((figures.failed(), figures.latency, figures.verdicts.all()), (1, None, 0));
    assert_eq!(
        (figures.failures[0].state.as_str(), figures.failures[0].error.as_str()),
        ("Detect PII", "ModelTimeout")
    );
}

#[test]
fn a_claim_without_an_end_counts_once_it_should_have_had_one() {
    let claim = |at: &str| record(json!({"status": "claimed", "claimed_at": at, "event": "v1"}));
    let figures = of(&[claim("2026-11-01T00:00:00Z"), claim("2026-11-27T08:00:00Z")]);
    assert_eq!((figures.events, figures.never_ended), (2, 1));
}

#[test]
fn what_a_model_cost_is_known_or_not() {
    let figures = of(&[
        upload("2026-10-28T12:00:00Z", "clean", json!({"model": "a", "cost_usd": 0.5})),
        upload("2026-10-28T12:00:00Z", "clean", json!({"model": "a", "cost_usd": 0.25})),
        upload("2026-10-28T12:00:00Z", "clean", json!({"model": "b", "cost_usd": null})),
        upload("2026-10-28T12:00:00Z", "not_image", json!({"model": null, "cost_usd": null})),
    ]);
    let models: Vec<_> = figures.models.iter().map(|one| (one.model.as_str(), one.objects, one.cost_usd)).collect();
    assert_eq!(models, [("a", 2, Some(0.75)), ("b", 1, None)]);
    assert_eq!((figures.cost_usd, figures.intervals[0].cost_usd), (Some(0.75), 0.75));
}

#[test]
fn uploaders_are_those_in_whose_uploads_something_is_the_worst_first() {
    let by = |actor: &str, verdict: &str| {
        upload("2026-10-28T12:00:00Z", verdict, json!({"actor": actor, "categories": ["FACE"]}))
    };
    let figures = of(&[by("a", "clean"), by("b", "undetermined"), by("c", "pii"), by("c", "clean")]);
    let names: Vec<_> = figures.uploaders.iter().map(|one| (one.actor.as_str(), one.verdicts.all())).collect();
    assert_eq!(names, [("c", 2), ("b", 1)]);
}

#[test]
fn figures_hold_no_key_unless_it_is_asked_for() {
    let records = [upload("2026-10-28T12:00:00Z", "pii", json!({}))];
    let json = |keys| serde_json::to_string(&Figures::of(&records, &Asked { keys, ..asked() })).unwrap();
    assert!(!json(false).contains("alice.png"));
    assert!(json(true).contains("s3://uploads/cards/alice.png"));
}

#[test]
fn a_record_of_another_version_is_told_and_not_counted() {
    let figures = of(&[upload("2026-10-28T12:00:00Z", "pii", json!({"verdict": "quantum"}))]);
    assert_eq!((figures.events, figures.unreadable), (0, 1));
}

#[test]
fn the_objects_of_a_backfill_count_for_it_and_everywhere_else() {
    let of_backfill = |verdict: &str, further| {
        let mut record = upload("2026-10-28T12:00:00Z", verdict, json!({"backfill": "b-1"}));
        record.extend(self::record(further));
        record
    };
    let figures = of(&[
        of_backfill("pii", json!({})),
        of_backfill("clean", json!({})),
        of_backfill("none", json!({"status": "failed"})),
        upload("2026-10-28T12:00:00Z", "clean", json!({})),
    ]);
    let [backfill] = figures.backfills.as_slice() else { panic!("{:?}", figures.backfills) };
    assert_eq!(
        (backfill.id.as_str(), backfill.verdicts.pii, backfill.verdicts.all(), backfill.failed),
        ("b-1", 1, 2, 1)
    );
    assert_eq!(figures.verdicts.all(), 3);
}
