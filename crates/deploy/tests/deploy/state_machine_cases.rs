//! The state machines' expressions, run by the reference implementation of
//! `JSONata` over the cases in `statemachine/cases`. Needs Node.js 20 and npm.

use std::{
    path::Path,
    process::{Command, Output},
};

#[test]
fn the_state_machines_do_in_every_case_what_the_case_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../statemachine");
    if !folder.join("node_modules/.package-lock.json").exists() {
        let installed = run(&folder, "npm", &["ci", "--no-audit", "--no-fund"]);
        assert!(installed.status.success(), "npm ci failed:\n{}", text(&installed));
    }
    for cases in ["run-cases.mjs", "run-backfill-cases.mjs"] {
        let ran = run(&folder, "node", &[cases]);
        let printed = text(&ran);
        assert!(ran.status.success(), "{printed}");
        assert!(printed.trim_end().ends_with(" passed, 0 failed"), "no case was run:\n{printed}");
    }
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).current_dir(folder).output().unwrap_or_else(|error| {
        panic!("{program} could not be started ({error}): these cases need Node.js 20 or newer with npm")
    })
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
