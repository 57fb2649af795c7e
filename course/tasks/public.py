"""What a learner bank says of a graded task: the visible cases with their results, and how they are compared.

No reference, no hidden case, no wrong solution, no message that tells of one, and no code of the author's.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from course.errors import CourseError, FrameUnreadable
from course.quiz.model import Task
from course.quiz.questions.base import object_schema
from course.tasks.compare import comparison_from_json
from course.tasks.definition import Definition
from course.tasks.model import Case, Limits, Ran
from course.tasks.rules import RULES, rule_from_json
from course.tasks.wire import decode, encode

__all__ = ["SCHEMA", "from_public", "to_public"]

_TEXT = {"type": "string"}
_FRAME = {**_TEXT, "contentEncoding": "base64", "description": "a value as course.tasks.wire writes it"}
SCHEMA: dict[str, Any] = object_schema(
    ["parameters", "cases", "compare", "rules", "groups", "limits"],
    parameters={"type": "array", "items": _TEXT, "description": "names of the function's parameters"},
    cases={
        "type": "array",
        "minItems": 1,
        "items": object_schema(
            ["id", "group", "arguments", "expected"],
            id=_TEXT,
            group=_TEXT,
            arguments=_FRAME,
            expected={**_FRAME, "description": "(outcome, value, arguments afterwards, error), as a frame"},
        ),
    },
    compare=object_schema(
        ["kind"],
        kind={"enum": ["allclose", "equal", "exactly", "custom"]},
        rtol={"type": "number", "minimum": 0},
        atol={"type": "number", "minimum": 0},
    ),
    rules={
        "type": "array",
        "items": object_schema(
            ["name", "names"], name={"enum": sorted(RULES)}, names={"type": "array", "items": _TEXT}
        ),
    },
    groups={"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
    limits=object_schema(
        ["seconds", "memory", "threads"],
        seconds={"type": "number", "exclusiveMinimum": 0},
        memory={"type": "integer", "minimum": 1},
        threads={"type": "integer", "minimum": 1},
    ),
)
"""The JSON Schema of `shown` in a learner bank."""


def to_public(definition: Definition) -> dict[str, Any]:
    """Return what a learner bank says of a task, as JSON-safe data."""
    limits = definition.limits
    return {
        "parameters": list(definition.parameters),
        "cases": [_case(case) for case in definition.cases if not case.hidden],
        "compare": definition.compare.to_json(),
        "rules": [rule.to_json() for rule in definition.rules],
        "groups": dict(definition.groups),
        "limits": {"seconds": limits.seconds, "memory": limits.memory, "threads": limits.threads},
    }


def _case(case: Case) -> dict[str, Any]:
    expected = case.expected
    return {
        "id": case.id,
        "group": case.group,
        "arguments": _text(case.arguments),
        "expected": _text((expected.outcome, expected.value, expected.arguments, expected.error)),
    }


def _text(value: Any) -> str:
    return base64.b64encode(encode(value)).decode("ascii")


def from_public(task: Task) -> Definition:
    """Return the definition that a learner bank allows: visible cases only, and their words."""
    shown = task.shown
    if shown is None:
        raise CourseError(f"the cases of {task.full_id} are not in this bank", help="it is checked when it is graded")
    limits = shown["limits"]
    try:
        return Definition(
            task.full_id,
            task.function,
            task.language,
            task.points,
            tuple(_case_from(case) for case in shown["cases"]),
            Limits(float(limits["seconds"]), int(limits["memory"]), int(limits["threads"])),
            tuple(rule_from_json(rule) for rule in shown["rules"]),
            groups={str(name): float(weight) for name, weight in shown["groups"].items()},
            compare=comparison_from_json(shown["compare"]),
            parameters=tuple(shown["parameters"]),
            practice=False,
            whole=False,
        )
    except (KeyError, TypeError, ValueError, FrameUnreadable, binascii.Error):
        raise CourseError(
            f"the cases of {task.full_id} cannot be read", help="write the bank anew: course quiz strip"
        ) from None


def _case_from(data: Mapping[str, Any]) -> Case:
    arguments = decode(base64.b64decode(data["arguments"], validate=True))
    outcome, value, after, error = decode(base64.b64decode(data["expected"], validate=True))
    if not (isinstance(arguments, tuple) and isinstance(after, tuple) and isinstance(error, str)):
        raise TypeError
    if outcome not in ("returned", "raised"):
        raise ValueError(outcome)
    return Case(data["id"], data["group"], arguments, Ran(outcome, value, after, error))
