"""Who reaches the private API, its model and its records: the template's policies are asked, request by request."""

import copy
import json
import re
import unittest
from pathlib import Path
from typing import Any

from descriptions import LONGEST_DESCRIPTION, LONGEST_PROFILE, described
from iam import Context, decision
from rendered import Template, holds, render

ROOT = Path(__file__).parents[2]
TEMPLATE = render(ROOT / "infra/private-api.yaml")
RESOURCES = TEMPLATE["Resources"]
DOCUMENTATION = (ROOT / "docs/private-api.md").read_text(encoding="utf-8")

ACCOUNT = "111122223333"
OTHER = "444455556666"
ENDPOINT = "vpce-0aaaaaaaaaaaaaaaa"
API = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:a1b2c3d4e5"
PROFILE = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.anthropic.claude-haiku-5-5"
API_ROLE = f"arn:aws:iam::{ACCOUNT}:role/GenerateApiRole"
STREAM_ROLE = f"arn:aws:iam::{ACCOUNT}:role/GenerateStreamRole"
FUNCTIONS = {"GenerateApi": (API_ROLE, "bedrock:InvokeModel"), "GenerateStream": (STREAM_ROLE, "bedrock:InvokeModelWithResponseStream")}

# What the references of the template stand for, with its parameters' defaults in us-east-1.
NAMES = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": "us-east-1",
    "AWS::Partition": "aws",
    "ExecuteApiEndpoint": ENDPOINT,
    "InvocationLogBucket.Arn": "arn:aws:s3:::records",
    "GenerateApiRole.Arn": API_ROLE,
    "GenerateStreamRole.Arn": STREAM_ROLE,
    "InvocationLogRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/InvocationLogRole",
    "GenerateApiLogGroup.Arn": "arn:aws:logs:us-east-1:111122223333:log-group:g",
    "GenerateStreamLogGroup.Arn": "arn:aws:logs:us-east-1:111122223333:log-group:s",
    "InvocationLogGroup": "/aws/bedrock/bedrock-warden-dev/invocations",
    "SystemName": "bedrock-warden",
    "Environment": "dev",
    "ModelId": "anthropic.claude-haiku-5-5",
    "Geography": "us",
}


def resolved(value: Any, holds: frozenset[str] = frozenset()) -> Any:
    """The value with its references replaced, and without what conditions leave out: by default none of them holds."""
    if isinstance(value, list):
        return [item for item in (resolved(each, holds) for each in value) if item is not None]
    if not isinstance(value, dict):
        return value
    match next(iter(value)) if len(value) == 1 else None:
        case "Ref":
            return NAMES[value["Ref"]] if value["Ref"] != "AWS::NoValue" else None
        case "Fn::GetAtt":
            return NAMES[".".join(value["Fn::GetAtt"])]
        case "Fn::Sub":
            text, own = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
            return re.sub(r"\$\{([^}]+)\}", lambda name: NAMES.get(name[1]) or resolved(own[name[1]], holds), text)
        case "Fn::If":
            condition, then, otherwise = value["Fn::If"]
            return resolved(then if condition in holds else otherwise, holds)
    return {name: resolved(item, holds) for name, item in value.items()}


def resource_policy(*holds: str) -> Template:
    """The API's policy, with API Gateway's short form of its own ARNs written out."""
    text = json.dumps(resolved(RESOURCES["Api"]["Properties"]["Body"]["x-amazon-apigateway-policy"], frozenset(holds)))
    return json.loads(text.replace('"execute-api:/', f'"{API}/'))


def calling(context: Context, policy: Template | None = None) -> str:
    request = {"principal": "anonymous", "action": "execute-api:Invoke", "resource": f"{API}/api/POST/generate"}
    return decision(policy or resource_policy(), request, context)


class TheResourcePolicy(unittest.TestCase):
    def test_lets_in_its_own_endpoint_and_nobody_else(self) -> None:
        own, others = {"aws:SourceVpce": ENDPOINT}, {"aws:SourceVpce": "vpce-0bbbbbbbbbbbbbbbb"}
        for case, context, expected in [
            ("its own endpoint, unsigned", own, "Allow"),
            ("its own endpoint, signed by its own account", {**own, "aws:PrincipalAccount": ACCOUNT}, "Allow"),
            ("its own endpoint, signed by another account", {**own, "aws:PrincipalAccount": OTHER}, "Deny"),
            ("another endpoint", others, "Deny"),
            ("another endpoint, signed by its own account", {**others, "aws:PrincipalAccount": ACCOUNT}, "Deny"),
            ("an endpoint of another account", {**others, "aws:PrincipalAccount": OTHER}, "Deny"),
            ("an endpoint whose id only begins alike", {"aws:SourceVpce": f"{ENDPOINT}b"}, "Deny"),
            ("the internet, by no endpoint at all", {"aws:SourceIp": "203.0.113.7"}, "Deny"),
            ("no endpoint, signed by its own account", {"aws:PrincipalAccount": ACCOUNT}, "Deny"),
            ("an empty endpoint", {"aws:SourceVpce": ""}, "Deny"),
        ]:
            with self.subTest(case=case):
                self.assertEqual(calling(context), expected)

    def test_leaves_signed_requests_to_the_policies_of_who_signed(self) -> None:
        policy, own = resource_policy("RequiresIam"), {"aws:SourceVpce": ENDPOINT}
        self.assertEqual(calling({**own, "aws:PrincipalAccount": ACCOUNT}, policy), "None")
        self.assertEqual(calling({**own, "aws:PrincipalAccount": OTHER}, policy), "Deny")
        self.assertEqual(calling({"aws:PrincipalAccount": ACCOUNT}, policy), "Deny")

    def test_allows_calls_alone(self) -> None:
        request = {"principal": "anonymous", "action": "execute-api:ManageConnections", "resource": f"{API}/api/POST/x"}
        self.assertEqual(decision(resource_policy(), request, {"aws:SourceVpce": ENDPOINT}), "None")

    def test_without_its_refusals_would_let_in_what_another_policy_allows(self) -> None:
        policy = copy.deepcopy(resource_policy())
        policy["Statement"] = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
        self.assertEqual(calling({"aws:SourceVpce": "vpce-0bbbbbbbbbbbbbbbb"}, policy), "None")
        del policy["Statement"][0]["Condition"]
        self.assertEqual(calling({}, policy), "Allow")


class TheEndpointsPolicies(unittest.TestCase):
    def test_lead_to_no_api_of_another_account(self) -> None:
        policy = resolved(RESOURCES["ExecuteApiEndpoint"]["Properties"]["PolicyDocument"])
        for api, expected in [(API, "Allow"), (API.replace(ACCOUNT, OTHER), "None")]:
            request = {"principal": "anonymous", "action": "execute-api:Invoke", "resource": f"{api}/api/GET/models"}
            self.assertEqual(decision(policy, request, {}), expected)

    def test_lead_to_models_for_the_functions_alone(self) -> None:
        policy = resolved(RESOURCES["BedrockRuntimeEndpoint"]["Properties"]["PolicyDocument"])
        for role, action, expected in [
            (API_ROLE, "bedrock:InvokeModel", "Allow"),
            (STREAM_ROLE, "bedrock:InvokeModelWithResponseStream", "Allow"),
            (f"arn:aws:iam::{ACCOUNT}:role/somebody", "bedrock:InvokeModel", "None"),
            (f"arn:aws:iam::{OTHER}:role/GenerateApiRole", "bedrock:InvokeModel", "None"),
            (API_ROLE, "bedrock:StartAsyncInvoke", "None"),
        ]:
            request = {"principal": role, "action": action, "resource": PROFILE}
            self.assertEqual(decision(policy, request, {"aws:PrincipalArn": role}), expected, (role, action))


class TheFunctionsRoles(unittest.TestCase):
    def test_reach_their_model_through_its_profile_alone_and_by_their_own_action(self) -> None:
        model = "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-haiku-5-5"
        through = {"bedrock:InferenceProfileArn": PROFILE}
        for function, (role, own) in FUNCTIONS.items():
            policies = RESOURCES[f"{function}Role"]["Properties"]["Policies"]
            policy = resolved({"Statement": [each for one in policies for each in one["PolicyDocument"]["Statement"]]})
            for resource, context, expected in [
                (PROFILE, {}, "Allow"),
                (model, through, "Allow"),
                ("arn:aws:bedrock:::foundation-model/anthropic.claude-haiku-5-5", through, "Allow"),
                (model, {}, "None"),
                (model, {"bedrock:InferenceProfileArn": PROFILE.replace("haiku", "opus")}, "None"),
                (model.replace("haiku", "opus"), through, "None"),
                (PROFILE.replace("haiku", "opus"), {}, "None"),
            ]:
                for _, action in FUNCTIONS.values():
                    request = {"principal": role, "action": action, "resource": resource}
                    decided = expected if action == own else "None"
                    self.assertEqual(decision(policy, request, context), decided, (function, action, resource, context))

    def test_make_network_interfaces_for_lambda_and_not_for_their_code(self) -> None:
        for function, name in [("GenerateApi", "generate-api"), ("GenerateStream", "generate-stream")]:
            (policy,) = [
                one["PolicyDocument"]
                for one in RESOURCES[f"{function}Role"]["Properties"]["Policies"]
                if one["PolicyName"] == "network-interfaces"
            ]
            request = {"principal": FUNCTIONS[function][0], "action": "ec2:CreateNetworkInterface", "resource": "*"}
            source = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:bedrock-warden-dev-{name}"
            self.assertEqual(decision(resolved(policy), request, {}), "Allow")
            self.assertEqual(decision(resolved(policy), request, {"lambda:SourceFunctionArn": source}), "Deny")


class TheRecords(unittest.TestCase):
    OWN = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"arn:aws:bedrock:us-east-1:{ACCOUNT}:*", "aws:SecureTransport": "true"}

    def writing(self, prefix: str, context: Context, principal: str = "bedrock.amazonaws.com") -> str:
        policy = resolved(RESOURCES["InvocationLogBucketPolicy"]["Properties"]["PolicyDocument"])
        resource = f"arn:aws:s3:::records/{prefix}/2026/11/21/12/record.json.gz"
        return decision(policy, {"principal": principal, "action": "s3:PutObject", "resource": resource}, context)

    def test_come_from_bedrock_on_behalf_of_this_account(self) -> None:
        logs = f"AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/us-east-1"
        self.assertEqual(self.writing(f"invocations/{logs}", self.OWN), "Allow")
        self.assertEqual(self.writing(f"large/{logs}", self.OWN), "Allow")
        self.assertEqual(self.writing(f"elsewhere/{logs}", self.OWN), "None")
        self.assertEqual(self.writing(f"invocations/{logs}", {**self.OWN, "aws:SourceAccount": OTHER}), "None")
        other_source = {**self.OWN, "aws:SourceArn": f"arn:aws:bedrock:us-east-1:{OTHER}:*"}
        self.assertEqual(self.writing(f"invocations/{logs}", other_source), "None")
        self.assertEqual(self.writing(f"invocations/{logs}", {**self.OWN, "aws:SecureTransport": "false"}), "Deny")
        self.assertEqual(self.writing(f"invocations/{logs}", self.OWN, "s3.amazonaws.com"), "None")

    def test_reach_cloudwatch_in_one_stream_by_a_role_that_bedrock_alone_takes(self) -> None:
        role = RESOURCES["InvocationLogRole"]["Properties"]
        trust = resolved(role["AssumeRolePolicyDocument"])
        for principal, context, expected in [
            ("bedrock.amazonaws.com", self.OWN, "Allow"),
            ("bedrock.amazonaws.com", {**self.OWN, "aws:SourceAccount": OTHER}, "None"),
            ("bedrock.amazonaws.com", {}, "None"),
            ("lambda.amazonaws.com", self.OWN, "None"),
        ]:
            request = {"principal": principal, "action": "sts:AssumeRole", "resource": ""}
            self.assertEqual(decision(trust, request, context), expected, (principal, context))
        group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/bedrock/bedrock-warden-dev/invocations"
        policy = resolved(role["Policies"][0]["PolicyDocument"])
        for stream, expected in [("aws/bedrock/modelinvocations", "Allow"), ("another", "None")]:
            request = {"principal": "", "action": "logs:PutLogEvents", "resource": f"{group}:log-stream:{stream}"}
            self.assertEqual(decision(policy, request, {}), expected)

    def test_show_no_image_unless_somebody_asks_for_it(self) -> None:
        parameter = RESOURCES["ModelInvocationLogging"]["Properties"]["LogImages"]["Ref"]
        self.assertEqual(TEMPLATE["Parameters"][parameter]["Default"], "false")


class TheCustomResource(unittest.TestCase):
    def test_has_the_time_to_answer_whatever_happens(self) -> None:
        source = (ROOT / "crates/functions/invocation-logging/src/lib.rs").read_text(encoding="utf-8")

        def seconds(name: str) -> int:
            ((unit, value),) = re.findall(rf"^const {name}: Duration = Duration::from_(secs|mins)\((\d+)\);$", source, re.MULTILINE)
            return int(value) * {"secs": 1, "mins": 60}[unit]

        (attempts,) = re.findall(r"^const ANSWER_ATTEMPTS: u32 = (\d+);$", source, re.MULTILINE)
        # Between attempts it waits as many seconds as there were.
        answering = int(attempts) * seconds("ANSWER_TIMEOUT") + sum(range(1, int(attempts)))
        function = RESOURCES["InvocationLogging"]["Properties"]["Timeout"]
        self.assertLess(seconds("WORK_TIMEOUT") + answering, function)
        # The last try has time to fail.
        self.assertLess(seconds("LAST_PUT"), seconds("WORK_TIMEOUT"))
        (invoked,) = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::Lambda::EventInvokeConfig"]
        # What waits longer than CloudFormation must not run afterwards.
        waits = invoked["MaximumEventAgeInSeconds"]
        self.assertEqual(invoked["MaximumRetryAttempts"], 0)
        self.assertLess(waits + function, RESOURCES["ModelInvocationLogging"]["Properties"]["ServiceTimeout"])

    def test_may_pass_on_the_role_for_the_records_to_bedrock_alone(self) -> None:
        role = RESOURCES["InvocationLoggingRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        (statement,) = [each for each in role["Statement"] if each["Sid"] == "PassTheRoleToBedrock"]
        policy = {"Statement": [resolved(statement)]}
        for passed, service, expected in [
            ("InvocationLogRole", "bedrock.amazonaws.com", "Allow"),
            ("InvocationLogRole", "lambda.amazonaws.com", "None"),
            ("administrator", "bedrock.amazonaws.com", "None"),
        ]:
            request = {"principal": "", "action": "iam:PassRole", "resource": f"arn:aws:iam::{ACCOUNT}:role/{passed}"}
            self.assertEqual(decision(policy, request, {"iam:PassedToService": service}), expected, (passed, service))


class TheFunctionsVersions(unittest.TestCase):
    LONGEST = {
        "InferenceGeography": "us-gov",
        "ModelId": LONGEST_PROFILE,
        "BaseModelId": "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "SecondModelId": LONGEST_PROFILE,
        "SecondBaseModelId": "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "MaxTokens": "128000",
        "StreamMaxTokens": "128000",
        "GuardrailId": "a1b2c3d4e5f6",
        "GuardrailVersion": "99999",
        "Architecture": "x86_64",
        "LogLevel": "DEBUG",
        "SystemName": "bedrock-warden-2",
        "Environment": "development1",
        "SubnetIds": ",".join(["subnet-0123456789abcdef0"] * 3),
        "VpcCidr": "255.255.255.255/16",
        "FirstZone": "ap-southeasts-1a",
        "SecondZone": "ap-southeasts-1b",
        "BedrockEndpointUrl": "https://bedrock-runtime-fips.us-east-1.amazonaws.com",
    }

    def test_have_room_for_the_longest_settings(self) -> None:
        for name, value in self.LONGEST.items():
            parameter = TEMPLATE["Parameters"][name]
            self.assertRegex(value, parameter.get("AllowedPattern", "."), name)
            self.assertLessEqual(len(value), parameter.get("MaxLength", 256), name)
        for function in FUNCTIONS:
            (version,) = [
                each["Properties"]
                for each in RESOURCES.values()
                if each["Type"] == "AWS::Lambda::Version" and each["Properties"]["FunctionName"] == {"Ref": function}
            ]
            for own_vpc in [True, False]:
                longest = {**self.LONGEST, "SubnetIds": self.LONGEST["SubnetIds"] if own_vpc else ""}
                text = described(version["Description"], longest, lambda condition: condition != "CreatesVpc" or not own_vpc)
                self.assertLessEqual(len(text), LONGEST_DESCRIPTION, text)


class TheNetwork(unittest.TestCase):
    def test_lets_the_functions_reach_the_endpoints_wherever_their_subnets_are(self) -> None:
        def group(name: str) -> Any:
            return {"Fn::GetAtt": [name, "GroupId"]}

        (rule,) = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::EC2::SecurityGroupIngress"]
        groups = (rule["SourceSecurityGroupId"], rule["GroupId"])
        self.assertEqual(groups, (group("FunctionSecurityGroup"), group("EndpointSecurityGroup")))
        self.assertEqual((rule["FromPort"], rule["ToPort"]), (443, 443))

    def test_asks_who_brings_a_vpc_for_what_nobody_can_guess(self) -> None:
        (rule,) = [each for each in TEMPLATE["Rules"].values() if '"VpcId"' in json.dumps(each["RuleCondition"])]
        named = [each["Assert"]["Fn::Not"][0]["Fn::Equals"] for each in rule["Assertions"]]
        self.assertEqual(named, [[{"Ref": name}, ""] for name in ["SubnetIds", "VpcCidr", "PrivateDns"]])
        for name in ["VpcCidr", "PrivateDns"]:
            self.assertEqual(TEMPLATE["Parameters"][name]["Default"], "", name)

    def test_has_private_names_in_a_vpc_of_its_own_and_where_they_are_chosen(self) -> None:
        for chosen, expected in [
            ({}, True),
            ({"PrivateDns": "false"}, False),
            ({"VpcId": "vpc-1", "PrivateDns": "true"}, True),
            ({"VpcId": "vpc-1", "PrivateDns": "false"}, False),
        ]:
            parameters = {name: str(each.get("Default", "")) for name, each in TEMPLATE["Parameters"].items()} | chosen
            conditions = TEMPLATE["Conditions"]
            self.assertEqual(holds(conditions["PrivateDnsNames"], conditions, parameters, {}), expected, chosen)


class TheApi(unittest.TestCase):
    def test_costs_nothing_by_its_methods_metrics(self) -> None:
        for settings in self.stage["MethodSettings"]:
            self.assertEqual(settings["MetricsEnabled"], False)

    def test_changes_no_refusal_that_cannot_be_changed(self) -> None:
        self.assertNotIn("REQUEST_TOO_LARGE", self.body["x-amazon-apigateway-gateway-responses"])

    body = RESOURCES["Api"]["Properties"]["Body"]
    stage = RESOURCES["ApiapiStage"]["Properties"]

    def test_is_private_and_known_by_its_endpoint(self) -> None:
        expected = {"Types": ["PRIVATE"], "VpcEndpointIds": [{"Ref": "ExecuteApiEndpoint"}]}
        self.assertEqual(RESOURCES["Api"]["Properties"]["EndpointConfiguration"], expected)

    def test_asks_for_a_key_on_every_path(self) -> None:
        methods = [(path, method) for path, item in self.body["paths"].items() for method in item]
        self.assertEqual(len(methods), 8)
        for path, method in methods:
            self.assertEqual(self.body["paths"][path][method]["security"], [{"api_key": []}], (path, method))

    def test_keeps_no_path_and_no_body_in_any_log(self) -> None:
        log = json.loads(self.stage["AccessLogSetting"]["Format"])
        forbidden = re.compile(r"\$context\.(path|requestOverride|responseOverride|error\.message|error\.validation)|\$input|apiKey$")
        self.assertEqual([value for value in log.values() if forbidden.search(value)], [])
        self.assertEqual(self.stage["TracingEnabled"], False)
        for settings in self.stage["MethodSettings"]:
            self.assertEqual((settings["LoggingLevel"], settings["DataTraceEnabled"]), ("OFF", False))

    def test_answers_every_refusal_of_its_own_by_a_documented_code(self) -> None:
        for name, response in self.body["x-amazon-apigateway-gateway-responses"].items():
            error = json.loads(response["responseTemplates"]["application/json"])["error"]
            self.assertEqual(sorted(error), ["code", "message"], name)
            self.assertIn(f"`{error['code']}`", DOCUMENTATION, name)
            # A variable of the request's would be the caller's own text, unescaped.
            self.assertNotIn("$", error["message"], name)

    def integrations(self) -> list[tuple[str, str, Any]]:
        return [
            (path, method, operation["x-amazon-apigateway-integration"])
            for path, item in self.body["paths"].items()
            for method, operation in item.items()
        ]

    def test_streams_one_path_and_collects_the_answers_of_the_others(self) -> None:
        for path, method, integration in self.integrations():
            (form, names) = integration["uri"]["Fn::Sub"]
            function, action = ("GenerateStream", "/2021-11-15/functions/${Function}/response-streaming-invocations")
            mode: str | None = "STREAM"
            if path != "/stream":
                function, action, mode = "GenerateApi", "/2015-03-31/functions/${Function}/invocations", None
            self.assertTrue(form.endswith(f":lambda:path{action}"), (path, method, form))
            self.assertEqual(names["Function"], {"Ref": f"{function}Aliaslive"}, (path, method))
            self.assertEqual(integration.get("responseTransferMode"), mode, (path, method))
            self.assertEqual(integration["type"], "aws_proxy", (path, method))

    def test_may_invoke_the_stream_for_its_path_alone(self) -> None:
        sources = {
            permission["Properties"]["FunctionName"]["Ref"]: permission["Properties"]["SourceArn"]["Fn::Sub"].partition("${Api}")[2]
            for permission in RESOURCES.values()
            if permission["Type"] == "AWS::Lambda::Permission"
        }
        self.assertEqual(sources, {"GenerateApiAliaslive": "/api/*", "GenerateStreamAliaslive": "/api/*/stream"})

    def test_waits_longer_than_the_functions_wait_for_the_model(self) -> None:
        for path, method, integration in self.integrations():
            function = RESOURCES["GenerateStream" if path == "/stream" else "GenerateApi"]["Properties"]
            patience = int(function["Environment"]["Variables"]["MODEL_TIMEOUT_SECONDS"])
            waits = integration["timeoutInMillis"] / 1000
            self.assertLess(patience + 2, waits, (path, method))
            self.assertLessEqual(waits, function["Timeout"], (path, method))
            # API Gateway's own limits.
            self.assertLessEqual(waits, 900 if path == "/stream" else 29, (path, method))

    def test_hears_of_a_stream_before_it_takes_it_for_dead(self) -> None:
        silence = RESOURCES["GenerateStream"]["Properties"]["Environment"]["Variables"]["RECEIVE_TIMEOUT_SECONDS"]
        self.assertLess(int(silence), 300)

    def test_begins_streams_more_slowly_than_it_takes_requests(self) -> None:
        limits = {
            (settings["ResourcePath"], settings["HttpMethod"]): settings["ThrottlingRateLimit"]["Ref"]
            for settings in self.stage["MethodSettings"]
        }
        self.assertEqual(limits, {("/*", "*"): "RequestsPerSecond", ("/~1stream", "POST"): "StreamsPerSecond"})
        defaults = {name: parameter.get("Default") for name, parameter in TEMPLATE["Parameters"].items()}
        self.assertLess(defaults["StreamsPerSecond"], defaults["CallerRequestsPerSecond"])


if __name__ == "__main__":
    unittest.main()
