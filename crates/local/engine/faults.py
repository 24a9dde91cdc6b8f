"""What a test orders to go wrong with the engine: calls that are refused, that wait, whose answer is lost, or whose caller dies.

Orders come over loopback: POST /_warden/faults with a list replaces those there are, GET tells what is left of them. An
order is an object of

    of        "task", a call that a state machine makes, or "request", one that reaches the engine over HTTP
    service   such as "s3"
    action    such as "CopyObject"; of a request, as IAM names it
    mentions  a text that the call holds somewhere; without it, any call is meant
    calls     how many; without it, each until the orders are replaced
    share     which part of such calls, by chance, from 0 to 1; without it, all
    does      "refuse", "lose" (it is done, and then refused), "wait" (and then it is done), or "kill" (the function that
              makes this request)
    error     with which name it is refused; of a task as Step Functions reports it, of a request as the service does
    cause     the message with it
    status    with which HTTP status a request is refused
    seconds   how long it waits
"""

import asyncio
import functools
import json
import random
import signal
import threading
import time

from ministack.core import iam_actions, lambda_runtime
from ministack.services import sts

PATH = "/_warden/faults"
MESSAGE = "ordered by a test"


class Orders:
    """The orders that have not been carried out."""

    def __init__(self):
        self.lock, self.orders = threading.Lock(), []

    def replace(self, orders):
        with self.lock:
            self.orders = orders

    def left(self):
        with self.lock:
            return [dict(order) for order in self.orders]

    def take(self, of, service, action, text):
        """The first order for such a call, counted down; None where nothing is ordered."""
        with self.lock:
            for order in self.orders:
                meant = (order["of"], order["service"], order["action"]) == (of, service, action)
                if meant and order.get("mentions", "") in text and random.random() < order.get("share", 1):
                    if "calls" in order:
                        order["calls"] -= 1
                        if order["calls"] == 0:
                            self.orders.remove(order)
                    return dict(order)
        return None


def carry_out(app, stepfunctions):
    """Lets orders be given, and carries them out."""
    orders = Orders()
    take_orders(app, orders)
    fail_tasks(stepfunctions, orders)
    fail_requests(app, orders)


def take_orders(app, orders):
    handle = app._handle_post_body_shortcuts

    @functools.wraps(handle)
    async def handle_orders(method, path, headers, body, *args, **kwargs):
        if path != PATH:
            return await handle(method, path, headers, body, *args, **kwargs)
        if method == "POST":
            orders.replace(json.loads(body))
        return 200, {"Content-Type": "application/json"}, json.dumps(orders.left()).encode()

    app._handle_post_body_shortcuts = handle_orders


def fail_tasks(stepfunctions, orders):
    invoke = stepfunctions._invoke_resource

    @functools.wraps(invoke)
    def invoke_with_faults(resource, arguments):
        # arn:aws:states:::sns:publish, arn:aws:states:::aws-sdk:s3:copyObject
        service, action = resource.split(":")[-2:]
        order = orders.take("task", service, action[:1].upper() + action[1:], json.dumps(arguments, ensure_ascii=False))
        if order is None:
            return invoke(resource, arguments)
        if order["does"] == "wait":
            time.sleep(order["seconds"])
            return invoke(resource, arguments)
        if order["does"] == "lose":
            invoke(resource, arguments)
        raise stepfunctions._ExecutionError(order["error"], order.get("cause", MESSAGE))

    stepfunctions._invoke_resource = invoke_with_faults


def fail_requests(app, orders):
    dispatch = app._dispatch_service_request

    @functools.wraps(dispatch)
    async def dispatch_with_faults(method, path, headers, body, query, *args, **kwargs):
        order = None
        if orders.left():
            params = app._routing_params(method, path, headers, body, query)
            service = app.detect_service(method, path, headers, params)
            action = iam_actions.extract_iam_action(service, method, path, headers, body, params) or ""
            text = f"{path} {headers} {body.decode(errors='replace')}"
            order = orders.take("request", service, action.rpartition(":")[2], text)
        answer = functools.partial(dispatch, method, path, headers, body, query, *args, **kwargs)
        if order is None:
            return await answer()
        if order["does"] == "wait":
            await asyncio.sleep(order["seconds"])
            return await answer()
        if order["does"] == "lose":
            await answer()
        if order["does"] == "kill":
            kill_function(app.extract_access_key_id(headers, query))
        return refusal(service, order.get("status", 500), order.get("error", "InternalError"), order.get("cause", MESSAGE))

    app._dispatch_service_request = dispatch_with_faults


def kill_function(access_key):
    """Kills the processes of the function that has this key, in the midst of what they do."""
    function = sts._sessions[access_key]["Arn"].rpartition("/")[2]
    with lambda_runtime._lock:
        workers = [worker for pool in lambda_runtime._workers.values() for worker in pool]
    for worker in workers:
        process = worker._proc
        if worker.func_name == function and worker.in_use and process is not None:
            process.send_signal(signal.SIGKILL)


def refusal(service, status, error, message):
    if service == "s3":
        body = f"<Error><Code>{error}</Code><Message>{message}</Message></Error>"
        return status, {"Content-Type": "application/xml"}, body.encode()
    return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps({"__type": error, "message": message}).encode()
