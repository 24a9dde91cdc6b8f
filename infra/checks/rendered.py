"""A SAM template as CloudFormation gets it: transformed, without what its parameters' defaults leave out."""

import os
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import load
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

Template = dict[str, Any]


def plain(value: Any) -> Any:
    """The value without the positions that the YAML reader adds."""
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


@lru_cache(maxsize=4)
def transformed(path: Path, written: int) -> tuple[Template, Template]:
    """The template as it was written at a time, and what the transform makes of it: seconds of work, for each test the same."""
    # The transform names a Region in ARNs; which one does not matter here.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    template = plain(load(str(path)))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://code/function.zip"
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = "s3://code/layer.zip"
    return template, plain(Translator({}, Parser()).translate(deepcopy(template), {}))


def render(path: Path, **chosen: str) -> Template:
    """Transforms the template and drops the resources whose condition does not hold with these parameters, or by default."""
    template, whole = transformed(path, path.stat().st_mtime_ns)
    conditions, mappings = template.get("Conditions", {}), template.get("Mappings", {})
    # To CloudFormation every value is a text.
    parameters = {name: str(parameter.get("Default", "")) for name, parameter in template.get("Parameters", {}).items()}
    parameters |= {"AWS::Region": "us-east-1"} | chosen
    rendered = plain(whole)
    rendered["Resources"] = {
        name: resource
        for name, resource in rendered["Resources"].items()
        if holds({"Condition": resource["Condition"]} if "Condition" in resource else True, conditions, parameters, mappings)
    }
    return rendered


def holds(condition: Any, conditions: Template, parameters: Template, mappings: Template) -> bool:
    """Whether a condition holds with these parameters."""
    if isinstance(condition, bool):
        return condition
    ((function, arguments),) = condition.items()
    match function:
        case "Condition":
            return holds(conditions[arguments], conditions, parameters, mappings)
        case "Fn::Equals":
            left, right = (value(side, parameters, mappings) for side in arguments)
            return left == right
        case "Fn::Not":
            return not holds(arguments[0], conditions, parameters, mappings)
        case "Fn::And":
            return all(holds(argument, conditions, parameters, mappings) for argument in arguments)
        case "Fn::Or":
            return any(holds(argument, conditions, parameters, mappings) for argument in arguments)
    raise ValueError(f"the condition function {function} is not known here")


def value(side: Any, parameters: Template, mappings: Template) -> Any:
    """One side of a comparison."""
    match side:
        case {"Ref": name}:
            return parameters[name]
        case {"Fn::FindInMap": [name, first, second]}:
            return mappings[name][value(first, parameters, mappings)][value(second, parameters, mappings)]
    return side
