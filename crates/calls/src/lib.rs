//! Bedrock's model invocation records: who asked which model what, when, and
//! what it cost.
//!
//! Bedrock writes a record of schema 1.0 for each call to CloudWatch Logs, to
//! S3, or both. [`CallsReader`] reads them from there, [`files`] reads copies on
//! disk; both answer with a [`Report`], for people, as JSON or as CSV. What
//! cannot be read is counted and named in it, never dropped.
//!
//! A record holds what people wrote to a model. A report says how long the texts
//! are, and the texts themselves only when a [`Query`] asks for them.

mod body;
mod call;
mod collector;
mod data;
mod error;
mod filter;
mod key;
mod lines;
mod prices;
mod record;
mod report;
mod source;
mod spreadsheet;
mod time;

pub use call::{Call, Content};
pub use error::Error;
pub use filter::Filter;
pub use prices::{PriceError, Prices};
pub use report::{Report, Summary, Unread};
pub use source::{CallsReader, files};
pub use time::Timestamp;

/// Which calls are read, and what of them.
#[derive(Clone, Debug)]
pub struct Query {
    /// Which calls are wanted.
    pub filter: Filter,
    /// What tokens cost; a call of a model without a price has no cost.
    pub prices: Prices,
    /// Whether the report holds the texts, not only their lengths.
    pub show_text: bool,
    /// How many calls, the newest ones, are listed one by one. All are counted.
    pub limit: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self { filter: Filter::default(), prices: Prices::default(), show_text: false, limit: 100 }
    }
}
