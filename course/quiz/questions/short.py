"""A short answer: `= "rustlearn" | "rust-learn"`, or `= /regex/`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import regex

from course.errors import CannotGrade, NotAnAttempt, UnreadableResponse
from course.quiz.model import ShortAnswer
from course.quiz.questions._text import normalised
from course.quiz.questions.base import Draft, ItemType, Outcome, object_schema

__all__ = ["LONGEST", "ShortType", "read_alternatives"]

LONGEST = 300  # characters; a short answer is a few words
SECONDS = 0.2  # for one match

_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*')
_HELP = 'write `= "one" | "another"`, or `= /regex/`'


def read_alternatives(text: str) -> tuple[str, ...]:
    """Return the texts between quotes, separated by bars; raises ValueError."""
    found, at = [], 0
    while True:
        match = _QUOTED.match(text, at)
        if match is None:
            raise ValueError(f"expected a text in quotes at: {text[at : at + 30].strip() or 'the end'}")
        found.append(re.sub(r"\\(.)", r"\1", match[1]))
        at = match.end()
        if at == len(text):
            return tuple(found)
        if text[at] == "\\" and text[at + 1 : at + 2] == "|":
            at += 1  # a bar escaped for a table reads the same
        if text[at] != "|":
            raise ValueError(f"expected a bar at: {text[at : at + 30].strip()}")
        at += 1


class ShortType(ItemType[ShortAnswer]):
    """A few words, compared case-folded in NFC with white space squeezed, or matched whole by a pattern."""

    name = "short"
    model = ShortAnswer
    attributes = frozenset({"case"})

    def parse(self, draft: Draft) -> ShortAnswer | None:
        written = draft.keys[0]
        case = draft.attributes.get("case") is not None
        text = written.text.strip()
        if text.startswith("/"):
            if len(text) < 3 or not text.endswith("/"):
                draft.report("a pattern ends with a slash", written.line, written.column, "write `= /regex/`")
                return None
            try:
                regex.compile(text[1:-1])
            except (regex.error, RecursionError, OverflowError) as bad:
                draft.report(f"this pattern cannot be read: {bad}", written.line, written.column, "mend the pattern")
                return None
            return ShortAnswer(pattern=text[1:-1], case=case, **draft.common)
        try:
            answers = read_alternatives(text)
        except ValueError as bad:
            draft.report(f"this key cannot be read: {bad}", written.line, written.column, _HELP)
            return None
        if any(not normalised(answer) for answer in answers):
            draft.report("an empty text cannot be the answer", written.line, written.column, _HELP)
            return None
        return ShortAnswer(answers=answers, case=case, **draft.common)

    def outcome(self, item: ShortAnswer, response: Mapping[str, Any]) -> Outcome:
        text = response.get("text")
        if not isinstance(text, str):
            raise UnreadableResponse("the response has no text", help="answer the question again")
        if len(text) > LONGEST:
            raise NotAnAttempt(f"an answer of {len(text)} characters was not read", help="write a few words")
        text = normalised(text)
        if not text:
            raise NotAnAttempt("the answer is empty", help="write a few words")
        if item.pattern is not None:
            flags = regex.V0 if item.case else regex.V0 | regex.IGNORECASE
            try:
                right = regex.fullmatch(item.pattern, text, flags=flags, timeout=SECONDS) is not None
            except TimeoutError:
                raise CannotGrade(
                    "the key's pattern takes too long on this answer",
                    place=f"{item.full_id} (line {item.line})",
                    help="write the pattern without nested repetition",
                ) from None
            return Outcome(float(right))
        assert item.answers is not None
        if item.case:
            return Outcome(float(any(text == normalised(answer) for answer in item.answers)))
        text = text.casefold()
        return Outcome(float(any(text == normalised(answer).casefold() for answer in item.answers)))

    def view(self, item: ShortAnswer, order: Sequence[str]) -> dict[str, Any]:
        return {"case": item.case}

    def answer(self, item: ShortAnswer) -> dict[str, Any]:
        return {"text": item.answers[0]} if item.answers else {}

    def answer_text(self, item: ShortAnswer) -> str:
        if item.answers is None:
            return f"anything that matches `{item.pattern}`"
        return " or ".join(f"“{answer}”" for answer in item.answers)

    def to_json(self, item: ShortAnswer, keys: bool) -> dict[str, Any]:
        data: dict[str, Any] = {"case": item.case}
        if keys and item.answers is not None:
            data["answers"] = list(item.answers)
        if keys and item.pattern is not None:
            data["pattern"] = item.pattern
        return data

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        answers = data.get("answers")
        return {
            "case": data["case"],
            "answers": None if answers is None else tuple(answers),
            "pattern": data.get("pattern"),
        }

    def response_schema(self) -> dict[str, Any]:
        return object_schema(["text"], text={"type": "string", "maxLength": LONGEST})

    def schema(self) -> dict[str, Any]:
        return {
            "case": {"type": "boolean", "description": "whether capital letters matter"},
            "answers": {"type": "array", "items": {"type": "string"}, "description": "key"},
            "pattern": {"type": "string", "description": "key: a regular expression for the whole response"},
        }
