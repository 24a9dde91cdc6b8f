//! What alert-composer is set to.

use std::fs;

use warden_core::audit::{AlertSettings, Exceptions, Language};

use crate::settings::{SettingError, Variables, ledger_settings};

/// A file of exceptions. On Lambda a layer brings it: what the layer holds as
/// `exceptions.yaml` lies at `/opt/exceptions.yaml`.
const EXCEPTIONS_FILE: &str = "EXCEPTIONS_FILE";
/// The language of what people read.
const ALERT_LANGUAGE: &str = "ALERT_LANGUAGE";

/// `ALERT_LANGUAGE`, `EXCEPTIONS_FILE`, `STACK_NAME` and what the ledger is set to.
///
/// # Errors
/// [`SettingError`] names what cannot be read. A file of exceptions that is left out silently
/// would mail what nobody wants; one that is read by halves would not mail what somebody must see.
pub fn alert_settings(variables: &impl Variables) -> Result<AlertSettings, SettingError> {
    Ok(AlertSettings {
        ledger: ledger_settings(variables)?,
        language: language(variables)?,
        stack: variables.get("STACK_NAME"),
        exceptions: exceptions(variables)?,
    })
}

fn language(variables: &impl Variables) -> Result<Language, SettingError> {
    let Some(value) = variables.get(ALERT_LANGUAGE) else { return Ok(Language::default()) };
    Language::named(&value)
        .ok_or_else(|| SettingError { name: ALERT_LANGUAGE, problem: format!("is {value:?}; write en, ko or ja") })
}

fn exceptions(variables: &impl Variables) -> Result<Exceptions, SettingError> {
    let Some(path) = variables.get(EXCEPTIONS_FILE) else { return Ok(Exceptions::default()) };
    let broken = |problem: String| SettingError { name: EXCEPTIONS_FILE, problem };
    let text = fs::read_to_string(&path).map_err(|error| broken(format!("{path} cannot be read: {error}")))?;
    Exceptions::read(&text).map_err(|error| broken(format!("{path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Given;

    #[test]
    fn without_settings_letters_are_english_and_nothing_is_silenced() {
        assert_eq!(alert_settings(&Given(&[])).unwrap(), AlertSettings::default());
    }

    #[test]
    fn a_file_of_exceptions_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exceptions.yaml").display().to_string();
        fs::write(&path, "exceptions: [{name: a, reason: because, ends: 2027-03-31, prefix: drafts/}]").unwrap();
        let settings = [(EXCEPTIONS_FILE, path.as_str()), (ALERT_LANGUAGE, "ko"), ("STACK_NAME", "warden-audit")];
        let settings = alert_settings(&Given(&settings)).unwrap();
        assert_eq!(settings.exceptions.all().len(), 1);
        assert_eq!((settings.language, settings.stack.as_deref()), (Language::Korean, Some("warden-audit")));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exceptions.yaml").display().to_string();
        let gone = alert_settings(&Given(&[(EXCEPTIONS_FILE, &path)])).unwrap_err().to_string();
        assert!(gone.starts_with(&format!("EXCEPTIONS_FILE: {path} cannot be read: ")), "{gone}");
        fs::write(&path, "exceptions: [{name: a, reason: because, ends: 2027-02-30, prefix: drafts/}]").unwrap();
        let error = alert_settings(&Given(&[(EXCEPTIONS_FILE, &path)])).unwrap_err().to_string();
        assert_eq!(error, format!("EXCEPTIONS_FILE: {path}: exception 1 (a): ends: is not a day such as 2027-03-31"));
        let error = alert_settings(&Given(&[(ALERT_LANGUAGE, "fr")])).unwrap_err();
        assert_eq!(error.to_string(), "ALERT_LANGUAGE: is \"fr\"; write en, ko or ja");
    }
}
