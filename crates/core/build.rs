//! Embeds the Sigma rules that lie in `rules/`, so that a function needs no file beside it.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../rules").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().into_string().map_err(|_| "rules/: a file name is no UTF-8")?;
        if Path::new(&name).extension().is_some_and(|extension| extension == "yml") {
            names.push(name);
        }
    }
    names.sort();

    let folder = folder.to_str().ok_or("the path of rules/ is no UTF-8")?;
    let mut list = String::from("&[\n");
    for name in names {
        writeln!(list, "    ({name:?}, include_str!({:?})),", format!("{folder}/{name}"))?;
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("rules.rs"), list)?;
    Ok(())
}
