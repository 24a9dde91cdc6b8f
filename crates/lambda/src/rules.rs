//! The rules that set the least threat level: those of the program, and a
//! user's own.

use std::path::PathBuf;

use warden_core::threat::RuleSet;
use warden_rules::rule_files;

use crate::settings::{SettingError, Variables};

/// A folder of the user's own Sigma rules. On Lambda a layer brings it: what
/// the layer holds as `rules/` lies at `/opt/rules`.
const RULES_DIR: &str = "RULES_DIR";

/// The rules of the program and, if `RULES_DIR` is set, every `*.yml` and
/// `*.yaml` below that folder, in the order of their paths.
///
/// # Errors
/// [`SettingError`] names what cannot be read, and the file and line of a
/// broken rule: a rule that is left out silently would be missed when it is needed.
pub fn rules(variables: &impl Variables) -> Result<RuleSet, SettingError> {
    let broken = |problem: String| SettingError { name: RULES_DIR, problem };
    let mut rules = RuleSet::shipped();
    let Some(folder) = variables.get(RULES_DIR).map(PathBuf::from) else {
        return Ok(rules);
    };
    for file in rule_files(&folder).map_err(|error| broken(error.to_string()))? {
        rules.add(&file.path.display().to_string(), &file.text).map_err(|error| broken(error.to_string()))?;
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use serde_json::json;
    use warden_core::{cloudtrail::Event, threat::ThreatLevel};

    use super::*;
    use crate::settings::Given;

    fn with(folder: &Path) -> Result<RuleSet, SettingError> {
        rules(&Given(&[(RULES_DIR, &folder.display().to_string())]))
    }

    fn rule(name: &str) -> String {
        format!(
            "title: {name}\nid: {name}\nlogsource: {{product: aws, service: cloudtrail}}\nlevel: medium\n\
             detection:\n  s:\n    eventName: {name}\n  condition: s\n"
        )
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn without_the_setting_the_rules_are_those_of_the_program() {
        assert_eq!(rules(&Given(&[])).unwrap().len(), RuleSet::shipped().len());
    }

    #[test]
    fn rules_of_ones_own_come_on_top_from_every_folder_below() {
        let folder = folder(&[
            ("one.yml", &rule("One")),
            ("team/two.yaml", &rule("Two")),
            ("team/deep/three.yml", &rule("Three")),
            ("README.md", "no rule"),
            ("team/notes.txt", "title: ["),
        ]);
        let rules = with(folder.path()).unwrap();
        assert_eq!(rules.len(), RuleSet::shipped().len() + 3);
        for (name, level) in [("Two", ThreatLevel::Medium), ("Three", ThreatLevel::Medium), ("Four", ThreatLevel::Low)]
        {
            let record = json!({"eventName": name});
            assert_eq!(rules.rate(&Event::read(&record).unwrap()).level, level, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_used_stops_the_start_and_is_named() {
        let broken = rule("B").replace("eventName: B", "eventName|sounds_like: B");
        for (files, expected) in [
            (vec![("a.yml", rule("A")), ("team/b.yml", broken)], "team/b.yml:7: "),
            (vec![("a.yml", "title: one\n---\ntitle: two".to_owned())], "a.yml:1: "),
            (vec![("a.yml", rule("A")), ("b.yml", rule("A"))], "b.yml:2: its id is also that of"),
            (vec![("a.txt", rule("A"))], "holds neither *.yml"),
        ] {
            let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
            let folder = folder(&files);
            let error = with(folder.path()).unwrap_err().to_string();
            assert!(error.starts_with("RULES_DIR: ") && error.contains(expected), "{error} should say {expected}");
        }
        let gone = with(Path::new("/nowhere/rules")).unwrap_err().to_string();
        assert!(gone.starts_with("RULES_DIR: /nowhere/rules cannot be read: "), "{gone}");
    }

    #[test]
    fn a_file_that_is_no_text_is_named() {
        let folder = folder(&[]);
        fs::write(folder.path().join("a.yml"), [0xff, 0xfe]).unwrap();
        let error = with(folder.path()).unwrap_err().to_string();
        assert!(error.contains("a.yml cannot be read"), "{error}");
    }
}
