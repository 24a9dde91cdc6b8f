//! What the facts mean: pure, an area each.

pub(crate) mod alerts;
pub(crate) mod buckets;
pub(crate) mod dead_letters;
pub(crate) mod functions;
pub(crate) mod invocation_logging;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod models;
pub(crate) mod policy;
pub(crate) mod quotas;
pub(crate) mod rules;
pub(crate) mod state_machine;
pub(crate) mod trail;
