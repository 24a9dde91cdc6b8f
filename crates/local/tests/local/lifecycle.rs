//! The engine ends with whoever started it, however that went.
#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use warden_local::engine::{Engine, EngineOptions};
use warden_local::output::Console;
use warden_local::tools;
use warden_local::workspace::Workspace;

async fn engine() -> Engine {
    let workspace = Workspace::find().unwrap();
    let python = std::env::var("WARDEN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let python = tools::engine(&workspace, &python, &Console::quiet()).await.unwrap();
    Engine::start(&workspace, &python, EngineOptions::default()).await.unwrap()
}

fn listens(endpoint: &str) -> bool {
    TcpStream::connect(endpoint.trim_start_matches("http://")).is_ok()
}

fn group_is_there(group: u32) -> bool {
    Command::new("kill").args(["-0", "--", &format!("-{group}")]).output().unwrap().status.success()
}

fn within_a_moment(what: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[tokio::test]
async fn an_engine_that_is_dropped_leaves_nothing() {
    let engine = engine().await;
    let (endpoint, group, state) = (engine.endpoint().to_owned(), engine.process_group(), engine.state().to_owned());
    assert!(listens(&endpoint) && state.exists());

    drop(engine);

    assert!(!listens(&endpoint));
    assert!(!state.exists());
    assert!(within_a_moment(|| !group_is_there(group)));
}

#[tokio::test]
async fn two_engines_run_side_by_side() {
    let (one, other) = tokio::join!(engine(), engine());
    assert_ne!(one.endpoint(), other.endpoint());
    drop(one);
    assert!(listens(other.endpoint()));
}

#[tokio::test]
async fn the_engine_listens_on_this_machine_alone() {
    let engine = engine().await;
    let port = engine.endpoint().rsplit(':').next().unwrap();
    // Any other address of this machine would do; this one is no other program's.
    assert!(TcpStream::connect(format!("127.0.0.2:{port}")).is_err());
}

/// An owner that is killed cannot stop anything: the engine has to notice by itself.
#[test]
fn an_engine_whose_owner_is_killed_ends_with_it() {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lifecycle::owner_of_an_engine", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(owner.stdout.take().unwrap());
    let told = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.split_once("engine ").map(|(_, told)| told.to_owned()));
    let told = told.unwrap();
    // The folder may have a space in its name.
    let [endpoint, group, state] = told.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
    assert!(listens(endpoint));

    owner.kill().unwrap();
    owner.wait().unwrap();

    let group = group.parse().unwrap();
    assert!(within_a_moment(|| !listens(endpoint)), "the engine still listens");
    assert!(within_a_moment(|| !group_is_there(group)), "a process of the engine is left");
    assert!(within_a_moment(|| !std::path::Path::new(state).exists()), "its state is left");
}

#[tokio::test]
#[ignore = "the process that another test kills"]
async fn owner_of_an_engine() {
    let engine = engine().await;
    println!("engine {} {} {}", engine.endpoint(), engine.process_group(), engine.state().display());
    tokio::time::sleep(Duration::from_mins(1)).await;
}
