//! Changes files at random and reads each, for as long as it is told: what a decoder does with bytes
//! that nobody foresaw. Prints what took long; what it died of is `mutate.last` in the temporary folder.
//!
//! `cargo run --release -p warden-raster --example mutate -- SECONDS SEED [--codes] FILE…`, with `--codes` to
//! read barcodes too.

#![allow(clippy::print_stdout, reason = "it is run by people")]

use std::{
    env, fs,
    process::ExitCode,
    time::{Duration, Instant},
};

use warden_core::image::{Content, HEAD_BYTES, TokenBudget};
use warden_raster::Reading;

/// What is worth a look at.
const LONG: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let mut number = || arguments.next().and_then(|argument| argument.parse::<u64>().ok());
    let (Some(seconds), Some(mut seed)) = (number(), number()) else {
        println!("usage: mutate SECONDS SEED [--codes] FILE…");
        return ExitCode::from(2);
    };
    let mut arguments = arguments.peekable();
    let codes = arguments.next_if_eq("--codes").is_some();
    let reading = if codes { Reading::CODES } else { Reading::default() };
    let files: Vec<Vec<u8>> = arguments.filter_map(|path| fs::read(path).ok()).collect();
    if files.is_empty() {
        println!("no file can be read");
        return ExitCode::from(2);
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut count, mut shown, mut slowest) = (0_u64, 0_u64, Duration::ZERO);
    while Instant::now() < until {
        seed = seed.wrapping_add(1);
        let bytes = mutated(&files, seed);
        let Content::Image(format) = Content::of(&bytes[..bytes.len().min(HEAD_BYTES)]) else { continue };
        let _ = fs::write(env::temp_dir().join("mutate.last"), &bytes);
        let start = Instant::now();
        let _ = warden_raster::metadata(format, &bytes);
        shown += u64::from(warden_raster::views_and_read(&bytes, format, TokenBudget::MIN, reading).is_ok());
        count += 1;
        let took = start.elapsed();
        if took > LONG {
            println!("seed {seed} took {took:?}");
        }
        slowest = slowest.max(took);
    }
    println!("{count} files, {shown} shown, slowest {slowest:?}, last seed {seed}, peak {}", peak());
    ExitCode::SUCCESS
}

/// One of the files, changed in a few places as the seed says.
fn mutated(files: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below.max(1)).unwrap_or(1)).unwrap_or(0)
    };
    let mut bytes = files[random(files.len())].clone();
    for _ in 0..=random(8) {
        let at = random(bytes.len());
        match random(7) {
            0 => bytes[at] ^= 1 << random(8),
            1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][random(5)],
            2 => bytes.truncate(at.max(64).min(bytes.len())),
            3 => {
                let end = (at + random(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let from = random(bytes.len());
                let part = bytes[from..(from + random(256)).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            5 => {
                // A number elsewhere: digits of a text, or four bytes of a length.
                for byte in bytes.iter_mut().skip(at).take(40).filter(|byte| byte.is_ascii_digit()).take(2) {
                    *byte = b"0123456789"[random(10)];
                }
            }
            _ => {
                let large = [u32::MAX, 0x7FFF_FFFF, 0x0001_0000, 0][random(4)].to_be_bytes();
                let end = (at + 4).min(bytes.len());
                bytes[at..end].copy_from_slice(&large[..end - at]);
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// Most memory that the process took, as the system counts it.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or("unknown".into(), |peak| peak.trim().to_owned())
}
