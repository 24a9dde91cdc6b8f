"""Who may reach a streaming function, held against the template."""

import json
from collections.abc import Iterator
from typing import Any

Template = dict[str, Any]

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def problems(template: Template) -> list[str]:
    """One line for each thing that is wrong; none when all is well."""
    return [
        *open_urls(template),
        *lacking_permissions(template),
        *wide_permissions(template),
        *careless_distributions(template),
        *access_by_default(template),
        *regions_without_urls(template),
    ]


def of_type(template: Template, kind: str) -> dict[str, Template]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def open_urls(template: Template) -> Iterator[str]:
    """A function URL takes signed calls, on the alias, and streams."""
    wanted = {"AuthType": "AWS_IAM", "InvokeMode": "RESPONSE_STREAM", "Qualifier": "live"}
    for name, url in of_type(template, "AWS::Lambda::Url").items():
        for key, value in wanted.items():
            if url["Properties"].get(key) != value:
                yield f"{name}: {key} is not {value}"
    for name, function in of_type(template, "AWS::Serverless::Function").items():
        # SAM lets everybody in for some forms of it.
        if "FunctionUrlConfig" in function["Properties"]:
            yield f"{name}: its URL is to be an AWS::Lambda::Url"


def distribution_of(template: Template, url: str) -> str | None:
    """The distribution whose origin a function URL is."""
    for name, distribution in of_type(template, "AWS::CloudFront::Distribution").items():
        if json.dumps(f"{url}.FunctionUrl") in json.dumps(distribution) or json.dumps(
            {"Fn::GetAtt": [url, "FunctionUrl"]}
        ) in json.dumps(distribution):
            return name
    return None


def lacking_permissions(template: Template) -> Iterator[str]:
    """CloudFront needs two rights on the alias, for its own distribution alone."""
    for name, url in of_type(template, "AWS::Lambda::Url").items():
        function = url["Properties"]["TargetFunctionArn"]["Ref"]
        distribution = distribution_of(template, name)
        if distribution is None:
            yield f"{name}: no distribution stands before it"
            continue
        source = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${" + distribution + "}"
        common = {
            "FunctionName": {"Ref": f"{function}.Alias"},
            "Principal": "cloudfront.amazonaws.com",
            "SourceArn": {"Fn::Sub": source},
        }
        for right in [
            {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "AWS_IAM"},
            {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
        ]:
            wanted = {**common, **right}
            if not any(each["Properties"] == wanted for each in of_type(template, "AWS::Lambda::Permission").values()):
                yield f"{distribution} may not call {function}: {right['Action']} is missing"


def wide_permissions(template: Template) -> Iterator[str]:
    """Nobody but CloudFront is let in by the functions' own policies."""
    for name, permission in of_type(template, "AWS::Lambda::Permission").items():
        if permission["Properties"]["Principal"] != "cloudfront.amazonaws.com" or "SourceArn" not in permission["Properties"]:
            yield f"{name}: lets in more than a distribution of CloudFront's"


def careless_distributions(template: Template) -> Iterator[str]:
    """A distribution signs what it sends, holds nothing back and keeps nothing."""
    controls = of_type(template, "AWS::CloudFront::OriginAccessControl")
    signing = {"OriginAccessControlOriginType": "lambda", "SigningBehavior": "always", "SigningProtocol": "sigv4"}
    for name, control in controls.items():
        config = control["Properties"]["OriginAccessControlConfig"]
        if any(config.get(key) != value for key, value in signing.items()):
            yield f"{name}: does not sign every call to Lambda"
    for name, distribution in of_type(template, "AWS::CloudFront::Distribution").items():
        config = distribution["Properties"]["DistributionConfig"]
        for behavior in [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])]:
            for key, value in [
                ("Compress", False),
                ("ViewerProtocolPolicy", "https-only"),
                ("CachePolicyId", CACHING_DISABLED),
                ("OriginRequestPolicyId", ALL_VIEWER_EXCEPT_HOST_HEADER),
            ]:
                if behavior.get(key) != value:
                    yield f"{name}: {key} is not {value}"
            if "ResponseHeadersPolicyId" not in behavior:
                yield f"{name}: sends no security headers"
        for origin in config["Origins"]:
            control = str(origin.get("OriginAccessControlId"))
            if not any(each in control for each in controls):
                yield f"{name}: its calls are not signed"
            if origin["CustomOriginConfig"]["OriginProtocolPolicy"] != "https-only":
                yield f"{name}: calls its origin without TLS"
            # The most that CloudFront waits, and the function says before that there is nothing.
            if origin["CustomOriginConfig"]["OriginReadTimeout"] != 120:
                yield f"{name}: does not wait as long as it may"
        if "Logging" not in config:
            yield f"{name}: writes no access log"


# From AWS's list of Lambda's Regions, November 2026.
WITHOUT_FUNCTION_URLS = [
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "mx-central-1",
    "us-gov-east-1",
    "us-gov-west-1",
]


def regions_without_urls(template: Template) -> Iterator[str]:
    """Where Lambda has no function URLs the stack fails after minutes, unless a rule says so first."""
    refused = {"Fn::Not": [{"Fn::Contains": [WITHOUT_FUNCTION_URLS, {"Ref": "AWS::Region"}]}]}
    rules = [each for each in template.get("Rules", {}).values() if "RuleCondition" not in each]
    if not any(assertion["Assert"] == refused for rule in rules for assertion in rule["Assertions"]):
        yield "nothing tells of the Regions without function URLs"


def access_by_default(template: Template) -> Iterator[str]:
    """Who may call is chosen by whoever deploys, and the choice is made good."""
    access = template["Parameters"].get("Access", {})
    if "Default" in access or sorted(access.get("AllowedValues", [])) != ["ip-set", "token"]:
        yield "Access: has to be chosen, token or ip-set"
    rules = template.get("Rules", {}).values()
    for choice, parameters in [("token", ["ChatTokenSha256"]), ("ip-set", ["AllowedCidrs", "WebAclArn"])]:
        condition = {"Fn::Equals": [{"Ref": "Access"}, choice]}
        named = [{"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]} for parameter in parameters]
        assertion = named[0] if len(named) == 1 else {"Fn::Or": named}
        held = [each["Assert"] for rule in rules if rule.get("RuleCondition") == condition for each in rule["Assertions"]]
        if assertion not in held:
            yield f"Access={choice}: nothing asks for {' or '.join(parameters)}"
    for name, function in of_type(template, "AWS::Serverless::Function").items():
        variables = function["Properties"]["Environment"]["Variables"]
        if not 60 < int(variables.get("RECEIVE_TIMEOUT_SECONDS", 50)) < 120:
            yield f"{name}: does not speak before CloudFront gives up"
        if variables.get("CHAT_TOKEN_SHA256") != {"Ref": "ChatTokenSha256"}:
            yield f"{name}: does not know the token"
