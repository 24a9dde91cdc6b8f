//! An alias, and the versions that it hands executions to.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::RoutingConfigurationListItem;
use warden_call_errors::CallError;

use crate::report::routes_in_words;
use crate::{Deployer, Error, NoRollback, Outcome, Progress, RollbackReport, Route, machine, rollback, time};

/// What an alias hands executions to.
pub(crate) struct Alias {
    pub(crate) routes: Vec<(String, i32)>,
    pub(crate) updated: Option<DateTime>,
}

impl Alias {
    pub(crate) fn routes(&self) -> Vec<Route> {
        let route = |(version_arn, weight): &(String, i32)| Route { version_arn: version_arn.clone(), weight: *weight };
        self.routes.iter().map(route).collect()
    }
}

/// What an alias was seen or set to last, and when.
pub(crate) struct Held {
    pub(crate) routes: Vec<(String, i32)>,
    pub(crate) updated: Option<DateTime>,
}

impl Held {
    /// Whether an alias is as it was left. An answer may be some seconds old, from before it was set.
    fn is_still(&self, alias: &Alias) -> bool {
        let used = |routes: &[(String, i32)]| -> BTreeMap<String, i32> {
            routes.iter().filter(|(_, weight)| *weight > 0).cloned().collect()
        };
        let is_older = matches!((alias.updated, self.updated), (Some(seen), Some(set)) if seen < set);
        is_older || used(&alias.routes) == used(&self.routes)
    }
}

/// A published version.
pub(crate) struct Version {
    pub(crate) arn: String,
    pub(crate) created: DateTime,
}

impl Deployer {
    /// Lets an alias hand every execution to the version `to`, or to the one
    /// before those that it runs. One that was taken back before is passed over, as those will be that run now. Where
    /// it cannot be read which those are, none is, and that is told.
    ///
    /// # Errors
    /// When there is no such version, or a call fails.
    pub async fn rollback(&self, stack: &str, alias: &str, to: Option<u64>) -> Result<RollbackReport, Error> {
        let machine_arn = self.stack(stack).await?.machine_arn()?;
        let alias_arn = format!("{machine_arn}:{alias}");
        let Some(current) = self.alias(&alias_arn).await? else {
            return Err(NoRollback::NothingDeployed { arn: alias_arn }.into());
        };
        let versions = self.versions(&machine_arn).await?;
        let numbers: Vec<_> = versions.iter().filter_map(|version| rollback::number(&version.arn)).collect();
        let running = current.routes.iter().filter(|(_, weight)| *weight > 0);
        let running: Vec<_> = running.filter_map(|(arn, _)| rollback::number(arn)).collect();
        // Of two that run the older takes all again, whatever became of others.
        let refused = if to.is_none() && running.len() == 1 {
            // A rollback is urgent: what it passes over is less so.
            match self.tags(&machine_arn).await {
                Ok(tags) => rollback::refused(&tags),
                Err(problem) => {
                    (self.progress)(&Progress::NonePassedOver { problem: problem.to_string() });
                    BTreeSet::new()
                }
            }
        } else {
            BTreeSet::new()
        };
        let target = rollback::choose(&running, &numbers, &refused, to)?;
        let is_between = |number: &u64| *number > target && running.iter().all(|running| number < running);
        let mut passed_over: Vec<_> = numbers.into_iter().filter(|number| refused.contains(number)).collect();
        passed_over.retain(is_between);
        let version_arn = format!("{machine_arn}:{target}");
        let description = self.version_description(&version_arn).await?;
        self.set_routes(&alias_arn, &[(&version_arn, 100)]).await?;
        let taken_back: Vec<_> = running.into_iter().filter(|number| *number > target).collect();
        self.keep_refused(&machine_arn, &taken_back, Some(target)).await;
        let published = versions.iter().find(|version| version.arn == version_arn);
        Ok(RollbackReport {
            alias_arn,
            moved_from: current.routes(),
            version_arn,
            passed_over,
            published: published.map(|version| time::rfc3339(&version.created)),
            description,
        })
    }

    pub(crate) async fn alias(&self, arn: &str) -> Result<Option<Alias>, Error> {
        match self.machines.describe_state_machine_alias().state_machine_alias_arn(arn).send().await {
            Ok(answer) => Ok(Some(Alias {
                routes: answer
                    .routing_configuration
                    .unwrap_or_default()
                    .into_iter()
                    .map(|route| (route.state_machine_version_arn, route.weight))
                    .collect(),
                updated: answer.update_date.or(answer.creation_date),
            })),
            Err(error) if matches!(error.code(), Some("ResourceNotFound" | "StateMachineDoesNotExist")) => Ok(None),
            Err(error) => Err(CallError::new("states:DescribeStateMachineAlias", &error).into()),
        }
    }

    pub(crate) async fn point_alias(
        &self,
        name: &str,
        arn: &str,
        current: Option<&Alias>,
        version: &str,
    ) -> Result<Outcome, Error> {
        let Some(current) = current else {
            self.machines
                .create_state_machine_alias()
                .name(name)
                .routing_configuration(route(version, 100)?)
                .send()
                .await
                .map_err(|error| CallError::new("states:CreateStateMachineAlias", &error))?;
            return Ok(Outcome::Created);
        };
        if machine::sole_version(&current.routes) == Some(version) {
            return Ok(Outcome::Unchanged);
        }
        self.set_routes(arn, &[(version, 100)]).await?;
        Ok(Outcome::Updated)
    }

    /// Whether an alias is as it was left; an error when somebody else has moved it since.
    pub(crate) async fn expect(&self, alias_arn: &str, held: &Held) -> Result<(), Error> {
        let found = self.alias(alias_arn).await?;
        if found.as_ref().is_some_and(|alias| held.is_still(alias)) {
            return Ok(());
        }
        let running = found.map(|alias| routes_in_words(&alias.routes())).unwrap_or_default();
        Err(Error::AliasMoved {
            alias_arn: alias_arn.to_owned(),
            running: if running.is_empty() { "nothing".to_owned() } else { format!("version {running}") },
        })
    }

    /// Lets an alias hand executions to these versions in these shares.
    pub(crate) async fn set_routes(&self, alias_arn: &str, routes: &[(&str, i32)]) -> Result<Held, Error> {
        let items = routes.iter().map(|(version, weight)| route(version, *weight)).collect::<Result<_, _>>()?;
        let answer = self
            .machines
            .update_state_machine_alias()
            .state_machine_alias_arn(alias_arn)
            .set_routing_configuration(Some(items))
            .send()
            .await
            .map_err(|error| CallError::new("states:UpdateStateMachineAlias", &error))?;
        let routes = routes.iter().map(|(version, weight)| ((*version).to_owned(), *weight)).collect();
        Ok(Held { routes, updated: Some(answer.update_date) })
    }

    /// Every version, the newest first.
    pub(crate) async fn versions(&self, machine_arn: &str) -> Result<Vec<Version>, Error> {
        let mut versions = Vec::new();
        let mut next = None;
        loop {
            let request = self.machines.list_state_machine_versions().state_machine_arn(machine_arn);
            let answer = match request.set_next_token(next).send().await {
                Ok(answer) => answer,
                Err(error) if error.code() == Some("StateMachineDoesNotExist") => {
                    return Err(Error::NotDeployed { arn: machine_arn.to_owned() });
                }
                Err(error) => return Err(CallError::new("states:ListStateMachineVersions", &error).into()),
            };
            versions.extend(
                answer
                    .state_machine_versions
                    .into_iter()
                    .map(|listed| Version { arn: listed.state_machine_version_arn, created: listed.creation_date }),
            );
            next = answer.next_token;
            if next.is_none() {
                return Ok(versions);
            }
        }
    }

    /// What its publisher said of a version.
    pub(crate) async fn version_description(&self, version_arn: &str) -> Result<Option<String>, Error> {
        let answer = self
            .machines
            .describe_state_machine()
            .state_machine_arn(version_arn)
            .send()
            .await
            .map_err(|error| CallError::new("states:DescribeStateMachine", &error))?;
        Ok(answer.description.filter(|description| !description.is_empty()))
    }
}

fn route(version: &str, weight: i32) -> Result<RoutingConfigurationListItem, Error> {
    RoutingConfigurationListItem::builder()
        .state_machine_version_arn(version)
        .weight(weight)
        .build()
        .map_err(|_| Error::IncompleteAnswer { action: "states:PublishStateMachineVersion", field: "version" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(routes: &[(&str, i32)], updated: i64) -> Alias {
        Alias { routes: owned(routes), updated: Some(DateTime::from_secs(updated)) }
    }

    fn owned(routes: &[(&str, i32)]) -> Vec<(String, i32)> {
        routes.iter().map(|(version, weight)| ((*version).to_owned(), *weight)).collect()
    }

    #[test]
    fn an_alias_is_as_it_was_left_whatever_the_order_and_before_the_change_is_seen_everywhere() {
        let held = Held { routes: owned(&[("v3", 90), ("v4", 10)]), updated: Some(DateTime::from_secs(100)) };
        for (seen, expected) in [
            (alias(&[("v3", 90), ("v4", 10)], 100), true),
            (alias(&[("v4", 10), ("v3", 90), ("v2", 0)], 100), true),
            (alias(&[("v3", 100)], 99), true),
            (alias(&[("v3", 100)], 100), false),
            (alias(&[("v3", 100)], 101), false),
            (alias(&[("v3", 80), ("v4", 20)], 101), false),
            (alias(&[("v5", 100)], 101), false),
            (Alias { routes: owned(&[("v3", 100)]), updated: None }, false),
        ] {
            assert_eq!(held.is_still(&seen), expected, "{:?} {:?}", seen.routes, seen.updated);
        }
    }
}
