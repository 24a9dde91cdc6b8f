"""The state machine's definition, as far as it can be known before it runs."""

import json
import re
from collections.abc import Iterator
from typing import Any

from resolved import ACCOUNT, REGION, Resolver


def definition_of(text: str, resolve: Resolver) -> dict[str, Any]:
    """The definition as `warden deploy` renders it, with the stack's outputs for its placeholders."""
    outputs = resolve.template["Outputs"]

    def output(found: re.Match[str]) -> str:
        if found[1] == "AuditVersionArn":
            # `warden deploy` knows it: the version that it published.
            name = resolve(outputs["StateMachineName"]["Value"])
            return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}:1"
        if found[1] not in outputs:
            raise ValueError(f"the definition names ${{{found[1]}}}, which is no output of the stack")
        return json.dumps(resolve(outputs[found[1]]["Value"]))[1:-1]

    return json.loads(re.sub(r"\$\{(\w+)\}", output, text))


def maps(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every distributed Map by its name."""
    return ((name, state) for name, state in states.items() if state["Type"] == "Map" and "ItemReader" in state)


def tasks(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every task by its name, those of maps and of parallel branches too."""
    for name, state in states.items():
        if state["Type"] == "Task":
            yield name, state
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor"), state.get("Iterator")])]:
            yield from tasks(inner["States"])


def is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{%")


def arguments(state: dict[str, Any]) -> dict[str, Any] | None:
    """A task's arguments by their names; what is computed stays an expression.

    Nothing of arguments that are one expression, unless it ends with the object that it makes.
    """
    given = state.get("Arguments", {})
    if not is_expression(given):
        return given
    made = value_of(given.removeprefix("{%").removesuffix("%}").strip())
    return made if isinstance(made, dict) else None


def value_of(expression: str) -> Any:
    """The value of a JSONata expression: a text, an object that is made at its end, or else the expression itself."""
    text = re.fullmatch(r"""'([^'\\]*)'|"([^"\\]*)\"""", expression)
    if text:
        return text[1] if text[1] is not None else text[2]
    if expression.endswith("}"):
        parts = entries(expression)
        if parts is not None:
            return {key: value_of(value) for key, value in parts.items()}
    return f"{{% {expression} %}}"


def entries(expression: str) -> dict[str, str] | None:
    """The entries of the object that an expression ends with, each value as it is written."""
    opened: list[int] = []
    cuts: dict[int, list[tuple[str, int]]] = {}
    quote = None
    for at, letter in enumerate(expression):
        if quote:
            quote = None if letter == quote and expression[at - 1] != "\\" else quote
        elif letter in "'\"`":
            quote = letter
        elif letter in "([{":
            opened.append(at)
            cuts[at] = []
        elif letter in ")]}" and opened:
            begin = opened.pop()
            if at == len(expression) - 1 and letter == "}":
                return split(expression, begin, at, cuts[begin])
        elif letter in ",:" and opened:
            cuts[opened[-1]].append((letter, at))
    return None


def split(expression: str, begin: int, end: int, cuts: list[tuple[str, int]]) -> dict[str, str] | None:
    found = {}
    start, colon = begin + 1, None
    for letter, at in [*cuts, (",", end)]:
        if letter == ":":
            # Of a condition's two colons the first is the entry's: its question mark stands behind it.
            colon = at if colon is None else colon
            continue
        if colon is None:
            return None
        key = re.fullmatch(r"""\s*(?:'([^']*)'|"([^"]*)")\s*""", expression[start:colon])
        if key is None:
            return None
        found[key[1] if key[1] is not None else key[2]] = expression[colon + 1 : at].strip()
        start, colon = at + 1, None
    return found
