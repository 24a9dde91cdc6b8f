"""What every stack must watch, held against the rendered template and docs/operations.md."""

import json
import re
from collections.abc import Iterator
from typing import Any

from rendered import Template

NAMESPACE = "BedrockWarden"
RECORD_METRICS = [
    "ModelInvocationLogsCloudWatchDeliveryFailure",
    "ModelInvocationLogsS3DeliveryFailure",
    "ModelInvocationLargeDataS3DeliveryFailure",
]
# The sets of dimensions that AWS's services write these metrics by, from their pages on CloudWatch metrics.
AWS_METRICS = {
    "AWS/ApiGateway": [{"ApiName"}, {"ApiName", "Stage"}, {"ApiName", "Stage", "Method", "Resource"}],
    "AWS/Bedrock": [set(), {"ModelId"}],
    "AWS/DynamoDB": [{"TableName"}, {"TableName", "Operation"}],
    "AWS/Events": [{"RuleName"}, {"EventBusName", "RuleName"}],
    "AWS/Lambda": [set(), {"FunctionName"}, {"FunctionName", "Resource"}, {"FunctionName", "Resource", "ExecutedVersion"}],
    "AWS/SNS": [{"TopicName"}],
    "AWS/SQS": [{"QueueName"}],
    "AWS/States": [{"StateMachineArn"}],
}
STATE_MACHINE_METRICS = ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionThrottled"]

Metrics = dict[str, set[tuple[str, ...]]]


def problems(template: Template, documentation: str) -> list[str]:
    """One line for each thing that is wrong; none when all is well."""
    metrics = documented_metrics(documentation)
    return [
        *unwatched_queues(template),
        *targets_without_queue(template),
        *unwatched_functions(template),
        *unwatched_answers(template),
        *unwatched_streams(template),
        *unwatched_records(template),
        *unwatched_state_machine(template),
        *unwatched_tables(template),
        *silent_alarms(template),
        *unknown_metrics(template, metrics),
        *undocumented_alarms(template, documentation),
    ]


def of_type(template: Template, kind: str) -> dict[str, Template]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def attribute(resource: str, name: str) -> Template:
    return {"Fn::GetAtt": [resource, name]}


def alarms_on(template: Template, namespace: str, metric: str, dimension: str, value: Any) -> list[str]:
    wanted = {"Namespace": namespace, "MetricName": metric, "Dimensions": [{"Name": dimension, "Value": value}]}
    return [
        name
        for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items()
        if wanted.items() <= alarm["Properties"].items()
    ]


def found(value: Any, name: str) -> Iterator[Any]:
    """Every value of that name, however deep."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == name:
                yield item
            yield from found(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from found(item, name)


def dead_letter_queues(template: Template) -> set[str]:
    """The queues that something gives its dead letters to."""
    queues = of_type(template, "AWS::SQS::Queue")
    given = [*found(template["Resources"], "DeadLetterConfig"), *found(template["Resources"], "RedrivePolicy")]
    text = json.dumps([*given, *found(template["Resources"], "OnFailure")])
    return {name for name in queues if json.dumps(attribute(name, "Arn")) in text}


def unwatched_queues(template: Template) -> Iterator[str]:
    for queue in sorted(dead_letter_queues(template)):
        metric = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName")
        if not alarms_on(template, *metric, attribute(queue, "QueueName")):
            yield f"dead-letter queue {queue} has no alarm on {metric[1]}"


def targets_without_queue(template: Template) -> Iterator[str]:
    for name, rule in of_type(template, "AWS::Events::Rule").items():
        if any("DeadLetterConfig" not in target for target in rule["Properties"]["Targets"]):
            yield f"rule {name} has a target without a dead-letter queue"


def unwatched_functions(template: Template) -> Iterator[str]:
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        for metric in ["Errors", "Throttles"]:
            if not alarms_on(template, "AWS/Lambda", metric, "FunctionName", {"Ref": name}):
                yield f"function {name} has no alarm on {metric}"
        asks_a_model = "MODEL_ID" in function["Properties"].get("Environment", {}).get("Variables", {})
        if asks_a_model and not alarms_on(template, NAMESPACE, "ModelRetries", "Function", {"Ref": name}):
            yield f"function {name} has no alarm on ModelRetries"


def unwatched_answers(template: Template) -> Iterator[str]:
    """A function behind HTTP tells of a failure by its response, and not by an error of its own."""
    for name, url in of_type(template, "AWS::Lambda::Url").items():
        function = {"Ref": url["Properties"]["TargetFunctionArn"]["Ref"].removesuffix("Aliaslive")}
        if not alarms_on(template, "AWS/Lambda", "Url5xxCount", "FunctionName", function):
            yield f"function URL {name} has no alarm on Url5xxCount"
    apis = of_type(template, "AWS::ApiGateway::RestApi")
    for stage, resource in of_type(template, "AWS::ApiGateway::Stage").items():
        name = apis[resource["Properties"]["RestApiId"]["Ref"]]["Properties"]["Body"]["info"]["title"]
        dimensions = [{"Name": "ApiName", "Value": name}, {"Name": "Stage", "Value": {"Ref": stage}}]
        wanted = {"Namespace": "AWS/ApiGateway", "MetricName": "5XXError", "Dimensions": dimensions}
        alarms = of_type(template, "AWS::CloudWatch::Alarm").values()
        if not any(wanted.items() <= alarm["Properties"].items() for alarm in alarms):
            yield f"API {name['Fn::Sub']} has no alarm on 5XXError"


def unwatched_streams(template: Template) -> Iterator[str]:
    """An answer that is cut after it began has status 200."""
    for name in of_type(template, "AWS::Lambda::Function"):
        if name.endswith("Stream") and not alarms_on(template, NAMESPACE, "AnswersCut", "Function", {"Ref": name}):
            yield f"function {name} has no alarm on AnswersCut"


def unwatched_records(template: Template) -> Iterator[str]:
    """Bedrock counts what it could not deliver for all models together, without a dimension."""
    if not of_type(template, "Custom::ModelInvocationLogging"):
        return
    for metric in RECORD_METRICS:
        wanted = {"Namespace": "AWS/Bedrock", "MetricName": metric}
        alarms = [alarm["Properties"] for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()]
        if not any(wanted.items() <= alarm.items() and "Dimensions" not in alarm for alarm in alarms):
            yield f"the records of model invocations have no alarm on {metric}"


def unwatched_state_machine(template: Template) -> Iterator[str]:
    if "StateMachineName" not in template.get("Outputs", {}):
        return
    arn = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${StateMachineName}"
    for metric in STATE_MACHINE_METRICS:
        if not alarms_on(template, "AWS/States", metric, "StateMachineArn", {"Fn::Sub": arn}):
            yield f"the state machine has no alarm on {metric}"


def unwatched_tables(template: Template) -> Iterator[str]:
    for name in of_type(template, "AWS::DynamoDB::Table"):
        if not alarms_on(template, "AWS/DynamoDB", "WriteThrottleEvents", "TableName", {"Ref": name}):
            yield f"table {name} has no alarm on WriteThrottleEvents"
    if of_type(template, "AWS::DynamoDB::Table") and not list(found(template["Resources"], "Expression")):
        yield "executions that run away have no alarm"


def silent_alarms(template: Template) -> Iterator[str]:
    """Alarms that tell nobody: CloudWatch needs a right on the topic and, where it is encrypted, on its key."""
    topics = of_type(template, "AWS::SNS::Topic")
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        actions = [action.get("Ref") for action in alarm["Properties"].get("AlarmActions", [])]
        if not actions or any(action not in topics for action in actions):
            yield f"alarm {name} publishes to no topic of the template"
            continue
        for topic in actions:
            policies = of_type(template, "AWS::SNS::TopicPolicy").values()
            if not any({"Ref": topic} in each["Properties"]["Topics"] and admits(each, "sns:Publish") for each in policies):
                yield f"alarm {name}: no policy lets CloudWatch publish to {topic}"
            key = topics[topic]["Properties"].get("KmsMasterKeyId")
            resource = template["Resources"].get(key.get("Ref")) if isinstance(key, dict) else None
            if resource is None or not admits(resource, "kms:GenerateDataKey*"):
                yield f"alarm {name}: {topic} is encrypted by no key that CloudWatch may use"


def admits(resource: Template, action: str) -> bool:
    """Whether a policy of the resource lets alarms do that."""
    properties = resource["Properties"]
    policy = properties.get("PolicyDocument") or properties.get("KeyPolicy") or {"Statement": []}
    return any(
        statement["Effect"] == "Allow"
        and statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        and action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        for statement in policy["Statement"]
    )


def documented_metrics(documentation: str) -> Metrics:
    """The metrics of the table in the documentation, each with its sets of dimensions."""
    metrics: Metrics = {}
    for name, sets in re.findall(r"^\| `(\w+)` \| [^|]+ \| (`\[[^|]+) \|", documentation, re.MULTILINE):
        metrics[name] = {tuple(each.split(", ")) for each in re.findall(r"`\[([^]]+)\]`", sets)}
    return metrics


def unknown_metrics(template: Template, metrics: Metrics) -> Iterator[str]:
    """What is watched or shown and never written would look well for ever."""
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        properties = alarm["Properties"]
        if "Metrics" in properties:
            yield from unknown_rules(template, name, properties["Metrics"])
            continue
        dimensions = tuple(dimension["Name"] for dimension in properties.get("Dimensions", []))
        if properties["Namespace"] in AWS_METRICS:
            if set(dimensions) not in AWS_METRICS[properties["Namespace"]]:
                yield f"alarm {name}: {properties['Namespace']} writes nothing by {', '.join(dimensions)}"
        elif properties["Namespace"] != NAMESPACE:
            yield f"alarm {name}: {properties['Namespace']} is not known here: add it to AWS_METRICS in infra/checks/monitoring.py"
        elif dimensions not in metrics.get(properties["MetricName"], set()):
            yield f"alarm {name}: no function writes {properties['MetricName']} by {', '.join(dimensions)}"
    for name, dashboard in of_type(template, "AWS::CloudWatch::Dashboard").items():
        for metric, dimensions in shown(dashboard["Properties"]["DashboardBody"]["Fn::Sub"]):
            if dimensions not in metrics.get(metric, set()):
                yield f"{name}: no function writes {metric} by {', '.join(dimensions)}"


def unknown_rules(template: Template, alarm: str, metrics: list[Template]) -> Iterator[str]:
    """An alarm on a report of Contributor Insights names the rule by its name."""
    rules = [each["Properties"] for each in of_type(template, "AWS::CloudWatch::InsightRule").values()]
    for metric in metrics:
        expression = metric["Expression"]["Fn::Sub"]
        named = re.fullmatch(r"INSIGHT_RULE_METRIC\('([^']+)', '(?:MaxContributorValue|UniqueContributors|Sum)'\)", expression)
        if named is None or named[1] not in [rule["RuleName"]["Fn::Sub"] for rule in rules]:
            yield f"alarm {alarm}: {expression} is about no rule of the template"
    for rule in rules:
        groups = json.loads(re.sub(r"\$\{(\w+)\}", r"\1", rule["RuleBody"]["Fn::Sub"]))["LogGroupNames"]
        for group in groups:
            if group not in of_type(template, "AWS::Logs::LogGroup"):
                yield f"a rule reads {group}, which is no log group of the template"


def shown(body: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The metrics of the namespace that a dashboard shows, each with its dimensions."""
    for widget in json.loads(body)["widgets"]:
        for line in widget["properties"].get("metrics", []):
            if isinstance(line[0], dict):
                search = re.search(rf'\{{{NAMESPACE},([\w,]+)\}} MetricName="(\w+)"', line[0]["expression"])
                if search:
                    yield search[2], tuple(search[1].split(","))
            elif line[0] == NAMESPACE:
                texts = [part for part in line[2:] if isinstance(part, str)]
                yield line[1], tuple(texts[::2])


def undocumented_alarms(template: Template, documentation: str) -> Iterator[str]:
    """An alarm that the documentation does not name leaves its reader without an answer."""
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        called = alarm["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
        if f"`{called}`" not in documentation:
            yield f"alarm {name}: docs/operations.md does not say what to do about `{called}`"
