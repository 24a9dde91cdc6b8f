//! Where Bedrock puts records on S3:
//! `PREFIX/AWSLogs/ACCOUNT/BedrockModelInvocationLogs/REGION/YYYY/MM/DD/HH/NAME.json.gz`,
//! with large bodies under `data/` beside them.

use crate::Filter;

/// The folder of all accounts.
pub(crate) const LOGS: &str = "AWSLogs/";
/// The folder of the records in an account's.
pub(crate) const RECORDS: &str = "BedrockModelInvocationLogs/";
/// What Bedrock writes to see whether it may.
const PERMISSION_CHECK: &str = "amazon-bedrock-logs-permission-check";

/// Whether an object holds records: no body of its own, no folder, no trial of permissions.
pub(crate) fn holds_records(key: &str) -> bool {
    let mut parts = key.rsplit('/');
    let name = parts.next().unwrap_or_default();
    !name.is_empty() && name != PERMISSION_CHECK && parts.next() != Some("data")
}

/// The keys of a Region's folder that may hold what is asked for: after the first, before the second.
///
/// Hours are named in the order of time, so one listing finds them. An hour on
/// either side is looked at too: a folder may be named for when a record was
/// delivered.
pub(crate) fn span(folder: &str, filter: &Filter) -> (Option<String>, Option<String>) {
    let after = filter.since.map(|since| format!("{folder}{}/", since.minus_an_hour().hour_folder()));
    let before = filter.until.map(|until| format!("{folder}{}/", until.plus_an_hour().plus_an_hour().hour_folder()));
    (after, before)
}

/// The bucket and key of `s3://bucket/key`.
pub(crate) fn place(path: &str) -> Option<(&str, &str)> {
    let (bucket, key) = path.strip_prefix("s3://")?.split_once('/')?;
    (!bucket.is_empty() && !key.is_empty()).then_some((bucket, key))
}

/// A prefix as a folder: none, or one that ends with a slash.
pub(crate) fn folder(prefix: &str) -> String {
    let prefix = prefix.trim_matches('/');
    if prefix.is_empty() { String::new() } else { format!("{prefix}/") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn records_are_told_from_what_lies_beside_them() {
        let hour = "p/AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1/2026/11/20/12";
        for (key, holds) in [
            (format!("{hour}/20261120T120000000Z_0a1b.json.gz"), true),
            (format!("{hour}/data/r-1_input.json.gz"), false),
            (format!("{hour}/"), false),
            ("AWSLogs/1/BedrockModelInvocationLogs/amazon-bedrock-logs-permission-check".to_owned(), false),
            ("data/AWSLogs/1/x.json.gz".to_owned(), true),
        ] {
            assert_eq!(holds_records(&key), holds, "{key}");
        }
    }

    #[test]
    fn a_span_of_time_is_a_span_of_keys() {
        let filter = Filter {
            since: Timestamp::parse("2026-11-20T00:10:00Z"),
            until: Timestamp::parse("2026-11-20T22:10:00Z"),
            ..Filter::default()
        };
        let (after, before) = span("f/", &filter);
        let within = |key: &str| Some(key) > after.as_deref() && Some(key) < before.as_deref();
        for (key, wanted) in [
            ("f/2026/11/19/22/a.json.gz", false),
            ("f/2026/11/19/23/a.json.gz", true),
            ("f/2026/11/20/00/a.json.gz", true),
            ("f/2026/11/20/23/a.json.gz", true),
            ("f/2026/11/21/00/a.json.gz", false),
        ] {
            assert_eq!(within(key), wanted, "{key}");
        }
        assert_eq!(span("f/", &Filter::default()), (None, None));
    }

    #[test]
    fn a_path_on_s3_is_a_bucket_and_a_key() {
        assert_eq!(place("s3://b/a/b c.gz"), Some(("b", "a/b c.gz")));
        for path in ["", "s3://", "s3://b", "s3://b/", "s3:///k", "https://b/k", "/b/k"] {
            assert_eq!(place(path), None, "{path}");
        }
        assert_eq!(
            (folder("/a/b/"), folder("a"), folder("/"), folder("")),
            ("a/b/".into(), "a/".into(), String::new(), String::new())
        );
    }
}
