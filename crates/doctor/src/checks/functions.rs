//! Whether the functions run, and what their aliases run.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::fact::Fact;
use crate::finding::{Area, Finding};

/// What is known of the stack's functions.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) functions: Vec<Function>,
}

/// A function.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) state: Fact<Health>,
    pub(crate) alias: Fact<Alias>,
    /// The numbers of its versions.
    pub(crate) versions: Fact<Vec<u64>>,
}

/// Whether what the alias runs can run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) state: Option<String>,
    pub(crate) state_reason: Option<String>,
    pub(crate) update: Option<String>,
    pub(crate) update_reason: Option<String>,
}

/// What `GetAlias` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Alias {
    function_version: String,
    routing_config: Option<RoutingConfig>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoutingConfig {
    #[serde(default)]
    additional_version_weights: BTreeMap<String, f64>,
}

impl Alias {
    /// The other version that gets a share of the calls.
    fn shared_with(&self) -> Option<(&str, f64)> {
        let weights = &self.routing_config.as_ref()?.additional_version_weights;
        weights.iter().find(|(_, weight)| **weight > 0.0).map(|(version, weight)| (version.as_str(), *weight))
    }
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    if facts.functions.is_empty() {
        return vec![Finding::failure(Area::Functions, "the stack names no function", "Deploy the template again")];
    }
    facts.functions.iter().flat_map(check_function).collect()
}

fn check_function(function: &Function) -> Vec<Finding> {
    const AREA: Area = Area::Functions;
    let name = &function.name;
    let mut findings = Vec::new();
    match &function.state {
        Ok(state) => findings.extend(check_state(name, state)),
        Err(unknown) => findings.push(unknown.finding(AREA, &format!("the function {name}"))),
    }
    let alias = match &function.alias {
        Ok(alias) => alias,
        Err(crate::fact::Unknown::Absent { .. }) => {
            findings.push(Finding::failure(
                AREA,
                format!("{name} has no alias live: nothing can call it"),
                "Deploy the template again",
            ));
            return findings;
        }
        Err(unknown) => {
            findings.push(unknown.finding(AREA, &format!("the alias live of {name}")));
            return findings;
        }
    };
    let version = &alias.function_version;
    if let Some((other, weight)) = alias.shared_with() {
        findings.push(Finding::warning(
            AREA,
            format!("the alias live of {name} gives version {other} {:.0} % of the calls, and {version} the rest", weight * 100.0),
            format!(
                "If nobody is shifting it, end it: aws lambda update-alias --function-name {name} --name live --routing-config AdditionalVersionWeights={{}}"
            ),
        ));
    }
    match &function.versions {
        Err(unknown) => findings.push(unknown.finding(AREA, &format!("the versions of {name}"))),
        Ok(versions) => match versions.iter().max() {
            Some(newest) if version.parse() != Ok(*newest) => findings.push(Finding::warning(
                AREA,
                format!("the alias live of {name} runs version {version}, and {newest} is the newest"),
                "Somebody moved it by hand, or a deployment did not end: deploy the template again, or let it stay",
            )),
            _ => {}
        },
    }
    if findings.is_empty() {
        findings.push(Finding::ok(AREA, format!("{name} runs version {version}, the newest, behind live")));
    }
    findings
}

fn check_state(name: &str, state: &Health) -> Option<Finding> {
    const AREA: Area = Area::Functions;
    let reason = |reason: &Option<String>| reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    if state.update.as_deref() == Some("Failed") {
        let said = format!("the last update of {name} failed{}", reason(&state.update_reason));
        return Some(Finding::failure(AREA, said, "Mend the cause and deploy the template again"));
    }
    match state.state.as_deref() {
        // One that was not called for long wakes up with the next call.
        None | Some("Active" | "Inactive") => None,
        Some("Pending") => Some(Finding::warning(
            AREA,
            format!("{name} is not ready yet{}", reason(&state.state_reason)),
            "Run `warden doctor` again in a minute",
        )),
        Some(other) => {
            let said = format!("{name} is in the state {other}{}", reason(&state.state_reason));
            Some(Finding::failure(AREA, said, "Mend the cause and deploy the template again"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Level;
    use crate::fact::Unknown;

    fn function() -> Function {
        let active = Health { state: Some("Active".into()), update: Some("Successful".into()), ..Health::default() };
        let alias = json!({"AliasArn": "arn", "Name": "live", "FunctionVersion": "3"});
        Function {
            name: "f".into(),
            state: Ok(active),
            alias: Ok(serde_json::from_value(alias).unwrap()),
            versions: Ok(vec![1, 2, 3]),
        }
    }

    fn found(function: Function) -> (Level, String) {
        let findings = check(&Facts { functions: vec![function] });
        assert_eq!(findings.len(), 1, "{findings:?}");
        (findings[0].level, findings[0].said.clone())
    }

    #[test]
    fn a_function_whose_newest_version_runs_is_ok() {
        assert_eq!(found(function()), (Level::Ok, "f runs version 3, the newest, behind live".to_owned()));
    }

    #[test]
    fn what_keeps_a_function_from_running_its_newest_version_is_told() {
        let alias = |value| Function { alias: Ok(serde_json::from_value(value).unwrap()), ..function() };
        let state = |state: Health| Function { state: Ok(state), ..function() };
        let failed =
            Health { state: Some("Failed".into()), state_reason: Some("no subnet".into()), ..Health::default() };
        let pending = Health { state: Some("Pending".into()), ..Health::default() };
        let update = Health { update: Some("Failed".into()), ..Health::default() };
        for (function, level, said) in [
            (
                alias(json!({"FunctionVersion": "2"})),
                Level::Warning,
                "the alias live of f runs version 2, and 3 is the newest",
            ),
            (
                alias(json!({"FunctionVersion": "3", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}})),
                Level::Warning,
                "the alias live of f gives version 2 10 % of the calls, and 3 the rest",
            ),
            (state(failed), Level::Failure, "f is in the state Failed: no subnet"),
            (state(pending), Level::Warning, "f is not ready yet"),
            (state(update), Level::Failure, "the last update of f failed"),
            (
                Function { alias: Err(Unknown::Absent { action: "lambda:GetAlias" }), ..function() },
                Level::Failure,
                "f has no alias live: nothing can call it",
            ),
            (
                Function { alias: Err(Unknown::Denied { action: "lambda:GetAlias" }), ..function() },
                Level::Warning,
                "the alias live of f could not be looked at: your credentials may not call lambda:GetAlias",
            ),
            (
                Function { versions: Err(Unknown::Denied { action: "lambda:ListVersionsByFunction" }), ..function() },
                Level::Warning,
                "the versions of f could not be looked at: your credentials may not call lambda:ListVersionsByFunction",
            ),
            (
                Function { state: Err(Unknown::Denied { action: "lambda:GetFunctionConfiguration" }), ..function() },
                Level::Warning,
                "the function f could not be looked at: your credentials may not call lambda:GetFunctionConfiguration",
            ),
        ] {
            assert_eq!(found(function), (level, said.to_owned()));
        }
        assert_eq!(check(&Facts { functions: vec![] })[0].level, Level::Failure);
    }
}
