"""Each role allows what it is asked for and nothing more, and each way of missing that is noticed."""

import copy
import json
import unittest
from pathlib import Path
from typing import Any

from rendered import render
from roles import machine_problems, model_problems, needs, rule_problems

ROOT = Path(__file__).parents[2]
AUDIT = render(ROOT / "infra/audit.yaml")
PRIVATE_API = render(ROOT / "infra/private-api.yaml")
STREAMING = render(ROOT / "infra/streaming.yaml", SageMakerEndpointName="chat")
NOW, BEFORE = (json.loads((ROOT / "statemachine" / name).read_text(encoding="utf-8"))["States"] for name in ("security-audit.asl.json", "cases/previous/security-audit.asl.json"))
# Between `sam deploy` and `warden deploy apply` the definition before this one runs.
DEFINITION = json.dumps({"States": {name: state for name, state in BEFORE.items() if state["Type"] == "Task"} | NOW})
BACKFILL = (ROOT / "statemachine/backfill.asl.json").read_text(encoding="utf-8")

UPLOADS = "arn:aws:s3:::uploadbucket/some/key.png"


class TheTemplates(unittest.TestCase):
    def test_let_the_state_machine_do_what_its_definition_asks_for_and_nothing_more(self) -> None:
        self.assertEqual(list(machine_problems(lambda **chosen: render(ROOT / "infra/audit.yaml", **chosen), DEFINITION)), [])

    def backfill_problems(self, template: Any) -> list[str]:
        return list(machine_problems(lambda **_: template, BACKFILL, "BackfillMachineRole", needed_with={}, machine_name="BackfillMachineName"))

    def test_let_the_state_machine_of_backfills_do_what_its_definition_asks_for_and_nothing_more(self) -> None:
        self.assertEqual(self.backfill_problems(AUDIT), [])
        # Each right of its role is one that it would miss.
        (policy,) = AUDIT["Resources"]["BackfillMachineRole"]["Properties"]["Policies"]
        for at, statement in enumerate(policy["PolicyDocument"]["Statement"]):
            if statement["Sid"] in ("DeliverLogs", "Trace"):
                continue
            template = copy.deepcopy(AUDIT)
            del template["Resources"]["BackfillMachineRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][at]
            self.assertNotEqual(self.backfill_problems(template), [], statement["Sid"])

    def test_let_sweeps_start_the_alias_alone(self) -> None:
        chosen = {"SweepSchedule": "rate(7 days)", "AlsoAudit": "arn:aws:s3:::photos"}
        self.assertEqual(list(rule_problems(render(ROOT / "infra/audit.yaml", **chosen), **chosen)), [])

    def test_let_each_function_ask_its_model_through_its_profile_alone(self) -> None:
        for template in [AUDIT, PRIVATE_API, STREAMING]:
            self.assertEqual(list(model_problems(template)), [])
        second = {"SecondModelId": "anthropic.claude-opus-5-5", "InferenceGeography": "global"}
        self.assertEqual(list(model_problems(render(ROOT / "infra/private-api.yaml", **second), **second)), [])
        elsewhere = {"BedrockRegion": "eu-central-1", "InferenceGeography": "eu"}
        self.assertEqual(list(model_problems(AUDIT, **elsewhere)), [])

    def test_let_functions_ask_through_application_inference_profiles(self) -> None:
        profiles = {}
        for at, function in enumerate(["LogSummarizer", "PiiDetector", "ImageAnalyzer"]):
            profiles[f"{function}ModelId"] = f"arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/{'abc'[at] * 12}"
            profiles[f"{function}BaseModelId"] = ["amazon.nova-lite-v1:0", "anthropic.claude-haiku-5-5", "global.anthropic.claude-sonnet-5"][at]
        self.assertEqual(list(model_problems(render(ROOT / "infra/audit.yaml", **profiles), **profiles)), [])
        for template, second in [("private-api", "Second"), ("streaming", "Alternative")]:
            own = {"ModelId": profiles["LogSummarizerModelId"], "BaseModelId": "amazon.nova-lite-v1:0"}
            further = {f"{second}ModelId": profiles["PiiDetectorModelId"], f"{second}BaseModelId": "global.anthropic.claude-sonnet-5"}
            for chosen in [own, further, own | further, own | {f"{second}ModelId": "anthropic.claude-opus-5-5"}]:
                with self.subTest(template=template, chosen=chosen):
                    self.assertEqual(list(model_problems(render(ROOT / f"infra/{template}.yaml", **chosen), **chosen)), [])

    def test_let_the_rules_start_the_alias_alone(self) -> None:
        self.assertEqual(list(rule_problems(AUDIT)), [])


class AChange(unittest.TestCase):
    def setUp(self) -> None:
        self.template = copy.deepcopy(AUDIT)
        self.resources = self.template["Resources"]
        self.definition = json.loads(DEFINITION)
        # What no default reaches.
        for name in ("Quarantine", "Check copy", "Tag"):
            del self.definition["States"][name]

    def statements(self, role: str) -> dict[str, Any]:
        (policy,) = self.template["Resources"][role]["Properties"]["Policies"]
        statements = [each.get("Fn::If", [None, each])[1] for each in policy["PolicyDocument"]["Statement"]]
        return {each["Sid"]: each for each in statements}

    def problems(self, **needed_with: list[dict[str, str]]) -> list[str]:
        problems = machine_problems(lambda **_: self.template, json.dumps(self.definition), needed_with=needed_with)
        # The last sentence says what to do.
        return [problem.partition(". If a parameter")[0] for problem in problems]

    def test_that_takes_an_action_from_the_state_machine_is_noticed(self) -> None:
        self.statements("StateMachineRole")["DeleteUploads"]["Action"].remove("s3:DeleteObjectVersion")
        self.assertEqual(
            self.problems(),
            [f"StateMachineRole does not allow s3:DeleteObjectVersion on {UPLOADS}, which the state 'Delete version' asks for"],
        )

    def test_that_takes_what_a_conditional_deletion_reads_is_noticed(self) -> None:
        self.statements("StateMachineRole")["DeleteUploads"]["Action"].remove("s3:GetObject")
        self.assertEqual(
            self.problems(), [f"StateMachineRole does not allow s3:GetObject on {UPLOADS}, which the state 'Delete unless changed' asks for"]
        )

    def test_that_allows_an_action_that_no_state_takes_is_noticed(self) -> None:
        self.statements("StateMachineRole")["DeleteUploads"]["Action"].append("s3:PutObject")
        self.assertEqual(self.problems(), ["StateMachineRole: DeleteUploads allows s3:PutObject, which nothing asks for"])

    def test_that_allows_a_resource_that_no_state_names_is_noticed(self) -> None:
        statement = self.statements("StateMachineRole")["DeleteUploads"]
        statement["Resource"] = [statement["Resource"], "arn:aws:s3:::another/*"]
        self.assertEqual(self.problems(), ["StateMachineRole: DeleteUploads allows arn:aws:s3:::another/*, which nothing asks for"])

    def test_that_allows_every_action_or_resource_is_noticed(self) -> None:
        statements = self.statements("StateMachineRole")
        statements["DeleteUploads"]["Action"].append("s3:*")
        statements["PublishPlainAlerts"]["Resource"] = "*"
        self.assertEqual(
            self.problems(),
            ["StateMachineRole: PublishPlainAlerts allows every resource", "StateMachineRole: DeleteUploads allows s3:*: name each action"],
        )

    def test_that_forgets_a_function_of_the_definition_is_noticed(self) -> None:
        self.statements("StateMachineRole")["InvokeFunctions"]["Resource"].pop()
        self.assertIn("StateMachineRole does not allow lambda:InvokeFunction on arn:aws:lambda", self.problems()[0])

    def test_that_names_a_function_which_no_state_calls_is_noticed(self) -> None:
        self.statements("StateMachineRole")["InvokeFunctions"]["Resource"].append({"Ref": "ImageAnalyzerAliaslive"})
        (problem,) = self.problems()
        self.assertIn("warden-image-analyzer:live, which nothing asks for", problem)

    def test_that_adds_a_state_without_its_right_is_noticed_wherever_it_stands(self) -> None:
        claim = {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Arguments": {"TableName": "ledger", "Item": {}},
            "End": True,
        }
        inner = {"StartAt": "Claim", "States": {"Claim": claim}}
        self.definition["States"]["All"] = {"Type": "Map", "ItemProcessor": inner, "End": True}
        self.assertEqual(
            self.problems(),
            [
                "StateMachineRole does not allow dynamodb:PutItem on arn:aws:dynamodb:us-east-1:111122223333:table/ledger, "
                "which the state 'Claim' asks for"
            ],
        )

    def test_that_leaves_to_a_parameter_what_is_done_is_held_against_each_choice(self) -> None:
        self.template["Parameters"]["Action"] = {"Type": "String", "Default": "delete"}
        self.template["Conditions"]["LetsTag"] = {"Fn::Equals": [{"Ref": "Action"}, "tag"]}
        (policy,) = self.template["Resources"]["StateMachineRole"]["Properties"]["Policies"]
        allowed = {"Sid": "TagUploads", "Effect": "Allow", "Action": "s3:PutObjectTagging", "Resource": {"Fn::Sub": "${UploadBucket.Arn}/*"}}
        policy["PolicyDocument"]["Statement"].append({"Fn::If": ["LetsTag", allowed, {"Ref": "AWS::NoValue"}]})
        tagging = {"Bucket": "{% $judged.bucket %}", "Key": "{% $judged.key %}", "Tagging": {"TagSet": []}}
        self.definition["States"]["Tag"] = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObjectTagging", "Arguments": tagging}
        self.assertEqual(self.problems(Tag=[{"Action": "tag"}]), [])
        self.assertEqual(
            self.problems(), [f"StateMachineRole does not allow s3:PutObjectTagging on {UPLOADS}, which the state 'Tag' asks for"]
        )
        del policy["PolicyDocument"]["Statement"][-1]
        self.assertEqual(
            self.problems(Tag=[{"Action": "tag"}]),
            [f"StateMachineRole does not allow s3:PutObjectTagging on {UPLOADS}, which the state 'Tag' asks for, with Action=tag"],
        )
        policy["PolicyDocument"]["Statement"].append(allowed)
        self.assertEqual(
            self.problems(Tag=[{"Action": "tag"}]), ["StateMachineRole: TagUploads allows s3:PutObjectTagging, which nothing asks for"]
        )

    def test_that_encrypts_a_bucket_without_a_right_on_its_key_is_noticed(self) -> None:
        encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["OperationsKey", "Arn"]}}}
        bucket = self.resources["UploadBucket"]["Properties"]
        bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] = [encryption]
        self.assertEqual(
            self.problems(),
            [
                "StateMachineRole does not allow kms:Decrypt on arn:aws:kms:us-east-1:111122223333:key/OperationsKey, "
                "which the state 'Delete unless changed' asks for"
            ],
        )

    def test_to_arguments_that_nobody_can_read_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "names of a task's arguments are hidden"):
            needs({"Resource": "arn:aws:states:::sns:publish", "Arguments": "{% $arguments %}"}, "uploads")

    def test_to_an_integration_that_nobody_looked_up_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "does not know what a role has to allow for aws-sdk:s3:deleteBucket"):
            needs({"Resource": "arn:aws:states:::aws-sdk:s3:deleteBucket"}, "uploads")

    def test_to_a_placeholder_that_is_no_output_is_an_error(self) -> None:
        self.definition["States"]["Complete"]["Arguments"]["TableName"] = "${Topic}"
        with self.assertRaisesRegex(ValueError, "Topic"):
            self.problems()

    def test_that_lets_a_function_ask_another_model_is_noticed(self) -> None:
        for role, sid, model in [
            ("PiiDetectorRole", "InvokeProfile", "${PiiDetectorModelId}"),
            ("LogSummarizerRole", "InvokeModelThroughProfile", "${Model}"),
        ]:
            statement = self.statements(role)[sid]
            whole = json.dumps(statement["Resource"])
            statement["Resource"] = json.loads(whole.replace(model, "another"))
            problems = list(model_problems(self.template))
            self.assertTrue(any(each.startswith(f"{role} does not allow bedrock:InvokeModel on") for each in problems), problems)
            statement["Resource"] = json.loads(whole)

    def test_that_lets_a_function_go_around_its_profile_is_noticed(self) -> None:
        del self.statements("PiiDetectorRole")["InvokeModelThroughProfile"]["Condition"]
        (problem,) = model_problems(self.template)
        self.assertRegex(problem, "^PiiDetectorRole allows bedrock:InvokeModel on .* beside the inference profile$")

    def test_that_takes_a_function_its_model_is_noticed(self) -> None:
        (policy,) = self.template["Resources"]["ImageAnalyzerRole"]["Properties"]["Policies"]
        document = policy["PolicyDocument"]
        document["Statement"] = [each for each in document["Statement"] if "Invoke" not in each.get("Sid", "")]
        self.assertEqual(list(model_problems(self.template)), ["ImageAnalyzerRole does not allow ImageAnalyzer to ask a model"])

    def test_that_lets_rules_start_any_alias_or_do_more_is_noticed(self) -> None:
        statement = self.statements("StartExecutionRole")["StartAlias"]
        del statement["Condition"]
        statement["Action"] = [statement["Action"], "states:StopExecution"]
        problems = list(rule_problems(self.template))
        self.assertTrue(any(each.endswith("by any alias") for each in problems), problems)
        self.assertIn("StartExecutionRole: StartAlias allows states:StopExecution, which nothing asks for", problems)

    def test_that_starts_what_the_rules_role_may_not_is_noticed(self) -> None:
        self.template["Resources"]["ReplayRule"]["Properties"]["Targets"][0]["Arn"]["Fn::Sub"] += "ly"
        self.assertTrue(any("by its alias lively, which ReplayRule asks for" in each for each in rule_problems(self.template)))


if __name__ == "__main__":
    unittest.main()
