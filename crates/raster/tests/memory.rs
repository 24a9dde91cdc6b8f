//! What a large picture costs in memory, as the system counts it: a process of
//! its own decodes it, so that nothing else is in the figure.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "in a test a panic is the report")]
#![cfg(target_os = "linux")]

use std::{env, fs, process::Command};

use jpeg_encoder::{ColorType, Encoder};
use warden_core::image::{ImageFormat, TokenBudget};
use warden_raster::Reading;

/// Names the picture to the process that decodes it.
const PICTURE: &str = "WARDEN_RASTER_TEST_PICTURE";

/// 40.1 megapixels of noise over shades, which a deflated or flat picture would flatter.
const WIDTH: u16 = 7_744;
const HEIGHT: u16 = 5_180;

fn photograph(progressive: bool) -> Vec<u8> {
    let mut seed = 1_u32;
    let pixels: Vec<u8> = (0..usize::from(WIDTH) * usize::from(HEIGHT) * 3)
        .map(|at| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from((at / 30_000) % 200).unwrap() + (seed >> 28) as u8
        })
        .collect();
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 85);
    encoder.set_progressive(progressive);
    encoder.encode(&pixels, WIDTH, HEIGHT, ColorType::Rgb).unwrap();
    jpeg
}

#[test]
fn a_photograph_of_forty_megapixels_stays_below_the_functions_memory() {
    let folder = tempfile::tempdir().unwrap();
    for progressive in [false, true] {
        let picture = folder.path().join("picture.jpg");
        fs::write(&picture, photograph(progressive)).unwrap();
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "decodes_a_picture_and_tells_its_peak", "--ignored", "--nocapture"])
            .env(PICTURE, &picture)
            .output()
            .unwrap();
        let told = String::from_utf8(child.stdout).unwrap();
        assert!(child.status.success(), "{told}");
        let number = |name: &str| -> u64 {
            let line = told.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().parse().unwrap()
        };
        let (views, peak) = (number("views:"), number("peak MiB:"));
        println!("progressive: {progressive}, views: {views}, peak: {peak} MiB");
        assert!(views > 1 && (100..512).contains(&peak), "{told}");
    }
}

#[test]
#[ignore = "the test above runs it, in a process of its own"]
fn decodes_a_picture_and_tells_its_peak() {
    let bytes = fs::read(env::var_os(PICTURE).unwrap()).unwrap();
    let views =
        warden_raster::views_and_read(&bytes, ImageFormat::Jpeg, TokenBudget::DEFAULT, Reading::CODES).unwrap().views;
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kibibytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("\nviews: {}\npeak MiB: {}", views.len(), kibibytes / 1024);
}
