"""What IAM decides about a request by one policy, as far as the templates' policies go. What is not known here is an error."""

import re
from typing import Any

Statement = dict[str, Any]
Context = dict[str, str]


def decision(policy: dict[str, Any], request: dict[str, str], context: Context) -> str:
    """Allow, Deny (explicit, which wins) or None (nothing said, which refuses as well)."""
    effects = {each["Effect"] for each in policy["Statement"] if applies(each, request, context)}
    return "Deny" if "Deny" in effects else "Allow" if "Allow" in effects else "None"


def applies(statement: Statement, request: dict[str, str], context: Context) -> bool:
    unknown = statement.keys() - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if unknown:
        raise ValueError(f"{unknown} is not known here")
    return (
        ("Principal" not in statement or principal_matches(statement["Principal"], request["principal"]))
        and any(like(pattern.lower(), request["action"].lower()) for pattern in many(statement["Action"]))
        and ("Resource" not in statement or any(like(pattern, request["resource"]) for pattern in many(statement["Resource"])))
        and all(holds(operator, keys, context) for operator, keys in statement.get("Condition", {}).items())
    )


def principal_matches(principal: Any, caller: str) -> bool:
    if principal == "*":
        return True
    return any(each in ("*", caller) for values in principal.values() for each in many(values))


def holds(operator: str, keys: dict[str, Any], context: Context) -> bool:
    """Every key of a condition has to hold; of a key's values, one."""
    lenient = operator.endswith("IfExists") or operator.startswith("ForAllValues:")
    # A request has one value of each key here, so that any of them is all of them.
    name = operator.removesuffix("IfExists").removeprefix("ForAnyValue:").removeprefix("ForAllValues:")
    values_of = {key.lower(): value for key, value in context.items()}
    return all(one_holds(name, values_of.get(key.lower()), many(wanted), lenient) for key, wanted in keys.items())


def one_holds(operator: str, actual: str | None, wanted: list[str], lenient: bool) -> bool:
    if operator == "Null":
        return any((actual is None) == (str(value).lower() == "true") for value in wanted)
    negated = operator in ("StringNotEquals", "StringNotLike", "ArnNotEquals", "ArnNotLike")
    if actual is None:
        # A condition on a key that the request does not have fails; one that says "not" holds.
        return negated or lenient
    match operator.replace("Not", ""):
        case "StringEquals":
            found = any(actual == value for value in wanted)
        # ArnEquals and ArnLike are the same to IAM.
        case "StringLike" | "ArnLike" | "ArnEquals":
            found = any(like(value, actual) for value in wanted)
        case "Bool":
            found = any(actual.lower() == str(value).lower() for value in wanted)
        case _:
            raise ValueError(f"the condition operator {operator} is not known here")
    return found != negated


def like(pattern: str, text: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
