"""What holds for the audit's template alone."""

import json
import re
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import load
from descriptions import LONGEST_DESCRIPTION, LONGEST_PROFILE, could_be_longer, described
from iam import decision
from rendered import holds, plain, render
from resolved import Resolver
from roles import policies

AUDIT = Path(__file__).parents[1] / "audit.yaml"
TEMPLATE = plain(load(str(AUDIT)))
RESOURCES = TEMPLATE["Resources"]


class TheFunctionsVersions(unittest.TestCase):
    # Every setting at its longest. The Region and the geography stand for the stack's own too.
    LONGEST = {
        "InferenceGeography": "us-gov",
        "LogSummarizerModelId": LONGEST_PROFILE,
        "LogSummarizerBaseModelId": "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "PiiDetectorModelId": LONGEST_PROFILE,
        "PiiDetectorBaseModelId": "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "ImageAnalyzerModelId": LONGEST_PROFILE,
        "ImageAnalyzerBaseModelId": "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "LogSummarizerTokenPrices": "123.456/9876.54",
        "PiiDetectorTokenPrices": "123.456/9876.54",
        "ImageAnalyzerTokenPrices": "123.456/9876.54",
        "DailyBudget": "12345.6",
        "ReuseVerdicts": "false",
        "LedgerDown": "judge",
        "SummarizeWithModel": "false",
        "JudgeEveryUpload": "false",
        "JudgeDocuments": "tell",
        "LedgerDays": "3650",
        "OlderVersions": "judge",
        "RulesLayerArn": f"arn:aws-us-gov:lambda:us-gov-west-1:111122223333:layer:{'l' * 40}:99999",
        "ExceptionsLayerArn": f"arn:aws-us-gov:lambda:us-gov-west-1:111122223333:layer:{'l' * 40}:99999",
        "AlertLanguage": "en",
        "BedrockRegion": "ap-southeasts-1",
        "BedrockEndpointUrl": "https://bedrock-runtime-fips.us-east-1.amazonaws.com",
        "ImageTokenBudget": "1000000",
        "Thinking": "false",
        "MinimumConfidence": "0.999",
        "AllowedCategories": "A" * 43,
        "AuthorshipCounts": "false",
        "ReadBarcodes": "false",
        "PiiFloor": "off",
        "Disagreement": "undetermined",
        "Architecture": "x86_64",
        "LogLevel": "DEBUG",
    }

    def functions(self) -> Iterator[tuple[str, Any]]:
        for name, resource in RESOURCES.items():
            if resource["Type"] == "AWS::Serverless::Function":
                yield name, resource["Properties"]["VersionDescription"]

    def test_have_room_for_the_longest_settings(self) -> None:
        for name, description in self.functions():
            text = described(description, self.LONGEST)
            self.assertLessEqual(len(text), LONGEST_DESCRIPTION, (name, text))

    def test_are_measured_with_settings_that_could_not_be_longer(self) -> None:
        for name, value in self.LONGEST.items():
            parameter = TEMPLATE["Parameters"][name]
            self.assertRegex(value, parameter.get("AllowedPattern", "."), name)
            if name not in ["BedrockRegion", "RulesLayerArn", "ExceptionsLayerArn"]:
                self.assertFalse(could_be_longer(value, parameter), name)

    def test_tell_another_layer_apart(self) -> None:
        for function, layer in [("LogSummarizer", "RulesLayerArn"), ("AlertComposer", "ExceptionsLayerArn")]:
            description = dict(self.functions())[function]
            other = {**self.LONGEST, layer: self.LONGEST[layer].replace(":99999", ":99998")}
            self.assertNotEqual(described(description, self.LONGEST), described(description, other))


class TheModels(unittest.TestCase):
    # Whether a model reads images.
    MODELS = {
        "anthropic.claude-haiku-5-5": True,
        "amazon.nova-lite-v1:0": True,
        "amazon.nova-pro-v1:0": True,
        "amazon.nova-micro-v1:0": False,
    }

    def test_that_are_given_images_read_them(self) -> None:
        for name, is_given_images in [("LogSummarizerModelId", False), ("PiiDetectorModelId", True), ("ImageAnalyzerModelId", True)]:
            pattern = TEMPLATE["Parameters"][name]["AllowedPattern"]
            for model, reads_images in self.MODELS.items():
                taken = re.search(pattern, model) is not None
                self.assertEqual(taken, reads_images or not is_given_images, (name, model))


class TheStateMachinesRole(unittest.TestCase):
    MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:security-audit"

    def trusts(self, source: str) -> str:
        text = json.dumps(RESOURCES["StateMachineRole"]["Properties"]["AssumeRolePolicyDocument"])
        for name, value in [
            ("AWS::Partition", "aws"),
            ("AWS::Region", "us-east-1"),
            ("AWS::AccountId", "111122223333"),
            ("StateMachineName", "security-audit"),
        ]:
            text = text.replace("${" + name + "}", value).replace(json.dumps({"Ref": name}), json.dumps(value))
        policy = json.loads(re.sub(r'\{"Fn::Sub": ("[^"]*")\}', r"\1", text))
        request = {"principal": "states.amazonaws.com", "action": "sts:AssumeRole", "resource": ""}
        return decision(policy, request, {"aws:SourceAccount": "111122223333", "aws:SourceArn": source})

    def test_is_taken_for_the_machine_its_versions_and_its_aliases_alone(self) -> None:
        for source, expected in [
            (self.MACHINE, "Allow"),
            (f"{self.MACHINE}:7", "Allow"),
            (f"{self.MACHINE}:live", "Allow"),
            (f"{self.MACHINE}-2", "None"),
            (f"{self.MACHINE}-2:live", "None"),
            (self.MACHINE.replace("1111", "4444"), "None"),
        ]:
            self.assertEqual(self.trusts(source), expected, source)


class TheUploads(unittest.TestCase):
    def names(self, value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for key, item in value.items():
                if key == "eventName":
                    yield from item
                else:
                    yield from self.names(item)
        elif isinstance(value, list):
            for item in value:
                yield from self.names(item)

    def test_are_recorded_by_the_events_that_rules_listen_to(self) -> None:
        (selector,) = [
            {each["Field"]: each for each in branch["Fn::If"][1]["FieldSelectors"]}
            for branch in RESOURCES["Trail"]["Properties"]["AdvancedEventSelectors"]
            if "Fn::If" in branch and branch["Fn::If"][0] == "UploadsFromCloudTrail"
        ]
        recorded = selector["eventName"]["Equals"]
        # Each part of a large upload would be recorded, and billed, as an event of its own.
        self.assertNotIn("UploadPart", recorded)
        listened = set()
        for resource in RESOURCES.values():
            pattern = resource.get("Properties", {}).get("EventPattern", {})
            if resource["Type"] == "AWS::Events::Rule" and {"Ref": "UploadBucket"} in self.references(pattern):
                listened |= set(self.names(pattern))
        self.assertLessEqual(listened, set(recorded))
        self.assertIn("PutObject", listened)

    def references(self, value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [value] if "Ref" in value else [each for item in value.values() for each in self.references(item)]
        if isinstance(value, list):
            return [each for item in value for each in self.references(item)]
        return []

    def test_are_reported_by_s3_only_where_somebody_listens(self) -> None:
        # S3 bills what it reports to EventBridge.
        notification = RESOURCES["UploadBucket"]["Properties"]["NotificationConfiguration"]
        self.assertEqual((notification["Fn::If"][0], notification["Fn::If"][2]), ("ReportsByS3", {"Ref": "AWS::NoValue"}))


class TheUploadBucketsPolicy(unittest.TestCase):
    """What the parameters add to it, asked of each caller."""

    READER = "arn:aws:iam::111122223333:role/reader"

    def policy(self, **chosen: str) -> dict[str, Any]:
        template = render(AUDIT, **chosen)
        document: dict[str, Any] = Resolver(template, **chosen)(template["Resources"]["UploadBucketPolicy"]["Properties"]["PolicyDocument"])
        return document

    def test_denies_nothing_over_tls_unless_it_is_told_to(self) -> None:
        policy = self.policy()
        for action in ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObjectTagging"]:
            self.assertFalse(self.denied(policy, action, self.READER, {}), action)

    def test_keeps_others_off_the_verdicts_tag(self) -> None:
        policy = self.policy(ProtectVerdictTag="true")
        telling = {"s3:RequestObjectTagKeys": "warden:verdict"}
        told = {"s3:ExistingObjectTag/warden:verdict": "pii"}
        for action, caller, context, denied in [
            ("s3:PutObjectTagging", self.READER, telling, True),
            ("s3:PutObject", self.READER, telling, True),
            ("s3:PutObjectTagging", self.READER, {"s3:RequestObjectTagKeys": "team"}, False),
            ("s3:PutObject", self.READER, {}, False),
            ("s3:PutObjectTagging", self.READER, {**told, "s3:RequestObjectTagKeys": "team"}, True),
            ("s3:DeleteObjectVersionTagging", self.READER, told, True),
            ("s3:DeleteObjectTagging", self.READER, {}, False),
            ("s3:PutObjectVersionTagging", "StateMachineRole", {**telling, **told}, False),
        ]:
            self.assertEqual(self.denied(policy, action, caller, context), denied, (action, caller, context))

    def test_lets_what_is_judged_clean_be_read_and_nothing_else(self) -> None:
        chosen = {"OnPersonalData": "tag", "ProtectVerdictTag": "true", "ReadableOnlyWhenClean": "true"}
        exempt = {"ExemptReaderArns": f"{self.READER}s/*,arn:aws:iam::111122223333:user/Alice"}
        for verdict, readable in [("clean", True), ("not_image", True), ("pii", False), ("undetermined", False), (None, False)]:
            context = {"s3:ExistingObjectTag/warden:verdict": verdict} if verdict else {}
            for action in ["s3:GetObject", "s3:GetObjectVersion"]:
                policy = self.policy(**chosen)
                self.assertEqual(self.denied(policy, action, self.READER, context), not readable, (verdict, action))
                for role in ["PiiDetectorRole", "ImageAnalyzerRole", "StateMachineRole"]:
                    self.assertFalse(self.denied(policy, action, role, context), (role, verdict))
                policy = self.policy(**chosen, **exempt)
                for reader in [f"{self.READER}s/one", "arn:aws:iam::111122223333:user/Alice"]:
                    self.assertFalse(self.denied(policy, action, reader, context), reader)
                self.assertEqual(self.denied(policy, action, self.READER, context), not readable, (verdict, action))

    def denied(self, policy: dict[str, Any], action: str, caller: str, context: dict[str, str]) -> bool:
        caller = caller if caller.startswith("arn:") else f"arn:aws:iam::111122223333:role/{caller}"
        request = {"principal": caller, "action": action, "resource": "arn:aws:s3:::uploadbucket/a.png"}
        return decision(policy, request, {"aws:PrincipalArn": caller, "aws:SecureTransport": "true", **context}) == "Deny"


class TheKeysOfUploads(unittest.TestCase):
    KEYS = "arn:aws:kms:us-east-1:111122223333:key/one,arn:aws:kms:us-east-1:111122223333:key/two"

    def test_are_used_by_who_reads_uploads_through_s3_alone(self) -> None:
        for chosen, allowed in [({}, False), ({"SourceKeyArns": self.KEYS}, True)]:
            template = render(AUDIT, **chosen)
            resolve = Resolver(template, **chosen)
            for role in ["PiiDetectorRole", "ImageAnalyzerRole"]:
                policy = policies(template, role, resolve)
                for key in self.KEYS.split(","):
                    request = {"action": "kms:Decrypt", "resource": key}
                    through_s3 = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
                    self.assertEqual(decision(policy, request, through_s3) == "Allow", allowed, (role, key))
                    self.assertNotEqual(decision(policy, request, {}), "Allow", (role, key))
            for role in ["LogSummarizerRole", "AlertComposerRole"]:
                self.assertNotIn("kms:Decrypt", json.dumps(policies(template, role, resolve)))


class TheQuarantine(unittest.TestCase):
    def test_is_locked_for_as_long_as_it_is_kept_and_no_longer(self) -> None:
        for lock, mode in [("governance", "GOVERNANCE"), ("compliance", "COMPLIANCE")]:
            chosen = {"OnPersonalData": "quarantine", "QuarantineLock": lock, "QuarantineDays": "30"}
            template = render(AUDIT, **chosen)
            bucket = Resolver(template, **chosen)(template["Resources"]["QuarantineBucket"]["Properties"])
            (rule,) = bucket["LifecycleConfiguration"]["Rules"]
            retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
            self.assertEqual(retention, {"Mode": mode, "Days": rule["ExpirationInDays"]})
        chosen = {"OnPersonalData": "quarantine"}
        template = render(AUDIT, **chosen)
        self.assertNotIn("ObjectLockConfiguration", Resolver(template, **chosen)(template["Resources"]["QuarantineBucket"]["Properties"]))


class TheMailOfAlerts(unittest.TestCase):
    def pattern(self, subscription: str, least: str) -> dict[str, Any]:
        """What the filter asks of each attribute."""
        chosen = {"AlertEmailLevel": least}

        def resolved(value: Any) -> Any:
            match value:
                case {"Fn::If": [condition, when, otherwise]}:
                    held = holds(TEMPLATE["Conditions"][condition], TEMPLATE["Conditions"], chosen, {})
                    return resolved(when if held else otherwise)
                case {"Ref": "AWS::NoValue"}:
                    return None
                case dict():
                    return {key: resolved(item) for key, item in value.items()}
                case list():
                    return [item for item in map(resolved, value) if item is not None]
            return value

        policy = resolved(RESOURCES[subscription]["Properties"]["FilterPolicy"])
        return {name: asked for name, asked in policy.items() if asked is not None}

    def test_is_sent_from_a_level_on_and_for_alerts_without_one(self) -> None:
        self.assertEqual(TEMPLATE["Parameters"]["AlertEmailLevel"]["Default"], "medium")
        without = {"exists": False}
        for least, levels in [("low", None), ("medium", [without, "high", "medium"]), ("high", [without, "high"])]:
            expected = {"silenced": [without, "false"]} | ({"threat_level": levels} if levels else {})
            for subscription in ["AlertEmailSubscription", "ChatSubscription"]:
                self.assertEqual(self.pattern(subscription, least), expected, least)


if __name__ == "__main__":
    unittest.main()
