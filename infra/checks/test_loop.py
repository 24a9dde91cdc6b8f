"""What the audit itself does starts no audit: the trail does not record it, or no rule listens to it."""

import unittest
from pathlib import Path
from typing import Any

from patterns import fits, records, rules
from rendered import render
from resolved import ACCOUNT, REGION, Resolver

AUDIT = Path(__file__).parents[1] / "audit.yaml"
# What decides about rules, selectors and what is done.
CHOICES = [
    {},
    {"UploadSource": "s3-events"},
    {"WatchReads": "true"},
    {"OnPersonalData": "quarantine", "OnUndetermined": "tag"},
    {"OnPersonalData": "quarantine", "UploadSource": "s3-events", "WatchReads": "true"},
]
UPLOADS, QUARANTINE = "uploadbucket", "quarantinebucket"
MACHINE, DETECTOR, RULES, COMPOSER = "StateMachineRole", "PiiDetectorRole", "StartExecutionRole", "AlertComposerRole"


def by_role(role: str) -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    return {"type": "AssumedRole", "accountId": ACCOUNT, "arn": f"{arn}/x", "sessionContext": {"sessionIssuer": {"arn": arn}}}


def record(source: str, name: str, who: dict[str, Any], read_only: bool, category: str, **more: Any) -> dict[str, Any]:
    return {
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "userIdentity": who,
        "readOnly": read_only,
        "eventCategory": category,
        **more,
    }


def on_object(name: str, role: str, bucket: str, read_only: bool = False, **parameters: str) -> dict[str, Any]:
    resources = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{each}/a.png"} for each in {bucket, UPLOADS}]
    requested = {"bucketName": bucket, "key": "a.png", **parameters}
    return record("s3", name, by_role(role), read_only, "Data", requestParameters=requested, resources=resources)


def management(source: str, name: str, role: str, read_only: bool) -> dict[str, Any]:
    return record(source, name, by_role(role), read_only, "Management")


READS = [
    on_object("GetObject", DETECTOR, UPLOADS, read_only=True),
    on_object("GetObjectTagging", DETECTOR, UPLOADS, read_only=True),
    on_object("HeadObject", MACHINE, QUARANTINE, read_only=True),
]
TAGS = [on_object("PutObjectTagging", MACHINE, UPLOADS, versionId="v1")]
COPIES = [on_object("CopyObject", MACHINE, QUARANTINE)]
DELETES = [
    on_object("DeleteObject", MACHINE, UPLOADS, versionId="v1"),
    on_object("DeleteObject", MACHINE, UPLOADS),
]
ELSEWHERE = [
    management("kms", "GenerateDataKey", MACHINE, read_only=True),
    management("kms", "Decrypt", MACHINE, read_only=True),
    management("bedrock", "InvokeModel", DETECTOR, read_only=True),
    management("states", "StartExecution", RULES, read_only=False),
    management("logs", "CreateLogStream", COMPOSER, read_only=False),
    management("logs", "CreateLogDelivery", MACHINE, read_only=False),
    record("dynamodb", "PutItem", by_role(MACHINE), False, "Data", resources=[{"type": "AWS::DynamoDB::Table"}]),
    record("sns", "Publish", by_role(MACHINE), False, "Data", resources=[{"type": "AWS::SNS::Topic"}]),
    record("lambda", "Invoke", by_role(MACHINE), False, "Data", resources=[{"type": "AWS::Lambda::Function"}]),
]
OWN = [*READS, *TAGS, *COPIES, *DELETES, *ELSEWHERE]


class Stack:
    def __init__(self, **chosen: str) -> None:
        template = render(AUDIT, **chosen)
        resolve = Resolver(template, **chosen)
        self.rules = {name: resolve(pattern) for name, pattern in rules(template)}
        self.selectors = resolve(template["Resources"]["Trail"]["Properties"]["AdvancedEventSelectors"])

    def started(self, event: dict[str, Any]) -> list[str]:
        return [name for name, pattern in self.rules.items() if fits(pattern, event)]

    def started_by_call(self, call: dict[str, Any]) -> list[str]:
        source = f"aws.{call['eventSource'].partition('.')[0]}"
        return self.started({"source": source, "detail-type": "AWS API Call via CloudTrail", "region": REGION, "detail": call})

    def started_by_s3(self, kind: str, bucket: str) -> list[str]:
        detail = {"bucket": {"name": bucket}, "object": {"key": "a.png"}}
        return self.started({"source": "aws.s3", "detail-type": kind, "detail": detail})


STACKS = [(chosen, Stack(**chosen)) for chosen in CHOICES]


class NoLoop(unittest.TestCase):
    def test_the_trail_records_no_read_and_no_tag_of_the_audit(self) -> None:
        for chosen, stack in STACKS:
            for call in [*READS, *TAGS]:
                self.assertFalse(records(stack.selectors, call), (chosen, call["eventName"]))

    def test_whatever_a_trail_records_no_rule_listens_to_what_the_audit_does(self) -> None:
        # A trail of the account's own may record everything.
        for chosen, stack in STACKS:
            for call in OWN:
                self.assertEqual(stack.started_by_call(call), [], (chosen, call["eventName"]))

    def test_a_copy_of_the_audits_into_the_upload_bucket_would_start_nothing(self) -> None:
        copy = on_object("CopyObject", MACHINE, UPLOADS)
        _, stack = STACKS[0]
        self.assertTrue(records(stack.selectors, copy))
        self.assertEqual(stack.started_by_call(copy), [])

    def test_what_s3_reports_of_copies_tags_and_deletions_starts_nothing(self) -> None:
        for chosen, stack in STACKS:
            self.assertEqual(stack.started_by_s3("Object Created", QUARANTINE), [], chosen)
            for kind in ["Object Deleted", "Object Tags Added", "Object Tags Deleted", "Object ACL Updated"]:
                self.assertEqual(stack.started_by_s3(kind, UPLOADS), [], (chosen, kind))


    def test_a_deletion_has_older_versions_reported_and_starts_no_audit_itself(self) -> None:
        template = render(AUDIT, OlderVersions="judge")
        stack = Stack(OlderVersions="judge")
        detail = {"bucket": {"name": UPLOADS}, "object": {"key": "a.png"}, "deletion-type": "Permanently Deleted"}
        self.assertEqual(stack.started({"source": "aws.s3", "detail-type": "Object Deleted", "detail": detail}), ["OlderVersionsRule"])
        (target,) = template["Resources"]["OlderVersionsRule"]["Properties"]["Targets"]
        self.assertEqual(target["Arn"], {"Ref": "OlderVersionsReporterAliaslive"})
        # A deletion that the function fails on is kept where those are that do not reach it.
        failed = template["Resources"]["OlderVersionsReporter"]["Properties"]["DeadLetterConfig"]["TargetArn"]
        self.assertEqual(failed, target["DeadLetterConfig"]["Arn"])
        # What leaves a delete marker brings nothing back.
        marked = {**detail, "deletion-type": "Delete Marker Created"}
        self.assertEqual(stack.started({"source": "aws.s3", "detail-type": "Object Deleted", "detail": marked}), [])


class TheSameByOthers(unittest.TestCase):
    """So that the tests above could fail."""

    def test_starts_an_audit_where_it_is_an_upload_or_a_deletion_by_a_user(self) -> None:
        _, stack = STACKS[0]
        user = {"type": "IAMUser", "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:user/Alice"}
        for call, rule in [
            (on_object("CopyObject", "uploader", UPLOADS), "UploadRule"),
            ({**on_object("PutObject", MACHINE, UPLOADS), "userIdentity": user}, "UploadRule"),
            ({**DELETES[0], "userIdentity": user}, "ObjectRule"),
            (management("logs", "DeleteLogStream", COMPOSER, read_only=False), "AlarmRule"),
        ]:
            self.assertTrue(records(stack.selectors, call), call["eventName"])
            self.assertEqual(stack.started_by_call(call), [rule], call["eventName"])
        _, by_s3 = STACKS[1]
        self.assertEqual(by_s3.started_by_s3("Object Created", UPLOADS), ["ObjectCreatedRule"])


if __name__ == "__main__":
    unittest.main()
