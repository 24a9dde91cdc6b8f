"""A streaming function is reached by those alone who were chosen, and each way of forgetting that is noticed."""

import copy
import re
import unittest
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import load
from descriptions import LONGEST_DESCRIPTION, LONGEST_PROFILE, could_be_longer, described
from rendered import plain
from streaming import of_type, problems

STREAMING = plain(load(str(Path(__file__).parents[1] / "streaming.yaml")))


class TheStreamingTemplate(unittest.TestCase):
    def setUp(self) -> None:
        self.template = copy.deepcopy(STREAMING)
        self.resources = self.template["Resources"]

    def properties(self, resource: str) -> dict:
        return self.resources[resource]["Properties"]

    def behavior(self) -> dict:
        return self.properties("BedrockStreamDistribution")["DistributionConfig"]["DefaultCacheBehavior"]

    def assert_noticed(self, *expected: str) -> None:
        self.assertEqual(problems(self.template), list(expected))

    def test_lets_in_those_alone_who_were_chosen(self) -> None:
        self.assert_noticed()

    def test_has_two_functions_to_be_checked(self) -> None:
        self.assertEqual(list(of_type(self.template, "AWS::Lambda::Url")), ["BedrockStreamUrl", "SageMakerStreamUrl"])
        self.assertEqual(len(of_type(self.template, "AWS::Lambda::Permission")), 4)

    def test_a_url_for_everybody_is_noticed(self) -> None:
        self.properties("BedrockStreamUrl")["AuthType"] = "NONE"
        self.assert_noticed("BedrockStreamUrl: AuthType is not AWS_IAM")

    def test_a_url_of_sams_own_is_noticed(self) -> None:
        self.properties("BedrockStream")["FunctionUrlConfig"] = {"AuthType": "NONE"}
        self.assert_noticed("BedrockStream: its URL is to be an AWS::Lambda::Url")

    def test_a_url_that_does_not_stream_is_noticed(self) -> None:
        del self.properties("SageMakerStreamUrl")["InvokeMode"]
        self.assert_noticed("SageMakerStreamUrl: InvokeMode is not RESPONSE_STREAM")

    def test_one_permission_of_the_two_is_noticed(self) -> None:
        for resource, action in [
            ("BedrockStreamUrlPermission", "lambda:InvokeFunctionUrl"),
            ("BedrockStreamInvokePermission", "lambda:InvokeFunction"),
        ]:
            with self.subTest(action):
                self.setUp()
                del self.resources[resource]
                self.assert_noticed(f"BedrockStreamDistribution may not call BedrockStream: {action} is missing")

    def test_a_permission_that_opens_direct_calls_is_noticed(self) -> None:
        del self.properties("BedrockStreamInvokePermission")["InvokedViaFunctionUrl"]
        self.assert_noticed("BedrockStreamDistribution may not call BedrockStream: lambda:InvokeFunction is missing")

    def test_a_permission_beside_the_alias_is_noticed(self) -> None:
        self.properties("SageMakerStreamUrlPermission")["FunctionName"] = {"Ref": "SageMakerStream"}
        self.assert_noticed("SageMakerStreamDistribution may not call SageMakerStream: lambda:InvokeFunctionUrl is missing")

    def test_a_permission_for_everybody_is_noticed(self) -> None:
        self.resources["Public"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"},
        }
        self.assert_noticed("Public: lets in more than a distribution of CloudFront's")

    def test_compressed_events_are_noticed(self) -> None:
        self.behavior()["Compress"] = True
        self.assert_noticed("BedrockStreamDistribution: Compress is not False")

    def test_a_token_in_the_clear_is_noticed(self) -> None:
        self.behavior()["ViewerProtocolPolicy"] = "redirect-to-https"
        self.assert_noticed("BedrockStreamDistribution: ViewerProtocolPolicy is not https-only")

    def test_answers_that_are_kept_are_noticed(self) -> None:
        self.behavior()["CachePolicyId"] = "658327ea-f89d-4fab-a63d-7e88639e58f6"
        self.assert_noticed("BedrockStreamDistribution: CachePolicyId is not 4135ea2d-6df8-44a3-9df3-4b5a84be39ad")

    def test_missing_security_headers_are_noticed(self) -> None:
        del self.behavior()["ResponseHeadersPolicyId"]
        self.assert_noticed("BedrockStreamDistribution: sends no security headers")

    def test_calls_that_are_not_signed_are_noticed(self) -> None:
        del self.properties("SageMakerStreamDistribution")["DistributionConfig"]["Origins"][0]["OriginAccessControlId"]
        self.assert_noticed("SageMakerStreamDistribution: its calls are not signed")

    def test_calls_that_are_signed_at_times_are_noticed(self) -> None:
        self.properties("OriginAccessControl")["OriginAccessControlConfig"]["SigningBehavior"] = "no-override"
        self.assert_noticed("OriginAccessControl: does not sign every call to Lambda")

    def test_a_distribution_that_gives_up_early_is_noticed(self) -> None:
        origin = self.properties("BedrockStreamDistribution")["DistributionConfig"]["Origins"][0]
        origin["CustomOriginConfig"]["OriginReadTimeout"] = 60
        self.assert_noticed("BedrockStreamDistribution: does not wait as long as it may")

    def test_a_function_that_waits_longer_than_cloudfront_is_noticed(self) -> None:
        self.properties("SageMakerStream")["Environment"]["Variables"]["RECEIVE_TIMEOUT_SECONDS"] = "120"
        self.assert_noticed("SageMakerStream: does not speak before CloudFront gives up")

    def test_a_region_without_function_urls_is_told_of(self) -> None:
        self.template["Rules"]["FunctionUrlsExistHere"]["Assertions"][0]["Assert"]["Fn::Not"][0]["Fn::Contains"][0].pop()
        self.assert_noticed("nothing tells of the Regions without function URLs")

    def test_access_that_nobody_chose_is_noticed(self) -> None:
        self.template["Parameters"]["Access"]["Default"] = "token"
        self.assert_noticed("Access: has to be chosen, token or ip-set")

    def test_access_for_everybody_is_noticed(self) -> None:
        self.template["Parameters"]["Access"]["AllowedValues"].append("anybody")
        self.assert_noticed("Access: has to be chosen, token or ip-set")

    def test_a_choice_without_its_token_or_addresses_is_noticed(self) -> None:
        del self.template["Rules"]["TheTokenIsNamed"]
        del self.template["Rules"]["TheAddressesAreNamed"]
        self.assert_noticed(
            "Access=token: nothing asks for ChatTokenSha256", "Access=ip-set: nothing asks for AllowedCidrs or WebAclArn"
        )

    def test_a_function_that_does_not_know_the_token_is_noticed(self) -> None:
        del self.properties("SageMakerStream")["Environment"]["Variables"]["CHAT_TOKEN_SHA256"]
        self.assert_noticed("SageMakerStream: does not know the token")

    def test_access_logs_are_known_of_in_every_region(self) -> None:
        mappings = self.template["Mappings"]
        self.assertEqual(list(mappings["AccessLogs"]), list(mappings["InferenceProfile"]))
        kept = {name for name, each in self.template["Resources"].items() if each.get("Condition") == "KeepsAccessLogs"}
        self.assertEqual(kept, {"AccessLogBucket", "AccessLogBucketPolicy"})
        for distribution in of_type(self.template, "AWS::CloudFront::Distribution").values():
            condition, _, otherwise = distribution["Properties"]["DistributionConfig"]["Logging"]["Fn::If"]
            self.assertEqual((condition, otherwise), ("KeepsAccessLogs", {"Ref": "AWS::NoValue"}))


class TheVersionsDescriptions(unittest.TestCase):
    # Every setting at its longest. The Region and the geography stand for the stack's own too.
    LONGEST = {
        "InferenceGeography": "us-gov",
        "ModelId": LONGEST_PROFILE,
        "BaseModelId": "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "AlternativeModelId": LONGEST_PROFILE,
        "AlternativeBaseModelId": "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "TokenPrices": "123.456/9876.54",
        "BedrockRegion": "ap-southeasts-1",
        "BedrockEndpointUrl": "https://bedrock-runtime-fips.ca-central-1.amazonaws.com",
        "SageMakerEndpointName": "e" * 63,
        "SageMakerInferenceComponent": "c" * 47,
        "SageMakerProtocol": "openai-sse",
        "SageMakerModelName": "m" * 40,
        "MaxTokens": "128000",
        "MaxRequestBytes": "6291456",
        "Architecture": "x86_64",
        "LogLevel": "DEBUG",
        "ChatTokenSha256": "a" * 64,
    }

    def description(self, function: str) -> Any:
        return STREAMING["Resources"][function]["Properties"]["VersionDescription"]

    def test_have_room_for_the_longest_settings(self) -> None:
        for function in ["BedrockStream", "SageMakerStream"]:
            text = described(self.description(function), self.LONGEST)
            self.assertLessEqual(len(text), LONGEST_DESCRIPTION, text)

    def test_are_measured_with_settings_that_could_not_be_longer(self) -> None:
        for name, value in self.LONGEST.items():
            parameter = STREAMING["Parameters"][name]
            self.assertRegex(value, parameter.get("AllowedPattern", "."), name)
            self.assertFalse(could_be_longer(value, parameter), name)

    def test_tell_every_setting_of_the_function(self) -> None:
        for function in ["BedrockStream", "SageMakerStream"]:
            told = repr(self.description(function))
            variables = repr(STREAMING["Resources"][function]["Properties"]["Environment"])
            for name in self.LONGEST:
                if re.search(rf"\b{name}\b", variables):
                    self.assertRegex(told, rf"\b{name}\b", function)


if __name__ == "__main__":
    unittest.main()
