//! Reads the barcodes in files and prints what each took, decoding included: the mean CPU of five times,
//! and the peak memory of a process that does nothing else. What the codes say is not printed.
//!
//! `cargo run --release -p warden-raster --example codes -- FILE…`

#![allow(clippy::print_stdout, reason = "it is run by people")]
#![cfg(target_os = "linux")]

use std::{
    env, fs,
    process::{Command, ExitCode},
};

use warden_core::image::{Content, HEAD_BYTES};
use warden_raster::Reading;

const TIMES: u64 = 5;

/// Milliseconds in a tick, in which Linux counts CPU for programs.
const TICK: u64 = 10;

fn main() -> ExitCode {
    let files: Vec<String> = env::args().skip(1).collect();
    match files.as_slice() {
        [] => {
            println!("usage: codes FILE…");
            ExitCode::from(2)
        }
        [file] => read(file),
        files => {
            // Each in a process of its own, whose peak is the file's.
            let read = |file: &str| env::current_exe().and_then(|program| Command::new(program).arg(file).status());
            let failed = files.iter().filter(|file| !read(file).is_ok_and(|status| status.success())).count();
            if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

fn read(file: &str) -> ExitCode {
    let Ok(bytes) = fs::read(file) else {
        println!("{file}: cannot be read");
        return ExitCode::FAILURE;
    };
    let Content::Image(format) = Content::of(&bytes[..bytes.len().min(HEAD_BYTES)]) else {
        println!("{file}: not an image");
        return ExitCode::FAILURE;
    };
    let (before, mut codes) = (cpu(), 0);
    for _ in 0..TIMES {
        codes = warden_raster::read(&bytes, format, Reading::CODES).map_or(0, |shown| shown.codes.len());
    }
    let (Some(before), Some(after), Some(peak)) = (before, cpu(), peak()) else {
        println!("{file}: the system does not say what it took");
        return ExitCode::FAILURE;
    };
    println!("{file}: {codes} codes, {} ms of CPU, {peak} MiB", (after - before) / TIMES);
    ExitCode::SUCCESS
}

/// CPU of all threads of the process, ended ones too, in milliseconds.
fn cpu() -> Option<u64> {
    let told = fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name, which may hold spaces, the twelfth and thirteenth: in the program and in the system.
    let (_, fields) = told.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().ok());
    ticks.sum::<Option<u64>>().map(|ticks| ticks * TICK)
}

/// Most memory that the process took, in MiB.
fn peak() -> Option<u64> {
    let told = fs::read_to_string("/proc/self/status").ok()?;
    let peak = told.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}
