//! More than model and Lambda have room for.

use std::time::Duration;

use libtest_mimic::Trial;
use tokio::runtime::Runtime;
use warden_local::load::{self, LoadOptions};
use warden_local::output::Console;
use warden_local::workspace::Workspace;

use crate::world::{WAIT_SCALE, turn};

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("load::what_is_over_a_bound_is_refused_and_judged_later", || {
        Runtime::new()?.block_on(async {
            let _turn = turn().await;
            over_a_bound().await;
        });
        Ok(())
    })]
}

async fn over_a_bound() {
    let options = LoadOptions {
        uploads: 16,
        rate: 100.0,
        personal_data: 50,
        model_delay: Duration::from_millis(200),
        open_calls: 1,
        function_concurrency: 4,
        wait_scale: WAIT_SCALE,
        failing: 5.0,
        ..LoadOptions::default()
    };
    let outcome = load::run(&Workspace::find().unwrap(), &options, &Console::standard()).await;
    let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(outcome.is_right() && outcome.model_throttled > 0, "{outcome}");
    // What the reliability trials say of a call that fails a few times.
    assert_eq!((outcome.right, outcome.failed), (16, 0), "{outcome}");
}
