"""The state machine's tasks are what AWS's models know, and each way of missing that is noticed."""

import json
import unittest
from pathlib import Path
from typing import Any

from integrations import integration_problems, java_name, task_problems
from rendered import render

ROOT = Path(__file__).parents[2]
AUDIT = render(ROOT / "infra/audit.yaml")
DEFINITIONS = [(ROOT / "statemachine" / name).read_text(encoding="utf-8") for name in ("security-audit.asl.json", "backfill.asl.json")]


class TheDefinitions(unittest.TestCase):
    def test_call_what_aws_has_with_what_it_takes(self) -> None:
        for definition in DEFINITIONS:
            self.assertEqual(list(integration_problems(AUDIT, definition)), [])


class ATask(unittest.TestCase):
    def problems(self, resource: str, arguments: Any, **fields: Any) -> list[str]:
        state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, **fields}
        return list(task_problems("it", state))

    def test_that_is_right_is_passed(self) -> None:
        for resource, arguments in [
            ("aws-sdk:s3:deleteObject", {"Bucket": "b", "Key": "{% $key %}", "VersionId": "{% $version %}"}),
            ("aws-sdk:sfn:startExecution", {"StateMachineArn": "{% $arn %}", "Input": "{}"}),
            ("dynamodb:putItem", {"TableName": "ledger", "Item": {"id": {"S": "{% $id %}"}}, "ReturnValues": "NONE"}),
            ("aws-sdk:dynamodb:transactWriteItems", {"TransactItems": [{"Put": {"TableName": "ledger", "Item": {"id": {"S": "a"}}}}]}),
            ("lambda:invoke.waitForTaskToken", {"FunctionName": "{% $arn %}", "Payload": {"any": ["thing"]}}),
            ("sns:publish", "{% $states.input.{'TopicArn': 'arn', 'Message': a = ',}' ? {'b': c}.b : d, \"Subject\": $f('x', 1)} %}"),
            ("sns:publish", {"TopicArn": "{% $arn %}", "Message": "m", "MessageAttributes": {"a": {"DataType": "String"}}}),
        ]:
            self.assertEqual(self.problems(resource, arguments), [], resource)

    def test_of_a_service_or_an_operation_that_there_is_not_is_noticed(self) -> None:
        for resource, expected in [
            ("aws-sdk:s4:deleteObject", "it: AWS has no service s4"),
            ("aws-sdk:s3:removeObject", "it: s3 has no operation removeObject"),
            ("aws-sdk:s3:DeleteObject", "it: s3 has no operation DeleteObject"),
            ("s3:deleteObject", "it: s3:deleteObject is not known here: add it to OPTIMISED in infra/checks/integrations.py"),
        ]:
            self.assertEqual(self.problems(resource, {}), [expected])

    def test_with_members_that_there_are_not_or_without_required_ones_is_noticed(self) -> None:
        for resource, arguments, expected in [
            (
                "aws-sdk:s3:deleteObject",
                {"Bucket": "b", "key": "k"},
                ["it: aws-sdk:s3:deleteObject has no member key", "it: aws-sdk:s3:deleteObject lacks Key"],
            ),
            # A service whose members begin small is called in PascalCase all the same.
            (
                "aws-sdk:sfn:startExecution",
                {"stateMachineArn": "{% $arn %}"},
                ["it: aws-sdk:sfn:startExecution has no member stateMachineArn", "it: aws-sdk:sfn:startExecution lacks StateMachineArn"],
            ),
            (
                "sns:publish",
                {"Message": "m", "MessageAttributes": {"a": {"Type": "String", "DataType": "String"}}},
                ["it: sns:publish.MessageAttributes.a has no member Type"],
            ),
            ("dynamodb:putItem", {"TableName": "t"}, ["it: dynamodb:putItem lacks Item"]),
            (
                "aws-sdk:s3:putObjectTagging",
                "{% $judged.{'Bucket': object.bucket, 'Key': object.key, 'Tagging': {'Tags': tags}} %}",
                [
                    "it: aws-sdk:s3:putObjectTagging.Tagging has no member Tags",
                    "it: aws-sdk:s3:putObjectTagging.Tagging lacks TagSet",
                ],
            ),
        ]:
            self.assertEqual(self.problems(resource, arguments), expected)

    def test_with_a_value_that_is_not_taken_is_noticed(self) -> None:
        for resource, arguments, expected in [
            (
                "dynamodb:putItem",
                {"TableName": "t", "Item": {}, "ReturnValues": "OLD"},
                "it: dynamodb:putItem.ReturnValues is 'OLD', none of NONE, ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATED_NEW",
            ),
            ("dynamodb:putItem", {"TableName": "t", "Item": {"id": "a"}}, "it: dynamodb:putItem.Item.id is no structure: 'a'"),
            (
                "aws-sdk:dynamodb:transactWriteItems",
                {"TransactItems": []},
                "it: aws-sdk:dynamodb:transactWriteItems.TransactItems has 0 of at least 1",
            ),
            ("aws-sdk:s3:deleteObject", "{% $arguments %}", "it: its arguments are one expression that hides their names: end it with the object that it makes"),
        ]:
            self.assertEqual(self.problems(resource, arguments), [expected])

    def test_that_handles_errors_which_never_come_is_noticed(self) -> None:
        item = {"TableName": "t", "Item": {}}
        handled = {"Retry": [{"ErrorEquals": ["States.Timeout", "ModelThrottled"]}], "Catch": [{"ErrorEquals": ["States.ALL"]}]}
        for resource, error, expected in [
            ("dynamodb:putItem", "DynamoDB.ConditionalCheckFailedException", []),
            (
                "dynamodb:putItem",
                "DynamoDb.ConditionalCheckFailedException",
                ["it: DynamoDb.ConditionalCheckFailedException never comes from dynamodb, whose errors begin with DynamoDB."],
            ),
            ("aws-sdk:dynamodb:putItem", "DynamoDb.ConditionalCheckFailedException", []),
            ("dynamodb:putItem", "DynamoDB.ConditionFailedException", ["it: PutItem has no error DynamoDB.ConditionFailedException"]),
        ]:
            catch = [{"ErrorEquals": [error]}, *handled["Catch"]]
            self.assertEqual(self.problems(resource, item, Retry=handled["Retry"], Catch=catch), expected)

    def test_in_a_map_is_looked_at_too(self) -> None:
        definition = json.loads(DEFINITIONS[0])
        wrong = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Arguments": {"TopicArn": "a"}, "End": True}
        inner = {"StartAt": "Tell", "States": {"Tell": wrong}}
        definition["States"]["All"] = {"Type": "Map", "ItemProcessor": inner, "End": True}
        self.assertEqual(list(integration_problems(AUDIT, json.dumps(definition))), ["the state 'Tell': sns:publish lacks Message"])


class AService(unittest.TestCase):
    def test_is_called_in_errors_as_the_java_sdk_calls_it(self) -> None:
        for service_id, expected in [
            ("DynamoDB", "DynamoDb"),
            ("S3", "S3"),
            ("SNS", "Sns"),
            ("SFN", "Sfn"),
            ("CloudWatch Logs", "CloudWatchLogs"),
            ("Bedrock Runtime", "BedrockRuntime"),
        ]:
            self.assertEqual(java_name(service_id), expected)


if __name__ == "__main__":
    unittest.main()
