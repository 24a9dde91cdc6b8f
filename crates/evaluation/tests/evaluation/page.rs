//! The golden page is looked at in a browser by `page-test`.

use insta::assert_binary_snapshot;
use warden_core::bedrock::TokenPrices;
use warden_evaluation::{
    cases::{self, Case},
    judge::{Judged, Told},
    metrics::Said,
    page::{misses, page},
    results::{Results, of_judge},
    run::Record,
};

/// What somebody says who tells all but each fifth finding, and sees something where there is nothing in each fourth picture.
fn records(seen: usize) -> Vec<Record> {
    let record = |(at, case): (usize, &Case)| {
        let (label, _) = case.load(None).unwrap();
        let findings = label.findings.iter().flatten().enumerate().filter(|(index, _)| (index + at) % seen != 0);
        let told: Vec<Told> = findings
            .map(|(index, finding)| Told {
                category: finding.category.as_str(),
                confidence: [0.95, 0.7, 0.55][index % 3],
                r#box: finding.r#box,
            })
            .collect();
        let said = match (told.is_empty(), at % 4) {
            (false, 0) => Said::Pii,
            (false, _) | (true, 3) => Said::Likely,
            (true, _) => Said::Clean,
        };
        Record {
            case: case.clone(),
            label,
            judged: Judged { said, reason: None, told, seconds: 1.5, input_tokens: 3_000, output_tokens: 90 },
        }
    };
    cases::generated().iter().step_by(61).enumerate().map(record).collect()
}

fn drawn(set: &str) -> String {
    let all = [records(5), records(3)];
    let price = Some(TokenPrices { input: 1.1, output: 5.5 });
    let judges = vec![of_judge("floor alone".into(), &all[0], None), of_judge("<model> & co".into(), &all[1], price)];
    let results = Results { set: set.into(), judges, raters: Vec::new() };
    page(&results, &misses(&results, &all, None).unwrap())
}

#[test]
fn two_judges_side_by_side() {
    assert_binary_snapshot!("two_judges.html", drawn("generated").into_bytes());
}

#[test]
fn no_text_becomes_markup() {
    let page = drawn("\"><script>alert(1)</script>");
    assert!(!page.contains("<script") && !page.contains("<model>"), "markup");
    assert!(page.contains("&lt;script&gt;") && page.contains("&lt;model&gt;"), "escaped");
}
