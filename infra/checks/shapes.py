"""Values held against the shapes of AWS's own service models, as botocore carries them."""

import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape


class Unknown(str):
    """Stands for a text that is known only when it runs: an expression's, or a name that AWS gives."""


NUMBERS = ("integer", "long", "float", "double", "timestamp")

_loader = Loader()


@functools.cache
def service(name: str) -> ServiceModel:
    """The model of a service, by botocore's name for it."""
    return ServiceModel(_loader.load_service_model(name, "service-2"), name)


@functools.cache
def service_of_id(wanted: str) -> str | None:
    """Botocore's name of a service by its id as the AWS SDK for Java, and Step Functions with it, writes it."""
    names = _loader.list_available_services("service-2")
    # Most are called as their id is; reading all models takes seconds.
    for name in sorted(names, key=lambda name: name.replace("-", "") != wanted):
        service_id = _loader.load_service_model(name, "service-2")["metadata"]["serviceId"]
        if re.sub(r"[^a-z0-9]", "", service_id.lower()) == wanted:
            return name
    return None


def operation(service_name: str, operation_name: str) -> OperationModel | None:
    model = service(service_name)
    return model.operation_model(operation_name) if operation_name in model.operation_names else None


def same(member: str) -> str:
    return member


def pascal(member: str) -> str:
    """A member's name as Step Functions and CloudFormation write it."""
    return member[0].upper() + member[1:]


def mismatches(shape: Shape | None, value: Any, path: str, written: Callable[[str], str] = same, strict: bool = True) -> Iterator[str]:
    """What is wrong with a value, one line each. `written` is how a member's name is written.

    Without `strict` the value may have members that the shape has not, and lack required ones, and a number or a document
    may be written as CloudFormation takes it.
    """
    if shape is None or isinstance(value, Unknown):
        return
    kind = shape.type_name
    if not strict:
        value = as_the_api_takes_it(kind, value)
    match value:
        case dict() if kind == "structure":
            # A document is any JSON.
            if getattr(shape, "is_document_type", False):
                return
            members = {written(name): member for name, member in shape.members.items()}
            if strict:
                yield from (f"{path} has no member {name}" for name in sorted(value.keys() - members.keys()))
                required = {written(name) for name in shape.required_members}
                yield from (f"{path} lacks {name}" for name in sorted(required - value.keys()))
            for name in value.keys() & members.keys():
                yield from mismatches(members[name], value[name], f"{path}.{name}", written, strict)
        case dict() if kind == "map":
            yield from length(shape, len(value), path)
            for key, item in value.items():
                yield from mismatches(shape.key, key, f"{path} key {key}", written, strict)
                yield from mismatches(shape.value, item, f"{path}.{key}", written, strict)
        case list() if kind == "list":
            yield from length(shape, len(value), path)
            for index, item in enumerate(value):
                yield from mismatches(shape.member, item, f"{path}[{index}]", written, strict)
        case bool() if kind == "boolean":
            pass
        case int() | float() if kind in NUMBERS and not isinstance(value, bool):
            yield from bounds(shape, value, path)
        case str() if kind in ("string", "blob", "timestamp"):
            yield from text(shape, value, path)
        case _:
            yield f"{path} is no {kind}: {value!r}"


def as_the_api_takes_it(kind: str, value: Any) -> Any:
    if kind == "string" and isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"))
    if kind in NUMBERS and isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return float(value) if "." in value else int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def length(shape: Shape, count: int, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if count < least:
        yield f"{path} has {count} of at least {least}"
    if most is not None and count > most:
        yield f"{path} has {count} of at most {most}"


def bounds(shape: Shape, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield f"{path} is {value}, less than {least}"
    if most is not None and value > most:
        yield f"{path} is {value}, more than {most}"


def text(shape: Shape, value: str, path: str) -> Iterator[str]:
    values = getattr(shape, "enum", None)
    if values and value not in values:
        yield f"{path} is {value!r}, none of {', '.join(values)}"
    for problem in length(shape, len(value), path):
        yield f"{problem} characters"
    pattern = shape.metadata.get("pattern")
    if pattern and shape.type_name == "string" and not values:
        try:
            found = re.search(anchored(pattern), value)
        except re.error:
            # A class of characters that Python's expressions do not know, such as \\p{L}.
            return
        if not found:
            yield f"{path} is {value!r}, which does not match {pattern}"


def anchored(pattern: str) -> str:
    """AWS matches the whole text, whether or not the pattern says so."""
    return rf"\A(?:{pattern})\Z"
