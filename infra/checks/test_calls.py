"""Requests are read as their services read them, and each way of being refused is noticed."""

import json
import unittest
from typing import Any

from calls import call_problems

SSM = "https://ssm.us-west-2.amazonaws.com/"
BEDROCK = "https://bedrock.us-west-2.amazonaws.com/logging/modelinvocations"
STATES = "https://states.us-west-2.amazonaws.com/"
IAM = "https://iam.amazonaws.com/"
S3 = "https://uploads.s3.us-west-2.amazonaws.com/some/key.png"


def call(method: str, uri: str, body: Any = None, target: str | None = None, **headers: str) -> dict[str, Any]:
    told = {"x-amz-target": target} if target else {}
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return {"by": "a test", "method": method, "uri": uri, "headers": {**headers, **told}, "body": text}


def signed_for(name: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261127/us-west-2/{name}/aws4_request, SignedHeaders=host, Signature=0"


LOGGING = {"loggingConfig": {"textDataDeliveryEnabled": True, "s3Config": {"bucketName": "bucket", "keyPrefix": "a"}}}


class ARequest(unittest.TestCase):
    def problems(self, *arguments: Any, **headers: str) -> list[str]:
        return list(call_problems(call(*arguments, **headers)))

    def test_that_is_right_is_passed(self) -> None:
        for request in [
            call("POST", SSM, {"Name": "/a", "WithDecryption": True}, "AmazonSSM.GetParameter"),
            call("PUT", BEDROCK, LOGGING),
            call("GET", BEDROCK),
            call("DELETE", f"{S3}?versionId=3sL4"),
            call("GET", "https://s3.us-west-2.amazonaws.com/uploads/key.png?x-id=GetObject"),
            call("GET", "https://uploads.s3.us-west-2.amazonaws.com/?list-type=2&prefix=a"),
            call("POST", IAM, "Action=GetRole&Version=2010-05-08&RoleName=role"),
            call("POST", "https://bedrock-runtime.us-west-2.amazonaws.com/model/us.anthropic.claude-haiku-5-5/invoke", "any body"),
            call("POST", STATES, {"stateMachineArn": "a", "input": "{}"}, "AWSStepFunctions.StartExecution"),
            call("PUT", S3, "any body"),
            call("PUT", S3, **{"x-amz-copy-source": "inventories/d/1.csv.gz"}),
            call("PUT", "http://127.0.0.1:4566/uploads/key.png", "any body", authorization=signed_for("s3")),
        ]:
            self.assertEqual(list(call_problems(request)), [], request)

    def test_to_an_operation_that_there_is_not_is_noticed(self) -> None:
        for arguments, expected in [
            (("POST", SSM, {}, "AmazonSSM.ReadParameter"), "ssm has no operation ReadParameter"),
            (("POST", SSM, {}, "SSM.GetParameter"), "ssm: the target SSM.GetParameter does not begin with AmazonSSM"),
            (("POST", BEDROCK, LOGGING), "bedrock has no operation at POST /logging/modelinvocations"),
            (("POST", IAM, "Action=ReadRole&Version=2010-05-08"), "iam has no operation ReadRole"),
            (("POST", IAM, "Action=ListRoles&Version=2012-01-01"), "iam has no version 2012-01-01"),
        ]:
            self.assertEqual(self.problems(*arguments), [expected])
        self.assertIn("add it to HOSTS", self.problems("GET", "https://unheard-of.us-west-2.amazonaws.com/")[0])
        self.assertIn("add it to HOSTS", self.problems("GET", "http://127.0.0.1/", authorization=signed_for("unheard-of"))[0])

    def test_with_members_that_there_are_not_or_without_required_ones_is_noticed(self) -> None:
        for arguments, expected in [
            (("POST", SSM, {"name": "/a"}, "AmazonSSM.GetParameter"), ["ssm GetParameter has no member name", "ssm GetParameter lacks Name"]),
            (
                ("PUT", BEDROCK, {"loggingConfig": {"logText": True}}),
                ["bedrock PutModelInvocationLoggingConfiguration.loggingConfig has no member logText"],
            ),
            (("PUT", BEDROCK, {}), ["bedrock PutModelInvocationLoggingConfiguration lacks loggingConfig"]),
            (("POST", IAM, "Action=GetRole&Version=2010-05-08&Role=r"), ["iam GetRole has no member Role", "iam GetRole lacks RoleName"]),
            (
                ("POST", STATES, {"StateMachineArn": "a"}, "AWSStepFunctions.StartExecution"),
                ["stepfunctions StartExecution has no member StateMachineArn", "stepfunctions StartExecution lacks stateMachineArn"],
            ),
        ]:
            self.assertEqual(self.problems(*arguments), expected)

    def test_with_a_value_that_is_not_taken_is_noticed(self) -> None:
        for arguments, expected in [
            (("POST", SSM, {"Name": "/a", "Value": "v", "Type": "Text"}, "AmazonSSM.PutParameter"), "Type is 'Text', none of String,"),
            (("POST", SSM, {"Name": "/a", "WithDecryption": "yes"}, "AmazonSSM.GetParameter"), "WithDecryption is no boolean"),
            (("POST", SSM, {"Name": "n" * 3000}, "AmazonSSM.GetParameter"), "Name has 3000 of at most 2048 characters"),
            (
                ("PUT", BEDROCK, {"loggingConfig": {"s3Config": {"bucketName": "b"}}}),
                "loggingConfig.s3Config.bucketName has 1 of at least 3 characters",
            ),
            (
                ("POST", STATES, {"stateMachineArn": "a", "name": "n" * 81}, "AWSStepFunctions.StartExecution"),
                "name has 81 of at most 80 characters",
            ),
            (("POST", IAM, f"Action=GetRole&Version=2010-05-08&RoleName={'r' * 65}"), "RoleName has 65 of at most 64 characters"),
        ]:
            (problem, *_) = self.problems(*arguments)
            self.assertIn(expected, problem)


if __name__ == "__main__":
    unittest.main()
