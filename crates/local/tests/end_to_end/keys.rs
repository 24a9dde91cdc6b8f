//! Keys that break what is careless with them: exactly that key is read and deleted.

use std::sync::Arc;

use libtest_mimic::Trial;
use warden_local::scenario::Expected;

use crate::world::{Stage, World, assert_right};

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let long = format!("{}.png", "k".repeat(1020));
    // Beside each key one that careless decoding or trimming would make of it.
    let cases = [
        ("spaces", "odd/two  spaces .png".to_owned(), "odd/two spaces.png"),
        ("plus", "odd/1+1.png".to_owned(), "odd/1 1.png"),
        ("percent", "odd/100%25.png".to_owned(), "odd/100%.png"),
        ("percent_that_decodes_to_a_slash", "odd%2Fslash.png".to_owned(), "odd/slash.png"),
        ("korean", "odd/주민등록증 사본.png".to_owned(), "odd/??? ??.png"),
        ("decomposed_korean", "odd/\u{1112}\u{1161}\u{11ab}.png".to_owned(), "odd/\u{d55c}.png"),
        ("emoji", "odd/🪪👩‍👩‍👧.png".to_owned(), "odd/🪪.png"),
        ("quotes_and_braces", "odd/\"{'a': [1]}\\n\".png".to_owned(), "odd/{'a': [1]}\\n.png"),
        ("an_expression", "odd/{% $states.input %}.png".to_owned(), "odd/.png"),
        ("a_placeholder", "odd/${AlertTopicArn}.png".to_owned(), "odd/.jpg"),
        ("query_and_fragment", "odd/a?b=c&d#e.png".to_owned(), "odd/a"),
        ("1024_bytes", long, "k.png"),
    ];
    cases
        .into_iter()
        .map(|(name, key, neighbour)| {
            stage.trial(format!("keys::{name}"), async move |world| exactly_that_key(&world, &key, neighbour).await)
        })
        .collect()
}

async fn exactly_that_key(world: &World, key: &str, neighbour: &str) {
    let neighbour = world.upload_bytes(neighbour, "no image").await;
    let upload = world.upload_sample(key, "business-card.png").await;

    assert_right(Expected::DELETED, &world.outcome(&upload).await);

    assert!(world.is_there(&neighbour).await, "another key was deleted");
    let versions = world.s3().versions(world.audit().bucket(), key, None).await.unwrap().versions;
    assert!(!versions.iter().any(|version| version.key == key), "a version of the key, or a delete marker, is left");
}
