//! Draws the pictures in `samples/`: `cargo run -p warden-local-model --example draw-samples`.

#![allow(clippy::expect_used, reason = "it draws or it fails")]

#[path = "../tests/local_model/drawing/mod.rs"]
mod drawing;

use std::path::Path;

use drawing::files::FILES;
use drawing::samples::{NOT_AN_IMAGE, SAMPLES};

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    std::fs::create_dir_all(&folder)?;
    for sample in SAMPLES {
        std::fs::write(folder.join(sample.name), sample.bytes())?;
    }
    for file in FILES {
        std::fs::write(folder.join(file.name), (file.bytes)())?;
    }
    std::fs::write(folder.join("not-an-image.png"), NOT_AN_IMAGE)
}
