"""What CloudFormation hands to AWS's APIs is what they take, and each way of missing that is noticed."""

import copy
import json
import re
import unittest
from pathlib import Path

from limits import limit_problems, longest_stack_name
from rendered import render
from shapes import mismatches, operation

ROOT = Path(__file__).parents[2]
CHOSEN = {"audit.yaml": {}, "private-api.yaml": {}, "streaming.yaml": {"SageMakerEndpointName": "chat"}}
TEMPLATES = {name: render(ROOT / "infra" / name, **chosen) for name, chosen in CHOSEN.items()}
DEPLOY = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
WORKFLOWS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / ".github/workflows").glob("*.yml"))]


# Everything that defaults leave out, and lists at their longest.
WITH_EVERYTHING = {
    "audit.yaml": {
        "UploadSource": "s3-events",
        "WatchReads": "true",
        "AlertEmail": "security@example.com",
        "OperationsEmail": "operators@example.com",
        "RulesLayerArn": "arn:aws:lambda:us-east-1:111122223333:layer:rules:1",
        "PiiDetectorConcurrency": "5",
        "FurtherEventSources": ",".join(["service-of-theirs.amazonaws.com"] * 10),
        "FurtherEventNames": ",".join(["CreateSomethingOfTheirs"] * 35),
    },
    "private-api.yaml": {
        "SecondModelId": "anthropic.claude-opus-5-5",
        "GuardrailId": "abcdefgh1234",
        "GuardrailVersion": "1",
        "OperationsEmail": "operators@example.com",
        "SystemName": "system",
        "StreamConcurrency": "5",
    },
    "streaming.yaml": {
        "SageMakerEndpointName": "chat",
        "AlternativeModelId": "anthropic.claude-opus-5-5",
        "Access": "ip-set",
        "AllowedCidrs": "192.0.2.0/24",
        "OperationsEmail": "operators@example.com",
    },
}


class TheTemplates(unittest.TestCase):
    def test_hold_nothing_that_aws_would_refuse(self) -> None:
        for name, template in TEMPLATES.items():
            with self.subTest(template=name):
                self.assertEqual(list(limit_problems(template, **CHOSEN[name])), [])

    def test_hold_nothing_that_aws_would_refuse_with_all_that_they_can_make(self) -> None:
        for name, chosen in WITH_EVERYTHING.items():
            with self.subTest(template=name):
                template = render(ROOT / "infra" / name, **chosen)
                self.assertLessEqual(chosen.keys(), template["Parameters"].keys())
                self.assertEqual(list(limit_problems(template, **chosen)), [])

    def test_have_room_for_stack_names_as_long_as_the_documentation_says(self) -> None:
        (documented,) = re.findall(r"stack's name has at most (\d+) characters", DEPLOY)
        self.assertEqual(int(documented), min(longest_stack_name(TEMPLATES[name]) for name in ["audit.yaml", "streaming.yaml"]))


class TheWorkflows(unittest.TestCase):
    def test_take_roles_under_names_that_sts_takes(self) -> None:
        names = [name for text in WORKFLOWS for name in re.findall(r"role-session-name: (.*)", text)]
        self.assertTrue(names)
        shape = operation("sts", "AssumeRoleWithWebIdentity").input_shape.members["RoleSessionName"]
        for name in names:
            # A run's id has 11 digits in 2026.
            self.assertEqual(list(mismatches(shape, re.sub(r"\$\{\{ github.run_id }}", "9" * 20, name), name)), [])
        self.assertEqual(len(list(mismatches(shape, "deploy a stack", "name"))), 1)


class ACarelessChange(unittest.TestCase):
    def setUp(self) -> None:
        self.template = copy.deepcopy(TEMPLATES["audit.yaml"])
        self.resources = self.template["Resources"]

    def assert_noticed(self, expected: str) -> None:
        problems = list(limit_problems(self.template))
        self.assertTrue(any(expected in problem for problem in problems), problems)

    def test_that_describes_at_too_great_length_is_noticed(self) -> None:
        for kind, longest in [("AWS::Lambda::Version", 256), ("AWS::Events::Rule", 512), ("AWS::IAM::Role", 1000)]:
            name = next(name for name, each in self.resources.items() if each["Type"] == kind)
            self.resources[name]["Properties"]["Description"] = "d" * (longest + 1)
            self.assert_noticed(f"{name}.Description has {longest + 1} of at most {longest} characters")

    def test_that_hides_behind_a_reference_is_noticed(self) -> None:
        self.template["Parameters"]["Text"] = {"Type": "String", "Default": "t" * 300}
        self.resources["PiiDetector"]["Properties"]["Description"] = {"Fn::Sub": "Of ${Text}"}
        self.assert_noticed("PiiDetector.Description has 303 of at most 256 characters")

    def test_that_names_what_is_not_in_a_list_is_noticed(self) -> None:
        alarm = self.resources["UndeterminedAlarm"]["Properties"]
        alarm["TreatMissingData"] = "ok"
        alarm["ComparisonOperator"] = "GreaterThan"
        self.assert_noticed("UndeterminedAlarm.ComparisonOperator is 'GreaterThan', none of GreaterThanOrEqualToThreshold,")

    def test_that_goes_beyond_bounds_is_noticed(self) -> None:
        self.resources["PiiDetector"]["Properties"]["MemorySize"] = 64
        self.resources["ReplayRule"]["Properties"]["Targets"][0]["RetryPolicy"]["MaximumRetryAttempts"] = 186
        self.assert_noticed("PiiDetector.MemorySize is 64, less than 128")
        self.assert_noticed("ReplayRule.Targets[0].RetryPolicy.MaximumRetryAttempts is 186, more than 185")

    def test_that_writes_a_name_which_aws_does_not_take_is_noticed(self) -> None:
        self.resources["PiiDetector"]["Properties"]["FunctionName"] = "pii detector"
        self.resources["PiiDetectorLogGroup"]["Properties"]["LogGroupName"] = "pii:detector"
        self.assert_noticed("PiiDetector.FunctionName is 'pii detector', which does not match")
        self.assert_noticed("PiiDetectorLogGroup.LogGroupName is 'pii:detector', which does not match")

    def test_that_writes_more_than_the_services_take_is_noticed(self) -> None:
        self.resources["ReplayRule"]["Properties"]["EventPattern"] = {"source": ["s" * 2048]}
        self.resources["PiiDetector"]["Properties"]["Environment"]["Variables"]["LONG"] = "l" * 4096
        (policy,) = self.resources["StateMachineRole"]["Properties"]["Policies"]
        policy["PolicyDocument"]["Statement"] *= 20
        self.assert_noticed("ReplayRule.EventPattern has 2063 of at most 2048 characters")
        self.assert_noticed("PiiDetector: its environment has")
        self.assert_noticed("StateMachineRole: its policies have")

    def test_to_a_longer_name_of_a_function_leaves_less_room_for_the_stacks(self) -> None:
        self.resources["PiiDetector"]["Properties"]["FunctionName"] = {"Fn::Sub": "${AWS::StackName}-" + "n" * 23}
        self.assertEqual(longest_stack_name(self.template), 40)

    def test_to_the_trails_events_is_held_against_its_own_call(self) -> None:
        text = json.dumps(self.resources["Trail"]).replace('"Field"', '"Name"')
        self.resources["Trail"] = json.loads(text)
        selectors = self.resources["Trail"]["Properties"]["AdvancedEventSelectors"]
        selectors[0]["FieldSelectors"][0]["Equals"] = []
        self.assert_noticed("Trail.AdvancedEventSelectors[0].FieldSelectors[0].Equals has 0 of at least 1")


if __name__ == "__main__":
    unittest.main()
