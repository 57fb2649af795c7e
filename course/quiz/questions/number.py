"""A number: `= 1.414 +- 0.001`, `= 1.414 +- 1%`, `= 10 .. 20`, `= 3.14 sig 3`, or exactly `= 3`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from course.errors import NotAnAttempt, UnreadableResponse
from course.quiz import numbers
from course.quiz.model import Number, NumberKey
from course.quiz.questions.base import Draft, ItemType, Outcome, object_schema

__all__ = ["NumberType", "read_key"]

_HELP = "write `= 1.414 +- 0.001`, `= 1.414 +- 1%`, `= 10 .. 20`, `= 3.14 sig 3` or `= 3`"


def read_key(written: str) -> NumberKey:
    """Return what a number's key says; raises ValueError with the reason where it cannot be read."""
    text = " ".join(written.replace("±", "+-").replace("+/-", "+-").split())
    try:
        if " .. " in text:
            low, high = (numbers.read(part) for part in text.split(" .. ", 1))
            return NumberKey(written, low, high)
        if match := re.fullmatch(r"(.+) sig (\d{1,2})", text):
            value = numbers.read(match[1])
            return NumberKey(written, value, value, value, int(match[2]))
        value_text, _, spread_text = text.partition("+-")
        value = numbers.read(value_text.strip())
        spread_text = spread_text.strip()
        if not spread_text:
            if "+-" in text:
                raise ValueError("nothing after +-")
            return NumberKey(written, value, value, value)
        if spread_text.endswith("%"):
            spread = abs(value) * numbers.read(spread_text[:-1].strip()) / 100
        else:
            spread = numbers.read(spread_text)
    except NotAnAttempt as bad:
        raise ValueError(bad.message) from None
    return NumberKey(written, value - spread, value + spread, value)


def meets(key: NumberKey, value: Fraction) -> bool:
    """Return whether a number is right."""
    if key.digits is None:
        return key.low <= value <= key.high
    assert key.value is not None
    return numbers.rounded(value, key.digits) == numbers.rounded(key.value, key.digits)


class NumberType(ItemType[Number]):
    """A number, read exactly and compared exactly."""

    name = "number"
    model = Number
    attributes = frozenset({"unit"})

    def parse(self, draft: Draft) -> Number | None:
        written = draft.keys[0]
        unit = draft.attributes.get("unit") or ""
        if "{{" in written.text:
            return Number(template=written.text, unit=unit, **draft.common)
        try:
            key = read_key(written.text)
        except ValueError as bad:
            draft.report(f"this key cannot be read as a number: {bad}", written.line, written.column, _HELP)
            return None
        return Number(key=key, unit=unit, **draft.common)

    def outcome(self, item: Number, response: Mapping[str, Any]) -> Outcome:
        text = response.get("text")
        if not isinstance(text, str):
            raise UnreadableResponse("the response has no text", help="answer the question again")
        assert item.key is not None
        return Outcome(1.0 if meets(item.key, numbers.read_with_unit(text, item.unit)) else 0.0)

    def view(self, item: Number, order: Sequence[str]) -> dict[str, Any]:
        return {"unit": item.unit}

    def answer(self, item: Number) -> dict[str, Any]:
        key = item.key
        assert key is not None
        middle = key.value if key.value is not None else (key.low + key.high) / 2
        return {"text": numbers.as_text(middle).removesuffix(" (rounded)")}

    def answer_text(self, item: Number) -> str:
        assert item.key is not None
        text = item.key.written.replace("+-", "±").replace("..", "to")
        value, sign, spread = text.partition("±")
        if sign and spread.endswith("%") and item.unit:
            return f"{value.strip()} {item.unit} ± {spread.strip()}"
        text = re.sub(r"\s+sig (\d+)$", r" (to \1 significant digits)", text)
        return f"{text} {item.unit}".strip()

    def to_json(self, item: Number, keys: bool) -> dict[str, Any]:
        data: dict[str, Any] = {"unit": item.unit}
        if keys:
            data["number"] = item.template if item.key is None else item.key.written
        return data

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        written = data.get("number")
        if written is None:
            return {"unit": data["unit"]}
        if "{{" in written:
            return {"unit": data["unit"], "template": written}
        return {"unit": data["unit"], "key": read_key(written)}

    def response_schema(self) -> dict[str, Any]:
        text = {"type": "string", "description": "the number as it was typed", "maxLength": numbers.LONGEST}
        return object_schema(["text"], text=text)

    def schema(self) -> dict[str, Any]:
        return {
            "unit": {"type": "string"},
            "number": {"type": "string", "description": "key, as written after `=`"},
        }
