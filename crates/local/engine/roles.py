"""Holds the calls of state machines to their roles, as AWS does. Those of functions the engine holds itself."""

import contextvars
import functools
import os

from ministack.core import iam_actions, iam_evaluator
from ministack.services import sts

REGION = os.environ["MINISTACK_REGION"]
ACCOUNT = os.environ["MINISTACK_ACCOUNT_ID"]

# Step Functions' optimised integrations: the action that the machine's role has to allow, the argument that names the
# resource, and the error that Step Functions reports when the role does not.
OPTIMISED = {
    "lambda:invoke": ("lambda:InvokeFunction", "FunctionName", "Lambda.AWSLambdaException"),
    "sns:publish": ("sns:Publish", "TopicArn", "SNS.AuthorizationErrorException"),
    "sqs:sendMessage": ("sqs:SendMessage", "QueueUrl", "SQS.AmazonSQSException"),
    "dynamodb:getItem": ("dynamodb:GetItem", "TableName", "DynamoDB.AmazonDynamoDBException"),
    "dynamodb:putItem": ("dynamodb:PutItem", "TableName", "DynamoDB.AmazonDynamoDBException"),
    "dynamodb:updateItem": ("dynamodb:UpdateItem", "TableName", "DynamoDB.AmazonDynamoDBException"),
    "dynamodb:deleteItem": ("dynamodb:DeleteItem", "TableName", "DynamoDB.AmazonDynamoDBException"),
    "states:startExecution.sync:2": ("states:StartExecution", "StateMachineArn", "StepFunctions.AWSStepFunctionsException"),
}


def enforce(app, stepfunctions):
    """Switches it on. The engine asks everybody else for their rights where AUTH is true."""
    take_loopback_for_tls(app)
    MachinesRole(app, stepfunctions)


def take_loopback_for_tls(app):
    """What comes over loopback counts as sent over TLS: the buckets' policies refuse what was not, as on AWS."""
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _over_tls: pin(address, True)


class MachinesRole:
    """A state machine's task does what the machine's role allows and nothing more, as on AWS.

    The engine asks the roles of functions alone.
    """

    def __init__(self, app, stepfunctions):
        self.app, self.stepfunctions = app, stepfunctions
        # The role that a task runs with, until its call is made: what follows from the call is not the role's doing.
        self.role = contextvars.ContextVar("role", default=None)
        self.execute_task, self.invoke_resource = stepfunctions._execute_task, stepfunctions._invoke_resource
        self.call_service = app.call_service_handler_sync
        stepfunctions._execute_task = self.execute_task_with_role
        stepfunctions._invoke_resource = self.invoke_resource_by_role
        app.call_service_handler_sync = self.call_service_by_role

    def execute_task_with_role(self, state, raw_input, execution, ctx):
        # A child of a Map Run has the role of the execution that the map stands in.
        run = self.stepfunctions._map_runs.get(execution.get("mapRunArn"))
        owner = self.stepfunctions._executions[run["executionArn"]] if run else execution
        started = owner["events"][0]["executionStartedEventDetails"]
        token = self.role.set((started["roleArn"], execution["name"]))
        try:
            return self.execute_task(state, raw_input, execution, ctx)
        finally:
            self.role.reset(token)

    def invoke_resource_by_role(self, resource, arguments):
        integration = ":".join(resource.split(":")[5:]).removesuffix(".waitForTaskToken")
        # The SDK's integrations become requests, which are looked at when they are made.
        if self.role.get() is None or integration.startswith("aws-sdk:"):
            return self.invoke_resource(resource, arguments)
        if integration not in OPTIMISED:
            reason = f"crates/local/engine/roles.py does not know what a role has to allow for {integration}: add it to OPTIMISED"
            raise self.stepfunctions._ExecutionError("States.Runtime", reason)
        action, argument, error = OPTIMISED[integration]
        service = action.partition(":")[0]
        self.hold(service, [(action, resource_of(service, arguments[argument]))], error)
        return self.without_role(self.invoke_resource, resource, arguments)

    def call_service_by_role(self, handler, method, path, headers, body, query, *args, **kwargs):
        call = functools.partial(self.call_service, handler, method, path, headers, body, query, *args, **kwargs)
        if self.role.get() is None:
            return call()
        service = next(name for name, each in self.app.SERVICE_HANDLERS.items() if each is handler)
        request = (service, method, path, headers, body.encode() if isinstance(body, str) else body, query)
        # The SDK has no name of its own for it.
        name = self.stepfunctions._AWS_SDK_ERROR_PREFIX.get(service, service.capitalize())
        self.hold(service, needed_by(request), f"{name}.{name}Exception")
        return self.without_role(call)

    def without_role(self, call, *args):
        token = self.role.set(None)
        try:
            return call(*args)
        finally:
            self.role.reset(token)

    def hold(self, service, needed, error):
        """Fails the task with this error by the first of the needed actions that its role does not allow."""
        role_arn, execution = self.role.get()
        account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
        principal = f"arn:aws:sts::{account}:assumed-role/{role}/{execution}"
        key = f"ASIAMACHINE{role}"
        session = {"Arn": principal, "UserId": f"{role}:{execution}", "SecretAccessKey": "the machine's own"}
        sts.register_session(key, session)

        def denied(action, resource):
            # What the request that started the execution was signed with is no matter of the machine's.
            iam_evaluator._anonymous.set(False)
            iam_evaluator._signed_request.set(None)
            return iam_evaluator.enforce(key, action, service, REGION, resource_arn=resource)

        for action, resource in needed:
            result = contextvars.copy_context().run(denied, action, resource)
            if result is not None:
                explicit = getattr(result, "decision", "") == "Deny"
                message = iam_actions.identity_denial_message(action, principal, resource, explicit)
                raise self.stepfunctions._ExecutionError(error, f"{message} (Status Code: 403, Error Code: AccessDenied)")


def resource_of(service, name):
    """The ARN of what an argument names: SQS and DynamoDB are told a URL and a name."""
    if service == "states":
        # A version or an alias is authorised by the state machine's own ARN.
        return ":".join(name.split(":")[:7])
    if service in ("sqs", "dynamodb") and not name.startswith("arn:"):
        kind = "table/" if service == "dynamodb" else ""
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}{name.rsplit('/', 1)[-1]}"
    return name


def needed_by(request):
    """The actions, each on a resource, that a request to a service has to be allowed."""
    service, method, path, headers, body, query = request
    action = iam_actions.extract_iam_action(*request)
    resource = iam_actions.extract_resource_arn(*request, REGION, ACCOUNT)
    if service == "dynamodb":
        return iam_actions.dynamodb_transaction_checks(action, body, REGION, ACCOUNT) or [(action, resource)]
    needed = [(action, resource)]
    if service == "s3":
        needed += iam_actions.s3_additional_checks(method, path, headers, body, query)
        if method == "DELETE" and "if-match" in headers:
            needed.append(("s3:GetObject", resource))
    return needed
