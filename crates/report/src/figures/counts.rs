//! How often a name came up.

use std::collections::BTreeMap;

use serde::Serialize;

/// How often a name came up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The name.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// Names while they are counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub(super) fn add(&mut self, name: &str) {
        match self.0.get_mut(name) {
            Some(count) => *count += 1,
            None => drop(self.0.insert(name.to_owned(), 1)),
        }
    }

    pub(super) fn largest_first(self) -> Vec<Count> {
        let mut counts: Vec<_> = self.0.into_iter().map(|(name, count)| Count { name, count }).collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.count));
        counts
    }

    /// These names in this order, and then any other.
    pub(super) fn in_order(self, names: &[&str]) -> Vec<Count> {
        let mut counts: Vec<_> = self.0.into_iter().map(|(name, count)| Count { name, count }).collect();
        counts.sort_by_key(|count| names.iter().position(|name| *name == count.name).unwrap_or(names.len()));
        counts
    }
}
