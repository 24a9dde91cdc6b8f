"""What roles have to allow, and that they allow nothing more: the state machine's by its definition, a function's by the
model that it asks, the rules' by what they start.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from iam import Context, decision, like, many
from rendered import Template
from resolved import ACCOUNT, REGION, Resolver

# A call: the action that is asked for, the resource, and what conditions see of it.
Call = tuple[str, str, Context]

# What Step Functions itself needs, whatever the definition does: log delivery and tracing.
SERVICE = re.compile(r"(logs|xray):\w+")
# Stands for the key of any object. With a slash, so that no pattern for one folder is enough.
ANY_KEY = "some/key.png"


def definition_of(text: str, resolve: Resolver) -> dict[str, Any]:
    """The definition as `warden deploy` renders it, with the stack's outputs for its placeholders."""
    outputs = resolve.template["Outputs"]

    def output(found: re.Match[str]) -> str:
        if found[1] not in outputs:
            raise ValueError(f"the definition names ${{{found[1]}}}, which is no output of the stack")
        return json.dumps(resolve(outputs[found[1]]["Value"]))[1:-1]

    return json.loads(re.sub(r"\$\{(\w+)\}", output, text))


def tasks(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every task by its name, those of maps and of parallel branches too."""
    for name, state in states.items():
        if state["Type"] == "Task":
            yield name, state
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor"), state.get("Iterator")])]:
            yield from tasks(inner["States"])


def is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{%")


def bucket(arguments: dict[str, Any], uploads: str, name: str = "Bucket") -> str:
    """The bucket that a task names. An expression names the upload bucket: it comes from the event."""
    value = arguments[name]
    return uploads if is_expression(value) else value


def table(arguments: dict[str, Any]) -> str:
    name = arguments["TableName"]
    return name if name.startswith("arn:") else f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def needs(state: dict[str, Any], uploads: str) -> list[Call]:
    """What a task asks for.

    `uploads` is the upload bucket's name. An integration that is not known here is an error: add it, with the actions that
    its service's page in AWS's Service Authorization Reference names.
    """
    arguments = state.get("Arguments", {})
    integration = state["Resource"].removeprefix("arn:aws:states:::")

    def objects(*actions: str, of: str = "Bucket") -> list[Call]:
        return [(action, f"arn:aws:s3:::{bucket(arguments, uploads, of)}/{ANY_KEY}", {}) for action in actions]

    versioned = "VersionId" in arguments
    match integration:
        case "lambda:invoke":
            return [("lambda:InvokeFunction", arguments["FunctionName"], {})]
        case "sns:publish":
            return [("sns:Publish", arguments["TopicArn"], {})]
        case "events:putEvents":
            return [("events:PutEvents", each["EventBusName"], {}) for each in arguments["Entries"]]
        case "aws-sdk:s3:deleteObject" if versioned:
            return objects("s3:DeleteObjectVersion")
        case "aws-sdk:s3:deleteObject":
            # On the condition that the ETag still stands S3 compares it, which is reading.
            return objects("s3:DeleteObject", *(["s3:GetObject"] if "IfMatch" in arguments else []))
        case "aws-sdk:s3:headObject" | "aws-sdk:s3:getObject":
            return objects("s3:GetObjectVersion" if versioned else "s3:GetObject")
        case "aws-sdk:s3:getObjectTagging":
            return objects("s3:GetObjectVersionTagging" if versioned else "s3:GetObjectTagging")
        case "aws-sdk:s3:putObjectTagging":
            return objects("s3:PutObjectVersionTagging" if versioned else "s3:PutObjectTagging")
        case "aws-sdk:s3:putObject":
            return objects("s3:PutObject")
        case "aws-sdk:s3:copyObject":
            # Which version is copied stands in the text of CopySource, which is an expression. Tags are copied with it.
            source = f"arn:aws:s3:::{uploads}/{ANY_KEY}"
            versions = "versionId" in str(arguments["CopySource"])
            read = ["s3:GetObjectVersion", "s3:GetObjectVersionTagging"] if versions else ["s3:GetObject", "s3:GetObjectTagging"]
            return [(action, source, {}) for action in read] + objects("s3:PutObject", "s3:PutObjectTagging")
        case "aws-sdk:s3:listObjectVersions":
            return [("s3:ListBucketVersions", f"arn:aws:s3:::{bucket(arguments, uploads)}", {})]
        case "dynamodb:getItem" | "dynamodb:putItem" | "dynamodb:updateItem" | "dynamodb:deleteItem":
            operation = integration.partition(":")[2]
            return [(f"dynamodb:{operation[0].upper()}{operation[1:]}", table(arguments), {})]
        case "aws-sdk:dynamodb:transactWriteItems":
            action = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
            parts = [part for item in arguments["TransactItems"] for part in item.items()]
            return [(f"dynamodb:{action[kind]}", table(item), {}) for kind, item in parts]
    raise ValueError(f"infra/checks/roles.py does not know what a role has to allow for {integration}: add it to `needs`")


def policies(template: Template, role: str, resolve: Resolver) -> dict[str, Any]:
    """All that a role of the template is allowed, as one policy."""
    properties = resolve(template["Resources"][role]["Properties"])
    return {"Statement": [each for policy in properties["Policies"] for each in many(policy["PolicyDocument"]["Statement"])]}


def denied(policy: dict[str, Any], call: Call) -> bool:
    action, resource, context = call
    return decision(policy, {"action": action, "resource": resource}, context) != "Allow"


def unneeded(policy: dict[str, Any], role: str, needed: list[Call]) -> Iterator[str]:
    """What a policy allows that nobody asks for: each action of a statement, and each resource."""
    for statement in policy["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        name = statement.get("Sid", "a statement without a Sid")
        for action in many(statement["Action"]):
            if "*" in action:
                yield f"{role}: {name} allows {action}: name each action"
            elif not SERVICE.fullmatch(action) and not any(action.lower() == asked.lower() for asked, _, _ in needed):
                yield f"{role}: {name} allows {action}, which nothing asks for"
        for resource in many(statement["Resource"]):
            asked = [target for action, target, _ in needed if action in many(statement["Action"])]
            if asked and not any(like(resource, target) for target in asked):
                yield f"{role}: {name} allows {resource}, which nothing asks for"
            if asked and resource == "*":
                yield f"{role}: {name} allows every resource"


def machine_problems(template: Template, definition: str, role: str = "StateMachineRole", uploads: str = "UploadBucket", **chosen: str) -> list[str]:
    """What the state machine's role does not allow of the definition's calls, and what it allows beside."""
    resolve = Resolver(template, **chosen)
    policy = policies(template, role, resolve)
    states = definition_of(definition, resolve)["States"]
    calls = [(name, call) for name, state in tasks(states) for call in needs(state, resolve.name(uploads))]
    missing = [
        f"{role} does not allow {call[0]} on {call[1]}, which the state {name!r} asks for" for name, call in calls if denied(policy, call)
    ]
    return [*missing, *unneeded(policy, role, [call for _, call in calls])]


def model_problems(template: Template, **chosen: str) -> Iterator[str]:
    """A function may ask its model through the inference profile that its settings name, and not beside it."""
    resolve = Resolver(template, **chosen)
    for name, function in template["Resources"].items():
        if function["Type"] != "AWS::Lambda::Function":
            continue
        variables = resolve(function["Properties"].get("Environment", {})).get("Variables", {})
        # A model of SageMaker's is chosen by the endpoint that it is called at.
        if "MODEL_ID" not in variables or "SAGEMAKER_ENDPOINT_NAME" in variables:
            continue
        role = function["Properties"]["Role"]["Fn::GetAtt"][0]
        policy = policies(template, role, resolve)
        allowed = {action for each in policy["Statement"] for action in many(each["Action"]) if action.startswith("bedrock:Invoke")}
        if not allowed:
            yield f"{role} does not allow {name} to ask a model"
        ids = {variables["MODEL_ID"], *filter(None, variables.get("ALLOWED_MODEL_IDS", "").split(","))}
        for action in sorted(allowed):
            for profile_id in sorted(ids):
                profile = f"arn:aws:bedrock:{variables.get('BEDROCK_REGION', REGION)}:{ACCOUNT}:inference-profile/{profile_id}"
                model = f"foundation-model/{profile_id.partition('.')[2]}"
                through = {"bedrock:InferenceProfileArn": profile}
                # The profile's own Regions, one that it may gain, and a global profile's ARN without one.
                places = [f"arn:aws:bedrock:{region}::{model}" for region in (REGION, "us-west-2", "")]
                for call in [(action, profile, {}), *((action, place, through) for place in places)]:
                    if denied(policy, call):
                        yield f"{role} does not allow {action} on {call[1]}, which {name} asks for"
                if not denied(policy, (action, places[0], {})):
                    yield f"{role} allows {action} on {places[0]} beside the inference profile"


def rule_problems(template: Template, **chosen: str) -> Iterator[str]:
    """The role of a rule may start the state machine by the alias that the rule names, and nothing else."""
    resolve = Resolver(template, **chosen)
    roles: dict[str, list[Call]] = {}
    for name, rule in template["Resources"].items():
        if rule["Type"] != "AWS::Events::Rule":
            continue
        for target in rule["Properties"]["Targets"]:
            if "RoleArn" not in target:
                continue
            role, arn = target["RoleArn"]["Fn::GetAtt"][0], resolve(target["Arn"])
            machine, _, alias = arn.rpartition(":")
            call = ("states:StartExecution", machine, {"states:StateMachineQualifier": alias})
            policy = policies(template, role, resolve)
            if denied(policy, call):
                yield f"{role} does not allow states:StartExecution on {machine} by its alias {alias}, which {name} asks for"
            if not denied(policy, (call[0], machine, {"states:StateMachineQualifier": "another"})):
                yield f"{role} allows states:StartExecution on {machine} by any alias"
            roles.setdefault(role, []).append(call)
    for role, calls in roles.items():
        yield from unneeded(policies(template, role, resolve), role, calls)
