//! Gives a new version a share of the executions, watches them, and goes on or back.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus};
use tokio::time::Instant;
use warden_call_errors::CallError;

use crate::alias::Held;
use crate::canary::{self, Verdict};
use crate::deployer::Prepared;
use crate::{
    ApplyReport, ApplyRequest, Canary, CanaryEnd, CanaryReport, Deployer, Error, Outcome, Progress, Tally, rollback,
};

/// A version with a share of the executions, beside the one that takes the rest.
struct Shift<'a> {
    alias_arn: &'a str,
    stable: &'a str,
    new: &'a str,
    /// What the alias ran when the deployment began.
    before: Held,
}

impl Deployer {
    /// As [`Self::apply`], but gives the new version a share of the executions
    /// first. It takes over when few enough of its executions fail; when more
    /// do or too few end, when they cannot be watched, or once `interrupted` is
    /// ready, the old version gets all executions again.
    ///
    /// # Errors
    /// As [`Self::apply`], when the old version could not be given all
    /// executions again, and when somebody else moved the alias meanwhile,
    /// which is left as it is then.
    pub async fn apply_with_canary(
        &self,
        request: &ApplyRequest,
        canary: &Canary,
        interrupted: impl Future<Output = ()>,
    ) -> Result<ApplyReport, Error> {
        let prepared = self.prepare(request).await?;
        let alias = prepared.alias.as_ref();
        let stable = alias.and_then(|alias| canary::stable_version(&alias.routes)).map(str::to_owned);
        let published = self.bring_about(&prepared).await?;
        let Some(stable) = stable.filter(|stable| *stable != published.arn) else {
            if prepared.alias.is_none() {
                (self.progress)(&Progress::NothingToCompare);
            }
            let outcome =
                self.point_alias(&request.alias, &prepared.alias_arn, prepared.alias.as_ref(), &published.arn).await?;
            self.took_over(&prepared.desired.arn, &published, outcome).await;
            return Ok(prepared.report(published, outcome));
        };
        let before = Held {
            routes: alias.map(|alias| alias.routes.clone()).unwrap_or_default(),
            updated: alias.and_then(|alias| alias.updated),
        };
        let shift = Shift { alias_arn: &prepared.alias_arn, stable: &stable, new: &published.arn, before };
        let watched = match self.shift_and_watch(&shift, canary, interrupted).await {
            Ok(watched) => watched,
            Err(error) => {
                if matches!(error, Error::CanaryUnwatched { .. }) {
                    self.take_note(&prepared, &shift).await;
                }
                return Err(error);
            }
        };
        let outcome = match watched.end {
            CanaryEnd::WentOn => {
                self.put(&shift, shift.new).await?;
                self.took_over(&prepared.desired.arn, &published, Outcome::Updated).await;
                Outcome::Updated
            }
            CanaryEnd::TooManyFailed | CanaryEnd::TooFewEnded | CanaryEnd::Interrupted => {
                self.put(&shift, shift.stable).await?;
                self.take_note(&prepared, &shift).await;
                Outcome::Unchanged
            }
        };
        let mut report = prepared.report(published, outcome);
        report.canary = Some(watched);
        Ok(report)
    }

    /// Keeps that the new version was taken back.
    async fn take_note(&self, prepared: &Prepared, shift: &Shift<'_>) {
        if let Some(version) = rollback::number(shift.new) {
            self.keep_refused(&prepared.desired.arn, &[version], None).await;
        }
    }

    /// Gives the new version its share, and watches it until it is clear what is to become of it.
    async fn shift_and_watch(
        &self,
        shift: &Shift<'_>,
        canary: &Canary,
        interrupted: impl Future<Output = ()>,
    ) -> Result<CanaryReport, Error> {
        let report = |end, elapsed: Duration, executions| CanaryReport {
            end,
            percent: canary.percent,
            seconds: elapsed.as_secs(),
            executions,
            stable_version_arn: shift.stable.to_owned(),
        };
        // A version that was tried before has executions of that time, which do not count.
        let before = self.executions_of(shift.new, None).await?;
        let before = before.into_iter().map(|execution| execution.execution_arn).collect();
        let mut interrupted = std::pin::pin!(interrupted);
        self.expect(shift.alias_arn, &shift.before).await?;
        tokio::select! {
            biased;
            () = &mut interrupted => return Ok(report(CanaryEnd::Interrupted, Duration::ZERO, Tally::default())),
            () = std::future::ready(()) => {}
        }
        let share = i32::from(canary.percent);
        let held = self.set_routes(shift.alias_arn, &[(shift.stable, 100 - share), (shift.new, share)]).await?;
        (self.progress)(&Progress::CanaryBegan {
            version_arn: shift.new.to_owned(),
            stable_version_arn: shift.stable.to_owned(),
            percent: canary.percent,
            duration: canary.duration,
        });
        let begun = Instant::now();
        let mut tally = Tally::default();
        loop {
            let is_interrupted = tokio::select! {
                biased;
                () = &mut interrupted => true,
                () = tokio::time::sleep(canary::pause(canary, begun.elapsed())) => false,
            };
            if !is_interrupted {
                tally = match self.executions_of(shift.new, Some(&before)).await {
                    Ok(executions) => count(&executions),
                    Err(problem) => return Err(self.take_back(shift, &held, problem).await),
                };
            }
            // The last look before anything is set: what somebody else set meanwhile stands.
            match self.expect(shift.alias_arn, &held).await {
                Ok(()) => {}
                Err(moved @ Error::AliasMoved { .. }) => return Err(moved),
                Err(_) if is_interrupted => {}
                Err(problem) => return Err(self.take_back(shift, &held, problem).await),
            }
            let elapsed = begun.elapsed();
            if is_interrupted {
                return Ok(report(CanaryEnd::Interrupted, elapsed, tally));
            }
            (self.progress)(&Progress::CanaryWatched { executions: tally, elapsed, duration: canary.duration });
            match canary::verdict(canary, &tally, elapsed) {
                Verdict::Watch => {}
                Verdict::GoOn => return Ok(report(CanaryEnd::WentOn, elapsed, tally)),
                Verdict::GoBack => return Ok(report(CanaryEnd::TooManyFailed, elapsed, tally)),
                Verdict::GiveUp => return Ok(report(CanaryEnd::TooFewEnded, elapsed, tally)),
            }
        }
    }

    /// Gives the old version all executions again, since the new one cannot be watched; why.
    async fn take_back(&self, shift: &Shift<'_>, held: &Held, problem: Error) -> Error {
        if let Err(moved @ Error::AliasMoved { .. }) = self.expect(shift.alias_arn, held).await {
            return moved;
        }
        match self.put(shift, shift.stable).await {
            Ok(()) => Error::CanaryUnwatched {
                alias_arn: shift.alias_arn.to_owned(),
                version_arn: shift.stable.to_owned(),
                problem: Box::new(problem),
            },
            Err(left) => left,
        }
    }

    /// Gives one of the two versions all executions. What fails here leaves the
    /// weights shared, which must not go unnoticed.
    async fn put(&self, shift: &Shift<'_>, version: &str) -> Result<(), Error> {
        match self.set_routes(shift.alias_arn, &[(version, 100)]).await {
            Ok(_) => Ok(()),
            Err(problem) => Err(Error::CanaryLeft {
                alias_arn: shift.alias_arn.to_owned(),
                version_arn: shift.new.to_owned(),
                problem: Box::new(problem),
            }),
        }
    }

    /// The executions of a version, the newest first: all up to the first of `before`, or without it those of one page,
    /// which holds the one that is met first later on.
    async fn executions_of(
        &self,
        version_arn: &str,
        before: Option<&BTreeSet<String>>,
    ) -> Result<Vec<ExecutionListItem>, Error> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let request = self.machines.list_executions().state_machine_arn(version_arn).set_next_token(next);
            let answer = request.send().await.map_err(|error| CallError::new("states:ListExecutions", &error))?;
            for execution in answer.executions {
                if before.is_some_and(|before| before.contains(&execution.execution_arn)) {
                    return Ok(found);
                }
                found.push(execution);
            }
            next = answer.next_token;
            if next.is_none() || before.is_none() {
                return Ok(found);
            }
        }
    }
}

fn count(executions: &[ExecutionListItem]) -> Tally {
    let mut tally = Tally::default();
    for execution in executions {
        match &execution.status {
            ExecutionStatus::Succeeded => tally.succeeded += 1,
            ExecutionStatus::Failed | ExecutionStatus::TimedOut => tally.failed += 1,
            ExecutionStatus::Aborted => tally.aborted += 1,
            _ => tally.running += 1,
        }
    }
    tally
}
