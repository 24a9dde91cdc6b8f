//! Whether S3 is told to let in the public.

use serde_json::Value;

use super::json::{is, member};

/// The protections of Block Public Access.
const PROTECTIONS: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

/// Whether a request sets Block Public Access with less than all of it. S3 takes what is not
/// named for `false`.
pub(super) fn is_left_open(request: &Value) -> bool {
    let Some(block) = member(request, "PublicAccessBlockConfiguration") else { return false };
    !PROTECTIONS.iter().all(|protection| is(block, protection, "true"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_protection_that_is_not_named_is_off() {
        let all = json!({"BlockPublicAcls": true, "IgnorePublicAcls": "true", "BlockPublicPolicy": true, "RestrictPublicBuckets": "TRUE"});
        let small = json!({"blockPublicAcls": true, "ignorePublicAcls": true, "blockPublicPolicy": true, "restrictPublicBuckets": true});
        for (block, expected) in [
            (all.clone(), false),
            (small, false),
            (
                json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": false}),
                true,
            ),
            (json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true}), true),
            (json!({"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "BlockPublicAcls": true}), true),
            (json!({"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"}), true),
            (json!(""), true),
        ] {
            for name in ["PublicAccessBlockConfiguration", "publicAccessBlockConfiguration"] {
                let request = json!({"bucketName": "b", name: block});
                assert_eq!(is_left_open(&request), expected, "{request}");
            }
        }
        assert!(!is_left_open(&json!({"bucketName": "b", "publicAccessBlock": ""})));
        assert!(!is_left_open(&json!(null)));
    }
}
