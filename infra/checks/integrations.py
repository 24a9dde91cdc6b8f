"""The tasks of a state machine held against AWS's own models: what is called, with which members, and which errors it has."""

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import OperationModel
from definition import arguments, definition_of, is_expression, tasks
from rendered import Template
from resolved import Resolver
from shapes import Unknown, mismatches, operation, pascal, service, service_of_id

# Step Functions' optimised integrations: the operation of AWS's models behind each, what its errors begin with, the member
# that takes any JSON, and errors that no model has: of the SDK that Step Functions calls with.
LAMBDA_ERRORS = {"AWSLambdaException", "ClientExecutionTimeoutException", "SdkClientException", "Unknown"}
OPTIMISED = {
    "lambda:invoke": ("lambda", "Invoke", "Lambda", "Payload", LAMBDA_ERRORS),
    "sns:publish": ("sns", "Publish", "SNS", None, {"AmazonSNSException"}),
    "sqs:sendMessage": ("sqs", "SendMessage", "SQS", "MessageBody", {"AmazonSQSException"}),
    "events:putEvents": ("events", "PutEvents", "EventBridge", None, {"FailedEntry", "AmazonEventBridgeException"}),
    "states:startExecution": ("stepfunctions", "StartExecution", "StepFunctions", "Input", {"AWSStepFunctionsException", "SdkClientException"}),
    "dynamodb:getItem": ("dynamodb", "GetItem", "DynamoDB", None, {"AmazonDynamoDBException"}),
    "dynamodb:putItem": ("dynamodb", "PutItem", "DynamoDB", None, {"AmazonDynamoDBException"}),
    "dynamodb:updateItem": ("dynamodb", "UpdateItem", "DynamoDB", None, {"AmazonDynamoDBException"}),
    "dynamodb:deleteItem": ("dynamodb", "DeleteItem", "DynamoDB", None, {"AmazonDynamoDBException"}),
}


def integration_problems(template: Template, definition: str) -> Iterator[str]:
    """What AWS would refuse of the tasks of a definition, or never report to their retriers and catchers; one line each."""
    states = definition_of(definition, Resolver(template))["States"]
    for name, state in tasks(states):
        yield from task_problems(f"the state {name!r}", state)


def task_problems(name: str, state: dict[str, Any]) -> Iterator[str]:
    integration = re.sub(r"\.(sync(:2)?|waitForTaskToken)$", "", state["Resource"].removeprefix("arn:aws:states:::"))
    if integration in OPTIMISED:
        service_name, operation_name, prefix, free, further = OPTIMISED[integration]
        called = operation(service_name, operation_name)
    elif integration.startswith("aws-sdk:"):
        _, service_id, camel = integration.split(":")
        found = service_of_id(service_id)
        if found is None:
            yield f"{name}: AWS has no service {service_id}"
            return
        if camel != camel[0].lower() + camel[1:] or (called := operation(found, pascal(camel))) is None:
            yield f"{name}: {service_id} has no operation {camel}"
            return
        prefix, free = java_name(service(found).metadata["serviceId"]), None
        further = {f"{prefix}Exception", "SdkClientException"}
    else:
        yield f"{name}: {integration} is not known here: add it to OPTIMISED in infra/checks/integrations.py"
        return
    named = arguments(state)
    if named is None:
        yield f"{name}: its arguments are one expression that hides their names: end it with the object that it makes"
        return
    given = {key: Unknown() if key == free else unknown_where_computed(value) for key, value in named.items()}
    yield from mismatches(called.input_shape, given, f"{name}: {integration}", pascal)
    yield from error_problems(name, state, called, prefix, further)


def unknown_where_computed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: unknown_where_computed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unknown_where_computed(item) for item in value]
    return Unknown(value) if is_expression(value) else value


def error_problems(name: str, state: dict[str, Any], called: OperationModel, prefix: str, further: set[str]) -> Iterator[str]:
    """Errors that a service has are named by it and by the exception of the SDK's. Functions name their own."""
    known = {exception(shape.name) for shape in called.error_shapes} | further
    for handler in [*state.get("Retry", []), *state.get("Catch", [])]:
        for error in handler["ErrorEquals"]:
            of, dot, kind = error.partition(".")
            if not dot or of in ("States", "Sandbox", "Runtime"):
                continue
            if of != prefix:
                yield f"{name}: {error} never comes from {called.service_model.service_name}, whose errors begin with {prefix}."
            elif kind not in known:
                yield f"{name}: {called.name} has no error {error}"


def exception(shape: str) -> str:
    return shape if shape.endswith("Exception") else f"{shape.removesuffix('Fault').removesuffix('Error')}Exception"


def java_name(service_id: str) -> str:
    """A service as the AWS SDK for Java calls it: DynamoDb, Sns, CloudWatchLogs."""
    words = re.split(r"[^A-Za-z0-9]+", service_id)
    return "".join(re.sub(r"([A-Z])([A-Z]+)", lambda found: found[1] + found[2].lower(), pascal(word)) for word in words)
