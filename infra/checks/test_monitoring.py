"""The audit's template watches what it must, and each way of not watching it is noticed."""

import copy
import unittest
from pathlib import Path

from monitoring import dead_letter_queues, documented_metrics, of_type, problems
from rendered import holds, render

ROOT = Path(__file__).parents[2]
AUDIT = render(ROOT / "infra/audit.yaml")
PRIVATE_API = render(ROOT / "infra/private-api.yaml")
STREAMING = render(ROOT / "infra/streaming.yaml", SageMakerEndpointName="chat")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
DEPLOY = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")


class TheAuditsTemplate(unittest.TestCase):
    def setUp(self) -> None:
        self.template = copy.deepcopy(AUDIT)
        self.resources = self.template["Resources"]

    def assert_noticed(self, expected: str) -> None:
        self.assertIn(expected, problems(self.template, OPERATIONS))

    def test_watches_everything_that_it_must(self) -> None:
        self.assertEqual(problems(self.template, OPERATIONS), [])

    def test_watches_everything_that_a_parameter_adds(self) -> None:
        self.assertEqual(problems(render(ROOT / "infra/audit.yaml", OlderVersions="judge"), OPERATIONS), [])

    def test_has_as_many_alarms_as_are_billed(self) -> None:
        alarms = of_type(self.template, "AWS::CloudWatch::Alarm")
        self.assertIn(f"{len(alarms)} alarms at 0.10", DEPLOY)

    def test_watches_what_is_read_in_code_wherever_something_is(self) -> None:
        def watched(**chosen: str) -> bool:
            return "FloorFailedAlarm" in render(ROOT / "infra/audit.yaml", **chosen)["Resources"]

        self.assertTrue(watched(ReadBarcodes="true", PiiFloor="off"))
        self.assertTrue(watched(ReadBarcodes="false", PiiFloor="on"))
        self.assertFalse(watched(ReadBarcodes="false", PiiFloor="off"))

    def test_has_a_dead_letter_queue_and_alarms_to_be_checked(self) -> None:
        self.assertEqual(dead_letter_queues(self.template), {"DeadLetterQueue"})
        self.assertIn("UndeterminedAlarm", of_type(self.template, "AWS::CloudWatch::Alarm"))

    def test_a_dead_letter_queue_without_an_alarm_is_noticed(self) -> None:
        del self.resources["DeadLetterAlarm"]
        self.assert_noticed("dead-letter queue DeadLetterQueue has no alarm on ApproximateNumberOfMessagesVisible")

    def test_a_new_dead_letter_queue_without_an_alarm_is_noticed(self) -> None:
        self.resources["Other"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
        policy = {"deadLetterTargetArn": {"Fn::GetAtt": ["Other", "Arn"]}}
        self.resources["AlertEmailSubscription"] = {"Type": "AWS::SNS::Subscription", "Properties": {"RedrivePolicy": policy}}
        self.assert_noticed("dead-letter queue Other has no alarm on ApproximateNumberOfMessagesVisible")

    def test_an_alarm_on_another_queue_does_not_count(self) -> None:
        alarm = self.resources["DeadLetterAlarm"]["Properties"]
        alarm["Dimensions"][0]["Value"] = {"Fn::GetAtt": ["Other", "QueueName"]}
        self.assert_noticed("dead-letter queue DeadLetterQueue has no alarm on ApproximateNumberOfMessagesVisible")

    def test_a_rule_that_loses_events_is_noticed(self) -> None:
        del self.resources["ReplayRule"]["Properties"]["Targets"][0]["DeadLetterConfig"]
        self.assert_noticed("rule ReplayRule has a target without a dead-letter queue")

    def test_a_function_that_nobody_watches_is_noticed(self) -> None:
        for alarm, metric in [("PiiDetectorErrorsAlarm", "Errors"), ("PiiDetectorThrottlesAlarm", "Throttles")]:
            del self.resources[alarm]
            self.assert_noticed(f"function PiiDetector has no alarm on {metric}")

    def test_a_ledger_that_nobody_watches_is_noticed(self) -> None:
        del self.resources["LedgerThrottledAlarm"]
        self.assert_noticed("table Ledger has no alarm on WriteThrottleEvents")

    def test_executions_that_run_away_unnoticed_are_noticed(self) -> None:
        del self.resources["RunawayAlarm"]
        self.assert_noticed("executions that run away have no alarm")

    def test_an_alarm_on_a_rule_that_there_is_not_is_noticed(self) -> None:
        self.resources["EventsOfAnObject"]["Properties"]["RuleName"]["Fn::Sub"] += "-2"
        rule = "INSIGHT_RULE_METRIC('${AWS::StackName}-events-of-an-object', 'MaxContributorValue')"
        self.assert_noticed(f"alarm RunawayAlarm: {rule} is about no rule of the template")

    def test_a_rule_on_another_log_is_noticed(self) -> None:
        body = self.resources["EventsOfAnObject"]["Properties"]["RuleBody"]
        body["Fn::Sub"] = body["Fn::Sub"].replace("LogSummarizerLogGroup", "Elsewhere")
        self.assert_noticed("a rule reads Elsewhere, which is no log group of the template")

    def test_failing_executions_that_nobody_watches_are_noticed(self) -> None:
        del self.resources["ExecutionsTimedOutAlarm"]
        self.assert_noticed("the state machine has no alarm on ExecutionsTimedOut")

    def test_an_alarm_that_tells_nobody_is_noticed(self) -> None:
        self.resources["DeadLetterAlarm"]["Properties"]["AlarmActions"] = []
        self.assert_noticed("alarm DeadLetterAlarm publishes to no topic of the template")

    def test_a_topic_that_alarms_may_not_publish_to_is_noticed(self) -> None:
        del self.resources["OperationsTopicPolicy"]
        self.assert_noticed("alarm DeadLetterAlarm: no policy lets CloudWatch publish to OperationsTopic")

    def test_a_key_that_alarms_may_not_use_is_noticed(self) -> None:
        self.resources["OperationsTopic"]["Properties"]["KmsMasterKeyId"] = "alias/aws/sns"
        self.assert_noticed("alarm DeadLetterAlarm: OperationsTopic is encrypted by no key that CloudWatch may use")

    def test_an_alarm_on_a_metric_that_nobody_writes_is_noticed(self) -> None:
        self.resources["UndeterminedAlarm"]["Properties"]["MetricName"] = "Undecided"
        self.assert_noticed("alarm UndeterminedAlarm: no function writes Undecided by Function")

    def test_an_alarm_by_dimensions_that_aws_does_not_write_is_noticed(self) -> None:
        dimensions = self.resources["DeadLetterAlarm"]["Properties"]["Dimensions"]
        dimensions.append({"Name": "StackName", "Value": "a"})
        self.resources["ExecutionsTimedOutAlarm"]["Properties"]["Namespace"] = "AWS/StepFunctions"
        self.assert_noticed("alarm DeadLetterAlarm: AWS/SQS writes nothing by QueueName, StackName")
        self.assert_noticed(
            "alarm ExecutionsTimedOutAlarm: AWS/StepFunctions is not known here: add it to AWS_METRICS in infra/checks/monitoring.py"
        )

    def test_a_dashboard_of_metrics_that_nobody_writes_is_noticed(self) -> None:
        body = self.resources["Dashboard"]["Properties"]["DashboardBody"]
        body["Fn::Sub"] = body["Fn::Sub"].replace("Function,Verdict", "Function,Answer").replace("ModelRetries", "Retries")
        self.assert_noticed("Dashboard: no function writes Verdicts by Function, Answer")
        self.assert_noticed("Dashboard: no function writes Retries by Function")

    def test_an_alarm_without_an_answer_in_the_documentation_is_noticed(self) -> None:
        self.resources["DeadLetterAlarm"]["Properties"]["AlarmName"]["Fn::Sub"] = "${AWS::StackName}-letters"
        self.assert_noticed("alarm DeadLetterAlarm: docs/operations.md does not say what to do about `letters`")


class TheTemplatesBesideIt(unittest.TestCase):
    def test_watch_everything_that_they_must(self) -> None:
        for template in [PRIVATE_API, STREAMING]:
            self.assertEqual(problems(template, OPERATIONS), [])

    def test_are_noticed_when_they_do_not(self) -> None:
        for template, alarm, expected in [
            (PRIVATE_API, "ApiFailuresAlarm", "API ${SystemName}-${Environment} has no alarm on 5XXError"),
            (PRIVATE_API, "GenerateStreamErrorsAlarm", "function GenerateStream has no alarm on Errors"),
            (
                PRIVATE_API,
                "RecordsNotInBucketAlarm",
                "the records of model invocations have no alarm on ModelInvocationLogsS3DeliveryFailure",
            ),
            (STREAMING, "BedrockStreamFailuresAlarm", "function URL BedrockStreamUrl has no alarm on Url5xxCount"),
            (PRIVATE_API, "GenerateApiModelRetriesAlarm", "function GenerateApi has no alarm on ModelRetries"),
            (PRIVATE_API, "GenerateStreamAnswersCutAlarm", "function GenerateStream has no alarm on AnswersCut"),
            (STREAMING, "SageMakerStreamThrottlesAlarm", "function SageMakerStream has no alarm on Throttles"),
        ]:
            with self.subTest(alarm):
                template = copy.deepcopy(template)
                del template["Resources"][alarm]
                self.assertEqual(problems(template, OPERATIONS), [expected])

    def test_ask_for_an_alarm_on_the_stage_that_there_is(self) -> None:
        template = copy.deepcopy(PRIVATE_API)
        template["Resources"]["ApiFailuresAlarm"]["Properties"]["Dimensions"][1]["Value"] = "prod"
        self.assertEqual(problems(template, OPERATIONS), ["API ${SystemName}-${Environment} has no alarm on 5XXError"])

    def test_ask_for_records_that_are_counted_without_a_dimension(self) -> None:
        template = copy.deepcopy(PRIVATE_API)
        template["Resources"]["RecordsNotInBucketAlarm"]["Properties"]["Dimensions"] = [{"Name": "ModelId", "Value": "x"}]
        self.assertEqual(len(problems(template, OPERATIONS)), 1)

    def test_make_no_alarm_when_that_was_not_chosen(self) -> None:
        for path in ["infra/private-api.yaml", "infra/streaming.yaml"]:
            template = render(ROOT / path, CreateMonitoring="false")
            kinds = {"AWS::CloudWatch::Alarm", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"}
            self.assertEqual([name for kind in kinds for name in of_type(template, kind)], [])
            self.assertNotIn("OperationsKey", template["Resources"])


class TheDocumentation(unittest.TestCase):
    def test_says_which_metrics_are_written_by_which_dimensions(self) -> None:
        metrics = documented_metrics(OPERATIONS)
        self.assertEqual(metrics["Verdicts"], {("Function", "Verdict")})
        self.assertEqual(metrics["EstimatedCost"], {("Function",), ("Function", "ModelId")})
        self.assertEqual(len(metrics), 12)


class AConditionOfATemplate(unittest.TestCase):
    def test_is_judged_by_the_parameters_defaults(self) -> None:
        conditions = {"On": {"Fn::Equals": [{"Ref": "Create"}, "true"]}}
        mappings = {"Of": {"true": {"Kept": "yes"}}}
        for condition, expected in [
            ({"Condition": "On"}, True),
            ({"Fn::Equals": [{"Fn::FindInMap": ["Of", {"Ref": "Create"}, "Kept"]}, "yes"]}, True),
            ({"Fn::Not": [{"Condition": "On"}]}, False),
            ({"Fn::And": [{"Condition": "On"}, {"Fn::Equals": ["a", "b"]}]}, False),
            ({"Fn::Or": [{"Condition": "On"}, {"Fn::Equals": ["a", "b"]}]}, True),
        ]:
            with self.subTest(condition=condition):
                self.assertEqual(holds(condition, conditions, {"Create": "true"}, mappings), expected)

    def test_takes_a_number_for_the_text_that_it_is(self) -> None:
        self.assertNotIn("WebAcl", STREAMING["Resources"])
        self.assertIn("WebAcl", render(ROOT / "infra/streaming.yaml", RateLimit="500")["Resources"])

    def test_leaves_a_resource_out_when_it_does_not_hold(self) -> None:
        self.assertIn("UploadRule", AUDIT["Resources"])
        self.assertNotIn("ObjectCreatedRule", AUDIT["Resources"])


if __name__ == "__main__":
    unittest.main()
