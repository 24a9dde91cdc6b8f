//! Finds the face model that the `rustface` package carries beside its source
//! and no interface of it hands out, and says where it is, so that the library
//! can include it.

use std::path::PathBuf;
use std::process::Command;

fn main() -> Result<(), String> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("cargo did not set {name}"));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let output = Command::new(variable("CARGO")?)
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform"])
        .arg(variable("TARGET")?)
        .arg("--manifest-path")
        .arg(PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("Cargo.toml"))
        .output()
        .map_err(|error| format!("cargo metadata did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata is not JSON: {error}"))?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "rustface")
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or("cargo metadata does not list rustface")?;
    let model = PathBuf::from(manifest).with_file_name("model").join("seeta_fd_frontal_v1.0.bin");
    if !model.is_file() {
        return Err(format!("rustface no longer carries its model at {}", model.display()));
    }
    println!("cargo::rustc-env=RUSTFACE_MODEL={}", model.display());
    Ok(())
}
