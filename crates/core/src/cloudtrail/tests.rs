use serde_json::{Value, json};

use super::*;
use crate::ErrorName;

/// A successful upload by a role to a versioned bucket.
fn put_object() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/uploader/camera-17", "accountId": "111122223333"},
        "eventTime": "2026-11-20T09:14:07Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutObject",
        "sourceIPAddress": "203.0.113.24",
        "requestParameters": {"bucketName": "warden-demo-uploads", "key": "gate 3/scan.jpg"},
        "responseElements": {"x-amz-version-id": "v1"},
        "eventID": "0c06e2ff-5e88-44e6-a081-57871bbe7701",
        "recipientAccountId": "111122223333",
    })
}

/// The same record with one field, at a JSON pointer, replaced.
fn put_object_with(pointer: &str, value: Value) -> Value {
    let mut record = put_object();
    *record.pointer_mut(pointer).unwrap() = value;
    record
}

fn enveloped(detail_type: &str, source: &str, detail: &Value) -> Value {
    json!({
        "version": "0", "id": "6f0f5f0e-3a4c-4c1e-8d55-0a6f6b0f7f01", "detail-type": detail_type, "source": source,
        "account": "111122223333", "time": "2026-11-20T09:14:07Z", "region": "us-east-1", "resources": [], "detail": detail,
    })
}

fn object_created() -> Value {
    enveloped(
        "Object Created",
        "aws.s3",
        &json!({
            "version": "0", "event-version": "1.0", "bucket": {"name": "warden-demo-uploads"},
            "object": {"key": "scan.jpg", "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184", "version-id": "v1", "sequencer": "61"},
            "request-id": "N4N7GDK58NMKJ12R", "requester": "111122223333", "source-ip-address": "203.0.113.24", "reason": "PutObject",
        }),
    )
}

#[test]
fn a_record_reads_the_same_alone_and_in_each_envelope() {
    let record = put_object();
    let alone = Event::read(&record).unwrap();
    for detail_type in [
        "AWS API Call via CloudTrail",
        "AWS Console Sign In via CloudTrail",
        "AWS Console Signin via CloudTrail",
        "AWS Service Event via CloudTrail",
    ] {
        for source in ["aws.s3", "warden.replay"] {
            let envelope = enveloped(detail_type, source, &record);
            let event = Event::read(&envelope).unwrap();
            assert_eq!(event.record(), alone.record());
            assert_eq!(event.id, alone.id);
            assert_eq!(event.key, alone.key);
            assert!(event.is_object_write);
        }
    }
}

#[test]
fn an_upload_names_its_bucket_key_and_version() {
    let record = put_object();
    let event = Event::read(&record).unwrap();
    assert!(event.is_object_write);
    assert_eq!(event.bucket.as_deref(), Some("warden-demo-uploads"));
    assert_eq!(event.key.as_deref(), Some("gate 3/scan.jpg"));
    assert_eq!(event.version.as_deref(), Some("v1"));
    assert_eq!(event.media_type(), Some("image/jpeg"));
}

#[test]
fn keys_are_kept_to_the_byte() {
    let long = "가".repeat(341) + "a";
    for key in ["a b+c%20d.png", " leading and trailing ", "../up", "신분증 🪪.jpg", "tab\tnew\nline", &long] {
        let record = put_object_with("/requestParameters/key", json!(key));
        assert_eq!(Event::read(&record).unwrap().key.as_deref(), Some(key));
    }
}

#[test]
fn every_call_that_writes_an_object_is_a_write_and_no_other() {
    let writes = ["PutObject", "CompleteMultipartUpload", "CopyObject", "PostObject", "POST Object", "RenameObject"];
    for name in writes {
        let record = put_object_with("/eventName", json!(name));
        assert!(Event::read(&record).unwrap().is_object_write, "{name}");
    }
    for name in ["DeleteObject", "DeleteObjects", "GetObject", "UploadPart", "CreateMultipartUpload", "PutBucketPolicy"]
    {
        let record = put_object_with("/eventName", json!(name));
        let event = Event::read(&record).unwrap();
        assert!(!event.is_object_write, "{name}");
        assert!(!event.may_be_image_upload(UploadsToJudge::All), "{name}");
        assert_eq!(event.version, None, "{name}");
    }
}

#[test]
fn a_write_that_did_not_happen_or_has_no_target_is_no_upload() {
    let mut denied = put_object();
    denied["errorCode"] = json!("AccessDenied");
    denied["responseElements"] = Value::Null;
    let mut failed_with_a_number = put_object();
    failed_with_a_number["errorCode"] = json!(503);
    let cases = [
        denied,
        failed_with_a_number,
        put_object_with("/requestParameters", Value::Null),
        put_object_with("/requestParameters", json!({"bucketName": "warden-demo-uploads"})),
        put_object_with("/requestParameters/key", json!("")),
        put_object_with("/requestParameters/key", json!(17)),
        put_object_with("/requestParameters/key", json!(["a.jpg"])),
        put_object_with("/requestParameters/bucketName", Value::Null),
        put_object_with("/eventSource", json!("mediastore.amazonaws.com")),
    ];
    for record in cases {
        let event = Event::read(&record).unwrap();
        assert!(!event.may_be_image_upload(UploadsToJudge::All), "{record}");
    }
}

#[test]
fn a_key_that_stands_in_the_resources_alone_is_read_there() {
    let object = |key: &str| json!({"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{key}")});
    let bucket = json!({"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::warden-demo-uploads"});
    let named = json!({"bucketName": "warden-demo-uploads"});
    for (request, resources, expected) in [
        (named.clone(), json!([object("warden-demo-uploads/uploads/card.png"), bucket]), Some("uploads/card.png")),
        (named.clone(), json!([bucket, {"arn": "arn:aws-cn:s3:::warden-demo-uploads/신분증.jpg"}]), Some("신분증.jpg")),
        (
            json!({"bucketName": "warden-demo-uploads", "key": null}),
            json!([object("warden-demo-uploads/a b+c.png")]),
            Some("a b+c.png"),
        ),
        (Value::Null, json!([object("warden-demo-uploads/card.png")]), Some("card.png")),
        (named.clone(), json!([object("another-bucket/card.png")]), None),
        (named.clone(), json!([object("warden-demo-uploads/a.png"), object("warden-demo-uploads/b.png")]), None),
        (
            named.clone(),
            json!([{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::warden-demo-uploads/"}, bucket]),
            None,
        ),
        (named.clone(), json!([object("warden-demo-uploads/")]), None),
        (json!({"bucketName": "warden-demo-uploads", "key": 17}), json!([object("warden-demo-uploads/17")]), None),
        (named, json!("none"), None),
    ] {
        let mut record = put_object_with("/requestParameters", request);
        record["resources"] = resources;
        let event = Event::read(&record).unwrap();
        assert_eq!(event.key.as_deref(), expected, "{record}");
        assert_eq!(event.is_object_write, expected.is_some(), "{record}");
        assert_eq!(event.is_write_without_target, expected.is_none(), "{record}");
    }
}

#[test]
fn an_upload_through_an_access_point_is_one_to_the_bucket_behind_it() {
    let point = "arn:aws:s3:us-east-1:111122223333:accesspoint/cameras";
    let alias = "cameras-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias";
    let uploads = json!([
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::warden-demo-uploads/a.png"},
        {"type": "AWS::S3::Bucket", "accountId": "111122223333", "ARN": "arn:aws:s3:::warden-demo-uploads"},
        {"type": "AWS::S3::AccessPoint", "accountId": "111122223333", "ARN": point},
    ]);
    let directory = json!([
        {"type": "AWS::S3Express::Object", "ARN": "arn:aws:s3express:us-east-1:111122223333:bucket/cams--use1-az4--x-s3/a.png"},
        {"type": "AWS::S3Express::DirectoryBucket", "ARN": "arn:aws:s3express:us-east-1:111122223333:bucket/cams--use1-az4--x-s3"},
    ]);
    let another = json!([{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::warden-demo-uploads/b.png"}]);
    for (named, resources, expected) in [
        (point, &uploads, "warden-demo-uploads"),
        (alias, &uploads, "warden-demo-uploads"),
        ("arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap", &uploads, "warden-demo-uploads"),
        ("cams-ap--use1-az4--xa-s3", &directory, "cams--use1-az4--x-s3"),
        // Where nothing tells the bucket, or something else, the name stays.
        (alias, &Value::Null, alias),
        (point, &another, point),
        // A bucket's own name is not doubted.
        ("a-bucket", &uploads, "a-bucket"),
        ("accesspoint", &uploads, "accesspoint"),
    ] {
        let mut record = put_object_with("/requestParameters", json!({"bucketName": named, "key": "a.png"}));
        record["resources"] = resources.clone();
        let event = Event::read(&record).unwrap();
        assert_eq!((event.bucket.as_deref(), event.key.as_deref()), (Some(expected), Some("a.png")), "{record}");
        assert!(event.is_object_write, "{record}");
    }
}

#[test]
fn a_row_whose_parts_are_json_in_texts_reads_like_its_record() {
    let record = put_object();
    let mut row = record.clone();
    for part in ["userIdentity", "requestParameters", "responseElements"] {
        row[part] = json!(record[part].to_string());
    }
    let (of_row, of_record) = (Event::read(&row).unwrap(), Event::read(&record).unwrap());
    assert_eq!(of_row.record(), of_record.record());
    assert_eq!(of_row.key, of_record.key);
    assert_eq!(of_row.version, of_record.version);
    assert_eq!(of_row.identity, of_record.identity);
    let envelope = enveloped("AWS API Call via CloudTrail", "aws.s3", &row);
    assert_eq!(Event::read(&envelope).unwrap().record(), of_record.record());

    row["requestParameters"] = json!("{bucketName=warden-demo-uploads, key=card.png}");
    let Err(Error::InvalidInput { field, .. }) = Event::read(&row) else { panic!("read") };
    assert_eq!(field, "requestParameters");
}

#[test]
fn what_is_often_taken_for_a_record_is_refused_by_what_it_is() {
    let notification = json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "warden-demo-uploads"}, "object": {"key": "uploads/my+photo%2B1.png"}},
    });
    for (document, expected) in [
        (notification.clone(), "eventSource: is a record of S3's own notification"),
        (enveloped("AWS API Call via CloudTrail", "aws.s3", &notification), "eventSource: is a record of S3's own"),
        (
            json!({"eventName": "s3:ObjectCreated:Put", "s3": {"object": {"key": "a"}}}),
            "eventSource: is a record of S3's own",
        ),
        (json!({"Records": [put_object()]}), "event: holds a list of `Records`"),
        (
            enveloped("AWS API Call via CloudTrail", "aws.s3", &json!({"Records": []})),
            "event: holds a list of `Records`",
        ),
        (json!({"Events": []}), "event: holds a list of `Events`"),
        (json!({"EventName": "PutObject", "CloudTrailEvent": "{}"}), "event: is an entry of LookupEvents"),
        (
            json!({"awsAccountId": "111122223333", "digestStartTime": "t", "logFiles": []}),
            "event: is a CloudTrail digest file",
        ),
        (json!({"awslogs": {"data": "H4sI"}}), "event: is a message of a CloudWatch Logs subscription"),
        (json!({"Type": "Notification", "TopicArn": "arn", "Message": "{}"}), "event: is a message of SNS"),
        (json!({"Type": "Notification", "Message": "{}"}), "event: is a message of SNS"),
        (json!({"EventSource": "aws:sns", "Sns": {"Message": "{}"}}), "event: is a message of SNS"),
        (json!({"messageId": "1", "receiptHandle": "r", "body": "{}"}), "event: is a message of SQS"),
        (json!({"MessageId": "1", "ReceiptHandle": "r", "Body": "{}"}), "event: is a message of SQS"),
        (json!({"Messages": [{"Body": "{}"}]}), "event: holds a list of `Messages`"),
        (json!({"Entries": [{"DetailType": "d", "Detail": "{}"}]}), "event: holds a list of `Entries`"),
        (json!({"executionArn": "arn", "input": "{}"}), "event: is what DescribeExecution answers"),
        (json!({"Source": "aws.s3", "DetailType": "d", "Detail": "{}"}), "event: is an entry of PutEvents"),
        (json!({"timestamp": 1, "message": "{}", "ingestionTime": 2}), "event: is an event of CloudWatch Logs"),
        (json!({"events": [{"message": "{}"}]}), "event: holds a list of `events`"),
        (json!({"eventData": {"eventName": "PutObject"}}), "event: is a record of a CloudTrail Lake channel"),
        (json!({"class_uid": 6003, "api": {"operation": "PutObject"}}), "event: is an event of Security Lake"),
        (json!({"QueryResultRows": [[]]}), "event: holds rows of a query in CloudTrail Lake"),
        (json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}), "eventName: is missing"),
    ] {
        let error = Event::read(&document).unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidInput);
        assert!(error.to_string().starts_with(expected), "{document}: {error}");
    }
}

#[test]
fn what_may_be_an_image_is_decided_by_extension_unless_everything_is_judged() {
    for (key, likely) in [("a.png", true), ("a.unknown", true), ("a", true), ("a.csv", false), ("a.zip", false)] {
        let record = put_object_with("/requestParameters/key", json!(key));
        let event = Event::read(&record).unwrap();
        assert_eq!(event.may_be_image_upload(UploadsToJudge::LikelyImages), likely, "{key}");
        assert!(event.may_be_image_upload(UploadsToJudge::All), "{key}");
    }
}

#[test]
fn object_created_is_an_upload_with_its_version() {
    let versioned = object_created();
    let event = Event::read(&versioned).unwrap();
    assert!(event.may_be_image_upload(UploadsToJudge::LikelyImages));
    assert_eq!(event.name, "PutObject");
    assert_eq!(event.version.as_deref(), Some("v1"));
    assert_eq!(event.actor.as_deref(), Some("111122223333"));
    assert_eq!(event.record(), None);

    let mut unversioned = object_created();
    unversioned["detail"]["object"].as_object_mut().unwrap().remove("version-id");
    let event = Event::read(&unversioned).unwrap();
    assert_eq!(event.version, None);
    assert!(event.is_object_write);
}

#[test]
fn fields_that_are_null_or_of_another_type_count_as_absent() {
    let record = json!({
        "eventName": "PutObject", "eventTime": 5, "userIdentity": "Alice", "sourceIPAddress": null,
        "requestParameters": [], "responseElements": "none", "resources": null, "eventID": {}, "errorCode": null,
        "recipientAccountId": 111_122_223_333_u64, "a field of next year": [1, {"x": null}],
    });
    let event = Event::read(&record).unwrap();
    assert_eq!(event.actor, None);
    assert_eq!(event.id, None);
    assert_eq!(event.source_ip, None);
    assert_eq!(event.time.as_deref(), Some("5"));
    assert_eq!(event.account.as_deref(), Some("111122223333"));
}

#[test]
fn what_is_no_event_is_refused_by_the_field_that_is_wrong() {
    let without = |mut event: Value, pointer: &str, field: &str| {
        event.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(field);
        event
    };
    let api_call = || enveloped("AWS API Call via CloudTrail", "aws.s3", &put_object());
    let cases = [
        (json!(null), "event"),
        (json!(true), "event"),
        (json!(7), "event"),
        (json!("{\"eventName\": \"PutObject\"}"), "event"),
        (json!([put_object()]), "event"),
        (json!({"Records": [put_object()]}), "event"),
        (json!({}), "eventName"),
        (without(put_object(), "", "eventName"), "eventName"),
        (put_object_with("/eventName", json!(17)), "eventName"),
        (put_object_with("/eventName", json!("  ")), "eventName"),
        (without(api_call(), "/detail", "eventName"), "detail.eventName"),
        (without(api_call(), "", "detail-type"), "detail-type"),
        (without(api_call(), "", "detail"), "detail"),
        (enveloped("AWS API Call via CloudTrail", "aws.s3", &json!("{}")), "detail"),
        (enveloped("AWS API Call via CloudTrail", "aws.s3", &Value::Null), "detail"),
        (enveloped("EC2 Instance State-change Notification", "aws.ec2", &json!({})), "detail-type"),
        (enveloped("Object Deleted", "aws.s3", &json!({})), "detail-type"),
        (enveloped("Object Created", "example.app", &json!({})), "source"),
        (without(object_created(), "/detail", "bucket"), "detail.bucket.name"),
        (without(object_created(), "/detail/object", "key"), "detail.object.key"),
    ];
    for (value, expected) in cases {
        let error = Event::read(&value).unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidInput);
        let Error::InvalidInput { field, .. } = error else { unreachable!() };
        assert_eq!(field, expected, "{value}");
    }
}

#[test]
fn debug_output_holds_no_key_and_no_actor() {
    let record = put_object();
    let shown = format!("{:?}", Event::read(&record).unwrap());
    assert!(!shown.contains("scan.jpg") && !shown.contains("camera-17"), "{shown}");
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Any JSON value, with the names that are read more often than others.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            Just(json!("AWS API Call via CloudTrail")),
            Just(json!("Object Created")),
            Just(json!("aws.s3")),
            Just(json!("PutObject")),
        ];
        leaf.prop_recursive(5, 48, 8, |inner| {
            let name = prop_oneof![
                Just("detail-type".to_owned()),
                Just("detail".to_owned()),
                Just("source".to_owned()),
                Just("eventName".to_owned()),
                Just("userIdentity".to_owned()),
                Just("requestParameters".to_owned()),
                Just("responseElements".to_owned()),
                Just("bucket".to_owned()),
                Just("object".to_owned()),
                Just("key".to_owned()),
                ".*",
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_is_read_or_refused(value in any_json()) {
            match Event::read(&value) {
                Ok(event) => prop_assert!(!event.is_object_write || (event.bucket.is_some() && event.key.is_some())),
                Err(error) => prop_assert_eq!(error.name(), ErrorName::InvalidInput),
            }
        }

        #[test]
        fn any_key_is_kept_and_judged_without_panic(key in "\\PC{1,40}(\\.[a-zA-Z]{0,5})?") {
            let record = put_object_with("/requestParameters/key", json!(key));
            let event = Event::read(&record).unwrap();
            prop_assert_eq!(event.key.as_deref(), Some(key.as_str()));
            prop_assert!(event.may_be_image_upload(UploadsToJudge::All));
        }
    }
}
