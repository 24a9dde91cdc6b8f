"""What roles have to allow, and that they allow nothing more: the state machine's by its definition, a function's by the
model that it asks, the rules' by what they start.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from definition import arguments, definition_of, is_expression, maps, tasks
from iam import Context, decision, like, many
from rendered import Template
from resolved import ACCOUNT, REGION, Resolver


class Call(NamedTuple):
    """What a role is asked for."""

    action: str
    resource: str
    # What conditions see of it.
    context: Context = {}
    # Whether it may be asked for, by what is only known when it runs.
    perhaps: bool = False


# What Step Functions itself needs, whatever the definition does: log delivery and tracing.
SERVICE = re.compile(r"(logs|xray):\w+")
# States that a parameter decides about: the values with which the role has to allow what they ask for, and with no others.
# A state that is not here needs it whatever is chosen.
QUARANTINES = [{"OnPersonalData": "quarantine"}, {"OnUndetermined": "quarantine"}, {"OnSecret": "quarantine"}, {"OnPersonalData": "mask"}, {"OnSecret": "mask"}]
TAGS = [{"OnPersonalData": "tag"}, {"OnUndetermined": "tag"}, {"OnSecret": "tag"}]
# Uploads that are encrypted with keys of the uploaders' are copied with these; what is deleted is not read.
SOURCE_KEYS = ["arn:aws:kms:us-east-1:111122223333:key/one", "arn:aws:kms:us-east-1:111122223333:key/two"]
ENCRYPTED = {"OnPersonalData": "quarantine", "SourceKeyArns": ",".join(SOURCE_KEYS)}
NOT_COPIED = {"SourceKeyArns": ",".join(SOURCE_KEYS)}
OVERRIDES = {"ActionOverrides": "cards/=tag"}
# What is moved to quarantine is deleted where it was.
KEEPS_SOME = [{"OnUndetermined": "tag"}, {"OnSecret": "tag"}, {"OnPersonalData": "none", "OnSecret": "delete"}]
DELETES = [{}, *QUARANTINES, *KEEPS_SOME, OVERRIDES, ENCRYPTED, NOT_COPIED]
NEEDED_WITH: dict[str, list[dict[str, str]]] = {
    "Delete version": DELETES,
    "Delete unless changed": DELETES,
    "Quarantine": [*QUARANTINES, OVERRIDES, ENCRYPTED],
    "Check copy": [*QUARANTINES, OVERRIDES, ENCRYPTED],
    "Tag": [*TAGS, OVERRIDES],
}
# Stands for the key of any object. With a slash, so that no pattern for one folder is enough.
ANY_KEY = "some/key.png"


def bucket(given: dict[str, Any], uploads: str) -> str:
    """The bucket that a task names. An expression names the upload bucket: it comes from the event."""
    value = given["Bucket"]
    return uploads if is_expression(value) else value


def table(given: dict[str, Any]) -> str:
    name = given["TableName"]
    return name if name.startswith("arn:") else f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def partition(given: dict[str, Any]) -> Context:
    """The partition of the table that a task reads or writes, where it is known before it runs."""
    key = given.get("Key", {})
    value = key.get("object", {}).get("S") if isinstance(key, dict) else None
    return {"dynamodb:LeadingKeys": value} if isinstance(value, str) and not is_expression(value) else {}


def needs(state: dict[str, Any], uploads: str) -> list[Call]:
    """What a task asks for.

    `uploads` is the upload bucket's name. An integration that is not known here is an error: add it, with the actions that
    its service's page in AWS's Service Authorization Reference names.
    """
    given = arguments(state)
    if given is None:
        raise ValueError("the names of a task's arguments are hidden: write them as an object, or end the expression with one")
    integration = state["Resource"].removeprefix("arn:aws:states:::")

    def objects(*actions: str) -> list[Call]:
        return [Call(action, f"arn:aws:s3:::{bucket(given, uploads)}/{ANY_KEY}") for action in actions]

    def versioned(action: str, plain: str) -> list[Call]:
        """An action on a version. What is computed may come to none, which S3 asks the other action for."""
        if "VersionId" not in given:
            return objects(plain)
        return [*objects(action), *(call._replace(perhaps=True) for call in objects(plain) if is_expression(given["VersionId"]))]

    match integration:
        case "lambda:invoke":
            return [Call("lambda:InvokeFunction", given["FunctionName"])]
        case "sns:publish":
            return [Call("sns:Publish", given["TopicArn"])]
        case "states:startExecution.sync:2":
            # A version is authorised by its machine's ARN, and its end is heard of by a rule of Step Functions' own.
            machine = ":".join(given["StateMachineArn"].split(":")[:7])
            execution = f"{machine.replace(':stateMachine:', ':execution:')}:one"
            rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
            return [
                Call("states:StartExecution", machine),
                *(Call(f"states:{action}Execution", execution) for action in ("Describe", "Stop")),
                *(Call(f"events:{action}", rule) for action in ("PutTargets", "PutRule", "DescribeRule")),
            ]
        case "events:putEvents":
            return [Call("events:PutEvents", each["EventBusName"]) for each in given["Entries"]]
        case "aws-sdk:s3:deleteObject" if "VersionId" in given:
            # Without a version it would hide the object: that is no right to have in reserve.
            return objects("s3:DeleteObjectVersion")
        case "aws-sdk:s3:deleteObject":
            # On the condition that the ETag still stands S3 compares it, which is reading.
            return objects("s3:DeleteObject", *(["s3:GetObject"] if "IfMatch" in given else []))
        case "aws-sdk:s3:headObject" | "aws-sdk:s3:getObject":
            return versioned("s3:GetObjectVersion", "s3:GetObject")
        case "aws-sdk:s3:getObjectTagging":
            return versioned("s3:GetObjectVersionTagging", "s3:GetObjectTagging")
        case "aws-sdk:s3:putObjectTagging":
            return versioned("s3:PutObjectVersionTagging", "s3:PutObjectTagging")
        case "aws-sdk:s3:putObject":
            return objects("s3:PutObject")
        case "aws-sdk:s3:copyObject":
            # Which version is copied stands in the text of CopySource, which is an expression. Tags are copied with it.
            source = f"arn:aws:s3:::{uploads}/{ANY_KEY}"
            of_version = "versionId" in str(given["CopySource"])
            read = [Call(action, source, perhaps=of_version) for action in ("s3:GetObject", "s3:GetObjectTagging")]
            if of_version:
                read += [Call(action, source) for action in ("s3:GetObjectVersion", "s3:GetObjectVersionTagging")]
            return [*read, *objects("s3:PutObject", "s3:PutObjectTagging")]
        case "aws-sdk:s3:listObjectVersions":
            return [Call("s3:ListBucketVersions", f"arn:aws:s3:::{bucket(given, uploads)}")]
        case "dynamodb:getItem" | "dynamodb:putItem" | "dynamodb:updateItem" | "dynamodb:deleteItem":
            operation = integration.partition(":")[2]
            return [Call(f"dynamodb:{operation[0].upper()}{operation[1:]}", table(given), partition(given))]
    raise ValueError(f"infra/checks/roles.py does not know what a role has to allow for {integration}: add it to `needs`")


def map_needs(state: dict[str, Any], machine: str) -> list[Call]:
    """What a distributed Map of a state machine asks for: its items, and executions of its own."""
    part = f"arn:aws:s3:::{state['ItemReader']['Parameters']['Bucket']}/{ANY_KEY}"
    child = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine}/{state['Label']}:one"
    return [
        Call("s3:GetObject", part),
        Call("states:StartExecution", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}"),
        *(Call(f"states:{action}Execution", child) for action in ("Describe", "Stop")),
    ]


def policies(template: Template, role: str, resolve: Resolver) -> dict[str, Any]:
    """All that a role of the template is allowed, as one policy."""
    properties = resolve(template["Resources"][role]["Properties"])
    return {"Statement": [each for policy in properties["Policies"] for each in many(policy["PolicyDocument"]["Statement"])]}


def denied(policy: dict[str, Any], call: Call) -> bool:
    return decision(policy, {"action": call.action, "resource": call.resource}, call.context) != "Allow"


def unneeded(policy: dict[str, Any], role: str, needed: list[Call]) -> Iterator[str]:
    """What a policy allows that nobody asks for: each action of a statement, and each resource."""
    for statement in policy["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        name = statement.get("Sid", "a statement without a Sid")
        for action in many(statement["Action"]):
            if "*" in action:
                yield f"{role}: {name} allows {action}: name each action"
            elif not SERVICE.fullmatch(action) and not any(action.lower() == call.action.lower() for call in needed):
                yield f"{role}: {name} allows {action}, which nothing asks for"
        for resource in many(statement["Resource"]):
            asked = [call.resource for call in needed if call.action in many(statement["Action"])]
            if asked and not any(like(resource, target) for target in asked):
                yield f"{role}: {name} allows {resource}, which nothing asks for"
            if asked and resource == "*":
                yield f"{role}: {name} allows every resource"


def keys(template: Template, resolve: Resolver) -> dict[str, str]:
    """The keys that buckets of the template are encrypted with, by the buckets' names."""
    found = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::S3::Bucket":
            for rule in resolve(resource["Properties"])["BucketEncryption"]["ServerSideEncryptionConfiguration"]:
                key = rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID")
                if key:
                    found[resolve.name(name)] = key
    return found


def decrypting(calls: list[Call], uploads: str, source_keys: list[str]) -> list[Call]:
    """What copying uploads asks of the keys that their uploaders encrypted them with."""
    copies = any(call.action == "s3:PutObject" for call in calls)
    read = any(call.action == "s3:GetObjectVersion" and call.resource.startswith(f"arn:aws:s3:::{uploads}/") for call in calls)
    by_s3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    return [Call("kms:Decrypt", key, by_s3) for key in source_keys] if copies and read else []


def with_keys(calls: list[Call], key_of: dict[str, str]) -> list[Call]:
    """The calls, and what they ask of the keys that the buckets are encrypted with."""
    further = []
    for call in calls:
        key = key_of.get(call.resource.removeprefix("arn:aws:s3:::").partition("/")[0])
        if key and call.action == "s3:PutObject":
            further.append(Call("kms:GenerateDataKey", key))
        elif key and call.action in ("s3:GetObject", "s3:GetObjectVersion"):
            further.append(Call("kms:Decrypt", key, perhaps=call.perhaps))
    return [*calls, *further]


def machine_problems(
    template_with: Callable[..., Template],
    definition: str,
    role: str = "StateMachineRole",
    uploads: str = "UploadBucket",
    needed_with: dict[str, list[dict[str, str]]] | None = None,
    machine_name: str = "StateMachineName",
) -> Iterator[str]:
    """What the state machine's role does not allow of the definition's calls, and what it allows beside.

    `template_with` renders the template with parameters.
    """
    needed_with = NEEDED_WITH if needed_with is None else needed_with
    choices = [{}, *(chosen for each in needed_with.values() for chosen in each)]
    for chosen in [each for at, each in enumerate(choices) if each not in choices[:at]]:
        told = "".join(f", with {name}={value}" for name, value in chosen.items())
        template = template_with(**chosen)
        resolve = Resolver(template, **chosen)
        policy, key_of = policies(template, role, resolve), keys(template, resolve)
        states = definition_of(definition, resolve)["States"]
        machine = resolve(template["Outputs"][machine_name]["Value"]) if "Outputs" in template else ""
        needed: list[Call] = [call for _, state in maps(states) for call in map_needs(state, machine)]
        yield from (
            f"{role} does not allow {call.action} on {call.resource}, which a Map asks for{told}" for call in needed if denied(policy, call)
        )
        for name, state in tasks(states):
            if chosen not in needed_with.get(name, [chosen]):
                continue
            asked = needs(state, resolve.name(uploads))
            source_keys = list(filter(None, chosen.get("SourceKeyArns", "").split(",")))
            for call in [*with_keys(asked, key_of), *decrypting(asked, resolve.name(uploads), source_keys)]:
                needed.append(call)
                if denied(policy, call) and not call.perhaps:
                    yield (
                        f"{role} does not allow {call.action} on {call.resource}, which the state {name!r} asks for{told}. "
                        "If a parameter decides about the state, say so in NEEDED_WITH of infra/checks/roles.py"
                    )
        yield from (f"{problem}{told}" for problem in unneeded(policy, role, needed))


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
        listed = [entry.partition("=")[::2] for entry in variables.get("ALLOWED_MODEL_IDS", "").split(",") if entry]
        models = {(variables["MODEL_ID"], variables.get("BASE_MODEL_ID", "")), *listed}
        for action in sorted(allowed):
            for profile_id, model_behind in sorted(models):
                # An application inference profile is named by its ARN, and does not name its model.
                is_arn = profile_id.startswith("arn:")
                system = f"arn:aws:bedrock:{variables.get('BEDROCK_REGION', REGION)}:{ACCOUNT}:inference-profile/{profile_id}"
                profile = profile_id if is_arn else system
                base = model_behind.removeprefix("global.") if is_arn else profile_id.partition(".")[2]
                model = f"foundation-model/{base}"
                through = {"bedrock:InferenceProfileArn": profile}
                # The profile's own Regions, one that it may gain, and a global profile's ARN without one.
                places = [f"arn:aws:bedrock:{region}::{model}" for region in (REGION, "us-west-2", "")]
                for call in [Call(action, profile), *(Call(action, place, through) for place in places)]:
                    if denied(policy, call):
                        yield f"{role} does not allow {action} on {call.resource}, which {name} asks for"
                if not denied(policy, Call(action, places[0])):
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
            call = Call("states:StartExecution", machine, {"states:StateMachineQualifier": alias})
            policy = policies(template, role, resolve)
            if denied(policy, call):
                yield f"{role} does not allow states:StartExecution on {machine} by its alias {alias}, which {name} asks for"
            if not denied(policy, call._replace(context={"states:StateMachineQualifier": "another"})):
                yield f"{role} allows states:StartExecution on {machine} by any alias"
            roles.setdefault(role, []).append(call)
    for role, calls in roles.items():
        yield from unneeded(policies(template, role, resolve), role, calls)
