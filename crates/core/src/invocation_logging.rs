//! Bedrock's model invocation logging, of which an account has one in each
//! Region: how ours takes the place of another, and how that one comes back.

use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What model invocation logging is set to, in Bedrock's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggingConfiguration {
    /// The log group, if records go to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_watch_config: Option<CloudWatchConfig>,
    /// The bucket, if records go to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_config: Option<S3Config>,
    /// Whether records hold texts; what is not said is Bedrock's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_data_delivery_enabled: Option<bool>,
    /// Whether records hold images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_data_delivery_enabled: Option<bool>,
    /// Whether records hold embeddings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding_data_delivery_enabled: Option<bool>,
    /// Whether records hold videos.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_data_delivery_enabled: Option<bool>,
    /// Whether records hold sounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_data_delivery_enabled: Option<bool>,
}

/// Records in CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchConfig {
    /// The log group.
    pub log_group_name: String,
    /// The role with which Bedrock writes to it.
    pub role_arn: String,
    /// Where bodies go that are too large for a log entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_data_delivery_s3_config: Option<S3Config>,
}

/// Records in S3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct S3Config {
    /// The bucket.
    pub bucket_name: String,
    /// The beginning of their keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
}

impl LoggingConfiguration {
    fn log_group(&self) -> Option<&str> {
        self.cloud_watch_config.as_ref().map(|config| &*config.log_group_name)
    }

    fn bucket(&self) -> Option<&str> {
        self.s3_config.as_ref().map(|config| &*config.bucket_name)
    }

    fn role(&self) -> Option<&str> {
        self.cloud_watch_config.as_ref().map(|config| &*config.role_arn)
    }

    /// Whether both write to the same place: somebody may have changed by hand
    /// what is recorded.
    fn writes_where(&self, other: &Self) -> bool {
        (self.log_group().is_some() && self.log_group() == other.log_group())
            || (self.bucket().is_some() && self.bucket() == other.bucket())
    }
}

/// The configuration before ours, as it is kept. That there was none is kept, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The configuration before ours.
    pub previous: Option<LoggingConfiguration>,
}

impl Kept {
    /// Reads what was kept under a name.
    ///
    /// # Errors
    /// [`Error::Internal`] when somebody else wrote there.
    pub fn parse(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|_| Error::Internal {
            problem: "the parameter for the previous configuration holds something else: find out who wrote it".into(),
        })
    }

    /// The text that is kept.
    #[must_use]
    pub fn text(&self) -> String {
        // Texts and booleans always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What is asked of the logging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Ours is to be set.
    Set {
        /// The role with which the previous one could be set again, beside our own.
        restorable_role: Option<String>,
    },
    /// Ours is to be removed, and what was there before it to be restored.
    Remove,
}

/// One call, to be done in its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Keep this as what was before ours.
    Keep(Kept),
    /// Set this configuration.
    Put(LoggingConfiguration),
    /// Set none.
    Delete,
    /// Forget what was kept.
    Forget,
}

/// The steps from the current state to the desired one; empty when there is nothing to do.
///
/// What was before ours is kept once, before ours is first set, and never
/// again. Nothing is restored when nothing was kept, or when somebody has set another
/// configuration since.
///
/// # Errors
/// [`Error::InvalidInput`] when the previous configuration could never be set
/// again because its role may not be passed.
pub fn steps(
    wish: &Wish,
    ours: &LoggingConfiguration,
    current: Option<&LoggingConfiguration>,
    kept: Option<&Kept>,
) -> Result<Vec<Step>, Error> {
    let is_ours = current.is_some_and(|current| current.writes_where(ours));
    Ok(match (wish, kept) {
        (Wish::Set { restorable_role }, None) => {
            let previous = current.filter(|_| !is_ours);
            must_be_restorable(previous, ours, restorable_role.as_deref())?;
            let mut steps = vec![Step::Keep(Kept { previous: previous.cloned() })];
            steps.extend(put_unless_set(ours, current));
            steps
        }
        (Wish::Set { restorable_role }, Some(kept)) => {
            must_be_restorable(kept.previous.as_ref(), ours, restorable_role.as_deref())?;
            put_unless_set(ours, current)
        }
        (Wish::Remove, None) => vec![],
        (Wish::Remove, Some(_)) if !is_ours => vec![Step::Forget],
        (Wish::Remove, Some(Kept { previous: Some(previous) })) => vec![Step::Put(previous.clone()), Step::Forget],
        (Wish::Remove, Some(Kept { previous: None })) => vec![Step::Delete, Step::Forget],
    })
}

/// Refuses a configuration that could not be restored because its role may not be passed.
fn must_be_restorable(
    previous: Option<&LoggingConfiguration>,
    ours: &LoggingConfiguration,
    restorable_role: Option<&str>,
) -> Result<(), Error> {
    match previous.and_then(LoggingConfiguration::role) {
        Some(role) if ours.role() != Some(role) && restorable_role != Some(role) => Err(Error::invalid(
            "PreviousLoggingRoleArn",
            format!(
                "is not {role}, with which model invocation logging wrote before: without it that logging could not be set again"
            ),
        )),
        _ => Ok(()),
    }
}

fn put_unless_set(ours: &LoggingConfiguration, current: Option<&LoggingConfiguration>) -> Vec<Step> {
    if current == Some(ours) { vec![] } else { vec![Step::Put(ours.clone())] }
}

/// Bedrock's model invocation logging.
pub trait InvocationLogging: Send + Sync {
    /// What is set, if anything is.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], or [`Error::Internal`] when Bedrock fails.
    fn configuration(&self) -> impl Future<Output = Result<Option<LoggingConfiguration>, Error>> + Send;

    /// Sets a configuration. Bedrock tries whether it can write there.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] when we may not or Bedrock cannot, [`Error::Internal`] when Bedrock fails.
    fn put(&self, configuration: &LoggingConfiguration) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sets none.
    ///
    /// # Errors
    /// As [`Self::configuration`].
    fn delete(&self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Where a text is kept under a name.
pub trait ParameterStore: Send + Sync {
    /// The text, if there is one.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], or [`Error::Internal`] when the store fails.
    fn get(&self, name: &str) -> impl Future<Output = Result<Option<String>, Error>> + Send;

    /// Stores a text unless there is one already, which stays as it is.
    ///
    /// # Errors
    /// As [`Self::get`].
    fn create(&self, name: &str, text: &str) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes the text. It is not an error when there is none.
    ///
    /// # Errors
    /// As [`Self::get`].
    fn delete(&self, name: &str) -> impl Future<Output = Result<(), Error>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(log_group: &str, bucket: &str, role: &str) -> LoggingConfiguration {
        LoggingConfiguration {
            cloud_watch_config: Some(CloudWatchConfig {
                log_group_name: log_group.into(),
                role_arn: role.into(),
                large_data_delivery_s3_config: None,
            }),
            s3_config: Some(S3Config { bucket_name: bucket.into(), key_prefix: Some("invocations".into()) }),
            text_data_delivery_enabled: Some(true),
            image_data_delivery_enabled: Some(false),
            ..LoggingConfiguration::default()
        }
    }

    #[test]
    fn how_things_stand_decides_what_is_done() {
        let ours = configuration("ours", "our-records", "our-role");
        let other = configuration("other", "other-records", "other-role");
        let changed = LoggingConfiguration { image_data_delivery_enabled: Some(true), ..ours.clone() };
        let none = Kept { previous: None };
        let some = Kept { previous: Some(other.clone()) };
        let set = Wish::Set { restorable_role: Some("other-role".into()) };
        let put = || Step::Put(ours.clone());
        for (case, wish, current, kept, expected) in [
            ("first, nothing set", &set, None, None, vec![Step::Keep(none.clone()), put()]),
            ("first, another set", &set, Some(&other), None, vec![Step::Keep(some.clone()), put()]),
            ("again, all done", &set, Some(&ours), Some(&some), vec![]),
            ("again, changed by hand", &set, Some(&changed), Some(&some), vec![put()]),
            ("again, kept and not set", &set, Some(&other), Some(&some), vec![put()]),
            ("again, kept and gone", &set, None, Some(&some), vec![put()]),
            ("set and what was kept is lost", &set, Some(&ours), None, vec![Step::Keep(none.clone())]),
            ("removed", &Wish::Remove, Some(&ours), Some(&some), vec![Step::Put(other.clone()), Step::Forget]),
            ("removed, nothing before", &Wish::Remove, Some(&ours), Some(&none), vec![Step::Delete, Step::Forget]),
            ("removed, changed by hand", &Wish::Remove, Some(&changed), Some(&none), vec![Step::Delete, Step::Forget]),
            ("removed again", &Wish::Remove, Some(&other), None, vec![]),
            ("removed, never made", &Wish::Remove, Some(&other), Some(&some), vec![Step::Forget]),
            ("removed, never made, nothing before", &Wish::Remove, None, Some(&none), vec![Step::Forget]),
            ("removed, replaced by somebody", &Wish::Remove, Some(&other), Some(&none), vec![Step::Forget]),
            ("removed, what was kept is lost", &Wish::Remove, Some(&ours), None, vec![]),
        ] {
            assert_eq!(steps(wish, &ours, current, kept), Ok(expected), "{case}");
        }
    }

    #[test]
    fn what_could_never_be_set_again_is_not_replaced() {
        let ours = configuration("ours", "our-records", "our-role");
        let other = configuration("other", "other-records", "other-role");
        for restorable_role in [None, Some("third-role".to_owned())] {
            let set = Wish::Set { restorable_role };
            let kept = Kept { previous: Some(other.clone()) };
            for error in [steps(&set, &ours, Some(&other), None), steps(&set, &ours, Some(&ours), Some(&kept))] {
                let error = error.unwrap_err();
                assert!(error.to_string().starts_with("PreviousLoggingRoleArn: is not other-role"), "{error}");
            }
        }
        let of_our_role = configuration("other", "other-records", "our-role");
        let bucket_alone = LoggingConfiguration { cloud_watch_config: None, ..other };
        for previous in [of_our_role, bucket_alone] {
            let steps = steps(&Wish::Set { restorable_role: None }, &ours, Some(&previous), None).unwrap();
            assert_eq!(steps[0], Step::Keep(Kept { previous: Some(previous) }));
        }
    }

    #[test]
    fn what_is_kept_reads_back_as_it_was() {
        let mut previous = configuration("g", "b", "r");
        previous.cloud_watch_config.as_mut().unwrap().large_data_delivery_s3_config =
            Some(S3Config { bucket_name: "large".into(), key_prefix: None });
        for kept in [Kept { previous: None }, Kept { previous: Some(previous) }] {
            assert_eq!(Kept::parse(&kept.text()), Ok(kept));
        }
        for text in ["", "null", "[]", "somebody's text"] {
            assert!(Kept::parse(text).is_err(), "{text}");
        }
    }
}
