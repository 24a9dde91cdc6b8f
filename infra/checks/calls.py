"""The calls that tests make, held against AWS's own models.

    WARDEN_EXPORT_CALLS=FOLDER cargo test --workspace
    python infra/checks/calls.py FOLDER

Rust's SDK knows an operation's members and leaves their lengths and patterns to the service; calls that are made without a
crate of the SDK's are text that nobody checks.
"""

import functools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.model import OperationModel, Shape
from shapes import mismatches, service

# The services that are called, by the first part of their hosts' names that is not a bucket's, in botocore's words.
HOSTS = {
    "apigateway": "apigateway",
    "bedrock": "bedrock",
    "bedrock-runtime": "bedrock-runtime",
    "cloudformation": "cloudformation",
    "cloudtrail": "cloudtrail",
    "dynamodb": "dynamodb",
    "events": "events",
    "iam": "iam",
    "kms": "kms",
    "lambda": "lambda",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "runtime": "sagemaker-runtime",
    "s3": "s3",
    "servicequotas": "service-quotas",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "states": "stepfunctions",
    "sts": "sts",
}


def call_problems(call: dict[str, Any]) -> Iterator[str]:
    """What the service would refuse of a request, one line each."""
    url = urlsplit(call["uri"])
    headers = {key.lower(): value for key, value in call["headers"].items()}
    name = service_at(url.hostname or "") or service_signed_for(headers)
    if name is None:
        yield f"{call['method']} {call['uri']}: the service is not known here: add it to HOSTS in infra/checks/calls.py"
        return
    body = call["body"] or ""
    model = service(name)
    if "x-amz-target" in headers:
        yield from targeted(name, headers["x-amz-target"], body)
    elif "Action=" in body or "Action=" in url.query:
        yield from queried(name, dict(parse_qsl(body or url.query, keep_blank_values=True)))
    elif called := operation_at(name, call["method"], url.path, url.query, headers):
        found, parts = called
        yield from located(f"{name} {found.name}", found, parts, url.query, headers, body)
    else:
        yield f"{model.service_name} has no operation at {call['method']} {url.path}"


def service_at(host: str) -> str | None:
    """The service of a host. A bucket, or a part for FIPS, may stand before or after its name."""
    for part in reversed(host.split(".")):
        name = HOSTS.get(part.removesuffix("-fips"))
        if name:
            return name
    return None


def service_signed_for(headers: dict[str, str]) -> str | None:
    """The service of a call to an endpoint of one's own, such as an engine on this machine."""
    signed = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request", headers.get("authorization", ""))
    return HOSTS.get(signed[1]) if signed else None


def targeted(name: str, target: str, body: str) -> Iterator[str]:
    """JSON protocols: the operation stands in a header."""
    prefix, _, operation_name = target.rpartition(".")
    model = service(name)
    if prefix != model.metadata["targetPrefix"]:
        yield f"{name}: the target {target} does not begin with {model.metadata['targetPrefix']}"
    elif operation_name not in model.operation_names:
        yield f"{name} has no operation {operation_name}"
    else:
        shape = model.operation_model(operation_name).input_shape
        yield from mismatches(shape, json.loads(body or "{}"), f"{name} {operation_name}")


def queried(name: str, parameters: dict[str, str]) -> Iterator[str]:
    """The query protocol: members of members are written with dots."""
    operation_name = parameters.pop("Action")
    version = parameters.pop("Version", None)
    model = service(name)
    if version != model.metadata["apiVersion"]:
        yield f"{name} has no version {version}"
    if operation_name not in model.operation_names:
        yield f"{name} has no operation {operation_name}"
        return
    path = f"{name} {operation_name}"
    shape = model.operation_model(operation_name).input_shape
    members = shape.members if shape else {}
    given = {key.partition(".")[0]: value if "." not in key else None for key, value in parameters.items()}
    yield from (f"{path} has no member {key}" for key in sorted(given.keys() - members.keys()))
    yield from (f"{path} lacks {key}" for key in (shape.required_members if shape else []) if key not in given)
    for key, value in given.items():
        if key in members and value is not None:
            yield from mismatches(members[key], value, f"{path}.{key}", strict=False)


@functools.cache
def routes(name: str) -> list[tuple[str, re.Pattern[str], set[str], OperationModel]]:
    """The operations of a REST service: method, path, the parts of query and headers that tell them apart, the most particular first."""
    model = service(name)
    found = []
    for operation_name in model.operation_names:
        called = model.operation_model(operation_name)
        path, _, query = called.http["requestUri"].partition("?")
        pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", lambda part: f"(?P<{part[1]}>{'.+' if part[2] else '[^/]+'})", re.escape(path))
        told = {key.lower() for key, _ in parse_qsl(query, keep_blank_values=True)}
        if name == "s3" and called.input_shape:
            # At S3 an object's deletion and an upload's abortion, or a put and a copy, differ by that alone.
            members = [called.input_shape.members[each].serialization for each in called.input_shape.required_members]
            told |= {each["name"].lower() for each in members if each.get("location") in ("querystring", "header")}
        found.append((called.http["method"], re.compile(rf"{pattern}/?"), told, called))
    return sorted(found, key=lambda route: (-len(route[2]), route[1].groups))


def operation_at(
    name: str, method: str, path: str, query: str, headers: dict[str, str]
) -> tuple[OperationModel, dict[str, str]] | None:
    asked = {key.lower() for key, _ in parse_qsl(query, keep_blank_values=True)} | headers.keys()
    for of, pattern, told, called in routes(name):
        # S3 is asked at a path with the bucket, or at the bucket's own host.
        places = [path, f"/bucket{path}"] if name == "s3" else [path]
        for place in places:
            parts = pattern.fullmatch(place)
            if of == method and parts and told <= asked:
                return called, {key: unquote(value) for key, value in parts.groupdict().items()}
    return None


def located(path: str, called: OperationModel, parts: dict[str, str], query: str, headers: dict[str, str], body: str) -> Iterator[str]:
    """REST protocols: members stand in the path, the query, headers and the body."""
    shape = called.input_shape
    if shape is None:
        return
    asked = dict(parse_qsl(query, keep_blank_values=True))
    payload = shape.serialization.get("payload")
    in_body: dict[str, Shape] = {}
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        if place is None:
            in_body[name] = member
            continue
        value = {"uri": parts.get(wire), "querystring": asked.get(wire), "header": headers.get(wire.lower())}.get(place)
        if value is not None:
            yield from mismatches(member, value, f"{path}.{name}", strict=False)
        elif name in shape.required_members and place in ("uri", "querystring", "header"):
            yield f"{path} lacks {name}"
    if called.service_model.metadata["protocol"] != "rest-json" or payload:
        # XML, or a document of somebody else's.
        return
    wire_names = {member.serialization.get("name", name): member for name, member in in_body.items()}
    given = json.loads(body) if body else {}
    yield from (f"{path} has no member {key}" for key in sorted(given.keys() - wire_names.keys()))
    for name, member in in_body.items():
        wire = member.serialization.get("name", name)
        if wire in given:
            yield from mismatches(member, given[wire], f"{path}.{name}")
        elif name in shape.required_members:
            yield f"{path} lacks {name}"


def exported(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def main() -> int:
    calls = list(exported(Path(sys.argv[1])))
    if not calls:
        print(f"no calls were exported to {sys.argv[1]}")
        return 1
    problems = sorted({f"{call['by']}: {problem}" for call in calls for problem in call_problems(call)})
    print("\n".join([*problems, f"{len(calls)} calls, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
