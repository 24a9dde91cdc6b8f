"""What a version's description says with given values of the parameters, which Lambda takes up to 256 characters of."""

import re
from collections.abc import Callable
from typing import Any

LONGEST_DESCRIPTION = 256
LONGEST_PROFILE = "arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:application-inference-profile/abcdefghijkl"


def described(value: Any, parameters: dict[str, str], holds: Callable[[str], bool] = lambda condition: True) -> Any:
    """The value with these parameters, where a condition is what `holds` says: by default every one."""

    def inner(part: Any) -> Any:
        return described(part, parameters, holds)

    match value:
        case {"Ref": name}:
            return parameters[name]
        case {"Fn::If": [condition, when, otherwise]}:
            return inner(when if holds(condition) else otherwise)
        case {"Fn::Select": [at, values]}:
            return inner(values)[at]
        case {"Fn::Split": [separator, text]}:
            return inner(text).split(separator)
        case {"Fn::Join": [separator, values]}:
            return separator.join(inner(values))
        case {"Fn::Sub": str(text)}:
            return inner({"Fn::Sub": [text, {}]})
        case {"Fn::Sub": [text, names]}:
            values = {**parameters, **{name: inner(each) for name, each in names.items()}}
            return re.sub(r"\$\{(\w+)\}", lambda name: values[name[1]], text)
        case list():
            return [inner(each) for each in value]
    return value


def could_be_longer(value: str, parameter: dict[str, Any]) -> bool:
    """Whether a parameter takes a value that is longer than this one."""
    if "AllowedValues" in parameter:
        return len(value) < max(len(str(each)) for each in parameter["AllowedValues"])
    if parameter["Type"] == "Number":
        return len(value) < len(str(parameter["MaxValue"]))
    if "MaxLength" in parameter:
        return len(value) < parameter["MaxLength"]
    return re.search(parameter.get("AllowedPattern", ""), value + value[-1]) is not None
