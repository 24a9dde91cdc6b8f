//! Embeds the Sigma rules that lie in `rules/`, so that a function needs no file
//! beside it, and lists which calls each can match, so that it reads few of them.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

use serde_norway::Value;

use crate::calls::Name;

// The same code that reads the condition of a rule when it is held against a record.
#[allow(dead_code)]
#[path = "src/threat/calls.rs"]
mod calls;
#[allow(dead_code)]
#[path = "src/threat/condition.rs"]
mod condition;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../rules").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=src/threat");

    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().into_string().map_err(|_| "rules/: a file name is no UTF-8")?;
        if Path::new(&name).extension().is_some_and(|extension| extension == "yml") {
            names.push(name);
        }
    }
    names.sort();

    let mut list = String::from("&[\n");
    for name in names {
        let path = folder.join(&name);
        let text = fs::read_to_string(&path)?;
        let rule: Value = serde_norway::from_str(&text).map_err(|error| format!("rules/{name}: {error}"))?;
        let id = rule["id"].as_str().ok_or_else(|| format!("rules/{name}: id is missing"))?;
        let path = path.to_str().ok_or("the path of rules/ is no UTF-8")?;
        let names = names_of(&rule);
        writeln!(list, "    Shipped {{ file: {name:?}, id: {id:?}, text: include_str!({path:?}), names: {names} }},")?;
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("rules.rs"), list)?;
    Ok(())
}

/// The names of the calls that a rule can match, as Rust writes them.
fn names_of(rule: &Value) -> String {
    let calls = rule["detection"].as_mapping().and_then(calls::of_detection);
    let names: Option<Vec<Name>> = calls
        .and_then(|calls| calls.into_iter().map(|calls| calls.names).collect::<Option<Vec<_>>>())
        .map(|names| names.into_iter().flatten().collect());
    let Some(mut names) = names else { return "None".to_owned() };
    names.sort();
    names.dedup();
    let names = names.iter().map(|name| match name {
        Name::Is(name) => format!("({name:?}, false)"),
        Name::Begins(start) => format!("({start:?}, true)"),
    });
    format!("Some(&[{}])", names.collect::<Vec<_>>().join(", "))
}
