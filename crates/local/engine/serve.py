"""Serves the local AWS engine until standard input closes.

Usage: python -I serve.py STATE_FOLDER, with the engine's settings in the environment.

Whoever started this holds the other end of standard input. When it goes away,
however it went, this process group ends with it: the engine, and the functions
that the engine started.
"""

import contextvars
import functools
import json
import os
import random
import shutil
import signal
import sys
import threading
import unicodedata


def end_with_the_owner(state_folder):
    """Waits for the end of standard input, then leaves nothing behind."""
    while os.read(0, 4096):
        pass
    shutil.rmtree(state_folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def keep_message_attributes(sns):
    """A publish by Step Functions keeps its attributes, as on AWS.

    The engine reads them in the form of SNS's query protocol alone; a task's
    arguments carry them as an object, and they were lost.
    """
    parse = sns._parse_message_attributes

    def message_attributes(params):
        given = params.get("MessageAttributes")
        return given if isinstance(given, dict) else parse(params)

    sns._parse_message_attributes = message_attributes


def refuse_bad_subjects(sns):
    """A subject is fewer than 100 characters, none of them a control character, as on AWS."""
    publish = sns.publish_internal

    @functools.wraps(publish)
    def checked(topic_arn, message, subject=None, *args, **kwargs):
        subject = subject or ""
        if len(subject) >= 100 or any(unicodedata.category(c) == "Cc" for c in subject):
            raise sns.SnsPublishError("InvalidParameter", "Invalid parameter: Subject")
        return publish(topic_arn, message, subject, *args, **kwargs)

    sns.publish_internal = checked


def tell_the_version(s3, eventbridge):
    """"Object Created" of a versioned bucket names the version, as on AWS."""
    version = contextvars.ContextVar("version", default=None)
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    @functools.wraps(fire)
    def fire_with_version(*args, version_id=None, **kwargs):
        token = version.set(version_id)
        try:
            return fire(*args, version_id=version_id, **kwargs)
        finally:
            version.reset(token)

    @functools.wraps(dispatch)
    def dispatch_with_version(event, *args, **kwargs):
        if version.get() and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"].setdefault("version-id", version.get())
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *args, **kwargs)

    s3._fire_s3_event = fire_with_version
    eventbridge._dispatch_event = dispatch_with_version


def take_numbers_for_texts(provisioners):
    """A function's environment may be written with numbers in a template, as on AWS."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    create = handlers["create"]

    @functools.wraps(create)
    def create_with_texts(logical_id, props, *args, **kwargs):
        environment = props.get("Environment", {})
        texts = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in environment.get("Variables", {}).items()
        }
        return create(logical_id, {**props, "Environment": {**environment, "Variables": texts}}, *args, **kwargs)

    handlers["create"] = create_with_texts


def take_rules_between_groups(provisioners):
    """A template may let one security group reach another by a rule of its own, as on AWS. Nothing here enforces groups."""

    def create(logical_id, props, stack_name):
        return f"sgr-{stack_name}-{logical_id}", {}

    rule = {"create": create, "delete": lambda *_: None}
    provisioners._RESOURCE_HANDLERS.setdefault("AWS::EC2::SecurityGroupIngress", rule)


def take_reports_of_contributors(provisioners):
    """A template may have a report of Contributor Insights, and an alarm on it, as on AWS. Nothing here reads logs for them."""

    def create_rule(logical_id, props, stack_name):
        return props["RuleName"], {}

    rule = {"create": create_rule, "delete": lambda *_: None}
    provisioners._RESOURCE_HANDLERS.setdefault("AWS::CloudWatch::InsightRule", rule)
    handlers = provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
    create = handlers["create"]

    @functools.wraps(create)
    def create_alarm(logical_id, props, *args, **kwargs):
        if "Metrics" in props:
            # No metric has this name, so that the alarm stays quiet.
            props = {**props, "MetricName": "Expression", "Namespace": "warden", "Statistic": "Sum", "Period": 300}
            del props["Metrics"]
        return create(logical_id, props, *args, **kwargs)

    handlers["create"] = create_alarm


def write_one_after_the_other(dynamodb):
    """Each write to a table reads and writes as one, as on AWS.

    The engine's executions are threads, and one wrote back what it had read before another had counted.
    """
    lock = threading.RLock()

    def alone(write):
        @functools.wraps(write)
        def locked(data):
            with lock:
                return write(data)

        return locked

    for name in ("_put_item", "_update_item", "_delete_item", "_batch_write_item", "_transact_write_items"):
        setattr(dynamodb, name, alone(getattr(dynamodb, name)))


def tell_who_asks(apigateway):
    """A REST API tells its function the id of the caller's key, and the caller the id of the request, as on AWS.

    The engine's own `x-amzn-requestid` is of another request; `x-amz-apigw-id` is what the function was told.
    """
    request_id = contextvars.ContextVar("request_id", default=None)
    build, execute = apigateway._build_lambda_event_v1, apigateway.handle_execute

    @functools.wraps(build)
    def build_with_key(*args, **kwargs):
        event = build(*args, **kwargs)
        context = event["requestContext"]
        request_id.set(context["requestId"])
        key = apigateway._resolve_api_key(apigateway._api_key_from_request(event["headers"]))
        if key is not None:
            context["identity"]["apiKeyId"] = key["id"]
        return event

    @functools.wraps(execute)
    async def execute_with_id(*args, **kwargs):
        request_id.set(None)
        status, headers, body = await execute(*args, **kwargs)
        if request_id.get():
            headers = {**headers, "x-amz-apigw-id": request_id.get()}
        return status, headers, body

    apigateway._build_lambda_event_v1 = build_with_key
    apigateway.handle_execute = execute_with_id


def pass_on_conditions(stepfunctions):
    """What Step Functions asks S3 for reaches S3 whole, and what cannot is refused, as nothing is left out on AWS.

    Without this a `deleteObject` or `copyObject` loses its condition and succeeds on an object that changed meanwhile.
    """
    specs = stepfunctions._S3_OP_SPECS
    specs["DeleteObject"]["header_params"] = {
        "IfMatch": "if-match",
        "BypassGovernanceRetention": "x-amz-bypass-governance-retention",
    }
    specs["CopyObject"]["header_params"] |= {
        "CopySourceIfMatch": "x-amz-copy-source-if-match",
        "ServerSideEncryption": "x-amz-server-side-encryption",
        "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
        # The engine computes a copy's sum by an upload's name for it.
        "ChecksumAlgorithm": "x-amz-sdk-checksum-algorithm",
    }
    specs["HeadObject"]["header_params"] = {"ChecksumMode": "x-amz-checksum-mode"}
    specs["HeadObject"]["header_outputs"]["x-amz-checksum-sha256"] = "ChecksumSHA256"
    # Each tag is an element of its own in the set; the engine found none, and wrote an empty set.
    specs["PutObjectTagging"]["list_members"] = {"TagSet": "Tag"}
    specs["ListObjectVersions"] = {
        "method": "GET",
        "path": "/{Bucket}",
        "static_query": (("versions", ""),),
        "query_params": {
            "Prefix": "prefix",
            "Delimiter": "delimiter",
            "MaxKeys": "max-keys",
            "KeyMarker": "key-marker",
            "VersionIdMarker": "version-id-marker",
            "EncodingType": "encoding-type",
        },
        "result_root": "ListVersionsResult",
        "list_fields": ("Version", "DeleteMarker", "CommonPrefixes"),
    }
    # Step Functions names the lists of its answer as the SDK does, not as the XML has them.
    names = {"Version": "Versions", "DeleteMarker": "DeleteMarkers"}
    dispatch = stepfunctions._dispatch_aws_sdk_rest_xml

    @functools.wraps(dispatch)
    def dispatch_whole(service_info, service_name, action, input_data):
        spec = specs.get(action[:1].upper() + action[1:]) if service_name == "s3" else None
        if spec is not None:
            known = {"Bucket", "Key", spec.get("body_field"), *spec.get("query_params", ()), *spec.get("header_params", ())}
            lost = sorted(set(input_data or {}) - known)
            if lost:
                raise stepfunctions._ExecutionError("States.Runtime", f"the engine does not pass on {', '.join(lost)}")
        result = dispatch(service_info, service_name, action, input_data)
        if spec is specs["ListObjectVersions"]:
            result = {names.get(name, name): value for name, value in result.items()}
            for version in [*result.get("Versions", []), *result.get("DeleteMarkers", [])]:
                version["IsLatest"] = version["IsLatest"] == "true"
        return result

    stepfunctions._dispatch_aws_sdk_rest_xml = dispatch_whole


def wait_as_told(stepfunctions):
    """The wait before a retry ends at MaxDelaySeconds, and nowhere else, and is spread by full jitter, as on AWS.

    The engine ends each at 60 seconds.
    """
    find, sleep = stepfunctions._find_matching_retrier, stepfunctions._scaled_sleep
    told = threading.local()

    @functools.wraps(find)
    def find_and_note(retriers, error, counts):
        retrier, index = find(retriers, error, counts)
        if retrier is not None:
            wait = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
            wait = min(wait, retrier.get("MaxDelaySeconds", wait))
            told.wait = random.uniform(0, wait) if retrier.get("JitterStrategy") == "FULL" else wait
        return retrier, index

    @functools.wraps(sleep)
    def sleep_as_told(seconds):
        wait, told.wait = getattr(told, "wait", None), None
        sleep(seconds if wait is None else wait)

    stepfunctions._find_matching_retrier = find_and_note
    stepfunctions._scaled_sleep = sleep_as_told


def tell_throttling(stepfunctions):
    """A task that Lambda refuses for its concurrency fails by the name that this has on AWS; the engine calls it Lambda.Unknown."""
    call = stepfunctions._call_lambda

    @functools.wraps(call)
    def call_and_tell(*args, **kwargs):
        try:
            return call(*args, **kwargs)
        except stepfunctions._ExecutionError as error:
            if error.error == "Lambda.Unknown" and '"__type": "TooManyRequestsException"' in error.cause:
                raise stepfunctions._ExecutionError("Lambda.TooManyRequestsException", error.cause) from None
            raise

    stepfunctions._call_lambda = call_and_tell


def run_maps(stepfunctions):
    """A Map Run has the concurrency that its input says, its children a context of their own, and what is waited for may
    be a version, as on AWS.

    The engine takes a number alone, gives each child its parent's name, and knows no version or alias there.
    """
    run_map, run_child = stepfunctions._run_distributed_map, stepfunctions._run_sub_machine
    start = stepfunctions._start_sync_execution

    @functools.wraps(run_map)
    def run_map_as_told(state, raw_input, effective, *args):
        if "MaxConcurrencyPath" in state:
            most = stepfunctions._resolve_path_or_ctx(state["MaxConcurrencyPath"], effective, args[-1])
            state = {**state, "MaxConcurrency": most}
        return run_map(state, raw_input, effective, *args)

    @functools.wraps(run_child)
    def run_child_as_itself(states, start_at, data, execution, context):
        if "mapRunArn" in execution:
            own = {"Id": execution["executionArn"], "Name": execution["name"], "Input": data, "StartTime": execution["startDate"]}
            context = {**context, "Execution": {**context["Execution"], **own}}
        return run_child(states, start_at, data, execution, context)

    @functools.wraps(start)
    def start_version(data):
        arn = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
        return start({**data, "stateMachineArn": arn} if arn else data)

    stepfunctions._run_distributed_map = run_map_as_told
    stepfunctions._run_sub_machine = run_child_as_itself
    stepfunctions._start_sync_execution = start_version


def main():
    threading.Thread(target=end_with_the_owner, args=(sys.argv[1],), daemon=True).start()

    # Python runs isolated, and looks for no modules beside this file by itself.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

    import faults
    import roles
    from ministack import app
    from ministack.services import apigateway_v1, dynamodb, eventbridge, s3, sns, stepfunctions
    from ministack.services.cloudformation import provisioners

    keep_message_attributes(sns)
    refuse_bad_subjects(sns)
    tell_the_version(s3, eventbridge)
    take_numbers_for_texts(provisioners)
    take_rules_between_groups(provisioners)
    take_reports_of_contributors(provisioners)
    write_one_after_the_other(dynamodb)
    tell_who_asks(apigateway_v1)
    roles.enforce(app, stepfunctions)
    pass_on_conditions(stepfunctions)
    wait_as_told(stepfunctions)
    tell_throttling(stepfunctions)
    run_maps(stepfunctions)
    faults.carry_out(app, stepfunctions)

    sys.argv[1:] = []
    app.main()


if __name__ == "__main__":
    main()
