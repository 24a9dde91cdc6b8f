//! The whole system, brought up a few times and tried from end to end: functions,
//! template and state machine as they go to AWS, on the local engine.
//!
//! A test looks at what was left behind (an alert that was received, an object
//! version that is gone or still there), never at an execution's status alone.
#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]
#![expect(clippy::panic, reason = "a test ends at what it did not expect")]

mod actions;
mod alerts;
mod backfill;
mod bad_input;
mod calls;
mod doctor;
mod engine;
mod events;
mod keys;
mod load;
mod model;
mod nova;
mod operations;
mod private_api;
mod reliability;
mod roles;
mod streaming;
mod uploads;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use reliability::Site;
use streaming::StreamingStage;
use warden_local::output::Console;
use world::Stage;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Enough that some trials have their turn while all others wait for one of their own system.
    arguments.test_threads.get_or_insert_with(|| 12 * world::cores());
    let stage = Arc::new(Stage::default());
    let api_stage = Arc::new(Stage::default());
    let nova = Arc::new(Stage::default());
    let [reliability, of_many, of_years_ago] = [(); 3].map(|()| Arc::new(Stage::<Site>::default()));
    let streaming = Arc::new(StreamingStage::default());
    let of_the_audit = [
        uploads::trials(&stage),
        alerts::trials(&stage),
        keys::trials(&stage),
        bad_input::trials(&stage),
        actions::trials(&stage),
        model::trials(&stage),
        events::trials(&stage),
        engine::trials(&stage),
        operations::trials(&stage),
        roles::trials(&stage),
        calls::trials(&stage),
        doctor::trials(&stage),
        reliability::unversioned_trials(&stage),
    ];
    let trials = spread(vec![
        of_the_audit.into_iter().flatten().collect(),
        private_api::trials(&api_stage).into_iter().chain(doctor::api_trials(&api_stage)).collect(),
        nova::trials(&nova),
        load::trials(),
        reliability::trials(&reliability),
        reliability::trials_of_many(&of_many),
        backfill::trials(&of_years_ago),
        streaming::trials(&streaming),
    ]);
    let conclusion = libtest_mimic::run(&arguments, trials);
    let left = [
        stage.close(),
        api_stage.close(),
        nova.close(),
        reliability.close(),
        of_many.close(),
        of_years_ago.close(),
        streaming.close(),
    ];
    for left in left.iter().flatten() {
        Console::standard().say(&format!("error: {left}"));
    }
    if conclusion.has_failed() || left.iter().any(Option::is_some) { ExitCode::from(101) } else { ExitCode::SUCCESS }
}

/// One list of the trials of several systems, each system's spread evenly over it: those of one system wait for one
/// another, and meanwhile there is work for the others.
fn spread(systems: Vec<Vec<Trial>>) -> Vec<Trial> {
    // Where a trial stands in its system's list, as a part of the whole.
    const WHOLE: usize = 1_000_000;
    let placed = |trials: Vec<Trial>| {
        let count = trials.len();
        trials.into_iter().enumerate().map(move |(at, trial)| ((2 * at + 1) * WHOLE / (2 * count), trial))
    };
    let mut all: Vec<_> = systems.into_iter().flat_map(placed).collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, trial)| trial).collect()
}
