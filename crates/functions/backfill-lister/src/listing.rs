//! What there is to audit in a bucket.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use warden_core::{
    Error,
    backfill::{Known, Listed, Plan, ledger_event},
    pii::NULL_VERSION,
    ports::{LedgerRecords, Marker, ObjectStore, ObjectWriter, VersionPages},
};

use crate::{BackfillLister, source::At};

/// Where looking goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Token {
    /// In rows that name objects.
    Rows(At),
    /// In the bucket's own listing.
    Listing(Marker),
}

/// What a listing found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Versions that the plan looks at.
    pub(crate) listed: u64,
    /// Of those, what the ledger knows.
    pub(crate) known: u64,
    /// The others, each with whether it was audited before.
    pub(crate) to_audit: Vec<(Listed, bool)>,
    /// Objects that were named, and are not there.
    pub(crate) missing: u64,
    /// Where it goes on.
    pub(crate) next: Option<Token>,
}

impl<V: VersionPages, W: ObjectWriter + ObjectStore, L: LedgerRecords> BackfillLister<V, W, L> {
    /// Looks on from `token` at what the plan names, until `most` versions are found, `millis` have passed, or it ends.
    pub(crate) async fn look(
        &self,
        plan: &Plan,
        token: Option<Token>,
        backfill: Option<&str>,
        most: usize,
        millis: i64,
    ) -> Result<Found, Error> {
        let mut found = Found::default();
        let is_enough = |found: &Found, began: i64| found.to_audit.len() >= most || (self.clock)() - began > millis;
        if let Some(source) = &plan.source {
            let from = if let Some(Token::Rows(at)) = token { at } else { At::default() };
            let mut named = self.named(source, from).await?;
            // What was read past by then counts for no time: however much that is, a call gets on by as much as the others.
            let began = (self.clock)();
            // Somebody's list may name a version twice. What was audited by the next call, the ledger knows.
            let mut handed = HashSet::new();
            while let Some((at, mut versions, missing)) = self.next_named(plan, &mut named).await? {
                found.missing += missing;
                let mut seen = HashSet::new();
                versions.retain(|listed| !handed.contains(&identity(listed)) && seen.insert(identity(listed)));
                let before = found.to_audit.len();
                self.sort_out(plan, backfill, versions, &mut found).await?;
                handed.extend(found.to_audit[before..].iter().map(|(listed, _)| identity(listed)));
                if is_enough(&found, began) {
                    found.next = Some(Token::Rows(at));
                    break;
                }
            }
            return Ok(found);
        }
        let began = (self.clock)();
        let mut after = if let Some(Token::Listing(marker)) = token { Some(marker) } else { None };
        loop {
            let page = self.versions.page(&plan.bucket, &plan.prefix, after.as_ref()).await?;
            self.sort_out(plan, backfill, page.versions, &mut found).await?;
            after = page.next;
            // A page has at most 1,000 versions: a part may have so many more.
            if after.is_none() || is_enough(&found, began) {
                found.next = after.map(Token::Listing);
                return Ok(found);
            }
        }
    }

    /// Adds to what was found those of some versions that the plan looks at.
    async fn sort_out(
        &self,
        plan: &Plan,
        backfill: Option<&str>,
        versions: Vec<Listed>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let now = (self.clock)();
        let wanted = versions.into_iter();
        let wanted: Vec<_> = wanted.filter(|listed| plan.wants(listed, self.uploads, self.documents).is_ok()).collect();
        found.listed += wanted.len() as u64;
        let records = self.records(&plan.bucket, &wanted).await?;
        for (listed, records) in wanted.into_iter().zip(records) {
            if records.iter().any(|record| record.covers(&listed, now)) {
                found.known += 1;
            } else {
                let is_before = |id| records.iter().any(|record| record.tells_before(&listed, id));
                let again = backfill.is_some_and(is_before);
                found.to_audit.push((listed, again));
            }
        }
        Ok(())
    }

    /// What the ledger has of each of these versions. Those of a bucket that keeps none are looked up by their objects:
    /// an upload's own event is known by its request there.
    async fn records(&self, bucket: &str, wanted: &[Listed]) -> Result<Vec<Vec<Known>>, Error> {
        let object = |listed: &Listed| format!("{bucket}/{}", listed.key);
        let keys = wanted.iter().filter(|listed| listed.version.id != NULL_VERSION);
        let keys: Vec<_> = keys.map(|listed| (object(listed), ledger_event(&listed.version))).collect();
        let mut by_key = HashMap::new();
        if !keys.is_empty() {
            for record in self.ledger.with_keys(&keys).await? {
                let text =
                    |name: &str| record.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
                by_key.insert((text("object"), text("event")), Known::read(&record));
            }
        }
        let mut all = Vec::with_capacity(wanted.len());
        for listed in wanted {
            all.push(if listed.version.id == NULL_VERSION {
                self.ledger.of_object(&object(listed)).await?.iter().map(Known::read).collect()
            } else {
                by_key.remove(&(object(listed), ledger_event(&listed.version))).into_iter().collect()
            });
        }
        Ok(all)
    }
}

/// What a version is told from all others of its bucket by.
fn identity(listed: &Listed) -> (String, String) {
    (listed.key.clone(), listed.version.id.clone())
}
