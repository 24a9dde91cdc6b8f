//! Where records are: on S3, in CloudWatch Logs, or on this disk.

mod cloudwatch;
mod disk;
mod s3;

use std::fmt;

use aws_types::SdkConfig;
use warden_control_plane::{ControlPlane, Service, s3::S3};

pub use disk::files;

use crate::collector::Collector;
use crate::{Error, Query, Report};

/// Reads records from AWS.
#[derive(Clone)]
pub struct CallsReader {
    logs: ControlPlane,
    s3: S3,
}

impl fmt::Debug for CallsReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallsReader").finish_non_exhaustive()
    }
}

impl CallsReader {
    /// A reader with the credentials, Region and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { logs: ControlPlane::new(config, Service::CLOUD_WATCH_LOGS), s3: S3::new(config) }
    }

    /// Reads the records in a bucket, of all accounts and Regions that write there.
    ///
    /// # Errors
    /// When the bucket cannot be listed. An object that cannot be read is named in the report.
    pub async fn bucket(&self, bucket: &str, prefix: &str, query: &Query) -> Result<Report, Error> {
        let mut collector = Collector::new(query);
        s3::read(&self.s3, bucket, prefix, query, &mut collector).await?;
        s3::fetch_missing(&self.s3, &mut collector).await;
        Ok(collector.report())
    }

    /// Reads the records in a log group. Large bodies are on S3, and read from there.
    ///
    /// # Errors
    /// When the log group cannot be read. A body that cannot be read is named in the report.
    pub async fn log_group(&self, name: &str, query: &Query) -> Result<Report, Error> {
        let mut collector = Collector::new(query);
        cloudwatch::read(&self.logs, name, query, &mut collector).await?;
        s3::fetch_missing(&self.s3, &mut collector).await;
        Ok(collector.report())
    }
}
