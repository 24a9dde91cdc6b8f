"""What CloudFormation hands to AWS's APIs, held against their models: lengths, bounds, patterns and closed lists.

cfn-lint knows the resource types' own schemas, which leave most of that out, and does not look behind references.
"""

import json
from collections.abc import Iterator
from typing import Any

from rendered import Template
from resolved import Resolver
from shapes import Unknown, mismatches, operation, pascal

# The call that makes a resource of a type, by botocore's names. Properties that it does not know are cfn-lint's to judge.
CREATED_BY = {
    "AWS::ApiGateway::ApiKey": ("apigateway", "CreateApiKey"),
    "AWS::ApiGateway::UsagePlan": ("apigateway", "CreateUsagePlan"),
    "AWS::CloudFront::OriginAccessControl": ("cloudfront", "CreateOriginAccessControl"),
    "AWS::CloudTrail::Trail": ("cloudtrail", "CreateTrail"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "PutDashboard"),
    "AWS::DynamoDB::Table": ("dynamodb", "CreateTable"),
    "AWS::EC2::VPCEndpoint": ("ec2", "CreateVpcEndpoint"),
    "AWS::Events::EventBus": ("events", "CreateEventBus"),
    "AWS::Events::Rule": ("events", "PutRule"),
    "AWS::IAM::Role": ("iam", "CreateRole"),
    "AWS::KMS::Key": ("kms", "CreateKey"),
    "AWS::Lambda::Alias": ("lambda", "CreateAlias"),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "PutFunctionEventInvokeConfig"),
    "AWS::Lambda::Function": ("lambda", "CreateFunction"),
    "AWS::Lambda::Permission": ("lambda", "AddPermission"),
    "AWS::Lambda::Url": ("lambda", "CreateFunctionUrlConfig"),
    "AWS::Lambda::Version": ("lambda", "PublishVersion"),
    "AWS::Logs::LogGroup": ("logs", "CreateLogGroup"),
    "AWS::SNS::Subscription": ("sns", "Subscribe"),
    "AWS::WAFv2::IPSet": ("wafv2", "CreateIPSet"),
    "AWS::WAFv2::WebACL": ("wafv2", "CreateWebACL"),
}
# Properties that another call sets: its member for them.
SET_BY = {
    ("AWS::CloudTrail::Trail", "AdvancedEventSelectors"): ("cloudtrail", "PutEventSelectors", "AdvancedEventSelectors"),
    ("AWS::Events::Rule", "Targets"): ("events", "PutTargets", "Targets"),
    ("AWS::KMS::Key", "KeyPolicy"): ("kms", "CreateKey", "Policy"),
    ("AWS::Logs::LogGroup", "RetentionInDays"): ("logs", "PutRetentionPolicy", "retentionInDays"),
}
# Limits that the models leave out: characters of a property, from the services' pages of quotas.
LONGEST = {
    ("AWS::Events::Rule", "EventPattern"): 2048,
    ("AWS::Lambda::Function", "FunctionName"): 64,
}
# All policies that stand in a role, without white space.
LONGEST_ROLE_POLICIES = 10_240
# All environment variables of a function, with their names.
LARGEST_ENVIRONMENT = 4096
# CloudFormation writes them its own way.
NOT_COMPARED = {"Tags"}


def limit_problems(template: Template, **chosen: str) -> Iterator[str]:
    """What AWS would refuse of a rendered template with these parameters, one line each."""
    resolve = Resolver(template, **chosen)
    for name, resource in template["Resources"].items():
        kind = resource["Type"]
        properties = {key: value for key, value in resolve(resource.get("Properties", {})).items() if key not in NOT_COMPARED}
        if kind in CREATED_BY:
            called = operation(*CREATED_BY[kind])
            yield from mismatches(called.input_shape, properties, name, pascal, strict=False)
        for key, value in properties.items():
            if (kind, key) in SET_BY:
                service, operation_name, member = SET_BY[kind, key]
                shape = operation(service, operation_name).input_shape.members[member]
                yield from mismatches(shape, value, f"{name}.{key}", pascal, strict=False)
            longest = LONGEST.get((kind, key))
            if longest is not None and (length := compact(value)) > longest:
                yield f"{name}.{key} has {length} of at most {longest} characters"
        if kind == "AWS::IAM::Role":
            length = sum(compact(policy["PolicyDocument"]) for policy in properties.get("Policies", []))
            if length > LONGEST_ROLE_POLICIES:
                yield f"{name}: its policies have {length} of at most {LONGEST_ROLE_POLICIES} characters"
        if kind == "AWS::Lambda::Function":
            variables = properties.get("Environment", {}).get("Variables", {})
            size = sum(len(key.encode()) + len(str(value).encode()) for key, value in variables.items())
            if size > LARGEST_ENVIRONMENT:
                yield f"{name}: its environment has {size} of at most {LARGEST_ENVIRONMENT} bytes"


def compact(value: Any) -> int:
    """The length of a text or a document, as short as it can be written. A name that AWS gives is not known."""
    if isinstance(value, Unknown):
        return 0
    return len(value) if isinstance(value, str) else len(json.dumps(value, separators=(",", ":")))


def longest_stack_name(template: Template) -> int:
    """How long a stack's name may be, so that no name that is made of it becomes too long."""
    for length in range(128, 0, -1):
        if not any("characters" in problem for problem in limit_problems(template, **{"AWS::StackName": "s" * length})):
            return length
    raise ValueError("the template's names are too long whatever its stack is called")
