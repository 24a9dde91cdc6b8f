//! Results as a table for a terminal and for documents.

use std::fmt::Write as _;

use crate::{metrics::Share, results::Results};

/// A table in Markdown: a row for each part of each judge.
#[must_use]
pub fn text(results: &Results) -> String {
    if results.judges.is_empty() {
        return of_events(results);
    }
    let mut text = String::from(
        "| judge | part | pictures | recall | precision | recall, decided | precision, decided | undetermined | findings: recall | precision | boxes ≥ 0.5 |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for judge in &results.judges {
        for (name, part) in &judge.parts {
            let (all, findings) = (part.all, part.findings);
            let shares = [
                all.recall,
                all.precision,
                all.decided_recall,
                all.decided_precision,
                all.undetermined,
                findings.recall,
                findings.precision,
                findings.boxes,
            ];
            let shares: Vec<String> = shares.into_iter().map(share).collect();
            // Writing to a text does not fail.
            let _ = writeln!(text, "| {} | {name} | {} | {} |", judge.name, part.pictures, shares.join(" | "));
        }
    }
    text.trim_end().to_owned()
}

fn of_events(results: &Results) -> String {
    let mut text = String::from("| rated by | part | events | right | below | above |\n|---|---|---|---|---|---|\n");
    for rater in &results.raters {
        for (name, part) in &rater.parts {
            let shares: Vec<String> = [part.right, part.below, part.above].into_iter().map(share).collect();
            // Writing to a text does not fail.
            let _ = writeln!(text, "| {} | {name} | {} | {} |", rater.name, part.right.of, shares.join(" | "));
        }
    }
    text.trim_end().to_owned()
}

/// A share with the interval that it says something with.
#[must_use]
pub fn share(share: Share) -> String {
    match (share.value(), share.interval()) {
        (Some(value), Some((low, high))) => format!("{value:.2} ({low:.2}–{high:.2})"),
        _ => "–".to_owned(),
    }
}
