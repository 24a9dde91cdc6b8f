"""Whether an event fits an event pattern of EventBridge's, and whether a trail records one, as far as the templates' go.

What is not known here is an error.
"""

import re
from collections.abc import Iterator
from typing import Any

from rendered import Template

ABSENT = object()


def fits(pattern: dict[str, Any], event: Any) -> bool:
    """Whether an event fits a pattern: every field of it, and one of its alternatives."""
    for name, wanted in pattern.items():
        if name == "$or":
            if not any(fits(each, event) for each in wanted):
                return False
        elif not field_fits(wanted, event.get(name, ABSENT) if isinstance(event, dict) else ABSENT):
            return False
    return True


def field_fits(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict):
        return fits(wanted, found)
    values = found if isinstance(found, list) else [found]
    return any(value_fits(each, value) for each in wanted for value in values)


def value_fits(wanted: Any, value: Any) -> bool:
    match wanted:
        case {"exists": exists}:
            return (value is not ABSENT) == exists
        case {"anything-but": list(others)}:
            return value is not ABSENT and value not in others
        case {"prefix": prefix}:
            return isinstance(value, str) and value.startswith(prefix)
        case {"wildcard": wildcard}:
            expression = ".*".join(map(re.escape, wildcard.split("*")))
            return isinstance(value, str) and re.fullmatch(expression, value) is not None
        case dict():
            raise ValueError(f"{wanted} is not known here")
    return bool(value == wanted)


def records(selectors: list[dict[str, Any]], record: dict[str, Any]) -> bool:
    """Whether a trail with these advanced selectors records an event: if one selector takes it, by all of its fields."""
    return any(all(selected(each, record) for each in selector["FieldSelectors"]) for selector in selectors)


def selected(selector: dict[str, Any], record: dict[str, Any]) -> bool:
    name = selector["Field"]
    if name.startswith("resources."):
        values = [each.get(name.partition(".")[2], "") for each in record.get("resources", [])]
    else:
        value = record.get(name)
        values = [str(value).lower() if isinstance(value, bool) else str(value)]
    wanted = {key: set(value) for key, value in selector.items() if key != "Field"}
    for operator, texts in wanted.items():
        match operator:
            case "Equals":
                found = any(value in texts for value in values)
            case "NotEquals":
                found = all(value not in texts for value in values)
            case "StartsWith":
                found = any(value.startswith(text) for value in values for text in texts)
            case _:
                raise ValueError(f"the operator {operator} is not known here")
        if not found:
            return False
    return True


def rules(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rules on the account's own bus, each with its pattern."""
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Events::Rule" and "EventBusName" not in resource["Properties"]:
            yield name, resource["Properties"]["EventPattern"]
